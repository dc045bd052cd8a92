"""What training asks of an estimator, so that it answers in the service as it does where it was made."""

from typing import Any

import numpy as np

from contract import Interface, InvalidOutput, Table, answer
from contract.table import Array
from models import Model
from training.classes import Classes
from training.errors import TrainingError, first_line
from training.outputs import outputs_of
from training.probes import allowed_rows
from training.reads import as_read, scores_of

METHODS = {
    "classification": "predict_proba (CalibratedClassifierCV gives one to any classifier)",
    "regression": "predict",
    "novelty": "score_samples",
}
"""What an estimator is asked for, and where to get it."""


def check_estimator(model: Model, estimator: Any) -> None:
    """Raise TrainingError for what is no estimator; a class is none either."""
    if isinstance(estimator, type) or not hasattr(estimator, "fit"):
        what = f"the class {estimator.__name__}" if isinstance(estimator, type) else f"a {type(estimator).__name__}"
        raise TrainingError(f"estimator() of {model.name} gives {what}: let it return an estimator")


def check_method(model: Model, estimator: Any) -> None:
    """Raise TrainingError for a fitted estimator that has no scores for the task; of some, only fitting shows it."""
    if not hasattr(estimator, METHODS[model.task].split()[0]):
        raise TrainingError(f"the estimator of {model.name} has no {METHODS[model.task]}")


def check_fitted(model: Model, estimator: Any, classes: Classes, rows: Table) -> None:
    """Raise TrainingError unless a fitted estimator knows the classes of the target, and answers as will be served."""
    if model.task == "classification":
        learned = tuple(np.asarray(estimator.classes_).tolist())
        if learned != classes:
            raise TrainingError(f"the estimator of {model.name} has the classes {learned}; its target has {classes}")
    scores = scores_of(model.task, estimator, rows)
    check_scores(model, classes, scores)
    if model.task == "classification" and model.threshold is None:
        check_labels(model, estimator, classes, rows, scores)
    check_allowed(model, estimator, classes, rows)


def check_allowed(model: Model, estimator: Any, classes: Classes, rows: Table) -> None:
    """Raise TrainingError where an estimator has no answer to a null or a category that its features allow.

    A caller may send it, although there was none in the data.
    """
    for what, allowed in allowed_rows(rows):
        try:
            check_scores(model, classes, scores_of(model.task, estimator, allowed))
        except Exception as exc:  # an estimator may raise anything
            raise TrainingError(
                f"the features of {model.name} allow {what}, which its estimator cannot read ({first_line(exc)}): "
                "let it, or do not allow it"
            ) from exc


def check_scores(model: Model, classes: Classes, scores: Array) -> None:
    """Raise TrainingError where the scores of some rows could not be served."""
    if model.task == "regression" and scores.shape[1] != len(model.outputs):
        raise TrainingError(f"the estimator of {model.name} gives {scores.shape[1]} values, not {len(model.outputs)}")
    outputs = tuple(output for output in outputs_of(model, classes) if output.column is not None)
    served = Interface(name=model.name, description=model.description, features=model.features, outputs=outputs)
    try:
        answer(served, scores)
    except InvalidOutput as exc:
        raise TrainingError(
            f"what was said of rows that were not learned from could not be served: {exc}; let the estimator keep to it"
        ) from exc


def check_labels(model: Model, estimator: Any, classes: Classes, rows: Table, probabilities: Array) -> None:
    """Raise TrainingError for a classifier that predicts another class than the likeliest: it has its own threshold."""
    predicted = np.asarray(estimator.predict(as_read(estimator, rows))).tolist()
    own = probabilities[np.arange(rows.rows), [classes.index(value) for value in predicted]]
    if less := int((own < probabilities.max(axis=1)).sum()):
        raise TrainingError(
            f"the estimator of {model.name} predicts another class than the likeliest in {less} of {rows.rows} "
            "held-out rows: give its file a threshold, or take away the estimator's own"
        )
