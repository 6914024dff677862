"""One configuration in a process of its own: loads a workload, and times it when it is its turn.

On a CUDA device (``engine-cuda``, ``torch-cuda``) time is that from an idle card to an idle card.

Requests and replies are lines of JSON on standard input and output. ``["load", name]`` is answered by the number the
libraries are compared by, or by why there is none; ``["time", calls]`` by the nanoseconds of that many steps.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from bench.table import WORKLOADS
from bench.workloads import Step
from engine import backend

STEPS = 3
"""How many steps are taken before the libraries are compared: enough for gradients and updates to show."""

Build = Callable[[str], Step]


def builder(configuration: str) -> tuple[Build, str]:
    """How this configuration makes a step of the name of a workload, and the library's version."""
    if configuration.endswith("-cuda"):
        return on_cuda(configuration)
    if configuration == "engine":
        import engine

        return lambda name: WORKLOADS[name].torch(engine), ""
    if configuration.startswith("torch"):
        import torch

        torch.set_num_threads(int(configuration.removeprefix("torch")))
        return lambda name: WORKLOADS[name].torch(torch), torch.__version__
    if configuration == "recording":
        from bench import recording

        steps: dict[str, Callable[[], Step]] = {
            "plain": recording.plain,
            "noted": recording.Noted,
            "recorded": recording.recorded,
        }
        return lambda name: steps[name](), ""
    from importlib.metadata import version

    from bench.peers import Autograd, Library, MyGrad

    library: Library = Autograd() if configuration == "autograd" else MyGrad()
    return lambda name: WORKLOADS[name].peer(library), version(configuration)


def on_cuda(configuration: str) -> tuple[Build, str]:
    """`builder` for the workloads of `bench.gpu`, with every tensor made on the device."""
    from bench import gpu
    from bench.peers import Unavailable

    def unavailable(_: str) -> Step:
        raise Unavailable(reason)

    if configuration == "engine-cuda":
        import engine

        cupy = backend.cupy()
        backend.allow_tf32("convolution", True)  # as PyTorch's are
        engine.set_default_device("cuda")
        return lambda name: gpu.WORKLOADS[name].build(engine), f"CuPy {cupy.__version__}" if cupy else ""
    try:
        import torch
    except ImportError:
        reason = "PyTorch is not installed beside the engine"
        return unavailable, ""
    if not torch.cuda.is_available():
        reason = f"PyTorch {torch.__version__} sees no CUDA device"
        return unavailable, ""
    torch.set_default_device("cuda")
    return lambda name: gpu.WORKLOADS[name].build(torch), f"PyTorch {torch.__version__}"


def clock_of(configuration: str) -> Callable[[], int]:
    """Nanoseconds, as they are counted for this configuration."""
    if configuration in ("engine-cuda", "torch-cuda"):
        library = importlib.import_module("engine" if configuration == "engine-cuda" else "torch")

        def when_idle() -> int:
            library.cuda.synchronize()
            return time.perf_counter_ns()

        return when_idle
    # One thread's own time is what it takes when nothing else wants the core; that of several says nothing.
    return time.perf_counter_ns if configuration == "torch2" else time.process_time_ns


def number(value: Any) -> float:
    """The sum of what a step returned, whatever library it is of."""
    if hasattr(value, "detach"):
        return float(value.detach().double().sum())
    return (
        float(np.sum(np.asarray(getattr(value, "data", value), dtype=np.float64)))
        if value is not None
        else 0.0
    )


def timed(step: Step, calls: int, clock: Callable[[], int]) -> int:
    """Nanoseconds of so many steps."""
    start = clock()
    for _ in range(calls):
        step()
    taken = clock() - start
    getattr(step, "between", int)()
    return taken


def main(configuration: str) -> None:
    """Answer requests until there are none."""
    from bench.peers import Unavailable

    # What a program prints must not mix with the replies.
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    build, library_version = builder(configuration)
    clock: Callable[[], int] | None = None

    def reply(value: Any) -> None:
        replies.write(json.dumps(value) + "\n")
        replies.flush()

    reply(library_version)
    step: Step = lambda: None  # noqa: E731
    for line in sys.stdin:
        request, argument = json.loads(line)
        if request == "load":
            del step
            gc.unfreeze()
            gc.collect()
            try:
                step = build(argument)
            except Unavailable as reason:
                step = lambda: None  # noqa: E731
                reply({"unavailable": str(reason)})
                continue
            value = None
            for _ in range(STEPS):
                value = step()
            reply({"value": number(value)})
            gc.freeze()  # what the library itself has made is not the workload's garbage
        else:
            clock = clock or clock_of(configuration)
            reply(timed(step, argument, clock))


if __name__ == "__main__":
    main(sys.argv[1])
