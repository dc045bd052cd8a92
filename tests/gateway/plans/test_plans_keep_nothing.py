"""A plan keeps nothing of the requests that it has answered."""

import asyncio
import gc
from typing import Any

import pytest

from contract import Feature, Table
from contract.table import pack_rows
from gateway.batching import Heard
from gateway.plans import Asked, Plan, make_plans, needs_of
from gateway.reports import Reports
from gateway.settings import RouteSettings
from tests.gateway.plans.stubs import backend

WARM, REQUESTS, AT_ONCE, MOST = 320, 1600, 16, 600
"""One object that is kept of each request would be more than there may be in all."""

FEATURES = (
    Feature(name="x", type="number", description="A number", example=1.0),
    Feature(name="n", type="integer", description="A whole number", example=1),
)
SCORE = Feature(name="probability", type="number", description="A share", example=0.5, minimum=0, maximum=1)
OUTPUTS = frozenset(["probability", "label", "flag"])
PAIR = ["one", "two"]
ROUTES: dict[str, Any] = {
    "beside": {"ensemble": PAIR},
    "lacking": {"ensemble": ["one", "ill"], "partial": True},
    "mean": {"ensemble": PAIR, "aggregate": {"by": "mean", "outputs": ["probability", "label"]}},
    "vote": {"ensemble": PAIR, "aggregate": {"by": "vote", "outputs": ["label", "flag"]}},
    "sides": {"split": {"weights": {"one": 1, "two": 1}, "by": "feature n"}},
    "watched": {"shadow": {"of": "one", "candidate": "two"}},
    "gate": {
        "switch": {
            "ask": ["one"],
            "cases": [
                {"when": "one.probability > 0.5", "then": "two"},
                {"when": "n > 2", "then": {"answer": {"probability": None}}},
            ],
            "otherwise": "one",
        }
    },
    "safe": {"fallback": {"to": ["ill", "one"]}},
    "chain": {"sequence": ["one", "reader"]},
    "above": {"ensemble": ["gate", "sides", "safe"]},
}


async def ask(plan: Plan, number: int) -> None:
    """Ask for one to three records."""
    values = {"x": float(number % 97), "n": number % 11}
    table = pack_rows(plan.features, [[values[feature.name] for feature in plan.features]] * (1 + number % 3))
    asked = Asked(f"id{number}", "caller", asyncio.get_running_loop().time() + 60)
    answer = await plan.answer(table, asked, needs_of(plan.models, plan.terms, None))
    assert len(answer.records) == table.rows


async def kept(name: str) -> int:
    """Count the objects that are there after requests and were not before."""
    made = {one: backend(one, FEATURES, OUTPUTS, ill=one == "ill") for one in (*PAIR, "ill")}
    made["reader"] = backend("reader", (SCORE, *FEATURES), OUTPUTS, ill=False)
    routes = {one: RouteSettings.model_validate(its) for one, its in ROUTES.items()}
    plan = make_plans(made, routes, Reports())[name]

    async def some(requests: int) -> int:
        for number in range(0, requests, AT_ONCE):
            await asyncio.gather(*[ask(plan, number + one) for one in range(AT_ONCE)])
        for _ in range(50):  # candidates are asked later
            await asyncio.sleep(0)
        gc.collect()
        return len(gc.get_objects())

    before = await some(WARM)
    try:
        return await some(REQUESTS) - before
    finally:
        for one in made.values():
            await one.close()


@pytest.mark.parametrize("name", ROUTES)
def test_a_plan_keeps_nothing_of_its_requests(name: str) -> None:
    """Answers, tables and tasks of all kinds are gone once they are given."""
    assert asyncio.run(kept(name)) < MOST


async def held_after(name: str) -> int:
    """Count the tables that are there after callers have left and were not before, without a collection."""
    made = {one: backend(one, FEATURES, OUTPUTS, ill=one == "ill") for one in (*PAIR, "ill")}
    made["reader"] = backend("reader", (SCORE, *FEATURES), OUTPUTS, ill=False)
    plan = make_plans(made, {one: RouteSettings.model_validate(its) for one, its in ROUTES.items()}, Reports())[name]

    async def hang(table: Table, call_id: str, again: bool) -> Heard:  # noqa: ARG001 (as a backend is asked)
        return await asyncio.get_running_loop().create_future()  # type: ignore[no-any-return]

    for one in PAIR:
        made[one].batcher.calls.ask = hang
    gc.collect()
    gc.disable()
    before = tables()
    try:
        for number in range(AT_ONCE):
            task = asyncio.ensure_future(ask(plan, number))
            for _ in range(20):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait([task])
        del task
        for _ in range(50):
            await asyncio.sleep(0)
        return tables() - before
    finally:
        gc.enable()
        for each in made.values():
            await each.close()


def tables() -> int:
    """Count those that there are, of other tests too."""
    return sum(isinstance(there, Table) for there in gc.get_objects())


@pytest.mark.parametrize("name", ROUTES)
def test_a_plan_keeps_nothing_of_who_has_left(name: str) -> None:
    """Tasks that are cancelled are gone at once: what they were to answer may be large, and counts as one object."""
    assert asyncio.run(held_after(name)) == 0
