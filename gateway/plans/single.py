"""A plan of one model."""

from contract import Feature, Interface, RecordDecoder, Table, Terms
from gateway.backends import Backend
from gateway.batching import Needs, Prediction, predictions
from gateway.errors import GatewayError


class Single:
    """Ask one backend under its own name."""

    kind = "model"
    terms: Terms | None = None

    def __init__(self, backend: Backend) -> None:
        self.name = backend.name
        self.backend = backend
        self.members = (backend,)
        self.models = [backend.name]
        self.answerers = [backend.batcher]

    @property
    def contracts(self) -> list[Interface]:
        """Give the contract; raises BackendUnknown."""
        return [self.backend.contract]

    @property
    def features(self) -> tuple[Feature, ...]:
        """Give what a record must hold."""
        return self.backend.contract.features

    @property
    def decoder(self) -> RecordDecoder:
        """Give the reader of records."""
        return self.backend.decoder

    async def predict(self, table: Table, request_id: str, deadline: float, address: str) -> list[Prediction]:
        """Ask the model."""
        return await predictions(self.answerers, [table], request_id, deadline, address)

    async def predict_partly(
        self,
        table: Table,
        request_id: str,
        deadline: float,
        address: str,
        needs: Needs,  # noqa: ARG002 (there is no part of one)
    ) -> tuple[list[Prediction], dict[str, GatewayError]]:
        """Ask the model, which cannot be missing."""
        return await self.predict(table, request_id, deadline, address), {}
