"""The data of a model is compared with that of its training: counted rightly, in constant memory, and told."""

import asyncio
import contextlib
import math
import re
import warnings
import weakref
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import msgspec
import numpy as np
import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from contract import Contract, Feature, Interface, Output, Table, columns_to_records, pack, part
from contract.table import Array, pack_matrix
from gateway.drift import Drift, Profile, read_profile
from gateway.drift.cells import Cells
from gateway.drift.distance import Training, chi_square
from gateway.drift.document import document
from gateway.drift.drift import FEWEST, MOST_HELD
from gateway.drift.held import MOST_OF_A_CALL, Copies
from gateway.drift.profile import Described, Field
from gateway.drift.window import PARTS, Window
from gateway.settings import DriftSettings
from models import catalog
from tests.conftest import TINY
from tests.gateway.conftest import settings_of
from tests.serving import model_app, running_gateway, served, wait_until
from training.profile import profile

PLACES = ("east", "west", "north")
NUMBER = Feature(name="number", type="number", nullable=True, description="Any", example=1.0)
WHOLE = Feature(name="whole", type="integer", description="Any", example=1)
FLAG = Feature(name="flag", type="boolean", description="Any", example=True)
PLACE = Feature(name="place", type="category", nullable=True, categories=PLACES, description="Any", example="east")
SCORE = Output(name="number", type="number", description="Named as a feature is", column=0)
LABEL = Output(name="label", type="category", categories=("no", "yes"), description="The decision")
MIXED = Interface(
    name="mixed", description="All kinds", features=(NUMBER, WHOLE, FLAG, PLACE), outputs=(SCORE, LABEL), version="1"
)
PLAIN = Interface(name="plain", description="Numbers", features=(NUMBER,), outputs=(SCORE,), version="1")

numbers = st.lists(st.one_of(st.floats(-1e6, 1e6), st.sampled_from([0.0, 1.0, math.nan])), min_size=1, max_size=80)


def profile_of(contract: Interface, table: Table, outputs: dict[str, Array]) -> Profile:
    """Describe rows as training does, and read that as the gateway does."""
    described = {
        "features": profile(contract.features, table.columns),
        "outputs": profile(contract.outputs, outputs),
    }
    found = read_profile(msgspec.json.encode(described), contract)
    assert found is not None
    return found


def rows_of(count: int, seed: int, **columns: Any) -> tuple[Table, dict[str, Array]]:
    """Draw rows of the mixed contract, with columns in place of what is drawn, and what was answered to them."""
    random = np.random.default_rng(seed)
    drawn: dict[str, Any] = {
        "number": random.normal(size=count),
        "whole": random.integers(0, 5, count),
        "flag": random.random(count) < 0.3,
        "place": random.choice(PLACES[:2], count).astype(object),
        **columns,
    }
    outputs = {"number": random.normal(size=count), "label": random.choice(["no", "yes"], count).astype(object)}
    return pack(MIXED.features, drawn), outputs


def numbers_table(values: Any) -> tuple[Table, dict[str, Array]]:
    """Give rows of one number, which is also the answer but for what is missing."""
    column = np.asarray(values, dtype=np.float64)
    return pack(PLAIN.features, {"number": column}), {"number": np.nan_to_num(column)}


def mixed_drift(**settings: Any) -> Drift:
    """Compare with a thousand rows of the mixed contract."""
    drift = Drift("mixed", DriftSettings(**settings))
    drift.take(profile_of(MIXED, *rows_of(1000, 1)))
    return drift


def looked_at(drift: Drift, table: Table, outputs: dict[str, Array]) -> set[str]:
    """Have rows counted and looked at; gives the fields that raise an alarm."""
    drift.held.append((table.rows, drift.copies.of(table, outputs)))
    assert drift.look() is not None
    return drift.alarms


def counted(profile: Profile, table: Table, outputs: dict[str, Array]) -> Window:
    """Count rows in a window of a thousand."""
    window = Window(Cells(profile.fields), 1000)
    copies = Copies(window.cells, table.features)
    window.count(copies.columns([(table.rows, copies.of(table, outputs))]))
    return window


