"""Where other servers of this protocol go wrong, one test for each: the gateway and a bento do not.

Each docstring says the fault in other words, and where it was reported (github.com).
"""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from benchmarks.ports import free_ports
from bentos.artifact import read_contract
from bentos.protocol import Protocol
from bentos.served import Served
from oip import HEADER_LENGTH, Tensor, read_response, write_request
from tests.conftest import ROOT
from tests.gateway.conftest import MIXED
from tests.serving import running_gateway, served

MODEL = "/v2/models/mixed"
INFER = f"{MODEL}/infer"
BINARY = [
    Tensor("income", "FP64", np.array([30.5, np.nan])),
    Tensor("age", "INT64", np.array([40, 41])),
    Tensor("owner", "BOOL", np.array([True, False])),
    Tensor("region", "BYTES", np.array(["east", ""], dtype=object)),
]


@pytest.fixture(scope="module", params=["gateway", "bento"])
def door(request: pytest.FixtureRequest, client: httpx.Client, bento: str) -> Iterator[httpx.Client]:
    """Give a client of the gateway, then one of a bento."""
    if request.param == "gateway":
        yield client
        return
    with httpx.Client(base_url=bento, timeout=40) as direct:
        yield direct


@pytest.fixture(scope="module", params=["gateway", "service"])
def without_model(
    request: pytest.FixtureRequest, stored_mixed: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    """Give a client of a gateway whose model never came, then one of a service that has not loaded its own."""
    if request.param == "gateway":
        backends = {"mixed": {"url": f"http://127.0.0.1:{free_ports(1)[0]}"}}
        settings = {"backends": backends, "default": "mixed", "ready_after_s": 0}
        with running_gateway(tmp_path_factory.mktemp("empty"), settings, wait="/livez") as client:
            yield client
        return
    app = Protocol(Served(read_contract(stored_mixed), stored_mixed)).app()
    with served(app) as port, httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        yield client


def request(rows: int = 1, **changes: dict[str, Any]) -> dict[str, Any]:
    """Write a request of equal rows, with parts of some tensors changed."""
    datatypes = dict(zip(MIXED, ("FP64", "INT64", "BOOL", "BYTES"), strict=True))
    return {
        "inputs": [
            {"name": name, "shape": [rows], "datatype": datatypes[name], "data": [value] * rows} | changes.get(name, {})
            for name, value in MIXED.items()
        ]
    }


def outputs(answer: httpx.Response) -> dict[str, list[Any]]:
    """Give the outputs of a successful answer, read as strictly as JSON is."""

    def refuse(token: str) -> None:
        raise ValueError(token)

    assert answer.status_code == 200, answer.text
    read = json.loads(answer.content, parse_constant=refuse)
    return {output["name"]: output["data"] for output in read["outputs"]}


def refusal(answer: httpx.Response, status: int = 400) -> str:
    """Give the text of a refusal."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/json"), answer.text
    (text,) = answer.json().values()
    return str(text)


def test_a_server_without_a_model_is_not_ready(without_model: httpx.Client) -> None:
    """All of no models are ready, so the server said that it was (SeldonIO/MLServer#2056)."""
    assert without_model.get("/v2/health/ready").status_code == 503
    assert without_model.get(f"{MODEL}/ready").status_code == 503
    assert without_model.get("/v2/health/live").status_code == 200


def test_nothing_is_predicted_before_the_model_is_ready(without_model: httpx.Client) -> None:
    """Requests reached a model that was still loading (kserve/kserve#2775)."""
    assert refusal(without_model.post(INFER, json=request()), 503)


def test_readiness_of_a_model_has_a_body(door: httpx.Client) -> None:
    """It was empty, and the project's own client fell over it (kserve/kserve#4267)."""
    assert door.get(f"{MODEL}/ready").json() == {"name": "mixed", "ready": True}


def test_the_id_comes_back(door: httpx.Client) -> None:
    """Another one came back, or none (kserve/kserve#3019); where none was given, none is made up."""
    assert door.post(INFER, json={"id": "my-id", **request()}).json()["id"] == "my-id"
    assert "id" not in door.post(INFER, json=request()).json()


def test_an_id_may_have_any_letters(door: httpx.Client) -> None:
    """One outside of ASCII was answered with 500 (MLServer 1.7.1)."""
    assert door.post(INFER, json={"id": "ключ-é-🔑", **request()}).json()["id"] == "ключ-é-🔑"


def test_metadata_is_not_empty(door: httpx.Client) -> None:
    """Inputs and outputs were empty lists (SeldonIO/MLServer#145)."""
    body = door.get(MODEL).json()

    assert [tensor["name"] for tensor in body["inputs"]] == list(MIXED)
    assert [tensor["name"] for tensor in body["outputs"]] == ["label", "probability"]
    assert body["versions"]
    assert body["platform"]


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("GET", "/ready"), ("POST", "/infer")])
def test_an_unknown_version_is_404(door: httpx.Client, method: str, path: str) -> None:
    """It was a failure of the server (pytorch/serve#170)."""
    answer = door.request(method, f"{MODEL}/versions/99{path}", json=request() if method == "POST" else None)

    assert "version" in refusal(answer, 404)


