"""Alignment loss and bags of embeddings."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine import backend
from engine.ops import arithmetic, image
from engine.tensor import Tensor

__all__ = ["ctc_loss", "embedding_bag"]


def ctc_loss(
    log_probs: Any,
    targets: Any,
    input_lengths: Any,
    target_lengths: Any,
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> Tensor:
    """Minus the log-likelihood of each label sequence, over all its alignments.

    Args:
        log_probs: logarithms of probabilities, (steps, batch, classes), normalised over classes.
        targets: labels, (batch, longest) or all in one dimension.
        input_lengths, target_lengths: of each element of the batch.
    """
    alone = log_probs.ndim == 2
    probs = log_probs.unsqueeze(1) if alone else log_probs
    lengths, sizes = (
        np.atleast_1d(backend.to_host(v._data) if isinstance(v, Tensor) else np.asarray(v))
        for v in (input_lengths, target_lengths)
    )
    loss: Any = image.ctc_loss_of(probs, targets._data, lengths, sizes, blank)
    if alone:
        loss = loss.squeeze(0)
    if zero_infinity:
        loss = arithmetic.where(arithmetic.isinf(loss), 0.0, loss)
    if reduction == "mean":
        divisor = np.maximum(sizes, 1).astype(loss._data.dtype)
        return (loss / loss._beside(divisor)).mean()  # type: ignore[no-any-return]
    return loss.sum() if reduction == "sum" else loss  # type: ignore[no-any-return]


def embedding_bag(
    input: Any,
    weight: Any,
    offsets: Any = None,
    max_norm: float | None = None,
    norm_type: float = 2,
    scale_grad_by_freq: bool = False,
    mode: str = "mean",
    sparse: bool = False,
    per_sample_weights: Any = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Tensor:
    """Rows of `weight` at the places of `input`, bag by bag: their ``sum``, ``mean`` or ``max``.

    A two-dimensional `input` has one bag a row; a vector has bags that begin at `offsets`.
    """
    if mode not in ("sum", "mean", "max"):
        raise ValueError("mode has to be one of sum, mean or max")
    if per_sample_weights is not None and mode != "sum":
        raise NotImplementedError(
            "embedding_bag: per_sample_weights was not None. per_sample_weights is only supported for mode='sum' (got "
            f"mode='{mode}'). Please open a feature request on GitHub."
        )
    if input.ndim == 2:
        if offsets is not None:
            raise ValueError(
                "if input is 2D, then offsets has to be None, as input is treated is a mini-batch"
            )
        starts = np.arange(input.shape[0]) * input.shape[1]
        if per_sample_weights is not None:
            per_sample_weights = per_sample_weights.reshape(-1)
    elif input.ndim == 1:
        if offsets is None:
            raise ValueError("offsets has to be a 1D Tensor but got None")
        starts = offsets._data[:-1] if include_last_offset else offsets._data
    else:
        raise ValueError(f"input has to be 1D or 2D Tensor, but got Tensor of dimension {input.ndim}")
    if padding_idx is not None and padding_idx < 0:
        padding_idx += weight.shape[0]
    if max_norm is not None:
        rows = np.unique(input._data)
        norms = np.linalg.norm(weight._data[rows], norm_type, axis=1, keepdims=True)
        weight._data[rows] *= np.where(norms > max_norm, max_norm / (norms + 1e-7), 1).astype(
            weight._data.dtype
        )
    return image.embedding_bag_of(  # type: ignore[no-any-return]
        weight, per_sample_weights, input._data.reshape(-1), starts, mode, padding_idx
    )
