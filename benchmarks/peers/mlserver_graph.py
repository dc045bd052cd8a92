"""MLServer with one model, in a runtime of one's own as its documentation shows it: the graph that ours serves."""

import numpy as np
from mlserver import MLModel
from mlserver.codecs import NumpyCodec, StringCodec
from mlserver.types import InferenceRequest, InferenceResponse

from benchmarks.peers.graph import open_model


class Graph(MLModel):  # type: ignore[misc]  # not installed where types are checked
    """Serve one model."""

    async def load(self) -> bool:
        """Open it."""
        self.graph = open_model("diagnosis")
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """Predict the rows of one request, or of a batch of them."""
        columns = self.graph.columns(NumpyCodec.decode_input(payload.inputs[0]))
        outputs = [
            StringCodec.encode_output("label", columns["label"]),
            NumpyCodec.encode_output("probability", np.array(columns["probability"])),
        ]
        return InferenceResponse(model_name=self.name, outputs=outputs)
