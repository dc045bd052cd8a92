"""What runs in an environment of its own: one conversation of a client with a server, told as JSON."""
