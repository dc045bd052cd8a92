"""One peer, or a model service, while it runs: asked until it answers rightly, watched, ended."""

import asyncio
import contextlib
import string
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import msgspec

from benchmarks.exchange import JSON
from benchmarks.peers import Form, Peer
from benchmarks.ports import free_ports
from benchmarks.processes import ROOT, Failed, started, wait_for
from benchmarks.stored import Question
from benchmarks.usage import usage
from contract import differences

START_S = 120
ANSWER_S = 30
EVERY_S = 0.02
LOOK_EVERY_S = 1.0


@dataclass
class Workload:
    """Hold what runs: where it listens, after how long it was ready, and the most memory it was seen with (PSS)."""

    url: str
    process: subprocess.Popen[bytes]
    client: httpx.AsyncClient
    form: Form
    questions: Sequence[Question]
    ready_s: float = 0
    ready_pss: int = 0
    highest_pss: int = 0
    said: str = "nothing"

    async def right(self) -> bool:
        """Say whether all questions are answered rightly."""
        for question in self.questions:
            try:
                answer = await self.client.post(self.url, content=question.body)
            except httpx.TransportError as exc:
                self.said = repr(exc)
                return False
            if answer.status_code != 200 or not agrees(self.form, answer.content, question):
                self.said = f"{answer.status_code} {answer.text[:300]}"
                return False
        return True

    async def ready(self) -> None:
        """Wait until they are."""
        while not await self.right():  # noqa: ASYNC110 (another process becomes ready)
            await asyncio.sleep(EVERY_S)

    def core_s(self) -> float:
        """Give the processor time of all its processes so far, and look at their memory; raises Failed."""
        now = usage(self.process.pid)
        self.highest_pss = max(self.highest_pss, now.pss)
        return now.cpu_s

    async def watch(self) -> None:
        """Look at its memory until it is cancelled."""
        while True:
            self.core_s()
            await asyncio.sleep(LOOK_EVERY_S)


def agrees(form: Form, answer: bytes, question: Question) -> bool:
    """Say whether an answer is what must be said."""
    if not question.said:
        return answer == question.body
    try:
        said = form.read(answer)
        return not any(any(differences([wanted], [said[model]])) for model, wanted in question.said.items())
    except (LookupError, TypeError, AttributeError, msgspec.DecodeError):
        return False


@contextlib.asynccontextmanager
async def running(
    peer: Peer, folder: Path, variables: Mapping[str, str], questions: Sequence[Question]
) -> AsyncIterator[Workload]:
    """Run a peer in a folder that it may fill; raises Failed when it does not answer rightly in time."""
    url, command, own = prepared(peer, folder, variables)
    # Each question comes on a connection of its own: one that was kept might just be closed.
    client = httpx.AsyncClient(
        timeout=ANSWER_S, trust_env=False, headers=JSON, limits=httpx.Limits(max_keepalive_connections=0)
    )
    began = time.monotonic()
    async with client, started({peer.name: command}, {**variables, **own}) as processes:
        process = processes[peer.name]
        workload = Workload(url, process.process, client, peer.form, questions)
        try:
            await wait_for(workload.ready(), [process], START_S)
        except Failed as exc:
            raise Failed(f"{exc}\n  It answered {workload.said}.") from exc
        workload.ready_s = time.monotonic() - began
        workload.core_s()
        workload.ready_pss = workload.highest_pss
        yield workload


def prepared(peer: Peer, folder: Path, variables: Mapping[str, str]) -> tuple[str, str, dict[str, str]]:
    """Fill a peer's folder; gives where it will listen on free ports, its command, and its variables."""
    folder.mkdir()
    ports = dict(zip(("port", "second", "third"), free_ports(3), strict=True))
    programs = ROOT / ".venv" / peer.environment / "bin" if peer.environment else Path(sys.executable).parent
    words = {
        **{name: str(port) for name, port in ports.items()},
        "folder": str(folder),
        "root": str(ROOT),
        "venv": str(programs),
        "python": str(programs / "python"),
        "diagnosis": variables.get("DIAGNOSIS_URL", "").removeprefix("http://"),
    }

    def filled(template: str) -> str:
        return string.Template(template).substitute({**peer.variables, **words})

    for name in peer.files:
        (folder / name).write_text(filled((ROOT / "benchmarks" / "peers" / name).read_text()))
    own = {name: filled(value) for name, value in peer.variables.items()}
    return f"http://127.0.0.1:{ports['port']}{peer.path}", f"exec {filled(peer.command)} >{folder}/log", own
