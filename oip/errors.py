"""What is wrong with a message."""


class ProtocolError(ValueError):
    """Report a message that breaks the protocol; the text begins with a JSON pointer where there is a place."""
