"""Reading tests/gateway/bad_requests.yaml: what each entry sends, and what its caller is to be told."""

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from oip import HEADER_LENGTH

FILE = Path(__file__).with_name("bad_requests.yaml")
PATHS = {"v1": "/v1/models/mixed:predict", "v2": "/v2/models/mixed/infer", "binary": "/v2/models/mixed/infer"}
DOORS = {"v1": ("gateway",), "v2": ("gateway", "bento"), "binary": ("gateway", "bento")}


@dataclass(frozen=True)
class Entry:
    """Hold one entry of the file."""

    name: str
    door: str
    told: dict[str, Any]
    good: Any

    @property
    def is_v1(self) -> bool:
        """Say whether the answer is a problem document."""
        return not self.path.startswith("/v2")

    @property
    def method(self) -> str:
        """Give the method."""
        return str(self.told.get("method", "POST"))

    @property
    def path(self) -> str:
        """Give the path as it is sent."""
        return spelt(self.told.get("path", PATHS[self.told["to"]])).decode()

    def request(self) -> tuple[dict[str, str], bytes]:
        """Give headers and body."""
        good = self.good if isinstance(self.good, dict) else {"body": self.good}
        body = spelt(self.told.get("body", good["body"]))
        if "swap" in self.told:
            old, new = map(spelt, self.told["swap"])
            if (found := body.rfind(old)) < 0:
                raise ValueError(f"{self.name}: the good request has no {old!r}")
            body = body[:found] + new + body[found + len(old) :]
        headers: dict[str, Any] = {"content-type": "application/json"} if self.told["to"] == "v1" else {}
        buffers = spelt(self.told.get("buffers", good.get("buffers", "")))
        if buffers or "buffers" in self.told:
            headers[HEADER_LENGTH] = str(len(body))
        headers |= self.told.get("headers", {})
        return {name: spelt(value).decode() for name, value in headers.items() if value is not None}, body + buffers


def spelt(part: Any) -> bytes:
    """Give the bytes that a text, a list of parts, or a generator stands for."""
    if isinstance(part, str):
        return part.encode()
    if isinstance(part, list):
        return b"".join(map(spelt, part))
    (kind, inner), *_ = part.items()
    if kind == "hex":
        return bytes.fromhex(inner)
    makers = {"repeat": lambda text: text * part["times"], "gzip": gzip.compress, "deflate": zlib.compress}
    return bytes(makers[kind](spelt(inner)))


def entries(part: str = "requests") -> Iterator[Entry]:
    """Yield every entry, once for each door that it is sent to."""
    document = yaml.safe_load(FILE.read_text())
    for told in document[part]:
        for door in DOORS[told["to"]]:
            if told.get("only", door) == door:
                yield Entry(told["name"], door, told, document["good"][told["to"]])
