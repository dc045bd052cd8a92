"""The settings of plans whose branches are cases: a switch and a fallback, which may hold stored answers."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from gateway.settings.parts import Different, Named, Strict, Timeout, fault
from gateway.settings.stored import Chosen, StoredSettings


def readable(text: str) -> str:
    """Refuse what is no condition; raises ConditionError, a ValueError."""
    from gateway.conditions import read  # its parser takes 0.3 s and 37 MB: only who has conditions pays for it

    read(text)
    return text


class CaseSettings(Strict):
    """Say what answers the records of which a condition holds; see `gateway/plans/switch.py`."""

    when: Annotated[str, Field(min_length=1, max_length=1000), AfterValidator(readable)]
    then: Chosen


class SwitchSettings(Strict):
    """Say which of the cases answers a record, the first that holds; conditions may read what is asked before."""

    ask: Different = ()
    cases: tuple[CaseSettings, ...] = Field(min_length=1)
    otherwise: Chosen

    @model_validator(mode="after")
    def each_is_reached(self) -> "SwitchSettings":
        """Check that each case is reached, as far as no contract is needed for that."""
        from gateway.conditions import covers, never_holds, one_holds, read  # as above

        conditions = [read(case.when) for case in self.cases]
        for index, condition in enumerate(conditions):
            if never_holds(condition):
                raise fault(("cases", index, "when"), "is never reached: no number is between those that it names")
            earlier = zip(self.cases[:index], conditions[:index], strict=True)
            before = next((case.when for case, one in earlier if covers(one, condition)), None)
            if before is not None:
                raise fault(
                    ("cases", index, "when"), f"is never reached: before it stands {before!r}, which holds there"
                )
            if one_holds(conditions[: index + 1]):
                after = ("otherwise",) if index + 1 == len(conditions) else ("cases", index + 1, "when")
                raise fault(after, "is never reached: of the conditions before it one always holds")
        return self

    @model_validator(mode="after")
    def names_are_asked(self) -> "SwitchSettings":
        """Check that conditions name outputs only of what is asked before, and that nothing is asked for nothing.

        A plan that answers a case may be asked before though no condition names it: its rows wait for nobody then.
        """
        from gateway.conditions import names_of, read  # as above

        needed = {name for name in self.answering if isinstance(name, str)}
        for index, case in enumerate(self.cases):
            for name in names_of(read(case.when)):
                asked, dot, _ = name.partition(".")
                if dot and asked not in self.ask:
                    raise fault(("cases", index, "when"), f"names {name}, and {asked} is not asked before (ask)")
                needed.add(asked)
        for index, name in enumerate(self.ask):
            if name not in needed:
                raise fault(
                    ("ask", index), f"names {name!r}, whose outputs no condition names, and no case leads there"
                )
        return self

    @property
    def answering(self) -> Sequence[Chosen]:
        """Give who answers, case by case, and last of all otherwise."""
        return [*(case.then for case in self.cases), self.otherwise]

    def named(self) -> Named:
        """Yield all plans."""
        for index, name in enumerate(self.ask):
            yield ("ask", index), name
        for index, case in enumerate(self.cases):
            if isinstance(case.then, str):
                yield ("cases", index, "then"), case.then
        if isinstance(self.otherwise, str):
            yield ("otherwise",), self.otherwise


class FallbackSettings(Strict):
    """Say who answers, each where those before it cannot within `within_s` seconds."""

    to: tuple[Chosen, ...] = Field(min_length=2)
    within_s: Timeout | None = None

    @model_validator(mode="after")
    def each_is_reached(self) -> "FallbackSettings":
        """Check that a stored answer, which is always there, stands at the end, behind models."""
        for index, one in enumerate(self.to):
            if isinstance(one, StoredSettings) and index < len(self.to) - 1:
                raise fault(("to", index), "always answers, so that nothing behind it is ever asked")
        return self

    @property
    def answering(self) -> Sequence[Chosen]:
        """Give who answers."""
        return self.to

    def named(self) -> Named:
        """Yield the plans."""
        return ((("to", index), one) for index, one in enumerate(self.to) if isinstance(one, str))
