"""What routes name: whether it is there, and in which order plans can be made of it."""

from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter

from gateway.settings.parts import fault, shortened
from gateway.settings.routes import RouteSettings

DEEPEST = 32
"""So many routes may stand below each other.

To derive what one takes and gives takes seven frames of Python's stack for each below it, and there are 1,000 frames:
fallbacks failed from 141 on, all others from 161.
"""

MOST_CALLS = 1000
"""A record may be so many calls of models: two routes in each of 32 levels that both ask both below are 4,294,967,296.

Where these are ensembles, an answer has as many outputs.
"""

Routes = Mapping[str, RouteSettings]


def check_routes(routes: Routes, backends: Mapping[str, object]) -> None:
    """Check that routes name what is there, nothing twice, never themselves, not too deep, and not too often.

    Raises pydantic's ValidationError with the place of what is wrong.
    """
    known = {**backends, **routes}
    for name, route in routes.items():
        check_names(name, route, known)
    check_circles(routes)
    check_depth(routes)
    check_calls(routes)


def check_names(name: str, route: RouteSettings, known: Mapping[str, object]) -> None:
    """Check what one route names."""
    for stored in route.stored:
        if stored.name in known:
            told = f"has a stored answer with the name of another, {stored.name!r}"
            raise fault(("routes", name, route.kind), told)
    seen = set[str]()
    for place, member in route.named():
        at = ("routes", name, *place)
        if member not in known:
            raise fault(at, f"names {shortened(member)!r}, but there are {', '.join(known)}")
        if member in seen and route.switch is None:
            raise fault(at, f"names {member!r} a second time")
        seen.add(member)


def check_circles(routes: Routes) -> None:
    """Check that no way leads from a route back to itself."""
    try:
        graph(routes).prepare()
    except CycleError as exc:
        _, *circle = reversed(exc.args[1])  # the last is the first once more, and each is asked by the next
    else:
        return
    first = next(name for name in routes if name in circle)
    start = circle.index(first)
    way = [*circle[start:], *circle[: start + 1]]
    raise fault(at_name(routes, way[0], way[1]), f"goes round in a circle: {' → '.join(way)}")


def check_depth(routes: Routes) -> None:
    """Check that none is nested too deep."""
    depths: dict[str, int] = {}
    for name in in_order(routes):
        depths[name] = 1 + max((depths.get(member, 0) for _, member in routes[name].named()), default=0)
    deepest = max(depths, key=depths.__getitem__, default=None)
    if deepest is not None and (depth := depths[deepest]) > DEEPEST:
        below = next(member for _, member in routes[deepest].named() if depths.get(member, 0) == depth - 1)
        told = f"names {below!r}, and so {depth} routes stand below each other: at most {DEEPEST} may"
        raise fault(at_name(routes, deepest, below), told)


def check_calls(routes: Routes) -> None:
    """Check that no record is too many calls."""
    calls: dict[str, int] = {}
    for name in in_order(routes):
        calls[name] = calls_of(routes[name], calls)
        if calls[name] > MOST_CALLS:
            told = f"makes {calls[name]:,} calls of models for a record: at most {MOST_CALLS:,} may be"
            raise fault(("routes", name, routes[name].kind), told)


def calls_of(route: RouteSettings, known: Mapping[str, int]) -> int:
    """Count the calls that a record may be: a split asks one of its sides, and a switch one of its branches."""
    always, one_of = [0], [0]
    for place, member in route.named():
        either = route.split or (route.switch and "ask" not in place)
        (one_of if either else always).append(known.get(member, 1))
    return sum(always) + max(one_of)


def at_name(routes: Routes, name: str, member: str) -> tuple[str | int, ...]:
    """Give the place in which a route names another plan."""
    return ("routes", name, *next(place for place, its in routes[name].named() if its == member))


def in_order(routes: Routes) -> list[str]:
    """Give the names of routes so that each comes after those that it asks; there are no circles."""
    return [name for name in graph(routes).static_order() if name in routes]


def graph(routes: Routes) -> TopologicalSorter[str]:
    """Give what sorts routes, and what these ask."""
    return TopologicalSorter({name: [member for _, member in route.named()] for name, route in routes.items()})
