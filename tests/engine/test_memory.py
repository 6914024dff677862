"""Nothing grows: training loops keep no memory, and what a step made is gone when the step is, without the collector.

Reference cycles are what these tests are after: a graph in a cycle waits for the garbage collector, which knows nothing
of the size of arrays. So the collector is off while they count.
"""

from __future__ import annotations

import gc
import tracemalloc
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from weakref import ref

import pytest

import engine as torch
from engine import nn, optim
from engine.utils.checkpoint import checkpoint
from engine.utils.data import DataLoader, TensorDataset

F = nn.functional
Step = Callable[[], object]


@pytest.fixture(autouse=True)
def without_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def objects() -> Counter[str]:
    return Counter(type(o).__name__ for o in gc.get_objects())


def resident() -> int:
    """Bytes of the process in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def network() -> nn.Sequential:
    return nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 2))


def batch() -> tuple[torch.Tensor, torch.Tensor]:
    return torch.randn(8, 2), torch.randint(0, 2, (8,))


def training(backward: Callable[[nn.Sequential, torch.Tensor], object], make: Any = optim.Adam) -> Step:
    """A step of a small network, whose backward pass is `backward(net, loss)`."""
    net, (x, y) = network(), batch()
    optimizer = make(net.parameters())

    def step() -> None:
        optimizer.zero_grad()
        backward(net, F.cross_entropy(net(x), y))
        optimizer.step()

    return step


def plain() -> Step:
    return training(lambda net, loss: loss.backward())


def retained() -> Step:
    def backward(net: nn.Module, loss: torch.Tensor) -> None:
        loss.backward(retain_graph=True)
        loss.backward(retain_graph=True)

    return training(backward)


def penalty() -> Step:
    """The gradients' norm is part of the loss: double backward."""

    def backward(net: nn.Module, loss: torch.Tensor) -> None:
        grads = torch.autograd.grad(loss, list(net.parameters()), create_graph=True)
        (loss + sum((g**2).sum() for g in grads)).backward()

    return training(backward)


def gradients_with_a_graph() -> Step:
    """``backward(create_graph=True)`` makes a cycle in PyTorch too, until the gradients are dropped."""
    net, (x, y) = network(), batch()
    optimizer = optim.Adam(net.parameters())

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            F.cross_entropy(net(x), y).backward(create_graph=True)
        sum((p.grad**2).sum() for p in net.parameters()).backward()
        optimizer.step()

    return step


def hooked() -> Step:
    net, (x, y) = network(), batch()
    optimizer = optim.Adam(net.parameters())
    net[0].register_forward_hook(lambda module, args, output: None)
    net[2].register_full_backward_hook(lambda module, grad_input, grad_output: None)
    net[4].register_full_backward_pre_hook(lambda module, grad_output: None)
    net[0].weight.register_hook(lambda grad: grad * 1)
    net[0].bias.register_post_accumulate_grad_hook(lambda param: None)
    optimizer.register_step_post_hook(lambda *_: None)

    def step() -> None:
        optimizer.zero_grad()
        hidden = net[:3](x)
        hidden.register_hook(lambda grad: grad)
        hidden.retain_grad()
        hidden.grad_fn.register_hook(lambda inputs, outputs: None)
        F.cross_entropy(net[3:](hidden), y).backward()
        optimizer.step()

    return step


def checkpointed(use_reentrant: bool) -> Step:
    net, (x, y) = network(), batch()
    x.requires_grad_()
    optimizer = optim.Adam(net.parameters())

    def step() -> None:
        optimizer.zero_grad()
        hidden = checkpoint(net[:3], x, use_reentrant=use_reentrant)
        F.cross_entropy(net[3:](hidden), y).backward()
        optimizer.step()

    return step


class Saver(torch.autograd.Function):
    """Saves its input and its output."""

    @staticmethod
    def forward(ctx: Any, a: torch.Tensor) -> torch.Tensor:
        result = a.exp()
        ctx.save_for_backward(a, result)
        return result

    @staticmethod
    def backward(ctx: Any, g: torch.Tensor) -> torch.Tensor:
        return g * ctx.saved_tensors[1]


class Doubler(torch.autograd.Function):
    """Changes its input and saves it."""

    @staticmethod
    def forward(ctx: Any, a: torch.Tensor) -> torch.Tensor:
        ctx.mark_dirty(a)
        a.mul_(2)
        ctx.save_for_backward(a)
        return a

    @staticmethod
    def backward(ctx: Any, g: torch.Tensor) -> torch.Tensor:
        assert ctx.saved_tensors[0].grad_fn is ctx
        return g * 2


