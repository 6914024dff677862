"""Inputs for every record of the op table: what the property tests run on.

Pointwise records without further arguments need no line here; their inputs are drawn from the record's own domain.
A sample is ``(tensors, other arguments)``; arrays are float64, and distinct where ties would have no derivative.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import engine
from engine.ops.conv import averaging
from engine.ops.nn import pick
from engine.registry import OPS, Op
from engine.tensor import Tensor

Array = np.ndarray[Any, Any]
Sample = tuple[tuple[Array, ...], tuple[Any, ...]]


def _rng() -> np.random.Generator:
    return np.random.default_rng(7)


def spread(*shape: int) -> Array:
    """Distinct numbers around 0, none near 0 or near another."""
    n = int(np.prod(shape))
    values = (np.arange(n) + 1) * 0.37 * np.where(np.arange(n) % 2, 1, -1)
    return _rng().permutation(values).reshape(shape)


def positive(*shape: int) -> Array:
    return _rng().uniform(0.3, 2.0, shape)


def _index(*values: Any) -> Tensor:
    return engine.tensor(list(values))


_mask = engine.tensor([[True, False, True], [False, True, True]])
_square = spread(3, 3) / 3 + 2 * np.eye(3)
_select = (OPS["select"], (0, 1), (2, 3))
_narrow = (OPS["slice"], (0, 0, 2, 1), (3,))

_REDUCTIONS = ("mean", "sum", "none")
_picked = pick(np.array([1, 0, 1]), None, 2, -100, np.dtype(np.float64))

SAMPLES: dict[str, list[Sample]] = {
    "round_decimals": [((positive(3) * 0 + 0.8,), (0,))],
    "logit": [((positive(3) / 3,), (None,)), ((positive(3) / 3,), (0.01,))],
    "mul_scalar": [((spread(3),), (2.0,))],
    "nan_to_num": [((spread(3),), (0.0, None, None))],
    "clamp": [((spread(2, 3),), (-1.0, 1.0)), ((spread(3),), (None, 0.5))],
    "clamp_min": [((spread(2, 3),), (0.1,))],
    "clamp_max": [((spread(2, 3),), (0.1,))],
    "pow_tensor_scalar": [((positive(2, 3),), (n,)) for n in (0, 1, 2, 3, 2.5, -1, 0.5)],
    "pow_scalar": [((spread(3),), (2.0,))],
    "remainder_scalar": [((positive(3),), (0.29,))],
    "fmod_scalar": [((positive(3),), (0.29,))],
    "div_scalar": [((spread(3),), (2.0,))],
    "rsub": [((spread(3),), (2.0,))],
    "where": [((np.array([[True, False, True]]), spread(2, 3), spread(3)), ())],
    "addcmul": [((spread(2, 3), spread(3), spread(2, 1)), (0.5,))],
    "addcdiv": [((spread(2, 3), spread(3), positive(2, 1)), (0.5,))],
    "masked_fill": [((spread(2, 3), _mask._data), (2.0,))],
    "fill": [((spread(3),), (2.0,))],
    "vander_of": [((positive(3),), (3, False)), ((positive(2, 3),), (4, True))],
    "fill_in_place": [((spread(3),), (2.0,))],
    "fill_tensor": [((spread(2, 3), spread(1).reshape(())), ())],
    "fill_tensor_in_place": [((spread(2, 3), spread(1).reshape(())), ())],
    "zero": [((spread(3),), ())],
    "to_dtype": [((spread(3),), (engine.float64,))],
    "to_device": [((spread(3),), (engine.device("cpu"),))],
    "sum_all": [((spread(2, 3),), ()), ((spread(1).reshape(()),), ())],
    "sum_dim": [((spread(2, 3, 2),), ((0, 2), False)), ((spread(2, 3),), (1, True))],
    "sum_to_size": [((spread(2, 3),), ((3,),)), ((spread(2, 3),), ((2, 1),))],
    "mean_all": [((spread(2, 3),), ())],
    "mean_dim": [((spread(2, 3),), (0, True)), ((spread(2, 3),), ((0, 1), False))],
    "prod_all": [((spread(2, 3),), ()), ((np.array([0.0, 2.0, 3.0]),), ())],
    "prod_dim": [((spread(2, 3),), (1, False)), ((np.array([[0.0, 2.0], [0.0, 3.0]]),), (0, True))],
    "var_dim": [((spread(2, 3),), (None, 1, False)), ((spread(2, 3),), (1, 0, True))],
    "std_dim": [((spread(2, 3),), (None, 1, False)), ((spread(2, 3),), (0, 1, True))],
    "max_all": [((spread(2, 3),), ())],
    "min_all": [((spread(2, 3),), ())],
    "max_dim": [((spread(2, 3),), (1, False)), ((spread(2, 3),), (0, True))],
    "min_dim": [((spread(2, 3),), (1, False))],
    "median_dim": [((spread(2, 4),), (1, False))],
    "median_all": [((spread(2, 3),), ())],
    "amax": [((spread(2, 3),), ((0, 1), False)), ((spread(2, 3),), (1, True))],
    "amin": [((spread(2, 3),), ((), False))],
    "sort_dim": [((spread(2, 3),), (1, False)), ((spread(2, 3),), (0, True))],
    "topk_dim": [((spread(2, 4),), (2, 1, True)), ((spread(2, 4),), (2, -1, False))],
    "logsumexp": [((spread(2, 3),), (1, False)), ((spread(2, 3),), ((0, 1), True))],
    "softmax_dim": [((spread(2, 3),), (1,))],
    "log_softmax_dim": [((spread(2, 3),), (0,))],
    "cumsum_dim": [((spread(2, 3),), (1,))],
    "cumprod_dim": [((spread(2, 3),), (1,)), ((np.array([2.0, 0.0, 3.0]),), (0,))],
    "linalg_vector_norm": [
        ((spread(2, 3),), (p, d, k)) for p in (1, 2, 3, float("inf")) for d, k in ((None, False), (1, True))
    ],
    "view": [((spread(2, 3),), ((3, 2),))],
    "expand": [((spread(2, 1),), ((4, 2, 3),))],
    "transpose": [((spread(2, 3, 2),), (0, 2))],
    "t": [((spread(2, 3),), ())],
    "permute": [((spread(2, 3, 2),), ((2, 0, 1),))],
    "unsqueeze": [((spread(2, 3),), (1,))],
    "squeeze_all": [((spread(2, 1, 3),), ())],
    "squeeze_dim": [((spread(2, 1, 3),), (1,))],
    "squeeze_dims": [((spread(2, 1, 3, 1),), ((1, 3),))],
    "transpose_result": [((spread(2, 3, 2),), (0, 2))],
    "conj_physical": [((spread(3, 2),), ())],
    "linalg_eig_of": [((_square,), ("linalg.eig",))],
    "squeeze_result": [((spread(1, 3),), (0,))],
    "select": [((spread(2, 3),), (1, 2))],
    "slice": [((spread(5, 3),), (0, 1, 5, 2))],
    "diagonal": [((spread(3, 4),), (1, 0, 1))],
    "unfold": [((spread(6),), (0, 3, 2)), ((spread(2, 5),), (1, 2, 1))],
    "alias": [((spread(3),), ())],
    "unbind": [((spread(2, 3),), (1,))],
    "split_sizes": [((spread(5, 2),), ((2, 2, 1), 0))],
    "split_with_sizes": [((spread(5, 2),), ((1, 4), 0))],
    "as_strided": [((spread(2, 3),), ((_select, _narrow),))],
    "embed": [((spread(3),), ((2, 3), "select", (0, 1)))],
    "fold_back": [((spread(2, 3),), ((5,), 0, 3, 2))],
    "reshape": [((spread(2, 3),), ((6,),))],
    "clone": [((spread(3),), (None,))],
    "contiguous_copy": [((spread(2, 3),), ())],
    "flip": [((spread(2, 3),), ((0, 1),))],
    "roll": [((spread(2, 3),), (1, 1)), ((spread(2, 3),), ((1, 2), (0, 1))), ((spread(5),), (2, None))],
    "repeat": [((spread(2, 3),), ((2, 1, 3),))],
    "tril": [((spread(3, 3),), (-1,))],
    "triu": [((spread(3, 3),), (1,))],
    "diag_embed": [((spread(2, 3),), (1,))],
    "constant_pad_nd": [((spread(2, 3),), ((1, 2, 0, 1), 0.5)), ((spread(2, 3),), ((-1, 0), 0.0))],
    "cat_dim": [((spread(2, 3), spread(1, 3)), (0,))],
    "stack_dim": [((spread(2, 3), spread(2, 3) + 1), (1,))],
    "unsafe_view": [((spread(2, 3),), ((6,),))],
    "diagonal_copy": [((spread(3, 4),), (0, 0, 1))],
    "index": [
        ((spread(4, 3),), ((_index(0, 2, 0),),)),
        ((spread(2, 3),), ((_mask,),)),
        ((spread(4, 3),), ((slice(None), _index(2, 0)),)),
    ],
    "index_add_into": [((spread(3, 3),), ((4, 3), (_index(0, 2, 0),)))],
    "index_put": [
        ((spread(4, 3), spread(2, 3)), ((_index(0, 2),), False)),
        ((spread(4, 3), spread(2, 3)), ((_index(2, 2),), True)),
    ],
    "copy": [((spread(2, 3), spread(3)), ())],
    "gather": [((spread(3, 3),), (1, engine.tensor([[0, 1], [2, 2], [1, 0]])))],
    "scatter_value": [((spread(3, 2),), (engine.tensor([[0, 1], [2, 2], [1, 0]]), (3, 3), 1))],
    "scatter_number": [((spread(3, 3),), (1.5, 1, engine.tensor([[0, 1], [2, 1], [1, 0]])))],
    "scatter_into": [((spread(3, 3), spread(3, 2)), (1, engine.tensor([[0, 1], [2, 1], [1, 0]])))],
    "scatter_add_into": [((spread(3, 3), spread(3, 2)), (1, engine.tensor([[0, 1], [2, 2], [1, 0]])))],
    "take": [((spread(2, 3),), (_index(0, 5, 5),))],
    "index_select": [((spread(4, 3),), (0, _index(0, 2, 0)))],
    "index_add_along": [((spread(4, 3), spread(2, 3)), (0, _index(1, 1)))],
    "masked_select": [((spread(2, 3),), (_mask,))],
    "mm": [((spread(2, 3), spread(3, 4)), ())],
    "mv": [((spread(2, 3), spread(3)), ())],
    "dot": [((spread(3), spread(3) + 1), ())],
    "bmm": [((spread(2, 2, 3), spread(2, 3, 2)), ())],
    "outer_product": [((spread(2), spread(3)), ())],
    "linear_addmm": [((spread(4), spread(2, 3), spread(3, 4)), ())],
    "addmm": [
        ((spread(3), spread(2, 2), spread(2, 3)), (0.5, 2)),
        ((spread(2, 3), spread(2, 2), spread(2, 3)), (1, 1)),
    ],
    "trace": [((spread(3, 3),), ())],
    "inverse": [((_square,), ())],
    "det": [((_square,), ())],
    "linalg_solve": [((_square, spread(3, 2)), ()), ((_square, spread(3)), ())],
    "leaky_relu": [((spread(2, 3),), (0.1,))],
    "elu": [((spread(2, 3),), (1.5, 1.2, 1.0))],
    "celu": [((spread(2, 3),), (1.5,))],
    "gelu": [((spread(2, 3),), (a,)) for a in ("none", "tanh")],
    "softplus": [((spread(2, 3),), (2.0, 20.0))],
    "hardtanh": [((spread(2, 3),), (-1.0, 1.0))],
    "softshrink": [((spread(2, 3),), (0.5,))],
    "hardshrink": [((spread(2, 3),), (0.5,))],
    "threshold": [((spread(2, 3),), (0.1, -1.0))],
    "mse_loss": [((spread(2, 3), positive(2, 3)), (r,)) for r in _REDUCTIONS],
    "smooth_l1_loss": [((spread(2, 3), positive(2, 3)), (r, 1.0)) for r in _REDUCTIONS],
    "huber_loss": [((spread(2, 3), positive(2, 3)), (r, 1.5)) for r in _REDUCTIONS],
    "soft_margin_loss": [((spread(2, 3),), (np.sign(spread(2, 3)), r)) for r in _REDUCTIONS],
    "binary_cross_entropy": [
        ((positive(2, 3) / 3, positive(2, 3) / 4), (w, r)) for r in _REDUCTIONS for w in (None, positive(3))
    ],
    "binary_cross_entropy_with_logits": [
        ((spread(2, 3), positive(2, 3) / 4), (w, w, r)) for r in _REDUCTIONS for w in (None, positive(3))
    ],
    "nll_loss": [((spread(3, 2),), (_picked, 1, r)) for r in _REDUCTIONS],
    "nll_loss2d": [((spread(3, 2),), (_picked, 1, r)) for r in _REDUCTIONS],
    "attention": [
        ((spread(1, 2, 2, 3), spread(1, 2, 3, 3) / 2, positive(1, 2, 3, 3)), (None, 0.5)),
        ((spread(1, 2, 2, 3), spread(1, 2, 3, 3) / 2, positive(1, 2, 3, 3)), (spread(2, 3), 0.5)),
    ],
    "native_layer_norm": [((spread(2, 3), positive(3), spread(3)), (1, 1e-5))],
    "native_batch_norm": [
        ((spread(4, 2), positive(2), spread(2)), (None, None, 1e-5)),
        ((spread(2, 2, 3), positive(2), spread(2)), (spread(2), positive(2), 1e-5)),
    ],
    "native_group_norm": [((spread(2, 4, 2), positive(4), spread(4)), (2, 1e-5))],
    "embedding": [((spread(4, 2),), (_index(0, 3, 0), -1))],
    "convolution": [
        ((spread(2, 2, 5), spread(3, 2, 3), spread(3)), ((2,), (1,), (1,), 1)),
        ((spread(1, 2, 4, 4), spread(2, 1, 2, 2), spread(2)), ((1, 1), (0, 1), (2, 1), 2)),
    ],
    "convolution_input": [((spread(2, 3, 3), spread(3, 2, 3)), ((2, 2, 5), (2,), (1,), (1,), 1))],
    "convolution_weight": [((spread(2, 3, 3), spread(2, 2, 5)), ((3, 2, 3), (2,), (1,), (1,), 1))],
    "max_pool2d_with_indices": [((spread(1, 2, 4, 4),), ((2, 2), (2, 1), (1, 0), (1, 1), False))],
    "max_pool3d_with_indices": [
        ((spread(1, 1, 3, 3, 3),), ((2, 2, 2), (1, 1, 1), (0, 0, 0), (1, 1, 1), False))
    ],
    "avg_pool2d": [((spread(1, 2, 4, 4),), ((2, 2), (2, 1), (1, 0), False, True, None))],
    "avg_pool3d": [((spread(1, 1, 3, 3, 3),), ((2, 2, 2), (1, 1, 1), (0, 0, 0), False, True, None))],
    "spread_windows": [((spread(1, 2, 3, 3),), ((1, 2, 4, 4), (2, 2), (2, 1), (1, 0), False, True, None))],
    "adaptive_avg_pool2d": [((spread(1, 1, 4, 5),), ((averaging(4, 2), averaging(5, 3)),))],
}

_spd = _square @ _square.T + np.eye(3)
_lower = np.tril(_square) + np.eye(3)
_upper = np.ascontiguousarray(_lower.T)
_places = np.array([0, 2, 2, 5, 0, 1])
_strided = (np.array([0, 2, 2, 4]), (2, 2), (2, 2), 0, True)


def _symmetric(x: Any) -> Any:
    return (x + x.mT.conj()) / 2


PREPARED: dict[str, Callable[[Any], Any]] = {
    **dict.fromkeys(
        ("linalg_cholesky_of", "cholesky_of", "cholesky_upper", "linalg_cholesky_upper", "linalg_eigh_of"),
        _symmetric,
    ),
    **dict.fromkeys(("cholesky_solve_of", "cholesky_inverse_of"), lambda x: x.tril()),
    "ctc_loss_of": lambda x: engine.log_softmax(x, -1),
    **dict.fromkeys(
        ("fft_c2c", "fft_c2r", "imag", "conj", "conj_physical", "view_as_real", "real"),
        engine.view_as_complex,
    ),
}
"""What is done to an op's first input before the op, where its rule rests on a property: symmetry (the gradient then is
symmetric), probabilities that sum to 1, or complex numbers, which are given here as pairs."""


def complex_sample(op: Op, sample: Sample) -> Sample:
    """The sample with imaginary parts, small, so that what must be near a domain stays there."""
    rng = np.random.default_rng(11)
    rules = [True] * len(sample[0]) if op.variadic else op.differentiable

    def widened(value: Any, rule: bool) -> Any:
        if value is None or value.dtype.kind != "f" or not rule:
            return value
        return value + 0.3j * rng.normal(size=value.shape)

    values = tuple(widened(v, bool(r)) for v, r in zip(sample[0], rules, strict=True))
    if op.name in HERMITIAN:
        values = (values[0] + 3 * np.eye(len(values[0])), *values[1:])
    return values, (engine.complex128,) if op.name == "to_dtype" else sample[1]


HERMITIAN = ("cholesky_of", "cholesky_upper", "linalg_cholesky_of", "linalg_cholesky_upper", "linalg_eigh_of")


def finished(op: Op, made: Any) -> tuple[Tensor, ...]:
    """The outputs of an op that have a derivative; of complex vectors that any phase may turn, only the sizes."""
    outputs = made if isinstance(made, tuple) else (made,)
    if op.name in ("linalg_eig_of", "linalg_eigh_of", "linalg_svd_of"):
        outputs = tuple(y.abs() if y.dtype.is_complex and y.ndim > 1 else y for y in outputs)
    return tuple(y for y in outputs if y.dtype.differentiable)


SAMPLES |= {
    "alias_copy": [((spread(3),), ())],
    "expand_copy": [((spread(2, 1),), ((4, 2, 3),))],
    "permute_copy": [((spread(2, 3, 2),), ((2, 0, 1),))],
    "transpose_copy": [((spread(2, 3, 2),), (0, 2))],
    "t_copy": [((spread(2, 3),), ())],
    "unsqueeze_copy": [((spread(2, 3),), (1,))],
    "view_copy": [((spread(2, 3),), ((3, 2),))],
    "unfold_copy": [((spread(6),), (0, 3, 2))],
    "squeeze_copy_all": [((spread(2, 1, 3),), ())],
    "squeeze_copy_dim": [((spread(2, 1, 3),), (1,))],
    "squeeze_copy_dims": [((spread(2, 1, 3, 1),), ((1, 3),))],
    "select_copy": [((spread(2, 3),), (1, 2))],
    "slice_copy": [((spread(5, 3),), (0, 1, 5, 2))],
    "unbind_copy": [((spread(2, 3),), (1,))],
    "split_with_sizes_copy": [((spread(5, 2),), ((1, 4), 0))],
    "unsafe_split_sizes": [((spread(5, 2),), ((2, 2, 1), 0))],
    "narrow_copy_of": [((spread(5, 3),), (0, 1, 3, 1))],
    "select_scatter_into": [((spread(2, 3), spread(2)), ("select", (1, 2)))],
    "slice_scatter_into": [((spread(5, 3), spread(2, 3)), ("slice", (0, 1, 5, 2)))],
    "diagonal_scatter_into": [((spread(3, 4), spread(3)), ("diagonal", (1, 0, 1)))],
    "as_strided_view": [((spread(2, 3),), (np.array([0, 2, 2, 4]), (2, 2), (2, 2), 0, False))],
    "as_strided_copy_of": [((spread(2, 3),), _strided)],
    "as_strided_scatter_into": [((spread(2, 3), spread(2, 2)), (np.array([0, 2, 3, 4]),))],
    "rot90_turns": [((spread(2, 3),), (1, (0, 1)))],
    "block_diag_of": [((spread(2, 3), spread(2), spread(1).reshape(())), ())],
    "pixel_shuffle": [((spread(1, 8, 2, 1),), (2,))],
    "pixel_unshuffle": [((spread(1, 2, 4, 2),), (2,))],
    "channel_shuffle": [((spread(1, 4, 2),), (2,))],
    "vdot": [((spread(3), spread(3) + 1), ())],
    "addmv": [((spread(2), spread(2, 3), spread(3)), (0.5, 2))],
    "addr": [((spread(2, 3), spread(2), spread(3)), (0.5, 2))],
    "addbmm": [((spread(2, 2), spread(2, 2, 3), spread(2, 3, 2)), (0.5, 2))],
    "baddbmm": [((spread(2, 2, 2), spread(2, 2, 3), spread(2, 3, 2)), (0.5, 2))],
    "linalg_cholesky_of": [((_spd,), ("linalg.cholesky",))],
    "cholesky_of": [((_spd,), ("cholesky",))],
    "cholesky_upper": [((_spd,), ())],
    "linalg_cholesky_upper": [((_spd,), ())],
    "linalg_solve_triangular_of": [
        ((_lower, spread(3, 2)), (False, False)),
        ((_upper, spread(3, 2)), (True, True)),
    ],
    "linalg_solve_triangular": [
        ((_lower, spread(3, 2)), (False, True, False)),
        ((_lower, spread(2, 3)), (False, False, False)),
    ],
    "triangular_solve_of": [
        ((spread(3, 2), _upper), (True, False, False)),
        ((spread(3, 2), _upper), (True, True, False)),
    ],
    "cholesky_solve_of": [((_lower, spread(3, 2)), (False,))],
    "cholesky_inverse_of": [((_lower,), (False,))],
    "linalg_eigh_of": [((_spd,), ("L",))],
    "linalg_svd_of": [((_square,), (False,)), ((spread(2, 3),), (False,)), ((spread(3, 2),), (False,))],
    "linalg_svdvals_of": [((_square,), ())],
    "linalg_qr_of": [
        ((_square,), ("reduced",)),
        ((spread(3, 2),), ("reduced",)),
        ((spread(2, 3),), ("reduced",)),
    ],
    "linalg_lu_factor_of": [((_square,), (True,)), ((spread(3, 2),), (True,)), ((spread(2, 3),), (True,))],
    "lu_unpack_of": [((_square,), ())],
    "linalg_lu_of": [((_square,), (True,))],
    "linalg_lu_solve_of": [
        ((_square, spread(3, 2)), (engine.tensor([2, 3, 3]), True, adjoint)) for adjoint in (False, True)
    ],
    "linalg_householder_product": [((spread(3, 2) / 3, positive(2)), ())],
    "ormqr": [((spread(3, 2) / 3, positive(2), spread(3, 2)), (True, t)) for t in (False, True)],
    "matrix_exp": [((_square / 3,), ())],
    "linalg_pinv_of": [((spread(3, 2),), (None, False)), ((spread(2, 3),), (None, False))],
    "linalg_slogdet_of": [((_square,), ())],
    "linalg_lstsq_of": [((spread(3, 2), spread(3, 2) + 1), (d,)) for d in ("gels",)],
    "linalg_solve_ex_of": [((_square, spread(3, 2)), (True,)), ((_square, spread(2, 3)), (False,))],
    "linalg_cross": [((spread(2, 3), spread(2, 3) + 1), (1,))],
    "reshape_alias": [((spread(2, 3),), ((6,),))],
    "cummax_dim": [((spread(2, 3),), (1, True))],
    "cummin_dim": [((spread(2, 3),), (1, False))],
    "logcumsumexp": [((spread(2, 3),), (1,))],
    "kthvalue_dim": [((spread(2, 3),), (lambda row: np.argsort(row)[1], 1, False))],
    "mode_dim": [((spread(2, 3),), (np.argmin, 1, True))],
    "nanmedian_dim": [((spread(2, 3),), (np.argmax, 1, False))],
    "nanmedian_all": [((spread(2, 3),), ())],
    "aminmax": [((spread(2, 3),), (1, False)), ((spread(2, 3),), (None, True))],
    "nansum_dim": [((spread(2, 3),), (1, False)), ((spread(2, 3),), (None, False))],
    "var_mean": [((spread(2, 3),), (1, 1, False))],
    "std_mean": [((spread(2, 3),), (1, 1, False))],
    "dist": [((spread(2, 3), positive(2, 3)), (p,)) for p in (1.0, 2.0, 3.0)],
    "euclidean_dist": [((spread(2, 3), positive(2, 3)), ())],
    "cdist": [((spread(2, 3), positive(2, 3)), (2.0,))],
    "pdist": [((spread(3, 2),), (2.0,))],
    "renorm": [((spread(2, 3),), (2.0, 0, 0.5))],
    "index_fill_scalar": [((spread(3, 2),), (0, _index(0, 2), 1.5))],
    "index_fill_tensor": [((spread(3, 2), spread(1).reshape(())), (0, _index(0, 2)))],
    "index_copy_of": [((spread(3, 2), spread(2, 2)), (0, _index(0, 2)))],
    "put_of": [((spread(2, 3), spread(2)), (_index(1, 4), a)) for a in (False, True)],
    "masked_scatter_of": [((spread(2, 3), spread(5)), (_mask,))],
    "scatter_reduce_of": [
        ((spread(2, 3), spread(6) + 0.1), (_places, r, i))
        for r in ("sum", "mean", "prod", "amax", "amin")
        for i in (True, False)
    ],
    "index_reduce_of": [
        ((spread(2, 3), spread(6) + 0.1), (_places, r, True)) for r in ("mean", "prod", "amax", "amin")
    ],
    "unsafe_masked_index_of": [((spread(4),), (engine.tensor([True, False, True]), (_index(0, 9, 2),), 0.5))],
    "unsafe_masked_put_of": [
        ((spread(4), spread(3)), (engine.tensor([True, False, True]), (_index(0, 9, 2),)))
    ],
    "segment_reduce": [
        ((spread(4, 2),), (np.array([0, 1, 4]), r, None)) for r in ("sum", "mean", "max", "min", "prod")
    ],
    "polygamma_of": [((positive(3),), (n,)) for n in (0, 1, 2)],
    "mvlgamma": [((positive(3) + 2,), (3,))],
    "frexp": [((positive(3),), ())],
    "copysign_scalar": [((spread(3),), (-1.0,))],
}

_up = (np.array([[1.0, 0], [0.4, 0.6], [0, 1]]), np.array([[1.0, 0.5, 0], [0, 0.5, 1]]))
_sides = (np.array([1, 0, 1, 2]), np.array([0, 0, 1]))
_starts, _ends = [np.array([0, 2]), np.array([0, 1])], [np.array([2, 4]), np.array([2, 3])]
_unpool = np.array([[[[0, 3], [9, 10]]]])
_drawn = spread(3)

SAMPLES |= {
    "real": [((spread(3, 2),), ())],
    "softmax_backward": [((spread(2, 3), positive(2, 3)), (1,))],
    "native_layer_norm_of": [((spread(2, 3), positive(3), spread(3)), ((3,), 1e-5))],
    "native_group_norm_of": [((spread(2, 4, 2), positive(4), spread(4)), (2, 1e-5))],
    "native_batch_norm_of": [((spread(4, 2), positive(2), spread(2)), (None, None, 1e-5))],
    "native_batch_norm_legit": [((spread(4, 2), positive(2), spread(2)), (None, None, 1e-5))],
    "native_batch_norm_legit_no_stats": [((spread(4, 2), positive(2), spread(2)), (None, None, 1e-5))],
    "lerp_scalar": [((spread(3), spread(3) + 1), (0.3,))],
    "masked_fill_tensor": [((spread(2, 3), spread(1).reshape(())), (_mask,))],
    "sort_stable": [((spread(2, 3),), (1, False))],
    "diag_embed_at": [((spread(2, 3),), (1, 0, 2))],
    "imag": [((spread(3, 2),), ())],
    "conj": [((spread(3, 2),), ())],
    "view_as_real": [((spread(3, 2),), ())],
    "view_as_complex": [((spread(3, 2),), ())],
    "polar": [((positive(3), spread(3)), ())],
    "complex": [((spread(3), spread(3) + 1), ())],
    "fft_c2c": [((spread(3, 4, 2),), ((1,), 0.5, True)), ((spread(2, 3, 2),), ((0, 1), 1.0, False))],
    "fft_r2c": [
        ((spread(2, 4),), ((1,), 0.5, True)),
        ((spread(5),), ((0,), 1.0, False)),
        ((spread(2, 5),), ((0, 1), 1.0, True)),
    ],
    "fft_c2r": [((spread(3, 2),), ((0,), 0.5, 4)), ((spread(3, 2),), ((0,), 1.0, 5))],
    "index_add_number": [((spread(1).reshape(()), spread(2)), ())],
    **{f"upsample_{m}1d": [((spread(1, 2, 2),), (_up[:1],))] for m in ("nearest", "nearest_exact", "linear")},
    **{
        f"upsample_{m}2d": [((spread(1, 2, 2, 3),), (_up,))]
        for m in ("nearest", "nearest_exact", "bilinear", "bicubic")
    },
    **{
        f"upsample_{m}3d": [((spread(1, 1, 2, 2, 3),), ((_up[0], *_up),))]
        for m in ("nearest", "nearest_exact", "trilinear")
    },
    "adaptive_avg_pool3d": [((spread(1, 1, 2, 2, 3),), ((_up[0], *_up),))],
    "grid_sampler_2d_of": [
        ((spread(1, 2, 3, 3), spread(1, 2, 2, 2) / 2), (m, p, a))
        for m, p, a in (
            ("bilinear", "zeros", True),
            ("bilinear", "reflection", False),
            ("bicubic", "zeros", False),
        )
    ],
    "grid_sampler_3d_of": [
        ((spread(1, 1, 3, 3, 3), spread(1, 1, 1, 2, 3) / 3), ("bilinear", "zeros", False))
    ],
    "im2col": [((spread(1, 2, 4, 3),), ((2, 2), (1, 1), (1, 0), (2, 1)))],
    "col2im": [((spread(1, 8, 6),), ((4, 3), (2, 2), (1, 1), (1, 0), (2, 1)))],
    **{f"{k}_max_pool2d": [((spread(1, 2, 4, 3),), (_starts, _ends))] for k in ("adaptive", "fractional")},
    **{
        f"{k}_max_pool3d": [((spread(1, 1, 4, 4, 3),), ([_starts[0], *_starts], [_ends[0], *_ends]))]
        for k in ("adaptive", "fractional")
    },
    "max_unpool2d": [((spread(1, 1, 2, 2),), (_unpool, (4, 4)))],
    "max_unpool3d": [((spread(1, 1, 1, 2, 2),), (_unpool[:, :, None], (2, 2, 4)))],
    **{f"{k}_pad1d": [((spread(1, 2, 3),), (_sides[:1],))] for k in ("reflection", "replication")},
    **{f"{k}_pad2d": [((spread(1, 2, 3, 2),), (_sides,))] for k in ("reflection", "replication")},
    **{
        f"{k}_pad3d": [((spread(1, 1, 3, 3, 2),), ((_sides[0], *_sides),))]
        for k in ("reflection", "replication")
    },
    "convolution_transposed": [
        ((spread(2, 2, 3), spread(2, 3, 2), spread(3)), ((2, 3, 6), (2,), (0,), (1,), 1))
    ],
    "multi_margin_loss_of": [
        ((spread(2, 3) / 3,), (np.array([0, 2]), p, 1.0, None, r)) for p in (1, 2) for r in _REDUCTIONS
    ],
    "multilabel_margin_loss_of": [
        ((spread(2, 3) / 3,), (np.array([[0, -1, 1], [2, 1, -1]]), r)) for r in _REDUCTIONS
    ],
    "ctc_loss_of": [
        ((spread(4, 2, 3),), (np.array([[1, 2], [2, 2]]), np.array([4, 3]), np.array([2, 1]), 0))
    ],
    "embedding_bag_of": [
        ((spread(4, 2), positive(5)), (np.array([0, 3, 1, 1, 2]), np.array([0, 2]), "sum", None)),
        *(
            ((spread(4, 2), positive(5)), (np.array([0, 3, 1, 1, 2]), np.array([0, 2]), m, None))
            for m in ("mean", "max")
        ),
    ],
    "glu_of": [((spread(2, 4),), (1,))],
    "pairwise_norm": [((spread(2, 3),), (2.0, False))],
    **{f"{k}_scalar_in_place": [((spread(3),), (0.2,))] for k in ("eq", "ne", "lt", "le", "gt", "ge")},
    "rrelu_with_noise": [((spread(3),), (np.array([0.5, 1.0, 0.25]),))],
    "normal_tensors": [((spread(3), positive(3)), (_drawn,))],
    "normal_mean": [((spread(3),), (_drawn,))],
    "normal_std": [((spread(3),), (_drawn,))],
    "bernoulli_of": [((spread(3),), (_drawn,))],
}


def prepared_tangents(name: str, primals: tuple[Any, ...], tangents: tuple[Any, ...]) -> tuple[Any, ...]:
    """What `PREPARED` does to the tangents of an op's inputs."""
    if name not in PREPARED:
        return tangents
    if name == "ctc_loss_of":
        share = engine.softmax(primals[0], -1)
        return (tangents[0] - (share * tangents[0]).sum(-1, keepdim=True), *tangents[1:])
    return (PREPARED[name](tangents[0]), *tangents[1:])


def domain_sample(op: Op) -> list[Sample]:
    """Inputs from a pointwise record's own domain: of one shape, and broadcast against each other."""
    assert op.domain is not None, f"{op.name}: a pointwise record needs a domain"
    low, high = op.domain
    draw = _rng().uniform
    shapes = [[(4,)] * op.n_inputs]
    if op.n_inputs > 1:
        shapes.append([(2, 3), (3,), (2, 1)][: op.n_inputs])
    return [(tuple(draw(low, high, s) for s in group), ()) for group in shapes]


def of(op: Op) -> list[Sample]:
    """The samples of a record.

    Raises:
        KeyError: if there are none: every record needs a line in `SAMPLES`.
    """
    if op.name in SAMPLES:
        return SAMPLES[op.name]
    if op.kind == "pointwise" and len(op.params) == op.n_inputs:
        return domain_sample(op)
    raise KeyError(f"op {op.name!r} has no samples: add a line to tests/engine/samples.py")
