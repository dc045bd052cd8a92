"""A model that answers well-formed nonsense: it never becomes a prediction."""

import numpy as np

from tests.faults.contents import altered, every_output, of_version, output, said, without
from tests.faults.outcomes import BACKEND_FAULT, UNAVAILABLE, UNKNOWN_VERSION, Outcome
from tests.faults.proxy import Fault
from tests.faults.row import AT_ONCE_S, Row, on_the_way
from tests.faults.wire import scripted

PROMISE = "nothing wrong passes"


def row(what: str, fault: Fault, *expect: Outcome, within_s: float = AT_ONCE_S) -> Row:
    """Make a row of one fault of a model."""
    return Row(what, PROMISE, on_the_way(fault), expect or (BACKEND_FAULT,), within_s)


ROWS = [
    row("a 200 with an error inside", scripted(said(200, b'{"error": "boom"}', "content-type: application/json"))),
    row("a 200 without a body", scripted(said(200))),
    row("a 204", scripted(b"HTTP/1.1 204 No Content\r\n\r\n")),
    row("a page of HTML", scripted(said(200, b"<html>Welcome</html>", "content-type: text/html"))),
    row("JSON that breaks off", scripted(said(200, b'{"outputs": [{"name": "label", "sha'))),
    row("JSON nested 100,000 deep", scripted(said(200, b'{"outputs": ' + b"[" * 100_000))),
    row("a redirect", scripted(said(302, b"", "location: http://127.0.0.1:1/"))),
    row("a 404", scripted(said(404, b'{"error": "no such model"}'))),
    row("a refusal (400) of checked records", scripted(said(400, b'{"error": "no"}'))),
    row("a 500 with a traceback", scripted(said(500, b"Traceback (most recent call last)"))),
    row("its own overload (429)", scripted(said(429)), UNAVAILABLE),
    row("a bad gateway in between (502)", scripted(said(502)), UNAVAILABLE),
    row("a 503", scripted(said(503, b"", "retry-after: 3600")), UNAVAILABLE),
    row("a gateway in between that waits in vain (504)", scripted(said(504)), UNAVAILABLE),
    row("a row too few", altered(every_output(lambda values: values[:-1]))),
    row("a row too many", altered(every_output(lambda values: np.concatenate([values, values[:1]])))),
    row("one output a row short", altered(output("label", lambda values: values[:-1]))),
    row("a wrong shape", altered(output("probability", lambda values: np.stack([values, values], axis=1)))),
    row("a wrong datatype", altered(output("probability", lambda values: values.astype(np.float32), "FP32"))),
    row("a number for a label", altered(output("label", lambda values: np.zeros(len(values)), "FP64"))),
    row(
        "a label that the contract does not have",
        altered(output("label", lambda values: np.array(["medium"] * len(values), dtype=object))),
    ),
    row("NaN for a probability", altered(output("probability", lambda values: values * np.nan))),
    row("a probability over 1", altered(output("probability", lambda values: values + 1))),
    row("an output that is missing", altered(without("probability"))),
    row("a version that nobody knows", altered(of_version("unheard-of")), UNKNOWN_VERSION, within_s=2),
    row("no version", altered(of_version(None)), UNKNOWN_VERSION, within_s=2),
]
