"""Images by BentoML's own command, and of a model that scikit-learn serves."""

import dataclasses
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from benchmarks.ports import free_ports
from models import catalog
from tests.conftest import ROOT, STORE, TINY
from tests.containers.conftest import BASE, podman
from tests.serving import answers, wait_until
from training.run import train


def bentoml(home: Path, *arguments: str) -> None:
    """Run BentoML's command on a store; shows what it wrote when it fails."""
    command = [str(Path(sys.executable).with_name("bentoml")), *arguments]
    environment = {**os.environ, "BENTOML_HOME": str(home)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr


def test_containerize_works_as_bentoml_documents_it(shipped: Path) -> None:
    """`bentoml containerize diagnosis:latest`, on the base that bentofile.yaml names."""
    bentoml(shipped, "build")
    bentoml(shipped, "containerize", "diagnosis:latest", "--backend", "podman", "-t", "diagnosis:documented")
    try:
        first = "{{index .RootFS.Layers 0}}"
        layers = [podman("image", "inspect", "--format", first, one).stdout for one in (BASE, "diagnosis:documented")]

        assert layers[0] == layers[1]
    finally:
        podman("image", "rm", "diagnosis:documented")


@pytest.fixture(scope="module")
def boosted() -> Iterator[str]:
    """Build and run the image of a model that only scikit-learn serves; gives its address."""
    plain = catalog(TINY, ["plain"])["plain"]
    train(dataclasses.replace(plain, name="boosted", estimator=HistGradientBoostingClassifier))
    tag = "boosted:test"
    bentoml(Path(STORE), "build", "--arg", "model=boosted", "--version", "test")
    bentoml(Path(STORE), "containerize", tag, "--backend", "podman", "-t", tag)
    (port,) = free_ports(1)
    options = ("--read-only", "--tmpfs", "/tmp", "-e", "BENTOML_HOME=/tmp/bentoml", "-p", f"127.0.0.1:{port}:3000")
    container = podman("run", "--detach", *options, tag, "serve").stdout.strip()
    try:
        wait_until(lambda: answers(f"http://127.0.0.1:{port}/readyz"), 120)
        yield f"http://127.0.0.1:{port}"
    finally:
        print(podman("logs", "--tail", "20", container, check=False))
        podman("rm", "--force", container)
        podman("image", "rm", tag)


def test_a_model_without_a_graph_brings_scikit_learn(boosted: str) -> None:
    """The packages of an image follow from the artifact, and such an image serves like any other."""
    answer = httpx.post(
        f"{boosted}/predict", json={"instances": [{"width": 5.0, "height": 3.0, "count": 4}]}, timeout=20
    )

    assert answer.status_code == 200
    assert answer.json()["predictions"][0]["label"] in ("low", "high")
    assert httpx.get(f"{boosted}/artifact/contract").json()["runtime"] == "scikit-learn"
