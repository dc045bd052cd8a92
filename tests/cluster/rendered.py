"""The manifests as kubectl renders them: overlays as they are, and the base with any combination of components."""

import itertools
import os
import tempfile
from functools import cache, partial
from pathlib import Path
from typing import Any

import yaml

from tests.conftest import ROOT, run

K8S = ROOT / "k8s"
OVERLAYS = sorted(path.name for path in (K8S / "overlays").iterdir())
LATE = ("canary", "grpc", "monitoring")
COMPONENTS = sorted((path.name for path in (K8S / "components").iterdir()), key=lambda name: (name in LATE, name))
"""In an order that works: the late ones open their ports in the policies of `network-policies`."""
TOGETHER = {"canary", "keda", "monitoring", "prediction-log"}
COMBINATIONS = [
    some
    for size in range(len(COMPONENTS) + 1)
    for some in itertools.combinations(COMPONENTS, size)
    if not TOGETHER & set(some) or set(some) >= TOGETHER or size == 1
]
"""All of them, but these four only alone or together: they double what is rendered once, not four times."""

Manifest = dict[str, Any]


@cache
def overlay(name: str) -> list[Manifest]:
    """Render an overlay; the objects are shared, so copy before changing one."""
    return rendered(K8S / "overlays" / name)


@cache
def combination(components: tuple[str, ...]) -> list[Manifest]:
    """Render the base with some components."""
    return composed(resources=["../k8s/base"], components=[f"../k8s/components/{name}" for name in components])


@cache
def extended(name: str, component: str) -> list[Manifest]:
    """Render an overlay with a component more, as an overlay of one's own adds it."""
    own = {"namespace": "bentogate"} if name == "production" else {}
    return composed(resources=[f"../k8s/overlays/{name}"], components=[f"../k8s/components/{component}"], **own)


def composed(**fields: Any) -> list[Manifest]:
    """Render a kustomization that lasts no longer; its paths are seen from a folder beside `k8s`."""
    with tempfile.TemporaryDirectory(dir=K8S.parent, prefix=".rendered-") as folder:
        wanted = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", **fields}
        Path(folder, "kustomization.yaml").write_text(yaml.safe_dump(wanted))
        return rendered(Path(folder))


def rendered(folder: Path) -> list[Manifest]:
    """Render a folder as `kubectl apply -k` would; kubectl keeps its cache elsewhere than in the home folder."""
    with tempfile.TemporaryDirectory() as cache_folder:
        done = run("kubectl", "kustomize", os.fspath(folder), KUBECACHEDIR=cache_folder)
    return list(yaml.safe_load_all(done.stdout))


def named(manifests: list[Manifest], kind: str, name: str) -> Manifest:
    """Give the one object of this kind and name."""
    (found,) = (one for one in manifests if one["kind"] == kind and one["metadata"]["name"] == name)
    return found


def of_kind(manifests: list[Manifest], *kinds: str) -> list[Manifest]:
    """Give all objects of these kinds."""
    return [one for one in manifests if one["kind"] in kinds]


RENDERINGS = {
    **{name: partial(overlay, name) for name in OVERLAYS},
    **{
        f"{name}+{one}": partial(extended, name, one)
        for name in OVERLAYS
        for one in ("canary", "ingress", "gateway-api", "grpc", "headless", "keda", "monitoring", "prediction-log")
    },
    **{"+".join(("base", *some)): partial(combination, some) for some in COMBINATIONS},
}
"""How each overlay, alone and with one component more, and each combination is rendered, by a readable name."""
