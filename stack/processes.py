"""Processes that live and die together.

BentoML's workers are sessions of their own: neither Ctrl-C nor a signal to a process group reaches them, and they
outlive a parent that is killed. So this process asks Linux to adopt every orphan, and ends all that descends from it.
"""

import asyncio
import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from functools import partial

import psutil

PATIENCE_S = 3.5
"""How long processes may take to end by themselves."""

LAST_LINES = 15
LONGEST_LINE = 2**16

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36


class Process:
    """Hold one running process and the last lines that it wrote."""

    def __init__(self, name: str, process: subprocess.Popen[bytes], write: Callable[[str, str], None]) -> None:
        self.name = name
        self.process = process
        self.last: deque[str] = deque(maxlen=LAST_LINES)
        self.write = write
        self.reading = asyncio.create_task(self.read())

    async def read(self) -> None:
        """Pass on what the process writes."""
        reader = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(reader)
        await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, self.process.stdout)
        async for line in lines(reader):
            text = line.decode(errors="replace").rstrip()
            self.last.append(text)
            self.write(self.name, text)

    async def wait(self) -> str:
        """Wait for the end; says how it was.

        asyncio's own processes are not used because theirs ends only when all pipes are closed, and a worker that
        outlives its parent keeps one open.
        """
        while (code := self.process.poll()) is None:  # noqa: ASYNC110 (as said above)
            await asyncio.sleep(0.05)
        await asyncio.wait([self.reading], timeout=0.5)
        return f"killed by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"


async def lines(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """Yield lines of any length; one over LONGEST_LINE comes in pieces (`readline` would give up on it)."""
    pending = b""
    while chunk := await reader.read(LONGEST_LINE):
        *whole, pending = (pending + chunk).split(b"\n")
        for line in whole:
            yield line
        if len(pending) > LONGEST_LINE:
            yield pending
            pending = b""
    if pending:
        yield pending


def linux(option: int, value: int) -> None:
    """Set a process option (prctl, section 2); elsewhere than on Linux there is none."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def adopt_orphans() -> None:
    """Become the parent of every descendant that loses its own."""
    linux(PR_SET_CHILD_SUBREAPER, 1)


def die_with(parent: int) -> None:
    """Ask for SIGTERM when the parent dies, so that even a killed runner leaves nothing behind.

    Linux tells of a death only once, and only who has asked before. So the runner's own handler, which would take the
    signal for itself until the command is executed, goes first; and a parent that is dead by now is seen last.
    """
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    linux(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGTERM)


def start(
    commands: Mapping[str, str], environment: Mapping[str, str], write: Callable[[str, str], None]
) -> list[Process]:
    """Start all commands in shells of their own sessions, so that only this process hears Ctrl-C."""
    adopt_orphans()
    return [Process(name, spawn(command, environment), write) for name, command in commands.items()]


def spawn(command: str, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start one command."""
    return subprocess.Popen(  # noqa: S602 (the Procfile is the user's own)
        command,
        shell=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        env=dict(environment),
        start_new_session=True,
        preexec_fn=partial(die_with, os.getpid()),  # noqa: PLW1509 (no thread runs here)
    )


async def end_all() -> None:
    """End every descendant: first by asking, then by force."""
    send(signal.SIGTERM)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE_S):
            while living():  # noqa: ASYNC110 (nobody tells of the death of an adopted process)
                await asyncio.sleep(0.05)
    while living():
        send(signal.SIGKILL)
        await asyncio.sleep(0.05)


def living() -> list[psutil.Process]:
    """Give all descendants that are not dead; buries those that were adopted and have died."""
    found = []
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess, ChildProcessError):
            if process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
            elif process.ppid() == os.getpid():
                os.waitpid(process.pid, os.WNOHANG)
    return found


def send(number: signal.Signals) -> None:
    """Send a signal to every descendant."""
    for process in living():
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(number)
