"""The settings of routes: what each public name runs, by the names of backends and of other routes."""

import math
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from contract import Terms
from gateway.settings.backend import Strict, Timeout, fault
from gateway.settings.branches import FallbackSettings, Named, StoredSettings, SwitchSettings

KINDS = ("ensemble", "split", "shadow", "switch", "sequence", "fallback")

Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class SplitSettings(Strict):
    """Say how much of the requests each plan gets, and by which key; see `gateway/plans/split.py`."""

    weights: dict[str, Weight] = Field(min_length=1)
    by: str = Field(default="request", pattern=r"^(request|caller|header [!-9;-~]+|feature [A-Za-z][A-Za-z0-9_]*)$")

    @model_validator(mode="after")
    def somebody_is_asked(self) -> "SplitSettings":
        """Check that one weight is more than nothing, and that there are shares of them all."""
        total = sum(self.weights.values())
        if not total:
            raise fault(("weights",), "must not all be 0")
        if not math.isfinite(total):
            raise fault(("weights",), "are too large to be added up")
        return self

    def named(self) -> Named:
        """Yield the sides."""
        return ((("weights", name), name) for name in self.weights)


class AggregateSettings(Strict):
    """Say how the answers of an ensemble's members become one; see `gateway/plans/aggregate.py`.

    `outputs` are those that are aggregated, all that the members share where there are none.
    """

    by: Literal["mean", "weighted", "median", "vote", "max", "any"]
    weights: dict[str, Weight] = Field(default={})
    outputs: tuple[str, ...] = ()

    @model_validator(mode="after")
    def outputs_differ(self) -> "AggregateSettings":
        """Check that no output is named twice."""
        for index, name in enumerate(self.outputs):
            if name in self.outputs[:index]:
                raise fault(("outputs", index), f"names {name!r} a second time")
        return self

    def check_weights(self, members: tuple[str, ...]) -> None:
        """Check that each member has a weight where they are weighted, and only then, and that somebody counts."""
        if self.by != "weighted":
            if self.weights:
                raise fault(("aggregate", "weights"), f"are for weighted, and this is {self.by}")
            return
        for name in self.weights:
            if name not in members:
                raise fault(("aggregate", "weights", name), f"is none of the ensemble, which is {', '.join(members)}")
        if left := [name for name in members if name not in self.weights]:
            raise fault(("aggregate", "weights"), f"must have one for each member, and lack {', '.join(left)}")
        if not any(self.weights.values()):
            raise fault(("aggregate", "weights"), "must not all be 0")


def by_word(value: object) -> object:
    """Take a word for an aggregate without anything else, and `none` for nothing."""
    if value == "none":
        return None
    return {"by": value} if isinstance(value, str) else value


class ShadowSettings(Strict):
    """Say whose answers callers get (`of`), and who is asked a `sample` of the same records besides."""

    of: str
    candidate: str
    sample: float = Field(default=1.0, gt=0, le=1)

    def named(self) -> Named:
        """Yield both."""
        yield ("of",), self.of
        yield ("candidate",), self.candidate


