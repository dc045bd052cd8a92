"""Real bentos as processes, and the signals that are sent to them."""

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil

from benchmarks.ports import free_ports
from tests.conftest import ROOT
from tests.serving import answers, wait_until


class Service:
    """Hold `bentoml serve` of one model, which can be killed and started again; made by `service`."""

    def __init__(self, model: str, folder: Path, target: Sequence[str] = ()) -> None:
        self.model = model
        self.target = target
        self.log = folder / f"{model}.log"
        (self.port,) = free_ports(1)
        self.url = f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        """Start it."""
        what = [*self.target, "--arg", f"model={self.model}"]
        command = ["bentoml", "serve", *what, "--host", "127.0.0.1", "--port", str(self.port)]
        with self.log.open("a") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, env=os.environ, stdout=log, stderr=subprocess.STDOUT)

    @property
    def parent(self) -> psutil.Process:
        """Give the process that starts the workers."""
        return psutil.Process(self.process.pid)

    @property
    def worker(self) -> psutil.Process:
        """Give the process that answers; waits until there is one."""

        def workers() -> list[psutil.Process]:
            return [one for one in self.parent.children() if "worker" in " ".join(one.cmdline())]

        found: list[psutil.Process] = wait_until(workers)
        return found[0]

    def until_ready(self) -> None:
        """Wait until it answers."""
        wait_until(lambda: answers(f"{self.url}/v2/health/ready") or self.process.poll() is not None, 180)
        assert self.process.poll() is None, self.log.read_text()

    def end(self) -> None:
        """End it as it is asked to (SIGTERM), and wait until it has."""
        self.process.terminate()
        assert self.process.wait(40) == 0, self.log.read_text()

    def kill(self) -> None:
        """End it as a container ends, with all that is in it."""
        family = [self.parent, *self.parent.children(recursive=True)] if self.process.poll() is None else []
        for one in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()
        psutil.wait_procs(family, 10)
        self.process.wait(10)


@contextlib.contextmanager
def service(model: str, folder: Path, target: Sequence[str] = ()) -> Iterator[Service]:
    """Serve a model that is in the store, by the service that bentofile.yaml names unless the target is another."""
    one = Service(model, folder, target)
    try:
        yield one
    finally:
        one.kill()


@contextlib.contextmanager
def stopped(process: psutil.Process, seconds: float | None = None) -> Iterator[None]:
    """Stop a process (SIGSTOP), and let it go on (SIGCONT) after so long, or at the end of the block."""
    process.send_signal(signal.SIGSTOP)
    going_on = threading.Timer(seconds or 0, process.send_signal, [signal.SIGCONT])
    if seconds is not None:
        going_on.start()
    try:
        yield
    finally:
        going_on.cancel()
        process.send_signal(signal.SIGCONT)
