"""Rows of outputs whose names have dots: each dot is one level of the answer."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from contract import Output
from contract.rows import Row, row_type
from contract.table import Columns, from_column

Tree = dict[str, Any]
"""An output for each name of a level, or the tree below it."""


def tree_of(outputs: Sequence[Output]) -> Tree:
    """Give outputs by the levels of their names."""
    tree: Tree = {}
    for output in outputs:
        *levels, last = output.name.split(".")
        at = tree
        for level in levels:
            at = at.setdefault(level, {})
        at[last] = output
    return tree


class Form:
    """Hold the outputs of a plan, with what follows from them: found once, not for every request."""

    def __init__(self, outputs: Sequence[Output]) -> None:
        self.outputs = outputs

    @cached_property
    def tree(self) -> Tree:
        """Give them by their levels."""
        return tree_of(self.outputs)


def nested_rows(columns: Columns, tree: Tree, rows: int) -> list[Row]:
    """Give one JSON object per row; an output without a column is null, and so is a level of which nothing is there."""
    return list(map(row_type(tuple(tree)), *[values_of(columns, one, rows) for one in tree.values()]))


def values_of(columns: Columns, one: Output | Tree, rows: int) -> list[Any]:
    """Give the values of an output or of a level, row by row."""
    if isinstance(one, Output):
        return from_column(one, columns[one.name]) if one.name in columns else [None] * rows
    make = row_type(tuple(one))
    lists = [values_of(columns, part, rows) for part in one.values()]
    return [None if all(value is None for value in values) else make(*values) for values in zip(*lists, strict=True)]
