"""The plots of a novelty detector."""

import numpy as np

from training.artifact import Fitted
from training.corrupt import UNIT_FACTOR
from training.judge import Evidence
from training.report import plots
from training.report.figure import Painter
from training.report.importance import unit_errors_by_feature


def painters(fitted: Fitted, evidence: Evidence, threshold: float) -> list[Painter]:
    """Give the plots; the bad rows are those of all corruptions together."""
    samples = evidence.samples
    good = samples["held_out"]
    bad = np.concatenate([values for name, values in samples.items() if name != "held_out"] or [good[:0]])
    found = unit_errors_by_feature(fitted, fitted.dataset.rows(fitted.held_out), UNIT_FACTOR, threshold)
    missed = {name: 1 - share for name, share in found.items()}
    curves = [plots.roc(good, bad, threshold), plots.precision_recall(good, bad, threshold)] if len(bad) else []
    return [
        plots.confusion_at(threshold, good, bad, ("as trained", "novel")),
        plots.distributions(samples, threshold, fitted.model.outputs[1].name, logarithmic=True),
        *curves,
        plots.bars(missed, "Unit errors that are missed, by feature", "Share missed"),
    ]
