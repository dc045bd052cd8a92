"""A sequence: what a step gives, the next one takes by its name."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contract import ContractError, Feature, Output, Table, pack
from gateway.errors import BackendFault, BackendUnreachable, GatewayError
from gateway.plans.asked import Asked
from gateway.plans.composed import Composed
from gateway.plans.sequence import Steps
from gateway.plans.single import Single
from gateway.plans.stored import Stored
from tests.conftest import store_tiny
from tests.gateway.conftest import PLAIN
from tests.gateway.plans.conftest import Sick, Start
from tests.gateway.plans.stubs import backend, said
from tests.gateway.test_account import records
from tests.serving import model_app, served, wait_until

ROWS = [{**PLAIN, "width": width, "price": 4.0} for width in (1.0, 5.0, 20.0)]


@pytest.fixture(scope="module")
def judged(backends: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Serve the judge, and give the settings of all backends."""
    with served(model_app(store_tiny("judge"))) as port:
        yield {**backends, "judge": {"url": f"http://127.0.0.1:{port}"}}


def test_a_step_reads_what_the_one_before_gave(start: Start, judged: dict[str, Any], tmp_path: Path) -> None:
    """And the rest from the record, so a record has what no step gives.

    The answer is that of the last step, and all steps are in the books.
    """
    client = start({"chain": {"sequence": ["plain", "judge"]}}, backends=judged)
    listed = client.get("/v1/models/chain").json()
    answer = client.post("/v1/predict", json={"instances": ROWS}, headers={"x-request-id": "chain"}).json()
    rows = [{name: row[name] for name in PLAIN} for row in ROWS]
    first = client.post("/v1/models/plain:predict", json={"instances": rows}).json()["predictions"]
    by_hand = [{**row, "price": 4.0} for row in first]
    then = client.post("/v1/models/judge:predict", json={"instances": by_hand}).json()["predictions"]

    assert [feature["name"] for feature in listed["features"]] == ["width", "height", "count", "price"]
    assert answer["predictions"] == then
    assert list(answer["models"]) == ["plain", "judge"]
    (record,) = wait_until(lambda: records(tmp_path / "gateway.log", "chain"))
    assert set(record["versions"]) == {"plain", "judge"}


def test_a_failure_names_the_step(start: Start, judged: dict[str, Any], sick: Sick) -> None:
    """And the next one is not asked."""
    sick.status = 500
    client = start({"chain": {"sequence": ["sick", "judge"]}}, backends=judged)
    problem = client.post("/v1/predict", json={"instances": ROWS}).json()

    assert (problem["status"], problem["model"]) == (502, "sick")
    assert problem["detail"].startswith("step sick: ")


def test_a_step_that_never_answers_is_named(start: Start, judged: dict[str, Any], sick: Sick) -> None:
    """Though it is the deadline of the whole request that ends it; within a fallback too."""
    sick.status = 0
    routes = {
        "chain": {"sequence": ["sick", "judge"], "timeout_s": 0.5},
        "safe": {"fallback": {"to": ["chain", "plain"], "within_s": 0.3}},
    }
    client = start(routes, backends=judged)
    problem = client.post("/v1/predict", json={"instances": ROWS}).json()
    answer = client.post("/v1/models/safe:predict", json={"instances": ROWS})

    assert (problem["status"], problem["model"]) == (504, "sick")
    assert problem["detail"] == "step sick: sick did not answer in time"
    assert (answer.status_code, answer.json()["predictions"][0]["safe"]) == (200, "plain")


class Step(Stored):
    """Answer always the same, as if it were asked for features; or fail."""

    def __init__(self, name: str, features: tuple[Feature, ...], outputs: dict[str, Any], error: bool = False) -> None:
        super().__init__(name, outputs)
        self.features = features
        self.error = error
        self.tables: list[Table] = []

    async def answer(self, table: Table, asked: Asked, needs: Any = None) -> Composed:
        """Remember what it was asked."""
        self.tables.append(table)
        if self.error:
            raise BackendUnreachable("nobody is there", model=self.name)
        return await super().answer(table, asked, needs)


