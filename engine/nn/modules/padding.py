"""Padding as modules."""

from __future__ import annotations

from engine.nn import functional as F
from engine.nn.modules.module import Module
from engine.nn.modules.sizes import Size, each
from engine.tensor import Tensor

__all__ = [
    "CircularPad1d",
    "CircularPad2d",
    "CircularPad3d",
    "ConstantPad1d",
    "ConstantPad2d",
    "ConstantPad3d",
    "ReflectionPad1d",
    "ReflectionPad2d",
    "ReflectionPad3d",
    "ReplicationPad1d",
    "ReplicationPad2d",
    "ReplicationPad3d",
    "ZeroPad1d",
    "ZeroPad2d",
    "ZeroPad3d",
]


class _Pad(Module):
    dims = 1
    mode = "constant"

    def __init__(self, padding: Size) -> None:
        super().__init__()
        self.padding = each(padding, 2 * self.dims)

    def forward(self, input: Tensor) -> Tensor:
        return F.pad(input, self.padding, self.mode)

    def extra_repr(self) -> str:
        return str(self.padding)


class ConstantPad1d(_Pad):
    """A number before and after the last dimension."""

    def __init__(self, padding: Size, value: float) -> None:
        super().__init__(padding)
        self.value = value

    def forward(self, input: Tensor) -> Tensor:
        return F.pad(input, self.padding, "constant", self.value)

    def extra_repr(self) -> str:
        return f"padding={self.padding}, value={self.value}"


class ConstantPad2d(ConstantPad1d):
    """A number around the last two dimensions."""

    dims = 2


class ZeroPad1d(_Pad):
    """Zeros before and after the last dimension."""


class ZeroPad2d(_Pad):
    """Zeros around the last two dimensions."""

    dims = 2


class ReflectionPad1d(_Pad):
    """The last dimension mirrored at its ends."""

    mode = "reflect"


class ReflectionPad2d(_Pad):
    """The last two dimensions mirrored at their ends."""

    dims = 2
    mode = "reflect"


class ReplicationPad1d(_Pad):
    """The ends of the last dimension repeated."""

    mode = "replicate"


class ReplicationPad2d(_Pad):
    """The ends of the last two dimensions repeated."""

    dims = 2
    mode = "replicate"


class ConstantPad3d(ConstantPad1d):
    """A number around the last three dimensions."""

    dims = 3


class ZeroPad3d(_Pad):
    """Zeros around the last three dimensions."""

    dims = 3


class ReflectionPad3d(_Pad):
    """The last three dimensions mirrored at their ends."""

    dims = 3
    mode = "reflect"


class ReplicationPad3d(_Pad):
    """The ends of the last three dimensions repeated."""

    dims = 3
    mode = "replicate"


class CircularPad1d(_Pad):
    """The last dimension continued from its other end."""

    mode = "circular"


class CircularPad2d(_Pad):
    """The last two dimensions continued from their other ends."""

    dims = 2
    mode = "circular"


class CircularPad3d(_Pad):
    """The last three dimensions continued from their other ends."""

    dims = 3
    mode = "circular"
