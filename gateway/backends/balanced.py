"""The addresses of a headless Service: balancing calls over them, and leaving one out that fails."""

import asyncio
import contextlib
import random
import time
from collections.abc import Awaitable, Callable, Sequence

import structlog

from gateway.backends.address import Address
from gateway.backends.connection import Answer
from gateway.backends.transport import Transport
from gateway.batching.one_call import HUNG_S
from gateway.errors import BackendAbsent, BackendBroken, BackendCorrupt, BackendElsewhere, BackendLost, GatewayError

EVERY_S = 1.0
"""So often the name is resolved: pods come and go, and their addresses with them."""

MOST_FAILURES = 5
OUT_S = 5.0
"""After five failures in a row an address is left out for so long, and twice as long the second time."""

PROVE_S = 5.0
"""A golden row is waited for so long: an address that says nothing any more may be that of another pod by then."""

log = structlog.get_logger()

Resolve = Callable[[], Awaitable[Sequence[str]]]
Prove = Callable[[Address], Awaitable[None]]


class Balanced:
    """Ask the less busy one of two addresses, as `Transport.call` asks the only one.

    An address is left out after failures in a row, or after a wrong answer to a golden row, and comes back when it has
    answered one (`prove`). The last one is never left out. `on_change` is told how many are in.
    """

    def __init__(self, model: str, make: Callable[[str], Transport], resolve: Resolve) -> None:
        self.model = model
        self.make = make
        self.resolve = resolve
        self.on_change: Callable[[int], None] = lambda _: None
        self.addresses: dict[str, Address] = {}
        self.prove: Prove | None = None
        self.tasks: set[asyncio.Task[None]] = set()

    async def watch(self) -> None:
        """Resolve the name again and again; while it cannot be resolved, what is known stays."""
        while True:
            with contextlib.suppress(OSError, UnicodeError):
                self.update(await self.resolve())
            await asyncio.sleep(EVERY_S)

    def update(self, found: Sequence[str]) -> None:
        """Take these addresses; calls that are under way to others come to their end."""
        if not found or set(found) == self.addresses.keys():
            return
        for gone in self.addresses.keys() - set(found):
            self.addresses.pop(gone).transport.close()
        for at in found:
            if at not in self.addresses:
                self.addresses[at] = Address(at, self.make(at))
        self.changed()

    @property
    def those_in(self) -> list[Address]:
        """Give the addresses that are asked."""
        return [one for one in self.addresses.values() if not one.is_out]

    def changed(self) -> None:
        """Tell how many are asked."""
        self.on_change(len(self.those_in))

    def pick(self) -> Address:
        """Choose the less busy one of two at random; raises BackendAbsent where no address is known."""
        one_in = self.those_in or list(self.addresses.values())
        if not one_in:
            raise BackendAbsent(f"{self.model} has no address", model=self.model)
        return min(random.sample(one_in, min(2, len(one_in))), key=lambda one: one.load)

    async def call(self, head: bytes, body: bytes) -> Answer:
        """Send a request; raises as `Transport.call`, and BackendElsewhere where another address may take it."""
        return await self.call_at(self.pick(), head, body)

    async def call_at(self, one: Address, head: bytes, body: bytes) -> Answer:
        """Send a request to one address, and judge it by what comes."""
        began = time.monotonic()
        one.under_way += 1
        try:
            answer = await one.transport.call(head, body)
        except BackendAbsent as exc:
            self.failed(one, str(exc))
            if any(other is not one for other in self.those_in):  # this one may be out, or gone meanwhile
                raise BackendElsewhere(str(exc), model=self.model) from exc
            raise
        except (BackendLost, BackendBroken, BackendCorrupt) as exc:
            if isinstance(exc, BackendLost):
                one.lost_at = time.monotonic()
            self.failed(one, str(exc))
            raise
        except asyncio.CancelledError:
            if time.monotonic() - began >= HUNG_S:
                self.failed(one, f"{self.model} did not answer in time")
            raise
        finally:
            one.under_way -= 1
        if answer.status in (502, 503):
            self.failed(one, f"{self.model} answered {answer.status}")
        else:
            one.failures = 0
        return answer._replace(by=one)

    def failed(self, one: Address, reason: str) -> None:
        """Count a failure."""
        one.failures += 1
        if one.failures >= MOST_FAILURES:
            self.leave_out(one, reason)

    def leave_out(self, one: Address, reason: str) -> bool:
        """Ask it no more until it has proved itself; False for the last one, which is asked on."""
        if one.is_out:
            return True
        if len(self.those_in) == 1 or self.prove is None:
            return False
        one.is_out = True
        one.times_out += 1
        log.warning("an address is left out", model=self.model, address=one.at, reason=reason)
        self.changed()
        task = asyncio.get_running_loop().create_task(self.recover(one, self.prove))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return True

    async def recover(self, one: Address, prove: Prove) -> None:
        """Have it back once it has answered a golden row, unless it is gone by then."""
        while self.addresses.get(one.at) is one:
            await asyncio.sleep(OUT_S * one.times_out)
            try:
                async with asyncio.timeout(PROVE_S):
                    await prove(one)
            except (GatewayError, TimeoutError):
                one.times_out += 1
            except Exception:  # without another attempt it would be left out for ever
                log.exception("a probe failed", model=self.model, address=one.at)
                one.times_out += 1
            else:
                one.is_out, one.failures = False, 0
                log.info("an address is asked again", model=self.model, address=one.at)
                self.changed()
                return

    def close(self) -> None:
        """Close all connections."""
        for task in self.tasks:
            task.cancel()
        for one in self.addresses.values():
            one.transport.close()
