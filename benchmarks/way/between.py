"""A gateway as a process, between whoever loads it and stand-ins for its models; and an echo."""

import asyncio
import contextlib
import os
import shlex
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from functools import partial

from benchmarks.running import ROOT, Failed, free_ports
from benchmarks.stored import stored
from benchmarks.way.connections import connected
from benchmarks.way.forms import Form
from benchmarks.way.whole import Subject
from gateway.settings import PREFIX, Settings
from gateway.settings_file import read_settings
from stack.__main__ import environment
from stack.processes import Process, end_all, start
from stack.ready import wait_until_ready

START_S = 60
CONNECTIONS = 64
GATEWAY, ADMIN = "gateway", "admin"
FILE = ROOT / "gateway.yaml"

ECHO = "echo"

QUIET = ("--no-access-log", "--log-level", "warning", "--lifespan", "off", "--no-server-header")


@dataclass(frozen=True)
class Between:
    """Hold what runs: the ports and the numbers of the processes, and the settings of the gateway."""

    ports: Mapping[str, int]
    pids: Mapping[str, int]
    settings: Settings

    def gateway(self, form: Form) -> Subject:
        """Ask the gateway."""
        load = partial(connected, form.to(self.ports[GATEWAY]), CONNECTIONS)
        return Subject(load, self.pids[GATEWAY], f"http://127.0.0.1:{self.ports[ADMIN]}/metrics")

    def echo(self, form: Form) -> Subject:
        """Ask the echo."""
        return Subject(partial(connected, form.to(self.ports[ECHO]), CONNECTIONS), self.pids[ECHO])


@contextlib.asynccontextmanager
async def between() -> AsyncIterator[Between]:
    """Run the gateway of `gateway.yaml` over the models of BentoML's store; raises Failed.

    The variables that lead it to its stand-ins are set in this process too, and no others of the gateway's.
    """
    for variable in [name for name in os.environ if name.startswith(PREFIX)]:
        del os.environ[variable]
    names = list(read_settings(FILE).backends)
    for name in names:
        stored(name)  # or it is missed here, and not seconds later
    ports = free_ports([GATEWAY, ADMIN, ECHO, *names])
    urls = {f"BACKENDS__{name.upper()}__URL": f"http://127.0.0.1:{ports[name]}" for name in names}
    own = {"PORT": str(ports[GATEWAY]), "ADMIN_PORT": str(ports[ADMIN]), **urls}
    os.environ.update({f"{PREFIX}{name}": value for name, value in own.items()})
    commands = {
        # As anyone runs it: uvicorn with uvloop and httptools, and no more.
        ECHO: command("uvicorn", "benchmarks.peers.echo:app", "--port", str(ports[ECHO]), *QUIET),
        "models": command("benchmarks.way.standins", *(f"{name}={ports[name]}" for name in names)),
        GATEWAY: command("gateway", "--config", str(FILE)) + " >/dev/null",  # access records are written, and not read
    }
    processes = start(commands, {**environment(), "PYTHONPATH": str(ROOT)}, lambda *_: None)
    try:
        await ready(processes, ports, names)
        yield Between(ports, {one.name: one.process.pid for one in processes}, read_settings(FILE))
    finally:
        await end_all()


def command(module: str, *arguments: str) -> str:
    """Write a command that takes its shell's place."""
    return f"exec {shlex.join([sys.executable, '-m', module, *arguments])}"


async def ready(processes: list[Process], ports: Mapping[str, int], names: list[str]) -> None:
    """Wait until all answer; raises Failed, with the last lines of a process that has ended."""

    async def answered() -> None:
        await wait_until_ready(f"http://127.0.0.1:{ports[ECHO]}", [], lambda _: None)
        await wait_until_ready(f"http://127.0.0.1:{ports[GATEWAY]}", names, lambda _: None)

    waiting = asyncio.create_task(answered())
    ends = {asyncio.create_task(process.wait()): process for process in processes}
    done, _ = await asyncio.wait([waiting, *ends], timeout=START_S, return_when=asyncio.FIRST_COMPLETED)
    for task in (waiting, *ends):
        task.cancel()
    for task, process in ends.items():
        if task in done:
            raise Failed(told(f"{process.name} {task.result()}", [process]))
    if waiting not in done:
        raise Failed(told(f"not all was ready after {START_S} s", processes))


def told(what: str, processes: list[Process]) -> str:
    """Say what went wrong, and what was written last."""
    return "\n  ".join([f"{what}; the last lines were:", *(line for process in processes for line in process.last)])
