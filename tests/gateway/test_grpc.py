"""gRPC: the six calls give what `/v2` gives, beside health and reflection."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import grpc
import httpx
import numpy as np
import psutil
import pytest
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from open_inference.grpc import protocol

from benchmarks.ports import free_ports
from oip import HEADER_LENGTH, Tensor, read_response, write_request
from tests.gateway.conftest import settings_of
from tests.gateway.grpc_client import FORMS, connected, outputs, request
from tests.gateway.test_account import records
from tests.serving import running_gateway, wait_until

SERVICE = "inference.GRPCInferenceService"

MIXED = [
    Tensor("income", "FP64", np.array([30.5, np.nan, 12.25])),
    Tensor("age", "INT64", np.array([40, 41, 18])),
    Tensor("owner", "BOOL", np.array([True, False, True])),
    Tensor("region", "BYTES", np.array(["east", "", "south"], dtype=object)),
]
"""Three records, with a null and a missing category."""
PLAIN = [
    Tensor("width", "FP64", np.array([5.0, 0.5, 7.0])),
    Tensor("height", "FP64", np.array([3.0, 0.25, 1.0])),
    Tensor("count", "INT64", np.array([4, 0, 9])),
]


class Doors(NamedTuple):
    """One gateway, asked in two ways."""

    http: httpx.Client
    channel: grpc.Channel
    stub: Any
    log: Path


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory, ports: dict[str, int]) -> Iterator[Doors]:
    """Run a gateway with both doors."""
    folder, (port,) = tmp_path_factory.mktemp("grpc"), free_ports(1)
    with (
        running_gateway(folder, settings_of(ports, grpc_port=port)) as client,
        connected(port) as (channel, stub),
    ):
        yield Doors(client, channel, stub, folder / "gateway.log")


def test_the_server_tells_of_itself(doors: Doors) -> None:
    """Alive, ready, and the same name and extensions as over HTTP."""
    told = doors.stub.ServerMetadata(protocol.ServerMetadataRequest())

    assert doors.stub.ServerLive(protocol.ServerLiveRequest()).live
    assert doors.stub.ServerReady(protocol.ServerReadyRequest()).ready
    assert {"name": told.name, "version": told.version, "extensions": list(told.extensions)} == doors.http.get(
        "/v2"
    ).json()


@pytest.mark.parametrize("name", ["plain", "mixed", "both"])
def test_a_model_tells_of_itself(doors: Doors, name: str) -> None:
    """Ready, and of each tensor name, datatype and shape as over HTTP."""
    told = doors.stub.ModelMetadata(protocol.ModelMetadataRequest(name=name))
    known = doors.http.get(f"/v2/models/{name}").json()

    assert doors.stub.ModelReady(protocol.ModelReadyRequest(name=name)).ready
    assert (told.name, told.platform, list(told.versions)) == (name, known["platform"], known.get("versions", []))
    assert dict(told.properties) == known["properties"]
    for side in ("inputs", "outputs"):
        assert [(one.name, one.datatype, list(one.shape)) for one in getattr(told, side)] == [
            (one["name"], one["datatype"], one["shape"]) for one in known[side]
        ]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("name", "tensors"), [("plain", PLAIN), ("mixed", MIXED), ("both", [*PLAIN, *MIXED])])
def test_a_prediction_is_that_of_http_to_the_last_bit(
    doors: Doors, name: str, tensors: list[Tensor], form: str
) -> None:
    """Nulls included, in both forms; the answer is raw and names the version, or those of an ensemble's members."""
    answer = doors.stub.ModelInfer(request(name, tensors, form, id="7"))
    content, length = write_request(tensors, "7")
    over_http = doors.http.post(f"/v2/models/{name}/infer", content=content, headers={HEADER_LENGTH: str(length)})
    known = read_response(over_http.content, over_http.headers[HEADER_LENGTH])

    assert (answer.model_name, answer.id) == (name, "7")
    assert answer.model_version == (known.model_version or "")
    assert {key: one.string_param for key, one in answer.parameters.items()} == known.parameters
    assert not any(one.HasField("contents") for one in answer.outputs)
    assert [(one.name, one.datatype) for one in answer.outputs] == [(one.name, one.datatype) for one in known.tensors]
    for tensor in known.tensors:
        np.testing.assert_array_equal(outputs(answer)[tensor.name], tensor.array)


def test_a_version_and_the_outputs_can_be_chosen(doors: Doors, stored_plain: Path) -> None:
    """The served version answers, with the outputs that are wanted in their order; no id comes back for none."""
    wanted = [{"name": "probability"}, {"name": "label"}]
    answer = doors.stub.ModelInfer(request("plain", PLAIN, model_version=stored_plain.name, outputs=wanted))

    assert (answer.model_version, answer.id) == (stored_plain.name, "")
    assert [one.name for one in answer.outputs] == ["probability", "label"]


