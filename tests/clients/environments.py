"""The environments of those whose packages clash with ours, or with each other's."""

import subprocess
from pathlib import Path

from tests.conftest import ROOT

ENVIRONMENTS = ("clients", "mlserver")


def python_of(environment: str) -> Path:
    """Give the interpreter of an environment."""
    return ROOT / ".venv" / environment / "bin" / "python"


def run_in(environment: str, script: str, *arguments: str) -> str:
    """Run a script in an environment; gives what it printed."""
    command = [str(python_of(environment)), "-m", f"tests.clients.scripts.{script}", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout
