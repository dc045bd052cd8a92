"""Judging a fitted model on held-out rows: named metrics with bootstrap intervals, against its bars."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from contract import Measure, Table
from contract.table import Array
from models import Bar, Model
from training.corrupt import corruptions
from training.errors import TrainingError
from training.fit import scores

RESAMPLES = 1000

Metric = Callable[[Mapping[str, Array]], float]


@dataclass(frozen=True)
class Evidence:
    """Hold what the metrics are computed from.

    `samples` are groups of rows that are resampled together; a classifier has one per class, a novelty detector the
    held-out rows and one per kind of corruption. Each value is the deciding score of a row.
    """

    samples: dict[str, Array]
    threshold: float


def gather(
    model: Model, estimator: Any, held_out: Table, target: Array | None, *, threshold: float, seed: int
) -> Evidence:
    """Score the held-out rows, and for a novelty detector what a careless caller would make of them."""
    score = scores(model, estimator, held_out)
    if target is not None:
        positive = target == model.threshold.at_or_above
        return Evidence({"positive": score[positive], "negative": score[~positive]}, threshold)
    samples = {"held_out": score}
    for name, rows in corruptions(held_out, seed).items():
        samples[name] = scores(model, estimator, rows)
    return Evidence(samples, threshold)


def classification_metrics(threshold: float) -> dict[str, Metric]:
    """Give the metrics of a classifier under scikit-learn's names.

    They are written out because a bootstrap computes each a thousand times; a test compares them with scikit-learn's.
    """

    def precision(sample: Mapping[str, Array]) -> float:
        found, false = ((sample[name] >= threshold).sum() for name in ("positive", "negative"))
        return float(found / max(found + false, 1))

    def brier(sample: Mapping[str, Array]) -> float:
        squares = np.concatenate([(1 - sample["positive"]) ** 2, sample["negative"] ** 2])
        return float(squares.mean())

    return {
        "roc_auc": roc_auc,
        "recall": lambda sample: float((sample["positive"] >= threshold).mean()),
        "precision": precision,
        "brier": brier,
    }


def roc_auc(sample: Mapping[str, Array]) -> float:
    """Give the chance that a positive row scores above a negative one, ties counting half.

    That is the area under the ROC curve: Hanley and McNeil, Radiology 143, 1982.
    """
    negative = np.sort(sample["negative"])
    below = np.searchsorted(negative, sample["positive"], side="left")
    not_above = np.searchsorted(negative, sample["positive"], side="right")
    return float((below + not_above).mean() / (2 * len(negative)))


def novelty_metrics(samples: Mapping[str, Array], threshold: float) -> dict[str, Metric]:
    """Give the metrics of a novelty detector: the share of rows that it flags, of each kind."""

    def share(name: str) -> Metric:
        return lambda sample: float((sample[name] >= threshold).mean())

    return {"false_alarms" if name == "held_out" else f"{name}_found": share(name) for name in samples}


def metrics_of(model: Model, evidence: Evidence) -> dict[str, Metric]:
    """Give the metrics of a task by name."""
    if model.task == "classification":
        return classification_metrics(evidence.threshold)
    return novelty_metrics(evidence.samples, evidence.threshold)


def judge(model: Model, evidence: Evidence, seed: int, resamples: int = RESAMPLES) -> dict[str, Measure]:
    """Measure every metric of the task, with the 95 % interval of a bootstrap within each sample.

    Without resamples the interval is the value.

    Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13 (percentile interval).
    Raises TrainingError for a bar on a metric that there is not.
    """
    metrics = metrics_of(model, evidence)
    bars = {bar.metric: bar for bar in model.bars}
    if unknown := sorted(bars.keys() - metrics.keys()):
        raise TrainingError(f"{model.name} has a bar on {unknown[0]!r}; a {model.task} has {', '.join(metrics)}")
    random = np.random.default_rng(seed)
    drawn: dict[str, list[float]] = {name: [] for name in metrics}
    for _ in range(resamples):
        sample = {
            name: values[random.integers(len(values), size=len(values))] for name, values in evidence.samples.items()
        }
        for name, metric in metrics.items():
            drawn[name].append(metric(sample))
    return {name: measured(metric(evidence.samples), drawn[name], bars.get(name)) for name, metric in metrics.items()}


def measured(value: float, drawn: list[float], bar: Bar | None) -> Measure:
    """Put a metric, its interval and its bar together, rounded to what a report can show."""
    low, high = (round(float(edge), 6) for edge in np.percentile(drawn or [value], [2.5, 97.5]))
    return Measure(
        value=round(value, 6),
        low=low,
        high=high,
        at_least=None if bar is None or bar.at_least is None else float(bar.at_least),
        at_most=None if bar is None or bar.at_most is None else float(bar.at_most),
    )
