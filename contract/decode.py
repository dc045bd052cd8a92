"""From the bytes of a request to checked columns, in one pass where nothing is wrong."""

from collections import deque
from collections.abc import Generator, Sequence
from itertools import chain
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET

from contract.batch import join
from contract.check import Fault
from contract.explain import explain, explain_pieces, refuse_doubles, refuse_floods, refuse_too_many
from contract.feature import Feature
from contract.features import in_order
from contract.pieces import PIECE, cut, frame
from contract.refused import InvalidRecords, MalformedBody
from contract.table import Table, pack_rows
from contract.terms import Said, Terms, quotes, read_terms

MOST_ROWS = 10_000
"""Records in one request, where nothing else is set."""


class RecordDecoder:
    """Read `{"instances": [{feature: value, …}, …]}` into a table, and what else the document says.

    The fast path is a msgspec struct made from the features, bounds and categories included; only a body that it
    refuses takes the slow path, which finds every fault. Where records may hold `others` too, these are left out
    unread, and every body that has some takes the slow path that finds members named twice.
    """

    def __init__(self, features: Sequence[Feature], *, others: bool = False) -> None:
        self.features = in_order(features)
        self.others = others
        names = {f"f{index}": feature.name for index, feature in enumerate(self.features)}
        record = msgspec.defstruct(
            "Record",
            [(field, annotation(feature)) for field, feature in zip(names, self.features, strict=True)],
            rename=names.get,
            forbid_unknown_fields=not others,
            gc=False,
        )
        self.categories = [feature.name for feature in self.features if feature.type == "category"]
        self.row_of = msgspec.structs.astuple
        members: list[Any] = [("instances", list[record])]  # type: ignore[valid-type]
        document = msgspec.defstruct("Document", members, bases=(Said,), kw_only=True, forbid_unknown_fields=True)
        self.decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(document)
        self.piece_decoder: msgspec.json.Decoder[list[Any]] = msgspec.json.Decoder(list[record])  # type: ignore[valid-type]

    def decode(self, body: bytes, max_rows: int) -> tuple[Table, Terms | None]:
        """Give the records of a body, and how complete the answer must be if it says so.

        Raises MalformedBody (not JSON, not the document), InvalidRecords (breaks the contract) and TooManyRows.
        """
        terms, expected = None, 2
        try:
            document = self.decoder.decode(body)
            # Most say nothing, and that is found out in a tenth of the time of `raw`.
            if document.partial is not UNSET or document.require is not UNSET or document.quorum is not UNSET:
                raw = document.raw
                terms, expected = read_terms(raw), 2 + quotes(raw)
        except (msgspec.ValidationError, UnicodeError, RecursionError):
            explain(self.features, body, max_rows, others=self.others)
        except msgspec.DecodeError as exc:
            raise MalformedBody(f"the body is not JSON: {exc}") from exc
        instances = document.instances
        if not instances:
            raise InvalidRecords([Fault(("instances",), "must hold at least one record")])
        refuse_too_many(len(instances), max_rows)
        table = self.table(instances)
        if body.count(b'"') != expected + self.quotes(table):
            if self.others:  # nobody has looked at them, and they may be a flood
                deque(refuse_floods(self.features, body, max_rows, others=True), 0)
            refuse_doubles(body)
        return table, terms

    def decode_in_pieces(
        self, body: bytes, max_rows: int, size: int = PIECE
    ) -> Generator[None, None, tuple[Table, Terms | None]]:
        """Do the same in steps of some milliseconds: others have their turn at each `yield`.

        Only a body that is not JSON, has another outline, or is cut in the middle of a text is read as one.
        """
        framed = frame(body)
        if framed is None:
            return self.decode(body, max_rows)
        start, end, terms = framed
        pieces = cut(body, start, end, size)
        tables, rows, doubtful = [], 0, []
        for piece in pieces:
            try:
                records = self.piece_decoder.decode(piece)
            except (msgspec.ValidationError, UnicodeDecodeError, RecursionError):
                left = chain([piece], pieces)
                yield from explain_pieces(self.features, body, left, rows, max_rows, others=self.others)
            except msgspec.DecodeError:
                break
            if not records:
                break
            rows += len(records)
            if rows <= max_rows:
                tables.append(table := self.table(records))
                if piece.count(b'"') != self.quotes(table):
                    doubtful.append(piece)
            yield
        else:
            refuse_too_many(rows, max_rows)
            for piece in doubtful:
                if self.others:
                    yield from refuse_floods(self.features, piece, max_rows, others=True)
                refuse_doubles(piece)
                yield
            return join(tables), terms
        return self.decode(body, max_rows)

    def table(self, records: Sequence[Any]) -> Table:
        """Make a table of what was read."""
        return pack_rows(self.features, [self.row_of(record) for record in records])

    def quotes(self, table: Table) -> int:
        """Count the quotation marks of a plain list of these records.

        A list with others has escapes in its texts, or says a member twice, which msgspec takes without a word.
        """
        texts: int = sum(table.rows - table.columns[name].tolist().count("") for name in self.categories)
        return 2 * (table.rows * len(self.features) + texts)


def annotation(feature: Feature) -> Any:
    """Give the type that msgspec checks for a feature; it accepts what `value_fault` accepts."""
    low, high = (bound if abs(bound) != float("inf") else None for bound in feature.limits)
    kind: Any
    if feature.type == "category":
        kind = Literal[feature.categories]
    elif feature.type == "integer":
        low, high = feature.limits
        # Whole numbers may be written with a point, as from a pandas column that had a hole: JSON knows no difference.
        pointed = Annotated[float, msgspec.Meta(ge=low, le=high, multiple_of=1)]
        kind = Annotated[int, msgspec.Meta(ge=int(low), le=int(high))] | pointed
    else:
        kind = bool if feature.type == "boolean" else Annotated[float, msgspec.Meta(ge=low, le=high)]
    return kind | None if feature.nullable else kind
