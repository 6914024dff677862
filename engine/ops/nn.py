"""The operations of neural networks that are one op in PyTorch: activations, losses, normalisations, embeddings."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from engine import backend, dtypes
from engine.backend import module_of
from engine.define import define
from engine.elementwise import Elementwise
from engine.ops.cascade import add_up
from engine.ops.pointwise import _by_math
from engine.ops.reduce import softmax_forward, softmax_vjp
from engine.ops.rounding import precise
from engine.registry import GENERAL, LINEAR, POINTWISE
from engine.tensor import Tensor

# --- Activations -----------------------------------------------------------------------------------------------------

leaky_relu = define("leaky_relu", POINTWISE, inputs=1,
    forward=lambda xp, input, negative_slope=0.01: xp.where(input > 0, input, input * negative_slope),
    vjp=(lambda F, g, input, negative_slope: F.where(F.gt(input, 0), g, g * negative_slope),),
    domain=(-2.0, 2.0), doc="x where positive, else x times a slope.")

elu = define("elu", POINTWISE, inputs=1,
    forward=lambda xp, input, alpha=1.0, scale=1.0, input_scale=1.0: _elu(xp, input, alpha, scale, input_scale),
    vjp=(lambda F, g, input, alpha, scale, input_scale: _elu_vjp(F, g, input, alpha, scale, input_scale),),
    domain=(-2.0, 2.0), formula=r"\begin{cases} 1 & x > 0 \\ \alpha\,e^{x} & \text{otherwise} \end{cases}", doc="x where positive, else alpha (exp(x) - 1).")

celu = define("celu", POINTWISE, inputs=1,
    forward=lambda xp, input, alpha=1.0: _elu(xp, input, alpha, 1.0, 1.0 / alpha),
    vjp=(lambda F, g, input, alpha: _elu_vjp(F, g, input, alpha, 1.0, 1.0 / alpha),),
    domain=(-2.0, 2.0), formula=r"\begin{cases} 1 & x > 0 \\ e^{x / \alpha} & \text{otherwise} \end{cases}", doc="x where positive, else alpha (exp(x/alpha) - 1).")

gelu = define("gelu", POINTWISE, inputs=1,
    forward=lambda xp, input, approximate="none": _gelu(xp, input, approximate),
    vjp=(lambda F, g, input, approximate: _gelu_vjp(F, g, input, approximate),),
    domain=(-2.0, 2.0), formula=r"\Phi(x) + x\,\varphi(x)", doc="x times the normal distribution function of x.")

silu = define("silu", POINTWISE, inputs=1,
    forward=lambda xp, input: input / (1 + precise(xp.exp, -input)),
    vjp=(lambda F, g, input: _silu_vjp(F, g, input),),
    domain=(-3.0, 3.0), formula=r"\sigma(x)\,(1 + x\,(1 - \sigma(x)))", doc="x times the logistic function of x.")

mish = define("mish", POINTWISE, inputs=1,
    forward=lambda xp, input: input * precise(xp.tanh, _softplus(xp, input, 1.0, 20.0)),
    vjp=(lambda F, g, input: _mish_vjp(F, g, input),),
    domain=(-3.0, 3.0), formula=r"\tanh(\ln(1 + e^{x})) + x\,\sigma(x)\left(1 - \tanh^2(\ln(1 + e^{x}))\right)", doc="x times tanh(softplus(x)).")

softplus = define("softplus", POINTWISE, inputs=1,
    forward=lambda xp, input, beta=1.0, threshold=20.0: _softplus(xp, input, beta, threshold),
    vjp=(lambda F, g, input, beta, threshold: F.where(
        F.gt(input * beta, threshold), g, g * F.sigmoid(input * beta)),),
    domain=(-3.0, 3.0), formula=r"\sigma(\beta\,x)", doc="log(1 + exp(beta x)) / beta, x where beta x is large.")

hardtanh = define("hardtanh", POINTWISE, inputs=1,
    forward=lambda xp, input, min_val=-1.0, max_val=1.0: xp.clip(input, min_val, max_val),
    vjp=(lambda F, g, input, min_val, max_val: F.where(
        F.logical_and(F.gt(input, min_val), F.lt(input, max_val)), g, 0.0),),
    domain=(-2.0, 2.0), doc="x limited to a range.")

hardswish = define("hardswish", POINTWISE, inputs=1,
    forward=lambda xp, input: input * xp.clip(input + 3, 0, 6) / 6,
    vjp=(lambda F, g, input: F.where(
        F.le(input, -3), 0.0, F.where(F.lt(input, 3), g * (input / 3 + 0.5), g)),),
    domain=(-4.0, 4.0), doc="x times (x + 3) / 6 limited to 0 and 1.")

hardsigmoid = define("hardsigmoid", POINTWISE, inputs=1,
    forward=lambda xp, input: xp.clip(input + 3, 0, 6) / 6,
    vjp=(lambda F, g, input: F.where(F.logical_and(F.gt(input, -3), F.lt(input, 3)), g / 6, 0.0),),
    domain=(-4.0, 4.0), doc="(x + 3) / 6 limited to 0 and 1.")

log_sigmoid = define("log_sigmoid", POINTWISE, inputs=1, aten="aten::log_sigmoid_forward",
    forward=lambda xp, input: _log_sigmoid(xp, input),
    vjp=(lambda F, g, input: g * F.sigmoid(-input),),
    domain=(-4.0, 4.0), doc="Logarithm of the logistic function.")

softshrink = define("softshrink", POINTWISE, inputs=1,
    forward=lambda xp, input, lambd=0.5: xp.where(
        input > lambd, input - lambd, xp.where(input < -lambd, input + lambd, input * 0)),
    vjp=(lambda F, g, input, lambd: F.where(F.gt(F.abs(input), lambd), g, 0.0),),
    domain=(-2.0, 2.0), doc="x moved towards 0 by lambda, 0 if it is nearer.")

hardshrink = define("hardshrink", POINTWISE, inputs=1,
    forward=lambda xp, input, lambd=0.5: xp.where(xp.abs(input) <= lambd, input.dtype.type(0), input),
    vjp=(lambda F, g, input, lambd: F.where(F.gt(F.abs(input), lambd), g, 0.0),),
    domain=(-2.0, 2.0), doc="x, or 0 if it is within lambda of 0.")

threshold = define("threshold", POINTWISE, inputs=1,
    forward=lambda xp, input, threshold, value: xp.where(input <= threshold, input.dtype.type(value), input),
    vjp=(lambda F, g, input, threshold: F.where(F.gt(input, threshold), g, 0.0),),
    domain=(-2.0, 2.0), doc="x where above a threshold, else a value.")

prelu_kernel = define("prelu_kernel", POINTWISE, aten="aten::_prelu_kernel",
    forward=lambda xp, input, weight: xp.where(input > 0, input, input * weight),
    vjp=(lambda F, g, input, weight: F.where(F.gt(input, 0), g, g * weight),
         lambda F, g, input: F.where(F.gt(input, 0), 0.0, g * input)),
    domain=(-2.0, 2.0), doc="x where positive, else x times a weight.")

# --- Losses ----------------------------------------------------------------------------------------------------------

mse_loss = define("mse_loss", GENERAL, inputs=2, dtypes="promote",
    forward=lambda xp, input, target, reduction="mean": _reduced(_squared(_floats(input, "mse_cpu") - target), reduction),
    vjp=(lambda F, g, input, target, reduction: (input - target) * (2.0 * _share(input, reduction)) * g,
         lambda F, g, input, target, reduction: (target - input) * (2.0 * _share(input, reduction)) * g),
    formula=r"\frac{2}{n}\,(x_i - t_i),\ \frac{2}{n}\,(t_i - x_i)", doc="Squared difference, its mean or its sum.")

smooth_l1_loss = define("smooth_l1_loss", GENERAL, inputs=2, dtypes="promote",
    forward=lambda xp, input, target, reduction="mean", beta=1.0: _reduced(
        _huber(xp, _floats(input, "smooth_l1_cpu") - target, beta) / beta, reduction),
    vjp=(lambda F, g, input, target, reduction, beta: F.clamp((input - target) / beta, -1, 1)
         * _share(input, reduction) * g,
         lambda F, g, input, target, reduction, beta: F.clamp((target - input) / beta, -1, 1)
         * _share(input, reduction) * g),
    formula=r"\frac{1}{n} \operatorname{clamp}\left(\frac{x_i - t_i}{\beta}, -1, 1\right),\ -\frac{1}{n} \operatorname{clamp}\left(\frac{x_i - t_i}{\beta}, -1, 1\right)", doc="Squared near 0 and absolute further away, divided by beta.")

huber_loss = define("huber_loss", GENERAL, inputs=2, dtypes="promote",
    forward=lambda xp, input, target, reduction="mean", delta=1.0: _reduced(
        _huber(xp, input - target, delta), reduction),
    vjp=(lambda F, g, input, target, reduction, delta: F.clamp(input - target, -delta, delta)
         * _share(input, reduction) * g,
         lambda F, g, input, target, reduction, delta: F.clamp(target - input, -delta, delta)
         * _share(input, reduction) * g),
    formula=r"\frac{1}{n} \operatorname{clamp}(x_i - t_i, -\delta, \delta),\ -\frac{1}{n} \operatorname{clamp}(x_i - t_i, -\delta, \delta)", doc="Squared near 0 and absolute further away.")

binary_cross_entropy = define("binary_cross_entropy", GENERAL, inputs=2, dtypes="promote",
    forward=lambda xp, input, target, weight=None, reduction="mean": _reduced(
        _times(_cross_entropy(xp, input, target), weight), reduction),
    vjp=(lambda F, g, input, target, weight, reduction: _times(
            (input - target) / F.clamp_min((1 - input) * input, 1e-12), constant(F, weight))
         * (g * _share(input, reduction)),
         lambda F, g, input, weight, reduction: _times(F.log1p(-input) - F.log(input), constant(F, weight))
         * (g * _share(input, reduction))),
    formula=r"\frac{x_i - t_i}{n\,x_i\,(1 - x_i)},\ \frac{1}{n} \ln\frac{1 - x_i}{x_i}", doc="Cross entropy of probabilities with targets from 0 to 1.")

binary_cross_entropy_with_logits = define("binary_cross_entropy_with_logits", GENERAL, inputs=2, dtypes="promote",
    forward=lambda xp, input, target, weight=None, pos_weight=None, reduction="mean": _reduced(
        _times(_logit_entropy(xp, input, target, pos_weight), weight), reduction),
    vjp=(lambda F, g, input, target, weight, pos_weight, reduction: _times(
            _logit_entropy_slope(F, input, target, constant(F, pos_weight)), constant(F, weight))
         * (g * _share(input, reduction)),
         lambda F, g, input, weight, pos_weight, reduction: _times(
            _logit_entropy_of_target(F, input, constant(F, pos_weight)), constant(F, weight))
         * (g * _share(input, reduction))),
    formula=r"\frac{1}{n}\,(\sigma(x_i) - t_i),\ -\frac{x_i}{n}", doc="Cross entropy of the logistic function of x with targets from 0 to 1.")

soft_margin_loss = define("soft_margin_loss", GENERAL, inputs=1, dtypes="promote",
    forward=lambda xp, input, target, reduction="mean": _reduced(precise(xp.log1p, precise(xp.exp, -target * input)), reduction),
    vjp=(lambda F, g, input, target, reduction: _soft_margin_vjp(F, g, input, constant(F, target), reduction),),
    formula=r"-\frac{t_i}{n}\,\sigma(-t_i\,x_i)", doc="log(1 + exp(-t x)), its mean or its sum.")

_nll = {
    name: define(f"nll_loss{suffix}", LINEAR, inputs=1, grad=f"NllLoss{name}Backward0", aten=f"aten::nll_loss{suffix}_forward",
        forward=lambda xp, input, picked, dim, reduction: _nll_forward(xp, input, picked, dim, reduction),
        vjp=(lambda F, g, input_shape, picked, dim, reduction: _nll_vjp(F, g, input_shape, picked, dim, reduction),),
        formula=r"\frac{\partial y}{\partial x_{ij}} = -\frac{[j = t_i]}{n}", doc="Minus the element of each target's class.")
    for name, suffix in (("", ""), ("2D", "2d"))
}

# --- Attention -------------------------------------------------------------------------------------------------------

# The second output, the weights, is for the rules alone.
attention = define("attention", GENERAL, inputs=3, outputs=2, grad="ScaledDotProductFlashAttentionForCpuBackward0",
    aten="aten::_scaled_dot_product_flash_attention_for_cpu",
    forward=lambda xp, query, key, value, mask, scale: _attend(xp, query, key, value, mask, scale),
    vjp=(lambda F, g, y1, key, value, scale: (_to_scores(F, g, y1, value) @ key) * scale,
         lambda F, g, y1, query, value, scale: (F.transpose(_to_scores(F, g, y1, value), 2, 3) @ query) * scale,
         lambda F, g, y1: F.transpose(y1, 2, 3) @ g[0]),
    formula=r"s\,G K \text{ with } G = P \circ (g V^{\top} - \operatorname{rowsum}(P \circ g V^{\top})),\ \overline{K} = s\,G^{\top} Q \text{ with that } G,\ P^{\top} g \text{ with } P = \operatorname{softmax}(s\,Q K^{\top})",
    doc="softmax(query @ key^T * scale + mask) @ value of four dimensions, and the softmax.")

# --- Normalisations --------------------------------------------------------------------------------------------------

layer_norm = define("native_layer_norm", GENERAL, inputs=3, dtypes="promote",
    forward=lambda xp, input, weight, bias, count, eps=1e-5: _affine(
        _normalised(xp, input, _last(input, count), eps), weight, bias),
    vjp=(lambda F, g, input, weight, count, eps: _normal_vjp(F, _times(g, weight), input, _last(input, count), eps),
         lambda F, g, input, weight_shape, count, eps: F.sum_to_size(
             g * _standard(F, input, _last(input, count), eps), tuple(weight_shape)),
         lambda F, g, bias_shape: F.sum_to_size(g, tuple(bias_shape))),
    formula=r"\frac{1}{\sqrt{\sigma^2 + \varepsilon}} \left(g\,w - \operatorname{mean}(g\,w) - \hat{x} \operatorname{mean}(g\,w\,\hat{x})\right),\ \sum g\,\hat{x},\ \sum g", doc="Mean 0 and variance 1 over the last dimensions.")

batch_norm = define("native_batch_norm", GENERAL, inputs=3, dtypes="promote",
    forward=lambda xp, input, weight, bias, mean, var, eps=1e-5: _affine(
        _batch_normal(xp, input, mean, var, eps), _channels(weight, input), _channels(bias, input)),
    vjp=(lambda F, g, input, weight, mean, var, eps: _batch_vjp(F, g, input, weight, mean, var, eps),
         lambda F, g, input, mean, var, eps: F.sum_dim(
             g * _batch_standard(F, input, mean, var, eps), _not_channels(input), False),
         lambda F, g: F.sum_dim(g, _not_channels(g), False)),
    formula=r"\frac{1}{\sqrt{\sigma^2 + \varepsilon}} \left(g\,w - \operatorname{mean}(g\,w) - \hat{x} \operatorname{mean}(g\,w\,\hat{x})\right),\ \sum g\,\hat{x},\ \sum g", doc="Mean 0 and variance 1 of each channel.")

group_norm = define("native_group_norm", GENERAL, inputs=3, dtypes="promote",
    forward=lambda xp, input, weight, bias, groups, eps=1e-5: _affine(
        _normalised(xp, input.reshape(_grouped(input.shape, groups)), (2,), eps).reshape(input.shape),
        _channels(weight, input), _channels(bias, input)),
    vjp=(lambda F, g, input, weight, groups, eps: F.reshape(_normal_vjp(
            F, F.reshape(_times(g, _channels_of(F, weight, input)), _grouped(input.shape, groups)),
            F.reshape(input, _grouped(input.shape, groups)), (2,), eps), tuple(input.shape)),
         lambda F, g, input, groups, eps: F.sum_dim(g * F.reshape(_standard(
             F, F.reshape(input, _grouped(input.shape, groups)), (2,), eps), tuple(input.shape)), _not_channels(input), False),
         lambda F, g: F.sum_dim(g, _not_channels(g), False)),
    formula=r"\frac{1}{\sqrt{\sigma^2 + \varepsilon}} \left(g\,w - \operatorname{mean}(g\,w) - \hat{x} \operatorname{mean}(g\,w\,\hat{x})\right),\ \sum g\,\hat{x},\ \sum g", doc="Mean 0 and variance 1 of each group of channels.")

div_scalar = define("div_scalar", POINTWISE, inputs=1, grad="DivBackward1", aten="aten::div",
    forward=lambda xp, input, other: input / other,
    vjp=(lambda F, g, other: g / other,),
    domain=(-2.0, 2.0), doc="Each element divided by a number, where PyTorch does so inside a function.")

embedding = define("embedding", LINEAR, inputs=1,
    forward=lambda xp, weight, indices, padding_idx=-1: weight[_checked_indices(indices, len(weight))],
    vjp=(lambda F, g, weight_shape, indices, padding_idx: F.index_add_into(
        _without(F, g, indices, padding_idx), tuple(weight_shape), (indices,)),),
    formula=r"g \text{ added up at the places taken, 0 elsewhere}", doc="Rows of a table, at the places of an index tensor.")


# --- What the records above are made of ------------------------------------------------------------------------------


def constant(F: Any, array: Any) -> Any:
    """A raw array as an operand of a rule; None stays None."""
    return Tensor._wrap(array) if F.recording and array is not None else array


def _elu(xp: Any, x: Any, alpha: float, scale: float, input_scale: float) -> Any:
    return xp.where(x > 0, x * scale, precise(xp.expm1, xp.minimum(x, 0) * input_scale) * (alpha * scale))


def _elu_vjp(F: Any, g: Any, x: Any, alpha: float, scale: float, input_scale: float) -> Any:
    # Limited, so that the branch not taken does not overflow and turn zeros into NaN in a second derivative.
    below = F.exp(F.clamp_max(x, 0) * input_scale) * (alpha * scale * input_scale)
    return F.where(F.gt(x, 0), g * scale, g * below)


_TANH_SCALE = math.sqrt(2 / math.pi)


def _gelu(xp: Any, x: Any, approximate: str) -> Any:
    if approximate == "tanh":
        return 0.5 * x * (1 + precise(xp.tanh, _TANH_SCALE * (x + 0.044715 * (x * x * x))))
    if approximate != "none":
        raise RuntimeError("approximate argument must be either none or tanh.")
    return 0.5 * x * (1 + _by_math(xp, math.erf, x * math.sqrt(0.5)))


def _gelu_vjp(F: Any, g: Any, x: Any, approximate: str) -> Any:
    if approximate == "tanh":
        square = x * x
        t = F.tanh(_TANH_SCALE * (x + 0.044715 * square * x))
        return g * (0.5 * (1 + t) + 0.5 * x * (1 - t * t) * _TANH_SCALE * (1 + 3 * 0.044715 * square))
    density = F.exp(x * x * -0.5) * (1 / math.sqrt(2 * math.pi))
    return g * (0.5 * (1 + F.erf(x * math.sqrt(0.5))) + x * density)


def _silu_vjp(F: Any, g: Any, x: Any) -> Any:
    s = F.sigmoid(x)
    return g * (s * (1 + x * (1 - s)))


def _mish_vjp(F: Any, g: Any, x: Any) -> Any:
    t = F.tanh(F.softplus(x, 1.0, 20.0))
    return g * (t + x * F.sigmoid(x) * (1 - t * t))


def _softplus(xp: Any, x: Any, beta: float, limit: float) -> Any:
    scaled = x * beta
    return xp.where(scaled > limit, x, precise(xp.log1p, precise(xp.exp, xp.minimum(scaled, limit))) / beta)


def _log_sigmoid(xp: Any, x: Any) -> Any:
    return xp.minimum(x, 0) - precise(xp.log1p, precise(xp.exp, -xp.abs(x)))


def _floats(x: Any, kernel: str) -> Any:
    if x.dtype.kind not in "fc":
        raise NotImplementedError(f"\"{kernel}\" not implemented for '{dtypes.scalar_type_name(dtypes.of(x))}'")
    return x


def _squared(x: Any) -> Any:
    return x * x


def _reduced(loss: Any, reduction: str) -> Any:
    """The loss itself (``none``), its ``mean`` or its ``sum``."""
    if reduction == "mean":
        return add_up(loss, None, False) / loss.size
    return add_up(loss, None, False) if reduction == "sum" else loss


def _share(x: Any, reduction: str) -> float:
    """The part of each element in the reduced loss."""
    return 1.0 / max(math.prod(x.shape), 1) if reduction == "mean" else 1.0


def _times(x: Any, weight: Any) -> Any:
    return x if weight is None else x * weight


def _huber(xp: Any, difference: Any, delta: float) -> Any:
    size = xp.abs(difference)
    return xp.where(size <= delta, 0.5 * size * size, delta * (size - 0.5 * delta))


def _cross_entropy(xp: Any, x: Any, t: Any) -> Any:
    backend.refuse(~((x >= 0) & (x <= 1)), lambda: RuntimeError("all elements of input should be between 0 and 1"))
    # Logarithms are kept above -100, as PyTorch keeps them, so that the loss stays finite.
    return (t - 1) * xp.maximum(precise(xp.log1p, -x), -100) - t * xp.maximum(precise(xp.log, x), -100)


def _logit_entropy(xp: Any, x: Any, t: Any, pos_weight: Any) -> Any:
    log_sigmoid = _log_sigmoid(xp, x)
    if pos_weight is None:
        return (1 - t) * x - log_sigmoid
    return (1 - t) * x - ((pos_weight - 1) * t + 1) * log_sigmoid


def _logit_entropy_slope(F: Any, x: Any, t: Any, pos_weight: Any) -> Any:
    if pos_weight is None:
        return F.sigmoid(x) - t
    weighted = pos_weight * t
    return (weighted + 1 - t) * F.sigmoid(x) - weighted


def _logit_entropy_of_target(F: Any, x: Any, pos_weight: Any) -> Any:
    return -x if pos_weight is None else F.log_sigmoid(-x) - pos_weight * F.log_sigmoid(x)


def _soft_margin_vjp(F: Any, g: Any, x: Any, t: Any, reduction: str) -> Any:
    return -t * F.sigmoid(-t * x) * (g * _share(x, reduction))


Picked = tuple[Any, Any, Any]
"""For each target, in one dimension: its class and its weight, 0 for one that does not count; and the weights' sum.

