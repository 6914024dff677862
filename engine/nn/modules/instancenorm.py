"""Instance normalisation as modules."""

from __future__ import annotations

from typing import Any

from engine.dtypes import dtype as Dtype
from engine.nn import functional as F
from engine.nn.modules.batchnorm import NormBase
from engine.ops import shape
from engine.tensor import Tensor

__all__ = ["InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d"]


class _InstanceNorm(NormBase):
    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        device: Any = None,
        dtype: Dtype | None = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias)

    def forward(self, input: Tensor) -> Tensor:
        self._check_input_dim(input)
        alone = input.ndim == self.dims[0]
        batch = shape.unsqueeze(input, 0) if alone else input
        result = F.instance_norm(
            batch,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training or not self.track_running_stats,
            self._count_batch(),
            self.eps,
        )
        return shape.squeeze(result, 0) if alone else result


class InstanceNorm1d(_InstanceNorm):
    """Mean 0 and variance 1 of each channel of each element of the batch, (C, L) or (N, C, L)."""

    dims = (2, 3)


class InstanceNorm2d(_InstanceNorm):
    """Mean 0 and variance 1 of each channel of each element of the batch, (C, H, W) or (N, C, H, W)."""

    dims = (3, 4)


class InstanceNorm3d(_InstanceNorm):
    """Mean 0 and variance 1 of each channel of each element of the batch, (C, D, H, W) or (N, C, D, H, W)."""

    dims = (4, 5)
