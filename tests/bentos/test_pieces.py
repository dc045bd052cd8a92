"""A large request is answered in pieces: as if it were one, and without holding others up."""

import asyncio
import dataclasses
from collections.abc import Mapping
from pathlib import Path

import httpx
import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from bentos.artifact import PIECE, Model, load
from contract.table import Array, Table, pack
from models import catalog
from oip import HEADER_LENGTH, Tensor, write_request
from tests.conftest import TINY, store_tiny
from tests.serving import model_app
from training.run import train

ROWS = [PIECE, PIECE + 1, 2 * PIECE, 10_000]


def table(model: Model, rows: int) -> Table:
    """Make rows that differ, around the example of each feature."""
    around = np.random.default_rng(0).uniform(0.9, 1.1, rows)
    examples = {feature.name: feature.example for feature in model.contract.features}
    columns = {name: around * value if type(value) is float else [value] * rows for name, value in examples.items()}
    return pack(model.contract.features, columns)


def assert_same_bits(model: Model, rows: int) -> None:
    """Compare the outputs of one call and of many."""
    whole = model.predict(table(model, rows))
    pieces = asyncio.run(model.predict_in_turns(table(model, rows)))
    for name, column in whole.items():
        assert column.dtype == pieces[name].dtype
        assert column.tolist() == pieces[name].tolist(), name


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("name", ["diagnosis", "novelty"])
def test_a_shipped_model_says_the_same_to_the_bit(shipped: Path, name: str, rows: int) -> None:
    """Whatever is left over for the last piece."""
    (found,) = shipped.glob(f"models/{name}/*/model.yaml")

    assert_same_bits(load(found.parent), rows)


@pytest.mark.parametrize("name", ["mixed", "iris"])
def test_columns_and_classes_come_in_pieces_too(name: str) -> None:
    """A graph of several inputs, and several scores a row."""
    assert_same_bits(load(store_tiny(name)), 2 * PIECE + 1)


def test_scikit_learn_says_the_same_to_the_bit() -> None:
    """It is asked in the same pieces."""
    plain = catalog(TINY, ["plain"])["plain"]
    outcome = train(dataclasses.replace(plain, name="boosted", estimator=HistGradientBoostingClassifier))

    assert_same_bits(load(outcome.report.parent), 2 * PIECE + 1)


def test_no_model_is_asked_for_more_at_once(stored_plain: Path) -> None:
    """Between two pieces the event loop has its turn."""
    sizes: list[int] = []
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    def runtime(inputs: Mapping[str, Array]) -> Array:
        sizes.append(len(inputs["features"]))
        return model.runtime(inputs)

    async def ask(asked: Model) -> None:
        counting = asyncio.create_task(count())
        await asked.predict_in_turns(table(asked, 10_000))
        counting.cancel()

    model = load(stored_plain)
    asyncio.run(ask(dataclasses.replace(model, runtime=runtime)))

    assert sizes == [PIECE] * 9 + [10_000 - 9 * PIECE]
    assert turns >= len(sizes)


@pytest.mark.parametrize("binary", [True, False])
def test_one_row_overtakes_many(stored_mixed: Path, binary: bool) -> None:
    """It is asked after them and answered before."""
    app, order = model_app(stored_mixed), list[int]()

    async def ask(client: httpx.AsyncClient, rows: int) -> None:
        body, length = write_request(
            [
                Tensor("income", "FP64", np.full(rows, 30.0)),
                Tensor("age", "INT64", np.full(rows, 40)),
                Tensor("owner", "BOOL", np.full(rows, True)),
                Tensor("region", "BYTES", np.full(rows, "east", dtype=object)),
            ],
            binary=binary,
        )
        headers = {} if length is None else {HEADER_LENGTH: str(length)}
        answer = await client.post("/v2/models/mixed/infer", content=body, headers=headers)
        assert answer.status_code == 200
        order.append(rows)

    async def both() -> None:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://model") as client:
            await asyncio.gather(ask(client, 100_000), ask(client, 1))

    asyncio.run(both())

    assert order == [1, 100_000]
