"""The target of a model, checked: the class of each row."""

from collections import Counter
from typing import Any

import numpy as np
import pandas as pd

from contract.table import Array
from models import Model
from training.classes import Classes, check_classes
from training.errors import TrainingError

FEWEST_OF_A_CLASS = 10


def read_classes(model: Model, target: Any, rows: int) -> tuple[Array, Classes]:
    """Give the class of each row, `[rows]` text or booleans, and the classes in order."""
    values = np.asarray([] if target is None else target, dtype=object)
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