None for the weights stands for 1 each."""


def pick(target: Any, weight: Any, classes: int, ignore_index: int, dtype: Any) -> Picked:
    """What the targets take from their rows. Raises IndexError for a class that is not there; on a device later."""
    xp = module_of(target)
    places = target.reshape(-1)
    if xp is not np:  # whose numbers are not looked at
        kept = places != ignore_index
        wrong = kept & ((places < 0) | (places >= classes))
        backend.refuse(wrong, lambda: IndexError(f"Target {int(places[wrong][0])} is out of bounds."))
        inside, counted = xp.where(kept & ~wrong, places, 0), kept.astype(dtype)
        if weight is not None:
            counted = counted * weight[inside]
        return inside, counted, counted.sum()
    count = len(places)
    # As an unsigned number one below 0 is above all classes.
    largest = count and xp.maximum.reduce(places.view(xp.uint64) if places.itemsize == 8 else places)
    if weight is None and largest < classes and not 0 <= ignore_index < classes:
        return places, None, count
    worth: Any = xp.ones(count, dtype)
    if largest >= classes:
        kept = places != ignore_index
        wrong = places[kept & ((places < 0) | (places >= classes))]
        if len(wrong):
            raise IndexError(f"Target {int(wrong[0])} is out of bounds.")
        places, worth = xp.where(kept, places, 0), kept.astype(dtype)
    elif 0 <= ignore_index < classes:
        worth = (places != ignore_index).astype(dtype)
    if weight is not None:
        worth = worth * weight[places]
    return places, worth, worth.sum()


def chosen(picked: Picked, shape: Any, dim: int, dtype: Any) -> Any:
    """Minus each target's weight at its class, 0 elsewhere, in the shape of the input with its classes along `dim`."""
    places, worth, _ = picked
    xp = module_of(places)
    lead, classes, rest = shape[:dim], shape[dim], shape[dim + 1 :]
    rows = xp.zeros((len(places), classes), dtype)
    # Not -worth: -0.0 would show in gradients.
    rows[xp.arange(len(places)), places] = -1 if worth is None else 0 - worth
    whole = rows.reshape(*lead, *rest, classes)
    return xp.moveaxis(whole, -1, dim) if rest else whole


