"""Plans below plans: how deep they may stand, and that each is looked at once, however many ways lead to it."""

import asyncio
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from contract import Feature
from gateway.backends import Backend
from gateway.errors import BackendUnknown
from gateway.plans import Plan, can_answer, make_plans, misfits
from gateway.reports import Reports
from gateway.settings import RouteSettings, Settings, SettingsError, read_settings
from gateway.settings.nesting import DEEPEST
from tests.gateway.plans.stubs import backend

WIDTH = Feature(name="width", type="number", description="The width", example=1.0)

KINDS: dict[str, Any] = {
    "mean": lambda names: {"ensemble": names, "aggregate": {"by": "mean", "outputs": ["probability"]}},
    "split": lambda names: {"split": {"weights": dict.fromkeys(names, 1)}},
    "fallback": lambda names: {"fallback": {"to": names}},
    "switch": lambda names: {"switch": {"cases": [{"when": "width > 1", "then": names[0]}], "otherwise": names[1]}},
}


def pairs(kind: str) -> dict[str, Any]:
    """Give two routes in each level, each of which asks both below it: 4,294,967,296 ways lead to the models."""
    below = [["one", "two"], *[[f"left{level}", f"right{level}"] for level in range(DEEPEST)]]
    return {name: KINDS[kind](names) for names, level in pairwise(below) for name in level}


def plans_of(kind: str, *, known: bool) -> dict[str, Plan]:
    """Make them."""
    made = [backend(name, (WIDTH,), frozenset({"probability"}), ill=False) for name in ("one", "two")]
    if not known:
        for one in made:
            one.current = None
    routes = {name: RouteSettings.model_validate(its) for name, its in pairs(kind).items()}
    return make_plans({one.name: one for one in made}, routes, Reports())


@pytest.mark.parametrize("kind", KINDS)
def test_each_plan_is_looked_at_once(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether all fit, what they take and give, and who is ready; each model is asked once."""
    asked = Counter[str]()

    async def answered(one: Backend) -> bool:
        asked[one.name] += 1
        return True

    monkeypatch.setattr(Backend, "is_ready", answered)

    async def look() -> bool:
        plans = plans_of(kind, known=True)
        top = plans[f"left{DEEPEST - 1}"]
        assert misfits(plans) == {}
        assert [contract.name for contract in top.contracts] == ["one", "two"]
        assert "probability" in {output.name for output in top.outputs}
        return await can_answer(top)

    assert asyncio.run(look())
    assert asked == {"one": 1, "two": 1}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_not_known_is_looked_for_once(kind: str) -> None:
    """While no model has told its contract."""

    async def look() -> bool:
        plans = plans_of(kind, known=False)
        top = plans[f"left{DEEPEST - 1}"]
        assert misfits(plans) == {}
        with pytest.raises(BackendUnknown):
            top.contracts  # noqa: B018 (to ask for it is the test)
        return await can_answer(top)

    assert not asyncio.run(look())


def chain(tmp_path: Path, depth: int, **first: Any) -> Settings:
    """Read a file in which so many routes stand below each other, the highest on the first line of them."""
    names = [f"r{number}" for number in range(1, depth + 1)]
    routes = {name: {"split": {"weights": {below: 1}}} for name, below in pairwise([*names, "one"])}
    document = {"backends": {"one": {"url": "http://one"}}, "default": "r1", "routes": {**routes, **first}}
    path = tmp_path / "gateway.yaml"
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    return read_settings(path)


def test_as_many_routes_may_stand_below_each_other(tmp_path: Path) -> None:
    """And work."""
    settings = chain(tmp_path, DEEPEST)

    async def look() -> bool:
        one = backend("one", (WIDTH,), frozenset({"probability"}), ill=False)
        plans = make_plans({"one": one}, settings.routes, Reports())
        return misfits(plans) == {} and len(plans["r1"].outputs) == DEEPEST + 1

    assert asyncio.run(look())


@pytest.mark.parametrize("depth", [DEEPEST + 1, 1500])
def test_more_are_refused(tmp_path: Path, depth: int) -> None:
    """With file, line, how deep they are and how deep they may be; however deep it is no traceback."""
    told = f"routes.r1.split.weights.r2 names 'r2', and so {depth} routes stand below each other: at most 32 may"

    with pytest.raises(SettingsError, match=f"line 9: {told}"):
        chain(tmp_path, depth)


def test_a_record_may_be_so_many_calls(tmp_path: Path) -> None:
    """Ensembles of ensembles double them, and splits and switches do not: each asks one of its branches."""
    (two, *doubled), splits = [("two", KINDS["split"](["one"])), *pairs("mean").items()], pairs("switch").items()
    told = "routes.left9.ensemble makes 1,024 calls of models for a record: at most 1,000 may be"

    with pytest.raises(SettingsError, match=told):
        chain(tmp_path, 1, **dict([two, *doubled[:-2]]))
    assert chain(tmp_path, 1, **dict([two, *doubled[:18]]))
    assert chain(tmp_path, 1, **dict([two, *list(splits)[:-2]]))


def test_a_circle_is_told_from_its_first_route_on(tmp_path: Path) -> None:
    """Where others lead into it, and however long it is."""
    told = r"routes.r2.split.weights.r3 goes round in a circle: r2 → r3 → .* → r1500 → r2$"

    with pytest.raises(SettingsError, match=told):
        chain(tmp_path, 1500, r1500={"split": {"weights": {"one": 1, "r2": 1}}})
