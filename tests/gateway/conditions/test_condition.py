"""Conditions: they mean what SQL means, and what they can never be is told before a record is seen."""

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract import ContractError, Feature, pack
from contract.feature import Kind
from contract.table import Array
from gateway.conditions import Condition, ConditionError, covers, never_holds, read
from gateway.plans.outputs import Shown


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


@pytest.mark.parametrize("name", ["a.b.c.d", "a.b.c.d.e", "a.b.c.d.e.f.g"])
def test_a_name_may_have_any_levels(name: str) -> None:
    """Ensembles in each other make such outputs, also such as hold by themselves."""
    kinds: dict[str, Kind] = {name: "number", f"x.{name}": "boolean"}
    outputs = {key: Shown(name=key, type=kind, description="") for key, kind in kinds.items()}
    columns = {name: np.array([1.0, 3.0]), f"x.{name}": np.array([True, True])}

    assert Condition(f"x.{name} and {name} > 2", outputs).holds(columns).tolist() == [False, True]


def test_what_cannot_be_computed_is_null() -> None:
    """Nothing is compared with a quotient by 0, and no warning is given."""
    holds = Condition("1 / size > 1 or not 1 / size > 1", NAMES).holds({"size": np.array([0.0, 0.5, 2.0])})

    assert holds.tolist() == [False, True, True]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("size >", "is no condition: it cannot be read at '>', character 6"),
        ("size owner", "is no condition: it cannot be read at 'owner', character 6"),
        ("(size > 1", "is no condition: it cannot be read at '1', character 9, which a ) must follow"),
        ("size > 1; drop table records", "is no condition: it cannot be read at 'drop', character 11"),
        ("region in (select 1)", "none of what"),
        ("region in ()", "none of what"),
        ("region like 'e%'", "holds region LIKE 'e%'"),
        ("upper(region) = 'x'", "holds UPPER(region)"),
        ("size = 'east", "is no condition: it cannot be read"),
        ("1 = 1", "names nothing"),
        ("(" * 10_000 + "owner" + ")" * 10_000, "is nested too deeply"),
        ("(" * 16 + "owner" + ")" * 16, "is nested too deeply"),
        ("not " * 240 + "owner", "is nested too deeply"),
        ("size > " + "- " * 400 + "1", "is nested too deeply"),
        ("size" + "+1" * 400 + " > 1", "is nested too deeply"),
        ("a" + ".a" * 400, "is nested too deeply"),
        ("size > 1e", "holds 1e, which is no number that a double can hold"),
        ("size > 1e999", "holds 1e999, which is no number"),
        ("size between symmetric 2 and 1", "none of what a condition may hold"),
        ("region rlike '(a+)+$'", "none of what"),
        ("cast(size as int) > 1", "holds CAST(size AS INT)"),
        ("load 'file'", "it cannot be read at \"'file'\", character 6"),
        ("a.b.c.d.* > 1", "none of what a condition may hold"),
        ("a.b.c.d.f() > 1", "none of what a condition may hold"),
        ("-- nothing", "is no condition: it cannot be read"),
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
        ("sise > 1", "sise: there is none of this name (but size)"),
        ('region = "east"', "east: there is none of this name (and a text stands in single quotes)"),
        ("novelty.score > 1", "novelty.score: there is none"),
        ("size", "size: is a number, and says by itself nothing that could hold"),
        ("owner and true", "TRUE: is a boolean"),
        ("size = 'east'", "size = 'east': compares a number with a category"),
        ("owner = 1", "owner = 1: compares a boolean with a number"),
        ("region > 'east'", "region > 'east': only numbers are in order"),
        ("size + owner > 1", "owner: is a boolean, and only with numbers can be reckoned"),
        ("(size > 1) = owner", "size > 1: is no value (`and` joins two comparisons)"),
        ("region = 'north'", "region = 'north': is the same for all that the contract allows, east, it's, west"),
        ("region in ('east', 'north')", "region = 'north'"),
        ("size >= 0", "size >= 0: is the same for all"),
        ("size > 9", "size > 9: is the same"),
        ("size between 2 and 10", "size <= 10: is the same"),
        ("size = -1", "size = -1: is the same"),
        ("owner or 1 < 2", "1 < 2: is the same"),
        ("size is null", "size IS NULL: never holds"),
        ("count = null", "NULL: is no value (`is null` asks for it)"),
    ],
)
def test_what_the_contract_does_not_allow_is_told(text: str, told: str) -> None:
    """Unknown names, wrong types, and what could never hold or never fail."""
    with pytest.raises(ContractError, match=r".") as caught:
        Condition(text, NAMES)

    assert str(caught.value).startswith(f"in the condition {text!r}, {told}")


