"""A model that has told no contract yet costs only the records that need it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec
import pytest

from contract import Feature
from contract.table import pack_rows
from gateway.backends import Backend
from gateway.canary.replicas import Report
from gateway.canary.tally import Tally
from gateway.errors import BackendUnknown, PlanMismatch
from gateway.plans import Asked, Plan, make_plans, misfits
from gateway.plans.keys import Sides
from gateway.reports import Reports
from gateway.settings import RouteSettings
from gateway.sides import SideCounts
from tests.gateway.plans.stubs import backend

WIDTH = Feature(name="width", type="number", description="The width", example=1.0)
SHADE = Feature(name="shade", type="number", description="The shade", example=1.0)
KEYS = [f"patient-{number}" for number in range(40)]
ABSTAIN = {"answer": {"label": None, "probability": None}, "as": "abstain"}


def asking(routes: Mapping[str, Any], ask: Callable[[dict[str, Plan], dict[str, Backend]], Awaitable[None]]) -> None:
    """Ask plans above `known` and `small`, which gives a probability only, and `silent`, of which nothing is known."""

    async def run() -> None:
        backends = {
            "known": backend("known", (WIDTH,), frozenset({"probability", "label"}), ill=False),
            "small": backend("small", (WIDTH,), frozenset({"probability"}), ill=False),
            "silent": backend("silent", (WIDTH, SHADE), frozenset({"probability", "label"}), ill=False),
        }
        backends["silent"].current = None
        try:
            made = {name: RouteSettings.model_validate(route) for name, route in routes.items()}
            await ask(make_plans(backends, made, Reports()), backends)
        finally:
            for one in backends.values():
                await one.close()

    asyncio.run(run())


async def answered(plan: Plan, key: str = "", **record: float) -> dict[str, Any]:
    """Give the answer to one record, whose request has this id."""
    record = {"width": 1.0, **record}
    table = pack_rows(plan.features, [[record[feature.name] for feature in plan.features]])
    answer = await plan.answer(table, Asked(key, "caller", asyncio.get_running_loop().time() + 60))
    (row,) = answer.records
    given: dict[str, Any] = msgspec.to_builtins(row)
    return given


def test_a_side_that_is_not_known_costs_its_own_keys() -> None:
    """These are failures of that side in the report; all others are answered, and may send what only it reads."""
    weights = {"known": 3.0, "silent": 1.0}

    async def ask(plans: dict[str, Plan], backends: dict[str, Backend]) -> None:
        plan, sides = plans["rollout"], Sides("rollout", weights)
        for key in KEYS:
            if sides.of(key) == "known":
                assert (await answered(plan, key))["rollout"] == "known"
            else:
                with pytest.raises(BackendUnknown, match="silent"):
                    await answered(plan, key)
        assert plan.decoder.others
        assert misfits(plans) == {}
        assert not plan.ready({"known": True})
        counted = plan.report.document()["sides"]["silent"][""]  # type: ignore[attr-defined]
        assert counted["failures"] == {"backend_unknown": sum(sides.of(key) == "silent" for key in KEYS)}
        backends["silent"].current = backends["silent"].known["1"]
        assert {(await answered(plan, key, shade=2.0))["rollout"] for key in KEYS} == {"known", "silent"}

    asking({"rollout": {"split": {"weights": weights}}}, ask)


def test_a_model_of_a_side_that_is_known_late_is_no_other_version_to_a_canary() -> None:
    """Nothing was released: the side answers on, and what more it gives is counted from then on."""
    routes = {
        "rollout": {"split": {"weights": {"known": 1, "late": 1}}},
        "late": {"fallback": {"to": ["silent", "small"]}},
    }

    async def ask(plans: dict[str, Plan], backends: dict[str, Backend]) -> None:
        tally, silent = Tally(), backends["silent"]

        async def counted() -> SideCounts | None:
            for key in KEYS:
                await answered(plans["rollout"], key, shade=2.0)
            sides = plans["rollout"].report.document()["sides"]  # type: ignore[attr-defined]
            tally.add([msgspec.convert({"process": "one", "weights": {}, "sides": sides}, Report)])
            return tally.of("late")

        await counted()
        assert (before := await counted()) is not None
        silent.current = silent.known["1"]
        after = await counted()

        assert after is not None
        assert after.requests == 2 * before.requests
        assert after.outputs["late"].categories == ["small", "silent"]
        assert after.outputs["probability"].requests == 2 * after.outputs["label"].requests == after.requests

    asking(routes, ask)


def test_a_side_without_a_weight_need_not_be_there() -> None:
    """As a candidate that was rolled back; the split is ready without it."""

    async def ask(plans: dict[str, Plan], _: dict[str, Backend]) -> None:
        assert [(await answered(plans["rollout"], key))["rollout"] for key in KEYS] == ["known"] * len(KEYS)
        assert plans["rollout"].ready({"known": True})

    asking({"rollout": {"split": {"weights": {"known": 1, "silent": 0}}}}, ask)


@pytest.mark.parametrize(
    "route",
    [
        {"split": {"weights": {"silent": 1}}},
        {"split": {"weights": {"known": 1, "silent": 1}, "by": "feature shade"}},
        {"switch": {"cases": [{"when": "shade > 1", "then": "silent"}], "otherwise": "known"}},
        {
            "switch": {
                "ask": ["silent"],
                "cases": [{"when": "silent.label = 'low'", "then": "known"}],
                "otherwise": ABSTAIN,
            }
        },
        {"switch": {"cases": [{"when": "width > 1", "then": ABSTAIN}], "otherwise": "silent"}},
        {"ensemble": ["part", "known"], "aggregate": {"by": "vote", "outputs": ["label"]}},
        {"switch": {"ask": ["part"], "cases": [{"when": "part.label = 'low'", "then": "part"}], "otherwise": "small"}},
    ],
)
def test_what_may_yet_fit_is_not_known(route: dict[str, Any]) -> None:
    """It is no mismatch that something is missing which the silent model may give or read."""

    async def ask(plans: dict[str, Plan], backends: dict[str, Backend]) -> None:
        with pytest.raises(BackendUnknown, match="silent"):
            _ = plans["top"].outputs
        assert misfits(plans) == {}
        backends["silent"].current = backends["silent"].known["1"]
        assert plans["top"].outputs

    asking({"part": {"fallback": {"to": ["silent", "small"]}}, "top": route}, ask)


def test_what_nobody_gives_is_a_mismatch_once_all_are_known() -> None:
    """And is told as one."""

    async def ask(plans: dict[str, Plan], backends: dict[str, Backend]) -> None:
        backends["silent"].current = backends["silent"].known["1"]
        with pytest.raises(PlanMismatch, match="size: rollout is split by it"):
            _ = plans["rollout"].outputs

    asking({"rollout": {"split": {"weights": {"known": 1, "silent": 1}, "by": "feature size"}}}, ask)


def test_a_branch_that_is_not_known_costs_the_records_that_go_there() -> None:
    """All others have their answers."""
    case = {"when": "width > 5", "then": "silent"}

    async def ask(plans: dict[str, Plan], _: dict[str, Backend]) -> None:
        assert (await answered(plans["gate"], width=1.0))["gate"] == "known"
        with pytest.raises(BackendUnknown, match="silent"):
            await answered(plans["gate"], width=6.0)

    asking({"gate": {"switch": {"cases": [case], "otherwise": "known"}}}, ask)


def test_a_stored_null_keeps_nobody_from_answering() -> None:
    """It is of an output that only the silent model gives, and is left out as long as that is not known."""

    async def ask(plans: dict[str, Plan], backends: dict[str, Backend]) -> None:
        assert (await answered(plans["safe"])).keys() == {"safe", "probability"}
        backends["silent"].current = backends["silent"].known["1"]
        assert [output.name for output in plans["safe"].outputs] == ["safe", "probability", "label"]

    asking({"safe": {"fallback": {"to": ["silent", "small", {**ABSTAIN, "answer": {"label": None}}]}}}, ask)
