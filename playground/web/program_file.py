"""A stored program as one file that runs in PyTorch by itself.

A program that says ``import data`` needs the playground's module of that name, with the person's table in it if there
is one; it goes in front. The page writes the same module from the same texts as a file beside the program
(``static/src/data/file.ts``), and a test holds the two to the same result. Nothing here looks at a program but for
these words.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from pathlib import Path

from playground.protocol import UserData

_SOURCES = Path(__file__).resolve().parents[1] / "worker" / "data"
_IMPORTS = re.compile(
    r"^[ \t]*(?:from[ \t]+data[ \t]+import\b|import[ \t]+(?:[\w. ]+,[ \t]*)*data\b(?![.\w]))", re.MULTILINE
)
_FUTURE = re.compile(r"^from[ \t]+__future__[ \t]+import[ \t].*\n", re.MULTILINE)

_IN_FRONT = """\
# What the program imports as `data`, so that this file needs nothing but PyTorch. The program is below.
import sys as _sys
import types as _types

_data = _sys.modules["data"] = _types.ModuleType("data")
exec(
    r'''%s''',
    _data.__dict__,
)

# --- The program -----------------------------------------------------------------------------------------------------

"""


def program_file(code: str, data: UserData | None) -> str:
    """The program, with what it imports as `data` in front if it does."""
    if not _IMPORTS.search(code):
        return code
    # Of these only the program itself may stand before them.
    last = max((found.end() for found in _FUTURE.finditer(code)), default=0)
    module = data_module(data).replace("'''", "'\\''")
    return code[:last] + _IN_FRONT % module + code[last:]


def data_module(data: UserData | None) -> str:
    """The module, as text, with the table in it if there is one."""
    sets, reading, table = _read()
    if data is None:
        return sets
    return sets + table.format(
        reading=reading,
        name=re.sub(r"[^\x20-\x7e]", "?", data.name),
        text=_literal(data.text),
        header=data.header,
        types=_json(data.types),
        features=_json(data.features),
        target=_json(data.target),
        standardise=data.standardise,
        test=repr(data.test).removesuffix(".0"),
        seed=data.seed,
    )


@lru_cache(maxsize=1)
def _read() -> tuple[str, str, str]:
    """The sources: small sets, the reading of tables without its first words, and where a table stands."""
    names = ("sets.py", "reading.py", "table.txt")
    sets, reading, table = ((_SOURCES / name).read_text(encoding="utf-8") for name in names)
    return sets, re.sub(r'^"""[\s\S]*?"""\n', "", reading, count=1), table


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _literal(text: str) -> str:
    """A text as Python writes one, over several lines."""
    safe = text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    safe = re.sub(r'"$', r'\\"', safe) if safe.endswith('"') else safe
    safe = safe.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    return f'"""\\\n{safe}"""'
