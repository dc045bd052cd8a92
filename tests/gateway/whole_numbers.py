"""A hook of schemathesis: JSON Schema takes 40.0 for an integer, a contract wants 40, so valid data says 40."""

from typing import Any

import schemathesis


@schemathesis.hook
def map_body(_: Any, body: Any) -> Any:
    """Write every number without a fraction as a whole number."""
    if isinstance(body, dict):
        return {name: map_body(_, value) for name, value in body.items()}
    if isinstance(body, list):
        return [map_body(_, value) for value in body]
    return int(body) if isinstance(body, float) and body.is_integer() and abs(body) <= 2**53 else body
