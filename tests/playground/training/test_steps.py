"""Steps are found and measured, whoever takes them."""

from __future__ import annotations

import math

import pytest

from playground import protocol as p
from playground.runner.limits import Limits
from tests.playground.training.conftest import FREE, Trained, Trainer
from tests.playground.training.programs import ALL, program


def losses(result: Trained, key: str = "") -> list[float]:
    return list(result.series(f"loss{key}").values())


@pytest.mark.parametrize("name", sorted(ALL))
def test_every_program_trains_in_so_many_steps(train: Trainer, limits: Limits, name: str) -> None:
    result = train(program(name, 40), limits)
    assert result.step == 40
    found = losses(result) + losses(result, "/1")
    assert found
    assert all(math.isfinite(loss) for loss in found)
    assert all(0 <= event.cost < 1 for event in result.training)


def test_loss_rate_and_gradient(train: Trainer, limits: Limits) -> None:
    """One parameter, by hand: ``loss = (w - 1) ** 2`` with a rate of 0.25 halves the distance at each step."""
    code = """\
import torch
w = torch.tensor([3.0], requires_grad=True)
optimizer = torch.optim.SGD([w], lr=0.25)
for i in range(20):
    optimizer.zero_grad()
    loss = ((w - 1) ** 2).sum()
    loss.backward()
    optimizer.step()
"""
    result = train(code, limits)
    assert set(result.series("lr").values()) == {0.25}
    assert list(result.series("loss")) == list(range(1, 21)), "a short training is shown whole"
    (learner,) = result.training[0].learners
    assert (learner.name, learner.variable, learner.lr, learner.group) == ("SGD", "optimizer", 0.25, 0)
    for step, loss in result.series("loss").items():
        distance = 2 * 0.5 ** (step - 1)
        assert loss == pytest.approx(distance**2, rel=1e-4)
        assert result.series("grad_norm")[step] == pytest.approx(2 * distance, rel=1e-4)
    for point in result.parameters:
        distance = 2 * 0.5 ** (point.step - 1)
        assert point.name == "w"
        assert point.weight_norm == pytest.approx(1 + distance / 2, rel=1e-4)
        assert point.update_ratio == pytest.approx((distance / 2) / (1 + distance), rel=1e-4)
        assert point.percentiles == [pytest.approx(2 * distance, rel=1e-4)] * 5
    assert result.parameters


def test_two_optimizers(train: Trainer, limits: Limits) -> None:
    result = train(program("GAN", 80), limits)
    variables = {(one.optimizer, one.variable) for event in result.training for one in event.learners}
    assert variables == {(0, "opt_d"), (1, "opt_g")}
    assert {"loss", "loss/1", "lr", "lr/1", "grad_norm", "grad_norm/1"} <= result.names
    # The first to step is the discriminator, so its steps are the odd ones.
    assert all(step % 2 == 1 for step in result.series("loss"))
    assert all(step % 2 == 0 for step in result.series("loss/1"))
    assert {h.name for h in result.histograms if h.of == "gradient"} >= {"D.0.weight", "G.0.weight"}
    assert {h.name for h in result.histograms if h.of == "activation"} >= {"D.0", "G.0"}


def test_groups(train: Trainer) -> None:
    code = program("XOR", 10).replace(
        "model.parameters(), lr=0.05",
        "[{'params': model.hidden.parameters(), 'lr': 0.5}, {'params': model.out.parameters()}], lr=0.05",
    )
    (first, second), *_ = [e.learners for e in train(code).training if e.learners]
    assert (first.group, first.lr, second.group, second.lr) == (0, 0.5, 1, 0.05)


def test_a_scheduler_shows(train: Trainer) -> None:
    result = train(program("CURVE", 80))
    rates = [one.lr for event in result.training for one in event.learners]
    assert rates == sorted({0.01, 0.005, 0.0025, 0.00125} & set(rates), reverse=True)
    assert len(rates) >= 2
    assert rates[0] == 0.01


def test_a_closure(train: Trainer, limits: Limits) -> None:
    """L-BFGS calls the closure several times in a step, which is still one."""
    result = train(program("LBFGS", 60), limits)
    assert result.step == 60
    found = losses(result)
    assert found[-1] < found[0]


def test_gradient_accumulation(train: Trainer, limits: Limits) -> None:
    result = train(program("ACCUMULATION", 24), limits)
    assert result.step == 24
    assert [progress.total for progress in result.training[-1].progress] == [24]


@pytest.mark.parametrize(
    "update",
    [
        "with torch.no_grad():\n        w -= 0.1 * w.grad\n    w.grad.zero_()",
        "w.data -= 0.1 * w.grad\n    w.grad = None",
        "w.data = w.data - 0.1 * w.grad\n    w.grad = None",
        "w = (w - 0.1 * w.grad).detach().requires_grad_()",
    ],
)
def test_steps_by_hand(train: Trainer, limits: Limits, update: str) -> None:
    code = f"""\
import torch
w = torch.tensor([3.0, -2.0], requires_grad=True)
for i in range(50):
    loss = (w ** 2).sum()
    loss.backward()
    {update}
print(loss.item())
"""
    result = train(code, limits)
    assert result.step == 50
    assert not [one for event in result.training for one in event.learners]
    found, norms = result.series("loss"), result.series("grad_norm")
    # The last step may be measured when its gradient has gone.
    assert len(norms) >= len(found) - 1 > 0
    for step, loss in found.items():
        assert loss == pytest.approx(13 * 0.8 ** (2 * (step - 1)), rel=1e-3)
        if step in norms:
            assert norms[step] == pytest.approx(2 * math.sqrt(loss), rel=1e-3)


