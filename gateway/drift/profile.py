"""The profile: how each feature and each output of one version of a model was distributed in training."""

from collections.abc import Iterator
from typing import Literal, NamedTuple

import msgspec

from contract import Feature, Interface, Output

Kind = Literal["feature", "output"]


class Described(msgspec.Struct):
    """Mirror what the file says of one column: `counts` of values between `edges`, or of each of `values`."""

    rows: int
    missing: int
    counts: tuple[int, ...]
    edges: tuple[float, ...] = ()
    values: tuple[bool | float | str, ...] = ()

    @property
    def fits(self) -> bool:
        """Say that the parts belong together."""
        bins = len(self.edges) - 1 if self.edges else len(self.values)
        ascending = all(one < other for one, other in zip(self.edges, self.edges[1:], strict=False))
        return ascending and bins == len(self.counts) and min(self.counts, default=0) >= 0


class Document(msgspec.Struct):
    """Mirror the file."""

    features: dict[str, Described]
    outputs: dict[str, Described]


class Field(NamedTuple):
    """Hold one column; `label` is its name in metrics: that of an output says so where a feature has the same one."""

    kind: Kind
    label: str
    about: Feature | Output
    training: Described

    @property
    def ordered(self) -> bool:
        """Say that its values are numbers, of which one is below another."""
        return self.about.type in ("number", "integer")

    @property
    def nullable(self) -> bool:
        """Say that its values may be missing."""
        return isinstance(self.about, Feature) and self.about.nullable


class Profile(NamedTuple):
    """Hold the columns of one version: first the features, then the outputs, in the order of the contract."""

    contract: Interface
    fields: tuple[Field, ...]


def read_profile(body: bytes, contract: Interface) -> Profile | None:
    """Read the file of this version; None where it holds nothing that rows can be compared with."""
    try:
        document = msgspec.json.decode(body, type=Document)
        fields = tuple(fields_of(document, contract))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, KeyError):
        return None
    return Profile(contract, fields) if all(is_sound(field) for field in fields) else None


def is_sound(field: Field) -> bool:
    """Say that what the file says of a column goes with its type."""
    text = field.about.type == "category"
    return field.training.fits and all(isinstance(value, str) == text for value in field.training.values)


def fields_of(document: Document, contract: Interface) -> Iterator[Field]:
    """Yield the columns; raises KeyError for one that the file does not have."""
    names = {feature.name for feature in contract.features}
    for feature in contract.features:
        yield Field("feature", feature.name, feature, document.features[feature.name])
    for output in contract.outputs:
        label = f"output.{output.name}" if output.name in names else output.name
        yield Field("output", label, output, document.outputs[output.name])
