"""`python -m benchmarks.concurrency` compares two calls in flight with one."""

import re
import sys
from pathlib import Path

from tests.conftest import run


def test_the_command_prints_both_and_their_ratio(shipped: Path) -> None:
    """Of real gateways before a stand-in that takes 20 ms a call."""
    printed = run(
        sys.executable, "-m", "benchmarks.concurrency", "--rounds", "1", "--seconds", "0.2", BENTOML_HOME=str(shipped)
    ).stdout

    assert re.search(r"^\| 1 \| \d+ \|\n\| 2 \| [\d,]+ \|$", printed, re.MULTILINE)
    assert re.search(r"20 ms a call of at most 8 rows: two in flight answer \d\.\d\d times", printed)
