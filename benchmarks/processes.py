"""Processes that are measured: started together, waited for, and ended with all below them."""

import asyncio
import contextlib
import subprocess
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from pathlib import Path

import psutil

from stack.__main__ import environment
from stack.processes import Process, start

ROOT = Path(__file__).resolve().parents[1]
END_S = 10


class Failed(Exception):
    """Say why nothing could be measured."""


@contextlib.asynccontextmanager
async def started(commands: Mapping[str, str], variables: Mapping[str, str]) -> AsyncIterator[dict[str, Process]]:
    """Start commands by their names, with variables over the environment, and end them in the end.

    What they write is read, so what writes much should write elsewhere.
    """
    own = {**environment(), "PYTHONPATH": str(ROOT), **variables}
    processes = {one.name: one for one in start(commands, own, lambda *_: None)}
    try:
        yield processes
    finally:
        await asyncio.gather(*(asyncio.to_thread(end, one.process) for one in processes.values()))
        await asyncio.gather(*(one.wait() for one in processes.values()))  # until what they wrote is read


async def wait_for(ready: Awaitable[None], processes: Sequence[Process], seconds: float) -> None:
    """Wait until processes are ready; raises Failed, with the last lines of one that ends or is late."""
    waiting = asyncio.ensure_future(ready)
    ends = {asyncio.create_task(process.wait()): process for process in processes}
    done, _ = await asyncio.wait([waiting, *ends], timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    for task in (waiting, *ends):
        task.cancel()
    ended = {process: f"{process.name} {task.result()}" for task, process in ends.items() if task in done}
    if ended or waiting not in done:
        what = " and ".join(ended.values()) or f"{' and '.join(o.name for o in processes)} not ready after {seconds} s"
        lines = (line for process in ended or processes for line in process.last)
        raise Failed("\n  ".join([f"{what}; the last lines were:", *lines]))
    await waiting


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process and all below it, which may be sessions of their own: first by asking, then by force."""
    try:
        below = psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        below = []
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(END_S)
    if process.poll() is None:
        process.kill()
        process.wait()
    _, living = psutil.wait_procs(below, timeout=2)
    for one in living:
        with contextlib.suppress(psutil.NoSuchProcess):
            one.kill()
