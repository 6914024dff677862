"""``python -m bench.gpu``: the engine on a CUDA device beside PyTorch's eager mode on the same card, in one run.

Both are processes of their own which take turns, as in `bench.__main__`, and run the same workloads on the default
device. The clock is the host's, from an idle card to an idle card. Beside the times stand what was achieved of the
card's memory bandwidth and arithmetic. `make bench-gpu` writes ``bench/results-gpu.md``.
"""

from __future__ import annotations

import argparse
import platform
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench import __main__ as bench
from bench import workloads
from bench.workloads import Step
from engine import backend

RESULTS = Path(__file__).with_name("results-gpu.md")
SMALL, LARGE = 1.5, 1.1
"""At most so many times PyTorch's time: where launches decide, and where memory or a matrix product does."""
BANDWIDTH = 0.8
"""The share of the card's own copying that elementwise work on many elements is to reach."""
ITEM = 4
"""Bytes of a float32."""
PASSES = 11
"""How often `elementwise` reads or writes all elements, each operation being one kernel: forward the sine, the product
and the sum read and write (6), adding up reads (1); backward the product writes (its gradient is one number, 1), the
sine reads two and writes one (3)."""
CORES = {7: 64, 8: 128, 9: 128, 10: 128, 12: 128}
"""Units for float32 of a multiprocessor, by the compute capability's first number; 8.0 has 64. Source: NVIDIA, "CUDA
C++ Programming Guide", throughput of arithmetic instructions."""


@dataclass(frozen=True)
class Workload:
    """One row. `moved` are the bytes and `flops` the operations of a step, 0 where launches decide and neither says
    anything."""

    title: str
    build: Callable[[Any], Step]
    target: float = SMALL
    moved: int = 0
    flops: int = 0


def copying(elements: int) -> Workload:
    """What the card's memory can do: one read and one write of all elements."""

    def build(torch: Any) -> Step:
        source = torch.ones(elements)
        target = torch.zeros(elements)
        return lambda: target.copy_(source)

    return Workload(f"copy of {elements:,} elements", build, LARGE, 2 * ITEM * elements)


def elementwise(elements: int) -> Workload:
    """The tutorial's sine, forward and backward."""

    def build(torch: Any) -> Step:
        a = torch.linspace(0.0, 2 * np.pi, elements, requires_grad=True)

        def step() -> Any:
            a.grad = None
            loss = (2 * torch.sin(a) + 1).sum()
            loss.backward()
            return loss

        return step

    title = f"`(2*sin(a)+1).sum()` and backward, {elements:,}"
    return Workload(title, build, LARGE, PASSES * ITEM * elements)


def matmul(size: int) -> Workload:
    """A product of square matrices."""

    def build(torch: Any) -> Step:
        a, b = (torch.linspace(0.0, 1.0, size * size).reshape(size, size) for _ in range(2))
        return lambda: a @ b

    return Workload(f"matmul {size:,}", build, LARGE, 3 * ITEM * size**2, 2 * size**3)


def captured(torch: Any) -> Step:
    """The step of TinyModel as a CUDA graph, recorded after three steps in a stream of its own."""
    step, result = workloads.tiny_model(torch), []
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            step()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        result.append(step())

    def replay() -> Any:
        graph.replay()
        return result[0]

    return replay


WORKLOADS: dict[str, Workload] = {
    "copy": copying(10**8),
    "chain-forward": Workload("`z = (z / x) * y` 1000 times, forward", workloads.chain_forward),
    "chain": Workload("the same, forward and backward", workloads.chain_backward),
    "elementwise-1m": elementwise(10**6),
    "elementwise-100m": elementwise(10**8),
    "matmul": matmul(4096),
    "tiny-model": Workload("TinyModel 16x1000-100-10, SGD step", workloads.tiny_model),
    "tiny-model-captured": Workload("the same, captured as a CUDA graph", captured),
    "cnn": Workload("small CNN on 8x28x28, SGD step", workloads.cnn),
    "transformer": Workload("2 transformer blocks, SGD step", workloads.transformer),
}


@dataclass(frozen=True)
class Card:
    """What was measured on, and what it can do at most, in bytes and float32 operations a second."""

    name: str
    bandwidth: float
    arithmetic: float


def card_of(name: str, capability: str, attributes: dict[str, int]) -> Card:
    """The limits of a card from what CUDA says of it (clocks in kHz, the width of its memory's bus in bits)."""
    major, minor = int(capability[:-1]), int(capability[-1])
    cores = 64 if (major, minor) == (8, 0) else CORES.get(major, 128)
    cycles = attributes["MultiProcessorCount"] * cores * attributes["ClockRate"] * 1e3
    # Two transfers a cycle, and a fused multiplication and addition is two operations.
    bandwidth = 2 * attributes["MemoryClockRate"] * 1e3 * attributes["GlobalMemoryBusWidth"] / 8
    return Card(name, bandwidth, 2 * cycles)