@pytest.mark.parametrize(
    ("text", "never"),
    [
        ("size between 5 and 1", True),
        ("size > 5 and size < 1", True),
        ("(size >= 5) and owner and 5 > size", True),
        ("size = 1 and size = 2", True),
        ("size + count < -1 and (owner and size + count > -1)", True),
        ("size > 5 and size < 1 or count between 2 and 1", True),
        ("size > 5 and size < 1 or owner", False),
        ("size >= 5 and size <= 5", False),
        ("size > 5 and count < 1", False),
        ("size not between 5 and 1", False),
        ("size > 5 or size < 1", False),
        ("owner", False),
    ],
)
def test_numbers_that_leave_none_are_found(text: str, never: bool) -> None:
    """Without a contract, in each part that could hold."""
    assert never_holds(read(text)) == never


NUMBERS = st.tuples(
    st.sampled_from(["size", "count", "-size"]),
    st.sampled_from(["<", "<=", ">", ">=", "="]),
    st.sampled_from([0, 0.7, 4]),
).map(lambda parts: "{} {} {}".format(*parts))


@given(st.lists(st.lists(NUMBERS, min_size=1, max_size=4).map(" and ".join), min_size=1, max_size=2).map(" or ".join))
def test_what_never_holds_holds_for_no_record(text: str) -> None:
    """Whatever the numbers, and where some are null; what leaves one number is not said never to hold."""
    columns = {"size": np.array([0, 0.5, 0.7, 2, 4, 9, np.nan]), "count": np.array([-1, 0, np.nan, 1, 4, 5, 2.0])}
    names = {name: feature(name, "number", nullable=True) for name in columns}

    assert not (never_holds(read(text)) and Condition(text, names).holds(columns).any())


PIECES = [
    *("size", "count", "owner", "region", "nope", "select", "from", "not", "and", "or", "is", "null", "true", "in"),
    *("between", "like", "case", "when", "end", "(", ")", "[", "]", "{", "}", "-", "+", "/", "%", "*", ".", ",", ";"),
    *(
        "<",
        ">",
        "=",
        "<>",
        "::int",
        "0",
        "1e",
        "1e308",
        "0x1",
        "'east'",
        "'",
        '"',
        "`",
        "--",
        "/*",
        "*/",
        "$1",
        "?",
        "{{",
    ),
    *(
        "interval",
        "exists",
        "->",
        "||",
        "\n",
        "\x00",
        "ü",
        "\u2028",
        "\\",
        "@",
        ":",
        "any",
        "with",
        "as",
        "values",
        "x'1'",
    ),
]


@given(st.lists(st.sampled_from(PIECES), max_size=60).map(" ".join) | st.text(max_size=40))
@settings(max_examples=300)
def test_any_text_is_refused_or_says_where_it_holds(text: str) -> None:
    """Whatever it is: by the two errors that are told with its place in the file, and by nothing else."""
    try:
        assert covers(read(text), read(text))
        found = Condition(text, NAMES).holds(TABLE.columns)
    except (ConditionError, ContractError):
        return

    assert found.dtype == bool
    assert found.shape == (TABLE.rows,)


@pytest.mark.parametrize(
    "text", ["owner" + " and owner" * 98, "size" + "+1" * 97 + " > 99", "(" * 15 + "owner" + ")" * 15]
)
def test_what_can_be_read_can_be_asked_wherever_that_is(text: str) -> None:
    """The deepest that there may be leave half of all frames to whoever asks."""

    def below(frames: int) -> Array:
        return below(frames - 1) if frames else Condition(text, NAMES).holds(TABLE.columns)

    assert below(500).shape in {(), (TABLE.rows,)}
