"""The settings of routes: what each public name runs, by the names of backends and of other routes."""

from typing import Annotated

from pydantic import BeforeValidator, Field, model_validator

from contract import Terms
from gateway.settings.aggregates import AggregateSettings, by_word
from gateway.settings.branches import FallbackSettings, SwitchSettings
from gateway.settings.parts import Named, Strict, Timeout, fault
from gateway.settings.sides import ShadowSettings, SplitSettings
from gateway.settings.stored import StoredSettings

KINDS = ("ensemble", "split", "shadow", "switch", "sequence", "fallback")


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
        its = self.switch or self.fallback
        return [one for one in its.answering if isinstance(one, StoredSettings)] if its else []

    @property
    def terms(self) -> Terms | None:
        """Give the same as a request says it."""
        if self.partial or self.require or self.quorum:
            return Terms(require=self.require, quorum=self.quorum or 1)
        return None

    def named(self) -> Named:
        """Yield the plans that it asks, with the places in which they are named."""
        its = getattr(self, self.kind)
        named = (((index,), name) for index, name in enumerate(its)) if isinstance(its, tuple) else its.named()
        for place, name in named:
            yield (self.kind, *place), name
