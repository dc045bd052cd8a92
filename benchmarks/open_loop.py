"""The command `python -m benchmarks.open_loop URL`: load at a rate that does not wait for the server.

A closed loop sends a request when the one before is answered, so a server that stalls is asked less, and most of those
who would have waited are never counted (coordinated omission). Here every request has a moment at which it is due, and
its latency counts from there, whether a connection was free or not.
"""

import argparse
import gc
import sys
from collections.abc import Mapping
from pathlib import Path

import uvloop

from benchmarks.exchange import JSON, post
from benchmarks.latencies import Latencies
from benchmarks.schedule import Load
from benchmarks.sender import Run


async def open_loop(load: Load) -> Latencies:
    """Put a load on a server; raises OSError where it takes no connections at the start."""
    return await Run(load).result()


def headers_of(lines: list[str]) -> Mapping[str, str]:
    """Read `name: value` lines."""
    return {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}


def main(arguments: list[str] | None = None) -> int:
    """Load, and print what was found; gives 1 where a request was not answered with 200."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.open_loop", description=__doc__.partition("\n")[2])
    parser.add_argument("url", help="where to POST to, over http")
    parser.add_argument("--rate", type=float, default=100, help="requests a second (default: 100)")
    parser.add_argument("--seconds", type=float, default=10, help="for how long (default: 10)")
    parser.add_argument("--connections", type=int, default=64, help="at most under way at once (default: 64)")
    parser.add_argument("--body", type=Path, required=True, metavar="FILE", help="what is sent")
    parser.add_argument("--header", action="append", default=[], metavar="'NAME: VALUE'", help="one more header")
    parser.add_argument("--poisson", action="store_true", help="at random moments, not evenly spaced ones")
    parser.add_argument("--seed", type=int, default=0, help="of the random moments (default: 0)")
    chosen = parser.parse_args(arguments)
    try:
        request = post(chosen.url, chosen.body.read_bytes(), {**JSON, **headers_of(chosen.header)})
        load = Load(request, chosen.rate, chosen.seconds, chosen.connections, chosen.poisson, chosen.seed)
        gc.freeze()
        found = uvloop.run(open_loop(load))
    except (OSError, ValueError) as exc:
        parser.error(str(exc))
    sys.stdout.writelines(f"{line}\n" for line in found.lines())
    return 1 if found.errors else 0


if __name__ == "__main__":
    sys.exit(main())
