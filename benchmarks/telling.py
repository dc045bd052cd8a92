"""What a command tells: its progress on stderr, its lines on stdout, and its exit code."""

import sys
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, TypeVar

import uvloop

from benchmarks.processes import Failed

T = TypeVar("T")


def told(work: Coroutine[Any, Any, T], lines: Callable[[T], Iterable[str]]) -> int:
    """Measure, and print what was found as these lines; gives the exit code, 1 where nothing could be measured."""
    try:
        found = uvloop.run(work)
    except Failed as exc:
        sys.stderr.write(f"error: {exc}\n")
        return 1
    sys.stdout.writelines(f"{line}\n" for line in lines(found))
    return 0


def nothing(_: object) -> Iterable[str]:
    """Print nothing more."""
    return ()


def say(text: str) -> None:
    """Tell of progress."""
    sys.stderr.write(f"{text}\n")
