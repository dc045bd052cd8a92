"""Where requests come in: sockets and certificates, new connections, what is refused, and answers on their way out."""

from gateway.listening.doors import Doors, open_doors
from gateway.listening.guard import ADMIN_CONNECTIONS, Guard, most_connections
from gateway.listening.listener import Listener, listener
from gateway.listening.refusals import Refusals
from gateway.listening.tls import follow

__all__ = [
    "ADMIN_CONNECTIONS",
    "Doors",
    "Guard",
    "Listener",
    "Refusals",
    "follow",
    "listener",
    "most_connections",
    "open_doors",
]
