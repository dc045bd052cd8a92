"""A copy of the project's files, to run commands in that change them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from models import model_names
from stack.procfile import read_procfile
from tests.conftest import ROOT, run

NAME = "addition"
"""What no model of the project is called."""


def next_port() -> int:
    """Give the port after those that the models of the project have."""
    ports = read_procfile(ROOT / "Procfile").ports
    return max(ports[f"{name.upper()}_PORT"] for name in model_names()) + 1


def copied(folder: Path) -> Path:
    """Copy every file that belongs to the project, links as links; gives the copy."""
    copy = folder / "project"
    for line in run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard").stdout.split("\0"):
        if line and os.path.lexists(ROOT / line):
            (copy / line).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / line, copy / line, follow_symlinks=False)
    return copy


def inside(copy: Path, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command at the root of a copy to its end."""
    return subprocess.run(
        command, cwd=copy, env={**os.environ, **environment}, capture_output=True, text=True, check=False, timeout=300
    )


def scaffold(copy: Path, *names: str) -> subprocess.CompletedProcess[str]:
    """Add a model to a copy."""
    return inside(copy, sys.executable, "-m", "scaffold", *names, PYTHONDONTWRITEBYTECODE="1")


def contents(copy: Path) -> dict[str, bytes | str | None]:
    """Give what is in each file of a copy, where each link leads, and None for a folder."""
    return {
        str(path.relative_to(copy)): os.fspath(path.readlink())
        if path.is_symlink()
        else path.read_bytes()
        if path.is_file()
        else None
        for path in copy.rglob("*")
        if path.suffix != ".pyc" and path.name != "__pycache__"
    }
