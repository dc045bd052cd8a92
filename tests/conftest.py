"""What all tests share: a store of their own, and the stack's processes on free ports."""

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parents[1]
TINY = ROOT / "tests" / "tiny"

# BentoML reads these when it is first imported, so they are set before any test module is.
STORE = tempfile.mkdtemp(prefix="bentogate-tests-")
os.environ["BENTOML_HOME"] = STORE
os.environ["BENTOML_DO_NOT_TRACK"] = "True"
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
for variable in [name for name in os.environ if name.startswith("GATEWAY_")]:
    del os.environ[variable]
# Each client of httpx reads the authorities of the system, which takes 23 ms of processor time; who waits for a server
# makes one every 20 ms. Nobody is asked but who runs here, and who speaks TLS here has an authority made for the test.
NOBODY = tempfile.mkdtemp(prefix="bentogate-trusting-nobody-")
os.environ.pop("SSL_CERT_FILE", None)
os.environ["SSL_CERT_DIR"] = NOBODY

# How long an example takes says nothing where other processes want the processor too.
settings.register_profile("tests", deadline=None)
settings.load_profile("tests")


def pytest_unconfigure() -> None:
    """Remove the store, and the folder of no authorities."""
    for folder in (STORE, NOBODY):
        shutil.rmtree(folder, ignore_errors=True)


def run(*command: str, check: bool = True, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command, at the root unless told otherwise, to its end, with variables over the environment.

    With `check` it must end well; what it wrote says why it did not.
    """
    done = subprocess.run(
        command, cwd=cwd, env={**os.environ, **environment}, capture_output=True, text=True, check=False, timeout=300
    )
    assert not check or done.returncode == 0, f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
    return done


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Run asynchronous tests on asyncio."""
    return "asyncio"


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a store for the models of `models/`, in which each is trained once and where it is needed.

    All processes of a run of tests share it: who trains into it has it `locked`, who builds or damages takes a copy.
    """
    folder = tmp_path_factory.getbasetemp()
    home = (folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder) / "shipped"
    home.mkdir(exist_ok=True)
    return home


@contextlib.contextmanager
def locked(store: Path) -> Iterator[None]:
    """Keep other processes from training into a store meanwhile."""
    with (store / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def shipped(store: Path) -> Path:
    """Train all models of `models/` into that store, with the command that a user runs."""
    from models import model_names

    with locked(store):
        if not all((store / "models" / name).exists() for name in model_names()):
            run(sys.executable, "training/train.py", "--missing", BENTOML_HOME=str(store))
    return store


@pytest.fixture(scope="session")
def stored_plain() -> Path:
    """Store the tiny plain model and give its folder."""
    return store_tiny("plain")


@pytest.fixture(scope="session")
def stored_mixed() -> Path:
    """Store the tiny mixed model and give its folder."""
    return store_tiny("mixed")


def store_tiny(name: str) -> Path:
    """Train a tiny model in this process."""
    from models import catalog
    from training.run import train

    return train(catalog(TINY, [name])[name]).report.parent
