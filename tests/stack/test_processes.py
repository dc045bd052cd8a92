"""Processes of a Procfile live and die together, workers in sessions of their own included."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from benchmarks.ports import free_ports
from stack.processes import PATIENCE_S
from stack.procfile import ProcfileError, chosen_ports, read_procfile
from tests.conftest import ROOT
from tests.serving import wait_until
from tests.stack.conftest import END_S, gone

WORKER = "import os, signal, time; os.setsid(); signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
PARENT = f"""import subprocess, sys, time
print('up')
subprocess.Popen([sys.executable, '-c', {WORKER!r}])
time.sleep(60)
"""


def started(tmp_path: Path, text: str) -> subprocess.Popen[str]:
    """Run the Procfile `text` in a folder of its own."""
    (tmp_path / "Procfile").write_text(text)
    (port,) = free_ports(1)
    return subprocess.Popen(
        [sys.executable, "-m", "stack"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "GATEWAY_PORT": str(port)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def procfile(tmp_path: Path) -> str:
    """Write a parent with a stubborn worker, and one that does nothing."""
    (tmp_path / "parent.py").write_text(PARENT)
    return f"gateway: exec sleep 60 # ${{GATEWAY_PORT:-1}}\nparent: exec {sys.executable} -u parent.py\n"


def family(process: subprocess.Popen[str], count: int) -> list[psutil.Process]:
    """Wait until so many processes descend from this one."""
    me = psutil.Process(process.pid)
    return wait_until(lambda: len(found := me.children(recursive=True)) == count and found)  # type: ignore[no-any-return]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ending_on_purpose_leaves_nothing(tmp_path: Path, procfile: str, number: int) -> None:
    """Even a worker that is a session of its own and ignores SIGTERM, after less than five seconds; the code is 0."""
    process = started(tmp_path, procfile)
    members = family(process, 3)
    process.send_signal(number)
    process.communicate(timeout=END_S)

    assert PATIENCE_S < 5
    assert process.returncode == 0
    assert gone(members)


def test_a_killed_process_takes_all_with_it(tmp_path: Path, procfile: str) -> None:
    """Its orphans too; the name, the signal and the last lines are told, and the exit code is 1."""
    process = started(tmp_path, procfile)
    members = family(process, 3)
    next(one for one in members if "parent.py" in one.cmdline()).kill()
    _, errors = process.communicate(timeout=END_S)

    assert process.returncode == 1
    assert errors == "error: parent killed by SIGKILL; its last lines were:\n  up\n"
    assert gone(members)


def test_a_process_that_ends_by_itself_is_an_error(tmp_path: Path) -> None:
    """With code 0 too: nothing in a Procfile is done some day."""
    process = started(tmp_path, "gateway: exec sleep 60 # ${GATEWAY_PORT:-1}\nquick: echo last words; exit 0\n")
    _, errors = process.communicate(timeout=END_S)

    assert process.returncode == 1
    assert errors == "error: quick ended with code 0; its last lines were:\n  last words\n"


@pytest.mark.parametrize("again", range(4))
@pytest.mark.parametrize("when", ["forked", "running"])
def test_a_killed_runner_leaves_no_child(tmp_path: Path, when: str, again: int) -> None:
    """Linux ends the children of a runner that could not, those too that have not begun to be the command."""
    process = started(tmp_path, "gateway: exec sleep 60 # ${GATEWAY_PORT:-1}\n")
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    while not (number := children.read_text()):  # without a pause: that would outlast the way to the command
        assert process.poll() is None, again
    child = psutil.Process(int(number))
    if when == "running":
        wait_until(lambda: child.name() == "sleep")
    process.kill()
    process.communicate(timeout=END_S)

    wait_until(lambda: gone([child]))


def test_a_line_of_any_length_is_read(tmp_path: Path) -> None:
    """A process that prints 200,000 characters at once does not wait for ever for somebody to read them."""
    (tmp_path / "long.py").write_text("print('x' * 200_000); print('end'); raise SystemExit(7)")
    process = started(tmp_path, f"gateway: exec sleep 60 # ${{GATEWAY_PORT:-1}}\nlong: exec {sys.executable} long.py\n")
    _, errors = process.communicate(timeout=END_S)

    assert process.returncode == 1
    assert errors.startswith("error: long ended with code 7")
    assert errors.endswith("  end\n")


def test_a_port_in_use_is_told_with_its_variable() -> None:
    """Before anything starts."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ProcfileError, match=rf"port {port} is in use; set NOVELTY_PORT to another: NOVELTY_PORT="):
            chosen_ports(read_procfile(ROOT / "Procfile"), {**ports(), "NOVELTY_PORT": str(port)})


def ports() -> dict[str, str]:
    """Give free ports for every variable of the Procfile."""
    variables = read_procfile(ROOT / "Procfile").ports
    return dict(zip(variables, map(str, free_ports(len(variables))), strict=True))


@pytest.mark.parametrize("value", ["many", "0", "70000", "¹"])
def test_a_port_that_is_none_is_told(value: str) -> None:
    """With the variable."""
    with pytest.raises(ProcfileError, match=f"NOVELTY_PORT is '{value}', which is no port"):
        chosen_ports(read_procfile(ROOT / "Procfile"), {**ports(), "NOVELTY_PORT": value})


def test_one_port_for_two_is_told() -> None:
    """The second would fail to start."""
    given = ports()
    given["NOVELTY_PORT"] = given["DIAGNOSIS_PORT"]
    with pytest.raises(ProcfileError, match="DIAGNOSIS_PORT and NOVELTY_PORT are the same port"):
        chosen_ports(read_procfile(ROOT / "Procfile"), given)


def test_a_line_that_is_none_is_numbered(tmp_path: Path) -> None:
    """The Procfile is read as foreman reads it."""
    (tmp_path / "Procfile").write_text("# a comment\n\nnonsense\n")
    with pytest.raises(ProcfileError, match="Procfile, line 3"):
        read_procfile(tmp_path / "Procfile")
