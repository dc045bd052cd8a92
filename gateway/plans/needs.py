"""How complete an answer must be: what the route says of it, and what the request says."""

from collections.abc import Sequence

from contract import Terms
from contract.check import LONGEST_NAME
from gateway.batching import Needs
from gateway.errors import MalformedRequest


def needs_of(models: Sequence[str], route: Terms | None, asked: Terms | None) -> Needs | None:
    """Give what an answer of these models needs, None where it must be whole.

    A request may want more than its route says and never less, so what both require is required. Raises
    MalformedRequest for a model that is none of these.
    """
    if route is None and asked is None:
        return None
    for name in asked.require if asked else ():
        if name not in models:
            raise MalformedRequest(f"require names {name[:LONGEST_NAME]!r}, which is none of {', '.join(models)}")
    if asked and asked.quorum > len(models):
        raise MalformedRequest(f"quorum must be at most {len(models)}, as many as there are models")
    if asked and not asked.partial:
        return None
    said = [terms for terms in (route, asked) if terms]
    required = frozenset(models.index(name) for terms in said for name in terms.require)
    return Needs(models, required, max(terms.quorum for terms in said))
