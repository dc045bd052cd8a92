"""What is plotted of each task."""

from collections.abc import Mapping

import numpy as np
from sklearn.metrics import roc_auc_score

from contract.table import Array
from training.artifact import Fitted
from training.corrupt import UNIT_FACTOR
from training.judge import Evidence
from training.outputs import deciding_column
from training.report import plots
from training.report.figure import Painter
from training.report.importance import permutation_importance, unit_errors_by_feature

AT_THRESHOLD = "Confusion at the threshold"


def painters(fitted: Fitted, evidence: Evidence) -> list[Painter]:
    """Give the plots that belong to the task."""
    if fitted.model.task == "novelty":
        return novelty(fitted, evidence.samples, evidence.threshold)
    return binary(fitted, evidence.samples, evidence.threshold)


def binary(fitted: Fitted, samples: Mapping[str, Array], threshold: float) -> list[Painter]:
    """Plot a classifier that a threshold turns into a decision."""
    model, dataset, good, bad = fitted.model, fitted.dataset, samples["negative"], samples["positive"]
    positive, column = model.threshold.at_or_above, deciding_column(model, dataset.classes)
    (negative,) = set(dataset.classes) - {positive}
    truth, score = truth_and_score(good, bad)
    actual = dataset.target_of(fitted.held_out) == positive

    def area(scores: Array) -> float:
        return float(roc_auc_score(actual, scores[:, column]))

    lost = permutation_importance(fitted, dataset.rows(fitted.held_out), area)
    return [
        plots.confusion(counts_at(threshold, good, bad), (str(negative), str(positive)), AT_THRESHOLD),
        plots.distributions({str(negative): good, str(positive): bad}, threshold, model.outputs[1].name),
        plots.roc(truth, score, threshold),
        plots.precision_recall(truth, score, threshold),
        plots.calibration(truth, score),
        plots.bars(lost, "Permutation importance", "Area under the ROC curve lost"),
    ]


def novelty(fitted: Fitted, samples: Mapping[str, Array], threshold: float) -> list[Painter]:
    """Plot a novelty detector; the bad rows are those of all corruptions together."""
    good = samples["held_out"]
    bad = np.concatenate([values for name, values in samples.items() if name != "held_out"] or [good[:0]])
    truth, score = truth_and_score(good, bad)
    found = unit_errors_by_feature(fitted, fitted.dataset.rows(fitted.held_out), UNIT_FACTOR)
    missed = {name: 1 - share for name, share in found.items()}
    curves = [plots.roc(truth, score, threshold), plots.precision_recall(truth, score, threshold)] if len(bad) else []
    return [
        plots.confusion(counts_at(threshold, good, bad), ("as trained", "novel"), AT_THRESHOLD),
        plots.distributions(samples, threshold, fitted.model.outputs[1].name, logarithmic=True),
        *curves,
        plots.bars(missed, "Unit errors that are missed, by feature", "Share missed"),
    ]


def counts_at(threshold: float, good: Array, bad: Array) -> Array:
    """Count the rows below and at or above the threshold, of the good ones and of the bad ones."""
    return np.array([[(part < threshold).sum(), (part >= threshold).sum()] for part in (good, bad)])


def truth_and_score(good: Array, bad: Array) -> tuple[Array, Array]:
    """Put two samples behind each other: nought and one, and their scores."""
    return np.concatenate([np.zeros(len(good)), np.ones(len(bad))]), np.concatenate([good, bad])
