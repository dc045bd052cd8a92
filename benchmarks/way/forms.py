"""The forms in which one record is asked for: as a request over HTTP, and as ASGI hands it on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from benchmarks.exchange import JSON, Request, post
from contract import MATRIX_NAME
from oip import HEADER_LENGTH, Tensor, write_request
from oip.asgi import Scope

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Form:
    """Hold a request: the public name that is asked, its path, and a body; JSON of `json_length` if tensors follow."""

    title: str
    name: str
    path: str
    body: bytes
    json_length: int | None = None

    @property
    def headers(self) -> Mapping[str, str]:
        """Give the headers that say what the body is."""
        if self.json_length is None:
            return JSON
        return {"content-type": "application/octet-stream", HEADER_LENGTH: str(self.json_length)}

    def to(self, port: int) -> Request:
        """Write the request to a port of this machine."""
        return post(f"http://127.0.0.1:{port}{self.path}", self.body, self.headers)

    @property
    def scope(self) -> Scope:
        """Give what a server makes of it, as far as the gateway looks."""
        headers = {"host": "127.0.0.1", **self.headers, "content-length": str(len(self.body))}
        lines = [(name.encode(), value.encode()) for name, value in headers.items()]
        return {"type": "http", "method": "POST", "path": self.path, "headers": lines, "client": ("127.0.0.1", 0)}


def instances(name: str, record: Record) -> Form:
    """Ask the default route, which has this name, in JSON."""
    return Form("/v1 JSON", name, "/v1/predict", msgspec.json.encode({"instances": [record]}))


def tensors(name: str, record: Record, features: Sequence[str], *, binary: bool) -> Form:
    """Ask one model with one matrix of all columns, for a record of numbers."""
    matrix = Tensor(MATRIX_NAME, "FP64", np.array([[record[name] for name in features]], dtype=np.float64))
    body, length = write_request([matrix], binary=binary)
    return Form(f"/v2 {'binary' if binary else 'JSON'}", name, f"/v2/models/{name}/infer", body, length)
