"""A contract's columns as tensors and back: one tensor per column, or one matrix for all."""

from collections import Counter
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from contract.check import LONGEST_NAME, MOST_FAULTS, Fault
from contract.check_columns import table_faults
from contract.feature import MATRIX_NAME, Feature
from contract.features import Features, in_order
from contract.refused import InvalidRecords
from contract.table import Array, Table, pack_matrix


class Tensor(Protocol):
    """What this module needs of a tensor: `array` has its shape, text as objects holding str."""

    @property
    def name(self) -> str:
        """The name of a feature, or MATRIX_NAME."""

    @property
    def datatype(self) -> str:
        """One of the protocol's datatypes."""

    @property
    def array(self) -> Array:
        """The elements, in the shape that the caller gave."""


def table_from_tensors(features: Sequence[Feature], tensors: Sequence[Tensor], *, others: bool = False) -> Table:
    """Read the tensors of one request into a checked table.

    Takes one tensor `[n]` or `[n,1]` per feature, or one `[n,k]` named `features` where all share a datatype.
    Where there may be `others` too, tensors that are of no feature are left out.
    Raises InvalidRecords, whose pointers begin at `/inputs`.
    """
    known = in_order(features)
    if is_matrix(known, tensors):
        check_matrix(known, tensors[0])
        table = pack_matrix(known, tensors[0].array)
    else:
        check_columns(known, tensors, others=others)
        arrays = {one.name: one.array if one.array.ndim == 1 else one.array.reshape(-1) for one in tensors}
        table = pack_checked(known, {name: arrays[name] for name in known.by_name})
    if not table.rows:
        raise InvalidRecords([Fault(("inputs", 0, "shape"), "must hold at least one row")])
    if faults := table_faults(table):
        raise InvalidRecords([element_fault(tensors, known, *fault) for fault in faults])
    return table


def pack_checked(features: Features, columns: dict[str, Array]) -> Table:
    """Make a table from columns that are in order, of one length and in their datatypes."""
    arrays = list(columns.values())
    rows = len(arrays[0])
    if features.datatype is None:
        return Table(features, rows, columns, None)
    # For thirty columns of one row numpy's column_stack takes four times as long, for many rows it is the fastest.
    return pack_matrix(features, np.concatenate(arrays).reshape(1, -1) if rows == 1 else np.column_stack(arrays))


def element_fault(
    tensors: Sequence[Tensor], features: Sequence[Feature], row: int, feature: Feature, message: str
) -> Fault:
    """Point at one element of the flat data of its tensor."""
    if len(tensors) == 1 and tensors[0].name == MATRIX_NAME:
        column = list(features).index(feature)
        return Fault(("inputs", 0, "data", row * len(features) + column), f"{feature.name} {message}")
    position = [tensor.name for tensor in tensors].index(feature.name)
    return Fault(("inputs", position, "data", row), f"{feature.name} {message}")


def is_matrix(features: Sequence[Feature], tensors: Sequence[Tensor]) -> bool:
    """Say whether all columns come as one tensor: by its name, or by a shape that can be nothing else."""
    if len(tensors) != 1:
        return False
    return tensors[0].name == MATRIX_NAME or tensors[0].array.shape[1:] == (len(features),) != (1,)


def check_matrix(features: Features, tensor: Tensor) -> None:
    """Raise InvalidRecords unless the tensor can hold all features at once."""
    wanted = features.datatype
    if tensor.name != MATRIX_NAME:
        message = f"one tensor of all columns is named {MATRIX_NAME}, not {tensor.name[:LONGEST_NAME]}"
        raise InvalidRecords([Fault(("inputs", 0, "name"), message)])
    if wanted is None:
        raise InvalidRecords([Fault(("inputs", 0, "name"), "the columns differ in datatype: send one tensor each")])
    if tensor.datatype != wanted:
        raise InvalidRecords([Fault(("inputs", 0, "datatype"), f"must be {wanted}, not {tensor.datatype}")])
    if tensor.array.ndim != 2 or tensor.array.shape[1] != len(features):
        shape = list(tensor.array.shape)
        raise InvalidRecords([Fault(("inputs", 0, "shape"), f"must be [n, {len(features)}], not {shape}")])


def check_columns(features: Features, tensors: Sequence[Tensor], *, others: bool = False) -> None:
    """Raise InvalidRecords unless there is exactly one column per feature, all of the same length."""
    by_name = features.by_name
    given = {tensor.name for tensor in tensors}
    faults = [Fault(("inputs",), f"the input {name} is missing") for name in by_name if name not in given]
    judged = [tensor for tensor in tensors if tensor.name in by_name] if others else tensors
    lengths = [tensor.array.shape[0] for tensor in judged if tensor.array.ndim]
    rows = lengths[0] if lengths else 0
    if len(set(lengths)) > 1:  # the odd one out is wrong, not all the others
        ((rows, _),) = Counter(lengths).most_common(1)
    for index, tensor in enumerate(tensors):
        feature, shape = by_name.get(tensor.name), tensor.array.shape
        if feature is None:
            if not others:
                message = f"{tensor.name[:LONGEST_NAME]} is not an input of this model"
                faults.append(Fault(("inputs", index, "name"), message))
        elif tensor.datatype != feature.datatype:
            message = f"{tensor.name} must be {feature.datatype}, not {tensor.datatype}"
            faults.append(Fault(("inputs", index, "datatype"), message))
        elif len(shape) != 1 and (len(shape) != 2 or shape[1] != 1):
            faults.append(Fault(("inputs", index, "shape"), f"{tensor.name} must be [n] or [n, 1], not {list(shape)}"))
        elif shape[0] != rows:
            message = f"{tensor.name} has {shape[0]} rows where the other inputs have {rows}"
            faults.append(Fault(("inputs", index, "shape"), message))
    if faults:
        raise InvalidRecords(faults[:MOST_FAULTS])


def tensors_of_table(table: Table, *, as_matrix: bool = True) -> list[tuple[str, str, Array]]:
    """Give name, datatype and array of each tensor that carries a table: one matrix where that is possible."""
    if as_matrix and table.matrix is not None:
        return [(MATRIX_NAME, table.features[0].datatype, np.ascontiguousarray(table.matrix))]
    return [(feature.name, feature.datatype, table.columns[feature.name]) for feature in table.features]
