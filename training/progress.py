"""Doing one thing to every model: what is under way goes to stderr, and one bad model does not stop the others."""

import traceback
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any, TypeVar

from rich.console import Console

from models import Model
from training.errors import TrainingError

Result = TypeVar("Result")
Step = Callable[[str], None]

progress = Console(stderr=True)


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
                traceback.print_exception(exc)
                tell_error(f"{name} cannot be trained: {type(exc).__name__}: {exc}")
    return results, len(models) - len(results)


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
