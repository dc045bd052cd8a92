"""What a script is told, and what it tells."""

import json
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
DTYPES: dict[str, Any] = {"FP64": np.float64, "INT64": np.int64, "BOOL": np.bool_, "BYTES": object}


@dataclass(frozen=True)
class Column:
    """Hold one column of a request; `array` has NaN where `data` has None."""

    name: str
    datatype: str
    data: list[Any]

    @property
    def array(self) -> Array:
        """Give the data as a client of the protocol holds it."""
        return np.array(self.data, dtype=DTYPES[self.datatype])

    @property
    def known(self) -> "Column":
        """Give the column without nulls: JSON has no NaN, and some clients have no null."""
        return Column(self.name, self.datatype, [1.0 if value is None else value for value in self.data])


@dataclass(frozen=True)
class Told:
    """Hold where to ask, which model, with which columns, right and wrong, and the names of its outputs."""

    address: str
    model: str
    columns: list[Column]
    wrong: list[Column]
    outputs: list[str]

    def many(self) -> list[Column]:
        """Give so many rows that compression is worth its while."""
        return [Column(column.name, column.datatype, column.data * 500) for column in self.columns]


def told() -> Told:
    """Read the one argument."""
    document = json.loads(sys.argv[1])
    columns, wrong = ([Column(**column) for column in document[name]] for name in ("columns", "wrong"))
    return Told(document["address"], document["model"], columns, wrong, document["outputs"])


def plain(array: Array) -> list[Any]:
    """Give an array as JSON: text from binary answers is bytes."""
    return [value.decode() if isinstance(value, bytes) else value for value in array.tolist()]


def tell(document: dict[str, Any]) -> None:
    """Write what the client saw."""
    json.dump(document, sys.stdout)
