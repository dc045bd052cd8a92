"""How long callers may let others wait, each time with its reason, and the watch that holds them to it.

uvicorn holds half a head for ever.
"""

from typing import Protocol

from gateway.errors import GatewayError, TooSlow

HEAD_S = 5.0
"""For a head, from when its caller has come or its first byte has; a head fits into a packet or a few."""

IDLE_S, BODY_S = 5.0, 30.0
"""For more of a body, and for all of it: 16 MiB at 4.5 Mbit/s, and the longest deadline that there is."""

TAKEN_S = 10.0
"""For a caller to take more of its answer, which is held in memory until then."""

HANDSHAKE_S = 5.0
"""For the handshake of TLS, which asyncio gives a minute."""


class Watched(Protocol):
    """What the watch asks of a connection; `heard` is set when anything comes."""

    heard: bool
    owing: "Owing"

    def owes(self) -> tuple[str, object]:
        """Say what its caller has to do, a word of `look`, and for which request."""

    def refuse(self, error: GatewayError) -> None:
        """Answer with an error, if there was none, and close."""

    def give_up(self) -> None:
        """Close without a word."""


class Owing:
    """Hold since when a caller owes something, and when a part of it came last."""

    __slots__ = ("came", "of", "since", "what")

    def __init__(self) -> None:
        self.what, self.of = "", object()
        self.since = self.came = 0.0


def look(connection: Watched, now: float, kept_s: float = HEAD_S) -> None:
    """Refuse or close a connection whose caller has let others wait too long; `now` is in seconds of any clock.

    It is closed too if nothing more is asked for `kept_s`.
    """
    owing = connection.owing
    what, of = connection.owes()
    if what != owing.what or of is not owing.of:
        owing.what, owing.of, owing.since, owing.came = what, of, now, now
    elif connection.heard:
        owing.came = now
    connection.heard = False
    whole_s, idle_s = now - owing.since, now - owing.came
    if what == "head" and whole_s > HEAD_S:
        connection.refuse(TooSlow(f"the head was not whole after {HEAD_S:g} s"))
    elif what == "body" and idle_s > IDLE_S:
        connection.refuse(TooSlow(f"nothing more of the body came for {IDLE_S:g} s"))
    elif what == "body" and whole_s > BODY_S:
        connection.refuse(TooSlow(f"the body was not whole after {BODY_S:g} s"))
    elif (
        (what == "ask" and whole_s > HEAD_S)
        or (what == "ask more" and whole_s > kept_s)
        or (what == "take" and idle_s > TAKEN_S)
    ):
        connection.give_up()
