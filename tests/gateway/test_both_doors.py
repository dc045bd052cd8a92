"""What gateway and model service answer alike: HEAD, slashes, compression, ids, timings, refusals."""

import gzip
import json
import re
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import sklearn

from oip import HEADER_LENGTH, Tensor, read_response, write_request
from tests.gateway.conftest import PLAIN
from tests.gateway.test_v2 import inputs

DOORS = ("gateway", "model")
INFER = "/v2/models/plain/infer"
DATATYPES = {"income": "FP64", "age": "INT64", "owner": "BOOL", "region": "BYTES"}
PACK: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "deflate": zlib.compress}
GETS = (
    "/v2",
    "/v2/health/live",
    "/v2/health/ready",
    "/v2/models/plain",
    "/v2/models/plain/ready",
    "/v2/models/plain/versions/{version}",
    "/v2/models/plain/versions/{version}/ready",
)


@pytest.fixture(scope="module", params=DOORS)
def door(request: pytest.FixtureRequest, client: httpx.Client, ports: dict[str, int]) -> Iterator[httpx.Client]:
    """Give a client of the gateway, then one of the plain model's service."""
    if request.param == "gateway":
        yield client
        return
    with httpx.Client(base_url=f"http://127.0.0.1:{ports['plain']}", timeout=40) as direct:
        yield direct


def many(rows: int) -> dict[str, Any]:
    """Write a request of many rows, whose answer is large."""
    tensors = [{**tensor, "shape": [rows], "data": tensor["data"] * rows} for tensor in inputs(PLAIN)["inputs"]]
    return {"inputs": tensors}


@pytest.mark.parametrize("path", GETS)
def test_head_and_a_slash_at_the_end_are_answered(door: httpx.Client, path: str, stored_plain: Path) -> None:
    """HEAD has the headers of GET and no body; the slash changes nothing, and nothing is redirected."""
    path = path.format(version=stored_plain.name)
    got, slashed = door.get(path), door.get(f"{path}/")
    head, slashed_head = door.head(path), door.head(f"{path}/")

    assert {answer.status_code for answer in (got, slashed, head, slashed_head)} == {200}
    assert slashed.json() == got.json()
    assert (head.content, head.headers["content-length"]) == (b"", str(len(got.content)))


@pytest.mark.parametrize(
    "path", [INFER, f"{INFER}/", "/v2/models/pl%61in/inf%65r", "/v2/models/plain/versions/{}/infer/"]
)
def test_inference_needs_no_content_type_and_takes_any_way_to_write_its_path(
    door: httpx.Client, path: str, stored_plain: Path
) -> None:
    """A slash at the end, percent-encoded names, a version."""
    answer = door.post(path.format(stored_plain.name), content=json.dumps(inputs(PLAIN)).encode())

    assert "content-type" not in answer.request.headers
    assert (answer.status_code, answer.json()["model_name"]) == (200, "plain")


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("path", [INFER, "/v2/models/plain", "/v2"])
def test_a_wrong_method_is_told_the_right_ones(door: httpx.Client, method: str, path: str) -> None:
    """405 with Allow, in the protocol's words."""
    if path != INFER and method in ("GET", "HEAD"):
        return
    answer = door.request(method, path)

    assert answer.status_code == 405
    assert answer.headers["allow"] == ("POST" if path == INFER else "GET, HEAD")
    assert method == "HEAD" or list(answer.json()) == ["error"]


@pytest.mark.parametrize(
    "path", ["/v2/nothing", "/v2/models/", "/v2/models/no%20such/infer", "/v2/models/plain/nothing/"]
)
def test_what_is_not_there_is_404_in_the_words_of_the_protocol(door: httpx.Client, path: str) -> None:
    """Whatever the method."""
    for method in ("GET", "POST", "DELETE"):
        answer = door.request(method, path)
        if path.endswith("infer") and method != "POST":
            continue
        assert (answer.status_code, answer.headers["content-type"]) == (404, "application/json")
        assert list(answer.json()) == ["error"]


