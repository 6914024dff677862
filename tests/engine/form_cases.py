"""Calls in all their forms: out of place, in place and with ``out=``; of tensors with no dimension and with no element.

`record_forms.py` asks PyTorch what comes of each, `test_forms.py` the engine. A call is ``torch.name(x, ...)``: the
further arguments are given here, and may say ``y`` (a tensor like ``x``), ``z`` (another), ``m`` (a mask) and ``i`` (an
index).
"""

# ruff: noqa: SIM905 (tables of words)

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Iterator
from typing import Any

_UNARY = """
abs acos acosh angle asin asinh atan atanh ceil cos cosh deg2rad digamma erf erfc erfinv exp exp2 expm1
floor frac i0 lgamma log log10 log1p log2 logit nan_to_num neg negative positive rad2deg reciprocal relu
round rsqrt sgn sigmoid sign sin sinc sinh sqrt square tan tanh trunc special.entr special.erfcx special.i0e
special.i1 special.i1e special.log_ndtr special.ndtr special.ndtri special.expit nn.functional.elu
nn.functional.gelu nn.functional.hardsigmoid nn.functional.hardswish nn.functional.leaky_relu
nn.functional.logsigmoid nn.functional.mish nn.functional.relu6 nn.functional.selu nn.functional.silu
nn.functional.softplus nn.functional.softsign nn.functional.celu nn.functional.tanhshrink
nn.functional.hardtanh nn.functional.softshrink isnan isinf isfinite signbit logical_not isposinf isneginf
isreal sum mean prod var std max min amax amin argmax argmin all any median nanmedian mode nansum nanmean
aminmax count_nonzero unique nonzero argwhere norm std_mean var_mean numel flatten ravel squeeze t clone
detach ones_like zeros_like atleast_1d atleast_2d atleast_3d diag diagflat trace det inverse tril triu
argsort sort msort bincount cov corrcoef linalg.norm linalg.vector_norm linalg.matrix_norm is_nonzero
nn.functional.normalize fft.fft fft.rfft fft.fftshift logcumsumexp histc isreal conj resolve_conj real
"""

_BINARY = """
add sub mul div pow atan2 hypot maximum minimum fmax fmin remainder fmod logaddexp logaddexp2 xlogy
floor_divide copysign nextafter ldexp heaviside eq ne lt le gt ge logical_and logical_or logical_xor isclose
rsub dist special.xlog1py special.zeta igamma igammac dot mv mm bmm matmul outer inner kron allclose equal
cdist cross vdot float_power true_divide subtract multiply nn.functional.mse_loss nn.functional.l1_loss
nn.functional.smooth_l1_loss nn.functional.huber_loss nn.functional.binary_cross_entropy
nn.functional.binary_cross_entropy_with_logits nn.functional.cross_entropy nn.functional.kl_div
nn.functional.poisson_nll_loss nn.functional.cosine_similarity nn.functional.pairwise_distance
nn.functional.linear nn.functional.prelu complex polar
"""

