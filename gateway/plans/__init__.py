"""What a public name runs. Every plan reads checked rows and answers them; those above others ask these."""

from gateway.plans.answer import NO_WAYS, Answer, Missing, Ways
from gateway.plans.asked import Asked
from gateway.plans.fit import is_known, misfit, misfits
from gateway.plans.making import make_plans
from gateway.plans.needs import needs_of
from gateway.plans.plan import Plan
from gateway.plans.readiness import can_answer
from gateway.plans.single import Single

__all__ = [
    "NO_WAYS",
    "Answer",
    "Asked",
    "Missing",
    "Plan",
    "Single",
    "Ways",
    "can_answer",
    "is_known",
    "make_plans",
    "misfit",
    "misfits",
    "needs_of",
]
