"""Carrying out the command."""

import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec

from contract import Interface
from gateway.backends import Backend
from gateway.checking.differences import differences
from gateway.checking.drawn import Drawing
from gateway.checking.served import Served, Unanswered, ask
from gateway.fitting import refusal
from gateway.metrics import Metrics
from gateway.plans import Plan, is_known, make_plans
from gateway.reports import Reports
from gateway.settings import Settings, SettingsError, read_settings


def check(path: Path, url: str | None) -> int:
    """Print what a file holds, and what differs from what a gateway serves.

    Gives 0 where it can be, 1 where not, and 2 where there is no answer by which to tell.
    """
    try:
        settings = read_settings(path)
    except SettingsError as exc:
        return failed(str(exc), 1)
    try:
        served = None if url is None else ask(url)
        plans = plans_of(settings, {} if served is None else served.contracts)
    except Unanswered as exc:
        return failed(str(exc), 2)
    sys.stdout.write(as_text(path, settings, plans))
    if served is not None:
        sys.stdout.write(compared(settings, plans, served, url))
    reason = refusal(path, {}, plans)
    return failed(reason, 1) if reason else 0


def plans_of(settings: Settings, served: Mapping[str, Interface]) -> dict[str, Plan]:
    """Make the plans of a file; models are known by contracts that it declares, or that are served."""
    metrics = Metrics()
    backends = {name: Backend(name, its, metrics) for name, its in settings.backends.items()}
    for name, its in settings.backends.items():
        declared = None if its.contract is None else msgspec.structs.replace(its.contract, name=name)
        backends[name].current = declared or served.get(name)
    return make_plans(backends, settings.routes, Reports())


def as_text(path: Path, settings: Settings, plans: Mapping[str, Plan]) -> str:
    """Write the models and the trees of all routes, and by what it is open whether these fit."""
    routes = settings.routes
    unknown = [name for name in settings.backends if plans[name].members[0].current is None]
    parts = [
        f"{path}: {counted(settings.backends, 'model')}, {counted(routes, 'route')}, default {settings.default}\n\n"
    ]
    parts += [
        f"{name}: {its.address}{' (contract unknown)' * (name in unknown)}\n" for name, its in settings.backends.items()
    ]
    drawing = Drawing(routes)
    parts += ["\n" + drawing.of(name) for name in routes]
    if unknown and routes:
        parts.append(f"\nOpen: whether routes fit that ask {', '.join(unknown)}\n")
    parts += [f"\nNever asked, in {name}: {reason}\n" for name, reason in refused(plans).items()]
    return "".join(parts)


def refused(plans: Mapping[str, Plan]) -> dict[str, str]:
    """Say of shadows whose candidate is known why it would not be asked: callers are answered all the same."""
    known = {name: plan for name, plan in plans.items() if all(map(is_known, plan.branches.values()))}
    return {name: plan.told["refused"] for name, plan in known.items() if "refused" in plan.told}


def compared(settings: Settings, plans: Mapping[str, Plan], served: Served, url: str | None) -> str:
    """Write what differs, in the order of names."""
    lines = sorted(differences(settings.default, plans, served), key=lambda line: line[2:])
    return f"\nAgainst {url}:\n" + "".join(f"  {line}\n" for line in lines or ["nothing differs"])


def counted(things: Mapping[str, object], word: str) -> str:
    """Say how many there are."""
    return f"{len(things)} {word}{'' if len(things) == 1 else 's'}"


def failed(reason: str, code: int) -> int:
    """Say why the file is none, or why nobody knows."""
    sys.stderr.writelines(f"error: {line}\n" for line in reason.splitlines())
    return code
