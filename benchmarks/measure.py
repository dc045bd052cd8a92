"""Rounds of load over all peers, one after the other, so that a machine that changes changes for all."""

import asyncio
import contextlib
import dataclasses
import tempfile
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import concurrency, many_rows
from benchmarks.burst import burst
from benchmarks.exchange import post
from benchmarks.found import Found, Measured
from benchmarks.peers import PEERS, Peer
from benchmarks.processes import Failed
from benchmarks.stored import MODELS, Stored, body_of, questions, stored
from benchmarks.telling import say
from benchmarks.workload import Workload, running
from benchmarks.wrk import Loader, Sample

WARM = (16, 1.0)
NEW = 256
BURSTS = 3
SLOW_MS = 1000
AGAIN = 3
SECTIONS = ("rows", "concurrency")
"""What is measured of ours alone."""
MANY = (1, 100, 1000, 10_000)


@dataclass(frozen=True)
class Options:
    """Say what is measured."""

    peers: Sequence[Peer]
    connections: Sequence[int]
    rounds: int
    seconds: float
    load: Loader
    sections: Sequence[str] = ()

    @property
    def brief_s(self) -> float:
        """Give the whole seconds of loads that may be short: of peers without a figure, and of the sections."""
        return max(1, self.seconds // 2)


async def measure(options: Options) -> Found:
    """Measure all peers, then all sections; what fails is left out from then on. Raises Failed where nothing can be."""
    found = Found({peer.name: Measured({count: [] for count in options.connections}) for peer in options.peers})
    models = {} if all(peer.form.kind == "echo" for peer in options.peers) else {name: stored(name) for name in MODELS}
    for number in range(options.rounds):
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            async with services(options.peers, models, Path(folder)) as variables:
                # By turns from the first and from the last.
                for peer in options.peers if number % 2 == 0 else reversed(options.peers):
                    if not found.peers[peer.name].failed:
                        say(f"round {number + 1} of {options.rounds}: {peer.name}")
                        await Turn(peer, options, models, variables, found.peers[peer.name]).measure(Path(folder))
    for section in options.sections:
        say(section)
        try:
            await alone(section, options, found)
        except Failed as exc:
            found.failed[section] = str(exc)
            say(str(exc))
    return found


async def alone(section: str, options: Options, found: Found) -> None:
    """Measure a section; raises Failed."""
    rounds, seconds = options.rounds, options.brief_s
    if section == "rows":
        found.rows = await many_rows.measured(many_rows.Options(MANY, rounds=rounds, seconds=seconds))
    else:
        found.in_flight = await concurrency.measured(rounds, seconds)


@contextlib.asynccontextmanager
async def services(peers: Sequence[Peer], models: Mapping[str, Stored], folder: Path) -> AsyncIterator[dict[str, str]]:
    """Run both model services where a peer asks them; gives the variables that say where they and the models are."""
    variables = {f"{name.upper()}_MODEL": str(model.folder) for name, model in models.items()}
    async with contextlib.AsyncExitStack() as stack:
        for peer in () if all(peer.own for peer in peers) else PEERS:
            if peer.service:
                asked = questions(peer.form, models)
                one = await stack.enter_async_context(running(peer, folder / f"{peer.name}-asked", variables, asked))
                url, name = one.url.removesuffix(peer.path), str(peer.form.model).upper()
                variables[f"{name}_URL"] = variables[f"GATEWAY_BACKENDS__{name}__URL"] = url
        yield variables


@dataclass(frozen=True)
class Turn:
    """Measure one peer in one round."""

    peer: Peer
    options: Options
    models: Mapping[str, Stored]
    variables: Mapping[str, str]
    found: Measured

    async def measure(self, folder: Path) -> None:
        """Start it, load it with each number of connections, and end it."""
        body, content = folder / f"{self.peer.name}.body", body_of(self.peer.form, self.models)
        await asyncio.to_thread(body.write_bytes, content)
        asked = questions(self.peer.form, self.models)
        try:
            async with running(self.peer, folder / self.peer.name, self.variables, asked) as workload:
                self.found.ready_s.append(workload.ready_s)
                self.found.ready_pss.append(workload.ready_pss)
                await self.options.load(workload.url, body, *WARM)
                seconds = self.options.brief_s if self.peer.brief else self.options.seconds
                for count in self.options.connections:
                    load = self.options.load(workload.url, body, count, seconds)
                    self.found.loads[count].append(await self.under(workload, load, count))
                for _ in range(BURSTS):
                    first, _ = await burst(post(workload.url, content), NEW)
                    self.found.burst_p99_ms.append(first.ms(0.99))
                    if self.found.burst_p99_ms[-1] >= SLOW_MS:
                        break  # it is far from any bound, and one more takes as long
                self.found.highest_pss.append(workload.highest_pss)
        except Failed as exc:
            self.found.failed = str(exc)
            say(self.found.failed)

    async def under(self, workload: Workload, load: Awaitable[Sample], count: int) -> Sample:
        """Load it, and wait until what is left of the load is answered; raises Failed where answers are then wrong."""
        before, watching = workload.core_s(), asyncio.create_task(workload.watch())
        try:
            sample = await load
        finally:
            watching.cancel()
        sample = dataclasses.replace(sample, core_s=workload.core_s() - before)
        say(f"  {count:4}: {sample.rate:8,.0f}/s, p50 {sample.p50_ms:.2f} ms, {sample.errors} errors")
        for _ in range(AGAIN):
            if await workload.right():
                return sample
        raise Failed(f"{self.peer.name} does not answer rightly after a load, but {workload.said}")
