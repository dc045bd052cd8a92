"""The real kubectl, by which a canary changes a ConfigMap, asks an API server over TLS, with a token."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from gateway.canary.config_map import ConfigMap, Kubectl
from gateway.canary.weights import PlaceError
from tests.cluster.rendered import combination, named, of_kind
from tests.gateway.plans import api_server

MANIFESTS = combination(("canary",))
RULES = named(MANIFESTS, "Role", "canary")["rules"]
SETTINGS = next(one for one in of_kind(MANIFESTS, "ConfigMap") if "gateway.yaml" in one["data"])
NAME = SETTINGS["metadata"]["name"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Run an API server that lets kubectl do what the Role says, and tell kubectl where it is; gives its folder."""
    folder = tmp_path / "api"
    api_server.prepare(folder, "127.0.0.1", SETTINGS, RULES)
    with api_server.serving(folder) as port:
        kubeconfig = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {
                    "name": "test",
                    "cluster": {
                        "server": f"https://127.0.0.1:{port}",
                        "certificate-authority": str(folder / "ca.crt"),
                    },
                }
            ],
            "users": [{"name": "test", "user": {"token": api_server.TOKEN}}],
            "contexts": [
                {"name": "test", "context": {"cluster": "test", "user": "test", "namespace": api_server.NAMESPACE}}
            ],
            "current-context": "test",
        }
        (folder / "config").write_text(yaml.safe_dump(kubeconfig))
        monkeypatch.setenv("KUBECONFIG", str(folder / "config"))
        monkeypatch.setenv("KUBECACHEDIR", str(folder / "cache"))
        yield folder


@pytest.mark.parametrize("namespace", [None, api_server.NAMESPACE])
def test_it_is_read_and_patched(folder: Path, namespace: str | None) -> None:
    """Every character of it, and not where somebody else was first."""
    place, other = (ConfigMap(NAME, "gateway.yaml", Kubectl(namespace)) for _ in range(2))
    text = place.read()
    assert other.read() == text == SETTINGS["data"]["gateway.yaml"]
    place.write(f"{text}# ä: 'quoted', \"too\"\n")

    assert json.loads((folder / "object.json").read_text())["data"]["gateway.yaml"] == place.read()
    assert place.read().endswith("# ä: 'quoted', \"too\"\n")
    with pytest.raises(PlaceError, match=r"kubectl patch: Error from server.*: the object has been modified"):
        other.write(text)


def test_what_is_refused_is_told(folder: Path) -> None:
    """In the API server's words: of a name that the Role does not name, of one that is gone, of another namespace."""
    with pytest.raises(PlaceError, match=r'kubectl get: Error from server.*: configmaps "gateway" is forbidden'):
        ConfigMap("gateway", "gateway.yaml", Kubectl(None)).read()
    held = json.loads((folder / "object.json").read_text())
    held["metadata"]["name"] = "gateway-of-the-next-deploy"
    (folder / "object.json").write_text(json.dumps(held))
    with pytest.raises(PlaceError, match=f'kubectl get: Error from server.*: configmaps "{NAME}" not found'):
        ConfigMap(NAME, "gateway.yaml", Kubectl(None)).read()
    with pytest.raises(PlaceError, match="is forbidden"):
        ConfigMap(NAME, "gateway.yaml", Kubectl("elsewhere")).read()


def test_without_an_api_server_that_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By kubectl, whose words are kept."""
    (folder / "config").write_text("")
    with pytest.raises(PlaceError, match=r"kubectl get: .*refused"):
        ConfigMap(NAME, "gateway.yaml", Kubectl(None)).read()
    monkeypatch.setenv("PATH", str(folder))
    with pytest.raises(PlaceError, match="kubectl cannot be asked"):
        ConfigMap(NAME, "gateway.yaml", Kubectl(None)).read()
