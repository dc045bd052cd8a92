"""Random contracts and records for property tests."""

from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from typing import Any, get_args

import msgspec
from hypothesis import strategies as st

from contract import Feature, Interface, Kind, Output, Table, part
from contract.feature import LARGEST_INTEGER

MINIMA = st.none() | st.integers(-3, 0)
CATEGORIES = ("a", "b", "ü", "two words", "'")


@st.composite
def features(draw: st.DrawFn, name: str = "x", kinds: tuple[Kind, ...] = get_args(Kind)) -> Feature:
    """Draw one feature of any type, nullable or not, with or without bounds."""
    kind = draw(st.sampled_from(kinds))
    low = draw(st.none() | st.integers(-100, 0)) if kind in ("number", "integer") else None
    high = draw(st.none() | st.integers(1, 100)) if kind in ("number", "integer") else None
    return Feature(
        name=name,
        type=kind,
        description="drawn",
        example=None,
        nullable=draw(st.booleans()),
        minimum=low,
        maximum=high,
        categories=draw(st.sampled_from([CATEGORIES, CATEGORIES[:1]])) if kind == "category" else (),
    )


@st.composite
def lists_of_features(draw: st.DrawFn, most: int = 12, fewest: int = 1) -> tuple[Feature, ...]:
    """Draw the features of a whole record, forty of them as soon as two where there may be forty.

    A third of the lists is of one type, so that matrices are among them.
    """
    count = draw(st.sampled_from(range(fewest, most + 1)))
    alike = st.sampled_from(get_args(Kind)).map(lambda kind: (kind,))
    kinds = draw(st.one_of(st.just(get_args(Kind)), st.just(get_args(Kind)), alike))
    return tuple(draw(features(f"x{index}", kinds)) for index in range(count))


def good_values(feature: Feature) -> st.SearchStrategy[Any]:
    """Draw values that the feature allows."""
    low, high = feature.limits
    if feature.type == "number":
        values: st.SearchStrategy[Any] = st.floats(low, high, allow_nan=False, allow_infinity=False)
    elif feature.type == "integer":
        values = st.integers(int(low), int(high))
    else:
        values = st.booleans() if feature.type == "boolean" else st.sampled_from(feature.categories)
    return values | st.none() if feature.nullable else values


def any_values() -> st.SearchStrategy[Any]:
    """Draw values that JSON can hold, near the edges of every type."""
    return st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-110, 110),
        st.sampled_from([LARGEST_INTEGER, LARGEST_INTEGER + 1, -LARGEST_INTEGER - 1, 10**30]),
        st.floats(-110, 110),
        st.sampled_from([1.0, 1e308, 5e-324, -0.0]),
        st.sampled_from(["", "1", "true", *CATEGORIES]),
        st.just([]),
        st.just({}),
    )


@st.composite
def records(draw: st.DrawFn, fields: tuple[Feature, ...]) -> dict[str, Any]:
    """Draw a record that the features allow."""
    return {feature.name: draw(good_values(feature)) for feature in fields}


@st.composite
def interfaces(draw: st.DrawFn) -> Interface:
    """Draw what a model takes and gives, all of it scores."""
    outputs = tuple(
        Output(name=f"y{index}", type="number", description="drawn", minimum=draw(MINIMA), maximum=3, column=index)
        for index in range(draw(st.integers(1, 3)))
    )
    return Interface(name="drawn", description="drawn", features=draw(lists_of_features(4)), outputs=outputs)


@st.composite
def successors(draw: st.DrawFn, old: Interface) -> Interface:
    """Draw another version of an interface, few edits away: many of them break no caller."""
    fields, outputs = list(old.features), list(old.outputs)
    edits = ("part", "part", "part", "part", "output", "whole", "order", "new", "gone")
    for count, edit in enumerate(draw(st.lists(st.sampled_from(edits), min_size=1, max_size=3))):
        index = draw(st.integers(0, len(fields) - 1))
        if edit == "part":
            fields[index] = draw(st.sampled_from(near(fields[index])))
        elif edit == "output":
            outputs[0] = msgspec.structs.replace(outputs[0], minimum=draw(MINIMA))
        elif edit == "whole":
            fields[index] = draw(features(fields[index].name))
        elif edit == "order":
            fields = draw(st.permutations(fields))
        elif edit == "new":
            fields = [*fields, draw(features(f"new{count}"))]
        elif len(fields) > 1:
            del fields[index]
    return msgspec.structs.replace(old, features=tuple(fields), outputs=tuple(outputs))


def near(feature: Feature) -> list[Feature]:
    """Give the feature with one part changed, where its type allows that."""
    changed = [msgspec.structs.replace(feature, nullable=not feature.nullable)]
    if feature.type in ("number", "integer"):
        changed += [msgspec.structs.replace(feature, minimum=minimum) for minimum in (None, -101, -1)]
        changed += [msgspec.structs.replace(feature, maximum=maximum) for maximum in (None, 101, 2)]
    if feature.type == "category":
        more = tuple(dict.fromkeys((*feature.categories, "another")))
        changed += [msgspec.structs.replace(feature, categories=kept) for kept in (more, more[-1:])]
    return changed


def apart(joined: Table, rows: Sequence[int]) -> Iterator[Table]:
    """Cut a table into pieces of so many rows, in order."""
    assert joined.rows == sum(rows)
    for start, stop in pairwise(accumulate(rows, initial=0)):
        yield part(joined, start, stop)
