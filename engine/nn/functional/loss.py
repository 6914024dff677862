"""Losses: how far a prediction is from its target."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from engine import backend, dtypes
from engine.dispatch import check_broadcast, composite
from engine.nn.functional.activation import log_softmax
from engine.nn.functional.layers import linear
from engine.ops import nn, pointwise, shape
from engine.state import S, happened
from engine.tensor import Tensor

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "huber_loss",
    "kl_div",
    "l1_loss",
    "linear_cross_entropy",
    "mse_loss",
    "nll_loss",
    "smooth_l1_loss",
    "soft_margin_loss",
]


def reduction_of(size_average: bool | None, reduce: bool | None, reduction: str) -> str:
    """The reduction meant, from today's argument and the two it replaced.

    Raises:
        ValueError: if it is none of ``none``, ``mean`` and ``sum``.
    """
    if size_average is not None or reduce is not None:
        averaged, reduced = size_average is not False, reduce is not False
        reduction = "none" if not reduced else "mean" if averaged else "sum"
        warnings.warn(
            f"size_average and reduce args will be deprecated, please use reduction='{reduction}' instead.",
            UserWarning,
            stacklevel=3,
        )
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{reduction} is not a valid value for reduction")
    return reduction


def reduced(loss: Any, reduction: str) -> Tensor:
    if reduction == "mean":
        return loss.mean()  # type: ignore[no-any-return]
    return loss.sum() if reduction == "sum" else loss  # type: ignore[no-any-return]


def _array(tensor: Tensor | None) -> Any:
    return None if tensor is None else tensor._data


def _check_tensor(target: Any) -> None:
    """PyTorch asks a target for its size first, so a number fails with this sentence."""
    if not isinstance(target, Tensor):
        raise AttributeError(f"'{type(target).__name__}' object has no attribute 'size'")


def _same_size(input: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Both broadcast together, with PyTorch's warning if that was needed.

    Raises:
        RuntimeError: if they do not broadcast.
    """
    if S.slow:
        happened("aten::broadcast_tensors")
    _check_tensor(target)
    if input._data.shape == target._data.shape:
        return input, target
    warnings.warn(
        f"Using a target size ({target.size()}) that is different to the input size ({input.size()}). This will likely "
        "lead to incorrect results due to broadcasting. Please ensure they have the same size.",
        UserWarning,
        stacklevel=3,
    )
    check_broadcast([input._data.shape, target._data.shape])
    common = np.broadcast_shapes(input._data.shape, target._data.shape)
    a, b = (t if t._data.shape == common else shape.broadcast_to(t, common) for t in (input, target))
    return a, b


def _weighted(loss: Tensor, weight: Tensor, reduction: str) -> Tensor:
    """A loss that is weighted already: its weighted mean, its sum, or each."""
    return loss.sum() / weight.sum() if reduction == "mean" else reduced(loss, reduction)


def mse_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """Squared difference: its mean, sum, or each (``none``); with `weight` the weighted mean."""
    input, target = _same_size(input, target)
    reduction = reduction_of(size_average, reduce, reduction)
    if weight is None:
        return nn.mse_loss(input, target, reduction)
    weighted = ((input - target) ** 2) * weight
    return _weighted(weighted, weight, reduction)


def l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """Absolute difference: its mean, sum, or each; with `weight` the weighted mean."""
    input, target = _same_size(input, target)
    reduction = reduction_of(size_average, reduce, reduction)
    if weight is None:
        return _l1_loss(input, target, reduction)
    loss = pointwise.abs(input - target) * weight
    return _weighted(loss, weight, reduction)


@composite("l1_loss")
def _l1_loss(input: Tensor, target: Tensor, reduction: str) -> Tensor:
    return reduced(pointwise.abs(input - target), reduction)


def smooth_l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    beta: float = 1.0,
) -> Tensor:
    """Squared where the difference is below `beta`, absolute above, divided by `beta`."""
    input, target = _same_size(input, target)
    reduction = reduction_of(size_average, reduce, reduction)
    if beta == 0.0:
        return reduced(pointwise.abs(input - target), reduction)
    if beta < 0:
        raise RuntimeError("smooth_l1_loss does not support negative values for beta.")
    return nn.smooth_l1_loss(input, target, reduction, beta)


