"""Callers that each keep a connection to one address, ask with an id of their own each time, and never ask again.

Run as a program in a sandbox, which prints a line for each answer: id, status (0 where none came), the answer's id,
and why it failed.
"""

import http.client
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

TIMEOUT_S = 15


def main(url: str, name: str, callers: int, pause_s: float, body: bytes) -> None:
    """Ask until stdin ends, and then hear what is under way."""
    ended = threading.Event()
    threads = [threading.Thread(target=ask, args=(url, f"{name}.{n}", pause_s, body, ended)) for n in range(callers)]
    for thread in threads:
        thread.start()
    sys.stdin.read()
    ended.set()
    for thread in threads:
        thread.join()


def ask(url: str, name: str, pause_s: float, body: bytes, ended: threading.Event) -> None:
    """Ask again and again, one request after the other, with a pause in between."""
    at = urlsplit(url)
    connection = http.client.HTTPConnection(at.netloc, timeout=TIMEOUT_S)
    for request_id in ids(name, ended):
        status, told, why = 0, "", ""
        try:
            connection.request("POST", at.path, body, {"Content-Type": "application/json", "X-Request-Id": request_id})
            with connection.getresponse() as answer:
                text = answer.read().decode()
                status, told = answer.status, answer.getheader("X-Request-Id", "")
            why = "" if status == 200 else " ".join(text.split())
        except (OSError, http.client.HTTPException) as exc:
            why = repr(exc)
            with suppress(OSError):
                connection.close()
        sys.stdout.write(f"{request_id} {status} {told} {why}\n")  # in one piece, for threads
        sys.stdout.flush()
        time.sleep(pause_s)


def ids(name: str, ended: threading.Event) -> Iterator[str]:
    """Give one id after the other."""
    for number in count():
        if ended.is_set():
            return
        yield f"{name}-{number}"


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]), Path(sys.argv[5]).read_bytes())
