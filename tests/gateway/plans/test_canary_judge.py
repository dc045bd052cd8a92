"""The judge of a canary, in simulated rollouts: what it finds, how soon, and how seldom it errs."""

from typing import Any

import numpy as np
import pytest

from gateway.canary.differences import difference
from gateway.canary.judge import Judge, Limits
from gateway.sides import Moments, SideCounts
from gateway.sides.moments import Measure

STEPS = ((0.01, 2000), (0.05, 2000), (0.25, 2000))
"""Shares of the candidate, and the rows that it answers before the next."""

LOOK = 200
"""So many rows of the candidate lie between two looks."""

GRID = 200
"""So many values a simulated score can have: as one is drawn from a table, counts of it are multinomial."""


class Population:
    """Draw the counts of many answers at once, of one row each, from a table of values and their probabilities."""

    def __init__(self, values: Any, shares: Any, edges: Any) -> None:
        self.shares = np.array(shares) / np.sum(shares)
        self.measure = Measure(list(edges))
        number, cell = self.measure.placed(list(values))
        x = np.zeros((len(number), 1 + self.measure.cells))
        x[np.arange(len(number)), 1 + cell] = 1
        x[:, 0] = number
        self.x, self.squares = x, x**2

    def moments(self, counts: Any) -> Moments:
        """Give the moments of so many answers of each value."""
        rows = int(counts.sum())
        sums, squares = counts @ self.x, counts @ self.squares
        return Moments((rows, rows, rows), [list(one) for one in (sums, squares, sums, squares)], self.measure.edges)


def normal(shift: float = 0.0) -> Population:
    """Give a score in [0, 1] with the deviation of 0.1, moved by so many of them."""
    values = np.linspace(0, 1, GRID)
    return Population(values, np.exp(-(((values - 0.5) / 0.1 - shift) ** 2) / 2), np.linspace(0, 1, 33)[1:-1])


def skewed() -> Population:
    """Give a score that is nearly always small."""
    values = np.linspace(0.001, 1, GRID)
    return Population(values, values**-1.5, np.linspace(0, 1, 33)[1:-1])


def label(share: float = 0.3) -> Population:
    """Give a decision."""
    return Population([0, 1], [1 - share, share], [0.5])


Pair = tuple[Population, Population]
"""The candidate's, and the other side's."""

LATENCY = Population(np.linspace(0, 3, 60), np.exp(-np.linspace(0, 3, 60)), [1.0, 2.0])


def rollout(
    seed: int,
    outputs: dict[str, Pair],
    *,
    latency: Pair = (LATENCY, LATENCY),
    steps: Any = STEPS,
    look: int | None = None,
    share: tuple[float, float] = (0.0, 0.0),
    limits: Limits = Limits(),  # noqa: B008 (frozen)
) -> tuple[int | None, str]:
    """Give after how many rows of the candidate it is found guilty, and of what; None where it never is.

    `outputs` have the populations of candidate and stable side, `share` their shares of failures.
    """
    random = np.random.default_rng(seed)
    judge, answered, look = Judge(limits), 0, look or LOOK
    pairs = {**outputs, "latency": latency}
    for weight, wanted in steps:
        judge.begin()
        counts: dict[str, list[Any]] = {name: [0, 0] for name in pairs}
        requests, failed = np.zeros(2, dtype=int), np.zeros(2, dtype=int)
        for _ in range(0, wanted, look):
            new = np.array([look, random.binomial(round(look / weight), 1 - weight)])
            answered += look
            requests += new
            failed += random.binomial(new, share)
            for name, pair in pairs.items():
                for side in (0, 1):
                    counts[name][side] = counts[name][side] + random.multinomial(new[side], pair[side].shares)
            sides = []
            for side in (0, 1):
                moments = {name: pair[side].moments(counts[name][side]) for name, pair in pairs.items()}
                its_latency = moments.pop("latency")
                total, its = int(requests[side]), int(failed[side])
                sides.append(SideCounts(total, its, total, {}, its_latency, moments))
            if guilty := [finding.what for finding in judge.look(*sides) if finding.guilty]:
                return answered, guilty[0]
    return None, ""


