"""The least that BentoML can serve a stored model with: one `bentoml.asgi_app` route that does nothing but the model.

`bentoml serve benchmarks.peers.route:Bare` answers `POST /infer` in the form in which it was asked, JSON or binary
tensors, without checks, ids and timings. It stands for what a model service can reach at best, so BentoML's settings
and the heap are as in bentos/service.py, and what is between the two is what our own code costs.
"""

import gc
from pathlib import Path
from typing import Any

import bentoml
import msgspec
import numpy as np
import onnxruntime
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

LENGTH = "inference-header-content-length"
BINARY = "application/octet-stream"


class Diagnosis:
    """Hold the stored graph and answer with it."""

    def __init__(self) -> None:
        folder = Path(bentoml.models.get("diagnosis:latest").path)
        contract = msgspec.json.decode((folder / "contract.json").read_bytes())
        options: Any = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.session: Any = onnxruntime.InferenceSession((folder / "model.onnx").read_bytes(), options)
        self.threshold = contract["decisions"][0]["threshold"]
        self.about = {"model_name": contract["name"], "model_version": contract["version"]}

    def predict(self, rows: Any) -> tuple[list[str], Any]:
        """Give labels and probabilities for rows `[n, 30]`."""
        probability = self.session.run(None, {"features": rows})[0][:, 1]
        return ["malignant" if above else "benign" for above in probability >= self.threshold], probability

    def binary(self, body: bytes, length: int) -> tuple[bytes, int]:
        """Answer one binary tensor with two; gives the body and the length of its JSON."""
        (tensor,) = msgspec.json.decode(body[:length])["inputs"]
        labels, probability = self.predict(np.frombuffer(body, dtype="<f8", offset=length).reshape(tensor["shape"]))
        texts = b"".join([len(label).to_bytes(4, "little") + label.encode() for label in labels])
        numbers = probability.tobytes()
        text = self.outputs(
            labels, {"parameters": {"binary_data_size": len(texts)}}, {"parameters": {"binary_data_size": len(numbers)}}
        )
        return b"".join([text, texts, numbers]), len(text)

    def json(self, body: bytes) -> bytes:
        """Answer a tensor in JSON with two."""
        (tensor,) = msgspec.json.decode(body)["inputs"]
        labels, probability = self.predict(np.array(tensor["data"], dtype=np.float64).reshape(tensor["shape"]))
        return self.outputs(labels, {"data": labels}, {"data": probability.tolist()})

    def outputs(self, labels: list[str], label: dict[str, Any], probability: dict[str, Any]) -> bytes:
        """Write the answer's JSON."""
        shape = [len(labels)]
        outputs = [
            {"name": "label", "datatype": "BYTES", "shape": shape, **label},
            {"name": "probability", "datatype": "FP64", "shape": shape, **probability},
        ]
        return msgspec.json.encode({**self.about, "outputs": outputs})


async def infer(request: Request) -> Response:
    """Answer one request."""
    model, body = request.app.state.model, await request.body()
    if length := request.headers.get(LENGTH):
        answer, size = model.binary(body, int(length))
        return Response(answer, media_type=BINARY, headers={LENGTH: str(size)})
    return Response(model.json(body), media_type="application/json")


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
        APP.state.model = Diagnosis()
        gc.collect()
        gc.freeze()
        gc.set_threshold(10_000, 1_000, 1_000)
