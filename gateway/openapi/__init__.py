"""The description of the interface, `/openapi.json`."""

from gateway.openapi.document import describe

__all__ = ["describe"]
