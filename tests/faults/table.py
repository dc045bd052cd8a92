"""The table of what was seen, in docs/faults.md."""

import re
from dataclasses import dataclass

from tests.faults.row import Row
from tests.faults.rows import ROWS

RULE = re.compile(r"^\|---.*\n", re.MULTILINE)


@dataclass(frozen=True)
class Seen:
    """Say what callers got in a row, and how long they and the recovery took."""

    outcomes: str
    slowest_s: float
    recovery_s: float


def rewritten(document: str, seen: dict[str, Seen]) -> str:
    """Put the rows of the table below its head; raises KeyError where one was not seen."""
    (rule,) = RULE.finditer(document)
    return document[: rule.end()] + "".join(line(row, seen[row.fault]) for row in ROWS)


def line(row: Row, seen: Seen) -> str:
    """Write one line."""
    cells = row.fault, row.promise, seen.outcomes, f"{seen.slowest_s:.2f} s", f"{seen.recovery_s:.2f} s"
    return f"| {' | '.join(cells)} |\n"


def faults_in(document: str) -> list[str]:
    """Give the faults that a document lists."""
    (rule,) = RULE.finditer(document)
    return re.findall(r"^\| (.*?) \|", document[rule.end() :], re.MULTILINE)
