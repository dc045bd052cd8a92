"""`POST /v1/feedback`: the truth about an earlier answer, where there is a prediction log."""

from datetime import UTC, datetime

import structlog
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from gateway.errors import InternalError, UnknownName
from gateway.predictions.feedback import line_of, read_feedback
from gateway.routes.catalogue import Open

router = APIRouter(tags=["predict"])

log = structlog.get_logger()


# A 404 while there is no log, so it is not in the description, which is that of a gateway as it stands in the box.
@router.post("/v1/feedback", include_in_schema=False)
async def feedback(request: Request, gateway: Open) -> JSONResponse:
    """Append it; when this is answered, it is in the file."""
    predictions = gateway.process.predictions
    if predictions is None:
        raise UnknownName("there is no prediction log here, so nobody would read feedback")
    given = read_feedback(await request.body())
    now = datetime.now(UTC)
    try:
        await predictions.feedback.append(now.strftime("%Y%m%d"), line_of(given, now))
    except OSError as exc:
        log.warning("feedback cannot be written", reason=str(exc))
        raise InternalError("the feedback cannot be written; the gateway's log says why") from exc
    return JSONResponse({"id": given.id, "instance": given.instance}, 202)
