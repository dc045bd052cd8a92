"""Changes of the settings in the middle of it all: good ones, and some that are refused."""

import contextlib
import json
import random
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

REST_S = 10.0
FATAL_S = 2.0
"""A record that a model was lost with is refused for so short a time, lest in the end all are."""


class Changes:
    """Write the settings of a running gateway anew now and then."""

    def __init__(self, path: Path, source: random.Random) -> None:
        self.path = path
        self.source = source
        self.before = path.read_text()
        self.made: Counter[str] = Counter()

    @contextlib.contextmanager
    def until_restored(self) -> Iterator[None]:
        """Begin with short memories, and end with the settings that there were."""
        self.path.write_text(json.dumps(self.settings()))
        try:
            yield
        finally:
            self.path.write_text(self.before)

    def go_on(self, over: threading.Event) -> None:
        """Make changes until it is over."""
        while not over.wait(self.source.uniform(0, 2 * REST_S)):
            good = self.source.random() < 0.8
            self.made["good settings" if good else "bad settings"] += 1
            self.path.write_text(json.dumps(self.changed()) if good else "backends: {plain: {}")

    def settings(self) -> dict[str, Any]:
        """Give the settings without a change."""
        settings: dict[str, Any] = json.loads(self.before)
        for backend in settings["backends"].values():
            backend["retries"] = {"fatal_s": FATAL_S}
        return settings

    def changed(self) -> dict[str, Any]:
        """Change a deadline, and with it the contents of a model's calls or nothing."""
        settings = self.settings()
        settings["timeout_s"] = self.source.uniform(1, settings["timeout_s"])
        if name := self.source.choice([None, *settings["backends"]]):
            settings["backends"][name] |= {
                "max_batch_rows": self.source.choice([2, 16, 1024]),
                "golden_every": self.source.choice([3, 100]),
            }
        return settings
