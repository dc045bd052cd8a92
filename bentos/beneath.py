"""Which paths are the protocol's; BentoML answers all others itself."""

from starlette.types import ASGIApp, Receive, Scope, Send


class Beneath:
    """Hand every path at and beneath some prefixes to one app, whatever the method, and all others to the next.

    It is a middleware: an app that is mounted with `bentoml.asgi_app` is found by three routers, one after the other,
    and below BentoML's context of a request, which together took 70 of 256 µs.
    """

    def __init__(self, app: ASGIApp, prefixes: tuple[str, ...], own: ASGIApp) -> None:
        self.app = app
        self.beginnings = tuple(f"{prefix}/" for prefix in prefixes)
        self.own = own

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on."""
        if scope["type"] == "http" and f"{scope['path']}/".startswith(self.beginnings):
            await self.own(scope, receive, send)
        else:
            await self.app(scope, receive, send)
