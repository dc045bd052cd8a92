"""The least that BentoML can serve a stored model with: one `bentoml.asgi_app` route that does nothing but the model.

It stands for what a model service can reach at best, without checks, ids and timings. So BentoML's settings and the
heap are as in bentos/service.py, and what is between the two is what our own code costs.
"""

import gc

import bentoml
import msgspec
import numpy as np
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benchmarks.peers.graph import open_model


async def infer(request: Request) -> Response:
    """Answer a tensor in JSON with two."""
    (tensor,) = msgspec.json.decode(await request.body())["inputs"]
    columns = request.app.state.model.columns(np.array(tensor["data"], dtype=np.float64).reshape(tensor["shape"]))
    shape = tensor["shape"][:1]
    outputs = [
        {"name": "label", "datatype": "BYTES", "shape": shape, "data": columns["label"]},
        {"name": "probability", "datatype": "FP64", "shape": shape, "data": columns["probability"]},
    ]
    return Response(msgspec.json.encode({"model_name": "diagnosis", "outputs": outputs}), media_type="application/json")


APP = Starlette(routes=[Route("/infer", infer, methods=["POST"])])


@bentoml.service(
    name="bare",
    workers=1,
    traffic={"timeout": 31},
    logging={"access": {"enabled": False}},
    tracing={"excluded_urls": ["."]},
)
@bentoml.asgi_app(APP, path="/")
class Bare:
    """Serve the one route."""

    def __init__(self) -> None:
        APP.state.model = open_model("diagnosis")
        gc.collect()
        gc.freeze()
        gc.set_threshold(10_000, 1_000, 1_000)
