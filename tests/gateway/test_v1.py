"""`/v1`: records in, predictions out, and a problem document for everything that is wrong."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.gateway.conftest import MIXED, PLAIN

BOTH = {**PLAIN, **MIXED}


def golden(folder: Path) -> dict[str, Any]:
    """Read the golden rows of a stored model."""
    read: dict[str, Any] = json.loads((folder / "golden.json").read_text())
    return read


@pytest.mark.parametrize("name", ["plain", "mixed"])
def test_golden_rows_answer_as_in_training(client: httpx.Client, request: pytest.FixtureRequest, name: str) -> None:
    """All four types, nulls among them, give scikit-learn's answers through the gateway, in order."""
    rows = golden(request.getfixturevalue(f"stored_{name}"))
    answer = client.post(f"/v1/models/{name}:predict", json={"instances": rows["instances"]})

    assert answer.status_code == 200
    for given, expected in zip(answer.json()["predictions"], rows["predictions"], strict=True):
        assert given["label"] == expected["label"]
        assert given["probability"] == pytest.approx(expected["probability"], abs=1e-6)
    assert list(answer.json()["models"]) == [name]


def test_the_default_route_asks_all_its_models_the_same_records(client: httpx.Client, stored_plain: Path) -> None:
    """One entry per instance, one member per model, and the version of each."""
    answer = client.post("/v1/predict", json={"instances": [BOTH, {**BOTH, "width": 50.0}]})
    body = answer.json()

    assert [set(prediction) for prediction in body["predictions"]] == [{"plain", "mixed"}] * 2
    assert body["predictions"][1]["plain"]["label"] == "high"
    assert body["models"]["plain"] == {"version": stored_plain.name}
    assert answer.headers["content-type"] == "application/json"


def test_a_sane_request_id_is_taken_over_and_another_is_made(client: httpx.Client) -> None:
    """The id is in the body and in a header."""
    kept = client.post("/v1/predict", json={"instances": [BOTH]}, headers={"x-request-id": "a-1.b"})
    made = client.post("/v1/predict", json={"instances": [BOTH]}, headers={"x-request-id": "no way!"})

    assert (kept.json()["id"], kept.headers["x-request-id"]) == ("a-1.b", "a-1.b")
    assert made.json()["id"] == made.headers["x-request-id"] != "no way!"


def test_every_caller_gets_its_own_answer(client: httpx.Client) -> None:
    """Two hundred requests, thirty-two at a time, each with a record of its own."""
    records = [{**PLAIN, "width": width / 20} for width in range(200)]
    expected = client.post("/v1/models/plain:predict", json={"instances": records}).json()["predictions"]

    def ask(record: dict[str, Any]) -> Any:
        return client.post("/v1/models/plain:predict", json={"instances": [record]}).json()["predictions"]

    with ThreadPoolExecutor(32) as pool:
        given = list(pool.map(ask, records))

    assert [answer["probability"] for (answer,) in given] == pytest.approx([row["probability"] for row in expected])
    assert len({answer["probability"] for (answer,) in given}) == 200


def post(client: httpx.Client, content: bytes, path: str = "/v1/predict", **headers: str) -> httpx.Response:
    """Send bytes as JSON."""
    return client.post(path, content=content, headers={"content-type": "application/json", **headers})


def one(**changes: Any) -> bytes:
    """Write a request of one record with parts changed; `...` leaves a member out."""
    record = {**BOTH, **changes}
    return json.dumps({"instances": [{name: value for name, value in record.items() if value is not ...}]}).encode()


@pytest.mark.parametrize(
    ("body", "status", "pointers", "text"),
    [
        (b"", 400, [], "not JSON"),
        (b"{nope", 400, [], "not JSON"),
        (b"[1, 2]", 400, [], 'must be an object with a list of "instances"'),
        (b"{}", 400, ["/instances"], '"instances" is missing'),
        (one(width=1).replace(b'"width": 1', b'"width": 1, "width": 2'), 400, [], "names 'width' twice"),
        (b'{"instances": [{"width": 1e999, "\\ud800": 1}]}', 400, [], "not JSON"),
        (b'{"instances": 5}', 400, ["/instances"], "must be a list"),
        (b'{"instances": []}', 422, ["/instances"], "at least one record"),
        (b'{"instances": [1]}', 422, ["/instances/0"], "must be an object"),
        (one(width=...), 422, ["/instances/0/width"], "is missing"),
        (one(extra=1), 422, ["/instances/0/extra"], "is not a feature"),
        (one(width="5"), 422, ["/instances/0/width"], "must be a number, not the string '5'"),
        (one(width=True), 422, ["/instances/0/width"], "must be a number, not true"),
        (one(width=-1), 422, ["/instances/0/width"], "must be at least 0 m, not -1"),
        (one(width=None), 422, ["/instances/0/width"], "must not be null"),
        (one(age=1.5), 422, ["/instances/0/age"], "must be a whole number, not 1.5"),
        (one(owner=1), 422, ["/instances/0/owner"], "must be true or false, not 1"),
        (one(region="mars"), 422, ["/instances/0/region"], "must be one of 'south', 'east'"),
        (one(region=""), 422, ["/instances/0/region"], "must be one of"),
        (
            one(width="a", age="b", region=7),
            422,
            ["/instances/0/width", "/instances/0/age", "/instances/0/region"],
            "must",
        ),
        (one(width=1).replace(b'"width": 1', b'"width": NaN'), 400, [], "not JSON"),
        (
            one(width=1).replace(b'"width": 1', b'"width": 1e999'),
            422,
            ["/instances/0/width"],
            "must be a finite number",
        ),
        (b"[" * 200_000, 400, [], ""),
        (b'{"instances": [' + b"[" * 200_000, 400, [], ""),
    ],
)
def test_bad_bodies_are_told_every_wrong_field(
    client: httpx.Client, body: bytes, status: int, pointers: list[str], text: str
) -> None:
    """A problem document with a pointer per fault, and nothing internal."""
    answer = post(client, body)
    problem = answer.json()

    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert problem["status"] == status
    assert problem["reason"] == ("malformed" if status == 400 else "invalid_record")
    assert [error["pointer"] for error in problem.get("errors", [])] == pointers
    assert text in answer.text.replace('\\"', '"')
    assert not any(word in answer.text for word in ("Traceback", "127.0.0.1", ".py", "msgspec"))