@pytest.mark.parametrize("path", ["/v2", "/v2/models/plain", "/v2/models/nope", "/v2/nothing", INFER])
def test_every_answer_names_its_id_and_its_time(door: httpx.Client, path: str) -> None:
    """The caller's id where it is sane."""
    kept = door.get(path, headers={"x-request-id": "a-1.b"})
    made = door.get(path, headers={"x-request-id": "a b"})

    assert kept.headers["x-request-id"] == "a-1.b"
    assert re.fullmatch(r"[0-9a-f]{16}", made.headers["x-request-id"])
    assert re.search(r"total;dur=\d+\.\d{1,3}$", kept.headers["server-timing"])


def phases(answer: httpx.Response) -> dict[str, float]:
    """Read Server-Timing."""
    pairs = (entry.split(";dur=") for entry in answer.headers["server-timing"].split(", "))
    return {name: float(ms) for name, ms in pairs}


def test_an_inference_tells_its_phases(client: httpx.Client, ports: dict[str, int]) -> None:
    """The gateway repeats what each model says that it took itself, which is part of the call."""
    direct = phases(httpx.post(f"http://127.0.0.1:{ports['plain']}{INFER}", json=inputs(PLAIN)))
    through = phases(client.post(INFER, json=inputs(PLAIN)))

    assert list(direct) == ["decode", "compute", "encode", "total"]
    assert list(through) == ["decode", "queue", "call", "call.plain", "compute.plain", "encode", "total"]
    assert 0 < through["compute.plain"] < through["call.plain"] <= through["call"] + through["queue"] < through["total"]


@pytest.mark.parametrize("encoding", PACK)
def test_packed_requests_are_read_and_large_answers_packed(door: httpx.Client, encoding: str) -> None:
    """JSON both ways, for those who ask."""
    body = json.dumps(many(500)).encode()
    headers = {"content-encoding": encoding, "accept-encoding": encoding}
    answer = door.post(INFER, content=PACK[encoding](body), headers=headers)
    plain = door.post(INFER, content=body, headers={"accept-encoding": "identity"})

    assert (answer.headers["content-encoding"], answer.headers["vary"]) == (encoding, "accept-encoding")
    assert "content-encoding" not in plain.headers
    assert answer.json() == plain.json()
    assert int(answer.headers["content-length"]) < int(plain.headers["content-length"]) / 2


@pytest.mark.parametrize("encoding", PACK)
def test_the_length_of_the_json_counts_before_packing(door: httpx.Client, encoding: str) -> None:
    """In binary requests and answers."""
    rows = 1000
    tensors = [
        Tensor("width", "FP64", np.full(rows, 5.0)),
        Tensor("height", "FP64", np.full(rows, 3.0)),
        Tensor("count", "INT64", np.full(rows, 4)),
    ]
    body, length = write_request(tensors)
    headers = {HEADER_LENGTH: str(length), "content-encoding": encoding.upper(), "accept-encoding": encoding}
    answer = door.post(INFER, content=PACK[encoding](body), headers=headers)
    label, probability = read_response(answer.content, answer.headers[HEADER_LENGTH]).tensors

    assert answer.headers["content-encoding"] == encoding
    assert (label.array.shape, np.unique(probability.array).size) == ((rows,), 1)


@pytest.mark.parametrize(
    ("encoding", "body", "status", "text"),
    [
        ("br", b"x", 415, "'br' is unknown"),
        ("gzip, gzip", b"x", 415, "'gzip, gzip' is unknown"),
        ("gzip", b"{}", 400, "the body is not gzip"),
        ("deflate", zlib.compress(b"{}")[:-1], 400, "the body is not deflate"),
        ("gzip", gzip.compress(b"{}", mtime=0), 400, "inputs"),
        ("gzip", gzip.compress(bytes(65 * 2**20), mtime=0), 413, "bytes when it is unpacked"),
    ],
)
def test_bodies_that_cannot_be_unpacked_are_refused(
    door: httpx.Client, encoding: str, body: bytes, status: int, text: str
) -> None:
    """An unknown encoding with those that are known, broken data, a bomb."""
    answer = door.post(INFER, content=body, headers={"content-encoding": encoding})

    assert (answer.status_code, text in answer.json()["error"]) == (status, True)
    assert answer.headers.get("accept-encoding") == ("gzip, deflate" if status == 415 else None)