def custom() -> Step:
    weight = nn.Parameter(torch.zeros(3))
    optimizer = optim.SGD([weight], lr=1e-3)

    def step() -> None:
        optimizer.zero_grad()
        (Saver.apply(weight) + Doubler.apply(weight * 1)).sum().backward()
        (grad,) = torch.autograd.grad(Saver.apply(weight).sum(), weight, create_graph=True)
        grad.sum().backward()
        optimizer.step()

    return step


def in_place() -> Step:
    weight = nn.Parameter(torch.ones(4))
    optimizer = optim.Adam([weight])

    def step() -> None:
        optimizer.zero_grad()
        hidden = weight * 2
        hidden[1:3].mul_(3)
        view = hidden.add_(1).view(2, 2)
        view[0] = weight[:2]
        view.sum().backward()
        optimizer.step()

    return step


def without_backward() -> Step:
    net, (x, _) = network(), batch()
    return lambda: net(x)


def clipped_and_scheduled() -> Step:
    net, (x, y) = network(), batch()
    optimizer = optim.AdamW(net.parameters())
    schedule = optim.lr_scheduler.CosineAnnealingLR(optimizer, 10)

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        F.cross_entropy(net(x), y).backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        nn.utils.clip_grad_value_(net.parameters(), 0.5)
        optimizer.step()
        schedule.step()

    return step


def recurrent() -> Step:
    net, x = nn.LSTM(2, 4, batch_first=True), torch.randn(2, 5, 2)
    optimizer = optim.RMSprop(net.parameters())

    def step() -> None:
        optimizer.zero_grad()
        net(x)[0].sum().backward()
        optimizer.step()

    return step


def convolved() -> Step:
    parts = [nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Dropout()]
    net, x = nn.Sequential(*parts, nn.Linear(18, 2)), torch.randn(2, 1, 8, 8)
    optimizer = optim.SGD(net.parameters(), lr=0.01, momentum=0.9)

    def step() -> None:
        optimizer.zero_grad()
        net(x).sum().backward()
        optimizer.step()

    return step


def searched() -> Step:
    weight = nn.Parameter(torch.ones(3))
    optimizer = optim.LBFGS([weight], line_search_fn="strong_wolfe", max_iter=2, history_size=3)

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = (weight**2).sum()
        loss.backward()
        return loss

    return lambda: optimizer.step(closure)


def transformed() -> Step:
    weight = torch.ones(3, requires_grad=True)

    def cube(a: torch.Tensor) -> torch.Tensor:
        return (a**3).sum()

    def step() -> None:
        torch.autograd.functional.hessian(cube, weight)
        torch.func.hessian(cube)(weight)
        torch.func.vmap(torch.func.grad(cube))(torch.ones(2, 3))
        torch.func.jvp(cube, (weight,), (weight,))

    return step


def packed() -> Step:
    def backward(net: nn.Sequential, _: torch.Tensor) -> None:
        x, y = batch()
        with torch.autograd.graph.saved_tensors_hooks(lambda t: t.detach().clone(), lambda t: t):
            loss = F.cross_entropy(net(x), y)
        loss.backward()

    return training(backward)


def anomalous() -> Step:
    def backward(_: nn.Sequential, loss: torch.Tensor) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with torch.autograd.detect_anomaly():
                loss.backward()

    return training(backward)


def profiled() -> Step:
    def backward(_: nn.Sequential, loss: torch.Tensor) -> None:
        with torch.autograd.profiler.profile():
            loss.backward()

    return training(backward)


def mistaken() -> Step:
    """Programs that catch errors keep nothing of what failed: a traceback is easily part of a cycle."""
    weight = torch.ones(3, requires_grad=True)

    def wrong(function: Callable[[], object]) -> None:
        with pytest.raises(RuntimeError):
            function()

    def step() -> None:
        hidden = (weight * 2).exp()
        loss = hidden.sum()
        loss.backward()
        wrong(loss.backward)
        wrong(lambda: hidden + torch.ones(2))
        wrong(lambda: hidden.add_(torch.ones(2)))
        wrong(lambda: hidden @ torch.ones(2, 3))
        wrong(lambda: weight.add_(1))
        changed = (weight * weight).exp()
        changed.add_(1)
        wrong(changed.sum().backward)

    return step


def loaded() -> Step:
    data = DataLoader(TensorDataset(*batch()), batch_size=4, shuffle=True)
    return lambda: [x + 1 for x, _ in data]


def made_anew() -> Step:
    """Networks, optimizers and schedules that are dropped."""

    def step() -> None:
        net, (x, y) = network(), batch()
        optimizer = optim.Adam(net.parameters())
        optim.lr_scheduler.StepLR(optimizer, 1)
        for _ in range(3):
            F.cross_entropy(net(x), y).backward()
            optimizer.step()
        optimizer.load_state_dict(optimizer.state_dict())

    return step


