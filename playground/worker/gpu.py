"""The entry in a process that holds the GPU: as `main`, with a card. Only for programs of who owns the machine."""

from __future__ import annotations

import importlib.machinery
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from types import ModuleType
from typing import Any

import engine
from engine import allocator, backend, cuda
from playground.runner.channel import NotHere
from playground.runner.limits import Limits
from playground.worker.main import prepare as prepare_programs
from playground.worker.main import serve

__all__ = ["prepare", "serve"]

_CUPYS_OWN = ("cupy", "cupyx", "cupy_backends", "cuda", "nvidia")
"""With the packages in which it looks for CUDA's libraries."""
_torch: Any = engine


def prepare(limits: Limits) -> str:
    """Take the card: import CuPy, make the context, have the first kernels loaded. Returns the card's name.

    Raises NotHere if there is none, and what CuPy raises if it does not work.
    """
    try:
        cupy = backend.load_cupy()
    except ModuleNotFoundError as problem:
        missing = f"{problem.name} is not installed (`make gpu`, or pip install 'autograd-playground[gpu]')"
        raise NotHere(missing) from problem
    except Exception as problem:
        raise NotHere(str(problem) or type(problem).__name__) from problem
    allocator.confine(cupy, limits.gpu_memory_bytes)
    for part in ("special", "linalg"):
        backend.scipy(cupy, part)
    prepare_programs()
    sys.meta_path.append(_CuPys())
    x = _torch.ones(4, 4, device="cuda", requires_grad=True)
    (x @ x).exp().sum().backward()
    if x.grad is None or x.grad.cpu().shape != x.shape:
        raise NotHere("the card gave no result")
    cuda.empty_cache()
    return cuda.get_device_name()


class _CuPys(MetaPathFinder):
    """Finds what CuPy imports of its own when it is first needed, after everything else was restricted."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """As Python's own finder, for these names."""
        ours = name.partition(".")[0] in _CUPYS_OWN
        return importlib.machinery.PathFinder.find_spec(name, path, target) if ours else None
