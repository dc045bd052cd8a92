"""The truth about an earlier answer, as a line of JSON: it is joined to the answer when the log is read."""

from datetime import datetime

import msgspec

from contract import NAME_PATTERN
from gateway.errors import MalformedRequest

LONGEST_ID = 128
LONGEST_LABEL = 1000
LARGEST_INSTANCE = 2**31 - 1


class Feedback(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Mirror what callers send.

    `instance` is the place of the record in its request; JSON may write `3.0` for 3. Without a `model` the truth is
    that of every model which answered the request and has an output that can be this label.
    """

    id: str
    label: bool | float | str
    instance: int | float = 0
    model: str | None = None

    def __post_init__(self) -> None:
        if not 0 < len(self.id) <= LONGEST_ID:
            raise ValueError(f"id has 1 to {LONGEST_ID} characters")
        if not 0 <= self.instance <= LARGEST_INSTANCE or self.instance != int(self.instance):
            raise ValueError("instance is the place of a record, from 0 on")
        if isinstance(self.label, str) and not 0 < len(self.label) <= LONGEST_LABEL:
            raise ValueError(f"label has 1 to {LONGEST_LABEL} characters")
        if self.model is not None and not NAME_PATTERN.fullmatch(self.model):
            raise ValueError(f"model is a name, which matches {NAME_PATTERN.pattern}")


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """Mirror a line of the files."""

    time: datetime
    id: str
    instance: int
    model: str | None
    label: bool | float | str


def read_feedback(body: bytes) -> Feedback:
    """Read what a caller sends; raises MalformedRequest."""
    try:
        return msgspec.json.decode(body, type=Feedback)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as exc:
        raise MalformedRequest(f"feedback cannot be read: {exc}") from exc


def line_of(feedback: Feedback, now: datetime) -> bytes:
    """Write a line without its end."""
    label, instance = feedback.label, int(feedback.instance)
    return msgspec.json.encode(Line(time=now, id=feedback.id, instance=instance, model=feedback.model, label=label))
