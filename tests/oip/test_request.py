"""Requests are read as the protocol's clients write them, and refused where they contradict themselves."""

import json
import re
import struct
import time
import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from oip import (
    DATATYPES,
    BodyTooLarge,
    InferResponse,
    Limits,
    ProtocolError,
    Tensor,
    read_request,
    read_response,
    write_request,
)
from oip import write_response as write


def request(**changes: Any) -> bytes:
    """Write a request of one tensor, with parts of that tensor changed."""
    tensor = {"name": "x", "shape": [2], "datatype": "FP64", "data": [1, 2.5], **changes}
    return json.dumps({"inputs": [{key: value for key, value in tensor.items() if value is not ...}]}).encode()


def binary(tensor: dict[str, Any], buffer: bytes) -> tuple[bytes, str]:
    """Write a request of one binary tensor."""
    size = {"binary_data_size": len(buffer)}
    text = json.dumps({"inputs": [{"name": "x", "parameters": size, **tensor}]}).encode()
    return text + buffer, str(len(text))


def refusal(body: bytes, length: str | None = None) -> str:
    """Give the text of the refusal."""
    with pytest.raises(ProtocolError) as caught:
        read_request(body, length)
    return str(caught.value)


def test_the_json_of_tritonclient_is_read() -> None:
    """The request that tritonclient 2.73 sends, byte for byte."""
    body = (
        rb'{"id":"7","inputs":[{"name":"age","shape":[3],"datatype":"FP64","data":[1.0,2.0,3.5]},'
        rb'{"name":"city","shape":[3],"datatype":"BYTES","data":["Oslo","\u00E9",""]}],'
        rb'"outputs":[{"name":"predict","parameters":{"binary_data":false}}]}'
    )
    read = read_request(body, None)

    assert read.id == "7"
    assert read.tensors[0].array.tolist() == [1, 2, 3.5]
    assert read.tensors[1].array.tolist() == ["Oslo", "é", ""]
    assert [(output.name, output.binary) for output in read.outputs or ()] == [("predict", False)]


def test_strings_have_their_length_before_them() -> None:
    """BYTES in binary form: four bytes of length, little-endian, then UTF-8."""
    buffer = bytes.fromhex("04000000") + b"Oslo" + bytes.fromhex("02000000c3a900000000")
    body, length = binary({"shape": [3], "datatype": "BYTES"}, buffer)

    assert read_request(body, length).tensors[0].array.tolist() == ["Oslo", "é", ""]


@pytest.mark.parametrize("data", [[1, 2, 3, 4], [[1, 2], [3, 4]]])
def test_data_is_flat_or_nested(data: Any) -> None:
    """Both are row-major; both are read alike."""
    assert read_request(request(shape=[2, 2], data=data), None).tensors[0].array.tolist() == [[1, 2], [3, 4]]


def test_null_is_nan_or_the_empty_text_and_nothing_else() -> None:
    """JSON has no NaN; null stands for it in inputs, and for a text that is missing."""
    for shape, data in (([2], ["a", None]), ([1, 2], [["a", None]])):
        texts = read_request(request(shape=shape, datatype="BYTES", data=data), None).tensors[0].array
        assert texts.reshape(-1).tolist() == ["a", ""]
    assert np.isnan(read_request(request(data=[None, 1]), None).tensors[0].array[0])
    assert "/inputs/0/data/0: expected `int`, got `null`" in refusal(request(datatype="INT64", data=[None, 1]))


