"""gRPC: the same inference as `/v2`, in messages. Imported only where it is switched on: it takes 17 MiB."""

from gateway.grpc.door import GrpcDoor, open_grpc

__all__ = ["GrpcDoor", "open_grpc"]
