"""The names that a new model can have."""

import keyword
from pathlib import Path

from contract import NAME_PATTERN
from scaffold.errors import ScaffoldError
from scaffold.places import LISTS, PROCFILE, SETTINGS, document, new_files, processes, read

USAGE = "make model NAME=churn"
GATEWAY = "gateway"


def check_name(root: Path, name: str) -> None:
    """Raise ScaffoldError unless a model of the project under `root` can get this name."""
    if not name:
        raise ScaffoldError(f"a model needs a name: {USAGE}")
    if not NAME_PATTERN.fullmatch(name):
        raise ScaffoldError(
            f"{name!r} cannot name a model: take a small letter, then small letters and digits, 40 at most: {USAGE}"
        )
    if name == GATEWAY or keyword.iskeyword(name):
        owner = "the project" if name == GATEWAY else "Python"
        raise ScaffoldError(f"{name!r} cannot name a model, since it is a word of {owner}'s own; take another")
    if found := places_of(root, name):
        raise ScaffoldError(f"{name!r} is there already, in {', '.join(found)}; take another name, or remove it there")


def places_of(root: Path, name: str) -> list[str]:
    """Say where something has this name."""
    found = [str(path) for path in new_files(name) if (root / path).exists()]
    settings = document(root, SETTINGS)
    found += [f"{SETTINGS} ({key})" for key in ("backends", "routes") if name in (settings.get(key) or ())]
    found += [str(path) for path, key in LISTS.items() if f"models/{name}" in (document(root, path).get(key) or ())]
    return found + [str(PROCFILE)] * (name in processes(read(root, PROCFILE)))
