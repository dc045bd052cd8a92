"""Asking a candidate what the log has, request by request as it came."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from queue import SimpleQueue
from typing import Any, NamedTuple

from contract import Interface, Table, pack
from gateway.predictions.candidate import Answered, Candidate, Refused
from gateway.predictions.compared import Outcome
from gateway.predictions.reading import Logged, Unreadable, files_of, read_files


class Request(NamedTuple):
    """Hold what a model was asked of a request: records and their places there, and for each output what it answered.

    A plan such as a split asks a model some records only, and may ask it more than once.
    """

    id: str
    instances: list[int]
    table: Table
    answers: dict[str, list[Any]]


Progress = Callable[[str, int, int], None]
"""Told of a model, how many of its requests were asked, and how many there are."""


def replayed(
    root: Path, url: str, model: str | None, *, rows: int, callers: int, progress: Progress
) -> Iterator[Outcome]:
    """Replay the newest rows of each model, or of one, each of the version that answered last.

    Raises Unreadable where the log has none, or not all that a model needs.
    """
    names = sorted({path.parent.name for path in files_of(root)} if model is None else {model})
    if not names:
        raise Unreadable(f"{root} has no predictions")
    for name in names:
        contract, requests = newest(root, name, rows)
        yield replay(url, contract, requests, callers, progress)


def newest(root: Path, model: str, rows: int) -> tuple[Interface, list[Request]]:
    """Read the newest requests of the version that answered last, until they have so many rows."""
    contract: Interface | None = None
    found: list[Request] = []
    for logged in read_files([path for path in files_of(root) if path.parent.name == model], features=True):
        contract = contract or logged.contract
        if logged.contract.version == contract.version:
            found += reversed(list(requests_of(logged)))
        if sum(request.table.rows for request in found) >= rows:
            break
    if contract is None:
        raise Unreadable(f"{root} has no predictions of {model}")
    kept, total = list[Request](), 0
    for request in found:
        if total >= rows:
            break
        kept.append(request)
        total += request.table.rows
    return contract, kept


def requests_of(logged: Logged) -> Iterator[Request]:
    """Yield the requests of a file: each begins with another id, or where instances begin anew."""
    contract, columns = logged.contract, logged.columns
    for feature in contract.features:
        if f"feature_{feature.name}" not in columns:
            raise Unreadable(
                f"{contract.name} reads {feature.name}, which the log leaves out: it cannot be asked again"
            )
    keys = list(zip(columns["id"], columns["instance"], strict=True))
    starts = [0] * bool(keys) + [row for row, (one, next_one) in enumerate(pairwise(keys), 1) if begins(one, next_one)]
    for start, stop in pairwise([*starts, logged.rows]):
        values = {feature.name: columns[f"feature_{feature.name}"][start:stop] for feature in contract.features}
        answers = {output.name: columns[f"output_{output.name}"][start:stop] for output in contract.outputs}
        yield Request(columns["id"][start], columns["instance"][start:stop], pack(contract.features, values), answers)


def begins(before: tuple[str, int], key: tuple[str, int]) -> bool:
    """Say whether a row, by id and instance, is the first of a request."""
    return key[0] != before[0] or key[1] <= before[1]


def replay(url: str, contract: Interface, requests: Sequence[Request], callers: int, progress: Progress) -> Outcome:
    """Ask each request again, by so many callers at once, and compare."""
    outcome, names = Outcome(contract), [output.name for output in contract.outputs]
    free = SimpleQueue[Candidate]()
    for _ in range(callers):
        free.put(Candidate(url, contract.name))

    def ask(request: Request) -> Answered | Refused:
        candidate = free.get()
        try:
            return candidate.ask(request.table, contract.outputs)
        except Refused as refused:
            return refused
        finally:
            free.put(candidate)

    answers = list[Answered | Refused]()
    with ThreadPoolExecutor(callers) as pool:
        for answer in pool.map(ask, requests):
            answers.append(answer)
            progress(contract.name, len(answers), len(requests))
    while not free.empty():
        free.get().close()
    for request, answer in zip(requests, answers, strict=True):
        if isinstance(answer, Refused):
            outcome.refused.append(str(answer))
            continue
        outcome.ms.append(answer.ms)
        outcome.versions.add(answer.version)
        now = {name: answer.columns[name].tolist() for name in names}
        for row in range(request.table.rows):
            was, new = ({name: its[name][row] for name in names} for its in (request.answers, now))
            outcome.add(request.id, request.instances[row], was, new)
    return outcome
