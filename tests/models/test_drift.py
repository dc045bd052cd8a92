"""The profiles of the shipped models tell good records from drifted ones: few false alarms, and none missed."""

from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from contract import pack, part
from contract.artifact import PROFILE
from contract.table import Array, pack_matrix
from gateway.drift import Drift, read_profile
from gateway.drift.drift import FEWEST
from gateway.settings import DriftSettings
from models import catalog
from tests.models.fitted import fitted

ROWS = 500
CALL_ROWS = 25

pytestmark = pytest.mark.anyio

Change = Callable[[Array], Array]


class Stream:
    """Draw records from all of the data, ask a model for them, and watch both as the gateway does."""

    def __init__(self, store: Path, name: str) -> None:
        self.model = fitted(store, name)
        (path,) = store.glob(f"models/{name}/*/{PROFILE}")
        profile = read_profile(path.read_bytes(), self.model.contract)
        assert profile is not None
        self.drift = Drift(name, DriftSettings())
        self.drift.take(profile)
        self.labels = [field.label for field in profile.fields]
        self.random = np.random.default_rng(20260101)
        matrix = pack(self.model.contract.features, catalog(names=[name])[name].data().columns).matrix
        assert matrix is not None
        self.records: Array = matrix
        self.half = self.records.std(axis=0) / 2

    def alarms(self, rows: int, change: Change = lambda records: records) -> set[str]:
        """Name the fields that raise an alarm while changed records come, looked at after each hundred."""
        contract, drift, found = self.model.contract, self.drift, set[str]()
        records = change(self.records[self.random.integers(len(self.records), size=rows)])
        table = pack_matrix(contract.features, records)
        outputs = self.model.predict(table)
        for start in range(0, rows, CALL_ROWS):
            some = slice(start, start + CALL_ROWS)
            drift.note(part(table, start, some.stop), contract, {name: one[some] for name, one in outputs.items()})
            if drift.held_rows >= FEWEST:
                drift.look()
                found |= drift.alarms
        drift.look()
        return found | drift.alarms

    def then(self, change: Change) -> set[str]:
        """Do the same with a window full of good records before, the last of which are not counted yet."""
        self.drift.alarms.clear()
        self.alarms(ROWS)
        self.alarms(int(self.random.integers(CALL_ROWS, ROWS // 5)))
        return self.alarms(ROWS, change)


@pytest.fixture(scope="module", params=["diagnosis", "novelty"])
def stream(request: pytest.FixtureRequest, shipped: Path) -> Stream:
    """Watch each model."""
    return Stream(shipped, request.param)


async def test_good_records_raise_hardly_any_alarm(stream: Stream) -> None:
    """Of 1,000 windows at most ten do, in any feature or output, at any of five looks."""
    assert sum(bool(stream.alarms(ROWS)) for _ in range(1000)) <= 10


@pytest.mark.parametrize("direction", [1, -1])
async def test_a_shift_by_half_a_standard_deviation_is_seen(stream: Stream, direction: int) -> None:
    """In each feature, within five hundred records after good ones."""
    for index, half in enumerate(stream.half):

        def shifted(records: Array, index: int = index, half: float = half) -> Array:
            records[:, index] = (records[:, index] + direction * half).clip(0)
            return records

        assert stream.labels[index] in stream.then(shifted), stream.labels[index]


@pytest.mark.parametrize("factor", [10, 0.1])
async def test_a_unit_error_is_seen(stream: Stream, factor: float) -> None:
    """Centimetres for millimetres, in each feature."""
    for index in range(len(stream.half)):

        def converted(records: Array, index: int = index) -> Array:
            records[:, index] *= factor
            return records

        assert stream.labels[index] in stream.then(converted), stream.labels[index]


async def test_a_swapped_pair_is_seen(stream: Stream) -> None:
    """In one of the two features at least, for every pair that there is."""
    for pair in combinations(range(len(stream.half)), 2):

        def swapped(records: Array, pair: tuple[int, int] = pair) -> Array:
            records[:, pair] = records[:, pair[::-1]]
            return records

        labels = {stream.labels[index] for index in pair}
        assert labels & stream.then(swapped), labels


async def test_what_did_not_change_raises_no_alarm(stream: Stream) -> None:
    """A shift in one feature is told of that feature, and may be of the outputs."""

    def shifted(records: Array) -> Array:
        records[:, 0] += stream.half[0]
        return records

    alarms = stream.then(shifted)
    outputs = {output.name for output in stream.model.contract.outputs}

    assert alarms - outputs == {stream.labels[0]}
