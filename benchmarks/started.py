"""A peer as processes of its own: started on free ports, and ended with all below it."""

import contextlib
import shlex
import string
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import psutil

from benchmarks.peers import Peer
from benchmarks.running import ROOT, free_ports
from stack.__main__ import environment
from stack.processes import die_with_parent

END_S = 10


def start(peer: Peer, folder: Path, variables: Mapping[str, str]) -> tuple[str, subprocess.Popen[bytes]]:
    """Start a peer on free ports, its output in a file; gives where it listens."""
    folder.mkdir()
    ports = free_ports(["port", "second", "third"])
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
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 (our own command)
            shlex.split(filled(peer.command)),
            cwd=ROOT,
            env={**environment(), **variables, **own, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=die_with_parent,  # noqa: PLW1509 (no other thread runs Python then)
        )
    return f"http://127.0.0.1:{ports['port']}{peer.path}", process


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
