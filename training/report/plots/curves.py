"""Curves of a binary classifier over its threshold, and how well its probabilities are calibrated."""

from typing import Any

from sklearn.calibration import calibration_curve
from sklearn.metrics import precision_recall_curve, roc_curve

from contract.table import Array
from training.report.figure import BAD, GOOD, LINE, Painter


def roc(truth: Array, score: Array, threshold: float) -> Painter:
    """Paint the receiver operating characteristic with the point at the threshold."""

    def paint(axes: Any) -> None:
        false, true, _ = roc_curve(truth, score)
        axes.plot([0, 1], [0, 1], color=LINE)
        axes.plot(false, true, color=GOOD, lw=2)
        found = score >= threshold
        axes.plot(found[truth == 0].mean(), found[truth == 1].mean(), "o", color=BAD, label="at the threshold")
        axes.set(xlabel="False alarms", ylabel="Found", title="ROC curve")
        axes.legend(loc="lower right")

    return paint


def precision_recall(truth: Array, score: Array, threshold: float) -> Painter:
    """Paint precision over recall with the point at the threshold."""

    def paint(axes: Any) -> None:
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
