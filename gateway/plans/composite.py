"""What plans above others share: what they take and give is derived from those below, and anew when these change."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from operator import is_
from typing import Any, NamedTuple

from contract import ContractError, Feature, Interface, Output, RecordDecoder, Table, Terms, union_of_features
from gateway.backends import Backend
from gateway.batching import Answerer, Needs
from gateway.errors import GatewayError
from gateway.plans.answer import Answer
from gateway.plans.asked import Asked
from gateway.plans.fit import misfit, unfit
from gateway.plans.nested import Form
from gateway.plans.plan import Plan, Told
from gateway.plans.readiness import is_ready


class Derived(NamedTuple):
    """Hold what a plan takes and gives, by the contracts of its backends then."""

    current: Sequence[Interface | None]
    contracts: list[Interface]
    decoder: RecordDecoder
    form: Form


class Refused(NamedTuple):
    """Hold why nothing could be derived."""

    current: Sequence[Interface | None]
    error: GatewayError


class Composite(ABC):
    """Ask other plans, its branches."""

    kind: str
    terms: Terms | None = None
    batcher: Answerer | None = None

    def __init__(self, name: str, branches: Mapping[str, Plan]) -> None:
        self.name = name
        self.branches = branches
        self.members: tuple[Backend, ...] = tuple(
            {member.name: member for plan in branches.values() for member in plan.members}.values()
        )
        self.models: Sequence[str] = [name]
        self.found: Derived | Refused | None = None

    @abstractmethod
    def give(self) -> Sequence[Output]:
        """Derive the outputs from the branches; raises ContractError where these do not fit, and BackendUnknown."""

    @abstractmethod
    async def answer(self, table: Table, asked: Asked, needs: Needs | None = None) -> Answer:
        """Answer checked rows; raises GatewayError."""

    def take(self) -> Sequence[Feature]:
        """Derive the features from the branches: what a record must hold so that each of them can read it."""
        return union_of_features(plan.features for plan in self.taking_part.values())

    @property
    def taking_part(self) -> Mapping[str, Plan]:
        """Give the branches by which it is known what it takes and gives; raises BackendUnknown."""
        return self.branches

    @property
    def takes_others(self) -> bool:
        """Say that records may hold more than that, for a branch that has not told yet what it reads."""
        taking = self.taking_part
        return len(taking) < len(self.branches) or any(plan.decoder.others for plan in taking.values())

    @property
    def contracts(self) -> list[Interface]:
        """Give the contracts of the backends of those."""
        return self.known.contracts

    @property
    def known(self) -> Derived:
        """Give what is derived; raises BackendUnknown, and PlanMismatch where the branches do not fit each other.

        That nothing could be derived is known too: else each way to a plan would try once more, and there may be
        thousands.
        """
        found = self.found
        current = [member.current for member in self.members]
        if found is None or not all(map(is_, current, found.current)):
            found = self.found = self.derive(current)
        if isinstance(found, Refused):
            raise found.error.again()
        return found

    def derive(self, current: Sequence[Interface | None]) -> Derived | Refused:
        """Derive it from the branches."""
        try:
            decoder = RecordDecoder(union_of_features([self.take()]), others=self.takes_others)
            return Derived(current, contracts_of(self.taking_part), decoder, Form(self.give()))
        except ContractError as exc:
            return Refused(current, unfit(self, self.taking_part.values(), exc))
        except GatewayError as exc:
            return Refused(current, exc.again())

    @property
    def features(self) -> tuple[Feature, ...]:
        """Give what a record must hold."""
        return self.known.decoder.features

    @property
    def outputs(self) -> Sequence[Output]:
        """Give what an answer holds."""
        return self.known.form.outputs

    @property
    def form(self) -> Form:
        """Give the form of an answer: another one whenever it is derived anew."""
        return self.known.form

    @property
    def decoder(self) -> RecordDecoder:
        """Give the reader of records."""
        return self.known.decoder

    @property
    def told(self) -> Mapping[str, Any]:
        """Say nothing more."""
        return {}

    def ready(self, told: Told) -> bool:
        """Say whether all branches can answer now, and fit each other."""
        return misfit(self) is None and all(is_ready(plan, told) for plan in self.branches.values())


def contracts_of(plans: Mapping[str, Plan]) -> list[Interface]:
    """Give the contracts of the backends of plans, each once."""
    return list({contract.name: contract for plan in plans.values() for contract in plan.contracts}.values())
