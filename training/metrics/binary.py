"""The metrics of a classifier that a threshold turns into a decision."""

import numpy as np

from contract.table import Array
from training.metrics.metric import Metric, Samples


def samples(score: Array, positive: Array) -> dict[str, Array]:
    """Give the deciding scores of the rows of each class."""
    return {"positive": score[positive], "negative": score[~positive]}


def metrics(threshold: float) -> dict[str, Metric]:
    """Give the metrics by name."""

    def precision(sample: Samples) -> float:
        found, false = ((sample[name] >= threshold).sum() for name in ("positive", "negative"))
        return float(found / max(found + false, 1))

    def brier(sample: Samples) -> float:
        squares = np.concatenate([(1 - sample["positive"]) ** 2, sample["negative"] ** 2])
        return float(squares.mean())

    return {
        "roc_auc": roc_auc,
        "recall": lambda sample: float((sample["positive"] >= threshold).mean()),
        "precision": precision,
        "brier": brier,
    }


def roc_auc(sample: Samples) -> float:
    """Give the chance that a positive row scores above a negative one, ties counting half.

    That is the area under the ROC curve: Hanley and McNeil, Radiology 143, 1982.
    """
    negative = np.sort(sample["negative"])
    below = np.searchsorted(negative, sample["positive"], side="left")
    not_above = np.searchsorted(negative, sample["positive"], side="right")
    return float((below + not_above).mean() / (2 * len(negative)))
