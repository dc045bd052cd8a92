"""Writing several files, all or none."""

from collections.abc import Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from scaffold.errors import ScaffoldError


def write_all(root: Path, files: Mapping[Path, str]) -> None:
    """Write each text to its path below `root`; raises ScaffoldError after everything is as it was, if one fails."""
    with ExitStack() as undo:
        for path, text in files.items():
            try:
                write(root / path, text, undo)
            except OSError as exc:
                raise ScaffoldError(f"{path} cannot be written: {exc.strerror}; nothing was changed") from exc
        undo.pop_all()


def write(path: Path, text: str, undo: ExitStack) -> None:
    """Write one file and the folders above it; `undo` gets what takes each step back."""
    for folder in reversed(path.parents):
        if not folder.exists():
            folder.mkdir()
            undo.callback(folder.rmdir)
    old = path.read_bytes() if path.exists() else None
    with path.open("xb" if old is None else "r+b") as file:  # neither harms what it cannot write
        undo.callback(path.unlink if old is None else partial(path.write_bytes, old))
        file.write(text.encode())
        file.truncate()
