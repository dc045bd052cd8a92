"""What candidates answer beside those whose answers callers get, compared in constant memory."""

from gateway.shadows.comparison import Answered, Comparison, Versions
from gateway.shadows.exposed import FailuresExposed, ShadowsExposed
from gateway.shadows.fit import REFUSED, Fit, fit
from gateway.shadows.watch import Watch

__all__ = ["REFUSED", "Answered", "Comparison", "FailuresExposed", "Fit", "ShadowsExposed", "Versions", "Watch", "fit"]
