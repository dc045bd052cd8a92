"""Bodies that are no JSON, refused before BentoML reads them."""

from starlette.types import ASGIApp, Receive, Scope, Send

from oip.asgi import error_body, headers_of, send_body


class JsonOnly:
    """Answer 400 to a body that is declared as something else, on BentoML's own paths.

    BentoML would read a form, which no model here takes, and one without a boundary ended in a 500. The status is the
    one that BentoML's document describes for what it cannot read.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on, or refuse it."""
        if scope["type"] == "http" and scope["path"] == "/predict":
            declared = headers_of(scope).get(b"content-type", b"application/json")
            if declared.split(b";", 1)[0].strip().lower() != b"application/json":
                message = "the content type is not application/json"
                await send_body(send, 400, error_body(message), b"application/json")
                return
        await self.app(scope, receive, send)
