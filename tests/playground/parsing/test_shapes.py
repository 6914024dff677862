"""Inferred shapes against the engine: every entry of the palette, on inputs that fit and on inputs that do not."""

from __future__ import annotations

import random
import sys
import warnings
from typing import Any

import pytest

import engine
from engine.tensor import Tensor
from playground.protocol import Block, Document, UserData
from playground.worker import data
from playground.worker.parsing import bounds, document, palette, shapes
from playground.worker.parsing.palette import Entry, Parameter
from scripts.gen_programs import programs

ENTRIES = palette.entries()
HEAD = "import data\nimport torch\nfrom torch import nn, optim\n"
PATIENCE_S = 60.0
"""Processor time: a shape must not be missing here because the machine is busy."""

FLOATS = [
    "torch.randn(())",
    "torch.randn(3)",
    "torch.randn(8)",
    "torch.randn(2, 3)",
    "torch.randn(3, 2)",
    "torch.randn(3, 3)",
    "torch.randn(4, 8)",
    "torch.randn(2, 2)",
    "torch.randn(2, 3, 3)",
    "torch.randn(2, 3, 8)",
    "torch.randn(2, 8, 6)",
    "torch.randn(2, 1, 9)",
    "torch.randn(2, 1, 8, 8)",
    "torch.randn(2, 8, 6, 6)",
    "torch.randn(2, 1, 5, 5, 5)",
    "torch.randn(2, 8, 4, 4, 4)",
    "torch.rand(2, 3)",
    "torch.rand(3)",
]
INTEGERS = [
    "torch.tensor(2)",
    "torch.tensor([0, 1, 2])",
    "torch.arange(6).reshape(2, 3) % 3",
    "torch.arange(4) % 3",
    "torch.tensor([True, False, True])",
    "torch.ones(2, 3, dtype=torch.bool)",
]
COMMON = FLOATS + INTEGERS

