"""The overlay as it is applied: with the images that are meant, in a throw-away folder over the one in `k8s/`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from deploy.commands import DeployError, output
from deploy.names import ImageName, image_names

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

    What is loaded into the cluster and never pulled runs what this commit and these models built; everything else what
    was pushed, by digest.
    """
    folder = folder_of(overlay)
    loaded, unknown = unnamed_images(render(folder))
    if unknown:
        raise DeployError(f"{', '.join(sorted(unknown))}: not pushed for {overlay} yet; make push REGISTRY=…")
    APPLIED.mkdir(exist_ok=True)
    (APPLIED / "kustomization.yaml").write_text(kustomization(Path("..", folder), image_names(loaded)))
    return APPLIED


def kustomization(resource: Path, images: list[ImageName]) -> str:
    """Write a kustomization that gives these images their tags."""
    wanted = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": [str(resource)],
        "images": [{"name": one.name, "newTag": one.tag} for one in images],
    }
    # In quotes: without them kustomize takes a commit such as 12345e6 or 0801781 for a number, and PyYAML does not.
    return yaml.safe_dump(wanted, sort_keys=False, default_style='"')


def folder_of(overlay: str) -> Path:
    """Give an overlay's folder; raises DeployError for an unknown one."""
    known = sorted(path.parent.name for path in OVERLAYS.glob("*/kustomization.yaml"))
    if overlay not in known:
        raise DeployError(f"there is no overlay {overlay!r}, only {', '.join(known)}")
    return OVERLAYS / overlay


def unnamed_images(applied: Applied) -> tuple[set[str], set[str]]:
    """Give the images that have neither tag nor digest: those that are loaded, and those that would be pulled."""
    loaded, pulled = set[str](), set[str]()
    for one in applied.manifests:
        for container in one["spec"]["template"]["spec"]["containers"] if one["kind"] == "Deployment" else ():
            if ":" not in container["image"].rsplit("/", 1)[-1]:
                (loaded if container.get("imagePullPolicy") == "Never" else pulled).add(container["image"])
    return loaded, pulled


def render(folder: Path) -> Applied:
    """Render a folder as `kubectl apply -k` does."""
    return Applied(list(yaml.safe_load_all(output("kubectl", "kustomize", str(folder)))))
