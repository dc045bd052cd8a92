"""On what was measured: the machine, without its name, and the versions of what ran."""

import importlib.metadata
import platform
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

import psutil

from benchmarks.peers import Peer
from benchmarks.processes import ROOT

OURS = "bentoml onnxruntime uvicorn uvloop httptools starlette fastapi aiohttp httpx msgspec"
PACKAGES = {"": OURS, "bench-servers": "ray litserve onnxruntime", "bench-mlserver": "mlserver onnxruntime uvloop"}
"""By environment."""


def machine() -> str:
    """Say what machine this is."""
    model = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    memory = psutil.virtual_memory().total / 2**30
    return (
        f"{model[1] if model else platform.machine()}, {psutil.cpu_count()} cores, {memory:.0f} GiB, "
        f"Linux {platform.release().split('-')[0]}"
    )


def versions(peers: Sequence[Peer]) -> list[str]:
    """Name the versions of what the peers run on, an entry for each environment."""
    lines = []
    for environment in sorted({"", *(peer.environment for peer in peers)}):
        path = [str(one) for one in (ROOT / ".venv" / environment).glob("lib/python*/site-packages")]
        found = importlib.metadata.distributions(path=path) if environment else importlib.metadata.distributions()
        known = {one.name.lower(): one.version for one in found}
        named = ", ".join(f"{name} {known[name]}" for name in PACKAGES[environment].split() if name in known)
        python = f"Python {platform.python_version()}" if not environment else "an environment of its own"
        lines.append(f"{python}: {named}")
    lines.append(", ".join(filter(None, (said("wrk", "--version"), said("nginx", "-v")))))
    return lines


def said(*command: str) -> str:
    """Give name and version as a program tells them in its first line."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 (named above)
    except OSError:
        return ""
    found = re.search(r"\d+(\.\d+)+", done.stdout + done.stderr)
    return f"{command[0]} {found[0] if found else 'of an unknown version'}"
