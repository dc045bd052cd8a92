"""How complete an answer of several models must be, as a request says it beside its records."""

from collections.abc import Mapping
from typing import Any

import msgspec

from contract.any_json import any_json
from contract.check import spoken
from contract.refused import MalformedBody

LONGEST = 4096
"""Bytes of a member's JSON: it is read only after its length is known, so a flood of names costs nothing."""


class Terms(msgspec.Struct, frozen=True):
    """Say whether an answer may be partial; then `require` must answer, and `quorum` models in all."""

    partial: bool = True
    require: tuple[str, ...] = ()
    quorum: int = 1


class Said(msgspec.Struct):
    """Mirror the members that a document may have beside its records, unread."""

    partial: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    require: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    quorum: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET

    @property
    def raw(self) -> dict[str, bytes]:
        """Give what is said, as JSON."""
        return {name: bytes(value) for name in MEMBERS if (value := getattr(self, name)) is not msgspec.UNSET}


MEMBERS = Said.__struct_fields__


def quotes(raw: Mapping[str, bytes]) -> int:
    """Count the quotation marks of members in a document."""
    return sum(2 + value.count(b'"') for value in raw.values())


def read_terms(raw: Mapping[str, bytes]) -> Terms | None:
    """Read members; gives None where nothing is said, and raises MalformedBody with the place of what is wrong."""
    for name, value in raw.items():
        if len(value) > LONGEST:
            raise MalformedBody("is too long", (name,))
    return terms_of({name: any_json(value) for name, value in raw.items()})


def terms_of(said: Mapping[str, Any]) -> Terms | None:
    """Do the same for members that were read."""
    if not said:
        return None
    partial, require, quorum = said.get("partial", True), said.get("require", []), said.get("quorum", 1)
    if not isinstance(partial, bool):
        raise MalformedBody(f"must be true or false, not {spoken(partial)}", ("partial",))
    if not isinstance(require, list):
        raise MalformedBody(f"must be a list of models, not {spoken(require)}", ("require",))
    for index, model in enumerate(require):
        if not isinstance(model, str):
            raise MalformedBody(f"must be the name of a model, not {spoken(model)}", ("require", index))
    if isinstance(quorum, bool) or not isinstance(quorum, int | float) or quorum < 1 or quorum % 1:
        raise MalformedBody(f"must be a whole number from 1 on, not {spoken(quorum)}", ("quorum",))
    return Terms(partial, tuple(require), int(quorum))
