"""The data of a model: checked against its own contract, fingerprinted, and split."""

import hashlib
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from contract import Feature, Table, pack, table_faults
from contract.check import value_fault
from contract.table import Array
from models import Data, Model
from training.classes import Classes
from training.errors import TrainingError
from training.target import read_classes, read_values

HELD_OUT = 0.25
FEWEST_ROWS = 80

SAFE_KINDS = {"number": "fiu", "integer": "iu", "boolean": "b", "category": ""}
"""The kinds of numpy dtypes in which every value is of the feature's type."""


@dataclass(frozen=True)
class Dataset:
    """Hold checked rows, what to learn of each, the classes that there are, and the SHA-256 of rows and target.

    The target is the class of each row as `[rows]` text or booleans, or its values as `[rows]` or `[rows, k]` doubles.
    """

    table: Table
    target: Array | None
    classes: Classes
    sha256: str

    def rows(self, index: Array) -> Table:
        """Give some of the rows."""
        return pack(self.table.features, {name: column[index] for name, column in self.table.columns.items()})

    def target_of(self, index: Array) -> Array | None:
        """Give the target of some of the rows, None where there is none."""
        return None if self.target is None else self.target[index]


def read_dataset(model: Model) -> Dataset:
    """Read and check the data of a model; raises TrainingError with the row and feature of what is wrong."""
    data = model.data()
    if not isinstance(data, Data):
        raise TrainingError(f"data() of {model.name} gives a {type(data).__name__}: let it return Data(columns=…)")
    missing = [feature.name for feature in model.features if feature.name not in data.columns]
    if missing:
        raise TrainingError(f"the data of {model.name} has no column {missing[0]}")
    lengths = {feature.name: len(data.columns[feature.name]) for feature in model.features}
    if len(set(lengths.values())) > 1 or min(lengths.values()) < FEWEST_ROWS:
        raise TrainingError(f"the columns of {model.name} need one length of at least {FEWEST_ROWS}: {lengths}")
    for feature in model.features:
        check_values(model.name, feature, data.columns[feature.name])
    columns = {feature.name: present(feature, data.columns[feature.name]) for feature in model.features}
    table = pack(model.features, columns)
    if faults := table_faults(table):
        row, feature, message = faults[0]
        raise TrainingError(f"the data of {model.name} breaks its contract: row {row}, {feature.name} {message}")
    target: Array | None = None
    classes: Classes = ()
    if model.task == "classification":
        target, classes = read_classes(model, data.target, table.rows)
    elif model.task == "regression":
        target = read_values(model, data.target, table.rows)
    return Dataset(table, target, classes, fingerprint(table, target))


def present(feature: Feature, values: Any) -> Array:
    """Give values with None for everything that pandas takes for missing."""
    # Of text and NaN in one list numpy would make the text "nan".
    array = np.asarray(values, dtype=object if feature.type == "category" else None)
    if array.dtype == object:
        array = np.array([value.item() if isinstance(value, np.generic) else value for value in array], dtype=object)
        array[pd.isna(array)] = None
    return array


def check_values(name: str, feature: Feature, values: Any) -> None:
    """Raise TrainingError for a value that the feature may not have, before a cast could hide it.

    The empty string is a missing category. Only columns of a dtype that cannot hold a wrong value are taken as they
    are; bounds are checked afterwards.
    """
    array = present(feature, values)
    if array.ndim != 1:
        raise TrainingError(f"the data of {name} has {array.ndim} dimensions in {feature.name}; a column has one")
    if array.dtype.kind in SAFE_KINDS[feature.type]:
        return
    for row, value in enumerate(array.tolist()):
        empty = feature.type == "category" and value == ""
        missing = value is None or empty or (isinstance(value, float) and math.isnan(value))
        if message := value_fault(feature, None if missing else value):
            why = ", which the empty string stands for" if empty else ""
            raise TrainingError(f"the data of {name} breaks its contract: row {row}, {feature.name} {message}{why}")


def fingerprint(table: Table, target: Array | None) -> str:
    """Hash names, datatypes and values of all columns."""
    digest = hashlib.sha256()
    columns = dict(table.columns) if target is None else {**table.columns, "\ntarget": target}
    for name, column in columns.items():
        content = "\0".join(column).encode() if column.dtype == object else np.ascontiguousarray(column).tobytes()
        digest.update(f"{name} {column.dtype} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


def split(dataset: Dataset, seed: int) -> tuple[Array, Array]:
    """Give the indexes of the training rows and of the held-out quarter, with the classes in equal shares."""
    from sklearn.model_selection import train_test_split

    index, classes = np.arange(dataset.table.rows), dataset.target if dataset.classes else None
    training, held_out = train_test_split(index, test_size=HELD_OUT, random_state=seed, stratify=classes)
    return training, held_out
