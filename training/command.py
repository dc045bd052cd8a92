"""The command: python training/train.py."""

import json
import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from models import CatalogError, Model, catalog, model_names
from models.catalog import FOLDER, check_names
from training.progress import each, progress, tell_error

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


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
    diff: Annotated[
        bool, typer.Option("--diff", help="Fit and judge, show what would change for callers, and store nothing.")
    ] = False,
    allow_breaking: Annotated[
        bool, typer.Option("--allow-breaking", help="Store also what breaks callers of the latest version.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON in place of the table.")] = False,
    models: Annotated[
        Path, typer.Option("--models", help="The folder of the models.", file_okay=False, exists=True)
    ] = FOLDER,
) -> None:
    """Fit and judge the models, and store those that clear their bars in BentoML's model store.

    A model that is stored already, with the same content, is not stored again. A model that misses a bar, or would
    break callers of the latest version, is refused: the store stays as it was, the others are trained all the same, and
    the exit code is 1. With --diff it is 0 whatever changes.
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
        found = catalog(models, wanted) if wanted else {}
    except CatalogError as exc:
        tell_error(str(exc))
        raise typer.Exit(1) from exc
    if not found:
        if as_json:
            print_json([])
        elif not missing:
            progress.print("there are no models to train")
        return
    if diff:
        refused = compare_all(found, as_json=as_json)
    else:
        refused = train_all(found, force=force, allow_breaking=allow_breaking, as_json=as_json)
    if refused:
        raise typer.Exit(1)


def stored_version(name: str) -> str | None:
    """Ask the store; imported late, since BentoML takes a second to import."""
    from training.store import stored_version as ask

    return ask(name)


def train_all(found: Mapping[str, Model], *, force: bool, allow_breaking: bool, as_json: bool) -> int:
    """Train the models and print what came of it; gives how many were refused."""
    from training.output import as_document, print_table
    from training.run import train

    outcomes, refused = each(found, partial(train, force=force, allow_breaking=allow_breaking))
    if as_json:
        print_json([as_document(outcome) for outcome in outcomes])
    elif outcomes:
        print_table(outcomes)
    return refused


def compare_all(found: Mapping[str, Model], *, as_json: bool) -> int:
    """Print what the models would change for callers, and store nothing; gives how many were refused."""
    from training.output import as_comparison, print_comparisons
    from training.run import compare

    comparisons, refused = each(found, compare)
    if as_json:
        print_json([as_comparison(*comparison) for comparison in comparisons])
    else:
        print_comparisons(comparisons)
    return refused


def print_json(document: Any) -> None:
    """Print for machines."""
    typer.echo(json.dumps(document, indent=1))


def print_list(names: list[str], *, as_json: bool) -> None:
    """Print the models of the folder with the version that is stored."""
    entries = [{"model": name, "version": stored_version(name)} for name in names]
    if as_json:
        print_json(entries)
        return
    table = Table("model", "version", box=None, header_style="bold", pad_edge=False)
    for entry in entries:
        table.add_row(entry["model"], entry["version"] or "not trained")
    Console().print(table)
