"""Whether a candidate can be asked what another is asked, and which of their outputs can be compared."""

from collections.abc import Sequence
from typing import NamedTuple

from contract import Feature, Output

NUMBERS = ("number", "integer")

REFUSED = "contract"
"""The reason of requests for which a candidate is not asked, since it does not fit."""


class Fit(NamedTuple):
    """Hold the outputs that both give, those of the candidate second; why it cannot be asked, and what else differs."""

    outputs: Sequence[tuple[Output, Output]]
    refused: str | None
    differences: Sequence[str]


def fit(
    features: Sequence[Feature], outputs: Sequence[Output], reads: Sequence[Feature], gives: Sequence[Output]
) -> Fit:
    """Compare what callers give and get with what a candidate reads and gives."""
    given = {feature.name: feature for feature in features}
    for feature in reads:
        if (known := given.get(feature.name)) is None:
            return Fit((), f"the candidate reads {feature.name}, which callers do not give", ())
        if known.type != feature.type:
            return Fit((), f"the candidate reads {feature.name} as {feature.type}, and callers give {known.type}", ())
    its = {output.name: output for output in gives}
    shared, differences = [], []
    for output in outputs:
        other = its.get(output.name)
        if other is None:
            differences.append(f"the candidate does not give {output.name}")
        elif kind(other) != kind(output):
            differences.append(f"{output.name} is {other.type} of the candidate, and {output.type} for callers")
        else:
            shared.append((output, other))
            if other.unit != output.unit:
                differences.append(f"{output.name} is in {other.unit!r} of the candidate, and in {output.unit!r} here")
    return Fit(shared, None if shared else "the candidate gives no output that can be compared", differences)


def kind(output: Output) -> str:
    """Give the word for what can be compared with each other."""
    return "number" if output.type in NUMBERS else output.type
