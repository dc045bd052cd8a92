"""The command that moves a split towards its candidate step by step, as long as reports of all replicas allow it."""
