"""A copy of the project, and one to which a model was added."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.scaffold.copied import NAME, contents, copied, scaffold


@dataclass
class Added:
    """Hold a copy with a model that was added, what was in it before, and what the command printed."""

    copy: Path
    before: dict[str, bytes | str | None]
    printed: str


@pytest.fixture(scope="package")
def added(tmp_path_factory: pytest.TempPathFactory) -> Added:
    """Add a model to a copy."""
    copy = copied(tmp_path_factory.mktemp("added"))
    before = contents(copy)
    done = scaffold(copy, NAME)
    assert (done.returncode, done.stderr) == (0, "")
    return Added(copy, before, done.stdout)


@pytest.fixture(scope="package")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a copy for tests that leave it as it is."""
    return copied(tmp_path_factory.mktemp("copy"))
