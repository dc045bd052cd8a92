"""The prediction log: what was asked and answered, and the truth about it, in files that others read too."""

from gateway.predictions.log import PredictionLog
from gateway.predictions.losses import REASONS

__all__ = ["REASONS", "PredictionLog"]
