"""The stored model describes itself, holds no pickle, and repeats."""

import io
import json
import pickle
import pickletools
import shutil
import sys
import warnings
import zipfile
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import skops.io
from matplotlib.figure import Figure
from sklearn.preprocessing import FunctionTransformer
from skops.io.exceptions import UntrustedTypesFoundException

from contract import TRUSTED_TYPES, Contract
from models import model_names
from tests.conftest import run, store_tiny
from training.digest import digest_of, normalised
from training.report.figure import draw
from training.report.plots.counts import bars, histogram

FILES = {
    "contract.json",
    "estimator.skops",
    "golden.json",
    "model.onnx",
    "model.yaml",
    "profile.json",
    "report.html",
    "sha256.json",
}


def is_pickle(content: bytes) -> bool:
    """Say whether bytes are a whole pickle: every opcode known, up to STOP, something built."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of escapes that any bytes may hold
        try:
            opcodes = [opcode.name for opcode, _, _ in pickletools.genops(io.BytesIO(content))]
        except (ValueError, UnicodeDecodeError, IndexError):
            return False
    return opcodes[-1:] == ["STOP"] and len(opcodes) > 1


def members(content: bytes) -> dict[str, bytes]:
    """Give what a zip file holds, nested ones too; numpy's files have their content as objects only if pickled."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_a_pickle_would_be_found() -> None:
    """The check that follows can fail."""
    assert is_pickle(pickle.dumps({"a": [1, 2]}))
    assert is_pickle(pickle.dumps(np.ones(3), protocol=2))


def test_no_pickle_is_in_the_stored_model(stored_plain: Path) -> None:
    """Neither a file of it nor a member of the skops archive is a pickle, and numpy reads all arrays without one."""
    files = {path.name: path.read_bytes() for path in stored_plain.rglob("*") if path.is_file()}
    assert set(files) == FILES
    inner = members(files["estimator.skops"])
    for name, content in {**files, **inner}.items():
        assert not is_pickle(content), name
    for name, content in inner.items():
        if name.endswith(".npy"):
            np.load(io.BytesIO(content), allow_pickle=False)


def test_no_type_of_the_shipped_estimators_needs_trust(shipped: Path) -> None:
    """Linear models and Gaussians load with skops' own list."""
    for path in shipped.glob("models/*/*/estimator.skops"):
        assert skops.io.get_untrusted_types(file=path) == []


def test_a_partial_of_what_is_not_trusted_is_not_loaded() -> None:
    """Histogram boosting needs `functools.partial` trusted; that opens nothing to a function of another's choice."""
    stored = skops.io.dumps(FunctionTransformer(partial(shutil.rmtree)))
    with pytest.raises(UntrustedTypesFoundException, match=r"shutil\.rmtree"):
        skops.io.loads(stored, trusted=list(TRUSTED_TYPES))


def test_two_processes_train_the_same_version(shipped: Path, tmp_path: Path) -> None:
    """Another process, another store, other memory addresses: the same digests."""
    run(sys.executable, "training/train.py", BENTOML_HOME=str(tmp_path), PYTHONHASHSEED="1", OMP_NUM_THREADS="1")

    def versions(home: Path) -> list[str]:
        return sorted(f"{path.parent.name}:{path.name}" for path in home.glob("models/*/*") if path.is_dir())

    assert versions(tmp_path) == versions(shipped)
    assert len(versions(shipped)) == len(model_names())


def test_the_digest_looks_through_addresses_and_times(stored_plain: Path) -> None:
    """Storing the loaded estimator anew gives other bytes and the same normalised content."""
    first = (stored_plain / "estimator.skops").read_bytes()
    estimator = skops.io.loads(first)
    one, other = skops.io.dumps(estimator), skops.io.dumps(estimator)

    assert normalised(one) == normalised(other)
    assert digest_of({"a.skops": one, "b": b"1"}) == digest_of({"b": b"1", "a.skops": other})
    assert digest_of({"a.skops": one, "b": b"1"}) != digest_of({"a.skops": one, "b": b"2"})


