"""What the kubelet does with a ConfigMap that is mounted: the files change when it does, all at once."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

LOOKS_S = 0.5
"""A real one looks once a minute."""


@contextmanager
def projecting(file: Path, folders: list[Path]) -> Iterator[None]:
    """Keep these folders as the object in a file says, as long as this lasts."""
    over = threading.Event()

    def look() -> None:
        while not over.wait(LOOKS_S):
            held = json.loads(file.read_text())
            for folder in folders:
                project(held["data"], folder, f"..{held['metadata']['resourceVersion']}")

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def project(data: dict[str, str], folder: Path, version: str) -> None:
    """Write the files into a folder of their version, and lead the one link there by which all are read."""
    with suppress(FileExistsError):
        (folder / version).mkdir()
        for name, text in data.items():
            (folder / version / name).write_text(text)
        lead(folder / "..data", version)
        for name in data:
            lead(folder / name, f"..data/{name}")


def lead(link: Path, target: str) -> None:
    """Put a link where it may have led elsewhere."""
    new = link.with_name("..new")
    new.symlink_to(target)
    new.replace(link)
