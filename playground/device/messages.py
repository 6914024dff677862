"""What a sealed child and the device server say to each other: length-prefixed frames, each a MessagePack list.

A child's frame is a list of `Request`, done in order. Those that ask (`Fetch`, `Sync`, `About`, `Times`, a `Call`
with ``wait``) are answered by one `Reply` each, the others by nothing. There is no way to send code, an object, or a
name that is not in `functions.FUNCTIONS`: values are numbers, a few strings, dtypes, slices, tuples of these, and
arrays by number.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import numpy as np
from msgspec import Meta

FRAME_BYTES = 1 << 20
"""Longest frame of a child's; what is longer is sent in pieces (`Fill`)."""
PIECE_BYTES = FRAME_BYTES - 4096
REPLY_BYTES = 64 << 20
"""Most that one `Fetch` may bring."""
MOMENTS = 65_536
"""Most that are marked before they are asked for."""

DTYPES = {
    np.dtype(code).str[1:]: np.dtype(code)
    for code in ("?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16")
}
"""The dtypes there are, by the name they have on the wire. No objects, no text, no records, no other byte order."""

ERRORS = (
    *(np.linalg.LinAlgError, MemoryError, IndexError, OverflowError, ZeroDivisionError, FloatingPointError),
    *(ValueError, TypeError, NotImplementedError, RuntimeError),
)
"""What an array library may raise, special ones first; the child raises the same."""

OUT_OF_MEMORY = "OutOfMemoryError"
"""PyTorch's, where a quota of memory ends; a `MemoryError` is the host's."""

PROPERTIES = (
    *("totalGlobalMem", "major", "minor", "multiProcessorCount", "integrated", "isMultiGpuBoard", "warpSize"),
    *(
        "maxThreadsPerMultiProcessor",
        "maxThreadsPerBlock",
        "l2CacheSize",
        "regsPerMultiprocessor",
        "sharedMemPerBlock",
    ),
    *("sharedMemPerMultiprocessor", "memoryBusWidth"),
)
"""What is told of a card, under CUDA's names."""

Handle = Annotated[int, Meta(ge=0, lt=1 << 53)]
"""The number of an array; the child gives them out, each once."""
Size = Annotated[int, Meta(ge=0, lt=1 << 48)]
Step = Annotated[int, Meta(gt=-(1 << 48), lt=1 << 48)]
Shape = Annotated[list[Size], Meta(max_length=64)]
Word = Annotated[str, Meta(max_length=32)]


class _Value(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    pass


class Whole(_Value, frozen=True, tag=0):
    """An array."""

    handle: Handle


class View(_Value, frozen=True, tag=1):
    """A part of an array's memory under a shape and strides of its own (in bytes). The server keeps nothing of it."""

    handle: Handle
    offset: Size
    shape: Shape
    strides: Annotated[list[Step], Meta(max_length=64)]
    dtype: Word


class Dtype(_Value, frozen=True, tag=2):
    name: Word


class Slice(_Value, frozen=True, tag=3):
    start: Step | None
    stop: Step | None
    step: Step | None


class Rest(_Value, frozen=True, tag=4):
    """An ellipsis in an index."""


class Several(_Value, frozen=True, tag=5):
    """A tuple."""

    items: Annotated[list[Value], Meta(max_length=4096)]


class Scalar(_Value, frozen=True, tag=6):
    """A NumPy scalar: a number of this very dtype; a bare number has none and takes the arrays'."""

    dtype: Word
    real: bool | int | float
    imag: float = 0.0


class Complex(_Value, frozen=True, tag=7):
    real: float
    imag: float


Value = None | bool | int | float | Word | Whole | View | Dtype | Slice | Rest | Several | Scalar | Complex


class Call(_Value, frozen=True, tag=10):
    """Work out a function of the table. Its results get these numbers; into ``out`` instead, if it is given."""

    function: Word
    arguments: Annotated[list[Value], Meta(max_length=64)]
    keywords: Annotated[dict[Word, Value], Meta(max_length=16)]
    results: Annotated[list[Handle], Meta(max_length=64)]
    out: Whole | View | None = None
    wait: bool = False
    """Answer with what the results are: `Made`."""


class Free(_Value, frozen=True, tag=11):
    handle: Handle


class Fill(_Value, frozen=True, tag=12):
    """Bytes from the host into the memory of an array, from `offset` on."""

    handle: Handle
    offset: Size
    data: bytes


class Fetch(_Value, frozen=True, tag=13):
    """Answer with the numbers of an array, in C order: `Numbers`."""

    array: Whole | View


class Sync(_Value, frozen=True, tag=14):
    """Answer when all before it is done: `Made`, with nothing made."""


class About(_Value, frozen=True, tag=15):
    """Answer with what the device is: `Card`."""


class Mark(_Value, frozen=True, tag=16):
    """Note when the device comes to this. The child gives the numbers."""

    number: Handle


class Times(_Value, frozen=True, tag=17):
    """Answer with what has been marked since this was asked last: `Moments`. What went wrong is no part of it."""


Request = Call | Free | Fill | Fetch | Sync | About | Mark | Times


class Made(_Value, frozen=True, tag=20):
    """Done. The shape and dtype of each result, and the run's memory: bytes it holds, held at most and may hold."""

    results: list[tuple[list[int], str]]
    bytes_held: int = 0
    bytes_peak: int = 0
    bytes_allowed: int = 0


class Numbers(_Value, frozen=True, tag=21):
    shape: list[int]
    dtype: str
    data: bytes


class Failed(_Value, frozen=True, tag=22):
    """Something asked for since the last answer did not work, and neither did what was to be made of it."""

    kind: str
    message: str


class Ended(_Value, frozen=True, tag=23):
    """The server has closed this connection, without having been asked for anything."""

    reason: str


class Card(_Value, frozen=True, tag=24):
    """The device: its name, and those of its properties that are numbers, 0 where there is no card."""

    name: str
    properties: dict[str, int]


class Moments(_Value, frozen=True, tag=25):
    """When the device came to each, in nanoseconds of ``CLOCK_MONOTONIC``, and how much of the time until then it was
    not this run's: it was others', or nothing was asked for."""

    numbers: list[int]
    at: list[float]
    away: list[float]


Reply = Card | Made | Numbers | Failed | Ended | Moments

encode = msgspec.msgpack.Encoder().encode
decode_requests = msgspec.msgpack.Decoder(
    Annotated[list[Request], Meta(min_length=1, max_length=4096)]
).decode
decode_reply = msgspec.msgpack.Decoder(Reply).decode


def name_of(dtype: np.dtype[Any]) -> str:
    """A dtype's name on the wire.

    Raises:
        TypeError: for one that no device's array can have.
    """
    name = dtype.str[1:]
    if name not in DTYPES:
        raise TypeError(f"Unsupported dtype {dtype}")
    return name
