"""Runs the programs in ``cases/`` and compares what they print.

A program is a plain file written for PyTorch. Here is everything that is the same for both sides of the comparison:
which programs there are, how one is run, which parts of its output carry no meaning, and what counts as equal. A
program may carry a header line ``# tolerance: 1e-5``; then the numbers in its output are compared with that relative
tolerance instead of to the letter, and the line after it says why.

The templates of the gallery are such programs too. They are teaching texts without that header, so their tolerance
stands here: training makes a difference in the last bit of a sum larger with every step.
"""

from __future__ import annotations

import contextlib
import difflib
import hashlib
import importlib
import io
import itertools
import json
import re
import sys
import traceback
import types
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CASES = Path(__file__).parent / "cases"
REFERENCES = Path(__file__).parent / "references.json"
DOWNLOADED = Path(__file__).resolve().parents[1] / "playground" / "data"
WITH_TABLE = "data_table"
EXAMPLES = Path(__file__).resolve().parents[2] / "playground" / "examples"
TEMPLATE = "template_"
"""Before the name of a template's file, without its number."""
TEMPLATE_TOLERANCE = 0.03
SETS = Path(__file__).resolve().parents[2] / "playground" / "worker" / "data" / "sets.py"

ADDRESS = re.compile(r"0x[0-9a-f]+")
NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*(?:e[-+]?\d+)?|\binf\b|\bnan\b)")
TOLERANCE = re.compile(r"^# tolerance: (\S+)$", re.MULTILINE)
# Numbers that are zero but for rounding have no meaningful relative error.
ABSOLUTE = 1e-6


@dataclass(frozen=True)
class Result:
    """What a program printed, line by line, and the exception that ended it (`trace` is for people only)."""

    lines: list[str]
    exception: str = ""
    trace: str = ""

    def as_json(self) -> dict[str, Any]:
        return {"lines": self.lines} | ({"exception": self.exception} if self.exception else {})


def names() -> list[str]:
    """The programs, in a stable order."""
    return sorted([*(path.stem for path in CASES.glob("*.py")), *_templates()])


def _templates() -> dict[str, Path]:
    """The templates of the gallery, by name."""
    return {
        TEMPLATE + path.stem.partition("_")[2]: path
        for path in EXAMPLES.glob("*.py")
        if "\nSection: Templates.\n" in path.read_text(encoding="utf-8")
    }


def is_template(name: str) -> bool:
    return name.startswith(TEMPLATE)


def source(name: str) -> str:
    path = _templates()[name] if is_template(name) else CASES / f"{name}.py"
    return path.read_text(encoding="utf-8")


def digest(name: str) -> str:
    """Tells whether a program was changed after its output was recorded."""
    return hashlib.sha256(source(name).encode()).hexdigest()[:12]


def tolerance(name: str) -> float | None:
    """The relative tolerance a program asks for; None means to the letter."""
    if is_template(name):
        return TEMPLATE_TOLERANCE
    found = TOLERANCE.search(source(name))
    return float(found[1]) if found else None


def masked(text: str) -> str:
    """`text` without what differs from run to run: addresses of objects."""
    return ADDRESS.sub("0x...", text)


def table(name: str) -> dict[str, Any] | None:
    """The table that comes with a program, as the page sends it."""
    if name != WITH_TABLE:
        return None
    found: dict[str, Any] = json.loads((DOWNLOADED / "downloaded.json").read_text(encoding="utf-8"))
    return found


def install_data(name: str = "") -> None:
    """Make ``import data`` give the file of small sets, as if it lay beside the program; with its table, if it has one.

    The file with a table is the very one that the page's tests write.
    """
    path = SETS if table(name) is None else DOWNLOADED / "downloaded.py.txt"
    sets = types.ModuleType("data")
    exec(compile(path.read_text(encoding="utf-8"), str(path), "exec", dont_inherit=True), vars(sets))
    sys.modules["data"] = sets


class _Blank:
    """Stands for every plot: it takes any call, and is whatever is asked of it."""

    def __call__(self, *_: Any, **__: Any) -> _Blank:
        return self

    __getattr__ = __getitem__ = lambda self, *_: self  # type: ignore[assignment]

    def __iter__(self) -> Iterator[_Blank]:
        return itertools.repeat(self)


def install_plots() -> None:
    """Make ``import matplotlib.pyplot`` give something that draws nothing, where there is no matplotlib."""

    def missing(name: str) -> _Blank:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Blank()

    for module in ("matplotlib", "matplotlib.pyplot"):
        blank = types.ModuleType(module)
        blank.__dict__.update(__path__=[], __getattr__=missing)
        sys.modules[module] = blank
    sys.modules["matplotlib"].__dict__["pyplot"] = sys.modules["matplotlib.pyplot"]
    sys.modules["matplotlib.pyplot"].__dict__["subplots"] = lambda *_, **__: (_Blank(), _Blank())


def execute(name: str) -> Result:
    """Run a program in a fresh namespace with whatever ``torch`` is in this process."""
    torch = importlib.import_module("torch")
    install_data(name)
    if is_template(name):
        install_plots()
    torch.manual_seed(0)
    torch.set_grad_enabled(True)
    torch.set_default_dtype(torch.float32)
    torch.set_printoptions(profile="default")
    printed = io.StringIO()
    exception = trace = ""
    # A program meets the warnings of a fresh interpreter, not those of the test runner.
    with contextlib.redirect_stdout(printed), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            code = compile(source(name), f"{name}.py", "exec")
            exec(code, {"__name__": "__main__"})
        except Exception as error:
            exception = masked(f"{type(error).__name__}: {error}")
            trace = traceback.format_exc()
        finally:
            torch.set_grad_enabled(True)
    return Result(masked(printed.getvalue()).splitlines(), exception, trace)


def load_references() -> dict[str, Any]:
    """The recorded outputs: ``{"torch": version, "programs": {name: {"source", "lines", "exception"}}}``."""
    references: dict[str, Any] = json.loads(REFERENCES.read_text(encoding="utf-8"))
    return references


def from_json(entry: dict[str, Any]) -> Result:
    return Result(entry["lines"], entry.get("exception", ""), entry.get("trace", ""))


def _close(expected: str, actual: str, relative: float) -> bool:
    """Whether two texts are the same but for numbers that differ by less than the tolerance."""
    if [part.split() for part in NUMBER.split(expected)] != [part.split() for part in NUMBER.split(actual)]:
        return False
    for left, right in zip(NUMBER.findall(expected), NUMBER.findall(actual), strict=True):
        a, b = float(left), float(right)
        if (
            a != b
            and not (a != a and b != b)
            and not abs(a - b) <= max(ABSOLUTE, relative * max(abs(a), abs(b)))
        ):
            return False
    return True


def difference(expected: Result, actual: Result, relative: float | None) -> str:
    """A unified diff of two results, empty if they count as equal."""
    left = [*expected.lines, *([f"! {expected.exception}"] if expected.exception else [])]
    right = [*actual.lines, *([f"! {actual.exception}"] if actual.exception else [])]
    if left == right:
        return ""
    if relative is not None and _close("\n".join(left), "\n".join(right), relative):
        return ""
    lines = difflib.unified_diff(left, right, "expected", "actual", lineterm="", n=2)
    return "\n".join([*lines, *([actual.trace] if actual.trace else [])])
