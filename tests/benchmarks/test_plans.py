"""The command that measures what plans cost a request."""

import sys
from pathlib import Path

from benchmarks.path import TOGETHER
from benchmarks.plans import BACKEND, ROUTES
from tests.conftest import run


def test_the_command_measures_each_plan(shipped: Path) -> None:
    """For one caller and for several, each with its ratio to the plain backend, which is 1 to itself."""
    printed = run(sys.executable, "-m", "benchmarks.plans", "--samples", "1", BENTOML_HOME=str(shipped)).stdout
    rows = [line.strip("| ").split(" | ") for line in printed.splitlines() if line.startswith("| ")]
    names = [row[0] for row in rows if row[0] != "---"]

    assert names == [name for callers in (1, TOGETHER) for name in (f"{callers} at once", BACKEND, *ROUTES)]
    assert {tuple(row[2:4]) for row in rows if row[0] == BACKEND} == {("0", "1.00")}


def test_the_command_says_what_is_missing(tmp_path: Path) -> None:
    """Where the models were not trained."""
    done = run(sys.executable, "-m", "benchmarks.plans", check=False, BENTOML_HOME=str(tmp_path))

    assert done.returncode == 1
    assert "make train" in done.stderr
