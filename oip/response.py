"""An inference response."""

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from oip.document import decode_json, split_body
from oip.errors import ProtocolError
from oip.headers import check_headers, check_names
from oip.messages import TensorMessageIn
from oip.tensor import Tensor, TensorMessage, tensor_steps, write_binary, write_json
from oip.turns import at_once


class InferResponse(msgspec.Struct, frozen=True):
    """Hold an answer; `parameters` are free for the server to use."""

    model_name: str
    model_version: str | None
    tensors: list[Tensor]
    id: str | None = None
    parameters: dict[str, str | float | bool] = {}


class ResponseMessage(msgspec.Struct, omit_defaults=True):
    """Mirror a response that goes out."""

    model_name: str
    outputs: list[TensorMessage]
    model_version: str | None = None
    id: str | None = None
    parameters: dict[str, Any] | None = None


class ResponseMessageIn(msgspec.Struct):
    """Mirror a response that comes in; unknown members are ignored."""

    outputs: list[TensorMessageIn]
    model_name: str = ""
    model_version: str | None = None
    id: str | None = None
    parameters: dict[str, Any] | None = None


DECODER = msgspec.json.Decoder(ResponseMessageIn)


def read_response(body: bytes, json_length: str | None) -> InferResponse:
    """Read a response; raises ProtocolError."""
    text, buffers = split_body(body, json_length)
    message: ResponseMessageIn = decode_json(DECODER, text)
    check_headers(message.outputs, "/outputs")
    check_names(message.outputs, "/outputs")
    tensors = at_once(tensor_steps(message.outputs, buffers, "/outputs"))
    return InferResponse(message.model_name, message.model_version, tensors, message.id, message.parameters or {})


def write_response(response: InferResponse, binary: Sequence[bool]) -> tuple[bytes, int | None]:
    """Write a response, each tensor in the form that `binary` says.

    Gives the body and the length of its JSON in bytes, None where no tensor is binary (then there is no header).
    Raises ProtocolError for a number that JSON has no word for.
    """
    outputs, buffers = [], []
    for tensor, form in zip(response.tensors, binary, strict=True):
        if form:
            message, buffer = write_binary(tensor)
            buffers.append(buffer)
        else:
            check_finite(tensor)
            message = write_json(tensor)
        outputs.append(message)
    model, version, parameters = response.model_name, response.model_version, response.parameters or None
    text = msgspec.json.encode(ResponseMessage(model, outputs, version, response.id, parameters))
    return (b"".join([text, *buffers]), len(text)) if buffers else (text, None)


def check_finite(tensor: Tensor) -> None:
    """Raise ProtocolError for a number that JSON has no word for, and which does not stand for null."""
    if not tensor.nullable and tensor.array.dtype.kind == "f" and 0 in np.isfinite(tensor.array).tobytes():
        raise ProtocolError(f"{tensor.name}: JSON has no NaN and no infinity")
