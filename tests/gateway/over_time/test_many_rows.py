"""Requests of many rows: answered as small ones are, in order, and others have their turn meanwhile."""

import asyncio
import json
from collections.abc import Awaitable, Iterator
from types import SimpleNamespace
from typing import Any

import httpx
import msgspec
import numpy as np
import pytest

from contract import Interface, Output, RecordDecoder
from contract.pieces import PIECE
from gateway.batching import Prediction
from gateway.batching.prediction import Joint
from gateway.plans.answer import OfOne
from gateway.routes.v1 import ROWS, document
from oip import in_turns
from tests.gateway.conftest import MIXED, PLAIN, settings_of
from tests.serving import running_gateway
from tests.tiny import plain

RECORDS = [{**PLAIN, **MIXED, "width": row / 300, "region": ("east", "south", None)[row % 3]} for row in range(2500)]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory, ports: dict[str, int]) -> Iterator[httpx.Client]:
    """Run a gateway with the limits that it has by default."""
    with running_gateway(tmp_path_factory.mktemp("many"), settings_of(ports)) as client:
        yield client


def ask(client: httpx.Client, records: list[dict[str, Any]], name: str = "both") -> Any:
    """Ask for predictions."""
    return client.post(f"/v1/models/{name}:predict", json={"instances": records})


def test_many_rows_are_answered_as_few_are(client: httpx.Client) -> None:
    """Read, asked, and written in pieces, they are the same rows in the same order."""
    body = ask(client, RECORDS).json()
    few = [
        row for start in range(0, 2500, 100) for row in ask(client, RECORDS[start : start + 100]).json()["predictions"]
    ]

    assert len(json.dumps(RECORDS)) > 3 * PIECE
    assert len(body["predictions"]) == len(few) == 2500 > 2 * ROWS
    for given, expected in zip(body["predictions"], few, strict=True):
        for model in ("plain", "mixed"):
            assert given[model]["label"] == expected[model]["label"]
            assert given[model]["probability"] == pytest.approx(expected[model]["probability"], abs=1e-9)
    assert list(body) == ["id", "predictions", "models"]


def test_a_wrong_record_among_many_is_pointed_at(client: httpx.Client) -> None:
    """It keeps its place, in whichever piece it was."""
    answer = ask(client, [*RECORDS[:2000], {**RECORDS[0], "width": -1}, *RECORDS[2000:]])

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/instances/2000/width"]


async def turns_during(work: Awaitable[Any]) -> int:
    """Count how often another task had its turn during some work."""
    turns, task = 0, asyncio.ensure_future(work)
    while not task.done():
        await asyncio.sleep(0)
        turns += 1
    await task
    return turns


def test_others_have_their_turn_while_a_large_body_is_read() -> None:
    """Once for each piece."""
    body = msgspec.json.encode({"instances": [PLAIN] * 10_000})
    decoder = RecordDecoder(plain.MODEL.features)

    assert asyncio.run(turns_during(in_turns(decoder.decode_in_pieces(body, 10_000)))) >= len(body) // PIECE


def test_others_have_their_turn_while_a_large_answer_is_written() -> None:
    """Once for every thousand rows."""
    outputs = (Output(name="score", type="number", description="", column=0),)
    contract = Interface(name="many", description="", features=plain.MODEL.features, outputs=outputs, version="1")
    joint = Joint(contract, {"score": np.arange(10_500.0)}, "call", 1.0, None)
    call: Any = SimpleNamespace(account=SimpleNamespace(id="a", rows=10_500))
    answer = OfOne(Prediction(joint, 0, 10_500, 0.0))

    assert asyncio.run(turns_during(document(call, answer))) >= 10
    written = json.loads(asyncio.run(document(call, answer)))
    assert [row["score"] for row in written["predictions"]] == list(range(10_500))
