"""Decompositions and solvers. Values are LAPACK's, through NumPy and SciPy; rules are in matrix products."""

from __future__ import annotations

import importlib
import math
from typing import Any, NamedTuple

import numpy as np

from engine.define import define
from engine.fused import fused
from engine.ops import arithmetic as A
from engine.ops import arrange, linalg, shape
from engine.ops import reduce as R
from engine.ops.linalg import _matmul, _square
from engine.ops.singular import not_positive
from engine.registry import GENERAL
from engine.tensor import Tensor


def _T(F: Any, x: Any) -> Any:
    return F.transpose(x, -2, -1)


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
    phi = F.tril(_mm(F, _T(F, y), g), 0)
    both = 0.5 * (phi + _T(F, F.tril(phi, -1)))
    return F.linalg_solve(_T(F, y), _T(F, F.linalg_solve(_T(F, y), _T(F, both))))


cholesky_ex_of = define("linalg_cholesky_of", GENERAL, grad="LinalgCholeskyExBackward0", aten="aten::linalg_cholesky_ex",
    forward=lambda xp, input, name: _cholesky(input, name),
    vjp=(lambda F, g, y: _cholesky_vjp(F, g, y),),
    formula=r"L^{-\top}\,\pi(L^\top g)\,L^{-1}", doc="The lower triangular L with A = L L^T.")
old_cholesky_of = define("cholesky_of", GENERAL, grad="CholeskyBackward0", aten="aten::cholesky",
    forward=lambda xp, input, name: _cholesky(input, name),
    vjp=(lambda F, g, y: _cholesky_vjp(F, g, y),),
    formula=r"L^{-\top}\,\pi(L^\top g)\,L^{-1}", doc="The lower triangular L with A = L L^T.")


def _lower_of(input: Tensor, upper: bool) -> Tensor:
    return shape.transpose(input, -2, -1) if upper else input


def _no_errors(like: Tensor) -> Tensor:
    return Tensor._wrap(np.zeros(like._data.shape[:-2], np.int32))


# --- Triangular systems ----------------------------------------------------------------------------------------------


