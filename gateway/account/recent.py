"""The last requests, for somebody who looks: what the access record says of each, and the way that it took."""

from collections import deque
from itertools import islice
from typing import Any

import msgspec

from gateway.batching import Way

MOST = 400
"""So many are kept, some 0.5 MB."""

Seen = tuple[bytes, list[Way | None], float, bool]
"""A request: its record as it is written, how the calls for it went in the order of its versions, its limit in seconds,
and whether the prediction log keeps it. Neither bodies nor answers are kept.

Lines and a plain tuple cost half of what records and a class of their own would.
"""


class Recent:
    """Keep the last requests that named a model or a route; `number` counts all of them.

    A request pays 0.5 microseconds: what is shown is made of it when somebody looks.
    """

    def __init__(self, most: int = MOST) -> None:
        self.ring: deque[Seen] = deque(maxlen=most)
        self.number = 0

    def add(self, seen: Seen) -> None:
        """Keep a request."""
        self.number += 1
        self.ring.append(seen)

    def after(self, number: int, most: int = MOST) -> list[dict[str, Any]]:
        """Give those that came after one, the newest first, at most so many."""
        newest = self.number
        wanted = islice(reversed(self.ring), min(most, max(0, newest - number)))
        return [{"number": newest - index, **told(seen)} for index, seen in enumerate(wanted)]


def told(seen: Seen) -> dict[str, Any]:
    """Write a request as what JSON is made of; `left_ms` is what was left of the deadline at the end."""
    line, ways, limit_s, kept = seen
    record: dict[str, Any] = msgspec.json.decode(line)
    calls = [
        {
            "model": model,
            "version": version,
            "call": record["calls"][model],
            "call_ms": record["ms"].get(f"call.{model}"),
            "compute_ms": record["ms"].get(f"compute.{model}"),
            **(msgspec.to_builtins(way) if way else {}),
        }
        for (model, version), way in zip(record["versions"].items(), ways, strict=True)
    ]
    limit_ms = limit_s * 1000
    left = {"deadline_ms": round(limit_ms, 3), "left_ms": round(max(0.0, limit_ms - record["ms"]["total"]), 3)}
    return {"failed": None, **record, "calls": calls, "kept": kept, **left}
