"""``make_graphed_callables``: functions and modules that train, their forward and backward a CUDA graph each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import engine
from engine import backend
from tests.gpu import standin

cuda, nn, optim = engine.cuda, engine.nn, engine.optim
graphed = cuda.make_graphed_callables


def _model(device: str) -> Any:
    with engine.device(device):
        model = nn.Sequential(nn.Linear(3, 6), nn.Dropout(0.0), nn.Tanh(), nn.Linear(6, 2))
        with engine.no_grad():
            for k, p in enumerate(model.parameters()):
                p.copy_(engine.linspace(-0.5, 0.5 + 0.1 * k, p.numel()).reshape(p.shape))
    return model


def _batch(k: int, device: str = "cpu", width: int = 3) -> Any:
    return engine.tensor(np.random.default_rng(k).normal(size=(5, width)).astype(np.float32), device=device)


def _sample(width: int = 3, grad: bool = False) -> Any:
    return engine.zeros(5, width, device="cuda", requires_grad=grad)


def _train(model: Any, optimizer: Any, steps: int, to_none: bool, device: str) -> list[float]:
    losses = []
    for k in range(steps):
        optimizer.zero_grad(set_to_none=to_none)
        loss = (model(_batch(k, device)) - _batch(k + 99, device, 2)).pow(2).sum()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


OPTIMIZERS: dict[str, Callable[[Any], Any]] = {
    "SGD": lambda p: optim.SGD(p, lr=0.02, momentum=0.9),
    "Adam": lambda p: optim.Adam(p, lr=0.05),
}


@pytest.mark.parametrize("to_none", [False, True], ids=["zeros", "none"])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_module_trains_as_it_did(cupy: Any, name: str, to_none: bool) -> None:
    """Whatever the optimizer does to parameters and gradients, the graph reads and writes where they are."""
    here, there = _model("cpu"), _model("cuda")
    assert graphed(there, (_sample(),)) is there
    expected = _train(here, OPTIMIZERS[name](here.parameters()), 6, to_none, "cpu")
    found = _train(there, OPTIMIZERS[name](there.parameters()), 6, to_none, "cuda")
    np.testing.assert_allclose(found, expected, rtol=1e-4)
    for a, b in zip(there.parameters(), here.parameters(), strict=True):
        np.testing.assert_allclose(backend.to_host(a._data), b.detach()._data, rtol=1e-4, atol=1e-5)


def test_a_step_of_the_optimizer_beside_a_captured_pass(cupy: Any) -> None:
    """The same by hand: forward and backward captured, the optimizer not."""
    here, there = _model("cpu"), _model("cuda")
    optimizers = [optim.SGD(m.parameters(), lr=0.02, momentum=0.9) for m in (here, there)]
    x, y = _sample(), _sample(2)

    def passes(model: Any, x: Any, y: Any) -> Any:
        loss = (model(x) - y).pow(2).sum()
        loss.backward()
        return loss

    with cuda.stream(cuda.Stream()):
        passes(there, x, y)
    there.zero_grad(set_to_none=True)
    graph = cuda.CUDAGraph()
    with cuda.graph(graph):
        loss = passes(there, x, y)
    found, expected = [], []
    for k in range(6):
        x.copy_(_batch(k, "cuda"))
        y.copy_(_batch(k + 99, "cuda", 2))
        graph.replay()
        optimizers[1].step()
        found.append(loss.item())
        optimizers[0].zero_grad()
        expected.append(passes(here, _batch(k), _batch(k + 99, width=2)).item())
        optimizers[0].step()
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_parameters_may_be_put_together_again_when_no_graph_is_left(stand_in: Any) -> None:
    model = _model("cuda")
    graph = cuda.CUDAGraph()
    with cuda.graph(graph):
        model(_sample())
    graph.reset()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    for _ in range(3):
        model(_batch(0, "cuda")).sum().backward()
        with standin.watched() as transfers:
            optimizer.step()
    assert transfers.launched.count("SGD_step") == 1


def test_functions_of_several_tensors_in_their_order(cupy: Any) -> None:
    def first(x: Any, pair: Any) -> Any:
        return {"sum": x + pair[0] * pair[1], "x": x * 2}

    def second(t: Any) -> Any:
        return t.exp()

    a, b, c = (_batch(k, "cuda").requires_grad_(k != 1) for k in range(3))
    f, g = graphed(
        (first, second),
        ((_sample(grad=True), (_sample(), _sample(grad=True))), (_sample(grad=True),)),
    )
    for _ in range(2):
        parts = f(a, (b, c))
        result = g(parts["sum"]) * parts["x"]
        found = engine.autograd.grad(result.sum(), (a, c))
        parts = first(a, (b, c))
        plain = second(parts["sum"]) * parts["x"]
        expected = engine.autograd.grad(plain.sum(), (a, c))
        np.testing.assert_allclose(result.tolist(), plain.tolist(), rtol=1e-5)
        for have, want in zip(found, expected, strict=True):
            np.testing.assert_allclose(have.tolist(), want.tolist(), rtol=1e-5)
        with engine.no_grad():
            a += 1


def test_a_call_is_a_launch_forward_and_one_backward(stand_in: Any) -> None:
    model = graphed(_model("cuda"), (_sample(),))
    x = _batch(1, "cuda")
    model(x).sum().backward()
    with standin.watched() as transfers:
        y = model(x)
        assert len(transfers.launched) == 1, "the batch, put where the graph reads it"
        assert not transfers.down
        assert not transfers.up
    cotangent = engine.ones_like(y)
    with standin.watched() as transfers:
        engine.autograd.grad(y, list(model.parameters()), cotangent)
        assert len(transfers.launched) == 1, "the gradient of the output"


def test_dropout_is_other_numbers_at_each_call_and_none_in_eval(cupy: Any) -> None:
    model = nn.Sequential(nn.Dropout(0.5))
    x = engine.ones(200, device="cuda", requires_grad=True)
    graphed(model, (engine.ones(200, device="cuda", requires_grad=True),))
    engine.manual_seed(4)
    drawn, gradients = [], []
    for _ in range(3):
        y = model(x)
        drawn.append(y.tolist())
        gradients.append(engine.autograd.grad(y.sum(), x)[0].tolist())
    assert gradients == drawn, "the mask of backward is forward's"
    engine.manual_seed(4)
    assert drawn == [nn.functional.dropout(x, 0.5).tolist() for _ in range(3)]
    assert drawn[0] != drawn[1] != drawn[2]
    model.eval()
    assert model(x).tolist() == [1.0] * 200


def test_what_cannot_be_graphed_says_so(cupy: Any) -> None:
    with pytest.raises(AssertionError, match="must contain only Tensors"):
        graphed(lambda x, k: x * k, (_sample(), 2))
    hooked = nn.Linear(3, 3).cuda()
    hooked.register_forward_hook(lambda *_: None)
    with pytest.raises(AssertionError, match="must not have hooks"):
        graphed(hooked, (_sample(),))
    moving = nn.BatchNorm1d(3).cuda()
    assert moving.running_mean is not None
    moving.running_mean.requires_grad_()
    with pytest.raises(AssertionError, match="only parameters may be trainable"):
        graphed(moving, (_sample(),))
    unused = nn.ModuleList([nn.Linear(3, 3), nn.Linear(3, 3)]).cuda()
    unused.forward = lambda x: unused[0](x)
    with pytest.raises(RuntimeError, match="appears to not have been used in the graph"):
        graphed(unused, (_sample(),))
    assert not cuda.is_current_stream_capturing()
    graphed(unused, (_sample(),), allow_unused_input=True)
    unused(_batch(1, "cuda")).sum().backward()
    assert unused[0].weight.grad is not None
    assert unused[1].weight.grad is None


def test_without_cuda_it_is_refused_in_pytorch_s_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backend, "cupy", lambda: None)
    with pytest.raises(RuntimeError, match="Tried to instantiate dummy base class CUDAGraph"):
        graphed(nn.Linear(1, 1), (engine.ones(1, 1),))
