"""Properties of inferred shapes, over the whole palette: with settings drawn at random, of what has a tensor's size
and no tensor, of optimizers, of a table of one's own, of layers in a row; and of what is left unknown on purpose.

`test_shapes` has each entry with its fresh settings on inputs of every kind.
"""

from __future__ import annotations

import random
import sys
from typing import Any

import pytest

from engine.tensor import Tensor
from playground.protocol import UserData
from playground.worker import data
from playground.worker.parsing import bounds, document, shapes
from playground.worker.parsing.palette import Entry, Parameter
from tests.playground.parsing.test_shapes import (
    CHECKED,
    COMMON,
    ENTRIES,
    HEAD,
    PATIENCE_S,
    SAMPLES,
    UNKNOWN,
    by_key,
    dtype_of,
    executed,
    inputs_of,
    written,
)

OPTIMIZERS = [entry for entry in ENTRIES.values() if entry.kind == "optimizer"]

BY_NUMBERS: dict[str, str] = {
    "torch.masked_select": "torch.masked_select(x, x > 0)",
    "torch.nonzero": "torch.nonzero(x)",
    "torch.argwhere": "torch.argwhere(x)",
    "torch.unique": "torch.unique(x)",
    "torch.bincount": "torch.bincount(torch.tensor([1, 2, 2]))",
}
"""How many elements come out depends on the numbers, and those are not known before the program runs."""

NO_TENSOR: dict[str, str] = {
    "Tensor.size": "n = x.size(0)",
    "Tensor.dim": "n = x.dim()",
    "Tensor.numel": "n = x.numel()",
    "Tensor.shape": "n = x.shape[-1]",
    "number": "n = 3",
}
"""Numbers that are known without running anything: what is made with them must have the right size."""

NO_VALUE: dict[str, str] = {
    "torch.manual_seed": "torch.manual_seed(3)",
    "print": "print(x)",
    "Tensor.retain_grad": "x.retain_grad()",
    "Tensor.backward": "x.sum().backward()",
    "Tensor.numpy": "n = x.detach().numpy()",
    "Tensor.tolist": "n = x.tolist()",
    "Tensor.item": "n = x.sum().item()",
}
"""What is there for its effect, or gives plain Python whose numbers are not known."""

ELSEWHERE: dict[str, str] = {
    "Tensor.grad": "test_a_gradient_has_the_shape_of_its_tensor",
    "Optimizer.step": "test_a_training_loop_of_every_optimizer",
    "Optimizer.zero_grad": "test_a_training_loop_of_every_optimizer",
    "getattr": "test_a_layer_s_parameter_has_its_shape",
    "nn.Sequential": "test_layers_in_a_row",
    **dict.fromkeys(("data.X", "data.y", "data.X_test", "data.y_test"), "test_parts_of_a_table"),
}
"""What has a test of its own, by its name."""


def test_every_entry_of_the_palette_is_in_one_of_the_tests() -> None:
    covered = [
        {entry.type for entry in CHECKED},
        {entry.type for entry in OPTIMIZERS},
        BY_NUMBERS,
        NO_TENSOR,
        NO_VALUE,
        ELSEWHERE,
    ]
    names = [name for some in covered for name in some]
    assert len(names) == len(set(names)), "each in one"
    assert set(names) == set(ENTRIES) | {"Optimizer.step", "Optimizer.zero_grad"} & set(names)
    assert set(names) - covered[0] - covered[1] == UNKNOWN
    assert all(name in globals() for name in ELSEWHERE.values())
    assert set(BY_NUMBERS) | {"Tensor.numpy"} == shapes._DEPENDING


