"""From the bytes of a request to checked columns, in one pass where nothing is wrong."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec

from contract.check import Fault
from contract.explain import InvalidRecords, MalformedBody, explain, refuse_doubles, refuse_too_many
from contract.feature import Feature
from contract.features import in_order
from contract.table import Table, pack_rows

MOST_ROWS = 10_000
"""Records in one request, where nothing else is set."""


class RecordDecoder:
    """Read `{"instances": [{feature: value, …}, …]}` into a table.

    The fast path is a msgspec struct made from the features, bounds and categories included; only a body that it
    refuses takes the slow path, which finds every fault.
    """

    def __init__(self, features: Sequence[Feature]) -> None:
        self.features = in_order(features)
        names = {f"f{index}": feature.name for index, feature in enumerate(self.features)}
        record = msgspec.defstruct(
            "Record",
            [(field, annotation(feature)) for field, feature in zip(names, self.features, strict=True)],
            rename=names.get,
            forbid_unknown_fields=True,
            gc=False,
        )
        self.categories = [feature.name for feature in self.features if feature.type == "category"]
        self.row_of = msgspec.structs.astuple
        document = msgspec.defstruct("Document", [("instances", list[record])], forbid_unknown_fields=True)  # type: ignore[valid-type]
        self.decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(document)

    def decode(self, body: bytes, max_rows: int) -> Table:
        """Give the records of a body.

        Raises MalformedBody (not JSON, not the document), InvalidRecords (breaks the contract) and TooManyRows.
        """
        try:
            instances = self.decoder.decode(body).instances
        except (msgspec.ValidationError, UnicodeDecodeError, RecursionError):
            explain(self.features, body, max_rows)
        except msgspec.DecodeError as exc:
            raise MalformedBody(f"the body is not JSON: {exc}") from exc
        if not instances:
            raise InvalidRecords([Fault(("instances",), "must hold at least one record")])
        refuse_too_many(len(instances), max_rows)
        table = pack_rows(self.features, [self.row_of(record) for record in instances])
        if body.count(b'"') != self.quotes(table):
            refuse_doubles(body)
        return table

    def quotes(self, table: Table) -> int:
        """Count the quotation marks of a plain document with these records.

        A body with others has escapes in its texts, or says a member twice, which msgspec takes without a word.
        """
        texts = sum(int((table.columns[name] != "").sum()) for name in self.categories)
        return 2 * (1 + table.rows * len(self.features) + texts)


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
