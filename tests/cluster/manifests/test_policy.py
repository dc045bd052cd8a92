"""checkov's policies hold over both overlays, with some components too, but for what is accepted with a reason."""

import json
import os
import tempfile
from copy import deepcopy
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from models import model_names
from tests.cluster.rendered import OVERLAYS, Manifest, composed, named
from tests.conftest import ROOT, run

IMAGES = ("gateway", *model_names())
DIGEST = f"sha256:{'0123456789abcdef' * 4}"
EVERYWHERE = {
    "CKV_K8S_11 *": "a CPU limit throttles a pod while processors are idle; requests share them fairly",
    "CKV_K8S_40 Deployment.*.ml-*": "BentoML gives the files of its images to its own user, 1034",
}
TOKEN = {"CKV_K8S_38 *": "a canary changes a ConfigMap, by the token of its ServiceAccount"}
MORE = {"production+headless": EVERYWHERE, "production+canary": {**EVERYWHERE, **TOKEN}}
ACCEPTED = {
    "production": EVERYWHERE,
    **MORE,
    "local": {
        **EVERYWHERE,
        "CKV_K8S_15 *": "the images are loaded into the cluster and can be pulled from nowhere",
        "CKV_K8S_21 *": "the namespace is the one that kubectl is set to",
        "CKV_K8S_43 *": "only a registry gives an image its digest",
        "CKV2_K8S_6 *": "the usual networks of clusters on one machine do not enforce policies",
    },
}
"""Checks, each with the objects that need not pass it, and why."""


@pytest.mark.parametrize("name", [*OVERLAYS, *MORE])
def test_policies_hold(name: str) -> None:
    """No object fails a check that is not accepted, and each accepted one is still needed."""
    found = failed(name)

    assert not [fault for fault in found if not any(fnmatch(fault, f"{one}: *") for one in ACCEPTED[name])]
    assert not [one for one in ACCEPTED[name] if not any(fnmatch(fault, f"{one}: *") for fault in found)]


def test_a_privileged_container_is_found() -> None:
    """The checks can fail: for a privileged container, in checkov's words."""
    manifests = deepcopy(deployed("production"))
    box = named(manifests, "Deployment", "gateway")["spec"]["template"]["spec"]["containers"][0]
    box["securityContext"]["privileged"] = True

    found = set(checked(manifests)) - set(failed("production"))

    assert found == {"CKV_K8S_16 Deployment.bentogate.gateway: Container should not be privileged"}


@cache
def failed(name: str) -> list[str]:
    """Check an overlay, once."""
    return checked(deployed(name))


@cache
def deployed(name: str) -> list[Manifest]:
    """Render an overlay with its images set, as it is deployed: digests of a registry, or tags of what was built."""
    set_to = {
        "production": [{"name": one, "newName": f"registry.example/{one}", "digest": DIGEST} for one in IMAGES],
        "local": [{"name": one, "newTag": "1.0.0"} for one in IMAGES],
    }
    overlay, *more = name.split("+")
    own = {"namespace": "bentogate", "components": [f"../k8s/components/{one}" for one in more]} if more else {}
    return composed(resources=[f"../k8s/overlays/{overlay}"], images=set_to[overlay], **own)


def checked(manifests: list[Manifest]) -> list[str]:
    """Let checkov check manifests without any network, and give what it finds."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "manifests.yaml")
        path.write_text(yaml.safe_dump_all(manifests))
        program = os.fspath(ROOT / ".venv" / "checkov" / "bin" / "checkov")
        asked = ("--file", os.fspath(path), "--framework", "kubernetes", "--skip-download", "--output", "json")
        # It keeps a cache and looks for settings in the home folder; 1 is its status when it finds something.
        done = run(program, *asked, "--compact", "--quiet", check=False, HOME=folder)
    assert done.returncode in (0, 1), done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    assert report["summary"]["parsing_errors"] == 0
    assert report["summary"]["resource_count"] >= len(manifests)
    return [f"{one['check_id']} {one['resource']}: {one['check_name']}" for one in report["results"]["failed_checks"]]
