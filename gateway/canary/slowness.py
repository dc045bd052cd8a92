"""Whether too many of the candidate's answers are slow, however fast most of them are."""

import numpy as np

from gateway.canary.evidence import Doubles, Events, mean_of
from gateway.sides import Moments

MORE = 0.0025
"""So many more of a candidate's answers may be slow: the first ones of a process that just started are."""

EVEN = 1e-9
"""Logarithms of edges that are as near to each other are the same: they are sums."""


class Slowness:
    """Weigh how many answers took long.

    Where the candidate takes `ratio` times as long and `slack_ms`, its share beyond that of any time is at most the
    other side's beyond that time. So each edge of the other side's histogram is held against the first of the
    candidate's that is as much later: to choose one by what was seen would be a look at what is then tested.
    """

    def __init__(self, ratio: float, slack_ms: float) -> None:
        self.ratio = ratio
        self.slack_ms = slack_ms
        self.edges: Doubles = np.zeros(0)

    def begin(self, edges: Doubles) -> None:
        """Begin with the edges of the histograms, logarithms of milliseconds."""
        self.edges = edges
        self.own = np.searchsorted(edges, np.log(np.exp(edges) * self.ratio + self.slack_ms) - EVEN)
        self.own = self.own[self.own < len(edges)]
        self.events = Events(1.0, len(self.own), MORE)
        self.counts = np.zeros((2, len(self.own)))
        self.answers = np.zeros((2, 1))

    def add(self, candidate: Moments, stable: Moments) -> None:
        """Take what each side answered since the last time."""
        edges = np.array(candidate.edges)
        if candidate.edges != stable.edges:
            return
        if not len(self.edges):
            self.begin(edges)
        own, others = beyond(candidate)[self.own], beyond(stable)[: len(self.own)]
        answers = candidate.requests, stable.requests
        self.events.add((own, answers[0]), (others, answers[1]))
        self.counts += own, others
        self.answers[:, 0] += answers

    @property
    def log_e(self) -> float:
        """Give what it weighs, over all edges."""
        return mean_of(self.events.log_e) if len(self.edges) else 0.0

    @property
    def seen(self) -> str:
        """Say what it saw at the edge that weighs most."""
        worst = int(self.events.log_e.argmax())
        own, others = self.counts[:, worst] / self.answers[:, 0]
        times = np.exp(self.edges[[self.own[worst], worst]])
        return (
            f"{own:.2%} of its answers took longer than {times[0]:.3g} ms, "
            f"{others:.2%} of the other side's longer than {times[1]:.3g} ms"
        )


def beyond(times: Moments) -> Doubles:
    """Give how many answers took longer than each edge."""
    cells = np.array(times.sums[0][1:])
    return cells[len(times.edges) : 0 : -1].cumsum()[::-1]
