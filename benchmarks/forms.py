"""The forms in which records are asked for: as a request over HTTP, and as ASGI hands it on."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from benchmarks.exchange import JSON, Request, post
from benchmarks.processes import ROOT
from contract import MATRIX_NAME
from oip import HEADER_LENGTH, Tensor, write_request
from oip.asgi import Scope

Record = Mapping[str, Any]

DEFAULT = "/v1/predict"
"""The path of the default route."""


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

    def to(self, server: str) -> Request:
        """Write the request to a server, `http://host:port`."""
        return post(f"{server}{self.path}", self.body, self.headers)

    @property
    def scope(self) -> Scope:
        """Give what a server makes of it, as far as the gateway looks."""
        headers = {"host": "127.0.0.1", **self.headers, "content-length": str(len(self.body))}
        lines = [(name.encode(), value.encode()) for name, value in headers.items()]
        return {"type": "http", "method": "POST", "path": self.path, "headers": lines, "client": ("127.0.0.1", 0)}


def example() -> dict[str, Any]:
    """Read the documented record."""
    record: dict[str, Any] = json.loads((ROOT / "examples" / "record.json").read_bytes())["instances"][0]
    return record


def instances(name: str, record: Record, rows: int = 1, path: str = DEFAULT) -> Form:
    """Ask a public name for a record so many times in JSON: the default route, unless its path says another."""
    return Form("/v1 JSON", name, path, msgspec.json.encode({"instances": [record] * rows}))


def tensors(name: str, record: Record, features: Sequence[str], rows: int = 1, *, binary: bool = True) -> Form:
    """Ask with one matrix of all columns, for a record of numbers."""
    matrix = np.array([[record[name] for name in features]] * rows, dtype=np.float64)
    body, length = write_request([Tensor(MATRIX_NAME, "FP64", matrix)], binary=binary)
    return Form(f"/v2 {'binary' if binary else 'JSON'}", name, f"/v2/models/{name}/infer", body, length)
