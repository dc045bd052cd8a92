"""Asking the plans below another at once: models through their batchers, all others in tasks of their own."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import cast

import structlog

from contract import Table, picked
from contract.table import Array
from gateway.batching import Answerer, Caller, Needs, Part, Prediction, all_parts, some_parts
from gateway.errors import BackendUnavailable, GatewayError, InternalError
from gateway.plans.answer import Answer, Missing, OfOne
from gateway.plans.asked import Asked
from gateway.plans.branch import Branch
from gateway.plans.needs import needs_of
from gateway.plans.plan import Plan

log = structlog.get_logger()


class Apart:
    """Answer a caller by a plan, for one request."""

    def __init__(self, plan: Plan, asked: Asked) -> None:
        self.plan = plan
        self.asked = asked
        self.caller: Caller | None = None
        self.task: asyncio.Task[str] | None = None

    def submit(self, caller: Caller) -> None:
        """Begin the task."""
        self.caller = caller
        self.task = asyncio.get_running_loop().create_task(self.carry_out(caller))

    def forsake(self) -> None:
        """End it where nobody waits for it any more."""
        if self.task is not None and self.caller is not None and self.caller.gone:
            self.task.cancel()

    async def name(self) -> str:
        """Name the model below that the plan failed by, or else the plan."""
        return self.plan.name if self.task is None else await self.task

    async def carry_out(self, caller: Caller) -> str:
        """Ask the plan, and hand on what comes of it; names whom it failed by."""
        try:
            part = await answer_of(self.plan, caller.table, self.asked)
        except GatewayError as exc:
            caller.fail(exc)
            return exc.model or self.plan.name
        except asyncio.CancelledError:
            del self  # a task that was cancelled holds this frame, which may not hold the task
            raise
        except Exception:  # nobody else would hear of it, and the caller would wait
            log.exception("a plan failed", plan=self.plan.name)
            caller.fail(InternalError("the gateway failed; its log says why"))
        else:
            if not caller.gone:
                caller.ended = True
                caller.reply.answer(caller.index, part)
        return self.plan.name


def answerer_for(plan: Plan, asked: Asked) -> Answerer:
    """Give who answers callers of a plan."""
    return plan.batcher or Apart(plan, asked)


def as_answer(part: Part) -> Answer:
    """Give what a model predicted as the answer of its plan."""
    return OfOne(part) if isinstance(part, Prediction) else cast(Answer, part)


def part_for(plan: Plan, table: Table) -> Table:
    """Give what a plan reads of checked rows; raises BackendUnavailable where it has just changed that.

    A stored answer reads nothing, and only wants to know how many rows there are.
    """
    features = plan.features
    try:
        return table.select(features) if features else table
    except KeyError as exc:  # a new version came between reading the record and now
        raise BackendUnavailable(f"{plan.name} has just changed its features") from exc


async def answer_of(plan: Plan, table: Table, asked: Asked) -> Answer:
    """Ask one plan, as complete as its own terms want the answer."""
    return await plan.answer(table, asked, needs_of(plan.models, plan.terms, None))


async def ask_all(plans: Sequence[Plan], tables: Sequence[Table], asked: Asked) -> list[Answer]:
    """Ask each plan its records; gives their answers in order, or fails with the first failure."""
    if len(plans) == 1:
        return [await answer_of(plans[0], tables[0], asked)]
    answerers = [answerer_for(plan, asked) for plan in plans]
    parts = await all_parts(answerers, tables, asked.id, asked.deadline, asked.caller)
    return [as_answer(part) for part in parts]


async def ask_each(
    plans: Mapping[str, Plan], places: Mapping[str, Array | None], table: Table, asked: Asked
) -> list[Branch]:
    """Ask those of several plans that have records the ones at their `places`, None for all."""
    if not places:
        return []
    tables = [part_for(plans[name], table if its is None else picked(table, its)) for name, its in places.items()]
    answers = await ask_all([plans[name] for name in places], tables, asked)
    return list(map(Branch, places, answers, tables, places.values()))


async def ask_some(
    plans: Sequence[Plan], tables: Sequence[Table], asked: Asked, needs: Needs
) -> tuple[list[Answer | None], Missing]:
    """Do so, but with None for those that do not answer, and why; fails when the needs cannot be met any more."""
    answerers = [answerer_for(plan, asked) for plan in plans]
    parts, missing = await some_parts(answerers, tables, asked.id, asked.deadline, needs, address=asked.caller)
    return [None if part is None else as_answer(part) for part in parts], missing
