"""Alignment loss, bags of embeddings and multi-head attention."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from engine.nn.functional.layers import dropout, linear, pad, scaled_dot_product_attention
from engine.ops import arithmetic, arrange, image, linalg, reduce
from engine.tensor import Tensor

__all__ = ["ctc_loss", "embedding_bag", "multi_head_attention_forward"]


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
        np.atleast_1d(np.asarray(v._data if isinstance(v, Tensor) else v))
        for v in (input_lengths, target_lengths)
    )
    loss: Any = image.ctc_loss_of(probs, targets._data, lengths, sizes, blank)
    if alone:
        loss = loss.squeeze(0)
    if zero_infinity:
        infinite = Tensor._wrap(np.asarray(np.isinf(loss._data)))
        loss = arithmetic.where(infinite, Tensor._wrap(np.zeros((), loss._data.dtype)), loss)
    if reduction == "mean":
        divisor = np.maximum(sizes, 1).astype(loss._data.dtype)
        return (loss / Tensor._wrap(divisor)).mean()  # type: ignore[no-any-return]
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


def multi_head_attention_forward(
    query: Any,
    key: Any,
    value: Any,
    embed_dim_to_check: int,
    num_heads: int,
    in_proj_weight: Any,
    in_proj_bias: Any,
    bias_k: Any,
    bias_v: Any,
    add_zero_attn: bool,
    dropout_p: float,
    out_proj_weight: Any,
    out_proj_bias: Any,
    training: bool = True,
    key_padding_mask: Any = None,
    need_weights: bool = True,
    attn_mask: Any = None,
    use_separate_proj_weight: bool = False,
    q_proj_weight: Any = None,
    k_proj_weight: Any = None,
    v_proj_weight: Any = None,
    static_k: Any = None,
    static_v: Any = None,
    average_attn_weights: bool = True,
    is_causal: bool = False,
) -> tuple[Tensor, Tensor | None]:
    """Attention with several heads: (length, batch, features) for query, key and value; see `nn.MultiheadAttention`."""
    batched = query.ndim == 3
    if not batched:
        query, key, value = (t.unsqueeze(1) for t in (query, key, value))
        if key_padding_mask is not None:
            key_padding_mask = key_padding_mask.unsqueeze(0)
    steps, batch, width = query.shape
    source = key.shape[0]
    head = width // num_heads
    if width != embed_dim_to_check:
        raise AssertionError(f"was expecting embedding dimension of {embed_dim_to_check}, but got {width}")
    if head * num_heads != width:
        raise AssertionError(f"embed_dim {width} not divisible by num_heads {num_heads}")
    key_padding_mask = _as_float_mask(key_padding_mask, query)
    if is_causal and attn_mask is None:
        raise RuntimeError("Need attn_mask if specifying the is_causal hint.")
    attn_mask = _as_float_mask(attn_mask, query)
    if use_separate_proj_weight:
        weights = (q_proj_weight, k_proj_weight, v_proj_weight)
    else:
        weights = tuple(in_proj_weight.chunk(3))
    biases = (None, None, None) if in_proj_bias is None else tuple(in_proj_bias.chunk(3))
    q, k, v = (linear(t, w, b) for t, w, b in zip((query, key, value), weights, biases, strict=True))
    if attn_mask is not None and attn_mask.ndim == 2:
        attn_mask = attn_mask.unsqueeze(0)

    def grown(mask: Any) -> Any:
        return None if mask is None else pad(mask, (0, 1))

    if bias_k is not None and bias_v is not None:
        k = arrange.cat([k, bias_k.repeat(1, batch, 1)])
        v = arrange.cat([v, bias_v.repeat(1, batch, 1)])
        attn_mask, key_padding_mask = grown(attn_mask), grown(key_padding_mask)
    q = q.view(steps, batch * num_heads, head).transpose(0, 1)
    k = static_k if static_k is not None else k.view(k.shape[0], batch * num_heads, head).transpose(0, 1)
    v = static_v if static_v is not None else v.view(v.shape[0], batch * num_heads, head).transpose(0, 1)
    if add_zero_attn:
        zero = Tensor._wrap(np.zeros((batch * num_heads, 1, head), k._data.dtype))
        k, v = arrange.cat([k, zero], 1), arrange.cat([v, zero], 1)
        attn_mask, key_padding_mask = grown(attn_mask), grown(key_padding_mask)
    source = k.shape[1]
    if key_padding_mask is not None:
        spread = key_padding_mask.view(batch, 1, 1, source).expand(-1, num_heads, -1, -1)
        spread = spread.reshape(batch * num_heads, 1, source)
        attn_mask = spread if attn_mask is None else attn_mask + spread
    p = dropout_p if training else 0.0
    if need_weights:
        scaled = q * math.sqrt(1.0 / head)
        scores = linalg.matmul(scaled, k.transpose(-2, -1))
        if attn_mask is not None:
            scores = linalg.baddbmm(attn_mask, scaled, k.transpose(-2, -1))
        probs: Any = reduce.softmax(scores, -1)
        probs = dropout(probs, p) if p > 0 else probs
        out: Any = linalg.bmm(probs, v)
        out = out.transpose(0, 1).contiguous().view(steps * batch, width)
        out = linear(out, out_proj_weight, out_proj_bias).view(steps, batch, out_proj_weight.shape[0])
        shown: Any = probs.view(batch, num_heads, steps, source)
        if average_attn_weights:
            shown = shown.mean(1)
        if not batched:
            return out.squeeze(1), shown.squeeze(0)
        return out, shown
    if attn_mask is not None:
        attn_mask = (
            attn_mask.unsqueeze(0)
            if attn_mask.shape[0] == 1 and attn_mask.ndim == 3
            else attn_mask.view(batch, num_heads, -1, source)
        )
    q, k, v = (t.view(batch, num_heads, -1, head) for t in (q, k, v))
    out = scaled_dot_product_attention(q, k, v, attn_mask, p, is_causal and attn_mask is None)
    out = out.permute(2, 0, 1, 3).contiguous().view(steps * batch, width)
    out = linear(out, out_proj_weight, out_proj_bias).view(steps, batch, out_proj_weight.shape[0])
    return (out if batched else out.squeeze(1)), None


def _as_float_mask(mask: Any, like: Any) -> Any:
    if mask is None or mask.dtype.differentiable:
        return mask
    if mask._data.dtype != np.bool_:
        raise RuntimeError("only bool and floating types of masks are supported")
    return Tensor._wrap(np.where(mask._data, -np.inf, 0).astype(like._data.dtype))
