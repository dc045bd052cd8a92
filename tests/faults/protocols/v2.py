"""`/v2`: tensors in JSON or binary, and errors that are a text."""

import json
from functools import partial

from oip import HEADER_LENGTH, read_response, write_request
from tests.faults.callers import Answer, Asked
from tests.faults.protocols.http import Response, exchanged, request
from tests.faults.protocols.tensors import missing_in, parameters_of, prediction_of, tensors_of


def ask(port: int, one: Asked, *, binary: bool) -> list[Answer]:
    """Ask for the outputs of one record; the caller's wish is the parameter `timeout`, in microseconds."""
    parameters = parameters_of(one.terms)
    if one.wish_ms is not None:
        parameters["timeout"] = one.wish_ms * 1000
    body, length = write_request(tensors_of(one.canary.record), one.id, binary=binary, parameters=parameters)
    lines = [f"X-Request-Id: {one.id}", *([] if length is None else [f"{HEADER_LENGTH}: {length}"])]
    message = request(f"/v2/models/{one.route}/infer", body, lines)
    return [read(response) for response in exchanged(port, message)]


def read(response: Response) -> Answer:
    """Read an answer."""
    status, headers, body, seconds = response
    known = headers.get("x-request-id")
    if status != 200:
        return Answer(status, known, seconds, text=json.loads(body)["error"], retry_after=headers.get("retry-after"))
    said = read_response(body, headers.get(HEADER_LENGTH.lower()))
    assert said.id == known
    missing = missing_in(said.parameters)
    prediction = dict.fromkeys(missing) | prediction_of({one.name: one.array for one in said.tensors})
    return Answer(status, known, seconds, prediction, missing)


ask_json = partial(ask, binary=False)
ask_binary = partial(ask, binary=True)
