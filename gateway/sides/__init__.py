"""What a split tells of its sides: failures, times and predictions, counted so that they can be compared."""

from gateway.sides.exposed import SidesExposed
from gateway.sides.moments import Moments
from gateway.sides.side import SideCounts, SidesReport, is_own

__all__ = ["Moments", "SideCounts", "SidesExposed", "SidesReport", "is_own"]
