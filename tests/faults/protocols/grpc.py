"""gRPC: `ModelInfer`, its codes, and what stands in the trailing metadata."""

import time
from collections.abc import Sequence
from functools import partial
from typing import Any

import grpc
import pytest

from gateway.grpc.call import CODES
from oip.grpc import write_parameters
from tests.faults.callers import PATIENCE_S, Answer, Asked
from tests.faults.protocols.tensors import missing_in, parameters_of, prediction_of, tensors_of
from tests.gateway.grpc_client import connected, outputs, request

STATUSES = {code: status for status, code in CODES.items()}
"""The status that a code stands for on `/v2`; of the two that INTERNAL stands for, that of a model's fault."""

LEAVES_S = 0.2


def ask(port: int, one: Asked, *, in_message: bool) -> list[Answer]:
    """Ask for the outputs of one record.

    The caller's wish is the deadline of the call, or `in_message` the parameter `timeout`, in microseconds.
    """
    wish_s = one.wish_ms / 1000 if one.wish_ms is not None and not in_message else PATIENCE_S
    message, metadata = written(one, in_message=in_message)
    began = time.monotonic()
    with connected(port) as (_, stub):
        try:
            answer = stub.ModelInfer(message, timeout=wish_s, metadata=metadata)
        except grpc.RpcError as error:
            return refusal(error, time.monotonic() - began)
    assert answer.id == one.id
    missing = missing_in({name: value_of(its) for name, its in answer.parameters.items()})
    prediction = dict.fromkeys(missing) | prediction_of(outputs(answer))
    return [Answer(200, answer.id, time.monotonic() - began, prediction, missing)]


def leave(port: int, one: Asked) -> list[Answer]:
    """Cancel the call while it is under way."""
    message, metadata = written(one)
    with connected(port) as (channel, stub):
        grpc.channel_ready_future(channel).result(PATIENCE_S)
        call = stub.ModelInfer.future(message, metadata=metadata)
        with pytest.raises(grpc.FutureTimeoutError):
            call.result(timeout=LEAVES_S)
        call.cancel()
    return []


def written(one: Asked, *, in_message: bool = False) -> tuple[Any, Sequence[tuple[str, str]]]:
    """Write the message of a request and its metadata."""
    parameters = parameters_of(one.terms)
    if one.wish_ms is not None and in_message:
        parameters["timeout"] = one.wish_ms * 1000
    said = write_parameters(parameters)
    return request(one.route, tensors_of(one.canary.record), id=one.id, parameters=said), [("x-request-id", one.id)]


def refusal(error: Any, seconds: float) -> list[Answer]:
    """Read a refusal; none where the gateway is not there, and the library says so.

    At a deadline the library may be the first to say so too: then nothing stands beside the code.
    """
    told = dict(error.trailing_metadata() or ())
    if "x-request-id" not in told and error.code() != grpc.StatusCode.DEADLINE_EXCEEDED:
        return []
    status = STATUSES[error.code()]
    return [
        Answer(status, told.get("x-request-id"), seconds, text=error.details(), retry_after=told.get("retry-after"))
    ]


def value_of(parameter: Any) -> Any:
    """Give the value of a parameter."""
    return getattr(parameter, parameter.WhichOneof("parameter_choice"))


ask_with_deadline = partial(ask, in_message=False)
ask_with_timeout = partial(ask, in_message=True)

WAYS = (ask_with_deadline, ask_with_timeout, leave)
