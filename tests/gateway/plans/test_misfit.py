"""Routes by which no record could be answered."""

from typing import Any

import httpx
import pytest

from tests.gateway.conftest import MIXED, PLAIN


def switch(when: str, then: Any = "plain") -> dict[str, Any]:
    """Give a switch of one case."""
    return {"switch": {"cases": [{"when": when, "then": then}], "otherwise": "plain"}}


def aggregate(by: Any, *members: str) -> dict[str, Any]:
    """Give an ensemble with an aggregate."""
    return {"ensemble": members, "aggregate": by}


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "categories": (aggregate("mean", "plain", "mixed"), "label: its categories are"),
    "numbers": (aggregate("vote", "plain", "candidate"), "probability: vote cannot be taken of a number"),
    "booleans": (aggregate("any", "plain", "candidate"), "label: any cannot be taken of a category"),
    "absent": (aggregate({"by": "max", "outputs": ["score"]}, "plain"), "score: plain has no such output"),
    "undecided": (aggregate({"by": "mean", "outputs": ["label"]}, "plain"), "follows from probability, which"),
    "nested": (aggregate("mean", "both"), "plain.label: it is below a name"),
    "unknown": (switch("weight > 1"), "weight: there is none of this name"),
    "type": (switch("width = 'x'"), "width = 'x': compares a number with a category"),
    "always": (switch("width >= 0"), "width >= 0: is the same for all that the contract allows"),
    "nobody": (switch("width > 1", {"answer": {"other": None}}), "other: is null in the stored answer stored"),
    "value": (switch("width > 1", {"answer": {"label": 1}}), "label: is category, and in the stored answer"),
    "text": (
        {"fallback": {"to": ["plain", {"answer": {"probability": "low"}}]}},
        "probability: is number, and in the stored",
    ),
    "idle": ({"sequence": ["plain", "mixed"]}, "plain: no later step of idle reads anything that it gives"),
}
ROUTES = {"both": {"ensemble": ["plain", "mixed"]}, **{name: route for name, (route, _) in WRONG.items()}}


@pytest.mark.parametrize("name", WRONG)
def test_what_does_not_fit_is_told(client: httpx.Client, name: str) -> None:
    """Output or condition and reason, by the list and as a fault of the gateway's side to who asks."""
    entry = client.get(f"/v1/models/{name}").json()
    answer = client.post(f"/v1/models/{name}:predict", json={"instances": [{**PLAIN, **MIXED}]})
    _, told = WRONG[name]

    assert not entry["known"]
    assert told in entry["reason"]
    assert (answer.status_code, answer.json()["reason"]) == (502, "plan_mismatch")
    assert told in answer.json()["detail"]
