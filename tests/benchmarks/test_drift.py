"""The command that measures what drift costs a request."""

import re
import sys
from pathlib import Path

from tests.conftest import run


def test_the_command_prints_what_a_request_pays(shipped: Path) -> None:
    """Of a model and of the default route, of a caller alone and of several."""
    printed = run(sys.executable, "-m", "benchmarks.drift", "--pairs", "2", BENTOML_HOME=str(shipped)).stdout

    for asked in ("diagnosis", "assessment"):
        for callers in (1, 32):
            line = rf"^\| {asked} \| {callers} \| \d+ \| -?\d+\.\d ± \d+\.\d \| \d+\.\d \| \d+ \| \d+\.\d \|$"
            assert re.search(line, printed, re.MULTILINE), (asked, callers)


def test_the_command_says_what_is_missing(tmp_path: Path) -> None:
    """Without a trained model nothing is measured."""
    done = run(sys.executable, "-m", "benchmarks.drift", check=False, BENTOML_HOME=str(tmp_path))

    assert done.returncode == 1
    assert re.match(r"error: \w+ is not found in .*: make train$", done.stderr)