CALLS: list[tuple[str, str]] = [
    *((name, "") for name in dict.fromkeys(_UNARY.split())),
    *((name, "y") for name in dict.fromkeys(_BINARY.split())),
    *(
        (name, arguments)
        for name in "add sub mul div pow remainder fmod floor_divide eq lt float_power".split()
        for arguments in ("2", "0.5")
    ),
    *(
        (name, arguments)
        for name in "sum mean prod amax amin max min argmax argmin all any median nanmedian mode std var "
        "count_nonzero cumsum cumprod cummax cummin logcumsumexp softmax log_softmax logsumexp sort argsort "
        "unbind unsqueeze squeeze std_mean nn.functional.softmin nn.functional.glu aminmax norm nansum".split()
        for arguments in ("0", "-1", "1")
    ),
    *((name, "0, keepdim=True") for name in "sum mean amax max argmax all var median logsumexp norm".split()),
    *((name, "dim=()") for name in "sum mean amax std".split()),
    *(("norm", p) for p in ("1", "float('inf')", "0", "3")),
    *((name, "0, i") for name in "index_select gather".split()),
    *((name, "0, i, y") for name in "index_add index_copy scatter scatter_add".split()),
    *((name, "0, i, 2.0") for name in "index_fill scatter".split()),
    *(("scatter_reduce", f"0, i, y, '{reduce}'") for reduce in "sum prod mean amax amin".split()),
    *(("index_reduce", f"0, i, y, '{reduce}'") for reduce in "prod mean amax amin".split()),
    *((name, f"1, {dim}") for name in "topk kthvalue".split() for dim in (0, -1)),
    *(
        (name, "1")
        for name in "roll topk kthvalue repeat_interleave diff diag tensor_split chunk split".split()
    ),
    ("take", "i"),
    ("put", "i, y"),
    ("index_put", "(i,), y"),
    ("masked_select", "m"),
    ("masked_fill", "m, 2.0"),
    ("masked_fill", "m, z.sum()"),
    ("masked_scatter", "m, y"),
    ("clamp", "0.4, 0.6"),
    ("clamp", "max=0.5"),
    ("clamp", "y, z"),
    ("clamp", "None, z"),
    ("clamp_min", "0.5"),
    ("clamp_max", "0.5"),
    ("clip", "0.4, 0.6"),
    ("add", "y, alpha=2"),
    ("sub", "y, alpha=2"),
    ("div", "y, rounding_mode='floor'"),
    ("div", "y, rounding_mode='trunc'"),
    ("lerp", "y, z"),
    ("lerp", "y, 0.3"),
    ("addcmul", "y, z, value=2"),
    ("addcdiv", "y, z, value=2"),
    ("addmm", "y, z"),
    ("addmv", "y, z"),
    ("addr", "y, z"),
    ("addbmm", "y, z"),
    ("baddbmm", "y, z"),
    ("renorm", "2, 0, 0.5"),
    ("round", "decimals=1"),
    ("logit", "0.1"),
    ("nan_to_num", "1.0"),
    ("mvlgamma", "1"),
    ("movedim", "0, -1"),
    ("transpose", "0, 1"),
    ("transpose", "0, 0"),
    ("permute", "(0,)"),
    ("permute", "()"),
    ("reshape", "(-1,)"),
    ("reshape", "()"),
    ("reshape", "(0, 5)"),
    ("narrow", "0, 0, 0"),
    ("select", "0, 0"),
    ("diagonal", ""),
    ("diag_embed", ""),
    ("rot90", ""),
    ("tile", "(2,)"),
    ("broadcast_to", "(2, 3)"),
    ("unflatten", "0, (1, -1)"),
    ("flatten", "0, 0"),
    ("squeeze", "(0,)"),
    ("quantile", "0.5"),
    ("quantile", "0.5, 0"),
    ("searchsorted", "y"),
    ("bucketize", "y"),
    ("isin", "y"),
    ("where", ""),
    ("cumulative_trapezoid", ""),
    ("trapezoid", ""),
    ("gradient", ""),
    ("vander", ""),
    ("combinations", ""),
    ("nn.functional.one_hot", ""),
    ("nn.functional.dropout", "0.0"),
    ("nn.functional.pad", "(1, 1)"),
    ("nn.functional.layer_norm", "x.shape[-1:]"),
    ("nn.functional.layer_norm", "()"),
    ("nn.functional.threshold", "0.5, 2.0"),
    ("nn.functional.gumbel_softmax", "hard=True"),
    ("fft.fft", "n=2"),
    ("fft.ifft", ""),
    ("linalg.norm", "1"),
    ("linalg.vector_norm", "2, 0"),
    ("linalg.vector_norm", "float('inf')"),
    ("linalg.vector_norm", "float('inf'), 0"),
    ("linalg.vector_norm", "0"),
]
"""Name and the arguments after the first."""

JOINS = [
    f"torch.{name}({arguments})"
    for name in "cat stack hstack vstack dstack column_stack".split()
    for arguments in ("[x, y]", "[x]", "[]")
] + [
    "torch.cat([x, torch.ones(2)])",
    "torch.cat([x, torch.ones(2, 3)])",
    "torch.block_diag(x, y)",
    "torch.meshgrid(x, y, indexing='ij')",
    "torch.where(m, x, y)",
    "torch.where(m, x, 2.0)",
    "torch.cartesian_prod(x, y)",
    "torch.broadcast_tensors(x, torch.ones(2, 1))",
    "torch.einsum('i,i', x, y)",
    "torch.einsum('ij->ji', x)",
    "torch.tensordot(x, y, 0)",
    "torch.tensordot(x, y, 1)",
    "x[...]",
    "x[None]",
    "x[0]",
    "x[:1]",
    "x[m]",
    "x[i]",
    "x[..., None]",
    "x @ y",
    "x.T",
    "x.mT",
    "x.item()",
    "x.tolist()",
    "len(x)",
    "list(x)",
    "float(x)",
    "int(x)",
    "bool(x)",
    "x.expand(3, *x.shape)",
    "x.expand(2, 3)",
    "x.view(-1)",
    "x.view(1)",
    "x.view(0)",
    "x.repeat(2)",
    "x.repeat(2, 2)",
    "x.unfold(0, 1, 1)",
    "x.sum_to_size(x.shape)",
    "x.double()",
    "x.long()",
    "x + 1",
    "2 ** x",
    "x ** 2",
    "1 / x",
    "-x",
    "x == y",
    "repr(x.detach())",
    "repr(x.sum())",
    "x.mean(dim=0, keepdim=True)",
    "x.numel(), x.ndim, x.shape, x.stride(), x.is_contiguous()",
    "torch.autograd.grad(x.sum(), x)",
    "torch.autograd.functional.jacobian(torch.exp, x)",
]
"""Whole expressions, for the same shapes."""

