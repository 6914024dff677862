"""What holds for every program that is read: nothing is lost, places are right, wires go one way."""

from __future__ import annotations

import ast
from collections import Counter
from itertools import pairwise

import msgspec
import pytest

from playground.protocol import Block, Document, NameUse, Statement, Stretch
from playground.worker.parsing import palette, parse
from scripts.gen_programs import programs

EVERY = programs()
READ = {name: parse(code) for name, code in EVERY.items()}


def cut(code: str, stretch: Stretch | NameUse) -> str:
    """What a browser's ``code.slice(start, end)`` gives."""
    units = code.encode("utf-16-le")
    return units[2 * stretch.start : 2 * stretch.end].decode("utf-16-le")


def children(document: Document, parent: int) -> list[Statement]:
    found = [one for one in document.statements if one.parent == parent]
    return sorted(found, key=lambda one: one.whole.start)


def test_there_are_enough_programs() -> None:
    assert len(EVERY) >= 100
    assert all(document.problem == "" for document in READ.values())


@pytest.mark.parametrize("name", EVERY)
def test_statements_cover_the_text_without_gaps(name: str) -> None:
    code, document = EVERY[name], READ[name]
    top = children(document, -1)
    assert "".join(cut(code, one.whole) for one in top) == code or not top
    assert top or not ast.parse(code).body
    for statement in document.statements:
        inside = children(document, statement.index)
        if inside:
            assert inside[-1].whole.end == statement.whole.end
            assert all(a.whole.end == b.whole.start for a, b in pairwise(inside))
            head = cut(code, Stretch(statement.core.start, inside[0].whole.start))
            assert head.rstrip().endswith(":") or "#" in head
        assert statement.whole.start <= statement.core.start < statement.core.end <= statement.whole.end
        before = cut(code, Stretch(statement.whole.start, statement.core.start))
        assert all(not line.strip() or line.strip()[0] in "#\\" for line in before.splitlines())


@pytest.mark.parametrize("name", EVERY)
def test_a_statement_s_core_is_python_alone(name: str) -> None:
    code, document = EVERY[name], READ[name]
    for statement in document.statements:
        text = cut(code, statement.core)
        if statement.kind == "code" and text.startswith(("%", "!")):
            continue
        column = (
            cut(code, Stretch(0, statement.core.start))
            .replace("\r", "\n")
            .replace("\f", "")
            .rpartition("\n")[2]
        )
        indented = f"{column if not column.strip() else ''}{text}"
        wrapped = (
            f"class _:\n def _():\n  if 1:\n   pass\nif 1:\n{indented}\n"
            if not column.strip() and column
            else text
        )
        if statement.kind == "return":
            wrapped = text.partition("return")[2].strip() or "None"
        ast.parse(wrapped)


@pytest.mark.parametrize("name", EVERY)
def test_places_hold_what_they_say(name: str) -> None:
    code, document = EVERY[name], READ[name]
    for statement in document.statements:
        for use in statement.uses:
            assert "".join(cut(code, use).split()) == use.name
            assert statement.whole.start <= use.start < use.end <= statement.whole.end
        places = [(use.start, use.end) for use in statement.uses]
        assert places == sorted(set(places))
        assert (statement.kind == "code") == bool(statement.why)
        assert (statement.kind in ("class", "def", "train", "code")) == (statement.block >= 0)
    for block in document.blocks:
        statement = document.statements[block.statement]
        assert statement.whole.start <= block.span.start < block.span.end <= statement.whole.end
        for argument in block.arguments:
            if argument.span is None:
                assert not argument.text
                continue
            text = cut(code, argument.span)
            assert text
            assert argument.text in ("", text[:16_384])
            assert argument.wire is None or not argument.text
            assert argument.open == (text == "...")
            if argument.place == "definition" and block.definition >= 0:
                home = document.statements[block.definition]
                assert home.whole.start <= argument.span.start < argument.span.end <= home.whole.end


