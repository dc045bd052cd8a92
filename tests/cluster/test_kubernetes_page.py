"""The commands and files of docs/kubernetes.md are good as they stand there."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.canary.weights import weights_in
from stack.certificate import make_certificate
from tests.cluster.entrances.controllers import INGRESS
from tests.cluster.manifests.rules import access, policies, references, services
from tests.cluster.manifests.rules.objects import containers
from tests.cluster.rendered import COMPONENTS, K8S, OVERLAYS, combination, named, overlay, rendered
from tests.conftest import ROOT, run

PAGE = (ROOT / "docs" / "kubernetes.md").read_text()
HOLD = (
    *(access.roles_are_bound, access.roles_are_no_larger_than_needed, access.canaries_change_what_gateways_read),
    *(policies.policies_allow_the_edges_that_exist, references.labels_are_complete, references.references_resolve),
    *(references.deployments_select_their_own_pods, services.services_select_one_deployment),
)
"""Rules for an overlay with a second version of a model."""
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


def test_the_overlay_of_a_canary_renders(tmp_path: Path) -> None:
    """A candidate behind a Service of its own; the Job, the Role and the gateway have the ConfigMap with the split."""
    run("cp", "-r", str(K8S), str(tmp_path / "k8s"))
    files = re.findall(r"```yaml\n# (k8s/overlays/next/\S+)\n(.*?)```", PAGE, re.DOTALL)
    (patches,) = re.findall(r"```yaml\n(patches:\n  - target: \{kind: CronJob.*?)```", PAGE, re.DOTALL)
    for path, text in files:
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text.replace("sha256:…", f"sha256:{'0' * 64}"))
    with (tmp_path / "k8s" / "overlays" / "next" / "kustomization.yaml").open("a") as file:
        file.write(patches)
    manifests = rendered(tmp_path / "k8s" / "overlays" / "next")
    box = containers(named(manifests, "CronJob", "canary"))[0]
    settings = named(manifests, "ConfigMap", box["args"][3])["data"]["gateway.yaml"]

    assert len(files) == 3
    assert box["args"][:3] == ["canary", "gate", "--configmap"]
    assert box["args"][-1] == "--max-shift=0.2"
    assert weights_in(settings, "rollout") == {"diagnosis": 100, "candidate": 0}
    assert [one for rule in HOLD for one in rule(manifests)] == []


def test_the_name_of_the_config_map_is_where_the_page_looks_for_it() -> None:
    """The fourth of the Job's arguments."""
    (path,) = re.findall(r"jsonpath='\{(.*?)\}'", COMMANDS)
    found: Any = named(combination(("canary",)), "CronJob", "canary")
    for step in re.findall(r"\w+", path):
        found = found[int(step) if step.isdecimal() else step]

    assert str(found).startswith("gateway-")


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
