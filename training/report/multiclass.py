"""The plots of a classifier whose label is the likeliest of its classes."""

import numpy as np

from contract.table import Array
from training.artifact import Fitted
from training.judge import Evidence
from training.metrics.multiclass import log_loss, samples
from training.report import plots
from training.report.figure import Painter
from training.report.importance import permutation_importance


def painters(fitted: Fitted, evidence: Evidence) -> list[Painter]:
    """Give the plots."""
    dataset, said = fitted.dataset, evidence.samples
    target = np.asarray(dataset.target_of(fitted.held_out))
    labels = [probabilities.argmax(axis=1) for probabilities in said.values()]
    counts = np.array([np.bincount(label, minlength=len(said)) for label in labels])

    def quality(scores: Array) -> float:
        return -log_loss(samples(scores, target, dataset.classes))

    lost = permutation_importance(fitted, dataset.rows(fitted.held_out), quality)
    against = {
        name: (np.concatenate([rows for other, rows in said.items() if other != name])[:, place], own[:, place])
        for place, (name, own) in enumerate(said.items())
    }
    pairs = [plots.truth_and_score(rest, own) for rest, own in against.values()]
    truth, score = (np.concatenate(parts) for parts in zip(*pairs, strict=True))
    return [
        plots.confusion(counts, list(said)),
        plots.roc_of_each(against),
        plots.calibration(truth, score),
        plots.bars(lost, "Permutation importance", "Log loss gained"),
    ]
