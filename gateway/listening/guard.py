"""The limits of the door on connections and what comes over them, each with its reason.

httptools refuses by itself a length beside chunks, two lengths, a bare line feed and a folded line; uvicorn limits
nothing of what follows.
"""

import resource
from collections.abc import Collection, Sequence

import httptools

from gateway.errors import HeadTooLarge, MalformedRequest, TooLarge, UrlTooLong
from gateway.listening.refusals import Refusals
from gateway.listening.watch import HEAD_S
from gateway.settings import SettingsError

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
