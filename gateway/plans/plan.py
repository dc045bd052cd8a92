"""The interface of all plans."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from contract import Feature, Interface, Output, RecordDecoder, Table, Terms
from gateway.backends import Backend
from gateway.batching import Answerer, Needs
from gateway.plans.answer import Answer
from gateway.plans.asked import Asked

Told = dict[str, bool]
"""Which models and plans can answer now, by their names."""


class Plan(Protocol):
    """What a public name runs, as routes and other plans see it."""

    @property
    def name(self) -> str:
        """The public name."""

    @property
    def kind(self) -> str:
        """The word for it in lists."""

    @property
    def branches(self) -> Mapping[str, "Plan"]:
        """The plans below it, by the names that answers have for them; of a model there are none."""

    @property
    def members(self) -> tuple[Backend, ...]:
        """The backends that it may ask."""

    @property
    def models(self) -> Sequence[str]:
        """The names that a request may require an answer of."""

    @property
    def terms(self) -> Terms | None:
        """How complete its answers must be at least, None where they must be whole unless a request says otherwise."""

    @property
    def contracts(self) -> list[Interface]:
        """The contracts of its backends; raises BackendUnknown, and PlanMismatch where nothing follows from them."""

    @property
    def features(self) -> tuple[Feature, ...]:
        """What a record must hold; raises BackendUnknown."""

    @property
    def outputs(self) -> Sequence[Output]:
        """What an answer holds, with a dot in a name for each level of it; raises BackendUnknown."""

    @property
    def decoder(self) -> RecordDecoder:
        """The reader of records; raises BackendUnknown."""

    @property
    def batcher(self) -> Answerer | None:
        """Who joins the callers of a model; None of all other plans."""

    @property
    def told(self) -> Mapping[str, Any]:
        """What is to be said of it in lists, beside its branches."""

    def ready(self, told: Told) -> bool:
        """Say whether it can answer now, by what is told of those below it; see `readiness.py`."""

    async def answer(self, table: Table, asked: Asked, needs: Needs | None = None) -> Answer:
        """Answer checked rows; `needs` say how complete the answer must be, None that it must be whole."""
