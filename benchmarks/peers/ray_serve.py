"""Ray Serve's composition of the two models, as its documentation shows it."""

import asyncio
import signal
import sys
from typing import Any

import msgspec
import ray
from grpc.aio import _server
from ray import serve
from starlette.requests import Request
from starlette.responses import Response

from benchmarks.peers.graph import Record, open_model

OPTIONS: Any = {"max_ongoing_requests": 1024, "ray_actor_options": {"num_cpus": 0.5}}


def stay_on_loopback() -> None:
    """Have a worker's gRPC server, which would listen on every interface, listen on this machine's own only."""
    kind: Any = _server.Server
    listen = kind.add_insecure_port
    kind.add_insecure_port = lambda server, address: listen(server, address.replace("[::]:", "127.0.0.1:"))


class Model:
    """Serve one model."""

    def __init__(self, name: str) -> None:
        self.graph = open_model(name)

    async def __call__(self, instances: list[Record]) -> list[dict[str, Any]]:
        """Predict."""
        return self.graph.predict(instances)


class Assessment:
    """Ask both."""

    def __init__(self, diagnosis: Any, novelty: Any) -> None:
        self.diagnosis, self.novelty = diagnosis, novelty

    async def __call__(self, request: Request) -> Response:
        """Predict."""
        instances = msgspec.json.decode(await request.body())["instances"]
        asked = self.diagnosis.remote(instances), self.novelty.remote(instances)
        both = zip(*await asyncio.gather(*asked), strict=True)
        predictions = [{"diagnosis": one, "novelty": other} for one, other in both]
        return Response(msgspec.json.encode({"predictions": predictions}), media_type="application/json")


def main(port: int, folder: str) -> None:
    """Serve until asked to end."""
    ray.init(
        num_cpus=2,
        include_dashboard=False,
        object_store_memory=100 * 2**20,
        runtime_env={"worker_process_setup_hook": stay_on_loopback},
        _temp_dir=folder,
    )
    serve.start(http_options={"host": "127.0.0.1", "port": port})
    deployed: Any = serve.deployment(**OPTIONS)
    models = [deployed(Model).options(name=name).bind(name) for name in ("diagnosis", "novelty")]
    serve.run(deployed(Assessment).bind(*models))
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    serve.shutdown()
    ray.shutdown()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
