"""Which paths are the protocol's; BentoML answers all others itself."""

from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Receive, Scope, Send


class Beneath(BaseRoute):
    """Hand every path at and beneath some prefixes on, whatever the method.

    Of an app that is mounted at `/` BentoML asks for what it has routes for, and only if it is Starlette's: any other
    would take all paths, BentoML's own page among them.
    """

    def __init__(self, prefixes: tuple[str, ...], app: ASGIApp) -> None:
        self.prefixes = prefixes
        self.app = app

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Say whether a path is one of them."""
        own = any(f"{scope['path']}/".startswith(f"{prefix}/") for prefix in self.prefixes)
        return Match.FULL if own else Match.NONE, {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on."""
        await self.app(scope, receive, send)
