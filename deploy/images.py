"""Building all images, and what is in them."""

import subprocess
from dataclasses import dataclass

from rich.table import Table

from deploy.commands import DeployError, console, output, step
from deploy.engine import MEGABYTE, Engine
from deploy.names import GATEWAY, ImageName, image_names

CONTENTS = """
import pathlib, sysconfig
for entry in pathlib.Path(sysconfig.get_path("purelib")).iterdir():
    files = [entry] if entry.is_file() else [f for f in entry.rglob("*") if f.is_file()]
    print(sum(f.stat().st_size for f in files), entry.name)
"""


@dataclass(frozen=True)
class Built:
    """Say what was built, in what time."""

    image: ImageName
    seconds: float


def build_all(engine: Engine, base: str) -> None:
    """Build every image on a base and print sizes and contents; raises DeployError at the first that fails."""
    names = image_names()
    if not engine.has(base):  # Docker would build on it without keeping it, and its size is wanted below
        step(f"pull {base}", engine.name, "pull", base)
    console.print(f"building {', '.join(map(str, names))} with {engine.name} on {base}")
    built = [
        Built(one, build_gateway(engine, one, base) if one.name == GATEWAY else build_model(engine, one, base))
        for one in names
    ]
    print_sizes(engine, built, base)


def build_gateway(engine: Engine, image: ImageName, base: str) -> float:
    """Build the gateway's image; gives the seconds."""
    build = (engine.name, "build", "--build-arg", f"BASE={base}", "-f", "gateway/Dockerfile", "-t", str(image), ".")
    return step(f"build {image}", *build)


def build_model(engine: Engine, image: ImageName, base: str) -> float:
    """Build a model's bento, of the same name and version as its image, then the image; gives the seconds."""
    delete = ("bentoml", "delete", "--yes", str(image))  # one that was built on another base, or from changed files
    subprocess.run(delete, capture_output=True, check=False)  # noqa: S603 (our own)
    arguments = ("--arg", f"model={image.name}", "--arg", f"base={base}", "--version", image.tag)
    seconds = step(f"build the bento {image}", "bentoml", "build", *arguments)
    containerize = ("bentoml", "containerize", str(image), "--backend", engine.name, "-t", str(image))
    return seconds + step(f"build {image}", *containerize)


def print_sizes(engine: Engine, built: list[Built], base: str) -> None:
    """Print how large each image is above its base, and its largest packages."""
    below = engine.size_mb(base)
    table = Table(title=f"Images, MB above the base ({base}, {below:.0f} MB)", title_justify="left")
    for heading in ("image", "seconds", "MB", "of it packages", "largest packages"):
        numbers = heading in ("seconds", "MB", "of it packages")
        table.add_column(heading, justify="right" if numbers else "left", no_wrap=heading == "image")
    for one in built:
        sizes = package_sizes(engine, one.image)
        largest = sorted(sizes.items(), key=lambda item: -item[1])[:6]
        table.add_row(
            str(one.image),
            f"{one.seconds:.0f}",
            f"{engine.size_mb(str(one.image)) - below:.0f}",
            f"{sum(sizes.values()):.0f}",
            ", ".join(f"{name} {size:.0f}" for name, size in largest),
        )
    console.print(table)


def package_sizes(engine: Engine, image: ImageName) -> dict[str, float]:
    """Give what lies in the image's site-packages, in megabytes by name."""
    run = (engine.name, "run", "--rm", "--network", "none", "--entrypoint", "python", str(image), "-c", CONTENTS)
    lines = [line.split(" ", 1) for line in output(*run).splitlines()]
    if not lines:
        raise DeployError(f"{image} holds no packages")
    return {name: int(size) / MEGABYTE for size, name in lines}