def test_unknown_members_and_parameters_are_ignored() -> None:
    """Clients send names that no server knows."""
    document = json.loads(request(parameters={"content_type": "np"}))
    body = json.dumps({**document, "model_name": "m", "parameters": {"priority": 1}}).encode()

    assert read_request(body, None).tensors[0].name == "x"


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"data": [1]}, "/inputs/0/shape: [2] wants 2 elements, not 1"),
        ({"data": [[1], [2, 3]], "shape": [2, 2]}, "/inputs/0/data: does not fit"),
        ({"data": [[1, 2, 3]], "shape": [3, 1]}, "is nested to [1, 3], but the shape is [3, 1]"),
        ({"data": ["1", 2]}, "/inputs/0/data/0: expected `float | null`, got `str`"),
        ({"data": [True, 2]}, "got `bool`"),
        ({"data": [[1, "2"]], "shape": [1, 2]}, "/inputs/0/data/0/1: expected `float | null`, got `str`"),
        ({"data": ["1", True]}, "; /inputs/0/data/1: expected `float | null`, got `bool`"),
        ({"data": {}}, "/inputs/0/data: expected `array`"),
        ({"datatype": "INT64", "data": [1.5, 2]}, "got `float`"),
        ({"datatype": "INT8", "data": [200, 2]}, "/inputs/0/data/0: expected `int` <= 127"),
        ({"datatype": "UINT64", "data": [2**64, 2]}, "/inputs/0/data"),
        ({"datatype": "BOOL", "data": [1, 0]}, "got `int`"),
        ({"datatype": "BYTES", "data": [1, 0]}, "got `int`"),
        ({"datatype": "FP128"}, "/inputs/0/datatype: 'FP128' is none of BOOL"),
        ({"shape": [-2]}, "/inputs/0/shape"),
        ({"shape": ["2"]}, "/inputs/0/shape/0: expected `int`, got `str`"),
        ({"shape": [1] * 9, "data": [1]}, "/inputs/0/shape: must be at most 8"),
        ({"shape": [0, 2**70], "data": []}, "/inputs/0/shape: must be at most 8"),
        ({"shape": [0, 2**31 - 1, 2**31 - 1, 2**31 - 1], "data": []}, "/inputs/0/shape"),
        ({"shape": ...}, "/inputs/0: object missing required field `shape`"),
        ({"data": ...}, "/inputs/0/data: is missing"),
        ({"parameters": {"binary_data_size": 16}}, "must not be there beside binary_data_size"),
        ({"parameters": {"shared_memory_region": "r"}}, "shared memory is not supported"),
        ({"parameters": {"binary_data_size": -1}, "data": ...}, "/inputs/0/parameters/binary_data_size"),
        ({"parameters": {"binary_data_size": True}, "data": ...}, "/inputs/0/parameters/binary_data_size"),
        ({"parameters": {"binary_data_size": 16}, "data": ...}, "the body ends before the tensor does"),
    ],
)
def test_a_tensor_that_contradicts_itself_is_refused(changes: dict[str, Any], text: str) -> None:
    """The text begins with a pointer to what is wrong."""
    assert text in refusal(request(**changes))


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"", "the body is not JSON"),
        (b"{", "the body is not JSON"),
        (b"[1]", "expected `object`, got `array`"),
        (b"{}", "object missing required field `inputs`"),
        (b'{"inputs": []}', "/inputs: must hold at least one tensor"),
        (b'{"inputs": ' + b"[" * 100_000, "/inputs"),
        (request().replace(b"2.5", b"NaN"), "the body is not JSON"),
        (b'{"inputs": [' + request()[12:-2] + b"," + request()[12:-2] + b"]}", "/inputs/1/name: x is there twice"),
        (request()[:-1] + b', "parameters": {"binary_data_output": 1}}', "/parameters/binary_data_output: exp"),
    ],
)
def test_a_body_that_is_no_request_is_refused(body: bytes, text: str) -> None:
    """Not JSON, NaN among it, or not a request."""
    assert text in refusal(body)


@pytest.mark.parametrize("length", ["0", "-1", "1e3", "abc", "", "99999", "9" * 5000, "٣"])
def test_a_header_length_that_cannot_be_is_refused(length: str) -> None:
    """It is a number of bytes within the body."""
    assert "Inference-Header-Content-Length" in refusal(request(), length)


