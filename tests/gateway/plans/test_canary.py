"""A canary: two replicas in front of real models, and a candidate that is brought in or thrown out."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import yaml

from benchmarks.ports import free_ports
from gateway.canary.replicas import Replicas
from gateway.canary.weights import weights_in, with_weights
from tests.conftest import ROOT
from tests.gateway.conftest import PLAIN
from tests.gateway.plans.conftest import Sick
from tests.serving import answers, wait_until

TEXT = "routes: {rollout: {split: {weights: {stable: 70, candidate: 30}}}}\n"


def test_a_name_that_stands_for_nobody_is_told() -> None:
    """Or a step would pass while it does, by what was counted before."""
    heard = Replicas(["http://127.0.0.1:9"], "nobody.invalid:8081").ask("rollout")

    assert heard.reports == []
    assert list(heard.silent) == ["nobody.invalid:8081"]


class Cluster:
    """Two gateways of one file, and callers who ask them."""

    def __init__(self, path: Path, clients: list[httpx.Client], admin: list[str]) -> None:
        self.path = path
        self.clients = clients
        self.admin = admin

    def command(self, *more: str) -> list[str]:
        """Give the command of a canary."""
        admin = [word for url in self.admin for word in ("--admin", url)]
        pace = ["--steps", "30,60,100", "--every", "0.2", "--min-rows", "150", "--step-timeout", "60"]
        loose = ["--max-latency", "20"]  # both sides share two cores with whatever else is tested
        command = [sys.executable, "-m", "gateway", "canary", "rollout", "--config", str(self.path)]
        return [*command, *admin, *pace, *loose, *more]

    @property
    def weights(self) -> dict[str, float]:
        """Give the weights in the file."""
        return weights_in(self.path.read_text(), "rollout")

    def lead(self, candidate: float) -> None:
        """Give the candidate so many percent, and wait until both know."""
        weights = {"plain": 100 - candidate, "sick": candidate}
        self.path.write_text(with_weights(self.path.read_text(), "rollout", weights))
        wait_until(lambda: all(httpx.get(f"{url}/plans/rollout").json()["weights"] == weights for url in self.admin))

    @contextmanager
    def asked(self) -> Iterator[None]:
        """Have both asked as long as this lasts."""
        over = threading.Event()
        random = np.random.default_rng(1)

        def ask(client: httpx.Client, widths: list[float]) -> None:
            for width in widths:
                if over.is_set():
                    return
                client.post("/v1/predict", json={"instances": [{**PLAIN, "width": width}]})

        threads = [
            threading.Thread(target=ask, args=(client, random.uniform(0, 10, 100_000).tolist()))
            for client in self.clients
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            over.set()
            for thread in threads:
                thread.join()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, backends: dict[str, Any]) -> Iterator[Cluster]:
    """Run both; the candidate fails where it is told to."""
    folder = tmp_path_factory.mktemp("replicas")
    path = folder / "gateway.yaml"
    settings = {
        "backends": {"plain": backends["plain"], "sick": backends["sick"]},
        "routes": {"rollout": {"split": {"weights": {"plain": 100, "sick": 0}}}},
        "default": "rollout",
    }
    path.write_text(f"# Kept\n{yaml.safe_dump(settings)}")
    with ExitStack() as stack:
        clients, admin = [], []
        for _ in range(2):
            port, admin_port = free_ports(2)
            environment = {**os.environ, "GATEWAY_PORT": str(port), "GATEWAY_ADMIN_PORT": str(admin_port)}
            log = stack.enter_context((folder / f"{port}.log").open("w"))
            command = [sys.executable, "-m", "gateway", "--config", str(path)]
            process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
            stack.callback(process.wait, 10)
            stack.callback(process.terminate)
            wait_until(partial(answers, f"http://127.0.0.1:{port}/readyz"))
            clients.append(stack.enter_context(httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=40)))
            admin.append(f"http://127.0.0.1:{admin_port}")
        yield Cluster(path, clients, admin)


@pytest.fixture
def replicas(running: Cluster) -> Cluster:
    """Give both, with all callers on one side."""
    running.lead(0)
    return running


def run(command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a canary to its end."""
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def test_a_good_candidate_is_brought_in_though_it_is_stopped_on_the_way(replicas: Cluster) -> None:
    """It begins where the weights are; the file keeps its comments."""
    dry = run(replicas.command("--dry-run"))
    assert (dry.returncode, dry.stderr) == (0, "")
    assert "would set plain 70 %, sick 30 %, until" in dry.stdout
    assert replicas.weights == {"plain": 100, "sick": 0}
    with replicas.asked():
        process = subprocess.Popen(
            replicas.command("--min-rows", "1000000"),
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        wait_until(lambda: "evidence" in (process.stdout.readline() if process.stdout else ""))
        process.send_signal(signal.SIGTERM)  # as a pod is; Ctrl-C does the same
        _, told = process.communicate(timeout=20)
        assert process.returncode == 2
        assert "goes on from there" in told
        assert replicas.weights == {"plain": 70, "sick": 30}
        done = run(replicas.command())

    assert done.returncode == 0, done.stdout + done.stderr
    assert "30 %: taken over by 2 replicas" in done.stdout
    assert replicas.weights == {"plain": 0, "sick": 100}
    assert replicas.path.read_text().startswith("# Kept\n")
    assert run(replicas.command("--roll-back")).returncode == 1
    assert replicas.weights == {"plain": 100, "sick": 0}


def test_what_it_cannot_begin_with_changes_no_weights(tmp_path: Path) -> None:
    """Nobody to ask, nobody who reports, no such split and no file: each says what is missing."""
    path = tmp_path / "gateway.yaml"
    path.write_text(TEXT)
    (port,) = free_ports(1)
    begun = [sys.executable, "-m", "gateway", "canary"]
    somewhere = ["--admin", f"http://127.0.0.1:{port}"]

    cases: tuple[tuple[list[str], str], ...] = (
        (["rollout", "--config", str(path)], "name the admin side of each replica"),
        (["rollout", "--config", str(path), *somewhere], f"no replica reports (no answer from http://127.0.0.1:{port}"),
        (["none", "--config", str(path), *somewhere], "error: there is no split 'none' in the settings, only rollout"),
        (["rollout", "--config", f"{path}.not", *somewhere], f"error: {path}.not cannot be read: No such file"),
        (["rollout", "--config", str(path), "--configmap", "one", *somewhere], "not allowed with argument --config"),
        (["rollout", "--config", str(path), "--dry-run", "--roll-back"], "not allowed with argument --dry-run"),
        (["rollout", "--config", str(path), "--candidate", "new", *somewhere], "has no side 'new', but stable and"),
        (["rollout", "--config", str(path), "--steps", "1,five", *somewhere], "are no steps such as 1,5,25,100"),
    )
    with ThreadPoolExecutor() as pool:
        every = pool.map(lambda case: run([*begun, *case[0]]), cases)
    for done, (_, what) in zip(every, cases, strict=True):
        assert (done.returncode, done.stdout) == (2, ""), done.stderr
        assert what in done.stderr
    assert path.read_text() == TEXT


def test_without_callers_there_is_no_verdict(replicas: Cluster) -> None:
    """The weights stay, and it is told how to go on; both have those of the step before it begins."""
    replicas.lead(30)
    done = run(replicas.command("--step-timeout", "0.5"))

    assert done.returncode == 2
    assert "30 %: sick has been asked nothing within 0.5 s" in done.stderr
    assert replicas.weights == {"plain": 70, "sick": 30}


def test_it_goes_on_though_nobody_reads_what_it_says(tmp_path: Path) -> None:
    """As with `| head -1`: who ended for that would leave the weights to nobody."""
    path = tmp_path / "gateway.yaml"
    path.write_text(TEXT)
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "gateway", "canary", "rollout", "--config", str(path), "--roll-back"]
    done = subprocess.run(command, cwd=ROOT, stdout=writing, stderr=subprocess.PIPE, timeout=60, check=False)
    os.close(writing)

    assert (done.returncode, done.stderr) == (1, b"")
    assert weights_in(path.read_text(), "rollout") == {"stable": 100, "candidate": 0}


def test_a_candidate_that_fails_is_rolled_back(replicas: Cluster, sick: Sick) -> None:
    """At once, and the line says by what evidence; the last test, since the gateways' breaker remembers."""
    sick.every = 3
    with replicas.asked():
        done = run(replicas.command("--min-rows", "1000000"))

    assert done.returncode == 1, done.stdout + done.stderr
    assert "rolled back: sick has 0 % of rollout. failures: " in done.stdout
    assert replicas.weights == {"plain": 100, "sick": 0}
