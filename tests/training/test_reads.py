"""What an estimator reads follows from the estimator, in training and in the service."""

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from bentos.artifact import load
from contract import Contract, ContractError, Reads
from models import catalog
from tests.conftest import TINY
from training.dataset import read_dataset
from training.reads import as_read, reads
from training.run import train

PLAIN, MIXED = (catalog(TINY)[name] for name in ("plain", "mixed"))


def picking() -> Any:
    """Make a regression on two of three columns, picked by name."""
    columns = ColumnTransformer([("sizes", StandardScaler(), ["height", "width"])])
    return make_pipeline(columns, LogisticRegression())


FORMS: list[tuple[Any, Reads]] = [
    (LogisticRegression(), "matrix"),
    (make_pipeline(StandardScaler(), LogisticRegression()), "matrix"),
    (HistGradientBoostingClassifier(), "matrix"),
    (HistGradientBoostingClassifier(monotonic_cst={"width": 1}), "columns"),
    (HistGradientBoostingClassifier(categorical_features=["count"]), "columns"),
    (picking(), "columns"),
    (CalibratedClassifierCV(picking()), "columns"),
]


@pytest.mark.parametrize(("estimator", "form"), FORMS)
def test_what_picks_by_name_reads_columns(estimator: Any, form: Reads) -> None:
    """Before it is fitted its parts tell, afterwards what it was fitted on: both say the same."""
    dataset = read_dataset(PLAIN)
    unfitted = reads(estimator, PLAIN.features)
    fitted = estimator.fit(as_read(estimator, dataset.table), dataset.target)

    assert (unfitted, reads(fitted, PLAIN.features)) == (form, form)


@pytest.mark.parametrize(
    ("name", "make", "runtime"),
    [
        ("picking", picking, "onnx"),
        ("monotonic", lambda: HistGradientBoostingClassifier(monotonic_cst={"width": 1}), "scikit-learn"),
    ],
)
def test_columns_picked_by_name_are_served_without_categories(name: str, make: Callable[[], Any], runtime: str) -> None:
    """The contract says so, and the golden rows are answered without scikit-learn's warning of names."""
    outcome = train(dataclasses.replace(PLAIN, name=name, estimator=make, bars=()))
    model = load(outcome.report.parent)

    assert (model.contract.reads, model.contract.runtime) == ("columns", runtime)


def test_no_matrix_has_room_for_a_category() -> None:
    """A contract that says so contradicts itself."""
    contract = train(MIXED).contract
    text = contract.to_json().replace(b'"reads": "columns"', b'"reads": "matrix"')
    with pytest.raises(ContractError, match="a matrix of numbers has no room for a category"):
        Contract.from_json(text)
