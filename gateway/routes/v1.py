"""`POST /v1/predict` and `POST /v1/models/{name}:predict`."""

from typing import Any

import msgspec

from contract import MOST_FAULTS, InvalidRecords, MalformedBody, TooManyRows
from gateway.backends import Prediction
from gateway.errors import InvalidRecord, MalformedRequest, TooLarge, WrongMediaType
from gateway.plans import Ensemble, Plan
from gateway.routes.endpoint import Answer, Call, Endpoint
from oip.asgi import Headers


class PredictEndpoint(Endpoint):
    """Answer `{"instances": [...]}` with one prediction per instance, in order."""

    async def answer(self, call: Call) -> Answer:
        """Decode, ask, encode."""
        check_media_type(call.headers)
        try:
            table = call.plan.decoder.decode(call.body, self.gateway.settings.max_rows)
        except MalformedBody as exc:
            raise MalformedRequest(str(exc), [exc.fault] if exc.fault.path else ()) from exc
        except InvalidRecords as exc:
            raise InvalidRecord(counted(len(exc.faults)), exc.faults) from exc
        except TooManyRows as exc:
            raise TooLarge(str(exc)) from exc
        predictions = await call.account.ask(call.plan, table)
        return Answer(document(call, predictions), b"application/json", [])


def counted(faults: int) -> str:
    """Say how many fields are wrong."""
    if faults == MOST_FAULTS:
        return f"{faults} fields are wrong, or more: these are the first"
    return f"{faults} {'field is' if faults == 1 else 'fields are'} wrong"


def document(call: Call, predictions: list[Prediction]) -> bytes:
    """Write the answer; for one model alone the inner level goes away."""
    return msgspec.json.encode(
        {
            "id": call.account.id,
            "predictions": merged(call.plan, predictions),
            "models": {prediction.model: {"version": prediction.version} for prediction in predictions},
        }
    )


def merged(plan: Plan, predictions: list[Prediction]) -> list[dict[str, Any]]:
    """Put the members' predictions of each instance together."""
    lists = [prediction.records for prediction in predictions]
    if not isinstance(plan, Ensemble):
        return lists[0]
    names = [prediction.model for prediction in predictions]
    return [dict(zip(names, row, strict=True)) for row in zip(*lists, strict=True)]


def check_media_type(headers: Headers) -> None:
    """Raise WrongMediaType for a body that is declared as something else than JSON."""
    declared = headers.get(b"content-type", b"application/json").split(b";", 1)[0].strip().lower()
    if declared != b"application/json" and not declared.endswith(b"+json"):
        raise WrongMediaType(
            f"the content type is {declared.decode('latin-1')[:60]!r}, not application/json; "
            "with curl: -H 'Content-Type: application/json'"
        )
