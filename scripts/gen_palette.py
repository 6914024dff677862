"""Writes the palette of the blocks: the engine's functions and layers in, `static/src/palette.gen.json` out.

It is data that the page fetches when blocks are first shown, not JavaScript that it would have to load and run.
"""

from __future__ import annotations

import json

import msgspec

from playground.worker.parsing import menu, palette


def render() -> str:
    """The whole text: the sections in order, and the entries, one to a line."""
    rows = [
        json.dumps(msgspec.to_builtins(entry), ensure_ascii=False, separators=(",", ":"))
        for entry in palette.entries().values()
    ]
    body = ",\n".join(rows)
    return f'{{"sections":{json.dumps(list(menu.SECTIONS))},\n"entries":[\n{body}\n]}}\n'
