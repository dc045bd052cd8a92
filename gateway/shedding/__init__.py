"""Refusing new work where time or memory runs out."""

from gateway.shedding.cgroup import Memory, own_memory
from gateway.shedding.shedding import Shedding

__all__ = ["Memory", "Shedding", "own_memory"]
