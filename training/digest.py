"""The digest of an artifact's content, the same wherever the same training runs.

The bytes of a skops file never repeat: its members and `__id__`s are memory addresses, and zip writes the time. So the
ids are numbered in the order of the walk and each member is replaced by its own hash.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

VERSION_DIGITS = 12
"""So many digits of the digest are the version."""


def digest_of(files: Mapping[str, bytes]) -> str:
    """Give the SHA-256, in hex, over names and normalised contents, in the order of the names."""
    digest = hashlib.sha256()
    for name in sorted(files):
        content = normalised(files[name]) if name.endswith(".skops") else files[name]
        digest.update(f"{name} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


def normalised(stored: bytes) -> bytes:
    """Give the content of a skops file without what differs from run to run."""
    with zipfile.ZipFile(io.BytesIO(stored)) as archive:
        members = {name: hashlib.sha256(archive.read(name)).hexdigest() for name in archive.namelist()}
        schema = json.loads(archive.read("schema.json"))
    return json.dumps(renumbered(schema, {}, members), sort_keys=True).encode()


def renumbered(node: Any, seen: dict[int, int], members: Mapping[str, str]) -> Any:
    """Walk a schema, replacing ids by their order and file names by hashes."""
    if isinstance(node, list):
        return [renumbered(entry, seen, members) for entry in node]
    if not isinstance(node, dict):
        return node
    result: dict[str, Any] = {}
    for key, value in node.items():
        if key == "__id__":
            result[key] = seen.setdefault(value, len(seen))
        elif key == "file" and isinstance(value, str) and value in members:
            result[key] = members[value]
        else:
            result[key] = renumbered(value, seen, members)
    return result
