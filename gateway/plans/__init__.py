"""What a public name runs. Every plan reads checked rows and gives predictions."""

from gateway.plans.ensemble import Ensemble
from gateway.plans.needs import needs_of
from gateway.plans.plan import Plan, make_plans
from gateway.plans.single import Single

__all__ = ["Ensemble", "Plan", "Single", "make_plans", "needs_of"]
