"""The command `python -m benchmarks.overload`: what is answered of ten times as much as a model can do.

The model answers eight rows per 20 ms, 400 a second, and one call waits for it at most. Requests come at random
moments, whether the ones before are answered or not; then callers of a flood also ask three times more when they are
refused. Last come callers who share the model with one that asks ten times its share.
"""

import argparse
import sys

from benchmarks.fair import MOST_WAIT, by_address, by_forwarding, fair_share, shared
from benchmarks.flood import CALL_S, ROWS, Extent, flooded
from benchmarks.forms import example, instances
from benchmarks.telling import nothing, told
from benchmarks.way.between import FILE, GATEWAY, between
from gateway.server import configure_log
from gateway.settings import read_settings

PATIENCE_S = 25.0
SHARED = "shared"


async def measure(seconds: float) -> None:
    """Print a line for each load; raises Failed."""
    model = next(iter(read_settings(FILE).backends))
    most, waiting = (f"BACKENDS__{model.upper()}__{name}" for name in ("MAX_BATCH_ROWS", "MAX_QUEUED_ROWS"))
    gateways: dict[str, dict[str, object]] = {
        GATEWAY: {most: ROWS, waiting: ROWS},
        SHARED: {most: ROWS, waiting: MOST_WAIT, "TRUSTED_PROXIES": "127.0.0.1/32"},
    }
    form = instances(model, example(), path=f"/v1/models/{model}:predict")
    async with between(gateways, CALL_S) as running:
        found = await flooded(form.to(running.urls[GATEWAY]), Extent(seconds, 3 * seconds, seconds), PATIENCE_S)
        sys.stdout.writelines(f"{line}\n" for line in found.lines())
        url, addresses = f"{running.urls[SHARED]}{form.path}", by_address(form.to(running.urls[SHARED]))
        share = await fair_share(addresses[0], seconds)
        for title, requests in {"by address": addresses, "by forwarding": by_forwarding(url, form.body)}.items():
            sys.stdout.write(f"{(await shared(requests, share, seconds)).line(title)}\n")


def main() -> int:
    """Measure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.overload", description=__doc__)
    parser.add_argument("--seconds", type=float, default=5, help="of each load (default: 5)")
    chosen = parser.parse_args()
    configure_log()
    return told(measure(chosen.seconds), nothing)


if __name__ == "__main__":
    sys.exit(main())
