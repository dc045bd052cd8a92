"""What is wrong with a message."""

MOST_FAULTS = 20


class ProtocolError(ValueError):
    """Report a message that breaks the protocol; the text begins with a JSON pointer where there is a place."""


class ElementsError(ProtocolError):
    """Report elements that do not fit their datatype; `faults` has a pointer and a reason for each."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults
