"""The functions behind the layers: linear maps, dropout, normalisation, embedding, attention."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from engine import backend, dtypes, random, sampling
from engine.dispatch import composite
from engine.inplace import apply_inplace
from engine.nn.functional.activation import SELU_ALPHA, SELU_SCALE, softmax
from engine.ops import arrange, image, linalg, nn, pointwise, reduce, shape
from engine.registry import OPS
from engine.state import S
from engine.tensor import Tensor

__all__ = [
    "alpha_dropout",
    "batch_norm",
    "bilinear",
    "dropout",
    "dropout1d",
    "dropout2d",
    "dropout3d",
    "embedding",
    "feature_alpha_dropout",
    "group_norm",
    "instance_norm",
    "layer_norm",
    "linear",
    "normalize",
    "one_hot",
    "pad",
    "rms_norm",
    "scaled_dot_product_attention",
]


_C = {
    "Float": "float",
    "Double": "double",
    "Half": "c10::Half",
    "Long": "long int",
    "Int": "int",
    "Bool": "bool",
}


def _wrong_type(value: object, function: str, place: str) -> TypeError:
    return TypeError(f"{function}(): argument {place} must be Tensor, not {dtypes.type_name(value)}")


@composite("linear")
def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``input @ weight.T + bias``: input (*, in), weight (out, in), bias (out), result (*, out).

    Raises:
        TypeError, RuntimeError: if it is no tensor, or shapes or dtypes do not fit.
    """
    if not isinstance(input, Tensor):
        raise _wrong_type(input, "linear", "'input' (position 1)")
    sizes = input._data.shape
    if not sizes:
        raise RuntimeError(
            f"both arguments to linear need to be at least 1D, but they are 0D and {weight.ndim}D"
        )
    if input._data.dtype != weight._data.dtype:
        names = [dtypes.scalar_type_name(t.dtype) for t in (input, weight)]
        raise RuntimeError(
            f"mat1 and mat2 must have the same dtype, but got {names[0]} and {names[1]}"
            if bias is not None
            else f"expected m1 and m2 to have the same dtype, but got: {_C.get(names[0], names[0])} != "
            f"{_C.get(names[1], names[1])}"
        )
    if bias is None:
        if weight.ndim != 2:
            return linalg.matmul(input, weight.t())
        return linalg.matmul(input, shape.t(weight))
    if len(sizes) == 2:
        return linalg.linear_addmm(bias, input, shape.t(weight))
    flat = shape.reshape(input, (-1, sizes[-1]))
    return shape.reshape(
        linalg.linear_addmm(bias, flat, shape.t(weight)), (*sizes[:-1], weight._data.shape[0])
    )


@composite("bilinear")
def bilinear(input1: Any, input2: Any, weight: Any, bias: Tensor | None = None) -> Tensor:
    """``x1^T W_k x2 + b_k``: inputs (*, in1) and (*, in2), weight (out, in1, in2), result (*, out)."""
    for name, given, wanted in (("input1", input1, weight.shape[1]), ("input2", input2, weight.shape[2])):
        if given.shape[-1] != wanted:
            raise RuntimeError(
                f"bilinear(): {name} size does not match weight size: got {given.shape[-1]} but expected {wanted}"
            )
    rows = shape.reshape(input1, (-1, input1.shape[-1]))
    columns = shape.reshape(input2, (-1, input2.shape[-1]))
    result: Any = linalg.einsum("ni,kij,nj->nk", rows, weight, columns)
    result = shape.reshape(result, (*input1.shape[:-1], weight.shape[0]))
    return result if bias is None else result + bias  # type: ignore[no-any-return]


# --- Dropout ---------------------------------------------------------------------------------------------------------


def _mask(like: Tensor, sizes: Sequence[int], p: float) -> Any:
    """1 with probability ``1 - p``, else 0, of the tensor's dtype."""
    return sampling.bernoulli_scalar(sizes, like._data.dtype, 1 - p, random.generator_for(like.device))


