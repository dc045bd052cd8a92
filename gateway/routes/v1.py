"""`POST /v1/predict` and `POST /v1/models/{name}:predict`."""

import asyncio
from typing import Any

import msgspec

from contract import MOST_FAULTS, InvalidRecords, MalformedBody, TooManyRows
from contract.pieces import PIECE
from contract.rows import Row
from gateway.errors import InvalidRecord, MalformedRequest, TooLarge, WrongMediaType
from gateway.plans import Answer as Given
from gateway.problems import fields
from gateway.routes.endpoint import Answer, Call, Endpoint
from oip import in_turns
from oip.asgi import Headers

ROWS = 1000
"""So many are written at once, in less than a millisecond; then others have their turn."""

ENCODER = msgspec.json.Encoder()


class Version(msgspec.Struct, gc=False):
    """Mirror what an answer says of a model."""

    version: str


class Document(msgspec.Struct, gc=False):
    """Mirror an answer; only one that may be partial says whether it is complete, and one that is not has errors."""

    id: str
    predictions: list[Row] | msgspec.Raw
    models: dict[str, Version]
    complete: bool | msgspec.UnsetType = msgspec.UNSET
    errors: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET


class PredictEndpoint(Endpoint):
    """Answer `{"instances": [...]}` with one prediction per instance, in order."""

    async def answer(self, call: Call) -> Answer:
        """Decode, ask, encode."""
        check_media_type(call.headers)
        try:
            decoder, body, max_rows = call.plan.decoder, call.body, self.gateway.settings.max_rows
            if len(body) <= PIECE:
                table, terms = decoder.decode(body, max_rows)
            else:
                table, terms = await in_turns(decoder.decode_in_pieces(body, max_rows))
        except MalformedBody as exc:
            raise MalformedRequest(str(exc), [exc.fault] if exc.fault.path else ()) from exc
        except InvalidRecords as exc:
            raise InvalidRecord(counted(len(exc.faults)), exc.faults) from exc
        except TooManyRows as exc:
            raise TooLarge(str(exc)) from exc
        answer = await call.account.ask(call.plan, table, terms)
        return Answer(await document(call, answer), b"application/json", [])


def counted(faults: int) -> str:
    """Say how many fields are wrong."""
    if faults == MOST_FAULTS:
        return f"{faults} fields are wrong, or more: these are the first"
    return f"{faults} {'field is' if faults == 1 else 'fields are'} wrong"


async def document(call: Call, given: Given) -> bytes:
    """Write the answer; while it is a large one, others have their turn."""
    found: list[Row] | msgspec.Raw
    if call.account.rows <= ROWS:
        found = given.records
    else:
        pieces = []
        for start in range(0, call.account.rows, ROWS):
            pieces.append(ENCODER.encode(given.some(start, start + ROWS))[1:-1])
            await asyncio.sleep(0)
        found = msgspec.Raw(b"[%b]" % b",".join(pieces))
    models = {prediction.model: Version(prediction.version) for prediction in given.predictions}
    answer = Document(call.account.id, found, models)
    if (missing := given.missing) is not None:
        answer.complete = not missing
        if missing:
            answer.errors = {model: fields(error) for model, error in missing.items()}
    return ENCODER.encode(answer)


def check_media_type(headers: Headers) -> None:
    """Raise WrongMediaType for a body that is declared as something else than JSON."""
    declared = headers.get(b"content-type", b"application/json").split(b";", 1)[0].strip().lower()
    if declared != b"application/json" and not declared.endswith(b"+json"):
        raise WrongMediaType(
            f"the content type is {declared.decode('latin-1')[:60]!r}, not application/json; "
            "with curl: -H 'Content-Type: application/json'"
        )
