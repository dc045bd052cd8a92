"""What the process says on stderr: written by a thread, so that a full disk or a reader that stopped ends nothing.

Written on the event loop, a line that nobody took held all requests up for ever, and a full disk ended the start.
"""

import io

from gateway.output.lines import Lines

RING = 1000
"""Lines that wait at most; one with a traceback has some 5 kB."""


class Stderr(io.TextIOBase):
    """Be the file that loggers write a line to, with its end; it is written at once, for it may be the last."""

    def __init__(self, lines: Lines) -> None:
        self.lines = lines

    def write(self, text: str) -> int:
        """Hand a line on."""
        self.lines.add(text.removesuffix("\n").encode(errors="backslashreplace"))
        self.lines.due.set()
        return len(text)
