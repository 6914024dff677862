"""Cutting a program into cells."""

from __future__ import annotations

import ast

import pytest

from playground.worker import cells
from playground.worker.blocks import Blocks
from playground.worker.show import pretty


def compile_part(part: cells.Part, flags: int = 0) -> cells.Compiled:
    return cells.compile_part(part, Blocks(), flags)


def _cells(code: str) -> list[tuple[int, int, str]]:
    return [(part.cell.line, part.cell.end_line, part.cell.title) for part in cells.split(code)]


def test_a_program_without_marks_is_one_cell() -> None:
    assert _cells("x = 1\n\ny = 2\n") == [(1, 3, "")]


def test_marks_cut_and_name_cells() -> None:
    assert _cells("# %% First\nx = 1\n\n# %%\n\ny = 2\nz = 3\n") == [(2, 2, "First"), (6, 7, "")]
    assert _cells("#%% tight\nx\n# %% [markdown] words\n# text\n") == [(2, 2, "tight"), (4, 4, "words")]


def test_code_before_the_first_mark_is_a_cell_unless_it_is_only_words() -> None:
    assert _cells("import math\n# %% a\nx = 1\n") == [(1, 1, ""), (3, 3, "a")]
    assert _cells('"""Title. Words."""\n# comment\n\n# %% a\nx = 1\n') == [(5, 5, "a")]
    assert cells.docstring('"""Title. Words."""\n# %% a\nx = 1\n') == "Title. Words."


DOCSTRINGS = [
    '"""Title."""\nx = 1',
    "# words\n\n'Title.'",
    '#!/usr/bin/python\n# %% a\n\x0c"x"',
    '(  # words\n  ("x"  "y")\n)',
    'r"x"',
    '\\\n"x"',
    'b"x"',
    'f"x"',
    'R"x" + y',
    ' "not parsed"',
    "x = 'a'",
    "",
]


@pytest.mark.parametrize("code", DOCSTRINGS)
def test_the_docstring_is_the_one_python_finds(code: str) -> None:
    try:
        expected = ast.get_docstring(ast.parse(code), clean=False)
    except SyntaxError:
        expected = None
    assert cells.docstring(code) == expected


@pytest.mark.timeout(20)
def test_the_search_for_a_docstring_ends() -> None:
    """A number sign begins a comment or belongs to one: a pattern that tried both would try exponentially many ways."""
    assert cells.docstring("#" * 100_000) is None
    assert cells.docstring("( " * 100_000) is None


def test_a_mark_in_a_string_is_text() -> None:
    assert _cells('s = """\n# %% not a mark\n"""\n# %% mark\nx = 1\n') == [(1, 3, ""), (5, 5, "mark")]


def test_a_broken_cell_does_not_hide_the_marks() -> None:
    assert _cells('# %% a\ns = """\n# %% b\nx = 1\n') == [(2, 2, "a"), (4, 4, "b")]


def test_an_empty_program_is_one_empty_cell() -> None:
    assert _cells("") == [(1, 1, "")]


def test_lines_and_columns_are_the_programs() -> None:
    part = cells.split("# %% a\nx = 1\n# %% b\n\n  # indented\ny = (\n    1 / 0)\n")[1]
    names: dict[str, object] = {}
    with pytest.raises(ZeroDivisionError) as caught:
        exec(compile_part(part).body, names)
    trace = caught.value.__traceback__
    assert trace is not None
    assert trace.tb_next is not None
    assert trace.tb_next.tb_lineno == 7
    position = list(trace.tb_next.tb_frame.f_code.co_positions())[trace.tb_next.tb_lasti // 2]
    assert position == (7, 7, 4, 9)


def test_a_syntax_error_has_the_programs_line() -> None:
    with pytest.raises(SyntaxError) as caught:
        compile_part(cells.split("# %% a\nx = 1\n# %% b\ny = = 2\n")[1])
    assert caught.value.lineno == 4


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("1 + 1", True),
        ("1 + 1;", False),
        ("1 + 1 ; # quiet", False),
        ("x = 1", False),
        ("1 + 1  # said", True),
        ("", False),
    ],
)
def test_the_last_expression_is_shown(code: str, shown: bool) -> None:
    assert (compile_part(cells.split(code)[0]).value is not None) == shown


def test_a_docstring_is_not_a_value_but_a_later_string_is() -> None:
    assert compile_part(cells.split('"""Doc."""')[0]).value is None
    assert compile_part(cells.split('x = 1\n# %%\n"text"')[1]).value is not None


def test_notebook_commands_are_left_out() -> None:
    compiled = compile_part(
        cells.split("%matplotlib inline\nif True:\n    !pip install x\nz = 7 \\\n  % 4\n")[0]
    )
    assert compiled.commands == ("%matplotlib inline", "!pip install x")
    compiled = compile_part(cells.split("z = (7\n% 4)\n")[0])
    assert compiled.commands == ()


def test_future_features_hold_in_later_cells() -> None:
    first, second = cells.split("from __future__ import annotations\n# %%\ndef f(x: Undefined): ...\n")
    flags = compile_part(first).flags
    exec(compile_part(second, flags).body, {})


def test_form_feeds_and_carriage_returns_do_not_shift_lines() -> None:
    assert _cells("a = 1\x0c\r\nb = 2\r\n# %% x\r\nc = 3") == [(1, 2, ""), (4, 4, "x")]


def test_pretty_lays_containers_out_like_a_notebook() -> None:
    assert pretty([1, 2]) == "[1, 2]"
    assert pretty((1,)) == "(1,)"
    assert pretty({"a": 1}) == "{'a': 1}"
    assert pretty(["x" * 50, "y" * 50]) == f"['{'x' * 50}',\n '{'y' * 50}']"
    assert pretty({"k": ["x" * 50, "y" * 50]}) == f"{{'k': ['{'x' * 50}',\n  '{'y' * 50}']}}"

    class Tall:
        def __repr__(self) -> str:
            return "a\nb"

    assert pretty((Tall(), 1)) == "(a\n b,\n 1)"
    loop: list[object] = [1]
    loop.append(loop)
    assert pretty(loop) == "[1, [1, [...]]]"
    assert pretty(list(range(2000))).endswith("...]")
