"""Columns in the form of a plan: made for one request, or for all that were answered together."""

from collections.abc import Callable, Hashable, Sequence

from contract.rows import Row
from contract.table import Columns
from gateway.plans.nested import Form, nested_rows
from gateway.share import Share, Whole, once


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
