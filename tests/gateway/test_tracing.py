"""Traces, as a real receiver of OTLP reads them, and what collectors that are sick cost: nothing."""

import contextlib
import json
import re
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import grpc
import httpx
import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from starlette.types import ASGIApp

from benchmarks.ports import free_ports
from gateway.tracing import Export, Limits, SpanContext, Tracing, read_context
from gateway.tracing import Span as Ended
from oip.asgi import Receive, Scope, Send, send_body
from tests.conftest import ROOT, run
from tests.gateway.collector import Collector, attributes, collecting, hanging, ids
from tests.gateway.conftest import MIXED, PLAIN, settings_of
from tests.gateway.grpc_client import connected, request
from tests.gateway.test_joining import Gated
from tests.gateway.test_v2 import inputs
from tests.serving import model_app, running_gateway, served, wait_until

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
GIVEN = {"traceparent": f"00-{TRACE}-{PARENT}-01", "tracestate": "vendor=value"}
QUICK = {"OTEL_BSP_SCHEDULE_DELAY": "50"}
HEAVY = {"opentelemetry.sdk", "opentelemetry.exporter", "google.protobuf", "requests"}
"""FastAPI imports the API of OpenTelemetry itself."""

PLAIN_RECORD = {"instances": [PLAIN]}


LONG = ["x" * 513, "a=" + "b" * 511, ",".join(f"k{number}=v" for number in range(33))]
WRONG_STATES = [*LONG, "no member", "a=b,A=b", "a=b=c", "a", "1=b", "a@b@c=d"]


class Busy:
    """A model that says of some calls that it cannot answer now."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.times = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or not."""
        if scope["path"].endswith("/infer") and self.times:
            self.times -= 1
            await send_body(send, 503, b"", b"text/plain")
        else:
            await self.app(scope, receive, send)


class Traced(NamedTuple):
    """A gateway that traces to a collector, in front of a model that can be held back."""

    client: httpx.Client
    collector: Collector
    plain: Gated
    busy: Busy
    grpc_port: int
    log: Path


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory, stored_plain: Path, stored_mixed: Path) -> Iterator[Traced]:
    """Run one."""
    collector, busy, (grpc_port,) = Collector(), Busy(model_app(stored_plain)), free_ports(1)
    plain = Gated(busy)
    plain.opened.set()
    folder = tmp_path_factory.mktemp("traced")
    with collecting(collector) as url, served(plain) as one, served(model_app(stored_mixed)) as other:
        settings = settings_of({"plain": one, "mixed": other}, tracing=True, grpc_port=grpc_port)
        variables = {
            **QUICK,
            "OTEL_EXPORTER_OTLP_ENDPOINT": url,
            "OTEL_EXPORTER_OTLP_HEADERS": "x-tenant=blue",
            "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip",
            "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=test",
        }
        with running_gateway(folder, settings, **variables) as client:
            yield Traced(client, collector, plain, busy, grpc_port, folder / "gateway.log")


def test_a_request_is_a_span_with_its_phases(traced: Traced) -> None:
    """It has what the access record has, and begins and ends with the request; each phase begins within it."""
    body = {"instances": [{**PLAIN, **MIXED}] * 2}
    answer = traced.client.post("/v1/predict", json=body, headers={"x-request-id": "whole"}).json()
    span = traced.collector.of("predict both", bentogate__request_id="whole")
    told = attributes(span)
    lasted_ms = (span.end_time_unix_nano - span.start_time_unix_nano) / 1e6

    assert (span.kind, span.parent_span_id, span.status.code) == (Span.SPAN_KIND_SERVER, b"", Status.STATUS_CODE_UNSET)
    assert (told["bentogate.route"], told["bentogate.rows"], told["http.response.status_code"]) == ("both", 2, 200)
    assert {name: told[f"bentogate.version.{name}"] for name in answer["models"]} == {
        name: model["version"] for name, model in answer["models"].items()
    }
    assert lasted_ms == pytest.approx(told["bentogate.ms.total"], abs=0.01)
    assert {"decode", "queue", "call", "encode"} <= {key.rpartition(".")[2] for key in told}
    assert [event.name for event in span.events] == ["decode", "call", "encode"]
    times = [span.start_time_unix_nano, *(event.time_unix_nano for event in span.events), span.end_time_unix_nano]
    assert times == sorted(times)


