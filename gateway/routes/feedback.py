"""`POST /v1/feedback`: the truth about an earlier answer, where there is a prediction log."""

from datetime import UTC, datetime

import structlog
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from gateway.account import Account
from gateway.errors import InternalError, UnknownName
from gateway.predictions import PredictionLog
from gateway.predictions.feedback import Feedback, line_of, read_feedback
from gateway.routes.catalogue import Open
from oip import Disconnected, headers_of, read_body, unpacked

MOST_BYTES = 16 * 1024
"""The longest feedback there is has 14 KB, with every character escaped."""

router = APIRouter(tags=["predict"])

log = structlog.get_logger()


@router.post("/v1/feedback", response_model=None)
async def feedback(request: Request, gateway: Open) -> Response:
    """Tell the truth about an earlier answer; when this is answered, it is in a file."""
    account: Account = request.scope["account"]
    predictions = gateway.process.predictions
    if predictions is None:
        raise UnknownName("there is no prediction log here, so nobody would read feedback")
    try:
        given = await gateway.accounts.carry_out(account, appended(request, predictions))
    except Disconnected:
        return Unsent()
    return JSONResponse({"id": given.id, "instance": int(given.instance)}, 202)


class Unsent(Response):
    """Send nothing: nobody is there."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Do without."""


async def appended(request: Request, predictions: PredictionLog) -> Feedback:
    """Read feedback and append it to its file; raises GatewayError, and what reading a body raises."""
    headers = headers_of(request.scope)
    body = await read_body(headers, request.receive, MOST_BYTES)
    given = read_feedback(await unpacked(headers, body, MOST_BYTES))
    now = datetime.now(UTC)
    try:
        await predictions.feedback.append(now.strftime("%Y%m%d"), line_of(given, now))
    except OSError as exc:
        log.warning("feedback cannot be written", reason=str(exc))
        raise InternalError("the feedback cannot be written; the gateway's log says why") from exc
    return given
