"""A hook of schemathesis: any number of milliseconds is a right deadline, but with few of them the answer is 504."""

from typing import Any

import schemathesis

NAME = "X-Request-Timeout-Ms"
ENOUGH_MS = 9_000


@schemathesis.hook
def before_call(_: schemathesis.HookContext, case: schemathesis.Case[Any], __: dict[str, Any]) -> None:
    """Give a request that has a right deadline enough time; a wrong one stays as it is."""
    if not case.headers or NAME not in case.headers:
        return
    wish = str(case.headers[NAME])
    if wish.isdecimal() and 0 < int(wish) < ENOUGH_MS:
        case.headers[NAME] = str(ENOUGH_MS)
