"""The judge of a canary, in simulated rollouts: what it finds, how soon, and how seldom it errs."""

import math
from typing import Any

import numpy as np
import pytest

from gateway.canary.differences import difference
from gateway.canary.judge import Judge, Limits
from gateway.sides import Moments, SideCounts
from gateway.sides.moments import OPEN, Measure
from gateway.sides.side import EDGES

STEPS = ((0.01, 2000), (0.05, 2000), (0.25, 2000))
"""Shares of the candidate, and the rows that it answers before the next."""

LOOK = 200
"""So many rows of the candidate lie between two looks."""

GRID = 200
"""So many values a simulated score can have: as one is drawn from a table, counts of it are multinomial."""

CELLS = np.linspace(0, 1, 33)[1:-1]


class Population:
    """Draw the counts of many answers at once, from a table of requests with their rows, and their probabilities."""

    def __init__(self, requests: Any, shares: Any, edges: Any) -> None:
        self.shares = np.array(shares) / np.sum(shares)
        self.edges = [float(edge) for edge in edges]
        each = [Measure(self.edges) for _ in requests]
        for measure, rows in zip(each, requests, strict=True):
            measure.count(list(rows), [len(rows)])
        self.sums = np.array([measure.moments.about(0.0).sums for measure in each])

    def moments(self, counts: Any) -> Moments:
        """Give the moments of so many answers to each request."""
        return Moments(int(counts.sum()), np.tensordot(counts, self.sums, 1).tolist(), self.edges)


def single(values: Any, shares: Any, edges: Any) -> Population:
    """Give requests of one row each."""
    return Population([[value] for value in values], shares, edges)


def normal(shift: float = 0.0) -> Population:
    """Give a score in [0, 1] with the deviation of 0.1, moved by so many of them."""
    values = np.linspace(0, 1, GRID)
    return single(values, np.exp(-(((values - 0.5) / 0.1 - shift) ** 2) / 2), CELLS)


def skewed() -> Population:
    """Give a score that is nearly always small."""
    values = np.linspace(0.001, 1, GRID)
    return single(values, values**-1.5, CELLS)


def label(share: float = 0.3) -> Population:
    """Give a decision."""
    return single([0, 1], [1 - share, share], [0.5])


Pair = tuple[Population, Population]
"""The candidate's, and the other side's."""


def times(slow: float = 0.0, *, by: float = 10.0, factor: float = 1.0) -> Population:
    """Give times around 4 ms, of which one in a hundred is above 10; a share of them takes so many times as long."""
    deviations = np.linspace(-4, 4, GRID)
    logs, shares = math.log(4 * factor) + 0.4 * deviations, np.exp(-(deviations**2) / 2)
    return single([*logs, *(logs + math.log(by))], [*shares * (1 - slow), *shares * slow], EDGES)


def heavy(factor: float = 1.0) -> Population:
    """Give times of which one in a hundred takes a hundred times as long as the fastest."""
    logs = np.linspace(0, 8, GRID)
    return single(math.log(2 * factor) + logs, np.exp(-logs), EDGES)


def drifting(usual_ms: float, factor: float = 1.0) -> list[Population]:
    """Give times of several hours, up to three times as long in one as in another; 3 % are far out in each."""
    deviations, beyond = np.linspace(-4, 4, GRID), np.geomspace(3, 1000, GRID)
    shares = [*0.97 * np.exp(-(deviations**2) / 2) / 25, *0.03 / GRID / (beyond / 3)]
    hours = [math.log(usual_ms * factor * hour) for hour in (1, 1.3, 2, 3, 2.5, 1.2, 1.6)]
    return [single([*log + 0.4 * deviations, *log + np.log(beyond)], shares, EDGES) for log in hours]


def blocks() -> Population:
    """Give requests of up to sixty rows, of which each second one has rows that are all alike."""
    random = np.random.default_rng(1)
    sizes = random.integers(1, 60, GRID)
    return Population(
        [random.beta(2, 2, 1 if i % 2 else n).repeat(n if i % 2 else 1) for i, n in enumerate(sizes)],
        np.ones(GRID),
        CELLS,
    )


LATENCY = times()


