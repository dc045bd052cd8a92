"""Where requests come in: sockets and certificates, new connections, and answers on their way out."""

from gateway.listening.doors import Doors, open_doors
from gateway.listening.listener import Listener, listener
from gateway.listening.tls import follow

__all__ = ["Doors", "Listener", "follow", "listener", "open_doors"]
