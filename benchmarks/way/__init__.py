"""What `python -m benchmarks.path` measures: a request's way through the gateway, in its parts and as a whole."""
