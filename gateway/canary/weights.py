"""The weights of a split in the one place that holds them: the file of the settings, or another one."""

import math
import os
from collections.abc import Mapping
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, Protocol

import yaml

PLACES = 6
"""So many decimal places a weight has at most."""


class PlaceError(Exception):
    """Report that the place cannot be read or written, or holds no such split."""


class Place(Protocol):
    """Where the settings are."""

    def read(self) -> str:
        """Give the settings as they are; raises PlaceError."""

    def write(self, text: str) -> None:
        """Put others in their place, all at once, unless they have changed since they were read; raises PlaceError."""


class File:
    """Hold the settings in a file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.text = ""

    def __str__(self) -> str:
        return str(self.path)

    def read(self) -> str:
        """Read the file."""
        try:
            self.text = self.path.read_bytes().decode()  # `read_text` would lose the ends of lines
        except (OSError, UnicodeDecodeError) as exc:
            raise PlaceError(f"{self.path} cannot be read: {reason_of(exc)}") from exc
        return self.text

    def write(self, text: str) -> None:
        """Write another file, and put it in the place of the first."""
        before = self.text
        if self.read() != before:
            raise PlaceError(f"{self.path} has changed meanwhile")
        path = self.path.resolve()  # a link stays one
        try:
            with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}-", delete=False) as new:
                try:
                    new.write(text.encode())
                    new.flush()
                    os.fsync(new.fileno())
                    Path(new.name).chmod(path.stat().st_mode)
                    Path(new.name).replace(path)
                finally:
                    Path(new.name).unlink(missing_ok=True)
        except OSError as exc:
            raise PlaceError(f"{self.path} cannot be written: {reason_of(exc)}") from exc
        self.text = text


def weights_in(text: str, route: str) -> dict[str, float]:
    """Give the weights of a split; raises PlaceError where there is none of two sides."""
    document = loaded(text)
    try:
        weights = document["routes"][route]["split"]["weights"].items()
    except (LookupError, TypeError, AttributeError) as exc:
        raise PlaceError(f"there is no split {route!r} in the settings{splits_told(document)}") from exc
    found = {str(side): number(route, str(side), weight) for side, weight in weights}
    if len(found) != 2:
        raise PlaceError(f"{route} has the sides {', '.join(found)}: a canary is between two")
    if not (0 < sum(found.values()) < math.inf and min(found.values()) >= 0):
        raise PlaceError(f"{route} has the weights {', '.join(map(str, found.values()))}, of which there are no shares")
    return found


def number(route: str, side: str, weight: Any) -> float:
    """Give a weight; raises PlaceError where it is none. It is told where it is a text: not all else can be written."""
    try:
        return float(weight)
    except (TypeError, ValueError, OverflowError) as exc:
        told = f": {weight[:20]!r}" if isinstance(weight, str) else ""
        raise PlaceError(f"{route} has for {side} a weight that is no number{told}") from exc


def loaded(text: str) -> Any:
    """Read the settings as they are, without a look at what they say; raises PlaceError."""
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as exc:  # `2026-13-45` is no date
        raise PlaceError(f"the settings are no YAML: {exc}") from exc


def splits_told(document: Any) -> str:
    """Say which splits there are instead."""
    routes = document.get("routes") if isinstance(document, dict) else None
    named = routes.items() if isinstance(routes, dict) else ()
    found = [str(name) for name, its in named if isinstance(its, dict) and "split" in its]
    return f", only {', '.join(found)}" if found else ", and no other"


def reason_of(error: OSError | UnicodeDecodeError) -> str:
    """Say why a file cannot be used, without its name once more."""
    return (isinstance(error, OSError) and error.strerror) or str(error)


def with_weights(text: str, route: str, weights: Mapping[str, float]) -> str:
    """Give the same text with other weights, and every other character, comments too, as it is; raises PlaceError."""
    expected = loaded(text)
    expected["routes"][route]["split"]["weights"] = dict(weights)
    try:
        node: Any = yaml.compose(text)
        for step in ("routes", route, "split", "weights"):
            node = child(node, step)
        spans = [(node_of.start_mark.index, node_of.end_mark.index, weights[side]) for side, node_of in sides(node)]
        changed = text
        for start, end, weight in sorted(spans, reverse=True):
            changed = f"{changed[:start]}{written(weight)}{changed[end:]}"
        alone = loaded(changed) == expected  # an alias stands for a node elsewhere
    except (LookupError, StopIteration, PlaceError):  # a merge key (`<<`) brings them, or an alias one of them
        alone = False
    if not alone:
        raise PlaceError(f"the weights of {route} are not written in their place alone: write them out there")
    return changed


def written(weight: float) -> str:
    """Write a weight as YAML reads it: 1e-05 would be a text."""
    return f"{weight:.{PLACES}f}".rstrip("0").rstrip(".")


def sides(node: Any) -> list[tuple[str, Any]]:
    """Give the nodes of all weights by their sides."""
    return [(key.value, value) for key, value in node.value]


def child(node: Any, step: str) -> Any:
    """Give what a mapping has under a key."""
    return next(value for key, value in node.value if key.value == step)