def _solve_triangular(xp: Any, a: Any, b: Any, upper: bool, unit: bool) -> Any:
    lead = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    a, b = np.broadcast_to(a, (*lead, *a.shape[-2:])), np.broadcast_to(b, (*lead, *b.shape[-2:]))
    solve = importlib.import_module("scipy.linalg").solve_triangular
    if not a.size or not b.size:
        return np.zeros(b.shape, b.dtype)
    result = np.stack([
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
    grad="CholeskySolveBackward0", aten="aten::cholesky_solve", formula=r"A^{-1} g,\ \ldots", doc="The X with L L^T X = input.")


def _by_cholesky(b: Any, factor: Any, upper: bool) -> Any:
    # The value is that of the triangle alone; the gradient is given for the other elements too, as PyTorch gives it.
    low = shape.transpose(factor, -2, -1) if upper else factor
    low = low + (arrange.tril(low) - low).detach()
    return linalg.solve(linalg.matmul(low, shape.transpose(low, -2, -1)), b)


def cholesky_solve(input: Tensor, L: Tensor, upper: bool = False) -> Tensor:
    """The X with ``L L^T X = input``."""
    return cholesky_solve_of(L, input, upper)  # type: ignore[no-any-return]


cholesky_inverse_of = fused("cholesky_inverse_of", lambda input, upper: _by_cholesky(
        Tensor._wrap(np.broadcast_to(np.eye(input.shape[-1], dtype=input._data.dtype), input._data.shape).copy()), input, upper),
    inputs=1, grad="CholeskyInverseBackward0", aten="aten::cholesky_inverse", formula=r"\text{that of } (LL^\top)^{-1}",
    doc="The inverse of L L^T.")


def cholesky_inverse(L: Tensor, upper: bool = False) -> Tensor:
    """The inverse of ``L L^T``."""
    return cholesky_inverse_of(L, upper)  # type: ignore[no-any-return]


def cholesky(input: Tensor, upper: bool = False) -> Tensor:
    """The Cholesky factor, by its old name."""
    y = old_cholesky_of(input, "cholesky")
    return _old_upper(input) if upper else y


_old_upper = fused("cholesky_upper", lambda input: shape.transpose(old_cholesky_of(shape.transpose(input, -2, -1), "cholesky"), -2, -1).clone(),
    inputs=1, grad="CholeskyBackward0", aten="aten::cholesky", formula=r"\text{that of } L^\top", doc="The upper triangular U with A = U^T U.")

_ex_upper = fused("linalg_cholesky_upper", lambda input: shape.transpose(cholesky_ex_of(input, "linalg.cholesky"), -2, -1).clone(),
    inputs=1, grad="LinalgCholeskyExBackward0", aten="aten::linalg_cholesky_ex", formula=r"\text{that of } L^\top",
    doc="The upper triangular U with A = U^T U.")


def linalg_cholesky(A: Tensor, *, upper: bool = False) -> Tensor:
    """The lower (or upper) triangular Cholesky factor."""
    return _ex_upper(A) if upper else cholesky_ex_of(A, "linalg.cholesky")


class _CholeskyEx(NamedTuple):
    L: Tensor
    info: Tensor


def linalg_cholesky_ex(A: Tensor, *, upper: bool = False, check_errors: bool = False) -> Any:
    """(L, info): the Cholesky factor and whether there is one."""
    return _CholeskyEx(linalg_cholesky(A, upper=upper), _no_errors(A))


# --- Symmetric eigenvalues -------------------------------------------------------------------------------------------

eigh_of = define("linalg_eigh_of", GENERAL, outputs=2, grad="LinalgEighBackward0", aten="aten::_linalg_eigh",
    forward=lambda xp, input, uplo: tuple(xp.linalg.eigh(_square(input, "linalg.eigh"), uplo)),
    vjp=(lambda F, g, y0, y1: _eigh_vjp(F, g, y0, y1),),
    formula=r"V(\operatorname{diag} g_\lambda + (V^\top g_V) / E)V^\top", doc="Eigenvalues and eigenvectors of a symmetric matrix.")


def _gaps(F: Any, d: Any) -> tuple[Any, Any]:
    """d_j - d_i where they differ, 1 elsewhere, and where they differ."""
    e = F.unsqueeze(d, -2) - F.unsqueeze(d, -1)
    same = F.eq(e, 0)
    return F.where(same, 1.0, e), same


def _eigh_vjp(F: Any, g: Any, values: Any, vectors: Any) -> Any:
    e, same = _gaps(F, values)
    inner = F.where(same, 0.0, _mm(F, _T(F, vectors), g[1]) / e)
    result = _mm(F, vectors, _diag(F, g[0]) + inner, _T(F, vectors))
    return (result + _T(F, result)) * 0.5


class _Eigh(NamedTuple):
    eigenvalues: Tensor
    eigenvectors: Tensor


def linalg_eigh(A: Tensor, UPLO: str = "L") -> Any:
    """(eigenvalues, eigenvectors) of a symmetric matrix, in ascending order."""
    return _Eigh(*eigh_of(A, UPLO.upper()))


def linalg_eigvalsh(A: Tensor, UPLO: str = "L") -> Tensor:
    """The eigenvalues of a symmetric matrix, in ascending order."""
    return eigh_of(A, UPLO.upper())[0]


# --- Singular values -------------------------------------------------------------------------------------------------

svd_of = define("linalg_svd_of", GENERAL, outputs=3, grad="LinalgSvdBackward0", aten="aten::_linalg_svd",
    forward=lambda xp, input, full: tuple(xp.linalg.svd(input, full_matrices=full)),
    vjp=(lambda F, g, input_shape, y0, y1, y2: _svd_vjp(F, g, tuple(input_shape), y0, y1, y2),),
    formula=r"U(\operatorname{diag} g_s + \ldots)V^\top", doc="U, S and V^T with A = U diag(S) V^T.")


def _cols(F: Any, x: Any, k: int) -> Any:
    return F.slice(x, -1, 0, k, 1)


def _svd_vjp(F: Any, g: Any, shape_: Any, u: Any, s: Any, vh: Any) -> Any:
    m, n = shape_[-2:]
    k = min(m, n)
    gu, gs, gv = _cols(F, g[0], k), g[1], _cols(F, _T(F, g[2]), k)
    u, v = _cols(F, u, k), _cols(F, _T(F, vh), k)
    square = s * s
    e, same = _gaps(F, square)
    ut_gu, vt_gv = _mm(F, _T(F, u), gu), _mm(F, _T(F, v), gv)
    skew_u = F.where(same, 0.0, (ut_gu - _T(F, ut_gu)) / e)
    skew_v = F.where(same, 0.0, (vt_gv - _T(F, vt_gv)) / e)
    row, column = F.unsqueeze(s, -2), F.unsqueeze(s, -1)
    result = _mm(F, u, skew_u * row + column * skew_v + _diag(F, gs), _T(F, v))
    if m > k:
        rest = (gu - _mm(F, u, ut_gu)) / row
        result = result + _mm(F, rest, _T(F, v))
    if n > k:
        rest = (gv - _mm(F, v, vt_gv)) / row
        result = result + _mm(F, u, _T(F, rest))
    return result


svdvals_of = fused("linalg_svdvals_of", lambda input: svd_of(input, False)[1], inputs=1, grad="LinalgSvdBackward0", aten="aten::_linalg_svd",
    formula=r"U \operatorname{diag}(g) V^\top", doc="Singular values.")


class _Svd(NamedTuple):
    U: Tensor
    S: Tensor
    Vh: Tensor


class _OldSvd(NamedTuple):
    U: Tensor
    S: Tensor
    V: Tensor


def linalg_svd(A: Tensor, full_matrices: bool = True, *, driver: str | None = None) -> Any:
    """(U, S, Vh) with ``A = U diag(S) Vh``."""
    return _Svd(*svd_of(A, full_matrices))


def linalg_svdvals(A: Tensor, *, driver: str | None = None) -> Tensor:
    """The singular values, in descending order."""
    return svdvals_of(A)  # type: ignore[no-any-return]


def svd(input: Tensor, some: bool = True, compute_uv: bool = True) -> Any:
    """(U, S, V) with ``input = U diag(S) V^T``."""
    u, s, vh = svd_of(input, not some)
    return _OldSvd(u, s, shape.transpose(vh, -2, -1))


# --- QR --------------------------------------------------------------------------------------------------------------

qr_of = define("linalg_qr_of", GENERAL, outputs=2, grad="LinalgQrBackward0", aten="aten::linalg_qr",
    forward=lambda xp, input, mode: _qr(xp, input, mode),
    vjp=(lambda F, g, input, y0, y1, mode: _qr_vjp(F, g, input, y0, y1, mode),),
    formula=r"(g_Q + Q\,\mathrm{sym}(R g_R^\top - g_Q^\top Q))R^{-\top}", doc="Q orthogonal and R upper triangular, A = Q R.")


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
    first = _qr_tall(F, gq + _mm(F, y, _T(F, gv)), gu, q, left)
    return F.cat_dim([first, _mm(F, q, gv)], -1)


def _qr_tall(F: Any, gq: Any, gr: Any, q: Any, r: Any) -> Any:
    inner = _mm(F, r, _T(F, gr)) - _mm(F, _T(F, gq), q)
    low = F.tril(inner, -1)
    sym = low + _T(F, low) + _diag(F, F.diagonal(inner, 0, -2, -1))
    return _T(F, F.linalg_solve(r, _T(F, gq + _mm(F, q, sym))))


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
    forward=lambda xp, input, pivot: _lu_packed(input, pivot),
    vjp=(lambda F, g, y0, y1: _lu_vjp(F, g[0], y0, y1),),
    formula=r"P L^{-\top}(\operatorname{tril}(L^\top g_L) + \operatorname{triu}(g_U U^\top))U^{-\top}", doc="L and U in one matrix, and the pivots.")