def card() -> Card:
    """The one that is used.

    Raises:
        SystemExit: if there is none.
    """
    cupy = backend.cupy()
    if cupy is None:
        raise SystemExit(
            "bench-gpu: there is no CUDA device here, or no CuPy (`make gpu`): nothing was measured."
        )
    device = cupy.cuda.Device()
    name = cupy.cuda.runtime.getDeviceProperties(device.id)["name"].decode()
    return card_of(name, device.compute_capability, device.attributes)


def rows(results: dict[str, bench.Times], limits: Card) -> list[list[str]]:
    """The whole table; a library without a time has n/a."""
    table = [
        ["", "engine, us", "PyTorch, us", "ratio", "target", "GB/s", "of a copy", "TFLOP/s", "of the card"]
    ]
    copied = _rate(results, "copy")
    for name, times in results.items():
        workload = WORKLOADS[name]
        ours, theirs = times["engine-cuda"], times.get("torch-cuda")
        moved, flops = workload.moved / ours, workload.flops / ours
        table.append(
            [
                workload.title,
                bench.microseconds(ours),
                "n/a" if theirs is None else bench.microseconds(theirs),
                "n/a" if theirs is None else f"{ours / theirs:.2f}",
                f"{workload.target}",
                f"{moved / 1e9:,.0f}" if moved else "",
                f"{moved / copied:.0%}" if moved and not flops and copied else "",
                f"{flops / 1e12:.1f}" if flops else "",
                f"{flops / limits.arithmetic:.0%}" if flops else "",
            ]
        )
    return table


def _rate(results: dict[str, bench.Times], name: str) -> float:
    """Bytes a second, 0 if it was not measured."""
    return WORKLOADS[name].moved / results[name]["engine-cuda"] if name in results else 0.0


def missed(results: dict[str, bench.Times]) -> list[str]:
    """A line for each target that was not reached."""
    lines = []
    copied = _rate(results, "copy")
    for name, times in results.items():
        workload = WORKLOADS[name]
        if "torch-cuda" in times and times["engine-cuda"] / times["torch-cuda"] > workload.target:
            ratio = times["engine-cuda"] / times["torch-cuda"]
            lines.append(f"- {workload.title}: {ratio:.2f} of PyTorch; the target is {workload.target}.")
        share = _rate(results, name) / copied if copied else 1.0
        if name.startswith("elementwise") and share < BANDWIDTH:
            lines.append(
                f"- {workload.title}: {share:.0%} of a copy's bandwidth; the target is {BANDWIDTH:.0%}."
            )
    return lines


def report(results: dict[str, bench.Times], limits: Card, versions: str, missing: str) -> str:
    """The text of ``bench/results-gpu.md``. `missing` says why there is no PyTorch, if there is none."""
    return "\n".join(
        [
            "# Benchmarks on a GPU",
            "",
            "Written by `make bench-gpu`: median time of a step in microseconds on the clock, from an idle card to an "
            "idle card, the libraries taking turns; PyTorch in eager mode. GB/s counts each pass over memory that the "
            "operations of a step must make, one kernel an operation; a copy is one read and one write.",
            "",
            f"Measured on {limits.name} (at most {limits.bandwidth / 1e9:,.0f} GB/s and "
            f"{limits.arithmetic / 1e12:.1f} TFLOP/s of float32); {versions}.",
            *(["", f"Nothing to compare with: {missing}."] if missing else []),
            "",
            bench.markdown(rows(results, limits)),
            "",
            "Targets that were not reached:",
            "",
            *(missed(results) or ["- none."]),
            "",
        ]
    )


def main() -> None:
    """Measure, print, and with ``--write`` keep the results."""
    parser = argparse.ArgumentParser(prog="python -m bench.gpu", description=__doc__)
    parser.add_argument("--only", action="append", choices=WORKLOADS, help="this workload; may be repeated")
    parser.add_argument("--rounds", type=int, default=25, help="turns of each; 25 by default")
    parser.add_argument("--write", action="store_true", help=f"write bench/{RESULTS.name}")
    options = parser.parse_args()
    if options.write and options.only:
        parser.error("--write is for the whole table: leave out --only")
    limits = card()
    peers = [bench.Peer("engine-cuda"), bench.Peer("torch-cuda")]
    results: dict[str, bench.Times] = {}
    missing = ""
    try:
        for name in options.only or WORKLOADS:
            results[name], lacking = bench.measure(name, peers, options.rounds)
            missing = lacking.get("torch-cuda", missing)
            shown = "  ".join(f"{c} {bench.microseconds(t)}" for c, t in results[name].items())
            print(f"{name:16} {shown}", flush=True)
        libraries = ", ".join(p.version for p in peers if p.version)
    finally:
        for peer in peers:
            peer.close()
    versions = f"Python {platform.python_version()}, NumPy {np.__version__}, {libraries}"
    text = report(results, limits, versions, missing)
    print("\n" + text)
    if options.write:
        RESULTS.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
