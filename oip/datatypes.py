"""The datatypes of the protocol, and what JSON may stand for each of them."""

from typing import Annotated, Any

import msgspec
import numpy as np

DATATYPES: dict[str, np.dtype[Any]] = {
    "BOOL": np.dtype("?"),
    "INT8": np.dtype("<i1"),
    "INT16": np.dtype("<i2"),
    "INT32": np.dtype("<i4"),
    "INT64": np.dtype("<i8"),
    "UINT8": np.dtype("<u1"),
    "UINT16": np.dtype("<u2"),
    "UINT32": np.dtype("<u4"),
    "UINT64": np.dtype("<u8"),
    "FP16": np.dtype("<f2"),
    "FP32": np.dtype("<f4"),
    "FP64": np.dtype("<f8"),
    "BYTES": np.dtype(object),
}
"""Little-endian, as the binary extension wants it. BYTES are objects holding str."""


def json_type(datatype: str) -> Any:
    """Give the type that msgspec checks for one element: strict, null only where NaN or an empty text stands for it."""
    dtype = DATATYPES[datatype]
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        top = min(int(limits.max), 2**63 - 1)  # msgspec's bounds are signed; numpy refuses what is beyond UINT64
        return Annotated[int, msgspec.Meta(ge=int(limits.min), le=None if dtype.itemsize == 8 else top)]
    return {"b": bool, "f": float | None, "O": str | None}[dtype.kind]