def test_each_call_for_one_request_is_a_span_below_it(traced: Traced) -> None:
    """Of both models, and the model is told the span of its call."""
    traced.client.post("/v1/predict", json={"instances": [{**PLAIN, **MIXED}]}, headers={"x-request-id": "below"})
    whole = traced.collector.of("predict both", bentogate__request_id="below")
    for model in ("plain", "mixed"):
        call = traced.collector.of(f"call {model}", bentogate__call_id="below")

        assert (call.kind, call.trace_id, call.parent_span_id) == (
            Span.SPAN_KIND_CLIENT,
            whole.trace_id,
            whole.span_id,
        )
        assert whole.start_time_unix_nano < call.start_time_unix_nano < call.end_time_unix_nano
        assert call.end_time_unix_nano < whole.end_time_unix_nano
        assert attributes(call)["bentogate.rows"] == attributes(call)["bentogate.requests"] == 1
        assert attributes(call)["bentogate.ms.compute"] > 0
    trace, span = ids(traced.collector.of("call plain", bentogate__call_id="below"))
    assert traced.plain.heads[-1][b"traceparent"].decode() == f"00-{trace}-{span}-01"


@pytest.mark.parametrize("path", ["/v1/models/plain:predict", "/v2/models/plain/infer"])
def test_the_trace_of_the_caller_goes_on(traced: Traced, path: str) -> None:
    """Its span is the parent, and the model is told the trace and its state."""
    body = PLAIN_RECORD if path.startswith("/v1") else inputs(PLAIN)
    request_id = path.replace("/", "-").replace(":", ".")
    traced.client.post(path, json=body, headers={**GIVEN, "x-request-id": request_id})
    span = traced.collector.of("predict plain", bentogate__request_id=request_id)
    told = traced.plain.heads[-1]

    assert (span.trace_id.hex(), span.parent_span_id.hex()) == (TRACE, PARENT)
    assert span.trace_state == told[b"tracestate"].decode() == "vendor=value"
    assert told[b"traceparent"].decode().startswith(f"00-{TRACE}-")


def test_the_trace_of_a_caller_over_grpc_goes_on(traced: Traced) -> None:
    """Its metadata have the same names; a refusal is told with its reason."""
    metadata = [*GIVEN.items(), ("x-request-id", "over-grpc")]
    with connected(traced.grpc_port) as (_, stubs), pytest.raises(grpc.RpcError):
        stubs.ModelInfer(request("plain", []), metadata=metadata)
    span = traced.collector.of("predict plain", bentogate__request_id="over-grpc")

    assert (span.trace_id.hex(), span.parent_span_id.hex()) == (TRACE, PARENT)
    assert attributes(span)["http.response.status_code"] == 400
    assert span.status.code == Status.STATUS_CODE_UNSET  # the caller's fault is none of the server's


def test_a_joined_call_is_linked_to_its_requests_and_they_to_it(traced: Traced) -> None:
    """It belongs to none of their traces, so it has one of its own."""
    client, plain = traced.client, traced.plain
    before = len(plain.heads)
    plain.opened.clear()
    with ThreadPoolExecutor(5) as pool:
        first = pool.submit(client.post, "/v1/models/plain:predict", json=PLAIN_RECORD)
        wait_until(lambda: len(plain.heads) > before)
        others = [
            pool.submit(
                client.post, "/v1/models/plain:predict", json=PLAIN_RECORD, headers={"x-request-id": f"joined-{number}"}
            )
            for number in range(3)
        ]
        wait_until(lambda: 'queued_rows{model="plain"} 3.0' in metrics(client))
        plain.opened.set()
        assert {one.result().status_code for one in (first, *others)} == {200}
    requests = [traced.collector.of("predict plain", bentogate__request_id=f"joined-{number}") for number in range(3)]
    call = traced.collector.of("call plain", bentogate__requests=3)

    assert {ids(link) for link in call.links} == {ids(one) for one in requests}
    assert [[ids(link) for link in one.links] for one in requests] == [[ids(call)]] * 3
    assert call.parent_span_id == b""
    assert call.trace_id not in {one.trace_id for one in requests}
    assert {attributes(one)["bentogate.call_id.plain"] for one in requests} == {attributes(call)["bentogate.call_id"]}


def test_a_call_that_is_made_once_more_is_another_span(traced: Traced) -> None:
    """The first says why it failed, the second why it was made; both are of the request."""
    traced.busy.times = 1
    traced.client.post("/v1/models/plain:predict", json=PLAIN_RECORD, headers={"x-request-id": "twice"})
    whole = traced.collector.of("predict plain", bentogate__request_id="twice")
    first = traced.collector.of("call plain", bentogate__call_id="twice", error__type="backend_unavailable")
    second = traced.collector.of("call plain", bentogate__call_id="twice", bentogate__again="busy")

    assert {first.parent_span_id, second.parent_span_id} == {whole.span_id}
    assert [one.status.code for one in (first, second, whole)] == [Status.STATUS_CODE_ERROR, 0, 0]
    assert first.end_time_unix_nano < second.start_time_unix_nano


