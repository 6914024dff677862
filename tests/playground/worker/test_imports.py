"""What a program can import."""

from __future__ import annotations

import pytest

from tests.playground.worker.conftest import Runner

NAMES = (
    *("math", "numpy", "random", "time", "itertools", "collections", "functools", "dataclasses", "typing"),
    *(
        "torch",
        "torch.nn",
        "torch.nn.functional",
        "torch.optim",
        "torch.autograd",
        "torch.autograd.functional",
    ),
    *(
        "torch.autograd.profiler",
        "matplotlib",
        "matplotlib.pyplot",
        "matplotlib.ticker",
        "numpy.random",
        "json",
    ),
    *(
        "statistics",
        "contextlib",
        "copy",
        "re",
        "os",
        "warnings",
        "string",
        "enum",
        "abc",
        "operator",
        "heapq",
    ),
)


@pytest.mark.parametrize("name", NAMES)
def test_it_can_be_imported(play: Runner, name: str) -> None:
    result = play(f"import {name}\nprint({name}.__name__)")
    assert not result.errors
    assert result.text()


def test_torch_is_the_engine_in_every_spelling(play: Runner) -> None:
    result = play(
        "import torch\nimport torch.nn as nn\nimport torch.nn.functional as F\nfrom torch import optim\n"
        "from torch.autograd import grad\n"
        "print(nn is torch.nn, F is torch.nn.functional, optim is torch.optim)"
    )
    assert result.text() == "True True True\n"


def test_nothing_else_can_be(play: Runner) -> None:
    result = play(
        "import this_is_not_here\n# %%\nimport sqlalchemy.orm.nothing\n# %%\nfrom wsgiref import handlers"
    )
    assert [e.message.split(":")[0] for e in result.errors] == ["ModuleNotFoundError"] * 3


def test_ticker_and_styles_change_nothing(play: Runner) -> None:
    result = play(
        "import matplotlib\nmatplotlib.use('Agg')\nimport matplotlib.pyplot as plt\n"
        "import matplotlib.ticker as ticker\n"
        "plt.style.use('ggplot')\nplt.rcParams['figure.figsize'] = (4, 3)\nfig, ax = plt.subplots()\n"
        "ax.plot([1, 2])\nax.xaxis.set_major_locator(ticker.MultipleLocator(base=1.0))\nprint('fine')"
    )
    assert result.text() == "fine\n"
    assert len(result.figures) == 1
