"""Records that end the process of the model that is asked for them."""

import time
from collections import deque
from collections.abc import Sequence
from hashlib import blake2b
from typing import NamedTuple

import structlog

from contract import Table
from gateway.batching.filling import Piece
from gateway.errors import FatalRecord

MOST = 1_000
"""So many are remembered; then the oldest are forgotten."""

SUSPECTED_S = 60.0
"""So long a loss is remembered against a request: it may have been another's fault."""

LOSSES, LOSSES_IF_SHAKY = 2, 3
"""So often a request must be lost to be named, and where the model is shaky."""

CLEARED, SHAKY_S = 5, 10.0
"""A model is shaky that has lost so many requests within so long which it answered later: more than go with a pod."""

log = structlog.get_logger()


class Suspect(NamedTuple):
    """Hold until when a request is suspected, how many answers of the model came before its last loss, and its losses.

    Of these each began after the model had answered since the one before.
    """

    until: float
    answers: int
    losses: int


class FatalRecords:
    """Remember requests that ended a model twice, for so many seconds: each end costs its callers seconds.

    Who was lost alone is `suspected` until it is answered: its caller may leave, or its deadline pass, before the model
    is back. `answers` counts those of the model, to probes too: a call that began before it has answered again may have
    been lost together with the one before, when a pod that had both went. `cleared` is when suspects were answered.
    """

    def __init__(self, model: str, remembered_s: float) -> None:
        self.model = model
        self.remembered_s = remembered_s
        self.known: dict[bytes, float] = {}
        self.suspected: dict[bytes, Suspect] = {}
        self.answers = 0
        self.cleared: deque[float] = deque(maxlen=CLEARED)

    @property
    def is_shaky(self) -> bool:
        """Say that the model loses requests for no reason of theirs."""
        return len(self.cleared) == CLEARED and self.cleared[0] > time.monotonic() - SHAKY_S

    @property
    def losses(self) -> int:
        """Say how many losses name a request now."""
        return LOSSES_IF_SHAKY if self.is_shaky else LOSSES

    def note_loss(self, piece: Piece, answers_before: int) -> int:
        """Suspect the request of a call that was lost and began after so many answers; gives how often it was."""
        key, now = whole(keys(piece.table)), time.monotonic()
        known = self.suspected.pop(key, None)
        losses = 1
        if known and known.until > now:
            losses = known.losses + (known.answers < answers_before)
        if len(self.suspected) >= MOST:
            del self.suspected[next(iter(self.suspected))]
        self.suspected[key] = Suspect(now + SUSPECTED_S, self.answers, losses)
        return losses

    def note_back(self) -> None:
        """Count an answer to a probe."""
        self.answers += 1

    def note_answer(self, pieces: Sequence[Piece]) -> None:
        """Suspect nobody of these any more."""
        self.answers += 1
        if self.suspected:
            self.clear(pieces)

    def clear(self, pieces: Sequence[Piece]) -> None:
        """Forget who was suspected for long or is answered; a shaky model may so have lost who was named of late."""
        now = time.monotonic()
        while self.suspected and self.suspected[first := next(iter(self.suspected))].until < now:
            del self.suspected[first]
        for piece in pieces if self.suspected else ():
            if self.suspected.pop(whole(keys(piece.table)), None):
                self.cleared.append(now)
        if self.known and self.is_shaky:
            named_since = now - SUSPECTED_S + self.remembered_s
            self.known = {key: until for key, until in self.known.items() if until < named_since}

    def refuse(self, pieces: Sequence[Piece]) -> None:
        """Refuse those who ended the model, and whoever brings the same from now on."""
        for piece in pieces:
            self.suspected.pop(whole(keys(piece.table)), None)
            key = whole(keys(piece.caller.table))  # of a request that is cut the whole is known when it comes again
            if key not in self.known:
                log.warning("a request ends its model", model=self.model, request=piece.caller.id, rows=piece.rows)
            while len(self.known) >= MOST:
                del self.known[next(iter(self.known))]
            self.known.pop(key, None)
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