def _nll_forward(xp: Any, x: Any, picked: Picked, dim: int, reduction: str) -> Any:
    places, worth, total = picked
    rows = (x if dim == x.ndim - 1 else xp.moveaxis(x, dim, -1)).reshape(-1, x.shape[dim])
    loss = -rows[xp.arange(len(places)), places]
    if worth is not None:
        # Where nothing counts, an infinite input must not either.
        loss = xp.where(worth == 0, x.dtype.type(0), loss * worth)
    if reduction == "none":
        return loss.reshape((*x.shape[:dim], *x.shape[dim + 1 :]))
    return loss.sum() if reduction == "sum" else loss.sum() / total


def _nll_vjp(F: Any, g: Any, input_shape: Any, picked: Picked, dim: int, reduction: str) -> Any:
    if reduction == "none":
        sizes = list(g.shape)
        g = F.reshape(g, (*sizes[:dim], 1, *sizes[dim:]))
    elif reduction == "mean":
        g = g / (picked[2] if backend.is_elsewhere(picked[2]) else float(picked[2]))
    dtype = (g._data if F.recording else g).dtype
    return g * constant(F, chosen(picked, tuple(input_shape), dim, dtype))


def _attend(xp: Any, query: Any, key: Any, value: Any, mask: Any, scale: float) -> tuple[Any, Any]:
    scores = xp.matmul(query, key.swapaxes(2, 3))
    scores *= scores.dtype.type(scale)
    if mask is not None:
        scores += mask
    weights = softmax_forward(xp, scores, 3)
    return xp.matmul(weights, value), weights