SEVERAL: dict[str, tuple[str, ...]] = {
    "dim dim0 dim1 dim2 axis0 axis1": ("0", "1", "-1", "2", "-2"),
    "start_dim end_dim source destination": ("0", "1", "-1"),
    "keepdim ceil_mode affine batch_first bidirectional bias unbiased": ("True", "False"),
    "elementwise_affine norm_first full left upper largest need_weights": ("True", "False"),
    "padding output_padding offset diagonal": ("0", "1", "2"),
    "stride dilation groups num_layers num_groups nhead num_heads kernel_size": ("1", "2", "3"),
    "in_channels out_channels num_channels num_features": ("1", "3", "8"),
    "in_features in1_features in2_features input_size hidden_size": ("2", "3", "8"),
    "out_features embed_dim d_model embedding_dim normalized_shape": ("3", "8"),
    "scale_factor upscale_factor chunks k n m repeats": ("1", "2", "3"),
    "steps num_samples split_size_or_sections bins": ("1", "2", "5"),
}
DRAWN: dict[str, tuple[str, ...]] = {
    **{name: values for names, values in SEVERAL.items() for name in names.split()},
    "reduction": ("'mean'", "'sum'", "'none'"),
    "correction": ("0", "1"),
    "dims": ("(0, 1)", "(1, 0)", "(0, 2, 1)", "(-1,)"),
    "shape": ("(-1,)", "(3, -1)", "(2, 3)", "(-1, 2)"),
    "size": ("(2, 3)", "(4,)", "6"),
    "sizes": ("2, 1", "2", "1, 2, 3"),
    "pad": ("(1, 1)", "(0, 2)", "(1, 0, 2, 1)"),
    "shifts": ("1", "-2"),
    "index": ("0", "1", "-1", "2"),
    "num_classes": ("-1", "3", "7"),
    "unflattened_size": ("(1, 8)", "(2, 4)", "(2, 3)"),
    "equation": ("'ij,jk->ik'", "'ij,ij->i'", "'ij,kj->ki'", "'i,j->ij'"),
    "ord": ("None", "1", "2"),
    "p": ("1.0", "2.0", "3.0"),
    "indexing": ("'ij'", "'xy'"),
    "approximate": ("'none'", "'tanh'"),
    "align_corners": ("None", "True"),
    "dtype": ("None", "torch.float64", "torch.int64"),
}
"""Settings that decide about sizes and dtypes, with values some of which fit."""
DRAWS = 12
MOST_DRAWS = 200
"""Where many settings have to go together."""


def drawn(entry: Entry, draw: random.Random) -> Entry:
    """The entry as if a person had changed some of its settings."""
    settings = [p for p in entry.parameters if not p.wire and p.name in DRAWN and not p.many]
    chosen = {id(p): draw.choice(DRAWN[p.name]) for p in settings if draw.random() < 0.6}
    parameters = tuple(
        Parameter(
            **{name: getattr(p, name) for name in Parameter.__struct_fields__} | {"fresh": chosen[id(p)]}
        )
        if id(p) in chosen
        else p
        for p in entry.parameters
    )
    return Entry(
        **{name: getattr(entry, name) for name in Entry.__struct_fields__} | {"parameters": parameters}
    )


def compared(code: str, type_: str) -> bool:
    """Whether a program runs; its block must then have the engine's shapes, and else say what is wrong."""
    names = executed(code)
    found = document(code, budget_s=PATIENCE_S)
    assert not found.problem, code
    assert not any(one.kind == "code" for one in found.statements), (code, found.statements)
    block = next(one for one in reversed(found.blocks) if one.type == type_)
    if isinstance(names, Exception):
        assert block.wrong, (code, repr(names))
        assert all(output.shape is None for output in block.outputs), code
        return False
    assert not block.wrong, (code, block.wrong)
    for output in block.outputs:
        value = names[output.name]
        if isinstance(value, Tensor) and value.numel() <= bounds.ELEMENTS:
            assert output.shape == list(value.shape), code
            assert output.dtype == dtype_of(value), code
        else:
            assert output.shape is None, code
    return True


