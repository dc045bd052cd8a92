"""Faults of a model: answers that are well formed, and are no predictions."""

from collections.abc import Callable

import msgspec
import numpy as np

from oip import HEADER_LENGTH, InferResponse, Tensor, read_response, write_response
from tests.faults.proxy import Exchange, Fault

Change = Callable[[InferResponse], InferResponse]


def altered(change: Change) -> Fault:
    """Change the answer of the real model, as a message."""

    async def fault(exchange: Exchange) -> None:
        head, _, body = (await exchange.answer()).partition(b"\r\n\r\n")
        lines = [line.split(b": ", 1) for line in head.split(b"\r\n")[1:]]
        length = {name.lower(): value.decode() for name, value in lines}[HEADER_LENGTH.encode()]
        response = change(read_response(body, length))
        body, json_length = write_response(response, [True] * len(response.tensors))
        await exchange.front.send(said(200, body, f"{HEADER_LENGTH}: {json_length}"))

    return fault


def said(status: int, body: bytes = b"", *headers: str) -> bytes:
    """Write an answer."""
    lines = [f"HTTP/1.1 {status} Said", *headers, f"content-length: {len(body)}"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def output(name: str, change: Callable[[np.ndarray], np.ndarray], datatype: str | None = None) -> Change:
    """Change the values of one output."""

    def changed(tensor: Tensor) -> Tensor:
        if tensor.name != name:
            return tensor
        return Tensor(name, datatype or tensor.datatype, change(tensor.array))

    return lambda response: msgspec.structs.replace(response, tensors=[changed(one) for one in response.tensors])


def every_output(change: Callable[[np.ndarray], np.ndarray]) -> Change:
    """Change the values of all outputs."""
    return lambda response: msgspec.structs.replace(
        response, tensors=[Tensor(one.name, one.datatype, change(one.array)) for one in response.tensors]
    )


def without(name: str) -> Change:
    """Leave an output out."""
    return lambda response: msgspec.structs.replace(
        response, tensors=[one for one in response.tensors if one.name != name]
    )


def of_version(version: str | None) -> Change:
    """Name another version."""
    return lambda response: msgspec.structs.replace(response, model_version=version)