def _to_scores(F: Any, g: Any, weights: Any, value: Any) -> Any:
    """The gradient of the scores before the softmax, given those of the result and of the weights."""
    return softmax_vjp(F, g[0] @ F.transpose(value, 2, 3) + g[1], weights, 3)


def _last(x: Any, count: int) -> tuple[int, ...]:
    ndim = len(x.shape)
    return tuple(range(ndim - count, ndim))


# What lies between the sums of a norm, on a device: one launch each.
_LESS_MEAN = Elementwise(lambda xp, x, total, count: x - total / count, "less_mean")
_INVERSE = Elementwise(lambda xp, total, count, eps: 1 / xp.sqrt(total / count + eps), "inverse_deviation")
_NORM_BACKWARD = Elementwise(
    lambda xp, g, total, standard, product, inverse, count: (
        (g - total / count - standard * (product / count)) * inverse
    ),
    "norm_backward",
)


def _count(x: Any, axes: tuple[int, ...]) -> int:
    return (x.shape[axes[0]] if len(axes) == 1 else math.prod([x.shape[a] for a in axes])) or 1


def _mean_over(xp: Any, x: Any, axes: tuple[int, ...]) -> Any:
    total = xp.add.reduce(x, axes, keepdims=True)
    total /= x.dtype.type(_count(x, axes))
    return total


