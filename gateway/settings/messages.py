"""What is wrong with a setting, in words of the file: pydantic's are those of Python, and do not say what may be."""

import json
import re
from collections.abc import Sequence
from typing import Any, get_args, get_origin

from pydantic import BaseModel

from gateway.settings.parts import shortened
from gateway.settings.settings import Settings

TOLD = {
    "extra_forbidden": "is unknown{known}",
    "missing": "is missing",
    "dict_type": "must be a mapping",
    "model_type": "must be a mapping{own}",
    "tuple_type": "must be a list",
    "string_type": "must be a text, in quotes where YAML would read something else, as of no, on and 1",
    "too_short": "must have at least {min_length}, and has {actual_length}",
    "path_type": "must be a path, and is {value}",
    "url_type": "must be a URL, and is {value}",
    **dict.fromkeys(("float_type", "float_parsing"), "must be a number, and is {value}"),
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), "must be a whole number, and is {value}"),
    **dict.fromkeys(("bool_type", "bool_parsing"), "must be true or false, and is {value}"),
}


def message_of(error: Any) -> str:
    """Say what is wrong, of one of pydantic's `errors()`."""
    told = TOLD.get(error["type"])
    if told is None:
        return re.sub(r"^(Input|String) should ", "must ", str(error["msg"]).removeprefix("Value error, "))
    known, own = keys_at(error["loc"][:-1]), keys_at(error["loc"])
    return told.format(
        **error.get("ctx", {}),
        value=written(error["input"]),
        known=f": there are {', '.join(known)}" if known else "",
        own=f" with {', '.join(own)}" if own else "",
    )


def written(value: Any) -> str:
    """Write what stands there, so far as it can be told."""
    try:
        return shortened(json.dumps(value, ensure_ascii=False, default=str))
    except ValueError:  # Python writes no number of more than 4,300 digits, and YAML reads such ones as 0xffff…
        return "a number of thousands of digits"


def keys_at(place: Sequence[Any]) -> list[str]:
    """Give the keys that a mapping may have at a place of the settings; of the whole they are too many to be told."""
    model: type[BaseModel] | None = Settings
    among = False
    for step in place:
        if among:  # of a list, or a mapping by names
            among = False
            continue
        fields = model.model_fields if model else {}
        kind = next((field.annotation for name, field in fields.items() if step in (name, field.alias)), None)
        model, among = model_in(kind), get_origin(kind) in (dict, tuple)
    return [field.alias or name for name, field in model.model_fields.items()] if model and place else []


def model_in(kind: Any) -> type[BaseModel] | None:
    """Give the model in a type, however it stands there."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return kind
    return next(filter(None, map(model_in, get_args(kind))), None)
