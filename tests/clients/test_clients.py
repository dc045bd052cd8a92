"""The clients that people use, unchanged, each in a process of its own, at the gateway and at a model service."""

from typing import Any

import pytest

from tests.clients.conftest import Door

TRITON = ("triton_http", "triton_aio")
HTTP = [(client, door) for client in (*TRITON, "kserve_rest") for door in ("gateway", "ensemble", "service")]
GRPC = [("triton_grpc", "gateway over grpc"), ("triton_grpc", "ensemble over grpc")]

Conversation = tuple[str, Door, dict[str, Any]]


@pytest.fixture(scope="module", params=HTTP + GRPC, ids=" at ".join)
def conversation(request: pytest.FixtureRequest, doors: dict[str, Door]) -> Conversation:
    """Let one client say at one door all that it has to say."""
    client, door = request.param
    return client, doors[door], doors[door].converse(client)


def test_the_server_and_the_model_are_alive_and_ready(conversation: Conversation) -> None:
    """By each client's own reading of status and body."""
    _, _, said = conversation

    assert (said["live"], said["ready"], said["model_ready"]) == (True, True, True)


def test_the_metadata_names_the_extension_and_every_column(conversation: Conversation) -> None:
    """What the clients that read metadata find in it."""
    client, door, said = conversation
    if client == "kserve_rest":
        assert "model" not in said  # it has no call for it
        return

    assert "binary_tensor_data" in said["server"]["extensions"]
    assert said["model"]["name"] == door.told.model
    assert [(tensor["name"], tensor["datatype"]) for tensor in said["model"]["inputs"]] == [
        (column.name, column.datatype) for column in door.told.columns
    ]
    assert [tensor["name"] for tensor in said["model"]["outputs"]] == door.told.outputs


def test_numpy_arrays_of_every_datatype_make_the_round_trip(conversation: Conversation) -> None:
    """Binary both ways, with a missing number and a missing category: the answers of `/v1`, to the last bit."""
    _, door, said = conversation

    assert {column.datatype for column in door.told.columns} == {"FP64", "INT64", "BOOL", "BYTES"}
    assert None in door.told.columns[[column.name for column in door.told.columns].index("income")].data
    assert said["binary"] == door.expected


def test_json_gives_the_same(conversation: Conversation) -> None:
    """Of rows without nulls the first is the same record; kserve's client sends null, Triton's the token NaN."""
    client, door, said = conversation
    if client == "triton_grpc":
        assert "json" not in said  # gRPC knows no JSON
        return

    assert {name: values[0] for name, values in said["json"].items()} == {
        name: values[0] for name, values in door.expected.items()
    }
    if client in TRITON:
        assert "the body is not JSON" in said["nan_in_json"]
    else:
        assert said["null_in_json"] == door.expected


def test_the_id_comes_back_and_the_outputs_are_those_asked_for(conversation: Conversation) -> None:
    """All of them, or the last alone."""
    _, door, said = conversation
    last = door.told.outputs[-1]

    assert said["id"] == "seven"
    assert said["answered"] == door.told.outputs
    assert said["last"] == {last: door.expected[last]}


def test_compression_changes_nothing(conversation: Conversation) -> None:
    """A thousand rows, gzip and deflate as Triton's clients do it, both ways; kserve's accepts both by itself."""
    client, door, said = conversation

    assert said["many"] == {name: values * 500 for name, values in door.expected.items()}
    for encoding in ("gzip", "deflate") if client != "kserve_rest" else ():
        assert said[encoding] == said["many"]


def test_a_timeout_is_the_deadline_at_the_gateway(conversation: Conversation) -> None:
    """Triton's clients say it in microseconds, as a parameter; a model service has no deadline of its callers.

    A single microsecond may be over before a model is asked.
    """
    client, door, said = conversation
    if client not in (*TRITON, "triton_grpc"):
        return

    assert said["patient"] == door.expected
    if door.is_service:
        assert said["hurried"] == "was not refused"
    else:
        route = door.told.model
        waited_for = "plain and mixed" if route == "both" else route
        told = f"{waited_for} did not answer in time", f"the deadline passed before {route} was asked"
        assert said["hurried"].endswith(told)
        assert client != "triton_grpc" or said["hurried"].startswith("StatusCode.DEADLINE_EXCEEDED: ")


def test_the_text_of_an_error_reaches_the_caller(conversation: Conversation) -> None:
    """With the pointer to the wrong field, or the name that nothing has."""
    client, door, said = conversation

    assert f"{door.pointer}: age must be at least 0, not -5" in said["refused"]
    assert "nope" in said["unknown"]
    if client == "triton_grpc":
        assert said["refused"].startswith("StatusCode.INVALID_ARGUMENT: ")
        assert said["unknown"].startswith("StatusCode.NOT_FOUND: ")
