"""Gateways as processes, between whoever loads them and stand-ins for their models; and an echo."""

import contextlib
import os
import shlex
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

from benchmarks.ports import free_ports
from benchmarks.processes import ROOT, started, wait_for
from benchmarks.stored import stored
from gateway.settings import PREFIX, read_settings
from stack.ready import wait_until_ready

START_S = 60
NEVER_LATE_MS = 1e9
"""A request that is refused, since the machine has much to do, would be the cheapest."""

FILE = ROOT / "gateway.yaml"
GATEWAY, ECHO = "gateway", "echo"
QUIET = ("--no-access-log", "--log-level", "warning", "--lifespan", "off", "--no-server-header")


@dataclass(frozen=True)
class Between:
    """Hold what runs: where each gateway and the echo listen, a gateway's admin side, and their processes."""

    urls: Mapping[str, str]
    admin: Mapping[str, str]
    pids: Mapping[str, int]


@contextlib.asynccontextmanager
async def between(gateways: Mapping[str, Mapping[str, object]], call_s: float = 0) -> AsyncIterator[Between]:
    """Run gateways of `gateway.yaml` by their names, each with settings of its own; raises Failed.

    A call to a model takes `call_s` and what it takes to look the answer up. The variables that lead a gateway to the
    stand-ins are set in this process too, and no others of the gateway's.
    """
    for variable in [name for name in os.environ if name.startswith(PREFIX)]:
        del os.environ[variable]
    models = list(read_settings(FILE).backends)
    for name in models:
        stored(name)  # or it is missed here, and not seconds later
    listening = [ECHO, *models, *gateways]
    free = free_ports(len(listening) + len(gateways))
    ports, admin = dict(zip(listening, free, strict=False)), dict(zip(gateways, free[len(listening) :], strict=True))
    urls, admin_urls = ({name: f"http://127.0.0.1:{port}" for name, port in some.items()} for some in (ports, admin))
    os.environ.update({f"{PREFIX}BACKENDS__{name.upper()}__URL": urls[name] for name in models})
    commands = {
        # As anyone runs it: uvicorn with uvloop and httptools, and no more.
        ECHO: command("uvicorn", "benchmarks.peers.echo:app", "--port", str(ports[ECHO]), *QUIET),
        "models": command("benchmarks.way.standins", str(call_s), *(f"{name}={ports[name]}" for name in models)),
    }
    for name, settings in gateways.items():
        own = {"PORT": ports[name], "ADMIN_PORT": admin[name], "MAX_LAG_MS": NEVER_LATE_MS, **settings}
        words = " ".join(f"{PREFIX}{variable}={value}" for variable, value in own.items())
        # Access records are written, and not read.
        commands[name] = f"{words} {command('gateway', '--config', str(FILE))} >/dev/null"

    async def ready() -> None:
        await wait_until_ready(urls[ECHO], [], lambda _: None)
        for name in gateways:
            await wait_until_ready(urls[name], models, lambda _: None)

    async with started(commands, {}) as processes:
        await wait_for(ready(), list(processes.values()), START_S)
        yield Between(urls, admin_urls, {name: one.process.pid for name, one in processes.items()})


def command(module: str, *arguments: str) -> str:
    """Write a command that takes its shell's place."""
    return f"exec {shlex.join([sys.executable, '-m', module, *arguments])}"
