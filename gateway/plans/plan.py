"""The interface of all plans, and how settings become plans."""

from collections.abc import Mapping
from typing import Protocol

from contract import Feature, Interface, RecordDecoder, Table, Terms
from gateway.backends import Backend
from gateway.batching import Needs, Prediction
from gateway.errors import GatewayError
from gateway.plans.ensemble import Ensemble
from gateway.plans.single import Single
from gateway.settings import RouteSettings


class Plan(Protocol):
    """What the routes ask of a public name."""

    @property
    def name(self) -> str:
        """The public name."""

    @property
    def kind(self) -> str:
        """The word for it in lists."""

    @property
    def members(self) -> tuple[Backend, ...]:
        """The backends that it may ask."""

    @property
    def models(self) -> list[str]:
        """Their names."""

    @property
    def terms(self) -> Terms | None:
        """How complete its answers must be at least, None where they must be whole unless a request says otherwise."""

    @property
    def contracts(self) -> list[Interface]:
        """Their contracts; raises BackendUnknown."""

    @property
    def features(self) -> tuple[Feature, ...]:
        """What a record must hold; raises BackendUnknown."""

    @property
    def decoder(self) -> RecordDecoder:
        """The reader of records; raises BackendUnknown."""

    async def predict(self, table: Table, request_id: str, deadline: float, address: str) -> list[Prediction]:
        """Answer checked rows by a deadline in the loop's time: one prediction per member that was asked.

        Callers of one address share its turns.
        """

    async def predict_partly(
        self, table: Table, request_id: str, deadline: float, address: str, needs: Needs
    ) -> tuple[list[Prediction], dict[str, GatewayError]]:
        """Do the same with those members that answer, and say why each other one is missing."""


def make_plans(backends: Mapping[str, Backend], routes: Mapping[str, RouteSettings]) -> dict[str, Plan]:
    """Give every public name its plan: each backend under its own name, and the routes."""
    plans: dict[str, Plan] = {name: Single(backend) for name, backend in backends.items()}
    for name, route in routes.items():
        plans[name] = Ensemble(name, tuple(backends[member] for member in route.ensemble), route.terms)
    return plans