def _eye(F: Any, like: Any, k: int) -> Any:
    kind = like._data.dtype if F.recording else like.dtype
    return _fixed(F, np.eye(k, dtype=kind))


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


class _LuFactor(NamedTuple):
    LU: Tensor
    pivots: Tensor


class _LuFactorEx(NamedTuple):
    LU: Tensor
    pivots: Tensor
    info: Tensor


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
    one = Tensor._wrap(np.eye(m, k, dtype=packed._data.dtype))
    low = arrange.tril(shape.narrow(packed, -1, 0, k), -1) + one
    return low, arrange.triu(shape.narrow(packed, -2, 0, k), 0).clone()


_lu_unpack_of = fused("lu_unpack_of", lambda LU: _unpacked(LU), inputs=1, outputs=2, grad="LuUnpackBackward0", aten="aten::lu_unpack",
    formula=r"\operatorname{tril} g_L + \operatorname{triu} g_U", doc="L and U out of one matrix.")
_lu_of = fused("linalg_lu_of", lambda A, pivot: _unpacked(lu_factor_of(A, pivot)[0]), inputs=1, outputs=2, grad="LinalgLuBackward0",
    aten="aten::linalg_lu", formula=r"\text{that of } LU", doc="L and U of a matrix.")


def lu_unpack(LU_data: Tensor, LU_pivots: Tensor, unpack_data: bool = True, unpack_pivots: bool = True) -> Any:
    """(P, L, U) out of what `lu_factor` gives."""
    none = Tensor._wrap(np.zeros(0, LU_data._data.dtype))
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
        y = _lu_solved(packed, shape.transpose(b, -2, -1), pivots, True, not adjoint)
        return shape.transpose(y, -2, -1)
    if adjoint:
        half = triangular(shape.transpose(packed, -2, -1), b, False, False)
        return linalg.matmul(p, triangular(shape.transpose(packed, -2, -1), half, True, True))
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
    """``Q @ other``, ``Q^T @ other`` or the same from the right, for the reflections in `input` and `tau`."""
    m = input.shape[-2]
    k = tau.shape[-1]
    order = range(k) if left == transpose else range(k - 1, -1, -1)
    y = other
    for i in order:
        below = shape.narrow(shape.narrow(input, -1, i, 1), -2, i + 1, m - i - 1)
        lead = tuple(input.shape)[:-2]
        top = np.zeros((*lead, i + 1, 1), input._data.dtype)
        top[..., i, 0] = 1
        v = arrange.cat([Tensor._wrap(top), below], -2)
        t = shape.unsqueeze(shape.narrow(tau, -1, i, 1), -1)
        if left:
            y = y - t * linalg.matmul(v, linalg.matmul(shape.transpose(v, -2, -1), y))
        else:
            y = y - t * linalg.matmul(linalg.matmul(y, v), shape.transpose(v, -2, -1))
    return y


