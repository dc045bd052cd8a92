"""Records that end the process of the model that is asked for them."""

import time
from collections.abc import Awaitable, Callable, Sequence
from hashlib import blake2b

from contract import Table
from gateway.batching.filling import Piece
from gateway.batching.isolation import Again, refuse
from gateway.errors import BackendLost, FatalRecord

MOST = 1_000
"""So many are remembered; then the oldest are forgotten."""


class FatalRecords:
    """Remember requests that ended a model twice, for so many seconds: each end costs its callers seconds.

    Who was lost alone once is `suspected` for as long, until it is answered: its caller may leave, or its deadline
    pass, before the model is back. `answers` counts those of the model: a call that began before the model has
    answered again may have been lost together with the one before, when a pod that had both went.
    """

    def __init__(self, model: str, remembered_s: float) -> None:
        self.model = model
        self.remembered_s = remembered_s
        self.known: dict[bytes, float] = {}
        self.suspected: dict[bytes, tuple[float, int]] = {}
        self.answers = 0

    def note_loss(self, piece: Piece, answers_before: int) -> bool:
        """Suspect the request of a call that was lost, and began after so many answers of the model.

        Says whether it was lost before that, and the model answered in between.
        """
        key, now = whole(keys(piece.table)), time.monotonic()
        until, answers = self.suspected.pop(key, (now, self.answers))
        if len(self.suspected) >= MOST:
            del self.suspected[next(iter(self.suspected))]
        self.suspected[key] = now + self.remembered_s, self.answers
        return until > now and answers < answers_before

    def note_answer(self, pieces: Sequence[Piece]) -> None:
        """Suspect nobody of these any more."""
        self.answers += 1
        if self.suspected:
            for piece in pieces:
                self.suspected.pop(whole(keys(piece.table)), None)

    def refuse(self, pieces: Sequence[Piece]) -> None:
        """Refuse those who ended the model, and whoever brings the same from now on."""
        for piece in pieces:
            while len(self.known) >= MOST:
                del self.known[next(iter(self.known))]
            key = whole(keys(piece.table))
            self.suspected.pop(key, None)
            self.known[key] = time.monotonic() + self.remembered_s
            piece.caller.fail(self.error(None))

    def find(self, table: Table) -> FatalRecord | None:
        """Give the failure of a request that holds one of them."""
        now = time.monotonic()
        while self.known and self.known[first := next(iter(self.known))] < now:
            del self.known[first]
        if not self.known:
            return None
        rows = keys(table)
        found = next((index for index, key in enumerate(rows) if key in self.known), None)
        return self.error(found) if found is not None or whole(rows) in self.known else None

    def error(self, index: int | None) -> FatalRecord:
        """Say what happened."""
        what = "this request" if index is None else f"record {index} of this request"
        return FatalRecord(
            f"{what} ended {self.model} twice; it is not asked for it again for {self.remembered_s:g} s",
            model=self.model,
        )


async def one_by_one(
    pieces: Sequence[Piece], again: Again, fatal: FatalRecords, probe: Callable[[], Awaitable[None]]
) -> None:
    """Ask for each request by itself after the model was lost in the middle of a call for all of them.

    Whose call loses it a second time is to blame, once the model has answered after that: another request, or, after
    the last one, a probe. So is who lost it alone before. Raises GatewayError where it is lost whatever it is asked;
    then nobody is to blame.
    """
    suspects: list[Piece] = []
    for piece in pieces:
        if not piece.waits:
            continue
        answers = fatal.answers
        try:
            failure = await again([piece])
        except BackendLost:
            if fatal.note_loss(piece, answers):
                fatal.refuse([piece])
                continue
            if suspects:
                raise
            suspects = [piece]
            continue
        fatal.refuse(suspects)
        suspects = []
        if failure is not None:
            refuse([piece], failure)
    if suspects:
        await probe()
        fatal.refuse(suspects)


def keys(table: Table) -> list[bytes]:
    """Give a hash of each row; 10,000 rows of thirty numbers take 7 ms, and only while a record is remembered."""
    if table.matrix is None:
        columns = [column.tolist() for column in table.separate.values()]
        return [digest(repr(row).encode()) for row in zip(*columns, strict=True)]
    data, size = table.matrix.tobytes(), table.matrix.itemsize * table.matrix.shape[1]
    return [digest(data[at : at + size]) for at in range(0, len(data), size)]


def whole(rows: Sequence[bytes]) -> bytes:
    """Give the hash of a request, which for one row is that of the row."""
    return rows[0] if len(rows) == 1 else digest(b"".join(rows))


def digest(data: bytes) -> bytes:
    """Give a hash of 16 bytes."""
    return blake2b(data, digest_size=16).digest()
