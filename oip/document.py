"""The JSON of a message: apart from the buffers that follow it, decoded, and of a bounded number of parts."""

from typing import Any

import msgspec

from oip.errors import ProtocolError
from oip.faults import msgspec_fault

LARGE = 2**18
"""Bytes of JSON; up to here all the parts there can be are read in little time."""

MOST_TENSORS = 2_000
LONGEST_SHAPE = 1_000


NOTHING = memoryview(b"")


class TensorOutline(msgspec.Struct, gc=False):
    """Hold the one part of a tensor that may be long and is read with the message."""

    shape: msgspec.Raw = msgspec.Raw()


class Outline(msgspec.Struct):
    """Mirror a request as far as its parts are to be counted."""

    inputs: list[TensorOutline] = []
    outputs: list[TensorOutline] | None = None


OUTLINE = msgspec.json.Decoder(Outline)


def split_body(body: bytes, json_length: str | None) -> tuple[bytes | memoryview, memoryview]:
    """Cut a body into its JSON and its buffers, by the value of the header HEADER_LENGTH.

    Raises ProtocolError for a length that the body cannot have.
    """
    if json_length is None:
        return body, NOTHING
    view = memoryview(body)
    digits = json_length.isascii() and json_length.isdigit() and len(json_length) < 20
    if not (digits and 0 < int(json_length) <= len(body)):
        raise ProtocolError(f"Inference-Header-Content-Length must be from 1 to {len(body)}, not {json_length[:40]!r}")
    return view[: int(json_length)], view[int(json_length) :]


def decode_json(decoder: msgspec.json.Decoder[Any], text: bytes | memoryview) -> Any:
    """Decode JSON, or raise ProtocolError with a pointer."""
    try:
        return decoder.decode(text)
    except msgspec.ValidationError as exc:
        raise ProtocolError(msgspec_fault(exc, "")) from exc
    except RecursionError as exc:
        raise ProtocolError("the body is nested too deeply") from exc
    except UnicodeDecodeError as exc:
        raise ProtocolError("the body is not JSON: it is not UTF-8") from exc
    except msgspec.DecodeError as exc:
        raise ProtocolError(f"the body is not JSON: {exc}") from exc


def check_outline(text: bytes | memoryview) -> None:
    """Raise ProtocolError for a message of too many parts: to make them all would hold the event loop up."""
    outline: Outline = decode_json(OUTLINE, text)
    for name, found in (("inputs", outline.inputs), ("outputs", outline.outputs or [])):
        if len(found) > MOST_TENSORS:
            raise ProtocolError(f"/{name}: holds {len(found)} tensors, more than {MOST_TENSORS}")
        for index, tensor in enumerate(found):
            if len(memoryview(tensor.shape)) > LONGEST_SHAPE:
                raise ProtocolError(f"/{name}/{index}/shape: is too long")
