"""What is pushed is named by the digest that the registry has it under."""

import json
import sys
from pathlib import Path

import pytest

from deploy.commands import DeployError
from deploy.engine import Engine
from deploy.names import ImageName
from deploy.ship import push

IMAGE = ImageName("gateway", "1234567")
DIGEST = f"sha256:{'0' * 64}"


def docker(folder: Path, monkeypatch: pytest.MonkeyPatch, *digests: str) -> Engine:
    """Put a program there that pushes anything, and says these digests as Docker does."""
    text = f"import sys\nprint({json.dumps(digests)!r} if 'inspect' in sys.argv else '')\n"
    (folder / "docker").write_text(f"#!{sys.executable}\n{text}")
    (folder / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    return Engine("docker")


@pytest.mark.parametrize(
    ("registry", "named"),
    [("ghcr.io/me", "ghcr.io/me/gateway"), ("docker.io/me", "me/gateway"), ("me", "me/gateway")],
)
def test_dockers_digest_is_that_of_the_registry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, registry: str, named: str
) -> None:
    """An image has one for each registry that it was pushed to, and Docker's own is written without its host."""
    engine = docker(tmp_path, monkeypatch, f"other.example/gateway@sha256:{'1' * 64}", f"{named}@{DIGEST}")

    assert push(engine, IMAGE, registry) == DIGEST


def test_a_missing_digest_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a sentence and not as a traceback."""
    with pytest.raises(DeployError, match=r"names no digest of ghcr\.io/me/gateway:1234567"):
        push(docker(tmp_path, monkeypatch), IMAGE, "ghcr.io/me")
