"""The front end's build: which files a page loads, and how they are served."""

from __future__ import annotations

from pathlib import Path

import msgspec
from markupsafe import Markup, escape

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "static" / "dist"
URL = "/static/dist"
ENTRY = "static/src/main.tsx"


class _Chunk(msgspec.Struct):
    """One entry of Vite's manifest; what is not needed here is left out."""

    file: str
    css: list[str] = []
    imports: list[str] = []


class NotBuilt(Exception):
    """The front end has not been built."""


class Assets:
    """Reads the manifest of one build, again whenever it changes."""

    def __init__(self, build: Path = BUILD) -> None:
        self._manifest = build / "manifest.json"
        self._read_at = 0
        self._chunks: dict[str, _Chunk] = {}

    def head(self) -> Markup:
        """The tags that load the page. Raises NotBuilt."""
        chunks = self._load()
        scripts, styles = self._walk(chunks, ENTRY)
        tags = [f'<link rel="stylesheet" href="{escape(f"{URL}/{name}")}">' for name in styles]
        tags += [f'<link rel="modulepreload" href="{escape(f"{URL}/{name}")}">' for name in scripts[1:]]
        tags += [f'<script type="module" src="{escape(f"{URL}/{scripts[0]}")}"></script>']
        return Markup("\n  ".join(tags))

    def styles(self) -> Markup:
        """The tags of the style sheets alone, for pages without scripts; empty if there is no build."""
        try:
            _, styles = self._walk(self._load(), ENTRY)
        except NotBuilt:
            return Markup("")
        return Markup(
            "\n  ".join(f'<link rel="stylesheet" href="{escape(f"{URL}/{name}")}">' for name in styles)
        )

    def _load(self) -> dict[str, _Chunk]:
        try:
            changed = self._manifest.stat().st_mtime_ns
            if changed != self._read_at:
                self._chunks = msgspec.json.decode(self._manifest.read_bytes(), type=dict[str, _Chunk])
                self._read_at = changed
        except (OSError, msgspec.MsgspecError) as problem:
            raise NotBuilt(f"no build in {self._manifest.parent}") from problem
        if ENTRY not in self._chunks:
            raise NotBuilt(f"the build has no {ENTRY}")
        return self._chunks

    def _walk(self, chunks: dict[str, _Chunk], entry: str) -> tuple[list[str], list[str]]:
        scripts: list[str] = []
        styles: list[str] = []
        waiting = [entry]
        while waiting:
            chunk = chunks[waiting.pop(0)]
            if chunk.file in scripts:
                continue
            scripts.append(chunk.file)
            styles += [name for name in chunk.css if name not in styles]
            waiting += chunk.imports
        return scripts, styles
