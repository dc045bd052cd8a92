"""A plan that asks the next of several where one cannot answer."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from contract import Output, Table
from gateway.batching import Needs, time_to_write
from gateway.deadline import Deadline
from gateway.errors import BackendUnknown, DeadlineExceeded, GatewayError
from gateway.plans.answer import Answer
from gateway.plans.apart import answer_of, part_for
from gateway.plans.asked import Asked
from gateway.plans.branch import Branch
from gateway.plans.composed import row_by_row_answer
from gateway.plans.composite import Composite
from gateway.plans.fit import is_known, misfit
from gateway.plans.outputs import either
from gateway.plans.plan import Plan, Told
from gateway.plans.readiness import is_ready
from gateway.plans.stored import Stored, outputs_beside


class Fallback(Composite):
    """Ask one branch after another until one answers; what the caller did wrong is no reason to ask the next.

    Each but the last has `within_s` seconds, without it an equal part of the time that is left. A branch whose
    contract is not known yet takes no part.
    """

    kind = "fallback"

    def __init__(self, name: str, branches: Mapping[str, Plan], within_s: float | None) -> None:
        super().__init__(name, branches)
        self.within_s = within_s
        self.asked = sum(not isinstance(plan, Stored) for plan in branches.values())

    @property
    def taking_part(self) -> Mapping[str, Plan]:
        """Give those that know what they take and give; raises BackendUnknown where no model does."""
        found = {name: plan for name, plan in self.branches.items() if is_known(plan) and misfit(plan) is None}
        if all(isinstance(plan, Stored) for plan in found.values()):
            raise BackendUnknown(f"no model of {self.name} has told its contract yet")
        return found

    def give(self) -> Sequence[Output]:
        """Give what any of those gives; raises ContractError where they do not mean the same."""
        return either(self.name, outputs_beside(self.taking_part, all_known=not self.takes_others))

    @property
    def told(self) -> Mapping[str, Any]:
        """Say how long each may take."""
        return {} if self.within_s is None else {"within_s": self.within_s}

    def ready(self, told: Told) -> bool:
        """Say whether any branch can answer now, and all that are known fit each other."""
        return misfit(self) is None and any(is_ready(plan, told) for plan in self.branches.values())

    async def answer(self, table: Table, asked: Asked, needs: Needs | None = None) -> Answer:  # noqa: ARG002
        """Ask until one answers; raises what the first failed by where none does, and what is the caller's fault."""
        failed: list[GatewayError] = []
        before = cancelling()
        for index, plan in enumerate(self.branches.values()):
            if cancelling() > before:  # who was asked took it for the end of its time, and the caller has left
                raise asyncio.CancelledError
            outcome = await self.outcome(plan, table, asked, self.until(index, table.rows, asked.deadline))
            if not isinstance(outcome, GatewayError):
                return outcome
            failed.append(outcome)
        raise failed[0].again()

    async def outcome(self, plan: Plan, table: Table, asked: Asked, until: float) -> Answer | GatewayError:
        """Give what a branch answers until then, or what it fails by: also that it does not give what it did."""
        try:
            part = part_for(plan, table)
            with Deadline(until):
                answer = await answer_of(plan, part, msgspec.structs.replace(asked, deadline=until))
            return row_by_row_answer(self.name, self.form, [Branch(plan.name, answer, part, None)], table.rows)
        except TimeoutError:
            return DeadlineExceeded(f"{plan.name} did not answer in time", model=plan.name)
        except GatewayError as exc:
            if exc.status < 500:
                raise
            return exc

    def until(self, index: int, rows: int, deadline: float) -> float:
        """Give the time until which a branch may answer, so that those behind it have theirs."""
        if index == len(self.branches) - 1:
            return deadline
        now = asyncio.get_running_loop().time()
        left = max(0.0, deadline - now)
        share = left / (self.asked - index) if self.within_s is None else self.within_s
        return now + min(share, left - time_to_write(left, rows))


def cancelling() -> int:
    """Count how often this task was cancelled; whoever kept the task would be kept by what that failed by."""
    task = asyncio.current_task()
    assert task is not None
    return task.cancelling()
