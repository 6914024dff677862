"""Decompositions and solvers. Values are LAPACK's, through NumPy and SciPy; rules are in matrix products."""

from __future__ import annotations

import importlib
import math
from typing import Any, NamedTuple

import numpy as np

from engine import backend
from engine.define import define
from engine.fused import fused
from engine.ops import arrange, linalg, shape
from engine.ops.complex import conj
from engine.ops.linalg import _matmul, _square
from engine.ops.pointwise import _is_complex
from engine.ops.singular import _LinAlgError, not_positive
from engine.printing import return_type
from engine.registry import GENERAL
from engine.tensor import Tensor


def _T(F: Any, x: Any) -> Any:
    return F.transpose(x, -2, -1)


def _H(F: Any, x: Any) -> Any:
    """The conjugate transpose."""
    y = F.transpose(x, -2, -1)
    return F.conj(y) if _is_complex(y) else y


def _mm(F: Any, *matrices: Any) -> Any:
    result = matrices[0]
    for m in matrices[1:]:
        result = _matmul(F, result, m)
    return result


def _fixed(F: Any, array: Any) -> Any:
    return Tensor._wrap(array) if F.recording else array


def _diag(F: Any, d: Any) -> Any:
    return F.diag_embed(d, 0)


def _batched(function: Any, outputs: int) -> Any:
    """A function of one matrix, over leading dimensions."""

    def call(x: Any) -> Any:
        flat = x.reshape(math.prod(x.shape[:-2]), *x.shape[-2:])
        rows = [function(m) for m in flat]
        if not rows:
            sample = function(np.zeros(x.shape[-2:], x.dtype))
            found = [np.zeros((0, *np.shape(s)), np.asarray(s).dtype) for s in sample]
        else:
            found = [np.stack([r[k] for r in rows]) for k in range(outputs)]
        return tuple(f.reshape(*x.shape[:-2], *f.shape[1:]) for f in found)

    return call


# --- Cholesky --------------------------------------------------------------------------------------------------------


def _cholesky(x: Any, name: str) -> Any:
    try:
        return np.linalg.cholesky(_square(x, name))
    except np.linalg.LinAlgError:
        raise not_positive(x, name) from None


def _cholesky_vjp(F: Any, g: Any, y: Any) -> Any:
    phi = F.tril(_mm(F, _H(F, y), g), 0)
    both = 0.5 * (phi + _H(F, F.tril(phi, -1)))
    return F.linalg_solve(_H(F, y), _H(F, F.linalg_solve(_H(F, y), _H(F, both))))


cholesky_ex_of = define("linalg_cholesky_of", GENERAL, grad="LinalgCholeskyExBackward0", aten="aten::linalg_cholesky_ex",
    forward=lambda xp, input, name: _cholesky(input, name),
    vjp=(lambda F, g, y: _cholesky_vjp(F, g, y),),
    formula=r"L^{-*}\,\pi(L^* g)\,L^{-1}", doc="The lower triangular L with A = L L^H.")
old_cholesky_of = define("cholesky_of", GENERAL, grad="CholeskyBackward0", aten="aten::cholesky",
    forward=lambda xp, input, name: _cholesky(input, name),
    vjp=(lambda F, g, y: _cholesky_vjp(F, g, y),),
    formula=r"L^{-*}\,\pi(L^* g)\,L^{-1}", doc="The lower triangular L with A = L L^H.")


def _adjoint(x: Any) -> Any:
    """The conjugate transpose of a Tensor."""
    return conj(shape.transpose(x, -2, -1))


def _no_errors(like: Tensor) -> Tensor:
    return Tensor._wrap(backend.module_of(like._data).zeros(like._data.shape[:-2], np.int32))


# --- Triangular systems ----------------------------------------------------------------------------------------------


def _solve_triangular(xp: Any, a: Any, b: Any, upper: bool, unit: bool) -> Any:
    lead = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    a, b = xp.broadcast_to(a, (*lead, *a.shape[-2:])), xp.broadcast_to(b, (*lead, *b.shape[-2:]))
    solve = backend.scipy(xp, "linalg").solve_triangular
    if not a.size or not b.size:
        return xp.zeros(b.shape, b.dtype)
    result = xp.stack([
        solve(m, v, lower=not upper, unit_diagonal=unit, check_finite=False)
        for m, v in zip(a.reshape(-1, *a.shape[-2:]), b.reshape(-1, *b.shape[-2:]), strict=True)
    ])
    return xp.asarray(result.reshape(b.shape), dtype=b.dtype)


