"""Where a request learns which gateway answers it: the newest, as long as it takes."""

from collections.abc import Awaitable

from starlette.types import ASGIApp

from gateway.app import documents_app, health_app, public_app
from gateway.console import Live, OwnPages, Stream, Tried
from gateway.gateway import Gateway
from gateway.routes import Accounted
from oip.asgi import Receive, Scope, Send


class Front:
    """Stand before the apps of a gateway, which may give way to another; a request ends where it has begun."""

    def __init__(self, gateway: Gateway) -> None:
        console = gateway.settings.console
        keeps = gateway.process.predictions is not None
        self.documents, self.health = documents_app(keeps=keeps), health_app(console=console)
        self.live = Live(lambda: self.gateway) if console else None
        self.take(gateway)

    def take(self, gateway: Gateway) -> None:
        """Have every new request answered by this gateway."""
        self.gateway = self.documents.state.gateway = self.health.state.gateway = gateway
        self.public_app = public_app(gateway, self.documents)
        if self.live is None:
            self.admin_app: ASGIApp = Accounted(gateway.accounts, self.health)
        else:
            its = Accounted(gateway.accounts, Tried(gateway, self.health))
            self.admin_app = OwnPages(Stream(self.live, its))

    # Without `async`: it is on the way of every request, and a coroutine more would take four times its time.
    def public(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Answer on the public listener."""
        return self.public_app(scope, receive, send)

    def admin(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Answer on the admin listener."""
        return self.admin_app(scope, receive, send)
