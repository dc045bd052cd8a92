"""The command `check`: what a file holds, whether that can be, and what differs from what is served."""

import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from gateway.checking.drawn import Drawing
from gateway.settings import RouteSettings
from tests.conftest import run
from tests.serving import running_gateway

ROUTES: dict[str, Any] = {
    "mean": {"ensemble": ["one", "two"], "aggregate": {"by": "weighted", "weights": {"one": 2, "two": 1}}},
    "part": {"ensemble": ["one", "two"], "require": ["one"]},
    "rollout": {"split": {"weights": {"one": 95, "two": 5}, "by": "header x-patient"}},
    "watched": {"shadow": {"of": "rollout", "candidate": "two", "sample": 0.1}},
    "gate": {
        "switch": {
            "ask": ["one"],
            "cases": [{"when": "one.high", "then": {"answer": {"label": None, "sure": 0.5}, "as": "abstain"}}],
            "otherwise": "watched",
        }
    },
    "chain": {"sequence": ["one", "part"]},
    "safe": {"fallback": {"to": ["gate", "chain", "mean"], "within_s": 0.5}},
}

TREE = """\
safe (fallback within 0.5 s each)
├── first: gate (switch)
│   ├── asked before: one
│   ├── if one.high: abstain (stored label null, sure 0.5)
│   └── otherwise: watched (shadow)
│       ├── answers: rollout (split by header x-patient)
│       │   ├── 95 %: one
│       │   └── 5 %: two
│       └── candidate, sees 10 %: two
├── else: chain (sequence)
│   ├── step 1: one
│   └── step 2: part (ensemble at least 1 of 2)
│       ├── one
│       └── may be missing: two
└── else: mean (ensemble weighted)
    ├── weight 2: one
    └── weight 1: two
"""

WIDTH = {"name": "width", "type": "number", "example": 1.0, "description": "The width"}


def contract(output: str) -> dict[str, Any]:
    """Give a contract of one feature and one output of a type."""
    outputs = [{"name": "out", "type": output, "description": "What comes out"}]
    return {"description": "One", "version": "1", "features": [WIDTH], "outputs": outputs}


def write(folder: Path, **more: Any) -> Path:
    """Write a file of two models with routes, one line for each key."""
    path = folder / "gateway.yaml"
    folder.mkdir(exist_ok=True)
    backends = {"one": {"url": "http://one"}, "two": {"url": "http://two"}}
    document = {"backends": backends, "routes": {"rollout": ROUTES["rollout"]}, "default": "one", **more}
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    return path


def check(*arguments: Any) -> tuple[int, str, str]:
    """Run the command; gives its code, what it wrote, and its errors."""
    done = run(sys.executable, "-m", "gateway", "check", *map(str, arguments), check=False)
    return done.returncode, done.stdout, done.stderr


def test_each_kind_is_drawn_with_what_its_branches_are() -> None:
    """Weights, conditions, roles and steps, down to the models."""
    assert Drawing({name: RouteSettings.model_validate(its) for name, its in ROUTES.items()}).of("safe") == TREE


def test_each_route_is_drawn_once() -> None:
    """Where it comes again only its name is: two in each of 30 levels have a thousand million ways to the model."""
    below = [["m"], *[[f"left{level}", f"right{level}"] for level in range(30)]]
    routes = {name: {"ensemble": names} for names, level in pairwise(below) for name in level}
    drawing = Drawing({name: RouteSettings.model_validate(its) for name, its in routes.items()})
    text = "".join(drawing.of(name) for name in reversed(routes))

    assert text.startswith("right29 (ensemble)\n├── left28 (ensemble)\n│   ├── left27 (ensemble)\n")
    assert text.endswith("\nleft0 (ensemble), see above\n")
    assert "│   └── right27 (ensemble)\n" in text
    assert text.count("\n") == len(routes) + 2 + 2 * (len(routes) - 2)


def test_a_file_is_shown_without_a_network(tmp_path: Path) -> None:
    """With models, trees, and what stays open; `--config` names the file too."""
    path = write(tmp_path)
    code, text, errors = check(path)

    assert (code, errors) == (0, "")
    assert text == (
        f"{path}: 2 models, 1 route, default one\n\n"
        "one: http://one (contract unknown)\ntwo: http://two (contract unknown)\n\n"
        "rollout (split by header x-patient)\n├── 95 %: one\n└── 5 %: two\n\n"
        "Open: whether routes fit that ask one, two\n"
    )
    assert check("--config", path)[1] == text


@pytest.mark.parametrize(
    ("routes", "place", "reason"),
    [
        ({"a": {"ensemble": ["tree"]}}, "routes.a.ensemble.0", "names 'tree', but there are one, two, a"),
        ({"a": {"sequence": ["one", "a"]}}, "routes.a.sequence.1", "goes round in a circle: a → a"),
        ({"a": {"split": {"weights": {"one": 0}}}}, "routes.a.split.weights", "must not all be 0"),
        ({"a": {"split": {"weights": {"one": -1}}}}, "routes.a.split.weights.one", "must be greater"),
        ({"a": {"ensemble": ["one"], "split": {"weights": {"one": 1}}}}, "routes.a", "runs ensemble and split"),
    ],
)
def test_what_cannot_be_is_told_with_its_line(tmp_path: Path, routes: Any, place: str, reason: str) -> None:
    """As at the start of a gateway."""
    path = write(tmp_path, routes=routes)
    code, text, errors = check(path)

    assert (code, text) == (1, "")
    assert errors.startswith(f"error: {path}, line ")
    assert f": {place} {reason}" in errors