def huber_loss(
    input: Tensor, target: Tensor, reduction: str = "mean", delta: float = 1.0, weight: Tensor | None = None
) -> Tensor:
    """Squared where the difference is below `delta`, absolute above."""
    input, target = _same_size(input, target)
    reduction = reduction_of(None, None, reduction)
    if delta <= 0:
        raise RuntimeError("huber_loss does not support non-positive values for delta.")
    if weight is None:
        return nn.huber_loss(input, target, reduction, delta)
    loss = nn.huber_loss(input, target, "none", delta) * weight
    return _weighted(loss, weight, reduction)


def binary_cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Cross entropy of probabilities `input` with targets from 0 to 1.

    Raises:
        ValueError: if the sizes differ, RuntimeError: if the dtypes do, or a probability is not between 0 and 1.
    """
    reduction = reduction_of(size_average, reduce, reduction)
    _check_tensor(target)
    if target._data.shape != input._data.shape:
        raise ValueError(
            f"Using a target size ({target.size()}) that is different to the input size ({input.size()}) is "
            "deprecated. "
            "Please ensure they have the same size."
        )
    if target.dtype is not input.dtype:
        raise RuntimeError(
            f"Found dtype {dtypes.scalar_type_name(target.dtype)} but expected {dtypes.scalar_type_name(input.dtype)}"
        )
    return nn.binary_cross_entropy(input, target, _array(weight), reduction)


def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    """`binary_cross_entropy` of the sigmoid of `input`, computed together; `pos_weight` weighs positive targets."""
    reduction = reduction_of(size_average, reduce, reduction)
    _check_tensor(target)
    if target._data.shape != input._data.shape:
        raise ValueError(f"Target size ({target.size()}) must be the same as input size ({input.size()})")
    if target.dtype is dtypes.bool_:
        raise RuntimeError(
            "Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or `logical_xor()` "
            "operator instead."
        )
    if not target.dtype.differentiable:
        raise RuntimeError(
            f"result type {dtypes.scalar_type_name(input.dtype)} can't be cast to the desired output type "
            f"{dtypes.scalar_type_name(target.dtype)}"
        )
    return nn.binary_cross_entropy_with_logits(input, target, _array(weight), _array(pos_weight), reduction)


def soft_margin_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """``log(1 + exp(-target * input))`` for targets -1 and 1."""
    if target.requires_grad:
        raise RuntimeError(
            "The function 'soft_margin_loss' is not differentiable with respect to argument 'target'. This input "
            "cannot "
            "have requires_grad True."
        )
    return nn.soft_margin_loss(input, target._data, reduction_of(size_average, reduce, reduction))


@composite("nll_loss_nd")
def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Minus the log-probability of each target class.

    Shapes: input (C), (N, C) or (N, C, d1, ...), target () , (N) or (N, d1, ...), of class numbers. The mean is
    weighted by the classes' weights; targets of `ignore_index` do not count.

    Raises:
        ValueError, RuntimeError, IndexError: for sizes, dtypes or classes that do not fit, in PyTorch's words.
    """
    reduction = reduction_of(size_average, reduce, reduction)
    ndim = input.ndim
    if ndim < 1:
        raise ValueError(f"Expected 1 or more dimensions (got {ndim})")
    dim = 0 if ndim == 1 else 1
    _check_target(input, target, dim)
    classes = input.shape[dim]
    if weight is not None and weight._data.shape != (classes,):
        raise RuntimeError(
            f"weight tensor should be defined either for all {classes} classes or no classes but got weight tensor of "
            f"shape: {list(weight.shape)}"
        )
    flat = target._data.reshape(()) if ndim == 1 else target._data
    picked = nn.pick(flat, _array(weight), classes, ignore_index, input._data.dtype)
    loss: Tensor = nn._nll["" if ndim <= 2 else "2D"](input, picked, dim, reduction)
    # Two dimensions beside the classes are what PyTorch has a loss for; others are made two, and back.
    two = ndim in (1, 2, 4) or reduction != "none"
    return loss if two else shape.view(loss, tuple(loss._data.shape))


