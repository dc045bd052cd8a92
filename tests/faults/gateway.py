"""The gateway as a process, whose settings change, and which is ended and started again."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psutil

from benchmarks.ports import free_ports
from tests.conftest import ROOT
from tests.serving import answers, wait_until


class Gateway:
    """Hold `python -m gateway` with settings of one's own, on free ports; made by `gateway`."""

    def __init__(self, folder: Path, settings: Mapping[str, Any]) -> None:
        self.path = folder / "gateway.yaml"
        self.log = folder / "gateway.log"
        self.port, self.admin_port, self.grpc_port = free_ports(3)
        ports = {"port": self.port, "admin_port": self.admin_port, "grpc_port": self.grpc_port}
        self.settings: dict[str, Any] = {**settings, **ports}
        self.path.write_text(json.dumps(self.settings))  # JSON is YAML
        self.start()

    @property
    def admin(self) -> str:
        """Give the address of the admin side."""
        return f"http://127.0.0.1:{self.admin_port}"

    @property
    def running(self) -> psutil.Process:
        """Give what it takes from the system."""
        return psutil.Process(self.process.pid)

    def start(self) -> None:
        """Start it, and wait until it is ready."""
        command = [sys.executable, "-m", "gateway", "--config", str(self.path)]
        with self.log.open("a") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, env=os.environ, stdout=log, stderr=log)
        wait_until(lambda: answers(f"http://127.0.0.1:{self.port}/readyz") or self.process.poll() is not None)
        assert self.process.poll() is None, self.log.read_text()

    def end(self) -> None:
        """End it as Kubernetes does."""
        self.process.terminate()
        assert self.process.wait(60) == 0, self.log.read_text()


@contextlib.contextmanager
def gateway(folder: Path, settings: Mapping[str, Any]) -> Iterator[Gateway]:
    """Run a gateway, which ends well."""
    one = Gateway(folder, settings)
    try:
        yield one
    except BaseException:
        one.process.kill()
        one.process.wait(60)
        raise
    one.end()


def merged(settings: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Put more settings over some, key by key."""
    both = {name: merged(settings[name], its) for name, its in more.items() if isinstance(settings.get(name), dict)}
    return {**settings, **more, **both}