def _centred(xp: Any, x: Any, axes: tuple[int, ...], eps: float) -> tuple[Any, Any]:
    """x with mean 0, and one over its standard deviation."""
    if xp is not np:
        count = _count(x, axes)
        centred = _LESS_MEAN(xp, x, x.sum(axes, keepdims=True), count)
        return centred, _INVERSE(xp, (centred * centred).sum(axes, keepdims=True), count, eps)
    centred = x - _mean_over(xp, x, axes)
    variance = _mean_over(xp, centred * centred, axes)
    variance += x.dtype.type(eps)
    return centred, 1 / xp.sqrt(variance)


def _normalised(xp: Any, x: Any, axes: tuple[int, ...], eps: float) -> Any:
    centred, inverse = _centred(xp, x, axes, eps)
    centred *= inverse
    return centred


def _affine(x: Any, weight: Any, bias: Any) -> Any:
    """``x * weight + bias``; `x` is nobody else's."""
    if weight is not None:
        x *= weight
    if bias is not None:
        x += bias
    return x


def _standard(F: Any, x: Any, axes: tuple[int, ...], eps: float) -> Any:
    """x with mean 0 and variance 1, in ops. Computed again rather than saved: a second derivative goes through it."""
    if not F.recording:
        return _normalised(F.xp, x, axes, eps)
    centred = x - F.mean_dim(x, axes, True)
    return centred * F.rsqrt(F.mean_dim(centred * centred, axes, True) + eps)


