"""The files of the log: written whole or not at all, and deleted when they are too old or too many.

A folder has one folder for each model, with Parquet files, and `feedback` with lines of JSON. Several gateways may
share it: each writes files of its own.
"""

import os
import socket
import stat
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import NamedTuple

FEEDBACK = "feedback"
"""No model has this name's folder by chance: one that is named so shares it, with other endings."""

PARQUET, LINES, UNFINISHED = ".parquet", ".jsonl", ".tmp"

PERMISSIONS = 0o640
"""Others have no business with what callers sent."""

ABANDONED_S = 3600
"""An unfinished file of that age is of a process that died."""


class File(NamedTuple):
    """Hold what is known of a file; `changed` is in seconds since 1970."""

    changed: float
    size: int
    path: Path


class Folder:
    """Write the files of one process below `root`, which is made where it is missing."""

    def __init__(self, root: Path) -> None:
        self.root = root
        # Two gateways on one machine, or with one volume, never write one file.
        self.writer = f"{socket.gethostname()}-{os.getpid()}"
        self.numbers = count()
        self.torn = False

    def write(self, model: str, stamp: str, content: bytes) -> None:
        """Write the rows of one version as one file, which nobody sees before it is complete; raises OSError."""
        folder = self.root / model
        folder.mkdir(parents=True, exist_ok=True)
        name = f"{stamp}-{self.writer}-{next(self.numbers)}"
        unfinished = folder / f".{name}{UNFINISHED}"
        try:
            with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT, PERMISSIONS), "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(folder / f"{name}{PARQUET}")
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise

    def append(self, day: str, line: bytes) -> None:
        """Append one line of feedback, in one thread only; raises OSError where it cannot be written whole."""
        folder = self.root / FEEDBACK
        folder.mkdir(parents=True, exist_ok=True)
        path, flags = folder / f"{day}-{self.writer}{LINES}", os.O_WRONLY | os.O_APPEND | os.O_CREAT
        descriptor = os.open(path, flags, PERMISSIONS)
        # What a full disk cut off ends here, or it would take the next line with it.
        whole = b"\n" * self.torn + line + b"\n"
        try:
            written = os.write(descriptor, whole)
            self.torn = written < len(whole)
            if self.torn:
                raise OSError(f"only {written} of the {len(whole)} bytes of a line were written")
        finally:
            os.close(descriptor)

    def prune(self, now: float, most_bytes: float, most_s: float) -> list[Path]:
        """Delete what is older than that, and the oldest of what is more; gives what is gone."""
        gone = []
        files = sorted(files_of(self.root))
        size = sum(file.size for file in files)
        for file in files:
            limit_s = min(most_s, ABANDONED_S) if file.path.suffix == UNFINISHED else most_s
            if size > most_bytes or now - file.changed > limit_s:
                file.path.unlink(missing_ok=True)
                size -= file.size
                gone.append(file.path)
        return gone


def files_of(root: Path) -> Iterator[File]:
    """Yield the files of a log, and no other that may lie there."""
    for path in root.glob("*/*"):
        if path.suffix not in (PARQUET, LINES, UNFINISHED):
            continue
        try:
            about = path.lstat()
        except FileNotFoundError:  # another gateway was sooner
            continue
        if stat.S_ISREG(about.st_mode):
            yield File(about.st_mtime, about.st_size, path)
