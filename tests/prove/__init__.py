"""What is promised under load for as long as it takes: `make prove` in full, `make test-faults` in short."""
