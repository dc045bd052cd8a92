"""What images there are, and what each is called: `diagnosis:<version>-<commit>`, `gateway:<commit>`."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import bentoml
from bentoml.exceptions import NotFound

from deploy.commands import DeployError, output

MODELS = Path("k8s/base/models")
GATEWAY = "gateway"
SOURCES = ("contract", "oip", "bentos", "gateway", "requirements", "bentofile.yaml", ".dockerignore")
"""What images are made of, beside the stored models."""

DIRTY = "-dirty-"


@dataclass(frozen=True)
class ImageName:
    """Name an image."""

    name: str
    tag: str

    def __str__(self) -> str:
        return f"{self.name}:{self.tag}"


def image_names(workloads: Collection[str] | None = None) -> list[ImageName]:
    """Name the images of some workloads, of all without; raises DeployError for a model that is not trained."""
    wanted = [*deployed_models(), GATEWAY] if workloads is None else sorted(workloads)
    if not wanted:
        return []
    commit = commit_id()
    return [ImageName(name, commit if name == GATEWAY else f"{stored_version(name)}-{commit}") for name in wanted]


def deployed_models() -> list[str]:
    """Give the models that have a folder among the manifests."""
    return sorted(path.parent.name for path in MODELS.glob("*/kustomization.yaml"))


def stored_version(model: str) -> str:
    """Give the version that is stored now."""
    try:
        return str(bentoml.models.get(f"{model}:latest").tag.version)
    except NotFound as exc:
        raise DeployError(f"{model} is not trained yet; make train") from exc


def commit_id() -> str:
    """Give the commit that is checked out; with `-dirty-` and a hash where what images are made of differs from it."""
    try:
        commit = output("git", "rev-parse", "--short=7", "HEAD").strip()
        changed = output("git", "diff", "HEAD", "--binary", "--", *SOURCES)
        new = output("git", "ls-files", "--others", "--exclude-standard", "--", *SOURCES).splitlines()
    except DeployError as exc:
        raise DeployError(f"images are named by the commit they are built from, but: {exc}") from exc
    if not changed and not new:
        return commit
    digest = hashlib.sha256(changed.encode())
    for path in new:
        digest.update(path.encode() + Path(path).read_bytes())
    return f"{commit}{DIRTY}{digest.hexdigest()[:6]}"