@given(values=numbers)
def test_training_rows_are_counted_as_training_did(values: list[float]) -> None:
    """In bins or by values, with ties, values at an edge and missing ones; and what training saw is seen."""
    rows = numbers_table(values)
    found = profile_of(PLAIN, *rows)
    window = counted(found, *rows)
    cells = window.cells
    expected = [count for field in found.fields for count in field.training.counts or (0,)]
    (present, _), (seen, _) = (
        window.below[cells.present],
        np.add.reduceat(cells.seen.counts(window.below), cells.seen.starts),
    )

    assert cells.cells.counts(window.below).tolist() == expected
    assert window.rows - present == found.fields[0].training.missing
    assert seen == present


@given(training=numbers, live=numbers)
def test_the_index_and_the_distance_are_those_of_the_textbook(training: list[float], live: list[float]) -> None:
    """A loop over the cells gives the same; and of few values the distance is scipy's, of bins it is no larger."""
    found = profile_of(PLAIN, *numbers_table(training))
    window = counted(found, *numbers_table(live))
    distances = Training(window.cells, 0.01).distances(window.rows, window.below)
    described = found.fields[0].training
    counts = window.cells.cells.counts(window.below)[: len(described.counts)]

    assert distances.psi[0] == pytest.approx(textbook_index(counts.tolist(), described.counts), abs=1e-12)
    ours, theirs = [np.array([value for value in some if not math.isnan(value)]) for some in (live, training)]
    if len(ours) and len(theirs):
        with warnings.catch_warnings(action="ignore"):  # of its probability
            exact = stats.ks_2samp(ours, theirs, method="asymp").statistic
        assert distances.ks[0] <= exact + 1e-12
        if described.values and set(ours) <= set(theirs):
            assert distances.ks[0] == pytest.approx(exact, abs=1e-12)


def textbook_index(ours: Sequence[int], theirs: Sequence[int]) -> float:
    """Give the population stability index, with half a row more in each cell."""
    total, pairs = 0.0, list(zip(ours, theirs, strict=True))
    for one, other in pairs:
        p = (one + 0.5) / (sum(ours) + 0.5 * len(pairs))
        q = (other + 0.5) / (sum(theirs) + 0.5 * len(pairs))
        total += (p - q) * math.log(p / q)
    return total


@pytest.mark.parametrize("freedom", [1, 2, 5, 19])
@pytest.mark.parametrize("probability", [1e-2, 1e-4, 1e-6])
def test_chi_square_is_that_of_scipy(freedom: int, probability: float) -> None:
    """Where it is off it is too large, so that chance raises fewer alarms."""
    exact = stats.chi2.isf(probability, freedom)

    assert exact * 0.999 <= chi_square(probability, freedom) <= exact * 1.1


def test_missing_values_are_counted_apart() -> None:
    """Their share is told; what is there is compared as if they were not."""
    number = rows_of(400, 2)[0].columns["number"].copy()
    number[::4] = np.nan
    drift = mixed_drift()
    alarms = looked_at(drift, *rows_of(400, 2, number=number))
    found = drift.look()

    assert found is not None
    assert found.missing.tolist() == [0.25, 0, 0, 0, 0, 0]
    assert alarms == {"number"}
    assert found.psi[0] < 0.1


def test_categories_that_training_never_saw_are_counted() -> None:
    """The contract allows them, and so they come; numbers outside of what was seen are counted too."""
    place = rows_of(400, 2)[0].columns["place"].copy()
    place[::10] = "north"
    whole = rows_of(400, 2)[0].columns["whole"].copy()
    whole[::5] = 17
    drift = mixed_drift()
    alarms = looked_at(drift, *rows_of(400, 2, place=place, whole=whole))
    found = drift.look()

    assert found is not None
    assert found.unseen.tolist()[1:4] == [0.2, 0, 0.1]
    assert alarms == {"whole", "place"}


def test_an_output_that_is_named_like_a_feature_is_told_apart() -> None:
    """Two series of one name would make the metrics unreadable."""
    labels = [field.label for field in mixed_drift().fields]

    assert labels == ["number", "whole", "flag", "place", "output.number", "label"]


