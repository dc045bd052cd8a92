"""A switch: each record goes to the first branch whose condition holds."""

from pathlib import Path
from typing import Any

import httpx

from tests.gateway.conftest import PLAIN
from tests.gateway.plans.conftest import Sick
from tests.gateway.test_account import records
from tests.serving import wait_until

ABSTAIN = {"answer": {"label": None, "probability": None}, "as": "abstain"}
SMALL = {"answer": {"label": "low", "probability": 0.0}, "as": "small"}
SURE = "candidate.label = 'high' and candidate.probability > 0.9"
ROUTES = {
    "gate": {
        "switch": {
            "cases": [{"when": "width > 6", "then": "candidate"}, {"when": "count = 0", "then": ABSTAIN}],
            "otherwise": "plain",
        }
    },
    "known": {"switch": {"cases": [{"when": "width > 6", "then": SMALL}], "otherwise": "plain"}},
    "mean": {"ensemble": ["known", "candidate"], "aggregate": "mean"},
    "spare": {"switch": {"cases": [{"when": "width > 6", "then": "candidate"}], "otherwise": "sick"}},
    "sure": {"switch": {"ask": ["candidate"], "cases": [{"when": SURE, "then": "candidate"}], "otherwise": "plain"}},
}
ROWS = [{**PLAIN, "width": 8.0}, {**PLAIN, "count": 0}, PLAIN, {**PLAIN, "width": 7.0, "count": 0}]


def asked(client: httpx.Client, name: str, rows: list[dict[str, Any]]) -> httpx.Response:
    """Ask a public name for rows; its name is the id of the request too."""
    body = {"instances": rows}
    return client.post(f"/v1/models/{name}:predict", json=body, headers={"x-request-id": name})


def test_each_record_goes_to_its_branch(client: httpx.Client, folder: Path) -> None:
    """In order; the answer says who gave each row, and the record of the request how many each gave."""
    answer = asked(client, "gate", ROWS)
    plain = asked(client, "plain", ROWS).json()["predictions"]
    rows = answer.json()["predictions"]

    assert [row["gate"] for row in rows] == ["candidate", "abstain", "plain", "candidate"]
    assert rows[1] == {"gate": "abstain", "label": None, "probability": None}
    assert [row["probability"] for row in rows[2:]] == [row["probability"] for row in plain[2:]]
    assert set(answer.json()["models"]) == {"candidate", "plain"}
    (record,) = wait_until(lambda: records(folder / "gateway.log", "gate"))
    assert record["ways"] == {"gate": {"candidate": 2, "abstain": 1, "plain": 1}}


def test_a_stored_answer_leaves_categories_in_their_order(client: httpx.Client) -> None:
    """So that an aggregate above takes the switch for one that gives what its other members give."""
    listed = client.get("/v1/models/mean").json()
    (categories,) = [one["categories"] for one in listed["outputs"] if one["name"] == "label"]
    answer = asked(client, "mean", ROWS).json()

    assert categories == ["high", "low"]
    assert len(answer["predictions"]) == len(ROWS)


def test_who_is_not_needed_is_not_asked(client: httpx.Client, sick: Sick) -> None:
    """A model that cannot answer costs the records that go to it, and those of the same request."""
    wait_until(lambda: client.get("/v1/models/sick").json()["known"])
    sick.status = 500
    answer = asked(client, "spare", ROWS[:1])
    calls = sick.asked
    failed = asked(client, "spare", ROWS)

    assert list(answer.json()["models"]) == ["candidate"]
    assert calls == 0
    assert (failed.status_code, failed.json()["model"]) == (502, "sick")


def test_conditions_read_what_was_asked_before(client: httpx.Client) -> None:
    """Of the same records; who was asked first and answers as well is asked once."""
    rows = [{**PLAIN, "width": width} for width in (1.0, 5.0, 20.0)]
    answer = asked(client, "sure", rows).json()
    alone = asked(client, "candidate", rows).json()["predictions"]
    last = asked(client, "sure", rows[2:])

    expected = ["candidate" if row["probability"] > 0.9 else "plain" for row in alone]
    assert {*expected} == {"candidate", "plain"}
    assert [row["sure"] for row in answer["predictions"]] == expected
    assert [row["probability"] for row in answer["predictions"]] == [row["probability"] for row in alone]
    assert list(last.json()["models"]) == ["candidate"]
    assert 'sure;desc="candidate"' in last.headers["server-timing"]
