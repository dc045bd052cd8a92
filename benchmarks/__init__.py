"""Measurements of the whole stack on one machine, alone and beside its peers, each a command that prints tables."""
