"""What takes time: load, memory, rollouts, slow callers, the end, a change, a fuzzer. `make test-faults` runs it."""
