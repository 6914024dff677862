"""What the page's writer made of every program (`static/src/document/edits.gen.json`) is read back: it is Python and
blocks, what the edit does not concern is there to the letter, and where an edit keeps the meaning the program computes
what it computed before."""

from __future__ import annotations

import contextlib
import io
import json
import re
import sys
import types
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from engine import alias
from engine.random import manual_seed
from engine.tensor import Tensor
from playground.protocol import Block, Document, Stretch
from playground.worker import data as sets
from playground.worker.parsing import parse
from scripts.gen_programs import programs

PROGRAMS = programs()
READ = {name: parse(code) for name, code in PROGRAMS.items()}
RECORD = Path(__file__).resolve().parents[3] / "static" / "src" / "document" / "edits.gen.json"
EDITS: list[dict[str, Any]] = json.loads(RECORD.read_text(encoding="utf-8"))
DONE = [edit for edit in EDITS if "change" in edit]

CODE = {name: [one for one in read.statements if one.kind == "code"] for name, read in READ.items()}

KEEPS_MEANING = ("rename", "name", "duplicate", "group", "ungroup")
UNSTEADY = {"06_profiler"}
"""Programs that print how long something took."""


def name_of(edit: dict[str, Any]) -> str:
    return f"{edit['program']}-{edit['what']}-{EDITS.index(edit)}"


def cut(code: str, start: int, end: int) -> str:
    """What a browser's ``code.slice(start, end)`` gives."""
    return code.encode("utf-16-le")[2 * start : 2 * end].decode("utf-16-le")