@pytest.mark.parametrize(
    ("tensor", "buffer", "text"),
    [
        ({"shape": [2], "datatype": "FP64"}, b"\0" * 15, "/inputs/0/shape: wants 16 bytes, not 15"),
        ({"shape": [1], "datatype": "BOOL"}, b"\2", "/inputs/0: a BOOL is one byte"),
        ({"shape": [1], "datatype": "BYTES"}, struct.pack("<I", 9) + b"abc", "is cut off"),
        ({"shape": [1], "datatype": "BYTES"}, b"\1\0", "no sequence of lengths"),
        ({"shape": [1], "datatype": "BYTES"}, struct.pack("<I", 1) + b"\xff", "no sequence of lengths"),
        ({"shape": [2], "datatype": "BYTES"}, struct.pack("<I", 1) + b"a", "wants 2 elements, not 1"),
    ],
)
def test_a_buffer_that_does_not_fit_is_refused(tensor: dict[str, Any], buffer: bytes, text: str) -> None:
    """Too short, too long, or not what the datatype says."""
    assert text in refusal(*binary(tensor, buffer))


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"shape": [2, 30], "data": [0] * 60}, "/inputs/0/shape: makes 30 columns, where the model reads 4"),
        ({"data": [0] * 1_000_000}, "/inputs/0/shape: [2] wants 2 elements, not 1000000"),
        ({"data": [""] * 1_000_000, "datatype": "BYTES"}, "/inputs/0/shape: [2] wants 2 elements, not 1000000"),
        ({"data": ['"'] * 1_000_000, "datatype": "BYTES"}, "/inputs/0/shape: [2] wants 2 elements, not 1000000"),
        ({"shape": [2, 1], "data": [[]] * 1_000_000}, "/inputs/0/data: is nested otherwise than the shape [2, 1]"),
        ({"data": ["\\"] * 1_000_000, "datatype": "BYTES"}, "/inputs/0/shape: [2] wants 2 elements, not 1000000"),
        ({"data": [None] * 1_000_000, "datatype": "BYTES"}, "/inputs/0/shape: [2] wants 2 elements, not 1000000"),
        ({"shape": [2, 1], "data": [["[["], *[[]] * 1_000_000], "datatype": "BYTES"}, "/inputs/0/data: is nested"),
    ],
)
def test_more_elements_than_there_can_be_are_refused_before_one_is_read(changes: dict[str, Any], text: str) -> None:
    """They are counted in the JSON: a million lists would take twenty times its size."""
    body = request(**changes)
    tracemalloc.start()
    try:
        with pytest.raises(ProtocolError) as caught:
            read_request(body, None, Limits(10, 4))
        assert tracemalloc.get_traced_memory()[1] < 4 * len(body) + 100_000
    finally:
        tracemalloc.stop()

    assert str(caught.value).startswith(text)


def test_brackets_and_quotes_in_texts_are_no_lists_and_no_elements() -> None:
    """A text may hold what elements are counted by."""
    for times in (1, 20_000):
        data = [["[[,"], ['\\"\\\\'], ["\\"], ['"'], ["],["], [""], ['\\\\"[']] * times
        read = read_request(request(datatype="BYTES", shape=[7 * times, 1], data=data), None)

        assert read.tensors[0].array.tolist() == data


def test_texts_that_are_no_utf_8_are_refused() -> None:
    """The rest of the body may be."""
    body = request(datatype="BYTES", data=["a", "b"]).replace(b'"b"', b'"\xff"')
    also_wrong = request(data=["a", "b"]).replace(b'"b"', b'"\xff"')

    assert refusal(body) == "/inputs/0/data: is not UTF-8"
    assert refusal(also_wrong).startswith("/inputs/0/data/0: expected `float | null`")


def test_too_many_rows_are_refused_before_an_element_is_read() -> None:
    """Four million empty texts take no time where ten rows are allowed."""
    body, length = binary({"shape": [2**22], "datatype": "BYTES"}, b"\0" * 2**24)
    with pytest.raises(BodyTooLarge, match="4194304 rows are more than the 10"):
        read_request(body, length, Limits(10))


