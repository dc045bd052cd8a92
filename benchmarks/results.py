"""RESULTS.md: what was measured, on what, what is reached, and how each peer is written."""

from collections.abc import Callable, Sequence

from benchmarks import concurrency, rows
from benchmarks.cells import costs, latencies, rate
from benchmarks.figures import FIGURES
from benchmarks.found import Found, Measured
from benchmarks.machine import machine, versions
from benchmarks.measure import BURSTS, NEW, Options
from benchmarks.table import table

PLOT = "results.svg"

MEASURED = """Measured by `make bench` on one machine, over loopback: {machine}.
Medians of {rounds} rounds, with the range; in each all ran one after the other, by turns from the first and from the last.
Callers, gateway and model services share the cores, so ratios hold better than figures."""  # noqa: E501 (one sentence a line)

LOADED = """`wrk` sends `examples/record.json`, one record a request, on one thread, for {seconds:g} s from each number of connections; for {brief:g} s where no figure compares: {named}.
{new} new clients at once are `benchmarks/burst.py`, up to {bursts} times a round.
Each peer answered golden rows of its models within 1e-6 before the first load and after each."""  # noqa: E501 (one sentence a line)

LATENCY = "p50 / p99 in ms, medians; of the new connections p99, counted from the moment when all were due."
COST = """Of all processes of what is named, without the model services behind a gateway.
Processor time is per request, at 64 connections; memory is PSS; a start lasts until the first right answer."""
COSTS = ("", "processor, µs", "times the echo", "MiB when ready", "MiB at most", "start, s")

MANY = """Both models by `python -m benchmarks.rows`, {brief:g} s for each load, and as long again beside another caller, who sends one row a request."""  # noqa: E501 (one sentence a line)
FLIGHTS = "One model by `python -m benchmarks.concurrency`, {brief:g} s for each load."

WRITTEN = """Each as its own documentation says, and as fast as that allows; the code is in `benchmarks/peers/`.
The gateways among them ask the model services of `make serve`."""


def results(options: Options, found: Found) -> str:
    """Write the document; what was not to be measured has no section."""
    brief = options.brief_s
    parts = ["# Results", MEASURED.format(machine=machine(), rounds=options.rounds)]
    parts += peers(options, found) if options.peers else []
    if found.rows:
        parts.append(section("Many rows", MANY.format(brief=brief), rows.document(found.rows)))
    if found.in_flight:
        parts.append(section("Calls in flight", FLIGHTS.format(brief=brief), concurrency.document(found.in_flight)))
    parts += [f"`{name}`:{failed(why)}" for name, why in found.failed.items()]
    figures = table(("figure", "wanted", "measured", "reached"), [figure.row(found) for figure in FIGURES])
    parts.append(section("Figures to reach", "Ratios and differences are taken round by round.", figures))
    if options.peers:
        written = [f"- {one.title}: {one.written}.{failed(found.peers[one.name].failed)}" for one in options.peers]
        parts.append(section("How they are written", WRITTEN, written))
    parts.append(section("Versions", [f"- {line}" for line in versions(options.peers)]))
    return "\n\n".join(parts) + "\n"


def peers(options: Options, found: Found) -> list[str]:
    """Write what was measured of peers."""
    counts, echo = [str(count) for count in options.connections], found.peers.get("echo")
    named = ", ".join(peer.title for peer in options.peers if peer.brief) or "none here"
    words = {"seconds": options.seconds, "brief": options.brief_s, "named": named, "new": NEW, "bursts": BURSTS}

    def lines(cells: Callable[[Measured], Sequence[str]]) -> list[tuple[str, ...]]:
        return [(peer.title, *cells(found.peers[peer.name])) for peer in options.peers]

    rates = table(("connections", *counts), lines(lambda one: [rate(some) for some in one.loads.values()]))
    picture = f"![requests a second over connections]({PLOT})"
    return [
        LOADED.format(**words),
        section("Requests a second", "Right answers only.", rates, picture),
        section("Latency", LATENCY, table(("connections", *counts, f"{NEW} new"), lines(latencies))),
        section("Cost", COST, table(COSTS, lines(lambda one: costs(one, echo)))),
    ]


def section(title: str, *parts: str | list[str]) -> str:
    """Write a section of paragraphs, and of tables and lists by their lines."""
    return "\n\n".join([f"## {title}", *(part if isinstance(part, str) else "\n".join(part) for part in parts)])


def failed(why: str) -> str:
    """Tell what could not be measured."""
    return f" **It failed**: {why.splitlines()[0]}." if why else ""
