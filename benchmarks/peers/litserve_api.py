"""LitServe with one model, as its documentation shows it; its batching and its faster queue gained nothing here."""

import sys
from typing import Any

import litserve as ls

from benchmarks.peers.graph import Record, open_model


class Api(ls.LitAPI):  # type: ignore[misc]  # not installed where types are checked
    """Serve one model."""

    def setup(self, device: str) -> None:  # noqa: ARG002
        """Open it."""
        self.graph = open_model("diagnosis")

    def decode_request(self, request: dict[str, list[Record]]) -> list[Record]:
        """Take the records."""
        return request["instances"]

    def predict(self, x: list[Record]) -> list[dict[str, Any]]:
        """Predict the records of one request."""
        return self.graph.predict(x)

    def encode_response(self, output: list[dict[str, Any]]) -> dict[str, Any]:
        """Answer."""
        return {"predictions": output}


if __name__ == "__main__":
    server = ls.LitServer(Api(), accelerator="cpu", workers_per_device=1)
    server.run(
        host="127.0.0.1",
        port=int(sys.argv[1]),
        num_api_servers=1,
        generate_client_file=False,
        log_level="warning",
        access_log=False,
    )
