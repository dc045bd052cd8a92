"""Phases are measured one after the other, and told as Server-Timing."""

import re

import pytest

from oip import Stopwatch, compute_ms


def test_phases_follow_each_other_and_are_part_of_the_whole() -> None:
    """What no phase takes is in the total only."""
    watch = Stopwatch()
    watch.enter("decode")
    watch.enter(None)
    watch.enter("encode")
    header = watch.header().decode()

    assert re.fullmatch(r"decode;dur=\d+\.\d{1,3}, encode;dur=\d+\.\d{1,3}, total;dur=\d+\.\d{1,3}", header)
    assert watch.ms["decode"] + watch.ms["encode"] <= watch.ms["total"]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("compute;dur=1.25", 1.25),
        ("decode;dur=3, compute;dur=2, total;dur=5", 2.0),
        ("decode;dur=3,compute;dur=2", 2.0),
        ("precompute;dur=1", None),
        ("compute;desc=x", None),
        ("compute;dur=-1", None),
        ("", None),
        (None, None),
    ],
)
def test_the_time_of_a_model_is_read_by_its_name(header: str | None, expected: float | None) -> None:
    """Whatever else a server tells."""
    assert compute_ms(header) == expected
