"""The command `python -m benchmarks.path`: what a request costs the gateway in processor time.

One table has the stages of a request's way, each measured by itself in this process; the other the gateway's process
under load, beside a plain ASGI app that echoes the body. The models are those of BentoML's store.
"""

import argparse
import gc
import sys
from collections.abc import Sequence
from functools import partial
from itertools import product

from benchmarks.forms import Form, example, instances, tensors
from benchmarks.way.between import ECHO, GATEWAY
from benchmarks.way.inside import inside, measured
from benchmarks.way.parts import Way
from benchmarks.way.processor import sampled
from benchmarks.way.tables import of_processes, of_stages
from benchmarks.way.whole import Subject, rounds
from gateway.gateway import Gateway

TOGETHER = 32


def main() -> int:
    """Measure; the tables go to stdout."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.path", description="Measure what a request costs the gateway in processor time."
    )
    parser.add_argument("--samples", type=int, default=15, help="of each stage, in turn (default: 15)")
    parser.add_argument("--rounds", type=int, default=7, help="of load on each process, in turn (default: 7)")
    parser.add_argument("--seconds", type=float, default=0.4, help="of each load (default: 0.4)")
    chosen = parser.parse_args()
    return measured(partial(measure, chosen.samples, chosen.rounds, chosen.seconds))


async def measure(samples: int, number: int, seconds: float, nowhere: int) -> None:
    """Print both tables; raises Failed."""
    async with inside() as (gateway, running):
        forms = forms_of(gateway)
        sys.stdout.write(await stages_of(gateway, forms, samples, nowhere))
        pairs = {
            form.title: (
                Subject(form.to(running.urls[GATEWAY]), running.pids[GATEWAY], f"{running.admin[GATEWAY]}/metrics"),
                Subject(form.to(running.urls[ECHO]), running.pids[ECHO]),
            )
            for form in forms
        }
        sys.stdout.write(of_processes(await rounds(pairs, number, seconds)))


def forms_of(gateway: Gateway) -> list[Form]:
    """Ask the default route in JSON, and its first model in both forms of tensors."""
    record, default = example(), gateway.settings.default
    model = gateway.plan(default).members[0]
    features = [feature.name for feature in model.contract.features]
    return [instances(default, record), *(tensors(model.name, record, features, binary=one) for one in (False, True))]


async def stages_of(gateway: Gateway, forms: Sequence[Form], samples: int, nowhere: int) -> str:
    """Measure the stages of each form, of one caller alone and of several whose requests are joined.

    Access records are written to a descriptor.
    """
    columns = {}
    for form, callers in product(forms, (1, TOGETHER)):
        works = await Way(gateway, form, callers, nowhere).go()
        gc.collect()
        gc.freeze()
        columns[f"{form.title}, {callers}"] = callers, await sampled(works, samples)
    return of_stages(columns)


if __name__ == "__main__":
    sys.exit(main())
