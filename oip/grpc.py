"""The protocol's messages over gRPC, to and from its tensors.

`oip` itself does not import this module: only a server that speaks gRPC needs the messages.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from open_inference.grpc.protocol import InferParameter, InferTensorContents, ModelInferRequest, ModelInferResponse

from oip.buffers import from_binary
from oip.datatypes import DATATYPES
from oip.elements import from_list, shaped
from oip.errors import MOST_FAULTS, ElementsError, ProtocolError
from oip.faults import msgspec_fault
from oip.headers import check_names
from oip.limits import UNLIMITED, Limits, check_inputs
from oip.messages import TensorMessageIn, TensorParameters
from oip.request import NO_PARAMETERS, InferRequest, RequestedOutput, RequestParameters
from oip.response import InferResponse
from oip.tensor import Tensor, buffer_of
from oip.turns import Steps, at_once

CONTENTS = {
    "BOOL": "bool_contents",
    **dict.fromkeys(("INT8", "INT16", "INT32"), "int_contents"),
    "INT64": "int64_contents",
    **dict.fromkeys(("UINT8", "UINT16", "UINT32"), "uint_contents"),
    "UINT64": "uint64_contents",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
    "BYTES": "bytes_contents",
}
"""The field that holds the elements of each datatype; FP16 has none and travels raw."""


NARROW = ("INT8", "INT16", "UINT8", "UINT16")
"""What travels in a field that holds larger numbers too; any other field holds nothing that does not fit."""

LARGE = 2**14
"""Elements, which take half a millisecond."""


def read_grpc_request(message: ModelInferRequest, limits: Limits = UNLIMITED) -> InferRequest:
    """Read a request at once; raises what `grpc_request_steps` raises."""
    return at_once(grpc_request_steps(message, limits))


def grpc_request_steps(message: ModelInferRequest, limits: Limits = UNLIMITED) -> Steps[InferRequest]:
    """Read a request, with a pause after a large tensor or as many small ones.

    Raises ProtocolError and BodyTooLarge as for JSON, in the same words.
    """
    inputs = [
        TensorMessageIn(one.name, one.datatype, list(one.shape), tensor_parameters(one.parameters))
        for one in message.inputs
    ]
    parameters = request_parameters(message.parameters)
    check_inputs(inputs, limits)
    check_names(inputs, "/inputs")
    raw = message.raw_input_contents
    if raw and len(raw) != len(inputs):
        raise ProtocolError(f"/raw_input_contents: holds {len(raw)} buffers for {len(inputs)} inputs")
    tensors, faults, unpaused = [], [], 0
    for index, one in enumerate(inputs):
        try:
            array = elements(message, index, one)
        except ElementsError as exc:  # all of them are told at once
            faults += exc.faults
        else:
            tensors.append(Tensor(one.name, one.datatype, array))
            if (unpaused := unpaused + array.size) > LARGE:
                unpaused = 0
                yield
    if faults:
        raise ElementsError(faults[:MOST_FAULTS])
    outputs = [RequestedOutput(one.name, binary=True) for one in message.outputs]
    return InferRequest(message.id or None, tensors, outputs or None, binary=True, parameters=parameters)


def elements(message: ModelInferRequest, index: int, tensor: TensorMessageIn) -> NDArray[Any]:
    """Read one input, raw or typed."""
    pointer, raw, one = f"/inputs/{index}", message.raw_input_contents, message.inputs[index]
    if not raw:
        return from_contents(one.contents, tensor, pointer)
    if one.HasField("contents"):
        raise ProtocolError(f"{pointer}/contents: must not be there beside raw_input_contents")
    return from_binary(tensor, memoryview(raw[index]), pointer)


def from_contents(contents: InferTensorContents, tensor: TensorMessageIn, pointer: str) -> NDArray[Any]:
    """Read typed elements, which must be in the field of their datatype."""
    own = CONTENTS.get(tensor.datatype)
    for field, _ in contents.ListFields():
        if field.name != own:
            wanted = f"is in {own}" if own else "travels raw only"
            raise ProtocolError(f"{pointer}/contents/{field.name}: {tensor.datatype} {wanted}")
    values = getattr(contents, own) if own else []
    if tensor.datatype == "BYTES":
        return from_list(texts(values, pointer), tensor, pointer)
    if tensor.datatype in NARROW:
        return from_list(list(values), tensor, pointer)
    return shaped(np.fromiter(values, DATATYPES[tensor.datatype], len(values)), tensor, pointer)


def texts(values: list[bytes], pointer: str) -> list[str]:
    """Read elements of BYTES, which are UTF-8."""
    read, faults = [], []
    for index, value in enumerate(values):
        try:
            read.append(value.decode())
        except UnicodeDecodeError:
            faults.append(f"{pointer}/data/{index}: is not UTF-8")
    if faults:
        raise ElementsError(faults[:MOST_FAULTS])
    return read


def tensor_parameters(parameters: Mapping[str, InferParameter]) -> TensorParameters:
    """Take the parameters of a tensor that mean something here out of their messages."""
    region = parameters["shared_memory_region"].string_param if "shared_memory_region" in parameters else None
    return TensorParameters(shared_memory_region=region)


def request_parameters(parameters: Mapping[str, InferParameter]) -> RequestParameters:
    """Take the parameters of a request that mean something here out of their messages; raises ProtocolError."""
    said = {}
    for name in ("timeout", "partial", "require", "quorum"):
        if name in parameters:
            kind = parameters[name].WhichOneof("parameter_choice")
            said[name] = getattr(parameters[name], kind) if kind else None
    try:
        return msgspec.convert(said, RequestParameters) if said else NO_PARAMETERS
    except msgspec.ValidationError as exc:
        raise ProtocolError(msgspec_fault(exc, "/parameters")) from exc


def write_parameters(parameters: Mapping[str, str | float | bool]) -> dict[str, InferParameter]:
    """Put parameters into their messages."""
    kinds = {bool: "bool_param", int: "int64_param", float: "double_param", str: "string_param"}
    return {name: InferParameter(**{kinds[type(value)]: value}) for name, value in parameters.items()}  # type: ignore[arg-type]


def write_grpc_response(response: InferResponse) -> ModelInferResponse:
    """Write a response, its tensors raw: tritonclient reads no others."""
    return ModelInferResponse(
        model_name=response.model_name,
        model_version=response.model_version or "",
        id=response.id or "",
        parameters=write_parameters(response.parameters),
        outputs=[
            ModelInferResponse.InferOutputTensor(name=one.name, datatype=one.datatype, shape=one.array.shape)
            for one in response.tensors
        ],
        raw_output_contents=[bytes(buffer_of(one)) for one in response.tensors],
    )
