"""The BentoML model store: one model per name, one version per digest."""

from collections.abc import Mapping
from pathlib import Path

import bentoml
from bentoml.exceptions import NotFound

from contract.artifact import REPORT


def stored_version(name: str) -> str | None:
    """Give the version that `name:latest` stands for, None where nothing is stored."""
    try:
        return bentoml.models.get(name).tag.version
    except NotFound:
        return None


def report_path(name: str, version: str) -> Path:
    """Give the path of a stored model's report."""
    return Path(bentoml.models.get(f"{name}:{version}").path_of(REPORT))


def read(name: str, version: str, file: str) -> bytes:
    """Read a file of a stored version; raises OSError."""
    return Path(bentoml.models.get(f"{name}:{version}").path_of(file)).read_bytes()


def is_stored(name: str, version: str) -> bool:
    """Say whether this very version is stored, latest or not."""
    try:
        bentoml.models.get(f"{name}:{version}")
    except NotFound:
        return False
    return True


def save(name: str, version: str, files: Mapping[str, bytes], labels: Mapping[str, str]) -> None:
    """Store a new version and make it the latest; BentoML moves it in whole, or not at all."""
    with bentoml.models.create(f"{name}:{version}", labels=dict(labels)) as model:
        for file, content in files.items():
            Path(model.path_of(file)).write_bytes(content)
    make_latest(name, version)


def replace(name: str, version: str, files: Mapping[str, bytes]) -> None:
    """Write the files of a stored version again, each file in one step, and make it the latest."""
    folder = Path(bentoml.models.get(f"{name}:{version}").path)
    for file, content in files.items():
        waiting = folder / f".{file}"
        waiting.write_bytes(content)
        waiting.replace(folder / file)
    make_latest(name, version)


def make_latest(name: str, version: str) -> None:
    """Let `name:latest` stand for a stored version, whenever it was made.

    BentoML's store keeps that word in a file beside the versions and moves it to what is newest only; training A, then
    B, then A again must serve A.
    """
    folder = Path(bentoml.models.get(f"{name}:{version}").path).parent
    waiting = folder / ".latest"
    waiting.write_text(version)
    waiting.replace(folder / "latest")
