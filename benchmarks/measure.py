"""Rounds of load over all peers, one after the other, so that a machine that changes changes for all."""

import asyncio
import contextlib
import dataclasses
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.burst import DEADLINE_S, burst, read_target
from benchmarks.latencies import Latencies
from benchmarks.peers import PEERS, Peer
from benchmarks.running import Failed
from benchmarks.stored import MODELS, Stored, example, questions, stored
from benchmarks.workload import Workload, running
from benchmarks.wrk import Loader, Sample

WARM = (16, 1.0)
NEW = 256
BURSTS = 3
AGAIN = 3


@dataclass(frozen=True)
class Options:
    """Say what is measured."""

    peers: Sequence[Peer]
    connections: Sequence[int]
    rounds: int
    seconds: float
    load: Loader


@dataclass
class Measured:
    """Hold what was measured of one peer, an entry a round."""

    loads: dict[int, list[Sample]]
    ready_s: list[float] = field(default_factory=list)
    ready_pss: list[int] = field(default_factory=list)
    highest_pss: list[int] = field(default_factory=list)
    burst_p99_ms: list[float] = field(default_factory=list)
    failed: str = ""


async def measure(options: Options) -> dict[str, Measured]:
    """Measure all peers in all rounds, by turns from the first and from the last; one that fails is left out then.

    Raises Failed where nothing can be measured.
    """
    found = {peer.name: Measured({count: [] for count in options.connections}) for peer in options.peers}
    models = {} if all(peer.form.kind == "echo" for peer in options.peers) else {name: stored(name) for name in MODELS}
    for number in range(options.rounds):
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            async with services(options.peers, models, Path(folder)) as variables:
                for peer in options.peers if number % 2 == 0 else reversed(options.peers):
                    if not found[peer.name].failed:
                        say(f"round {number + 1} of {options.rounds}: {peer.name}")
                        await Turn(peer, options, models, variables, found[peer.name]).measure(Path(folder))
    return found


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
        body, content = folder / f"{self.peer.name}.body", example(self.peer.form, self.models)
        await asyncio.to_thread(body.write_bytes, content)
        asked = questions(self.peer.form, self.models)
        try:
            async with running(self.peer, folder / self.peer.name, self.variables, asked) as workload:
                self.found.ready_s.append(workload.ready_s)
                self.found.ready_pss.append(workload.ready_pss)
                await self.options.load(workload.url, body, *WARM)
                for count in self.options.connections:
                    load = self.options.load(workload.url, body, count, self.options.seconds)
                    self.found.loads[count].append(await self.under(workload, load, count))
                for _ in range(BURSTS):
                    self.found.burst_p99_ms.append(await burst_p99_ms(workload.url, content))
                    if self.found.burst_p99_ms[-1] >= DEADLINE_S * 1e3:
                        break  # no other will be better, and each takes so long
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


async def burst_p99_ms(url: str, body: bytes) -> float:
    """Ask from new clients at once; who got no answer has waited for the whole deadline."""
    one = await burst(read_target(url, body, None), NEW, warm=0, stay=False)
    return Latencies(sorted([*one.new, *[DEADLINE_S] * one.failed])).ms(0.99)


def say(text: str) -> None:
    """Tell of progress."""
    sys.stderr.write(f"{text}\n")