def test_accumulation_by_hand(train: Trainer) -> None:
    code = """\
import torch
w = torch.tensor([3.0], requires_grad=True)
for i in range(30):
    loss = (w ** 2).sum() / 3
    loss.backward()
    if i % 3 == 2:
        with torch.no_grad():
            w -= 0.1 * w.grad
            w.grad.zero_()
"""
    assert train(code).step == 10


@pytest.mark.parametrize(
    "code",
    [
        "import torch\nfor i in range(30):\n    x = torch.randn(3, requires_grad=True)\n    x.sum().backward()\n",
        "import torch\nx = torch.ones(3, requires_grad=True)\nfor i in range(30):\n    (x ** 2).sum().backward()\n",
        "import torch\nx = torch.ones(3, requires_grad=True)\n(x ** 2).sum().backward()\nx.data += 1\n"
        "(x ** 2).sum().backward()\n",
    ],
)
def test_what_is_no_training(train: Trainer, code: str) -> None:
    """Gradients of other leaves each time, of the same that stay, and two passes that are in no loop."""
    assert not train(code).training


def test_numbers_of_the_programs(train: Trainer, limits: Limits) -> None:
    """What changes in the loop and is called by a word; neither counters nor settings nor the loss again."""
    code = """\
import torch
w = torch.zeros(1, requires_grad=True)
optimizer = torch.optim.SGD([w], lr=0.1)
batch_size, rate, seen, best, k = 32, 0.5, 0, 9.0, 3.5

def train():
    global best
    count = 0
    momentum = 1.0
    for epoch in range(400):
        optimizer.zero_grad()
        loss = ((w - 3) ** 2).sum()
        loss.backward()
        optimizer.step()
        count += 1
        val_loss = loss.item() * 2
        accuracy = 1 - loss.detach() / 9
        k = epoch / 3
        best = min(best, val_loss)

train()
"""
    result = train(code, limits)
    assert result.names == {"loss", "lr", "grad_norm", "val_loss", "accuracy"}
    val, loss = result.series("val_loss"), result.series("loss")
    for step in val:
        if step - 1 in loss:  # it is worked out after the step
            assert val[step] == pytest.approx(2 * loss[step - 1], rel=1e-6)


def test_progress(train: Trainer, limits: Limits) -> None:
    result = train(program("CURVE", 120), limits)
    last = result.training[-1].progress
    assert [(one.done, one.total, one.depth) for one in last] == [(30, 30, 0), (4, 4, 1)]
    before = next(e for e in result.training if e.points is not None and e.step < 60).progress
    assert [one.total for one in before] == [30, 4]
    assert before[0].done == (result.training[0].step - 1) // 4 or before[0].done < 30


@pytest.mark.parametrize(
    ("head", "total"),
    [
        ("for i in range(0, 60, 2):", 30),
        ("for i, _ in enumerate([0] * 30):", 30),
        ("for i, _ in zip(range(40), [0] * 30):", 30),
        ("for i in reversed(range(30)):", 30),
        ("for i in tqdm(range(30)):", 30),
        ("for i in tqdm(range(30), total=30, desc='training'):", 30),
        ("i = 0\nwhile (i := i + 1) <= 30:", None),
        ("for i in (k for k in range(30)):", None),
    ],
)
def test_lengths_of_loops(train: Trainer, head: str, total: int | None) -> None:
    code = f"""\
import torch
from tqdm import tqdm
w = torch.zeros(1, requires_grad=True)
optimizer = torch.optim.SGD([w], lr=0.1)
{head}
    optimizer.zero_grad()
    (w - 1).pow(2).sum().backward()
    optimizer.step()
"""
    result = train(code)
    assert result.step == 30
    assert [one.total for one in result.training[-1].progress] == ([] if total is None else [total])


def test_histograms(train: Trainer, limits: Limits) -> None:
    result = train(program("CNN", 40), limits)
    found = {(h.of, h.name) for h in result.histograms}
    assert found == {
        *(
            (of, name)
            for of in ("weight", "gradient")
            for name in ("conv.weight", "conv.bias", "fc.weight", "fc.bias")
        ),
        *(("activation", name) for name in ("conv", "fc")),
    }
    for histogram in result.histograms:
        assert histogram.low <= histogram.high
        expected = {
            "conv.weight": 36,
            "conv.bias": 4,
            "fc.weight": 640,
            "fc.bias": 10,
            "conv": 24 * 4 * 64,
            "fc": 240,
        }
        assert sum(histogram.counts) == expected[histogram.name]


def test_the_recorder_leaves(train: Trainer) -> None:
    """Little is recorded, the rest is counted about."""
    result = train(program("XOR", 500), FREE)
    whole = train(program("XOR", 500), Limits(operations=1_000_000))
    assert any("full speed" in notice for notice in result.notices)
    assert len(result.nodes) + len(result.steps) == 300
    assert result.finished.operations == pytest.approx(whole.finished.operations, rel=0.02)
    assert result.of(p.Graph)[-1].omitted == pytest.approx(whole.finished.operations, rel=0.05)


def test_two_cells(train: Trainer) -> None:
    """The variables outlive their cell, and so do the names."""
    code = (
        program("XOR", 20).replace("for epoch", "# %%\nfor epoch")
        + "\n# %%\nfor k in range(5):\n    model(X)\n"
    )
    result = train(code)
    assert result.step == 20
    assert {point.name for point in result.parameters} == {
        "hidden.weight",
        "hidden.bias",
        "out.weight",
        "out.bias",
    }
