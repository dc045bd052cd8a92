"""The overlay as it is applied: with the images that are meant, in a throw-away folder over the one in `k8s/`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from deploy.commands import DeployError, output
from deploy.names import image_names
from deploy.ship import DIGESTS

OVERLAYS = Path("k8s/overlays")
APPLIED = Path(".deploy")


@dataclass(frozen=True)
class Applied:
    """Hold what is applied, as rendered."""

    manifests: list[dict[str, Any]]

    @property
    def deployments(self) -> list[str]:
        """Name the Deployments."""
        return [one["metadata"]["name"] for one in self.manifests if one["kind"] == "Deployment"]

    @property
    def namespace(self) -> tuple[str, ...]:
        """Give kubectl's option for the namespace, where the overlay has one of its own."""
        found = {one["metadata"].get("namespace") for one in self.manifests} - {None}
        return ("--namespace", str(found.pop())) if found else ()

    @property
    def what_may_go(self) -> str:
        """Write everything but the namespace, which holds what others made there, such as certificates."""
        return yaml.safe_dump_all(one for one in self.manifests if one["kind"] != "Namespace")


def prepare(overlay: str) -> Path:
    """Write the folder that is applied; raises DeployError for an unknown overlay, or one without images.

    Production runs what was pushed, by digest; everything else runs what this commit and these models built.
    """
    folder = OVERLAYS / overlay
    known = sorted(path.parent.name for path in OVERLAYS.glob("*/kustomization.yaml"))
    if overlay not in known:
        raise DeployError(f"there is no overlay {overlay!r}, only {', '.join(known)}")
    images: list[dict[str, str]] = []
    if DIGESTS.is_relative_to(folder):
        if not yaml.safe_load(DIGESTS.read_text())["images"]:
            raise DeployError(f"no image was pushed for {overlay} yet; make push REGISTRY=…")
    else:
        images = [{"name": one.name, "newTag": one.tag} for one in image_names()]
    APPLIED.mkdir(exist_ok=True)
    wanted = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": [f"../{folder}"],
        "images": images,
    }
    (APPLIED / "kustomization.yaml").write_text(yaml.safe_dump(wanted, sort_keys=False))
    return APPLIED


def render(folder: Path) -> Applied:
    """Render a folder as `kubectl apply -k` does."""
    return Applied(list(yaml.safe_load_all(output("kubectl", "kustomize", str(folder)))))
