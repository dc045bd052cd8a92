"""An inference request."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from oip.asgi import BodyTooLarge
from oip.elements import TensorMessageIn, msgspec_fault
from oip.errors import ProtocolError
from oip.tensor import LONGEST_DIMENSION, Tensor, TensorMessage, read_tensors, write_tensor


@dataclass(frozen=True, slots=True)
class RequestedOutput:
    """Name an output that the caller wants, and whether as binary data."""

    name: str
    binary: bool


@dataclass(frozen=True, slots=True)
class InferRequest:
    """Hold a request whose tensors agree with their shapes and datatypes.

    `outputs` is None where every output is wanted; then `binary` says in which form.
    """

    id: str | None
    tensors: list[Tensor]
    outputs: list[RequestedOutput] | None
    binary: bool

    def chosen(self, names: Sequence[str]) -> list[RequestedOutput]:
        """Give the outputs to answer with, of those named; raises ProtocolError for one that there is not."""
        if self.outputs is None:
            return [RequestedOutput(name, self.binary) for name in names]
        seen = set()
        for index, output in enumerate(self.outputs):
            if output.name not in names:
                raise ProtocolError(f"/outputs/{index}/name: {output.name[:64]!r} is none of {', '.join(names)}")
            if output.name in seen:
                raise ProtocolError(f"/outputs/{index}/name: {output.name} is asked for twice")
            seen.add(output.name)
        return self.outputs


class RequestedOutputMessage(msgspec.Struct, omit_defaults=True):
    """Mirror an entry of `outputs`."""

    name: str
    parameters: dict[str, Any] | None = None


class RequestMessageIn(msgspec.Struct):
    """Mirror a request that comes in; unknown members are ignored, as the protocol wants."""

    inputs: list[TensorMessageIn]
    id: str | None = None
    parameters: dict[str, Any] | None = None
    outputs: list[RequestedOutputMessage] | None = None


class RequestMessage(msgspec.Struct, omit_defaults=True):
    """Mirror a request that goes out."""

    inputs: list[TensorMessage]
    id: str | None = None
    parameters: dict[str, Any] | None = None
    outputs: list[RequestedOutputMessage] | None = None


DECODER = msgspec.json.Decoder(RequestMessageIn)


def split_body(body: bytes, json_length: str | None) -> tuple[memoryview, memoryview]:
    """Cut a body into its JSON and its buffers, by the value of the header HEADER_LENGTH.

    Raises ProtocolError for a length that the body cannot have.
    """
    view = memoryview(body)
    if json_length is None:
        return view, view[len(view) :]
    digits = json_length.isascii() and json_length.isdigit() and len(json_length) < 20
    if not (digits and 0 < int(json_length) <= len(body)):
        raise ProtocolError(f"Inference-Header-Content-Length must be from 1 to {len(body)}, not {json_length[:40]!r}")
    return view[: int(json_length)], view[int(json_length) :]


def decode_json(decoder: msgspec.json.Decoder[Any], text: memoryview) -> Any:
    """Decode JSON, or raise ProtocolError with a pointer."""
    try:
        return decoder.decode(text)
    except msgspec.ValidationError as exc:
        raise ProtocolError(msgspec_fault(exc, "")) from exc
    except RecursionError as exc:
        raise ProtocolError("the body is nested too deeply") from exc
    except UnicodeDecodeError as exc:
        raise ProtocolError("the body is not JSON: it is not UTF-8") from exc
    except msgspec.DecodeError as exc:
        raise ProtocolError(f"the body is not JSON: {exc}") from exc


def read_request(body: bytes, json_length: str | None, most_rows: int = LONGEST_DIMENSION) -> InferRequest:
    """Read a request of at most `most_rows`, the first dimension of every tensor.

    Raises ProtocolError, whose text begins with a JSON pointer where there is a place, and BodyTooLarge for more rows,
    before any element is read.
    """
    text, buffers = split_body(body, json_length)
    message: RequestMessageIn = decode_json(DECODER, text)
    check_inputs(message.inputs, most_rows)
    tensors = read_tensors(message.inputs, buffers, "/inputs")
    binary = flag(message.parameters, "binary_data_output", False, "")
    outputs = [
        RequestedOutput(output.name, flag(output.parameters, "binary_data", binary, f"/outputs/{index}"))
        for index, output in enumerate(message.outputs or ())
    ]
    return InferRequest(message.id, tensors, outputs or None, binary)


def check_inputs(inputs: Sequence[TensorMessageIn], most_rows: int) -> None:
    """Raise ProtocolError where there is no tensor, and BodyTooLarge for one of more rows than may be."""
    if not inputs:
        raise ProtocolError("/inputs: must hold at least one tensor")
    for tensor in inputs:
        if tensor.shape and tensor.shape[0] > most_rows:
            raise BodyTooLarge(f"{tensor.shape[0]} rows are more than the {most_rows} of one request")


def flag(parameters: dict[str, Any] | None, name: str, default: bool, pointer: str) -> bool:
    """Read a boolean parameter."""
    value = (parameters or {}).get(name, default)
    if not isinstance(value, bool):
        raise ProtocolError(f"{pointer}/parameters/{name}: must be true or false")
    return value


def write_request(
    tensors: Sequence[Tensor],
    request_id: str | None = None,
    *,
    outputs: Sequence[str] = (),
    binary: bool = True,
    parameters: Mapping[str, str | float | bool] | None = None,
) -> tuple[bytes, int | None]:
    """Write a request for these outputs, or for all, whose answer is to come in the same form: binary, or all JSON.

    Gives the body, and the length of its JSON in bytes, None where it is nothing else (then there is no header).
    """
    parts = [write_tensor(tensor, binary) for tensor in tensors]
    said = {**(parameters or {}), **({"binary_data_output": True} if binary else {})}
    wanted = [RequestedOutputMessage(name) for name in outputs]
    text = msgspec.json.encode(RequestMessage([part[0] for part in parts], request_id, said or None, wanted or None))
    return b"".join([text, *(part[1] for part in parts)]), len(text) if binary else None
