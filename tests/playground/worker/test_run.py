"""Running a program: its cells, what they print, how they fail, and how it ends."""

from __future__ import annotations

import textwrap

import pytest

from playground import protocol as p
from playground.runner.channel import SoftTimeout
from playground.runner.limits import Limits
from tests.playground.worker.conftest import FakeChannel, Runner


def test_events_come_in_order(play: Runner) -> None:
    result = play("# %% a\nprint(1)\n# %% b\n2\n")
    kinds = [type(e).__name__ for e in result.events]
    assert kinds == ["Started", "Output", "Output", "Profile", "Finished"]
    assert [c.title for c in result.of(p.Started)[0].cells] == ["a", "b"]
    assert result.text("stdout", 0) == "1\n"
    assert result.text("result", 1) == "2"
    assert result.finished.status == "ok"
    assert result.finished.message == ""
    assert result.finished.interactive


def test_an_error_does_not_stop_the_next_cells(play: Runner) -> None:
    result = play("x = 1\n# %%\n\ndef f():\n    return 1 / 0\n\nf()\n# %%\nprint('still', x)\n")
    (error,) = result.errors
    assert (error.cell, error.line) == (1, 5)
    assert error.message == "ZeroDivisionError: division by zero"
    assert error.traceback == textwrap.dedent("""\
        Traceback (most recent call last):
          File "<program>", line 7, in <module>
            f()
          File "<program>", line 5, in f
            return 1 / 0
                   ~~^~~
        ZeroDivisionError: division by zero
        """)
    assert result.text() == "still 1\n"
    assert result.finished.status == "error"
    assert result.finished.message == "1 of 3 cells ended with an error."


def test_a_cell_that_does_not_parse_reports_its_line_and_others_run(play: Runner) -> None:
    result = play("# %% a\nprint(1)\n# %% b\nx = (1,\n# %% c\nprint(3)\n")
    (error,) = result.errors
    assert (error.cell, error.line) == (1, 4)
    assert error.message == "SyntaxError: '(' was never closed"
    assert "line 4" in error.traceback
    assert result.text() == "1\n3\n"


def test_frames_of_the_engine_are_left_out(play: Runner) -> None:
    result = play("import torch\ntorch.ones(2) @ torch.ones(3)\n")
    (error,) = result.errors
    assert error.line == 2
    assert error.traceback.count("File ") == 1


def test_chained_exceptions_are_shown(play: Runner) -> None:
    (error,) = play(
        "try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    raise ValueError('second') from e\n"
    ).errors
    assert error.line == 4
    assert "The above exception was the direct cause" in error.traceback
    assert error.traceback.count("<program>") == 2


def test_endless_recursion_is_an_ordinary_error(play: Runner) -> None:
    result = play("def f():\n    f()\nf()\n# %%\nprint('on')\n")
    (error,) = result.errors
    assert error.message.startswith("RecursionError")
    assert "more times" in error.traceback
    assert len(error.traceback) < 9_000
    assert result.text() == "on\n"


def test_an_exception_that_cannot_be_shown(play: Runner) -> None:
    code = (
        "class E(Exception):\n    def __str__(self):\n        raise RuntimeError('no')\n"
        "raise E()\n# %%\nprint(2)"
    )
    result = play(code)
    assert (
        result.errors[0].message.startswith("E: <exception str() failed>") or "E:" in result.errors[0].message
    )
    assert result.errors[0].line == 4
    assert result.text() == "2\n"


def test_a_huge_message_is_cut(play: Runner) -> None:
    (error,) = play("raise ValueError('x' * 10**6)").errors
    assert len(error.message.encode()) + len(error.traceback.encode()) <= 8 * 1024 + 10


def test_an_exit_ends_the_program(play: Runner) -> None:
    result = play("print(1)\nimport sys\nsys.exit()\n# %%\nprint(2)")
    assert result.text() == "1\n"
    assert result.finished.status == "ok"
    assert any("did not run" in n for n in result.notices)
    result = play("raise SystemExit('no data')")
    assert result.errors[0].message == "no data"
    assert result.finished.status == "error"


def test_running_out_of_memory_has_a_line_and_a_status(play: Runner) -> None:
    result = play("x = 1\nraise MemoryError\n# %%\nprint(x)")
    assert result.errors[0].line == 2
    assert result.finished.status == "memory"
    assert "256 MiB" in result.finished.message
    assert result.text() == "1\n"