householder_of = fused("linalg_householder_product", lambda input, tau: _reflected(
        input, tau, Tensor._wrap(np.broadcast_to(np.eye(input.shape[-2], input.shape[-1], dtype=input._data.dtype), input._data.shape).copy()), True, False),
    inputs=2, formula=r"\text{that of the product}", doc="The first columns of a product of Householder matrices.")
ormqr_of = fused("ormqr", lambda input, tau, other, left=True, transpose=False: _reflected(input, tau, other, left, transpose),
    inputs=3, formula=r"\text{that of the product}", doc="A matrix times a product of Householder matrices.")


def ormqr(input: Tensor, tau: Tensor, other: Tensor, left: bool = True, transpose: bool = False) -> Tensor:
    """``Q @ other`` (or its variants) for the Q of a QR decomposition."""
    return ormqr_of(input, tau, other, left, transpose)  # type: ignore[no-any-return]


# --- Exponential, pseudo-inverse, determinants -----------------------------------------------------------------------

matrix_exp_of = define("matrix_exp", GENERAL, holomorphic=True, grad="LinalgMatrixExpBackward0", aten="aten::linalg_matrix_exp",
    forward=lambda xp, input: _expm(_square(input, "linalg.matrix_exp")),
    vjp=(lambda F, g, input: _expm_vjp(F, g, input),),
    formula=r"\int_0^1 e^{sA^\top} g\, e^{(1-s)A^\top} ds", doc="Exponential of a square matrix.")


