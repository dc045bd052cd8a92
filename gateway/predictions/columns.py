"""Requests and their answers as columns of Arrow, one row for each record and each model that answered it."""

from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np
from arro3.core import Array, DataType, Field, RecordBatch, Schema

from contract import Feature, Interface, Output, Table
from contract.features import Features
from contract.table import Array as Values
from contract.table import Columns, from_column
from gateway.batching import Prediction
from gateway.predictions.kept import Kept

TYPES = {
    "number": DataType.float64(),
    "integer": DataType.int64(),
    "boolean": DataType.bool(),
    "category": DataType.string(),
}
TIME = DataType.timestamp("us", tz="UTC")


class Layout:
    """Say which columns the rows of one contract have, in order; names with a prefix cannot meet those of the log."""

    def __init__(self, contract: Interface, leave_out: Sequence[str]) -> None:
        self.contract = contract
        self.features = [feature for feature in contract.features if feature.name not in leave_out]
        fields = [Field("time", TIME), Field("id", TYPES["category"]), Field("instance", DataType.int32())]
        fields += [Field(name, TYPES["category"]) for name in ("route", "model", "version")]
        fields += [Field(f"feature_{feature.name}", TYPES[feature.type]) for feature in self.features]
        fields += [Field(f"output_{output.name}", TYPES[output.type]) for output in contract.outputs]
        self.schema = Schema(fields)
        # Hardly two doubles are the same, and to look for those that are takes half of the time of writing.
        self.dictionaries = {field.name: field.type != TYPES["number"] for field in fields}

    def fits(self, features: Features) -> bool:
        """Say whether records of these features have all that the contract reads, in types that its columns hold."""
        for feature in self.features:
            asked = features.by_name.get(feature.name)
            if asked is None or asked.type != feature.type or (asked.nullable and not feature.nullable):
                return False
        return True

    def batch(self, kept: Sequence[tuple[Kept, Prediction]]) -> RecordBatch:
        """Give requests of the same features, which fit, each with what this model answered, as a batch of rows."""
        counts = [request.table.rows for request, _ in kept]
        rows = sum(counts)
        times = np.repeat([request.time // 1000 for request, _ in kept], counts)
        texts = [
            list(chain.from_iterable([[request.id] * request.table.rows for request, _ in kept])),
            list(chain.from_iterable([[request.route] * request.table.rows for request, _ in kept])),
            [self.contract.name] * rows,
            [self.contract.version] * rows,
        ]
        ids, *others = [Array(text, TYPES["category"]) for text in texts]
        places = [range(one.table.rows) if one.instances is None else one.instances for one, _ in kept]
        instances = np.array(list(chain.from_iterable(places)), dtype=np.int32)
        asked, answers = columns_of([request.table for request, _ in kept]), answers_of([one for _, one in kept])
        arrays = [Array.from_numpy(times).cast(TIME), ids, Array.from_numpy(instances), *others]
        arrays += [array_of(feature, asked[feature.name]) for feature in self.features]
        for output in self.contract.outputs:
            arrays.append(array_of(output, answers[output.name]))
        return RecordBatch.from_arrays(arrays, schema=self.schema)


def columns_of(tables: Sequence[Table]) -> Columns:
    """Put the rows of tables of the same features behind each other, column by column."""
    first = tables[0]
    if first.matrix is None:
        return {name: np.concatenate([table.separate[name] for table in tables]) for name in first.separate}
    matrix = np.concatenate([table.matrix for table in tables if table.matrix is not None])
    return {feature.name: matrix[:, index] for index, feature in enumerate(first.features)}


def answers_of(predictions: Sequence[Prediction]) -> Columns:
    """Put the rows of predictions of one version behind each other, column by column.

    Many callers share one call, so its columns are taken once: to cut out each caller's took twice as long.
    """
    offsets, joints, rows = dict[int, int](), [], 0
    places = list[int]()
    for prediction in predictions:
        joint = prediction.joint
        offset = offsets.get(id(joint))
        if offset is None:
            offset = offsets[id(joint)] = rows
            joints.append(joint.columns)
            rows += len(next(iter(joint.columns.values())))
        places += range(offset + prediction.start, offset + prediction.stop)
    wanted = np.array(places)
    return {name: np.concatenate([columns[name] for columns in joints])[wanted] for name in joints[0]}


def array_of(field: Feature | Output, column: Values) -> Array:
    """Give a column in the type of its field; what is missing is null."""
    if field.type == "category" or field.nullable:
        values: Any = from_column(field, column)
        return Array(values, TYPES[field.type])
    return Array.from_numpy(np.ascontiguousarray(column))