def rollout(
    seed: int,
    outputs: dict[str, Pair],
    *,
    latency: Pair | list[Pair] = (LATENCY, LATENCY),
    steps: Any = STEPS,
    look: int | None = None,
    share: tuple[float, float] = (0.0, 0.0),
    limits: Limits = Limits(),  # noqa: B008 (frozen)
) -> tuple[int | None, str]:
    """Give after how many rows of the candidate it is found guilty, and of what; None where it never is.

    `outputs` have the populations of candidate and stable side, `share` their shares of failures; several of `latency`
    take turns from look to look.
    """
    random = np.random.default_rng(seed)
    judge, answered, look = Judge(limits), 0, look or LOOK
    hours = latency if isinstance(latency, list) else [latency]
    for weight, wanted in steps:
        judge.begin()
        seen: tuple[dict[str, Moments], dict[str, Moments]] = ({}, {})
        requests, failed = np.zeros(2, dtype=int), np.zeros(2, dtype=int)
        for _ in range(0, wanted, look):
            new = np.array([look, random.binomial(round(look / weight), 1 - weight)])
            answered += look
            requests += new
            failed += random.binomial(new, share)
            pairs = {**outputs, "latency": hours[answered // look % len(hours)]}
            sides = []
            for side, moments in enumerate(seen):
                for name, pair in pairs.items():
                    drawn = pair[side].moments(random.multinomial(new[side], pair[side].shares))
                    moments[name] = moments[name].plus(drawn) if name in moments else drawn
                its = {name: its for name, its in moments.items() if name != "latency"}
                total = int(requests[side])
                sides.append(SideCounts(total, int(failed[side]), total, {}, moments["latency"], its))
            if guilty := [finding.what for finding in judge.look(*sides) if finding.guilty]:
                return answered, guilty[0]
    return None, ""


@pytest.mark.parametrize(
    ("outputs", "latency"), [({"score": skewed(), "label": label()}, times(0.02)), ({"score": blocks()}, heavy())]
)
def test_an_identical_model_is_rolled_back_once_in_a_hundred_at_most(
    outputs: dict[str, Population], latency: Population
) -> None:
    """Of 500 rollouts each, looked at fifteen times; both sides fail, and some answers of both are slow."""
    pairs = {name: (one, one) for name, one in outputs.items()}
    run: Any = {"latency": (latency, latency), "share": (0.02, 0.02), "look": 400}
    guilty = [what for seed in range(500) if (what := rollout(seed, pairs, **run)[1])]

    assert len(guilty) <= 5, guilty


def lopsided(kind: str) -> Population:
    """Give answers whose mean one request can move: rare decisions, a heavy tail, rare requests of many rows alike."""
    random, each = np.random.default_rng(1), 100
    if kind == "rare decisions":
        return label(0.0003)
    if kind == "heavy tail":
        beyond = np.geomspace(1, 1e-9, 2 * each)
        return single(1 / beyond, -np.diff([*beyond, 0]), OPEN)
    many = [[value] * 256 for value in random.beta(0.5, 0.5, each)]
    return Population([*random.beta(2, 2, (each, 1)).tolist(), *many], [0.999] * each + [0.001] * each, CELLS)


@pytest.mark.parametrize("kind", ["rare decisions", "heavy tail", "rare requests of many rows"])
def test_what_few_requests_decide_is_no_evidence(kind: str) -> None:
    """Of 200 rollouts of an identical model 2 at most are rolled back; 4, 6 and 20 % were, at 1 % of all requests."""
    population = lopsided(kind)
    pairs = {"score": (population, population)}
    always = single([1.0], [1.0], EDGES)
    run: Any = {"steps": ((0.01, 1000),), "look": 100, "latency": (always, always)}
    guilty = [what for seed in range(200) if (what := rollout(seed, pairs, **run)[1])]

    assert len(guilty) <= 2, guilty


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


@pytest.mark.parametrize(("weight", "least"), [(0.01, 99), (0.05, 99), (0.25, 95)])
def test_a_candidate_that_fails_is_out_within_500_requests(weight: float, least: int) -> None:
    """It fails 2 % of them, and the other side none; at 25 % five failures are needed, which 97.2 of 100 have."""
    found = [rollout(seed, {}, share=(0.02, 0.0), look=50, steps=((weight, 500),)) for seed in range(100)]

    assert sum(what == "failures" for _, what in found) >= least


def counted(requests: int, failed: int = 0) -> SideCounts:
    """Give a side that failed some of its requests."""
    return SideCounts(requests, failed, requests - failed, {}, LATENCY.moments(np.zeros(2 * GRID)), {})


def test_many_looks_see_as_much_as_one() -> None:
    """What one side was asked waits until the other is asked too, or nothing would ever be compared."""
    judge = Judge(Limits())
    judge.begin()
    found = [judge.look(counted(k // 100, k // 2500), counted(k - k // 100))[0] for k in range(100, 5001, 25)]

    assert not found[-2].guilty
    assert found[-1].guilty


def test_a_side_that_has_only_failed_in_a_step_has_no_usual_time() -> None:
    """The steps before have compared times, and the judge goes on."""
    judge = Judge(Limits())
    judge.begin()
    times = LATENCY.moments(np.full(2 * GRID, 1))
    both = SideCounts(times.requests, 0, times.requests, {}, times, {})
    judge.look(both, both)
    judge.begin()

    assert not any(finding.guilty for finding in judge.look(counted(1), counted(1, 1)))


@pytest.mark.parametrize(("weight", "enough"), [(0.01, 2), (0.05, 3), (0.25, 5)])
def test_a_few_failures_are_enough_where_the_other_side_has_none(weight: float, enough: int) -> None:
    """At 25 % four are not: of one that may fail 1.5 times as often they all are in more than 1 % of all rollouts."""
    for failed in (enough - 1, enough):
        judge = Judge(Limits())
        judge.begin()
        assert judge.look(counted(500, failed), counted(round(500 / weight) - 500))[0].guilty == (failed == enough)


def test_what_the_limits_allow_is_not_found() -> None:
    """A larger shift, more failures and slower answers than the other side's, if somebody wants them."""
    run: Any = {"outputs": {"score": (normal(0.1), normal())}, "share": (0.015, 0.01), "limits": Limits(shift=0.2)}
    for latency in ((times(factor=1.5), times()), (heavy(1.5), heavy()), (times(0.0025, by=20), times())):
        found = [rollout(seed, **run, latency=latency) for seed in range(50)]

        assert found == [(None, "")] * 50


@pytest.mark.parametrize("weight", [0.01, 0.05, 0.25])
def test_a_candidate_that_takes_twice_as_long_is_found(weight: float) -> None:
    """8 ms in place of 4, within 1,000 requests; and 10 in place of 5 where times drift and some are far out."""
    run: Any = {"steps": ((weight, 1000),)}
    drift = list(zip(drifting(5, factor=2), drifting(5), strict=True))
    for latency in ((times(factor=2), times()), drift):
        found = [rollout(seed, {}, latency=latency, **run)[1] for seed in range(20)]

        assert found == ["latency"] * 20


def test_a_millisecond_is_no_fault_whatever_the_ratio() -> None:
    """A process that is asked seldom takes longer, so a fast model's would be out for that alone; less may be said."""
    fast = (times(factor=0.4), times(factor=0.2))

    assert [rollout(seed, {}, latency=fast) for seed in range(20)] == [(None, "")] * 20
    assert [rollout(seed, {}, latency=fast, limits=Limits(slack_ms=0))[1] for seed in range(20)] == ["latency"] * 20


def test_what_is_allowed_goes_by_what_is_usual_in_each_step() -> None:
    """A candidate that takes 0.8 ms longer while it is asked seldom is not out for that where all take longer later."""
    judge, found = Judge(Limits()), list[bool]()
    for usual_ms, longer_ms, asked in ((0.5, 0.8, 2000), (50, 0, 500)):
        judge.begin()
        pair = [times(factor=ms / 4) for ms in (usual_ms + longer_ms, usual_ms)]
        drawn = [one.moments(np.random.default_rng(1).multinomial(asked, one.shares)) for one in pair]
        found.append(judge.look(*[SideCounts(asked, 0, asked, {}, its, {}) for its in drawn])[1].guilty)

    assert not any(found)


@pytest.mark.parametrize("usual_ms", [0.5, 4, 100])
def test_times_that_drift_and_are_far_out_on_both_sides_are_no_evidence(usual_ms: float) -> None:
    """Of a hundred rollouts of an identical model one is rolled back at most, also with neither a ratio nor a slack."""
    drift = [(one, one) for one in drifting(usual_ms)]
    for limits in (Limits(), Limits(latency=1, slack_ms=0)):
        assert [rollout(seed, {}, latency=drift, limits=limits)[1] for seed in range(100)].count("latency") <= 1


@pytest.mark.parametrize("by", [10, 20])
@pytest.mark.parametrize("weight", [0.01, 0.05, 0.25])
def test_a_candidate_that_is_slow_now_and_then_is_out_within_2000_requests(weight: float, by: float) -> None:
    """Of its answers 3 % take so many times as long, which moves the geometric mean by 7 to 9 %."""
    run: Any = {"latency": (times(0.03, by=by), times()), "steps": ((weight, 2000),)}

    assert [rollout(seed, {}, **run)[1] for seed in range(50)].count("latency") >= 48


def test_what_was_seen_of_slow_answers_is_told() -> None:
    """With the times that both shares are beyond."""
    judge = Judge(Limits())
    judge.begin()
    random = np.random.default_rng(1)
    own, others = (
        SideCounts(requests, 0, requests, {}, one.moments(random.multinomial(requests, one.shares)), {})
        for requests, one in ((1000, times(0.05)), (9000, times()))
    )
    finding = judge.look(own, others)[1]

    assert finding.guilty
    assert (
        finding.seen == "4.30% of its answers took longer than 25.6 ms, 0.42% of the other side's longer than 11.4 ms"
    )


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


@pytest.mark.parametrize("mean", [0.0, 1e6, -1e9])
def test_a_shift_is_seen_however_far_from_0_the_mean_is(mean: float) -> None:
    """Each replica has a pivot of its own, near its first values: powers of these would have no digits left for it."""
    random = np.random.default_rng(1)
    sides = []
    for shift in (0.1, 0.0):
        replicas = [Measure(OPEN) for _ in range(2)]
        for replica in replicas:
            for _ in range(10):
                replica.count((mean + shift + random.normal(size=250)).tolist(), [1] * 250)
        one, other = (replica.moments for replica in replicas)
        assert one.pivot != other.pivot
        sides.append(one.plus(other))
    found = difference(sides[0], sides[1])

    assert found.mean[0] == pytest.approx(0.1, abs=0.05)
    assert found.spread[0] == pytest.approx(1, rel=0.05)
    assert found.error[0] == pytest.approx(0.02, rel=0.05)


def test_categories_and_bounds_that_become_known_between_two_steps_are_compared_with_those_before() -> None:
    """As the branches of a fallback do, when a model tells its contract: shares that differ in both steps add up."""
    latency = Measure([1.0])
    latency.count([1.0] * 1000, [1] * 1000)
    judge, weights = Judge(Limits()), []
    for categories, edges in ((["a"], [0.5]), (["b", "a"], [0.5, 1.5])):
        judge.begin()
        sides = []
        for others in (60, 30):
            branch, score = Measure(categories=categories), Measure(edges)
            branch.count(["a"] * (1000 - others) + [""] * others, [1] * 1000)
            score.count([0.0] * (1000 - others) + [1.0] * others, [1] * 1000)
            outputs = {"branch": branch.moments, "score": score.moments}
            sides.append(SideCounts(1000, 0, 1000, {}, latency.moments, outputs))
        weights.append(judge.look(*sides)[2].weight)

    assert weights[1] > 2 * weights[0] > 0


def test_what_is_told_of_predictions_is_what_weighs_most() -> None:
    """Here the spread: the means are alike."""
    narrow, wide = Measure([0.2, 0.4, 0.6, 0.8]), Measure([0.2, 0.4, 0.6, 0.8])
    for value in (0.4, 0.5, 0.6):
        narrow.count([value] * 300, [1] * 300)
    for value in (0.1, 0.5, 0.9):
        wide.count([value] * 300, [1] * 300)
    latency = Measure([1.0])
    latency.count([1.0] * 900, [1] * 900)
    judge = Judge(Limits())
    judge.begin()
    sides = [SideCounts(900, 0, 900, {}, latency.moments, {"score": one.moments}) for one in (wide, narrow)]
    (found,) = [finding for finding in judge.look(*sides) if finding.guilty]

    assert found.what == "predictions"
    assert found.seen.startswith("output score: a share differs by")
