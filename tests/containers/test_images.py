"""What the images hold and weigh."""

import json
import re

import pytest

from deploy.names import deployed_models
from tests.containers.conftest import ALIAS, podman

MODELS = deployed_models()
NAMES = (*MODELS, "gateway")
MOST_MB = {**dict.fromkeys(MODELS, 290), "gateway": 165}
"""Above the base, for models that ONNX serves."""


def megabytes(image: str) -> float:
    """Give the size of an image, unpacked."""
    return int(podman("image", "inspect", "--format", "{{.Size}}", image).stdout) / 1e6


def inside(image: str, *command: str) -> str:
    """Run a program of an image."""
    return podman("run", "--rm", "--network", "none", "--entrypoint", command[0], image, *command[1:]).stdout


def test_images_are_named_by_version_and_commit(images: dict[str, str], built: str) -> None:
    """Never `latest`, and the time and size of each is told."""
    assert set(images) == set(NAMES)
    for name, image in images.items():
        assert re.fullmatch(
            r"gateway:[0-9a-f]{7,}(-dirty-[0-9a-f]{6})?"
            if name == "gateway"
            else rf"{name}:[0-9a-f]{{12}}-[0-9a-f]{{7,}}(-dirty-[0-9a-f]{{6}})?",
            image,
        )
        assert re.search(rf"^│ {image} +│ +\d+ │ +\d+ │ +\d+ │ \w", built, re.MULTILINE), built


@pytest.mark.parametrize("name", NAMES)
def test_an_image_is_small(images: dict[str, str], name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Bounded above its base."""
    size = megabytes(images[name]) - megabytes(ALIAS)
    with capsys.disabled():
        print(f"\n{name}: {size:.0f} MB above the base, at most {MOST_MB[name]}")

    assert size <= MOST_MB[name]


@pytest.mark.parametrize("name", NAMES)
def test_packages_are_compiled(images: dict[str, str], name: str) -> None:
    """A read-only root could not write bytecode, and every start would compile."""
    sources, compiled = (
        int(inside(images[name], "sh", "-c", f"find /app/.venv/lib -name '*.{suffix}' | wc -l"))
        for suffix in ("py", "pyc")
    )

    assert compiled >= sources > 500


@pytest.mark.parametrize("name", NAMES)
def test_an_image_holds_nothing_that_does_not_serve(images: dict[str, str], name: str) -> None:
    """No compiler, no git, and no scikit-learn where ONNX serves."""
    for program in ("gcc", "git"):
        assert inside(images[name], "sh", "-c", f"command -v {program} || echo none") == "none\n"
    packages = inside(images[name], "sh", "-c", "ls /app/.venv/lib/python3*/site-packages")
    assert "msgspec" in packages
    assert "sklearn" not in packages
    assert ("onnxruntime" in packages) == (name != "gateway")


def test_what_was_taken_out_is_not_missed(images: dict[str, str]) -> None:
    """The gateway and its door for gRPC load what they need from what is left."""
    inside(images["gateway"], "python", "-W", "error", "-c", "import gateway.server, gateway.grpc")


@pytest.mark.parametrize("name", NAMES)
def test_an_image_runs_as_a_user_of_its_own(images: dict[str, str], name: str) -> None:
    """Not as root, which `runAsNonRoot` would refuse."""
    (config,) = json.loads(podman("image", "inspect", images[name]).stdout)

    assert config["Config"]["User"] == ("10001:10001" if name == "gateway" else "bentoml")
    assert inside(images[name], "id", "-u").strip() == ("10001" if name == "gateway" else "1034")