class RouteSettings(Strict):
    """Say what a public name runs; of an ensemble also how complete an answer must be: whole, unless told otherwise."""

    ensemble: tuple[str, ...] | None = Field(default=None, min_length=1)
    aggregate: Annotated[AggregateSettings | None, BeforeValidator(by_word)] = None
    split: SplitSettings | None = None
    shadow: ShadowSettings | None = None
    switch: SwitchSettings | None = None
    sequence: tuple[str, ...] | None = Field(default=None, min_length=2)
    fallback: FallbackSettings | None = None
    timeout_s: Timeout | None = None
    partial: bool | None = None
    require: tuple[str, ...] = ()
    quorum: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def one_kind(self) -> "RouteSettings":
        """Check that the route runs one thing; raises pydantic's ValidationError with the place of what is wrong."""
        given = [kind for kind in KINDS if getattr(self, kind) is not None]
        if len(given) != 1:
            told = f"runs {' and '.join(given)}" if given else "says nothing of what it runs"
            raise fault((), f"{told}; it must have one of {', '.join(KINDS)}")
        if self.ensemble is None:
            for name in ("aggregate", "partial", "require", "quorum"):
                if getattr(self, name):
                    raise fault((name,), f"is for an ensemble, and this is a {given[0]}")
        return self

    @model_validator(mode="after")
    def weights_fit(self) -> "RouteSettings":
        """Check the weights of an aggregate."""
        if self.aggregate is not None:
            self.aggregate.check_weights(self.ensemble or ())
        return self

    @model_validator(mode="after")
    def needs_fit(self) -> "RouteSettings":
        """Check that the needs can be met."""
        members = self.ensemble or ()
        for index, name in enumerate(self.require):
            if name not in members:
                raise fault(("require", index), f"names {name!r}, but the ensemble is {', '.join(members)}")
        if self.quorum and self.quorum > len(members):
            raise fault(("quorum",), f"must be at most {len(members)}, as many as the ensemble has models")
        if self.partial is False and (self.require or self.quorum):
            raise fault(("partial",), "must not be false beside require or quorum, which allow partial answers")
        return self

    @model_validator(mode="after")
    def stored_differ(self) -> "RouteSettings":
        """Check that answers can tell stored ones apart."""
        known: dict[str, StoredSettings] = {}
        for one in self.stored:
            if known.setdefault(one.name, one) != one:
                raise fault((self.kind,), f"has two different stored answers with the name {one.name!r}")
        return self

    @property
    def kind(self) -> str:
        """Give the word for what it runs."""
        return next(kind for kind in KINDS if getattr(self, kind) is not None)

    @property
    def stored(self) -> list[StoredSettings]:
        """Give the stored answers."""
        chosen = self.switch.answering if self.switch else self.fallback.answering if self.fallback else ()
        return [one for one in chosen if isinstance(one, StoredSettings)]

    @property
    def terms(self) -> Terms | None:
        """Give the same as a request says it."""
        if self.partial or self.require or self.quorum:
            return Terms(require=self.require, quorum=self.quorum or 1)
        return None

    def named(self) -> Named:
        """Yield the plans that it asks, with the places in which they are named."""
        its = getattr(self, self.kind)
        listed = enumerate(its) if isinstance(its, tuple) else None
        for place, name in its.named() if listed is None else (((index,), name) for index, name in listed):
            yield (self.kind, *place), name


def check_routes(routes: Mapping[str, RouteSettings], backends: Mapping[str, object]) -> None:
    """Check that routes name what is there, nothing twice and never themselves; raises pydantic's ValidationError."""
    known = {**backends, **routes}
    for name, route in routes.items():
        for stored in route.stored:
            if stored.name in known:
                told = f"has a stored answer with the name of another, {stored.name!r}"
                raise fault(("routes", name, route.kind), told)
        seen = set[str]()
        for place, member in route.named():
            at = ("routes", name, *place)
            if member not in known:
                raise fault(at, f"names {member!r}, but there are {', '.join(known)}")
            if member in seen and route.switch is None:
                raise fault(at, f"names {member!r} a second time")
            seen.add(member)
    for name in routes:
        if cycle := cycle_of(routes, name):
            place = next(place for place, member in routes[name].named() if member == cycle[1])
            raise fault(("routes", name, *place), f"goes round in a circle: {' → '.join(cycle)}")


def cycle_of(routes: Mapping[str, RouteSettings], start: str) -> list[str] | None:
    """Give a way from a route back to itself."""
    ways = [[start]]
    seen = set[str]()
    while ways:
        way = ways.pop()
        for _, member in routes[way[-1]].named() if way[-1] in routes else ():
            if member == start:
                return [*way, start]
            if member not in seen:
                seen.add(member)
                ways.append([*way, member])
    return None


def in_order(routes: Mapping[str, RouteSettings]) -> list[str]:
    """Give the names of routes so that each comes after those that it asks; there are no circles."""
    ordered: dict[str, None] = {}

    def add(name: str) -> None:
        if name in routes and name not in ordered:
            for _, member in routes[name].named():
                add(member)
            ordered[name] = None

    for name in routes:
        add(name)
    return list(ordered)
