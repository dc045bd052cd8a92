"""Finding out whose record makes a joined call fail, so that it fails alone."""

from collections.abc import Awaitable, Callable, Sequence

from gateway.batching.filling import Piece
from gateway.errors import BackendFault, GatewayError

Again = Callable[[Sequence[Piece]], Awaitable[BackendFault | None]]
"""Asks once more for some of the rows, and answers or gives the failure; raises GatewayError where nobody is to ask."""


async def isolate(pieces: Sequence[Piece], failure: BackendFault, again: Again) -> None:
    """Refuse each request whose record makes the call of these fail, and have the others answered.

    For one guilty request of n these are at most log2(n) + 1 calls: all that a search leaves are asked at once. After
    each further failure only half as many are, and twice as many after each answer: 256 guilty of 256 take 298 calls
    so, and else 1801.
    """
    asked, rest, size = pieces, list[Piece](), 2 * len(pieces)
    found: BackendFault | None = failure
    while asked:
        if found is None:
            size *= 2
        else:
            size = max(1, size // 2)
            rest = [*await search(asked, found, again), *rest]
        rest = [piece for piece in rest if piece.waits]
        asked, rest = rest[:size], rest[size:]
        found = await again(asked) if asked else None


async def search(pieces: Sequence[Piece], failure: BackendFault, again: Again) -> list[Piece]:
    """Ask for one half, follow the failure, and refuse the request that it leads to; gives those not answered yet.

    Nobody is refused who may be innocent: neither where one has left who may be guilty, nor where all halves were
    answered and nothing failed but the first call.
    """
    suspects, unasked = pieces, list[Piece]()
    while len(suspects) > 1 and all(piece.waits for piece in suspects):
        half, others = suspects[: len(suspects) // 2], suspects[len(suspects) // 2 :]
        found = await again(half)
        if found is None:
            suspects = others
        else:
            suspects, unasked, failure = half, [*others, *unasked], found
    if len(suspects) == 1 and (unasked or len(pieces) == 1):
        refuse(suspects, failure)
        return unasked
    return [*suspects, *unasked]


def refuse(pieces: Sequence[Piece], error: GatewayError) -> None:
    """Give callers that wait a failure, each its own: it will carry the way that it takes."""
    for piece in pieces:
        if piece.waits:
            piece.caller.fail(error.again())
