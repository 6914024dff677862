"""Distances between vectors, and losses that ask for a margin."""

from __future__ import annotations

from typing import Any

from engine.nn.functional.loss import reduced, reduction_of
from engine.ops import image, nn, pointwise, reduce
from engine.ops.derived import broadcast_tensors
from engine.ops.scan import pdist
from engine.tensor import Tensor

__all__ = [
    "cosine_embedding_loss",
    "cosine_similarity",
    "hinge_embedding_loss",
    "margin_ranking_loss",
    "multi_margin_loss",
    "multilabel_margin_loss",
    "multilabel_soft_margin_loss",
    "pairwise_distance",
    "pdist",
    "triplet_margin_loss",
    "triplet_margin_with_distance_loss",
]


def cosine_similarity(x1: Any, x2: Any, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """The cosine of the angle between vectors along `dim`; norms below `eps` count as `eps`."""
    x1, x2 = broadcast_tensors(x1, x2) if x1.shape != x2.shape else (x1, x2)
    first = x1 / pointwise.clamp_min(reduce.norm(x1, 2, dim, True), eps)
    second = x2 / pointwise.clamp_min(reduce.norm(x2, 2, dim, True), eps)
    return (first * second).sum(dim)  # type: ignore[no-any-return]


def pairwise_distance(x1: Any, x2: Any, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> Tensor:
    """The p-norm of the differences of vectors along the last dimension, `eps` added to each element."""
    return image.pairwise_norm(x1 - x2 + eps, p, keepdim)  # type: ignore[no-any-return]


def cosine_embedding_loss(
    input1: Any,
    input2: Any,
    target: Any,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """1 - cosine for targets 1, max(0, cosine - margin) for targets -1."""
    reduction = reduction_of(size_average, reduce, reduction)
    dim = target.ndim
    eps = 1e-12
    inner = (input1 * input2).sum(dim)
    norms = pointwise.sqrt(((input1 * input1).sum(dim) + eps) * ((input2 * input2).sum(dim) + eps))
    cosine: Any = inner / norms
    zero = cosine * 0
    loss = pointwise.where(target == 1, 1 - cosine, zero) + pointwise.where(
        target == -1, pointwise.clamp_min(cosine - margin, 0), zero
    )
    return reduced(loss, reduction)


def hinge_embedding_loss(
    input: Any,
    target: Any,
    margin: float = 1.0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """x for targets 1, max(0, margin - x) for targets -1."""
    reduction = reduction_of(size_average, reduce, reduction)
    zero = Tensor._wrap(input._data * 0)
    loss = pointwise.where(target != 1, pointwise.clamp_min(margin - input, 0), zero) + pointwise.where(
        target != -1, input, zero
    )
    return reduced(loss, reduction)


def margin_ranking_loss(
    input1: Any,
    input2: Any,
    target: Any,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """max(0, -target * (x1 - x2) + margin): target 1 wants the first larger, -1 the second."""
    reduction = reduction_of(size_average, reduce, reduction)
    if input1.ndim != input2.ndim or input1.ndim != target.ndim:
        raise RuntimeError(
            "margin_ranking_loss : All input tensors should have same dimension but got sizes: input1: "
            f"{input1.size()}, input2: {input2.size()}, target: {target.size()} "
        )
    return reduced(pointwise.clamp_min(-target * (input1 - input2) + margin, 0), reduction)


def triplet_margin_loss(
    anchor: Any,
    positive: Any,
    negative: Any,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """max(0, margin + distance to the positive - distance to the negative)."""
    reduction = reduction_of(size_average, reduce, reduction)
    return triplet_margin_with_distance_loss(
        anchor,
        positive,
        negative,
        distance_function=lambda a, b: pairwise_distance(a, b, p, eps),
        margin=margin,
        swap=swap,
        reduction=reduction,
    )


def multi_margin_loss(
    input: Any,
    target: Any,
    p: int = 1,
    margin: float = 1.0,
    weight: Any = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """The mean over classes of max(0, margin - x[target] + x[class]) ** p, the target's own left out."""
    reduction = reduction_of(size_average, reduce, reduction)
    if p not in (1, 2):
        raise RuntimeError("multi_margin_loss: Invalid p, expected 1 or 2 but got " + str(p))
    return image.multi_margin_loss_of(  # type: ignore[no-any-return]
        input, target._data, p, margin, None if weight is None else weight._data, reduction
    )


def multilabel_margin_loss(
    input: Any,
    target: Any,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """The mean over classes of max(0, 1 - x[right] + x[other]); `target` lists right classes, ended by -1."""
    reduction = reduction_of(size_average, reduce, reduction)
    return image.multilabel_margin_loss_of(input, target._data, reduction)  # type: ignore[no-any-return]


def triplet_margin_with_distance_loss(
    anchor: Any,
    positive: Any,
    negative: Any,
    *,
    distance_function: Any = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> Tensor:
    """`triplet_margin_loss` under any distance."""
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"{reduction} is not a valid value for reduction")
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    distance = pairwise_distance if distance_function is None else distance_function
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = pointwise.minimum(far, distance(positive, negative))
    return reduced(pointwise.clamp_min(margin + near - far, 0), reduction)


def multilabel_soft_margin_loss(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """The mean over classes of the logistic loss of each label."""
    reduction = reduction_of(size_average, reduce, reduction)
    loss: Any = -(target * nn.log_sigmoid(input) + (1 - target) * nn.log_sigmoid(-input))
    if weight is not None:
        loss = loss * weight
    return reduced(loss.sum(-1) / input.shape[-1], reduction)