triangular = define("linalg_solve_triangular_of", GENERAL, holomorphic=True, inputs=2, dtypes="promote", grad="LinalgSolveTriangularBackward0",
    aten="aten::linalg_solve_triangular",
    forward=lambda xp, A, B, upper, unit: _solve_triangular(xp, A, B, upper, unit),
    vjp=(lambda F, g, A, y, upper, unit: -_triangle(F, _mm(F, F.linalg_solve_triangular_of(_T(F, A), g, not upper, unit), _T(F, y)), upper, unit),
         lambda F, g, A, upper, unit: F.linalg_solve_triangular_of(_T(F, A), g, not upper, unit)),
    formula=r"-A^{-\top} g\, y^\top,\ A^{-\top} g", doc="The X with A X = B, for a triangular A.")


def _triangle(F: Any, x: Any, upper: bool, unit: bool) -> Any:
    return F.triu(x, 1 if unit else 0) if upper else F.tril(x, -1 if unit else 0)


def _two_sided(a: Any, b: Any, upper: bool, left: bool, unit: bool) -> Any:
    if left:
        return triangular(a, b, upper, unit)
    x = triangular(shape.transpose(a, -2, -1), shape.transpose(b, -2, -1), not upper, unit)
    return shape.transpose(x, -2, -1)


solve_triangular_of = fused("linalg_solve_triangular", _two_sided, inputs=2, formula=r"-A^{-\top} g\, y^\top,\ A^{-\top} g",
    doc="The X with A X = B or X A = B, for a triangular A.")


def linalg_solve_triangular(A: Tensor, B: Tensor, *, upper: bool, left: bool = True, unitriangular: bool = False) -> Tensor:
    """The X with ``A X = B`` (or ``X A = B``), for a triangular A."""
    return solve_triangular_of(A, B, upper, left, unitriangular)  # type: ignore[no-any-return]


@return_type("triangular_solve")
class _TriangularSolve(NamedTuple):
    solution: Tensor
    cloned_coefficient: Tensor


triangular_solve_of = fused("triangular_solve_of", lambda input, A, upper, transpose, unitriangular: (
        (triangular(shape.transpose(A, -2, -1), input, not upper, unitriangular) if transpose
         else triangular(A, input, upper, unitriangular)), _spread_to(A, input)),
    inputs=2, outputs=2, grad="TriangularSolveBackward0", aten="aten::triangular_solve",
    formula=r"A^{-\top} g,\ -A^{-\top} g\, y^\top", doc="The X with A X = input, for a triangular A, and A.")


def _spread_to(a: Any, b: Any) -> Any:
    return shape.expand(a, (*np.broadcast_shapes(tuple(a.shape)[:-2], tuple(b.shape)[:-2]), *tuple(a.shape)[-2:])).clone()


def triangular_solve(input: Tensor, A: Tensor, upper: bool = True, transpose: bool = False, unitriangular: bool = False) -> Any:
    """(solution, cloned_coefficient) of ``A X = input`` for a triangular A."""
    return _TriangularSolve(*triangular_solve_of(input, A, upper, transpose, unitriangular))


cholesky_solve_of = fused("cholesky_solve_of", lambda L, input, upper: _by_cholesky(input, L, upper), inputs=2,
    grad="CholeskySolveBackward0", aten="aten::cholesky_solve", formula=r"\text{that of } (L L^{*})^{-1} B,\ (L L^{*})^{-1} g", doc="The X with L L^H X = input.")


def _by_cholesky(b: Any, factor: Any, upper: bool) -> Any:
    # The value is that of the triangle alone; the gradient is given for the other elements too, as PyTorch gives it.
    low = _adjoint(factor) if upper else factor
    low = low + (arrange.tril(low) - low).detach()
    return linalg.solve(linalg.matmul(low, _adjoint(low)), b)


def cholesky_solve(input: Tensor, L: Tensor, upper: bool = False) -> Tensor:
    """The X with ``L L^H X = input``."""
    return cholesky_solve_of(L, input, upper)  # type: ignore[no-any-return]


