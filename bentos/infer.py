"""Inference by the Open Inference Protocol, as a plain ASGI endpoint."""

import logging

import msgspec

from bentos.served import Served
from contract import InvalidOutput, InvalidRecords, table_from_tensors
from oip import (
    ACCEPT_ENCODING,
    COMPUTE,
    HEADER_LENGTH,
    BodyTooLarge,
    Disconnected,
    InferResponse,
    Limits,
    ProtocolError,
    Stopwatch,
    Tensor,
    UnsupportedEncoding,
    headers_of,
    packed,
    read_body,
    read_request,
    send_body,
    unpacked,
    write_response,
)
from oip.asgi import Headers, Receive, Scope, Send, error_body

log = logging.getLogger("bentoml.bentogate")

MOST_BYTES = 64 * 2**20
MOST_TENSOR_ROWS = 1_000_000
"""What callers may send is the gateway's to say; these only keep one request from taking all memory."""


class Infer:
    """Answer an inference request as a plain ASGI endpoint."""

    def __init__(self, served: Served) -> None:
        self.served = served

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read, predict, answer; every failure is a status and `{"error": text}`."""
        status, content_type = 200, b"application/json"
        headers: list[tuple[bytes, bytes]] = []
        try:
            given = headers_of(scope)
            body = await read_body(given, receive, MOST_BYTES)
            scope["stopwatch"].enter("decode")
            body = await unpacked(given, body, MOST_BYTES)
            answer, length = self.answer(scope["path_params"], given, body, scope["stopwatch"])
            answer, headers = await packed(given, answer)
            if length is not None:
                content_type = b"application/octet-stream"
                headers.append((HEADER_LENGTH.encode(), str(length).encode()))
        except Disconnected:
            return
        except UnsupportedEncoding as exc:
            status, answer, headers = 415, error_body(str(exc)), [ACCEPT_ENCODING]
        except Refused as exc:
            status, answer = exc.status, error_body(str(exc))
        except BodyTooLarge as exc:
            status, answer = 413, error_body(str(exc))
        except (ProtocolError, InvalidRecords) as exc:
            status, answer = 400, error_body(str(exc))
        except InvalidOutput as exc:
            status, answer = 500, msgspec.json.encode(blame(exc))
        except Exception:  # the one outermost handler
            log.exception("an inference failed")
            status, answer = 500, error_body("the model failed; its log says why")
        await send_body(send, status, answer, content_type, headers)

    def answer(
        self, params: dict[str, str], headers: Headers, body: bytes, stopwatch: Stopwatch
    ) -> tuple[bytes, int | None]:
        """Give the body of the answer, and the length of its JSON where it is binary."""
        model, contract = self.served.model, self.served.contract
        if error := self.served.unknown(params):
            raise Refused(404, error)
        if model is None:
            raise Refused(503, "the model is loading")
        length = headers.get(HEADER_LENGTH.encode())
        limits = Limits(MOST_TENSOR_ROWS, len(contract.features))
        request = read_request(body, None if length is None else length.decode("latin-1"), limits)
        chosen = request.chosen([output.name for output in contract.outputs])
        table = table_from_tensors(contract.features, request.tensors)
        stopwatch.enter(COMPUTE)
        columns = model.predict(table)
        stopwatch.enter("encode")
        datatypes = {output.name: output.datatype for output in contract.outputs}
        tensors = [Tensor(output.name, datatypes[output.name], columns[output.name]) for output in chosen]
        response = InferResponse(contract.name, contract.version, tensors, request.id)
        return write_response(response, [output.binary for output in chosen])


def blame(error: InvalidOutput) -> dict[str, str]:
    """Say which output is no prediction; the gateway looks for its name."""
    return {"error": str(error), "output": error.output}


class Refused(Exception):
    """Carry a status and its text to the one place that answers."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
