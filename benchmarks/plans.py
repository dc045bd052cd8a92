"""The command `python -m benchmarks.plans`: what plans cost a request, beside a plain backend.

A gateway in this process asks stand-ins for its models, which answer at once; the models are those of BentoML's store.
All plans are measured in turn, so what disturbs one disturbs all.
"""

import argparse
import gc
import statistics
import sys
from collections.abc import Sequence
from functools import partial
from typing import Any

import msgspec

from benchmarks.forms import example, instances
from benchmarks.path import TOGETHER
from benchmarks.table import table
from benchmarks.way.inside import inside, measured
from benchmarks.way.parts import Way
from benchmarks.way.processor import sampled, scatter
from contract import Columns, Interface, Table
from contract.table import Array
from gateway.batching import Heard
from gateway.batching.one_call import Ask
from gateway.gateway import Gateway
from gateway.settings import RouteSettings, Settings
from oip import InferResponse

BACKEND, PAIR = "diagnosis", ["diagnosis", "candidate"]
"""The plain backend, and two that serve the same model."""

NOVELTY, JUDGE, CHAIN = "novelty", "judge", "sequence"
"""Two steps, and their route: the judge is made up, and reads what novelty says."""

ROUTES: dict[str, Any] = {
    "ensemble": {"ensemble": PAIR},
    "mean": {"ensemble": PAIR, "aggregate": "mean"},
    "median": {"ensemble": PAIR, "aggregate": "median"},
    "vote": {"ensemble": PAIR, "aggregate": {"by": "vote", "outputs": ["label"]}},
    "split": {"split": {"weights": {"diagnosis": 95, "candidate": 5}}},
    "byfeature": {"split": {"weights": {"diagnosis": 95, "candidate": 5}, "by": "feature mean_radius"}},
    "shadow": {"shadow": {"of": "diagnosis", "candidate": "candidate"}},
    "switch": {
        "switch": {
            "ask": [NOVELTY],
            "cases": [{"when": "novelty.is_novel", "then": {"answer": {"label": None}}}],
            "otherwise": "diagnosis",
        }
    },
    "fallback": {"fallback": {"to": PAIR}},
    CHAIN: {"sequence": [NOVELTY, JUDGE]},
    "nested": {"ensemble": ["split", NOVELTY]},
}


def asking(gateway: Gateway, name: str, callers: int, nowhere: int) -> Way:
    """Ask one name, by so many callers at once."""
    return Way(gateway, instances(name, example(), path=f"/v1/models/{name}:predict"), callers, nowhere)


def at_once(heard: Heard) -> Ask:
    """Give what answers any number of rows with the first that were heard: a plan may ask for some of the callers'."""
    columns = heard.judged().columns
    known = {
        rows: msgspec.structs.replace(heard, rows=rows, judge=partial(first, columns))
        for rows in range(1, heard.rows + 1)
    }

    async def ask(table: Table, call_id: str, again: bool) -> Heard:  # noqa: ARG001 (a batcher asks so)
        return known[table.rows]

    return ask


def first(columns: Columns, _: InferResponse, __: Interface, rows: int) -> dict[str, Array]:
    """Give the first rows."""
    return {name: column[:rows] for name, column in columns.items()}


def with_plans(read: Settings) -> Settings:
    """Give settings with two more backends of one model, and the routes above them."""
    routes = {name: RouteSettings.model_validate(route) for name, route in ROUTES.items()}
    again = read.backends[BACKEND].model_copy(update={"model": BACKEND})
    backends = {**read.backends, PAIR[1]: again, JUDGE: again}
    return read.model_copy(update={"backends": backends, "routes": routes})


def make_judge(gateway: Gateway) -> None:
    """Let the judge read the score of novelty in place of its first feature, which no model of the project does."""
    judge = gateway.backends[JUDGE]
    score = next(output for output in gateway.backends[NOVELTY].contract.outputs if output.type == "number")
    was, *others = judge.contract.features
    reads = msgspec.structs.replace(was, name=score.name, unit="", minimum=None, maximum=None)
    judge.current = msgspec.structs.replace(judge.contract, features=(reads, *others))


async def lines(gateway: Gateway, callers: int, samples: int, nowhere: int) -> list[tuple[str, ...]]:
    """Measure all plans, and write a line of each: the least of all samples, and how far these scatter."""
    ways = {name: asking(gateway, name, callers, nowhere) for name in (BACKEND, *ROUTES)}
    known = [way for name, way in ways.items() if name != CHAIN]
    for way in known:
        await way.go()
    for its in [its for way in known for its in way.asked]:
        its.backend.batcher.calls.ask = at_once(its.heard)
    judge = gateway.backends[JUDGE]  # no stand-in knows what it would be asked
    heard = next(its.heard for its in ways[BACKEND].asked)
    judge.batcher.calls.ask = at_once(msgspec.structs.replace(heard, contract=judge.contract))
    gc.collect()
    gc.freeze()
    found = await sampled({name: way.as_tasks for name, way in ways.items()}, samples)
    us = {name: [sample / callers for sample in its] for name, its in found.items()}
    return [(name, *figures(its, us[BACKEND])) for name, its in us.items()]


def figures(its: Sequence[float], plain: Sequence[float]) -> tuple[str, ...]:
    """Write the microseconds of a request, how much more they are than those of a plain backend, and the ratio."""
    ratio = statistics.median(one / other for one, other in zip(its, plain, strict=True))
    return f"{min(its):.0f}", f"{min(its) - min(plain):.0f}", f"{ratio:.2f}", f"{scatter(its):.0%}"


async def measure(samples: int, nowhere: int) -> None:
    """Print a table for one caller alone, and one for several whose requests are joined; raises Failed."""
    async with inside(with_plans) as (gateway, _):
        make_judge(gateway)
        for callers in (1, TOGETHER):
            header = f"{callers} at once", "µs a request", "more than the backend", "ratio", "middle over least"
            sys.stdout.write("\n".join([*table(header, await lines(gateway, callers, samples, nowhere)), "", ""]))


def main() -> int:
    """Measure; the tables go to stdout."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.plans", description="Measure what plans cost a request in processor time."
    )
    parser.add_argument("--samples", type=int, default=40, help="of each plan, in turn (default: 40)")
    chosen = parser.parse_args()
    return measured(partial(measure, chosen.samples))


if __name__ == "__main__":
    sys.exit(main())
