"""The plots of all tasks. Each function gives what to paint on the axes that it is handed."""

from training.report.plots.counts import bars, confusion, confusion_at, histogram
from training.report.plots.curves import calibration, precision_recall, roc, roc_of_each, truth_and_score
from training.report.plots.distributions import distributions
from training.report.plots.errors import predicted, residuals

__all__ = [
    "bars",
    "calibration",
    "confusion",
    "confusion_at",
    "distributions",
    "histogram",
    "precision_recall",
    "predicted",
    "residuals",
    "roc",
    "roc_of_each",
    "truth_and_score",
]
