"""Long data is read a piece at a time, and what comes of it is the same as of short data."""

import asyncio
import json
import re
from typing import Any

import numpy as np
import pytest

from oip import ProtocolError, Tensor, read_request, write_request
from oip.pieces import PIECE
from oip.request import request_steps
from oip.turns import in_turns
from tests.oip.test_request import refusal, request

ROWS, COLUMNS = 20_000, 30
TENSOR = {"name": "x", "shape": [1], "datatype": "FP64"}
MATRIX = np.arange(ROWS * COLUMNS).reshape(ROWS, COLUMNS) / 8


def pauses(body: bytes) -> int:
    """Count the pauses in reading a request."""
    return sum(1 for _ in request_steps(body, None))


@pytest.mark.parametrize("data", [MATRIX.reshape(-1).tolist(), MATRIX.tolist()], ids=["flat", "nested"])
@pytest.mark.parametrize("indent", [None, 1])
def test_a_long_matrix_is_read_in_pieces(data: list[Any], indent: int | None) -> None:
    """Each of them short, however the JSON is written, and no element is lost between two."""
    body = json.dumps({"inputs": [TENSOR | {"shape": [ROWS, COLUMNS], "data": data}]}, indent=indent).encode()

    assert pauses(body) > len(body) / PIECE / 3
    np.testing.assert_array_equal(read_request(body, None).tensors[0].array, MATRIX)


def test_others_have_their_turn_between_pieces() -> None:
    """Whoever waits for the event loop waits for a piece, not for the whole."""
    body, turns = request(shape=[ROWS, COLUMNS], data=MATRIX.reshape(-1).tolist()), 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def read() -> Any:
        counting = asyncio.create_task(count())
        try:
            return await in_turns(request_steps(body, None))
        finally:
            counting.cancel()

    read_in_turns = asyncio.run(read())

    assert turns >= pauses(body)
    np.testing.assert_array_equal(read_in_turns.tensors[0].array, MATRIX)


def test_wrong_elements_in_several_pieces_are_told_at_once() -> None:
    """Each has its own place, counted from the beginning."""
    data: list[Any] = MATRIX.reshape(-1).tolist()
    wrong = [5, 100_000, 100_001, len(data) - 1]
    for place in wrong:
        data[place] = "x,y"
    text = refusal(request(shape=[ROWS, COLUMNS], data=data))

    assert [int(place) for place in re.findall(r"/inputs/0/data/(\d+): expected `float \| null`", text)] == wrong


@pytest.mark.parametrize("before", range(8))
@pytest.mark.parametrize(("shape", "mark"), [([PIECE], "x,y"), ([PIECE, 1], "x],y")], ids=["flat", "nested"])
def test_a_text_in_which_a_piece_was_cut_is_told_as_any_other(before: int, shape: list[int], mark: str) -> None:
    """Wherever in it that was."""
    place = PIECE // (2 if len(shape) == 1 else 4) - 4 + before
    data: list[Any] = [1] * PIECE
    data[place] = mark
    given = data if len(shape) == 1 else [[value] for value in data]
    text = refusal(json.dumps({"inputs": [TENSOR | {"shape": shape, "data": given}]}, separators=(",", ":")).encode())

    assert text == f"/inputs/0/data/{place}{'/0' if shape[1:] else ''}: expected `float | null`, got `str`"


@pytest.mark.parametrize("datatype", ["FP64", "BYTES"])
@pytest.mark.parametrize("binary", [False, True], ids=["json", "binary"])
def test_there_are_pauses_between_many_shorter_tensors(datatype: str, binary: bool) -> None:
    """Thirty columns of four thousand rows are as long as one matrix."""
    column = np.arange(4000) / 8 if datatype == "FP64" else np.array(["some text"] * 4000, dtype=object)
    tensors = [Tensor(f"x{index}", datatype, column) for index in range(30)]
    more = Tensor("more", "INT64", np.arange(4000))  # so that they are not all alike
    body, length = write_request([*tensors, more], binary=binary)
    steps = request_steps(body, None if length is None else str(length))

    assert sum(1 for _ in steps) > len(body) / PIECE / 2


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ([1, "x"], r"/inputs/0/data/150000/1: expected `float \| null`, got `str`"),
        ([1], r"/inputs/0/data: does not fit datatype and shape"),
        ([1, 2, 3], r"/inputs/0/data: does not fit datatype and shape"),
        (1, r"/inputs/0/data/150000: expected `array`, got `int`"),
    ],
)
def test_a_wrong_row_of_a_long_nested_matrix_is_named(row: Any, text: str) -> None:
    """Its place is counted from the beginning."""
    data: list[Any] = [[1, 2]] * 200_000
    data[150_000] = row
    with pytest.raises(ProtocolError, match=text):
        read_request(request(shape=[200_000, 2], data=data), None)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"shape": [200_001], "data": [1] * 200_000}, "/inputs/0/shape: [200001] wants 200001 elements, not 200000"),
        ({"shape": [199_999], "data": [1] * 200_000}, "/inputs/0/shape: [199999] wants 199999 elements, not 200000"),
        ({"shape": [9, 2], "data": [[1, 2]] * 200_000}, "/inputs/0/data: is nested otherwise than the shape [9, 2]"),
        (
            {"shape": [200_000, 2], "data": [[1]] * 200_000},
            "/inputs/0/data: is nested to [200000, 1], but the shape is [200000, 2]",
        ),
        ({"shape": [200_000, 1, 1], "data": [[[1, 2]]] * 200_000}, "/inputs/0/shape: [200000, 1, 1] wants 200000"),
        ({"shape": [200_000], "data": "x" * 2_000_000}, "/inputs/0/data: expected `array`, got `str`"),
        ({"shape": [200_000], "data": {"x": [1] * 200_000}}, "/inputs/0/data: expected `array`, got `object`"),
    ],
)
def test_long_data_that_is_not_what_the_shape_says_is_refused(changes: dict[str, Any], text: str) -> None:
    """In the same words as short data."""
    assert refusal(request(**changes)).startswith(text)
