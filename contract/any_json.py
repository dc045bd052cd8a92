"""JSON that was not to be there, read without a type to say what is wrong with it."""

import json
import math
from typing import Any

import msgspec

MOST_DIGITS = 400
"""A whole number of more digits is larger than every double."""


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


def not_json(token: str) -> Any:
    """Refuse NaN and Infinity, which Python's parser would take."""
    raise ValueError(f"{token} is no JSON")
