"""What ours is measured against: each peer in a file of its own, written as its documentation says."""