SET = [
    entry for entry in CHECKED if any(not p.wire and p.name in DRAWN and not p.many for p in entry.parameters)
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("entry", SET, ids=lambda entry: entry.type)
def test_with_settings_drawn_at_random(entry: Entry) -> None:
    draw = random.Random(f"settings of {entry.type}")
    inputs = [
        wires for wires in inputs_of(entry) if not isinstance(executed(written(entry, wires)), Exception)
    ]
    inputs = (SAMPLES.get(entry.type) or inputs)[:4] + draw.sample(inputs, min(len(inputs), 3))
    fitted = 0
    for count in range(MOST_DRAWS):
        fitted += compared(written(drawn(entry, draw), draw.choice(inputs)), entry.type)
        if count >= DRAWS and fitted:
            return
    pytest.fail("none of the draws fits")


@pytest.mark.parametrize("type_", NO_TENSOR)
@pytest.mark.parametrize("x", ["torch.randn(3)", "torch.randn(2, 3)", "torch.randn(2, 1, 4)"])
def test_numbers_that_are_known_give_sizes(type_: str, x: str) -> None:
    code = f"{HEAD}x = {x}\n{NO_TENSOR[type_]}\ny = torch.zeros(n, 2)\n"
    assert compared(code, "torch.zeros")


@pytest.mark.parametrize("type_", BY_NUMBERS)
def test_what_depends_on_numbers_claims_nothing_and_what_follows_goes_on(type_: str) -> None:
    code = (
        f"{HEAD}x = torch.tensor([1.0, -2.0, 0.0])\ny = {BY_NUMBERS[type_]}\nw = y + 1\nz = torch.ones(4)\n"
    )
    names = executed(code)
    assert isinstance(names, dict), names
    found = by_key(document(code, budget_s=PATIENCE_S))
    assert found["y"].type == type_
    assert [found[key].outputs[0].shape for key in "ywz"] == [None, None, [4]]
    assert not any(one.wrong for one in found.values())


@pytest.mark.parametrize("type_", NO_VALUE)
def test_what_has_no_tensor_claims_nothing_and_changes_nothing(type_: str) -> None:
    code = f"{HEAD}x = torch.ones(2, 3, requires_grad=True)\n{NO_VALUE[type_]}\nz = x * 2\n"
    assert isinstance(executed(code), dict)
    found = document(code, budget_s=PATIENCE_S)
    (block,) = (one for one in found.blocks if one.type == type_)
    assert all(output.shape is None for output in block.outputs)
    assert by_key(found)["z"].outputs[0].shape == [2, 3]
    assert not any(one.wrong for one in found.blocks)


@pytest.mark.parametrize("x", [text for text in COMMON if "randn" in text])
def test_a_gradient_has_the_shape_of_its_tensor(x: str) -> None:
    code = f"{HEAD}x = {x}.requires_grad_()\ny = x.sum()\ny.backward()\ng = x.grad\n"
    names = executed(code)
    assert isinstance(names, dict), names
    output = by_key(document(code, budget_s=PATIENCE_S))["g"].outputs[0]
    assert (output.shape, output.dtype) == (list(names["g"].shape), dtype_of(names["g"]))


@pytest.mark.parametrize(
    ("layer", "name"),
    [
        ("nn.Linear(2, 8)", "weight"),
        ("nn.Linear(2, 8)", "bias"),
        ("nn.Conv2d(1, 8, 3)", "weight"),
        ("nn.Embedding(10, 4)", "weight"),
        ("nn.LayerNorm(8)", "bias"),
        ("nn.BatchNorm1d(8)", "weight"),
    ],
)
def test_a_layer_s_parameter_has_its_shape(layer: str, name: str) -> None:
    code = f"{HEAD}net = {layer}\np = net.{name}\n"
    names = executed(code)
    assert isinstance(names, dict), names
    assert by_key(document(code, budget_s=PATIENCE_S))["p"].outputs[0].shape == list(names["p"].shape)


LAYERS = [
    "nn.Linear(8, 8)",
    "nn.Linear(8, 4)",
    "nn.Linear(4, 8)",
    "nn.ReLU()",
    "nn.LayerNorm(8)",
    "nn.BatchNorm1d(8)",
    "nn.Dropout(0.5)",
    "nn.Flatten()",
    "nn.Conv1d(8, 4, 3)",
    "nn.Conv2d(1, 4, 3)",
    "nn.MaxPool2d(2)",
    "nn.Softmax(-1)",
    "nn.Unflatten(1, (2, 4))",
    "nn.Sequential(nn.Linear(8, 8), nn.Tanh())",
]


@pytest.mark.parametrize("seed", range(60))
def test_layers_in_a_row(seed: int) -> None:
    draw = random.Random(seed)
    layers = draw.choices(LAYERS, k=draw.randint(1, 4))
    x = draw.choice(
        ["torch.randn(5, 8)", "torch.randn(5, 4)", "torch.randn(2, 8, 8)", "torch.randn(2, 1, 8, 8)"]
    )
    code = f"{HEAD}net = nn.Sequential({', '.join(layers)})\nx = {x}\ny = net(x)\n"
    names = executed(code)
    found = by_key(document(code, budget_s=PATIENCE_S))
    if isinstance(names, Exception):
        assert found["net"].wrong, (code, names)
        assert found["net"].outputs[0].shape is None
        return
    assert not any(one.wrong for one in found.values()), code
    output = found["net"].outputs[0]
    assert (output.shape, output.dtype) == (list(names["y"].shape), dtype_of(names["y"])), code
    assert names["net"].training


@pytest.mark.parametrize("entry", OPTIMIZERS, ids=lambda entry: entry.type)
def test_a_training_loop_of_every_optimizer(entry: Entry) -> None:
    draw = random.Random(entry.type)
    settings = ", ".join(
        f"{p.name}={p.fresh or p.default}"
        for p in entry.parameters
        if p.place == "definition" and p.name != "params" and (p.fresh or draw.random() < 0.5)
    )
    width = draw.randint(2, 9)
    code = f"""{HEAD}x = torch.randn(7, 2)
net = nn.Linear(2, {width})
optimizer = {entry.type}(net.parameters(), {settings})
for step in range(3):
    optimizer.zero_grad()
    h = net(x)
    loss = (h ** 2).mean()
    loss.backward()
    optimizer.step()
"""
    names = executed(code)
    assert isinstance(names, dict), names
    found = document(code, budget_s=PATIENCE_S)
    assert entry.type in {one.type for one in found.blocks}
    assert not any(one.wrong for one in found.blocks), code
    assert not any(one.kind == "code" for one in found.statements), code
    outputs = {output.name: output for one in found.blocks for output in one.outputs if output.name}
    for name in ("x", "h", "loss"):
        assert outputs[name].shape == list(names[name].shape), name


@pytest.mark.parametrize("rows", [4, 9, 30])
@pytest.mark.parametrize("classes", [False, True])
@pytest.mark.parametrize("test", [0.0, 0.25])
def test_parts_of_a_table(rows: int, classes: bool, test: float) -> None:
    text = "a,b,c\n" + "".join(f"{i},{i * i},{'uv'[i % 2] if classes else i / 2}\n" for i in range(rows))
    table = UserData(text=text, test=test)
    parts = ["X", "y", *(["X_test", "y_test"] if test else [])]
    code = HEAD + "".join(f"{part} = data.{part}\n" for part in parts) + "h = nn.Linear(2, 3)(X)\n"
    before = sys.modules.get("data")
    given: dict[str, Any] = {part: getattr(data.make(table), part) for part in parts}
    assert sys.modules.get("data") is before
    found = by_key(document(code, table, budget_s=PATIENCE_S))
    for part in parts:
        output = found[part].outputs[0]
        assert (output.shape, output.dtype) == (list(given[part].shape), dtype_of(given[part]))
    assert found["h"].outputs[0].shape == [len(given["X"]), 3]
