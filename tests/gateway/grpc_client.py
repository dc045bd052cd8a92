"""A client of the gateway's gRPC: plain stubs, requests in both forms, and what a refusal says."""

import contextlib
from collections.abc import Iterator
from typing import Any

import grpc
import numpy as np
import pytest
from numpy.typing import NDArray
from open_inference.grpc.protocol import ModelInferRequest, ModelInferResponse
from open_inference.grpc.service import GRPCInferenceServiceStub

from oip import DATATYPES, Tensor
from oip.buffers import read_strings
from oip.grpc import CONTENTS
from oip.tensor import buffer_of

FORMS = ("raw", "typed")


@contextlib.contextmanager
def connected(port: int) -> Iterator[tuple[grpc.Channel, Any]]:
    """Open a channel; gives it and the stubs of the six calls."""
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield channel, GRPCInferenceServiceStub(channel)  # type: ignore[no-untyped-call]  # its module has no types


def request(model: str, tensors: list[Tensor], form: str = "raw", **more: Any) -> ModelInferRequest:
    """Write a request, its tensors raw or typed."""
    message = ModelInferRequest(model_name=model, **more)
    for tensor in tensors:
        one = message.inputs.add(name=tensor.name, datatype=tensor.datatype, shape=tensor.array.shape)
        if form == "raw":
            message.raw_input_contents.append(bytes(buffer_of(tensor)))
        else:
            values = [value.encode() if isinstance(value, str) else value for value in tensor.array.flat]
            getattr(one.contents, CONTENTS[tensor.datatype]).extend(values)
    return message


def outputs(answer: ModelInferResponse) -> dict[str, NDArray[Any]]:
    """Read the tensors of an answer."""
    read = {}
    for one, raw in zip(answer.outputs, answer.raw_output_contents, strict=True):
        if one.datatype == "BYTES":
            flat = read_strings(memoryview(raw), one.shape[0], one.name)
        else:
            flat = np.frombuffer(raw, DATATYPES[one.datatype])
        read[one.name] = flat.reshape(one.shape)
    return read


def refusal(call: Any, message: Any, **more: Any) -> Any:
    """Make a call that is refused; gives the error, with `code()`, `details()` and `trailing_metadata()`."""
    with pytest.raises(grpc.RpcError) as caught:
        call(message, **more)
    return caught.value