def test_one_matrix_stands_for_all_columns(doors: Doors) -> None:
    """As over HTTP, where all share a datatype; here they do not, and the answer says what is missing."""
    matrix = [Tensor("features", "FP64", np.ones((1, 3)))]
    with pytest.raises(grpc.RpcError) as caught:
        doors.stub.ModelInfer(request("plain", matrix))
    over_http = doors.http.post(
        "/v2/models/plain/infer",
        json={"inputs": [{"name": "features", "datatype": "FP64", "shape": [1, 3], "data": [1, 1, 1]}]},
    )

    assert caught.value.details() == over_http.json()["error"]


def test_an_answer_carries_id_and_times_and_leaves_a_record(doors: Doors) -> None:
    """As the headers of HTTP, beside the message; a sane id is taken over, another is not."""
    _, call = doors.stub.ModelInfer.with_call(request("both", [*PLAIN, *MIXED]), metadata=[("x-request-id", "grpc-1")])
    _, other = doors.stub.ServerLive.with_call(protocol.ServerLiveRequest(), metadata=[("x-request-id", "no sane id")])
    told, made = dict(call.trailing_metadata()), dict(other.trailing_metadata())["x-request-id"]
    (record,) = wait_until(lambda: records(doors.log, "grpc-1"))
    (plain,) = wait_until(lambda: records(doors.log, made))

    assert told["x-request-id"] == "grpc-1"
    assert all(phase in told["server-timing"] for phase in ("decode;dur=", "call.plain;dur=", "encode;dur="))
    assert (record["route"], record["caller"], record["status"], record["rows"]) == ("both", "127.0.0.1", 200, 3)
    assert set(record["versions"]) == {"plain", "mixed"}
    assert (plain["route"], plain["status"]) == (f"/{SERVICE}/ServerLive", 200)


def test_requests_are_counted_with_those_of_http(doors: Doors) -> None:
    """By route and by the status that the same answer has there."""

    def count() -> float:
        text = httpx.get(f"{doors.http.headers['x-admin']}/metrics").text
        lines = [
            line for line in text.splitlines() if line.startswith('bentogate_requests_total{code="200",route="plain"')
        ]
        return float(lines[0].split()[-1]) if lines else 0.0

    before = count()
    doors.stub.ModelInfer(request("plain", PLAIN))

    assert count() == before + 1


@pytest.mark.parametrize("service", ["", SERVICE])
def test_health_is_that_of_readyz(doors: Doors, service: str) -> None:
    """For the server as a whole and for the service; another service is unknown."""
    health: Any = health_pb2_grpc.HealthStub(doors.channel)
    asked = health_pb2.HealthCheckRequest(service=service)

    assert health.Check(asked).status == health_pb2.HealthCheckResponse.SERVING
    assert next(health.Watch(asked)).status == health_pb2.HealthCheckResponse.SERVING
    with pytest.raises(grpc.RpcError) as caught:
        health.Check(health_pb2.HealthCheckRequest(service="another"))
    assert caught.value.code() == grpc.StatusCode.NOT_FOUND


def test_health_waits_for_a_model(tmp_path: Path, ports: dict[str, int]) -> None:
    """Not serving while one has not answered and there is still patience; a watcher hears when that is over."""
    port, nobody = free_ports(2)
    settings = settings_of({"mixed": ports["mixed"], "plain": nobody}, grpc_port=port, ready_after_s=6)
    with running_gateway(tmp_path, settings, wait="/livez"), connected(port) as (channel, stub):
        health: Any = health_pb2_grpc.HealthStub(channel)
        watch = health.Watch(health_pb2.HealthCheckRequest())

        assert next(watch).status == health_pb2.HealthCheckResponse.NOT_SERVING
        assert not stub.ServerReady(protocol.ServerReadyRequest()).ready
        assert not stub.ModelReady(protocol.ModelReadyRequest(name="plain")).ready
        assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
        assert stub.ServerReady(protocol.ServerReadyRequest()).ready


def test_reflection_describes_the_six_calls(doors: Doors) -> None:
    """A client without stubs finds services, calls and messages."""
    database = ProtoReflectionDescriptorDatabase(doors.channel)
    service = DescriptorPool(database).FindServiceByName(SERVICE)

    assert set(database.get_services()) == {
        SERVICE,
        "grpc.health.v1.Health",
        "grpc.reflection.v1alpha.ServerReflection",
    }
    assert set(service.methods_by_name) == {
        "ServerLive",
        "ServerReady",
        "ModelReady",
        "ServerMetadata",
        "ModelMetadata",
        "ModelInfer",
    }
    assert service.methods_by_name["ModelInfer"].input_type.fields_by_name["raw_input_contents"].number == 7


def test_grpc_is_off_unless_it_has_a_port(doors: Doors, client: httpx.Client) -> None:
    """A gateway without one does not even load the library."""
    assert client.get("/livez").status_code == 200
    loaded = {
        "grpc_port" in Path(child.cmdline()[-1]).read_text(): any("cygrpc" in one.path for one in child.memory_maps())
        for child in psutil.Process().children()
        if "gateway" in child.cmdline()
    }

    assert loaded == {True: True, False: False}
    wait_until(lambda: '"grpc": "127.0.0.1:' in doors.log.read_text())
