"""`/v2`: the Open Inference Protocol, for single models and the ensemble."""

import json
import time
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from oip import HEADER_LENGTH, Tensor, read_response, write_request
from tests.gateway.conftest import MIXED, PLAIN

DATATYPES = {
    "width": "FP64",
    "height": "FP64",
    "count": "INT64",
    "income": "FP64",
    "age": "INT64",
    "owner": "BOOL",
    "region": "BYTES",
}


def inputs(record: dict[str, Any], **changes: dict[str, Any]) -> dict[str, Any]:
    """Write one tensor per value, with some tensors changed."""
    tensors = [
        {"name": name, "shape": [1], "datatype": DATATYPES[name], "data": [value], **changes.get(name, {})}
        for name, value in record.items()
    ]
    return {"inputs": tensors}


def test_null_is_the_missing_category_in_json(client: httpx.Client) -> None:
    """As the empty string is; where the contract allows none it is refused with its place."""
    answers = [
        client.post("/v2/models/mixed/infer", json=inputs({**MIXED, "region": value})).json()["outputs"]
        for value in (None, "")
    ]
    refused = client.post("/v2/models/mixed/infer", json=inputs({**MIXED, "age": None}))

    assert answers[0] == answers[1]
    assert (refused.status_code, "/inputs/1/data/0: " in refused.json()["error"]) == (400, True)


def test_json_tensors_give_json_tensors(client: httpx.Client, stored_mixed: Path) -> None:
    """All four datatypes; the id comes back, the version is named."""
    answer = client.post("/v2/models/mixed/infer", json={"id": "7", **inputs(MIXED)})
    body = answer.json()

    assert (body["model_name"], body["model_version"], body["id"]) == ("mixed", stored_mixed.name, "7")
    assert [(output["name"], output["datatype"], output["shape"]) for output in body["outputs"]] == [
        ("label", "BYTES", [1]),
        ("probability", "FP64", [1]),
    ]
    assert answer.headers["content-type"] == "application/json"


def test_binary_tensors_give_binary_tensors(client: httpx.Client) -> None:
    """The same numbers as in JSON, to the last bit."""
    tensors = [
        Tensor("income", "FP64", np.array([30.5, np.nan])),
        Tensor("age", "INT64", np.array([40, 41])),
        Tensor("owner", "BOOL", np.array([True, False])),
        Tensor("region", "BYTES", np.array(["east", ""], dtype=object)),
    ]
    content, length = write_request(tensors, "7")
    answer = client.post("/v2/models/mixed/infer", content=content, headers={HEADER_LENGTH: str(length)})
    read = read_response(answer.content, answer.headers[HEADER_LENGTH])
    records = [MIXED, {"income": None, "age": 41, "owner": False, "region": None}]
    expected = client.post("/v1/models/mixed:predict", json={"instances": records}).json()["predictions"]

    assert answer.headers["content-type"] == "application/octet-stream"
    assert read.tensors[1].array.tolist() == [row["probability"] for row in expected]
    assert read.tensors[0].array.tolist() == [row["label"] for row in expected]


def test_an_ensemble_is_a_model_too(client: httpx.Client, stored_plain: Path) -> None:
    """Its outputs are its members', by their names; its members' versions are in the parameters."""
    body = client.post("/v2/models/both/infer", json=inputs({**PLAIN, **MIXED})).json()

    assert [output["name"] for output in body["outputs"]] == [
        "plain.label",
        "plain.probability",
        "mixed.label",
        "mixed.probability",
    ]
    assert body["parameters"]["plain.version"] == stored_plain.name
    assert "model_version" not in body


def test_only_requested_outputs_are_answered_in_their_order(client: httpx.Client) -> None:
    """Each in the form that was asked for."""
    wanted = [{"name": "probability"}, {"name": "label"}]
    body = client.post("/v2/models/plain/infer", json={**inputs(PLAIN), "outputs": wanted}).json()

    assert [output["name"] for output in body["outputs"]] == ["probability", "label"]


def test_a_version_in_the_path_must_be_served(client: httpx.Client, stored_plain: Path) -> None:
    """The served one answers; another is 404, and the text says which there is."""
    right = client.post(f"/v2/models/plain/versions/{stored_plain.name}/infer", json=inputs(PLAIN))
    wrong = client.post("/v2/models/plain/versions/1/infer", json=inputs(PLAIN))

    assert right.status_code == 200
    assert (wrong.status_code, wrong.json()) == (404, {"error": f"plain has the version {stored_plain.name} only"})


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"", "not JSON"),
        (b"{}", "inputs"),
        (json.dumps(inputs(PLAIN)).replace("5.0", "NaN").encode(), "not JSON"),
        (json.dumps(inputs(PLAIN, width={"data": ["5"]})).encode(), "/inputs/0/data/0: expected `float | null`"),
        (json.dumps(inputs(PLAIN, width={"data": [-5]})).encode(), "/inputs/0/data/0: width must be at least 0 m"),
        (json.dumps(inputs(PLAIN, width={"data": [None]})).encode(), "/inputs/0/data/0: width must not be null"),
        (json.dumps(inputs(PLAIN, width={"name": "wdith"})).encode(), "/inputs: the input width is missing"),
        (
            json.dumps(inputs(PLAIN, width={"datatype": "FP32"})).encode(),
            "/inputs/0/datatype: width must be FP64, not FP32",
        ),
        (json.dumps(inputs(PLAIN, width={"shape": [2]})).encode(), "/inputs/0/shape: [2] wants 2 elements, not 1"),
        (json.dumps({**inputs(PLAIN), "outputs": [{"name": "x"}]}).encode(), "/outputs/0/name: 'x' is none of label"),
    ],
)
def test_every_bad_request_is_400_with_its_place(client: httpx.Client, body: bytes, text: str) -> None:
    """The protocol's error, as its clients read it."""
    answer = client.post("/v2/models/plain/infer", content=body)

    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/json")
    assert text in answer.json()["error"]


