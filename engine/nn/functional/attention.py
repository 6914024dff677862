"""Attention with several heads (Vaswani et al. 2017)."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from engine.dtypes import bool_
from engine.nn.functional.activation import softmax
from engine.nn.functional.layers import dropout, linear, pad, scaled_dot_product_attention
from engine.ops import arrange, linalg
from engine.tensor import Tensor

__all__ = ["multi_head_attention_forward"]


def canonical_mask(
    mask: Any, name: str, other: Any, other_name: str, dtype: Any, check_other: bool = True
) -> Any:
    """A mask as numbers to add: where a boolean one is True, -inf.

    Raises:
        AssertionError: if it is neither boolean nor floating.
    """
    if mask is None:
        return None
    floating = mask.is_floating_point()
    if mask.dtype is not bool_ and not floating:
        raise AssertionError(f"only bool and floating types of {name} are supported")
    if check_other and other is not None and other.dtype is not mask.dtype:
        warnings.warn(
            f"Support for mismatched {name} and {other_name} is deprecated. Use same type for both instead.",
            stacklevel=3,
        )
    if floating:
        return mask
    return Tensor._wrap(np.where(mask._data, -np.inf, 0.0).astype(dtype.numpy))


def _check_shapes(query: Any, key: Any, value: Any, padding: Any, mask: Any, num_heads: int) -> bool:
    """Whether there is a batch dimension."""
    dims = query.dim()
    if dims not in (2, 3):
        raise AssertionError(
            f"query should be unbatched 2D or batched 3D tensor but received {dims}-D query tensor"
        )
    kind = "batched (3-D)" if dims == 3 else "unbatched (2-D)"
    if key.dim() != dims or value.dim() != dims:
        raise AssertionError(
            f"For {kind} `query`, expected `key` and `value` to be {dims}-D but found {key.dim()}-D and "
            f"{value.dim()}-D tensors respectively"
        )
    if padding is not None and padding.dim() != dims - 1:
        raise AssertionError(
            f"For {kind} `query`, expected `key_padding_mask` to be `None` or {dims - 1}-D but found "
            f"{padding.dim()}-D tensor instead"
        )
    if mask is not None and mask.dim() not in (2, 3):
        raise AssertionError(
            f"For {kind} `query`, expected `attn_mask` to be `None`, 2-D or 3-D but found {mask.dim()}-D tensor instead"
        )
    if mask is not None and dims == 2 and mask.dim() == 3:
        expected = (num_heads, query.shape[0], key.shape[0])
        if tuple(mask.shape) != expected:
            raise AssertionError(f"Expected `attn_mask` shape to be {expected} but got {mask.shape}")
    return bool(dims == 3)


def _packed_projections(q: Any, k: Any, v: Any, weight: Any, bias: Any) -> tuple[Any, Any, Any]:
    """The three projections by one weight (3 * features, features), in as few products as there are inputs."""
    size = q.shape[-1]

    def several(x: Any, weight: Any, bias: Any, count: int) -> Any:
        projected = linear(x, weight, bias)
        return projected.unflatten(-1, (count, size)).unsqueeze(0).transpose(0, -2).squeeze(-2).contiguous()

    if k is v and q is k:
        together = several(q, weight, bias, 3)
        return together[0], together[1], together[2]
    if k is v:
        w_q, w_kv = weight.split([size, 2 * size])
        b_q, b_kv = (None, None) if bias is None else bias.split([size, 2 * size])
        q = linear(q, w_q, b_q)
        together = several(k, w_kv, b_kv, 2)
        return q, together[0], together[1]
    weights = weight.chunk(3)
    biases = (None, None, None) if bias is None else bias.chunk(3)
    q, k, v = (linear(x, w, b) for x, w, b in zip((q, k, v), weights, biases, strict=True))
    return q, k, v


def _check_mask(mask: Any, length: int, sources: int, heads: int) -> Any:
    if mask.dim() == 2:
        if tuple(mask.shape) != (length, sources):
            raise RuntimeError(
                f"The shape of the 2D attn_mask is {mask.shape}, but should be {(length, sources)}."
            )
        return mask.unsqueeze(0)
    if tuple(mask.shape) != (heads, length, sources):
        raise RuntimeError(
            f"The shape of the 3D attn_mask is {mask.shape}, but should be {(heads, length, sources)}."
        )
    return mask


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
    """Attention of `num_heads` heads side by side.

    Args:
        query: (length, batch, features) or (length, features); `key` and `value` (sources, batch, features).
        key_padding_mask: (batch, sources), True or -inf for keys to leave out.
        attn_mask: (length, sources) or (batch * heads, length, sources), True or -inf for pairs to leave out.

    Returns:
        The result in the shape of `query`, and the weights (batch, length, sources), averaged over heads or not
        (batch, heads, length, sources), or None.

    Raises:
        AssertionError, RuntimeError: for shapes that do not fit, in PyTorch's words.
    """
    batched = _check_shapes(query, key, value, key_padding_mask, attn_mask, num_heads)
    if not batched:
        same = query is key, key is value
        query = query.unsqueeze(1)
        key = query if same[0] else key.unsqueeze(1)
        value = key if same[1] else value.unsqueeze(1)
        key_padding_mask = None if key_padding_mask is None else key_padding_mask.unsqueeze(0)
    length, batch, features = query.shape
    sources = key.shape[0]
    key_padding_mask = canonical_mask(
        key_padding_mask, "key_padding_mask", attn_mask, "attn_mask", query.dtype
    )
    if is_causal and attn_mask is None:
        raise RuntimeError(
            "Need attn_mask if specifying the is_causal hint. You may use the Transformer module method "
            "`generate_square_subsequent_mask` to create this mask."
        )
    if is_causal and key_padding_mask is None and not need_weights:
        attn_mask = None
    else:
        attn_mask = canonical_mask(attn_mask, "attn_mask", None, "", query.dtype, False)
        is_causal = is_causal and key_padding_mask is None
    if features != embed_dim_to_check:
        raise AssertionError(f"was expecting embedding dimension of {embed_dim_to_check}, but got {features}")
    size = features // num_heads
    if size * num_heads != features:
        raise AssertionError(f"embed_dim {features} not divisible by num_heads {num_heads}")
    if use_separate_proj_weight:
        if key.shape[:2] != value.shape[:2]:
            raise AssertionError(
                f"key's sequence and batch dims {key.shape[:2]} do not match value's {value.shape[:2]}"
            )
        biases = (None, None, None) if in_proj_bias is None else in_proj_bias.chunk(3)
        weights = (q_proj_weight, k_proj_weight, v_proj_weight)
        q, k, v = (linear(x, w, b) for x, w, b in zip((query, key, value), weights, biases, strict=True))
    else:
        if key.shape != value.shape:
            raise AssertionError(f"key shape {key.shape} does not match value shape {value.shape}")
        q, k, v = _packed_projections(query, key, value, in_proj_weight, in_proj_bias)
    heads = batch * num_heads
    if attn_mask is not None:
        attn_mask = _check_mask(attn_mask, length, sources, heads)
    added = 0
    if bias_k is not None:
        k = arrange.cat([k, bias_k.repeat(1, batch, 1)])
        v = arrange.cat([v, bias_v.repeat(1, batch, 1)])
        added += 1
    q = q.view(length, heads, size).transpose(0, 1)
    k = k.view(k.shape[0], heads, size).transpose(0, 1) if static_k is None else static_k
    v = v.view(v.shape[0], heads, size).transpose(0, 1) if static_v is None else static_v
    if add_zero_attn:
        k, v = (arrange.cat([t, t._beside(np.zeros((heads, 1, size), t._data.dtype))], 1) for t in (k, v))
        added += 1
    if added and attn_mask is not None:
        attn_mask = pad(attn_mask, (0, added))
    if added and key_padding_mask is not None:
        key_padding_mask = pad(key_padding_mask, (0, added))
    sources = k.shape[1]
    if key_padding_mask is not None:
        for dim, wanted in enumerate((batch, sources)):
            if key_padding_mask.shape[dim] != wanted:
                raise AssertionError(
                    f"Expected key_padded_mask.shape[{dim}] to be {wanted}, but got {key_padding_mask.shape[dim]}"
                )
        padding = (
            key_padding_mask.view(batch, 1, 1, sources)
            .expand(-1, num_heads, -1, -1)
            .reshape(heads, 1, sources)
        )
        attn_mask = padding if attn_mask is None else attn_mask + padding
    dropout_p = dropout_p if training else 0.0
    if not need_weights:
        if attn_mask is not None:
            single = attn_mask.shape[0] == 1
            attn_mask = attn_mask.unsqueeze(0) if single else attn_mask.view(batch, num_heads, -1, sources)
        q, k, v = (t.reshape(batch, num_heads, -1, size) for t in (q, k, v))
        made: Any = scaled_dot_product_attention(q, k, v, attn_mask, dropout_p, is_causal)
        made = made.permute(2, 0, 1, 3).reshape(batch * length, features)
        made = linear(made, out_proj_weight, out_proj_bias)
        made = made.view(length, batch, made.shape[1])
        return (made if batched else made.squeeze(1)), None
    scores: Any = linalg.bmm(q * math.sqrt(1.0 / float(size)), k.transpose(-2, -1))
    if attn_mask is not None:
        scores = attn_mask + scores
    shares: Any = softmax(scores, -1)
    if dropout_p > 0.0:
        shares = dropout(shares, dropout_p)
    made = linalg.bmm(shares, v)
    made = made.transpose(0, 1).reshape(length * batch, features)
    made = linear(made, out_proj_weight, out_proj_bias)
    made = made.view(length, batch, made.shape[1])
    shares = shares.view(batch, num_heads, length, sources)
    if average_attn_weights:
        shares = shares.mean(1)
    return (made, shares) if batched else (made.squeeze(1), shares.squeeze(0))
