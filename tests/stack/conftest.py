"""The whole stack as `make serve` runs it: three processes on free ports, over a store of its own."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest

from benchmarks.ports import free_ports
from stack.procfile import read_procfile
from tests.conftest import ROOT
from tests.serving import wait_until

END_S = 40
"""So long may it take to end on a busy machine: it takes `stack.processes.PATIENCE_S` and hardly more on another."""


@dataclass
class Stack:
    """Hold a running stack, its ports by variable, and what it prints."""

    process: subprocess.Popen[str]
    ports: dict[str, int]
    log: Path
    home: Path

    @property
    def text(self) -> str:
        """Read what was printed so far."""
        return self.log.read_text()

    def url(self, variable: str = "GATEWAY_PORT") -> str:
        """Give the address behind a port."""
        return f"http://127.0.0.1:{self.ports[variable]}"


def run_stack(home: Path, folder: Path, *options: str) -> Stack:
    """Start the stack and wait until it says that it is ready."""
    variables = [*read_procfile(ROOT / "Procfile").ports, "GATEWAY_TLS_PORT"]
    ports = dict(zip(variables, free_ports(len(variables)), strict=True))
    log = folder / "stack.log"
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "stack", *options],
            cwd=ROOT,
            env={**os.environ, "BENTOML_HOME": str(home), **{name: str(port) for name, port in ports.items()}},
            stdout=out,
            stderr=subprocess.STDOUT,
            text=True,
        )
    stack = Stack(process, ports, log, home)
    wait_until(lambda: "all ready" in stack.text or process.poll() is not None, 120)
    assert process.poll() is None, stack.text
    return stack


def gone(processes: Sequence[psutil.Process]) -> bool:
    """Say whether all are dead, buried or not."""

    def lives(process: psutil.Process) -> bool:
        try:
            return process.status() != psutil.STATUS_ZOMBIE and process.is_running()
        except psutil.NoSuchProcess:  # it was just buried
            return False

    return not any(map(lives, processes))


@pytest.fixture(scope="package")
def stack(shipped: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Run the stack for all tests that leave it as it is."""
    stack = run_stack(shipped, tmp_path_factory.mktemp("stack"), "--tls")
    try:
        yield stack
    finally:
        stack.process.terminate()
        assert stack.process.wait(END_S) == 0


@pytest.fixture(scope="package")
def client(stack: Stack) -> Iterator[httpx.Client]:
    """Give a client of the gateway."""
    with httpx.Client(base_url=stack.url(), timeout=60) as client:
        yield client