cholesky_inverse_of = fused("cholesky_inverse_of", lambda input, upper: _by_cholesky(
        _identities(input), input, upper),
    inputs=1, grad="CholeskyInverseBackward0", aten="aten::cholesky_inverse", formula=r"\text{that of } (LL^*)^{-1}",
    doc="The inverse of L L^H.")


def _identities(like: Any) -> Tensor:
    xp = backend.module_of(like._data)
    one = xp.eye(*like.shape[-2:], dtype=like._data.dtype)
    return Tensor._wrap(xp.broadcast_to(one, like._data.shape).copy())


def cholesky_inverse(L: Tensor, upper: bool = False) -> Tensor:
    """The inverse of ``L L^H``."""
    return cholesky_inverse_of(L, upper)  # type: ignore[no-any-return]


def cholesky(input: Tensor, upper: bool = False) -> Tensor:
    """The Cholesky factor, by its old name."""
    y = old_cholesky_of(input, "cholesky")
    return _old_upper(input) if upper else y


def _by_upper(input: Any) -> Any:
    # The value is that of the upper triangle, the gradient that of the lower one turned, as PyTorch gives it.
    return _adjoint(old_cholesky_of(input + (_adjoint(input) - input).detach(), "cholesky")).clone()


_old_upper = fused("cholesky_upper", _by_upper,
    inputs=1, grad="CholeskyBackward0", aten="aten::cholesky", formula=r"\text{that of } L^\top", doc="The upper triangular U with A = U^H U.")

_ex_upper = fused("linalg_cholesky_upper", lambda input: _adjoint(cholesky_ex_of(input, "linalg.cholesky")).clone(),
    inputs=1, grad="LinalgCholeskyExBackward0", aten="aten::linalg_cholesky_ex", formula=r"\text{that of } L^\top",
    doc="The upper triangular U with A = U^H U.")


def linalg_cholesky(A: Tensor, *, upper: bool = False) -> Tensor:
    """The lower (or upper) triangular Cholesky factor."""
    return _ex_upper(A) if upper else cholesky_ex_of(A, "linalg.cholesky")


@return_type("linalg_cholesky_ex")
class _CholeskyEx(NamedTuple):
    L: Tensor
    info: Tensor


def linalg_cholesky_ex(A: Tensor, *, upper: bool = False, check_errors: bool = False) -> Any:
    """(L, info): the Cholesky factor and whether there is one."""
    try:
        return _CholeskyEx(linalg_cholesky(A, upper=upper), _no_errors(A))
    except _LinAlgError:
        if check_errors:
            raise
    potrf = importlib.import_module("scipy.linalg").lapack.get_lapack_funcs(("potrf",), (A._data,))[0]
    made = [potrf(m, lower=True, clean=True) for m in A._data.reshape(-1, *A._data.shape[-2:])]
    factor = np.array([m for m, _ in made], A._data.dtype).reshape(A._data.shape)
    info = np.array([order for _, order in made], np.int32).reshape(A._data.shape[:-2])
    return _CholeskyEx(Tensor._wrap(np.swapaxes(factor, -2, -1) if upper else factor), Tensor._wrap(info))


# --- QR --------------------------------------------------------------------------------------------------------------

qr_of = define("linalg_qr_of", GENERAL, outputs=2, grad="LinalgQrBackward0", aten="aten::linalg_qr",
    forward=lambda xp, input, mode: _qr(xp, input, mode),
    vjp=(lambda F, g, input, y0, y1, mode: _qr_vjp(F, g, input, y0, y1, mode),),
    formula=r"(g_Q + Q\,\mathrm{sym}(R g_R^* - g_Q^* Q))R^{-*}", doc="Q orthogonal and R upper triangular, A = Q R.")


def _qr(xp: Any, x: Any, mode: str) -> tuple[Any, Any]:
    if mode == "r":
        return xp.zeros((0,), x.dtype), xp.linalg.qr(x, "r")
    q, r = xp.linalg.qr(x, mode)
    return q, r


