"""Adding a model: everything that it writes is there as text before any of it is written."""

from pathlib import Path
from string import Template

from scaffold.entries import with_entry
from scaffold.names import check_name
from scaffold.places import AUTOSCALING, BASE, PROCFILE, SETTINGS, new_files, read
from scaffold.procfile import free_port, with_process
from scaffold.write import write_all

TEMPLATES = Path(__file__).parent / "templates"


def add(root: Path, name: str) -> list[Path]:
    """Add a model to the project under `root`, whole or not at all; gives what was written, by paths below it.

    Raises ScaffoldError when nothing was changed.
    """
    check_name(root, name)
    files = additions(root, name)
    write_all(root, files)
    return list(files)


def additions(root: Path, name: str) -> dict[Path, str]:
    """Give the text of each file by its path below `root`; raises ScaffoldError where a file has no place for it."""
    port = free_port(read(root, PROCFILE))
    resource = f"- models/{name}"
    lists = {
        SETTINGS: ("backends", f"{name}: {{url: http://ml-{name}}}"),
        **dict.fromkeys((BASE, AUTOSCALING), ("resources", resource)),
    }
    changed = {path: with_entry(path, read(root, path), key, entry) for path, (key, entry) in lists.items()}
    changed[PROCFILE] = with_process(read(root, PROCFILE), name, port)
    words = {"name": name, "Name": name.capitalize(), "port": port}
    made = {
        path: Template((TEMPLATES / source).read_text()).substitute(words) for path, source in new_files(name).items()
    }
    return {**changed, **made}
