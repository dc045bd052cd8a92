"""Fitting an estimator, and choosing the threshold on scores that it gave to rows it had not seen."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from contract import Table
from contract.table import Array
from models import Model, Threshold
from training.dataset import Dataset
from training.estimator import check_estimator, check_method
from training.outputs import deciding_column
from training.reads import as_read, check_columns, is_fitted, scores_of

FOLDS = 5

ROUNDING = 1e-9
"""Shares are written in decimals: 0.98 of fifty rows is forty-nine, although the product is a little more."""


def fit(make: Callable[[], Any], table: Table, target: Array | None) -> Any:
    """Fit a new estimator to some rows."""
    estimator = make()
    return found(estimator.fit(as_read(estimator, table), target))


def found(estimator: Any) -> Any:
    """Give what a search for parameters found, and not the search: its record of times never repeats."""
    return getattr(estimator, "best_estimator_", estimator)


class Learned(NamedTuple):
    """Hold a fitted estimator, and the raw scores of the training rows as rows that it had not seen."""

    estimator: Any
    unseen: Array
    elsewhere: bool


def learned(model: Model, make: Callable[[], Any], dataset: Dataset, training: Array, seed: int) -> Learned:
    """Fit an estimator to the training rows; one that was fitted elsewhere is taken as it is, and has seen no row."""
    given = make()
    check_estimator(model, given)
    estimator = found(given)
    if is_fitted(estimator):
        check_method(model, estimator)
        check_columns(model.name, estimator, model.features)
        return Learned(estimator, scores_of(model.task, estimator, dataset.rows(training)), elsewhere=True)
    unseen = cross_validated_scores(model, make, dataset, training, seed)
    return Learned(fit(make, dataset.rows(training), dataset.target_of(training)), unseen, elsewhere=False)


def cross_validated_scores(model: Model, make: Callable[[], Any], dataset: Dataset, index: Array, seed: int) -> Array:
    """Give the raw scores of each of the rows `index` by an estimator that was fitted to the other folds."""
    from sklearn.model_selection import KFold, StratifiedKFold

    target = dataset.target_of(index)
    folds = (StratifiedKFold if dataset.classes else KFold)(FOLDS, shuffle=True, random_state=seed)
    parts: list[tuple[Array, Array]] = []
    for learn, ask in folds.split(index, target):
        estimator = fit(make, dataset.rows(index[learn]), dataset.target_of(index[learn]))
        check_method(model, estimator)
        parts.append((ask, scores_of(model.task, estimator, dataset.rows(index[ask]))))
    order = np.argsort(np.concatenate([ask for ask, _ in parts]))
    return np.concatenate([scores for _, scores in parts])[order]


def choose_threshold(model: Model, unseen: Array, dataset: Dataset, index: Array) -> float | None:
    """Choose the threshold by the model's rule on the raw scores of the rows `index`, None without a rule."""
    if model.threshold is None:
        return None
    deciding = unseen[:, deciding_column(model, dataset.classes)]
    return threshold_by(model.threshold, deciding, dataset.target_of(index))


def threshold_by(rule: Threshold, cross_validated: Array, target: Array | None) -> float:
    """Give the threshold that meets a rule on these scores.

    For `recall` it is the highest that still finds that share of the positive rows; for `false_alarms` the lowest that
    flags at most that share of all rows. It lies half-way to the next score below, so that no rounding moves a row over
    it; where no row may be flagged, it lies just above the highest score.
    """
    if rule.recall is not None:
        assert target is not None
        positive = np.sort(cross_validated[target == rule.at_or_above])[::-1]
        wanted = math.ceil(rule.recall * len(positive) - ROUNDING)
        return below(positive[wanted - 1], cross_validated)
    assert rule.false_alarms is not None
    allowed = math.floor(rule.false_alarms * len(cross_validated) + ROUNDING)
    values, counts = np.unique(cross_validated, return_counts=True)
    flagged = np.cumsum(counts[::-1])[::-1]
    if not (flagged <= allowed).any():
        return float(np.nextafter(values[-1], np.inf))
    return below(values[flagged <= allowed][0], cross_validated)


def below(score: float, scores: Array) -> float:
    """Give a threshold half-way between a score and the next lower one, where there is room."""
    lower = np.max(scores[scores < score], initial=-np.inf)
    middle = (lower + score) / 2
    return float(middle if lower < middle < score else score)
