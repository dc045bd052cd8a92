"""The house stands as docs/architecture.md draws it: the arrows, and what no code may hold."""

import ast
import re
from pathlib import Path

import pytest

from tests.conftest import ROOT

ARROWS: dict[str, set[str]] = {
    "contract": set(),
    "oip": set(),
    "models": {"contract"},
    "training": {"contract", "models"},
    "bentos": {"contract", "oip"},
    "gateway": {"contract", "oip"},
    "stack": set(),
    "deploy": set(),
    "scaffold": {"contract"},
}
"""What each room may import, beside itself and the outside."""

HEAVY = {
    "contract": {"sklearn", "bentoml", "fastapi"},
    "gateway": {"sklearn", "onnxruntime", "pandas", "bentoml", "httpx"},
}
"""What a room must not import from outside. What else is heavy in `contract` is imported where it is used."""


WALL_CLOCK = re.compile(
    r"\btime\.(?:time|time_ns|localtime|gmtime|ctime)\b|\b(?:datetime|date)\.(?:now|utcnow|today|fromtimestamp)\b|"
    r"CLOCK_REALTIME|from time import|import time as"
)
"""What reads the clock that people and NTP set, or would hide that it is read."""

TIMESTAMPS = {
    "gateway/account/access.py": "the time in the access record",
    "gateway/backends/history.py": "when a model changed its contract",
    "gateway/predictions/log.py": "when a request was answered, and how old files are",
    "gateway/routes/feedback.py": "when feedback came",
    "gateway/tracing/span.py": "when a span began and ended",
    "training/artifact.py": "when a model was stored",
    "tests/gateway/test_account.py": "the same, as a record has it",
    "tests/gateway/test_both_doors.py": "the same, as a model tells it",
    "tests/training/test_run.py": "the same, as it is stored",
}
"""Who may read it, and for what: time that passes is measured by a clock that nobody sets."""


def sources(room: str) -> list[Path]:
    """Give the modules of a room."""
    return sorted((ROOT / room).rglob("*.py"))


def imported(path: Path) -> set[str]:
    """Give the top-level names that a module imports, anywhere in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: relative imports hide the arrow"
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("room", ARROWS)
def test_arrows_go_one_way(room: str) -> None:
    """No module imports a room that its own must not know."""
    for path in sources(room):
        forbidden = (imported(path) & ARROWS.keys()) - ARROWS[room] - {room}
        assert not forbidden, f"{path.relative_to(ROOT)} imports {', '.join(forbidden)}"
        assert not imported(path) & HEAVY.get(room, set()), path


def test_every_room_is_drawn() -> None:
    """A new folder of code is a decision, and stands in the picture."""
    rooms = {path.parent.name for path in ROOT.glob("*/*.py")} - {"tests", "benchmarks"}
    drawing = (ROOT / "docs" / "architecture.md").read_text()

    assert rooms == set(ARROWS)
    assert all(f"{room}/" in drawing for room in rooms)


def test_every_room_of_the_gateway_is_named() -> None:
    """With what it is for."""
    drawing = (ROOT / "docs" / "architecture.md").read_text()

    for path in (ROOT / "gateway").glob("*/__init__.py"):
        assert f"`gateway/{path.parent.name}/" in drawing, path.parent.name


def test_a_forbidden_import_would_be_found(tmp_path: Path) -> None:
    """The check that holds the arrows can fail."""
    (tmp_path / "bad.py").write_text("def late():\n    from bentos.artifact import load\n    import training.run\n")

    assert imported(tmp_path / "bad.py") == {"bentos", "training"}


def test_only_models_know_about_biopsies() -> None:
    """Everything else serves whatever is stored."""
    for room in ARROWS.keys() - {"models"}:
        for path in sources(room):
            found = re.search(r"malignan|benign|biops|nuclei|radius|cancer", path.read_text(), re.IGNORECASE)
            assert not found, f"{path.relative_to(ROOT)}: {found and found[0]}"


def test_no_host_name_is_in_the_gateway() -> None:
    """Where the models are is said by gateway.yaml and the environment only."""
    for path in sources("gateway"):
        text = path.read_text()
        assert "ml-" not in text, path
        assert "localhost" not in text, path


@pytest.mark.parametrize("room", ARROWS)
def test_nothing_reads_the_world_at_import(room: str) -> None:
    """No module opens a file or reads the environment when it is imported, but the service, which says why."""
    for path in sources(room):
        for node in ast.parse(path.read_text()).body:
            text = ast.unparse(node) if isinstance(node, ast.Assign | ast.AnnAssign | ast.Expr) else ""
            found = re.search(r"os\.environ|\bopen\(|read_text\(|read_bytes\(|getenv\(", text)
            assert not found, f"{path.relative_to(ROOT)}: {text}"


@pytest.mark.parametrize("room", [*ARROWS, "benchmarks", "tests"])
def test_only_timestamps_are_read_off_the_wall(room: str) -> None:
    """Deadlines, pauses and durations are not moved when the clock of the machine is set."""
    found = {str(path.relative_to(ROOT)) for path in sources(room) if WALL_CLOCK.search(path.read_text())}
    found.discard("tests/test_architecture.py")

    assert found == {path for path in TIMESTAMPS if path.startswith(f"{room}/")}


@pytest.mark.parametrize(
    "text",
    ["time.time()", "time.time_ns()", "datetime.now(UTC)", "datetime.datetime.utcnow()", "date.today()"],
)
def test_a_wall_clock_would_be_found(text: str) -> None:
    """The check that holds the clocks can fail; clocks that nobody sets pass it."""
    assert WALL_CLOCK.search(text)
    assert not WALL_CLOCK.search("loop.time(); time.monotonic(); time.perf_counter(); time.process_time(); uptime.time")