OWN = Feature(name="own", type="number", description="", example=1.0)
SCORE = Feature(name="score", type="number", unit="m", description="", example=1.0, maximum=5)
KIND = Feature(name="kind", type="category", categories=("a", "b"), description="", example="a")
ASKED = Asked("id", "caller", 1e9)


def answered(*steps: Step) -> Composed:
    """Give what a sequence of steps answers to one record."""
    plan = Steps("chain", {step.name: step for step in steps})
    answer = asyncio.run(plan.answer(pack(plan.features, {"own": [1.0]}), ASKED))
    assert isinstance(answer, Composed)
    return answer


def test_a_value_that_the_next_step_does_not_take_is_the_fault_of_the_one_that_gave_it() -> None:
    """It does not reach the next one."""
    then = Step("then", (OWN, SCORE), {"done": True})

    assert answered(Step("first", (OWN,), {"score": 4}), then).records
    with pytest.raises(BackendFault, match=r"step first: its score in row 0 is not what then takes: .*5") as caught:
        answered(Step("first", (OWN,), {"score": 6}), then)
    assert caught.value.model == "first"
    assert len(then.tables) == 1


def test_of_callers_who_are_answered_together_only_those_fail_whose_value_it_does_not_take() -> None:
    """Each is told of a row of its own, and all others are answered by their own values."""
    few = Feature(name="count", type="integer", description="Few", example=1, minimum=0, maximum=2)
    numbers = [float(number) for number in range(24)]

    async def asked() -> list[Any]:
        first = backend("first", (OWN,), frozenset({"count"}), ill=False)
        then = backend("then", (OWN, few), frozenset({"probability"}), ill=False)
        plan = Steps("chain", {"first": Single(first), "then": Single(then)})
        try:
            tables = [pack(plan.features, {"own": [0.0, number]}) for number in numbers]
            answers = [
                plan.answer(table, Asked("id", "caller", asyncio.get_running_loop().time() + 60)) for table in tables
            ]
            return await asyncio.gather(*answers, return_exceptions=True)
        finally:
            await first.close()
            await then.close()

    counts = [said("first", {"own": number})["count"] for number in numbers]
    assert said("first", {"own": 0.0})["count"] <= 2 < max(counts)
    for number, count, answer in zip(numbers, counts, asyncio.run(asked()), strict=True):
        if count > 2:
            assert isinstance(answer, BackendFault)
            assert str(answer).startswith("step first: its count in row 1 is not what then takes")
        else:
            assert answer.columns["probability"][1] == said("then", {"own": number, "count": count})["probability"]


def test_the_latest_step_that_gives_a_feature_is_read() -> None:
    """Also where the record has to hold it for an earlier one."""
    last = Step("last", (OWN, KIND), {"done": True})
    answered(Step("first", (OWN,), {"own": 2.0, "kind": "a"}), Step("second", (OWN,), {"kind": "b", "own": 3.0}), last)

    assert last.tables[0].columns["kind"].tolist() == ["b"]
    assert last.tables[0].columns["own"].tolist() == [3.0]


def test_the_next_step_of_one_that_failed_is_not_asked() -> None:
    """The text of its failure names it."""
    then = Step("then", (OWN, SCORE), {"done": True})
    with pytest.raises(GatewayError, match="step first: nobody is there"):
        answered(Step("first", (OWN,), {"score": 4}, error=True), then)

    assert not then.tables


@pytest.mark.parametrize(
    ("output", "told"),
    [
        (Output(name="score", type="boolean", description=""), "score: first gives it as boolean, and then reads it"),
        (Output(name="score", type="number", unit="cm", description=""), "score: first gives it in cm, and then reads"),
        (Output(name="kind", type="category", categories=("a", "c"), description=""), "kind: first gives it as 'c'"),
        (Output(name="other", type="number", description=""), "first: no later step of chain reads anything"),
    ],
)
def test_what_can_never_fit_is_a_fault_of_the_contracts(output: Output, told: str) -> None:
    """Of type, unit and categories; bounds are looked at when values come."""

    class First(Step):
        outputs = (output,)

    plan = Steps("chain", {"first": First("first", (OWN,), {}), "then": Step("then", (SCORE, KIND), {"done": True})})

    with pytest.raises(ContractError, match=told):
        plan.give()
