"""One more entry in a list or mapping of a YAML file, with everything else as it is, comments and spaces too."""

from pathlib import Path
from typing import Any

import yaml

from scaffold.errors import ScaffoldError


def with_entry(path: Path, text: str, key: str, entry: str) -> str:
    """Put a line behind the last entry under a key of the file's mapping.

    Raises ScaffoldError where the entries do not stand one a line, since there is then no line to put it behind.
    """
    fault = ScaffoldError(f"{path}: write the entries of {key} one a line, each below the other, so that one fits in")
    collection = value_of(yaml.compose(text), key)
    if not isinstance(collection, yaml.CollectionNode) or collection.flow_style or not collection.value:
        raise fault
    behind = text.find("\n", last_leaf(collection).end_mark.index)
    head, tail = (f"{text}\n", "") if behind < 0 else (text[: behind + 1], text[behind + 1 :])
    changed = f"{head}{' ' * collection.start_mark.column}{entry}\n{tail}"
    if not adds(text, changed, key, entry):
        raise fault
    return changed


def value_of(node: Any, key: str) -> Any:
    """Give the node under a key, None without one."""
    pairs = node.value if isinstance(node, yaml.MappingNode) else ()
    return next((value for name, value in pairs if name.value == key), None)


def last_leaf(node: Any) -> Any:
    """Give what stands last in a node: a block's own end mark is behind the comments that follow it."""
    while isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        node = node.value[-1][1] if isinstance(node, yaml.MappingNode) else node.value[-1]
    return node


def adds(text: str, changed: str, key: str, entry: str) -> bool:
    """Say whether the changed text says the same with the entry, and nothing else."""
    before, after, new = yaml.safe_load(text), yaml.safe_load(changed), yaml.safe_load(entry)
    before[key] = [*before[key], *new] if isinstance(new, list) else {**before[key], **new}
    return bool(before == after)
