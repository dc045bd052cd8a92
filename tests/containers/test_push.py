"""`make push` to a real registry: what the production overlay then names can be pulled by digest."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from benchmarks.ports import free_ports
from tests.cluster.rendered import of_kind, rendered
from tests.conftest import ROOT, run
from tests.containers.conftest import podman
from tests.serving import answers, wait_until


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Run a registry on loopback, which podman is told to speak to without TLS; gives its address."""
    (port,) = free_ports(1)
    address = f"127.0.0.1:{port}"
    config = {
        "version": "0.1",
        "storage": {"filesystem": {"rootdirectory": str(tmp_path / "registry")}},
        "http": {"addr": address},
    }
    (tmp_path / "registry.yml").write_text(yaml.safe_dump(config))
    (tmp_path / "registries.conf").write_text(f'[[registry]]\nlocation = "{address}"\ninsecure = true\n')
    monkeypatch.setenv("CONTAINERS_REGISTRIES_CONF", str(tmp_path / "registries.conf"))
    with (tmp_path / "registry.log").open("w") as log:
        process = subprocess.Popen(["docker-registry", "serve", str(tmp_path / "registry.yml")], stdout=log, stderr=log)
    try:
        wait_until(lambda: answers(f"http://{address}/v2/"))
        yield address
    finally:
        process.terminate()
        process.wait(10)


def test_what_was_pushed_is_what_production_runs(
    images: dict[str, str], registry: str, shipped: Path, tmp_path: Path
) -> None:
    """By the digest that the registry has it under, and only from files that a commit holds."""
    checkout = tmp_path / "checkout"
    run("git", "clone", "--quiet", str(ROOT), str(checkout))
    shutil.copytree(ROOT / "deploy", checkout / "deploy", dirs_exist_ok=True)
    commit = run("git", "rev-parse", "--short=7", "HEAD", cwd=checkout).stdout.strip()
    tags = {name: image.split(":")[1].split("-")[0] + f"-{commit}" for name, image in images.items()}
    clean = {name: f"{name}:{tag}" for name, tag in {**tags, "gateway": commit}.items()}
    push = (sys.executable, "-m", "deploy", "push", f"{registry}/team/")
    environment = {"ENGINE": "podman", "BENTOML_HOME": str(shipped)}
    for name, image in images.items():
        podman("tag", image, clean[name])
    try:
        done = run(*push, cwd=checkout, check=False, **environment)

        assert done.returncode == 0, done.stderr + done.stdout

        deployed = of_kind(rendered(checkout / "k8s" / "overlays" / "production"), "Deployment")
        for one in deployed:
            image = one["spec"]["template"]["spec"]["containers"][0]["image"]
            assert image.startswith(f"{registry}/team/{one['metadata']['name'].removeprefix('ml-')}@sha256:")
            podman("pull", "--quiet", image)
            podman("image", "rm", "--force", image)

        (checkout / "gateway" / "new.py").touch()
        again = run(*push, cwd=checkout, check=False, **environment)
        assert "files here differ; commit" in again.stderr
    finally:
        pushed = [f"{registry}/team/{image}" for image in clean.values()]
        for name in pushed:
            podman("image", "rm", name, check=False)
        for extra in set(clean.values()) - set(images.values()):
            podman("untag", extra)
