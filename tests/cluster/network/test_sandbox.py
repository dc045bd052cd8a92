"""Sandboxes leave the machine as it was."""

import subprocess
import sys
from pathlib import Path

import psutil

from tests.cluster.network.node import Node
from tests.conftest import ROOT, run
from tests.serving import wait_until

TWO_SANDBOXES = """
import sys
from pathlib import Path
from tests.cluster.network.node import Node

node = Node(Path(sys.argv[1])).__enter__()
print(node.own.pid, node.world.pid, flush=True)
sys.stdin.read()
"""


def test_what_happens_in_a_sandbox_stays_there(tmp_path: Path) -> None:
    """Links, packet rules and mounts of a sandbox are not the machine's."""
    resolv_conf = Path("/etc/resolv.conf").read_text()
    with Node(tmp_path) as node:
        (tmp_path / "resolv.conf").write_text("nameserver 192.0.2.53\n")
        node.world.run("mount", "--bind", str(tmp_path / "resolv.conf"), "/etc/resolv.conf")
        node.own.run("nft", "add", "table", "ip", "of-a-sandbox")

        assert node.world.run("cat", "/etc/resolv.conf") == "nameserver 192.0.2.53\n"
        assert Path("/etc/resolv.conf").read_text() == resolv_conf
        assert "cable2" in node.own.run("ip", "link")
        assert "cable2" not in run("ip", "link").stdout
        assert "of-a-sandbox" not in run("nft", "list", "tables").stdout


def test_sandboxes_end_with_who_made_them(tmp_path: Path) -> None:
    """Even when that is killed and can clean nothing up."""
    command = [sys.executable, "-c", TWO_SANDBOXES, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as maker:
        assert maker.stdout
        pids = [int(pid) for pid in maker.stdout.readline().split()]
        maker.kill()

    assert len(pids) == 2
    wait_until(lambda: not any(psutil.pid_exists(pid) for pid in pids))
