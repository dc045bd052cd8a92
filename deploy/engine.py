"""The container engine: Docker or Podman, whichever works here."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from deploy.commands import DeployError, output

ENGINES = ("docker", "podman")
MEGABYTE = 1e6


@dataclass(frozen=True)
class Engine:
    """Name the engine, which is also its program."""

    name: str

    def size_mb(self, image: str) -> float:
        """Give the size of an image, unpacked, in megabytes (of a million bytes)."""
        return int(output(self.name, "image", "inspect", "--format", "{{.Size}}", image)) / MEGABYTE

    def has(self, image: str) -> bool:
        """Say whether an image is here."""
        command = (self.name, "image", "inspect", image)
        return subprocess.run(command, capture_output=True, check=False).returncode == 0  # noqa: S603 (our own)


def find_engine() -> Engine:
    """Give the engine that ENGINE names, else the first that works; raises DeployError that says what each lacks."""
    wanted = os.environ.get("ENGINE")
    if wanted and wanted not in ENGINES:
        raise DeployError(f"ENGINE is {wanted!r}; it can be {' or '.join(ENGINES)}")
    faults = {}
    for name in [wanted] if wanted else ENGINES:
        fault = engine_fault(name)
        if fault is None:
            return Engine(name)
        faults[name] = fault
    raise DeployError("no container engine works here:\n" + "\n".join(f"  {one}" for one in faults.values()))


def engine_fault(name: str) -> str | None:
    """Say in plain words why an engine cannot be used, and what helps; None when it can."""
    program = shutil.which(name)
    if program is None:
        return f"{name} is not installed"
    done = subprocess.run([program, "info"], capture_output=True, text=True, check=False)  # noqa: S603 (our own)
    words = done.stderr.strip() or done.stdout.strip()
    # `docker info` of old clients gives 0 with the fault in its text.
    if done.returncode == 0 and "Cannot connect" not in words:
        return None if name != "docker" else snap_fault(Path(program))
    if "permission denied" in words.lower():
        return (
            f"{name} answers nobody but root and its group; to join it: sudo usermod -aG {name} $USER, and log in again"
        )
    if "Cannot connect" in words:
        return f"{name} is installed, but its engine does not run; to start it: sudo systemctl start {name}"
    return f"{name} does not work: {words.splitlines()[-1] if words else f'`{name} info` gave {done.returncode}'}"


def snap_fault(program: Path) -> str | None:
    """Say what Docker from a snap cannot do: it sees no /tmp, where BentoML lays out what it builds from."""
    folder = Path(os.environ.get("TMPDIR", "/tmp"))  # noqa: S108 (where others put theirs)
    if "/snap/" not in f"{program} {program.resolve()}" or folder.resolve().is_relative_to(Path.home()):
        return None
    return f"docker comes from a snap and cannot see {folder}; to build below your home: export TMPDIR=$HOME/tmp"
