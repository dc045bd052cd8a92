"""The images as `make images` builds them, and what these tests need beside Python; what is missing fails the run."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT

BASE = yaml.safe_load((ROOT / "bentofile.yaml").read_text())["args"]["base"]
TOOLS = {
    "podman": "apt-get install podman",
    "docker-registry": "apt-get install docker-registry",
    "kubectl": "make .venv/.cluster",
}
ALIAS = "localhost/bentogate-test-base:1"


def pytest_sessionstart() -> None:
    """Refuse to start without every tool and the base: a skipped test would look like a passed one."""
    missing = [f"{tool} ({how})" for tool, how in TOOLS.items() if not shutil.which(tool)]
    if not missing and podman("image", "exists", BASE, check=False).returncode:
        missing.append(f"the image {BASE} (podman pull {BASE}, or, where no registry is reached, .ci/base-image)")
    if missing:
        pytest.exit(f"these tests need {', '.join(missing)}", returncode=2)


def podman(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run podman to its end; shows what it wrote when it fails."""
    done = subprocess.run(["podman", *arguments], capture_output=True, text=True, check=False, timeout=600)
    assert not check or done.returncode == 0, done.stderr or done.stdout
    return done


@pytest.fixture(scope="session")
def built(shipped: Path) -> Iterator[str]:
    """Build all images on another name of the base; gives what was printed, and removes the images at the end."""
    podman("tag", BASE, ALIAS)
    command = [sys.executable, "-m", "deploy", "images", "--base", ALIAS]
    environment = {**os.environ, "ENGINE": "podman", "BENTOML_HOME": str(shipped), "COLUMNS": "160"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr
    yield done.stdout
    podman("image", "rm", "--force", *named(done.stdout).values(), ALIAS)


@pytest.fixture(scope="session")
def images(built: str) -> dict[str, str]:
    """Give each image by the name of its workload."""
    return named(built)


def named(printed: str) -> dict[str, str]:
    """Read the images' names from what building them printed."""
    return {tag.split(":")[0]: tag for tag in re.findall(r"^build ([a-z]+:\S+) [\d.]+ s$", printed, re.MULTILINE)}
