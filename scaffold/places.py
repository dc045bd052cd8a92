"""Where a model stands: the files of its own, and those that name all models."""

import re
from pathlib import Path
from typing import Any

import yaml

from scaffold.errors import ScaffoldError

SETTINGS = Path("gateway.yaml")
PROCFILE = Path("Procfile")
BASE = Path("k8s/base/kustomization.yaml")
AUTOSCALING = Path("k8s/components/autoscaling/kustomization.yaml")
HEADLESS = Path("k8s/components/headless/kustomization.yaml")
KEDA = Path("k8s/components/keda/kustomization.yaml")
LISTS = {BASE: "resources", AUTOSCALING: "resources", HEADLESS: "components", KEDA: "resources"}
"""Where each model has a folder of its own, which stands in a list under this key."""

PROCESS = re.compile(r"^([a-z][a-z0-9]*):", re.MULTILINE)


def new_files(name: str) -> dict[Path, str]:
    """Give the files of a model's own, each with the template that it is made from."""
    return {
        Path(f"models/{name}.py"): "model.py.template",
        Path(f"tests/models/test_{name}.py"): "test.py.template",
        BASE.parent / "models" / name / "kustomization.yaml": "base.yaml.template",
        AUTOSCALING.parent / "models" / name / "kustomization.yaml": "autoscaling.yaml.template",
        HEADLESS.parent / "models" / name / "kustomization.yaml": "headless.yaml.template",
        HEADLESS.parent / "models" / name / "deployment.yaml": "headless-deployment.yaml.template",
        HEADLESS.parent / "models" / name / "service.yaml": "headless-service.yaml.template",
        KEDA.parent / "models" / name / "kustomization.yaml": "keda.yaml.template",
    }


def processes(procfile: str) -> list[str]:
    """Name what the text of a Procfile runs."""
    return PROCESS.findall(procfile)


def read(root: Path, path: Path) -> str:
    """Read a file with its ends of lines as they are; raises ScaffoldError where it cannot be read."""
    try:
        return (root / path).read_bytes().decode()
    except (OSError, UnicodeDecodeError) as exc:
        raise ScaffoldError(f"{path} cannot be read: {exc}; run this at the root of the project") from exc


def document(root: Path, path: Path) -> dict[str, Any]:
    """Read a file that holds a YAML mapping; raises ScaffoldError where it does not."""
    try:
        found = yaml.safe_load(read(root, path))
    except yaml.YAMLError as exc:
        raise ScaffoldError(f"{path} is not YAML; mend it first: {exc}") from exc
    if not isinstance(found, dict):
        raise ScaffoldError(f"{path} holds no mapping; mend it first")
    return found
