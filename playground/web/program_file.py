"""A stored program as one file that runs in PyTorch by itself.

A program that says ``import data`` needs the playground's module of that name, with the person's table in it if there
is one; it goes in front. The page writes the same module as a file beside the program (``static/src/data/file.ts``),
and a test holds the two to the same text. Nothing here looks at a program but for these words.
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

_TABLE = """

# --- The table of your own -------------------------------------------------------------------------------------------

{reading}

_sheet = read_table(
    # {name}
    {text},
    header={header},
    types={types},
    features={features},
    target={target},
)
if _sheet.problem:
    raise ValueError(_sheet.problem)
_train, _test = divide(_sheet, standardise={standardise}, test={test}, seed={seed})

columns = _sheet.features
classes = _sheet.column(_sheet.target).categories


def _target(numbers: list[float]) -> torch.Tensor:
    if classes:
        return torch.tensor([int(number) for number in numbers])
    return torch.tensor(numbers, dtype=torch.float32)[:, None]


X, y = torch.tensor(_train[0], dtype=torch.float32), _target(_train[1])
if _test[0]:
    X_test, y_test = torch.tensor(_test[0], dtype=torch.float32), _target(_test[1])
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
    sets, reading = _read()
    if data is None:
        return sets
    return sets + _TABLE.format(
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
def _read() -> tuple[str, str]:
    """The sources: small sets, and the reading of tables without its first words."""
    sets, reading = ((_SOURCES / name).read_text(encoding="utf-8") for name in ("sets.py", "reading.py"))
    return sets, re.sub(r'^"""[\s\S]*?"""\n', "", reading, count=1)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _literal(text: str) -> str:
    """A text as Python writes one, over several lines."""
    safe = text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    safe = re.sub(r'"$', r'\\"', safe) if safe.endswith('"') else safe
    safe = safe.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    return f'"""\\\n{safe}"""'
