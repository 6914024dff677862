"""Length-prefixed frames, the same on every pipe and socket: four bytes, big endian, then that many of MessagePack."""

from __future__ import annotations

import struct
from collections.abc import Iterator

HEADER = struct.Struct(">I")


class FrameError(ValueError):
    """A frame that says it is longer than allowed; what follows on that stream cannot be understood."""


def frame(payload: bytes) -> bytes:
    """The payload with its length before it."""
    return HEADER.pack(len(payload)) + payload


class FrameReader:
    """Cuts a byte stream into payloads, holding at most one unfinished frame of `limit` bytes."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Add what was read; yield every complete payload. Raises `FrameError` on a length above the limit."""
        self._buffer += data
        start = 0
        try:
            while len(self._buffer) - start >= HEADER.size:
                (length,) = HEADER.unpack_from(self._buffer, start)
                if length > self._limit:
                    raise FrameError(
                        f"a frame of at most {self._limit} bytes was expected, one of {length} came"
                    )
                end = start + HEADER.size + length
                if len(self._buffer) < end:
                    return
                payload = bytes(memoryview(self._buffer)[start + HEADER.size : end])
                start = end
                yield payload
        finally:
            del self._buffer[:start]