def test_the_wrong_elements_of_long_data_are_found_at_once() -> None:
    """Each has its own place, the first twenty of them are told, and a million good ones take no time."""
    data: list[object] = [0.5] * 1_000_000
    wrong = [3, 9_999, 10_000, 999_999]
    for place in wrong:
        data[place] = "x"
    began = time.thread_time()
    text = refusal(request(shape=[1_000_000], data=data))

    assert time.thread_time() - began < 5
    assert [int(place) for place in re.findall(r"/inputs/0/data/(\d+): expected", text)] == wrong
    assert refusal(request(shape=[30], data=["x"] * 30)).count("/data/") == 20


def test_thousands_of_tensors_are_refused_at_once() -> None:
    """No search for doubles among them."""
    many = json.dumps(
        {"inputs": [{"name": f"x{i}", "shape": [0], "datatype": "FP64", "data": []} for i in range(30_000)]}
    )

    assert "/inputs: holds 30000 tensors, more than 2000" in refusal(many.encode())


def test_a_large_message_is_counted_before_it_is_read() -> None:
    """Tensors, outputs and dimensions without end are refused for their number."""
    inputs = [{"name": "", "shape": [], "datatype": ""}]

    assert "/inputs: holds 20000 tensors" in refusal(json.dumps({"inputs": inputs * 20_000}).encode())
    assert "/outputs: holds 20000 tensors" in refusal(
        json.dumps({"inputs": inputs, "outputs": [{"name": "label"}] * 20_000}).encode()
    )
    assert "/inputs/0/shape: is too long" in refusal(request(shape=[1] * 200_000))


def test_bytes_that_belong_to_no_tensor_are_refused() -> None:
    """A stale header must not hide half a request."""
    body, length = binary({"shape": [1], "datatype": "FP64"}, b"\0" * 8)

    assert "3 bytes of the body belong to no tensor" in refusal(body + b"abc", length)


ARRAYS = st.sampled_from([name for name in DATATYPES if name != "BYTES"]).flatmap(
    lambda name: st.tuples(st.just(name), npst.arrays(DATATYPES[name], npst.array_shapes(min_side=0, max_side=4)))
)


@given(ARRAYS)
def test_arrays_survive_the_binary_form(drawn: tuple[str, Any]) -> None:
    """Any datatype and shape, NaN included."""
    datatype, array = drawn
    body, length = write_request([Tensor("x", datatype, array)])
    (tensor,) = read_request(body, str(length)).tensors

    assert tensor.datatype == datatype
    np.testing.assert_array_equal(tensor.array, array)


@given(st.lists(st.text()), st.booleans())
def test_texts_survive_both_forms(texts: list[str], as_binary: bool) -> None:
    """Any text that is UTF-8."""
    array = np.empty(len(texts), dtype=object)
    array[:] = texts
    body, length = write(InferResponse("m", "1", [Tensor("x", "BYTES", array)], "7"), [as_binary])
    answer = read_response(body, None if length is None else str(length))

    assert answer.tensors[0].array.tolist() == texts
    assert (answer.model_version, answer.id, length is None) == ("1", "7", not as_binary)


def test_a_number_that_json_cannot_hold_is_not_written() -> None:
    """A non-finite output is a fault, never a silent null."""
    with pytest.raises(ProtocolError, match="x: JSON has no NaN"):
        write(InferResponse("m", None, [Tensor("x", "FP64", np.array([np.nan]))]), [False])


def test_an_output_that_is_asked_for_twice_is_refused() -> None:
    """Or a small request would have an answer without end."""
    body = request()[:-1] + b', "outputs": [{"name": "label"}, {"name": "label"}]}'
    with pytest.raises(ProtocolError, match="/outputs/1/name: label is asked for twice"):
        read_request(body, None).chosen(["label"])


def test_an_output_that_there_is_not_is_refused() -> None:
    """A caller that misspells an output is told the names."""
    body = request()[:-1] + b', "outputs": [{"name": "y"}]}'
    with pytest.raises(ProtocolError, match="/outputs/0/name: 'y' is none of label, score"):
        read_request(body, None).chosen(["label", "score"])