def _beside(array: Any, tensor: Tensor) -> Tensor:
    """An array, or a scalar that 0-d arithmetic left, as a tensor on the device of another."""
    return Tensor._wrap(backend.beside(tensor._data, array))


def _check_probability(p: float) -> None:
    if p < 0.0 or p > 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")


def _dropped(input: Any, p: float, training: bool, inplace: bool, sizes: Sequence[int]) -> Tensor:
    _check_probability(p)
    if not training or p == 0.0 or input.numel() == 0:
        return input  # type: ignore[no-any-return]
    if p == 1.0:
        noise = np.zeros((), input._data.dtype)
    else:
        noise = _mask(input, sizes, p)
        noise /= noise.dtype.type(1 - p)
    scale = _beside(noise, input)
    if inplace:
        return apply_inplace(OPS["mul"], input, (scale,))
    return pointwise.mul(input, scale)


@composite("dropout")
def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Each element 0 with probability `p` in training, the others divided by ``1 - p``; else the input itself."""
    return _dropped(input, p, training, inplace, input._data.shape)


def _channelwise(name: str, dims: tuple[int, int]) -> Any:
    def call(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
        sizes, ndim = input._data.shape, input.ndim
        if ndim not in dims:
            raise RuntimeError(
                f"{name}: Expected {dims[0]}D or {dims[1]}D input, but received a {ndim}D input. Note that {name} "
                f"exists to provide channel-wise dropout on inputs with {dims[0] - 1} spatial dimensions, a channel "
                f"dimension, and an optional batch dimension (i.e. {dims[0]}D or {dims[1]}D inputs)."
            )
        batched = ndim == dims[1]
        if not batched and name == "dropout3d":
            alone = shape.unsqueeze(input, 0)
            return shape.squeeze(
                _dropped(alone, p, training, inplace, (1, *sizes[:1], *(1,) * (dims[0] - 1))), 0
            )
        # Two dimensions less than four are taken for one less and a batch, as PyTorch still does.
        batched = batched or name == "dropout2d"
        return _dropped(input, p, training, inplace, (*sizes[: 1 + batched], *(1,) * (ndim - 1 - batched)))

    call.__name__ = call.__qualname__ = name
    call.__doc__ = "Whole channels dropped together; see `dropout`."
    return call


dropout1d = _channelwise("dropout1d", (2, 3))
dropout2d = _channelwise("dropout2d", (3, 4))
dropout3d = _channelwise("dropout3d", (4, 5))


def _alpha_dropped(input: Any, p: float, training: bool, inplace: bool, sizes: Sequence[int]) -> Tensor:
    _check_probability(p)
    if not training or p == 0.0 or input.numel() == 0:
        return input  # type: ignore[no-any-return]
    if p == 1.0:
        return input * 0  # type: ignore[no-any-return]
    alpha = SELU_ALPHA * SELU_SCALE
    a = 1.0 / math.sqrt((alpha * alpha * p + 1) * (1 - p))
    kept = _mask(input, sizes, p)
    shift = (kept - 1) * (alpha * a) + alpha * a * p
    noise, shift = _beside(kept * kept.dtype.type(a), input), _beside(shift.astype(kept.dtype), input)
    if inplace:
        return input.mul_(noise).add_(shift)  # type: ignore[no-any-return]
    return input * noise + shift  # type: ignore[no-any-return]


def alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """Dropout that keeps mean 0 and variance 1 behind `selu`: dropped elements take its lowest value."""
    return _alpha_dropped(input, p, training, inplace, input._data.shape)


def feature_alpha_dropout(
    input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False
) -> Tensor:
    """`alpha_dropout` of whole channels."""
    return _alpha_dropped(input, p, training, inplace, (*input._data.shape[:2], *(1,) * (input.ndim - 2)))


# --- Normalisation ---------------------------------------------------------------------------------------------------


@composite("layer_norm")
def layer_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """Mean 0 and variance 1 over the last dimensions, whose shape is `normalized_shape`; then ``* weight + bias``."""
    last, sizes = list(normalized_shape), list(input._data.shape)
    for name, given in (("weight", weight), ("bias", bias)):
        if given is not None and list(given._data.shape) != last:
            raise RuntimeError(
                f"Expected {name} to be of same shape as normalized_shape, but got {name} of shape "
                f"{list(given._data.shape)} and normalized_shape = {last}"
            )
    if sizes[len(sizes) - len(last) :] != last:
        raise RuntimeError(
            f"Given normalized_shape={last}, expected input with shape [*, {', '.join(map(str, last))}], but got input "
            f"of size{sizes}"
        )
    return nn.layer_norm(input, weight, bias, len(last), eps)


@composite("rms_norm")
def rms_norm(
    input: Any, normalized_shape: Sequence[int], weight: Tensor | None = None, eps: float | None = None
) -> Tensor:
    """x divided by the root of its mean square over the last dimensions; then ``* weight``."""
    dims = tuple(range(input.ndim - len(normalized_shape), input.ndim))
    eps = float(np.finfo(input._data.dtype).eps) if eps is None else eps
    result = input * pointwise.rsqrt((input**2).mean(dims, keepdim=True) + eps)
    return result if weight is None else result * weight  # type: ignore[no-any-return]


@composite("batch_norm")
def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Mean 0 and variance 1 of each channel (dimension 1); then ``* weight + bias``.

    In training by the batch's own statistics, which also move the running ones by `momentum`; else by the running ones.
    """
    sizes = input._data.shape
    if not input.numel() and len(sizes) < 2:
        return input.clone()  # type: ignore[no-any-return]
    if training:
        if math.prod(sizes) // max(sizes[1] if len(sizes) > 1 else 1, 1) == 1:
            raise ValueError(
                f"Expected more than 1 value per channel when training, got input size {input.size()}"
            )
    else:
        for name, running in (("running_mean", running_mean), ("running_var", running_var)):
            if running is None:
                raise RuntimeError(f"{name} must be defined in evaluation mode")
    named = {"running_mean": running_mean, "running_var": running_var, "weight": weight, "bias": bias}
    for name, given in named.items():
        if given is not None and given.numel() != sizes[1]:
            raise RuntimeError(f"{name} should contain {sizes[1]} elements not {given.numel()}")
    if not training:
        assert running_mean is not None
        assert running_var is not None
        return nn.batch_norm(input, weight, bias, running_mean._data, running_var._data, eps)
    result = nn.batch_norm(input, weight, bias, None, None, eps)
    if running_mean is not None and running_var is not None:
        axes = (0, *range(2, len(sizes)))
        count = math.prod(sizes) // sizes[1]
        var = input._data.var(axes) * (count / max(count - 1, 1))
        for running, value in ((running_mean, input._data.mean(axes)), (running_var, var)):
            for observer in S.observers:
                observer.before_write(running)
            running._data *= 1 - momentum
            running._data += momentum * value
            running._written()
    return result


