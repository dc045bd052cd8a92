"""How often and how long."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take whether the proofs are in full."""
    parser.addoption("--in-full", action="store_true", help="ask as often as is promised, and judge rates and times")


@pytest.fixture(scope="session")
def in_full(pytestconfig: pytest.Config) -> bool:
    """Say whether it is asked as often as is promised, and rates and times are judged: on a machine with nothing else.

    Otherwise they are printed only.
    """
    return bool(pytestconfig.option.in_full)
