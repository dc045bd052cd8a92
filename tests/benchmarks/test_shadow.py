"""`python -m benchmarks.shadow` compares what callers wait with a candidate and without."""

import re
import sys
from pathlib import Path

from tests.conftest import run


def test_the_command_prints_each_candidate(shipped: Path) -> None:
    """Of a real gateway before stand-ins, one of which never answers."""
    load = ("--rounds", "1", "--seconds", "0.2", "--call-ms", "0.5")
    printed = run(sys.executable, "-m", "benchmarks.shadow", *load, BENTOML_HOME=str(shipped)).stdout
    names = re.findall(r"^\| (\w+) \| [\d.]+ \| [\d.]+ \|$", printed, re.MULTILINE)

    assert names == ["alone", "withalike", "withslow", "withhanging"]
