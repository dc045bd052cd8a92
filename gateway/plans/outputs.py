"""The outputs of a plan, derived from those of the models below it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from contract import ContractError, Output
from contract.feature import DATATYPES


class Shown(Output, frozen=True, kw_only=True, omit_defaults=True):
    """Describe an output of a plan: its name may have dots, one for each level of the answer, and it may be missing."""

    nullable: bool = False

    def __post_init__(self) -> None:
        """What it is derived from has been checked."""

    @property
    def datatype(self) -> str:
        """Name the tensor datatype; a whole number or boolean that may be missing travels as a double."""
        return "FP64" if self.nullable and self.type in ("integer", "boolean") else DATATYPES[self.type]


def shown(output: Output, **changes: object) -> Shown:
    """Give an output as one of a plan, with changes."""
    fields = {name: getattr(output, name) for name in Shown.__struct_fields__ if hasattr(output, name)}
    return Shown(**{**fields, "column": None, **changes})


def below(name: str, outputs: Iterable[Output], *, nullable: bool = False) -> list[Shown]:
    """Put outputs below a name; those that are `nullable` may be missing all together."""
    return [shown(output, name=f"{name}.{output.name}", nullable=nullable or output.nullable) for output in outputs]


def either(plan: str, branches: Mapping[str, Sequence[Output]]) -> tuple[Shown, ...]:
    """Give the outputs of an answer that comes from one of several branches, row by row.

    What only some of them give may be missing. The first output, by the plan's name, says which branch it was. Raises
    ContractError where two give the same name another meaning, or to one it is a level of the answer.
    """
    found: dict[str, Shown] = {}
    for branch, outputs in branches.items():
        for output in outputs:
            known = found.get(output.name)
            found[output.name] = shown(output) if known is None else joined(known, output, branch)
    if plan in found:
        raise ContractError(f"{plan}: an output has this name, in which the answer says who gave it")
    for name, output in found.items():
        if level := next((level for level in levels_of(name) if level in found), None):
            raise ContractError(f"{level}: to one branch of {plan} it is an output, and to another {name} is below it")
        if any(name not in {one.name for one in outputs} for outputs in branches.values()):
            found[name] = msgspec.structs.replace(output, nullable=True)
    said = Shown(name=plan, type="category", description="Who gave this answer", categories=tuple(branches))
    return said, *found.values()


def levels_of(name: str) -> Iterator[str]:
    """Give the levels above an output, as names."""
    return (name[:place] for place, letter in enumerate(name) if letter == ".")


def joined(one: Shown, other: Output, branch: str) -> Shown:
    """Give the output that can be both; raises ContractError where they do not mean the same."""
    for part in ("type", "unit"):
        if getattr(one, part) != getattr(other, part):
            told = f"{getattr(one, part)!r}, and of {branch} {getattr(other, part)!r}"
            raise ContractError(f"{one.name}: its {part} is {told}")
    (low, high), (others_low, others_high) = one.limits, other.limits
    return msgspec.structs.replace(
        one,
        nullable=one.nullable or other.nullable,
        minimum=one.minimum if low <= others_low else other.minimum,
        maximum=one.maximum if high >= others_high else other.maximum,
        categories=tuple(dict.fromkeys((*one.categories, *other.categories))),
    )