def _qr_vjp(F: Any, g: Any, x: Any, q: Any, r: Any, mode: str) -> Any:
    m, n = tuple(x.shape)[-2:]
    gq, gr = g
    if mode == "r":
        raise RuntimeError("The derivative of linalg.qr depends on Q, which is not computed when mode='r'. Please use linalg.qr(A, mode='reduced') if you are going to require gradients through linalg.qr.")
    if mode == "complete" and m > n:
        raise RuntimeError("The QR decomposition is not differentiable when mode='complete' and nrows > ncols.")
    if m >= n:
        return _qr_tall(F, gq, gr, q, r)
    left, gu, gv = F.slice(r, -1, 0, m, 1), F.slice(gr, -1, 0, m, 1), F.slice(gr, -1, m, n, 1)
    y = F.slice(x, -1, m, n, 1)
    first = _qr_tall(F, gq + _mm(F, y, _H(F, gv)), gu, q, left)
    return F.cat_dim([first, _mm(F, q, gv)], -1)


def _qr_tall(F: Any, gq: Any, gr: Any, q: Any, r: Any) -> Any:
    inner = _mm(F, r, _H(F, gr)) - _mm(F, _H(F, gq), q)
    low, on = F.tril(inner, -1), F.diagonal(inner, 0, -2, -1)
    # The diagonal of R is real, whatever A is.
    sym = low + _H(F, low) + _diag(F, F.real(on) if _is_complex(on) else on)
    return _H(F, F.linalg_solve(r, _H(F, gq + _mm(F, q, sym))))


@return_type("linalg_qr")
class _Qr(NamedTuple):
    Q: Tensor
    R: Tensor


def linalg_qr(A: Tensor, mode: str = "reduced") -> Any:
    """(Q, R) with ``A = Q R``."""
    if mode not in ("reduced", "complete", "r"):
        raise RuntimeError(f"qr received unrecognized mode '{mode}' but expected one of 'reduced' (default), 'r', or 'complete'")
    return _Qr(*qr_of(A, mode))


def qr(input: Tensor, some: bool = True) -> Any:
    """(Q, R) with ``input = Q R``."""
    return _Qr(*qr_of(input, "reduced" if some else "complete"))


# --- LU --------------------------------------------------------------------------------------------------------------


def _lu_packed(x: Any, pivot: bool) -> tuple[Any, Any]:
    scipy = importlib.import_module("scipy.linalg")

    def one(m: Any) -> tuple[Any, Any]:
        if not m.size:
            return m, np.arange(1, min(m.shape) + 1, dtype=np.int32)
        if pivot:
            lu, piv, _ = scipy.lapack.get_lapack_funcs(("getrf",), (m,))[0](m)
            return np.ascontiguousarray(lu), (piv + 1).astype(np.int32)
        a = m.copy()
        for k in range(min(a.shape)):
            a[k + 1 :, k] /= a[k, k]
            a[k + 1 :, k + 1 :] -= np.outer(a[k + 1 :, k], a[k, k + 1 :])
        return a, np.arange(1, min(a.shape) + 1, dtype=np.int32)

    return _batched(one, 2)(x)  # type: ignore[no-any-return]


@backend.on_host
def _permutation(pivots: Any, m: int) -> Any:
    """The matrix P with A = P L U."""
    flat = pivots.reshape(math.prod(pivots.shape[:-1]), pivots.shape[-1])
    result = np.zeros((len(flat), m, m))
    for k, row in enumerate(flat):
        order = np.arange(m)
        for i, p in enumerate(row):
            order[[i, p - 1]] = order[[p - 1, i]]
        result[k, order, np.arange(m)] = 1
    return result.reshape(*pivots.shape[:-1], m, m)


lu_factor_of = define("linalg_lu_factor_of", GENERAL, holomorphic=True, outputs=2, grad="LinalgLuFactorExBackward0", aten="aten::linalg_lu_factor_ex",
    forward=lambda xp, input, pivot: backend.on_host(_lu_packed)(input, pivot),
    vjp=(lambda F, g, y0, y1: _lu_vjp(F, g[0], y0, y1),),
    formula=r"P L^{-\top}(\operatorname{tril}(L^\top g_L) + \operatorname{triu}(g_U U^\top))U^{-\top}", doc="L and U in one matrix, and the pivots.")


def _eye(F: Any, like: Any, k: int) -> Any:
    kind = like._data.dtype if F.recording else like.dtype
    return _fixed(F, backend.module_of(like._data if F.recording else like).eye(k, dtype=kind))


