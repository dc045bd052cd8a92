"""What waits for a model is joined into one call, and the answer cut apart again: the room knows nothing of HTTP."""

from gateway.batching.batcher import Batcher
from gateway.batching.caller import Answerer, Caller, all_parts
from gateway.batching.calls import Calls
from gateway.batching.heard import Heard
from gateway.batching.partial import Needs, some_parts, time_to_write
from gateway.batching.prediction import Joint, Leaf, Part, Prediction
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
    "Leaf",
    "Needs",
    "Part",
    "Prediction",
    "Queue",
    "TracedBatcher",
    "TracedCalls",
    "Way",
    "all_parts",
    "some_parts",
    "time_to_write",
]
