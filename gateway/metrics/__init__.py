"""The metrics of a gateway."""

from gateway.metrics.metrics import BatchMetrics, Metrics

__all__ = ["BatchMetrics", "Metrics"]
