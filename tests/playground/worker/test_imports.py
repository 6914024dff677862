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
        "torch.optim.lr_scheduler",
        "torch.nn.utils.rnn",
        "torch.nn.utils.clip_grad",
        "torch.utils.data",
        "torch.utils.checkpoint",
        "torch.utils.hooks",
        "torch.distributions",
        "torch.func",
        "torch.linalg",
        "torch.amp",
        "torch.accelerator",
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


def test_what_programs_import_by_name_is_there(play: Runner) -> None:
    result = play(
        "from torch.nn.utils.rnn import pad_sequence, pack_padded_sequence\n"
        "from torch.optim.lr_scheduler import StepLR, LambdaLR, ReduceLROnPlateau\n"
        "from torch.autograd import Variable, grad, Function\n"
        "from torch.utils.data import DataLoader, Dataset, TensorDataset, random_split\n"
        "from torch.nn import functional as F, init, Parameter\n"
        "from torch.distributions import Categorical, Normal\n"
        "from torch import nn, optim, Tensor\n"
        "print(StepLR, Function, Categorical)"
    )
    assert result.text() == (
        "<class 'torch.optim.lr_scheduler.StepLR'> <class 'torch.autograd.function.Function'> "
        "<class 'torch.distributions.categorical.Categorical'>\n"
    )


@pytest.mark.parametrize("name", ["tqdm", "tqdm.auto", "tqdm.notebook"])
def test_progress_bars_pass_through(play: Runner, name: str) -> None:
    result = play(
        f"from {name} import tqdm, trange\n"
        "bar = tqdm([1, 2, 3], desc='epoch')\n"
        "for x in bar:\n    bar.set_postfix(loss=x)\n"
        "print(bar.n, len(bar), bar.postfix, sum(trange(4)))\n"
        "with tqdm(total=10) as p:\n    p.update(4)\n    p.set_description('late')\n    tqdm.write('line')\n"
        "print(p.n, p.total, [x for x in tqdm(y for y in 'ab')])"
    )
    assert not result.errors
    assert result.text() == "3 3 loss=3 6\nline\n4 10 ['a', 'b']\n"


@pytest.mark.parametrize("name", ["torchvision", "sklearn.datasets", "pandas", "torch.utils.tensorboard"])
def test_what_is_missing_is_said(play: Runner, name: str) -> None:
    (error,) = play(f"import {name}").errors
    assert name.partition(".")[0] in error.message
    assert "What can be imported here: torch, numpy, matplotlib.pyplot" in error.hint


def test_a_misspelt_name_is_missing_from_torch(play: Runner) -> None:
    (error,) = play("import torch\ntorch.nn.Liner(2, 2)").errors
    assert error.message == "AttributeError: module 'torch.nn' has no attribute 'Liner'"
    assert "'Linear'" in error.hint
    assert "'torch.nn'" in error.hint


def test_nothing_else_can_be(play: Runner) -> None:
    result = play(
        "import this_is_not_here\n# %%\nimport turtledemo.nothing\n# %%\nfrom turtledemo import clock"
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