def test_the_soft_deadline_hands_in_what_there_is(play: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    code = "import torch\nx = torch.ones(2)\nprint('begun')\nstop()\n# %%\nprint('never')"

    def stop() -> None:
        raise SoftTimeout(4)

    monkeypatch.setattr("builtins.stop", stop, raising=False)
    result = play(code)
    assert result.finished.status == "timeout"
    assert "line 4" in result.finished.message
    assert result.text() == "begun\n"
    assert result.node("x").kind == "constant"
    assert not result.errors


def test_too_much_output_is_cut_and_then_stopped(play: Runner) -> None:
    result = play("print('x' * 100_000)")
    assert len(result.text()) == 64 * 1024
    assert result.finished.status == "ok"
    assert [n for n in result.notices if "64 KiB" in n]
    result = play(
        "while True:\n    try:\n        print('spam')\n    except Exception:\n        pass\n"
        "# %%\nprint('never')"
    )
    assert result.finished.status == "output_limit"
    assert "256 KiB" in result.finished.message
    assert len(result.text()) == 64 * 1024


def test_output_is_gathered_but_not_held_back(play: Runner) -> None:
    result = play("for i in range(2000):\n    print(i)")
    assert result.text() == "".join(f"{i}\n" for i in range(2000))
    assert len(result.of(p.Output)) < 30
    assert all(len(e.text) <= 16_384 for e in result.of(p.Output))


def test_what_was_printed_is_sent_before_sleeping() -> None:
    from playground.worker.main import run_program

    sent: list[int] = []

    class Watching(FakeChannel):
        def emit(self, event: object) -> None:
            super().emit(event)
            if isinstance(event, p.Output):
                sent.append(self.slept)

        slept = 0

    channel = Watching(Limits(), [])
    import time

    real, time.sleep = time.sleep, lambda seconds: setattr(channel, "slept", channel.slept + 1)
    try:
        run_program(p.Run(run="r", code="import time\nprint(1)\nprint(2)\ntime.sleep(1)\nprint(3)"), channel)
    finally:
        time.sleep = real
    assert channel.slept == 1
    assert 0 in sent
    assert (
        sum(
            e.text.count("\n")
            for e, n in zip([e for e in channel.events if isinstance(e, p.Output)], sent, strict=True)
            if n == 0
        )
        == 2
    )


def test_streams_are_told_apart(play: Runner) -> None:
    result = play("import sys\nprint('a')\nprint('b', file=sys.stderr)\nprint('c')\nsys.stdout.write(5)")
    assert result.text("stdout") == "a\nc\n"
    assert result.text("stderr") == "b\n"
    assert result.errors[0].message == "TypeError: write() argument must be str, not int"


def test_text_that_cannot_be_encoded_is_escaped(play: Runner) -> None:
    assert play("print('a\\ud800b')").text() == "a\\ud800b\n"


def test_values_are_shown_as_a_notebook_shows_them(play: Runner) -> None:
    result = play(
        "# %%\nNone\n# %%\n'text'\n# %%\n1;\n# %%\nimport torch\ntorch.ones(2, requires_grad=True) * 2"
    )
    assert [(e.cell, e.text) for e in result.of(p.Output)] == [
        (1, "'text'"),
        (3, "tensor([2., 2.], grad_fn=<MulBackward0>)"),
    ]


def test_a_program_sees_itself_as_main(play: Runner) -> None:
    code = (
        '"""Words."""\nfrom dataclasses import dataclass\n@dataclass\nclass A:\n    x: int = 1\n'
        "if __name__ == '__main__':\n    print(A(), __doc__)\nimport inspect\n"
        "print(inspect.getsource(A).count('x'))\n"
    )
    assert play(code).text() == "A(x=1) Words.\n1\n"


def test_notebook_commands_are_noticed(play: Runner) -> None:
    result = play("%matplotlib inline\n!pip install torch\nprint(1)")
    assert result.text() == "1\n"
    assert [n[:18] for n in result.notices] == ["%matplotlib inline", "!pip install torch"]


def test_input_says_what_to_do_instead(play: Runner) -> None:
    (error,) = play("name = input('Name? ')").errors
    assert error.message.startswith("EOFError: input() cannot ask anybody here")
    assert error.hint


def test_the_seed_makes_runs_repeat(play: Runner) -> None:
    code = "import torch, random, numpy\nprint(torch.rand(2), random.random(), numpy.random.rand())"
    assert play(code, seed=3).text() == play(code, seed=3).text() != play(code, seed=4).text()
    seeded = "import torch\ntorch.manual_seed(7)\nprint(torch.rand(2))"
    assert play(seeded, seed=1).text() == play(seeded, seed=2).text()


def test_warnings_point_into_the_program(play: Runner) -> None:
    result = play("import warnings\n\nwarnings.warn('careful')\nprint(1)")
    assert result.text("stderr") == "<program>:3: UserWarning: careful\n  warnings.warn('careful')\n"


def test_a_run_leaves_the_process_as_it_was(play: Runner) -> None:
    import sys
    import time

    before = (sys.stdout, time.sleep, list(sys.meta_path), sys.modules["__main__"], "torch" in sys.modules)
    play("import torch, matplotlib.pyplot as plt\nplt.plot([1])\ntorch.ones(1)")
    assert before == (
        sys.stdout,
        time.sleep,
        list(sys.meta_path),
        sys.modules["__main__"],
        "torch" in sys.modules,
    )
    from engine.state import S

    assert S.observers == ()
    assert not S.slow


def test_a_cell_beyond_the_compiler_is_a_syntax_error(play: Runner) -> None:
    result = play(
        "# %%\nx = " + "(" * 5_000 + "1" + ")" * 5_000 + "\n# %%\ny = " + "-" * 60_000 + "1\n# %%\nprint(1)"
    )
    assert [(e.cell, e.line, e.message.split(":")[0]) for e in result.errors] == [
        (0, 2, "SyntaxError"),
        (1, 4, "SyntaxError"),
    ]
    assert result.finished.status == "error"
    assert result.text() == "1\n"
