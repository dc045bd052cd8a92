"""An estimator that was fitted elsewhere is judged and stored as it is."""

import dataclasses
from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

from models import Data, Model, catalog
from tests.conftest import TINY
from training.errors import TrainingError
from training.reads import as_read, scores_of
from training.run import fit_and_judge, train

PLAIN, MIXED = (catalog(TINY)[name] for name in ("plain", "mixed"))
SEEN = 150
"""So many of the tiny models' rows were learned from elsewhere; the others are left to judge by."""


def frame(model: Model) -> pd.DataFrame:
    """Give the rows of a model as somebody else would hold them, with the empty string for a missing category."""
    columns = pd.DataFrame(dict(model.data().columns))
    text = [feature.name for feature in model.features if feature.type == "category"]
    return columns.fillna(dict.fromkeys(text, ""))


def elsewhere(model: Model, rows: Any, name: str = "elsewhere") -> tuple[Any, Model]:
    """Fit to the first rows, in the form in which they are given; gives the estimator and a model that returns it."""
    given = model.data()
    estimator = model.estimator().fit(rows[:SEEN], np.asarray(given.target)[:SEEN])
    rest = {feature.name: given.columns[feature.name][SEEN:] for feature in model.features}
    data = Data(columns=rest, target=np.asarray(given.target)[SEEN:])
    return estimator, dataclasses.replace(model, name=name, data=lambda: data, estimator=lambda: estimator)


def never(*_: Any, **__: Any) -> NoReturn:
    """Fail where something is fitted."""
    raise AssertionError("fitted again")


@pytest.mark.parametrize(
    ("model", "form"), [(PLAIN, frame), (PLAIN, lambda model: frame(model).to_numpy()), (MIXED, frame)]
)
def test_it_is_stored_without_fitting_and_answers_exactly_alike(
    model: Model, form: Callable[[Model], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fitted to a frame or to an array; the threshold is chosen on rows that it has not seen."""
    estimator, given = elsewhere(model, form(model))
    monkeypatch.setattr(Pipeline, "fit", never)
    with pytest.raises(AssertionError, match="fitted again"):
        train(model)
    outcome = train(given, allow_breaking=True)
    rows = fit_and_judge(given, lambda _: None)[0].dataset.table
    stored = skops.io.load(
        outcome.report.parent / "estimator.skops", trusted=["numpy.dtype", "sklearn.tree._tree.Tree"]
    )

    assert np.array_equal(stored.predict_proba(as_read(estimator, rows)), scores_of(model.task, estimator, rows))
    assert outcome.contract.provenance.fitted_elsewhere
    assert outcome.contract.runtime == "onnx", outcome.contract.runtime_reason
    assert outcome.contract.metrics["recall"].value > 0.5
    assert "fitted elsewhere" in outcome.report.read_text()


@pytest.mark.parametrize("make", [lambda: LogisticRegression(max_iter=500), lambda: RandomForestClassifier(5)])
def test_onnx_serves_what_was_fitted_to_a_frame_whatever_it_is(make: Callable[[], Any]) -> None:
    """Of these two skl2onnx puts no columns together by itself."""
    _, given = elsewhere(dataclasses.replace(PLAIN, estimator=make), frame(PLAIN), "framed")
    fitted, _ = fit_and_judge(dataclasses.replace(given, bars=()), lambda _: None)

    assert fitted.verdict.graph, fitted.verdict.reason


def test_its_alternatives_are_fitted() -> None:
    """They stand in the report beside it."""
    _, given = elsewhere(PLAIN, frame(PLAIN), "compared")
    outcome = train(dataclasses.replace(given, alternatives={"a regression": lambda: LogisticRegression(max_iter=500)}))

    assert "a regression" in outcome.report.read_text()


@pytest.mark.parametrize(
    ("model", "change", "text"),
    [
        (PLAIN, lambda rows: rows[["height", "width", "count"]], "fitted to the columns height, width, count; its"),
        (PLAIN, lambda rows: rows.rename(columns={"width": "Width"}), "the columns Width, height, count; its features"),
        (PLAIN, lambda rows: rows[["width", "height"]], "its features are width, height, count: they must be the same"),
        (PLAIN, lambda rows: rows[["width", "height"]].to_numpy(), "was fitted to 2 columns; it has 3 features"),
    ],
)
def test_other_columns_are_refused(model: Model, change: Callable[[Any], Any], text: str) -> None:
    """With both lists, before anything is asked."""
    _, given = elsewhere(model, change(frame(model)))
    with pytest.raises(TrainingError, match=text):
        train(given)


def test_one_without_names_cannot_read_categories() -> None:
    """Which of its columns is which would be a guess."""
    _, given = elsewhere(PLAIN, frame(PLAIN).to_numpy())
    with pytest.raises(TrainingError, match="fitted without names: with categories it needs a data frame"):
        train(dataclasses.replace(MIXED, name="elsewhere", estimator=given.estimator))
