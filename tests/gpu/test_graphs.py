"""CUDA graphs: a captured step is the step, at every replay; what cannot be captured says so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import engine
from engine import backend
from tests.gpu import standin

cuda, nn, optim = engine.cuda, engine.nn, engine.optim


def _model(device: str | None) -> Any:
    with engine.device(device or "cpu"):
        model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
        with engine.no_grad():
            for k, p in enumerate(model.parameters()):
                p.copy_(engine.linspace(-0.5, 0.5 + 0.1 * k, p.numel()).reshape(p.shape))
    return model


def _batch(k: int) -> np.ndarray[Any, Any]:
    return np.random.default_rng(k).normal(size=(5, 3)).astype(np.float32)


OPTIMIZERS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "SGD": (lambda p: optim.SGD(p, lr=0.1, momentum=0.9), lambda p: optim.SGD(p, lr=0.1, momentum=0.9)),
    "Adam": (lambda p: optim.Adam(p, lr=0.1), lambda p: optim.Adam(p, lr=0.1, capturable=True)),
}


@pytest.mark.parametrize("to_none", [False, True], ids=["zeros", "none"])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_captured_step_trains_as_a_step(cupy: Any, name: str, to_none: bool) -> None:
    here, there = _model(None), _model("cuda")
    ordinary = OPTIMIZERS[name][0](here.parameters())
    captured = OPTIMIZERS[name][1](there.parameters())
    x = engine.zeros(5, 3, device="cuda")

    def step(model: Any, optimizer: Any, inputs: Any) -> Any:
        optimizer.zero_grad(set_to_none=to_none)
        loss = model(inputs).pow(2).sum()
        loss.backward()
        optimizer.step()
        return loss

    side = cuda.Stream()
    side.wait_stream(cuda.current_stream())
    with cuda.stream(side):
        for k in range(3):
            x.copy_(engine.tensor(_batch(k), device="cuda"))
            step(there, captured, x)
    cuda.current_stream().wait_stream(side)
    graph = cuda.CUDAGraph()
    before = [backend.to_host(p._data).copy() for p in there.parameters()]
    with cuda.graph(graph):
        assert cuda.is_current_stream_capturing()
        loss = step(there, captured, x)
    for p, old in zip(there.parameters(), before, strict=True):
        np.testing.assert_array_equal(backend.to_host(p._data), old, "nothing runs while it is captured")
    losses = []
    for k in range(3, 8):
        x.copy_(engine.tensor(_batch(k), device="cuda"))
        graph.replay()
        losses.append(loss.item())
    expected = [step(here, ordinary, engine.tensor(_batch(k))).item() for k in range(8)]
    np.testing.assert_allclose(losses, expected[3:], rtol=1e-3)
    for a, b in zip(there.parameters(), here.parameters(), strict=True):
        np.testing.assert_allclose(backend.to_host(a._data), b.detach()._data, rtol=1e-3, atol=1e-4)


def _capture(function: Callable[[], Any]) -> cuda.CUDAGraph:
    graph = cuda.CUDAGraph()
    with cuda.graph(graph):
        function()
    return graph


def test_what_cannot_be_captured_says_so(cupy: Any) -> None:
    x = engine.ones(3, device="cuda", requires_grad=True)
    with pytest.raises(RuntimeError, match="not permitted when stream is capturing"):
        _capture(x.sum().cpu)
    with pytest.raises(RuntimeError, match="not permitted when stream is capturing"):
        _capture(lambda: engine.ones(3).cuda())
    x.grad = engine.ones(3, device="cuda")
    adam = optim.Adam([x])
    for _ in range(3):
        adam.step()
    with pytest.raises(RuntimeError, match="for an instance of Adam but param_groups' capturable is False"):
        _capture(adam.step)
    for fresh in (optim.Adam([x], capturable=True), optim.SGD([x], momentum=0.9)):
        with pytest.raises(RuntimeError, match="makes its state"):
            _capture(fresh.step)
    assert not cuda.is_current_stream_capturing()
    assert x.sum().item() == x.detach().cpu().sum().item()


DRAWS: dict[str, Callable[[Any], Any]] = {
    "dropout": lambda x: nn.functional.dropout(x, 0.4) + nn.functional.dropout(x, 0.3),
    "rand": lambda x: engine.rand(50, device="cuda", dtype=engine.float64) - engine.rand_like(x),
    "randn": lambda x: engine.randn_like(x) + engine.randn(50, device="cuda", dtype=engine.float64),
    "randint": lambda x: engine.randint(0, 100, (50,), device="cuda"),
    "randperm": lambda x: engine.randperm(50, device="cuda"),
    "bernoulli": lambda x: engine.bernoulli(x / 9),
    "multinomial": lambda x: engine.multinomial(x, 50, replacement=True),
    "exponential": lambda x: engine.empty(50, device="cuda").exponential_(),
    "gamma": lambda x: engine.distributions.Gamma(x, x, validate_args=False).sample(),
    "poisson": lambda x: engine.poisson(x * 9),
    "nothing": lambda x: x * 2,
}


@pytest.mark.parametrize("name", DRAWS)
def test_a_replay_draws_what_the_program_would_have_drawn(cupy: Any, name: str) -> None:
    x, draw = engine.linspace(1.0, 2.0, 50).cuda(), DRAWS[name]
    engine.manual_seed(5)
    expected = [draw(x).tolist() for _ in range(3)]
    after = cuda.get_rng_state().tolist()
    engine.manual_seed(5)
    first = draw(x).tolist()
    graph = cuda.CUDAGraph()
    with cuda.graph(graph):
        drawn = draw(x)
    found = [first]
    for _ in range(2):
        graph.replay()
        found.append(drawn.tolist())
    assert found == expected
    assert cuda.get_rng_state().tolist() == after
    assert (expected[0] != expected[1]) == (name != "nothing")
    engine.manual_seed(2**64 - 3)
    graph.replay()
    seeded = drawn.tolist()
    engine.manual_seed(2**64 - 3)
    assert draw(x).tolist() == seeded


def test_two_graphs_draw_one_after_the_other(cupy: Any) -> None:
    graphs, drawn = [cuda.CUDAGraph(), cuda.CUDAGraph()], []
    for graph, count in zip(graphs, (5, 9), strict=True):
        with cuda.graph(graph):
            drawn.append(engine.rand(count, device="cuda"))
    engine.manual_seed(8)
    found = []
    for k in (0, 1, 1, 0):
        graphs[k].replay()
        found.append(drawn[k].tolist())
    engine.manual_seed(8)
    assert found == [engine.rand(count, device="cuda").tolist() for count in (5, 9, 9, 5)]


def test_a_generator_of_the_program_s_own_is_told_of(cupy: Any) -> None:
    own = engine.Generator("cuda").manual_seed(3)
    with pytest.raises(RuntimeError, match="not in capture mode"):
        _capture(lambda: engine.rand(3, device="cuda", generator=own))
    graph = cuda.CUDAGraph()
    graph.register_generator_state(own)
    with cuda.graph(graph):
        drawn = engine.rand(3, device="cuda", generator=own)
        for call in (own.seed, own.get_state, own.get_offset, lambda: engine.manual_seed(1)):
            with pytest.raises(RuntimeError, match="during CUDA graph capture"):
                call()
    graph.replay()
    assert drawn.tolist() == engine.rand(3, device="cuda", generator=own.manual_seed(3)).tolist()
    with pytest.raises(RuntimeError, match="Expected a 'cuda' device type for generator but found 'cpu'"):
        graph.register_generator_state(engine.Generator())


def test_a_graph_is_recorded_once_and_replayed_if_it_was(cupy: Any) -> None:
    with pytest.raises(RuntimeError, match="without a preceding successful capture"):
        cuda.CUDAGraph().replay()
    x = engine.ones(3, device="cuda")
    graph = cuda.CUDAGraph()
    with pytest.raises(RuntimeError, match="non-default stream"):
        graph.capture_begin()
    with cuda.graph(graph):
        y = x * 2
        with pytest.raises(RuntimeError, match="another CUDA graph"):
            cuda.CUDAGraph().capture_begin()
    with pytest.raises(RuntimeError, match="already owns a captured graph"), cuda.graph(graph):
        pass
    graph.replay()
    assert y.tolist() == [2.0, 2.0, 2.0]
    x.fill_(5)
    graph.replay()
    assert y.tolist() == [10.0, 10.0, 10.0]
    graph.reset()
    with pytest.raises(RuntimeError, match="without a preceding"):
        graph.replay()


def test_a_graph_can_be_looked_at(cupy: Any, tmp_path: Path) -> None:
    graph = cuda.CUDAGraph(keep_graph=True)
    with pytest.raises(
        RuntimeError, match="Called CUDAGraph::debug_dump without a preceding successful capture"
    ):
        graph.debug_dump(str(tmp_path / "none.dot"))
    graph.enable_debug_mode()
    x = engine.ones(3, device="cuda")
    with cuda.graph(graph):
        y = x * 2
    graph.instantiate()
    graph.debug_dump(str(tmp_path / "graph.dot"))
    assert (tmp_path / "graph.dot").read_text(encoding="utf-8").startswith("digraph")
    assert 0 != graph.raw_cuda_graph() != graph.raw_cuda_graph_exec() != 0
    graph.replay()
    assert y.tolist() == [2.0] * 3


def test_an_index_out_of_range_is_told_of_after_the_replay_in_which_it_was(cupy: Any) -> None:
    logarithms = engine.full((2, 3), -1.0, device="cuda")
    target = engine.tensor([0, 1], device="cuda")
    graph = cuda.CUDAGraph()
    with cuda.graph(graph):
        loss = nn.functional.nll_loss(logarithms, target)
    graph.replay()
    assert loss.item() == 1.0
    target.fill_(7)
    graph.replay()
    graph.replay()
    with pytest.raises(IndexError, match=r"Target 7 is out of bounds\."):
        loss.item()
    target.fill_(2)
    graph.replay()
    assert loss.item() == 1.0


def test_memory_of_a_graph_is_its_own(stand_in: Any) -> None:
    pool = cuda.graph_pool_handle()
    graph = cuda.CUDAGraph()
    x = engine.ones(1000, device="cuda")
    with cuda.graph(graph, pool=pool):
        y = x * 2
    assert graph.pool() is pool
    assert pool.used_bytes() >= 4000
    del y
    assert pool.used_bytes() == 0
    _ = x * 2
    assert pool.used_bytes() == 0, "what is made afterwards lies elsewhere"


def test_a_replay_is_one_launch(stand_in: Any) -> None:
    x = engine.ones(3, device="cuda")
    graph = cuda.CUDAGraph()
    with cuda.graph(graph):
        y = x
        for _ in range(20):
            y = y * 1.5
    with standin.watched() as transfers:
        graph.replay()
        assert not transfers.launched
        assert not transfers.down
    assert y.tolist() == [pytest.approx(1.5**20)] * 3


def test_without_cuda_it_is_refused_in_pytorch_s_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backend, "cupy", lambda: None)
    for make, name in ((cuda.CUDAGraph, "CUDAGraph"), (cuda.graph_pool_handle, "_graph_pool_handle")):
        with pytest.raises(RuntimeError, match=f"Tried to instantiate dummy base class {name}"):
            make()
    with pytest.raises(RuntimeError, match=r"torch\.cuda\.Stream requires CUDA support"):
        cuda.graph(None)  # type: ignore[arg-type]
