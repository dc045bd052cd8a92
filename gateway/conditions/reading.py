"""Reading the text of a condition: of all that SQL can say, the few things that a condition may."""

from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError

COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between, exp.In, exp.Is)
LOGIC = (exp.And, exp.Or, exp.Not, exp.Paren)
ARITHMETIC = (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Neg)
VALUES = (exp.Column, exp.Identifier, exp.Literal, exp.Boolean, exp.Null)

KNOWN = (*COMPARISONS, *LOGIC, *ARITHMETIC, *VALUES)
"""All else is refused: no functions, no patterns, no queries, nothing whose cost grows with more than its length."""


class ConditionError(ValueError):
    """Report a text that is no condition."""


def read(text: str) -> exp.Expr:
    """Read a condition; raises ConditionError."""
    try:
        found = parse_one(text)
    except SqlglotError as exc:
        errors = getattr(exc, "errors", None)
        told = f"{errors[0]['description']}, at character {errors[0]['col']}" if errors else "it cannot be read"
        raise ConditionError(f"is no condition: {told}") from exc
    except RecursionError as exc:
        raise ConditionError("is nested too deeply") from exc
    for node in found.walk():
        if not isinstance(node, KNOWN) or (isinstance(node, exp.In) and not node.expressions):
            raise ConditionError(f"holds {node.sql()}, which is none of what a condition may hold")
    if found.find(exp.Column) is None:
        raise ConditionError("names nothing, and so is always the same")
    return found
