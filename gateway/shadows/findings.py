"""What is wrong with a candidate's answers: one finding an output, the most telling that its figures allow."""

import math
from collections import Counter
from collections.abc import Iterator

import msgspec

from contract.feature import Value
from gateway.shadows.choices import Choices
from gateway.shadows.comparison import Comparison
from gateway.shadows.numbers import DECIMALS, Numbers

RARE = 0.001
"""What happens to fewer than one in a thousand is not told: another library decides a tie otherwise now and then."""

SURE = math.log(1e5)
"""A finding is wrong once in 100,000 looks, or less."""

FEW = 20
"""Rows that say something of a number as a whole."""

STRAIGHT = 1e-6
"""What a straight line may leave of the variance: a rounding to two decimals leaves a probability ten times as much."""


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """Say in a word what is wrong, of which output, with a figure and in a sentence."""

    what: str
    text: str
    figure: float
    output: str | None = None


def beyond(count: int, of: int, share: float = RARE) -> bool:
    """Say that so many of so many are more than a share by more than chance (Chernoff's bound of the binomial)."""
    if not of or count / of <= share:
        return False
    seen = count / of
    rest = (1 - seen) * math.log((1 - seen) / (1 - share)) if seen < 1 else 0.0
    return of * (seen * math.log(seen / share) + rest) > SURE


def findings(comparison: Comparison) -> Iterator[Problem]:
    """Yield what is wrong with the outputs."""
    for name, its in comparison.by_output.items():
        rows = its.rows + its.lost + its.gained if isinstance(its, Numbers) else its.rows
        for what, count in (("missing", its.lost), ("added", its.gained)):
            if beyond(count, rows):
                told = "is missing" if what == "missing" else "is there, and missing for callers,"
                yield Problem(what, f"{name} {told} in {count} of {rows} rows", count / rows, name)
        if isinstance(its, Numbers):
            if beyond(its.apart, its.rows):
                yield of_number(name, its, comparison)
        elif beyond(its.changed - its.lost - its.gained, its.rows):
            yield of_choice(name, its)


def of_number(name: str, its: Numbers, comparison: Comparison) -> Problem:
    """Say what a number that differs is of the other."""
    line, share = its.line, its.apart / its.rows
    if its.rows >= FEW and its.lowest[1] == its.highest[1] and its.lowest[0] < its.highest[0]:
        return Problem("constant", f"{name} is always {its.lowest[1]:.6g}", float(its.lowest[1]), name)
    if line is not None and its.rows >= FEW and line.residual < STRAIGHT:
        return of_line(name, line.slope, line.offset, float(abs(its.means[0])))
    if comparison.mixed and comparison.moved * 2 > comparison.mixed:
        text = f"{name} has the same values in another order in {comparison.moved} of {comparison.mixed} requests"
        return Problem("order", text, comparison.moved / comparison.mixed, name)
    for place, decimals in enumerate(DECIMALS):
        was, now = its.rounded[:, place].tolist()
        if its.rows >= FEW and now == its.rows and was * 2 < its.rows:
            return Problem("rounded", f"{name} is rounded to {decimals} decimals", decimals, name)
    for end in ("lowest", "highest"):
        at, (bound, others) = getattr(its, f"at_{end}").tolist(), getattr(its, end).tolist()[::-1]
        further = others < bound if end == "lowest" else others > bound
        if further and at[1] >= FEW and beyond(at[1], its.rows, 2 * max(at[0] / its.rows, RARE)):
            text = f"{name} is {bound:.6g} at the {end} in {at[1]} rows, and goes to {others:.6g} for callers"
            return Problem("clipped", text, bound, name)
    mean = its.absolute / its.rows
    if line is not None and its.rows >= FEW and line.residual > 0.5:
        correlation = math.copysign(math.sqrt(1 - line.residual), line.slope)
        return Problem(
            "unrelated", f"{name} follows the other little: their correlation is {correlation:.2f}", correlation, name
        )
    bias = float(its.means[1] - its.means[0])
    text = (
        f"{name} differs in {share:.1%} of the rows, by {mean:.3g} in the mean ({bias:+.3g}), {its.largest:.3g} at most"
    )
    return Problem("differs", text, mean, name)


def of_line(name: str, slope: float, offset: float, size: float) -> Problem:
    """Say by what a number is multiplied, what is added, or both."""
    small = 1e-4 * max(size, 1e-9)
    if abs(slope - 1) < 1e-4:
        return Problem("offset", f"{name} is higher by {offset:.6g}", offset, name)
    if abs(offset) < small:
        return Problem("scaled", f"{name} is {slope:.6g} times as large", slope, name)
    return Problem("scaled", f"{name} is {slope:.6g} times as large, plus {offset:.6g}", slope, name)


def of_choice(name: str, its: Choices) -> Problem:
    """Say what became of a category."""
    changes = its.changes
    share = its.changed / its.rows
    told = f"{name} differs in {its.changed} of {its.rows} rows"
    if not changes:  # none of them is among the pairs that are told apart
        return Problem("changed", told, share, name)
    (old, new), most = changes[0]
    classes = {now for (_, now), count in its.pairs.items() if count}
    if its.rows >= FEW and len(classes) == 1 and len({was for was, _ in its.pairs}) > 1:
        return Problem("constant", f"{name} is always {worded(new)}", share, name)
    if swapped := exchanged(its):
        text = ", ".join(f"{worded(was)} is {worded(now)}" for was, now in swapped.items())
        return Problem("swapped", f"{told}: {text}", share, name)
    back = dict(changes).get((new, old), 0)
    way = f"{most} from {worded(old)} to {worded(new)}, {back} back"
    if most + back == its.changed and beyond(most, most + back, 0.5):
        return Problem("threshold", f"{told}, one way: {way}", share, name)
    return Problem("changed", f"{told}: {way}", share, name)


def exchanged(its: Choices) -> dict[Value, Value]:
    """Give which class most rows of each class became, where each became another one; else nothing."""
    became: dict[Value, Counter[Value]] = {}
    for (was, now), count in its.pairs.items():
        became.setdefault(was, Counter())[now] += count
    found = {was: counts.most_common(1)[0] for was, counts in became.items()}
    moved = {was: now for was, (now, _) in found.items() if was != now}
    explained = sum(count for _, count in found.values())
    is_one_to_one = len({now for now, _ in found.values()}) == len(found)
    return moved if len(moved) > 1 and is_one_to_one and explained >= 0.9 * its.rows else {}


def worded(value: Value) -> str:
    """Write a class."""
    return "missing" if value is None else str(value)
