"""The target of a model, checked: the class of each row, or its values."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from contract.check_columns import output_fault
from contract.table import Array
from models import Model, Named
from training.classes import Classes, check_classes
from training.errors import TrainingError

FEWEST_OF_A_CLASS = 10


def read_values(model: Model, target: Any, rows: int) -> Array:
    """Give the values of each row as doubles, `[rows]`, or `[rows, k]` in the order of several outputs.

    A mapping, or a data frame, gives them under the names of the outputs.
    """
    names = [named.name for named in model.outputs]
    if not isinstance(target, Mapping | pd.DataFrame):
        if len(names) > 1:
            raise TrainingError(f"the target of {model.name} must give each column under the name of its output")
        target = {names[0]: target}
    if set(target) != set(names):
        raise TrainingError(f"the target of {model.name} has {', '.join(target)}; its outputs are {', '.join(names)}")
    columns = [read_column(model, named, target[named.name], rows) for named in model.outputs]
    return columns[0] if len(columns) == 1 else np.column_stack(columns)


def read_column(model: Model, named: Named, values: Any, rows: int) -> Array:
    """Give one column of numbers that are finite and within the bounds of their output."""
    column = np.asarray([] if values is None else values)
    if column.shape != (rows,) or column.dtype.kind not in "fiu":
        raise TrainingError(f"the target {named.name} of {model.name} must give one number for each of the {rows} rows")
    column = column.astype(np.float64)
    if fault := output_fault(named.number(0), column):
        raise TrainingError(f"the target of {model.name} breaks its contract: {named.name} {fault}")
    return column


def read_classes(model: Model, target: Any, rows: int) -> tuple[Array, Classes]:
    """Give the class of each row, `[rows]` text or booleans, and the classes in order."""
    values = np.asarray([] if target is None else target, dtype=object)
    if values.ndim > 1 or isinstance(target, Mapping | pd.DataFrame):
        raise TrainingError(
            f"the target of {model.name} has several columns of classes: make each a model of its own; an ensemble "
            "asks them together"
        )
    if values.shape != (rows,):
        raise TrainingError(f"the target of {model.name} must give one class for each of the {rows} rows")
    absent = np.flatnonzero(pd.isna(values) | (values == ""))
    if len(absent):
        raise TrainingError(f"the target of {model.name} gives no class in row {absent[0]}")
    found = Counter(value.item() if isinstance(value, np.generic) else value for value in values)
    classes = in_order(model, set(found))
    check_classes(model, classes)
    rare, count = min(found.items(), key=lambda entry: entry[1])
    if count < FEWEST_OF_A_CLASS:
        raise TrainingError(f"the target of {model.name} has {count} rows of {rare!r}; {FEWEST_OF_A_CLASS} are needed")
    return values.astype(bool) if classes == (False, True) else values, classes


def in_order(model: Model, found: set[Any]) -> Classes:
    """Give the classes as scikit-learn sorts them; raises TrainingError unless all are text, or all booleans."""
    for kind in (str, bool):
        if all(isinstance(value, kind) for value in found):
            return tuple(sorted(found))
    some = ", ".join(sorted(map(repr, found))[:6])
    raise TrainingError(f"the classes of {model.name} are {some}: give each a name, as text, or true and false")
