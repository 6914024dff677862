"""``torch.backends.cudnn``: settings that programs make for repeatable runs; runs here repeat anyway."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

from engine import backend
from engine.backends.precision import checked

enabled = True
benchmark = False
deterministic = False


def is_available() -> bool:
    """No."""
    return False


def version() -> None:
    """None: there is none."""


@contextmanager
def flags(
    enabled: bool = False,
    benchmark: bool = False,
    benchmark_limit: int = 10,
    deterministic: bool = False,
    allow_tf32: bool | None = None,
    fp32_precision: str = "none",
) -> Iterator[None]:
    """The settings as given inside a ``with`` block, and as before behind it; `allow_tf32` stays as it is if None."""
    module = sys.modules[__name__]
    names = "enabled", "benchmark", "deterministic"
    before = {name: getattr(module, name) for name in names}
    precision = backend.TF32["convolution"]
    try:
        for name, value in zip(names, (enabled, benchmark, deterministic), strict=True):
            setattr(module, name, value)
        backend.allow_tf32("convolution", precision if allow_tf32 is None else allow_tf32)
        yield
    finally:
        for name, value in before.items():
            setattr(module, name, value)
        backend.allow_tf32("convolution", precision)


class _Module(ModuleType):
    """The module, so that what is set takes effect."""

    @property
    def allow_tf32(self) -> bool:
        """Whether convolutions on a device may be computed in TF32: products of numbers rounded to 10 bits.

        True as in PyTorch, which then does it. Here they are in full float32 until a program sets this to True itself,
        so that a program gives the same numbers on the CPU, on a card and on one that is served.
        """
        return backend.TF32["convolution"] is not False

    @allow_tf32.setter
    def allow_tf32(self, value: bool) -> None:
        backend.allow_tf32("convolution", checked(value))


sys.modules[__name__].__class__ = _Module
