"""Modules that learn the size of their input from the first one they are given."""

from __future__ import annotations

from typing import Any, ClassVar

from engine import dtypes
from engine.dtypes import dtype as Dtype
from engine.nn.modules.batchnorm import BatchNorm1d, BatchNorm2d, BatchNorm3d, NormBase
from engine.nn.modules.conv import (
    Conv1d,
    Conv2d,
    Conv3d,
    ConvTranspose1d,
    ConvTranspose2d,
    ConvTranspose3d,
    _ConvNd,
)
from engine.nn.modules.instancenorm import InstanceNorm1d, InstanceNorm2d, InstanceNorm3d
from engine.nn.modules.linear import Linear, new_tensor
from engine.nn.modules.module import Module
from engine.nn.parameter import UninitializedBuffer, UninitializedParameter, is_lazy
from engine.tensor import Tensor

__all__ = [
    *(f"LazyBatchNorm{n}d" for n in (1, 2, 3)),
    *(f"LazyConv{n}d" for n in (1, 2, 3)),
    *(f"LazyConvTranspose{n}d" for n in (1, 2, 3)),
    *(f"LazyInstanceNorm{n}d" for n in (1, 2, 3)),
    "LazyLinear",
    "UninitializedBuffer",
    "UninitializedParameter",
]


class _Lazy(Module):
    """What lazy modules share; after the first input they are of the class `cls_to_become`."""

    cls_to_become: ClassVar[type[Module]]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.initialize_parameters(args[0] if args else next(iter(kwargs.values())))
        self._finish()
        return self(*args, **kwargs)

    def _finish(self) -> None:
        self.__class__ = self.cls_to_become  # type: ignore[assignment]

    def has_uninitialized_params(self) -> bool:
        """Whether there is one whose shape is not known yet."""
        return any(map(is_lazy, (*self._parameters.values(), *self._buffers.values())))

    def initialize_parameters(self, input: Tensor) -> None:
        """Give the parameters the shapes that fit `input`."""
        raise NotImplementedError(f"initialize_parameters is not implemented for {type(self).__name__}")

    def _fit(self, features: int) -> None:
        raise NotImplementedError

    def _load_from_state_dict(self, state_dict: Any, prefix: str, *rest: Any) -> None:
        for registry in (self._parameters, self._buffers):
            for name, value in registry.items():
                given = state_dict.get(prefix + name)
                if is_lazy(value) and given is not None and not is_lazy(given):
                    value.materialize(given.shape)  # type: ignore[union-attr]
        super()._load_from_state_dict(state_dict, prefix, *rest)


class LazyLinear(_Lazy, Linear):
    """`Linear` whose number of inputs is that of the first input."""

    cls_to_become = Linear

    def __init__(
        self, out_features: int, bias: bool = True, device: Any = None, dtype: Dtype | None = None
    ) -> None:
        super().__init__(0, 0, False)
        self.weight = UninitializedParameter(device=device, dtype=dtype)
        self.out_features = out_features
        if bias:
            self.bias = UninitializedParameter(device=device, dtype=dtype)

    def reset_parameters(self) -> None:
        """Draw new initial values, if the shapes are known."""
        if not self.has_uninitialized_params() and self.in_features:
            super().reset_parameters()

    def initialize_parameters(self, input: Tensor) -> None:
        if self.has_uninitialized_params():
            self.in_features = input.shape[-1]
            self.weight.materialize((self.out_features, self.in_features))
            if self.bias is not None:
                self.bias.materialize((self.out_features,))
            self.reset_parameters()
        self.in_features = self.in_features or self.weight.shape[-1]


