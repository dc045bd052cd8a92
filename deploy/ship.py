"""Bringing images to where they run: a registry, or a cluster on this machine."""

import json
import tempfile
from enum import StrEnum
from pathlib import Path

import yaml

from deploy.commands import DeployError, console, output, step
from deploy.engine import Engine
from deploy.names import DIRTY, ImageName, commit_id, image_names


class Cluster(StrEnum):
    """Name what runs a cluster on this machine."""

    MINIKUBE = "minikube"
    KIND = "kind"
    K3D = "k3d"


LOADERS = {
    Cluster.MINIKUBE: ("minikube", "image", "load"),
    Cluster.KIND: ("kind", "load", "image-archive"),
    Cluster.K3D: ("k3d", "image", "import"),
}
DIGESTS = Path("k8s/overlays/production/images/kustomization.yaml")
HEADER = "# Which images run in production. Written by `make push`; a commit of it is a release.\n"


def built_images(engine: Engine) -> list[ImageName]:
    """Name the images of this commit and these models; raises DeployError for one that is not built."""
    names = image_names()
    missing = [str(one) for one in names if not engine.has(str(one))]
    if missing:
        raise DeployError(f"{', '.join(missing)} is not built; make images")
    return names


def push_all(engine: Engine, registry: str) -> None:
    """Push every image, and write the digests into the production overlay."""
    if DIRTY in commit_id():
        raise DeployError("what is pushed must be what a commit holds, but files here differ; commit, then make images")
    names = built_images(engine)
    pinned = [
        {"name": one.name, "newName": f"{registry}/{one.name}", "digest": push(engine, one, registry)} for one in names
    ]
    component = {"apiVersion": "kustomize.config.k8s.io/v1alpha1", "kind": "Component", "images": pinned}
    DIGESTS.write_text(HEADER + yaml.safe_dump(component, sort_keys=False))
    console.print(f"wrote the digests into {DIGESTS}; commit it, then make deploy OVERLAY=production")


def push(engine: Engine, image: ImageName, registry: str) -> str:
    """Push one image; gives the digest that the registry has it under."""
    remote = f"{registry}/{image}"
    output(engine.name, "tag", str(image), remote)
    if engine.name == "podman":  # it compresses on the way, so only the push itself knows the digest
        with tempfile.NamedTemporaryFile(mode="r") as file:
            step(f"push {remote}", engine.name, "push", "--digestfile", file.name, remote)
            return file.read().strip()
    step(f"push {remote}", engine.name, "push", remote)
    digests = json.loads(output(engine.name, "image", "inspect", "--format", "{{json .RepoDigests}}", remote))
    name = f"{registry}/{image.name}".removeprefix("docker.io/")  # Docker leaves its own registry's host out
    found = [str(one).split("@")[1] for one in digests if one.startswith(f"{name}@")]
    if not found:
        raise DeployError(f"{engine.name} names no digest of {remote}, only {', '.join(digests) or 'none at all'}")
    return found[0]


def load_all(engine: Engine, cluster: Cluster) -> None:
    """Load every image into a cluster on this machine."""
    names = [str(one) for one in built_images(engine)]
    # What a manifest calls `name:tag` a cluster looks for under its whole name. Podman would save `localhost/name:tag`.
    whole = [f"docker.io/library/{name}" for name in names]
    for name, full in zip(names, whole, strict=True):
        output(engine.name, "tag", name, full)
    many = ("--multi-image-archive",) if engine.name == "podman" else ()
    with tempfile.TemporaryDirectory() as folder:
        archive = f"{folder}/images.tar"
        step("save the images", engine.name, "save", *many, "-o", archive, *whole)
        step(f"load them into {cluster}", *LOADERS[cluster], archive)