def test_a_caller_that_does_not_sample_is_not_sampled(traced: Traced) -> None:
    """The model is told so too, and no span comes of it, nor of probes."""
    headers = {"traceparent": f"00-{TRACE}-{PARENT}-00", "x-request-id": "unsampled"}
    traced.client.post("/v1/models/plain:predict", json=PLAIN_RECORD, headers=headers)
    head = traced.plain.heads[-1]
    traced.client.get("/v2/health/live", headers={"x-request-id": "probe"})
    traced.client.post("/v1/models/plain:predict", json=PLAIN_RECORD, headers={"x-request-id": "after"})
    traced.collector.of("predict plain", bentogate__request_id="after")

    assert re.fullmatch(f"00-{TRACE}-[0-9a-f]{{16}}-00", head[b"traceparent"].decode())
    assert not [one for one in traced.collector.spans if attributes(one).get("bentogate.request_id") == "unsampled"]
    assert not [one for one in traced.collector.spans if attributes(one).get("bentogate.request_id") == "probe"]


def test_a_wrong_state_is_not_given_on_and_fills_no_log(traced: Traced) -> None:
    """The trace goes on without it."""
    headers = {**GIVEN, "tracestate": "no member", "x-request-id": "stateless"}
    traced.client.post("/v1/models/plain:predict", json=PLAIN_RECORD, headers=headers)
    span = traced.collector.of("predict plain", bentogate__request_id="stateless")

    assert (span.trace_id.hex(), span.trace_state) == (TRACE, "")
    assert b"tracestate" not in traced.plain.heads[-1]
    assert "no member" not in traced.log.read_text()


def test_the_variables_of_opentelemetry_hold(traced: Traced) -> None:
    """Headers, compression, and the names of the process; its own is that of the gateway."""
    traced.client.post("/v1/models/plain:predict", json=PLAIN_RECORD, headers={"x-request-id": "named"})
    traced.collector.of("predict plain", bentogate__request_id="named")
    head, resource = traced.collector.heads[-1], traced.collector.resources[-1]

    assert (head[b"x-tenant"], head[b"content-encoding"]) == (b"blue", b"gzip")
    assert (resource["service.name"], resource["deployment.environment.name"]) == ("bentogate", "test")


def metrics(client: httpx.Client) -> str:
    """Read the metrics."""
    return httpx.get(f"{client.headers['x-admin']}/metrics").text


def lost(client: httpx.Client) -> float:
    """Read how many spans were lost."""
    found = re.search(r"^bentogate_spans_lost_total (\S+)$", metrics(client), re.MULTILINE)
    assert found
    return float(found[1])


def refusing() -> contextlib.AbstractContextManager[str]:
    """Give an address where nobody is."""
    return contextlib.nullcontext(f"http://127.0.0.1:{free_ports(1)[0]}")


SICK: dict[str, Callable[[], contextlib.AbstractContextManager[str]]] = {
    "hangs": hanging,
    "refuses connections": refusing,
    "refuses spans": lambda: collecting(Collector(400)),
    "is slow": lambda: collecting(Collector(seconds=0.8)),
}


def test_the_log_says_once_why_spans_are_lost(tmp_path: Path, ports: dict[str, int]) -> None:
    """A collector that refuses all of them does not fill it."""
    with collecting(Collector(403)) as url:
        variables = {**QUICK, "OTEL_EXPORTER_OTLP_ENDPOINT": url, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "1"}
        with running_gateway(tmp_path, settings_of(ports, tracing=True), **variables) as client:
            for _ in range(5):
                client.post("/v1/models/plain:predict", json=PLAIN_RECORD)
            wait_until(lambda: lost(client) == 10)
    lines = [line for line in (tmp_path / "gateway.log").read_text().splitlines() if "spans" in line]

    assert len(lines) == 1
    assert "403" in json.loads(lines[0])["reason"]


