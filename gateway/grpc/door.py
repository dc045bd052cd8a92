"""The listener for gRPC: inference, health and reflection."""

import asyncio
from typing import Any

import grpc
import grpc.aio
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1.health import SERVICE_NAME as HEALTH
from grpc_health.v1.health import aio as health_aio
from grpc_reflection.v1alpha.reflection import SERVICE_NAME as REFLECTION
from grpc_reflection.v1alpha.reflection import enable_server_reflection

from gateway.front import Front
from gateway.grpc.service import SERVICE, handlers
from gateway.settings import SettingsError

GOODBYE_S = 0.5

NEVER_S = 86_400.0
"""Longer than any end takes. The library's own grace may not run out while it is told to stop once more: a server that
one stop has destroyed, the other one uses, and the process is gone with a segmentation fault (grpcio 1.85)."""

LOOK_S = 0.1
"""How often is looked whether the gateway is ready, and how far its end has come."""


METADATA_BYTES = 16 * 2**10
"""As much as a head over HTTP may have; the library refuses at random between a soft limit and a hard one, so they are
one."""

STREAMS = 256
"""Calls under way on one connection; the library has no bound by itself."""

HANDSHAKE_MS, IDLE_MS = 5_000, 300_000
"""For the first frames of a connection, which the library gives two minutes; and for one without a call."""

PING_MS, PONG_MS = 30_000, 10_000
"""A caller that is silent for so long is asked whether it is there, and has so long to say so: two hours otherwise."""


class GrpcDoor:
    """Serve gRPC on a port that is bound already; `calls` are those of inference that are under way."""

    def __init__(self, front: Front, server: grpc.aio.Server, address: str) -> None:
        self.front = front
        self.server = server
        self.address = address
        self.calls: set[asyncio.Task[Any]] = set()
        self.health = health_aio.HealthServicer()
        server.add_generic_rpc_handlers([handlers(front, self.calls)])
        health_pb2_grpc.add_HealthServicer_to_server(self.health, server)
        enable_server_reflection((SERVICE, HEALTH, REFLECTION), server)

    async def serve(self) -> None:
        """Serve until the end comes, then let calls under way finish."""
        await self.set_health(health_pb2.HealthCheckResponse.NOT_SERVING)
        await self.server.start()
        await self.follow_readiness()
        while not self.front.gateway.ending.closing:  # noqa: ASYNC110 (it comes with time or with a signal)
            await asyncio.sleep(LOOK_S)
        await self.end()

    async def end(self) -> None:
        """Refuse new calls, wait for those under way until they are cut off, and end the streams.

        Who watches health, or reads what there is by reflection, keeps a stream open that has no end of its own.
        """
        stopping = asyncio.create_task(self.server.stop(NEVER_S))
        await asyncio.wait([stopping], timeout=GOODBYE_S)  # what has come before is begun by then
        while self.calls and not self.front.gateway.ending.cut:
            await asyncio.wait(self.calls, timeout=LOOK_S)
        await self.server.stop(None)
        await stopping

    async def follow_readiness(self) -> None:
        """Say the same as `/readyz`, until the end begins."""
        told = False
        while not self.front.gateway.ending.draining:
            if not told and self.front.gateway.ready:  # which may come of nothing but time that passed
                told = True
                await self.set_health(health_pb2.HealthCheckResponse.SERVING)
            await asyncio.sleep(LOOK_S)
        await self.health.enter_graceful_shutdown()

    async def set_health(self, status: Any) -> None:
        """Say it of the server as a whole and of the service."""
        for name in ("", SERVICE):
            await self.health.set(name, status)


def open_grpc(front: Front, port: int) -> GrpcDoor:
    """Take the port, inside an event loop; raises SettingsError where it cannot be had."""
    settings = front.gateway.settings
    server = grpc.aio.server(
        options=[
            ("grpc.max_receive_message_length", settings.max_body_bytes),
            ("grpc.max_send_message_length", settings.max_body_bytes),
            ("grpc.max_metadata_size", METADATA_BYTES),
            ("grpc.absolute_max_metadata_size", METADATA_BYTES),
            ("grpc.max_concurrent_streams", STREAMS),
            ("grpc.server_handshake_timeout_ms", HANDSHAKE_MS),
            ("grpc.max_connection_idle_ms", IDLE_MS),
            ("grpc.keepalive_time_ms", PING_MS),
            ("grpc.keepalive_timeout_ms", PONG_MS),
            ("grpc.so_reuseport", 0),  # two gateways on one port would share its callers without a word
        ],
    )
    try:
        bound = server.add_insecure_port(f"{settings.host}:{port}")
    except RuntimeError as exc:
        raise SettingsError(f"GATEWAY_GRPC_PORT: {settings.host}:{port} cannot be listened on") from exc
    return GrpcDoor(front, server, f"{settings.host}:{bound}")
