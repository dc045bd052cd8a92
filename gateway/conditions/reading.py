"""Reading the text of a condition: of all that SQL can say, the few things that a condition may."""

import math

from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError

COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between, exp.In, exp.Is)
LOGIC = (exp.And, exp.Or, exp.Not, exp.Paren)
ARITHMETIC = (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Neg)
VALUES = (exp.Column, exp.Identifier, exp.Literal, exp.Boolean, exp.Null)

KNOWN = (*COMPARISONS, *LOGIC, *ARITHMETIC, *VALUES)
"""All else is refused: no functions, no patterns, no queries, nothing whose cost grows with more than its length."""

NESTING = (exp.Paren, exp.Not, exp.Neg, exp.In)
MOST_NESTED = 15
"""Of parentheses, negations, signs and lists so many may stand in each other.

The parser takes up to 21 frames for each, so that what can be read at the start can be read wherever else it is.
"""

MOST_DEEP = 100
"""The tree has so many levels at most: each operator of a chain (`a and b and c`) is one."""


class ConditionError(ValueError):
    """Report a text that is no condition."""


def read(text: str) -> exp.Expr:
    """Read a condition; raises ConditionError."""
    try:
        found: exp.Expr = parse_one(text, into=exp.Condition)
    except SqlglotError as exc:
        errors = getattr(exc, "errors", None)
        told = at(**errors[0]) if errors else ""
        raise ConditionError(f"is no condition: it cannot be read{told}") from exc
    except RecursionError as exc:
        raise ConditionError("is nested too deeply") from exc
    check_depth(found)
    found = found.transform(whole_name, copy=False)
    for node in found.walk():
        more = (isinstance(node, exp.In) and not node.expressions) or node.args.get("symmetric")
        if not isinstance(node, KNOWN) or more:
            raise ConditionError(f"holds {node.sql()}, which is none of what a condition may hold")
        if isinstance(node, exp.Literal) and not node.is_string and not is_number(node.this):
            raise ConditionError(f"holds {node.this}, which is no number that a double can hold")
    if found.find(exp.Column) is None:
        raise ConditionError("names nothing, and so is always the same")
    return found


def whole_name(node: exp.Expr) -> exp.Expr:
    """Give a name of more than four levels, which SQL has not, as one: the parser makes a tree of it."""
    if isinstance(node, exp.Dot) and all(isinstance(part, exp.Identifier) for part in node.parts):
        return exp.column(".".join(part.name for part in node.parts), quoted=True)
    return node


def at(highlight: str, col: int, description: str, **_: object) -> str:
    """Say where a text cannot be read, by what the parser knows of it: the place of the last letter of a word."""
    lacking = ", which a ) must follow" if description == "Expecting )" else ""
    return f" at {highlight!r}, character {col - len(highlight) + 1}{lacking}"


def check_depth(node: exp.Expr, deep: int = 1, nested: int = 0) -> None:
    """Raise ConditionError for a tree that whoever goes through it level by level would find no end of."""
    nested += isinstance(node, NESTING)
    if deep > MOST_DEEP or nested > MOST_NESTED:
        raise ConditionError("is nested too deeply")
    for child in node.iter_expressions():
        check_depth(child, deep + 1, nested)


def is_number(text: str) -> bool:
    """Say whether a literal is a number that a double can hold: neither `1e` is nor `1e999`."""
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
