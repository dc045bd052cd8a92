"""What stands for container images: commands over the project's own environment, and folders that they hold."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.conftest import ROOT, run

BENTO = "/home/bentoml/bento"
"""Where BentoML's images keep their bento."""


@dataclass(frozen=True)
class Image:
    """Hold what an image runs: words around its `args`, which a manifest may replace, and folders by their path."""

    before: tuple[str, ...]
    args: tuple[str, ...]
    workdir: Path
    after: tuple[str, ...] = ()
    folders: Mapping[str, Path] = field(default_factory=dict)


GATEWAY = Image(("python", "-m", "gateway"), ("--config", "/etc/bentogate/config/gateway.yaml"), ROOT)


def bento(home: Path, name: str, folder: Path) -> Image:
    """Build the bento of a stored model and pack the model into it, as `bentoml containerize` does."""
    run("bentoml", "build", "--arg", f"model={name}", BENTOML_HOME=str(home))
    built = home / "bentos" / name
    shutil.copytree(built / (built / "latest").read_text(), folder)
    shutil.copytree(home / "models" / name, folder / "models" / name)
    return Image(("bentoml",), ("serve",), folder, (BENTO,), {BENTO: folder})
