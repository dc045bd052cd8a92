"""What the command prints of a training."""

import sys
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from contract import Contract
from training.replacement import Replacement
from training.run import Outcome, bar_text

WORDS = {
    "new": "stored",
    "again": "stored again",
    "unchanged": "unchanged, nothing stored",
    "back": "stored before, latest again",
}


def print_table(outcomes: list[Outcome]) -> None:
    """Print one table for all models, then what serves each and where its report lies."""
    table = Table("model", "metric", box=None, header_style="bold", pad_edge=False)
    table.add_column("value", justify="right")
    table.add_column("bar", justify="right")
    for name in ("verdict", "version", "served by"):
        table.add_column(name)
    for outcome in outcomes:
        contract = outcome.contract
        for row, (name, metric) in enumerate(contract.metrics.items()):
            head = (contract.name, contract.version, contract.runtime) if row == 0 else ("", "", "")
            verdict = "passed" if metric.passed else "missed"
            table.add_row(head[0], name, f"{metric.value:.4f}", bar_text(metric), verdict, head[1], head[2])
    console = Console() if sys.stdout.isatty() else Console(width=120)
    console.print(table)
    for outcome in outcomes:
        contract = outcome.contract
        console.print(f"\n{contract.name} {contract.version}: {WORDS[outcome.stored]}", highlight=False)
        console.print(f"  served by {contract.runtime}: {contract.runtime_reason}", highlight=False, soft_wrap=True)
        console.print(f"  report {outcome.report}", highlight=False, soft_wrap=True)
        if outcome.replaces.version not in (None, contract.version):
            print_changes(console, f"  replaces {outcome.replaces.version}", outcome.replaces)


def print_comparisons(comparisons: list[tuple[Contract, Replacement]]) -> None:
    """Print what models that are not stored would change."""
    console = Console() if sys.stdout.isatty() else Console(width=120)
    for contract, replaces in comparisons:
        head = f"{contract.name} {contract.version}"
        if replaces.version is None:
            console.print(f"{head}: nothing is stored yet", highlight=False)
        elif replaces.version == contract.version:
            console.print(f"{head}: {WORDS['unchanged']}", highlight=False)
        else:
            print_changes(console, f"{head} would replace {replaces.version}", replaces)


def print_changes(console: Console, head: str, replaces: Replacement) -> None:
    """Print a line for each change."""
    changes = "changes for callers:" if replaces.changes else "changes nothing for callers"
    console.print(f"{head}, which {changes}", highlight=False)
    for change in replaces.changes:
        word = "breaking" if change.breaking else "compatible"
        console.print(f"    {word:10}  {change}", highlight=False, markup=False, soft_wrap=True)


def as_document(outcome: Outcome) -> dict[str, Any]:
    """Give an outcome as JSON."""
    contract = outcome.contract
    return {
        "model": contract.name,
        "version": contract.version,
        "stored": outcome.stored,
        "metrics": {
            name: {**msgspec.to_builtins(metric), "passed": metric.passed} for name, metric in contract.metrics.items()
        },
        "runtime": contract.runtime,
        "runtime_reason": contract.runtime_reason,
        "report": str(outcome.report),
        "replaces": msgspec.to_builtins(outcome.replaces),
    }


def as_comparison(contract: Contract, replaces: Replacement) -> dict[str, Any]:
    """Give a comparison as JSON."""
    return {"model": contract.name, "version": contract.version, "replaces": msgspec.to_builtins(replaces)}