SHAPES: list[tuple[int, ...]] = [(), (0,), (1,), (0, 3), (3, 0)]
"""Of the tensors with no dimension or no element; one with one dimension and one element lies between them."""

OUTS = {
    "fits": "torch.zeros({shape}, dtype={dtype})",
    "none": "torch.zeros(0, dtype={dtype})",
    "other": "torch.zeros(4, 5, dtype={dtype})",
    "view": "torch.zeros({twice}, dtype={dtype})[..., ::2]",
    "long": "torch.zeros({shape}, dtype=torch.int64)",
    "double": "torch.zeros({shape}, dtype=torch.float64)",
    "bool": "torch.zeros({shape}, dtype=torch.bool)",
}
"""Tensors to write into: which of them may be written to is PyTorch's to say."""


def names(torch: Any, shape: tuple[int, ...], dtype: Any = None) -> dict[str, Any]:
    """What expressions may say."""
    count = 1
    for n in shape:
        count *= n
    flat = torch.arange(count, dtype=torch.float32)
    made = {
        "torch": torch,
        "x": (flat * 0.07 + 0.3).reshape(shape),
        "y": (flat * 0.06 + 0.35).reshape(shape),
        "z": (0.9 - flat * 0.05).reshape(shape),
    }
    if dtype is not None:
        made |= {k: (made[k] * 10).to(dtype) for k in "xyz"}
    made["m"] = made["x"] > (3 if dtype is not None else 0.5)
    made["i"] = torch.zeros(shape if len(shape) < 2 else shape[:1], dtype=torch.int64)
    if dtype is None:
        for k in "xyz":
            made[k].requires_grad_()
    return made


def expressions() -> Iterator[str]:
    """Every call out of place."""
    for name, arguments in CALLS:
        yield f"torch.{name}(x{', ' if arguments else ''}{arguments})"
    yield from JOINS


def shown(value: Any) -> Any:
    """A result, so that it can be written down: of a tensor dtype, shape, whether it requires grad and the numbers."""
    if hasattr(value, "requires_grad"):
        numbers = value.detach()
        if getattr(numbers, "_is_zerotensor", bool)():  # a gradient PyTorch has no memory for
            numbers = numbers.new_zeros(numbers.shape)
        if numbers.dtype.is_complex:
            numbers = numbers.real.clone() + 1000 * numbers.imag
        flat = numbers.reshape(-1).tolist()
        kind = f"{str(value.dtype).removeprefix('torch.')}{list(value.shape)}{' grad' if value.requires_grad else ''}"
        return [
            kind,
            [float(f"{v:.6g}") if isinstance(v, float) and math.isfinite(v) else _plain(v) for v in flat],
        ]
    if isinstance(value, (tuple, list)):
        return [shown(v) for v in value]
    return value if isinstance(value, (int, float, str, bool, type(None))) else str(value)


def _plain(number: Any) -> Any:
    return str(number) if isinstance(number, float) else number


def tensors(value: Any) -> Iterator[Any]:
    """Those in a result that a gradient may come from."""
    if isinstance(value, (tuple, list)):
        for v in value:
            yield from tensors(v)
    elif hasattr(value, "requires_grad") and value.requires_grad and not value.dtype.is_complex:
        yield value


def said(error: Exception) -> str:
    """The kind of an error and the first sentence of what it says."""
    return f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error).strip() else ''}"