def _lu_vjp(F: Any, g: Any, lu: Any, pivots: Any) -> Any:
    m, n = tuple(lu.shape)[-2:]
    k = min(m, n)
    raw = pivots._data if isinstance(pivots, Tensor) else pivots
    p = _fixed(F, _permutation(raw, m).astype(lu._data.dtype if F.recording else lu.dtype))
    square, gs = F.slice(F.slice(lu, -2, 0, k, 1), -1, 0, k, 1), F.slice(F.slice(g, -2, 0, k, 1), -1, 0, k, 1)
    low = F.tril(square, -1) + _eye(F, lu, k)
    up = F.triu(square, 0)
    gl, gu = F.tril(gs, -1), F.triu(gs, 0)
    extra = None
    if n > k:
        u2, g2 = F.slice(F.slice(lu, -2, 0, k, 1), -1, k, n, 1), F.slice(F.slice(g, -2, 0, k, 1), -1, k, n, 1)
        extra = F.linalg_solve(_T(F, low), g2)
        gl = gl - F.tril(_mm(F, extra, _T(F, u2)), -1)
    if m > k:
        l2, g2 = F.slice(F.slice(lu, -2, k, m, 1), -1, 0, k, 1), F.slice(F.slice(g, -2, k, m, 1), -1, 0, k, 1)
        extra = _T(F, F.linalg_solve(up, _T(F, g2)))
        gu = gu - F.triu(_mm(F, _T(F, l2), extra), 0)
    inner = F.tril(_mm(F, _T(F, low), gl), -1) + F.triu(_mm(F, gu, _T(F, up)), 0)
    result = _T(F, F.linalg_solve(up, _T(F, F.linalg_solve(_T(F, low), inner))))
    if n > k:
        result = F.cat_dim([result, extra], -1)
    if m > k:
        result = F.cat_dim([result, extra], -2)
    return _mm(F, p, result)


@return_type("linalg_lu_factor")
class _LuFactor(NamedTuple):
    LU: Tensor
    pivots: Tensor


@return_type("linalg_lu_factor_ex")
class _LuFactorEx(NamedTuple):
    LU: Tensor
    pivots: Tensor
    info: Tensor


@return_type("linalg_lu")
class _Lu(NamedTuple):
    P: Tensor
    L: Tensor
    U: Tensor


def linalg_lu_factor(A: Tensor, *, pivot: bool = True) -> Any:
    """(LU, pivots): both factors in one matrix."""
    return _LuFactor(*lu_factor_of(A, pivot))


def linalg_lu_factor_ex(A: Tensor, *, pivot: bool = True, check_errors: bool = False) -> Any:
    """(LU, pivots, info)."""
    packed, pivots = lu_factor_of(A, pivot)
    return _LuFactorEx(packed, pivots, _no_errors(A))


def lu(input: Tensor, pivot: bool = True, get_infos: bool = False) -> Any:
    """(LU, pivots) or (LU, pivots, infos): the factorisation by its old name."""
    packed = linalg_lu_factor_ex(input, pivot=pivot)
    return tuple(packed) if get_infos else (packed[0], packed[1])


def _unpacked(packed: Any) -> tuple[Any, Any]:
    m, n = tuple(packed.shape)[-2:]
    k = min(m, n)
    one = Tensor._wrap(backend.module_of(packed._data).eye(m, k, dtype=packed._data.dtype))
    low = arrange.tril(shape.narrow(packed, -1, 0, k), -1) + one
    return low, arrange.triu(shape.narrow(packed, -2, 0, k), 0).clone()


_lu_unpack_of = fused("lu_unpack_of", lambda LU: _unpacked(LU), inputs=1, outputs=2, grad="LuUnpackBackward0", aten="aten::lu_unpack",
    formula=r"\operatorname{tril} g_L + \operatorname{triu} g_U", doc="L and U out of one matrix.")
_lu_of = fused("linalg_lu_of", lambda A, pivot: _unpacked(lu_factor_of(A, pivot)[0]), inputs=1, outputs=2, grad="LinalgLuBackward0",
    aten="aten::linalg_lu", formula=r"\text{that of } A = P L U", doc="L and U of a matrix.")


def lu_unpack(LU_data: Tensor, LU_pivots: Tensor, unpack_data: bool = True, unpack_pivots: bool = True) -> Any:
    """(P, L, U) out of what `lu_factor` gives."""
    none = LU_data._beside(np.zeros(0, LU_data._data.dtype))
    low, up = _lu_unpack_of(LU_data) if unpack_data else (none, none)
    p = _permutation(LU_pivots._data, LU_data.shape[-2]).astype(LU_data._data.dtype) if unpack_pivots else none._data
    return _Lu(Tensor._wrap(p), low, up)


