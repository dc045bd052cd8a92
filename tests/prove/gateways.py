"""A gateway that is ended and started again at the same ports, as one of several behind an entrance."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.ports import free_ports
from tests.conftest import ROOT
from tests.serving import answers, wait_until


class Gateway:
    """Hold one, not started yet; `folder` is its own."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.settings = folder / "gateway.yaml"
        self.log = folder / "gateway.log"
        self.port, self.admin = free_ports(2)
        self.process: subprocess.Popen[bytes] | None = None

    def configure(self, settings: dict[str, Any]) -> None:
        """Write its settings."""
        self.settings.write_text(json.dumps({"port": self.port, "admin_port": self.admin, **settings}))

    def start(self) -> None:
        """Start it and wait until it is ready."""
        command = [sys.executable, "-m", "gateway", "--config", os.fspath(self.settings)]
        with self.log.open("a") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
        wait_until(lambda: answers(f"http://127.0.0.1:{self.admin}/readyz"), 40)

    def end(self) -> None:
        """End it (SIGTERM) and wait until it has."""
        assert self.process
        self.process.terminate()
        assert self.process.wait(40) == 0

    def recorded(self, name: str) -> Iterator[tuple[str, int | None]]:
        """Yield id and status of each access record whose id begins with a name and a hyphen."""
        with self.log.open() as log:
            for line in log:
                if f'"id":"{name}-' in line and line.endswith("\n"):
                    record = json.loads(line)
                    yield record["id"], record["status"]


@contextlib.contextmanager
def gateways(folder: Path, count: int) -> Iterator[list[Gateway]]:
    """Make so many, which are ended in the end."""
    some = [Gateway(folder / f"gateway-{number}") for number in range(count)]
    try:
        yield some
    finally:
        for one in some:
            if one.process:
                one.process.kill()
                one.process.wait(10)