@pytest.mark.parametrize("sickness", SICK)
def test_a_sick_collector_costs_spans_and_nothing_else(sickness: str, tmp_path: Path, ports: dict[str, int]) -> None:
    """Requests are answered as ever, spans are dropped and counted, and the gateway ends in time."""
    with SICK[sickness]() as url:
        variables = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": url,
            "OTEL_EXPORTER_OTLP_TIMEOUT": "1",
            "OTEL_BSP_SCHEDULE_DELAY": "20",
            "OTEL_BSP_MAX_QUEUE_SIZE": "8",
            "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "4",
        }
        with running_gateway(tmp_path, settings_of(ports, tracing=True), **variables) as client:
            answers = [client.post("/v1/models/plain:predict", json=PLAIN_RECORD) for _ in range(60)]
            wait_until(lambda: lost(client) > 40)

            assert {answer.status_code for answer in answers} == {200}
            assert lost(client) <= 120
    told = [json.loads(line) for line in (tmp_path / "gateway.log").read_text().splitlines()]

    assert len([line for line in told if line.get("event") == "spans are lost"]) <= 1


def test_without_tracing_nothing_of_it_is_loaded_and_nothing_given_on(tmp_path: Path, stored_plain: Path) -> None:
    """The library takes memory and a start; a caller's header ends at the gateway."""
    code = f"import gateway.server, gateway.app, sys; print({HEAVY} & sys.modules.keys())"
    plain = Gated(model_app(stored_plain))
    plain.opened.set()
    with served(plain) as port, running_gateway(tmp_path, settings_of({"plain": port})) as client:
        client.post("/v1/models/plain:predict", json=PLAIN_RECORD, headers=GIVEN)

    assert run(sys.executable, "-c", code).stdout.strip() == "set()"
    assert b"traceparent" not in plain.heads[-1]


@pytest.mark.parametrize(
    ("parent", "state", "expected"),
    [
        (GIVEN["traceparent"], "a=b", SpanContext(int(TRACE, 16), int(PARENT, 16), True, "a=b")),
        (f"00-{TRACE}-{PARENT}-00", "", SpanContext(int(TRACE, 16), int(PARENT, 16), False)),
        (f"cc-{TRACE}-{PARENT}-09-what-comes-later", "", SpanContext(int(TRACE, 16), int(PARENT, 16), True)),
        (GIVEN["traceparent"], "a=b, ,1@c=d e,", SpanContext(int(TRACE, 16), int(PARENT, 16), True, "a=b, ,1@c=d e,")),
        *((GIVEN["traceparent"], state, SpanContext(int(TRACE, 16), int(PARENT, 16), True)) for state in WRONG_STATES),
        (GIVEN["traceparent"], "a=b\r\nhost: evil", SpanContext(int(TRACE, 16), int(PARENT, 16), True)),
        ("", "", None),
        (f"{GIVEN['traceparent']}-more", "", None),
        (f"ff-{TRACE}-{PARENT}-01", "", None),
        (f"00-{'0' * 32}-{PARENT}-01", "", None),
        (f"00-{TRACE}-{'0' * 16}-01", "", None),
        (f"00-{TRACE.upper()}-{PARENT}-01", "", None),
        (f"{GIVEN['traceparent']}, {GIVEN['traceparent']}", "", None),
    ],
)
def test_a_traceparent_is_read_as_the_standard_has_it(parent: str, state: str, expected: SpanContext | None) -> None:
    """What is wrong begins a new trace; a state that is no header's is dropped."""
    assert read_context(parent, state) == expected


def test_a_full_queue_loses_the_oldest_and_counts() -> None:
    """Nobody waits; at the end what is left is sent."""
    counted: list[int] = []
    sent: list[Ended] = []

    def send(spans: list[Ended]) -> None:
        sent.extend(spans)

    export = Export(send, Limits(queue=5, batch=3, delay_s=60), counted.append)
    tracing = Tracing(lambda *_: True, export.add)
    for number in range(7):
        tracing.end(tracing.begin("", ""), str(number), (0.0, 1.0), {}, failed=False)
    with export:
        pass

    assert [one.name for one in sent] == ["2", "3", "4", "5", "6"]
    assert sum(counted) == 2


@pytest.mark.parametrize(
    ("variable", "value"),
    [("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"), ("OTEL_BSP_MAX_QUEUE_SIZE", "none")],
)
def test_a_variable_that_cannot_hold_is_refused_at_start(tmp_path: Path, variable: str, value: str) -> None:
    """With its name, as any other setting."""
    path = tmp_path / "gateway.yaml"
    settings = settings_of({"plain": 1}, tracing=True)
    path.write_text(json.dumps({**settings, "port": 0, "admin_port": 0}))
    done = run(sys.executable, "-m", "gateway", "--config", str(path), check=False, cwd=ROOT, **{variable: value})

    assert done.returncode == 2
    assert variable in done.stderr
    assert "Traceback" not in done.stderr
