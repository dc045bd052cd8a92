"""The files under k8s/: one object each, and a folder of a few lines for a model."""

from pathlib import Path

import pytest
import yaml

from tests.cluster.rendered import K8S
from tests.conftest import ROOT

MODELS = sorted((K8S / "base" / "models").iterdir())
SETTINGS = K8S / "base" / "gateway" / "gateway.yaml"
OF_KUSTOMIZE = K8S / "components" / "canary" / "names.yaml"


def faults(path: Path) -> list[str]:
    """Say why a file is not one object."""
    objects = list(yaml.safe_load_all(path.read_text()))
    if len(objects) != 1:
        return [f"{path.name} holds {len(objects)} objects"]
    return [] if "kind" in objects[0] else [f"{path.name} has no kind"]


@pytest.mark.parametrize("folder", MODELS, ids=lambda path: path.name)
def test_a_model_is_a_few_lines(folder: Path) -> None:
    """A model's own folder holds fifteen lines at most, and everything else is shared."""
    lines = [line for path in folder.iterdir() for line in path.read_text().splitlines()]

    assert 0 < len(lines) <= 15


def test_one_object_a_file() -> None:
    """Each manifest is a file of its own, and no other YAML is there but settings: the gateway's, and kustomize's."""
    paths = [path for path in K8S.rglob("*.yaml") if path not in (SETTINGS, OF_KUSTOMIZE)]

    assert len(paths) > 30
    assert not [fault for path in paths for fault in faults(path)]


def test_two_objects_in_a_file_would_be_found(tmp_path: Path) -> None:
    """The check of files can fail."""
    (tmp_path / "both.yaml").write_text("kind: Service\n---\nkind: Deployment\n")
    (tmp_path / "none.yaml").write_text("backends: {}\n")

    assert faults(tmp_path / "both.yaml") == ["both.yaml holds 2 objects"]
    assert faults(tmp_path / "none.yaml") == ["none.yaml has no kind"]


def test_the_settings_on_a_laptop_are_those_of_the_cluster() -> None:
    """gateway.yaml at the root is the file that the base makes its ConfigMap of."""
    assert (ROOT / "gateway.yaml").resolve() == SETTINGS


def test_the_gateways_image_fits_its_manifest() -> None:
    """The image reads its settings where the ConfigMap is mounted, and runs as the user of the manifest."""
    deployment = yaml.safe_load((K8S / "base" / "gateway" / "deployment.yaml").read_text())
    pod = deployment["spec"]["template"]["spec"]
    mounts = {mount["name"]: mount["mountPath"] for mount in pod["containers"][0]["volumeMounts"]}
    dockerfile = (ROOT / "gateway" / "Dockerfile").read_text()

    user = pod["securityContext"]

    assert f'CMD ["--config", "{mounts["config"]}/gateway.yaml"]' in dockerfile
    assert f"USER {user['runAsUser']}:{user['runAsGroup']}\n" in dockerfile
    assert user["fsGroup"] == user["runAsGroup"]