class _LazyConv(_Lazy, _ConvNd):
    def __init__(self, out_channels: int, kernel_size: Any, *args: Any, **kwargs: Any) -> None:
        place = 6 if self.transposed else 5
        bias = args[place - 1] if len(args) >= place else kwargs.get("bias", True)
        rest = list(args)
        if len(rest) >= place:
            rest[place - 1] = False
        else:
            kwargs["bias"] = False
        super().__init__(0, 0, kernel_size, *rest, **kwargs)
        self.weight = UninitializedParameter()
        self.out_channels = out_channels
        if bias:
            self.bias = UninitializedParameter()

    def reset_parameters(self) -> None:
        """Draw new initial values, if the shapes are known."""
        if not self.has_uninitialized_params() and self.in_channels:
            super().reset_parameters()

    def initialize_parameters(self, input: Tensor) -> None:
        if not self.has_uninitialized_params():
            return
        if input.ndim not in (self.dims + 1, self.dims + 2):
            raise RuntimeError(
                f"Expected {self.dims + 1}D (unbatched) or {self.dims + 2}D (batched) input to {type(self).__name__}, "
                f"but got input of size: {input.shape}"
            )
        self.in_channels = input.shape[-self.dims - 1]
        if self.in_channels % self.groups:
            raise ValueError("in_channels must be divisible by groups")
        sizes = (
            (self.in_channels, self.out_channels)
            if self.transposed
            else (self.out_channels, self.in_channels)
        )
        self.weight.materialize((sizes[0], sizes[1] // self.groups, *self.kernel_size))
        if self.bias is not None:
            self.bias.materialize((self.out_channels,))
        self.reset_parameters()


class _LazyNorm(_Lazy, NormBase):
    def __init__(
        self,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Dtype | None = None,
    ) -> None:
        NormBase.__init__(self, 0, eps, momentum, False, False, device, dtype)
        self.affine = affine
        self.track_running_stats = track_running_stats
        if affine:
            self.weight, self.bias = UninitializedParameter(), UninitializedParameter()
        if track_running_stats:
            self.running_mean, self.running_var = UninitializedBuffer(), UninitializedBuffer()
            self.num_batches_tracked = new_tensor((), device, dtypes.int64)

    def reset_parameters(self) -> None:
        """The initial values, if the shapes are known."""
        if not self.has_uninitialized_params() and self.num_features:
            super().reset_parameters()

    def reset_running_stats(self) -> None:
        """The initial statistics, if the shapes are known."""
        if not self.has_uninitialized_params() and self.num_features:
            super().reset_running_stats()

    def initialize_parameters(self, input: Tensor) -> None:
        if not self.has_uninitialized_params():
            return
        self.num_features = input.shape[1]
        for value in (*self._parameters.values(), *self._buffers.values()):
            if is_lazy(value):
                value.materialize((self.num_features,))  # type: ignore[union-attr]
        super().reset_running_stats()
        super().reset_parameters()


def _made(name: str, shared: type, become: type) -> Any:
    doc = f"`{become.__name__}` whose number of channels is that of the first input."
    return type(name, (shared, become), {"cls_to_become": become, "__doc__": doc, "__module__": __name__})


LazyConv1d, LazyConv2d, LazyConv3d = (
    _made(f"Lazy{c.__name__}", _LazyConv, c) for c in (Conv1d, Conv2d, Conv3d)
)
LazyConvTranspose1d, LazyConvTranspose2d, LazyConvTranspose3d = (
    _made(f"Lazy{c.__name__}", _LazyConv, c) for c in (ConvTranspose1d, ConvTranspose2d, ConvTranspose3d)
)
LazyBatchNorm1d, LazyBatchNorm2d, LazyBatchNorm3d = (
    _made(f"Lazy{c.__name__}", _LazyNorm, c) for c in (BatchNorm1d, BatchNorm2d, BatchNorm3d)
)
LazyInstanceNorm1d, LazyInstanceNorm2d, LazyInstanceNorm3d = (
    _made(f"Lazy{c.__name__}", _LazyNorm, c) for c in (InstanceNorm1d, InstanceNorm2d, InstanceNorm3d)
)
