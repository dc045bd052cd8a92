"""What takes time to be seen: who is slow, who leaves, how the gateway ends and changes: `make test-faults` runs it."""
