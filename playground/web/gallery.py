"""The programs of the gallery, read as text: the web process never parses or imports one."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from playground.web.boot import Example

FOLDER = Path(__file__).resolve().parents[1] / "examples"

_NAME = re.compile(r"^(?:\d+_)?(?P<id>\w+)$")
_DOC = re.compile(
    r'\A"""(?P<title>[^\n]+?)[.?!](?: (?P<summary>[^\n]+?))?(?:\n\n(?P<rest>.*?))?\s*"""', re.DOTALL
)
_FOOT = re.compile(r"\n\nSection: (?P<section>[^\n]+?)\.?\n(?:Panel: (?P<panel>\w+)\.?\n)?(?=\"{3})")


@cache
def examples() -> tuple[Example, ...]:
    """Every example, in the order of its file names (``01_graph_tracing.py``, ...)."""
    paths = sorted(path for path in FOLDER.glob("*.py") if not path.name.startswith("__"))
    return tuple(read(path) for path in paths)


def read(path: Path) -> Example:
    '''One example. Its docstring begins ``"""Title. One sentence.``; ``Section: ...`` and ``Panel: ...`` may end it.

    Raises ValueError if it does not. Those lines are for the gallery alone: the code on the page goes without them.
    '''
    code = path.read_text(encoding="utf-8")
    name, doc = _NAME.match(path.stem), _DOC.match(code)
    if name is None or doc is None:
        raise ValueError(f'{path.name}: expected the file to begin with """Title. One-sentence summary."""')
    foot = _FOOT.search(code, 0, doc.end())
    return Example(
        id=name["id"],
        title=doc["title"],
        section=foot["section"] if foot else doc["title"],
        panel=(foot["panel"] if foot else None) or "",
        summary=doc["summary"] or "",
        code=_FOOT.sub("", code, count=1) if foot else code,
    )
