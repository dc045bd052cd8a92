"""Every failure over gRPC has the code of the table and the text of HTTP; none is UNKNOWN."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import grpc
import grpc.aio
import httpx
import numpy as np
import pytest
from open_inference.grpc import protocol
from starlette.responses import Response, StreamingResponse

from benchmarks.ports import free_ports
from gateway.account import Account, Accounts
from gateway.ending import Ending
from gateway.errors import (
    ForeignPage,
    GatewayError,
    HeadTooLarge,
    MalformedRequest,
    TooSlow,
    UnknownEncoding,
    UrlTooLong,
    WrongMediaType,
    WrongMethod,
)
from gateway.grpc.call import CODES, Accounting, caller_of
from gateway.grpc.door import HANDSHAKE_MS
from gateway.metrics import Metrics
from oip import Tensor
from tests.gateway.conftest import settings_of
from tests.gateway.grpc_client import FORMS, connected, refusal, request
from tests.gateway.test_faults import Sick, response
from tests.gateway.test_grpc import PLAIN, SERVICE
from tests.serving import running_gateway, served

CODE = grpc.StatusCode
ROW = [Tensor(one.name, one.datatype, one.array[:1]) for one in PLAIN]
ONLY_HTTP = (ForeignPage, WrongMethod, WrongMediaType, UnknownEncoding, TooSlow, UrlTooLong, HeadTooLarge)


class Doors(NamedTuple):
    """One gateway, asked in two ways."""

    http: httpx.Client
    channel: Any
    stub: Any
    port: int


@pytest.fixture(scope="module")
def sick(stored_plain: Path) -> Sick:
    """Make a sick server."""
    return Sick(stored_plain)


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory, sick: Sick) -> Iterator[Doors]:
    """Run a gateway with small limits in front of the sick server, and of nobody."""
    port, nobody = free_ports(2)
    with served(sick.app()) as where:
        settings = settings_of(
            {"plain": where, "absent": nobody},
            grpc_port=port,
            max_rows=1000,
            max_body_mb=1,
            refresh_s=0.2,
            ready_after_s=0,
        )
        settings["backends"]["plain"]["breaker"] = {"failures": 1000}
        settings["routes"]["hurried"] = {"ensemble": ["plain"], "timeout_s": 1}
        folder = tmp_path_factory.mktemp("sick")
        with running_gateway(folder, settings) as client, connected(port) as (channel, stub):
            yield Doors(client, channel, stub, port)


def changed(name: str, datatype: str, array: Any) -> list[Tensor]:
    """Give a row of the plain model with one tensor changed."""
    return [Tensor(name, datatype, array) if one.name == name else one for one in ROW]


def over_http(doors: Doors, model: str, tensors: list[Tensor], *wanted: str) -> httpx.Response:
    """Ask for the same in JSON, where null stands for NaN."""
    inputs = [
        {
            "name": one.name,
            "datatype": one.datatype,
            "shape": one.array.shape,
            "data": [None if value != value else value for value in one.array.tolist()],  # noqa: PLR0124 (NaN)
        }
        for one in tensors
    ]
    outputs = [{"name": name} for name in wanted]
    return doors.http.post(f"/v2/models/{model}/infer", json={"inputs": inputs, "outputs": outputs})


BAD: dict[str, tuple[str, list[Tensor], list[str], grpc.StatusCode]] = {
    "out of bounds": ("plain", changed("width", "FP64", np.array([-5.0])), [], CODE.INVALID_ARGUMENT),
    "null": ("plain", changed("width", "FP64", np.array([np.nan])), [], CODE.INVALID_ARGUMENT),
    "datatype": ("plain", changed("width", "INT64", np.array([5])), [], CODE.INVALID_ARGUMENT),
    "missing input": ("plain", ROW[1:], [], CODE.INVALID_ARGUMENT),
    "unknown output": ("plain", ROW, ["x"], CODE.INVALID_ARGUMENT),
    "output twice": ("plain", ROW, ["label", "label"], CODE.INVALID_ARGUMENT),
    "unknown model": ("nope", ROW, [], CODE.NOT_FOUND),
    "too many rows": ("plain", changed("width", "FP64", np.ones(1001)), [], CODE.RESOURCE_EXHAUSTED),
    "never there": ("absent", ROW, [], CODE.UNAVAILABLE),
    "never there, in an ensemble": ("both", ROW, [], CODE.UNAVAILABLE),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("case", BAD)
def test_what_is_wrong_is_told_as_over_http(doors: Doors, case: str, form: str) -> None:
    """The code of the table, and the same text with the same pointers."""
    model, tensors, wanted, code = BAD[case]
    error = refusal(doors.stub.ModelInfer, request(model, tensors, form, outputs=[{"name": one} for one in wanted]))
    answer = over_http(doors, model, tensors, *wanted)

    assert (error.code(), error.details()) == (code, answer.json()["error"])
    assert CODES[answer.status_code] == code


def test_a_version_that_is_not_served_is_not_found(doors: Doors) -> None:
    """For inference, metadata and readiness; so is an unknown name, and not just not ready."""
    for call, message in (
        (doors.stub.ModelInfer, request("plain", ROW, model_version="1")),
        (doors.stub.ModelMetadata, protocol.ModelMetadataRequest(name="plain", version="1")),
        (doors.stub.ModelReady, protocol.ModelReadyRequest(name="plain", version="1")),
    ):
        error = refusal(call, message)
        assert error.code() == CODE.NOT_FOUND
        assert error.details().startswith("plain has the version ")
    for call, message in (
        (doors.stub.ModelMetadata, protocol.ModelMetadataRequest(name="nope")),
        (doors.stub.ModelReady, protocol.ModelReadyRequest(name="nope")),
    ):
        assert refusal(call, message).code() == CODE.NOT_FOUND


@pytest.mark.parametrize("version", ["", "1"])
def test_a_model_that_is_not_known_yet_is_not_ready(doors: Doors, version: str) -> None:
    """Whatever version is meant; that is an answer and no failure."""
    assert not doors.stub.ModelReady(protocol.ModelReadyRequest(name="absent", version=version)).ready


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (lambda _: Response(b"\x00\x01"), CODE.INTERNAL),
        (lambda _: Response(status_code=500), CODE.INTERNAL),
        (response(probability=float("nan")), CODE.INTERNAL),
        (lambda _: Response(status_code=503), CODE.UNAVAILABLE),
        (lambda _: StreamingResponse(stalled()), CODE.DEADLINE_EXCEEDED),
    ],
)
def test_a_sick_model_is_told_as_over_http(
    doors: Doors, sick: Sick, answer: Callable[[str], Response], code: grpc.StatusCode
) -> None:
    """Nonsense, a number that is none, no answer now, no answer in time; the id is told with it."""
    sick.answer = answer
    model = "hurried" if code is CODE.DEADLINE_EXCEEDED else "plain"
    error = refusal(doors.stub.ModelInfer, request(model, ROW), metadata=[("x-request-id", "sick-1")])
    known = over_http(doors, model, ROW)
    told = dict(error.trailing_metadata())

    assert (error.code(), error.details()) == (code, known.json()["error"])
    assert (told.get("retry-after"), told["x-request-id"]) == (known.headers.get("retry-after"), "sick-1")


async def stalled() -> AsyncIterator[bytes]:
    """Begin an answer and do not go on before the deadline."""
    yield b"{"
    await asyncio.sleep(20)


@pytest.mark.parametrize("compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip])
def test_a_message_that_is_too_large_is_refused(doors: Doors, compression: grpc.Compression) -> None:
    """Packed, it counts unpacked: what is small on the way is none the less refused."""
    message = request("plain", ROW)
    message.raw_input_contents.append(bytes(2**21))
    error = refusal(doors.stub.ModelInfer, message, compression=compression)

    assert error.code() == CODE.RESOURCE_EXHAUSTED
    assert "larger than max" in error.details()


def test_metadata_has_a_bound(doors: Doors) -> None:
    """Just under it is answered, over it is not, and the connection serves on."""
    for size, code in ((15_000, None), (17_000, CODE.RESOURCE_EXHAUSTED), (100, None)):
        metadata = (("x-one", "x" * size),)
        if code:
            assert refusal(doors.stub.ServerLive, protocol.ServerLiveRequest(), metadata=metadata).code() == code
        else:
            assert doors.stub.ServerLive(protocol.ServerLiveRequest(), metadata=metadata).live


def test_who_says_nothing_is_let_go(doors: Doors) -> None:
    """A connection that does not begin as HTTP/2 begins."""
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", doors.port), timeout=20) as silent:
        while silent.recv(2**16):
            pass

    assert time.monotonic() - began < 5 * HANDSHAKE_MS / 1000


def test_bytes_that_are_no_message_are_refused(doors: Doors) -> None:
    """And a call that the protocol has not."""
    infer, unknown = (doors.channel.unary_unary(f"/{SERVICE}/{call}") for call in ("ModelInfer", "X"))
    error = refusal(infer, b"\xff")

    assert (error.code(), error.details()) == (CODE.INVALID_ARGUMENT, "the message is no ModelInferRequest")
    assert refusal(unknown, b"").code() == CODE.UNIMPLEMENTED


def test_every_failure_has_a_code() -> None:
    """But those that only HTTP can cause."""
    for kind in GatewayError.__subclasses__():
        assert (kind.protocol_status() in CODES) == (kind not in ONLY_HTTP), kind


class Refusing:
    """Stand before a call's context, and note what is counted as it is refused."""

    def __init__(self, context: Any, counted: Callable[[], float | None], seen: list[float | None]) -> None:
        self.context = context
        self.counted = counted
        self.seen = seen

    def __getattr__(self, name: str) -> Any:
        return getattr(self.context, name)

    async def abort(self, *told: Any) -> None:
        """Look, and refuse."""
        self.seen.append(self.counted())
        await self.context.abort(*told)


