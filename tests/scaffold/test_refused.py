"""A model that cannot be added leaves everything as it was, with one sentence that says what to do."""

import shutil
from pathlib import Path

import pytest

from scaffold.additions import add
from scaffold.errors import ScaffoldError
from tests.conftest import run
from tests.scaffold.copied import NAME, contents, copied, scaffold

EXAMPLE = "make model NAME=churn"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", f"a model needs a name: {EXAMPLE}"),
        ("Churn", f"small letters and digits, 40 at most: {EXAMPLE}"),
        ("2fast", "'2fast' cannot name a model"),
        ("a-b", "'a-b' cannot name a model"),
        ("../evil", "'../evil' cannot name a model"),
        ("m" * 41, "40 at most"),
        ("gateway", "'gateway' cannot name a model, since it is a word of the project's own"),
        ("class", "'class' cannot name a model, since it is a word of Python's own"),
        ("assessment", "is there already, in gateway.yaml (routes); take another name"),
        ("catalog", "is there already, in models/catalog.py, tests/models/test_catalog.py; take another name"),
        ("shipped", "is there already, in tests/models/test_shipped.py; take another name"),
        (
            "novelty",
            "(backends), k8s/base/kustomization.yaml, k8s/components/autoscaling/kustomization.yaml, k8s/",
        ),
    ],
)
def test_a_name_that_cannot_be_changes_nothing(copy: Path, name: str, words: str) -> None:
    """One sentence has the fix, and every file is as it was."""
    before = contents(copy)
    with pytest.raises(ScaffoldError) as caught:
        add(copy, name)

    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert contents(copy) == before


def test_the_command_refuses_with_exit_code_1(copy: Path) -> None:
    """One line on stderr, nothing on stdout, and every file as it was."""
    before = contents(copy)
    done = scaffold(copy, "novelty")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: 'novelty' is there already, in models/novelty.py, k8s/base/models/novelty/")
    assert done.stderr.count("\n") == 1
    assert contents(copy) == before


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        (
            "gateway.yaml",
            "  novelty: {url: http://ml-novelty}\n",
            "  addition: {url: http://x}\n",
            "gateway.yaml (backends)",
        ),
        ("Procfile", "novelty:", "addition:", "already, in Procfile;"),
        (
            "k8s/base/kustomization.yaml",
            "models/novelty",
            "models/addition",
            "already, in k8s/base/kust",
        ),
        ("Procfile", "python -m gateway", "gateway", "Procfile: write a line `gateway: exec env … python -m gateway`"),
        ("gateway.yaml", "backends:", "backends: [", "gateway.yaml is not YAML; mend it first: "),
        (
            "k8s/base/kustomization.yaml",
            "resources:",
            "components:",
            "k8s/base/kustomization.yaml: write the entries of resources one a line",
        ),
    ],
)
def test_a_file_without_a_place_for_it_changes_nothing(
    tmp_path: Path, file: str, old: str, new: str, words: str
) -> None:
    """A name that one place has already, or a form that no line fits into, is told before anything is written."""
    copy = copied(tmp_path)
    text = (copy / file).read_text()
    assert old in text
    (copy / file).write_text(text.replace(old, new))
    before = contents(copy)
    with pytest.raises(ScaffoldError) as caught:
        add(copy, NAME)

    assert words in str(caught.value)
    assert contents(copy) == before


def test_a_write_that_fails_midway_is_taken_back(tmp_path: Path) -> None:
    """Where the last folder cannot be made, what was written before it is as it was, and the path is told."""
    copy = copied(tmp_path)
    shutil.rmtree(copy / "k8s" / "components" / "autoscaling" / "models")
    (copy / "k8s" / "components" / "autoscaling" / "models").write_text("in the way\n")
    before = contents(copy)
    with pytest.raises(ScaffoldError) as caught:
        add(copy, NAME)

    path = f"k8s/components/autoscaling/models/{NAME}/kustomization.yaml"
    assert str(caught.value).startswith(f"{path} cannot be written: ")
    assert str(caught.value).endswith("; nothing was changed")
    assert contents(copy) == before


def test_make_without_a_name_says_how_to_call_it() -> None:
    """`make model` names the example and makes nothing."""
    done = run("make", "model", check=False)

    assert done.returncode != 0
    assert f"error: a model needs a name: {EXAMPLE}\n" in done.stderr
