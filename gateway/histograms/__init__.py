"""Histograms of the metrics that every request goes into, filled many values at a time."""

from gateway.histograms.rows import Rows, RowsOfModel
from gateway.histograms.seconds import SECONDS, Seconds
from gateway.histograms.series import Series

__all__ = ["SECONDS", "Rows", "RowsOfModel", "Seconds", "Series"]
