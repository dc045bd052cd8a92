"""The command `python -m benchmarks.rows`: what a row costs in requests of one row up to ten thousand.

It runs the processes of the Procfile on free ports, over the models of BentoML's store, for three to four minutes.
"""

import argparse
import statistics
import sys

from benchmarks.many_rows import FORMS, Found, Options, measured
from benchmarks.sizing import mebi
from benchmarks.table import table
from benchmarks.telling import told


def main() -> int:
    """Measure; progress goes to stderr, the table to stdout."""
    usual = Options()
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rows", description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=usual.rows, help="rows in a request")
    parser.add_argument("--forms", nargs="+", choices=FORMS, default=FORMS, help="how they are sent")
    parser.add_argument("--route", default=usual.route, help="the route or the model that is asked (%(default)s)")
    parser.add_argument("--connections", type=int, default=usual.connections, help="that send at once (%(default)s)")
    parser.add_argument("--seconds", type=float, default=usual.seconds, help="of each load (%(default)s)")
    parser.add_argument("--rounds", type=int, default=usual.rounds, help="of which medians are told (%(default)s)")
    return told(measured(Options(**vars(parser.parse_args()))), document)


def document(found: Found) -> list[str]:
    """Write the table."""
    header = (
        "form",
        "rows a request",
        "rows/s",
        "µs a row",
        "of it the gateway's processor",
        "p99 of another caller",
        "times its p99 alone",
        "gateway's peak so far",
        "after",
    )
    rest = statistics.median(found.alone_ms)
    rows = [
        (
            form,
            f"{rows:,}",
            f"{statistics.median(one.rows_s):,.0f}",
            f"{1e6 / statistics.median(one.rows_s):.1f}",
            f"{statistics.median(one.gateway_us):.1f} µs",
            f"{statistics.median(one.p99_ms):.1f} ms",
            f"{statistics.median(one.p99_ms) / rest:.1f}",
            f"{mebi(one.peak)} MiB",
            f"{mebi(one.after)} MiB",
        )
        for (form, rows), one in found.loads.items()
    ]
    alone = f"The other caller alone: p99 {rest:.1f} ms; the gateway before: {mebi(found.before)} MiB."
    return [*table(header, rows), "", alone]


if __name__ == "__main__":
    sys.exit(main())
