"""`python -m deploy` without a cluster: what it would apply, and kubectl's own words."""

import shutil
import sys
from pathlib import Path

import pytest
import yaml

from models import model_names
from tests.cluster.rendered import named, of_kind, rendered
from tests.conftest import ROOT, run


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Clone what is committed, with manifests and commands as they are here: names are taken from a commit."""
    folder = tmp_path_factory.mktemp("checkout") / "bentogate"
    run("git", "clone", "--quiet", str(ROOT), str(folder))
    for name in ("k8s", "deploy"):
        shutil.copytree(ROOT / name, folder / name, dirs_exist_ok=True)
    return folder


def deploy(checkout: Path, home: Path, *arguments: str) -> tuple[int, str]:
    """Run the command there, with no cluster; gives the exit code and what it wrote to stderr."""
    done = run(
        sys.executable, "-m", "deploy", *arguments,
        check=False, cwd=checkout, BENTOML_HOME=str(home), KUBECONFIG="/dev/null",
    )  # fmt: skip
    return done.returncode, done.stderr


@pytest.mark.parametrize("command", ["up", "down", "status"])
def test_without_a_cluster_kubectl_says_so(checkout: Path, shipped: Path, command: str) -> None:
    """One line of its own words, and exit code 1."""
    code, text = deploy(checkout, shipped, command, "local")

    assert code == 1
    assert text.count("\n") <= 2
    assert "was refused - did you specify the right host or port?" in text or "connection refused" in text


@pytest.mark.parametrize("command", ["down", "status"])
@pytest.mark.parametrize("overlay", ["local", "production"])
def test_what_runs_is_asked_for_and_taken_away_without_its_images(
    checkout: Path, tmp_path: Path, command: str, overlay: str
) -> None:
    """Nothing is trained or pushed here, and still the first thing that is missing is the cluster."""
    code, text = deploy(checkout, tmp_path, command, overlay)

    assert code == 1
    assert "refused" in text


def test_local_runs_what_this_commit_and_these_models_built(checkout: Path, shipped: Path) -> None:
    """Each image by the model's version and the commit, never `latest`."""
    deploy(checkout, shipped, "up", "local")
    commit = run("git", "rev-parse", "--short=7", "HEAD", cwd=checkout).stdout.strip()
    images = {
        one["metadata"]["name"]: one["spec"]["template"]["spec"]["containers"][0]["image"]
        for one in of_kind(rendered(checkout / ".deploy"), "Deployment")
    }
    versions = {name: next((shipped / "models" / name).glob("????????????")).name for name in model_names()}

    assert images == {
        "gateway": f"gateway:{commit}",
        **{f"ml-{name}": f"{name}:{version}-{commit}" for name, version in versions.items()},
    }


@pytest.mark.parametrize("tag", ["0801781", "12345e6", "1234567"])
def test_a_commit_that_looks_like_a_number_is_a_tag(tmp_path: Path, tag: str) -> None:
    """One commit in fifty does, in YAML as kustomize reads it."""
    from deploy.names import ImageName
    from deploy.overlay import kustomization

    shutil.copytree(ROOT / "k8s", tmp_path / "k8s")
    (tmp_path / "applied").mkdir()
    text = kustomization(Path("..", "k8s", "overlays", "local"), [ImageName("gateway", tag)])
    (tmp_path / "applied" / "kustomization.yaml").write_text(text)
    gateway = named(rendered(tmp_path / "applied"), "Deployment", "gateway")

    assert gateway["spec"]["template"]["spec"]["containers"][0]["image"] == f"gateway:{tag}"


def test_production_runs_what_was_pushed_and_nothing_else(checkout: Path, shipped: Path) -> None:
    """Before a push it says what to do; after one it is rendered with the digests."""
    digests = checkout / "k8s" / "overlays" / "production" / "images" / "kustomization.yaml"
    code, text = deploy(checkout, shipped, "up", "production")

    names = ", ".join(sorted(("gateway", *model_names())))
    assert (code, text) == (1, f"error: {names}: not pushed for production yet; make push REGISTRY=…\n")

    pushed = yaml.safe_load(digests.read_text())
    pushed["images"] = [
        {"name": name, "newName": f"r.example/{name}", "digest": f"sha256:{'0' * 64}"}
        for name in ("gateway", *model_names())
    ]
    digests.write_text(yaml.safe_dump(pushed))
    deploy(checkout, shipped, "up", "production")

    assert f"image: r.example/gateway@sha256:{'0' * 64}" in yaml.safe_dump_all(rendered(checkout / ".deploy"))


def test_undeploy_leaves_the_namespace() -> None:
    """Others keep certificates and passwords there."""
    from deploy.overlay import Applied

    manifests = rendered(ROOT / "k8s" / "overlays" / "production")
    kept = list(yaml.safe_load_all(Applied(manifests).what_may_go))

    assert {one["kind"] for one in manifests} - {one["kind"] for one in kept} == {"Namespace"}
    assert Applied(manifests).namespace == ("--namespace", "bentogate")


def test_an_unknown_overlay_lists_the_right_ones(checkout: Path, shipped: Path) -> None:
    """Before anything is asked of a cluster."""
    assert deploy(checkout, shipped, "up", "staging") == (
        1,
        "error: there is no overlay 'staging', only local, production\n",
    )
