"""Messages of gRPC are read by the same rules as JSON, and refused in the same words."""

import json
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from open_inference.grpc.protocol import InferParameter, ModelInferRequest, ModelInferResponse

from oip import DATATYPES, BodyTooLarge, InferResponse, Limits, ProtocolError, Tensor, read_request
from oip.grpc import CONTENTS, LARGE, grpc_request_steps, read_grpc_request, write_grpc_response

Input = ModelInferRequest.InferInputTensor


def typed(name: str, datatype: str, array: Any) -> Any:
    """Write an input of typed elements."""
    values = [value.encode() if isinstance(value, str) else value for value in array.reshape(-1).tolist()]
    return Input(name=name, datatype=datatype, shape=array.shape, contents={CONTENTS[datatype]: values})


def refusal(*inputs: Any, **more: Any) -> str:
    """Give the text of the refusal."""
    with pytest.raises(ProtocolError) as caught:
        read_grpc_request(ModelInferRequest(inputs=inputs, **more))
    return str(caught.value)


ARRAYS = st.sampled_from([name for name in CONTENTS if name != "BYTES"]).flatmap(
    lambda name: st.tuples(st.just(name), npst.arrays(DATATYPES[name], npst.array_shapes(min_side=0, max_side=4)))
)


@given(ARRAYS)
def test_typed_and_raw_elements_are_read_alike(drawn: tuple[str, Any]) -> None:
    """Any datatype and shape, NaN included, to the last bit."""
    datatype, array = drawn
    raw = Input(name="x", datatype=datatype, shape=array.shape)
    messages = (
        ModelInferRequest(inputs=[typed("x", datatype, array)]),
        ModelInferRequest(inputs=[raw], raw_input_contents=[array.tobytes()]),
    )
    for message in messages:
        (tensor,) = read_grpc_request(message).tensors

        assert (tensor.name, tensor.datatype, tensor.array.dtype) == ("x", datatype, DATATYPES[datatype])
        np.testing.assert_array_equal(tensor.array, array)


def test_half_precision_travels_raw() -> None:
    """It has no field of its own."""
    half = np.array([1.5, np.nan], dtype="<f2")
    one = Input(name="x", datatype="FP16", shape=[2])
    (tensor,) = read_grpc_request(ModelInferRequest(inputs=[one], raw_input_contents=[half.tobytes()])).tensors

    np.testing.assert_array_equal(tensor.array, half)
    one.contents.fp32_contents.extend([1.5, 2])
    assert refusal(one) == "/inputs/0/contents/fp32_contents: FP16 travels raw only"


@given(st.lists(st.text()))
def test_texts_are_read_in_both_forms(texts: list[str]) -> None:
    """Any text that is UTF-8."""
    array = np.empty(len(texts), dtype=object)
    array[:] = texts
    raw = b"".join(struct.pack("<I", len(text.encode())) + text.encode() for text in texts)
    header = Input(name="x", datatype="BYTES", shape=[len(texts)])
    for message in (
        ModelInferRequest(inputs=[typed("x", "BYTES", array)]),
        ModelInferRequest(inputs=[header], raw_input_contents=[raw]),
    ):
        assert read_grpc_request(message).tensors[0].array.tolist() == texts


def test_there_are_pauses_between_many_tensors() -> None:
    """Thirty columns of four thousand rows are as long as one matrix."""
    message = ModelInferRequest(inputs=[typed(f"x{index}", "FP64", np.ones(4000)) for index in range(30)])

    assert sum(1 for _ in grpc_request_steps(message)) >= 30 * 4000 // LARGE - 1


def test_what_stands_beside_the_tensors_is_read() -> None:
    """The id, none where it is empty, and the outputs that are wanted; unknown parameters are ignored."""
    one = typed("x", "FP64", np.array([1.0]))
    one.parameters["content_type"].string_param = "np"
    one.parameters["empty"].SetInParent()
    outputs = [ModelInferRequest.InferRequestedOutputTensor(name="label")]
    read = read_grpc_request(ModelInferRequest(id="7", inputs=[one], outputs=outputs))
    bare = read_grpc_request(ModelInferRequest(inputs=[one]))

    assert (read.id, [output.name for output in read.outputs or ()]) == ("7", ["label"])
    assert (bare.id, bare.outputs) == (None, None)


