"""The limits of the door, each with its reason, and the watch that holds callers to them.

httptools refuses by itself a length beside chunks, two lengths, a bare line feed and a folded line; uvicorn limits
nothing of what follows, and holds half a head for ever.
"""

import resource
from collections.abc import Collection, Sequence
from typing import Protocol

import httptools

from gateway.errors import GatewayError, HeadTooLarge, MalformedRequest, TooLarge, TooSlow, UrlTooLong
from gateway.listening.refusals import Refusals
from gateway.settings import SettingsError

HEAD_S = 5.0
"""For a head, from when its caller has come or its first byte has; a head fits into a packet or a few."""

IDLE_S, BODY_S = 5.0, 30.0
"""For more of a body, and for all of it: 16 MiB at 4.5 Mbit/s, and the longest deadline that there is."""

TAKEN_S = 10.0
"""For a caller to take more of its answer, which is held in memory until then."""

HANDSHAKE_S = 5.0
"""For the handshake of TLS, which asyncio gives a minute."""

HEAD_BYTES, URL_BYTES, HEADERS = 16 * 2**10, 8 * 2**10, 64
"""As most servers have them; httptools takes 2 MiB of one header without a word."""

ON_ITS_WAY = 2
"""So many times the most bytes of a body may come for it: httptools tells nothing of what chunks carry beside the
body, nor of a trailer without an end, and a body that was refused by its length still comes."""

IN_LINE = 64
"""So many requests may wait on one connection: ten thousand fit into one read of the socket, and took 35 MB."""

SCARCE = 0.1
"""Where fewer than this part of the connections are free, an unused one is kept no longer than one that never asked:
else one caller could have all of them for as long as they are kept."""

ADMIN_CONNECTIONS = 64
"""For probes, Prometheus and a few people: the public side cannot take them away."""

RESERVE = 16
"""So many callers over the most are taken, and answered once if they ask for health."""

HEALTH = frozenset([b"/livez", b"/readyz", b"/v2/health/live", b"/v2/health/ready"])

MOST_CONNECTIONS = 10_000
"""Where there are descriptors for more: one core serves no more."""


def most_connections(wanted: int | None) -> int:
    """Give the most connections of the public listeners together; raises SettingsError where so many do not fit.

    Those of all listeners are fewer than half of the descriptors that the process may have: the other half is for the
    models, for files and for gRPC.
    """
    descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if descriptors == resource.RLIM_INFINITY:
        return wanted or MOST_CONNECTIONS
    fit = (descriptors - 1) // 2 - ADMIN_CONNECTIONS - 2 * RESERVE
    if fit < (wanted or 1):
        raise SettingsError(
            f"GATEWAY_MAX_CONNECTIONS: {wanted or 1} connections need {descriptors + 2 * ((wanted or 1) - fit)} file "
            f"descriptors, and this process may have {descriptors} (ulimit -n)"
        )
    return wanted or min(fit, MOST_CONNECTIONS)


def check_head(url: bytes, headers: Sequence[tuple[bytes, bytes]], parser: httptools.HttpRequestParser) -> None:
    """Raise GatewayError for a head that is whole and cannot be (RFC 9112, 3.2; RFC 6585, 5)."""
    size, hosts = len(url), 0
    for name, value in headers:
        size += len(name) + len(value)
        if name == b"host":
            hosts += 1
    if len(url) > URL_BYTES:
        raise UrlTooLong(f"the URL has {len(url)} bytes, more than {URL_BYTES}")
    if size > HEAD_BYTES or len(headers) > HEADERS:
        raise HeadTooLarge(f"{len(headers)} headers of {size} bytes are more than {HEADERS} or {HEAD_BYTES}")
    if hosts != 1 and (hosts or parser.get_http_version() == "1.1"):
        raise MalformedRequest(f"there must be one Host, and there are {hosts}")


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


class Guard:
    """Hold the connections of some listeners to the limits; `counted` are those that are open or opening.

    A connection is kept for `kept_s` after an answer, while there are enough.
    """

    def __init__(self, most: int, most_body_bytes: int, refusals: Refusals, kept_s: float = HEAD_S) -> None:
        self.most = most
        self.kept_s = kept_s
        self.most_on_its_way = ON_ITS_WAY * most_body_bytes + HEAD_BYTES
        self.refusals = refusals
        self.counted: list[Collection[object]] = []

    @property
    def free(self) -> int:
        """Say how many more may come; below one it is the reserve."""
        return self.most - sum([len(some) for some in self.counted])

    @property
    def patience_s(self) -> float:
        """Say how long a connection is kept now on which nothing more is asked."""
        return self.kept_s if self.free > self.most * SCARCE else min(self.kept_s, HEAD_S)

    def check_size(self, came: int, headers: Sequence[object], *, head: bool) -> None:
        """Raise GatewayError where too much has come of a request that is not whole yet."""
        if head and came > HEAD_BYTES and not headers:
            raise UrlTooLong(f"the URL has more than {URL_BYTES} bytes")
        if (head and came > HEAD_BYTES) or len(headers) > HEADERS:
            raise HeadTooLarge(f"there are more than {HEADERS} headers, or more than {HEAD_BYTES} bytes of them")
        if came > self.most_on_its_way:
            raise TooLarge(f"what came for the body has more than {self.most_on_its_way} bytes")


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
