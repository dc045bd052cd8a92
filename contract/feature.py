"""A feature that a model takes and an output that it gives."""

import math
import re
from typing import Literal, get_args

import msgspec

Kind = Literal["number", "integer", "boolean", "category"]
Value = float | int | bool | str | None

FIELD_PATTERN = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
MATRIX_NAME = "features"
"""The tensor that carries all columns at once, so no feature may have this name."""

LARGEST_INTEGER = 2**53
"""Whole numbers reach the estimator as doubles, which are exact up to here."""

DATATYPES = {"number": "FP64", "integer": "INT64", "boolean": "BOOL", "category": "BYTES"}


class ContractError(ValueError):
    """Report a contract that contradicts itself; the message begins with the field's name."""


class Feature(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Describe one column of a record.

    `minimum` and `maximum` are physical limits, both inclusive, never the range seen in training.
    `categories` are all the values that a category may have; the empty string stands for a missing one and is no
    category of its own.
    """

    name: str
    type: Kind
    description: str
    example: Value
    unit: str = ""
    nullable: bool = False
    minimum: float | None = None
    maximum: float | None = None
    categories: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_field(self)
        if self.name == MATRIX_NAME:
            raise ContractError(f"{self.name}: this name is kept for the tensor of all columns")

    @property
    def datatype(self) -> str:
        """Name the tensor datatype (Open Inference Protocol V2) in which the column travels."""
        if self.nullable and self.type in ("integer", "boolean"):
            return "FP64"
        return DATATYPES[self.type]

    @property
    def limits(self) -> tuple[float, float]:
        """Give the smallest and the largest value, infinite where there is no bound."""
        edge = LARGEST_INTEGER if self.type == "integer" else math.inf
        low = -edge if self.minimum is None else self.minimum
        high = edge if self.maximum is None else self.maximum
        return low, high


class Output(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Describe one named output; `column` is its place among the estimator's scores, None for what is decided."""

    name: str
    type: Kind
    description: str
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    categories: tuple[str, ...] = ()
    column: int | None = None

    def __post_init__(self) -> None:
        check_field(self)

    @property
    def datatype(self) -> str:
        """Name the tensor datatype in which the output travels."""
        return DATATYPES[self.type]

    @property
    def nullable(self) -> bool:
        """Say that it may be missing: what a model decides or scores never is, but what is made of it may be."""
        return False

    @property
    def limits(self) -> tuple[float, float]:
        """Give the smallest and the largest value, infinite where there is no bound."""
        low = -math.inf if self.minimum is None else self.minimum
        high = math.inf if self.maximum is None else self.maximum
        return low, high


def check_field(field: Feature | Output) -> None:
    """Raise ContractError where the parts of a feature or an output contradict each other; make its bounds doubles."""
    for name in ("minimum", "maximum"):
        if isinstance(bound := getattr(field, name), int):
            msgspec.structs.force_setattr(field, name, float(bound))
    if not FIELD_PATTERN.fullmatch(field.name):
        raise ContractError(f"{field.name!r}: a name matches {FIELD_PATTERN.pattern}")
    if field.type not in get_args(Kind):
        raise ContractError(f"{field.name}: type is one of {', '.join(get_args(Kind))}, not {field.type!r}")
    if (field.type == "category") != bool(field.categories):
        raise ContractError(f"{field.name}: categories are given for a category, and for nothing else")
    if "" in field.categories or len(set(field.categories)) < len(field.categories):
        raise ContractError(f"{field.name}: categories are different from each other and never the empty string")
    bounds = [bound for bound in (field.minimum, field.maximum) if bound is not None]
    if bounds and field.type not in ("number", "integer"):
        raise ContractError(f"{field.name}: only numbers have a minimum or a maximum")
    if not all(map(math.isfinite, bounds)) or bounds != sorted(bounds):
        raise ContractError(f"{field.name}: minimum and maximum are finite and in order")
    if field.type == "integer" and not all(b == int(b) and abs(b) <= LARGEST_INTEGER for b in bounds):
        raise ContractError(f"{field.name}: the bounds of an integer are whole numbers up to 2**53")