LOOPS: dict[str, Callable[[], Step]] = {
    "plain": plain,
    "retain_graph": retained,
    "double backward": penalty,
    "gradients with a graph": gradients_with_a_graph,
    "hooks": hooked,
    "checkpoint": lambda: checkpointed(use_reentrant=False),
    "checkpoint, reentrant": lambda: checkpointed(use_reentrant=True),
    "custom functions": custom,
    "in-place": in_place,
    "no backward": without_backward,
    "clipping and a schedule": clipped_and_scheduled,
    "LSTM": recurrent,
    "convolution": convolved,
    "LBFGS": searched,
    "torch.func": transformed,
    "saved-tensor hooks": packed,
    "anomaly mode": anomalous,
    "profiler": profiled,
    "errors": mistaken,
    "data loader": loaded,
    "optimizers come and go": made_anew,
}


# A profile's events know their parents and their children, as in PyTorch.
@pytest.mark.parametrize("name", [name for name in LOOPS if name != "profiler"])
def test_a_step_leaves_no_cycle(name: str) -> None:
    step = LOOPS[name]()
    for _ in range(5):
        step()
    gc.collect()
    step()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        gc.collect()
        left = Counter(type(o).__name__ for o in gc.garbage)
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
    assert not left


@pytest.mark.parametrize("name", LOOPS)
def test_a_loop_keeps_nothing(name: str) -> None:
    """Neither Python's objects nor arrays, which the collector does not count but tracemalloc sees.

    CPython remembers the last names that were looked up in types: made-up ones (``getattr(F, f"conv{dims}d")``) take
    some bytes a step until that memory is full. A node and its array take more than is allowed for that.
    """
    step = LOOPS[name]()
    for _ in range(20):
        step()
    gc.collect()
    before = objects()
    tracemalloc.start()
    try:
        levels = []
        for _ in range(3):
            for _ in range(20):
                step()
            gc.collect()  # empties the interpreter's lists of free tuples and the like
            levels.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert levels[2] - levels[1] < 20 * 400, levels
    more = {kind: count for kind, count in (objects() - before).items() if count >= 20}
    assert not more


def test_ten_thousand_steps_grow_nothing() -> None:
    step = plain()
    for _ in range(1_000):
        step()
    gc.collect()
    before, size = sum(objects().values()), resident()
    for _ in range(10_000):
        step()
    assert sum(objects().values()) < before + 100
    assert resident() < size + (1 << 20)


def saved_by(loss: torch.Tensor) -> list[ref[Any]]:
    """Weakly, every array and tensor the graph behind `loss` has saved."""
    found: list[ref[Any]] = []
    nodes, seen = [loss.grad_fn], set()
    while nodes:
        node = nodes.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        found += [ref(t._data) for t in node.inputs or () if isinstance(t, torch.Tensor)]
        found += [ref(a) for a in node.saved or ()]
        nodes += [n for n, _ in node.next_functions]
    return found


@pytest.mark.parametrize("retain", [False, True])
def test_backward_frees_what_was_saved(retain: bool) -> None:
    """While the loss and with it the whole graph is alive; what the program or a leaf holds stays."""
    net, x = network(), torch.randn(8, 2)
    loss = (net(x).exp().sin() ** 2).sum()
    held = {id(x._data), *(id(p._data) for p in net.parameters())}
    saved = [r for r in saved_by(loss) if r() is not None and id(r()) not in held]
    saved = [r for r in saved if r().base is None or id(r().base) not in held]
    assert len(saved) > 5
    loss.backward(retain_graph=retain)
    alive = [r for r in saved if r() is not None]
    assert (len(alive) == len(saved)) if retain else not alive
    assert loss.grad_fn is not None
    del loss
    assert not any(r() is not None for r in saved)


def test_a_graph_nobody_ran_dies_with_its_output() -> None:
    weight = torch.ones(3, requires_grad=True)
    hidden = (weight * 2).exp()
    node, array = ref(hidden.grad_fn), ref(hidden._data)
    loss = hidden.sin().sum()
    del hidden
    assert node() is not None
    del loss
    assert node() is None
    assert array() is None


def test_a_leaf_and_its_gradient_die_together() -> None:
    weight = torch.ones(3, requires_grad=True)
    (weight * 2).sum().backward()
    parts = [ref(weight), ref(weight.grad), ref(weight._data), ref(weight._edge[0])]
    del weight
    assert not any(part() is not None for part in parts)
