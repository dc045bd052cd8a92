"""Changes of the settings while requests come in."""

from gateway.changing.taking_over import changing

__all__ = ["changing"]
