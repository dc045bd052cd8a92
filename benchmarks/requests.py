"""Requests of many rows, and how long another caller waits meanwhile."""

import http.client
import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import numpy as np

from benchmarks.load import JSON, instances
from oip import HEADER_LENGTH, Tensor, write_request

FORMS = ("/v1 JSON", "/v2 binary matrix")


@dataclass(frozen=True)
class Load:
    """Hold a request that is sent again and again."""

    form: str
    rows: int
    url: str
    headers: Mapping[str, str]
    body: bytes


def load(gateway: str, route: str, form: str, rows: int, record: dict[str, float]) -> Load:
    """Make the request of so many rows."""
    if form == FORMS[0]:
        return Load(form, rows, f"{gateway}/v1/models/{route}:predict", JSON, instances(record, rows))
    matrix = np.array([list(record.values())] * rows)
    body, length = write_request([Tensor("features", "FP64", matrix)])
    headers = {"content-type": "application/octet-stream", HEADER_LENGTH: str(length)}
    return Load(form, rows, f"{gateway}/v2/models/{route}/infer", headers, body)


def p99_ms(one: Load, seconds: float) -> float:
    """Ask again and again on one connection."""
    url, took = urlsplit(one.url), []
    connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=30)
    end = time.perf_counter() + seconds
    while (began := time.perf_counter()) < end:
        connection.request("POST", url.path, one.body, dict(one.headers))
        connection.getresponse().read()
        took.append((time.perf_counter() - began) * 1000)
    connection.close()
    return statistics.quantiles(took, n=100)[98]
