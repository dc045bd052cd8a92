"""A built bento serves what it was built with, and a worker that comes back to a damaged model ends it."""

import re
import shutil
from pathlib import Path

import httpx
import psutil
import pytest

from tests.conftest import ROOT, STORE, run, store_tiny
from tests.serving import running_service, wait_until

SPAN = "x-bentoml-request-id"
"""What BentoML names the span of a request in."""


def test_a_bento_answers_by_itself(shipped: Path, tmp_path: Path) -> None:
    """Built here, served from another folder, it answers its own record, and BentoML's page shows how to ask it."""
    home = tmp_path / "home"
    shutil.copytree(shipped / "models", home / "models")
    run("bentoml", "build", "--arg", "model=novelty", BENTOML_HOME=str(home))
    record = (ROOT / "examples" / "record.json").read_bytes()
    with running_service(["novelty:latest"], home, tmp_path) as (_, url):
        answer = httpx.post(f"{url}/predict", content=record, headers={"content-type": "application/json"})
        page, described = httpx.get(url), httpx.get(f"{url}/docs.json")

    assert answer.json()["model"] == "novelty"
    assert SPAN not in answer.headers
    assert page.headers["content-type"].startswith("text/html")
    assert "/predict" in described.json()["paths"]
    assert answer.json()["predictions"][0]["is_novel"] is False


def test_spans_are_made_for_who_asks_for_them(shipped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file that BENTOML_CONFIG names has the last word, as docs/operations.md shows."""
    shown = re.search(r"```yaml\n(services:.*?)```", (ROOT / "docs" / "operations.md").read_text(), re.DOTALL)
    config = tmp_path / "bentoml.yaml"
    config.write_text(shown[1] if shown else "")
    monkeypatch.setenv("BENTOML_CONFIG", str(config))
    record = (ROOT / "examples" / "record.json").read_bytes()
    with running_service(["--arg", "model=diagnosis"], shipped, tmp_path) as (_, url):
        answer = httpx.post(f"{url}/predict", content=record, headers={"content-type": "application/json"})

    assert (answer.status_code, SPAN in answer.headers) == (200, True)


def test_a_worker_that_comes_back_to_a_damaged_model_ends_the_service(shipped: Path, tmp_path: Path) -> None:
    """It is not started again for ever, while callers wait; what is wrong is told."""
    home = tmp_path / "home"
    shutil.copytree(shipped / "models", home / "models")
    with running_service(["--arg", "model=novelty"], home, tmp_path) as (process, _):
        (graph,) = home.glob("models/novelty/*/model.onnx")
        graph.write_bytes(b"damaged")
        (worker,) = [one for one in psutil.Process(process.pid).children() if "worker" in " ".join(one.cmdline())]
        worker.kill()
        wait_until(lambda: process.poll() is not None, 40)

    assert "model.onnx cannot be loaded" in (tmp_path / "serve.log").read_text()


def test_an_answer_that_is_no_number_names_its_output(tmp_path: Path) -> None:
    """BentoML's own path says 500 with the same words as the protocol's, where it would say to look into the log."""
    store_tiny("unbounded")
    with running_service(["--arg", "model=unbounded"], Path(STORE), tmp_path) as (_, url):
        answer = httpx.post(f"{url}/predict", json={"instances": [{"shift": 0.0}, {"shift": 1e200}]})
        sound = httpx.post(f"{url}/predict", json={"instances": [{"shift": 0.0}]})

    words = "unbounded: the output score is no finite number within its bounds in row 1"
    assert (answer.status_code, answer.json()) == (500, {"error": words, "output": "score"})
    assert sound.status_code == 200