def test_an_identical_model_is_rolled_back_once_in_a_hundred_at_most() -> None:
    """Of 1,000 rollouts that are looked at fifteen times each, with a score that is skewed, where both sides fail."""
    score, decision = skewed(), label()
    outputs = {"score": (score, score), "label": (decision, decision)}
    guilty = [what for seed in range(1000) if (what := rollout(seed, outputs, share=(0.02, 0.02), look=400)[1])]

    assert len(guilty) <= 10, guilty


@pytest.mark.parametrize("weight", [0.01, 0.05, 0.25])
def test_a_shift_of_a_tenth_of_a_deviation_is_found_within_5000_rows(weight: float) -> None:
    """In 95 of 100 runs, whatever the candidate's share is, beside an output that has not moved."""
    outputs = {"score": (normal(0.1), normal()), "label": (label(), label())}
    found = [rollout(seed, outputs, steps=((weight, 5000),)) for seed in range(100)]

    assert sum(what == "predictions" for _, what in found) >= 95


def test_a_shift_is_found_over_several_steps() -> None:
    """What each step saw counts in the next."""
    found = [rollout(seed, {"score": (normal(0.1), normal())})[1] for seed in range(100)]

    assert found.count("predictions") >= 95


@pytest.mark.parametrize("weight", [0.01, 0.05])
def test_a_candidate_that_fails_is_out_within_500_requests(weight: float) -> None:
    """It fails 2 % of them, and the other side none, in the steps that a rollout begins with."""
    found = [rollout(seed, {}, share=(0.02, 0.0), look=50, steps=((weight, 500),)) for seed in range(100)]

    assert sum(what == "failures" for _, what in found) >= 99


def test_what_the_limits_allow_is_not_found() -> None:
    """A larger shift, more failures and slower answers than the other side's, if somebody wants them."""
    slower = Population(np.linspace(0.3, 3.3, 60), LATENCY.shares, [1.0, 2.0])
    run: Any = {"outputs": {"score": (normal(0.1), normal())}, "latency": (slower, LATENCY), "share": (0.015, 0.01)}
    found = [rollout(seed, **run, limits=Limits(shift=0.2)) for seed in range(50)]

    assert found == [(None, "")] * 50


def test_a_slow_candidate_is_found() -> None:
    """One that takes twice as long."""
    slower = Population(np.linspace(0.7, 3.7, 60), LATENCY.shares, [1.0, 2.0])
    found = [rollout(seed, {}, latency=(slower, LATENCY))[1] for seed in range(20)]

    assert found == ["latency"] * 20


def test_rows_of_one_request_are_no_evidence_of_their_own() -> None:
    """Each request has fifty rows that are all alike: by rows the means would differ for sure."""
    random = np.random.default_rng(1)
    guilty = 0
    for _ in range(100):
        judge, sides = Judge(Limits()), []
        judge.begin()
        for requests in (200, 1800):
            score, latency = Measure(list(np.linspace(0, 1, 33)[1:-1])), Measure([1.0])
            score.count(np.repeat(random.beta(2, 2, requests), 50).tolist(), [50] * requests)
            latency.count([1.0] * requests, [1] * requests)
            sides.append(SideCounts(requests, 0, 50 * requests, {}, latency.moments, {"score": score.moments}))
        guilty += any(finding.guilty for finding in judge.look(*sides))

    assert guilty <= 1


def test_sides_of_other_bounds_or_categories_are_compared_as_far_as_that_goes() -> None:
    """Numbers by their means, categories by the shares of all that there are on either side."""
    narrow, wide = Measure([0.5]), Measure([0.2, 0.4, 0.6])
    for measure in (narrow, wide):
        measure.count([0.1, 0.9] * 500, [1] * 1000)
    two, three = Measure(categories=["a", "b"]), Measure(categories=["c", "b", "a"])
    two.count(["a", "b"] * 500, [1] * 1000)
    three.count(["a", "b", "c", "c"] * 250, [1] * 1000)
    numbers, texts = difference(narrow.moments, wide.moments), difference(two.moments, three.moments)

    assert numbers.mean.tolist() == [0]
    assert texts.mean[1:].tolist() == pytest.approx([0.25, 0.25, -0.5, np.nan], nan_ok=True)
