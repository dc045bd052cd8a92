"""From a training script to an answer: the real processes answer as scikit-learn did."""

import json
import re
import signal
import subprocess
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil
import pytest
import skops.io

from contract import Contract, answer, columns_to_records, raw_scores
from models import catalog
from stack.__main__ import EXAMPLE
from tests.conftest import ROOT
from tests.serving import wait_until
from tests.stack.conftest import END_S, Stack, gone, run_stack
from training.dataset import read_dataset, split
from training.run import SEED

NAMES = ("diagnosis", "novelty")


def stored(home: Path, name: str) -> Path:
    """Give the folder of a stored model."""
    (path,) = home.glob(f"models/{name}/*/contract.json")
    return path.parent


def by_scikit_learn(home: Path, name: str, *, held_out: bool) -> tuple[list[Any], list[Any]]:
    """Give records, and what the stored estimator says of them in this process."""
    contract = Contract.from_json((stored(home, name) / "contract.json").read_bytes())
    dataset = read_dataset(catalog(names=[name])[name])
    index = split(dataset, SEED)[1] if held_out else np.arange(dataset.table.rows)
    rows = dataset.rows(index)
    scores = raw_scores(
        contract.task, skops.io.load(stored(home, name) / "estimator.skops"), rows.inputs(contract.reads)
    )
    expected = columns_to_records(answer(contract, scores), contract.outputs)
    return columns_to_records(rows.columns, rows.features), expected


def assert_same(given: list[dict[str, Any]], expected: list[dict[str, Any]]) -> None:
    """Compare labels exactly and numbers within 1e-6."""
    assert len(given) == len(expected)
    for one, other in zip(given, expected, strict=True):
        assert one == {
            key: pytest.approx(value, abs=1e-6, rel=1e-6) if isinstance(value, float) else value
            for key, value in other.items()
        }


@pytest.mark.parametrize("name", NAMES)
def test_held_out_rows_answer_as_scikit_learn_did(client: httpx.Client, stack: Stack, name: str) -> None:
    """Through the gateway, from the model service, out of the store."""
    records, expected = by_scikit_learn(stack.home, name, held_out=True)
    body = client.post(f"/v1/models/{name}:predict", json={"instances": records}).json()

    assert len(records) == 143
    assert_same(body["predictions"], expected)
    assert body["models"] == {name: {"version": stored(stack.home, name).name}}


@pytest.mark.parametrize("count", [1, 2, 100, 569])
def test_the_order_is_kept(client: httpx.Client, stack: Stack, count: int) -> None:
    """Each row has its own answer of both models, in its place."""
    every = {name: by_scikit_learn(stack.home, name, held_out=False) for name in NAMES}
    records = every["diagnosis"][0][-count:]
    predictions = client.post("/v1/predict", json={"instances": records}).json()["predictions"]

    for name in NAMES:
        assert_same([prediction[name] for prediction in predictions], every[name][1][-count:])


def test_the_curl_line_of_the_readme_gives_the_answer_that_it_shows(stack: Stack) -> None:
    """Labels exactly, numbers within 1e-6; id and versions are another's."""
    readme = (ROOT / "README.md").read_text()
    (line,) = re.findall(r"^curl .*record\.json$", readme, re.MULTILINE)
    (shown,) = re.findall(r"^```json\n(\{\"id\".*?)^```", readme, re.MULTILINE | re.DOTALL)
    assert line == EXAMPLE.format(base="http://127.0.0.1:8001")
    ours = line.replace("127.0.0.1:8001", f"127.0.0.1:{stack.ports['GATEWAY_PORT']}")
    given = json.loads(subprocess.run(ours, shell=True, cwd=ROOT, capture_output=True, check=True).stdout)
    expected = json.loads(shown)

    assert list(given) == list(expected)
    assert given["models"].keys() == expected["models"].keys()
    for name in NAMES:
        assert_same([given["predictions"][0][name]], [expected["predictions"][0][name]])
    assert EXAMPLE.format(base=stack.url()) in stack.text


