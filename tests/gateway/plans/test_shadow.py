"""A shadow: callers get what `of` answers, and what the candidate has wrong is named."""

import json
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import numpy as np
import pytest

from benchmarks.ports import free_ports
from gateway.plans.keys import position
from gateway.shadows.watch import MOST_REQUESTS
from tests.gateway.conftest import PLAIN
from tests.gateway.plans.candidates import FAULTS, IDENTICAL, TRUE, Candidates, labels, model, settings_of
from tests.gateway.test_account import records
from tests.gateway.test_joining import Gated, metric
from tests.gateway.test_v2 import inputs
from tests.serving import model_app, running_gateway, served, wait_until

REQUESTS, ROWS = 100, 10


class Watched(NamedTuple):
    """A gateway in front of all candidates, each in the shadow of the true model under its own name."""

    client: httpx.Client
    log: Path
    gated: Gated

    def ask(self, name: str, rows: list[dict[str, Any]], request_id: str) -> httpx.Response:
        """Ask a shadow."""
        return self.client.post(
            f"/v1/models/shadowof{name}:predict", json={"instances": rows}, headers={"x-request-id": request_id}
        )

    def report(self, name: str) -> dict[str, Any]:
        """Read the report."""
        report: dict[str, Any] = httpx.get(f"{self.client.headers['x-admin']}/plans/shadowof{name}").json()
        return report

    def metrics(self) -> str:
        """Read the metrics."""
        return httpx.get(f"{self.client.headers['x-admin']}/metrics").text


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory, stored_plain: Path, stored_mixed: Path) -> Iterator[Watched]:
    """Run them."""
    folder = tmp_path_factory.mktemp("shadow")
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.0005)  # the stub is a thread beside the caller: it would wait 5 ms for each of its turns
    gated = Gated(model_app(stored_plain))
    with (
        served(Candidates(stored_plain).app()) as port,
        served(model_app(stored_mixed)) as mixed,
        served(gated) as held,
    ):
        backends = settings_of(port)
        routes: dict[str, Any] = {
            f"shadowof{name}": {"shadow": {"of": TRUE, "candidate": name}} for name in backends if name != TRUE
        }
        routes |= {
            "shadowofsome": {"shadow": {"of": "true", "candidate": "same", "sample": 0.3}},
            "shadowofmixed": {"shadow": {"of": "true", "candidate": "mixed"}},
            "shadowofnobody": {"shadow": {"of": "true", "candidate": "nobody"}},
            "shadowofmany": {"shadow": {"of": "partly", "candidate": "both"}},
            "shadowofitself": {"shadow": {"of": "gated", "candidate": "again"}},
            "shadowoflarge": {"shadow": {"of": "true", "candidate": "same"}},
            "again": {"split": {"weights": {"gated": 1}}},
            "both": {"ensemble": ["true", "sign"]},
            "partly": {"ensemble": ["true", "same"], "partial": True},
            "shadowofsafe": {"shadow": {"of": "safe", "candidate": "same"}},
            "safe": {"fallback": {"to": ["true", {"answer": {"label": "low"}}]}},
        }
        backends["mixed"] = {"url": f"http://127.0.0.1:{mixed}"}
        backends["gated"] = {"url": f"http://127.0.0.1:{held}", "model": "plain"}
        backends["nobody"] = {"url": f"http://127.0.0.1:{free_ports(1)[0]}", "model": "plain"}
        settings = {
            "backends": backends,
            "routes": routes,
            "default": "shadowofsame",
            "ready_after_s": 0,
            "prediction_log": {"folder": str(folder / "log")},
        }
        with running_gateway(folder, settings) as client:
            yield Watched(client, folder / "gateway.log", gated)
            gated.opened.set()
    sys.setswitchinterval(before)


