"""The command: python training/train.py."""

import json
import os
import traceback
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from models import CatalogError, catalog, model_names
from models.catalog import FOLDER, check_names

if TYPE_CHECKING:
    from training.run import Outcome

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
progress = Console(stderr=True)


@app.command()
def main(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[MODEL]...", help="Models to train; all without.")
    ] = None,
    *,
    show: Annotated[
        bool, typer.Option("--list", help="List the models and what is stored, and train nothing.")
    ] = False,
    missing: Annotated[bool, typer.Option("--missing", help="Train only what is not stored yet.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Store again what is stored already, with a new report.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON in place of the table.")] = False,
    models: Annotated[
        Path, typer.Option("--models", help="The folder of the models.", file_okay=False, exists=True)
    ] = FOLDER,
) -> None:
    """Fit and judge the models, and store those that clear their bars in BentoML's model store.

    A model that is stored already, with the same content, is not stored again. A model that is refused leaves the
    store as it was; the others are trained all the same, and the exit code is 1.
    """
    os.environ.setdefault("BENTOML_DO_NOT_TRACK", "True")
    try:
        check_names(models, names or [])
        if show:
            print_list(names or model_names(models), as_json=as_json)
            return
        wanted = names or model_names(models)
        if missing:
            wanted = [name for name in wanted if stored_version(name) is None]
        outcomes, refused = train_all(wanted, models, force=force)
    except CatalogError as exc:
        tell_error(str(exc))
        raise typer.Exit(1) from exc
    if as_json or outcomes:
        print_outcomes(outcomes, as_json=as_json)
    elif not refused and not missing:
        progress.print("there are no models to train")
    if refused:
        raise typer.Exit(1)


def stored_version(name: str) -> str | None:
    """Ask the store; imported late, since BentoML takes a second to import."""
    from training.store import stored_version as ask

    return ask(name)


def train_all(names: list[str], folder: Path, *, force: bool) -> "tuple[list[Outcome], int]":
    """Train one model after the other, with progress; gives what came of it and how many were refused."""
    outcomes: list[Outcome] = []
    refused = 0
    if not names:
        return outcomes, refused
    found = catalog(folder, names)
    from training.errors import TrainingError
    from training.run import train

    for name, model in found.items():
        with spinner(f"{name}: starting") as status:
            try:
                outcome = train(model, force=force, step=partial(tell, status, name))
            except TrainingError as exc:
                tell_error(str(exc))
                refused += 1
            except Exception as exc:  # noqa: BLE001 (whatever a user's data or estimator raises, the others go on)
                traceback.print_exception(exc)
                tell_error(f"{name} cannot be trained: {type(exc).__name__}: {exc}")
                refused += 1
            else:
                outcomes.append(outcome)
    return outcomes, refused


def print_outcomes(outcomes: "list[Outcome]", *, as_json: bool) -> None:
    """Print what was trained."""
    if as_json and not outcomes:
        typer.echo("[]")
        return
    from training.output import as_document, print_table

    if as_json:
        typer.echo(json.dumps([as_document(outcome) for outcome in outcomes], indent=1))
    else:
        print_table(outcomes)


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


def print_list(names: list[str], *, as_json: bool) -> None:
    """Print the models of the folder with the version that is stored."""
    entries = [{"model": name, "version": stored_version(name)} for name in names]
    if as_json:
        typer.echo(json.dumps(entries, indent=1))
        return
    table = Table("model", "version", box=None, header_style="bold", pad_edge=False)
    for entry in entries:
        table.add_row(entry["model"], entry["version"] or "not trained")
    Console().print(table)
