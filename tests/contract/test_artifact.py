"""The graph of a stored model is opened without side effects."""

import os
import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT

OPEN = "import sys; from contract.artifact import open_graph; open_graph(open(sys.argv[1], 'rb').read())"


def test_opening_a_graph_reports_to_nobody(stored_plain: Path, tmp_path: Path) -> None:
    """ONNX Runtime leaves no device id and no queue of events in the home folder."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("ORT_", "XDG_"))}
    command = [sys.executable, "-c", OPEN, str(stored_plain / "model.onnx")]
    subprocess.run(command, cwd=ROOT, env={**environment, "HOME": str(tmp_path)}, check=True, timeout=60)

    assert list(tmp_path.rglob("*")) == []
