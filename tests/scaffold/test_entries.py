"""A line goes behind the last entry, whatever stands around it."""

from pathlib import Path

import pytest

from scaffold.entries import with_entry
from scaffold.errors import ScaffoldError

FILE = Path("some.yaml")


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("list:\n  - a # one\n\n# two\nother: 1\n", "list:\n  - a # one\n  - b\n\n# two\nother: 1\n"),
        ("list:\n- a\nother: 1\n", "list:\n- a\n- b\nother: 1\n"),
        ("list:\n    - a", "list:\n    - a\n    - b\n"),
        ("list:\n  - name: a\n    of: {c: 1}\n  # end\n", "list:\n  - name: a\n    of: {c: 1}\n  - b\n  # end\n"),
    ],
)
def test_comments_and_spaces_stay(text: str, changed: str) -> None:
    """The entry has the column of its neighbours, and nothing else differs."""
    assert with_entry(FILE, text, "list", "- b") == changed


def test_a_mapping_gains_its_entry_behind_nested_ones() -> None:
    """A last entry of several lines is not cut in two."""
    text = "map:\n  a:\n    url: x # far\n    more: 1\n\nother: 1\n"

    assert with_entry(FILE, text, "map", "b: {url: y}") == text.replace("more: 1\n", "more: 1\n  b: {url: y}\n")


@pytest.mark.parametrize(
    "text", ["list: [a]\n", "list:\n", "other: 1\n", "- list\n", "list:\n  - |\n    a\nother: 1\n"]
)
def test_a_form_without_lines_of_entries_is_told(text: str) -> None:
    """The message says how to write it."""
    with pytest.raises(ScaffoldError, match=r"some\.yaml: write the entries of list one a line"):
        with_entry(FILE, text, "list", "- b")
