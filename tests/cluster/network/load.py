"""A steady load, and what became of each of its requests."""

import json
import os
import subprocess
import sys
from collections import Counter
from typing import NamedTuple, Self

from tests.cluster.network.node import Node
from tests.conftest import ROOT
from tests.serving import wait_until

RECORD = ROOT / "examples" / "record.json"


class Outcome(NamedTuple):
    """Hold what a caller heard: the status, 0 without an answer, the id that the answer names, and why it failed."""

    id: str
    status: int
    told: str
    why: str


class Load:
    """Have callers outside ask a URL, each one request after the other over a kept connection.

    Leaving the context waits for what is under way.
    """

    def __init__(self, node: Node, url: str, *, callers: int = 4, pause_s: float = 0.0) -> None:
        self.folder = node.folder
        name = f"load{len(list(node.folder.glob('load*')))}"
        self.file = node.folder / name
        asked = [url, name, str(callers), str(pause_s), os.fspath(RECORD)]
        self.command = ["nsenter", "--target", str(node.world.pid), "--net", "--"]
        self.command += [sys.executable, "-m", "tests.cluster.network.callers", *asked]

    def __enter__(self) -> Self:
        with self.file.open("w") as out:
            self.process = subprocess.Popen(self.command, cwd=ROOT, stdin=subprocess.PIPE, stdout=out)
        self.more(10)
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        assert self.process.wait(30) == 0
        wait_until(lambda: len(self.recorded()) >= len(self.outcomes))  # records are written some time later

    @property
    def outcomes(self) -> list[Outcome]:
        """Give what was heard until now."""
        whole = self.file.read_text().rpartition("\n")[0]
        lines = [line.split(" ", 3) for line in whole.splitlines()]
        return [Outcome(request_id, int(status), told, why) for request_id, status, told, why in lines]

    def more(self, number: int, timeout_s: float = 30) -> None:
        """Wait until so many more were answered."""
        wanted = len(self.outcomes) + number
        wait_until(lambda: len(self.outcomes) >= wanted, timeout_s)

    @property
    def problems(self) -> list[str]:
        """Name what is not as it must be after the end: each id answered once, by 200, and recorded so once."""
        outcomes, recorded = self.outcomes, Counter(self.recorded())
        times = Counter(one.id for one in outcomes)
        return [
            f"{one}, heard {times[one.id]} times, recorded {recorded[one.id, 200]} times as 200"
            for one in outcomes
            if (one.status, one.told, times[one.id], recorded[one.id, 200]) != (200, one.id, 1, 1)
        ]

    def recorded(self) -> list[tuple[str, int]]:
        """Give id and status of each access record, of whichever gateway, that is about a request of this load."""
        logs = [log.read_text().rpartition("\n")[0] for log in self.folder.glob("gateway-*.log")]
        lines = [line for log in logs for line in log.splitlines()]
        records = [json.loads(line) for line in lines if f'"id":"{self.file.name}.' in line]
        return [(record["id"], record["status"]) for record in records]
