"""What is wrong with a body that the fast path refused, or may have misread."""

import json
from collections.abc import Generator, Iterable, Sequence
from typing import Any, NoReturn

import msgspec

from contract.any_json import any_json
from contract.check import LONGEST_NAME, MOST_FAULTS, Fault, record_faults, spoken
from contract.feature import Feature
from contract.pieces import PIECE
from contract.refused import InvalidRecords, MalformedBody, TooManyRows
from contract.terms import MEMBERS, terms_of

MOST_LISTS = 1000
"""Up to so many lists a wrong body is read to say what is wrong with it."""


def explain(features: Sequence[Feature], body: bytes, max_rows: int, *, others: bool = False) -> NoReturn:
    """Raise why a body was refused: MalformedBody, InvalidRecords with every wrong field, or TooManyRows."""
    for _ in refuse_floods(features, body, max_rows, others=others):
        pass
    explain_whole(features, body, max_rows, others=others)


def explain_whole(features: Sequence[Feature], body: bytes, max_rows: int, *, others: bool) -> NoReturn:
    """Raise the same for a body that is no flood."""
    instances = instances_of(body)
    refuse_too_many(len(instances), max_rows)
    faults = record_faults(features, instances, ("instances",), others=others)
    raise InvalidRecords(faults) if faults else MalformedBody("the body says something twice")


def explain_pieces(
    features: Sequence[Feature],
    body: bytes,
    pieces: Iterable[bytes],
    before: int,
    max_rows: int,
    *,
    others: bool = False,
) -> Generator[None, None, NoReturn]:
    """Raise what `explain` would, a piece at a time; where a piece is no list by itself, the body is read as one.

    `pieces` are what is left of the refused body (see `cut`) after so many good records.
    """
    if not others:
        yield from refuse_floods(features, body, max_rows)
    faults: list[Fault] = []
    rows = before
    for piece in pieces:
        yield
        if others:
            yield from refuse_floods(features, piece, max_rows, others=True)
        try:
            instances = any_json(piece)
        except (RecursionError, ValueError):
            break
        if not instances:
            break
        if len(faults) < MOST_FAULTS:
            faults += record_faults(features, instances, ("instances",), rows, others=others)
        rows += len(instances)
    else:
        refuse_too_many(rows, max_rows)
        if faults:
            raise InvalidRecords(faults[:MOST_FAULTS])
    if others:
        yield from refuse_floods(features, body, max_rows, others=True)
    explain_whole(features, body, max_rows, others=others)


def refuse_floods(
    features: Sequence[Feature], body: bytes, max_rows: int, *, others: bool = False
) -> Generator[None, None, None]:
    """Raise for a wrong body, or a piece of one, of very many parts: to build them costs forty times its size.

    Where records may hold others, nobody knows how many values are too many: a piece is none, whatever it holds. Each
    count of a large body takes milliseconds, and others have their turn between them.
    """
    if others and len(body) <= 2 * PIECE:
        return
    if body.count(b"[") > MOST_LISTS:
        raise MalformedBody(f"the body holds more than {MOST_LISTS} lists, and a record holds none")
    yield
    if body.count(b"{") > 2 * max_rows + MOST_LISTS:
        raise TooManyRows(f"the body holds more objects than the {max_rows} records of one request")
    yield
    if body.count(b",") > 2 * max_rows * (len(features) + 1) + MOST_LISTS:
        raise TooManyRows(f"the body holds more values than the {max_rows} records of one request")


def refuse_too_many(records: int, max_rows: int) -> None:
    """Raise TooManyRows for more records than one request may hold."""
    if records > max_rows:
        raise TooManyRows(f"{records} records are more than the {max_rows} of one request")


def instances_of(body: bytes) -> list[Any]:
    """Read the list of instances without looking into them; raises MalformedBody that says why there is none."""
    try:
        document = any_json(body)
    except RecursionError as exc:
        raise MalformedBody("the body is nested too deeply") from exc
    except UnicodeError as exc:
        raise MalformedBody("the body is not JSON: it is not UTF-8") from exc
    except (msgspec.DecodeError, ValueError) as exc:
        raise MalformedBody(f"the body is not JSON: {exc}") from exc
    if not isinstance(document, dict):
        raise MalformedBody(f'the body must be an object with a list of "instances", not {spoken(document)}')
    if "instances" not in document:
        raise MalformedBody('the member "instances" is missing', ("instances",))
    if unknown := sorted(document.keys() - {"instances", *MEMBERS}):
        raise MalformedBody(
            'is unknown here; beside "instances" the body may hold "partial", "require" and "quorum" only',
            (unknown[0][:LONGEST_NAME],),
        )
    if not isinstance(document["instances"], list):
        raise MalformedBody(f"must be a list of records, not {spoken(document['instances'])}", ("instances",))
    terms_of({name: document[name] for name in MEMBERS if name in document})
    instances: list[Any] = document["instances"]
    return instances


def refuse_doubles(body: bytes) -> None:
    """Raise MalformedBody for an object that names a member twice (RFC 8259, section 4, leaves the meaning open).

    What was left out unread may also be no UTF-8, nested too deeply, or a number of more digits than Python reads.
    """

    def members(pairs: list[tuple[str, Any]]) -> None:
        names = [name for name, _ in pairs]
        if len(set(names)) < len(names):
            twice = next(name for index, name in enumerate(names) if name in names[:index])
            raise MalformedBody(f"the body names {twice[:LONGEST_NAME]!r} twice in one object")

    try:
        json.loads(body, object_pairs_hook=members, parse_int=str)
    except RecursionError as exc:
        raise MalformedBody("the body is nested too deeply") from exc
    except UnicodeError as exc:
        raise MalformedBody("the body is not JSON: it is not UTF-8") from exc
