"""The metrics of a classifier whose label is the likeliest of its classes."""

import numpy as np

from contract.table import Array
from training.classes import Classes
from training.metrics.metric import Metric, Samples


def samples(probabilities: Array, target: Array, classes: Classes) -> dict[str, Array]:
    """Give the probabilities `[rows, k]` of the rows of each class, in the order of the classes."""
    return {str(value): probabilities[target == value] for value in classes}


def metrics() -> dict[str, Metric]:
    """Give the metrics by name."""
    return {"accuracy": accuracy, "balanced_accuracy": balanced_accuracy, "log_loss": log_loss}


def accuracy(sample: Samples) -> float:
    """Give the share of rows whose label is right."""
    return float(np.concatenate(right(sample)).mean())


def balanced_accuracy(sample: Samples) -> float:
    """Give the mean of the shares that are found of each class."""
    return float(np.mean([found.mean() for found in right(sample)]))


def log_loss(sample: Samples) -> float:
    """Give the mean of minus the logarithm of the probability of the true class, bounded as scikit-learn does."""
    said = np.concatenate([probabilities[:, place] for place, probabilities in enumerate(sample.values())])
    return float(-np.log(np.clip(said, np.finfo(float).eps, 1)).mean())


def right(sample: Samples) -> list[Array]:
    """Say of each row of each class whether that class is its label: the likeliest, the first of equal ones."""
    return [probabilities.argmax(axis=1) == place for place, probabilities in enumerate(sample.values())]
