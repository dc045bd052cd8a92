"""What the callers of a model rely on, whoever serves it."""

import re
from collections.abc import Sequence
from typing import Self

import msgspec

from contract.decision import Decision
from contract.feature import ContractError, Feature, Output
from contract.features import in_order

NAME_PATTERN = re.compile(r"[a-z][a-z0-9]{0,39}")
"""A model's name is also a module, a store tag, an image, a Kubernetes Service and a route: this fits them all."""


class Interface(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what a model takes and gives.

    `decisions` say how outputs that are no scores follow from them. `version` names who answers; it is empty while the
    digest that makes it is computed.
    """

    name: str
    description: str
    features: tuple[Feature, ...]
    outputs: tuple[Output, ...]
    decisions: tuple[Decision, ...] = ()
    version: str = ""

    def __post_init__(self) -> None:
        check_name(self.name)
        check_fields(self.features, self.outputs)
        msgspec.structs.force_setattr(self, "features", in_order(self.features))
        outputs = {output.name: output for output in self.outputs}
        for decision in self.decisions:
            if decision.output not in outputs or outputs[decision.output].column is not None:
                raise ContractError(f"decisions: {decision.output!r} is no output, or is a score itself")
            decision.check(outputs)

    @classmethod
    def from_json(cls, text: bytes) -> Self:
        """Read it, or what more there is to a class below; raise ContractError with the JSON path of what is wrong."""
        try:
            return msgspec.json.decode(text, type=cls)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
            raise ContractError(str(exc)) from exc

    def check_scored(self) -> None:
        """Raise ContractError unless every output follows from the scores: it is one, or is decided, once."""
        decided = [decision.output for decision in self.decisions]
        for output in self.outputs:
            if (output.column is None) != (decided.count(output.name) == 1):
                raise ContractError(f"outputs: {output.name} is either a score or decided, once")
            if output.column is not None and output.type != "number":
                raise ContractError(f"outputs: {output.name} is a score, and so a number, not {output.type}")

    def to_json(self) -> bytes:
        """Write it as indented JSON, the same bytes for the same content."""
        return msgspec.json.format(msgspec.json.encode(self), indent=1)


def check_name(name: str) -> None:
    """Raise ContractError unless `name` can name a model."""
    if not NAME_PATTERN.fullmatch(name):
        raise ContractError(f"{name!r}: the name of a model matches {NAME_PATTERN.pattern}")


def check_fields(features: Sequence[Feature], outputs: Sequence[Output]) -> None:
    """Raise ContractError where a list of fields is empty or names one twice."""
    for kind, fields in (("features", features), ("outputs", outputs)):
        names = [field.name for field in fields]
        doubles = sorted({name for name in names if names.count(name) > 1})
        if doubles or not names:
            raise ContractError(f"{kind}: {'named twice: ' + ', '.join(doubles) if doubles else 'there are none'}")