def _check_target(input: Tensor, target: Tensor, dim: int) -> None:
    ndim = input.ndim
    if ndim == 2 and target._data.shape == input._data.shape[:1] and target.dtype is dtypes.int64:
        return
    sizes, given = list(input._data.shape), list(target._data.shape)
    expected = sizes[:dim] + sizes[dim + 1 :]
    if ndim == 1 and target.ndim == 1 and given != [1]:
        raise ValueError(f"For 1D input, 1D target must have size 1, but got target size: {given[0]}")
    if ndim > 1 and given and sizes[0] != given[0]:
        raise ValueError(f"Expected input batch_size ({sizes[0]}) to match target batch_size ({given[0]}).")
    if target.dtype not in (dtypes.int64, dtypes.uint8):
        name = dtypes.scalar_type_name(target.dtype)
        raise RuntimeError(f"expected target dtype to be Long or Byte, but got {name}")
    if given == expected or ndim == 1:
        return
    if ndim == 2:
        raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
    if ndim == 4 and len(given) != 3:
        raise RuntimeError(
            f"only batches of spatial targets supported (3D tensors) but got targets of dimension: {len(given)}"
        )
    raise RuntimeError(
        f"size mismatch (got input: {sizes} , target: {given}"
        if ndim == 4
        else f"Expected target size {expected}, got {given}"
    )


@composite("cross_entropy_loss")
def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """`nll_loss` of the log-softmax of `input` over its classes (dimension 1, or 0 without a batch).

    A target of class numbers, or of probabilities in the shape of the input. `label_smoothing` mixes every target with
    the uniform distribution.
    """
    reduction = reduction_of(size_average, reduce, reduction)
    if not 0.0 <= label_smoothing <= 1.0:
        raise RuntimeError(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing:g}")
    dim = 0 if input.ndim == 1 else 1
    if target._data.shape == input._data.shape:
        return _cross_entropy_of_probabilities(
            input, target, weight, reduction, label_smoothing, dim, ignore_index
        )
    logs = log_softmax(input, dim)
    nll = nll_loss(logs, target, weight, None, ignore_index, None, reduction)
    if label_smoothing == 0.0:
        return nll
    kept = target._data != ignore_index
    smooth: Any = logs
    if weight is not None:
        smooth = smooth * shape.reshape(weight, (-1, *(1,) * (input.ndim - dim - 1)))
    smooth = pointwise.masked_fill(-smooth.sum(dim), Tensor._wrap(~kept), 0.0)
    if reduction == "mean":
        smooth = smooth.sum() / _weight_of(target._data, kept, _array(weight), logs)
    elif reduction == "sum":
        smooth = smooth.sum()
    return nll * (1 - label_smoothing) + smooth * (label_smoothing / input.shape[dim])  # type: ignore[no-any-return]


def _weight_of(target: Any, kept: Any, weight: Any, like: Tensor) -> Any:
    """The sum of the weights of the targets that are kept; how many those are is known on their device alone."""
    if not backend.is_elsewhere(target):
        return float(kept.sum() if weight is None else weight[target[kept]].sum())
    total = kept.sum() if weight is None else (weight[target * kept] * kept).sum()
    return Tensor._wrap(total.astype(like._data.dtype))