SAMPLES: dict[str, list[list[str]]] = {
    "nn.Bilinear": [["torch.randn(4, 2)", "torch.randn(4, 2)"]],
    "nn.Embedding": [["torch.tensor([0, 1, 9])"], ["torch.tensor([[1, 2], [3, 4]])"], ["torch.tensor([10])"]],
    "nn.Linear": [["torch.randn(4, 2)"], ["torch.randn(2)"], ["torch.randn(4, 5, 2)"]],
    "nn.LSTM": [["torch.randn(4, 6, 8)"], ["torch.randn(6, 8)"]],
    "nn.GRU": [["torch.randn(4, 6, 8)"], ["torch.randn(6, 8)"]],
    "nn.RNN": [["torch.randn(4, 6, 8)"], ["torch.randn(6, 8)"]],
    "nn.MultiheadAttention": [
        ["torch.randn(4, 6, 8)"] * 3,
        ["torch.randn(4, 6, 8)", *["torch.randn(4, 3, 8)"] * 2],
    ],
    "nn.TransformerEncoderLayer": [["torch.randn(4, 6, 8)"]],
    "nn.TransformerDecoderLayer": [["torch.randn(4, 6, 8)", "torch.randn(4, 3, 8)"]],
    "nn.CrossEntropyLoss": [
        ["torch.randn(4, 3)", "torch.tensor([0, 1, 2, 0])"],
        ["torch.randn(4, 3)", "torch.randn(4)"],
    ],
    "nn.NLLLoss": [["torch.randn(4, 3)", "torch.tensor([0, 1, 2, 0])"]],
    "nn.GaussianNLLLoss": [["torch.randn(4, 1)", "torch.randn(4, 1)", "torch.ones(4, 1)"]],
    "nn.CosineEmbeddingLoss": [["torch.randn(4, 3)", "torch.randn(4, 3)", "torch.ones(4)"]],
    "nn.MarginRankingLoss": [["torch.randn(4)", "torch.randn(4)", "torch.ones(4)"]],
    "nn.TripletMarginLoss": [["torch.randn(4, 3)"] * 3],
    "nn.functional.cross_entropy": [["torch.randn(4, 3)", "torch.tensor([0, 1, 2, 0])"]],
    "nn.functional.nll_loss": [["torch.randn(4, 3)", "torch.tensor([0, 1, 2, 0])"]],
    "nn.functional.gaussian_nll_loss": [["torch.randn(4, 1)", "torch.randn(4, 1)", "torch.ones(4, 1)"]],
    "nn.functional.scaled_dot_product_attention": [["torch.randn(2, 5, 8)"] * 3],
    "nn.functional.linear": [["torch.randn(4, 3)", "torch.randn(2, 3)"]],
    "nn.functional.embedding": [["torch.tensor([0, 1])", "torch.randn(4, 3)"]],
    "nn.functional.batch_norm": [["torch.randn(4, 3)", "torch.zeros(3)", "torch.ones(3)"]],
    "nn.functional.max_pool2d": [["torch.randn(2, 3, 8, 8)"]],
    "nn.functional.avg_pool2d": [["torch.randn(2, 3, 8, 8)"]],
    "nn.functional.pixel_shuffle": [["torch.randn(2, 8, 3, 3)"]],
    "nn.functional.one_hot": [["torch.tensor([0, 2])"]],
    "torch.conv1d": [["torch.randn(2, 1, 9)", "torch.randn(3, 1, 4)"]],
    "torch.conv2d": [["torch.randn(2, 1, 9, 9)", "torch.randn(3, 1, 4, 4)"]],
    "torch.conv3d": [["torch.randn(2, 1, 5, 5, 5)", "torch.randn(3, 1, 2, 2, 2)"]],
    "torch.conv_transpose1d": [["torch.randn(2, 1, 9)", "torch.randn(1, 3, 4)"]],
    "torch.conv_transpose2d": [["torch.randn(2, 1, 9, 9)", "torch.randn(1, 3, 4, 4)"]],
    "torch.conv_transpose3d": [["torch.randn(2, 1, 5, 5, 5)", "torch.randn(1, 3, 2, 2, 2)"]],
    "torch.bmm": [
        ["torch.randn(2, 3, 4)", "torch.randn(2, 4, 5)"],
        ["torch.randn(2, 3, 4)", "torch.randn(3, 4, 5)"],
    ],
    "torch.baddbmm": [["torch.randn(2, 3, 5)", "torch.randn(2, 3, 4)", "torch.randn(2, 4, 5)"]],
    "torch.addmm": [["torch.randn(3, 5)", "torch.randn(3, 4)", "torch.randn(4, 5)"]],
    "torch.addmv": [["torch.randn(3)", "torch.randn(3, 4)", "torch.randn(4)"]],
    "torch.lerp": [["torch.randn(3)", "torch.randn(3)", "torch.tensor(0.5)"]],
    "torch.addcmul": [["torch.randn(3)"] * 3],
    "torch.addcdiv": [["torch.randn(3)", "torch.randn(3)", "torch.rand(3) + 1"]],
    "torch.where": [["torch.tensor([True, False, True])", "torch.randn(3)", "torch.randn(3)"]],
    "torch.gather": [["torch.randn(2, 3)", "torch.tensor([[0], [1]])"]],
    "torch.index_select": [["torch.randn(2, 3)", "torch.tensor([0, 1])"]],
    "torch.take_along_dim": [["torch.randn(2, 3)", "torch.tensor([[0], [1]])"]],
    "torch.scatter": [["torch.zeros(2, 3)", "torch.tensor([[0], [1]])", "torch.ones(2, 1)"]],
    "torch.scatter_add": [["torch.zeros(2, 3)", "torch.tensor([[0], [1]])", "torch.ones(2, 1)"]],
    "torch.index_add": [["torch.zeros(2, 3)", "torch.tensor([0, 1])", "torch.ones(2, 2)"]],
    "torch.masked_fill": [["torch.randn(3)", "torch.tensor([True, False, True])", "torch.tensor(1.0)"]],
    "torch.masked_select": [["torch.randn(3)", "torch.tensor([True, False, True])"]],
    "torch.masked_scatter": [["torch.randn(3)", "torch.tensor([True, False, True])", "torch.ones(3)"]],
    "torch.searchsorted": [["torch.tensor([1.0, 2.0])", "torch.randn(2)"]],
    "torch.bucketize": [["torch.randn(2)", "torch.tensor([1.0, 2.0])"]],
    "torch.tensordot": [["torch.randn(2, 3, 4)", "torch.randn(3, 4, 5)"]],
    "torch.einsum": [["torch.randn(2, 3)", "torch.randn(3, 4)"], ["torch.randn(2, 3)", "torch.randn(2, 4)"]],
    "torch.mv": [["torch.randn(2, 3)", "torch.randn(3)"], ["torch.randn(2, 3)", "torch.randn(2)"]],
    "torch.mm": [["torch.randn(2, 3)", "torch.randn(3, 4)"]],
    "torch.imag": [["torch.complex(torch.ones(2), torch.ones(2))"]],
    "torch.kron": [["torch.randn(2, 3)", "torch.randn(2)"]],
    "torch.dot": [["torch.randn(3)", "torch.randn(3)"]],
    "torch.vdot": [["torch.randn(3)", "torch.randn(3)"]],
    "torch.outer": [["torch.randn(3)", "torch.randn(2)"]],
    "data.split": [["torch.randn(8, 2)", "torch.arange(8)"]],
    "data.decode": [["torch.tensor([3, 4])"]],
    "torch.linalg.solve": [["torch.randn(3, 3)", "torch.randn(3)"]],
    "torch.linalg.cholesky": [["torch.eye(3)"]],
    "torch.cross": [["torch.randn(2, 3)", "torch.randn(2, 3)"]],
    "torch.cdist": [["torch.randn(4, 3)", "torch.randn(5, 3)"]],
    "torch.complex": [["torch.randn(3)", "torch.randn(3)"]],
    "torch.bernoulli": [["torch.rand(3)"]],
    "torch.poisson": [["torch.rand(3)"]],
    "torch.multinomial": [["torch.rand(3)"], ["torch.rand(2, 3)"]],
    "torch.layer_norm": [["torch.randn(4, 8)"]],
    "torch.rms_norm": [["torch.randn(4, 8)"]],
    "nn.functional.pairwise_distance": [["torch.randn(4, 3)", "torch.randn(4, 3)"]],
    "nn.functional.interpolate": [["torch.randn(2, 1, 8, 8)"]],
}
"""Inputs of what needs particular ones, beside those that every entry gets."""

