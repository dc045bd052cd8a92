"""Columns in the form of a plan: made for one request, or for all that were answered together."""

from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

from contract.rows import Row
from contract.table import Columns
from gateway.plans.nested import Form, nested_rows
from gateway.share import MOST_TOGETHER, Share, Whole

T = TypeVar("T")


class Formed(Whole):
    """Hold columns by the names of a plan's outputs, some of which may be missing."""

    def __init__(self, form: Form, columns: Columns, rows: int) -> None:
        super().__init__(columns, rows)
        self.outputs = form.outputs
        self.form = form

    def make(self, columns: Columns, rows: int) -> list[Row]:
        """Give one JSON object per row."""
        return nested_rows(columns, self.form.tree, rows)


def alone(form: Form, columns: Columns, rows: int) -> Share:
    """Give columns of one request."""
    return Share(Formed(form, columns, rows), 0, rows)


def together(
    form: Form, key: Hashable, shares: Sequence[Share], make: Callable[[Sequence[Columns], int], Columns]
) -> Share:
    """Give what is made of several answers, once for all requests; the `key` says which of the form they are."""
    whole, start = once((form, key), shares, lambda given, rows: Formed(form, make(given, rows), rows))
    return Share(whole, start, start + shares[0].stop - shares[0].start)


def once(key: Hashable, shares: Sequence[Share], make: Callable[[Sequence[Columns], int], T]) -> tuple[T, int]:
    """Give what is made of the columns of several answers to the same rows, row by row, and where these begin in it.

    It is made of the wholes, once for all requests that have the same places in them: those that came together, and
    were answered by one call of each model.
    """
    whole, start = shares[0].whole, shares[0].start
    if whole.rows > MOST_TOGETHER or (len(shares) > 1 and not aligned(shares)):
        return make([share.columns for share in shares], shares[0].stop - start), 0
    # By their numbers: wholes that knew each other would wait for a full collection.
    known = key if len(shares) == 1 else (key, *[share.whole.number for share in shares])
    found: T | None = whole.forms.get(known)
    if found is None:
        found = whole.forms[known] = make([share.whole.columns for share in shares], whole.rows)
    return found, start


def aligned(shares: Sequence[Share]) -> bool:
    """Say whether answers have the same places in wholes of the same requests, as far as it can be told."""
    first, *others = shares
    return all(one.start == first.start and one.whole.rows == first.whole.rows for one in others)
