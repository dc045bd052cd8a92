"""What differs between the plans of a file and those that are served."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from gateway.checking.served import Served, by_settings
from gateway.plans import Plan
from gateway.routes.catalogue import described
from gateway.settings.change import different

ABSENT = object()


def differences(default: str, plans: Mapping[str, Plan], served: Served) -> Iterator[str]:
    """Yield a line for each name that would come, go or change, and for each part of a route that would."""
    entries = served.entries
    for name in plans.keys() - entries.keys():
        yield f"+ {name}: {plans[name].kind}, is not served"
    for name in entries.keys() - plans.keys():
        yield f"- {name}: {entries[name]['kind']}, is served and not in the file"
    for name in plans.keys() & entries.keys():
        old, new = by_settings(entries[name]), by_settings(as_json(described(plans[name])))
        if "model" in (old["kind"], new["kind"]):
            old, new = {"kind": old["kind"]}, {"kind": new["kind"]}
        for key in different(old, new):
            yield f"~ {name}: {key} {shown(old, key)} → {shown(new, key)}"
    if default != served.default:
        yield f"~ default {served.default} → {default}"


def as_json(document: Any) -> Any:
    """Give a document as who asks for it reads it."""
    return msgspec.json.decode(msgspec.json.encode(document))


def shown(document: Any, key: str) -> str:
    """Write what a document has at a key, whose steps have dots between them."""
    for step in key.split("."):
        document = document.get(step, ABSENT) if isinstance(document, dict) else ABSENT
    return "nothing" if document is ABSENT else json.dumps(document, ensure_ascii=False)
