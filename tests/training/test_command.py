"""The command that users run."""

import json
import re
import sys
from pathlib import Path

from models import model_names
from tests.conftest import TINY, run

TRAIN = (sys.executable, "training/train.py")


def test_the_table_names_metric_value_bar_verdict_version_and_what_serves(tmp_path: Path) -> None:
    """Progress goes to stderr, the table to stdout, with the reason and the report's path."""
    done = run(*TRAIN, "plain", "--models", str(TINY), BENTOML_HOME=str(tmp_path))
    head, row, *_ = done.stdout.splitlines()

    assert head.split() == ["model", "metric", "value", "bar", "verdict", "version", "served", "by"]
    assert re.fullmatch(r"plain +roc_auc +0\.\d{4} +≥ 0\.9 +passed +[0-9a-f]{12} +onnx", row.strip())
    assert "served by onnx: the double-precision graph agrees on all" in done.stdout
    (report,) = re.findall(r"report (\S+)", done.stdout)
    assert Path(report).is_file()
    assert "plain: parity gate" in done.stderr
    assert "unchanged, nothing stored" in run(*TRAIN, "plain", "--models", str(TINY), BENTOML_HOME=str(tmp_path)).stdout


def test_list_and_json_are_for_people_and_machines(shipped: Path) -> None:
    """The same facts in both forms."""
    listed = run(*TRAIN, "--list", BENTOML_HOME=str(shipped)).stdout
    entries = json.loads(run(*TRAIN, "--list", "--json", BENTOML_HOME=str(shipped)).stdout)

    assert [entry["model"] for entry in entries] == model_names()
    for entry in entries:
        assert f"{entry['model']}" in listed
        assert entry["version"] in listed


def test_json_has_every_figure(tmp_path: Path) -> None:
    """What the table shows, and the intervals."""
    done = run(*TRAIN, "plain", "--json", "--models", str(TINY), BENTOML_HOME=str(tmp_path))
    (outcome,) = json.loads(done.stdout)

    assert (outcome["model"], outcome["stored"], outcome["runtime"]) == ("plain", "new", "onnx")
    assert outcome["metrics"]["roc_auc"]["low"] <= outcome["metrics"]["roc_auc"]["value"]
    assert outcome["metrics"]["roc_auc"]["passed"] is True


def test_missing_trains_nothing_that_is_stored(shipped: Path) -> None:
    """What `make serve` asks for costs no training the second time."""
    done = run(*TRAIN, "--missing", BENTOML_HOME=str(shipped))

    assert (done.stdout, done.stderr) == ("", "")


def test_a_wrong_name_lists_the_right_ones(tmp_path: Path) -> None:
    """Exit code 1, one sentence."""
    done = run(*TRAIN, "nope", BENTOML_HOME=str(tmp_path), check=False)

    assert done.returncode == 1
    assert done.stderr == f"error: there is no model 'nope'; there are: {', '.join(model_names())}\n"


def test_a_model_below_its_bar_fails_and_the_others_are_trained(tmp_path: Path) -> None:
    """One bad model does not cost the good one."""
    models = tmp_path / "models"
    models.mkdir()
    plain = (TINY / "plain.py").read_text()
    (models / "plain.py").write_text(plain)
    (models / "worse.py").write_text(
        plain.replace('name="plain"', 'name="worse"').replace("at_least=0.9", "at_least=0.9999")
    )
    done = run(*TRAIN, "--models", str(models), BENTOML_HOME=str(tmp_path / "home"), check=False)

    assert done.returncode == 1
    assert re.search(
        r"^error: worse is not stored: roc_auc is 0\.\d+, its bar is ≥ 0\.9999$", done.stderr, re.MULTILINE
    )
    assert "plain" in done.stdout
    assert {path.name for path in (tmp_path / "home" / "models").iterdir()} == {"plain"}


def test_what_a_model_raises_is_told_and_the_others_are_trained(tmp_path: Path) -> None:
    """A missing file of one model does not cost another."""
    models = tmp_path / "models"
    models.mkdir()
    plain = (TINY / "plain.py").read_text()
    (models / "plain.py").write_text(plain)
    gone = plain.replace('name="plain"', 'name="gone"').replace(
        "    random = np", '    open("/nowhere")\n    random = np'
    )
    (models / "gone.py").write_text(gone)
    done = run(*TRAIN, "--models", str(models), BENTOML_HOME=str(tmp_path / "home"), check=False)

    assert done.returncode == 1
    line = next(index for index, text in enumerate(gone.splitlines(), 1) if "/nowhere" in text)
    said = (
        "error: gone cannot be trained: FileNotFoundError: [Errno 2] No such file or directory: '/nowhere' (gone.py, "
    )
    assert f"{said}line {line})\n" in done.stderr
    assert "Traceback" not in done.stderr
    assert "plain" in done.stdout


def test_help_explains_every_option() -> None:
    """Each option has its sentence."""
    text = run(*TRAIN, "--help").stdout

    for option in ("--list", "--json", "--force", "--missing", "--diff", "--allow-breaking", "--models"):
        assert option in text