def test_graphs_read_doubles_and_give_one_matrix(stored_plain: Path, stored_mixed: Path) -> None:
    """One input without categories, one per column with them; the imports are sorted, so that bytes repeat."""
    plain, mixed = (onnx.load(folder / "model.onnx") for folder in (stored_plain, stored_mixed))

    assert [entry.name for entry in plain.graph.input] == ["features"]
    assert [entry.name for entry in mixed.graph.input] == ["income", "age", "owner", "region"]
    for graph in (plain, mixed):
        assert [entry.name for entry in graph.graph.output] == ["bentogate_scores"]
        domains = [entry.domain for entry in graph.opset_import]
        assert domains == sorted(domains)


def test_golden_rows_and_profile_describe_the_model(stored_mixed: Path) -> None:
    """Thirty-two held-out rows with answers; a distribution of every feature and output."""
    golden = json.loads((stored_mixed / "golden.json").read_bytes())
    profile = json.loads((stored_mixed / "profile.json").read_bytes())
    contract = Contract.from_json((stored_mixed / "contract.json").read_bytes())

    assert len(golden["instances"]) == len(golden["predictions"]) == 32
    assert set(profile["features"]) == {feature.name for feature in contract.features}
    assert set(profile["outputs"]) == {output.name for output in contract.outputs}
    for described in (*profile["features"].values(), *profile["outputs"].values()):
        assert sum(described["counts"]) + described["missing"] == described["rows"] == contract.provenance.training_rows
    assert profile["features"]["region"]["missing"] > 0


@pytest.mark.parametrize("name", ["diagnosis", "novelty"])
def test_the_report_needs_nothing_else(shipped: Path, name: str) -> None:
    """One file, with its plots inside, that asks no other host."""
    (report,) = shipped.glob(f"models/{name}/*/report.html")
    text = report.read_text()

    assert text.count("<svg") > 30
    assert "http://" not in text.replace("http://www.w3.org", "").replace("http://purl.org", "").replace(
        "http://creativecommons.org", ""
    )
    assert "https://" not in text.replace("https://matplotlib.org", "")
    for word in ("<script", "<link", "@import", "<img"):
        assert word not in text


@pytest.mark.parametrize(
    ("name", "shown", "decided"),
    [
        ("plain", ["Confusion at the threshold", "ROC curve", "Precision and recall", "Calibration"], "reaches 0."),
        ("iris", ["Confusion", "ROC curve of each class", "Calibration", "Log loss gained"], "the largest probability"),
        ("petals", ["Predicted over actual", "Residuals", "petal width, cm: truth", "R² lost"], ""),
    ],
)
def test_the_report_shows_what_belongs_to_the_task(name: str, shown: list[str], decided: str) -> None:
    """The plots of its kind, how it decides if it does, and all its metrics."""
    folder = store_tiny(name)
    text = (folder / "report.html").read_text()
    contract = Contract.from_json((folder / "contract.json").read_bytes())

    assert [title for title in shown if title not in text] == []
    assert ("<h2>The decision</h2>" in text) == bool(decided)
    assert decided in text
    assert all(f"<td>{metric.replace('_', ' ')}</td>" in text for metric in contract.metrics)


def test_any_text_may_stand_in_a_plot() -> None:
    """Dollars are no formula, and letters that Matplotlib's own font lacks are left to the browser, without a word."""
    svg = draw(histogram({"values": ["$5", "漢"], "counts": [1, 2]}), 2, 0.7) + draw(
        bars({"$a^ up to $b": 1.0, "漢": 2.0}, "Shares", "Share")
    )

    assert "$a^ up to $b" in svg
    assert "漢" in svg


@pytest.mark.parametrize(("values", "shown"), [([0.0, 1.0, 2.5], ["0", "1", "2.5"]), (["a category"] * 9, [])])
def test_the_values_of_a_feature_are_written_where_there_is_room(values: list[Any], shown: list[str]) -> None:
    """Whole numbers without a point, and nothing where names would lie upon each other."""
    axes = Figure(figsize=(2, 0.7)).add_subplot()
    histogram({"values": values, "counts": [1] * len(values)})(axes)

    assert [label.get_text() for label in axes.get_xticklabels()] == shown
