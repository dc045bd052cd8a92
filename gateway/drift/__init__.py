"""Whether what a model is asked, and what it answers, is still distributed as in training."""

from gateway.drift.drift import Drift
from gateway.drift.exposed import Exposed
from gateway.drift.profile import Profile, read_profile

__all__ = ["Drift", "Exposed", "Profile", "read_profile"]