@pytest.mark.parametrize(
    ("datatype", "shape", "data"),
    [
        ("FP64", [2], [1.5]),
        ("FP64", [-1], [1.5]),
        ("FP64", [1] * 9, [1.5]),
        ("INT8", [2], [300, -300]),
        ("UINT16", [2], [1, 2**20]),
        ("INT64", [0], [1]),
    ],
)
def test_the_words_are_those_of_json(datatype: str, shape: list[int], data: list[Any]) -> None:
    """The same tensor is refused with the same text and the same pointers."""
    with pytest.raises(ProtocolError) as caught:
        read_request(
            json.dumps({"inputs": [{"name": "x", "datatype": datatype, "shape": shape, "data": data}]}).encode(), None
        )

    assert refusal(Input(name="x", datatype=datatype, shape=shape, contents={CONTENTS[datatype]: data})) == str(
        caught.value
    )


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"datatype": "FP128"}, "/inputs/0/datatype: 'FP128' is none of BOOL"),
        ({"contents": None}, "/inputs/0/shape: [1] wants 1 elements, not 0"),
        ({"contents": {"int64_contents": [1]}}, "/inputs/0/contents/int64_contents: FP64 is in fp64_contents"),
        ({"datatype": "BYTES", "contents": {"bytes_contents": [b"\xff"]}}, "/inputs/0/data/0: is not UTF-8"),
        ({"parameters": {"shared_memory_region": InferParameter(string_param="r")}}, "shared memory is not supported"),
    ],
)
def test_an_input_that_contradicts_itself_is_refused(change: dict[str, Any], text: str) -> None:
    """The text begins with a pointer to what is wrong."""
    one = {"name": "x", "datatype": "FP64", "shape": [1], "contents": {"fp64_contents": [1.0]}, **change}

    assert text in refusal(Input(**one))


def test_a_message_that_contradicts_itself_is_refused() -> None:
    """No input, one input twice, raw and typed elements at once, buffers for other inputs than there are."""
    one, header = typed("x", "FP64", np.array([1.0])), Input(name="x", datatype="FP64", shape=[1])

    assert refusal() == "/inputs: must hold at least one tensor"
    assert refusal(one, one) == "/inputs/1/name: x is there twice"
    assert "/inputs/0/contents: must not be there" in refusal(one, raw_input_contents=[b"\0" * 8])
    assert refusal(header, raw_input_contents=[b"", b""]) == "/raw_input_contents: holds 2 buffers for 1 inputs"
    assert "/inputs/0/shape: wants 8 bytes, not 7" in refusal(header, raw_input_contents=[b"\0" * 7])


def test_too_many_rows_are_refused() -> None:
    """As over HTTP."""
    one = Input(name="x", datatype="FP64", shape=[11])
    with pytest.raises(BodyTooLarge, match="11 rows are more than the 10"):
        read_grpc_request(ModelInferRequest(inputs=[one]), Limits(10))


def test_an_answer_is_raw() -> None:
    """Also texts; what is not there is the empty string, and every kind of parameter has its field."""
    label = np.array(["é", ""], dtype=object)
    tensors = [Tensor("label", "BYTES", label), Tensor("p", "FP64", np.array([[0.5], [1.0]]))]
    parameters: dict[str, str | float | bool] = {"text": "a", "flag": True, "whole": 3, "half": 0.5}
    message = write_grpc_response(InferResponse("m", None, tensors, None, parameters))
    read = ModelInferResponse.FromString(message.SerializeToString())

    assert (read.model_name, read.model_version, read.id) == ("m", "", "")
    assert [(one.name, one.datatype, list(one.shape)) for one in read.outputs] == [
        ("label", "BYTES", [2]),
        ("p", "FP64", [2, 1]),
    ]
    assert list(read.raw_output_contents) == [bytes.fromhex("02000000c3a900000000"), struct.pack("<2d", 0.5, 1.0)]
    assert {name: one.WhichOneof("parameter_choice") for name, one in read.parameters.items()} == {
        "text": "string_param",
        "flag": "bool_param",
        "whole": "int64_param",
        "half": "double_param",
    }
