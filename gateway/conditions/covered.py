"""Whether a condition can hold, also where those that stand before it do not, by their texts: no contract is needed.

sqlglot's own simplification leaves comparisons as they are, since what they compare may be null.
"""

import math
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from sqlglot import exp

Bound = tuple[float, int]
"""A number, and whether values begin just above it (1), end just below it (-1), or at it (0)."""

FLIPPED: dict[type[exp.Expr], type[exp.Expr]] = {exp.GT: exp.LT, exp.GTE: exp.LTE, exp.LT: exp.GT, exp.LTE: exp.GTE}


class Span(NamedTuple):
    """Hold the numbers of which a condition holds, and what it is that must be one of them."""

    of: str
    low: Bound = (-math.inf, 0)
    high: Bound = (math.inf, 0)


def covers(earlier: exp.Expr, later: exp.Expr) -> bool:
    """Say that a condition holds wherever another does, as far as that is plain: false says nothing.

    It is plain where a part of the other, which must hold together with all else there, is the same, or compares the
    same with a number that leaves no more.
    """
    whole, span = written(earlier), span_of(earlier)
    for part in joined_by(exp.And, later):
        if written(part) == whole:
            return True
        its = span_of(part)
        if span and its and span.of == its.of and span.low <= its.low and its.high <= span.high:
            return True
    return written(later) == whole


def one_holds(conditions: Iterable[exp.Expr]) -> bool:
    """Say that one of several conditions holds whatever the record, as far as that is plain: false says nothing.

    It is plain where one is `IS` and one its negation: all else is open where something is null.
    """
    parts = [part.unnest() for condition in conditions for part in joined_by(exp.Or, condition)]
    found = {written(part) for part in parts if isinstance(part, exp.Is)}
    return any(written(part.this) in found for part in parts if isinstance(part, exp.Not))


def never_holds(condition: exp.Expr) -> bool:
    """Say that a condition holds for no record, as far as that is plain: false says nothing.

    It is plain where whichever is joined by `or` compares something with numbers that leave none.
    """
    return all(map(leaves_none, joined_by(exp.Or, condition)))


def leaves_none(condition: exp.Expr) -> bool:
    """Say that comparisons joined by `and` leave no number for one of the things that they compare."""
    left: dict[str, Span] = {}
    for part in joined_by(exp.And, condition):
        if (its := span_of(part)) is not None:
            known = left.get(its.of, its)
            left[its.of] = Span(its.of, max(its.low, known.low), min(its.high, known.high))
    return any(span.low > span.high for span in left.values())


def written(node: exp.Expr) -> str:
    """Write a condition in one way, whatever its blanks and outer parentheses."""
    return node.unnest().sql()


def joined_by(kind: type[exp.Connector], node: exp.Expr) -> Iterator[exp.Expr]:
    """Yield what `and` or `or` joins, in any parentheses."""
    node = node.unnest()
    if isinstance(node, kind):
        yield from joined_by(kind, node.this)
        yield from joined_by(kind, node.expression)
    else:
        yield node


def span_of(node: exp.Expr) -> Span | None:
    """Give the span of a comparison with a number; None of all else."""
    node = node.unnest()
    if isinstance(node, exp.Between):
        low, high = number_in(node.args["low"]), number_in(node.args["high"])
        return None if low is None or high is None else Span(written(node.this), (low, 0), (high, 0))
    kind = type(node)
    if kind not in FLIPPED and kind is not exp.EQ:
        return None
    one, number = node.this, number_in(node.expression)
    if number is None:
        one, number, kind = node.expression, number_in(node.this), FLIPPED.get(kind, kind)
    if number is None or number_in(one) is not None:
        return None
    of = written(one)
    if kind is exp.EQ:
        return Span(of, (number, 0), (number, 0))
    if kind in (exp.GT, exp.GTE):
        return Span(of, low=(number, int(kind is exp.GT)))
    return Span(of, high=(number, -int(kind is exp.LT)))


def number_in(node: exp.Expr) -> float | None:
    """Give a number that is written down."""
    node = node.unnest()
    if isinstance(node, exp.Neg):
        its = number_in(node.this)
        return None if its is None else -its
    return float(node.this) if isinstance(node, exp.Literal) and not node.is_string else None