def test_an_unknown_output_is_refused(door: httpx.Client) -> None:
    """It was left out of a 200 without a word (triton-inference-server/server#140, #1025)."""
    assert refusal(door.post(INFER, json={**request(), "outputs": [{"name": "nope"}]})).startswith("/outputs/0/name")


@pytest.mark.parametrize("content", [b"", b"hello", b"[]", b"{}", b'{"inputs": 1}', b'{"inputs": [1]}', b"\xff"])
def test_bad_input_is_the_callers_fault(door: httpx.Client, content: bytes) -> None:
    """It was a 500 (mlflow/mlflow#4897), or plain text, or FastAPI's `detail` (MLServer 1.7.1)."""
    assert refusal(door.post(INFER, content=content))


def test_the_shape_must_agree_with_the_data(door: httpx.Client) -> None:
    """It was not compared, and what another request had left in the memory was read (triton…/server#7171)."""
    longer: dict[str, Any] = {"income": {"shape": [1000]}}
    body, length = write_request(BINARY)
    text = body[: int(length or 0)].replace(b'"shape":[2]', b'"shape":[9]', 1)

    assert refusal(door.post(INFER, json=request(**longer))).startswith("/inputs/0/shape: [1000] wants 1000 elements")
    assert refusal(
        door.post(INFER, content=text + body[int(length or 0) :], headers={HEADER_LENGTH: str(length)})
    ).startswith("/inputs/0/shape: wants 72 bytes, not 16")


@pytest.mark.parametrize("size", [-1, -(2**31), -(2**63), 2**31, 2**62])
def test_no_shape_kills_the_server(door: httpx.Client, size: int) -> None:
    """A negative one did (triton-inference-server/server#1649, #3563)."""
    answer = door.post(INFER, json=request(income={"shape": [size]}))

    assert answer.status_code in (400, 413)
    assert door.get("/v2/health/live").status_code == 200


def test_binary_requests_are_read(door: httpx.Client) -> None:
    """They were not (SeldonIO/MLServer#324, SeldonIO/seldon-core#3969)."""
    body, length = write_request(BINARY)
    answer = door.post(INFER, content=body, headers={HEADER_LENGTH: str(length)})
    label, probability = read_response(answer.content, answer.headers[HEADER_LENGTH]).tensors

    assert label.array.shape == probability.array.shape == (2,)


@pytest.mark.parametrize("beyond", [1, 10**6, 2**63, 10**30])
def test_a_header_beyond_the_body_is_refused(door: httpx.Client, beyond: int) -> None:
    """What lies behind the body was read (openvinotoolkit/model_server#2664)."""
    body, _ = write_request(BINARY)
    answer = door.post(INFER, content=body, headers={HEADER_LENGTH: str(len(body) + beyond)})

    assert "Inference-Header-Content-Length" in refusal(answer)


def test_a_packed_body_that_does_not_say_so_is_refused(door: httpx.Client) -> None:
    """It was misread (triton-inference-server/server#5185)."""
    assert "not JSON" in refusal(door.post(INFER, content=gzip.compress(json.dumps(request()).encode())))


@pytest.mark.parametrize(("method", "path"), [("GET", MODEL), ("GET", "/v2/models/nope"), ("POST", INFER)])
def test_only_large_predictions_are_packed(door: httpx.Client, method: str, path: str) -> None:
    """A packed error or metadata breaks tritonclient's aio client (triton-inference-server/server#6887)."""
    answer = door.request(method, path, headers={"accept-encoding": "gzip, deflate, br"})

    assert "content-encoding" not in answer.headers


