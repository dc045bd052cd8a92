"""A condition against a contract: whether it can be asked is found once, where it holds for all rows at once.

Each part says where it holds and where it fails; where null leaves it open it does neither (SQL's three values).
Row by row, by the evaluator of a library, 10,000 records held up the event loop for a tenth of a second.
"""

import operator
from collections.abc import Callable
from functools import reduce
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from sqlglot import exp

from contract import ContractError
from contract.table import Array, Columns
from gateway.conditions.reading import read
from gateway.conditions.values import Names, Value, names_of, nulls, value_of


class Where(NamedTuple):
    """Mark the rows for which something holds, and those for which it does not."""

    holds: Array
    fails: Array


Truth = Callable[[Columns], Where]

COMPARED: dict[type[exp.Expr], Callable[[Any, Any], Any]] = {
    exp.EQ: operator.eq,
    exp.NEQ: operator.ne,
    exp.GT: operator.gt,
    exp.GTE: operator.ge,
    exp.LT: operator.lt,
    exp.LTE: operator.le,
}


class Condition:
    """Hold a condition over named columns, whose text has been read before (see `read`), and which of `names` it reads.

    Raises ContractError for an unknown name, for a wrong type, and for what is always the same.
    """

    def __init__(self, text: str, names: Names) -> None:
        self.text = text
        node = read(text)
        try:
            self.truth = truth_of(node, names)
            self.names = {name: names[name] for name in names_of(node)}
        except ContractError as exc:
            raise ContractError(f"in the condition {text!r}, {exc}") from exc

    def holds(self, columns: Columns) -> Array:
        """Mark the rows for which it holds; raises KeyError for a column that is missing."""
        with np.errstate(all="ignore"):
            return self.truth(columns).holds


def truth_of(node: exp.Expr, names: Names) -> Truth:
    """Give what says where a part of a condition holds."""
    if isinstance(node, exp.Paren):
        return truth_of(node.this, names)
    if isinstance(node, exp.Not):
        return negated(truth_of(node.this, names))
    if isinstance(node, exp.And):
        one, other = truth_of(node.this, names), truth_of(node.expression, names)
        return negated(either(negated(one), negated(other)))
    if isinstance(node, exp.Or):
        return either(truth_of(node.this, names), truth_of(node.expression, names))
    if isinstance(node, exp.Between):
        above = comparison(exp.GTE(this=node.this, expression=node.args["low"]), names)
        below = comparison(exp.LTE(this=node.this, expression=node.args["high"]), names)
        return negated(either(negated(above), negated(below)))
    if isinstance(node, exp.In):
        return reduce(either, [comparison(exp.EQ(this=node.this, expression=one), names) for one in node.expressions])
    if isinstance(node, exp.Is):
        return identity(node, names)
    if type(node) in COMPARED:
        return comparison(node, names)
    value = value_of(node, names)
    if value.kind != "boolean" or isinstance(node, exp.Boolean):
        raise ContractError(f"{node.sql()}: is a {value.kind}, and says by itself nothing that could hold")
    return lambda columns: Where(value.found(columns) == 1, value.found(columns) == 0)


def negated(truth: Truth) -> Truth:
    """Give what holds where another fails."""
    return lambda columns: Where(*truth(columns)[::-1])


def either(one: Truth, other: Truth) -> Truth:
    """Give what holds where one of two does, and fails where both fail."""

    def found(columns: Columns) -> Where:
        first, second = one(columns), other(columns)
        return Where(first.holds | second.holds, first.fails & second.fails)

    return found


def identity(node: exp.Is, names: Names) -> Truth:
    """Give `IS NULL`, `IS TRUE` and `IS FALSE`, which are never open."""
    if isinstance(node.expression, exp.Boolean):
        asked = truth_of(node.this, names)
        wanted = asked if node.expression.this else negated(asked)
        return lambda columns: Where((its := wanted(columns).holds), ~its)
    value = value_of(node.this, names)
    if not value.nullable or not isinstance(node.expression, exp.Null):
        raise ContractError(f"{node.sql()}: never holds, for it is never null")
    return lambda columns: Where((its := nulls(value.found(columns))), ~its)


def comparison(node: exp.Expr, names: Names) -> Truth:
    """Give a comparison of two values."""
    compare = COMPARED[type(node)]
    one, other = value_of(node.this, names), value_of(node.expression, names)
    if one.kind != other.kind:
        raise ContractError(f"{node.sql()}: compares a {one.kind} with a {other.kind}")
    if one.kind != "number" and not isinstance(node, (exp.EQ, exp.NEQ)):
        raise ContractError(f"{node.sql()}: only numbers are in order, and this is a {one.kind}")
    if is_constant(node, one, other):
        allowed = f", {', '.join(sorted(one.categories))}" if one.kind == "category" else ""
        raise ContractError(f"{node.sql()}: is the same for all that the contract allows{allowed}")

    def found(columns: Columns) -> Where:
        first, second = one.found(columns), other.found(columns)
        known = ~(nulls(first) | nulls(second))
        holds = np.asarray(compare(first, second), dtype=bool)
        return Where(holds & known, ~holds & known)

    return found


def is_constant(node: exp.Expr, one: Value, other: Value) -> bool:
    """Say that a comparison has the same outcome whatever the record, by what the contract allows."""
    if one.kind == "category":
        return one.categories.isdisjoint(other.categories) or len(one.categories | other.categories) == 1
    if one.kind == "boolean":
        return node.find(exp.Column) is None
    (low, high), (others_low, others_high) = one.limits, other.limits
    if isinstance(node, (exp.EQ, exp.NEQ)):
        return high < others_low or others_high < low or low == high == others_low == others_high
    ends = product(one.limits, other.limits)
    return len({bool(COMPARED[type(node)](*pair)) for pair in ends}) == 1
