"""The command `check`: what a file of settings holds, whether that can be, and what differs from what is served."""

from gateway.checking.command import check

__all__ = ["check"]