def _expm(x: Any) -> Any:
    if not x.size:
        return x.copy()
    return importlib.import_module("scipy.linalg").expm(x.astype(np.float64)).astype(x.dtype)


def _expm_vjp(F: Any, g: Any, x: Any) -> Any:
    n = tuple(x.shape)[-1]
    if not math.prod(tuple(x.shape)):
        return g
    back = _T(F, x)
    zero = back * 0
    whole = F.cat_dim([F.cat_dim([back, g], -1), F.cat_dim([zero, back], -1)], -2)
    return F.slice(F.slice(F.matrix_exp(whole), -2, 0, n, 1), -1, n, 2 * n, 1)


pinv_of = define("linalg_pinv_of", GENERAL, grad="LinalgPinvBackward0", aten="aten::linalg_pinv",
    forward=lambda xp, input, rtol, hermitian: _pinv(input, rtol, hermitian),
    vjp=(lambda F, g, input, y: _pinv_vjp(F, g, input, y),),
    formula=r"-(A^+ g^\top A^+)^\top + \ldots", doc="Pseudo-inverse of a matrix.")


def _pinv(x: Any, rtol: Any, hermitian: bool) -> Any:
    if not x.size:
        return np.swapaxes(x, -1, -2).copy()
    atol = 0.0
    if isinstance(rtol, tuple):
        atol, rtol = rtol
    if rtol is None:
        rtol = max(x.shape[-2:]) * np.finfo(x.dtype).eps if not np.any(atol) else 0.0
    if hermitian:
        low = np.tril(x) + np.swapaxes(np.tril(x, -1), -1, -2)
        d, v = np.linalg.eigh(low)
        s, u, vh = np.abs(d), v * np.sign(d)[..., None, :], np.swapaxes(v, -1, -2)
    else:
        u, s, vh = np.linalg.svd(x, full_matrices=False)
    limit = np.maximum(np.asarray(rtol) * s.max(-1), atol)[..., None]
    inverse = np.where(s > limit, 1 / np.where(s > limit, s, 1), 0)
    return ((np.swapaxes(vh, -1, -2) * inverse[..., None, :]) @ np.swapaxes(u, -1, -2)).astype(x.dtype)


def _pinv_vjp(F: Any, g: Any, a: Any, p: Any) -> Any:
    m, n = tuple(a.shape)[-2:]
    gh, ph = _T(F, g), _T(F, p)
    if m <= n:
        k = _mm(F, gh, p)
        kp = _mm(F, k, ph)
        return -_T(F, _mm(F, p, k)) + kp - _mm(F, a, p, kp) + _mm(F, ph, p, gh - _mm(F, k, a))
    k = _mm(F, p, gh)
    pk = _mm(F, ph, k)
    return -_T(F, _mm(F, k, p)) + _mm(F, gh - _mm(F, a, k), p, ph) + pk - _mm(F, pk, p, a)