@given(cuts=st.lists(st.integers(1, 60), min_size=1, max_size=40))
def test_it_does_not_matter_how_rows_come(cuts: list[int]) -> None:
    """In calls of any size, where somebody looks in time: the same counts, of as many rows as a window has at most."""
    table, outputs = rows_of(sum(cuts), 3)
    found = profile_of(MIXED, *rows_of(1000, 1))
    at, drift = 0, Drift("mixed", DriftSettings(window_rows=200))
    drift.take(found)

    async def come() -> None:
        nonlocal at
        for rows in cuts:
            answered = {name: one[at : at + rows] for name, one in outputs.items()}
            drift.note(part(table, at, at + rows), MIXED, answered)
            at += rows
            if drift.held_rows >= FEWEST:
                drift.count()
        drift.look()

    asyncio.run(come())
    window = drift.window
    last = at - window.rows
    whole = counted(found, part(table, last, at), {name: one[last:at] for name, one in outputs.items()})

    assert min(at, 200 * (PARTS - 1) // PARTS - 60) <= window.rows <= 200
    assert window.below.tolist() == whole.below.tolist()


@pytest.mark.anyio
async def test_of_rows_that_nobody_looks_at_a_share_is_taken() -> None:
    """Once a window's rows wait, one call in eight is taken; after a look all are again."""
    drift = Drift("plain", DriftSettings(window_rows=100))
    drift.take(profile_of(PLAIN, *numbers_table(np.arange(1000.0))))
    for number in range(100 + 40):
        drift.note(*called(number))
    waiting = [float(np.frombuffer(copies[0])[0]) for _, copies in drift.held]  # type: ignore[arg-type]
    drift.look()
    drift.note(*called(0))

    assert waiting == [*range(100), *range(107, 140, 8)]
    assert drift.held_rows == 1
    drift.close()


def called(number: float) -> tuple[Table, Interface, dict[str, Array]]:
    """Give a call of one row."""
    table, outputs = numbers_table([number])
    return table, PLAIN, outputs


@pytest.mark.anyio
@pytest.mark.parametrize("window_rows", [100, 500, 100_000])
async def test_memory_does_not_grow(window_rows: int) -> None:
    """However many rows come, and however large a call is, so many wait, and no more parts are kept."""
    drift = Drift("plain", DriftSettings(window_rows=window_rows))
    drift.take(profile_of(PLAIN, *numbers_table(np.arange(1000.0))))
    body, window = np.arange(1_000_000.0), drift.window
    for size in (1, 7, 1000, len(body), *[13] * 1000):
        rows = body[:size].reshape(-1, 1)
        drift.note(pack_matrix(PLAIN.features, rows), PLAIN, {"number": body[:size]})

        assert len(window.parts) <= PARTS + 1
        assert drift.held_rows == sum(rows for rows, _ in drift.held) < MOST_HELD + MOST_OF_A_CALL
        assert window.rows <= max(window_rows, 1100)
    drift.look()

    assert window_rows * 4 // 5 <= window.rows <= window_rows or window.rows == 15_008 < window_rows
    drift.close()


@pytest.mark.parametrize("contract", [MIXED, PLAIN], ids=["columns", "matrix"])
def test_nothing_of_a_call_is_kept(contract: Interface) -> None:
    """Neither the arrays that a caller's body became nor those of the answer: rows wait as copies."""

    def come() -> tuple[Table, dict[str, Array]]:
        return rows_of(5, 2) if contract is MIXED else numbers_table([1.0, math.nan])

    drift = Drift(contract.name, DriftSettings())
    drift.take(profile_of(contract, *come()))
    table, outputs = come()
    arrays = [table.matrix] if table.matrix is not None else [*table.separate.values()]
    kept = [weakref.ref(array) for array in (*arrays, *outputs.values())]
    drift.note(table, contract, outputs)
    del table, outputs, arrays

    assert drift.held_rows
    assert not any(array() is not None for array in kept)


def test_a_large_call_is_forgotten_little_by_little() -> None:
    """As its rows came at once they would go at once, and for a while nothing could be said."""
    drift = mixed_drift(window_rows=500)
    looked_at(drift, *rows_of(900, 2))
    assert drift.window.rows == 500
    looked_at(drift, *rows_of(1, 3))
    assert 400 <= drift.window.rows <= 500


def test_an_alarm_begins_and_ends_once() -> None:
    """A line for each; in between, what is only a little less does not end it."""
    drift = mixed_drift()
    with structlog.testing.capture_logs() as lines:
        for seed, moved in ((1, 0.0), (2, 0.9), (3, 0.9), (4, 0.0), (5, 0.0)):
            table, _ = rows_of(500, seed)
            looked_at(drift, *rows_of(500, seed, number=table.columns["number"] + moved))

    assert [(line["event"], line["fields"], line["log_level"]) for line in lines] == [
        ("data has drifted", ["number"], "warning"),
        ("data has drifted no more", ["number"], "warning"),
    ]
    assert lines[0]["psi"] > 0.5
    assert lines[0]["ks"] > 0.25


def test_nothing_but_texts_is_compared() -> None:
    """A table of categories is a matrix of objects, whose bytes say nothing."""
    other = msgspec.structs.replace(PLACE, name="other")
    contract = Interface(name="texts", description="Texts", features=(PLACE, other), outputs=(LABEL,), version="1")
    random, drift = np.random.default_rng(1), Drift("texts", DriftSettings())

    def drawn(*places: str) -> tuple[Table, dict[str, Array]]:
        some, others = (random.choice(values, 300).astype(object) for values in (places, ("east", "west")))
        table = pack(contract.features, {"place": some, "other": others})
        return table, {"label": random.choice(["no", "yes"], 300).astype(object)}

    drift.take(profile_of(contract, *drawn("east", "west")))

    assert looked_at(drift, *drawn("east", "west", "west", "west", "")) == {"place"}


def test_few_rows_say_nothing() -> None:
    """Below a hundred there are no figures; the document says how many there are."""
    drift = mixed_drift()
    table, outputs = rows_of(99, 2, number=np.full(99, 1e6))
    drift.note(table, MIXED, outputs)
    described = document(drift)

    assert described is not None
    assert (described["rows"], described["version"]) == (99, "1")
    assert {field["psi"] for field in described["fields"]} == {None}
    assert not drift.alarms


def test_rows_of_another_version_say_nothing() -> None:
    """While two live behind one address, those of the one whose profile it is are counted."""
    drift, (table, outputs) = mixed_drift(), rows_of(50, 2)
    other = msgspec.structs.replace(MIXED, version="2")
    drift.note(table, other, outputs)
    drift.note(pack(other.features[:3], table.columns), MIXED, outputs)
    assert not drift.held
    drift.note(table, MIXED, outputs)
    held = drift.held_rows
    assert held == 50
    drift.take(Profile(other, drift.fields))

    assert not drift.held_rows


GOOD = {"rows": 4, "missing": 0, "edges": [0.0, 1.0, 2.0], "counts": [2, 2]}


@pytest.mark.parametrize(
    "described",
    [
        {},
        {**GOOD, "edges": [0.0, 2.0]},
        {**GOOD, "edges": [0.0, 2.0, 1.0]},
        {**GOOD, "counts": [2, -2]},
        {**GOOD, "counts": "many"},
        {"rows": 1, "missing": 0, "values": ["a"], "counts": [1]},
    ],
)
def test_what_is_no_profile_is_none(described: dict[str, Any]) -> None:
    """A file of another form, or of other columns: then there is nothing to compare with, and no error."""
    good = {"features": {"number": GOOD}, "outputs": {"number": GOOD}}
    assert read_profile(msgspec.json.encode(good), PLAIN) is not None

    bad = {**good, "features": {"number": described}}
    assert read_profile(msgspec.json.encode(bad), PLAIN) is None
    assert read_profile(msgspec.json.encode({**good, "features": {}}), PLAIN) is None
    assert read_profile(b"<html>", PLAIN) is None


def test_a_column_of_nothing_but_missing_values_is_compared() -> None:
    """Training saw none, so each value is unseen."""
    empty = Field("feature", "number", NUMBER, Described(rows=1000, missing=1000, counts=()))
    drift = Drift("plain", DriftSettings())
    drift.take(Profile(PLAIN, (empty, profile_of(PLAIN, *numbers_table(np.arange(400.0))).fields[1])))
    alarms = looked_at(drift, *numbers_table(np.arange(400.0)))
    found = drift.look()

    assert found is not None
    assert (found.unseen[0], found.psi[0], alarms) == (1, 0, {"number"})


@pytest.fixture(scope="module")
def drawn() -> tuple[Table, float]:
    """Give the rows of the tiny plain model, and half a standard deviation of its width."""
    model = catalog(TINY, ["plain"])["plain"]
    table = pack(model.features, model.data().columns)
    return table, float(np.std(table.columns["width"])) / 2


@pytest.fixture
def client(tmp_path: Path, stored_plain: Path, stored_mixed: Path) -> Iterator[httpx.Client]:
    """Serve both tiny models behind a gateway."""
    with contextlib.ExitStack() as stack:
        ports = {
            folder.parent.name: stack.enter_context(served(model_app(folder)))
            for folder in (stored_plain, stored_mixed)
        }
        yield stack.enter_context(running_gateway(tmp_path, settings_of(ports, default="plain")))


def metrics_of(client: httpx.Client) -> dict[tuple[str, str], float]:
    """Give what is told of the plain model, by metric and field."""
    text = httpx.get(f"{client.headers['x-admin']}/metrics").text
    found = re.findall(r'^bentogate_drift_(\w+){field="(\S+)",model="plain"} (\S+)$', text, re.MULTILINE)
    return {(name, field): float(value) for name, field, value in found}


def test_the_gateway_tells_which_feature_has_drifted(
    client: httpx.Client, stored_plain: Path, tmp_path: Path, drawn: tuple[Table, float]
) -> None:
    """Five hundred rows of one feature shifted by half a standard deviation: metrics, document and log name it."""
    table, half = drawn
    random = np.random.default_rng(4)

    def ask(shift: float) -> None:
        some = {name: column[random.integers(0, table.rows, 50)] for name, column in table.columns.items()}
        some["width"] = some["width"] + shift
        records = columns_to_records(pack(table.features, some).columns, table.features)
        assert client.post("/v1/predict", json={"instances": records}).status_code == 200

    assert metrics_of(client) == {}
    for _ in range(10):
        ask(0)
    before = metrics_of(client)
    for _ in range(10):
        ask(half)
    after = metrics_of(client)
    told = httpx.get(f"{client.headers['x-admin']}/console/drift").json()["models"]
    first = told["plain"]["fields"][0]

    assert {field for name, field in before if name == "alarm"} == {"width", "height", "count", "label", "probability"}
    assert not any(value for (name, _), value in before.items() if name == "alarm")
    assert after["alarm", "width"] == 1
    assert after["psi", "width"] > before["psi", "width"]
    assert (after["alarm", "height"], after["alarm", "count"]) == (0, 0)
    assert after["missing_ratio", "width"] == 0
    assert told["plain"]["version"] == Contract.from_json((stored_plain / "contract.json").read_bytes()).version
    assert 400 <= told["plain"]["rows"] <= 500
    assert (first["name"], first["kind"], first["type"], first["alarm"]) == ("width", "feature", "number", True)
    assert (first["psi"], first["ks"]) == (after["psi", "width"], after["ks", "width"])
    assert len(first["training"]["edges"]) - 1 == len(first["training"]["shares"]) == len(first["live"]["shares"])
    assert sum(first["live"]["shares"]) == pytest.approx(1)
    assert (told["mixed"]["rows"], told["mixed"]["fields"][0]["live"]["shares"]) == (0, None)
    wait_until(lambda: '"event": "data has drifted"' in (tmp_path / "gateway.log").read_text())


def test_it_can_be_off(tmp_path: Path, stored_plain: Path) -> None:
    """Then nobody asks for a profile, and nothing is told."""
    with served(model_app(stored_plain)) as port:
        settings = {**settings_of({"plain": port}, default="plain"), "drift": {"enabled": False}}
        with running_gateway(tmp_path, settings) as client:
            assert httpx.get(f"{client.headers['x-admin']}/console/drift").json() == {"models": {}}
            assert metrics_of(client) == {}
