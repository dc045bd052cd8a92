"""The commands and files of docs/kubernetes.md are good as they stand there."""

import re
import shlex
from pathlib import Path

import pytest
import yaml

from stack.certificate import make_certificate
from tests.cluster.entrances.controllers import INGRESS
from tests.cluster.rendered import COMPONENTS, K8S, OVERLAYS, named, overlay, rendered
from tests.conftest import ROOT, run

PAGE = (ROOT / "docs" / "kubernetes.md").read_text()
COMMANDS = "\n".join(re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL))


def test_every_target_is_in_the_makefile() -> None:
    """With the variables that it reads."""
    makefile = (ROOT / "Makefile").read_text()
    used = set(re.findall(r"`?make ([a-z-]+)((?: [A-Z]+=)?)", PAGE))

    assert {"images", "deploy", "push", "load", "status", "undeploy", "preflight"} <= {target for target, _ in used}
    for target, variable in used:
        assert re.search(rf"^{target}: ", makefile, re.MULTILINE), target
        assert not variable or f"$({variable.strip(' =')}" in makefile


def test_every_object_is_one_that_the_overlays_make() -> None:
    """What `kubectl` is told to roll back, restart or forward to."""
    objects = set(re.findall(r"\b(deployment|service)/([a-z-]+)", PAGE))

    assert objects
    for kind, name in objects:
        assert named(overlay("local"), kind.capitalize(), name)


def test_every_component_and_overlay_is_listed() -> None:
    """With what it adds or differs in."""
    for name in (*COMPONENTS, *OVERLAYS):
        assert f"| `{name}` |" in PAGE


def test_the_overlay_of_ones_own_renders(tmp_path: Path) -> None:
    """With the host in the Ingress, and no way past it."""
    (text,) = re.findall(r"```yaml\n(# k8s/overlays/mine.*?)```", PAGE, re.DOTALL)
    folder = tmp_path / "k8s" / "overlays" / "mine"
    run("cp", "-r", str(K8S), str(tmp_path / "k8s"))
    folder.mkdir()
    (folder / "kustomization.yaml").write_text(text)
    manifests = rendered(folder)

    spec = named(manifests, "Ingress", "ml-inference")["spec"]
    assert spec["rules"][0]["host"] == spec["tls"][0]["hosts"][0] == "ml.example.org"
    assert named(manifests, "Service", "ml-inference-service")["spec"]["type"] == "ClusterIP"


@pytest.mark.parametrize(("kind", "keys"), [("tls", {"tls.crt", "tls.key"}), ("generic", {"auth", "users"})])
def test_the_secrets_have_the_names_and_keys_that_the_manifests_read(tmp_path: Path, kind: str, keys: set[str]) -> None:
    """Made by the page's own command, up to the cluster."""
    make_certificate(tmp_path)
    (tmp_path / "auth").write_text("ada:$apr1$x\n")
    (command,) = (line for line in COMMANDS.splitlines() if f"create secret {kind} " in line)
    done = run(*shlex.split(command), "--dry-run=client", "-o", "yaml", cwd=tmp_path)
    secret = yaml.safe_load(done.stdout)

    assert set(secret["data"]) == keys
    rendered_text = yaml.safe_dump_all(rendered(K8S / "overlays" / "local"))
    ingress = (K8S / "components" / "ingress" / "ingress.yaml").read_text()
    assert secret["metadata"]["name"] in rendered_text + ingress


def test_the_ingress_class_is_the_one_that_was_tested() -> None:
    """Traefik takes only Ingresses whose class it knows."""
    (text,) = re.findall(r"<<'END'\n(.*?)END", PAGE, re.DOTALL)

    assert yaml.safe_load(text) == INGRESS.provided_class
