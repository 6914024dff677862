"""Common mistakes get advice, and messages stay as they are."""

from __future__ import annotations

import pytest

from tests.playground.worker.conftest import Runner

CASES = [
    (
        "import torch\nx = torch.ones(2, requires_grad=True)\n(x * 2).backward()",
        "scalar outputs",
        ".sum().backward()",
    ),
    ("import torch\nx = torch.ones(2, requires_grad=True)\nx.sin_()", "leaf Variable", "torch.no_grad()"),
    (
        "import torch\nx = torch.ones(2, requires_grad=True)\ny = (x * x).sum()\ny.backward()\ny.backward()",
        "second time",
        "retain_graph=True",
    ),
    (
        "import torch\nx = torch.ones(2, requires_grad=True)\ny = x.exp()\ny += 1\ny.sum().backward()",
        "inplace",
        "clone()",
    ),
    ("import torch\ntorch.ones(2).sum().backward()", "does not require grad", "requires_grad=True"),
    ("import torch\ntorch.ones(2, requires_grad=True).numpy()", "numpy()", "detach()"),
    ("import torch\ntorch.ones(3) + torch.ones(2, 4)", "must match", "sizes 3 and 4"),
    (
        "import torch\ntorch.ones(2, 3) @ torch.ones(2, 3)",
        "multiplied (2x3 and 2x3)",
        "3 is not 2",
    ),
    ("import torch\ntorch.ones(6).reshape(4, 2)", "invalid for input of size 6", "-1"),
    ("import torch\nif torch.ones(2) > 0: pass", "ambiguous", ".any()"),
    ("import torch\ntorch.arange(3).requires_grad_()", "floating point", "1.0"),
    ("lost = 1\nprint(lsot)", "NameError", "Did you mean 'lost'?"),
    ("import torch\ntorch.zeroes(3)", "AttributeError", "Did you mean 'zeros'?"),
    ("y = np.ones(3)", "NameError", "import numpy as np"),
    (
        "import torch\nx = torch.ones(2, requires_grad=True)\nx.grad.zero_()",
        "NoneType",
        "backward() has reached it",
    ),
    (
        "import torch\nx = torch.ones(2, requires_grad=True)\nx - 0.1 * x.grad",
        "unsupported operand",
        "not a leaf",
    ),
    ("import pandas", "No module named 'pandas'", "can be imported here"),
    ("import torchvision.models", "No module named 'torchvision'", "data.digits()"),
    ("import torch.distributed.nothing", "torch.distributed", "not in the playground"),
    ("open('/nowhere/at/all')", "No such file", "no files here"),
    ("f = lambda: f()\nf()", "RecursionError", "calls itself"),
]


@pytest.mark.parametrize(("code", "message", "advice"), CASES, ids=[case[1] for case in CASES])
def test_a_mistake_gets_advice(play: Runner, code: str, message: str, advice: str) -> None:
    (error,) = play(code).errors
    assert message in error.message
    assert advice in error.hint
    assert error.line == (1 if message == "RecursionError" else code.count("\n") + 1)


def test_no_advice_is_invented(play: Runner) -> None:
    (error,) = play("raise ValueError('of my own')").errors
    assert error.hint == ""


def test_a_program_may_catch_a_missing_module(play: Runner) -> None:
    result = play("try:\n    import pandas\nexcept ImportError as e:\n    print('no', e.name)")
    assert result.text() == "no pandas\n"
