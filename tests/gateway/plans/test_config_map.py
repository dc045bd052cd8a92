"""Weights in a ConfigMap: asked for by kubectl, and in a pod of the API server itself."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.canary.config_map import Api, ConfigMap, InPod, Kubectl
from gateway.canary.weights import PlaceError
from tests.conftest import ROOT
from tests.gateway.plans import api_server

TEXT = "routes:\n  rollout: {split: {weights: {stable: 100, candidate: 0}}}\n"
OBJECT: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "gateway-abc", "resourceVersion": "1"},
    "data": {"gateway.yaml": TEXT, "more": "x"},
}
RULES = [
    {
        "apiGroups": [""],
        "resources": ["configmaps"],
        "resourceNames": ["gateway-abc", "gone"],
        "verbs": ["get", "patch"],
    }
]

KUBECTL = """#!{python}
import json, os, sys
path = {path!r}
arguments = sys.argv[1:]
held = json.load(open(path))
assert arguments[:2] == ["--namespace", "bentogate"], arguments
if arguments[2] == "get":
    print(json.dumps(held))
elif os.path.exists(path + ".closed"):
    sys.exit("not now")
else:
    patch = json.loads(arguments[arguments.index("--patch") + 1])
    if patch["metadata"]["resourceVersion"] != held["metadata"]["resourceVersion"]:
        sys.exit("Error from server (Conflict): the object has been modified")
    held["data"] |= patch["data"]
    held["metadata"]["resourceVersion"] += "1"
    json.dump(held, open(path, "w"))
"""
"""What a real one does is in tests/cluster."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Run an API server; gives its folder."""
    folder = tmp_path / "api"
    api_server.prepare(folder, "127.0.0.1", OBJECT, RULES)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
    with api_server.serving(folder) as port:
        monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(port))
        yield folder


@pytest.fixture(params=["kubectl", "pod"])
def api(request: pytest.FixtureRequest, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Api:
    """Give each of both ways to the same object."""
    if request.param == "pod":
        return InPod(None, folder)
    kubectl = folder / "bin" / "kubectl"
    kubectl.parent.mkdir()
    kubectl.write_text(KUBECTL.format(python=sys.executable, path=str(folder / "object.json")))
    kubectl.chmod(0o755)
    monkeypatch.setenv("PATH", str(kubectl.parent), prepend=os.pathsep)
    return Kubectl("bentogate")


def test_a_config_map_is_patched(api: Api, folder: Path) -> None:
    """In the key that holds the settings, and only where nobody else has changed it since it was read."""
    place = ConfigMap("gateway-abc", "gateway.yaml", api)
    assert place.read() == TEXT
    place.write("routes: {}\n")

    assert json.loads((folder / "object.json").read_text())["data"] == {"gateway.yaml": "routes: {}\n", "more": "x"}
    with pytest.raises(PlaceError, match="has been modified"):
        place.write(TEXT)
    with pytest.raises(PlaceError, match=r"has no key other, only gateway\.yaml, more"):
        ConfigMap("gateway-abc", "other", api).read()


@pytest.mark.parametrize("api", ["kubectl"], indirect=True)
def test_a_command_that_is_stopped_ends_its_rollback_first(api: Api, folder: Path) -> None:
    """A pod is told to end 30 seconds before it must; the candidate would keep its callers else."""
    assert api.get("gateway-abc")
    closed = folder / "object.json.closed"
    closed.touch()
    begun = [sys.executable, "-m", "gateway", "canary", "rollout", "--roll-back", "--candidate", "stable"]
    command = [*begun, "--configmap", "gateway-abc", "--namespace", "bentogate"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "not rolled back yet: kubectl patch: not now\n"
        process.terminate()
        closed.unlink()
        assert "rolled back: stable has 0 % of rollout" in process.stdout.read()

    assert process.returncode == 1
    assert "stable: 0, candidate: 100" in api.get("gateway-abc")["data"]["gateway.yaml"]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("gone", 'answers 404: configmaps "gone" not found'),
        ("gateway-abd", 'answers 403: configmaps "gateway-abd" is forbidden'),
    ],
)
def test_in_a_pod_it_is_told_what_the_api_server_says(folder: Path, name: str, says: str) -> None:
    """Of a name that is not there, and of one that the account may not ask for."""
    with pytest.raises(PlaceError, match=says):
        ConfigMap(name, "gateway.yaml", InPod(None, folder)).read()


def test_in_a_pod_the_token_is_the_newest(folder: Path) -> None:
    """The kubelet renews it while a rollout lasts; an old one is refused."""
    place = ConfigMap("gateway-abc", "gateway.yaml", InPod(None, folder))
    (folder / "token").write_text("expired")
    with pytest.raises(PlaceError, match="answers 401: Unauthorized"):
        place.read()
    (folder / "token").write_text(api_server.TOKEN)

    assert place.read() == TEXT


def test_in_a_pod_only_the_clusters_own_authority_is_trusted(folder: Path, tmp_path: Path) -> None:
    """The token goes to nobody else."""
    assert InPod(None, folder).get("gateway-abc")
    other = tmp_path / "other"
    api_server.prepare(other, "127.0.0.1", OBJECT, RULES)
    with pytest.raises(PlaceError, match="CERTIFICATE_VERIFY_FAILED"):
        InPod(None, other).get("gateway-abc")


def test_in_a_pod_without_an_api_server_that_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody listens there, and a process that is in no pod has no address at all."""
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "9")
    with pytest.raises(PlaceError, match=r"cannot be asked: .*refused"):
        InPod(None, folder).get("gateway-abc")
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST")
    with pytest.raises(PlaceError, match="KUBERNETES_SERVICE_HOST"):
        InPod(None, folder).get("gateway-abc")