def linalg_lu(A: Tensor, *, pivot: bool = True) -> Any:
    """(P, L, U) with ``A = P L U``."""
    pivots = lu_factor_of(A.detach(), pivot)[1]
    p = _permutation(pivots._data, A.shape[-2]).astype(A._data.dtype) if pivot else np.zeros(0, A._data.dtype)
    return _Lu(Tensor._wrap(p), *_lu_of(A, pivot))


def _lu_solved(packed: Any, b: Any, pivots: Any, left: bool, adjoint: bool) -> Any:
    m = packed.shape[-1]
    p = Tensor._wrap(_permutation(pivots._data, m).astype(packed._data.dtype))
    if not left:
        return _adjoint(_lu_solved(packed, _adjoint(b), pivots, True, not adjoint))
    if adjoint:
        half = triangular(_adjoint(packed), b, False, False)
        return linalg.matmul(p, triangular(_adjoint(packed), half, True, True))
    half = triangular(packed, linalg.matmul(shape.transpose(p, -2, -1), b), False, True)
    return triangular(packed, half, True, False)


lu_solve_of = fused("linalg_lu_solve_of", lambda LU, B, pivots, left, adjoint: _lu_solved(LU, B, pivots, left, adjoint), inputs=2,
    grad="LinalgLuSolveBackward0", aten="aten::linalg_lu_solve", formula=r"\text{that of } A^{-1}B", doc="The X with A X = B, from A's factors.")


def linalg_lu_solve(LU: Tensor, pivots: Tensor, B: Tensor, *, left: bool = True, adjoint: bool = False) -> Tensor:
    """The X with ``A X = B`` (or ``X A = B``), for the factors of A."""
    return lu_solve_of(LU, B, pivots, left, adjoint)  # type: ignore[no-any-return]


def lu_solve(input: Tensor, LU_data: Tensor, LU_pivots: Tensor) -> Tensor:
    """The X with ``A X = input``, by its old name."""
    return lu_solve_of(LU_data, input, LU_pivots, True, False)  # type: ignore[no-any-return]


# --- Householder -----------------------------------------------------------------------------------------------------


def _reflected(input: Any, tau: Any, other: Any, left: bool, transpose: bool) -> Any:
    """``Q @ other``, ``Q^H @ other`` or the same from the right, for the reflections in `input` and `tau`."""
    m = input.shape[-2]
    k = tau.shape[-1]
    order = range(k) if left == transpose else range(k - 1, -1, -1)
    y = other
    for i in order:
        below = shape.narrow(shape.narrow(input, -1, i, 1), -2, i + 1, m - i - 1)
        lead = tuple(input.shape)[:-2]
        top = backend.module_of(input._data).zeros((*lead, i + 1, 1), input._data.dtype)
        top[..., i, 0] = 1
        v = arrange.cat([Tensor._wrap(top), below], -2)
        t = shape.unsqueeze(shape.narrow(tau, -1, i, 1), -1)
        t = conj(t) if transpose else t
        if left:
            y = y - t * linalg.matmul(v, linalg.matmul(_adjoint(v), y))
        else:
            y = y - t * linalg.matmul(linalg.matmul(y, v), _adjoint(v))
    return y


householder_of = fused("linalg_householder_product", lambda input, tau: _reflected(
        input, tau, _identities(input), True, False),
    inputs=2, formula=r"g \text{ through the reflections}", doc="The first columns of a product of Householder matrices.")
ormqr_of = fused("ormqr", lambda input, tau, other, left=True, transpose=False: _reflected(input, tau, other, left, transpose),
    inputs=3, formula=r"g \text{ through the reflections}", doc="A matrix times a product of Householder matrices.")


def ormqr(input: Tensor, tau: Tensor, other: Tensor, left: bool = True, transpose: bool = False) -> Tensor:
    """``Q @ other`` (or its variants) for the Q of a QR decomposition."""
    return ormqr_of(input, tau, other, left, transpose)  # type: ignore[no-any-return]


__all__ = [
    "cholesky", "cholesky_inverse", "cholesky_solve", "lu", "lu_solve", "lu_unpack", "ormqr", "qr", "triangular_solve",
]
