"""Doing one thing to every model: what is under way goes to stderr, and one bad model does not stop the others."""

import sysconfig
import traceback
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from rich.console import Console

from models import Model
from training.errors import TrainingError, first_line

Result = TypeVar("Result")
Step = Callable[[str], None]

progress = Console(stderr=True)

ROOT = Path(__file__).resolve().parents[1]
OURS = (str(ROOT / "training"), str(ROOT / "contract"))
INSTALLED = (sysconfig.get_path("stdlib"), sysconfig.get_path("purelib"), sysconfig.get_path("platlib"))


def each(models: Mapping[str, Model], act: Callable[[Model, Step], Result]) -> tuple[list[Result], int]:
    """Act on one model after the other; gives the results, and how many were refused."""
    results: list[Result] = []
    for name, model in models.items():
        with spinner(f"{name}: starting") as status:
            try:
                results.append(act(model, partial(tell, status, name)))
            except TrainingError as exc:
                tell_error(str(exc))
            except Exception as exc:  # noqa: BLE001 (whatever a user's data or estimator raises, the others go on)
                tell_raised(name, exc)
    return results, len(models) - len(results)


def tell_raised(name: str, error: Exception) -> None:
    """Say what stopped a training, and where a user's own code did; only of our own fault there is a traceback."""
    frames = traceback.extract_tb(error.__traceback__)
    if is_within(frames[-1].filename, OURS):
        traceback.print_exception(error)
    theirs = [frame for frame in frames if not is_within(frame.filename, (*OURS, *INSTALLED))]
    place = f" ({Path(theirs[-1].filename).name}, line {theirs[-1].lineno})" if theirs else ""
    tell_error(f"{name} cannot be trained: {type(error).__name__}: {first_line(error)}{place}")


def is_within(file: str, folders: tuple[str, ...]) -> bool:
    """Say whether a file lies beneath one of some folders."""
    return any(Path(file).is_relative_to(folder) for folder in folders)


def tell_error(text: str) -> None:
    """Say why something was refused."""
    progress.print(f"error: {text}", style="red", highlight=False, markup=False, soft_wrap=True)


def spinner(text: str) -> AbstractContextManager[Any]:
    """Show that work is under way, on a terminal."""
    return progress.status(text) if progress.is_terminal else nullcontext()


def tell(status: Any, name: str, step: str) -> None:
    """Say which step is under way: on a terminal in one place, else line by line."""
    if status is None:
        progress.print(f"{name}: {step}", highlight=False)
    else:
        status.update(f"{name}: {step}")
