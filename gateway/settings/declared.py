"""Reading a contract that is declared in the settings, since the server of the model cannot tell one."""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from contract import ContractError, Interface
from contract.check import value_fault
from gateway.settings.parts import Place, fault

UNNAMED = "unnamed"
"""The settings name the backend, and so its contract."""


def declared_contract(document: Any) -> Interface | None:
    """Read a contract; raises pydantic's ValidationError with the place of what is wrong, inside the contract."""
    if document is None or isinstance(document, Interface):
        return document
    if not isinstance(document, dict):
        raise ValueError("must be a mapping of description, features, outputs and version")  # noqa: TRY004 (pydantic's way)
    try:
        contract = msgspec.convert({**document, "name": UNNAMED}, Interface)
    except msgspec.ValidationError as exc:
        text, _, place = str(exc).partition(" - at `$")
        raise fault(tuple(re.findall(r"[^.\[\]`]+", place)), text[:1].lower() + text[1:]) from exc
    for at in unknown({key: value for key, value in document.items() if key != "name"}, contract, ()):
        raise fault(at, "is unknown")
    if "name" in document:
        raise fault(("name",), "is that of the backend")
    if not contract.version:
        raise fault(("version",), "is missing")
    for index, feature in enumerate(contract.features):
        if message := value_fault(feature, feature.example):
            raise fault(("features", index, "example"), message)
    return contract


def check_scored(contract: Interface) -> None:
    """Check that scores give every output; raises pydantic's ValidationError with the place."""
    try:
        contract.check_scored()
    except ContractError as exc:
        raise fault(("contract",), str(exc)) from exc


def unknown(document: Any, struct: Any, at: Place) -> Iterator[Place]:
    """Yield the places of keys that are none of the fields of what was read from a document."""
    if isinstance(struct, msgspec.Struct):
        for key, value in document.items():
            if key in struct.__struct_fields__:
                yield from unknown(value, getattr(struct, key), (*at, key))
            elif key != struct.__struct_config__.tag_field:
                yield (*at, key)
    elif isinstance(struct, tuple):
        for index, (value, part) in enumerate(zip(document, struct, strict=True)):
            yield from unknown(value, part, (*at, index))
