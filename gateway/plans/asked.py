"""What a plan may know of the request that asks it, beside its records."""

from collections.abc import Mapping

import msgspec


class Asked(msgspec.Struct, frozen=True):
    """Name a request and who asks, and say until when, in the loop's time; callers of one address share its turns.

    `headers` are by their names in lower case. A shadow asks its candidate as a caller of its own; `behind` it is the
    one whose request that is.
    """

    id: str
    caller: str
    deadline: float
    headers: Mapping[bytes, bytes] = {}
    behind: str = ""

    def header(self, name: str) -> str | None:
        """Give the value of a header, None where the request has none."""
        value = self.headers.get(name.lower().encode())
        return None if value is None else value.decode("latin-1")
