"""The plots of a regressor: for each output the values and their errors, and what they hang on."""

import numpy as np

from contract.table import Array
from training.artifact import Fitted
from training.judge import Evidence
from training.metrics.regression import HELD_OUT, r2
from training.report import plots
from training.report.figure import Painter
from training.report.importance import permutation_importance


def painters(fitted: Fitted, evidence: Evidence) -> list[Painter]:
    """Give the plots."""
    truth, values = evidence.samples[HELD_OUT].swapaxes(0, 1)
    found: list[Painter] = []
    for place, named in enumerate(fitted.model.outputs):
        label = named.name.replace("_", " ") + (f", {named.unit}" if named.unit else "")
        found += [plot(truth[:, place], values[:, place], label) for plot in (plots.predicted, plots.residuals)]

    def quality(scores: Array) -> float:
        return float(np.mean([r2(*pair) for pair in zip(truth.T, scores.T, strict=True)]))

    lost = permutation_importance(fitted, fitted.dataset.rows(fitted.held_out), quality)
    return [*found, plots.bars(lost, "Permutation importance", "R² lost")]
