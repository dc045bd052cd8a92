"""What waits for a model is joined into one call, and the answer cut apart again: the room knows nothing of HTTP."""

from gateway.batching.batcher import Batcher
from gateway.batching.caller import Answerer, Caller, predictions
from gateway.batching.calls import Calls
from gateway.batching.heard import Heard
from gateway.batching.partial import Needs, partial_predictions
from gateway.batching.prediction import Joint, Prediction
from gateway.batching.queue import Queue
from gateway.batching.traced import TracedBatcher, TracedCalls
from gateway.batching.way import Way

__all__ = [
    "Answerer",
    "Batcher",
    "Caller",
    "Calls",
    "Heard",
    "Joint",
    "Needs",
    "Prediction",
    "Queue",
    "TracedBatcher",
    "TracedCalls",
    "Way",
    "partial_predictions",
    "predictions",
]
