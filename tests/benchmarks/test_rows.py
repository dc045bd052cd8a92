"""What `python -m benchmarks.rows` sends is what it says, and what it found is printed."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from benchmarks.requests import FORMS, Load, load, p99_ms
from benchmarks.rows import Found, document
from benchmarks.sizing import MEBI
from contract import RecordDecoder, Table, table_from_tensors
from models import catalog
from oip import HEADER_LENGTH, read_request
from tests.conftest import ROOT

RECORD = json.loads((ROOT / "examples" / "record.json").read_bytes())["instances"][0]
FEATURES = catalog()["diagnosis"].features


def table_of(one: Load) -> Table:
    """Read a request as the gateway does."""
    if one.form == FORMS[0]:
        return RecordDecoder(FEATURES).decode(one.body, 100)
    return table_from_tensors(FEATURES, read_request(one.body, one.headers[HEADER_LENGTH]).tensors)


@pytest.mark.parametrize("form", FORMS)
def test_a_request_has_its_rows(form: str) -> None:
    """In both forms they are the record of the examples."""
    table = table_of(load("http://127.0.0.1:1", "assessment", form, 7, RECORD))

    assert table.rows == 7
    assert {name: column.tolist() for name, column in table.columns.items()} == {n: [v] * 7 for n, v in RECORD.items()}


class Echo(BaseHTTPRequestHandler):
    """Answer every request on a connection that is kept."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Answer with as many bytes as came."""
        body = self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_another_caller_asks_until_its_time_is_over() -> None:
    """It is told how long the slowest hundredth of its requests took."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        one = load(f"http://127.0.0.1:{server.server_port}", "assessment", FORMS[0], 1, RECORD)
        took = p99_ms(one, 0.2)
        server.shutdown()

    assert took > 0


def test_medians_are_printed() -> None:
    """Of all rounds, and the other caller's p99 as a multiple of what it is alone."""
    found = Found([90_000.0, 100_000.0, 200_000.0], [5.0, 6.0, 7.0], [3.0, 4.0, 90.0], 120 * MEBI, 90 * MEBI)
    lines = document({("/v1 JSON", 10_000): found}, [2.0, 2.0, 50.0]).splitlines()

    assert "| /v1 JSON | 10,000 | 100,000 | 10.0 | 6.0 µs | 4.0 ms | 2.0 | 120 MiB | 90 MiB |" in lines
    assert lines[-1] == "The other caller alone: p99 2.0 ms."
