"""A soak: for minutes callers ask on, while a seed chooses the faults that they and the models meet."""
