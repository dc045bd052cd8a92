"""What replaces a stored model is compared with it, and stored only where that breaks no caller or is allowed."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.conftest import STORE, TINY
from training.command import app

WIDER = ("minimum=0, maximum=100", "minimum=-1, maximum=100")
NARROWER = ("minimum=0, maximum=100", "minimum=0, maximum=50")
OTHER_RECALL = ("recall=0.9)", "recall=0.5)")


class Folder:
    """A folder of models, each the tiny plain one under another name, and the command that trains them."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, name: str, *changes: tuple[str, str]) -> None:
        """Write a model with parts of its text changed."""
        text = (TINY / "plain.py").read_text()
        for old, new in (('name="plain"', f'name="{name}"'), *changes):
            assert old in text
            text = text.replace(old, new)
        (self.path / f"{name}.py").write_text(text)

    def train(self, *arguments: str) -> Result:
        """Run the command."""
        return CliRunner().invoke(app, ["--models", str(self.path), *arguments])


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """Give an empty folder."""
    return Folder(tmp_path)


def contents() -> dict[str, bytes]:
    """Give every file of the store."""
    return {str(path): path.read_bytes() for path in sorted(Path(STORE).glob("models/**/*")) if path.is_file()}


def test_a_breaking_change_is_refused_and_another_model_is_trained(folder: Folder) -> None:
    """Not a byte of the store changes for it; the message names what breaks, and the way out."""
    folder.write("narrowed")
    assert folder.train().exit_code == 0
    folder.write("narrowed", NARROWER, OTHER_RECALL)
    before = contents()
    refused = folder.train()
    assert contents() == before
    folder.write("other")
    both = folder.train()
    allowed = folder.train("narrowed", "--allow-breaking")

    message = "narrowed is not stored, since it would break callers: /features/width/maximum is 50, was 100. "
    assert refused.exit_code == both.exit_code == 1
    assert f"error: {message}--allow-breaking stores it all the same\n" in refused.stderr
    assert "other" in both.stdout
    assert allowed.exit_code == 0
    assert "\n    breaking    /features/width/maximum is 50, was 100\n" in allowed.stdout
    assert re.search(
        r"^    compatible  /decisions/label/threshold is 0\.\d+, was 0\.\d+$", allowed.stdout, re.MULTILINE
    )


def test_what_would_change_is_shown_and_nothing_stored(folder: Folder) -> None:
    """Whatever it is, the exit code is 0; what is stored already, or not yet, is said."""
    folder.write("shown")
    assert re.search(r"^shown [0-9a-f]{12}: nothing is stored yet$", folder.train("--diff").stdout, re.MULTILINE)
    assert folder.train().exit_code == 0
    before = contents()
    same = folder.train("--diff")
    folder.write("shown", NARROWER)
    narrower = folder.train("--diff")

    assert contents() == before
    assert re.fullmatch(r"shown \w+: unchanged, nothing stored\n", same.stdout)
    assert narrower.exit_code == 0
    assert re.fullmatch(
        r"shown \w+ would replace \w+, which changes for callers:\n"
        r"    breaking    /features/width/maximum is 50, was 100\n",
        narrower.stdout,
    )


def test_a_model_below_its_bar_is_refused_also_where_it_is_only_shown(folder: Folder) -> None:
    """What would never be stored changes nothing for callers."""
    folder.write("worse", ("at_least=0.9", "at_least=0.9999"))
    done = folder.train("--diff")

    assert (done.exit_code, done.stdout) == (1, "")
    assert "worse is not stored: roc_auc is" in done.stderr


def test_json_has_every_change(folder: Folder) -> None:
    """Of what is stored, and of what is only shown."""
    folder.write("counted")
    (first,) = json.loads(folder.train("--json").stdout)
    folder.write("counted", WIDER)
    (shown,) = json.loads(folder.train("--json", "--diff").stdout)
    (second,) = json.loads(folder.train("--json").stdout)

    change = {"pointer": "/features/width/minimum", "breaking": False, "detail": "is -1, was 0"}
    assert first["replaces"] == {"version": None, "changes": []}
    assert second["replaces"] == {"version": first["version"], "changes": [change]}
    assert shown == {"model": "counted", "version": second["version"], "replaces": second["replaces"]}


def test_going_back_is_a_replacement_too(folder: Folder) -> None:
    """What the newer one allowed more is refused again, so that is breaking."""
    folder.write("returned")
    (first,) = json.loads(folder.train("--json").stdout)
    folder.write("returned", WIDER)
    folder.train()
    folder.write("returned")
    refused, allowed = folder.train(), folder.train("--allow-breaking", "--json")

    assert refused.exit_code == 1
    assert "/features/width/minimum is 0, was -1" in refused.stderr
    (back,) = json.loads(allowed.stdout)
    assert (back["stored"], back["version"]) == ("back", first["version"])


def test_a_contract_that_cannot_be_read_is_replaced_only_where_that_is_allowed(folder: Folder) -> None:
    """Nobody knows what its callers rely on."""
    folder.write("damaged")
    (first,) = json.loads(folder.train("--json").stdout)
    (Path(first["report"]).parent / "contract.json").write_bytes(b"{")
    folder.write("damaged", WIDER)
    refused, allowed = folder.train(), folder.train("--allow-breaking")

    assert f"break callers: cannot be compared with {first['version']}: " in refused.stderr
    assert allowed.exit_code == 0
