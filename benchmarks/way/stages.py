"""The stages of the path, and what each takes."""

from collections.abc import Mapping

STAGES = {
    "open an account, send the answer": ("shell", "close"),
    "read the body, within a deadline": ("receive",),
    "decode and check": ("decode",),
    "hand in, join, share out, book": ("join",),
    "write the calls to the models": ("write",),
    "carry them over HTTP": ("carry",),
    "read and judge their answers": ("judge",),
    "encode the answer": ("encode", "decode", "share"),
    "close the account: count, record": ("close",),
}
"""Each stage is a work, less those that are in it."""

CALLS = ("write", "carry", "judge")
"""What the app does not do where its models answer at once."""

REST = "the rest: routing, colder caches"
SUM = "sum"
METRICS = "of which for the metrics"


def stages(us: Mapping[str, float]) -> dict[str, float]:
    """Give the microseconds of each stage from those of the works; the rest is what the app takes and no stage.

    What is counted for the metrics is a part of some stages, and told once more by itself.
    """
    found = {title: us[work] - sum(us[one] for one in within) for title, (work, *within) in STAGES.items()}
    whole = us["app"] + sum(us[work] for work in CALLS)
    return {**found, REST: whole - sum(found.values()), SUM: whole, METRICS: us["count"]}
