"""The figures of a comparison are those of the textbook, and its findings are no false alarms."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract import Feature, Output
from contract.table import Array
from gateway.shadows import Answered, Comparison, Fit, Watch, fit
from gateway.shadows.choices import MOST
from gateway.shadows.comparison import WORST
from gateway.shadows.findings import beyond, findings
from gateway.shadows.numbers import BOUNDS, Numbers
from gateway.shadows.watch import COMPARISONS, MOST_ROWS

SCORE = Output(name="score", type="number", description="Any")
LABEL = Output(name="label", type="category", categories=("no", "yes"), description="The decision")
FLAG = Output(name="flag", type="boolean", description="A truth value")
BOTH = (SCORE, SCORE), (LABEL, LABEL), (FLAG, FLAG)
VERSIONS = (("a", "1"),), (("b", "1"),)

values = st.one_of(st.floats(-1e6, 1e6), st.just(math.nan))
pieces = st.lists(st.lists(st.tuples(values, values), min_size=1, max_size=20), min_size=1, max_size=5)


@given(pieces=pieces)
def test_numbers_are_those_of_all_rows_at_once(pieces: list[list[tuple[float, float]]]) -> None:
    """However many rows come at a time: means, covariance, the largest difference, what is missing, and quantiles."""
    numbers = Numbers()
    for piece in pieces:
        was, now = np.array(piece).T
        numbers.add(was, now)
    all_rows = np.array([row for piece in pieces for row in piece]).T
    missing = np.isnan(all_rows)
    there = all_rows[:, ~missing.any(axis=0)]
    differences = np.abs(there[1] - there[0])

    assert numbers.rows == there.shape[1]
    assert (numbers.lost, numbers.gained) == ((missing[1] & ~missing[0]).sum(), (missing[0] & ~missing[1]).sum())
    if numbers.rows:
        assert numbers.means == pytest.approx(there.mean(axis=1), rel=1e-9, abs=1e-6)
        assert numbers.squares / numbers.rows == pytest.approx(np.cov(there, bias=True), rel=1e-6, abs=1e-3)
        assert numbers.largest == differences.max()
        assert numbers.counts.sum() == numbers.rows
        exact = np.quantile(differences, 0.5, method="inverted_cdf")
        assert exact <= numbers.quantile(0.5) * (1 + 1e-9) + BOUNDS[0]
        assert numbers.at_highest.tolist() == [(side == side.max()).sum() for side in there]


@pytest.mark.parametrize(("slope", "offset"), [(1.0, 0.25), (-1.0, 1.0), (100.0, 0.0), (1.8, 32.0)])
def test_a_straight_line_is_found(slope: float, offset: float) -> None:
    """Whatever is multiplied and added."""
    numbers = Numbers()
    was = np.random.default_rng(1).random(1000)
    for start in range(0, 1000, 100):
        numbers.add(was[start : start + 100], slope * was[start : start + 100] + offset)

    assert numbers.line is not None
    assert numbers.line == pytest.approx((slope, offset, 0), abs=1e-9)


def test_chance_is_no_finding() -> None:
    """What happens to one row in a thousand is found in less than one of 10,000 looks; one in fifty is found."""
    random = np.random.default_rng(3)
    rare = random.random((2000, 500)) < 0.001
    counts = rare.cumsum(axis=1)
    looks = [beyond(int(counts[run, at]), at + 1) for run in range(2000) for at in (49, 99, 199, 499)]

    assert sum(looks) <= 1
    assert beyond(10, 500)
    assert not beyond(1, 10)
    assert not beyond(0, 0)
    assert beyond(500, 500)


def answered(random: np.random.Generator, number: int, change: Any = None) -> Answered:
    """Draw what both answered to ten rows, the same but for float noise or a change."""
    score = random.random(10)
    was = {"score": score, "label": np.where(score > 0.5, "yes", "no").astype(object), "flag": score > 0.9}
    now: dict[str, Array] = {**was, "score": score + random.uniform(-5e-7, 5e-7, 10)}
    return Answered(f"r{number}", 10, was, now if change is None else change(was))


def test_an_identical_candidate_is_never_blamed() -> None:
    """In 200 seeded runs, looked at ten times each."""
    for seed in range(200):
        random, comparison = np.random.default_rng(seed), Comparison(VERSIONS, BOTH)
        for number in range(100):
            comparison.add(answered(random, number), 1.0, 1.0)
            if number % 10 == 9:
                comparison.fold()
                assert list(findings(comparison)) == []
        assert comparison.worst == []


def test_categories_and_truth_values_are_counted_by_pair() -> None:
    """Each way by itself; the worst rows are at most five, and say what both answered."""
    random, comparison = np.random.default_rng(1), Comparison(VERSIONS, BOTH)
    for number in range(50):
        comparison.add(answered(random, number, lambda was: {**was, "flag": ~was["flag"]}), 1.0, 1.0)
    comparison.fold()
    (problem,) = findings(comparison)

    assert (problem.what, problem.output) == ("swapped", "flag")
    assert comparison.different == comparison.rows == 500
    assert len(comparison.worst) == WORST
    assert comparison.worst[0].was["flag"] is not comparison.worst[0].now["flag"]


def test_of_many_classes_some_pairs_are_told_apart() -> None:
    """A change that comes after all of them is counted and found, though nobody knows what became what."""
    label = Output(name="label", type="category", categories=("a", "b"), description="One of many")
    classes = [f"class{number}" for number in range(MOST)]
    comparison = Comparison(VERSIONS, [(label, label)])
    for was, now in ((classes, classes), (["x"] * MOST, ["y"] * MOST)):
        columns = ({"label": np.array(side, dtype=object)} for side in (was, now))
        comparison.add(Answered("r", MOST, *columns), 1.0, 1.0)
    comparison.fold()
    (problem,) = findings(comparison)

    assert (problem.what, problem.text) == ("changed", "label differs in 1000 of 2000 rows")


def test_what_is_kept_is_bounded() -> None:
    """Requests under way, their rows, and comparisons of versions; what is begun once more goes on where it was."""
    watch = Watch()
    for version in "123456":
        comparison = watch.comparison(((("a", "1"),), (("b", version),)), Fit(BOTH, None, ()))
        watch.add(comparison, answered(np.random.default_rng(1), 1), 1.0, 1.0)
    again = watch.comparison(((("a", "1"),), (("b", "5"),)), Fit(BOTH, None, ()))

    assert len(watch.comparisons) == COMPARISONS
    assert again.requests == 1
    assert watch.current is again
    assert watch.has_room(MOST_ROWS)
    assert not watch.has_room(MOST_ROWS + 1)
    assert list(watch.problems) == []


def feature(name: str, kind: Any = "number") -> Feature:
    """Make a feature."""
    return Feature(name=name, type=kind, description="Any", example=1.0 if kind == "number" else 1)


@pytest.mark.parametrize(
    ("reads", "gives", "refused", "differences"),
    [
        ([feature("x")], [SCORE, LABEL], None, []),
        ([feature("y")], [SCORE], "the candidate reads y, which callers do not give", []),
        ([feature("x", "integer")], [SCORE], "the candidate reads x as integer, and callers give number", []),
        ([feature("x")], [SCORE], None, ["the candidate does not give label"]),
        (
            [feature("x")],
            [FLAG],
            "the candidate gives no output that can be compared",
            ["the candidate does not give score", "the candidate does not give label"],
        ),
        (
            [feature("x")],
            [Output(name="score", type="number", unit="%", description="Any"), LABEL],
            None,
            ["score is in '%' of the candidate, and in '' here"],
        ),
    ],
)
def test_whether_a_candidate_fits(
    reads: list[Feature], gives: list[Output], refused: str | None, differences: list[str]
) -> None:
    """It may read less than callers give, and nothing else; one shared output is enough."""
    found = fit([feature("x"), feature("z")], [SCORE, LABEL], reads, gives)

    assert found.refused == refused
    assert list(found.differences) == differences
