"""The outermost layer over HTTP: an account of every request, and the two headers of every answer."""

import asyncio

from starlette.types import ASGIApp

from gateway.account import Accounts
from gateway.account.proxies import FORWARDED_FOR
from gateway.tracing import TRACEPARENT, TRACESTATE
from oip import REQUEST_ID, SERVER_TIMING, headers_of, lenient, request_id, with_headers
from oip.asgi import Receive, Scope, Send

ID, TIMING = REQUEST_ID.encode(), SERVER_TIMING.encode()
PARENT, STATE = TRACEPARENT.encode(), TRACESTATE.encode()
FORWARDED = FORWARDED_FOR.encode()


class Accounted:
    """Open an account for a request, as `scope["account"]`, and close it after the answer."""

    def __init__(self, accounts: Accounts, app: ASGIApp) -> None:
        self.accounts = accounts
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        asked = lenient(scope)
        caller = (scope.get("client") or ("",))[0]
        if (proxies := self.accounts.proxies) is not None:
            forwarded = [value.decode("latin-1") for name, value in scope["headers"] if name == FORWARDED]
            caller = proxies.client(caller, forwarded)
        given = headers_of(scope)
        # The listener, which knows the scope that it gave, books what it refuses while the body comes.
        account = self.accounts.kind(request_id(given), asked["path"], caller)
        account.headers = given
        asked["account"] = scope["account"] = account
        if self.accounts.traced:
            parent, state = (given.get(name, b"").decode("latin-1") for name in (PARENT, STATE))
            self.accounts.trace(account, parent, state)

        def headers(status: int) -> list[tuple[bytes, bytes]]:
            account.status = status
            return [(ID, account.id.encode()), (TIMING, account.header())]

        try:
            await self.app(asked, receive, with_headers(send, headers))
        except asyncio.CancelledError:
            self.accounts.leave(account)
            raise
        finally:
            self.accounts.close(account)