def test_a_hundred_faults_give_the_first_twenty(client: httpx.Client) -> None:
    """Enough to see the pattern, not all of a bad file."""
    answer = post(client, json.dumps({"instances": [{**BOTH, "width": -1}] * 100}).encode())

    assert [error["pointer"] for error in answer.json()["errors"]] == [f"/instances/{row}/width" for row in range(20)]


def test_what_callers_invent_is_not_told_in_full(client: httpx.Client) -> None:
    """A name of 100,000 characters is cut."""
    answer = post(client, json.dumps({"instances": [{**BOTH, "x" * 100_000: 1}]}).encode())

    assert answer.json()["errors"][0]["pointer"] == "/instances/0/" + "x" * 64
    assert len(answer.content) < 1000


def test_more_rows_than_allowed_are_413(client: httpx.Client) -> None:
    """The limit of this gateway is a thousand."""
    answer = client.post("/v1/models/plain:predict", json={"instances": [PLAIN] * 1001})

    assert (answer.status_code, answer.json()["reason"]) == (413, "too_large")
    assert "1001 records are more than the 1000" in answer.json()["detail"]
    assert client.post("/v1/models/plain:predict", json={"instances": [PLAIN] * 1000}).status_code == 200


def test_a_body_over_the_limit_is_413(client: httpx.Client) -> None:
    """Declared or streamed, and the connection serves on."""
    streamed = (b" " * 65536 for _ in range(32))

    large = post(client, b" " * (2**20 + 1), **{"x-request-id": "abc"})
    assert (large.status_code, large.json()["id"], large.headers["x-request-id"]) == (413, "abc", "abc")
    assert client.post("/v1/predict", content=streamed).status_code == 413
    assert post(client, one()).status_code == 200


@pytest.mark.parametrize(
    "media_type", ["application/json; charset=utf-8", "application/vnd.api+json", "APPLICATION/JSON"]
)
def test_any_json_media_type_will_do(client: httpx.Client, media_type: str) -> None:
    """Parameters and case do not matter."""
    assert client.post("/v1/predict", content=one(), headers={"content-type": media_type}).status_code == 200


def test_a_missing_media_type_is_read_as_json(client: httpx.Client) -> None:
    """There is nothing else that it could be."""
    request = client.build_request("POST", "/v1/predict", content=one())
    request.headers.pop("content-type", None)

    assert client.send(request).status_code == 200


def test_another_media_type_says_how_to_set_it_with_curl(client: httpx.Client) -> None:
    """What curl -d sends by default."""
    answer = client.post("/v1/predict", content=one(), headers={"content-type": "application/x-www-form-urlencoded"})

    assert (answer.status_code, answer.json()["reason"]) == (415, "wrong_media_type")
    assert "-H 'Content-Type: application/json'" in answer.json()["detail"]


def test_an_unknown_encoding_is_415(client: httpx.Client) -> None:
    """A packed body is not taken for bad JSON."""
    assert post(client, one(), **{"content-encoding": "br"}).json()["reason"] == "unknown_encoding"


def test_an_unknown_name_lists_the_names(client: httpx.Client) -> None:
    """Model, route or path."""
    answer = post(client, one(), "/v1/models/nope:predict")

    assert (answer.status_code, answer.json()["reason"]) == (404, "unknown_name")
    assert "there are: both, mixed, plain" in answer.json()["detail"]
    assert client.get("/v1/nope").status_code == client.get("/nope").status_code == 404
    assert client.get("/v1/nope").headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(("path", "allowed"), [("/v1/predict", "POST"), ("/v1/models/plain:predict", "POST")])
def test_a_wrong_method_says_the_right_one(client: httpx.Client, path: str, allowed: str) -> None:
    """On inference paths that is POST."""
    answer = client.get(path)

    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)
    assert answer.json()["reason"] == "wrong_method"


def test_a_wrong_method_elsewhere_is_405_too(client: httpx.Client) -> None:
    """FastAPI's own paths answer in the same words."""
    answer = client.delete("/v1/models")

    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")
    assert answer.json()["reason"] == "wrong_method"