def test_declared_contracts_are_held_against_each_other(tmp_path: Path) -> None:
    """A route that does not fit fails the check, at the line of the route."""
    one = {"url": "http://one", "contract": contract("number")}
    two = {"url": "http://two", "contract": contract("boolean")}
    path = write(tmp_path, backends={"one": one, "two": two})
    line = 1 + path.read_text().splitlines().index("  rollout:")
    code, text, errors = check(path)

    assert code == 1
    assert "└── 5 %: two" in text
    assert "unknown" not in text
    reason = "what rollout asks does not fit together: out: its type is 'number', and of two 'boolean'"
    assert errors == f"error: {path}, line {line}: routes.rollout: {reason}\n"


def test_a_file_is_held_against_what_is_served(tmp_path: Path, client: httpx.Client) -> None:
    """The contracts are those of the gateway, and what would come, go or change is said."""
    backends = {name: {"url": f"http://{name}"} for name in ("plain", "mixed", "third")}
    routes = {
        "both": {"ensemble": ["mixed", "plain"], "quorum": 1, "partial": True},
        "sides": {"split": {"weights": {"plain": 1, "both": 1}, "by": "feature nothing"}},
    }
    path = write(tmp_path, backends=backends, routes=routes, default="sides")
    code, text, errors = check(path, "--against", client.base_url)

    assert code == 1
    assert errors.endswith("nothing: sides is split by it, and no side reads it\n")
    assert "third: http://third (contract unknown)\n" in text
    assert "plain: http://plain\n" in text
    assert text.partition("Against ")[2].splitlines()[1:] == [
        '  ~ both: members ["plain", "mixed"] → ["mixed", "plain"]',
        '  ~ both: terms nothing → {"partial": true, "require": [], "quorum": 1}',
        "  ~ default both → sides",
        "  + sides: split, is not served",
        "  + third: model, is not served",
    ]


def test_what_is_served_already_does_not_differ(tmp_path: Path, client: httpx.Client) -> None:
    """And a model that the file lacks would go."""
    backends = {name: {"url": f"http://{name}"} for name in ("plain", "mixed")}
    same = write(tmp_path, backends=backends, routes={"both": {"ensemble": ["plain", "mixed"]}}, default="both")
    code, text, errors = check("--against", client.base_url, same)

    assert (code, errors) == (0, "")
    assert text.endswith(f"Against {client.base_url}:\n  nothing differs\n")
    fewer = write(tmp_path, backends={"plain": backends["plain"]}, routes={}, default="plain")
    assert "  - mixed: model, is served and not in the file\n" in check("--against", client.base_url, fewer)[1]


def test_a_candidate_that_would_not_be_asked_is_told(tmp_path: Path, client: httpx.Client) -> None:
    """Which is no fault, since callers are answered; of one that is not known yet nothing is."""
    backends = {name: {"url": f"http://{name}"} for name in ("plain", "mixed", "third")}
    shadows = {f"with{name}": {"shadow": {"of": "plain", "candidate": name}} for name in ("mixed", "third")}
    path = write(tmp_path, backends=backends, routes=shadows, default="plain")
    code, text, errors = check("--against", client.base_url, path)

    assert (code, errors) == (0, "")
    assert text.count("Never asked") == 1
    assert "\nNever asked, in withmixed: the candidate reads income, which callers do not give\n" in text


def test_what_no_output_shows_is_compared_too(tmp_path: Path, ports: dict[str, int]) -> None:
    """Of which outputs an aggregate is, and what a stored answer holds."""
    url = f"http://127.0.0.1:{ports['plain']}"
    backends = {"plain": {"url": url}, "other": {"url": url, "model": "plain"}}
    mean: dict[str, Any] = {"ensemble": ["plain", "other"], "aggregate": {"by": "mean", "outputs": ["probability"]}}
    safe: dict[str, Any] = {"fallback": {"to": ["plain", {"answer": {"probability": 0}}]}}
    routes = {"mean": mean, "safe": safe}
    with running_gateway(tmp_path, {"backends": backends, "routes": routes, "default": "mean"}) as client:
        mean["aggregate"]["outputs"] = ["label", "probability"]
        safe["fallback"]["to"][1]["answer"]["probability"] = 1
        path = write(tmp_path / "other", backends=backends, routes=routes, default="mean")
        code, text, errors = check(path, "--against", client.base_url)

    assert (code, errors) == (0, "")
    assert text.partition("Against ")[2].splitlines()[1:] == [
        '  ~ mean: of ["probability"] → ["label", "probability"]',
        "  ~ safe: stored.stored.probability 0.0 → 1.0",
    ]


def test_who_does_not_answer_is_no_judgement(tmp_path: Path, client: httpx.Client) -> None:
    """Neither is who answers something else."""
    path = write(tmp_path)
    admin = client.headers["x-admin"]

    assert check(path, "--against", "http://127.0.0.1:1")[0] == 2
    assert check(path, "--against", admin)[2].startswith(
        f"error: {admin} lists no models (404): it is to be the public side"
    )
