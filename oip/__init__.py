"""The Open Inference Protocol V2 over HTTP: its messages, and its tensors as JSON and as binary data."""

from oip.asgi import (
    MODEL_VERSION,
    REQUEST_ID,
    BodyTooLarge,
    Disconnected,
    headers_of,
    lenient,
    read_body,
    request_id,
    send_body,
    with_headers,
)
from oip.compression import ACCEPT_ENCODING, UnsupportedEncoding, packed, unpacked
from oip.datatypes import DATATYPES
from oip.errors import ProtocolError
from oip.limits import Limits
from oip.request import InferRequest, RequestedOutput, RequestParameters, read_request, request_steps, write_request
from oip.response import InferResponse, read_response, write_response
from oip.tensor import HEADER_LENGTH, Tensor
from oip.timing import COMPUTE, SERVER_TIMING, Stopwatch, compute_ms
from oip.turns import Steps, in_turns

__all__ = [
    "ACCEPT_ENCODING",
    "COMPUTE",
    "DATATYPES",
    "HEADER_LENGTH",
    "MODEL_VERSION",
    "REQUEST_ID",
    "SERVER_TIMING",
    "BodyTooLarge",
    "Disconnected",
    "InferRequest",
    "InferResponse",
    "Limits",
    "ProtocolError",
    "RequestParameters",
    "RequestedOutput",
    "Steps",
    "Stopwatch",
    "Tensor",
    "UnsupportedEncoding",
    "compute_ms",
    "headers_of",
    "in_turns",
    "lenient",
    "packed",
    "read_body",
    "read_request",
    "read_response",
    "request_id",
    "request_steps",
    "send_body",
    "unpacked",
    "with_headers",
    "write_request",
    "write_response",
]
