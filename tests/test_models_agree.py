"""Everything that names the models names the same ones, with the same ports."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.settings import read_settings
from models import model_names
from stack.procfile import read_procfile
from tests.conftest import ROOT

BASE, AUTOSCALING, HEADLESS = (Path("k8s", at) for at in ("base", "components/autoscaling", "components/headless"))
READ = ("k8s", "Procfile", "gateway.yaml")


def kustomization(folder: Path) -> Any:
    """Read the file that kustomize reads in a folder."""
    return yaml.safe_load((folder / "kustomization.yaml").read_text())


def patched(folder: Path) -> dict[str, Any]:
    """Give what a model's own patch sets, by path."""
    (patch,) = kustomization(folder)["patches"]
    return {change["path"]: change["value"] for change in yaml.safe_load(patch["patch"])}


def headless(name: str) -> tuple[str, str, int, str]:
    """Give name, selected name and port of a model's headless Service, and where the gateway looks for it then."""
    service, deployment = (
        yaml.safe_load((ROOT / HEADLESS / "models" / name / file).read_text())
        for file in ("service.yaml", "deployment.yaml")
    )
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    told = {variable["name"]: variable["value"] for variable in container["env"]}
    assert told.keys() == {f"GATEWAY_BACKENDS__{name.upper()}__{key}" for key in ("URL", "ENDPOINTS")}
    (port,) = service["spec"]["ports"]
    chosen = service["spec"]["selector"]["app.kubernetes.io/name"]
    return service["metadata"]["name"], chosen, port["port"], told[f"GATEWAY_BACKENDS__{name.upper()}__URL"]


def names(root: Path) -> dict[str, list[str]]:
    """Give the models that each place below `root` names, sorted."""
    procfile = read_procfile(root / "Procfile")
    found = {
        "gateway.yaml": list(read_settings(root / "gateway.yaml").backends),
        "Procfile": [name for name in procfile.commands if name != "gateway"],
        "Procfile, gateway": [
            name.lower() for name in re.findall(r"GATEWAY_BACKENDS__(\w+?)__URL=", procfile.commands["gateway"])
        ],
    }
    for folder, key in ((BASE, "resources"), (AUTOSCALING, "resources"), (HEADLESS, "components")):
        listed = [Path(one) for one in kustomization(root / folder)[key]]
        found[f"{folder}/kustomization.yaml"] = [one.name for one in listed if one.parent == Path("models")]
        found[f"{folder}/models/"] = [path.name for path in (root / folder / "models").iterdir()]
    return {place: sorted(those) for place, those in found.items()}


def test_every_place_names_the_same_models() -> None:
    """The catalog, gateway.yaml, the Procfile and the parts of k8s/ know the same models, each once."""
    found = names(ROOT)

    assert found == dict.fromkeys(found, model_names())


@pytest.mark.parametrize("name", model_names())
def test_a_model_has_one_port_everywhere(name: str) -> None:
    """The Procfile serves it, and sends the gateway, to the port that its container has in a cluster, headless too."""
    procfile, variable = read_procfile(ROOT / "Procfile"), f"{name.upper()}_PORT"
    port = procfile.ports[variable]
    values = patched(ROOT / BASE / "models" / name)

    assert procfile.commands[name].endswith(f"--port ${{{variable}:-{port}}}")
    assert f"__{name.upper()}__URL=http://127.0.0.1:${{{variable}:-{port}}}" in procfile.commands["gateway"]
    assert values["/spec/template/spec/containers/0/ports/0/containerPort"] == port
    assert values["/spec/template/spec/containers/0/env/0/value"] == str(port)
    assert headless(name) == (f"ml-{name}-pods", name, port, f"http://ml-{name}-pods:{port}")


@pytest.mark.parametrize("name", model_names())
def test_a_model_has_one_name_everywhere(name: str) -> None:
    """Its Service, label, image, what is scaled, and where the gateway looks for it follow from the name."""
    base, autoscaling = (kustomization(ROOT / folder / "models" / name) for folder in (BASE, AUTOSCALING))
    address = str(read_settings(ROOT / "gateway.yaml").backends[name].address)

    for one in (base, autoscaling):
        assert one["nameSuffix"] == f"-{name}"
        assert one["labels"][0]["pairs"] == {"app.kubernetes.io/name": name}
    assert base["images"] == [{"name": "model", "newName": name}]
    assert patched(ROOT / AUTOSCALING / "models" / name)["/spec/scaleTargetRef/name"] == f"ml-{name}"
    assert address == f"http://ml-{name}"


def others(name: str) -> list[str]:
    """Name the models but one."""
    return [one for one in model_names() if one != name]


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("gateway.yaml", "  novelty: {url: http://ml-novelty}\n"),
        ("Procfile", "novelty: exec"),
        ("Procfile", " GATEWAY_BACKENDS__NOVELTY__URL="),
        ("k8s/base/kustomization.yaml", "  - models/novelty\n"),
        ("k8s/components/autoscaling/kustomization.yaml", "  - models/novelty\n"),
        ("k8s/components/headless/kustomization.yaml", "  - models/novelty\n"),
    ],
)
def test_a_missing_line_would_be_found(tmp_path: Path, file: str, line: str) -> None:
    """A model that one place does not name makes that place differ."""
    for one in READ:
        copy = shutil.copytree if (ROOT / one).is_dir() else shutil.copy
        copy(ROOT / one, tmp_path / one)
    text = (ROOT / file).read_text().replace("[diagnosis, novelty]", "[diagnosis]")
    assert line in text
    (tmp_path / file).write_text(text.replace(line, "#" if line.endswith("exec") else ""))

    assert [those for those in names(tmp_path).values() if those != model_names()] == [others("novelty")]
