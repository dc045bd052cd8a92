"""The six calls of the protocol, each as its path of `/v2`."""

import asyncio
from typing import Any

import grpc
from open_inference.grpc import protocol

from gateway.account import Account
from gateway.front import Front
from gateway.gateway import Gateway
from gateway.grpc.call import Accounting, Answer, Request
from gateway.inference import infer
from gateway.metadata import SERVER, is_ready, plan_metadata
from oip.grpc import grpc_request_steps, write_grpc_response

SERVICE = "inference.GRPCInferenceService"


class InferenceService:
    """Answer a message with a message; raises GatewayError and ProtocolError."""

    def __init__(self, front: Front) -> None:
        self.front = front

    @property
    def gateway(self) -> Gateway:
        """Give the one that answers now."""
        return self.front.gateway

    async def server_live(self, _: Account, __: protocol.ServerLiveRequest) -> protocol.ServerLiveResponse:
        """Say that the event loop turns."""
        return protocol.ServerLiveResponse(live=True)

    async def server_ready(self, _: Account, __: protocol.ServerReadyRequest) -> protocol.ServerReadyResponse:
        """Say whether requests are welcome."""
        return protocol.ServerReadyResponse(ready=self.gateway.ready)

    async def model_ready(self, _: Account, message: protocol.ModelReadyRequest) -> protocol.ModelReadyResponse:
        """Say whether a model can answer now."""
        ready = await is_ready(self.gateway.plan(message.name), message.version or None)
        return protocol.ModelReadyResponse(ready=ready)

    async def server_metadata(self, _: Account, __: protocol.ServerMetadataRequest) -> protocol.ServerMetadataResponse:
        """Name the server and its extensions."""
        return protocol.ServerMetadataResponse(**SERVER)

    async def model_metadata(
        self, _: Account, message: protocol.ModelMetadataRequest
    ) -> protocol.ModelMetadataResponse:
        """Describe inputs and outputs as tensors: name, datatype and shape, the message has room for no more."""
        known = plan_metadata(self.gateway.plan(message.name), message.version or None)
        inputs, outputs = (
            [
                protocol.ModelMetadataResponse.TensorMetadata(
                    **{part: one[part] for part in ("name", "datatype", "shape")}
                )
                for one in known[side]
            ]
            for side in ("inputs", "outputs")
        )
        return protocol.ModelMetadataResponse(**{**known, "inputs": inputs, "outputs": outputs})

    async def model_infer(self, account: Account, message: protocol.ModelInferRequest) -> protocol.ModelInferResponse:
        """Answer tensors with tensors."""
        account.route = message.model_name
        gateway = self.gateway
        gateway.shedding.check()
        plan = gateway.plan(message.model_name)
        account.within(gateway.accounts.timeouts[plan.name])
        reading = grpc_request_steps(message, gateway.limits(plan))
        response, _ = await infer(account, plan, message.model_version or None, reading)
        return write_grpc_response(response)


def handlers(front: Front, calls: set[asyncio.Task[Any]]) -> grpc.GenericRpcHandler:
    """Give a handler for each call of the protocol, from bytes to bytes; `calls` are kept to those under way."""
    service, accounting = InferenceService(front), Accounting(lambda: front.gateway.accounts, calls)

    def handler(call: str, kind: type[Request], answer: Answer[Request]) -> "grpc.RpcMethodHandler[Any, Any]":
        return grpc.unary_unary_rpc_method_handler(accounting.handler(f"/{SERVICE}/{call}", kind, answer))

    return grpc.method_handlers_generic_handler(
        SERVICE,
        {
            "ServerLive": handler("ServerLive", protocol.ServerLiveRequest, service.server_live),
            "ServerReady": handler("ServerReady", protocol.ServerReadyRequest, service.server_ready),
            "ModelReady": handler("ModelReady", protocol.ModelReadyRequest, service.model_ready),
            "ServerMetadata": handler("ServerMetadata", protocol.ServerMetadataRequest, service.server_metadata),
            "ModelMetadata": handler("ModelMetadata", protocol.ModelMetadataRequest, service.model_metadata),
            "ModelInfer": handler("ModelInfer", protocol.ModelInferRequest, service.model_infer),
        },
    )
