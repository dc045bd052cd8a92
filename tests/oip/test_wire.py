"""Bytes become a message, or a refusal before they cost more than themselves."""

import contextlib
import resource
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from open_inference.grpc.protocol import ModelInferRequest

from oip import ProtocolError
from oip.wire import MOST_PARTS, SMALL, decode_message

EMPTY_INPUT = b"\x2a\x00"


def test_a_message_as_large_as_it_may_be_is_read() -> None:
    """Two thousand inputs, each with its buffer and its output wanted."""
    message = ModelInferRequest(
        inputs=[{"name": f"x{index}", "datatype": "FP64", "shape": [1000]} for index in range(2_000)],
        outputs=[{"name": f"y{index}"} for index in range(2_000)],
        raw_input_contents=[b"\0" * 8_000] * 2_000,
    )

    assert decode_message(ModelInferRequest, message.SerializeToString()) == message


def test_a_small_message_of_many_parts_is_refused_at_once() -> None:
    """Sixteen megabytes of empty inputs would become fifty times as much, and hold up all others for seconds."""
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.thread_time()
    with pytest.raises(ProtocolError, match=f"more than {MOST_PARTS} parts"):
        decode_message(ModelInferRequest, EMPTY_INPUT * 2**23)

    assert time.thread_time() - began < 0.5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024


@pytest.mark.parametrize("body", [b"\x0a\xff", b"\x2a\x05abc", b"\xff" * 20, b"\x0b" + b"\x00" * SMALL])
def test_bytes_that_are_no_message_are_refused(body: bytes) -> None:
    """Cut off, or of a kind that protobuf no longer has."""
    with pytest.raises(ProtocolError, match=r"^the message "):
        decode_message(ModelInferRequest, body)


@given(st.binary(max_size=64))
def test_any_bytes_are_a_message_or_a_refusal(body: bytes) -> None:
    """Nothing else comes out, however long they are."""
    for some in (body, body * (SMALL // max(len(body), 1) + 1)):
        with contextlib.suppress(ProtocolError):
            assert isinstance(decode_message(ModelInferRequest, some), ModelInferRequest)
