"""Normalisations as PyTorch's kernels give them: with the statistics they used, under their own names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from engine.fused import fused
from engine.ops import nn, shape
from engine.ops import pointwise as P
from engine.ops import reduce as R
from engine.tensor import Tensor


def _layer(input: Any, weight: Any, bias: Any, sizes: Sequence[int], eps: float) -> Any:
    over = tuple(range(input.ndim - len(sizes), input.ndim))
    mean, rstd = _statistics(input.detach(), over, eps)
    return nn.layer_norm(input, weight, bias, len(sizes), eps), mean, rstd


def _statistics(x: Any, over: tuple[int, ...], eps: float) -> tuple[Any, Any]:
    mean = R._mean_dim(x, over, True)
    centred = x - mean
    return mean, P.rsqrt(R._mean_dim(centred * centred, over, True) + eps)


def _group(input: Any, weight: Any, bias: Any, groups: int, eps: float) -> Any:
    x = shape.reshape(input, nn._grouped(input.shape, groups))
    mean, rstd = (shape.reshape(t, (input.shape[0], groups)) for t in _statistics(x, (2,), eps))
    return nn.group_norm(input, weight, bias, groups, eps), mean, rstd


layer_norm_of = fused("native_layer_norm_of", lambda input, weight, bias, sizes, eps: _layer(input, weight, bias, sizes, eps)[0], inputs=3,
    grad="NativeLayerNormBackward0", aten="aten::native_layer_norm", formula=r"\frac{1}{\sqrt{\sigma^2 + \varepsilon}} \left(g\,w - \operatorname{mean}(g\,w) - \hat{x} \operatorname{mean}(g\,w\,\hat{x})\right),\ \sum g\,\hat{x},\ \sum g",
    doc="Mean 0 and variance 1 over the last dimensions.")
group_norm_of = fused("native_group_norm_of", _group, inputs=3, outputs=3, grad="NativeGroupNormBackward0", aten="aten::native_group_norm",
    formula=r"\frac{1}{\sqrt{\sigma^2 + \varepsilon}} \left(g\,w - \operatorname{mean}(g\,w) - \hat{x} \operatorname{mean}(g\,w\,\hat{x})\right),\ \sum g\,\hat{x},\ \sum g", doc="Mean 0 and variance 1 of each group of channels, and the statistics.")
batch_norm_of = {
    name: fused(name, lambda input, weight, bias, mean, var, eps: nn.batch_norm(input, weight, bias, mean, var, eps), inputs=3,
        grad=grad, aten=f"aten::{aten}", formula=r"\frac{1}{\sqrt{\sigma^2 + \varepsilon}} \left(g\,w - \operatorname{mean}(g\,w) - \hat{x} \operatorname{mean}(g\,w\,\hat{x})\right),\ \sum g\,\hat{x},\ \sum g", doc="Mean 0 and variance 1 of each channel.")
    for name, grad, aten in (
        ("native_batch_norm_of", "NativeBatchNormBackward0", "native_batch_norm"),
        ("native_batch_norm_legit", "NativeBatchNormLegitBackward0", "_native_batch_norm_legit"),
        ("native_batch_norm_legit_no_stats", "NativeBatchNormLegitBackward1", "_native_batch_norm_legit"),
    )
}
softmax_backward = fused("softmax_backward", lambda grad_output, output, dim: R.softmax_vjp(_Tensors, grad_output, output, dim), inputs=2,
    grad="SoftmaxBackwardDataBackward0", aten="aten::_softmax_backward_data", formula=r"\text{that of } s\,\Big(g - \sum g\,s\Big)",
    doc="The gradient of softmax.")


class _Tensors:
    recording = True
    sum_dim = staticmethod(R._sum_dim)


def native_layer_norm(input: Tensor, normalized_shape: Any, weight: Any, bias: Any, eps: float) -> tuple[Tensor, Tensor, Tensor]:
    """(output, mean, rstd) of layer normalisation."""
    sizes = tuple(normalized_shape)
    y = layer_norm_of(input, weight, bias, sizes, eps)
    mean, rstd = _statistics(input.detach(), tuple(range(input.ndim - len(sizes), input.ndim)), eps)
    return y, mean, rstd


def native_group_norm(input: Tensor, weight: Any, bias: Any, N: int, C: int, HxW: int, group: int, eps: float) -> Any:
    """(output, mean, rstd) of group normalisation."""
    return tuple(group_norm_of(input, weight, bias, group, eps))


def _batch(name: str, input: Any, weight: Any, bias: Any, running_mean: Any, running_var: Any, training: bool, momentum: float, eps: float) -> Any:
    kind = input._data.dtype
    if not training:
        none = input._beside(np.zeros(0, kind))
        y = batch_norm_of[name](input, weight, bias, running_mean._data, running_var._data, eps)
        return y, none, input._beside(np.zeros(0, kind))
    over = (0, *range(2, input.ndim))
    mean, rstd = (shape.reshape(t, (-1,)) for t in _statistics(input.detach(), over, eps))
    count = input.numel() // max(input.shape[1], 1)
    if running_mean is not None:
        running_mean._data[...] = (1 - momentum) * running_mean._data + momentum * mean._data
    if running_var is not None:
        var = input._data.var(over, ddof=1) if count > 1 else np.full(input.shape[1], np.nan)
        running_var._data[...] = (1 - momentum) * running_var._data + momentum * var
    return batch_norm_of[name](input, weight, bias, None, None, eps), mean, rstd


def native_batch_norm(input: Tensor, weight: Any, bias: Any, running_mean: Any, running_var: Any, training: bool, momentum: float, eps: float) -> Any:
    """(output, mean, rstd) of batch normalisation."""
    return _batch("native_batch_norm_of", input, weight, bias, running_mean, running_var, training, momentum, eps)


def _native_batch_norm_legit(input: Tensor, weight: Any, bias: Any, *rest: Any, **named: Any) -> Any:
    """`native_batch_norm`, with or without running statistics."""
    names = ("running_mean", "running_var", "training", "momentum", "eps") if len(rest) + len(named) > 3 else ("training", "momentum", "eps")
    given = {**dict(zip(names, rest, strict=False)), **named}
    stats = given.get("running_mean") is not None or len(names) == 5
    name = "native_batch_norm_legit" if stats else "native_batch_norm_legit_no_stats"
    return _batch(name, input, weight, bias, given.get("running_mean"), given.get("running_var"), given["training"], given["momentum"], given["eps"])


def _softmax_backward_data(grad_output: Tensor, output: Tensor, dim: int, input_dtype: Any) -> Tensor:
    """The gradient of softmax."""
    return softmax_backward(grad_output, output, dim)  # type: ignore[no-any-return]


__all__ = ["_native_batch_norm_legit", "_softmax_backward_data", "native_batch_norm", "native_group_norm", "native_layer_norm"]
