"""Curves over every threshold that scores could have, and how well probabilities are calibrated."""

from collections.abc import Mapping
from itertools import cycle
from typing import Any

import numpy as np
from sklearn.calibration import calibration_curve
from sklearn.metrics import precision_recall_curve, roc_curve

from contract.table import Array
from training.report.figure import BAD, COLOURS, GOOD, LINE, Painter


def truth_and_score(good: Array, bad: Array) -> tuple[Array, Array]:
    """Put the scores of two samples behind each other: nought or one for each row, and the scores."""
    return np.concatenate([np.zeros(len(good)), np.ones(len(bad))]), np.concatenate([good, bad])


def roc(good: Array, bad: Array, threshold: float) -> Painter:
    """Paint the receiver operating characteristic with the point at the threshold."""

    def paint(axes: Any) -> None:
        false, true, _ = roc_curve(*truth_and_score(good, bad))
        axes.plot([0, 1], [0, 1], color=LINE)
        axes.plot(false, true, color=GOOD, lw=2)
        axes.plot((good >= threshold).mean(), (bad >= threshold).mean(), "o", color=BAD, label="at the threshold")
        axes.set(xlabel="False alarms", ylabel="Found", title="ROC curve")
        axes.legend(loc="lower right")

    return paint


def roc_of_each(samples: Mapping[str, tuple[Array, Array]]) -> Painter:
    """Paint one curve for each class against the rest; the scores are those of the rest and of the class."""

    def paint(axes: Any) -> None:
        axes.plot([0, 1], [0, 1], color=LINE)
        for (name, (rest, own)), colour in zip(samples.items(), cycle(COLOURS)):
            false, true, _ = roc_curve(*truth_and_score(rest, own))
            axes.plot(false, true, color=colour, lw=2, label=name)
        axes.set(xlabel="False alarms", ylabel="Found", title="ROC curve of each class against the rest")
        axes.legend(loc="lower right")

    return paint


def precision_recall(good: Array, bad: Array, threshold: float) -> Painter:
    """Paint precision over recall with the point at the threshold."""

    def paint(axes: Any) -> None:
        truth, score = truth_and_score(good, bad)
        precision, recall, _ = precision_recall_curve(truth, score)
        axes.plot(recall, precision, color=GOOD, lw=2)
        found = score >= threshold
        axes.plot(
            found[truth == 1].mean(),
            truth[found].mean() if found.any() else 1,
            "o",
            color=BAD,
            label="at the threshold",
        )
        axes.set(xlabel="Recall", ylabel="Precision", title="Precision and recall", ylim=(0, 1.03))
        axes.legend(loc="lower left")

    return paint


def calibration(truth: Array, score: Array) -> Painter:
    """Paint the share of positive rows over the probability that was said."""

    def paint(axes: Any) -> None:
        share, said = calibration_curve(truth, score, n_bins=8, strategy="quantile")
        axes.plot([0, 1], [0, 1], color=LINE)
        axes.plot(said, share, "o-", color=GOOD)
        axes.set(xlabel="Probability said", ylabel="Share that was so", title="Calibration")

    return paint
