"""Finding out whose record ends the process of a model, by asking for each request alone."""

from collections.abc import Awaitable, Callable, Sequence

from gateway.batching.fatal import FatalRecords, keys, whole
from gateway.batching.filling import Piece
from gateway.batching.isolation import Again, refuse
from gateway.errors import BackendLost

MOST_GUILTY = 2
"""More of one call are not to blame: it is the model that loses some of what it is asked."""

MOST_IN_A_ROW = 3
"""So many that are lost one after the other are nobody's fault but the model's."""


async def one_by_one(
    pieces: Sequence[Piece], again: Again, fatal: FatalRecords, probe: Callable[[], Awaitable[None]], *, lost: int
) -> None:
    """Ask for each request by itself, after a call for all of them was lost that counts as so many losses of each.

    Whose loss makes enough of them is to blame, once the model has answered after that: another request, or, after the
    last one, a probe. Raises GatewayError where it is lost whatever it is asked; then nobody is to blame.
    """
    suspects, guilty, in_a_row = list[Piece](), list[Piece](), 0
    for piece in pieces:
        if not piece.waits:
            continue
        answers = fatal.answers
        try:
            failure = await again([piece])
        except BackendLost as exc:
            in_a_row += 1
            if in_a_row == MOST_IN_A_ROW:
                raise
            if lost + fatal.note_loss(piece, answers) >= fatal.losses:
                suspects.append(piece)
            else:
                refuse([piece], exc)
            continue
        guilty += suspects
        suspects, in_a_row = [], 0
        if failure is not None:
            refuse([piece], failure)
    if suspects:
        await probe()
        guilty += suspects
    blame(guilty, fatal)


def blame(pieces: Sequence[Piece], fatal: FatalRecords) -> None:
    """Refuse who ended the model, unless these are too many to be it."""
    if len({whole(keys(piece.table)) for piece in pieces}) <= MOST_GUILTY:
        fatal.refuse(pieces)
    else:
        refuse(pieces, BackendLost(f"the connection to {fatal.model} was lost", model=fatal.model))
