"""The models behind the gateway: the only room that speaks HTTP to them."""

from gateway.backends.backend import Backend
from gateway.backends.watch import watch

__all__ = ["Backend", "watch"]
