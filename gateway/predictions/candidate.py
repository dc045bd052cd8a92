"""The server that a replay asks: a gateway, or any other that speaks the Open Inference Protocol over HTTP."""

import http.client
import time
from collections.abc import Sequence
from typing import NamedTuple

from contract import Output, Table
from contract.table import Array, Columns
from gateway.connecting import connect
from oip import HEADER_LENGTH, ProtocolError, Tensor, read_response, write_request

TIMEOUT_S = 30.0


class Refused(Exception):
    """Report that a request was not answered; the message says why."""


class Answered(NamedTuple):
    """Hold the outputs of a request, `[rows]` each, who gave them, and how long it took."""

    version: str | None
    columns: Columns
    ms: float


class Candidate:
    """Ask about one model over one connection, which is made again when it is lost; close it at the end."""

    def __init__(self, url: str, model: str) -> None:
        self.connection, base = connect(url, TIMEOUT_S)
        self.path = f"{base}/v2/models/{model}/infer"

    def close(self) -> None:
        """End the connection."""
        self.connection.close()

    def ask(self, table: Table, outputs: Sequence[Output]) -> Answered:
        """Ask for outputs of some records; raises Refused."""
        datatypes = {feature.name: feature.datatype for feature in table.features}
        tensors = [Tensor(name, datatypes[name], column) for name, column in table.columns.items()]
        body, json_length = write_request(tensors, outputs=[output.name for output in outputs], binary=False)
        assert json_length is None
        began = time.perf_counter()
        try:
            self.connection.request("POST", self.path, body, {"content-type": "application/json"})
            response = self.connection.getresponse()
            answer = response.read()
        except (OSError, http.client.HTTPException) as exc:
            self.close()
            raise Refused(f"no answer: {str(exc) or type(exc).__name__}") from exc
        ms = 1000 * (time.perf_counter() - began)
        if response.status != 200:
            raise Refused(f"{response.status}: {answer[:300].decode(errors='replace')}")
        try:
            found = read_response(answer, response.getheader(HEADER_LENGTH))
        except ProtocolError as exc:
            raise Refused(f"no answer of the protocol: {exc}") from exc
        given = {tensor.name: tensor for tensor in found.tensors}
        columns = {output.name: column_of(output, given.get(output.name), table.rows) for output in outputs}
        return Answered(found.model_version, columns, ms)


def column_of(output: Output, tensor: Tensor | None, rows: int) -> Array:
    """Give an output as `[rows]`, where it can be compared with what was logged; raises Refused."""
    if tensor is None or tensor.array.size != rows:
        raise Refused(f"the output {output.name} is missing, or has not as many rows as were asked")
    number, text = output.type in ("number", "integer"), output.type == "category"
    if number != (tensor.datatype[:2] in ("FP", "IN", "UI")) or text != (tensor.datatype == "BYTES"):
        raise Refused(f"the output {output.name} is {tensor.datatype}, which is no {output.type}")
    return tensor.array.reshape(-1)