def rows_of(seed: int) -> list[dict[str, Any]]:
    """Draw records as the model was trained on."""
    random = np.random.default_rng(seed)
    width, height, count = random.normal(5, 2, ROWS).clip(0), random.normal(3, 1, ROWS), random.integers(0, 9, ROWS)
    columns = {"width": width.tolist(), "height": height.tolist(), "count": count.tolist()}
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def expected(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give what the true model answers."""
    columns = {name: np.array([row[name] for row in rows], float) for name in PLAIN}
    probability = model(columns)["probability"]
    return [
        {"label": label, "probability": value}
        for label, value in zip(labels(probability), probability.tolist(), strict=True)
    ]


def ask_all(watched: Watched, name: str) -> None:
    """Ask a shadow many times, and check each answer."""
    for seed in range(REQUESTS):
        rows = rows_of(seed)
        answer = watched.ask(name, rows, f"{name}{seed}")
        assert answer.status_code == 200
        assert list(answer.json()["models"]) == ["true"]
        for given, true in zip(answer.json()["predictions"], expected(rows), strict=True):
            assert given["label"] == true["label"]
            assert given["probability"] == pytest.approx(true["probability"], abs=1e-12)


def whole_report(watched: Watched, name: str) -> dict[str, Any]:
    """Read a report once the candidate has answered all that it was asked."""
    wait_until(lambda: not watched.report(name)["under_way"]["requests"])
    return watched.report(name)


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_named_and_no_caller_sees_it(watched: Watched, name: str) -> None:
    """Each of 21: every answer is that of the true model, and the report has the right word."""
    ask_all(watched, name)

    assert wait_until(lambda: FAULTS[name][1] & {problem["what"] for problem in watched.report(name)["problems"]})


@pytest.mark.parametrize("name", IDENTICAL)
def test_an_identical_candidate_has_no_problems(watched: Watched, name: str) -> None:
    """Also where its numbers differ by half a millionth, as another library's do."""
    ask_all(watched, name)
    report = whole_report(watched, name)
    (comparison,) = report["comparisons"]

    assert report["problems"] == []
    assert comparison["rows"] == REQUESTS * ROWS
    assert comparison["failures"] == {}
    assert comparison["versions"]["of"].keys() == {"true"}
    assert comparison["versions"]["candidate"].keys() == {name}
    assert comparison["outputs"]["label"]["agreement"] == pytest.approx(1, abs=0.002)


def failed(watched: Watched, name: str) -> dict[str, Any] | None:
    """Read a report once it has failures."""
    report = watched.report(name)
    return report if report["failures"] else None


def listed(client: httpx.Client, name: str, wanted: bool) -> bool:
    """Say whether a name is served, or not, as wanted."""
    return (client.get(f"/v1/models/{name}").status_code == 200) is wanted


def test_what_a_candidate_does_is_in_no_record_of_a_request(watched: Watched) -> None:
    """Not in the answer on either path, nor in the access record."""
    watched.ask("sign", [PLAIN], "unseen")
    answer = watched.client.post("/v2/models/shadowofsign/infer", json=inputs(PLAIN)).json()
    alone = watched.client.post("/v2/models/true/infer", json=inputs(PLAIN)).json()
    (record,) = wait_until(lambda: records(watched.log, "unseen"))

    assert {**answer, "model_name": "true"} == alone
    assert record["versions"].keys() == record["calls"].keys() == {"true"}
    assert "ways" not in record
    assert "missing" not in record
    assert "sign" not in json.dumps(record).replace("shadowofsign", "")


def test_nobody_waits_for_a_candidate_that_hangs(watched: Watched) -> None:
    """All answers are there while it has answered none; of more requests than may be under way the rest is dropped."""
    for number in range(80):
        assert watched.ask("hangs", [PLAIN], f"hanging{number}").status_code == 200
    report = watched.report("hangs")

    assert 0 < report["under_way"]["requests"] <= MOST_REQUESTS
    assert not any(one["requests"] for one in report["comparisons"])
    assert report["dropped"] > 0
    assert f'bentogate_shadow_dropped_total{{route="shadowofhangs"}} {report["dropped"]}.0' in watched.metrics()


def test_a_candidate_that_does_not_fit_is_told_and_not_asked(watched: Watched) -> None:
    """In the list of models and in the report; callers have their answers."""
    for name, told, reason in (
        ("mixed", "the candidate reads income, which callers do not give", "contract"),
        ("nobody", "nobody", "backend_unknown"),
    ):
        assert watched.ask(name, [PLAIN], f"unfit{name}").status_code == 200
        described = watched.client.get(f"/v1/models/shadowof{name}").json()
        report = wait_until(partial(failed, watched, name))

        assert described["known"]
        assert told in described["refused"]
        assert report["failures"] == {reason: 1}
        assert [problem["what"] for problem in report["problems"]] == ["refused"]
        assert report["comparisons"] == []


def test_a_backend_that_both_ask_is_for_callers_first(watched: Watched) -> None:
    """While any of their rows wait there the candidate is left out."""
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(watched.ask, "itself", [PLAIN], "first")
        wait_until(lambda: watched.gated.now)
        second = pool.submit(watched.ask, "itself", [PLAIN], "second")
        wait_until(lambda: metric(watched.client, "bentogate_queued_rows", "gated"))
        watched.gated.opened.set()
        assert first.result().status_code == second.result().status_code == 200
    report = whole_report(watched, "itself")
    (comparison,) = report["comparisons"]

    assert (report["dropped"], comparison["requests"]) == (1, 1)


def test_of_a_large_request_the_first_rows_are_compared(watched: Watched) -> None:
    """A thousand, in their order; the caller has all."""
    rows = rows_of(1) * 150
    answer = watched.ask("large", rows, "large").json()
    report = whole_report(watched, "large")
    (comparison,) = report["comparisons"]

    assert [row["label"] for row in answer["predictions"]] == [row["label"] for row in expected(rows)]
    assert comparison["rows"] == 1000
    assert comparison["outputs"]["label"]["agreement"] == 1


def test_a_sample_is_the_same_on_every_replica(watched: Watched) -> None:
    """The id of a request decides; about as many as the settings say."""
    ids = [f"sampled{number}" for number in range(100)]
    for request_id in ids:
        watched.ask("some", [PLAIN], request_id)
    wanted = sum(position("shadowofsome", request_id) < 0.3 for request_id in ids)

    assert wait_until(lambda: [one["rows"] for one in watched.report("some")["comparisons"]]) == [wanted]
    assert f'bentogate_shadow_rows_total{{route="shadowofsome"}} {wanted}.0' in watched.metrics()


def test_plans_above_models_are_compared_by_what_both_give(watched: Watched) -> None:
    """An ensemble of one kind with one of another; terms and models are those of the one whose answers callers get."""
    described = watched.client.get("/v1/models/shadowofmany").json()
    for seed in range(REQUESTS):
        answer = watched.ask("many", rows_of(seed), f"many{seed}").json()
        assert answer["complete"]
        assert list(answer["predictions"][0]) == ["true", "same"]
    report = whole_report(watched, "many")
    (comparison,) = report["comparisons"]

    assert "shadowofmany" in watched.client.get("/openapi.json").text
    assert set(described["versions"]) == {"true", "same"}
    assert described["members"] == ["partly", "both"]
    assert set(comparison["outputs"]) == {"true.label", "true.probability"}
    assert {problem["text"] for problem in report["problems"]} >= {"the candidate does not give same.label"}


def test_who_answered_is_nothing_that_a_candidate_lacks(watched: Watched) -> None:
    """The output by which a fallback says that it was the first: a plain model beside it has no problem."""
    ask_all(watched, "safe")
    report = whole_report(watched, "safe")
    (comparison,) = report["comparisons"]

    assert set(comparison["outputs"]) == {"label", "probability"}
    assert [problem for problem in report["problems"] if problem["what"] == "contract"] == []


def test_the_worst_rows_are_named_with_both_answers(watched: Watched) -> None:
    """Five, with request, instance and what both said, but not the record."""
    ask_all(watched, "clipped")
    (comparison,) = whole_report(watched, "clipped")["comparisons"]
    worst = comparison["worst"]

    assert len(worst) == 5
    assert [one["difference"] for one in worst] == sorted([one["difference"] for one in worst], reverse=True)
    for one in worst:
        assert one.keys() == {"difference", "id", "instance", "was", "now"}
        true = expected(rows_of(int(one["id"].removeprefix("clipped"))))[one["instance"]]
        assert one["was"] == pytest.approx(true)
        assert one["now"]["probability"] in (0.2, 0.8)


def test_a_change_of_the_settings_forgets_nothing(tmp_path: Path, stored_plain: Path) -> None:
    """What was compared stays when a route is added; nothing is left of a shadow that is none any more."""
    with served(Candidates(stored_plain).app()) as port:
        backends = {name: one for name, one in settings_of(port).items() if name in ("true", "same")}
        routes: dict[str, Any] = {"shadowofsame": {"shadow": {"of": "true", "candidate": "same"}}}
        settings: dict[str, Any] = {"backends": backends, "routes": routes, "default": "true"}
        with running_gateway(tmp_path, settings) as client:
            watched = Watched(client, tmp_path / "gateway.log", Gated(model_app(stored_plain)))
            file = tmp_path / "gateway.yaml"
            watched.ask("same", [PLAIN], "before")
            for change in ({"more": {"shadow": {"of": "same", "candidate": "true"}}}, {}):
                written = json.loads(file.read_text())
                file.write_text(json.dumps({**written, "routes": {**routes, **change}}))
                wait_until(partial(listed, client, "more", bool(change)))
            watched.ask("same", [PLAIN], "after")

            assert wait_until(lambda: watched.report("same")["comparisons"][0]["rows"] == 2)
            assert 'bentogate_shadow_rows_total{route="shadowofsame"} 2.0' in watched.metrics()
            wait_until(lambda: 'route="more"' not in watched.metrics())
