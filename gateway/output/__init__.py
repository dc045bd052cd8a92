"""What the process writes: lines that no full disk and no reader that stopped holds up."""

from gateway.output.lines import Lines
from gateway.output.stderr import Stderr

__all__ = ["Lines", "Stderr"]
