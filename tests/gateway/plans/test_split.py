"""A split: who gets what, and that it stays so."""

import asyncio
from collections import Counter
from pathlib import Path

import httpx
import pytest

from contract import ContractError, Feature, Output
from contract.table import pack_rows
from gateway.plans import Asked, make_plans
from gateway.plans.keys import Sides, position
from gateway.plans.outputs import below, either
from gateway.plans.shadow import Shadow
from gateway.reports import Reports
from gateway.settings import RouteSettings
from tests.gateway.conftest import MIXED, PLAIN
from tests.gateway.plans.stubs import backend
from tests.gateway.test_account import records
from tests.serving import wait_until

WEIGHTS = {"plain": 60.0, "candidate": 40.0}
WIDTH = Feature(name="width", type="number", description="The width", example=1.0)
ROUTES = {
    "rollout": {"split": {"weights": WEIGHTS, "by": "header x-patient"}},
    "byfeature": {"split": {"weights": {"plain": 1, "candidate": 1}, "by": "feature width"}},
    "lopsided": {"split": {"weights": {"plain": 1, "both": 0}}},
    "both": {"ensemble": ["plain", "mixed"]},
}


def test_only_keys_between_the_cuts_move() -> None:
    """Of 100,000 keys a tenth moves when 90/10 becomes 80/20, and all of those to the side that grew."""
    before, after = (Sides("rollout", {"old": old, "new": 100 - old}) for old in (90, 80))
    keys = [f"patient-{number}" for number in range(100_000)]
    sides = [(before.of(key), after.of(key)) for key in keys]
    moved = {key for key, (old, new) in zip(keys, sides, strict=True) if old != new}

    assert Counter(old for old, _ in sides)["new"] == pytest.approx(10_000, rel=0.05)
    assert {sides[keys.index(key)] for key in list(moved)[:100]} == {("old", "new")}
    assert moved == {key for key in keys if 0.8 <= position("rollout", key) < 0.9}


def test_a_key_keeps_its_side_and_the_answer_says_which(client: httpx.Client) -> None:
    """In each answer, whichever replica gives it; both sides are asked."""
    sides = {}
    for patient in range(40):
        headers = {"x-patient": str(patient)}
        answers = [client.post("/v1/predict", json={"instances": [PLAIN]}, headers=headers) for _ in range(2)]
        (row,), (again,) = [answer.json()["predictions"] for answer in answers]
        assert row == again
        side = sides[patient] = row["rollout"]
        assert list(answers[0].json()["models"]) == [side]
        assert f'rollout;desc="{side}"' in answers[0].headers["server-timing"]

    expected = Sides("rollout", WEIGHTS)
    assert sides == {patient: expected.of(str(patient)) for patient in range(40)}
    assert set(sides.values()) == {"plain", "candidate"}


def test_records_of_one_request_go_to_their_sides_by_a_feature(client: httpx.Client, folder: Path) -> None:
    """In order, with the answers that each side gives; the record of the request counts the rows of each."""
    body = {"instances": [{**PLAIN, "width": width / 3} for width in range(30)]}
    answer = client.post("/v1/models/byfeature:predict", json=body, headers={"x-request-id": "split"}).json()
    plain = client.post("/v1/models/plain:predict", json=body).json()["predictions"]

    sides = Counter(row["byfeature"] for row in answer["predictions"])
    assert set(sides) == set(answer["models"]) == {"plain", "candidate"}
    assert [row["probability"] for row in answer["predictions"]] == [row["probability"] for row in plain]
    (record,) = wait_until(lambda: records(folder / "gateway.log", "split"))
    assert record["ways"] == {"byfeature": dict(sides)}


def test_what_one_side_only_gives_may_be_missing(client: httpx.Client) -> None:
    """The models of an ensemble stand below their names, so an output of one is missing in the other's answer."""
    answer = client.post("/v1/models/lopsided:predict", json={"instances": [{**PLAIN, **MIXED}]}).json()

    (row,) = answer["predictions"]
    assert row["lopsided"] == "plain"
    assert row["plain"] is None
    assert row["label"] in ("low", "high")


def test_a_name_is_an_output_or_a_level() -> None:
    """Where one side has an output by a name below which another has some, no answer could hold both."""
    output = Output(name="inner", type="number", description="A number")
    with pytest.raises(ContractError, match=r"^inner: to one branch of rollout it is an output"):
        either("rollout", {"one": [output], "other": below("inner", [output])})


def test_a_candidate_is_split_by_the_caller_of_the_request() -> None:
    """Though it takes its turns at the models as another caller."""

    async def sides() -> set[str]:
        made = [backend(name, (WIDTH,), frozenset({"probability"}), ill=False) for name in ("plain", "candidate")]
        split = {"split": {"weights": WEIGHTS, "by": "caller"}}
        routes = {"rollout": split, "watched": {"shadow": {"of": "plain", "candidate": "rollout"}}}
        settings = {name: RouteSettings.model_validate(route) for name, route in routes.items()}
        plan = make_plans({one.name: one for one in made}, settings, Reports())["watched"]
        assert isinstance(plan, Shadow)
        table = pack_rows(plan.features, [[1.0]])
        deadline = asyncio.get_running_loop().time() + 60
        found = set()
        for number in range(20):
            answer = await plan.candidate.ask(table, Asked("id", f"caller-{number}", deadline))
            found |= set(answer.ways["rollout"])
            expected = Sides("rollout", WEIGHTS).of(f"caller-{number}")
            assert answer.ways == {"rollout": {expected: 1}}
        for one in made:
            await one.close()
        return found

    assert asyncio.run(sides()) == {"plain", "candidate"}
