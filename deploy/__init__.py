"""Bringing it into a cluster: images, where they go, and what `kubectl` does with the manifests."""
