"""``python -m bench``: small-graph speed of the engine beside NumPy, and beside PyTorch where it is installed.

Each case is timed in turns with its peer, best of many, in processor time; a ratio below 1 means the engine is faster.
``make bench`` runs it in the project's environment; run it with ``.venv-oracle/bin/python`` to have PyTorch beside it.
"""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

import engine

Case = Callable[[Any], Callable[[], object]]


def best(functions: list[Callable[[], object]], calls: int, rounds: int = 15) -> list[float]:
    """The best time of one call of each, in microseconds; measured in turns so that all meet the same machine."""
    times = [float("inf")] * len(functions)
    for _ in range(rounds):
        for k, function in enumerate(functions):
            start = time.process_time_ns()
            for _ in range(calls):
                function()
            times[k] = min(times[k], (time.process_time_ns() - start) / calls / 1000)
    return times


def multiply(torch: Any) -> Callable[[], object]:
    x, y = torch.ones(3, requires_grad=True), torch.ones(3, requires_grad=True)
    return lambda: x * y


def sine(torch: Any) -> Callable[[], object]:
    x = torch.ones(3, requires_grad=True)
    return lambda: torch.sin(x)


def index(torch: Any) -> Callable[[], object]:
    x = torch.ones(3, 3, requires_grad=True)
    return lambda: x[0, 1:3]


def chain(length: int) -> Case:
    def case(torch: Any) -> Callable[[], object]:
        x, y = torch.ones(3, requires_grad=True), torch.ones(3, requires_grad=True)

        def run() -> None:
            z = x
            for _ in range(length):
                z = z * y
            z.sum().backward()

        return run

    return case


def training_step(torch: Any) -> Callable[[], object]:
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(10, 16), torch.nn.ReLU(), torch.nn.Linear(16, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    x, y = torch.randn(8, 10), torch.randn(8, 1)

    def step() -> None:
        optimizer.zero_grad()
        ((model(x) - y) ** 2).mean().backward()
        optimizer.step()

    return step


CASES: dict[str, tuple[Case, int]] = {
    "x * y, recorded": (multiply, 5_000),
    "sin(x), recorded": (sine, 5_000),
    "x[0, 1:3], recorded": (index, 2_000),
    "chain of 10, forward and backward": (chain(10), 300),
    "chain of 1000, forward and backward": (chain(1000), 3),
    "step of a small network": (training_step, 100),
}


def peer() -> ModuleType | None:
    """PyTorch on one thread, if it is installed."""
    if importlib.util.find_spec("torch") is None:
        return None
    import torch  # type: ignore[import-not-found,unused-ignore]

    torch.set_num_threads(1)
    return torch


def main() -> None:
    """Print the table."""
    torch = peer()
    a = np.ones(3, np.float32)
    (unit,) = best([lambda: np.multiply(a, a)], 5_000)
    print(f"np.multiply of 3 float32: {unit:.2f} us, the unit of the second column")
    print(f"{'case':40}{'engine us':>12}{'units':>9}" + (f"{'PyTorch us':>13}{'ratio':>8}" if torch else ""))
    for name, (case, calls) in CASES.items():
        functions = [case(engine)] + ([case(torch)] if torch else [])
        times = best(functions, calls)
        line = f"{name:40}{times[0]:12.2f}{times[0] / unit:9.1f}"
        print(line + (f"{times[1]:13.2f}{times[0] / times[1]:8.2f}" if torch else ""))
    if not torch:
        print(
            "No PyTorch here to compare with: run `.venv-oracle/bin/python -m bench` after `make test-oracle`."
        )


if __name__ == "__main__":
    main()
