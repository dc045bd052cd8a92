"""The values that conditions compare: columns, what is written down, and what is computed of them."""

import math
import operator
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any, NamedTuple

import numpy as np
from sqlglot import exp

from contract import ContractError, Feature, Output
from contract.table import Array, Columns

Names = Mapping[str, Feature | Output]
"""What a condition may name."""

COMPUTED: dict[type[exp.Expr], Callable[[Any, Any], Any]] = {
    exp.Add: operator.add,
    exp.Sub: operator.sub,
    exp.Mul: operator.mul,
    exp.Div: operator.truediv,
}


class Value(NamedTuple):
    """Say what a value can be, and how it is found: an array `[rows]`, or a scalar that is the same for all rows.

    Missing numbers and booleans are NaN, missing categories the empty string.
    """

    kind: str
    found: Callable[[Columns], Array]
    limits: tuple[float, float] = (-math.inf, math.inf)
    categories: frozenset[str] = frozenset()
    nullable: bool = False


def value_of(node: exp.Expr, names: Names) -> Value:
    """Give the value that a part of a condition has; raises ContractError."""
    if isinstance(node, exp.Paren):
        return value_of(node.this, names)
    if isinstance(node, exp.Column):
        return column(node, names)
    if isinstance(node, exp.Literal):
        return text(node.this) if node.is_string else number(node)
    if isinstance(node, exp.Boolean):
        truth = np.asarray(bool(node.this))
        return Value("boolean", lambda _: truth)
    if isinstance(node, exp.Neg):
        its = number_of(node.this, names)
        low, high = its.limits
        return Value("number", lambda columns: -its.found(columns), (-high, -low), nullable=its.nullable)
    if (compute := COMPUTED.get(type(node))) is not None:
        one, other = number_of(node.this, names), number_of(node.expression, names)
        return Value("number", lambda columns: compute(one.found(columns), other.found(columns)), nullable=True)
    told = "`is null` asks for it" if isinstance(node, exp.Null) else "`and` joins two comparisons"
    raise ContractError(f"{node.sql()}: is no value ({told})")


def column(node: exp.Column, names: Names) -> Value:
    """Give the column of a name."""
    name = name_of(node)
    field = names.get(name)
    if field is None:
        raise ContractError(f"{name}: there is none of this name ({meant(name, names)})")
    nullable = field.nullable
    if field.type == "category":
        allowed = frozenset(field.categories)
        return Value("category", lambda columns: columns[name], categories=allowed, nullable=nullable)
    if field.type == "boolean":
        return Value("boolean", lambda columns: columns[name], nullable=nullable)

    def doubles(columns: Columns) -> Array:
        """Give whole numbers as doubles, which hold all that a contract allows: no sum goes round in 64 bits."""
        return columns[name].astype(np.float64, copy=False)

    return Value("number", doubles, field.limits, nullable=nullable)


def meant(name: str, names: Names) -> str:
    """Say what may be meant by a name that there is not: an output of the same plan, or a name that is like it."""
    plan, _, _ = name.partition(".")
    found = [one for one in names if one.startswith(f"{plan}.")] or get_close_matches(name, names)
    return f"but {', '.join(found)}" if found else "and a text stands in single quotes"


def name_of(node: exp.Column) -> str:
    """Give a name as it is written, with dots for levels."""
    return ".".join(part.name for part in node.parts)


def names_of(node: exp.Expr) -> list[str]:
    """List the names in a condition, one as often as it is there."""
    return [name_of(column) for column in node.find_all(exp.Column)]


def text(value: str) -> Value:
    """Give a text as it is written."""
    array = np.array(value, dtype=object)
    return Value("category", lambda _: array, categories=frozenset((value,)))


def number(node: exp.Literal) -> Value:
    """Give a number as it is written."""
    value = float(node.this)
    array = np.asarray(value)
    return Value("number", lambda _: array, (value, value))


def number_of(node: exp.Expr, names: Names) -> Value:
    """Give the value of what must be a number."""
    value = value_of(node, names)
    if value.kind != "number":
        raise ContractError(f"{node.sql()}: is a {value.kind}, and only with numbers can be reckoned")
    return value


def nulls(array: Array) -> Array:
    """Say where nothing is there; what cannot be computed, as a quotient by 0, is not there either."""
    if array.dtype == object:
        return np.asarray(array == "")
    return ~np.isfinite(array) if array.dtype.kind == "f" else np.zeros((), dtype=bool)
