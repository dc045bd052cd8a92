"""What is known of a model: the contracts of its versions, and golden rows of the newest."""

import asyncio
import contextlib
from collections.abc import Callable

from contract import ContractError, Interface, RecordDecoder
from gateway.backends.dialect import Dialect
from gateway.backends.golden import Riders
from gateway.backends.history import History
from gateway.drift import Drift
from gateway.errors import BackendUnknown, GatewayError
from oip import InferResponse

LOOK_UPS, LOOK_UPS_S = 10, 1.0
"""While a model rolls out, asking for its contract may reach the other version; so often and so long it is tried.

A Service gives each connection one pod, and the pool takes its connections in turn.
"""

MOST_VERSIONS = 8
"""So many contracts are kept at most, whatever versions a server names."""


class Known:
    """Learn the contracts of one model.

    `contract` is the newest that is known. The contracts of the versions that answered before are kept, so that each
    answer is judged by its own while a rollout is under way. `learned` is told of each new version, after the old one.
    """

    def __init__(self, name: str, dialect: Dialect, riders: Riders, drift: Drift | None = None) -> None:
        self.name = name
        self.dialect = dialect
        self.riders = riders
        self.drift = drift
        self.learned: Callable[[str, str | None, str], None] = untold
        self.history = History(name)
        self.known: dict[str, Interface] = {}
        self.current: Interface | None = None
        self.own_decoder: RecordDecoder | None = None

    @property
    def contract(self) -> Interface:
        """Give the newest contract; raises BackendUnknown before the model has answered."""
        if self.current is None:
            raise BackendUnknown(f"{self.name} has not answered since the gateway started", model=self.name)
        return self.current

    @property
    def decoder(self) -> RecordDecoder:
        """Give the reader of records for the newest contract."""
        if self.own_decoder is None or self.own_decoder.features is not self.contract.features:
            self.own_decoder = RecordDecoder(self.contract.features)
        return self.own_decoder

    async def learn(self) -> Interface:
        """Look the contract up; raises GatewayError, or ContractError where it is none of this model."""
        contract = await self.dialect.contract()
        old = self.current
        if old is None or contract.version != old.version:
            self.known[contract.version] = self.current = contract
            while len(self.known) > MOST_VERSIONS:
                del self.known[next(iter(self.known))]
            self.learned(self.name, old.version if old else None, contract.version)
            self.history.note(old, contract)
        else:
            contract = old
        if self.riders.golden is None or self.riders.golden.contract.version != contract.version:
            self.riders.golden = await self.dialect.golden(contract)
        if self.drift is not None and self.drift.contract is not contract:
            self.drift.take(await self.dialect.profile(contract))
        return contract

    async def contract_of(self, response: InferResponse) -> Interface:
        """Give the contract of the version that answered, looked up where it is new."""
        version = self.dialect.version(response)
        if version not in self.known and not await self.look_up(lambda: version in self.known):
            raise BackendUnknown(f"{self.name} answered as a version whose contract is not known yet", model=self.name)
        return self.known[version]

    async def look_up(self, found: Callable[[], bool]) -> bool:
        """Ask for the contract until it is the one that is looked for; says whether it is found."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOOK_UPS_S):
                for _ in range(LOOK_UPS):
                    if found():
                        break
                    with contextlib.suppress(GatewayError, ContractError):
                        await self.learn()
        return found()


def untold(_: str, __: str | None, ___: str) -> None:
    """Tell nobody of a new version."""