def test_no_answer_has_the_token_nan_and_no_question_may(door: httpx.Client) -> None:
    """JSON has no such word (pytorch/serve#1304)."""
    asked = json.dumps(request(income={"data": [float("nan")]})).encode()

    assert b"NaN" in asked
    assert "not JSON" in refusal(door.post(INFER, content=asked))
    assert outputs(door.post(INFER, json=request(income={"data": [None]})))


def test_what_is_missing_keeps_its_place(door: httpx.Client) -> None:
    """An element that JSON has no word for was dropped, and the rest moved up (openvinotoolkit/model_server#4337)."""
    known, missing = (outputs(door.post(INFER, json=request(income={"data": [value]}))) for value in (30.5, None))
    both = outputs(door.post(INFER, json=request(2, income={"data": [None, 30.5]})))

    assert both["probability"] == [*missing["probability"], *known["probability"]]


def test_columns_may_stand_upright(door: httpx.Client) -> None:
    """Their elements became tuples (SeldonIO/MLServer#1625); nested data was a 500 there."""
    flat = {name: {"shape": [2, 1]} for name in MIXED}
    nested = {name: {"shape": [2, 1], "data": [[value], [value]]} for name, value in MIXED.items()}
    expected = outputs(door.post(INFER, json=request(2)))

    assert outputs(door.post(INFER, json=request(2, **flat))) == expected
    assert outputs(door.post(INFER, json=request(2, **nested))) == expected


def test_texts_stay_texts(door: httpx.Client) -> None:
    """They became bytes, which no category is equal to (SeldonIO/MLServer#737)."""
    body, length = write_request(BINARY)
    answer = door.post(INFER, content=body, headers={HEADER_LENGTH: str(length)})
    label, probability = read_response(answer.content, answer.headers[HEADER_LENGTH]).tensors
    by_json = outputs(door.post(INFER, json=request()))

    assert (label.array[0], probability.array[0]) == (by_json["label"][0], by_json["probability"][0])
    assert isinstance(by_json["label"][0], str)


def test_columns_of_several_types_go_in_one_request(door: httpx.Client) -> None:
    """Only one tensor was read, or all had to be of one type (kserve/kserve#1799)."""
    one, other = (outputs(door.post(INFER, json=request(region={"data": [name]}))) for name in ("south", "west"))

    assert one["probability"] != other["probability"]


def test_raw_outputs_of_grpc_are_documented() -> None:
    """Callers looked for their answer in `contents` (triton-inference-server/server#2582, #2937, #7191)."""
    assert "raw_output_contents" in (ROOT / "docs" / "api.md").read_text()


def test_an_input_twice_is_refused(door: httpx.Client) -> None:
    """One of the two was taken (MLServer 1.7.1)."""
    tensors = request()["inputs"]

    assert "/inputs/4/name: age is there twice" in refusal(door.post(INFER, json={"inputs": [*tensors, tensors[1]]}))


def test_an_unknown_input_is_refused(door: httpx.Client) -> None:
    """It was ignored (MLServer 1.7.1)."""
    unknown = {"name": "height", "shape": [1], "datatype": "FP64", "data": [1]}

    assert "/inputs/4/name: height" in refusal(door.post(INFER, json={"inputs": [*request()["inputs"], unknown]}))


def test_a_wrong_shape_is_refused(door: httpx.Client) -> None:
    """It was accepted without the right codec (MLServer 1.7.1)."""
    assert "/inputs/0/shape" in refusal(door.post(INFER, json=request(2, income={"shape": [1, 2]})))


def test_the_text_false_is_not_true(door: httpx.Client) -> None:
    """It was (MLServer 1.7.1)."""
    assert "/inputs/2/data/0" in refusal(door.post(INFER, json=request(owner={"data": ["false"]})))


def test_a_column_a_row_short_is_refused(door: httpx.Client) -> None:
    """It was filled up with NaN, and answered wrongly with 200 (MLServer 1.7.1)."""
    short = {"shape": [2], "data": [30.5, 30.5]}

    assert refusal(door.post(INFER, json=request(3, income=short))) == (
        "/inputs/0/shape: income has 2 rows where the other inputs have 3"
    )
