"""The command line shows what the page would."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from playground.__main__ import main
from playground.worker import console

CODE = """\
# %% a
import torch
x = torch.ones(3, requires_grad=True)
loss = (x * 2).sum()
loss.backward()
print("said")
x.grad
# %% b
nonsense
"""


def test_as_text() -> None:
    out = io.StringIO()
    assert console.show(CODE, 0, out=out) == 1
    text = out.getvalue()
    assert "# %% a\nsaid\ntensor([2., 2., 2.])\n" in text
    assert "NameError: name 'nonsense' is not defined" in text
    assert "Hint: " in text
    lines = [line.split() for line in text.splitlines()]
    assert ["0", "3", "aten::ones", "x", "(3,)", "1", "1", "1", "2", "2", "2"] in lines
    assert ["2", "4", "aten::sum", "loss", "()", "6", "1", "1"] in lines
    assert any(line[:1] == ["aten::mul"] and line[-1] == "2" for line in lines)
    assert "error: " in text


def test_as_json() -> None:
    out = io.StringIO()
    assert console.show("print(1)", 0, as_json=True, out=out) == 0
    events = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [e["type"] for e in events] == ["started", "output", "profile", "finished"]


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program = tmp_path / "p.py"
    program.write_text("import torch\nprint(torch.rand(1))")
    assert main(["run", str(program), "--seed", "3"]) == 0
    first = capsys.readouterr().out
    assert main(["run", str(program), "--seed", "3", "--json"]) == 0
    assert first.splitlines()[0] in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["run", str(tmp_path / "none.py")])
    assert "cannot read" in capsys.readouterr().err
