"""Adding a model: everything that it writes is there as text before any of it is written."""

from pathlib import Path
from string import Template

from scaffold.entries import with_entry
from scaffold.names import check_name
from scaffold.places import LISTS, PROCFILE, SETTINGS, new_files, read
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
    lists = {
        SETTINGS: ("backends", f"{name}: {{url: http://ml-{name}}}"),
        **{path: (key, f"- models/{name}") for path, key in LISTS.items()},
    }
    changed = {path: with_entry(path, read(root, path), key, entry) for path, (key, entry) in lists.items()}
    changed[PROCFILE] = with_process(read(root, PROCFILE), name, port)
    words = {"name": name, "Name": name.capitalize(), "NAME": name.upper(), "port": port}
    made = {
        path: Template((TEMPLATES / source).read_text()).substitute(words) for path, source in new_files(name).items()
    }
    return {**changed, **made}
