"""How requests end."""

from dataclasses import dataclass

from tests.faults.callers import Answer, Asked


@dataclass(frozen=True)
class Outcome:
    """Say how a request ends; without a status there is no answer.

    An answer of 200 may be partial: `missing` has the models that are missing, each with the reason.
    """

    status: int | None
    reason: str | None = None
    missing: frozenset[tuple[str, str]] = frozenset()

    def __str__(self) -> str:
        """Write it for the table."""
        if self.status is None:
            return "no answer"
        without = ", ".join(f"{model} (`{reason}`)" for model, reason in sorted(self.missing))
        reason = f" `{self.reason}`" if self.reason else ""
        return f"{self.status}{reason}{' without ' if without else ''}{without}"


ANSWERED = Outcome(200)
BACKEND_FAULT = Outcome(502, "backend_fault")
UNREACHABLE = Outcome(503, "backend_unreachable")
UNAVAILABLE = Outcome(503, "backend_unavailable")
UNKNOWN_VERSION = Outcome(503, "backend_unknown")
LATE = Outcome(504, "deadline_exceeded")
MALFORMED = Outcome(400, "malformed")
TOO_SLOW = Outcome(408, "too_slow")
TOO_LARGE = Outcome(413, "too_large")
URL_TOO_LONG = Outcome(414, "url_too_long")
HEAD_TOO_LARGE = Outcome(431, "head_too_large")
NOTHING = Outcome(None)
FATAL = Outcome(422, "fatal_record")
OVERLOADED = Outcome(503, "overloaded")
TOO_MANY = Outcome(503, "too_many_connections")
BREAKER_OPEN = Outcome(503, "breaker_open")
"""A model that has failed often enough is left alone: later callers of a row may hear this instead of the fault."""


def without(model: str, reason: str) -> Outcome:
    """Give the outcome of an answer that lacks a model."""
    return Outcome(200, None, frozenset([(model, reason)]))


def is_right(one: Asked, answer: Answer) -> bool:
    """Say whether a caller has its own prediction, of each model that is not missing."""
    expected = {**one.canary.prediction, **dict.fromkeys(answer.missing)}
    return answer.status == 200 and answer.prediction == expected
