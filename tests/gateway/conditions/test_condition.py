"""Conditions: they mean what SQL means, and what they can never be is told before a record is seen."""

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract import ContractError, Feature, pack
from gateway.conditions import Condition, ConditionError, read


def feature(name: str, kind: str, **more: object) -> Feature:
    """Make a feature."""
    return Feature(name=name, type=kind, description="", example=None, **more)  # type: ignore[arg-type]


FEATURES = (
    feature("size", "number", minimum=0, maximum=9),
    feature("count", "integer", nullable=True),
    feature("owner", "boolean"),
    feature("member", "boolean", nullable=True),
    feature("region", "category", categories=("east", "it's", "west"), nullable=True),
)
NAMES = {one.name: one for one in FEATURES}
ROWS = [
    (size, count, owner, member, region)
    for size in (0.0, 0.7, 9.0)
    for count in (None, 0, 4)
    for owner in (True, False)
    for member in (None, True, False)
    for region in (None, "east", "it's", "west")
]
COLUMNS = dict(zip(NAMES, map(list, zip(*ROWS, strict=True)), strict=True))
TABLE = pack(FEATURES, COLUMNS)
SAME = pd.DataFrame(COLUMNS).astype({"count": "Int64", "member": "boolean"})

ATOMS = [
    "owner",
    "member",
    "owner = member",
    "member is true",
    "member is not false",
    "count is null",
    "region is not null",
    "size > 0.7",
    "size <= count",
    "count between 1 and 4",
    "count <> 4",
    "region = 'east'",
    "region != 'it''s'",
    "region in ('east', 'west')",
    "region not in ('west')",
    "-size + 2 * count >= 7",
    '"count" - 1 < size',
]
CONDITIONS = st.recursive(
    st.sampled_from(ATOMS),
    lambda parts: st.one_of(
        parts.map("not ({})".format),
        st.tuples(parts, parts).map(lambda two: "({}) and ({})".format(*two)),
        st.tuples(parts, parts).map(lambda two: "{} or {}".format(*two)),
    ),
    max_leaves=6,
)


@given(CONDITIONS)
def test_it_holds_where_sql_says_so(text: str) -> None:
    """With nulls everywhere: DuckDB finds the same rows."""
    with duckdb.connect() as connection:
        connection.register("same", SAME)
        found = connection.execute(f"select coalesce(({text}), false) from same").fetchall()

    assert Condition(text, NAMES).holds(TABLE.columns).tolist() == [row[0] for row in found]


def test_what_cannot_be_computed_is_null() -> None:
    """Nothing is compared with a quotient by 0, and no warning is given."""
    holds = Condition("1 / size > 1 or not 1 / size > 1", NAMES).holds({"size": np.array([0.0, 0.5, 2.0])})

    assert holds.tolist() == [False, True, True]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("size >", "is no condition: Required keyword"),
        ("size owner", "holds size AS owner"),
        ("size > 1; drop table records", "none of what a condition may hold"),
        ("region in (select 1)", "none of what"),
        ("region in ()", "none of what"),
        ("region like 'e%'", "holds region LIKE 'e%'"),
        ("upper(region) = 'x'", "holds UPPER(region)"),
        ("size = 'east", "is no condition: it cannot be read"),
        ("1 = 1", "names nothing"),
        ("(" * 400 + "owner" + ")" * 400, "is nested too deeply"),
    ],
)
def test_a_text_that_is_no_condition_is_refused(text: str, told: str) -> None:
    """Before any contract is known; all that costs more than its length is none."""
    with pytest.raises(ConditionError, match=r".") as caught:
        read(text)

    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("weight > 1", "weight: there is none of this name"),
        ('region = "east"', "east: there is none of this name (and a text stands in single quotes)"),
        ("novelty.score > 1", "novelty.score: there is none"),
        ("size", "size: is a number, and says by itself nothing that could hold"),
        ("owner and true", "TRUE: is a boolean"),
        ("size = 'east'", "size = 'east': compares a number with a category"),
        ("owner = 1", "owner = 1: compares a boolean with a number"),
        ("region > 'east'", "region > 'east': only numbers are in order"),
        ("size + owner > 1", "owner: is a boolean, and only with numbers can be reckoned"),
        ("(size > 1) = owner", "size > 1: is no value"),
        ("region = 'north'", "region = 'north': is the same for all that the contract allows, east, it's, west"),
        ("region in ('east', 'north')", "region = 'north'"),
        ("size >= 0", "size >= 0: is the same for all"),
        ("size > 9", "size > 9: is the same"),
        ("size between 2 and 10", "size <= 10: is the same"),
        ("size = -1", "size = -1: is the same"),
        ("owner or 1 < 2", "1 < 2: is the same"),
        ("size is null", "size IS NULL: never holds"),
        ("count = null", "NULL: is no value"),
        ("size > 1e999", "1e999: is too large"),
    ],
)
def test_what_the_contract_does_not_allow_is_told(text: str, told: str) -> None:
    """Unknown names, wrong types, and what could never hold or never fail."""
    with pytest.raises(ContractError, match=r".") as caught:
        Condition(text, NAMES)

    assert str(caught.value).startswith(f"in the condition {text!r}, {told}")
