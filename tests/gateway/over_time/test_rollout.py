"""While two versions of a model live behind one address, each answer is judged by the contract of its own."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from models import catalog
from tests.conftest import TINY
from tests.gateway.conftest import PLAIN
from tests.gateway.service import Service, service
from tests.models.fitted import ask
from tests.serving import model_app, running_gateway, served, wait_until
from training.run import train

RECORDS = [{**PLAIN, "width": width, "height": 8.4 - width} for width in (1.0, 3.0, 5.0, 7.0, 9.0)]
CALLERS, REQUESTS = 8, 75
DOCUMENTED = {"backend_unreachable", "backend_unavailable", "backend_unknown", "breaker_open"}
"""The reasons of a 503 that a caller may see while pods go and versions change."""


@dataclass
class Rollout:
    """Hold two versions that are served, the Service in front of them, and the settings of a gateway for it."""

    old: Path
    new: Path
    ports: dict[str, int]
    address: Service

    def lead_to(self, *versions: Path) -> None:
        """Let the Service give connections to these versions in turn."""
        self.address.lead_to(*(self.ports[version.name] for version in versions))

    def settings(self, **more: Any) -> dict[str, Any]:
        """Give settings, for eight pods; the gateway asks for the contract once, unless told otherwise."""
        url = f"http://127.0.0.1:{self.address.port}"
        return {"backends": {"plain": {"url": url, "concurrency": 8}}, "default": "plain", "refresh_s": 3600, **more}


@pytest.fixture(scope="module")
def relabelled(tmp_path_factory: pytest.TempPathFactory, stored_plain: Path) -> Iterator[Path]:
    """Store the plain model with other labels, and another name for its probability."""
    models = tmp_path_factory.mktemp("models")
    text = (TINY / "plain.py").read_text()
    for old, new in (('"high"', '"large"'), ('"low"', '"small"'), ('name="probability"', 'name="share"')):
        assert old in text
        text = text.replace(old, new)
    (models / "plain.py").write_text(text)
    yield train(catalog(models)["plain"], allow_breaking=True).report.parent
    assert train(catalog(TINY)["plain"], allow_breaking=True).contract.version == stored_plain.name


@pytest.fixture
def rollout(stored_plain: Path, relabelled: Path) -> Iterator[Rollout]:
    """Serve both versions, behind an address that leads to the old one."""
    with served(model_app(stored_plain)) as old, served(model_app(relabelled)) as new, service(old) as address:
        yield Rollout(stored_plain, relabelled, {stored_plain.name: old, relabelled.name: new}, address)


def tensors(record: dict[str, Any], *outputs: str) -> dict[str, Any]:
    """Give a record as tensors, and name the outputs that are wanted."""
    inputs = [
        {"name": name, "shape": [1], "datatype": "INT64" if name == "count" else "FP64", "data": [value]}
        for name, value in record.items()
    ]
    return {"inputs": inputs, **({"outputs": [{"name": name} for name in outputs]} if outputs else {})}


def read(answer: httpx.Response) -> tuple[str, dict[str, Any]]:
    """Give the version that an answer names, and its prediction."""
    body = answer.json()
    if "models" in body:
        return body["models"]["plain"]["version"], body["predictions"][0]
    return body["model_version"], {tensor["name"]: tensor["data"][0] for tensor in body["outputs"]}


def call(client: httpx.Client, number: int) -> tuple[int, httpx.Response]:
    """Ask for one of the records, on each interface in turn; gives which one."""
    which = number % len(RECORDS)
    record = RECORDS[which]
    if number % 3 == 0:
        return which, client.post("/v1/predict", json={"instances": [record]})
    outputs = ("label",) if number % 3 == 1 else ()
    return which, client.post("/v2/models/plain/infer", json=tensors(record, *outputs))


def test_a_model_whose_labels_change_is_rolled_under_load(rollout: Rollout, tmp_path: Path) -> None:
    """Every answer is what the version that it names says of the record; else it is a 503 with a documented reason."""
    from bentos.artifact import load

    expected = {folder.name: ask(load(folder), *RECORDS) for folder in (rollout.old, rollout.new)}
    answers: list[tuple[int, httpx.Response]] = []

    def caller(client: httpx.Client, first: int) -> None:
        answers.extend(call(client, first + number) for number in range(REQUESTS))

    def versions() -> set[str]:
        return {read(answer)[0] for _, answer in answers if answer.status_code == 200}

    with running_gateway(tmp_path, rollout.settings()) as client, ThreadPoolExecutor(CALLERS) as pool:
        rollout.lead_to(rollout.old, rollout.new)
        callers = [pool.submit(caller, client, first) for first in range(CALLERS)]
        wait_until(lambda: len(answers) > CALLERS * REQUESTS / 2, 40)
        while_both_live = versions()
        rollout.lead_to(rollout.new)
        for one in callers:
            one.result()

    good = [(which, *read(answer)) for which, answer in answers if answer.status_code == 200]
    bad = [answer for _, answer in answers if answer.status_code != 200]
    assert not [answer.text for answer in bad if answer.status_code != 503]
    assert {answer.json()["reason"] for answer in bad if "reason" in answer.json()} <= DOCUMENTED
    assert len(bad) < len(good) / 4
    for which, version, prediction in good:
        wanted = expected[version][which]
        assert prediction == pytest.approx({name: wanted[name] for name in prediction}, abs=1e-9)
    assert while_both_live == set(expected)


def test_the_change_is_told_and_logged_once(rollout: Rollout, tmp_path: Path) -> None:
    """However often the two versions are heard of in turn."""

    def shown(client: httpx.Client, version: Path) -> dict[str, Any]:
        rollout.lead_to(version)
        wait_until(lambda: client.get("/v1/models/plain").json()["version"] == version.name)
        return dict(client.get("/v1/models/plain").json())

    with running_gateway(tmp_path, rollout.settings(refresh_s=0.05)) as client:
        before = shown(client, rollout.old)
        for _ in range(3):
            after, back = shown(client, rollout.new), shown(client, rollout.old)
        both = client.get("/v1/models").json()["models"]
    lines = [json.loads(line) for line in (tmp_path / "gateway.log").read_text().splitlines() if line[0] == "{"]
    told = [line for line in lines if line.get("event") == "a model changed"]

    assert before["changed"] is None
    assert (after["changed"]["from"], after["changed"]["to"]) == (rollout.old.name, rollout.new.name)
    assert (back["changed"]["from"], back["changed"]["to"]) == (rollout.new.name, rollout.old.name)
    assert both[0]["changed"] == back["changed"]
    changes = {change["pointer"]: (change["breaking"], change["detail"]) for change in after["changed"]["changes"]}
    assert changes["/outputs/label/categories"][0] is True
    assert changes["/outputs/probability"] == (True, "is gone")
    assert changes["/outputs/share"] == (False, "is new")
    assert [(line["from"], line["to"]) for line in told] == [
        (rollout.old.name, rollout.new.name),
        (rollout.new.name, rollout.old.name),
    ]
    assert all(line["level"] == "warning" and line["breaking"] for line in told)
    assert told[0]["changes"] == after["changed"]["changes"]


def test_outputs_are_those_of_the_version_that_answers(rollout: Rollout, tmp_path: Path) -> None:
    """Who names none gets them all; who names one that is gone is asked to come again, and then told that it is."""

    def infer(client: httpx.Client, *outputs: str) -> httpx.Response:
        """Ask until the connection is not one that was just ended."""

        def answer() -> httpx.Response | None:
            given = client.post("/v2/models/plain/infer", json=tensors(PLAIN, *outputs))
            return None if "was lost" in given.text else given

        found: httpx.Response = wait_until(answer)
        return found

    with running_gateway(tmp_path, rollout.settings()) as client:
        rollout.lead_to(rollout.new)
        named = infer(client, "probability")
        again = infer(client, "probability")
        rollout.lead_to(rollout.old)
        every = infer(client)

    assert named.status_code == 503
    assert named.json() == {"error": "plain has just changed its outputs: probability is missing"}
    assert named.headers["retry-after"] == "1"
    assert again.status_code == 400
    assert (every.status_code, read(every)[0], set(read(every)[1])) == (
        200,
        rollout.old.name,
        {"label", "probability"},
    )


def test_a_version_that_few_pods_have_is_found(rollout: Rollout, tmp_path: Path) -> None:
    """One pod in eight is new: its first answer is looked up until a connection reaches it again."""
    with running_gateway(tmp_path, rollout.settings()) as client, ThreadPoolExecutor(16) as pool:
        rollout.lead_to(rollout.old, rollout.new, *[rollout.old] * 6)
        answers = list(pool.map(lambda number: call(client, number)[1], range(160)))

    good = [answer for answer in answers if answer.status_code == 200]
    assert {answer.status_code for answer in answers} <= {200, 503}
    assert {read(answer)[0] for answer in good} == {rollout.old.name, rollout.new.name}
    assert len(good) > 0.9 * len(answers)
