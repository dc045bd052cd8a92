"""The metrics of each task, and the samples of rows that they are computed from."""

from training.metrics.metric import Metric, Samples

__all__ = ["Metric", "Samples"]