UNKNOWN = {
    *shapes._DEPENDING,
    *shapes._NOT_RUN,
    "Tensor.size",
    "Tensor.dim",
    "Tensor.numel",
    "Tensor.shape",
    "Tensor.item",
    "Tensor.grad",
    "Tensor.backward",
    "Optimizer.step",
    "Optimizer.zero_grad",
    "getattr",
    "number",
    "data.X",
    "data.y",
    "data.X_test",
    "data.y_test",
    "nn.Sequential",
}
"""What has no shape, or none before the program runs; or tests of its own below."""


def argument(parameter: Parameter, value: str) -> str:
    return value if parameter.many else f"{parameter.name}={value}"


def written(entry: Entry, wires: list[str]) -> str:
    """The lines that make and call an entry on these tensors, with its fresh settings: as a block is dropped."""
    names = [f"x{k}" for k in range(len(wires))]
    lines = [f"{name} = {text}" for name, text in zip(names, wires, strict=True)]
    left = list(names)

    def given(place: str) -> str:
        parts: list[str] = []
        skipped = False
        for parameter in entry.parameters:
            if parameter.place != place or parameter.name == "loss":
                continue
            if parameter.wire and parameter.list:
                several = left[:]
                left.clear()
                parts.append(f"[{', '.join(several)}]" if parameter.brackets else ", ".join(several))
            elif parameter.wire and (parameter.required or left) and not (left == [] and parameter.default):
                if left:
                    name = left.pop(0)
                    parts.append(name if not parts or "=" not in parts[-1] else f"{parameter.name}={name}")
            elif parameter.fresh and not parameter.wire:
                in_order = not skipped and not parameter.keyword
                parts.append(parameter.fresh if in_order else argument(parameter, parameter.fresh))
            else:
                skipped = True
        return ", ".join(parts)

    if entry.symbol:
        text = f"{entry.symbol}{names[0]}" if len(names) == 1 else f"{names[0]} {entry.symbol} {names[1]}"
    elif entry.type == "operator.getitem":
        text = f"{names[0]}[0]"
    elif entry.type.startswith("Tensor."):
        receiver = left.pop(0)
        rest = ", ".join(part for part in (p.strip() for p in _rest(entry, left)) if part)
        name = entry.type.removeprefix("Tensor.")
        text = f"{receiver}.{name}" if entry.attribute else f"{receiver}.{name}({rest})"
    elif palette.is_stateful(entry.type):
        lines.append(f"layer = {entry.type}({given('definition')})")
        text = f"layer({given('call')})"
    else:
        text = f"{entry.type}({given('call')})"
    targets = ", ".join(f"y{k}" for k in range(len(entry.outputs))) or "y0"
    return HEAD + "\n".join([*lines, f"{targets} = {text}"]) + "\n"


