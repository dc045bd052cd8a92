"""`bentoml build` makes one bento per model, as BentoML's own documentation says."""

import shutil
from pathlib import Path

import pytest
import yaml
from sklearn.naive_bayes import GaussianNB

from bentos.stored import tag_of
from models import model_names
from tests.conftest import ROOT, STORE, run


def build(home: Path, *arguments: str, check: bool = True) -> str:
    """Build a bento in a store; gives what was printed."""
    done = run("bentoml", "build", *arguments, BENTOML_HOME=str(home), check=check)
    return done.stdout + done.stderr


def newest(home: Path, name: str) -> Path:
    """Give the folder of the latest bento of a name."""
    folder = home / "bentos" / name
    return folder / (folder / "latest").read_text()


@pytest.fixture(scope="module")
def built(shipped: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build both bentos."""
    home = tmp_path_factory.mktemp("built")
    shutil.copytree(shipped / "models", home / "models")
    build(home)
    build(home, "--arg", "model=novelty")
    return home


@pytest.mark.parametrize("name", ["diagnosis", "novelty"])
def test_each_bento_is_named_by_its_model_and_packs_its_version(built: Path, name: str) -> None:
    """The file's own argument names the default; `--arg` another."""
    bento = yaml.safe_load((newest(built, name) / "bento.yaml").read_text())
    (version,) = [path.name for path in (built / "models" / name).iterdir() if path.is_dir()]

    assert bento["name"] == name
    assert [model["tag"] for service in bento["services"] for model in service["models"]] == [f"{name}:{version}"]
    assert bento["labels"]["version"] == version


def test_a_bento_holds_the_code_that_serves_and_nothing_else(built: Path) -> None:
    """No models/, no training/, no tests."""
    source = newest(built, "diagnosis") / "src"

    assert {path.name for path in source.iterdir()} == {"bentofile.yaml", "bentos", "contract", "oip", "requirements"}


def test_requirements_are_locked_and_without_scikit_learn_where_onnx_serves(built: Path) -> None:
    """The image's packages follow from the artifact, each with its hashes; what uvicorn is faster with is there."""
    text = (newest(built, "diagnosis") / "env" / "python" / "requirements.txt").read_text()

    assert "onnxruntime==" in text
    assert "scikit-learn" not in text
    assert "\nhttptools==" in text
    assert "--hash=sha256:" in text


def test_bentoml_lists_models_and_bentos(built: Path) -> None:
    """The store is BentoML's own."""
    models = run("bentoml", "models", "list", BENTOML_HOME=str(built)).stdout
    bentos = run("bentoml", "list", BENTOML_HOME=str(built)).stdout

    for name in ("diagnosis", "novelty"):
        assert f"{name}:" in models
        assert f"{name}:" in bentos


@pytest.mark.parametrize("command", ["build", "serve"])
def test_a_wrong_name_lists_the_right_ones(shipped: Path, command: str) -> None:
    """Before BentoML would ask its cloud."""
    done = run("bentoml", command, "--arg", "model=nope", BENTOML_HOME=str(shipped), check=False)

    assert done.returncode != 0
    words = f"there is no model 'nope' in the store, only {', '.join(model_names())}"
    assert words in done.stdout + done.stderr


def test_a_misspelt_argument_is_refused(shipped: Path) -> None:
    """It does not build the default without a word."""
    assert "Extra inputs are not permitted" in build(shipped, "--arg", "mdoel=novelty", check=False)


def test_building_before_training_says_to_train(tmp_path: Path) -> None:
    """With the command."""
    assert "no model is trained yet; train first: python training/train.py" in build(tmp_path, check=False)


def test_a_bento_keeps_the_version_that_it_was_built_with(stored_plain: Path) -> None:
    """`plain:latest` moves on with the next training; the bento does not."""
    import dataclasses

    from models import catalog
    from tests.conftest import TINY
    from training.run import train

    plain = catalog(TINY, ["plain"])["plain"]
    train(plain)
    build(Path(STORE), "--arg", "model=plain")
    train(dataclasses.replace(plain, estimator=GaussianNB))
    try:
        assert tag_of("plain", newest(Path(STORE), "plain")) == f"plain:{stored_plain.name}"
        assert tag_of("plain", ROOT) != f"plain:{stored_plain.name}"
    finally:
        train(plain)


def damaged(shipped: Path, home: Path, file: str, old: bytes, new: bytes) -> Path:
    """Copy the store and change one file of diagnosis."""
    shutil.copytree(shipped / "models", home / "models")
    (path,) = home.glob(f"models/diagnosis/*/{file}")
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new, 1))
    return home


def served(home: Path) -> tuple[int, str]:
    """Serve diagnosis to its end; gives the exit code and what was printed."""
    done = run("bentoml", "serve", "--host", "127.0.0.1", "--port", "0", BENTOML_HOME=str(home), check=False)
    return done.returncode, done.stdout + done.stderr


def test_a_model_that_does_not_answer_its_golden_rows_never_goes_live(shipped: Path, tmp_path: Path) -> None:
    """The service ends once, with code 1, and names the row, the output and both values."""
    code, text = served(damaged(shipped, tmp_path, "golden.json", b'"probability": 0.', b'"probability": 1.'))

    assert code == 1
    assert "does not answer as it did in training: row 0, output probability: expected 1." in text
    assert ", got 0." in text
    assert "scikit-learn 1." in text


def test_a_damaged_graph_never_goes_live(shipped: Path, tmp_path: Path) -> None:
    """Whatever ONNX Runtime says of it is told with the file's name."""
    code, text = served(damaged(shipped, tmp_path, "model.onnx", b"bentogate_scores", b"\xff" * 16))

    assert code == 1
    assert "model.onnx cannot be loaded" in text
