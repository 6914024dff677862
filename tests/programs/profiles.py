"""Compares profiles: the rows PyTorch's profiler and the engine's record for the programs in ``profiled/``.

    python tests/programs/profiles.py record        run every program with PyTorch and write profiled.json
    python tests/programs/profiles.py check         compare PyTorch's rows, now, with the engine's and with the file
    python tests/programs/profiles.py show NAME     the rows of one program, and where they differ

A program sets things up above the line ``# %% profiled`` and is profiled below it. Rows are compared one by one: name,
nesting, order and input shapes. What is known to differ is said in the program's own header, for everyone to read:
``# rows not compared:`` names rows left out on both sides, with all inside them, and ``# shapes not compared:`` rows
whose input shapes are.
"""

from __future__ import annotations

import difflib
import hashlib
import importlib
import json
import re
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

PROGRAMS = Path(__file__).parent / "profiled"
REFERENCES = Path(__file__).parent / "profiled.json"
MARK = "# %% profiled\n"

Row = tuple[int, str, str]
"""How deep, name, input shapes."""


def names() -> list[str]:
    """The programs, in a stable order."""
    return sorted(path.stem for path in PROGRAMS.glob("*.py"))


def source(name: str) -> str:
    return (PROGRAMS / f"{name}.py").read_text(encoding="utf-8")


def digest(name: str) -> str:
    """Tells whether a program was changed after its rows were recorded."""
    return hashlib.sha256(source(name).encode()).hexdigest()[:12]


def rows(name: str) -> list[Row]:
    """The rows of a program with whatever ``torch`` is in this process, those its header leaves out left out."""
    torch = importlib.import_module("torch")
    text = source(name)
    before, after = text.split(MARK)
    variables: dict[str, Any] = {"__name__": "__main__"}
    # Lines as in the file, so that an error points to the right one.
    work = compile("\n" * (before.count("\n") + 1) + after, f"{name}.py", "exec")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec(compile(before, f"{name}.py", "exec"), variables)
        with torch.profiler.profile(record_shapes=True) as prof:
            exec(work, variables)
    without, shapeless = _listed(text, "rows"), _listed(text, "shapes")
    result: list[Row] = []
    for event in prof.events():
        if event.cpu_parent is None:
            _add(result, event, 0, without, shapeless)
    return result


def _listed(text: str, what: str) -> set[str]:
    found = re.findall(rf"^# {what} not compared: (.*)$", text, re.MULTILINE)
    return {word for line in found for word in line.split()}


def _add(result: list[Row], event: Any, depth: int, without: set[str], shapeless: set[str]) -> None:
    if event.name in without:
        return
    shapes = "" if event.name in shapeless or not event.input_shapes else json.dumps(event.input_shapes)
    result.append((depth, event.name, shapes))
    for child in event.cpu_children:
        _add(result, child, depth + 1, without, shapeless)


def lines(found: list[Row]) -> list[str]:
    """Rows as indented text."""
    return [f"{'  ' * depth}{name} {shapes}".rstrip() for depth, name, shapes in found]


def difference(torch: list[str], engine: list[str]) -> str:
    """Where the two differ; empty if they do not."""
    return "\n".join(difflib.unified_diff(torch, engine, "PyTorch", "engine", lineterm="", n=2))


def of(implementation: str, wanted: list[str]) -> dict[str, list[str]]:
    """The rows of programs with ``torch`` or with the ``engine``, each in a process of its own."""
    command = [sys.executable, __file__, "run", implementation, *wanted]
    ended = subprocess.run(command, cwd=ROOT, timeout=600, check=False, capture_output=True, text=True)
    if ended.returncode:
        sys.exit(f"the programs could not be profiled with {implementation}:\n{ended.stderr}")
    answer: dict[str, list[str]] = json.loads(ended.stdout.splitlines()[-1])
    return answer


def run(implementation: str, wanted: list[str]) -> None:
    """The other end of `of`."""
    if implementation == "engine":
        from engine import alias

        alias.install()
    else:
        import torch

        torch.set_num_threads(1)
    print("\n" + json.dumps({name: lines(rows(name)) for name in wanted}))


def main(arguments: list[str]) -> int:
    match arguments:
        case ["run", implementation, *wanted]:
            run(implementation, wanted)
        case ["record"]:
            found = of("torch", names())
            kept = {name: {"program": digest(name), "rows": found[name]} for name in names()}
            REFERENCES.write_text(json.dumps(kept, indent=0) + "\n", encoding="utf-8")
        case ["show", name]:
            torch, engine = of("torch", [name])[name], of("engine", [name])[name]
            print(difference(torch, engine) or "\n".join(engine))
        case ["check"]:
            torch_rows, engine_rows = of("torch", names()), of("engine", names())
            recorded = json.loads(REFERENCES.read_text(encoding="utf-8"))
            failed = 0
            for name in names():
                text = difference(torch_rows[name], engine_rows[name])
                stale = recorded.get(name, {}).get("rows") != torch_rows[name]
                failed += bool(text) or stale
                print(f"{name}: {len(torch_rows[name])} rows{', profiled.json is stale' if stale else ''}")
                if text:
                    print(text)
            return failed
        case _:
            print(__doc__)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
