"""A switch: each record goes to the first branch whose condition holds."""

from pathlib import Path

from tests.gateway.conftest import PLAIN
from tests.gateway.plans.conftest import Sick, Start
from tests.gateway.test_account import records
from tests.serving import wait_until

ABSTAIN = {"answer": {"label": None, "probability": None}, "as": "abstain"}
ROUTE = {
    "switch": {
        "cases": [{"when": "width > 6", "then": "candidate"}, {"when": "count = 0", "then": ABSTAIN}],
        "otherwise": "plain",
    }
}
ROWS = [{**PLAIN, "width": 8.0}, {**PLAIN, "count": 0}, PLAIN, {**PLAIN, "width": 7.0, "count": 0}]


def test_each_record_goes_to_its_branch(start: Start, tmp_path: Path) -> None:
    """In order; the answer says who gave each row, and the record of the request how many each gave."""
    client = start({"gate": ROUTE})
    answer = client.post("/v1/predict", json={"instances": ROWS}, headers={"x-request-id": "gate"})
    plain = client.post("/v1/models/plain:predict", json={"instances": ROWS}).json()["predictions"]
    rows = answer.json()["predictions"]

    assert [row["gate"] for row in rows] == ["candidate", "abstain", "plain", "candidate"]
    assert rows[1] == {"gate": "abstain", "label": None, "probability": None}
    assert [row["probability"] for row in rows[2:]] == [row["probability"] for row in plain[2:]]
    assert set(answer.json()["models"]) == {"candidate", "plain"}
    (record,) = wait_until(lambda: records(tmp_path / "gateway.log", "gate"))
    assert record["ways"] == {"gate": {"candidate": 2, "abstain": 1, "plain": 1}}


def test_a_stored_answer_leaves_categories_in_their_order(start: Start) -> None:
    """So that an aggregate above takes the switch for one that gives what its other members give."""
    stored = {"answer": {"label": "low", "probability": 0.0}, "as": "small"}
    gate = {"switch": {"cases": [{"when": "width > 6", "then": stored}], "otherwise": "plain"}}
    client = start({"mean": {"ensemble": ["gate", "candidate"], "aggregate": "mean"}, "gate": gate})
    listed = client.get("/v1/models/mean").json()
    (categories,) = [one["categories"] for one in listed["outputs"] if one["name"] == "label"]
    answer = client.post("/v1/predict", json={"instances": ROWS}).json()

    assert categories == ["high", "low"]
    assert len(answer["predictions"]) == len(ROWS)


def test_who_is_not_needed_is_not_asked(start: Start, sick: Sick) -> None:
    """A model that cannot answer costs the records that go to it, and those of the same request."""
    sick.status = 500
    case = {"when": "width > 6", "then": "candidate"}
    client = start({"gate": {"switch": {"cases": [case], "otherwise": "sick"}}})
    answer = client.post("/v1/predict", json={"instances": ROWS[:1]})
    asked = sick.asked
    failed = client.post("/v1/predict", json={"instances": ROWS})

    assert list(answer.json()["models"]) == ["candidate"]
    assert asked == 0
    assert (failed.status_code, failed.json()["model"]) == (502, "sick")


def test_conditions_read_what_was_asked_before(start: Start) -> None:
    """Of the same records; who was asked first and answers as well is asked once."""
    cases = [{"when": "candidate.label = 'high' and candidate.probability > 0.9", "then": "candidate"}]
    client = start({"gate": {"switch": {"ask": ["candidate"], "cases": cases, "otherwise": "plain"}}})
    rows = [{**PLAIN, "width": width} for width in (1.0, 5.0, 20.0)]
    answer = client.post("/v1/predict", json={"instances": rows}).json()
    alone = client.post("/v1/models/candidate:predict", json={"instances": rows}).json()["predictions"]
    last = client.post("/v1/predict", json={"instances": rows[2:]})

    expected = ["candidate" if row["probability"] > 0.9 else "plain" for row in alone]
    assert {*expected} == {"candidate", "plain"}
    assert [row["gate"] for row in answer["predictions"]] == expected
    assert [row["probability"] for row in answer["predictions"]] == [row["probability"] for row in alone]
    assert list(last.json()["models"]) == ["candidate"]
    assert 'gate;desc="candidate"' in last.headers["server-timing"]