@pytest.mark.parametrize("name", EVERY)
def test_blocks_are_what_the_palette_has(name: str) -> None:
    document = READ[name]
    own = {block.type for block in document.blocks if block.kind == "class"}
    for place, block in enumerate(document.blocks):
        assert block.id == place
        assert -1 <= block.parent < len(document.blocks)
        assert block.kind not in ("train", "code") or document.statements[block.statement].block == block.id
        if block.kind == "module":
            assert block.type in own
        elif block.kind not in ("class", "train", "code") and block.type not in ("parameter", "return"):
            entry = palette.entries()[block.type]
            listed = {parameter.name for parameter in entry.parameters if not parameter.list}
            given = [argument.name for argument in block.arguments]
            calls = [
                p.name for p in entry.parameters if p.place == "call" and not p.list and p.name != "loss"
            ]
            assert set(calls) <= set(given)
            assert (
                Counter(given).most_common(1)[0][1] == 1 or any(p.list for p in entry.parameters)
                if given
                else True
            )
            assert listed or given is not None


@pytest.mark.parametrize("name", EVERY)
def test_wires_go_one_way(name: str) -> None:
    document = READ[name]
    feeds = {block.id: [a.wire for a in block.arguments if a.wire] for block in document.blocks}
    done: set[int] = set()

    def visit(block: int, above: frozenset[int]) -> None:
        assert block not in above
        if block not in done:
            for wire in feeds[block]:
                assert 0 <= wire.output < max(len(document.blocks[wire.block].outputs), 1)
                visit(wire.block, above | {block})
            done.add(block)

    for block in document.blocks:
        visit(block.id, frozenset())


@pytest.mark.parametrize("name", EVERY)
def test_keys_are_unique_and_stay(name: str) -> None:
    code = EVERY[name]
    keys = [block.key for block in READ[name].blocks]
    assert len(set(keys)) == len(keys)
    longer = (
        f"unrelated_name = 1\n# and a remark\n{code}"
        if not code.startswith(("%", "from __future__"))
        else code
    )
    after = {block.key: block for block in parse(longer).blocks}
    for block in READ[name].blocks:
        assert after[block.key].type == block.type


@pytest.mark.parametrize("name", EVERY)
def test_it_is_within_the_protocol(name: str) -> None:
    document = READ[name]
    packed = msgspec.msgpack.encode(document)
    assert msgspec.msgpack.decode(packed, type=Document) == document


def block(document: Document, key: str) -> Block:
    return next(one for one in document.blocks if one.key == key)


def given(document: Document, key: str) -> dict[str, str | tuple[str, int]]:
    """A block's arguments: their text, or the key of the block a wire comes from and which output."""
    found: dict[str, str | tuple[str, int]] = {}
    for argument in block(document, key).arguments:
        if argument.wire:
            found[argument.name] = (document.blocks[argument.wire.block].key, argument.wire.output)
        elif argument.span:
            found[argument.name] = argument.text
    return found


def test_a_nested_expression_is_a_block_for_each_part() -> None:
    document = READ["nested calls"]
    assert [(one.key, one.type) for one in document.blocks] == [
        ("y/0/0/0/0", "torch.ones"),
        ("y/0/0/0", "operator.mul"),
        ("y/0/0", "torch.sin"),
        ("y/0", "torch.exp"),
        ("y", "torch.sum"),
    ]
    assert given(document, "y/0/0/0") == {"input": ("y/0/0/0/0", 0), "other": "2"}


def test_a_layer_is_where_it_is_made_and_where_it_is_called() -> None:
    document = READ["a layer"]
    layer = block(document, "linear")
    assert (layer.kind, layer.type, layer.statement, layer.definition) == ("layer", "nn.Linear", 4, 3)
    assert given(document, "linear") == {"in_features": "2", "out_features": "8", "input": ("x", 0)}
    assert [one.name for one in layer.outputs] == ["h"]
    twice = READ["a layer called twice"]
    assert [(one.key, one.definition) for one in twice.blocks if one.kind == "layer"] == [
        ("linear", 3),
        ("linear#2", 3),
    ]


def test_a_sequential_has_its_layers_inside() -> None:
    document = READ["sequential"]
    net = block(document, "net")
    inside = [one for one in document.blocks if one.parent == net.id]
    assert [(one.key, one.type) for one in inside] == [
        ("net.0", "nn.Linear"),
        ("net.1", "nn.Tanh"),
        ("net.2", "nn.Linear"),
    ]
    assert given(document, "net")["2"] == ("net.2", 0)
    assert given(document, "net.1") == {"input": ("net.0", 0)}


