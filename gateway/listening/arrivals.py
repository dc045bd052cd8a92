"""Taking new connections: all that wait, in one turn of the event loop."""

import asyncio
import socket
import ssl
from collections.abc import Callable

from gateway.errors import TooManyConnections, TooSlow
from gateway.listening.guard import RESERVE, Guard
from gateway.listening.watch import HANDSHAKE_S

AT_ONCE = 64
"""So many are taken in one turn, some 25 µs each, before those that are served already have theirs.

uvloop by itself takes one: each turn serves everybody who came before, and 256 callers who came at once and went on
asking waited up to 0.35 to 0.6 s for their first answer from an empty app, and 0.03 to 0.13 s so. asyncio's own loop
takes as many, but costs a fifth more processor time for every request.
"""

AGAIN_S = 1.0
"""Without a free file descriptor or memory for a connection, none is taken for so long; they wait in the backlog."""


class Arrivals:
    """Take the connections of a listening socket, as an asyncio server does; begins when it is made.

    `protocol` is told whether a connection is one of the reserve.
    """

    def __init__(
        self,
        listening: socket.socket,
        protocol: Callable[[bool], asyncio.Protocol],
        guard: Guard,
        tls: ssl.SSLContext | None,
    ) -> None:
        self.listening = listening
        self.protocol = protocol
        self.guard = guard
        self.tls = tls
        self.loop = asyncio.get_running_loop()
        self.opening: set[asyncio.Task[None]] = set()
        self.pause: asyncio.TimerHandle | None = None
        listening.setblocking(False)
        self.begin()

    def begin(self) -> None:
        """Take connections from now on."""
        self.pause = None
        self.loop.add_reader(self.listening, self.take)

    def take(self) -> bool:
        """Take those that wait; says whether there may be more.

        Who is too many is closed at once: in the backlog it would wait for nothing.
        """
        for _ in range(AT_ONCE):
            try:
                connection, address = self.listening.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return False
            except OSError as exc:
                self.guard.refusals.tell(TooManyConnections.reason, f"none can be taken for a while: {exc}", "")
                self.loop.remove_reader(self.listening)
                self.pause = self.loop.call_later(AGAIN_S, self.begin)
                return False
            free = self.guard.free
            if free <= -RESERVE:
                connection.close()
                self.guard.refusals.note(TooManyConnections("there are too many connections"), address[0])
                continue
            task = self.loop.create_task(self.open(connection, address[0], reserve=free <= 0))
            self.opening.add(task)
            task.add_done_callback(self.opening.discard)
        return True

    async def open(self, connection: socket.socket, caller: str, *, reserve: bool) -> None:
        """Give a connection its protocol, after the handshake of TLS; one that fails is its caller's loss."""
        try:
            await self.loop.connect_accepted_socket(
                lambda: self.protocol(reserve),
                connection,
                ssl=self.tls,
                ssl_handshake_timeout=HANDSHAKE_S if self.tls else None,
            )
        except ConnectionAbortedError:
            late = TooSlow(f"the handshake of TLS was not over after {HANDSHAKE_S:g} s")
            self.guard.refusals.note(late, caller)
        except OSError:
            return

    def close(self) -> None:
        """Take those that wait, for the kernel would reset them, and no more."""
        if self.pause:
            self.pause.cancel()
        else:
            while self.take():
                pass
        self.loop.remove_reader(self.listening)
        self.listening.close()

    async def wait_closed(self) -> None:
        """Give those up whose handshake is not over."""
        for task in self.opening:
            task.cancel()
        await asyncio.gather(*self.opening, return_exceptions=True)
