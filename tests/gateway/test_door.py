"""What the door refuses, by raw sockets: nothing of it is a request, each is told why, and nobody else waits for it."""

import contextlib
import json
import re

import httpx
import pytest

from gateway.listening.guard import HEADERS
from tests.gateway.raw import BODY, GOOD, HOST, LAST, LIVE, POST, connected, counted, rest, sent

CHUNKED = f"{POST}Transfer-Encoding: chunked\r\n\r\n"
GET = f"GET /livez HTTP/1.1\r\n{HOST}"
LINE = "X-One: 1\r\n"

MALFORMED = {
    "a length beside chunks": f"{POST}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": f"{POST}Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
    "a length twice": f"{POST}Content-Length: 5\r\nContent-Length: 5\r\n\r\nabcde",
    "a length that is no number": f"{POST}Content-Length: 5x\r\n\r\nabcde",
    "a negative length": f"{POST}Content-Length: -5\r\n\r\nabcde",
    "a length beyond 64 bits": f"{POST}Content-Length: 99999999999999999999\r\n\r\nabcde",
    "chunks that are not the last coding": f"{POST}Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
    "a chunk whose size is none": f"{CHUNKED}x\r\n\r\n",
    "a chunk longer than its size": f"{CHUNKED}1\r\nabc\r\n0\r\n\r\n",
    "a length with a plus": f"{POST}Content-Length: +5\r\n\r\nabcde",
    "a list of lengths": f"{POST}Content-Length: 5, 5\r\n\r\nabcde",
    "an empty length": f"{POST}Content-Length:\r\n\r\nabcde",
    "another coding": f"{POST}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "chunks twice": f"{POST}Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "a coding with a blank that is none": f"{POST}Transfer-Encoding: chunked\x0b\r\n\r\n0\r\n\r\n",
    "a bare line feed behind a size": f"{CHUNKED}1\na\r\n0\r\n\r\n",
    "a bare line feed behind a chunk": f"{CHUNKED}1\r\na\n0\r\n\r\n",
    "a bare line feed in an extension": f"{CHUNKED}1;a\nb\r\na\r\n0\r\n\r\n",
    "a chunk beyond 64 bits": f"{CHUNKED}fffffffffffffffff\r\na\r\n0\r\n\r\n",
    "bare line feeds": f"GET /livez HTTP/1.1\n{HOST}\n",
    "a bare line feed in a header": f"{GET}X-One: 1\nX-Two: 2\r\n\r\n",
    "a bare carriage return": f"{GET}X-One: 1\rX-Two: 2\r\n\r\n",
    "a folded line": f"{GET}X-One: 1\r\n 2\r\n\r\n",
    "a space before the colon": f"{GET}X-One : 1\r\n\r\n",
    "a zero byte": f"{GET}X-One: \0\r\n\r\n",
    "no method": "hello\r\n\r\n",
    "another protocol": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "another version": f"GET /livez HTTP/9.9\r\n{HOST}\r\n",
    "no Host": "GET /livez HTTP/1.1\r\n\r\n",
    "two Hosts": f"{GET}{HOST}\r\n",
    "two Hosts in HTTP/1.0": f"GET /livez HTTP/1.0\r\n{HOST}{HOST}\r\n",
}
REFUSED = {name: (text, 400, "malformed") for name, text in MALFORMED.items()} | {
    "a long URL": (f"GET /livez?{'x' * 8192} HTTP/1.1\r\n{HOST}\r\n", 414, "url_too_long"),
    "a URL without an end": (f"GET /livez?{'x' * 2**21}", 414, "url_too_long"),
    "65 headers": (f"{GET}{LINE * HEADERS}\r\n", 431, "head_too_large"),
    "a header over 16 KB": (f"{GET}X-One: {'x' * 2**14}\r\n\r\n", 431, "head_too_large"),
    "a header without an end": (f"{GET}X-One: {'x' * 2**21}", 431, "head_too_large"),
    "a name without an end": (f"{GET}{'x' * 2**21}", 431, "head_too_large"),
    "headers without an end": (GET + LINE * 2**16, 431, "head_too_large"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_with_its_reason(client: httpx.Client, name: str) -> None:
    """One answer, a problem document, and the end of the connection; it is counted."""
    text, status, reason = REFUSED[name]
    before = counted(client, reason)
    (answer,) = sent(client, text)
    head, _, body = answer.partition("\r\n\r\n")
    document = json.loads(body)

    assert head.startswith(f"HTTP/1.1 {status} ")
    assert "content-type: application/problem+json" in head
    assert "connection: close" in head
    assert f"x-request-id: {document['id']}" in head
    assert (document["status"], document["reason"]) == (status, reason)
    assert counted(client, reason) == before + 1


def test_the_protocols_paths_have_the_protocols_error(client: httpx.Client) -> None:
    """On `/v2` and beneath it."""
    (answer,) = sent(client, "GET /v2/health/live HTTP/1.1\r\n\r\n")

    assert json.loads(answer.partition("\r\n\r\n")[2]) == {"error": "there must be one Host, and there are 0"}


def test_what_is_within_the_limits_is_answered(client: httpx.Client) -> None:
    """A URL of 8 KB, 64 headers, a head of nearly 16 KB, HTTP/1.0 without a Host; in one piece or byte by byte."""
    longest = f"GET /livez?{'x' * (8192 - 7)} HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n"
    many = f"{GET}Connection: close\r\n{LINE * (HEADERS - 2)}"
    large = f"{longest}X-One: {'x' * 8000}\r\n"

    for text in (longest, many, large, "GET /livez HTTP/1.0\r\n"):
        for pieces in ([f"{text}\r\n"], [text[:5], text[5:20], *text[20:], "\r", "\n"]):
            (answer,) = sent(client, *pieces)
            assert answer.startswith("HTTP/1.1 200 "), text[:40]


def test_what_follows_the_chunks_is_no_header(client: httpx.Client) -> None:
    """A proxy that looks at headers does not look there: neither this request nor the next is told of it."""
    chunks = f"Transfer-Encoding: chunked\r\n\r\n{len(BODY):x}\r\n{BODY}\r\n0\r\n"
    hidden = "X-Request-Id: hidden\r\nContent-Encoding: gzip\r\n\r\n"
    answers = sent(client, f"{POST}{chunks}{hidden}" * 2 + LAST)

    assert [answer[9:12] for answer in answers] == ["200"] * 3
    assert "hidden" not in "".join(answers)


@pytest.mark.parametrize(
    "endless",
    [
        "0\r\nX-One: " + "x" * 2**22,
        "0\r\n" + "X: 1\r\n" * 2**17,
        "1;" + "x" * 2**22,
        "1\r\nx\r\n" * 2**20,
        f"{2**22:x}\r\n" + " " * 2**22,
    ],
    ids=["a trailer", "trailers", "an extension", "small chunks", "a large chunk"],
)
def test_a_body_of_chunks_has_an_end(client: httpx.Client, endless: str) -> None:
    """Whatever it is that comes, and comes on after the answer."""
    with connected(client) as connection, contextlib.suppress(ConnectionError):
        connection.sendall(f"{POST}Transfer-Encoding: chunked\r\n\r\n{endless}".encode())
        assert re.match(rb"HTTP/1.1 (413|431) ", rest(connection))


def test_what_was_asked_before_is_answered(client: httpx.Client) -> None:
    """Garbage behind two requests ends the connection after their answers, and is no answer to either."""
    answers = sent(client, GOOD + LIVE + "garbage\r\n\r\n")

    assert [answer[9:12] for answer in answers] == ["200", "200"]
    assert "predictions" in answers[0]


def test_a_pipeline_has_an_end(client: httpx.Client) -> None:
    """Thousands of requests in one piece are not all kept: the first are answered, and the connection ends."""
    answers = sent(client, GOOD, LIVE * 5000)

    assert [answer[9:12] for answer in answers] == ["200"] * len(answers)
    assert 1 < len(answers) < 5000
    assert "connection: close" in answers[-1]
