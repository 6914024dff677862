"""Batch norm in evaluation folded into the layer before it."""

from __future__ import annotations

import copy
from typing import Any

from engine.nn.parameter import Parameter
from engine.ops import create, pointwise

__all__ = ["fuse_conv_bn_eval", "fuse_conv_bn_weights", "fuse_linear_bn_eval", "fuse_linear_bn_weights"]


def _check(layer: Any, bn: Any) -> None:
    if layer.training or bn.training:
        raise AssertionError("Fusion only for eval!")
    if bn.running_mean is None or bn.running_var is None:
        raise AssertionError("bn.running_mean and bn.running_var must not be None")


def fuse_conv_bn_eval(conv: Any, bn: Any, transpose: bool = False) -> Any:
    """A convolution that does what `conv` and then `bn` do."""
    _check(conv, bn)
    fused = copy.deepcopy(conv)
    fused.weight, fused.bias = fuse_conv_bn_weights(
        fused.weight, fused.bias, bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias, transpose
    )
    return fused


def fuse_conv_bn_weights(
    conv_w: Any,
    conv_b: Any,
    bn_rm: Any,
    bn_rv: Any,
    bn_eps: float,
    bn_w: Any,
    bn_b: Any,
    transpose: bool = False,
) -> tuple[Parameter, Parameter]:
    """Weight and bias of the fused convolution."""
    bias = create.zeros_like(bn_rm) if conv_b is None else conv_b
    scale = create.ones_like(bn_rm) if bn_w is None else bn_w
    shift = create.zeros_like(bn_rm) if bn_b is None else bn_b
    root = pointwise.rsqrt(bn_rv + bn_eps)
    size = [1, -1] if transpose else [-1, 1]
    weight = conv_w * (scale * root).reshape(size + [1] * (conv_w.dim() - 2))
    moved = (bias - bn_rm) * root * scale + shift
    return (
        Parameter(weight.to(conv_w.dtype), conv_w.requires_grad),
        Parameter(moved.to(bias.dtype), conv_b is None or conv_b.requires_grad),
    )


def fuse_linear_bn_eval(linear: Any, bn: Any) -> Any:
    """A linear layer that does what `linear` and then `bn` do."""
    _check(linear, bn)
    if linear.out_features != bn.num_features and bn.num_features != 1:
        raise AssertionError(
            "To fuse, linear.out_features == bn.num_features or bn.num_features == 1, got linear.out_features="
            f"{linear.out_features} and bn.num_features={bn.num_features}"
        )
    fused = copy.deepcopy(linear)
    fused.weight, fused.bias = fuse_linear_bn_weights(
        fused.weight, fused.bias, bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias
    )
    return fused


def fuse_linear_bn_weights(
    linear_w: Any, linear_b: Any, bn_rm: Any, bn_rv: Any, bn_eps: float, bn_w: Any, bn_b: Any
) -> tuple[Parameter, Parameter]:
    """Weight and bias of the fused linear layer."""
    bias = create.zeros_like(bn_rm) if linear_b is None else linear_b
    scale = bn_w * pointwise.rsqrt(bn_rv + bn_eps)
    weight = linear_w * scale.unsqueeze(-1)
    moved = (bias - bn_rm) * scale + bn_b
    return (
        Parameter(weight.to(linear_w.dtype), linear_w.requires_grad),
        Parameter(moved.to(bias.dtype), linear_b is None or linear_b.requires_grad),
    )
