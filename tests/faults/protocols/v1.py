"""`/v1`: records in JSON, and problem documents."""

import json

from tests.faults.callers import Answer, Asked
from tests.faults.protocols.http import Response, exchanged, request


def ask(port: int, one: Asked) -> list[Answer]:
    """Ask for a prediction of one record."""
    body = json.dumps({"instances": [one.canary.record], **one.terms}).encode()
    lines = [f"X-Request-Id: {one.id}"]
    if one.wish_ms is not None:
        lines.append(f"X-Request-Timeout-Ms: {one.wish_ms}")
    message = request(f"/v1/models/{one.route}:predict", body, lines)
    return [read(response) for response in exchanged(port, message)]


def read(response: Response) -> Answer:
    """Read an answer: a prediction, or a problem that says of itself what its status and its headers say."""
    status, headers, body, seconds = response
    document = json.loads(body) if "json" in headers.get("content-type", "") else None
    if not isinstance(document, dict):
        return Answer(status, None, seconds, text=body.decode())
    assert headers["x-request-id"] == document["id"]
    if status == 200:
        (prediction,) = document["predictions"]
        missing = {model: problem["reason"] for model, problem in document.get("errors", {}).items()}
        assert document.get("complete", True) == (not missing)
        return Answer(status, document["id"], seconds, prediction, missing)
    assert document["status"] == status
    return Answer(
        status,
        document["id"],
        seconds,
        text=document["detail"],
        reason=document["reason"],
        model=document.get("model"),
        retry_after=headers.get("retry-after"),
    )
