"""A fallback: who cannot answer is replaced by the next."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from benchmarks.ports import free_ports
from tests.gateway.conftest import PLAIN
from tests.gateway.plans.conftest import Sick, Start
from tests.gateway.test_account import records
from tests.gateway.test_v2 import inputs
from tests.serving import model_app, served, wait_until

STORED = {"answer": {"label": "low", "probability": 0}, "as": "stored"}
ROUTE = {"fallback": {"to": ["sick", "plain"]}}
JSON = {"content-type": "application/json"}
BODY = {"instances": [PLAIN]}


def test_the_first_answers_as_long_as_it_can(start: Start, sick: Sick, tmp_path: Path) -> None:
    """Then the next does; the answer and the record of the request say who it was."""
    client = start({"safe": ROUTE})
    first = client.post("/v1/predict", json=BODY).json()
    sick.status = 500
    then = client.post("/v1/predict", json=BODY, headers={"x-request-id": "safe"})

    assert (first["predictions"][0]["safe"], list(first["models"])) == ("sick", ["sick"])
    assert then.status_code == 200
    assert (then.json()["predictions"][0]["safe"], list(then.json()["models"])) == ("plain", ["plain"])
    assert 'safe;desc="plain"' in then.headers["server-timing"]
    (record,) = wait_until(lambda: records(tmp_path / "gateway.log", "safe"))
    assert record["ways"] == {"safe": {"plain": 1}}


@pytest.mark.parametrize("within", [{"within_s": 0.3}, {}])
def test_who_is_late_is_left(start: Start, sick: Sick, within: dict[str, float]) -> None:
    """Without a time of its own after its part of the deadline; nobody works for an answer that nobody waits for."""
    sick.status = 0
    client = start({"safe": {"fallback": {"to": ["sick", "plain"], **within}, "timeout_s": 2}})
    answer = client.post("/v1/predict", json=BODY)

    assert (answer.status_code, answer.json()["predictions"][0]["safe"]) == (200, "plain")
    assert wait_until(lambda: sick.left)


def test_a_stored_answer_is_there_when_nobody_else_is(start: Start, sick: Sick) -> None:
    """In time, marked as such on each door, and without a model."""
    sick.status = 0
    client = start({"safe": {"fallback": {"to": ["sick", STORED]}, "timeout_s": 0.5}})
    answer = client.post("/v1/predict", json=BODY)
    inputs = [
        {"name": name, "shape": [1], "datatype": "INT64" if name == "count" else "FP64", "data": [value]}
        for name, value in PLAIN.items()
    ]
    tensors = client.post("/v2/models/safe/infer", json={"inputs": inputs}).json()
    listed = client.get("/v1/models/safe").json()

    assert answer.json() == {
        "id": answer.json()["id"],
        "predictions": [{"safe": "stored", "label": "low", "probability": 0.0}],
        "models": {},
    }
    assert {one["name"]: one["data"] for one in tensors["outputs"]} == {
        "safe": ["stored"],
        "label": ["low"],
        "probability": [0.0],
    }
    assert (listed["kind"], listed["members"], listed["ready"]) == ("fallback", ["sick", "stored"], True)


def test_what_the_caller_did_wrong_is_told(start: Start, sick: Sick) -> None:
    """Nobody is asked for it, and a record that a model refuses is not tried on the next."""
    client = start({"safe": {"fallback": {"to": ["sick", STORED]}}})
    wrong = client.post("/v1/predict", json={"instances": [{**PLAIN, "width": -1}]})

    assert wrong.status_code == 422
    assert sick.asked == 0


def test_where_all_fail_the_first_failure_is_told(start: Start, sick: Sick, backends: dict[str, Any]) -> None:
    """With the name of its model."""
    (nobody,) = free_ports(1)
    sick.status = 500
    dead = {**backends, "dead": {"url": f"http://127.0.0.1:{nobody}"}}
    client = start({"safe": {"fallback": {"to": ["sick", "dead"]}}}, backends=dead, ready_after_s=0)
    problem = client.post("/v1/predict", json=BODY).json()

    assert (problem["status"], problem["reason"], problem["model"]) == (502, "backend_fault", "sick")


def test_a_model_that_was_never_there_keeps_nobody_from_answering(start: Start, backends: dict[str, Any]) -> None:
    """Records are read by the contracts of those that are known."""
    (nobody,) = free_ports(1)
    dead = {**backends, "dead": {"url": f"http://127.0.0.1:{nobody}"}}
    client = start({"safe": {"fallback": {"to": ["dead", "plain"]}}}, backends=dead, ready_after_s=0)
    wait_until(lambda: client.get("/v1/models/plain").json()["known"])
    answer = client.post("/v1/predict", json=BODY)
    listed = client.get("/v1/models/safe").json()

    assert answer.json()["predictions"][0]["safe"] == "plain"
    assert (listed["known"], listed["ready"]) == (True, True)
    assert set(listed["versions"]) == {"plain"}


def test_what_a_full_queue_refuses_goes_on_at_once(start: Start, sick: Sick, backends: dict[str, Any]) -> None:
    """While others wait in it; the model gets no more calls for it than it has places."""
    sick.status = 0
    narrow = {**backends, "sick": {**backends["sick"], "max_queued_rows": 1}}
    route = {"fallback": {"to": ["sick", "plain"], "within_s": 4}, "timeout_s": 20}
    client = start({"safe": route}, backends=narrow)
    with ThreadPoolExecutor(6) as pool:
        tasks = [pool.submit(client.post, "/v1/predict", json=BODY, timeout=30) for _ in range(6)]
        wait_until(lambda: sum(task.done() for task in tasks) >= 3)
        asked, waiting = sick.asked, sum(not task.done() for task in tasks)
        answers = [task.result() for task in tasks]

    assert asked == 1
    assert waiting > 0
    assert [(one.status_code, one.json()["predictions"][0]["safe"]) for one in answers] == [(200, "plain")] * 6


def test_what_only_an_unknown_model_reads_is_no_fault(
    start: Start, backends: dict[str, Any], stored_plain: Path
) -> None:
    """On each door and above, until it has told its contract; what the others read is checked as always."""
    (port,) = free_ports(1)
    first = {"first": {"url": f"http://127.0.0.1:{port}", "model": "plain"}}
    routes = {"safe": {"fallback": {"to": ["first", "plain"]}}, "above": {"ensemble": ["safe", "candidate"]}}
    client = start(routes, backends={**backends, **first}, ready_after_s=0, refresh_s=1)
    more = {"instances": [{**PLAIN, "price": 4.0, "colours": ["red"]}]}
    tensors = inputs(PLAIN)
    tensors["inputs"].insert(0, {"name": "price", "shape": [1], "datatype": "FP64", "data": [4.0]})
    wait_until(lambda: client.post("/v1/models/above:predict", json=BODY).status_code == 200)
    wrong = client.post("/v1/predict", json={"instances": [{**more["instances"][0], "width": -1}]})
    bad = json.loads(json.dumps(tensors).replace("[5.0]", "[-1.0]"))
    twice = client.post("/v1/predict", content=json.dumps(more).replace("colours", "price"), headers=JSON)

    assert client.post("/v1/predict", json=more).json()["predictions"][0]["safe"] == "plain"
    assert client.post("/v1/models/above:predict", json=more).status_code == 200
    assert client.post("/v2/models/safe/infer", json=tensors).status_code == 200
    assert client.post("/v1/models/plain:predict", json=more).status_code == 422
    assert [one["pointer"] for one in wrong.json()["errors"]] == ["/instances/0/width"]
    assert client.post("/v2/models/safe/infer", json=bad).json()["error"].startswith("/inputs/1/data/0: ")
    assert (twice.status_code, "twice" in twice.json()["detail"]) == (400, True)
    with served(model_app(stored_plain), port):
        wait_until(lambda: client.post("/v1/predict", json=more).status_code == 422)
        assert client.post("/v2/models/safe/infer", json=tensors).status_code == 400
