"""What takes time to be seen: overload, slow callers, who leaves, the end, a change: `make test-faults` runs it."""
