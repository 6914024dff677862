"""The workloads by name, in the order of the table: what each runs, for whom, and why a slower one is slower."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bench import peers, workloads
from bench.workloads import Step


@dataclass(frozen=True)
class Workload:
    """One row."""

    title: str
    torch: Callable[[Any], Step]
    """For the engine and PyTorch."""
    peer: Callable[[peers.Library], Step]
    reason: str = ""
    """Why it takes longer than PyTorch, if it does."""


WORKLOADS: dict[str, Workload] = {
    "chain-forward": Workload(
        "`z = (z / x) * y` 1000 times, forward", workloads.chain_forward, peers.chain_forward
    ),
    "chain": Workload("the same, forward and backward", workloads.chain_backward, peers.chain_backward),
    "sine-25": Workload("`(2*sin(a)+1).sum()` and backward, 25", workloads.sine(25), peers.sine(25)),
    "sine-10k": Workload("the same, 10,000 elements", workloads.sine(10_000), peers.sine(10_000)),
    "sine-1m": Workload("the same, 1,000,000 elements", workloads.sine(1_000_000), peers.sine(1_000_000)),
    "tiny-model": Workload(
        "TinyModel 16x1000-100-10, SGD step",
        workloads.tiny_model,
        peers.tiny_model,
        "Products of matrices, and one pass each over 101,000 parameters for gradient, zeros and update, are nearly "
        "all of it; NumPy's and PyTorch's BLAS differ by as much.",
    ),
    "mlp": Workload("MLP 2-16-16-2, Adam step", workloads.mlp, peers.mlp),
    "cnn": Workload(
        "small CNN on 8x28x28, SGD step",
        workloads.cnn,
        peers.cnn,
        "NumPy has no convolution and no pooling: windows are copied out as columns and multiplied, and the places of "
        "pooling windows are compared one after the other. PyTorch has a kernel for each.",
    ),
    "rnn": Workload(
        "RNN of 64 steps, SGD step",
        workloads.rnn,
        peers.rnn,
        "Two products, a sum and a tanh of 8 by 32 elements a step cost what calls of NumPy cost; PyTorch runs the 64 "
        "steps in C++.",
    ),
    "transformer": Workload(
        "2 transformer blocks, SGD step",
        workloads.transformer,
        peers.transformer,
        "Attention, layer norm and softmax are a dozen passes of NumPy over 4,000 to 8,000 elements each, forward, and "
        "more backward; PyTorch has one kernel for each.",
    ),
    "jacobian": Workload("Jacobian, 50 to 50", workloads.jacobian, peers.jacobian),
    "hessian": Workload("Hessian of 50 inputs", workloads.hessian, peers.hessian),
    "double-backward": Workload(
        "gradient penalty (`create_graph`)",
        workloads.double_backward,
        peers.double_backward,
        "The first pass is recorded: its rules run on tensors, operation by operation, in Python.",
    ),
    "randn": Workload(
        "`torch.randn(2, 3)`",
        workloads.randn(2, 3),
        peers.no_draws,
        "The same numbers as PyTorch's to the bit, drawn one by one with Python's own logarithm, sine and cosine.",
    ),
    "randn-10k": Workload(
        "`torch.randn(10_000)`",
        workloads.randn(10_000),
        peers.no_draws,
        "The same numbers as PyTorch's to the bit: its vectorised logarithm, sine and cosine are polynomials in fused "
        "multiply-adds, which NumPy has not; each is a product and a sum in float64, rounded.",
    ),
}
