"""The examples of docs/api.md: what they send is sent, and what they show comes back.

`…` stands for any text, also within another, and for the version that is served; at the end of a list, or as a member,
it stands for whatever else there is. Numbers are rounded.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "api.md").read_text()
BLOCK = re.compile(r"^```http\n(.+?)\n```$", re.MULTILINE | re.DOTALL)
REST = "…"


@dataclass(frozen=True)
class Example:
    """Hold one example, and on which listener it is shown."""

    listener: str
    method: str
    path: str
    sent: str
    status: str
    content_type: str
    body: str


def examples() -> Iterator[Example]:
    """Yield the examples of the page; the headings below "Examples" name the listeners."""
    section = PAGE.split("\n## Examples\n")[1].split("\n## ")[0]
    for part in section.split("\n### ")[1:]:
        for block in BLOCK.findall(part):
            request, answer = block.split("\n\nHTTP/1.1 ")
            line, _, sent = request.partition("\n\n")
            method, path = line.split(" ")
            head, _, body = answer.partition("\n\n")
            status, content_type = head.split("\ncontent-type: ")
            yield Example(part.splitlines()[0], method, path, sent, status[:3], content_type, body)


def matches(shown: Any, given: Any) -> bool:
    """Say whether an answer is what the page shows."""
    if isinstance(shown, str) and isinstance(given, str):
        return re.fullmatch(".+".join(map(re.escape, shown.split(REST))), given) is not None
    if isinstance(shown, dict) and isinstance(given, dict):
        named = {name: value for name, value in shown.items() if name != REST}
        whole = REST in shown or named.keys() == given.keys()
        return whole and all(name in given and matches(value, given[name]) for name, value in named.items())
    if isinstance(shown, list) and isinstance(given, list):
        named_items = shown[:-1] if shown[-1:] == [REST] and len(shown) > 1 else shown
        fits = len(given) > len(named_items) if named_items is not shown else len(given) == len(shown)
        return fits and all(map(matches, named_items, given))
    if isinstance(shown, float) and isinstance(given, float):
        return abs(shown - given) <= 0.0005
    return type(shown) is type(given) and shown == given


@pytest.mark.parametrize("example", list(examples()), ids=lambda example: f"{example.method} {example.path}")
def test_an_example_is_answered_as_shown(
    example: Example, client: httpx.Client, bento: str, stored_mixed: Path
) -> None:
    """Status, content type and body."""
    bases = {
        "The gateway": str(client.base_url),
        "The admin listener": client.headers["x-admin"],
        "A model service": bento,
    }
    answer = httpx.request(
        example.method,
        bases[example.listener].rstrip("/") + example.path.replace(REST, stored_mixed.name),
        content=example.sent.encode(),
        headers={"content-type": "application/json"} if example.sent else {},
        timeout=40,
    )

    assert (str(answer.status_code), answer.headers["content-type"]) == (example.status, example.content_type)
    if example.content_type.startswith("text/"):
        assert answer.text.startswith(example.body.split(REST)[0])
    else:
        assert matches(json.loads(example.body), answer.json()), answer.text


def test_every_block_is_an_example() -> None:
    """None is left out because it is written otherwise."""
    assert len(list(examples())) == PAGE.count("```http")


def test_every_path_of_the_page_has_an_example() -> None:
    """Each path of its tables is shown once at least."""
    named = set(
        re.findall(r"`(GET|POST) (/[^`]*)`", PAGE.split("## Failures")[0] + PAGE.split("\n## A model service")[1])
    )
    shown = [(example.method, example.path) for example in examples()]
    for method, path in named:
        pattern = re.compile(re.sub(r"\{\w+\}", "[^/:]+", path))
        assert any(method == other and pattern.fullmatch(its) for other, its in shown), f"{method} {path}"


def test_an_answer_that_differs_would_be_noticed() -> None:
    """A value, a member too few or too many, a list that goes on."""
    assert matches({"a": [1, REST], REST: REST}, {"a": [1, 2], "b": None})
    for shown, given in (
        ({"a": 1}, {"a": 2}),
        ({"a": 1}, {"a": 1, "b": 1}),
        ({"a": 1, "b": REST}, {"a": 1}),
        ([1], [1, 2]),
        ([1, REST], [1]),
        (0.5, 0.51),
        (True, 1),
    ):
        assert not matches(shown, given), (shown, given)