def test_two_lines_of_encodings_are_two_encodings(door: httpx.Client) -> None:
    """The first is not forgotten: a body that is packed twice would be unpacked once."""
    answer = door.post(INFER, content=b"x", headers=[("content-encoding", "gzip"), ("content-encoding", "deflate")])

    assert (answer.status_code, "'gzip, deflate' is unknown" in answer.json()["error"]) == (415, True)


def test_only_successful_inference_is_packed(door: httpx.Client) -> None:
    """Protocol clients unpack nothing else."""
    wanted = {"accept-encoding": "gzip"}
    metadata = door.get("/v2/models/plain", headers=wanted)
    wrong = [{**tensor, "data": [None] * 500} for tensor in many(500)["inputs"]]
    refused = door.post(INFER, json={"inputs": wrong}, headers=wanted)
    small = door.post(INFER, json=inputs(PLAIN), headers=wanted)

    assert refused.status_code == 400
    for answer in (metadata, refused, small):
        assert "content-encoding" not in answer.headers


def test_v1_is_packed_both_ways_too(client: httpx.Client) -> None:
    """With the refusals of `/v1`, and a slash at the end."""
    body = json.dumps({"instances": [PLAIN] * 500}).encode()
    headers = {"content-encoding": "gzip", "accept-encoding": "deflate"}
    answer = client.post("/v1/models/plain:predict/", content=gzip.compress(body), headers=headers)
    unknown = client.post("/v1/models/plain:predict", content=body, headers={"content-encoding": "br"})

    assert (answer.headers["content-encoding"], len(answer.json()["predictions"])) == ("deflate", 500)
    assert (unknown.status_code, unknown.json()["reason"]) == (415, "unknown_encoding")
    assert client.post("/v1/predict/", json={}).json()["reason"] == "malformed"


@pytest.mark.parametrize("path", ["/v1/models", "/v1/models/plain", "/livez", "/readyz", "/docs", "/openapi.json"])
def test_the_gateways_own_paths_take_head_and_slashes(client: httpx.Client, path: str) -> None:
    """As the protocol's do; on the admin side as well."""
    assert [client.head(path).status_code, client.get(f"{path}/").status_code] == [200, 200]
    if path.endswith("z"):
        assert httpx.head(f"{client.headers['x-admin']}{path}/").status_code == 200


def test_metadata_says_all_that_the_contract_knows(
    client: httpx.Client, ports: dict[str, int], stored_mixed: Path
) -> None:
    """One input per column, outputs with their meaning, and what the model was made of; the same at both doors."""
    body = client.get("/v2/models/mixed").json()
    contract = json.loads((stored_mixed / "contract.json").read_text())
    region = body["inputs"][3]
    width = client.get("/v2/models/plain").json()["inputs"][0]
    made = body["properties"]

    assert httpx.get(f"http://127.0.0.1:{ports['mixed']}/v2/models/mixed").json() == body
    assert client.get(f"/v2/models/mixed/versions/{stored_mixed.name}/").json() == body
    assert (body["name"], body["versions"], body["platform"]) == ("mixed", [stored_mixed.name], "bentogate_onnx")
    assert [(tensor["name"], tensor["datatype"]) for tensor in body["inputs"]] == list(DATATYPES.items())
    assert json.loads(region["parameters"]["categories"]) == contract["features"][3]["categories"]
    assert (region["parameters"]["type"], region["parameters"]["nullable"]) == ("category", True)
    assert width["parameters"].keys() >= {"description", "unit", "nullable", "minimum", "example"}
    assert all(output["parameters"]["description"] for output in body["outputs"])
    assert (made["digest"], made["runtime"]) == (contract["provenance"]["digest"], "onnx")
    assert datetime.fromisoformat(made["trained"]) <= datetime.now(UTC)
    assert made["library.scikit-learn"] == sklearn.__version__
    for value in [*made.values(), *(v for tensor in body["inputs"] for v in tensor["parameters"].values())]:
        assert isinstance(value, str | int | float | bool)
