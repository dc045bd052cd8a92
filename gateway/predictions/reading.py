"""Reading the log: its files one by one, and what callers told of the truth."""

import os
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from arro3.io import read_parquet

from contract import Interface
from gateway.predictions.feedback import Line
from gateway.predictions.files import FEEDBACK, LINES, PARQUET
from gateway.predictions.growing import CONTRACT

MAGIC = b"PAR1"

Label = bool | float | str
Truth = dict[tuple[str, int], dict[str | None, Label]]
"""What is known of a record, by id and instance: for each model that was named, or None, the label told last."""


class Logged(NamedTuple):
    """Hold the rows of one file as lists, by the names of its columns; `contract` is that of all of them."""

    contract: Interface
    rows: int
    columns: dict[str, list[Any]]


class Unreadable(ValueError):
    """Report a log that is none, or holds what another program wrote."""


def files_of(root: Path) -> list[Path]:
    """Give the files of predictions, the newest first; raises Unreadable where there is no such folder."""
    if not root.is_dir():
        raise Unreadable(f"{root} is no folder")
    return sorted(root.glob(f"*/*{PARQUET}"), key=lambda path: path.name, reverse=True)


def read_files(paths: Iterable[Path], *, features: bool) -> Iterator[Logged]:
    """Read files one by one, with what was asked or without; a gateway may delete some meanwhile. Raises Unreadable."""
    for path in paths:
        try:
            logged = read_file(path, features=features)
        except FileNotFoundError:
            continue
        yield logged


def read_file(path: Path, *, features: bool) -> Logged:
    """Read one file; raises Unreadable, and FileNotFoundError where it is gone."""
    try:
        check_magic(path)
        reader = read_parquet(path)
        contract = Interface.from_json((reader.schema.metadata or {})[CONTRACT.encode()])
        table = reader.read_all()
        names = [name for name in table.column_names if features or not name.startswith("feature_")]
        columns = {name: list(table.column(name).to_pylist()) for name in names}
    except (FileNotFoundError, Unreadable, KeyboardInterrupt):
        raise
    except KeyError as exc:
        raise Unreadable(f"{path} names no contract: the gateway did not write it") from exc
    except BaseException as exc:  # arro3 has no exceptions of its own: it raises the bare class, or panics past it
        raise Unreadable(f"{path} cannot be read: {str(exc)[:200]}") from exc
    return Logged(contract, table.num_rows, columns)


def check_magic(path: Path) -> None:
    """Raise Unreadable unless a file begins and ends as Parquet does: arro3 panics at others, and writes that down."""
    with path.open("rb") as file:
        first = file.read(4)
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - 4))
        if not first == file.read(4) == MAGIC:
            raise Unreadable(f"{path} is no Parquet file")


def read_truth(root: Path) -> Truth:
    """Read all feedback; a line that was not written to its end is left out."""
    told: list[tuple[datetime, Line]] = []
    for path in root.glob(f"{FEEDBACK}/*{LINES}"):
        told += [(line.time, line) for line in lines_of(path)]
    truth: Truth = {}
    for _, line in sorted(told, key=lambda one: one[0]):
        truth.setdefault((line.id, line.instance), {})[line.model] = line.label
    return truth


def lines_of(path: Path) -> Iterator[Line]:
    """Yield the whole lines of a file."""
    decoder = msgspec.json.Decoder(Line)
    try:
        texts = path.read_bytes().splitlines()
    except FileNotFoundError:  # a gateway has just deleted it
        return
    for text in texts:
        try:
            yield decoder.decode(text)
        except msgspec.MsgspecError:
            continue
