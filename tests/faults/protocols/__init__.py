"""What callers say and hear: each protocol asks for one canary, and reads all answers that come, alike."""
