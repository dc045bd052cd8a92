"""A sandbox: a network, a process table and mounts of its own around one process, as a container runtime makes it."""

import json
import os
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from tests.serving import wait_until

NAMESPACES = ("--net", "--mount", "--pid")
WHEN_FURNISHED = 'read -r _ && exec "$@"'
"""The shell waits for a line, then becomes the command, which is process 1 in there; without its parent it ends."""


@dataclass(frozen=True)
class Answer:
    """Hold what came back from a URL; the status is 0 where nobody answered."""

    status: int
    body: str
    seconds: float

    @property
    def problem(self) -> tuple[int, str | None, str | None]:
        """Give status, reason and model of a problem document."""
        document: dict[str, Any] = json.loads(self.body)
        return self.status, document.get("reason"), document.get("model")


class Sandbox:
    """Hold one process in namespaces of its own, inside those of another sandbox if one is given.

    What runs in a sandbox ends with its process, sandboxes inside it included.
    """

    def __init__(
        self,
        command: list[str],
        log: Path,
        workdir: Path,
        env: Mapping[str, str] | None = None,
        within: "Sandbox | None" = None,
    ) -> None:
        enter = ["nsenter", "--target", str(within.pid), *NAMESPACES, "--"] if within else []
        make = ["unshare", *NAMESPACES, "--fork", "--kill-child", "--mount-proc", "--wd", os.fspath(workdir), "--"]
        self.log = log
        with log.open("w") as out:
            self.process = subprocess.Popen(
                [*enter, *make, "sh", "-c", WHEN_FURNISHED, "sh", *command],
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=subprocess.STDOUT,
                env=env,
            )
        self.pid: int = wait_until(self.shell)

    def shell(self) -> int | None:
        """Find the waiting shell; gives its number on the machine."""
        assert self.process.poll() is None, self.log.read_text()
        below = psutil.Process(self.process.pid).children(recursive=True)
        return next((one.pid for one in below if one.name() == "sh"), None)

    def start(self) -> None:
        """Let the command begin."""
        assert self.process.stdin
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()

    def run(self, *command: str, given: str = "") -> str:
        """Run a tool of the machine in here to its end; gives what it printed."""
        enter = ["nsenter", "--target", str(self.pid), "--net", "--mount", "--"]
        done = subprocess.run([*enter, *command], input=given, capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 0 or command[0] == "curl", f"{' '.join(command)}: {done.stderr}{given}"
        return done.stdout

    def ask(self, url: str, body: str = "", *options: str, timeout_s: float = 15) -> Answer:
        """Ask a URL from in here, with a body by POST; options are curl's."""
        post = ["--header", "content-type: application/json", "--data-binary", "@-"] if body else []
        told = ["--write-out", "\n%{http_code} %{time_total}", "--max-time", str(timeout_s)]
        printed = self.run("curl", "--silent", "--noproxy", "*", *told, *post, *options, url, given=body)
        text, _, last = printed.rpartition("\n")
        status, seconds = last.split()
        return Answer(int(status), text, float(seconds))

    def send(self, number: int) -> None:
        """Send the process a signal, unless it has ended."""
        if self.process.poll() is None:
            os.kill(self.pid, number)

    def end(self, number: int = signal.SIGTERM, timeout_s: float = 10) -> int:
        """Send the process a signal and wait for its end; gives the exit code."""
        self.send(number)
        code = self.process.wait(timeout_s)
        assert self.process.stdin
        self.process.stdin.close()
        return code
