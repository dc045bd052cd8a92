"""The stack as `make serve` runs it, on free ports, and watched from its first moment on."""

import asyncio
import contextlib
import os
import socket
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.usage import Usage, Watch
from stack.__main__ import environment
from stack.processes import Process, end_all, start
from stack.procfile import read_procfile
from stack.ready import wait_until_ready

ROOT = Path(__file__).resolve().parents[1]
START_S = 90


class Failed(Exception):
    """Say why nothing could be measured."""


@dataclass(frozen=True)
class Started:
    """Hold how long a workload needed until it was ready, and what it used by then."""

    seconds: float
    usage: Usage


@dataclass(frozen=True)
class Running:
    """Hold a stack that is ready: where each workload listens, and what is known of it so far."""

    urls: dict[str, str]
    started: dict[str, Started]
    watch: Watch
    home: Path

    def written(self) -> int:
        """Give the bytes of the files that all workloads wrote where a pod has its emptyDir."""
        return sum(file.stat().st_size for file in self.home.rglob("*") if file.is_file())


@contextlib.asynccontextmanager
async def running() -> AsyncIterator[Running]:
    """Run the stack over BentoML's store; raises Failed when a model is not trained or a process ends early."""
    procfile = read_procfile(ROOT / "Procfile")
    models = [name for name in procfile.commands if name != "gateway"]
    store = Path(os.environ.get("BENTOML_HOME") or Path.home() / "bentoml")
    if missing := [name for name in models if not (store / "models" / name / "latest").exists()]:
        raise Failed(f"{' and '.join(missing)} not found in {store}: make train")
    with tempfile.TemporaryDirectory(prefix="bentogate-resources-") as home:
        (Path(home) / "models").symlink_to(store / "models")  # so that what is written is apart from the models
        scratch = Path(home) / "scratch"
        scratch.mkdir()
        ports = free_ports(list(procfile.ports))
        own = {"BENTOML_HOME": home, "TMPDIR": str(scratch), **{name: str(port) for name, port in ports.items()}}
        urls = {name: f"http://127.0.0.1:{ports[f'{name.upper()}_PORT']}" for name in procfile.commands}
        began = time.monotonic()
        processes = start(procfile.commands, {**environment(), **own}, lambda *_: None)
        watch = Watch({process.name: process.process.pid for process in processes})
        watching = asyncio.create_task(watch.run())
        try:
            started = await ready(processes, urls, watch, began)
            yield Running(urls, started, watch, Path(home))
        finally:
            watching.cancel()
            await end_all()


async def ready(processes: list[Process], urls: Mapping[str, str], watch: Watch, began: float) -> dict[str, Started]:
    """Wait until all workloads are ready; gives what each used until it was."""
    started = {}

    async def one(name: str) -> None:
        await wait_until_ready(urls["gateway"], [] if name == "gateway" else [name], lambda _: None)
        started[name] = Started(time.monotonic() - began, watch.look()[name])

    async def all_ready() -> None:
        async with asyncio.TaskGroup() as group:
            for process in processes:
                group.create_task(one(process.name))

    waiting = asyncio.create_task(all_ready())
    ends = {asyncio.create_task(process.wait()): process for process in processes}
    done, _ = await asyncio.wait([waiting, *ends], timeout=START_S, return_when=asyncio.FIRST_COMPLETED)
    for task in (waiting, *ends):
        task.cancel()
    for task, process in ends.items():
        if task in done:
            raise Failed("\n  ".join([f"{process.name} {task.result()}; its last lines were:", *process.last]))
    if waiting not in done:
        raise Failed(f"the stack was not ready after {START_S} s")
    return started


def free_ports(variables: list[str]) -> dict[str, int]:
    """Give each variable a port that nothing listens on."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in variables]
    ports = {variable: one.getsockname()[1] for variable, one in zip(variables, sockets, strict=True)}
    for one in sockets:
        one.close()
    return ports
