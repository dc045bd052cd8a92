"""HTTP: documents in, checked records on, documents out."""

from gateway.routes.accounted import Accounted
from gateway.routes.dispatch import Dispatch

__all__ = ["Accounted", "Dispatch"]
