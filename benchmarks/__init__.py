"""Measurements of the whole stack on one machine, each a command that prints a table of the documentation."""
