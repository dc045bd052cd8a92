"""What a server of the protocol says of itself and of a model, and where that contradicts a declared contract."""

from collections.abc import Iterator, Mapping
from typing import Self

import msgspec


class Metadata(msgspec.Struct):
    """A document of which only what is used here is read; one that cannot be read says nothing."""

    @classmethod
    def from_json(cls, body: bytes) -> Self:
        """Read it."""
        try:
            return msgspec.json.decode(body, type=cls)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return cls()


class ServerMetadata(Metadata):
    """Mirror the answer of `/v2`."""

    extensions: tuple[str, ...] = ()


class TensorMetadata(msgspec.Struct):
    """Mirror an input or an output."""

    name: str
    datatype: str


class ModelMetadata(Metadata, rename={"listed_inputs": "inputs", "listed_outputs": "outputs"}):
    """Mirror the answer of `/v2/models/{name}`."""

    listed_inputs: tuple[TensorMetadata, ...] = ()
    listed_outputs: tuple[TensorMetadata, ...] = ()

    @property
    def inputs(self) -> dict[str, str]:
        """Give the datatypes of the inputs by name."""
        return {tensor.name: tensor.datatype for tensor in self.listed_inputs}

    @property
    def outputs(self) -> dict[str, str]:
        """Give the datatypes of the outputs by name."""
        return {tensor.name: tensor.datatype for tensor in self.listed_outputs}


def contradictions(
    kind: str, ours: Mapping[str, str | None], listed: Mapping[str, str], *, complete: bool = False
) -> Iterator[str]:
    """Yield where a list of tensors differs from ours, datatypes by name; an empty list says nothing.

    A datatype of None is any. `complete` means that ours are all that there may be.
    """
    for name, datatype in ours.items() if listed else ():
        if name not in listed:
            yield f"the {kind} {name} is not listed"
        elif datatype not in (None, listed[name]):
            yield f"the {kind} {name} is {listed[name]}, not {datatype}"
    for name in listed if complete else ():
        if name not in ours:
            yield f"the {kind} {name} is not declared"
