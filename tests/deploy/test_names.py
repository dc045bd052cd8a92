"""What images are made of is in their names."""

from pathlib import Path

import pytest

from deploy.commands import DeployError
from deploy.names import commit_id
from tests.conftest import run


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a repository of two files with one commit, and go there."""
    (tmp_path / "gateway").mkdir()
    (tmp_path / "gateway" / "app.py").write_text("one\n")
    (tmp_path / "README.md").write_text("one\n")
    for command in ("init --quiet", "add .", "-c user.name=a -c user.email=a@a commit --quiet -m one"):
        run("git", *command.split(), cwd=tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_commit_names_what_it_holds(checkout: Path) -> None:
    """Whatever else is changed, such as documentation."""
    (checkout / "README.md").write_text("two\n")

    assert commit_id() == run("git", "rev-parse", "--short=7", "HEAD", cwd=checkout).stdout.strip()


def test_every_change_of_a_source_has_a_name_of_its_own(checkout: Path) -> None:
    """Else a cluster would keep the pods of the change before."""
    clean, names = commit_id(), []
    for text in ("two\n", "three\n"):
        (checkout / "gateway" / "app.py").write_text(text)
        names.append(commit_id())
    (checkout / "gateway" / "new.py").write_text("one\n")
    names.append(commit_id())

    assert len({clean, *names}) == 4
    assert all(name.startswith(f"{clean}-dirty-") for name in names)


def test_without_git_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With git's own words."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DeployError, match=r"images are named by the commit they are built from, but: .*not a git repo"):
        commit_id()
