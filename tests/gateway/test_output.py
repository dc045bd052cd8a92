"""Nobody takes what the gateway writes to stdout and stderr: that costs lines, and nothing else."""

import contextlib
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from gateway.output import Lines, Stderr
from tests.gateway.conftest import PLAIN, settings_of
from tests.serving import running_gateway, wait_until


@contextlib.contextmanager
def full_disk() -> Iterator[int]:
    """Give what refuses every byte, as a disk does that is full."""
    with Path("/dev/full").open("wb") as full:
        yield full.fileno()


@contextlib.contextmanager
def full_pipe() -> Iterator[int]:
    """Give a pipe with no room left, whose reader has stopped."""
    read_end, write_end = os.pipe()
    os.set_blocking(write_end, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(write_end, bytes(4096))
    os.set_blocking(write_end, True)
    yield write_end
    os.close(read_end)
    os.close(write_end)


@contextlib.contextmanager
def closed_pipe() -> Iterator[int]:
    """Give a pipe whose reader has gone."""
    read_end, write_end = os.pipe()
    os.close(read_end)
    yield write_end
    os.close(write_end)


@pytest.mark.parametrize("output", [full_disk, full_pipe, closed_pipe])
def test_requests_are_answered_where_nobody_takes_a_line(
    output: Callable[[], contextlib.AbstractContextManager[int]], tmp_path: Path, ports: dict[str, int]
) -> None:
    """The gateway starts, answers, and ends in time and in good order; what was lost is counted, if it was refused."""
    with output() as descriptor, running_gateway(tmp_path, settings_of(ports), descriptor) as client:
        for _ in range(20):
            answer = client.post("/v1/models/plain:predict", json={"instances": [PLAIN]})

            assert answer.status_code == 200
        if output is not full_pipe:
            wait_until(lambda: min(lost(client)) > 0)


def lost(client: httpx.Client) -> list[float]:
    """Read how many access records and lines of the log were lost."""
    text = httpx.get(f"{client.headers['x-admin']}/metrics").text
    found = re.findall(r"^bentogate_(?:access_records|log_lines)_lost_total (\S+)$", text, re.MULTILINE)
    return [float(one) for one in found]


def test_lines_of_the_log_are_written_in_their_order_and_at_once() -> None:
    """Each whole, those of several lines too; what no encoding has is told as it can be."""
    read_end, write_end = os.pipe()
    with os.fdopen(read_end, "rb") as reader, Lines(write_end, lambda _: None) as lines:
        said = Stderr(lines)
        said.write("one\n")
        said.write("two\nof two\n")
        said.write("\udcff\n")
        said.flush()

        assert [reader.readline() for _ in range(4)] == [b"one\n", b"two\n", b"of two\n", b"\\udcff\n"]
    os.close(write_end)