def _normal_vjp(F: Any, g: Any, x: Any, axes: tuple[int, ...], eps: float) -> Any:
    if not F.recording:
        return _normal_vjp_of_arrays(F.xp, g, x, axes, eps)
    centred = x - F.mean_dim(x, axes, True)
    inverse = F.rsqrt(F.mean_dim(centred * centred, axes, True) + eps)
    standard = centred * inverse
    return inverse * (g - F.mean_dim(g, axes, True) - standard * F.mean_dim(g * standard, axes, True))


def _normal_vjp_of_arrays(xp: Any, g: Any, x: Any, axes: tuple[int, ...], eps: float) -> Any:
    """The same, in as few arrays as it takes."""
    standard, inverse = _centred(xp, x, axes, eps)
    standard *= inverse
    if xp is not np:
        product = (g * standard).sum(axes, keepdims=True)
        return _NORM_BACKWARD(
            xp, g, g.sum(axes, keepdims=True), standard, product, inverse, _count(x, axes)
        )
    result = g - _mean_over(xp, g, axes)
    standard *= _mean_over(xp, g * standard, axes)
    result -= standard
    result *= inverse
    return result


def _not_channels(x: Any) -> tuple[int, ...]:
    return (0, *range(2, len(x.shape))) if len(x.shape) > 1 else (0,)


