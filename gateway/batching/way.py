"""How a joined call came to its answer."""

import msgspec


class Way(msgspec.Struct, frozen=True, omit_defaults=True):
    """Say how many rows of how many requests a call asked for, which address of several answered, and why again.

    `again` is the reason of the call before it, `search` where that failed for one record among them.
    """

    rows: int
    requests: int
    address: str | None = None
    again: str | None = None
