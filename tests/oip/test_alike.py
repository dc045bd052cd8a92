"""Tensors that look alike are read as one, and what comes of it is what each gives by itself."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from oip import DATATYPES, ProtocolError, Tensor, read_request, write_request

SHAPES: tuple[list[int], ...] = (
    [],
    [0],
    [1],
    [2],
    [1, 1],
    [2, 1],
    [1, 2],
    [0, 0, 2**31 - 1, 2**31 - 1, 2**31 - 1, 2**31 - 1],
)
ELEMENTS = (
    *("1", "2.0", "-0.0", "null", "true", '"x"', "[1]", "[1,2]", "[]", "{}"),
    *("256", "65520", "9223372036854775808", "18446744073709551616", "1" + "0" * 40, "1e400"),
)
DATA = st.lists(st.sampled_from(("1", "2") * 8 + ELEMENTS), max_size=3).map(lambda elements: f"[{','.join(elements)}]")


def tensor(name: str, datatype: str, shape: list[int], data: str) -> str:
    """Write a tensor in JSON."""
    return f'{{"name":"{name}","datatype":"{datatype}","shape":{json.dumps(shape)},"data":{data}}}'


def arrays(*tensors: str) -> list[NDArray[Any]] | None:
    """Read tensors; None where they are refused."""
    try:
        return [one.array for one in read_request(f'{{"inputs":[{",".join(tensors)}]}}'.encode(), None).tensors]
    except ProtocolError:
        return None


@pytest.mark.filterwarnings("ignore:overflow encountered in cast:RuntimeWarning")
@given(st.sampled_from(list(DATATYPES)), st.sampled_from(SHAPES), st.tuples(DATA, DATA))
def test_tensors_in_json_are_read_as_each_by_itself(datatype: str, shape: list[int], data: tuple[str, str]) -> None:
    """Elements that cannot be, too many of them, other nesting, dimensions without elements: nothing gets by."""
    both = [tensor(name, datatype, shape, text) for name, text in zip("ab", data, strict=True)]
    alone = [arrays(one) for one in both]
    read = arrays(*both)

    if read is None:
        assert None in alone
    else:
        for array, by_itself in zip(read, alone, strict=True):
            assert by_itself is not None
            np.testing.assert_array_equal(array, by_itself[0])
            assert (type(array), array.dtype, array.shape) == (np.ndarray, by_itself[0].dtype, by_itself[0].shape)


@given(st.sampled_from([name for name in DATATYPES if name != "BYTES"]), st.sampled_from(SHAPES[1:-1]), st.randoms())
def test_tensors_in_buffers_are_read_as_each_by_itself(datatype: str, shape: list[int], random: Any) -> None:
    """To the bit; a buffer that is too short for all is refused."""
    size = int(np.prod(shape)) * DATATYPES[datatype].itemsize
    columns = [np.frombuffer(random.randbytes(size), DATATYPES[datatype]).reshape(shape) for _ in range(3)]
    if datatype == "BOOL":
        columns = [column.view(np.uint8) % 2 == 1 for column in columns]
    body, length = write_request([Tensor(f"x{index}", datatype, column) for index, column in enumerate(columns)])
    read = read_request(body, str(length)).tensors

    assert [one.array.tobytes() for one in read] == [column.tobytes() for column in columns]
    assert {one.array.shape for one in read} == {tuple(shape)}
    if size:
        with pytest.raises(ProtocolError):
            read_request(body[:-1], str(length))