slogdet_of = define("linalg_slogdet_of", GENERAL, outputs=2, grad="LinalgSlogdetBackward0", aten="aten::_linalg_slogdet",
    forward=lambda xp, input: tuple(np.asarray(v, input.dtype) for v in xp.linalg.slogdet(_square(input, "linalg.slogdet"))),
    vjp=(lambda F, g, input, y0: F.reshape(g[1], (*tuple(y0.shape), 1, 1)) * _T(F, F.inverse(input)),),
    formula=r"0,\ A^{-\top}", doc="Sign and logarithm of the absolute value of the determinant.")


class _Slogdet(NamedTuple):
    sign: Tensor
    logabsdet: Tensor


def linalg_slogdet(A: Tensor) -> Any:
    """(sign, logabsdet) of the determinant."""
    return _Slogdet(*slogdet_of(A))


slogdet = linalg_slogdet


def logdet(input: Tensor) -> Tensor:
    """Logarithm of the determinant; NaN where it is negative."""
    sign, value = slogdet_of(input)
    return A.where(Tensor._wrap(np.asarray(sign._data == -1)), math.nan, value)  # type: ignore[no-any-return]


def matrix_exp(input: Tensor) -> Tensor:
    """Exponential of a square matrix."""
    return matrix_exp_of(input)


def pinverse(input: Tensor, rcond: float = 1e-15) -> Tensor:
    """The pseudo-inverse, by its old name."""
    return pinv_of(input, rcond, False)


def linalg_pinv(A: Any, rcond: Any = None, hermitian: bool = False, *, atol: Any = None, rtol: Any = None) -> Tensor:
    """The pseudo-inverse; singular values below a tolerance count as zero."""
    def raw(value: Any) -> Any:
        return value._data if isinstance(value, Tensor) else value

    relative = raw(rtol if rtol is not None else rcond)
    limit = (raw(atol), relative) if atol is not None else relative
    return pinv_of(A, limit, hermitian)


lstsq_of = fused("linalg_lstsq_of", lambda A, B, driver: _least_squares(A, B, driver), inputs=2, outputs=2, grad="LinalgLstsqBackward0", aten="aten::linalg_lstsq",
    formula=r"\text{that of } A^+ B", doc="The X with the least |A X - B|, and what is left.")


def _least_squares(a: Any, b: Any, driver: str | None) -> tuple[Any, Any]:
    vector = b.ndim == 1 or (a.ndim - 1 == b.ndim and tuple(b.shape) == tuple(a.shape)[:-1])
    right = shape.unsqueeze(b, -1) if vector else b
    x = linalg.matmul(pinv_of(a, None, False), right)
    m, n = tuple(a.shape)[-2:]
    if m > n and driver != "gelsy":
        left = linalg.matmul(a, x) - right
        residuals = R.sum(left * left, -2)
    else:
        residuals = Tensor._wrap(np.zeros(0, a._data.dtype))
    return (shape.squeeze(x, -1) if vector else x), residuals


class _Lstsq(NamedTuple):
    solution: Tensor
    residuals: Tensor
    rank: Tensor
    singular_values: Tensor


def linalg_lstsq(A: Any, B: Any, rcond: float | None = None, *, driver: str | None = None) -> Any:
    """(solution, residuals, rank, singular_values) of the least-squares problem."""
    x, residuals = lstsq_of(A, B, driver or "gelsy")
    none = np.zeros(0, A._data.dtype)
    if driver in (None, "gelsy", "gelsd", "gelss"):
        rank = np.asarray(np.linalg.matrix_rank(A._data), np.int64)
    else:
        rank = np.zeros(0, np.int64)
    s = np.linalg.svd(A._data, compute_uv=False).astype(A._data.dtype) if driver in ("gelsd", "gelss") else none
    return _Lstsq(x, residuals, Tensor._wrap(rank), Tensor._wrap(s))



__all__ = [
    "cholesky", "cholesky_inverse", "cholesky_solve", "logdet", "lu", "lu_solve", "lu_unpack", "matrix_exp", "ormqr", "pinverse", "qr",
    "slogdet", "svd", "triangular_solve",
]
