"""``torch.autograd.forward_ad``: dual tensors, which carry a tangent through every operation."""

from __future__ import annotations

from typing import Any, NamedTuple

from engine.autograd import layers
from engine.autograd.forward import Level
from engine.tensor import Tensor

__all__ = [
    "UnpackedDualTensor",
    "dual_level",
    "enter_dual_level",
    "exit_dual_level",
    "make_dual",
    "unpack_dual",
]

_levels: list[Level] = []


class UnpackedDualTensor(NamedTuple):
    """A value and its tangent, None for a tensor that is not dual."""

    primal: Tensor
    tangent: Tensor | None


def enter_dual_level() -> int:
    """Begin a level and return its number, 0: there is one at a time.

    Raises:
        RuntimeError: if a level is open. Nest `torch.func.jvp` instead.
    """
    if _levels:
        raise RuntimeError("Nested forward mode AD is not supported at the moment")
    _levels.append(Level())
    _levels[-1].__enter__()
    return len(_levels) - 1


def exit_dual_level(*, level: int | None = None) -> None:
    """End the level; tangents made in it are gone.

    Raises:
        RuntimeError: if it is not the one that is open.
    """
    if not _levels:
        raise RuntimeError("Dual level must be a positive number.")
    if level is not None and level != len(_levels) - 1:
        raise RuntimeError(
            "Trying to exit a forward AD level that was not the last one that was created. This is not supported."
        )
    _levels.pop().__exit__()


def make_dual(tensor: Tensor, tangent: Tensor, *, level: int | None = None) -> Tensor:
    """A tensor over the memory of `tensor` whose derivative is `tangent`, of its shape.

    Raises:
        RuntimeError: outside a level, for another shape, or for a tensor that is dual already.
        ValueError: for a dtype without derivatives.
    """
    if not _levels:
        raise RuntimeError(
            "Trying to create a dual Tensor for forward AD but no level exists, make sure to enter_dual_level() first."
        )
    for name, t in (("primal", tensor), ("tangent", tangent)):
        if not (t.is_floating_point() or t.is_complex()):
            raise ValueError(f"Expected {name} to be floating point or complex, but got: {t.dtype}")
    current = _levels[-1]
    if current.tangent(tensor) is not None:
        raise RuntimeError(
            "Making a dual Tensor based on a Tensor that already has a forward gradient at the same level 0 is not "
            "supported."
        )
    made: Tensor = tensor.view_as(tensor)
    set_tangent(current, made, tangent)
    return made


def set_tangent(level: Level, t: Tensor, tangent: Tensor) -> None:
    """Attach a tangent a user gave.

    Raises:
        RuntimeError: if it has another shape.
    """
    if t._data.shape != tangent._data.shape:
        raise RuntimeError(
            "Trying to set a forward gradient that has a different size than that of the original Tensor, this is not "
            f"supported. Tensor is of size {list(t._data.shape)} while the given forward gradient is of size "
            f"{list(tangent._data.shape)}."
        )
    level.attach(t, tangent)


def current_tangent(tensor: Tensor) -> Tensor | None:
    """The tangent of `tensor` at the open level, None if it has none or no level is open."""
    return _levels[-1].tangent(tensor) if _levels else None


def unpack_dual(tensor: Tensor, *, level: int | None = None) -> UnpackedDualTensor:
    """The value and the tangent of `tensor` at the open level; the tangent is None without one."""
    tangent = current_tangent(tensor)
    if tangent is None:
        return UnpackedDualTensor(tensor, None)
    with layers.only(layers.below(_levels[-1])):
        primal = tensor.view_as(tensor)
    _levels[-1].attach(primal, None)
    return UnpackedDualTensor(primal, tangent)


class dual_level:
    """A level inside a ``with`` block; gives its number."""

    def __enter__(self) -> int:
        return enter_dual_level()

    def __exit__(self, *_: Any) -> None:
        exit_dual_level()
