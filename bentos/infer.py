"""Inference by the Open Inference Protocol, as a plain ASGI endpoint."""

import logging

import msgspec

from bentos.served import Served
from contract import InvalidOutput, InvalidRecords, table_from_tensors
from oip import (
    ACCEPT_ENCODING,
    COMPUTE,
    HEADER_LENGTH,
    MODEL_VERSION,
    REQUEST_ID,
    SERVER_TIMING,
    BodyTooLarge,
    Disconnected,
    InferResponse,
    Limits,
    ProtocolError,
    Stopwatch,
    Tensor,
    UnsupportedEncoding,
    headers_of,
    in_turns,
    packed,
    read_body,
    request_id,
    request_steps,
    send_body,
    unpacked,
    write_response,
)
from oip.asgi import Headers, Receive, Scope, Send, error_body

LENGTH, ID, TIMING = HEADER_LENGTH.encode(), REQUEST_ID.encode(), SERVER_TIMING.encode()
VERSION = MODEL_VERSION.encode()

log = logging.getLogger("bentoml.bentogate")

MOST_BYTES = 64 * 2**20
MOST_TENSOR_ROWS = 1_000_000
"""What callers may send is the gateway's to say; these only keep one request from taking all memory."""


class Infer:
    """Answer inference requests to one model as a plain ASGI endpoint, which keeps its own time."""

    def __init__(self, served: Served) -> None:
        self.served = served
        outputs = served.contract.outputs
        self.datatypes = {output.name: output.datatype for output in outputs}
        self.names = list(self.datatypes)
        self.limits = Limits(MOST_TENSOR_ROWS, len(served.contract.features))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read, predict, answer; every failure is a status and `{"error": text}`."""
        stopwatch = Stopwatch()
        given = headers_of(scope)
        status, content_type = 200, b"application/json"
        headers: list[tuple[bytes, bytes]] = []
        try:
            body = await read_body(given, receive, MOST_BYTES)
            stopwatch.enter("decode")
            body = await unpacked(given, body, MOST_BYTES)
            answer, length = await self.answer(given, body, stopwatch)
            answer, headers = await packed(given, answer)
            if length is not None:
                content_type = b"application/octet-stream"
                headers.append((LENGTH, str(length).encode()))
        except Disconnected:
            return
        except UnsupportedEncoding as exc:
            status, answer, headers = 415, error_body(str(exc)), [ACCEPT_ENCODING]
        except StillLoading as exc:
            status, answer = 503, error_body(str(exc))
        except BodyTooLarge as exc:
            status, answer = 413, error_body(str(exc))
        except (ProtocolError, InvalidRecords) as exc:
            status, answer = 400, error_body(str(exc))
        except InvalidOutput as exc:
            status, answer = 500, msgspec.json.encode(blame(exc))
        except Exception:  # the one outermost handler
            log.exception("an inference failed")
            status, answer = 500, error_body("the model failed; its log says why")
        if status != 200:  # a caller that checked records knows by it whether it did so by another version's contract
            headers.append((VERSION, self.served.contract.version.encode()))
        headers += [(ID, request_id(given).encode()), (TIMING, stopwatch.header())]
        await send_body(send, status, answer, content_type, headers)

    async def answer(self, headers: Headers, body: bytes, stopwatch: Stopwatch) -> tuple[bytes, int | None]:
        """Give the body of the answer, and the length of its JSON where it is binary."""
        model, contract = self.served.model, self.served.contract
        if model is None:
            raise StillLoading("the model is loading")
        length = headers.get(LENGTH)
        request = await in_turns(request_steps(body, None if length is None else length.decode("latin-1"), self.limits))
        chosen = request.chosen(self.names)
        table = table_from_tensors(contract.features, request.tensors)
        stopwatch.enter(COMPUTE)
        columns = await model.predict_in_turns(table)
        stopwatch.enter("encode")
        tensors = [Tensor(output.name, self.datatypes[output.name], columns[output.name]) for output in chosen]
        response = InferResponse(contract.name, contract.version, tensors, request.id)
        return write_response(response, [output.binary for output in chosen])


def blame(error: InvalidOutput) -> dict[str, str]:
    """Say which output is no prediction; the gateway looks for its name."""
    return {"error": str(error), "output": error.output}


class StillLoading(Exception):
    """Report a request that came before its model."""
