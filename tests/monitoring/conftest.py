"""A real stack that is asked without a pause, and a real Prometheus that scrapes it."""

import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest
import yaml

from benchmarks.ports import free_ports
from tests.conftest import ROOT
from tests.monitoring.queries import rules
from tests.serving import answers, wait_until
from tests.stack.conftest import Stack, run_stack

RECORD = json.loads((ROOT / "examples" / "record.json").read_text())
DRIFTING = {"instances": RECORD["instances"] * 100}
VARIABLES = {
    "GATEWAY_BACKENDS__DIAGNOSIS__GOLDEN_EVERY": "1",
    "GATEWAY_BACKENDS__NOVELTY__ENDPOINTS": "dns",
    "GATEWAY_ROUTES__SAME__FALLBACK": '{"to": ["diagnosis", {"answer": {"label": "benign"}}]}',
    "GATEWAY_ROUTES__WATCHED__SHADOW": '{"of": "diagnosis", "candidate": "same"}',
    "GATEWAY_ROUTES__UNLIKE__SHADOW": '{"of": "diagnosis", "candidate": "novelty"}',
    "GATEWAY_ROUTES__ROLLOUT__SPLIT": '{"weights": {"watched": 50, "unlike": 50}}',
}
"""So that golden rows ride along at once, there are addresses to balance over, and plans that tell of themselves."""


def pytest_sessionstart() -> None:
    """Refuse to start without every tool: a skipped test would look like a passed one."""
    missing = [tool for tool in ("prometheus", "promtool") if not shutil.which(tool)]
    if missing:
        pytest.exit(f"these tests need {' and '.join(missing)} (apt-get install prometheus)", returncode=2)


@pytest.fixture(scope="package")
def stack(shipped: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Run the stack, with something in it of all that is counted, and go on asking."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in VARIABLES.items():
            patch.setenv(name, value)
        stack = run_stack(shipped, tmp_path_factory.mktemp("monitored"))
    try:
        with httpx.Client(base_url=stack.url(), timeout=30) as client:
            for _ in range(5):  # a window forgets by whole calls
                client.post("/v1/predict", json=DRIFTING).raise_for_status()
            for route in ("unlike", "rollout"):
                client.post(f"/v1/models/{route}:predict", json=RECORD).raise_for_status()
            miss_a_model(stack, client)
            with asked(client):
                metrics = f"{stack.url('GATEWAY_ADMIN_PORT')}/metrics"
                wait_until(lambda: "bentogate_drift_alarm{" in httpx.get(metrics).text)  # compared a second later
                yield stack
    finally:
        stack.process.terminate()
        assert stack.process.wait(60) == 0


def miss_a_model(stack: Stack, client: httpx.Client) -> None:
    """Have an answer without one of its models, which is stopped meanwhile: the other one has two seconds to answer."""
    members = psutil.Process(stack.process.pid).children(recursive=True)
    (parent,) = (one for one in members if "model=novelty" in one.cmdline() and "serve" in one.cmdline())
    stopped = [parent, *parent.children(recursive=True)]
    for one in stopped:
        one.suspend()
    try:
        answer = client.post("/v1/predict", json={**RECORD, "partial": True}, headers={"x-request-timeout-ms": "2000"})
    finally:
        for one in stopped:
            one.resume()
    assert answer.json()["complete"] is False


@contextmanager
def asked(client: httpx.Client) -> Iterator[None]:
    """Ask well and badly, twenty times a second."""
    over = threading.Event()

    def ask() -> None:
        while not over.wait(0.05):
            client.post("/v1/predict", json=RECORD)
            client.post("/v1/models/rollout:predict", json=RECORD)
            client.post("/v1/models/diagnosis:predict", json={"instances": [{}]})

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(timeout=30)


@pytest.fixture(scope="package")
def prometheus(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Run a Prometheus that scrapes the gateway and both models each second, and knows the rules; gives its API."""
    folder = tmp_path_factory.mktemp("prometheus")
    (folder / "rules.yaml").write_text(rules())
    jobs = {"ml-inference-admin": "GATEWAY_ADMIN_PORT", "ml-diagnosis": "DIAGNOSIS_PORT", "ml-novelty": "NOVELTY_PORT"}
    scraped = [
        {"job_name": job, "static_configs": [{"targets": [f"127.0.0.1:{stack.ports[variable]}"]}]}
        for job, variable in jobs.items()
    ]
    timed = {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
    config = {"global": timed, "rule_files": ["rules.yaml"], "scrape_configs": scraped}
    (folder / "prometheus.yaml").write_text(yaml.safe_dump(config))
    (port,) = free_ports(1)
    command = ["prometheus", f"--config.file={folder}/prometheus.yaml", f"--storage.tsdb.path={folder}/data"]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([*command, f"--web.listen-address=127.0.0.1:{port}"], stdout=log, stderr=log)
    try:
        base = f"http://127.0.0.1:{port}"
        wait_until(lambda: answers(f"{base}/-/ready") or process.poll() is not None)
        assert process.poll() is None, (folder / "log").read_text()
        with httpx.Client(base_url=f"{base}/api/v1", timeout=30) as client:
            yield client
    finally:
        process.terminate()
        process.wait(60)
