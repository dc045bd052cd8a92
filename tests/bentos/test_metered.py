"""What a model service tells of its requests: by words of its own, whatever callers ask for."""

import re
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bentos.metered import Metered, word
from tests.serving import served


async def answer(_: Request) -> Response:
    """Answer."""
    return JSONResponse({})


async def fail(_: Request) -> Response:
    """Fail before there is an answer."""
    raise RuntimeError("of a test")


def app() -> Metered:
    """Count what an app with two paths is asked."""
    routes = [Route("/v2/models/m/infer", answer, methods=["POST"]), Route("/predict", fail, methods=["POST"])]
    return Metered(Starlette(routes=routes), model="m")


def counts(text: str) -> dict[tuple[str, str], float]:
    """Read how many requests there were, by path and status."""
    found = re.findall(
        r'^bentogate_model_requests_total{code="(\d+)",model="m",path="(\w+)"} (\S+)$', text, re.MULTILINE
    )
    return {(path, code): float(value) for code, path, value in found}


def test_requests_are_counted_by_path_and_status() -> None:
    """Inference, failures and all else; asking for the metrics is not counted."""
    with served(app()) as port, httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        for _ in range(3):
            client.post("/v2/models/m/infer")
        httpx.post(f"http://127.0.0.1:{port}/predict")  # its connection ends with it
        for number in range(5):
            client.get(f"/nothing/{number}")
            client.post(f"/v2/models/{number}/infer")
        answered = client.get("/metrics")
        again = client.get("/metrics")

    assert answered.headers["content-type"].startswith("text/plain; version=")
    assert counts(answered.text) == {
        ("infer", "200"): 3,
        ("infer", "404"): 5,
        ("predict", "500"): 1,
        ("other", "404"): 5,
    }
    assert counts(again.text) == counts(answered.text)
    assert 'bentogate_model_request_seconds_count{model="m",path="infer"} 8.0' in answered.text
    assert 'bentogate_model_request_seconds_bucket{le="0.0005",model="m",path="infer"}' in answered.text


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/v2/models/m/infer", "infer"),
        ("/v2/models/m/versions/1/infer/", "infer"),
        ("/predict", "predict"),
        ("/predict/", "predict"),
        ("/v2/models/m", "other"),
        ("/artifact/report", "other"),
        ("/" + "x" * 4000, "other"),
    ],
)
def test_a_path_is_one_of_three_words(path: str, expected: str) -> None:
    """Callers cannot make labels."""
    assert word(path) == expected


@pytest.mark.anyio
async def test_who_was_not_answered_is_not_counted() -> None:
    """Of a caller that has gone there is no status; what raises is a 500 that somebody else answers."""

    async def gone(*_: Any) -> Any:
        return None

    async def raises(*_: Any) -> Any:
        raise RuntimeError("of a test")

    scope = {"type": "http", "path": "/predict"}
    of_gone, of_raising = Metered(gone, model="m"), Metered(raises, model="m")
    await of_gone(scope, gone, gone)
    with pytest.raises(RuntimeError, match="of a test"):
        await of_raising(scope, gone, gone)

    labels = {"model": "m", "path": "predict", "code": "500"}
    assert of_gone.registry.get_sample_value("bentogate_model_requests_total", labels) is None
    assert of_raising.registry.get_sample_value("bentogate_model_requests_total", labels) == 1


@pytest.mark.anyio
async def test_what_is_no_request_is_handed_on() -> None:
    """The server's own events pass as they are."""
    seen: list[str] = []

    async def inner(scope: Any, _receive: Any, _send: Any) -> None:
        seen.append(scope["type"])

    async def nothing(*_: Any) -> Any:
        return {}

    await Metered(inner, model="m")({"type": "lifespan"}, nothing, nothing)

    assert seen == ["lifespan"]
