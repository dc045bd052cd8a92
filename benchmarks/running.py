"""The stack as `make serve` runs it, on free ports, and watched from its first moment on."""

import asyncio
import contextlib
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.ports import free_ports
from benchmarks.processes import ROOT, started, wait_for
from benchmarks.stored import store, stored
from benchmarks.usage import Usage, Watch
from stack.procfile import read_procfile
from stack.ready import wait_until_ready

START_S = 90


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
    for name in [name for name in procfile.commands if name != "gateway"]:
        stored(name)  # or it is missed here, and not seconds later
    with tempfile.TemporaryDirectory(prefix="bentogate-resources-") as home:
        (Path(home) / "models").symlink_to(store())  # so that what is written is apart from the models
        scratch = Path(home) / "scratch"
        scratch.mkdir()
        ports = dict(zip(procfile.ports, free_ports(len(procfile.ports)), strict=True))
        own = {"BENTOML_HOME": home, "TMPDIR": str(scratch), **{name: str(port) for name, port in ports.items()}}
        urls = {name: f"http://127.0.0.1:{ports[f'{name.upper()}_PORT']}" for name in procfile.commands}
        # Access records are written, and not read.
        commands = {name: f"{command} >/dev/null" for name, command in procfile.commands.items()}
        ready: dict[str, Started] = {}

        async def one(name: str) -> None:
            await wait_until_ready(urls["gateway"], [] if name == "gateway" else [name], lambda _: None)
            ready[name] = Started(time.monotonic() - began, watch.look()[name])

        async def all_ready() -> None:
            await asyncio.gather(*map(one, procfile.commands))

        began = time.monotonic()
        async with started(commands, own) as processes:
            watch = Watch({name: process.process.pid for name, process in processes.items()})
            watching = asyncio.create_task(watch.run())
            try:
                await wait_for(all_ready(), list(processes.values()), START_S)
                yield Running(urls, ready, watch, Path(home))
            finally:
                watching.cancel()