def test_a_class_is_a_frame_and_its_calls_are_modules() -> None:
    document = READ["a module with parameters"]
    frame = block(document, "Block")
    assert frame.kind == "class"
    assert {one.key for one in document.blocks if one.parent == frame.id} >= {
        "Block.x",
        "Block.up",
        "Block.down",
        "Block.gain",
        "Block.return",
    }
    call = block(document, "block")
    assert (call.kind, call.type) == ("module", "Block")
    assert given(document, "block") == {"size": "4", "hidden": "8", "x": ("block/0", 0)}
    assert given(document, "block#2")["x"] == ("block", 0)
    kinds = [one.kind for one in document.statements]
    assert [kinds.count(kind) for kind in ("class", "init", "forward", "return")] == [1, 1, 1, 1]


def test_a_training_loop_is_a_frame_and_its_optimizer_has_the_loss() -> None:
    document = READ["a training loop with more"]
    frame = block(document, "train")
    assert given(document, "train") == {"steps": "50"}
    assert [one.name for one in frame.outputs] == ["epoch"]
    assert given(document, "optimizer")["loss"] == ("criterion", 0)
    loop = document.statements[frame.statement]
    inside = children(document, loop.index)
    assert [one.kind for one in inside] == ["assign", "assign", *["expression"] * 3, "code", "code"]
    code = EVERY["a training loop with more"]
    assert cut(code, inside[0].whole) == "    # forward\n    out = net(X).squeeze(1)\n"
    assert cut(code, inside[-1].whole).endswith("    # the end of the loop\n")


def test_batches_are_a_frame_in_the_frame_of_the_rounds() -> None:
    document = READ["batches"]
    rounds, each = block(document, "train"), block(document, "train#2")
    assert (rounds.parent, each.parent) == (-1, rounds.id)
    assert given(document, "train") == {"steps": "2"}
    assert given(document, "train#2") == {"over": "X.split(4)"}
    assert [one.name for one in each.outputs] == ["batch"]
    assert given(document, "net")["input"] == ("train#2", 0)
    assert block(document, "loss").parent == each.id
    document = READ["batches of a loader"]
    assert given(document, "train#2")["over"] == ("loader = DataLoader(TensorDataset(X, y), batch_size=4)", 0)
    assert [one.name for one in block(document, "train#2").outputs] == ["a", "b"]
    assert given(document, "optimizer")["loss"] == ("loss", 0)
    whys = [one.why for one in document.statements if one.kind == "code"]
    assert whys[-1] == "A call of `scheduler.step`, which the page does not know."


def test_two_optimizers_have_a_loss_each() -> None:
    document = READ["two optimizers"]
    assert given(document, "first")["loss"] == ("one", 0)
    assert given(document, "second")["loss"] == ("two", 0)


@pytest.mark.parametrize(
    ("name", "why", "line"),
    [
        ("branches and loops", "A branch: if `x.sum() > 2`.", 3),
        ("branches and loops", "A loop while `x.sum() < 100`.", 9),
        ("branches and loops", "A loop over `range(3)`.", 11),
        ("undefined", "A call of `foo`, which the page does not know.", 2),
        ("a module with a branch", "A branch: if `x.sum() > 0`.", 9),
        ("a decorated function", "A function with a decorator: `torch.no_grad()`.", 3),
        ("in place", "It changes `x` in place.", 3),
    ],
)
def test_code_says_why_and_where(name: str, why: str, line: int) -> None:
    assert (why, line) in [(one.why, one.line) for one in READ[name].statements]


def test_code_is_wired_by_the_names_it_reads_and_binds() -> None:
    document = READ["branches and loops"]
    assert given(document, "while x.sum() < 100:") == {"x": ("if x.sum() > 2:", 0)}
    assert given(document, "y") == {"input": ("for k in range(3):", 1)}


def test_lines_of_code_in_a_row_are_one_block() -> None:
    document = READ["unknown calls"]
    code = [one for one in document.statements if one.kind == "code"]
    assert len(code) == 1
    assert cut(EVERY["unknown calls"], code[0].core).count("\n") == 3


def test_what_is_not_connected_is_open() -> None:
    document = READ["open"]
    assert [a.name for one in document.blocks for a in one.arguments if a.open] == ["input", "other", "1"]


