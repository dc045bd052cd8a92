"""The admin side asks nobody who they are, so it answers no page but its own."""

from starlette.types import ASGIApp

from gateway.errors import ForeignPage
from gateway.problems import rendered
from oip import headers_of, request_id, send_body
from oip.asgi import Receive, Scope, Send


class OwnPages:
    """Refuse what a browser asks for the page of another site; a link may lead here, and all else goes to the next app.

    Whoever can reach the admin side may have a browser that shows other pages too, and these could ask in their name.
    """

    def __init__(self, rest: ASGIApp) -> None:
        self.rest = rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on, or refuse it."""
        if scope["type"] != "http" or not is_foreign(scope):
            await self.rest(scope, receive, send)
            return
        error = ForeignPage("the admin side answers its own pages only")
        status, body, content_type = rendered(error, scope["path"], request_id(headers_of(scope)))
        await send_body(send, status, body, content_type, error.headers)


def is_foreign(scope: Scope) -> bool:
    """Say whether another site's page asks (Fetch Metadata); without TLS browsers tell other hosts only the origin."""
    headers = headers_of(scope)
    site = headers.get(b"sec-fetch-site")
    if site is not None:
        follows = scope["method"] == "GET" and headers.get(b"sec-fetch-dest") == b"document"
        return site not in (b"same-origin", b"none") and not follows
    origin = headers.get(b"origin")
    return origin is not None and origin.lower().partition(b"://")[2] != headers.get(b"host", b"").lower()
