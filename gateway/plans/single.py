"""A plan of one model."""

from collections.abc import Mapping
from typing import Any, cast

from contract import Feature, Interface, Output, RecordDecoder, Table, Terms
from gateway.backends import Backend
from gateway.batching import Answerer, Needs, Prediction, all_parts
from gateway.plans.answer import OfOne
from gateway.plans.asked import Asked
from gateway.plans.plan import Plan, Told


class Single:
    """Ask one backend under its own name."""

    kind = "model"
    terms: Terms | None = None
    branches: Mapping[str, Plan] = {}
    told: Mapping[str, Any] = {}

    def __init__(self, backend: Backend) -> None:
        self.name = backend.name
        self.backend = backend
        self.members = (backend,)
        self.models = [backend.name]
        self.batcher: Answerer | None = backend.batcher
        self.answerers: list[Answerer] = [backend.batcher]

    @property
    def contracts(self) -> list[Interface]:
        """Give the contract; raises BackendUnknown."""
        return [self.backend.contract]

    @property
    def features(self) -> tuple[Feature, ...]:
        """Give what a record must hold."""
        return self.backend.contract.features

    @property
    def outputs(self) -> tuple[Output, ...]:
        """Give what an answer holds."""
        return self.backend.contract.outputs

    @property
    def decoder(self) -> RecordDecoder:
        """Give the reader of records."""
        return self.backend.decoder

    def ready(self, told: Told) -> bool:
        """Say whether the model has said so; who never answered was not asked."""
        return told.get(self.name, False)

    async def answer(self, table: Table, asked: Asked, needs: Needs | None = None) -> OfOne:
        """Ask the model, which cannot be missing."""
        (part,) = await all_parts(self.answerers, [table], asked.id, asked.deadline, asked.caller)
        return OfOne(cast(Prediction, part), None if needs is None else {})
