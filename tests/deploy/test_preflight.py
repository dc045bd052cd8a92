"""What is missing is said in plain words, with what helps."""

import sys
from pathlib import Path

import pytest

from deploy import preflight
from deploy.commands import DeployError
from deploy.engine import find_engine


def program(folder: Path, name: str, text: str, code: int = 0) -> None:
    """Put a program into a folder that says something, as the real one says it, and ends with a code."""
    path = folder / name
    path.write_text(f"#!{sys.executable}\nimport sys\nsys.stderr.write({text!r})\nsys.exit({code})\n")
    path.chmod(0o755)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder that is all of PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("ENGINE", raising=False)
    return tmp_path


def test_without_an_engine_both_are_named(programs: Path) -> None:
    """Either one would do."""
    assert not list(programs.iterdir())
    with pytest.raises(DeployError, match=r"docker is not installed\n  podman is not installed"):
        find_engine()


@pytest.mark.parametrize(
    ("words", "code", "advice"),
    [
        ("Cannot connect to the Docker daemon at unix:///var/run/docker.sock.", 1, "to start it: sudo systemctl start"),
        ("Cannot connect to the Docker daemon at unix:///var/run/docker.sock.", 0, "to start it: sudo systemctl start"),
        ("permission denied while trying to connect to the Docker daemon socket", 1, "usermod -aG docker"),
        ("level=error\nsomething else", 1, "docker does not work: something else"),
    ],
)
def test_an_engine_that_does_not_answer_says_what_helps(programs: Path, words: str, code: int, advice: str) -> None:
    """By the words of its own program."""
    program(programs, "docker", words, code)
    with pytest.raises(DeployError) as caught:
        find_engine()

    assert advice in str(caught.value)


def test_an_engine_that_works_is_taken_where_the_other_does_not(programs: Path) -> None:
    """Docker's program without its engine is common beside Podman; ENGINE insists on one."""
    program(programs, "docker", "Cannot connect to the Docker daemon", 1)
    program(programs, "podman", "")

    assert find_engine().name == "podman"


def test_engine_insists(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """ENGINE names one, and only one that is known."""
    program(programs, "podman", "")
    monkeypatch.setenv("ENGINE", "docker")
    with pytest.raises(DeployError, match=r"^no container engine works here:\n  docker is not installed$"):
        find_engine()
    monkeypatch.setenv("ENGINE", "moby")
    with pytest.raises(DeployError, match="it can be docker or podman"):
        find_engine()


def test_docker_from_a_snap_cannot_see_tmp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It works once what is built lies below the home folder."""
    folder = tmp_path / "snap" / "bin"
    folder.mkdir(parents=True)
    program(folder, "docker", "")
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("ENGINE", "docker")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("TMPDIR", raising=False)
    with pytest.raises(DeployError, match="export TMPDIR="):
        find_engine()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "home" / "tmp"))

    assert find_engine().name == "docker"


def test_an_old_kubectl_is_told(programs: Path) -> None:
    """With the version that is needed, and where to get it."""
    program(programs, "kubectl", "")
    text = 'import sys\nsys.stdout.write(\'{"clientVersion": {"gitVersion": "v1.20.15+debian"}}\')\n'
    (programs / "kubectl").write_text(f"#!{sys.executable}\n{text}")
    with pytest.raises(DeployError, match=r"v1\.20\.15\+debian is too old, 1\.33 or newer is needed; https://"):
        preflight.kubectl()


@pytest.mark.parametrize("machine", ["riscv64", "i686"])
def test_another_architecture_is_told(programs: Path, monkeypatch: pytest.MonkeyPatch, machine: str) -> None:
    """Not all packages have wheels for it."""
    assert programs
    monkeypatch.setattr("platform.machine", lambda: machine)
    with pytest.raises(DeployError, match=f"{machine} is neither x86-64 nor arm64"):
        preflight.architecture()


def test_nodes_of_another_architecture_are_told(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Images built here would not run there."""
    (programs / "kubectl").write_text(f"#!{sys.executable}\nprint('arm64 amd64')\n")
    (programs / "kubectl").chmod(0o755)
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    with pytest.raises(DeployError, match="for amd64, but nodes run arm64"):
        preflight.architecture()


def test_a_right_that_lacks_is_told(programs: Path) -> None:
    """Forwarding a port is a right of its own, a subresource: `pods/portforward` would mean a pod of that name."""
    (programs / "kubectl").write_text(
        f"#!{sys.executable}\nimport sys\nsys.exit('--subresource=portforward' in sys.argv)\n"
    )
    (programs / "kubectl").chmod(0o755)
    with pytest.raises(DeployError, match="does not let you create pods --subresource=portforward"):
        preflight.cluster()


def test_all_that_is_missing_is_told_at_once(programs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Not one thing a run."""
    assert not list(programs.iterdir())
    assert not preflight.preflight()
    printed = capsys.readouterr().out

    assert "missing for images: container engine" in printed
    assert "missing for a cluster: kubectl" in printed
    assert "missing for a cluster: cluster" in printed
