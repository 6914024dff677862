"""A session as one HTML file that needs no server: the build's standalone page with the session written into it."""

from __future__ import annotations

from pathlib import Path

import msgspec

from playground.protocol import SessionContent, SessionFile

TEMPLATE = Path(__file__).resolve().parents[2] / "static" / "dist" / "standalone.html"
"""What `make build` makes of static/src/standalone."""
MARK = "/*session*/null"
"""Stands once in the template, alone in its script element. `static/src/export/html.ts` fills it in the same way."""

_SCRIPT_SAFE = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}


class NotBuilt(Exception):
    """The standalone page has not been built; the message says what to do."""


def script_json(value: object) -> str:
    """JSON that may stand inside a script element: no ``<``, ``>`` or ``&`` is left as such."""
    return msgspec.json.encode(value).decode().translate(_SCRIPT_SAFE)


def template() -> str:
    """The page without a session. Raises NotBuilt."""
    try:
        text = TEMPLATE.read_text(encoding="utf-8")
    except OSError:
        raise NotBuilt(f"{TEMPLATE} is missing: the page has not been built yet. Run `make build`.") from None
    if text.count(MARK) != 1:
        raise NotBuilt(f"{TEMPLATE} is of another version. Run `make build`.")
    return text


def html(content: SessionContent) -> str:
    """The page with the session in it. Raises NotBuilt."""
    return template().replace(MARK, script_json(SessionFile(playground=1, content=content)))
