"""Reading the settings, and saying where in the file, or in which variable, one is wrong."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_settings import SettingsError as SourceError

from gateway.settings.document import read_document
from gateway.settings.messages import message_of
from gateway.settings.parts import shortened
from gateway.settings.settings import PREFIX, Settings, SettingsError


def read_settings(path: Path) -> Settings:
    """Read the file and the environment; raises SettingsError with the line of what is wrong."""
    node, document = read_document(path)
    for variable in os.environ:
        name = variable.removeprefix(PREFIX).split("__")[0].lower()
        if variable.startswith(PREFIX) and name not in Settings.model_fields:
            raise SettingsError(f"{variable}: there is no setting {name}")
    try:
        return Settings(**{str(key): value for key, value in document.items()})
    except ValidationError as exc:
        lines = [describe(error, path, node) for error in causes(exc.errors(include_url=False))]
        raise SettingsError("\n".join(lines)) from exc
    except SourceError as exc:  # a variable that should hold JSON, such as a list
        raise SettingsError(f"{exc}: {exc.__cause__}") from exc


def causes(errors: Sequence[Any]) -> list[Any]:
    """Leave out what follows from others: pydantic counts what is right in a list, and then calls that too short."""
    wrong = [error["loc"] for error in errors]
    return [
        error
        for error in errors
        if error["type"] != "too_short"
        or not any(len(loc) > len(error["loc"]) and loc[: len(error["loc"])] == error["loc"] for loc in wrong)
    ]


def describe(error: Any, path: Path, node: yaml.Node) -> str:
    """Say where in the file a fault lies, or that it comes from the environment."""
    place = [str(step) for step in error["loc"]]
    message = message_of(error)
    if not place:
        return f"{path}: {message}"
    variable = PREFIX + "__".join(place).upper()
    if variable in {name.upper() for name in os.environ}:
        return f"{variable}: {message}"
    return f"{path}, line {line_of(node, place)}: {'.'.join(map(written, place))} {message}"


def written(step: str) -> str:
    """Write a key so that it stays on its line."""
    return shortened(step) if step.isprintable() else repr(shortened(step))


def place_in(path: Path, place: list[str]) -> str:
    """Name the line of a key as the file holds it now; only the file where it cannot be read any more."""
    try:
        node = yaml.compose(path.read_text())
    except (OSError, yaml.YAMLError, UnicodeDecodeError):
        node = None
    return str(path) if node is None else f"{path}, line {line_of(node, place)}"


def line_of(node: yaml.Node, place: list[str]) -> int:
    """Give the line of a key, or of the deepest part of its way that is in the file."""
    line = node.start_mark.line + 1
    for step in place:
        children: Any = []
        if isinstance(node, yaml.MappingNode):
            children = [(key.value, key, value) for key, value in node.value]
        elif isinstance(node, yaml.SequenceNode):
            children = [(str(index), value, value) for index, value in enumerate(node.value)]
        # The last: before them stand those that a merge key (`<<`) has brought, which they override.
        match = next((child for child in reversed(children) if child[0] == step), None)
        if match is None:
            return line
        line, node = match[1].start_mark.line + 1, match[2]
    return line