def _channels(weight: Any, x: Any) -> Any:
    """A vector over channels, shaped to broadcast against x of shape (N, C, ...)."""
    return weight if weight is None else weight.reshape(-1, *(1,) * (x.ndim - 2))


def _channels_of(F: Any, weight: Any, x: Any) -> Any:
    return weight if weight is None else F.reshape(weight, (-1, *(1,) * (len(x.shape) - 2)))


def _batch_normal(xp: Any, x: Any, mean: Any, var: Any, eps: float) -> Any:
    if mean is None:
        return _normalised(xp, x, _not_channels(x), eps)
    return (x - _channels(mean, x)) * (1 / xp.sqrt(_channels(var, x) + x.dtype.type(eps)))


def _inverse_root(var: Any, eps: float) -> Any:
    return 1 / module_of(var).sqrt(var + var.dtype.type(eps))


def _batch_standard(F: Any, x: Any, mean: Any, var: Any, eps: float) -> Any:
    if mean is None:
        return _standard(F, x, _not_channels(x), eps)
    shape = (-1, *(1,) * (len(x.shape) - 2))
    return (x - constant(F, mean.reshape(shape))) * constant(F, _inverse_root(var.reshape(shape), eps))


def _batch_vjp(F: Any, g: Any, x: Any, weight: Any, mean: Any, var: Any, eps: float) -> Any:
    g = _times(g, _channels_of(F, weight, x))
    if mean is None:
        return _normal_vjp(F, g, x, _not_channels(x), eps)
    return g * constant(F, _inverse_root(var.reshape(-1, *(1,) * (len(x.shape) - 2)), eps))


def _grouped(shape: Any, groups: int) -> tuple[int, int, int]:
    return shape[0], groups, math.prod(shape[1:]) // groups


def _checked_indices(indices: Any, size: int) -> Any:
    array = indices._data if isinstance(indices, Tensor) else indices
    if array.dtype.kind not in "iu":
        raise RuntimeError(
            "Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int; but got "
            f"torch.{dtypes.legacy_name(dtypes.of(array))} instead (while checking arguments for embedding)"
        )
    backend.refuse((array < 0) | (array >= size), lambda: IndexError("index out of range in self"))
    return array


def _without(F: Any, g: Any, indices: Any, padding_idx: int) -> Any:
    """The gradient without the rows that are padding."""
    if padding_idx < 0:
        return g
    return F.where(constant(F, (indices._data != padding_idx)[..., None]), g, 0.0)
