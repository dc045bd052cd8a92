"""An ensemble with an aggregate: one answer of several members, as of a single model."""

import json
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from contract import ByThreshold, ContractError, Feature, Interface, Output
from gateway.plans.aggregate import largest, mean, median, vote
from gateway.plans.rule import one_rule, rule_of
from gateway.settings import RouteSettings
from tests.gateway.conftest import PLAIN
from tests.gateway.plans.conftest import Start
from tests.gateway.test_faults import Sick, response
from tests.serving import served

DOUBLES = st.floats(allow_nan=False, allow_infinity=False)
ROWS = [{**PLAIN, "width": width / 4} for width in range(40)]

PAIR = ["plain", "candidate"]
OF_NUMBERS: dict[str, Any] = {by: {"ensemble": PAIR, "aggregate": by} for by in ("mean", "median", "max")}
OF_NUMBERS["weighted"] = {"ensemble": PAIR, "aggregate": {"by": "weighted", "weights": {"plain": 1, "candidate": 3}}}
ROUTES = {
    **OF_NUMBERS,
    "vote": {"ensemble": PAIR, "aggregate": {"by": "vote", "outputs": ["label"]}},
    "above": {"ensemble": ["plain", "rollout"], "aggregate": "mean"},
    "rollout": {"split": {"weights": {"plain": 1, "candidate": 1}, "by": "feature width"}},
}


def predicted(client: httpx.Client, name: str, rows: list[dict[str, Any]] = ROWS) -> list[dict[str, Any]]:
    """Ask a public name for rows."""
    answer = client.post(f"/v1/models/{name}:predict", json={"instances": rows})
    assert answer.status_code == 200, answer.text
    predictions: list[dict[str, Any]] = answer.json()["predictions"]
    return predictions


def column(*values: float) -> Any:
    """Give what members say of one row."""
    return np.array(values, dtype=float)[:, None]


@given(st.lists(DOUBLES, min_size=1, max_size=6))
def test_an_average_lies_between_what_the_members_say(values: list[float]) -> None:
    """However large they are; of equal values it is that value."""
    weights = np.linspace(1, 3, len(values)) / 32
    for average in (mean, median, largest):
        (found,) = average(column(*values), weights)
        assert min(values) <= found <= max(values)
        assert average(column(*[values[0]] * 7), np.arange(1.0, 8) / 64) == values[0]


def test_who_says_nothing_of_a_row_does_not_count() -> None:
    """The weights of the others are as if there were no more; where nobody says anything there is nothing."""
    values = np.array([[1.0, np.nan, np.nan], [4.0, 4.0, np.nan], [np.nan, 8.0, np.nan]])
    weights = np.array([1.0, 2.0, 2.0])

    np.testing.assert_array_equal(mean(values, weights), [3, 6, np.nan])
    np.testing.assert_array_equal(median(values, weights), [2.5, 6, np.nan])
    np.testing.assert_array_equal(largest(values, weights), [4, 8, np.nan])


def test_a_mean_of_a_row_depends_on_no_other_row() -> None:
    """To the last bit, whoever else is asked of at once, and whether all members say something of those."""
    random = np.random.default_rng(1)
    for members in (2, 3, 9, 17):
        values, weights = random.random((members, 40)), random.random(members) / 32
        alone = np.concatenate([mean(values[:, [row]], weights) for row in range(40)])

        np.testing.assert_array_equal(mean(values, weights), alone)
        values[0, 0] = np.nan
        np.testing.assert_array_equal(mean(values, weights)[1:], alone[1:])


def test_most_votes_win_and_then_the_first_member() -> None:
    """The share is that of those who say something."""
    text = np.array([["b", "b", "", "", "c"], ["a", "a", "a", "", "a"], ["a", "c", "b", "", "a"]], dtype=object)
    won, share = vote(text)
    sure, _ = vote(np.array([[True, False], [False, False]]))

    assert won.tolist() == ["a", "b", "a", "", "a"]
    np.testing.assert_array_equal(share, [2 / 3, 1 / 3, 1 / 2, np.nan, 2 / 3])
    assert sure.tolist() == [True, False]


def interface(name: str, threshold: float) -> Interface:
    """Make the contract of a model that decides at a threshold."""
    outputs = (
        Output(name="label", type="category", description="Which", categories=("low", "high")),
        Output(name="score", type="number", description="How", column=0),
    )
    decision = ByThreshold(output="label", score="score", threshold=threshold, at_or_above="high", below="low")
    features = (Feature(name="x", type="number", description="A number", example=1.0),)
    return Interface(name=name, description="Drawn", features=features, outputs=outputs, decisions=(decision,))


def test_one_decision_is_needed() -> None:
    """Two thresholds do not fit, and the error says what both are."""
    rule = rule_of(interface("one", 0.5), "label")
    assert one_rule([interface("one", 0.5), interface("two", 0.5)], "label") == rule
    with pytest.raises(ContractError, match=r"^label: one decides high from score 0.5 on, two decides .* 0.7 on; `out"):
        one_rule([interface("one", 0.5), interface("two", 0.7)], "label")


