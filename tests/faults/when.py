"""When a fault happens: so often, or for one record."""

from tests.faults.proxy import Exchange, Fault, passed


def so_often(times: int, fault: Fault) -> Fault:
    """Have a fault so often, then none."""
    left = iter(range(times))

    async def counted(exchange: Exchange) -> None:
        await (passed if next(left, None) is None else fault)(exchange)

    return counted


def where(asked_for: bytes, fault: Fault, otherwise: Fault = passed) -> Fault:
    """Have a fault in requests that hold these bytes, and in the others perhaps another."""

    async def chosen(exchange: Exchange) -> None:
        await (fault if asked_for in exchange.request else otherwise)(exchange)

    return chosen
