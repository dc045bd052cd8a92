"""The Open Inference Protocol V2 over HTTP: its messages, and its tensors as JSON and as binary data."""

from oip.asgi import BodyTooLarge, Disconnected, read_body, send_body
from oip.datatypes import DATATYPES
from oip.errors import ProtocolError
from oip.request import InferRequest, RequestedOutput, read_request, write_request
from oip.response import InferResponse, read_response, write_response
from oip.tensor import HEADER_LENGTH, Tensor

__all__ = [
    "DATATYPES",
    "HEADER_LENGTH",
    "BodyTooLarge",
    "Disconnected",
    "InferRequest",
    "InferResponse",
    "ProtocolError",
    "RequestedOutput",
    "Tensor",
    "read_body",
    "read_request",
    "read_response",
    "send_body",
    "write_request",
    "write_response",
]
