"""How a request of records is refused."""

from collections.abc import Sequence

from contract.check import Fault


class MalformedBody(ValueError):
    """Report a body that is not JSON, or not the document that is asked for; `path` says where."""

    def __init__(self, message: str, path: tuple[str | int, ...] = ()) -> None:
        super().__init__(message)
        self.fault = Fault(path, message)


class InvalidRecords(ValueError):
    """Report records that break their contract; `faults` has every wrong field, up to MOST_FAULTS."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("; ".join(f"{fault.pointer}: {fault.message}" for fault in faults))
        self.faults = tuple(faults)


class TooManyRows(ValueError):
    """Report a request with more records than `max_rows`."""
