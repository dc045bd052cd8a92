"""What comes in of a tensor, before its elements are read."""

from typing import Annotated

import msgspec


class TensorParameters(msgspec.Struct, gc=False):
    """Mirror the parameters of a tensor that mean something here; all others are skipped unread."""

    binary_data_size: Annotated[int, msgspec.Meta(ge=0)] | None = None
    shared_memory_region: str | None = None


class TensorMessageIn(msgspec.Struct, gc=False):
    """Mirror a tensor that comes in; `data` stays unread until its datatype is known."""

    name: str
    datatype: str
    shape: list[int]
    parameters: TensorParameters | None = None
    data: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
