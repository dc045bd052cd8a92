"""The command `python -m benchmarks`, which `make bench` runs: ours and its peers side by side."""

import argparse
import asyncio
import shutil
import signal
import sys
from pathlib import Path

import uvloop

from benchmarks.measure import SECTIONS, Options, measure
from benchmarks.peers import PEERS
from benchmarks.plot import plot
from benchmarks.processes import ROOT, Failed
from benchmarks.results import PLOT, results
from benchmarks.telling import say
from benchmarks.wrk import wrk


def main(arguments: list[str] | None = None) -> int:
    """Measure; gives 0 when all was measured, 1 when something failed, 2 when nothing could be."""
    chosen = parsed(arguments)
    peers = [peer for peer in PEERS if not chosen.only or peer.name in chosen.only]
    sections = [section for section in SECTIONS if not chosen.only or section in chosen.only]
    tools = {*({"wrk"} if peers else ()), *({"nginx"} if any(peer.name == "nginx" for peer in peers) else ())}
    if absent := sorted(tool for tool in tools if not shutil.which(tool)):
        sys.stderr.write(f"error: {' and '.join(absent)} not found: apt-get install {' '.join(absent)}\n")
        return 2
    for name in sorted({peer.environment for peer in peers if peer.environment}):
        if not (ROOT / ".venv" / name).exists():
            sys.stderr.write(f"error: .venv/{name} is not installed: make bench, or make .venv/.bench\n")
            return 2
    if chosen.out:  # before all of it is measured, and then could not be written
        chosen.out.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that what was started is ended
    options = Options(peers, chosen.connections, chosen.rounds, chosen.seconds, wrk, sections)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            found = runner.run(measure(options))
    except Failed as exc:
        sys.stderr.write(f"error: {exc}\n")
        return 2
    except KeyboardInterrupt:
        return 130
    text = results(options, found)
    if chosen.out:
        (chosen.out / "RESULTS.md").write_text(text)
        (chosen.out / PLOT).write_text(plot(peers, found.peers))
        say(f"{chosen.out / 'RESULTS.md'} is written")
    else:
        sys.stdout.write(text)
    return 1 if found.failed or any(one.failed for one in found.peers.values()) else 0


def parsed(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line; a run of some only prints, unless it is told where to write."""
    names = [*(peer.name for peer in PEERS), *SECTIONS]
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Load the gateway and its peers side by side. All of them take some 25 minutes, and are written "
        f"to benchmarks/RESULTS.md; some are printed. There are: {', '.join(names)}.",
    )
    parser.add_argument("--only", type=listed, metavar="NAME,…", help="some of them, for a short run")
    parser.add_argument("--rounds", type=int, default=3, help="default: 3")
    parser.add_argument("--seconds", type=int, default=4, help="of a load, or half of it for some (default: 4)")
    parser.add_argument("--connections", type=numbers, default=[1, 16, 64, 256], metavar="N,…", help="1,16,64,256")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="where to write RESULTS.md and its plot")
    chosen = parser.parse_args(arguments)
    if unknown := set(chosen.only or ()) - set(names):
        parser.error(f"there is no {' and '.join(sorted(unknown))}, only {', '.join(names)}")
    if min(chosen.rounds, chosen.seconds, *chosen.connections) < 1:
        parser.error("rounds, seconds and connections are at least 1")
    if not chosen.only and not chosen.out:
        chosen.out = ROOT / "benchmarks"
    return chosen


def listed(text: str) -> list[str]:
    """Read names with commas between them."""
    return [name.strip() for name in text.split(",") if name.strip()]


def numbers(text: str) -> list[int]:
    """Read numbers with commas between them."""
    return [int(number) for number in text.split(",")]


if __name__ == "__main__":
    sys.exit(main())