def linear_cross_entropy(
    input: Tensor,
    linear_weight: Tensor,
    target: Tensor,
    *,
    linear_bias: Tensor | None = None,
    weight: Tensor | None = None,
    reduction: str = "mean",
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
    options: None = None,
) -> Tensor:
    """`cross_entropy` of `linear`: of ``input @ linear_weight^T + linear_bias``, with the target.

    Shapes: `input` (in_features) or (N, in_features), `linear_weight` (C, ..., in_features), `linear_bias` (C, ...).

    Raises:
        RuntimeError: for shapes that do not fit.
        NotImplementedError: for `options`: PyTorch then computes it in chunks, to the same result in less memory.
    """
    if options is not None:
        raise NotImplementedError("linear_cross_entropy: chunks are not implemented; leave out `options`")
    if not 1 <= input.ndim <= 2:
        raise RuntimeError(f"expected input with dimensionality 1 or 2, got {input.ndim}")
    if linear_weight.ndim < 2:
        raise RuntimeError(f"expected linear_weight with dimensionality at least 2, got {linear_weight.ndim}")
    features, (*outer, inner) = input.shape[-1], linear_weight.shape
    if features != inner:
        raise RuntimeError(
            "expected equal input and linear_weight last dimensions (in_features), "
            f"got {features} and {inner}, respectively"
        )
    if linear_bias is not None and tuple(linear_bias.shape) != tuple(outer):
        raise RuntimeError(f"expected linear_bias shape {tuple(outer)}, got {tuple(linear_bias.shape)}")
    if len(outer) > 1 and input.ndim == 1:
        raise RuntimeError(
            f"K-dimensional loss defined by linear_weight shape {tuple(linear_weight.shape)} requires batched input, "
            f"(N, {features}), got unbatched input with shape {tuple(input.shape)}"
        )
    logits_shape = (*input.shape[:-1], *outer)
    if tuple(target.shape) == logits_shape and ignore_index is not None:
        raise RuntimeError("ignore_index cannot be specified when target contains probabilities")
    if len(outer) > 1:
        linear_weight = shape.reshape(linear_weight, (-1, features))
        linear_bias = linear_bias if linear_bias is None else shape.reshape(linear_bias, (-1,))
    logits = shape.reshape(linear(input, linear_weight, linear_bias), logits_shape)
    ignored = -100 if ignore_index is None else ignore_index
    return cross_entropy(
        logits,
        target,
        weight,
        ignore_index=ignored,
        reduction=reduction,
        label_smoothing=label_smoothing,
    )


def _cross_entropy_of_probabilities(
    input: Tensor,
    target: Any,
    weight: Tensor | None,
    reduction: str,
    label_smoothing: float,
    dim: int,
    ignore_index: int,
) -> Tensor:
    if not target.is_floating_point():
        name = dtypes.scalar_type_name(target.dtype)
        raise RuntimeError(f"Expected floating point type for target with class probabilities, got {name}")
    if ignore_index >= 0:
        raise RuntimeError("ignore_index is not supported for floating point target")
    logs: Any = log_softmax(input, dim)
    if label_smoothing > 0.0:
        target = target * (1 - label_smoothing) + label_smoothing / input.shape[dim]
    loss = logs * target
    if weight is not None:
        loss = loss * shape.reshape(weight, (-1, *(1,) * (input.ndim - dim - 1)))
    if reduction == "none":
        return -loss.sum(dim)  # type: ignore[no-any-return]
    total = -loss.sum()
    if reduction == "sum":
        return total  # type: ignore[no-any-return]
    return nn.div_scalar(total, math.prod(input._data.shape) // max(input.shape[dim], 1))


def kl_div(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> Tensor:
    """Kullback-Leibler divergence of log-probabilities `input` from `target`; ``batchmean`` is the true mean."""
    if reduction == "mean":
        warnings.warn(
            "reduction: 'mean' divides the total loss by both the batch size and the support size.'batchmean' divides "
            "only by the batch size, and aligns with the KL div math definition.'mean' will be changed to behave the "
            "same as 'batchmean' in the next major release.",
            UserWarning,
            stacklevel=2,
        )
    by_batch = reduction == "batchmean"
    reduction = "sum" if by_batch else reduction_of(size_average, reduce, reduction)
    if log_target:
        loss: Any = pointwise.exp(target) * (target - input)
    else:
        loss = pointwise.xlogy(target, target) - target * input
    loss = reduced(loss, reduction)
    return loss / input.shape[0] if by_batch and input.ndim else loss  # type: ignore[no-any-return]
