"""Judging a fitted model on held-out rows: named metrics with bootstrap intervals, against its bars."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from contract import Measure
from contract.table import Array
from models import Bar, Model
from training.dataset import Dataset
from training.errors import TrainingError
from training.metrics import Metric, binary, multiclass, novelty, regression
from training.outputs import deciding_column
from training.reads import scores_of

RESAMPLES = 1000


@dataclass(frozen=True)
class Evidence:
    """Hold what the metrics are computed from: samples of rows, and the threshold of the decision if there is one."""

    samples: dict[str, Array]
    threshold: float | None


def gather(
    model: Model, estimator: Any, dataset: Dataset, held_out: Array, *, threshold: float | None, seed: int
) -> Evidence:
    """Ask the estimator about the held-out rows."""
    rows, target = dataset.rows(held_out), dataset.target_of(held_out)
    if target is None:
        return Evidence(novelty.samples(partial(scores_of, model.task, estimator), rows, seed), threshold)
    scores = scores_of(model.task, estimator, rows)
    if model.task == "regression":
        return Evidence(regression.samples(scores, target), threshold)
    if model.threshold is None:
        return Evidence(multiclass.samples(scores, target, dataset.classes), threshold)
    score, positive = scores[:, deciding_column(model, dataset.classes)], target == model.threshold.at_or_above
    return Evidence(binary.samples(score, positive), threshold)


def metrics_of(model: Model, evidence: Evidence) -> dict[str, Metric]:
    """Give the metrics of a task by name."""
    if model.task == "regression":
        return regression.metrics([named.name for named in model.outputs])
    if evidence.threshold is None:
        return multiclass.metrics()
    if model.task == "novelty":
        return novelty.metrics(evidence.samples, evidence.threshold)
    return binary.metrics(evidence.threshold)


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