def _rest(entry: Entry, left: list[str]) -> list[str]:
    """A method's arguments but the tensor itself."""
    parts = []
    for parameter in entry.parameters[1:]:
        if parameter.wire and left:
            parts.append(left.pop(0))
        elif parameter.fresh:
            parts.append(parameter.fresh)
    return parts


def executed(code: str) -> dict[str, Any] | Exception:
    """The names of a program that the engine has run, or the error it ended in."""
    kept = {name: sys.modules.get(name) for name in ("torch", "data")}
    names: dict[str, Any] = {}
    sys.modules["torch"] = engine
    data.install()
    engine.manual_seed(0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exec(code, names)
        return names
    except Exception as error:
        return error
    finally:
        for name, module in kept.items():
            if module is None:
                sys.modules.pop(name, None)
            else:
                sys.modules[name] = module


def dtype_of(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def needed(entry: Entry) -> int:
    """How many tensors an entry must have."""
    count = 0
    for parameter in entry.parameters:
        if parameter.wire and parameter.list:
            count += 2
        elif parameter.wire and parameter.required and parameter.name != "loss":
            count += 1
    return count


def inputs_of(entry: Entry) -> list[list[str]]:
    count = needed(entry)
    draw = random.Random(entry.type)
    if count == 0:
        return [[]]
    if count == 1:
        drawn = [[text] for text in COMMON]
    else:
        drawn = [[text] * count for text in draw.sample(COMMON, 12)]
        drawn += [draw.choices(COMMON, k=count) for _ in range(8)]
    return SAMPLES.get(entry.type, []) + drawn


CHECKED = [entry for entry in ENTRIES.values() if entry.kind != "optimizer" and entry.type not in UNKNOWN]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("entry", CHECKED, ids=lambda entry: entry.type)
def test_shapes_are_those_of_the_engine(entry: Entry) -> None:
    fitted = 0
    for wires in inputs_of(entry):
        code = written(entry, wires)
        names = executed(code)
        found = document(code, budget_s=PATIENCE_S)
        assert not found.problem, code
        assert not any(one.kind == "code" for one in found.statements), (code, found.statements)
        block = next(one for one in reversed(found.blocks) if one.type == entry.type)
        if isinstance(names, Exception):
            assert block.wrong, (code, repr(names))
            assert all(output.shape is None for output in block.outputs)
            continue
        assert not block.wrong, (code, block.wrong)
        fitted += 1
        for output in block.outputs:
            value = names[output.name]
            if isinstance(value, Tensor) and value.numel() <= bounds.ELEMENTS:
                assert output.shape == list(value.shape), code
                assert output.dtype == dtype_of(value), code
            else:
                assert output.shape is None
    assert fitted, f"no input fits: {written(entry, inputs_of(entry)[0])}"


def by_key(found: Document) -> dict[str, Block]:
    return {one.key: one for one in found.blocks}


@pytest.mark.parametrize("name", programs())
def test_whole_programs_have_the_shapes_they_run_with(name: str) -> None:
    """Every variable that the program is left with, of those that blocks bind last."""
    code = programs()[name]
    found = document(code, budget_s=PATIENCE_S)
    names = executed("\n".join("" if line.startswith(("%", "!")) else line for line in code.split("\n")))
    if isinstance(names, Exception):
        return
    assert not any(one.wrong for one in found.blocks), [one.wrong for one in found.blocks]
    last = {
        output.name: output
        for one in found.blocks
        if one.parent == -1
        for output in one.outputs
        if output.name
    }
    for variable, output in last.items():
        value = names.get(variable)
        if output.shape is not None and isinstance(value, Tensor):
            assert (output.shape, output.dtype) == (list(value.shape), dtype_of(value)), variable


def test_what_depends_on_numbers_is_unknown() -> None:
    found = by_key(document(HEAD + "x = torch.randn(9)\na = x[x > 0]\nb = torch.nonzero(x)\nc = a + 1\n"))
    assert [found[key].outputs[0].shape for key in "xabc"] == [[9], None, None, None]
    assert not any(one.wrong for one in found.values())


def test_code_makes_what_follows_unknown() -> None:
    found = by_key(
        document(HEAD + "x = torch.ones(2)\nif True:\n    x = torch.ones(3)\ny = x + 1\nz = torch.ones(4)\n")
    )
    assert found["y"].outputs[0].shape is None
    assert found["z"].outputs[0].shape == [4]


@pytest.mark.parametrize(
    "code",
    [
        "import os\nos._exit(3)\n",
        "open('/etc/passwd').read()\n",
        "x = __import__('os')._exit(3)\n",
        "import torch\nx = torch.load('x')\n",
        "import torch\nx = torch.ones(2)\ny = x.apply_(print)\n",
        "import torch\nx = torch.tensor(exit())\n",
        "import torch\nx = torch.full((2,), exit(3))\n",
        "import torch\nx = torch.ones(2)\ny = x.map_(x, print)\n",
        "import torch\nx = torch.ones(2)\nx.register_hook(exit)\n",
        "import torch\nx = torch.ones(2).__class__.__mro__[1].__subclasses__()\n",
        "import data\nx = data.sys.exit(3)\n",
        "import torch\nx = torch.sys.exit(3)\ny = torch.os._exit(3)\n",
        "from torch import nn\nclass N(nn.Module):\n    def forward(self, x):\n        return exit(3)\ny = N()(1)\n",
        "def f(x, y=exit(3)):\n    return x\nz = f(1)\n",
        "import torch\nx = torch.sin(torch.ones(2), out=exit(3))\n",
    ],
)
def test_nothing_but_the_palette_is_run(code: str) -> None:
    found = document(code, budget_s=PATIENCE_S)
    assert not found.problem
    assert all(output.shape in (None, [2]) for one in found.blocks for output in one.outputs)


@pytest.mark.parametrize(
    "text",
    [
        "torch.zeros(10**5, 10**5)",
        "torch.ones(10**6, 1) + torch.ones(1, 10**6)",
        "torch.ones(10**6, 1) @ torch.ones(1, 10**6)",
        "torch.outer(torch.ones(10**6), torch.ones(10**6))",
        "torch.ones(1000).repeat(10**6)",
        "torch.ones(2).expand(10**6, 2).clone()",
        "nn.Linear(10**5, 10**5)(torch.ones(1, 10**5))",
        "nn.Conv2d(1, 1, 3, padding=10**5)(torch.ones(1, 1, 4, 4))",
        "nn.Upsample(scale_factor=10**4)(torch.ones(1, 1, 100, 100))",
        "nn.AdaptiveAvgPool2d(10**5)(torch.ones(1, 1, 4, 4))",
        "nn.LSTM(10**4, 10**4)(torch.ones(1, 1, 10**4))",
        "nn.Embedding(10**7, 1000)(torch.tensor([0]))",
        "nn.functional.one_hot(torch.arange(1000), 10**6)",
        "torch.eye(10**6)",
        "torch.arange(10**12)",
        "torch.linspace(0, 1, 10**12)",
        "torch.randint(10, (10**12,))",
        "torch.full((10**6, 10**6), 1.0)",
        "torch.tensor([1.0]) * 10**10**10",
        "torch.diag_embed(torch.ones(10**6))",
        "torch.einsum('i,j,k->ijk', torch.ones(10**4), torch.ones(10**4), torch.ones(10**4))",
        "torch.meshgrid(torch.ones(10**4), torch.ones(10**4))[0]",
        "data.moons(10**9)[0]",
    ],
)
def test_what_would_be_too_large_is_not_made(text: str) -> None:
    found = document(HEAD + f"y = {text}\nz = torch.ones(3)\n", budget_s=PATIENCE_S)
    assert not found.problem
    blocks = by_key(found)
    assert blocks["z"].outputs[0].shape == [3]
    assert not any(one.outputs[0].shape for one in found.blocks if any(o.name == "y" for o in one.outputs))


def test_time_is_bounded() -> None:
    slow = "h = torch.randn(1000, 1000)\n" + "h = torch.tanh(h @ h)\n" * 900
    found = document(HEAD + "x = torch.ones(2)\n" + slow, budget_s=0.05)
    blocks = by_key(found)
    assert blocks["x"].outputs[0].shape == [2]
    assert blocks["h#901"].outputs[0].shape is None
    assert not any(one.wrong for one in found.blocks)


def test_functions_that_call_themselves_or_grow_come_to_an_end() -> None:
    doubling = "def f0(x):\n    return x + 1\n" + "".join(
        f"def f{k}(x):\n    return f{k - 1}(x) + f{k - 1}(x)\n" for k in range(1, 30)
    )
    found = document(HEAD + doubling + "y = f29(torch.ones(2))\nz = f3(torch.ones(2))\n", budget_s=PATIENCE_S)
    assert not found.problem


def test_random_numbers_are_as_they_were() -> None:
    engine.manual_seed(3)
    expected = engine.randn(3)
    engine.manual_seed(3)
    document(HEAD + "torch.manual_seed(9)\nx = torch.randn(5)\nX, y = data.moons()\n")
    assert engine.randn(3).tolist() == expected.tolist()


def test_a_table_of_one_s_own_has_its_shape() -> None:
    table = UserData(text="a,b,c\n" + "1,2,0\n3,4,1\n" * 5)
    found = by_key(document(HEAD + "X = data.X\nh = nn.Linear(2, 3)(X)\n", table))
    assert found["X"].outputs[0].shape == [10, 2]
    assert found["h"].outputs[0].shape == [10, 3]


def wrong(text: str, key: str = "y") -> str:
    return by_key(document(HEAD + text, budget_s=PATIENCE_S))[key].wrong


def test_what_does_not_fit_is_said_with_the_names_and_shapes() -> None:
    assert wrong("a = torch.ones(2, 3)\nb = torch.ones(4, 3)\ny = a @ b\n") == (
        "A matrix product needs as many columns in the first, `a` (2, 3), as there are rows in the second, `b` (4, 3): "
        "3 is not 4. Perhaps `a @ b.T`."
    )
    assert wrong("x = torch.ones(5, 3)\nfc = nn.Linear(2, 8)\ny = fc(x)\n", "fc") == (
        "The layer takes 2 features (`Linear(2, 8)`), but its input, `x` (5, 3), has 3 in its last dimension. A layer "
        "`Linear(3, 8)` would fit."
    )
    assert "`a` (3,) and `b` (4,) cannot be combined" in wrong(
        "a = torch.ones(3)\nb = torch.ones(4)\ny = a + b\n"
    )
    assert "num_embeddings must be larger" in wrong("e = nn.Embedding(3, 2)\ny = e(torch.tensor([3]))\n", "e")
    assert "one target for each row" in wrong(
        "y = nn.CrossEntropyLoss()(torch.ones(3, 2), torch.tensor([0]))\n"
    )
    assert "backward() starts from" in wrong(
        "x = torch.ones(3, requires_grad=True)\nx.backward()\n", "x.backward"
    )


def test_a_name_without_a_value_is_said() -> None:
    assert (
        wrong("weight = torch.ones(2)\ny = weigth * 2\n")
        == "`weigth` has no value here. Did you mean `weight`?"
    )
    assert not wrong(
        "def f(x):\n    y = x * later\n    return y\n\nlater = 2.0\nz = f(torch.ones(2))\n", "f.y"
    )
    assert not wrong("from math import *\ny = torch.ones(2) * tau\n")


def test_a_layer_inside_a_sequential_is_where_it_goes_wrong() -> None:
    found = by_key(
        document(
            HEAD
            + "net = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(4, 1))\ny = net(torch.ones(5, 2))\n"
        )
    )
    assert found["net.1"].outputs[0].shape == [5, 8]
    assert "takes 4 features" in found["net.2"].wrong
    assert found["net"].wrong.startswith("In `net.2`: ")
    assert not found["net.0"].wrong


def test_a_call_that_a_class_does_not_take() -> None:
    code = "class N(nn.Module):\n    def forward(self, x):\n        return x\n\nn = N()\ny = n(torch.ones(2), 3)\n"
    assert wrong(code, "n") == "`N` takes `x`."


def test_the_loss_of_a_training_loop_must_be_a_number() -> None:
    code = """
net = nn.Linear(2, 1)
optimizer = optim.SGD(net.parameters(), lr=0.1)
for step in range(3):
    optimizer.zero_grad()
    loss = net(torch.ones(4, 2)) ** 2
    loss.backward()
    optimizer.step()
"""
    assert "backward() starts from" in wrong(code, "loss")


@pytest.mark.parametrize("call", ["digits(n=237, size=6)", "digits(4)", "sequences('sums', 55, length=9)"])
def test_sets_of_which_few_rows_are_made_have_the_shapes_and_dtypes_of_all(call: str) -> None:
    code = HEAD + f"import data\nX, y = data.{call}\n"
    found = by_key(document(code, budget_s=PATIENCE_S))["X"].outputs
    made = eval(f"sets.{call}", {"sets": data.make()})
    assert [(one.shape, one.dtype) for one in found] == [
        (list(one.shape), str(one.dtype).removeprefix("torch.")) for one in made
    ]
