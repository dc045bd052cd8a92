"""The text of gateway.yaml as YAML, with lines: refused are what is none, and what only aliases make endless."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from gateway.settings.settings import SettingsError

DEEPEST = 64
"""A value may stand so deep, eight times as deep as any setting does: an alias within itself never ends."""

TEXTS = ("tag:yaml.org,2002:str", "tag:yaml.org,2002:merge")
"""What a key may be: `on`, `no` and `1` are something else."""

MOST_VALUES = 1_000_000
"""So many there may be, those of aliases as often as they are named: ten lists of nine are a thousand million."""


class Loader(yaml.SafeLoader):
    """Say where a value is that Python cannot make: as `2026-13-45` is no date."""

    def construct_object(self, node: Any, deep: bool = False) -> Any:
        """Make a value; raises YAMLError."""
        try:
            return super().construct_object(node, deep)  # whatever a conversion fails by:
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as exc:
            told = f"{node.value[:40]!r} is no {node.tag.rpartition(':')[2]}"
            raise yaml.constructor.ConstructorError(None, None, told, node.start_mark) from exc


def read_document(path: Path) -> tuple[yaml.MappingNode, dict[Any, Any]]:
    """Read a file; gives its nodes, which know their lines, and what they hold. Raises SettingsError."""
    try:
        data = path.read_bytes()
    except OSError as exc:
        raise SettingsError(f"{path} cannot be read: {exc.strerror}") from exc
    try:
        text = data.decode("utf-8-sig")
        loader = Loader(text)
        node = loader.get_single_node()
        if not isinstance(node, yaml.MappingNode):
            raise SettingsError(f"{path}, line 1: must hold a mapping with backends, routes and default")
        for line, reason in faults(node):
            raise SettingsError(f"{path}, line {line}: {reason}")
        return node, loader.construct_document(node)
    except UnicodeDecodeError as exc:
        line = 1 + data.count(b"\n", 0, exc.start)
        raise SettingsError(f"{path}, line {line}: is not YAML: {exc.reason} for UTF-8") from exc
    except yaml.MarkedYAMLError as exc:
        told = ", ".join(filter(None, (exc.context, exc.problem)))
        if "<block end>" in told and not told.endswith(("'}'", "']'")):
            told += ": is it indented as what it belongs to?"
        mark = exc.problem_mark or exc.context_mark
        raise SettingsError(f"{path}, line {1 + mark.line if mark else 1}: is not YAML: {told}") from exc
    except yaml.reader.ReaderError as exc:
        line = 1 + text.count("\n", 0, exc.position)
        raise SettingsError(f"{path}, line {line}: is not YAML: a character may not be in it") from exc
    except RecursionError as exc:
        raise SettingsError(f"{path}, line {1 + loader.line}: is nested too deeply") from exc


def faults(root: yaml.Node) -> Iterator[tuple[int, str]]:
    """Yield what is wrong with the nodes of a file before anything is made of them, with lines.

    YAML forbids a key to stand twice in one mapping, but its parser takes the last.
    """
    left, count = [(root, 0)], 0
    while left:
        node, depth = left.pop()
        line, count = 1 + node.start_mark.line, count + 1
        if depth > DEEPEST:
            yield line, "is nested too deeply"
        if count > MOST_VALUES:
            yield line, f"there are more than {MOST_VALUES:,} values"
        if isinstance(node, yaml.MappingNode):
            yield from faults_of_keys([key for key, _ in node.value if isinstance(key, yaml.ScalarNode)])
            left += [(part, depth + 1) for pair in node.value for part in reversed(pair)]
        elif isinstance(node, yaml.SequenceNode):
            left += [(child, depth + 1) for child in node.value]
        elif not is_text(node.value):
            yield line, "holds half of a character"


def faults_of_keys(keys: Iterable[yaml.ScalarNode]) -> Iterator[tuple[int, str]]:
    """Yield what is wrong with those of one mapping."""
    seen = set[str]()
    for key in keys:
        line = 1 + key.start_mark.line
        if key.value in seen:
            yield line, f"{key.value} is there twice"
        seen.add(key.value)
        if key.tag not in TEXTS:
            yield line, f"{key.value} must stand in quotes: each key is a text, and YAML reads this as something else"


def is_text(value: str) -> bool:
    """Say whether a text can be written: an escape may be half of a character."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
