"""Faults: each is made in a running stack, and what the gateway promises is looked at."""