def outcome(torch: Any, text: str, shape: tuple[int, ...]) -> Any:
    """What comes of an expression for tensors of a shape: its value and gradients, or the error."""
    known = names(torch, shape)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            made = eval(text, dict(known))
        except Exception as error:
            return said(error)
        found: dict[str, Any] = {"value": shown(made)}
        total = None
        for part in tensors(made):
            total = part.sum() if total is None else total + part.sum()
        if total is not None:
            try:
                total.backward()
            except Exception as error:
                found["grad"] = said(error)
            else:
                found["grad"] = [shown(known[k].grad) for k in "xyz"]
    return found


def in_place(torch: Any, name: str, arguments: str, kind: str) -> Any:
    """What comes of ``x.name_(...)`` for a tensor that is no leaf, or of integers; None where there is no such form."""
    method = f"{name.rpartition('.')[2]}_"
    if name.startswith("nn.") or not hasattr(torch.Tensor, method):
        return None
    known = names(torch, (2, 3) if kind != "square" else (3, 3), torch.int64 if kind == "long" else None)
    leaf = known["x"]
    if kind != "long":
        known["x"] = leaf * 1
    target = known["x"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            made = eval(f"x.{method}({arguments})", dict(known))
        except Exception as error:
            return {"error": said(error), "version": target._version, "after": shown(target)}
        found = {"same": made is target, "version": target._version, "after": shown(target)}
        if target.requires_grad:
            found["grad_fn"] = target.grad_fn.name()
            known["x"] = leaf
            try:
                (target * target).sum().backward()
            except Exception as error:
                found["grad"] = said(error)
            else:
                found["grad"] = [shown(known[k].grad) for k in "xyz"]
    return found


def with_out(torch: Any, name: str, arguments: str, which: str) -> Any:
    """What comes of ``torch.name(x, ..., out=o)``; None where there is no ``out``, or several."""
    known = names(torch, (3, 3))
    call = f"torch.{name}(x{', ' if arguments else ''}{arguments}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            if which != "recorded":
                for k in "xyz":
                    known[k] = known[k].detach()
            plain = eval(call + ")", dict(known))
            if not hasattr(plain, "dtype"):
                return None
        except Exception:
            return None
        shape = tuple(plain.shape)
        twice = (*shape[:-1], 2 * shape[-1]) if shape else (2,)
        text = OUTS["fits" if which == "recorded" else which]
        known["o"] = eval(text.format(shape=shape, twice=twice, dtype=str(plain.dtype)), {"torch": torch})
        try:
            made = eval(call + ", out=o)", dict(known))
        except TypeError:
            return None
        except Exception as error:
            return said(error)
        return {"same": made is known["o"], "version": made._version > 0, "value": shown(made)}


def same(expected: Any, got: Any) -> bool:
    """Whether two results, as `shown` writes them, are the same up to rounding."""
    if isinstance(expected, dict):
        return (
            isinstance(got, dict)
            and expected.keys() == got.keys()
            and all(same(v, got[k]) for k, v in expected.items())
        )
    if isinstance(expected, list):
        return isinstance(got, list) and len(expected) == len(got) and all(map(same, expected, got))
    if type(expected) in (int, float) and type(got) is type(expected):
        return math.isclose(expected, got, rel_tol=1e-4, abs_tol=1e-5)
    return bool(expected == got)


def difference(expected: Any, got: Any) -> str:
    """How the engine's outcome differs from PyTorch's: a word, or nothing if it does not.

    ``words``: both refuse the call and say so in other words; ``accepts``, ``refuses``: only one of them refuses it;
    ``absent``: the engine has no such form; ``result``: a value, gradient or name of a node is another.
    """
    if same(expected, got):
        return ""
    if got is None:
        return "absent"
    theirs, ours = _refusal(expected), _refusal(got)
    if theirs and ours:
        return "words"
    return "accepts" if theirs else "refuses" if ours else "result"


def _refusal(outcome: Any) -> Any:
    return outcome.get("error") if isinstance(outcome, dict) else isinstance(outcome, str)


def all_differences(torch: Any, expected: dict[str, Any], part: str, call: str) -> dict[str, list[str]]:
    """For one call, by kind of `difference`: the cases in which the engine is not as recorded."""
    found: dict[str, list[str]] = {}
    for case, outcome_ in expected[part][call].items():
        if part == "edges":
            got = outcome(torch, call, next(s for s in SHAPES if str(s) == case))
        else:
            form = in_place if part == "in_place" else with_out
            got = form(torch, *next((n, a) for n, a in CALLS if f"{n}({a})" == call), case)
        kind = difference(outcome_, json.loads(json.dumps(got)))
        if kind:
            found.setdefault(kind, []).append(case)
    return found
