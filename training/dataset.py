"""The data of a model: checked against its own contract, fingerprinted, and split."""

import hashlib
from dataclasses import dataclass

import numpy as np

from contract import Table, pack, table_faults
from contract.table import Array
from models import Model
from training.errors import TrainingError

HELD_OUT = 0.25
FEWEST_ROWS = 80


@dataclass(frozen=True)
class Dataset:
    """Hold checked rows, the class of each as `[rows]` text (None for a model without), and their SHA-256."""

    table: Table
    target: Array | None
    sha256: str

    def rows(self, index: Array) -> Table:
        """Give some of the rows."""
        return pack(self.table.features, {name: column[index] for name, column in self.table.columns.items()})


def read_dataset(model: Model) -> Dataset:
    """Read and check the data of a model; raises TrainingError with the row and feature of what is wrong."""
    data = model.data()
    missing = [feature.name for feature in model.features if feature.name not in data.columns]
    if missing:
        raise TrainingError(f"the data of {model.name} has no column {missing[0]}")
    lengths = {feature.name: len(data.columns[feature.name]) for feature in model.features}
    if len(set(lengths.values())) > 1 or min(lengths.values()) < FEWEST_ROWS:
        raise TrainingError(f"the columns of {model.name} need one length of at least {FEWEST_ROWS}: {lengths}")
    try:
        table = pack(model.features, data.columns)
    except (TypeError, ValueError) as exc:
        raise TrainingError(f"the data of {model.name} cannot be read: {exc}") from exc
    if faults := table_faults(table):
        row, feature, message = faults[0]
        raise TrainingError(f"the data of {model.name} breaks its contract: row {row}, {feature.name} {message}")
    target = None if model.task == "novelty" else read_target(model, data.target, table.rows)
    return Dataset(table, target, fingerprint(table, target))


def read_target(model: Model, target: object, rows: int) -> Array:
    """Check the classes: one per row, both of them there, and no other."""
    classes = {str(model.threshold.at_or_above), str(model.threshold.below)}
    values = np.array([] if target is None else target, dtype=object)
    if len(values) != rows or set(values) != classes:
        found = ", ".join(sorted(map(repr, set(values)))[:6]) or "nothing"
        raise TrainingError(
            f"the target of {model.name} must give one of {' and '.join(sorted(classes))} for each of the {rows} "
            f"rows; it gives {found} for {len(values)}"
        )
    return values


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

    index = np.arange(dataset.table.rows)
    training, held_out = train_test_split(index, test_size=HELD_OUT, random_state=seed, stratify=dataset.target)
    return training, held_out
