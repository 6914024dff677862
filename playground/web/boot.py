"""What the page is told when it opens: one struct, embedded in the HTML as JSON and generated into TypeScript."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from playground.protocol import Code, Index, Label, SessionContent, Text


class BootPart(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Base of everything in the boot data; unlike on the wire, no field is ever left out."""


class DeviceState(BootPart, kw_only=True):
    """Whether programs can use a device here, and if not, why not in plain words."""

    available: bool
    reason: Text


class Devices(BootPart, kw_only=True):
    """The devices that are not always there; ``cpu`` is."""

    cuda: DeviceState


class BootLimits(BootPart, kw_only=True):
    """The limits a person meets, so that the page can say them before the server does."""

    code_bytes: Index
    """Longest program, in bytes of UTF-8."""
    code_lines: Index
    wall_s: float
    """Longest run, in seconds."""
    memory_mb: Index
    """Memory a program may take, in MiB."""
    output_bytes: Index
    """Printed text that is shown, in bytes of UTF-8."""
    operations: Index
    """Operations that are recorded."""
    session_bytes: Index
    """Largest body of ``POST /api/sessions``, in bytes."""


class Example(BootPart, kw_only=True):
    """A program of the gallery."""

    id: Label
    """The file's name without its number and ending: ``graph_tracing``."""
    title: Label
    section: Label
    """The part of the tutorial it belongs to."""
    panel: Label
    """Which results to show first (``graph``, ``training``, ``output``); empty: those that are in view."""
    summary: Text
    """One sentence."""
    code: Code


class BootSession(BootPart, kw_only=True):
    """The stored session of ``/s/<id>`` and ``/embed/<id>``, also the answer of ``GET /api/sessions/<id>``."""

    id: Annotated[str, Meta(max_length=64)]
    parent: Annotated[str, Meta(max_length=64)]
    """Id of the session it was edited from, or empty."""
    created: Annotated[str, Meta(max_length=32)]
    """UTC, ISO 8601: ``2026-01-31T12:00:00Z``."""
    content: SessionContent


class Boot(BootPart, kw_only=True):
    """The JSON in ``<script type="application/json" id="boot">``."""

    version: Label
    embed: bool
    """The page is read-only inside another page."""
    devices: Devices
    limits: BootLimits
    session: BootSession | None
    examples: list[Example]
    """In the gallery's order; empty in an embed."""
