"""The commands that read a log."""

import argparse
import sys
from pathlib import Path

from gateway.predictions.compared import Thresholds
from gateway.predictions.judged import judged
from gateway.predictions.reading import Unreadable
from gateway.predictions.replay import replayed
from gateway.predictions.report import as_html, as_text
from gateway.settings import SettingsError, read_settings


def folder_of(arguments: argparse.Namespace) -> Path:
    """Give the folder that is named, or that of the settings; raises SettingsError where there is none."""
    folder: Path | None = arguments.log or read_settings(arguments.config).prediction_log.folder
    if folder is None:
        raise SettingsError("name the log with --log, or set prediction_log.folder")
    return folder


def report(folder: Path, page: Path | None) -> int:
    """Print the report, and write it as a page; gives the exit code."""
    try:
        found = judged(folder)
        if page is not None:
            page.write_text(as_html(found))
    except (Unreadable, OSError) as exc:
        sys.stderr.write(f"error: {exc}\n")
        return 2
    sys.stdout.write(as_text(found))
    return 0


def replay(folder: Path, arguments: argparse.Namespace) -> int:
    """Replay each model, and judge; gives 0 where all are within the thresholds, 1 where not, 2 without an answer."""
    limits = Thresholds(arguments.max_changed, arguments.max_difference, arguments.max_p99_ms)
    code = 0
    try:
        progress = show if sys.stderr.isatty() else untold
        many = {"rows": arguments.rows, "callers": arguments.callers}
        for outcome in replayed(folder, arguments.against, arguments.model, **many, progress=progress):
            broken = limits.broken(outcome)
            sys.stdout.write(outcome.text() + "".join(f"  too much: {one}\n" for one in broken) + "\n")
            code = code or bool(broken)
    except Unreadable as exc:
        sys.stderr.write(f"error: {exc}\n")
        return 2
    return code


def show(model: str, asked: int, requests: int) -> None:
    """Show on a terminal how far a replay is, in one line that is gone at the end."""
    text = f"{model}: {asked} of {requests} requests"
    sys.stderr.write(f"\r{text}" if asked < requests else f"\r{' ' * len(text)}\r")
    sys.stderr.flush()


def untold(model: str, asked: int, requests: int) -> None:
    """Show nothing."""
