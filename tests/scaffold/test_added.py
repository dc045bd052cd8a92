"""A model that was added works at once: it passes lint, its test, training, and what holds the places together."""

import os
import re
import sys
from pathlib import Path

import pytest

from scaffold.additions import add
from tests.conftest import ROOT, run
from tests.scaffold.conftest import Added
from tests.scaffold.copied import NAME, contents, copied, inside, next_port

MADE = {
    "models/addition.py",
    "tests/models/test_addition.py",
    "k8s/base/models/addition",
    "k8s/base/models/addition/kustomization.yaml",
    "k8s/components/autoscaling/models/addition",
    "k8s/components/autoscaling/models/addition/kustomization.yaml",
    "k8s/components/headless/models/addition",
    "k8s/components/headless/models/addition/deployment.yaml",
    "k8s/components/headless/models/addition/kustomization.yaml",
    "k8s/components/headless/models/addition/service.yaml",
    "k8s/components/keda/models/addition",
    "k8s/components/keda/models/addition/kustomization.yaml",
}
CHANGED = {
    "Procfile",
    "k8s/base/gateway/gateway.yaml",
    "k8s/base/kustomization.yaml",
    "k8s/components/autoscaling/kustomization.yaml",
    "k8s/components/headless/kustomization.yaml",
    "k8s/components/keda/kustomization.yaml",
}
CODE = ("models/addition.py", "tests/models/test_addition.py")


def test_exactly_these_files_are_made_and_changed(added: Added) -> None:
    """Nothing else of the project is touched, and gateway.yaml stays a link to the cluster's file."""
    after = contents(added.copy)

    assert after.keys() - added.before.keys() == MADE
    assert {path for path, content in added.before.items() if after[path] != content} == CHANGED


def test_files_that_name_all_models_gain_a_line(added: Added) -> None:
    """Without it, and without what the gateway's line of the Procfile gains, each is byte for byte what it was."""
    for path in CHANGED:
        lines = (added.copy / path).read_bytes().splitlines(keepends=True)
        new = [line for line in lines if b"addition" in line]
        rest = b"".join(line for line in lines if line not in new)

        assert len(new) == 1
        assert re.sub(rb" GATEWAY_BACKENDS__ADDITION__URL=\S+", b"", rest) == added.before[path]


def test_the_next_free_port_is_taken_everywhere(added: Added) -> None:
    """It stands in the model's line, the gateway's, and the container's."""
    procfile = (added.copy / "Procfile").read_text()
    container = (added.copy / "k8s" / "base" / "models" / NAME / "kustomization.yaml").read_text()
    port = f"${{ADDITION_PORT:-{next_port()}}}"

    assert f"addition: exec bentoml serve --arg model=addition --host 127.0.0.1 --port {port}\n" in procfile
    assert f" GATEWAY_BACKENDS__ADDITION__URL=http://127.0.0.1:{port} python -m gateway\n" in procfile
    assert f"containerPort, value: {next_port()}}}" in container


def test_the_command_says_what_it_made_and_what_comes_next(added: Added) -> None:
    """Every path that it wrote, then the commands, in order."""
    for path in (*CODE, "gateway.yaml", "Procfile", "k8s/base/models/addition/kustomization.yaml"):
        assert path in added.printed
    assert added.printed.index("edit models/addition.py") < added.printed.index("make train")
    assert added.printed.index("make train") < added.printed.index("make serve")


def test_what_was_made_passes_the_type_checker(added: Added) -> None:
    """Both files are typed as strictly as all others are."""
    done = inside(added.copy, "mypy", "--cache-dir", os.fspath(ROOT / ".mypy_cache"), *CODE)

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", ["a", "json", "m" * 40])
def test_what_was_made_passes_lint_whatever_the_name(tmp_path: Path, name: str) -> None:
    """No length of a name makes a line too long or one that the formatter would join, and no import unsorted."""
    copy = copied(tmp_path)
    code = (f"models/{name}.py", f"tests/models/test_{name}.py")

    add(copy, name)

    assert inside(copy, "ruff", "check", "--no-cache", *code).stdout == "All checks passed!\n"
    assert inside(copy, "ruff", "format", "--no-cache", "--check", *code).stdout == "2 files already formatted\n"


def test_its_test_and_those_of_the_places_pass(added: Added) -> None:
    """The model clears its bar and behaves, and catalog, gateway.yaml, Procfile and k8s name it alike."""
    found = "tests/models/test_catalog.py::test_the_shipped_models_are_found"
    documented = "tests/test_docs.py::test_every_port_variable_is_listed"
    tests = (CODE[1], "tests/test_models_agree.py", found, documented)
    done = inside(added.copy, sys.executable, "-m", "pytest", "-v", "-p", "no:cacheprovider", *tests)

    assert done.returncode == 0, done.stdout
    assert "test_a_model_has_one_port_everywhere[addition] PASSED" in done.stdout
    assert "test_addition.py::test_a_known_record_is_yes PASSED" in done.stdout


def test_training_stores_it(added: Added, tmp_path: Path) -> None:
    """`training/train.py addition` finds it by itself, it clears its bar, and ONNX serves it."""
    done = inside(added.copy, sys.executable, "training/train.py", NAME, BENTOML_HOME=os.fspath(tmp_path))

    assert done.returncode == 0, done.stderr
    assert "served by onnx" in done.stdout
    assert list(tmp_path.glob(f"models/{NAME}/*/model.yaml"))


def test_two_models_can_be_added(tmp_path: Path) -> None:
    """The second gets the port after the first's."""
    copy = copied(tmp_path)
    add(copy, "first")
    add(copy, "second")

    assert f"${{SECOND_PORT:-{next_port() + 1}}}" in (copy / "Procfile").read_text()


def test_make_runs_the_command() -> None:
    """`make model NAME=churn` is `python -m scaffold churn`."""
    assert "-m scaffold 'churn'" in run("make", "--dry-run", "model", "NAME=churn").stdout
