"""PyTorch's tensor printing, on host NumPy arrays.

The rules are those of PyTorch's ``torch/_tensor_str.py``: one format for the whole tensor, chosen from its finite
non-zero values; integers-as-floats print as ``2.``; scientific notation when the magnitudes are far apart.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import numpy as np
import numpy.typing as npt

from engine import dtypes
from engine.backend import to_host
from engine.state import S

if TYPE_CHECKING:
    from engine.tensor import Tensor

T = TypeVar("T")

__all__ = [
    "PrintOptions",
    "format_array",
    "get_printoptions",
    "printoptions",
    "return_type",
    "set_printoptions",
    "tensor_repr",
]

Array = npt.NDArray[Any]
Profile = Literal["default", "short", "full"]


@dataclass
class PrintOptions:
    """How tensors are printed; see `set_printoptions`."""

    precision: int = 4
    threshold: float = 1000
    edgeitems: int = 3
    linewidth: int = 80
    sci_mode: bool | None = None


OPTIONS = PrintOptions()

PROFILES: dict[str, dict[str, float]] = {
    "default": {"precision": 4, "threshold": 1000, "edgeitems": 3, "linewidth": 80},
    "short": {"precision": 2, "threshold": 1000, "edgeitems": 2, "linewidth": 80},
    "full": {"precision": 4, "threshold": math.inf, "edgeitems": 3, "linewidth": 80},
}


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: Profile | None = None,
    sci_mode: bool | None = None,
) -> None:
    """Set how tensors are printed; what is not given stays, except `sci_mode`, which returns to automatic.

    `precision` counts digits after the point; tensors of more than `threshold` elements show only `edgeitems` at
    either end of each dimension; lines are broken at `linewidth` characters; `sci_mode` forces or forbids scientific
    notation. `profile` sets all but `sci_mode` at once. Raises ValueError for an unknown profile.
    """
    chosen: dict[str, float | None] = {}
    if profile is not None:
        if profile not in PROFILES:
            raise ValueError(f"profile must be one of {', '.join(map(repr, PROFILES))}, but got {profile!r}")
        chosen.update(PROFILES[profile])
    given = {"precision": precision, "threshold": threshold, "edgeitems": edgeitems, "linewidth": linewidth}
    chosen.update({name: value for name, value in given.items() if value is not None})
    for name, value in chosen.items():
        setattr(OPTIONS, name, value)
    OPTIONS.sci_mode = sci_mode


def get_printoptions() -> dict[str, Any]:
    """The current options, as keywords for `set_printoptions`."""
    return asdict(OPTIONS)


@contextmanager
def printoptions(**options: Any) -> Iterator[None]:
    """Print with other options for the length of a ``with`` block; takes the keywords of `set_printoptions`."""
    before = get_printoptions()
    set_printoptions(**options)
    try:
        yield
    finally:
        set_printoptions(**before)


class _Formatter:
    """The one format in which every element of a real array is printed, and its width in characters."""

    width: int
    format: Callable[[Any], str]

    def __init__(self, values: Array, options: PrintOptions) -> None:
        values = values.reshape(-1)
        self.width = 1
        if values.dtype.kind != "f":
            if values.size:
                extremes = (values.min(), values.max())
                self.width = max(len(str(value.item())) for value in extremes)
            self.format = self._other
            return

        finite = values[np.isfinite(values) & (values != 0)].astype(np.float64)
        if not finite.size:
            self.format = self._whole
            return
        magnitudes = np.abs(finite)
        smallest, largest = magnitudes.min(), magnitudes.max()
        whole = not bool((finite != np.ceil(finite)).any())
        scientific = options.sci_mode
        if scientific is None:
            with np.errstate(over="ignore"):
                scientific = bool(largest / smallest > 1000.0 or largest > 1.0e8 or smallest < 1.0e-4)

        # Rounding is monotone, so the widest number is the largest of its sign, or in scientific notation
        # (three digits of exponent) perhaps the smallest: four candidates instead of all values.
        negative, positive = finite[finite < 0], finite[finite > 0]
        candidates = [
            end(part).item() for part in (negative, positive) if part.size for end in (np.min, np.max)
        ]
        self._pattern = f"{{:.{options.precision}{'e' if scientific else 'f'}}}"
        if scientific:
            self.format = self._patterned
            self.width = max(len(self._pattern.format(value)) for value in candidates)
        elif whole:
            self.format = self._whole
            self.width = max(len(f"{value:.0f}") + 1 for value in candidates)
        else:
            self.format = self._patterned
            self.width = max(len(self._pattern.format(value)) for value in candidates)

    def _other(self, value: Any) -> str:
        return str(value).rjust(self.width)

    def _patterned(self, value: float) -> str:
        return self._pattern.format(value).rjust(self.width)

    def _whole(self, value: float) -> str:
        text = f"{value:.0f}"
        return (f"{text}." if math.isfinite(value) else text).rjust(self.width)


def _complex_format(real: _Formatter, imaginary: _Formatter) -> Callable[[complex], str]:
    def format_complex(value: complex) -> str:
        imag = imaginary.format(value.imag).lstrip() + "j"
        return real.format(value.real) + ("" if imag[0] in "+-" else "+") + imag

    return format_complex


def _edges(values: Array, edgeitems: int) -> Array:
    """Only what a summary shows: `edgeitems` at either end of each dimension longer than both together."""
    for axis, size in enumerate(values.shape):
        if size > 2 * edgeitems:
            # Not ``take``: it first makes a contiguous copy of an array that is not, however large.
            values = values[(*(slice(None),) * axis, np.r_[0:edgeitems, size - edgeitems : size])]
    return values


def format_array(values: Array, options: PrintOptions | None = None, indent: int = 0) -> str:
    """The text between ``tensor(`` and the suffixes.

    `values` has any shape and a boolean, integer, floating or complex dtype; `indent` is the column where the text
    begins. Lines break so that none is longer than ``options.linewidth`` where that can be.
    """
    options = options or OPTIONS
    if values.size == 0:
        return "[]"
    edgeitems = options.edgeitems
    summarize = values.size > options.threshold
    shown = _edges(values, edgeitems) if summarize else values

    format_value: Callable[[Any], str]
    if values.dtype.kind == "c":
        real, imaginary = _Formatter(shown.real, options), _Formatter(shown.imag, options)
        format_value = _complex_format(real, imaginary)
        element_length = real.width + imaginary.width + 3
    else:
        formatter = _Formatter(shown, options)
        format_value = formatter.format
        element_length = formatter.width + 2

    def vector(row: Array, indent: int) -> str:
        if summarize and not edgeitems:
            texts = ["..."]
        elif summarize and len(row) > 2 * edgeitems:
            first, last = row[:edgeitems].tolist(), row[-edgeitems:].tolist()
            texts = [*map(format_value, first), " ...", *map(format_value, last)]
        else:
            texts = list(map(format_value, row.tolist()))
        per_line = max(1, (options.linewidth - indent) // element_length)
        lines = [", ".join(texts[start : start + per_line]) for start in range(0, len(texts), per_line)]
        return "[" + (",\n" + " " * (indent + 1)).join(lines) + "]"

    def block(part: Array, indent: int) -> str:
        if part.ndim == 1:
            return vector(part, indent)
        size = len(part)
        if summarize and size > 2 * edgeitems:
            texts = [block(part[i], indent + 1) for i in range(edgeitems)]
            texts.append("...")
            texts += [block(part[i], indent + 1) for i in range(size - edgeitems, size)]
        else:
            texts = [block(row, indent + 1) for row in part]
        return "[" + ("," + "\n" * (part.ndim - 1) + " " * (indent + 1)).join(texts) + "]"

    return format_value(values.item()) if values.ndim == 0 else block(values, indent)


def _with_suffixes(text: str, suffixes: list[str], indent: int) -> str:
    parts = [text]
    # One more than the length of the last line: PyTorch counts so, and where lines break depends on it.
    length = len(text) - text.rfind("\n") + 1
    for suffix in suffixes:
        if length + len(suffix) + 2 > OPTIONS.linewidth:
            parts.append(",\n" + " " * indent + suffix)
            length = indent + len(suffix)
        else:
            parts.append(", " + suffix)
            length += len(suffix) + 2
    return "".join(parts) + ")"


def tensor_repr(tensor: Tensor) -> str:
    """What ``print(tensor)`` shows, values and suffixes, in PyTorch's layout. Device values are copied to the host."""
    cls = type(tensor)
    # The library's own classes (Tensor, Parameter) print as `tensor(...)`, a user's subclass under its own name.
    prefix = "tensor(" if cls.__module__.partition(".")[0] in ("engine", "torch") else f"{cls.__name__}("
    values = to_host(tensor._data)
    dtype = tensor.dtype
    default = dtypes.get_default_dtype()

    suffixes = []
    if tensor.device.type != "cpu":
        suffixes.append(f"device='{tensor.device}'")
    if values.size == 0:
        if values.ndim != 1:
            suffixes.append(f"size={tuple(values.shape)}")
        if dtype is not default:
            suffixes.append(f"dtype={dtype}")
    else:
        if not OPTIONS.edgeitems:
            suffixes.append(f"size={tuple(values.shape)}")
        complex_default = dtypes.complex128 if default is dtypes.float64 else dtypes.complex64
        if dtype not in (default, complex_default, dtypes.int64, dtypes.bool_):
            suffixes.append(f"dtype={dtype}")
    try:
        grad_fn = None if tensor.grad_fn is None else type(tensor.grad_fn).__name__
    except RuntimeError:  # a view that was written to in a way that is not allowed
        grad_fn = "Invalid"
    if grad_fn is not None:
        suffixes.append(f"grad_fn=<{grad_fn}>")
    elif tensor.requires_grad:
        suffixes.append("requires_grad=True")
    if S.layers:
        from engine.autograd.forward_ad import current_tangent

        tangent = current_tangent(tensor)
        if tangent is not None:
            suffixes.append(f"tangent={tangent}")

    indent = len(prefix)
    return _with_suffixes(prefix + format_array(values, OPTIONS, indent), suffixes, indent)


def return_type(name: str) -> Callable[[type[T]], type[T]]:
    """Let a named tuple print as ``torch.return_types.name``, a field to a line."""

    def decorate(kind: type[T]) -> type[T]:
        def text(self: Any) -> str:
            fields = ",\n".join(f"{field}={getattr(self, field)!r}" for field in self._fields)
            return f"torch.return_types.{name}(\n{fields})"

        kind.__repr__ = text  # type: ignore[method-assign]
        kind.__name__ = kind.__qualname__ = name
        kind.__module__ = "torch.return_types"
        return kind

    return decorate