def test_no_request_holds_up_the_others(client: httpx.Client) -> None:
    """Thirty thousand tensors, or a shape without elements that no machine can count, are refused at once."""
    many = [{"name": f"x{i}", "shape": [0], "datatype": "FP64", "data": []} for i in range(10_000)]
    huge = [{"name": "width", "shape": [0, 2**62], "datatype": "FP64", "data": []}]
    for tensors, text in ((many, "holds 10000 tensors"), (huge, "/inputs/0/shape")):
        began = time.monotonic()
        answer = client.post("/v2/models/plain/infer", json={"inputs": tensors})
        assert (answer.status_code, text in answer.json()["error"]) == (400, True)
        assert time.monotonic() - began < 5


def test_more_rows_than_allowed_are_413(client: httpx.Client) -> None:
    """As on `/v1`."""
    tensors = inputs(PLAIN, width={"shape": [1001], "data": [1.0] * 1001})

    assert client.post("/v2/models/plain/infer", json=tensors).status_code == 413


def test_a_stale_binary_header_is_400(client: httpx.Client) -> None:
    """A caller that reuses the headers of an earlier request is told so."""
    answer = client.post("/v2/models/plain/infer", json=inputs(PLAIN), headers={HEADER_LENGTH: "5000"})

    assert (answer.status_code, "Inference-Header-Content-Length" in answer.json()["error"]) == (400, True)


def test_an_ensemble_says_which_models_it_asks_and_what_they_were_made_of(
    client: httpx.Client, stored_plain: Path
) -> None:
    """Its inputs are those of its members, its outputs are named by them, and it has no version of its own."""
    body = client.get("/v2/models/both").json()

    assert (body["name"], body["platform"], "versions" in body) == ("both", "bentogate_ensemble", False)
    assert [tensor["name"] for tensor in body["inputs"]] == [*PLAIN, *MIXED]
    assert body["outputs"][0]["name"] == "plain.label"
    assert body["properties"]["plain.version"] == stored_plain.name
    assert body["properties"]["mixed.digest"].startswith(body["properties"]["mixed.version"])
    assert client.get("/v2/models/both/versions/1").status_code == 404


def test_a_matrix_of_another_name_is_told_the_right_one(client: httpx.Client) -> None:
    """Rather than that every column is missing; for a model with mixed columns no name is right."""
    matrix = {"name": "input-0", "shape": [2, 3], "datatype": "FP64", "data": [1.0] * 6}
    other = client.post("/v2/models/plain/infer", json={"inputs": [matrix]})
    mixed = client.post("/v2/models/plain/infer", json={"inputs": [{**matrix, "name": "features"}]})

    assert other.json() == {"error": "/inputs/0/name: one tensor of all columns is named features, not input-0"}
    assert mixed.json() == {"error": "/inputs/0/name: the columns differ in datatype: send one tensor each"}


@pytest.mark.parametrize("path", ["/v2", "/v2/"])
def test_the_server_names_itself_without_a_redirect(client: httpx.Client, path: str) -> None:
    """Protocol clients follow none."""
    answer = client.get(path)

    assert answer.status_code == 200
    assert answer.json()["extensions"] == ["binary_tensor_data"]


def test_health_and_readiness_have_the_bodies_that_clients_read(client: httpx.Client) -> None:
    """Kserve's client reads `live` and `ready`."""
    assert client.get("/v2/health/live").json() == {"live": True}
    assert client.get("/v2/health/ready").json() == {"ready": True}
    assert client.get("/v2/models/both/ready").json() == {"name": "both", "ready": True}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v2/models/nope", 404),
        ("GET", "/v2/models/nope/ready", 404),
        ("POST", "/v2/models/nope/infer", 404),
        ("GET", "/v2/models/plain/versions/1", 404),
        ("GET", "/v2/nope", 404),
        ("GET", "/v2/models/plain/infer", 405),
        ("POST", "/v2/health/live", 405),
        ("GET", "/v2/models/", 404),
    ],
)
def test_failures_are_errors_of_the_protocol(client: httpx.Client, method: str, path: str, status: int) -> None:
    """Always `{"error": text}` and exactly application/json."""
    answer = client.request(method, path)

    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/json")
    assert set(answer.json()) == {"error"}
