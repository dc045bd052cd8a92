"""Whether plans can answer now: each model is asked once, however many ways lead there."""

import asyncio

from gateway.plans.plan import Plan, Told


async def can_answer(plan: Plan) -> bool:
    """Ask the models below a plan whether they are ready, and say whether it can answer by what they say."""
    asked = [member for member in plan.members if member.current is not None]
    answers = await asyncio.gather(*[member.is_ready() for member in asked])
    return is_ready(plan, {member.name: answer for member, answer in zip(asked, answers, strict=True)})


def is_ready(plan: Plan, told: Told) -> bool:
    """Say whether a plan can answer by what is told of others, and tell it too."""
    if plan.name not in told:
        told[plan.name] = plan.ready(told)
    return told[plan.name]
