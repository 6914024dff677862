"""What a run prints: shown as far as it fits, and counted."""

from __future__ import annotations

import codecs
from collections.abc import Callable

from playground.protocol import Event, Notice, Output
from playground.runner.limits import KIB, Limits

_RAW_CHARACTERS = 8_192


class Printed:
    """Of one run. `add` takes what is to be shown."""

    def __init__(self, limits: Limits, add: Callable[[Event, int], None]) -> None:
        self._limits = limits
        self._add = add
        self._bytes = 0
        self._cell = 0
        self._raw = codecs.getincrementaldecoder("utf-8")("replace")

    @property
    def cell(self) -> int:
        """The one that printed last."""
        return self._cell

    @property
    def too_much(self) -> bool:
        """Whether the program goes on and on."""
        return self._bytes > self._limits.output_kill_bytes

    def show(self, event: Output) -> None:
        """Show what fits, and say once that the rest is left out."""
        limits = self._limits
        self._cell = event.cell
        encoded = event.text.encode(errors="replace")
        room = limits.output_shown_bytes - self._bytes
        self._bytes += len(encoded)
        if room > 0:
            if len(encoded) > room:
                event.text = encoded[:room].decode(errors="ignore")
            self._add(event, 0)
        if self._bytes > limits.output_shown_bytes and room >= 0 and len(encoded) > 0:
            shown = (
                f"Output is shown up to {limits.output_shown_bytes // KIB:,} KiB; the rest of it is left out."
            )
            self._add(Notice(message=shown, cell=event.cell), 0)

    def show_raw(self, data: bytes) -> None:
        """The same for what C code printed, or a program that writes to descriptor 1."""
        text = self._raw.decode(data)
        for start in range(0, len(text), _RAW_CHARACTERS):
            if not self.too_much:
                piece = text[start : start + _RAW_CHARACTERS]
                self.show(Output(cell=self._cell, stream="stdout", text=piece))
