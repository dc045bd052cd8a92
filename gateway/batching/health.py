"""What a batcher asks of whoever judges whether its model works."""

from typing import Protocol

from gateway.errors import GatewayError


class Health(Protocol):
    """Judge a model by how its calls end."""

    def check(self) -> None:
        """Raise BreakerOpen while the model is not to be asked."""

    def succeeded(self) -> None:
        """Note a call that was answered."""

    def failed(self, error: GatewayError) -> None:
        """Note a call that was not."""

    async def probe(self) -> None:
        """Ask the model for what it can answer, however long it takes; raises GatewayError where it does not."""
