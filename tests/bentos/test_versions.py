"""Which version of a stored model a service serves."""

import dataclasses
from pathlib import Path

import httpx
import psutil
import pytest
from bentoml.exceptions import InvalidArgument
from sklearn.naive_bayes import GaussianNB

from bentos.stored import tag_of
from models import catalog
from tests.conftest import ROOT, STORE, TINY
from tests.serving import answers, running_service, wait_until
from tests.stack.conftest import gone
from training.run import train


def test_a_version_that_is_not_stored_is_told_with_those_that_are(stored_plain: Path) -> None:
    """So that whoever serves two versions side by side sees what there is."""
    with pytest.raises(InvalidArgument, match=rf"no version 'nope' of plain in the store, only .*{stored_plain.name}"):
        tag_of("plain:nope", ROOT)


def test_a_worker_that_starts_again_serves_what_its_service_began_with(stored_plain: Path, tmp_path: Path) -> None:
    """A training meanwhile makes no rollout of a crash; who wants that version starts the service again."""
    plain = catalog(TINY, ["plain"])["plain"]
    with running_service(["--arg", "model=plain"], Path(STORE), tmp_path) as (process, url):
        try:
            train(dataclasses.replace(plain, estimator=GaussianNB))
            assert tag_of("plain", ROOT) != f"plain:{stored_plain.name}"
            assert tag_of(f"plain:{stored_plain.name}", ROOT) == f"plain:{stored_plain.name}"
            worker = next(one for one in psutil.Process(process.pid).children() if "worker" in " ".join(one.cmdline()))
            worker.kill()
            wait_until(lambda: gone([worker]))  # whoever answers from now on is another
            wait_until(lambda: answers(f"{url}/v2/health/ready"), 60)

            assert httpx.get(f"{url}/v2/models/plain").json()["versions"] == [stored_plain.name]
        finally:
            train(plain)
