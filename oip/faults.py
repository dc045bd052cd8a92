"""What is wrong with JSON, as pointers and reasons."""

import re
from typing import Any

import msgspec

from oip.datatypes import json_type
from oip.errors import MOST_FAULTS

CHUNK = 10_000


def element_faults(datatype: str, values: list[Any], pointer: str, first: int = 0) -> list[str]:
    """Find the elements of flat data that do not fit, the first MOST_FAULTS of them; `first` is the index of the first.

    msgspec stops at the first, so each time it is asked again from there on, a part at a time.
    """
    kind, faults, start = json_type(datatype), list[str](), 0
    while start < len(values) and len(faults) < MOST_FAULTS:
        part = values[start : start + CHUNK]
        try:
            msgspec.convert(part, list[kind])  # type: ignore[valid-type]
        except msgspec.ValidationError as exc:
            text, _, place = str(exc).partition(" - at `$[")
            start += int(place.rstrip("]`"))
            faults.append(f"{pointer}/data/{first + start}: {text[:1].lower()}{text[1:]}")
            start += 1
        else:
            start += CHUNK
    return faults


def msgspec_fault(exc: Exception, pointer: str, first: int = 0) -> str:
    """Turn msgspec's `… - at `$.a[3]`` into `pointer/a/3: …`; `first` is the index of the first element."""
    text, _, place = str(exc).partition(" - at `$")
    steps = re.sub(r"[.\[]", "/", place.rstrip("`").replace("]", ""))
    if first:
        steps = re.sub(r"\d+", lambda index: str(first + int(index[0])), steps, count=1)
    return f"{pointer}{steps.replace('...', '')}: {text[:1].lower()}{text[1:]}"
