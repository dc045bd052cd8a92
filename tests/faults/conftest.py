"""The stack of the faults: two real bentos, a gateway in front of them, and proxies in front of both."""

import random
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.callers import learned
from tests.faults.deadly import DEADLY
from tests.faults.gateway import gateway
from tests.faults.proxy import proxy
from tests.faults.row import DEADLINE_S, PATIENT_S
from tests.faults.rows import protocols
from tests.faults.rows.recovery import POISONS
from tests.faults.services import service
from tests.faults.stack import Stack, State, draw_mixed, draw_plain, endlessly, poison
from tests.faults.table import Seen, rewritten

MORTAL = "tests.faults.mortal:ModelService", "--arg", "base=none"
"""bentofile.yaml gives its arguments to the service that it names only."""

SEEN = pytest.StashKey[dict[str, Seen]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take the file that the table is written to, and how long the soak takes and what chooses its faults."""
    parser.addoption("--table", type=Path, help="write what was seen into the table of this file, if every row passes")
    parser.addoption("--minutes", type=float, default=1.0, help="how long the soak takes")
    parser.addoption("--seed", type=int, help="the seed of the soak, as an earlier one has printed it")


def pytest_configure(config: pytest.Config) -> None:
    """Begin with nothing seen."""
    config.stash[SEEN] = {}


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Write the table."""
    path = session.config.option.table
    if path is not None and exitstatus == 0:
        path.write_text(rewritten(path.read_text(), session.config.stash[SEEN]))


@pytest.fixture(scope="session")
def seen(pytestconfig: pytest.Config) -> dict[str, Seen]:
    """Give what was seen so far, by fault."""
    return pytestconfig.stash[SEEN]


@pytest.fixture(scope="session")
def minutes(pytestconfig: pytest.Config) -> float:
    """Give how long the soak takes."""
    return float(pytestconfig.option.minutes)


@pytest.fixture(scope="session")
def seed(pytestconfig: pytest.Config) -> int:
    """Give the seed of the soak, a new one unless it was told."""
    told = pytestconfig.option.seed
    return random.randrange(10**6) if told is None else int(told)


@pytest.fixture(scope="session")
def stack(stored_plain: Path, stored_mixed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Run the stack for all rows: each leaves it as it was."""
    if sys.platform != "linux":
        pytest.fail("the faults need Linux: signals to processes, SO_LINGER and /proc")
    assert stored_plain.name
    assert stored_mixed.name
    folder = tmp_path_factory.mktemp("faults")
    with service("plain", folder, MORTAL) as plain, service("mixed", folder) as mixed, proxy(plain.port) as way:
        for one in (plain, mixed):
            one.until_ready()
        urls = {"plain": f"http://127.0.0.1:{way.port}", "mixed": mixed.url}
        breaker = {"first_s": 0.1, "longest_s": 0.5}
        settings = {
            "backends": {name: {"url": url, "breaker": breaker} for name, url in urls.items()},
            "routes": {
                "both": {"ensemble": list(urls)},
                "sure": {"ensemble": list(urls), "require": ["mixed"]},
                "patient": {"ensemble": ["plain"], "timeout_s": PATIENT_S},
            },
            "default": "both",
            "timeout_s": DEADLINE_S,
            "refresh_s": 0.5,
            "max_body_mb": 4,
            "max_lag_ms": 2000,  # where several tests run at once, loops are late, and what is refused says nothing
        }
        canaries = {"plain": learned(plain.url, draw_plain), "mixed": learned(mixed.url, draw_mixed)}
        canaries |= {f"plain:{what}": [poison(width)] for what, width in POISONS.items()}
        canaries["plain:deadly"] = [poison(DEADLY)]
        for protocol, its in protocols.POISONS.items():
            canaries |= {f"plain:{protocol}:{what}": [poison(width)] for what, width in its.items()}
        queues = {name: endlessly(its) for name, its in canaries.items()}
        with gateway(folder, settings) as front, proxy(front.port) as door:
            yield Stack(front, way, door, plain, mixed, queues)


@pytest.fixture(scope="session")
def before(stack: Stack) -> State:
    """Look at the gateway before the first fault, when it has answered for a while."""
    return stack.settled()