@composite("instance_norm")
def instance_norm(
    input: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Mean 0 and variance 1 of each channel of each element of the batch; then ``* weight + bias``."""
    if not use_input_stats:
        return batch_norm(input, running_mean, running_var, weight, bias, False, momentum, eps)
    sizes = input._data.shape
    if math.prod(sizes[2:]) == 1:
        raise ValueError(f"Expected more than 1 spatial element when training, got input size {input.size()}")
    batch, channels = sizes[0], sizes[1]
    flat = shape.reshape(input, (1, batch * channels, *sizes[2:]))
    repeated = [None if t is None else arrange.repeat(t, batch) for t in (weight, bias)]
    over = tuple(range(2, len(sizes)))
    for running, spread in ((running_mean, False), (running_var, True)):
        if running is not None:
            stat = (input._data.var(over, ddof=1) if spread else input._data.mean(over)).mean(0)
            running._data[...] = (1 - momentum) * running._data + momentum * stat
    y = nn.batch_norm(flat, *repeated, None, None, eps)
    return shape.view(y, sizes)


@composite("group_norm")
def group_norm(
    input: Tensor,
    num_groups: int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """Mean 0 and variance 1 of each group of channels; then ``* weight + bias``."""
    if input.ndim < 2:
        raise RuntimeError(f"Expected at least 2 dimensions for input tensor but received {input.ndim}")
    if input.shape[1] % num_groups:
        raise RuntimeError(
            "Expected number of channels in input to be divisible by num_groups, but got input of shape "
            f"{list(input.shape)} and num_groups={num_groups}"
        )
    return nn.group_norm(input, weight, bias, num_groups, eps)


def normalize(input: Any, p: float = 2.0, dim: int = 1, eps: float = 1e-12, out: Any = None) -> Tensor:
    """Vectors along `dim` divided by their p-norm, or by `eps` if that is smaller."""
    return input / pointwise.clamp_min(reduce.norm(input, p, dim, True), eps)  # type: ignore[no-any-return]


# --- Tables and sequences --------------------------------------------------------------------------------------------


def embedding(
    input: Tensor,
    weight: Any,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    """Rows of `weight` (n, d) at the places `input`, any shape of integers; the result has one more dimension.

    Rows looked up are first scaled down to `max_norm`; `padding_idx` gets no gradient.
    """
    if not isinstance(input, Tensor):
        raise _wrong_type(input, "embedding", "'indices' (position 2)")
    rows = weight.shape[0]
    if padding_idx is None:
        padding_idx = -1
    else:
        if not -rows <= padding_idx < rows:
            raise AssertionError("Padding_idx must be within num_embeddings")
        padding_idx %= rows
    if max_norm is not None:
        xp = backend.module_of(weight._data)
        used = xp.unique(input._data)
        norms = xp.linalg.norm(weight._data[used], norm_type, -1)
        scale = xp.where(norms > max_norm, max_norm / (norms + 1e-7), 1)
        weight._data[used] *= scale[:, None].astype(weight._data.dtype)
        weight._written()
    return nn.embedding(weight, input, padding_idx)


def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """Class numbers of any shape as rows of zeros with a single 1; as many classes as the largest asks for."""
    values = tensor._data
    if values.dtype != np.int64:
        raise RuntimeError("one_hot is only applicable to index tensor of type LongTensor.")
    if values.size == 0 and num_classes <= 0:
        raise RuntimeError("Can not infer total number of classes from empty tensor.")
    if values.size and values.min() < 0:
        raise RuntimeError("Class values must be non-negative.")
    if num_classes == -1:
        num_classes = int(values.max()) + 1
    elif values.size and values.max() >= num_classes:
        raise RuntimeError("Class values must be smaller than num_classes.")
    return Tensor._wrap((values[..., None] == backend.module_of(values).arange(num_classes)).astype(np.int64))


def pad(input: Any, pad: Sequence[int], mode: str = "constant", value: float | None = None) -> Tensor:
    """More elements before and after the last dimensions: pairs of widths, the last dimension's first.

    Modes ``constant``, ``reflect``, ``replicate`` and ``circular``.
    """
    if len(pad) % 2:
        raise RuntimeError("Padding length must be divisible by 2")
    if len(pad) // 2 > input.ndim:
        raise RuntimeError(
            "Padding length should be less than or equal to two times the input dimension but got padding length "
            f"{len(pad)} and input of dimension {input.ndim}"
        )
    if mode == "constant":
        return arrange.constant_pad_nd(input, tuple(pad), 0 if value is None else value)
    if mode not in ("reflect", "replicate", "circular"):
        raise NotImplementedError(f"Unrecognised padding mode {mode}")
    if not len(pad) // 2 < input.ndim <= len(pad) // 2 + 2:
        raise NotImplementedError(image.NO_BORDER.format(len(pad), input.ndim))
    count = len(pad) // 2
    if mode == "circular":
        return _circular(input, pad)
    places = []
    for k in reversed(range(count)):
        before, after = pad[2 * k], pad[2 * k + 1]
        dim = input.ndim - 1 - k
        size = input.shape[dim]
        if mode == "reflect" and max(before, after) >= size:
            raise RuntimeError(
                "Argument #4: Padding size should be less than the corresponding input dimension, but got: padding "
                f"({before}, {after}) at dimension {dim} of input {list(input.shape)}"
            )
        places.append(image.bordering(mode, size, before, after))
    return image.border[mode, count](input, tuple(places))


def _circular(input: Any, pad: Sequence[int]) -> Tensor:
    count, lead = len(pad) // 2, input.ndim - len(pad) // 2
    sizes = list(input._data.shape)
    spans = [(pad[2 * k], pad[2 * k + 1]) for k in reversed(range(count))]
    for k, (before, after) in enumerate(spans):
        if before > sizes[lead + k] or after > sizes[lead + k]:
            raise RuntimeError("Padding value causes wrapping around more than once.")
        if sizes[lead + k] + before + after < 0:
            raise RuntimeError("Negative padding value is resulting in an empty dimension")
    whole = [n + sum(spans[k - lead]) if k >= lead else n for k, n in enumerate(sizes)]
    out: Any = input._beside(np.zeros(whole, input._data.dtype))
    inner = tuple(slice(max(b, 0), n - max(a, 0)) for (b, a), n in zip(spans, whole[lead:], strict=True))
    source = tuple(slice(max(-b, 0), n - max(-a, 0)) for (b, a), n in zip(spans, sizes[lead:], strict=True))
    out[(..., *inner)] = input[(..., *source)]
    for k, (before, after) in enumerate(spans):
        rest = (slice(None),) * (count - k - 1)
        n = whole[lead + k]
        first, last = max(before, 0), n - max(after, 0)
        if before > 0:
            out[(..., slice(0, before), *rest)] = out[(..., slice(last - before, last), *rest)]
        if after > 0:
            out[(..., slice(last, n), *rest)] = out[(..., slice(first, first + after), *rest)]
    return out  # type: ignore[no-any-return]


def _in_one(query: Any, key: Any, value: Any, mask: Any) -> bool:
    """Whether PyTorch computes such an attention as one operation on a CPU: four dimensions, one size of heads."""
    q, k, v = (t._data for t in (query, key, value))
    if not (q.ndim == k.ndim == v.ndim == 4 and k.shape == v.shape and q.size and k.size):
        return False
    if q.dtype.char not in "fd" or not q.dtype == k.dtype == v.dtype:
        return False
    if q.shape[:2] != k.shape[:2] or q.shape[3] != k.shape[3]:
        return False
    if mask is None:
        return True
    whole = (*q.shape[:3], k.shape[2])[4 - mask.ndim :]
    fits = mask.ndim in (2, 4) and all(m in (1, n) for m, n in zip(mask._data.shape, whole, strict=True))
    return fits and not mask.requires_grad and mask._data.dtype in (np.bool_, q.dtype)


@composite("scaled_dot_product_attention")
def scaled_dot_product_attention(
    query: Any,
    key: Any,
    value: Any,
    attn_mask: Any = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    """``softmax(query @ key^T * scale + mask) @ value`` over the last two dimensions (..., length, features)."""
    scale = 1 / math.sqrt(query.shape[-1]) if scale is None else scale
    if is_causal:
        if attn_mask is not None:
            raise RuntimeError(
                "_scaled_dot_product_attention: Explicit attn_mask should not be set when is_causal=True"
            )
        xp = backend.module_of(query._data)
        attn_mask = Tensor._wrap(xp.arange(query.shape[-2])[:, None] >= xp.arange(key.shape[-2]))
    if dropout_p == 0.0 and _in_one(query, key, value, attn_mask):
        mask = None if attn_mask is None else attn_mask._data
        if mask is not None and mask.dtype.kind == "b":
            mask = backend.module_of(mask).where(mask, 0.0, -np.inf).astype(query._data.dtype)
        return nn.attention(query, key, value, mask, scale)[0]
    scores = (query @ key.transpose(-2, -1)) * scale
    if attn_mask is not None:
        if attn_mask._data.dtype.kind == "b":
            scores = pointwise.masked_fill(scores, Tensor._wrap(~attn_mask._data), -math.inf)
        else:
            scores = scores + attn_mask
    return dropout(softmax(scores, -1), dropout_p, dropout_p > 0.0) @ value  # type: ignore[no-any-return]
