"""``torch.jit``: nothing is compiled; functions and modules are run as the Python they are."""

from __future__ import annotations

import contextlib
from typing import Any, Final, TypeVar

__all__ = [
    "Final",
    "annotate",
    "export",
    "freeze",
    "ignore",
    "is_scripting",
    "is_tracing",
    "optimize_for_inference",
    "optimized_execution",
    "script",
    "script_if_tracing",
    "trace",
    "unused",
]

T = TypeVar("T")


def script(obj: T, *args: Any, **kwargs: Any) -> T:
    """The function or module itself."""
    return obj


def trace(func: T, example_inputs: Any = None, *args: Any, **kwargs: Any) -> T:
    """The function or module itself; it is not run on `example_inputs`, and later calls may take other branches."""
    return func


def freeze(mod: T, *args: Any, **kwargs: Any) -> T:
    """The module itself."""
    return mod


def optimize_for_inference(mod: T, *args: Any, **kwargs: Any) -> T:
    """The module itself."""
    return mod


def export(fn: T) -> T:
    """The function itself."""
    return fn


def unused(fn: T) -> T:
    """The function itself."""
    return fn


def script_if_tracing(fn: T) -> T:
    """The function itself."""
    return fn


def ignore(drop: Any = False, **kwargs: Any) -> Any:
    """The function itself, or a decorator that gives it."""
    return drop if callable(drop) else (lambda fn: fn)


def annotate(the_type: Any, the_value: T) -> T:
    """The value."""
    return the_value


def is_scripting() -> bool:
    """False: nothing is compiled."""
    return False


def is_tracing() -> bool:
    """False: nothing is traced."""
    return False


def optimized_execution(should_optimize: bool) -> contextlib.AbstractContextManager[None]:
    """A context manager that changes nothing."""
    return contextlib.nullcontext()
