"""The console: one page on the admin listener, and the JSON that it is made of."""

from gateway.console.live import Live
from gateway.console.own import OwnPages
from gateway.console.router import router
from gateway.console.stream import Stream
from gateway.console.tried import Tried

__all__ = ["Live", "OwnPages", "Stream", "Tried", "router"]
