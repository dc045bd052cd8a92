"""Every way in which records travel: what a client writes, and what our servers read of it. One entry a codec."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from open_inference.grpc.protocol import InferTensorContents, ModelInferRequest

from contract import Feature, RecordDecoder, Table, table_from_tensors
from contract.table import shared_datatype
from oip import DATATYPES, Limits, Tensor, read_request, write_request
from oip.grpc import CONTENTS, read_grpc_request
from oip.tensor import buffer_of
from tests.oip.columns import Column, Record, columns_of, flat, matrix, upright

MOST_ROWS = 100
LIMITS = Limits(MOST_ROWS)
KINDS: dict[str, tuple[type, ...]] = {"b": (bool,), "i": (int,), "u": (int,), "f": (int, float), "O": (str,)}


class Unwritable(Exception):
    """Report what a codec has no way to say."""


@dataclass(frozen=True)
class Codec:
    """Carry columns to a table in one form; raises Unwritable, or what a server refuses them with."""

    name: str
    form: Callable[[Sequence[Column]], list[Column]]
    read: Callable[[list[Column]], list[Tensor]]

    def fits(self, features: Sequence[Feature]) -> bool:
        """Say whether records of these features can travel so."""
        return self.form is not matrix or shared_datatype(features) is not None

    def carry(self, features: Sequence[Feature], records: Sequence[Record]) -> Table:
        """Carry whole records."""
        return self.carry_columns(features, columns_of(features, records))

    def carry_columns(self, features: Sequence[Feature], columns: Sequence[Column]) -> Table:
        """Carry columns, right or wrong."""
        return table_from_tensors(features, self.read(self.form(columns)))

    def pointer(self, names: Sequence[str], row: int, name: str) -> str:
        """Give the place of a value in the request, a pattern: nested data may have a step more."""
        column = list(names).index(name)
        if self.form is matrix:
            return rf"/inputs/0/data/({row * len(names) + column}|{row}/{column})"
        return rf"/inputs/{column}/data/{row}(/0)?"


def json_flat(columns: list[Column]) -> list[Tensor]:
    """Write JSON with flat data."""
    return read_json([(one, list(one.data)) for one in columns])


def json_nested(columns: list[Column]) -> list[Tensor]:
    """Write JSON with data nested to the shape."""
    return read_json([(one, nested(list(one.data), one.shape)) for one in columns])


def read_json(columns: list[tuple[Column, list[Any]]]) -> list[Tensor]:
    """Read what these columns are as a document."""
    inputs = [{"name": one.name, "datatype": one.datatype, "shape": one.shape, "data": data} for one, data in columns]
    return read_request(json_bytes({"inputs": inputs}), None, LIMITS).tensors


def json_bytes(document: Any) -> bytes:
    """Write JSON; what is too large for a double is written as such a number, and a NaN cannot be."""
    text = json.dumps(document).replace("Infinity", "1e999")
    if "NaN" in text:
        raise Unwritable
    return text.encode()


def nested(data: list[Any], shape: Sequence[int]) -> list[Any]:
    """Nest flat data to a shape."""
    for size in reversed(shape[1:]):
        data = [data[start : start + size] for start in range(0, len(data), size)]
    return data


def binary(columns: list[Column]) -> list[Tensor]:
    """Write the binary extension."""
    body, length = write_request([Tensor(one.name, one.datatype, array_of(one)) for one in columns])
    return read_request(body, str(length), LIMITS).tensors


def grpc_raw(columns: list[Column]) -> list[Tensor]:
    """Write a message of gRPC with raw contents."""
    buffers = [bytes(buffer_of(Tensor(one.name, one.datatype, array_of(one)))) for one in columns]
    message = ModelInferRequest(inputs=[headed(one) for one in columns], raw_input_contents=buffers)
    return read_grpc_request(message, LIMITS).tensors


def grpc_typed(columns: list[Column]) -> list[Tensor]:
    """Write a message of gRPC with typed contents."""
    inputs = []
    for one in columns:
        values = array_of(one).reshape(-1).tolist()
        texts = [value.encode() for value in values] if one.datatype == "BYTES" else values
        inputs.append(headed(one, contents=InferTensorContents(**{CONTENTS[one.datatype]: texts})))
    return read_grpc_request(ModelInferRequest(inputs=inputs), LIMITS).tensors


def headed(column: Column, **more: Any) -> ModelInferRequest.InferInputTensor:
    """Write what stands before the elements."""
    return ModelInferRequest.InferInputTensor(name=column.name, datatype=column.datatype, shape=column.shape, **more)


def array_of(column: Column) -> np.ndarray[Any, Any]:
    """Give the elements in their datatype; raises Unwritable."""
    dtype = DATATYPES[column.datatype]
    data = [float("nan") if value is None and dtype.kind == "f" else value for value in column.data]
    if not all(
        isinstance(value, KINDS[dtype.kind]) and isinstance(value, bool) <= (dtype.kind == "b") for value in data
    ):
        raise Unwritable
    array = np.empty(len(data), dtype=dtype)
    try:
        array[:] = data
    except OverflowError as exc:
        raise Unwritable from exc
    return array.reshape(column.shape)


class Records(Codec):
    """Carry records as `/v1` takes them."""

    def carry(self, features: Sequence[Feature], records: Sequence[Record]) -> Table:
        """Carry the document."""
        return RecordDecoder(features).decode(json_bytes({"instances": records}), MOST_ROWS)[0]

    def pointer(self, names: Sequence[str], row: int, name: str) -> str:  # noqa: ARG002
        """Give the place of a value."""
        return f"/instances/{row}/{name}"


RECORDS = Records("records", flat, json_flat)
TENSORS = (
    Codec("JSON [n]", flat, json_flat),
    Codec("JSON [n,1]", upright, json_flat),
    Codec("JSON [n,1] nested", upright, json_nested),
    Codec("JSON [n,k]", matrix, json_flat),
    Codec("JSON [n,k] nested", matrix, json_nested),
    Codec("binary [n]", flat, binary),
    Codec("binary [n,1]", upright, binary),
    Codec("binary [n,k]", matrix, binary),
    Codec("gRPC raw [n]", flat, grpc_raw),
    Codec("gRPC raw [n,k]", matrix, grpc_raw),
    Codec("gRPC typed [n,1]", upright, grpc_typed),
    Codec("gRPC typed [n,k]", matrix, grpc_typed),
)
CODECS = (RECORDS, *TENSORS)