async def failure(exc: Exception) -> grpc.aio.AioRpcError:
    """Make a call that fails with an exception, through the handler of every call, which counts it before it tells."""

    async def fail(_: Account, __: protocol.ServerLiveRequest) -> protocol.ServerLiveResponse:
        raise exc

    metrics, seen = Metrics(), list[float | None]()
    accounts = Accounts(metrics, None, {"plain": 1.0}, Ending())
    handle: Callable[[bytes, Any], Awaitable[bytes]] = Accounting(lambda: accounts, set()).handler(
        "/s/Live", protocol.ServerLiveRequest, fail
    )

    def counted() -> float | None:
        (samples,) = [family.samples for family in metrics.refused.collect()]
        return sum(sample.value for sample in samples if sample.name.endswith("_total"))

    async def seen_by(body: bytes, context: Any) -> bytes:
        return await handle(body, Refusing(context, counted, seen))

    handler: Any = grpc.unary_unary_rpc_method_handler(seen_by)
    server = grpc.aio.server()
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("s", {"Live": handler})])
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        call: Any = channel.unary_unary("/s/Live")
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call(b"")
    await server.stop(None)
    assert seen == [1]
    return caught.value


@pytest.mark.anyio
async def test_a_fault_of_our_own_is_internal(capfd: pytest.CaptureFixture[str]) -> None:
    """An exception that nobody foresaw never shows as UNKNOWN, nor its text; the log has it."""
    error = await failure(RuntimeError("a secret"))

    assert (error.code(), error.details()) == (CODE.INTERNAL, "the gateway failed; its log says why")
    assert "a secret" in capfd.readouterr().out


@pytest.mark.anyio
@pytest.mark.parametrize("character", ["x", "ä", "%", "🙂"])
async def test_a_long_text_is_cut_to_what_a_client_takes(character: str) -> None:
    """A text beyond that would take the code with it."""
    error = await failure(MalformedRequest(character * 10_000))
    told = error.details() or ""

    assert error.code() == CODE.INVALID_ARGUMENT
    assert len(told) >= 300
    assert character * 10_000 != told == character * (len(told) - 2) + " …"


@pytest.mark.parametrize(
    ("peer", "caller"),
    [("ipv4:10.0.0.7:1234", "10.0.0.7"), ("ipv6:%5B2001:db8::1%5D:1234", "2001:db8::1"), ("unix:", "")],
)
def test_the_caller_is_an_address(peer: str, caller: str) -> None:
    """Without its port, as in the records of HTTP."""
    assert caller_of(peer) == caller