def test_the_runner_shows_how_to_ask_with_tls(stack: Stack) -> None:
    """With the certificate that it made for localhost, the line as it is printed gives an answer."""
    (line,) = re.findall(r"^  (curl .*https://localhost:\d+/v1/predict .*)$", stack.text, re.MULTILINE)
    done = subprocess.run(line, shell=True, cwd=ROOT, capture_output=True, check=True)

    assert json.loads(done.stdout)["models"].keys() == set(NAMES)


def test_the_runner_says_for_whom_it_waits_and_what_is_ready(stack: Stack) -> None:
    """In the terminal of `make serve`."""
    for word in ("gateway is ready", "diagnosis is ready", "novelty is ready", "learned a model"):
        assert word in stack.text


@pytest.mark.parametrize(("name", "variable"), [("diagnosis", "DIAGNOSIS_PORT"), ("novelty", "NOVELTY_PORT")])
def test_a_model_service_answers_by_itself(stack: Stack, name: str, variable: str) -> None:
    """BentoML's own API and page, typed from the contract, and the version."""
    record = json.loads((ROOT / "examples" / "record.json").read_text())
    with httpx.Client(base_url=stack.url(variable)) as client:
        body = client.post("/predict", json=record).json()
        described = client.get("/docs.json").json()
        page = client.get("/")
        wrong = client.post("/predict", json={"instances": [{"mean_radius": "1"}]})
        empty = client.post("/predict", json={"instances": []})
        ready = client.get("/readyz")

    assert (body["model"], body["version"]) == (name, stored(stack.home, name).name)
    assert_same(body["predictions"], [through_gateway(stack, record)[name]])
    assert "/predict" in described["paths"]
    assert "Mean over the nuclei" in json.dumps(described)
    assert (page.status_code, wrong.status_code, empty.status_code, ready.status_code) == (200, 400, 400, 200)


def through_gateway(stack: Stack, record: dict[str, Any]) -> dict[str, Any]:
    """Ask the gateway the same."""
    prediction: dict[str, Any] = httpx.post(f"{stack.url()}/v1/predict", json=record).json()["predictions"][0]
    return prediction


def test_a_killed_model_service_ends_the_stack(shipped: Path, tmp_path: Path) -> None:
    """All end, the dead one is named with its last lines, and the exit code is not 0."""
    stack = run_stack(shipped, tmp_path)
    members = psutil.Process(stack.process.pid).children(recursive=True)
    parent = next(one for one in members if "bentoml" in " ".join(one.cmdline()) and "model=novelty" in one.cmdline())
    parent.send_signal(signal.SIGKILL)

    assert stack.process.wait(END_S) == 1
    assert "error: novelty killed by SIGKILL; its last lines were:" in stack.text
    assert "Service novelty initialized" in stack.text.split("its last lines were:")[1]
    wait_until(lambda: gone(members))


def test_the_stack_ends_and_leaves_nothing(shipped: Path, tmp_path: Path) -> None:
    """Ctrl-C."""
    stack = run_stack(shipped, tmp_path)
    members = psutil.Process(stack.process.pid).children(recursive=True)
    stack.process.send_signal(signal.SIGINT)

    assert stack.process.wait(END_S) == 0
    assert len(members) >= 5
    assert gone(members)


def test_a_damaged_model_is_shown(shipped: Path, tmp_path: Path) -> None:
    """`make serve` ends and shows the row, the output and both values."""
    import shutil

    shutil.copytree(shipped / "models", tmp_path / "models")
    path = stored(tmp_path, "diagnosis") / "golden.json"
    path.write_text(path.read_text().replace('"probability": 0.', '"probability": 1.', 1))
    with pytest.raises(AssertionError, match=r"diagnosis ended with code 1") as caught:
        run_stack(tmp_path, tmp_path)

    assert "row 0, output probability: expected 1." in str(caught.value)
