"""From the bytes of a request to checked columns, in one pass where nothing is wrong."""

import json
import math
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec

from contract.check import Fault, record_faults, spoken
from contract.feature import Feature
from contract.table import Table, pack_rows

MOST_DIGITS = 400
MOST_ROWS = 10_000
"""Records in one request, where nothing else is set."""


class MalformedBody(ValueError):
    """Report a body that is not JSON, or not the document that is asked for; `path` says where."""

    def __init__(self, message: str, path: tuple[str | int, ...] = ()) -> None:
        super().__init__(message)
        self.fault = Fault(path, message)


class InvalidRecords(ValueError):
    """Report records that break their contract; `faults` has every wrong field, up to MOST_FAULTS."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("; ".join(f"{fault.pointer}: {fault.message}" for fault in faults))
        self.faults = tuple(faults)


class TooManyRows(ValueError):
    """Report a request with more records than `max_rows`."""


class RecordDecoder:
    """Read `{"instances": [{feature: value, …}, …]}` into a table.

    The fast path is a msgspec struct made from the features, bounds and categories included; only a body that it
    refuses takes the slow path, which finds every fault.
    """

    def __init__(self, features: Sequence[Feature]) -> None:
        self.features = tuple(features)
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
            raise self.explain(body, max_rows) from None
        except msgspec.DecodeError as exc:
            raise MalformedBody(f"the body is not JSON: {exc}") from exc
        if not instances:
            raise InvalidRecords([Fault(("instances",), "must hold at least one record")])
        if len(instances) > max_rows:
            raise TooManyRows(f"{len(instances)} records are more than the {max_rows} of one request")
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

    def explain(self, body: bytes, max_rows: int) -> ValueError:
        """Find out what is wrong with a body that the fast path refused."""
        instances = instances_of(body)
        if isinstance(instances, MalformedBody):
            return instances
        if len(instances) > max_rows:
            return TooManyRows(f"{len(instances)} records are more than the {max_rows} of one request")
        faults = record_faults(self.features, instances, ("instances",))
        return InvalidRecords(faults) if faults else MalformedBody("the body says something twice")


def instances_of(body: bytes) -> list[Any] | MalformedBody:
    """Read the list of instances without looking into them, or say why there is none."""
    try:
        document = any_json(body)
    except RecursionError:
        return MalformedBody("the body is nested too deeply")
    except UnicodeError:
        return MalformedBody("the body is not JSON: it is not UTF-8")
    except (msgspec.DecodeError, ValueError) as exc:
        return MalformedBody(f"the body is not JSON: {exc}")
    if not isinstance(document, dict):
        return MalformedBody(f'the body must be an object with a list of "instances", not {spoken(document)}')
    if "instances" not in document:
        return MalformedBody('the member "instances" is missing', ("instances",))
    if unknown := sorted(document.keys() - {"instances"}):
        return MalformedBody('is unknown here; the body holds "instances" only', (unknown[0][:64],))
    if not isinstance(document["instances"], list):
        return MalformedBody(f"must be a list of records, not {spoken(document['instances'])}", ("instances",))
    return document["instances"]


def any_json(body: bytes) -> Any:
    """Read JSON without a type; a number too large for a double, which msgspec refuses, becomes infinite.

    Raises ValueError for what is no JSON, half of a surrogate pair included, which Python's parser takes.
    """
    try:
        return msgspec.json.decode(body)
    except msgspec.ValidationError:
        document = json.loads(body, parse_constant=not_json, parse_int=whole)
        json.dumps(document, ensure_ascii=False).encode()
        return document


def whole(digits: str) -> float:
    """Read a whole number; one that no double can hold is infinite."""
    return int(digits) if len(digits) < MOST_DIGITS else math.copysign(math.inf, -1 if digits[0] == "-" else 1)


def refuse_doubles(body: bytes) -> None:
    """Raise MalformedBody for an object that names a member twice (RFC 8259, section 4, leaves the meaning open)."""

    def members(pairs: list[tuple[str, Any]]) -> None:
        names = [name for name, _ in pairs]
        if len(set(names)) < len(names):
            twice = next(name for index, name in enumerate(names) if name in names[:index])
            raise MalformedBody(f"the body names {twice[:64]!r} twice in one object")

    json.loads(body, object_pairs_hook=members)


def not_json(token: str) -> Any:
    """Refuse NaN and Infinity, which Python's parser would take."""
    raise ValueError(f"{token} is no JSON")


def annotation(feature: Feature) -> Any:
    """Give the type that msgspec checks for a feature; it accepts what `value_fault` accepts."""
    low, high = (bound if abs(bound) != float("inf") else None for bound in feature.limits)
    kind: Any
    if feature.type == "category":
        kind = Literal[feature.categories]
    elif feature.type == "integer":
        kind = Annotated[int, msgspec.Meta(ge=int(feature.limits[0]), le=int(feature.limits[1]))]
    else:
        kind = bool if feature.type == "boolean" else Annotated[float, msgspec.Meta(ge=low, le=high)]
    return kind | None if feature.nullable else kind
