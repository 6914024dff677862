"""A program that is watched computes, prints and keeps exactly what it does by itself."""

from __future__ import annotations

import io
from contextlib import redirect_stdout

import pytest

from engine.alias import install
from engine.random import manual_seed
from engine.state import S
from playground.runner.channel import PROGRAM
from playground.runner.limits import Limits
from tests.playground.training.conftest import Trainer
from tests.playground.training.programs import ALL, program

AFTERWARDS = """
import sys as _sys
_main = [v for k, v in sorted(globals().items()) if k[:1] != "_"]
for _value in _main:
    if isinstance(_value, torch.Tensor):
        print(_value.detach().double().sum().item(), _value._version, _value.is_leaf and _value.grad is None)
    if isinstance(_value, torch.nn.Module):
        print(_value.training, [m.training for m in _value.modules()])
        print([(k, v.double().sum().item()) for k, v in _value.state_dict().items()])
        print([p._version for p in _value.parameters()], [p.grad.double().sum().item() for p in _value.parameters()])
        print(len(_value._forward_hooks), len(_value._backward_hooks), sorted(_value.__dict__))
print(torch.rand(4).tolist(), torch.is_grad_enabled())
import random as _random
import numpy as _numpy
print(_random.random(), _numpy.random.rand())
print(sorted(k for k in globals() if k[:1] != "_"))
"""


def alone(code: str, seed: int) -> str:
    """What it prints when nobody looks."""
    import random

    import numpy

    install()
    random.seed(seed)
    numpy.random.seed(seed)
    manual_seed(seed)
    out = io.StringIO()
    with redirect_stdout(out):
        exec(compile(code, PROGRAM, "exec"), {"__name__": "__main__"})
    return out.getvalue()


@pytest.mark.parametrize("name", sorted(ALL))
def test_it_prints_the_same(train: Trainer, limits: Limits, name: str) -> None:
    """Losses, predictions, buffers, gradients, version counters, hooks, random numbers, names: all the same."""
    code = program(name, 60) + AFTERWARDS
    result = train(code, limits, 5)
    assert result.training
    assert result.text() == alone(code, 5)
    assert S.watcher is None
    assert not S.observers


def test_a_loop_that_prints(train: Trainer, limits: Limits) -> None:
    """Every loss of a training with dropout and batch normalisation, to the last digit."""
    code = program("MOONS", 80).replace("    accuracy", "    print(step, loss.item())\n    accuracy")
    assert train(code, limits, 3).text() == alone(code, 3)


def test_hooks_are_not_called_for_a_picture(train: Trainer, limits: Limits) -> None:
    code = program("XOR", 60).replace(
        "optimizer =", "seen = []\nmodel.register_forward_hook(lambda *a: seen.append(1))\noptimizer =", 1
    ) + "print(len(seen))\n"  # fmt: skip
    result = train(code, limits)
    assert result.predictions
    assert result.text().split()[-1] == "60"


def test_tensors_die_when_they_would(train: Trainer, limits: Limits) -> None:
    """Watching holds on to nothing: not to the loss, the graph or the optimizer."""
    code = """\
import gc, weakref
import torch

def fit():
    w = torch.zeros(3, requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=0.1)
    for step in range(50):
        optimizer.zero_grad()
        loss = (w - 1).pow(2).sum()
        loss.backward()
        optimizer.step()
    return weakref.ref(w), weakref.ref(loss), weakref.ref(optimizer)

refs = fit()
# %%
gc.collect()
print([ref() for ref in refs])
"""
    assert train(code, limits).text() == "[None, None, None]\n"


def test_an_error_stays_the_programs(train: Trainer) -> None:
    """An optimizer that raises, and one that is caught: steps that did not happen are not counted."""
    code = """\
import torch
w = torch.zeros(1, requires_grad=True)
class Odd(torch.optim.SGD):
    calls = 0
    def step(self, closure=None):
        Odd.calls += 1
        if Odd.calls % 2:
            raise ValueError("odd")
        return super().step(closure)
optimizer = Odd([w], lr=0.1)
for i in range(20):
    optimizer.zero_grad()
    (w - 1).pow(2).sum().backward()
    try:
        optimizer.step()
    except ValueError:
        pass
print(Odd.calls)
"""
    result = train(code)
    assert result.text() == "20\n"
    assert result.step == 10
