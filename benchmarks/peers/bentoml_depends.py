"""BentoML's own composition of the two models, with `bentoml.depends`."""

import asyncio
from typing import Any

import bentoml

from benchmarks.peers.graph import Record, open_model

FAST: Any = {
    "logging": {"access": {"enabled": False}},
    "metrics": {"enabled": False},
    "tracing": {"excluded_urls": ["."]},
    "traffic": {"timeout": 31},
}
"""What our own model services change for speed, and metrics off."""


@bentoml.service(**FAST)
class Diagnosis:
    """Serve one model."""

    def __init__(self) -> None:
        self.graph = open_model("diagnosis")

    @bentoml.api  # type: ignore[untyped-decorator]
    async def predict(self, instances: list[Record]) -> list[dict[str, Any]]:
        """Predict."""
        return self.graph.predict(instances)


@bentoml.service(**FAST)
class Novelty:
    """Serve the other model."""

    def __init__(self) -> None:
        self.graph = open_model("novelty")

    @bentoml.api  # type: ignore[untyped-decorator]
    async def predict(self, instances: list[Record]) -> list[dict[str, Any]]:
        """Predict."""
        return self.graph.predict(instances)


@bentoml.service(**FAST)
class Assessment:
    """Ask both."""

    diagnosis: Any = bentoml.depends(Diagnosis)
    novelty: Any = bentoml.depends(Novelty)

    @bentoml.api  # type: ignore[untyped-decorator]
    async def predict(self, instances: list[Record]) -> dict[str, list[dict[str, Any]]]:
        """Predict."""
        diagnosis, novelty = await asyncio.gather(
            self.diagnosis.to_async.predict(instances), self.novelty.to_async.predict(instances)
        )
        both = zip(diagnosis, novelty, strict=True)
        return {"predictions": [{"diagnosis": one, "novelty": other} for one, other in both]}
