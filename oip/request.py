"""An inference request."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import msgspec

from oip.document import LARGE, check_outline, decode_json, split_body
from oip.errors import ProtocolError
from oip.headers import check_names
from oip.limits import UNLIMITED, Limits, check_inputs
from oip.messages import TensorMessageIn
from oip.tensor import Tensor, TensorMessage, tensor_steps, write_binary, write_json
from oip.turns import Steps, at_once

LONGEST_TIMEOUT_US = 2**63 - 1
"""Microseconds in 64 bits, as gRPC has them."""


class RequestParameters(msgspec.Struct, frozen=True, gc=False):
    """Mirror the parameters of a request that mean something here; all others are skipped unread.

    `timeout` is in microseconds. The last three say how complete an answer of several models must be; `require` has
    their names with commas between.
    """

    binary_data_output: bool = False
    timeout: Annotated[int, msgspec.Meta(ge=0, le=LONGEST_TIMEOUT_US)] | None = None
    partial: bool | None = None
    require: str | None = None
    quorum: Annotated[int, msgspec.Meta(ge=1)] | None = None


NO_PARAMETERS = RequestParameters()


class RequestedOutput(msgspec.Struct, frozen=True):
    """Name an output that the caller wants, and whether as binary data."""

    name: str
    binary: bool


class InferRequest(msgspec.Struct, frozen=True):
    """Hold a request whose tensors agree with their shapes and datatypes.

    `outputs` is None where every output is wanted; then `binary` says in which form.
    """

    id: str | None
    tensors: list[Tensor]
    outputs: list[RequestedOutput] | None
    binary: bool
    parameters: RequestParameters = NO_PARAMETERS

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


class OutputParameters(msgspec.Struct, gc=False):
    """Mirror the parameters of a requested output that mean something here; all others are skipped unread."""

    binary_data: bool | None = None

    def or_else(self, binary: bool) -> bool:
        """Give the form that is asked for, or the one of the whole request."""
        return binary if self.binary_data is None else self.binary_data


class RequestedOutputMessage(msgspec.Struct, omit_defaults=True, gc=False):
    """Mirror an entry of `outputs`."""

    name: str
    parameters: OutputParameters | None = None


class RequestMessageIn(msgspec.Struct):
    """Mirror a request that comes in; unknown members are ignored, as the protocol wants."""

    inputs: list[TensorMessageIn]
    id: str | None = None
    parameters: RequestParameters | None = None
    outputs: list[RequestedOutputMessage] | None = None


class RequestMessage(msgspec.Struct, omit_defaults=True):
    """Mirror a request that goes out."""

    inputs: list[TensorMessage]
    id: str | None = None
    parameters: dict[str, Any] | None = None
    outputs: list[RequestedOutputMessage] | None = None


DECODER = msgspec.json.Decoder(RequestMessageIn)


def read_request(body: bytes, json_length: str | None, limits: Limits = UNLIMITED) -> InferRequest:
    """Read a request at once; raises what `request_steps` raises."""
    return at_once(request_steps(body, json_length, limits))


def request_steps(body: bytes, json_length: str | None, limits: Limits = UNLIMITED) -> Steps[InferRequest]:
    """Read a request, with pauses where it is large.

    Raises ProtocolError, whose text begins with a JSON pointer where there is a place, and BodyTooLarge for more rows,
    before any element is read.
    """
    text, buffers = split_body(body, json_length)
    if len(text) > LARGE:
        check_outline(text)
        yield
    message: RequestMessageIn = decode_json(DECODER, text)
    check_inputs(message.inputs, limits)
    check_names(message.inputs, "/inputs")
    tensors = yield from tensor_steps(message.inputs, buffers, "/inputs")
    parameters = message.parameters or NO_PARAMETERS
    binary = parameters.binary_data_output
    outputs = [
        RequestedOutput(output.name, binary if output.parameters is None else output.parameters.or_else(binary))
        for output in message.outputs or ()
    ]
    return InferRequest(message.id, tensors, outputs or None, binary, parameters)


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
    said = {**(parameters or {}), **({"binary_data_output": True} if binary else {})}
    wanted = [RequestedOutputMessage(name) for name in outputs]
    parts = [write_binary(tensor) for tensor in tensors] if binary else []
    inputs = [message for message, _ in parts] if binary else [write_json(tensor) for tensor in tensors]
    text = msgspec.json.encode(RequestMessage(inputs, request_id, said or None, wanted or None))
    return b"".join([text, *[buffer for _, buffer in parts]]), len(text) if binary else None
