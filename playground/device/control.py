"""What the supervisor and the device server say to each other, one message a packet. No program sees these."""

from __future__ import annotations

import msgspec

_MIB = 1 << 20


class Quota(msgspec.Struct, frozen=True, kw_only=True):
    """What a run may use of a device. Units are in the names."""

    bytes_held: int = 1024 * _MIB
    arrays: int = 200_000
    operations: int = 5_000_000
    """In all; what is left over of a program after its end, questions about it, counts on."""
    operation_work: float = 2e11
    """Additions and multiplications of one operation: a product of two matrices of 4,600 by 4,600."""
    device_s: float = 60.0
    """Time of the device in all."""
    transfer_bytes: int = 4096 * _MIB
    """To the device and back, in all."""


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """How a device server is started."""

    library: str = "cupy"
    """``numpy`` serves where there is no card."""
    memory_bytes: int = 0
    """What all runs together may hold; 0 is four fifths of the card, or 1 GiB where there is none."""
    quota: Quota = Quota()


class Attach(msgspec.Struct, frozen=True, tag=True):
    """Serve one run. Its connection comes with it, as a descriptor."""


class Ping(msgspec.Struct, frozen=True, tag=True):
    """Answer with `Pong`, when what is being done is done."""


ToServer = Attach | Ping


class Ready(msgspec.Struct, frozen=True, tag=True):
    """The library is loaded, the context made."""

    card: str


class Unusable(msgspec.Struct, frozen=True, tag=True):
    """It cannot be, and the server ends."""

    reason: str


class Pong(msgspec.Struct, frozen=True, tag=True):
    runs: int
    bytes_held: int
    crowded: bool = False
    """Whether a quarter or less of the memory is left for whoever comes next."""


FromServer = Ready | Unusable | Pong
