"""What a split tells of its sides, on the admin side and in the metrics."""

import json
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from gateway.sides import SidesReport
from gateway.sides.moments import Measure
from tests.gateway.conftest import PLAIN
from tests.gateway.plans.conftest import Sick, Start
from tests.serving import wait_until

WEIGHTS = {"plain": 1, "candidate": 1}


def report(client: httpx.Client, name: str = "rollout") -> Any:
    """Read the report of a route."""
    return httpx.get(f"{client.headers['x-admin']}/plans/{name}").json()


def ask(client: httpx.Client, rows: int = 1, patient: str = "x") -> httpx.Response:
    """Ask for some rows."""
    return client.post("/v1/predict", json={"instances": [PLAIN] * rows}, headers={"x-patient": patient})


def test_moments_are_those_of_requests() -> None:
    """The means of their rows, which may be alike; what is missing has a cell of its own."""
    measure = Measure([0.5])
    measure.count([0.25, 0.75, 0.75, float("nan")], [1, 3])
    moments = measure.moments.about(0.0)

    assert moments.requests == 2
    assert moments.mean == pytest.approx(0.375)
    means, squares, cubes, of_rows = np.array(moments.sums).tolist()
    assert means == pytest.approx([0.25 + 0.5, 1, 2 / 3, 1 / 3])
    assert squares == pytest.approx([0.25**2 + 0.5**2, 1, 4 / 9, 1 / 9])
    assert cubes == pytest.approx([0.25**3 + 0.5**3, 1, 8 / 27, 1 / 27])
    assert of_rows == pytest.approx([0.25**2 + 2 * 0.75**2 / 3, 1, 2 / 3, 1 / 3])
    assert moments.plus(moments, -1).requests == 0
    measure.count([1e300, -1e300, 1e300], [3])
    assert np.isfinite(measure.sums).all()


def test_a_report_has_each_side_and_outlives_a_change(start: Start, tmp_path: Path) -> None:
    """Requests, rows, times and outputs by version; with other weights it goes on."""
    client = start({"rollout": {"split": {"weights": WEIGHTS, "by": "header x-patient"}}})
    sides = [ask(client, rows=2, patient=str(patient)).json()["predictions"][0]["rollout"] for patient in range(30)]
    before = report(client)
    (version,) = before["sides"]["candidate"]
    counts = before["sides"]["candidate"][version]
    file = tmp_path / "gateway.yaml"
    settings = json.loads(file.read_text())
    settings["routes"]["rollout"]["split"]["weights"] = {"plain": 0, "candidate": 1}
    file.write_text(json.dumps(settings))
    wait_until(lambda: report(client)["weights"]["plain"] == 0)
    ask(client)
    after = report(client)

    asked = sides.count("candidate")
    assert (counts["requests"], counts["rows"], counts["failed"]) == (asked, 2 * asked, 0)
    assert counts["outputs"]["probability"]["requests"] == asked
    assert counts["latency"]["requests"] == asked
    assert set(counts["outputs"]) == {"label", "probability"}
    assert after["process"] == before["process"]
    assert after["sides"]["candidate"][version]["requests"] == asked + 1
    metrics = httpx.get(f"{client.headers['x-admin']}/metrics").text
    assert f'bentogate_split_requests_total{{route="rollout",side="candidate"}} {asked + 1}.0' in metrics
    assert report(client, "plain")["kind"] == "model"
    assert "sides" not in report(client, "plain")


@pytest.mark.parametrize("by", ["request", "feature width"])
def test_a_failure_is_of_the_side_that_failed(start: Start, sick: Sick, by: str) -> None:
    """By its reason; what a caller did wrong is in no report."""
    sick.every = 1
    routes = {"rollout": {"split": {"weights": {"plain": 1, "sick": 1}, "by": by}}}
    client = start(routes)
    rows = [{**PLAIN, "width": width / 3} for width in range(20)]
    statuses = [client.post("/v1/predict", json={"instances": rows}).status_code for _ in range(20)]
    assert client.post("/v1/predict", json={"instances": [{}]}).status_code == 422
    sides = report(client)["sides"]

    (failing,) = sides["sick"].values()
    assert failing["requests"] == failing["failed"] == sum(status >= 500 for status in statuses) > 0
    assert sum(failing["failures"].values()) == failing["failed"]
    assert all(one["failed"] == 0 for one in sides.get("plain", {}).values())


def test_an_answer_that_never_came_is_a_failure_of_its_side(start: Start, sick: Sick) -> None:
    """By the deadline of the request."""
    split = {"split": {"weights": {"plain": 0, "sick": 1}}, "timeout_s": 0.3}
    client = start({"rollout": split})
    sick.status = 0
    statuses = [ask(client).status_code for _ in range(3)]
    (counts,) = report(client)["sides"]["sick"].values()

    assert statuses == [504] * 3
    assert counts["failures"] == {"deadline_exceeded": 3}


def test_a_side_is_one_version_whichever_of_its_models_a_request_needs(start: Start, sick: Sick) -> None:
    """Of a switch, a fallback and a partial answer: else a canary would take the next request for another version."""
    stored = {"answer": {"label": None, "probability": 0.5}}
    above: dict[str, Any] = {
        "gate": {"switch": {"cases": [{"when": "width > 4", "then": "plain"}], "otherwise": stored}},
        "safe": {"fallback": {"to": ["sick", "plain"]}},
        "lacking": {"ensemble": ["sick", "plain"], "aggregate": "mean", "partial": True},
    }
    splits = {f"of{name}": {"split": {"weights": {name: 1, "candidate": 0}}} for name in above}
    client = start({**splits, **above})
    wait_until(lambda: client.get("/v1/models/sick").json()["known"])
    sick.every = 2
    for split in splits:
        for width in (1, 9) * 3:
            answer = client.post(f"/v1/models/{split}:predict", json={"instances": [{**PLAIN, "width": width}]})
            assert answer.status_code == 200

    for name, split in zip(above, splits, strict=True):
        (counts,) = report(client, split)["sides"][name].values()
        assert counts["requests"] == 6


def test_a_failure_is_of_the_version_that_answered_last() -> None:
    """Also where that was there before another, which is gone again."""
    counted = SidesReport()
    for version in ("1", "2", "1"):
        counted.answered("side", version, 1).requests += 1
    counted.failed(["side"], "internal")
    sides = counted.document()["sides"]["side"]

    assert {version: its["failed"] for version, its in sides.items()} == {"1": 1, "2": 0}