@pytest.mark.parametrize(
    ("aggregate", "place", "told"),
    [
        ({"by": "weighted"}, ("aggregate", "weights"), "lack plain, candidate"),
        ({"by": "weighted", "weights": {"plain": 1, "mixed": 1}}, ("aggregate", "weights", "mixed"), "none of the"),
        ({"by": "weighted", "weights": {"plain": 0, "candidate": 0}}, ("aggregate", "weights"), "not all be 0"),
        ({"by": "mean", "weights": {"plain": 1}}, ("aggregate", "weights"), "this is mean"),
        ({"by": "vote", "outputs": ["label", "label"]}, ("aggregate", "outputs", 1), "a second time"),
    ],
)
def test_settings_that_do_not_fit_are_refused(aggregate: dict[str, Any], place: tuple[str, ...], told: str) -> None:
    """With their place."""
    with pytest.raises(ValidationError) as refused:
        RouteSettings.model_validate({"ensemble": ["plain", "candidate"], "aggregate": aggregate})
    (error,) = refused.value.errors()
    assert told in error["msg"]
    assert error["loc"][-len(place) :] == place


def test_none_is_no_aggregate() -> None:
    """As a word, and by its name."""
    for none in ("none", {"by": "none"}):
        assert RouteSettings.model_validate({"ensemble": ["plain"], "aggregate": none}).aggregate is None


def test_the_decision_follows_from_the_aggregated_score(client: httpx.Client) -> None:
    """Each aggregate of numbers gives what one model would; the same model twice gives its own answer."""
    plain = predicted(client, "plain")

    assert {row["label"] for row in plain} == {"low", "high"}
    for name in OF_NUMBERS:
        assert predicted(client, name) == plain


def test_a_vote_gives_the_share_that_agrees(client: httpx.Client) -> None:
    """On each door, as outputs of one model."""
    labels = [row["label"] for row in predicted(client, "plain")]
    metadata = client.get("/v2/models/vote").json()
    inputs = [
        {"name": name, "shape": [1], "datatype": "INT64" if name == "count" else "FP64", "data": [value]}
        for name, value in PLAIN.items()
    ]
    asked = {"inputs": inputs, "outputs": [{"name": "label_share"}]}
    answer = client.post("/v2/models/vote/infer", json=asked).json()

    assert predicted(client, "vote") == [{"label": label, "label_share": 1.0} for label in labels]
    assert [output["name"] for output in metadata["outputs"]] == ["label", "label_share"]
    assert json.loads(metadata["outputs"][0]["parameters"]["categories"]) == ["high", "low"]
    assert [(one["name"], one["data"]) for one in answer["outputs"]] == [("label_share", [1.0])]


def test_the_others_count_where_a_member_is_missing(start: Start, backends: dict[str, Any], stored_plain: Path) -> None:
    """The answer is that of those who are there, names who is missing, and needs somebody with a weight."""
    sick = Sick(stored_plain)
    with served(sick.app()) as port:
        members = ["plain", "sick"]
        mean = {"ensemble": members, "aggregate": "mean", "partial": True}
        light = {**mean, "aggregate": {"by": "weighted", "weights": {"plain": 0, "sick": 1}}}
        its = {"url": f"http://127.0.0.1:{port}", "model": "plain"}
        client = start({"mean": mean, "light": light}, backends={**backends, "sick": its})
        (plain,) = predicted(client, "plain", [PLAIN])
        answer = client.post("/v1/predict", json={"instances": [PLAIN]}).json()
        lone = client.post("/v1/models/light:predict", json={"instances": [PLAIN]})
        whole = client.post("/v1/predict", json={"instances": [PLAIN], "partial": False})
        sick.answer = response(probability=1.0)
        both = client.post("/v1/predict", json={"instances": [PLAIN]}).json()

    assert answer["complete"] is False
    assert answer["errors"]["sick"]["reason"] == "backend_fault"
    assert answer["predictions"] == [plain]
    assert list(answer["models"]) == ["plain"]
    assert lone.json()["model"] == whole.json()["model"] == "sick"
    assert (lone.status_code, whole.status_code) == (503, 502)
    assert "weight 0" in lone.json()["detail"]
    assert both["complete"] is True
    assert both["predictions"][0]["probability"] == (1 + plain["probability"]) / 2


def test_a_split_below_leaves_its_way_in_the_books_only(client: httpx.Client) -> None:
    """Its answers count like those of a model, and Server-Timing says which way they went."""
    answer = client.post("/v1/models/above:predict", json={"instances": ROWS})

    assert answer.json()["predictions"] == predicted(client, "plain")
    assert 'rollout;desc="' in answer.headers["server-timing"]
    assert set(answer.json()["models"]) == {"plain", "candidate"}