def edited(edit: dict[str, Any]) -> str:
    code = PROGRAMS[edit["program"]]
    start, end, text = edit["change"]
    return cut(code, 0, start) + str(text) + cut(code, end, len(code.encode("utf-16-le")) // 2)


def test_there_are_edits_of_every_kind() -> None:
    kinds = Counter(edit["what"] for edit in DONE)
    assert len({edit["program"] for edit in DONE}) >= 100
    assert len(kinds) >= 17
    assert all(count >= 5 for count in kinds.values()), kinds


@pytest.mark.parametrize("program", dict.fromkeys(edit["program"] for edit in DONE))
def test_what_is_written_is_read_as_blocks(program: str) -> None:
    reasons = {one.why for one in READ[program].statements}
    for edit in (one for one in DONE if one["program"] == program):
        text = edited(edit)
        document = parse(text)
        assert document.problem == "", text
        if edit["what"] in ("rename", "remove", "group"):
            continue  # Reasons name variables, and a class that is code is one statement.
        new = [one.why for one in document.statements if one.kind == "code" and one.why not in reasons]
        assert not new, f"{edit}\n{new}\n{text}"


@pytest.mark.parametrize("program", dict.fromkeys(edit["program"] for edit in DONE))
def test_what_is_to_be_selected_is_there(program: str) -> None:
    for edit in (one for one in DONE if one["program"] == program and one["select"]):
        document = parse(edited(edit))
        if len([one for one in document.statements if one.kind == "code"]) > len(CODE[program]):
            continue  # Nothing to select: it is code now.
        keys = {block.key for block in document.blocks}
        assert keys & set(edit["select"]), f"{edit}\n{sorted(keys)}\n{edited(edit)}"


@pytest.mark.parametrize("program", dict.fromkeys(edit["program"] for edit in DONE))
def test_blocks_keep_their_keys(program: str) -> None:
    """A block that an edit does not concern is where it was; one that is called otherwise is found by its new key."""
    for edit in (
        one for one in DONE if one["program"] == program and one["what"] in ("rename", "name", "set")
    ):
        before = {
            edit["keys"].get(block.key, block.key) for block in READ[program].blocks if block.kind != "code"
        }
        after = {block.key for block in parse(edited(edit)).blocks}
        missing = {key for key in before - after if "#" not in key and len(key) < 50}
        assert not missing, f"{edit}\n{sorted(missing)}\n{edited(edit)}"


def concerned(document: Document, edit: dict[str, Any]) -> set[int]:
    """The statements that an edit may change: those of its blocks, and of what is wired to them."""
    what = edit["edit"]
    ports = [what.get("to"), what.get("into"), what if "argument" in what else None]
    ids = {port["block"] for port in ports if port}
    ids |= {what["from"][0]} if "from" in what else set()
    ids |= {wire[0] for wire in what.get("wires", {}).values()}
    ids |= set(what.get("blocks", [])) | ({what["block"]} if "block" in what else set())
    ids |= {what[name] for name in ("optimizer", "loss") if name in what}
    blocks = {block.id: block for block in document.blocks}
    for _ in range(2):
        ids |= {b.id for b in document.blocks if b.parent in ids and b.parent != -1}
        near = {a.wire.block for i in ids for a in blocks[i].arguments if a.wire}
        ids |= near | {
            b.id for b in document.blocks if any(a.wire and a.wire.block in ids for a in b.arguments)
        }
    if what["kind"] == "ungroup":
        ids |= {b.id for b in document.blocks if b.type == blocks[what["block"]].type}
        frames = {b.statement for b in document.blocks if b.id in ids and b.kind == "class"}
        methods = {s.index for s in document.statements if s.parent in frames} | frames
        return (
            methods
            | {s.index for s in document.statements if s.parent in methods}
            | concerned(document, {"edit": {"blocks": sorted(ids), "kind": ""}})
        )
    found = {blocks[i].statement for i in ids} | {blocks[i].definition for i in ids}
    names = {use.name for one in document.statements if one.index in found for use in one.uses if use.binds}
    return found | {s.index for s in document.statements if any(use.name in names for use in s.uses)}


@pytest.mark.parametrize("program", dict.fromkeys(edit["program"] for edit in DONE))
def test_what_is_not_concerned_keeps_its_text(program: str) -> None:
    code, document = PROGRAMS[program], READ[program]
    outer = {one.parent for one in document.statements}
    leaves = [one for one in document.statements if one.index not in outer and one.kind != "import"]
    for edit in (one for one in DONE if one["program"] == program):
        text, touched = edited(edit), concerned(document, edit)
        if edit["what"] in ("rename", "unwrap", "train"):
            continue  # A name may be anywhere; what is in a loop is indented otherwise.
        for one in leaves:
            if one.index not in touched:
                # With its comments: all that is its own.
                own = cut(code, *whole(one.whole)).strip()
                unplugged = edit["what"] == "disconnect" and own.endswith(
                    (".zero_grad()", ".step()", ".backward()")
                )
                assert unplugged or own in text, f"{edit}\n{own}\n---\n{text}"
        for line in code.splitlines():
            if line.lstrip().startswith("#") and edit["what"] != "remove":
                assert line.strip() in text, f"{edit}\n{line}\n{text}"


def whole(stretch: Stretch) -> tuple[int, int]:
    return stretch.start, stretch.end


# --- Meaning ---------------------------------------------------------------------------------------------------------


def run(code: str) -> tuple[str, str, dict[str, Any]]:
    """What a program prints, the exception that ends it, and what its variables are then.

    Three rounds of a loop say as much as hundreds.
    """
    code = re.sub(r"\brange\(\d{2,}\)", "range(3)", code)
    manual_seed(0)
    module = types.ModuleType("__main__")
    printed = io.StringIO()
    problem = ""
    with contextlib.redirect_stdout(printed):
        try:
            exec(compile(code, "<program>", "exec"), module.__dict__)
        except Exception as error:
            problem = type(error).__name__
    return printed.getvalue(), problem, module.__dict__


@pytest.fixture(autouse=True)
def as_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [one for one in sys.modules if one == "torch" or one.startswith("torch.")]:
        monkeypatch.delitem(sys.modules, name)
    alias.install()
    monkeypatch.setitem(sys.modules, "data", sets.make())


def numbers(value: Any) -> Any:
    return value.detach().tolist() if isinstance(value, Tensor) else value


def old_name(edit: dict[str, Any]) -> str:
    """Of a class that is called otherwise: its name is printed with its objects."""
    block: Block = READ[edit["program"]].blocks[edit["edit"]["block"]]
    return block.type


@pytest.mark.parametrize(
    "edit",
    [edit for edit in DONE if edit["what"] in KEEPS_MEANING and edit["program"] not in UNSTEADY],
    ids=name_of,
)
def test_the_meaning_is_kept(edit: dict[str, Any]) -> None:
    code, text = PROGRAMS[edit["program"]], edited(edit)
    printed, problem, before = run(code)
    again, other, after = run(text)
    new = set(text.splitlines()) - set(code.splitlines())
    if edit["what"] == "duplicate" and any(re.search("rand|normal|dropout|Dropout", line) for line in new):
        # A copy of what draws numbers draws some more, and all that come after it are others.
        assert other == problem, text
        return
    if edit["what"] == "rename":
        again = again.replace("Renamed", old_name(edit))
    assert (other, again) == (problem, printed), text
    renames = edit["keys"]
    for name, value in before.items():
        new = renames.get(name, name)
        if isinstance(value, Tensor) and isinstance(after.get(new), Tensor):
            assert str(numbers(after[new])) == str(numbers(value)), f"{name}\n{text}"
