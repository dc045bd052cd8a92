"""What an ensemble gives that makes one answer of several: outputs that mean the same to all of its members."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from contract import ContractError, Interface, Output
from gateway.plans.outputs import Shown, joined, shown
from gateway.plans.plan import Plan
from gateway.plans.rule import Rule, one_rule

CAN = {"vote": ("category", "boolean"), "any": ("boolean",)}
"""The types of outputs that an aggregate is for; all others are for numbers, of which decisions follow."""

NUMBERS = ("number", "integer")


class Agreed(NamedTuple):
    """Hold the outputs, those that are `read` of members, and the `rules` of others; and what each member gave then."""

    outputs: Sequence[Shown]
    read: Mapping[str, Shown]
    rules: Mapping[str, Rule]
    given: Mapping[str, Sequence[Output]]


def agree(by: str, wanted: Sequence[str], members: Mapping[str, Plan], contracts: Sequence[Interface]) -> Agreed:
    """Find what an aggregate gives: the outputs that are wanted, or all that the members share.

    Raises ContractError, which names the output, where two members do not mean the same by it, and where the aggregate
    is not for it.
    """
    given = {member: plan.outputs for member, plan in members.items()}
    ways = names_of_ways(members.values())
    flat = {
        member: {output.name: output for output in its if output.type != "category" or output.name not in ways}
        for member, its in given.items()
    }
    shared = [name for name in next(iter(flat.values())) if all(name in its for its in flat.values())]
    if not wanted and not shared:
        raise ContractError(f"{', '.join(members)}: they share no output of which {by} could be taken")
    both = {name: the_same(name, flat) for name in wanted or shared}
    can = CAN.get(by, NUMBERS)
    read = {name: output for name, output in both.items() if output.type in can}
    rules = {}
    for name, output in both.items():
        if name not in read:
            rule = one_rule(contracts, name) if can is NUMBERS else None
            rules[name] = followed(output, rule, read, by)
            if any(read[score].nullable for score in rules[name].scores if score):  # members may decide without it
                both[name] = msgspec.structs.replace(output, nullable=True)
    outputs = [between(output) if by != "max" else output for output in both.values()]
    if by == "vote":
        outputs += [share_of(output, both) for output in read.values()]
    return Agreed(outputs, read, rules, given)


def names_of_ways(plans: Iterable[Plan]) -> set[str]:
    """Name those, and below them, whose answers say by an output of that name which way a row went."""
    found: dict[str, Plan] = {}
    left = list(plans)
    while left:
        plan = left.pop()
        if plan.name not in found:
            found[plan.name] = plan
            left += plan.branches.values()
    return {name for name, plan in found.items() if plan.branches and plan.kind != "ensemble"}


def the_same(name: str, given: Mapping[str, Mapping[str, Output]]) -> Shown:
    """Give the output that all members mean by a name."""
    if "." in name:
        raise ContractError(f"{name}: it is below a name, and only an answer of one level can be aggregated")
    found: Shown | None = None
    for member, outputs in given.items():
        if name not in outputs:
            raise ContractError(f"{name}: {member} has no such output, but {', '.join(outputs)}")
        output = outputs[name]
        if found is not None and output.categories != found.categories:
            told = f"{', '.join(found.categories)}, and of {member} {', '.join(output.categories)}"
            raise ContractError(f"{name}: its categories are {told}")
        found = shown(output) if found is None else joined(found, output, member)
    assert found is not None
    return found


def between(output: Shown) -> Shown:
    """Give what becomes of an output by an average: between whole numbers there are others."""
    return msgspec.structs.replace(output, type="number") if output.type == "integer" else output


def followed(output: Shown, rule: Rule | None, read: Mapping[str, Shown], by: str) -> Rule:
    """Give the rule by which an output follows from those that are read; raises ContractError where there is none."""
    if rule is None:
        what = f"{by} cannot be taken of a {output.type}" + ("" if by in CAN else " of which no decision is known")
        raise ContractError(f"{output.name}: {what}; `outputs` may name the others")
    for score in rule.scores:
        if score not in read:
            what = score or "a score that the models do not give"
            raise ContractError(f"{output.name}: follows from {what}, which must be among the outputs as well")
    return rule


def share_of(output: Shown, others: Mapping[str, Output]) -> Shown:
    """Give the output that says how many agree with the vote."""
    name = f"{output.name}_share"
    if name in others:
        raise ContractError(f"{name}: this is the share of the votes for {output.name}")
    told = f"The share of those who say so of {output.name}"
    return Shown(name=name, type="number", description=told, minimum=0, maximum=1, nullable=output.nullable)