def uses(name: str, which: str) -> list[tuple[str, bool]]:
    code = EVERY[name]
    found = next(one for one in READ[name].statements if cut(code, one.core).startswith(which))
    return [(use.name, use.binds) for use in found.uses]


def test_names_of_inner_scopes_are_not_the_statement_s() -> None:
    code = EVERY["scopes"]
    whole = [(use.name, use.binds) for one in READ["scopes"].statements for use in one.uses]
    assert ("a", True) not in whole
    assert ("self", False) not in whole
    # a comprehension's, a lambda's and a class's own x are left out; defaults and what is global are not
    assert whole.count(("x", True)) == 2
    assert cut(code, READ["scopes"].statements[2].core).startswith("def outer")


def test_names_in_formatted_strings_are_found_where_they_stand() -> None:
    name = "formatted names"
    code = EVERY[name]
    found = [u for one in READ[name].statements for u in one.uses if u.name in ("x", "w") and not u.binds]
    assert len(found) == 6
    assert [cut(code, Stretch(u.start - 1, u.end + 1)) for u in found] == [
        "{x}",
        "{x.",
        "{w}",
        "{x!",
        "{x[",
        " x}",
    ]


def test_offsets_are_those_of_a_browser() -> None:
    name = "beyond ascii"
    theta = next(u for one in READ[name].statements for u in one.uses if u.name == "θ" and u.binds)
    assert theta.start == EVERY[name].index("θ = ") + 1  # 🎉 before it is two units


@pytest.mark.parametrize(
    ("code", "problem", "line", "column"),
    [
        ("x = (\n", "'(' was never closed", 1, 4),
        ("x = 1\n🎉 = = 2\n", "invalid character", 2, 0),
        ("if x:\ny = 1\n", "expected an indented block", 2, 0),
        ("x = 1\0", "null bytes", 0, 0),
        ("x = '\ud800'", "surrogates not allowed", 0, 0),
        ("x = " + "(" * 300 + "1" + ")" * 300, "too many nested parentheses", 1, 204),
        ("x = " + "9" * 5000, "Exceeds the limit", 1, 0),
        ("x = 1" + " + x" * 20_000, "nested too deeply", 0, 0),
    ],
)
def test_what_is_not_python_says_where(code: str, problem: str, line: int, column: int) -> None:
    document = parse(code)
    assert problem in document.problem
    assert not document.statements
    assert (document.line, document.column) == (line, column) or line == 0


HEAD = "import torch\nx = torch.ones(1)\n"


@pytest.mark.parametrize(
    "code",
    [
        HEAD + "y = " + " + ".join(["x"] * 900),
        HEAD + "y = x" + ".sin()" * 400,
        HEAD + "y = " + "torch.sin(" * 190 + "x" + ")" * 190,
        HEAD + "y = x + 1\n" * 1_990,
        HEAD + "y=x;" * 15_000,
        HEAD + "y = " + "[" * 150 + "x" + "]" * 150,
        HEAD + "y = 0x" + "f" * 5_000 + "\nz = foo(0x" + "f" * 5_000 + ")\n",
        HEAD + "y = torch.ones(9**9**9**9)\nz = 9**9**9**9\n",
        HEAD + "torch.sin(" + ",".join(f"a{k}=1" for k in range(3_000)) + ")\n",
        HEAD + ",".join(f"a{k}" for k in range(3_000)) + " = torch.ones(3)\n",
        HEAD + "print(" + ",".join(["x"] * 3_000) + ")\n",
        "import torch\n" + "a" * 30_000 + " = torch.ones(1)\n",
        "x = " + "lambda: " * 300 + "1",
        "x = f'" + "{a}" * 3_000 + "'\n",
        "%\n" * 19,
        "".join("  " * k + "if 1:\n" for k in range(99)) + "  " * 99 + "x = 1\n",
    ],
    ids=lambda code: code[-24:].strip()[:20],
)
def test_hostile_text_is_read_within_bounds(code: str) -> None:
    document = parse(code)
    packed = msgspec.msgpack.encode(document)
    assert msgspec.msgpack.decode(packed, type=Document) == document
    assert document.statements
    top = children(document, -1)
    assert "".join(cut(code, one.whole) for one in top) == code
