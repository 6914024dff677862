"""Records what PyTorch does with the calls of form_cases.py into references/forms.json.

Run by hand where PyTorch 2.13.0 is installed: ``python tests/engine/record_forms.py``. With ``--differences`` it asks
the engine instead and writes what is otherwise than recorded into forms_differ.json: to be read before it is committed.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
REFERENCES = HERE / "references" / "forms.json"
DIFFERENCES = HERE / "forms_differ.json"
sys.path.insert(0, str(HERE.parents[1]))


def record() -> None:
    """Ask PyTorch; what has no such form there is left out."""
    import torch

    from tests.engine import form_cases as cases

    edges = {
        text: {str(shape): cases.outcome(torch, text, shape) for shape in cases.SHAPES}
        for text in cases.expressions()
    }
    found: dict[str, dict[str, Any]] = {"edges": edges, "in_place": {}, "out": {}}
    for name, arguments in cases.CALLS:
        key = f"{name}({arguments})"
        for part, kinds, ask in (
            ("in_place", ("float", "square", "long"), cases.in_place),
            ("out", (*cases.OUTS, "recorded"), cases.with_out),
        ):
            results = {kind: ask(torch, name, arguments, kind) for kind in kinds}
            results = {kind: r for kind, r in results.items() if r is not None}
            if results:
                found[part][key] = results
    write(REFERENCES, found)


def differences() -> None:
    """Ask the engine."""
    import engine
    from tests.engine import form_cases as cases

    expected = json.loads(REFERENCES.read_text(encoding="utf-8"))
    found = {
        part: {call: d for call in calls if (d := cases.all_differences(engine, expected, part, call))}
        for part, calls in expected.items()
    }
    write(DIFFERENCES, found)


def write(path: Path, parts: dict[str, dict[str, Any]]) -> None:
    """A line to a call."""
    text = ",\n".join(
        f"{json.dumps(part)}: {{\n"
        + ",\n".join(f" {json.dumps(k)}: {json.dumps(v)}" for k, v in rows.items())
        + "\n}"
        for part, rows in parts.items()
    )
    path.write_text("{" + text + "}\n", encoding="utf-8")


if __name__ == "__main__":
    differences() if "--differences" in sys.argv else record()
