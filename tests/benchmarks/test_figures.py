"""Figures to reach are computed from what was measured, round by round."""

import math

import pytest

from benchmarks.cells import costs, latencies, rate
from benchmarks.figures import FIGURES, Figure
from benchmarks.found import Found, Measured
from benchmarks.many_rows import BINARY, JSON, Load
from benchmarks.many_rows import Found as Rows
from benchmarks.processes import Failed
from benchmarks.ratios import times
from benchmarks.sizing import MEBI
from benchmarks.wrk import Sample, parsed


def sample(rate: float, p50_ms: float = 1, p99_ms: float = 2, errors: int = 0, core_s: float = 0) -> Sample:
    """Give a second of load."""
    return Sample(round(rate) + errors, 1, p50_ms, p99_ms, errors, core_s)


def measured(*samples: Sample, connections: int = 64) -> Measured:
    """Give what was measured of a peer, a sample a round."""
    return Measured({connections: list(samples)}, ready_s=[1.5], ready_pss=[80 * MEBI], highest_pss=[90 * MEBI])


def row(what: str, found: dict[str, Measured] | Found) -> tuple[str, str, str]:
    """Give wanted, measured and reached of the first figure that is called so."""
    figure = next(figure for figure in FIGURES if what in figure.what)
    return figure.row(found if isinstance(found, Found) else Found(found))[1:]


def test_ratios_are_taken_round_by_round() -> None:
    """A machine that was slower in one round was so for both."""
    found = {"ours": measured(sample(300), sample(3200), sample(6200)), "naive": measured(*map(sample, (10, 100, 200)))}

    assert row("64 connections: times the requests/s of FastAPI", found) == ("≥ 30", "31 (30 to 32)", "yes")


def test_the_best_of_several_peers_counts() -> None:
    """Both models are asked directly; the faster of each round is compared with."""
    found = {"ours": measured(sample(600), sample(600)), "a": measured(sample(100), sample(300))}
    found["b"] = measured(sample(200), sample(100))

    assert times("ours", ("a", "b"), 64)(Found(found)) == [3, 2]


def test_a_figure_that_is_missed_says_so() -> None:
    """Against each kind of bound."""
    found = {"ours": measured(sample(100, core_s=0.0401)), "echo": measured(sample(100, core_s=0.01))}
    less = Figure("less", "<", 0, lambda _: [0.0])

    assert row("the echo's", found) == ("≤ 4", "4.01", "**no**")
    assert less.row(Found({}))[3] == "**no**"


def test_what_was_not_measured_or_failed_is_no_figure() -> None:
    """Neither yes nor no."""
    failed = measured(sample(1))
    failed.failed = "it ended"

    assert all(figure.row(Found({}))[2:] == ("not measured", "") for figure in FIGURES)
    assert row("times the requests/s of Ray", {"ours": measured(sample(1)), "ray": failed})[1] == "not measured"


def test_one_connection_is_compared_with_the_slower_model() -> None:
    """And its tail with its middle."""
    found = {"ours": measured(sample(1, 1.5, 4), connections=1), "direct": measured(sample(1, 0.5), connections=1)}
    found["direct-novelty"] = measured(sample(1, 0.75), connections=1)

    assert row("above the slower model's", found) == ("≤ 0.9 ms", "0.75 ms", "yes")
    assert row("1 connection: p99 / p50", found) == ("≤ 3", "2.67", "yes")


def test_errors_of_all_rounds_are_counted() -> None:
    """One is too many, and is no right answer."""
    found = {"ours": measured(sample(10), sample(9, errors=1))}

    assert row("errors", found) == ("≤ 0", "1", "**no**")
    assert found["ours"].loads[64][1].rate == 9
    assert rate(found["ours"].loads[64]) == "10 (9 to 10), 5.0% errors"


def test_cells_of_the_tables() -> None:
    """Medians with their ranges; nothing where nothing was measured."""
    echo, ours = measured(sample(1000, core_s=0.03)), measured(sample(1000, 0.5, 123.4, core_s=0.12))

    assert costs(ours, echo) == ("120", "4.0", "80", "90", "1.5")
    assert costs(ours, None)[1] == ""
    assert latencies(ours) == ["0.5 / 123", ""]
    assert latencies(Measured({1: [sample(0, math.nan, math.nan)], 16: []})) == ["", "", ""]


def test_the_line_that_wrk_prints_is_read() -> None:
    """Every kind of error is an error."""
    counts = '"status":1,"connect":2,"read":3,"write":4,"timeout":5}'
    one = parsed(f'{{"requests":100,"microseconds":2000000,"p50":1500.0,"p99":9000.0,{counts}\n'.encode())
    none = parsed(f'noise\n{{"requests":0,"microseconds":2000000,"p50":0.0,"p99":0.0,{counts}\n'.encode())

    assert one == Sample(100, 2, 1.5, 9, 15)
    assert one.rate == 42.5
    assert math.isnan(none.p50_ms)
    with pytest.raises(Failed, match="wrk printed b'unable"):
        parsed(b"unable to connect")
    with pytest.raises(Failed):
        parsed(b"")


def test_many_rows_are_compared_with_fewer_and_their_neighbour_with_itself() -> None:
    """Memory counts when all is over, above what it was before."""
    fewer, binary = Load([160_000.0], p99_ms=[3.0]), Load([320_000.0], p99_ms=[3.9], after=90 * MEBI)
    json = Load([30_000.0], p99_ms=[4.2], after=100 * MEBI)
    loads = {(BINARY, 1000): fewer, (BINARY, 10_000): binary, (JSON, 10_000): json}
    found = Found({}, Rows(loads, [2.0], 80 * MEBI))

    assert row("binary matrix: rows/s", found) == ("≥ 300,000", "320,000", "yes")
    assert row("`/v1` JSON: rows/s", found) == ("≥ 40,000", "30,000", "**no**")
    assert row("in binary: times its cost", found) == ("≤ 1.05", "0.5", "yes")
    assert row("in `/v1` JSON: times its cost", found)[1] == "not measured"
    assert row("in binary: times its p99", found) == ("≤ 2", "1.95", "yes")
    assert row("in `/v1` JSON: times its p99", found) == ("≤ 2", "2.1", "**no**")
    assert row("memory after requests of many rows", found) == ("≤ 16 MiB", "20 MiB", "**no**")


def test_calls_in_flight_are_compared_round_by_round() -> None:
    """Two with one."""
    assert row("calls in flight", Found({}, in_flight={1: [100, 200], 2: [190, 400]})) == (
        "≥ 1.8",
        "1.95 (1.9 to 2)",
        "yes",
    )


def test_one_model_is_compared_with_the_quickest_setting() -> None:
    """What batches is slower for one caller, and what does not is slower for many."""
    found = {"ours-v2": measured(sample(1, 1.25), connections=1), "mlserver": measured(sample(1, 1.5), connections=1)}
    found["mlserver-batch"] = measured(sample(1, 2.5), connections=1)

    assert row("p50 above MLServer's", found) == (
        "< 0 ms",
        "-0.25 ms",
        "yes",
    )
