"""The command: python -m scaffold churn, which `make model NAME=churn` runs."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from scaffold.additions import add
from scaffold.errors import ScaffoldError
from scaffold.places import new_files

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

NEXT = """
next:
  edit models/{name}.py   its data, features, estimator and bars; then tests/models/test_{name}.py
  make train   fits and judges it, and stores it
  make serve   runs it behind the gateway: POST /v1/models/{name}:predict
"""


@app.command()
def main(name: Annotated[str, typer.Argument(help="What the model is called everywhere, such as churn.")] = "") -> None:
    """Add a model that trains at once: its file, test and manifests, and its lines in what names all models."""
    written, own = add(Path(), name), new_files(name)
    for path in written:
        typer.echo(f"{'made' if path in own else 'changed':<7} {path}")
    typer.echo(NEXT.format(name=name), nl=False)


def run() -> int:
    """Run the command; gives the exit code."""
    try:
        app()
    except ScaffoldError as exc:
        sys.stderr.write(f"error: {exc}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(run())
