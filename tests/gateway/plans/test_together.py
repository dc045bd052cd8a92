"""What plans make of one call for all callers that it answered."""

import asyncio
import gc
import weakref
from collections.abc import Sequence

from contract import Feature
from contract.table import pack_rows
from gateway.plans import Answer, Asked, Plan, make_plans
from gateway.reports import Reports
from gateway.settings import RouteSettings
from tests.gateway.plans.stubs import backend, said

FEATURES = (Feature(name="x", type="number", description="A number", example=1.0),)
OUTPUTS = frozenset({"probability", "label"})
ROUTES = {
    "mean": {"ensemble": ["one", "two"], "aggregate": "mean"},
    "other": {"ensemble": ["two", "one"], "aggregate": "mean"},
    "split": {"split": {"weights": {"mean": 1}}},
    "gate": {
        "switch": {
            "ask": ["takers"],
            "cases": [{"when": "takers.probability > 0.9", "then": "one"}],
            "otherwise": "takers",
        }
    },
}


async def asked_at_once(names: Sequence[str]) -> list[Answer]:
    """Ask routes for a row each, in one turn of the event loop."""
    made = {name: backend(name, FEATURES, OUTPUTS, ill=False) for name in ("one", "two", "takers")}
    plans = make_plans(made, {name: RouteSettings.model_validate(its) for name, its in ROUTES.items()}, Reports())

    async def ask(plan: Plan, number: float) -> Answer:
        deadline = asyncio.get_running_loop().time() + 60
        return await plan.answer(pack_rows(plan.features, [[number]]), Asked("id", "caller", deadline))

    try:
        return await asyncio.gather(*[ask(plans[name], float(number)) for number, name in enumerate(names)])
    finally:
        for one in made.values():
            await one.close()


def test_it_is_made_once() -> None:
    """Each caller has rows of the same, also where a plan stands above another."""
    answers = asyncio.run(asked_at_once(["split", "split", "mean"]))
    one, two, mean = [answer.share for answer in answers]

    assert one.whole is two.whole
    assert (one.start, two.start, mean.start) == (0, 1, 2)
    assert [answer.records for answer in answers[:2]] == [one.whole.records[:1], one.whole.records[1:2]]


def test_nothing_else_is_taken_for_it() -> None:
    """A branch may have any name: what a switch finds of the first answer is not what it makes of that."""
    answers = asyncio.run(asked_at_once(["gate", "takers", "gate"]))
    expected = [said("takers", {"x": float(number)})["probability"] for number in range(3)]

    assert [answer.columns["probability"].tolist() for answer in answers] == [[one] for one in expected]
    assert [answer.columns["gate"].tolist() for answer in (answers[0], answers[2])] == [["takers"]] * 2


def test_nothing_of_it_waits_for_a_collection() -> None:
    """With the last answer all of it is gone, also where two plans ask the same models in another order."""
    gc.disable()
    try:
        answers = asyncio.run(asked_at_once(["mean", "other", "mean"]))
        kept = [weakref.ref(one.joint) for answer in answers for one in answer.predictions]
        assert all(one() is not None for one in kept)
        del answers

        assert [one() for one in kept] == [None] * len(kept)
    finally:
        gc.enable()
