"""Eigenvalues and singular values, and what rests on them. Values are LAPACK's, through NumPy and SciPy."""

from __future__ import annotations

import importlib
import math
from typing import Any, NamedTuple

import numpy as np

from engine import backend
from engine.define import define
from engine.fused import fused
from engine.ops import arithmetic as A
from engine.ops import linalg, shape
from engine.ops import pointwise as P
from engine.ops import reduce as R
from engine.ops.complex import conj, real
from engine.ops.decompose import _H, _T, _adjoint, _diag, _mm, qr_of
from engine.ops.draw import randn
from engine.ops.linalg import _square
from engine.ops.pointwise import _is_complex
from engine.printing import return_type
from engine.registry import GENERAL
from engine.tensor import Tensor

# --- Symmetric eigenvalues -------------------------------------------------------------------------------------------

eigh_of = define(
    "linalg_eigh_of",
    GENERAL,
    outputs=2,
    grad="LinalgEighBackward0",
    aten="aten::_linalg_eigh",
    forward=lambda xp, input, uplo: tuple(xp.linalg.eigh(_square(input, "linalg.eigh"), uplo)),
    vjp=(lambda F, g, y0, y1: _eigh_vjp(F, g, y0, y1),),
    formula=r"V(\operatorname{diag} g_\lambda + (V^* g_V) / E)V^*",
    doc="Eigenvalues and eigenvectors of a symmetric or Hermitian matrix.",
)


def _gaps(F: Any, d: Any) -> tuple[Any, Any]:
    """d_j - d_i where they differ, 1 elsewhere, and where they differ."""
    e = F.unsqueeze(d, -2) - F.unsqueeze(d, -1)
    same = F.eq(e, 0)
    return F.where(same, 1.0, e), same


def _eigh_vjp(F: Any, g: Any, values: Any, vectors: Any) -> Any:
    e, same = _gaps(F, values)
    turned = _mm(F, _H(F, vectors), g[1])
    _need_no_phase(F, turned, "linalg_eigh_backward: The eigenvectors")
    inner = F.where(same, 0.0, turned / e)
    result = _mm(F, vectors, _diag(F, g[0]) + inner, _H(F, vectors))
    return (result + _H(F, result)) * 0.5


def _need_no_phase(F: Any, turned: Any, what: str, term: str = "quantity, so it is") -> None:
    """Complex eigenvectors may be turned by any phase: refuse a gradient that depends on it."""
    raw = turned._data if F.recording else turned
    phases = np.diagonal(raw, axis1=-2, axis2=-1).imag
    if raw.dtype.kind == "c" and not np.allclose(phases, 0, atol=1e-2):
        raise RuntimeError(
            f"{what} in the complex case are specified up to multiplication by e^{{i phi}}. The specified loss "
            f"function depends on this {term} ill-defined."
        )


@return_type("linalg_eigh")
class _Eigh(NamedTuple):
    eigenvalues: Tensor
    eigenvectors: Tensor


def linalg_eigh(A: Tensor, UPLO: str = "L") -> Any:
    """(eigenvalues, eigenvectors) of a symmetric matrix, in ascending order."""
    return _Eigh(*eigh_of(A, UPLO.upper()))


def linalg_eigvalsh(A: Tensor, UPLO: str = "L") -> Tensor:
    """The eigenvalues of a symmetric matrix, in ascending order."""
    return eigh_of(A, UPLO.upper())[0]


# --- Eigenvalues of any square matrix --------------------------------------------------------------------------------

eig_of = define(
    "linalg_eig_of",
    GENERAL,
    outputs=2,
    grad="LinalgEigBackward0",
    aten="aten::linalg_eig",
    forward=lambda xp, input, name="linalg.eig": _eig(xp, input, name),
    vjp=(lambda F, g, y0, y1: _eig_vjp(F, g, y0, y1),),
    formula=r"V^{-*}(\operatorname{diag} g_\lambda + (V^* g_V - V^* V \operatorname{Re} \operatorname{diag}(V^* g_V))"
    r"/ \bar E)V^*",
    doc="Eigenvalues and eigenvectors of a square matrix, complex.",
)


def _eig(xp: Any, x: Any, name: str) -> tuple[Any, Any]:
    backend.refuse(
        ~xp.isfinite(_square(x, name)),
        lambda: RuntimeError("torch.linalg.eig: input tensor should not contain infs or NaNs."),
    )
    kind = np.result_type(x.dtype, np.complex64)
    values, vectors = xp.linalg.eig(x)
    return values.astype(kind), vectors.astype(kind)


def _eig_vjp(F: Any, g: Any, values: Any, vectors: Any) -> Any:
    """Source: C. Boeddeker et al., "On the Computation of Complex-valued Gradients", 2017, section 4.18."""
    back = _H(F, vectors)
    turned = _mm(F, back, g[1])
    _need_no_phase(F, turned, "linalg_eig_backward: The eigenvectors")
    lengths = F.unsqueeze(F.real(F.diagonal(turned, 0, -2, -1)), -2)
    e, same = _gaps(F, values)
    inner = F.where(same, 0.0, (turned - _mm(F, back, vectors * lengths)) / F.conj(e))
    return F.linalg_solve(back, _mm(F, inner + _diag(F, g[0]), back))


@return_type("linalg_eig")
class _Eig(NamedTuple):
    eigenvalues: Tensor
    eigenvectors: Tensor


def linalg_eig(A: Tensor) -> Any:
    """(eigenvalues, eigenvectors) of a square matrix, complex, in no order; the vectors have length 1."""
    return _Eig(*eig_of(A))


def linalg_eigvals(A: Tensor) -> Tensor:
    """The eigenvalues of a square matrix, complex."""
    return eig_of(A, "linalg.eigvals")[0]


# --- Singular values -------------------------------------------------------------------------------------------------

svd_of = define(
    "linalg_svd_of",
    GENERAL,
    outputs=3,
    grad="LinalgSvdBackward0",
    aten="aten::_linalg_svd",
    forward=lambda xp, input, full: tuple(xp.linalg.svd(input, full_matrices=full)),
    vjp=(lambda F, g, input_shape, y0, y1, y2: _svd_vjp(F, g, tuple(input_shape), y0, y1, y2),),
    formula=r"U(\operatorname{diag} g_s + \ldots)V^*",
    doc="U, S and V^H with A = U diag(S) V^H.",
)


def _cols(F: Any, x: Any, k: int) -> Any:
    return F.slice(x, -1, 0, k, 1)


def _svd_vjp(F: Any, g: Any, shape_: Any, u: Any, s: Any, vh: Any) -> Any:
    m, n = shape_[-2:]
    k = min(m, n)
    gu, gs, gv = _cols(F, g[0], k), g[1], _cols(F, _H(F, g[2]), k)
    u, v = _cols(F, u, k), _cols(F, _H(F, vh), k)
    square = s * s
    e, same = _gaps(F, square)
    ut_gu, vt_gv = _mm(F, _H(F, u), gu), _mm(F, _H(F, v), gv)
    skew_u, skew_v = ut_gu - _H(F, ut_gu), vt_gv - _H(F, vt_gv)
    row, column = F.unsqueeze(s, -2), F.unsqueeze(s, -1)
    inner = F.where(same, 0.0, (skew_u * row + column * skew_v) / e) + _diag(F, gs)
    if _is_complex(u):
        _need_no_phase(F, ut_gu + vt_gv, "svd_backward: The singular vectors", "phase term, making it")
        none = F.eq(s, 0)
        inner = inner + _diag(
            F, F.where(none, 0.0, F.diagonal(skew_u, 0, -2, -1) / F.where(none, 1.0, 2 * s))
        )
    result = _mm(F, u, inner, _H(F, v))
    if m > k:
        rest = (gu - _mm(F, u, ut_gu)) / row
        result = result + _mm(F, rest, _H(F, v))
    if n > k:
        rest = (gv - _mm(F, v, vt_gv)) / row
        result = result + _mm(F, u, _H(F, rest))
    return result


svdvals_of = fused(
    "linalg_svdvals_of",
    lambda input: svd_of(input, False)[1],
    inputs=1,
    grad="LinalgSvdBackward0",
    aten="aten::_linalg_svd",
    formula=r"U \operatorname{diag}(g) V^*",
    doc="Singular values.",
)


@return_type("linalg_svd")
class _Svd(NamedTuple):
    U: Tensor
    S: Tensor
    Vh: Tensor


@return_type("svd")
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
    """(U, S, V) with ``input = U diag(S) V^H``."""
    u, s, vh = svd_of(input, not some)
    return _OldSvd(u, s, _adjoint(vh))


# --- Exponential, pseudo-inverse, determinants -----------------------------------------------------------------------

matrix_exp_of = define(
    "matrix_exp",
    GENERAL,
    holomorphic=True,
    grad="LinalgMatrixExpBackward0",
    aten="aten::linalg_matrix_exp",
    forward=lambda xp, input: backend.on_host(_expm)(_square(input, "linalg.matrix_exp")),
    vjp=(lambda F, g, input: _expm_vjp(F, g, input),),
    formula=r"\int_0^1 e^{sA^\top} g\, e^{(1-s)A^\top} ds",
    doc="Exponential of a square matrix.",
)


def _expm(x: Any) -> Any:
    if not x.size:
        return x.copy()
    return (
        importlib.import_module("scipy.linalg")
        .expm(x.astype(np.result_type(x.dtype, np.float64)))
        .astype(x.dtype)
    )


def _expm_vjp(F: Any, g: Any, x: Any) -> Any:
    n = tuple(x.shape)[-1]
    if not math.prod(tuple(x.shape)):
        return g
    back = _T(F, x)
    zero = back * 0
    whole = F.cat_dim([F.cat_dim([back, g], -1), F.cat_dim([zero, back], -1)], -2)
    return F.slice(F.slice(F.matrix_exp(whole), -2, 0, n, 1), -1, n, 2 * n, 1)


pinv_of = define(
    "linalg_pinv_of",
    GENERAL,
    grad="LinalgPinvBackward0",
    aten="aten::linalg_pinv",
    forward=lambda xp, input, rtol, hermitian: _pinv(xp, input, rtol, hermitian),
    vjp=(lambda F, g, input, y: _pinv_vjp(F, g, input, y),),
    formula=r"-(A^+ g^* A^+)^* + \ldots",
    doc="Pseudo-inverse of a matrix.",
)


def _pinv(xp: Any, x: Any, rtol: Any, hermitian: bool) -> Any:
    if not x.size:
        return xp.swapaxes(x, -1, -2).copy()
    atol = 0.0
    if isinstance(rtol, tuple):
        atol, rtol = rtol
    if rtol is None:
        rtol = max(x.shape[-2:]) * np.finfo(x.dtype).eps if not np.any(atol) else 0.0
    if hermitian:
        d, v = xp.linalg.eigh(x)
        s, u, vh = xp.abs(d), v * xp.sign(d)[..., None, :], xp.swapaxes(v, -1, -2).conj()
    else:
        u, s, vh = xp.linalg.svd(x, full_matrices=False)
    limit = xp.maximum(xp.asarray(rtol) * s.max(-1), atol)[..., None]
    inverse = xp.where(s > limit, 1 / xp.where(s > limit, s, 1), 0)
    return ((xp.swapaxes(vh, -1, -2).conj() * inverse[..., None, :]) @ xp.swapaxes(u, -1, -2).conj()).astype(
        x.dtype
    )


def _pinv_vjp(F: Any, g: Any, a: Any, p: Any) -> Any:
    m, n = tuple(a.shape)[-2:]
    gh, ph = _H(F, g), _H(F, p)
    if m <= n:
        k = _mm(F, gh, p)
        kp = _mm(F, k, ph)
        return -_H(F, _mm(F, p, k)) + kp - _mm(F, a, p, kp) + _mm(F, ph, p, gh - _mm(F, k, a))
    k = _mm(F, p, gh)
    pk = _mm(F, ph, k)
    return -_H(F, _mm(F, k, p)) + _mm(F, gh - _mm(F, a, k), p, ph) + pk - _mm(F, pk, p, a)


slogdet_of = define(
    "linalg_slogdet_of",
    GENERAL,
    outputs=2,
    grad="LinalgSlogdetBackward0",
    aten="aten::_linalg_slogdet",
    forward=lambda xp, input: _slogdet(xp, _square(input, "linalg.slogdet")),
    vjp=(lambda F, g, input, y0: _slogdet_vjp(F, g, input, y0),),
    formula=r"(g - i \operatorname{Im}(\bar g_s s))\, A^{-*}",
    doc="Sign and logarithm of the absolute value of the determinant.",
)


def _slogdet(xp: Any, x: Any) -> tuple[Any, Any]:
    sign, size = xp.linalg.slogdet(x)
    return xp.asarray(sign, x.dtype), xp.asarray(size, x.real.dtype)


def _slogdet_vjp(F: Any, g: Any, a: Any, sign: Any) -> Any:
    scale = g[1]
    if _is_complex(a):  # a sign turns with the imaginary part of tr(A^-1 dA)
        scale = F.complex(scale, -F.imag(F.conj(g[0]) * sign))
    return F.reshape(scale, (*tuple(sign.shape), 1, 1)) * _H(F, F.inverse(a))


@return_type("linalg_slogdet")
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
    if sign.dtype.is_complex:
        return P.log(sign) + value
    return A.where(A.eq(sign, -1), math.nan, value)  # type: ignore[no-any-return]


def matrix_exp(input: Tensor) -> Tensor:
    """Exponential of a square matrix."""
    return matrix_exp_of(input)


def pinverse(input: Tensor, rcond: float = 1e-15) -> Tensor:
    """The pseudo-inverse, by its old name."""
    return pinv_of(input, rcond, False)


def linalg_pinv(
    A: Any, rcond: Any = None, hermitian: bool = False, *, atol: Any = None, rtol: Any = None
) -> Tensor:
    """The pseudo-inverse; singular values below a tolerance count as zero."""

    def raw(value: Any) -> Any:
        return value._data if isinstance(value, Tensor) else value

    relative = raw(rtol if rtol is not None else rcond)
    limit = (raw(atol), relative) if atol is not None else relative
    return pinv_of(A, limit, hermitian)


lstsq_of = fused(
    "linalg_lstsq_of",
    lambda A, B, driver: _least_squares(A, B, driver),
    inputs=2,
    outputs=2,
    grad="LinalgLstsqBackward0",
    aten="aten::linalg_lstsq",
    formula=r"\text{that of } A^+ B",
    doc="The X with the least |A X - B|, and what is left.",
)


def _least_squares(a: Any, b: Any, driver: str | None) -> tuple[Any, Any]:
    vector = b.ndim == 1 or (a.ndim - 1 == b.ndim and tuple(b.shape) == tuple(a.shape)[:-1])
    right = shape.unsqueeze(b, -1) if vector else b
    x = linalg.matmul(pinv_of(a, None, False), right)
    m, n = tuple(a.shape)[-2:]
    if m > n and driver != "gelsy":
        left = linalg.matmul(a, x) - right
        residuals = R.sum(real(left * conj(left)), -2)
    else:
        residuals = a._beside(np.zeros(0, a._data.real.dtype))
    return (shape.squeeze(x, -1) if vector else x), residuals


@return_type("linalg_lstsq")
class _Lstsq(NamedTuple):
    solution: Tensor
    residuals: Tensor
    rank: Tensor
    singular_values: Tensor


def linalg_lstsq(A: Any, B: Any, rcond: float | None = None, *, driver: str | None = None) -> Any:
    """(solution, residuals, rank, singular_values) of the least-squares problem."""
    x, residuals = lstsq_of(A, B, driver or "gelsy")
    xp = backend.module_of(A._data)
    none = xp.zeros(0, A._data.real.dtype)
    if driver in (None, "gelsy", "gelsd", "gelss"):
        rank = xp.asarray(xp.linalg.matrix_rank(A._data), np.int64)
    else:
        rank = xp.zeros(0, np.int64)
    s = (
        xp.linalg.svd(A._data, compute_uv=False).astype(A._data.real.dtype)
        if driver in ("gelsd", "gelss")
        else none
    )
    return _Lstsq(x, residuals, Tensor._wrap(rank), Tensor._wrap(s))


# --- Low rank --------------------------------------------------------------------------------------------------------


def _basis(a: Any, q: int, niter: int | None) -> Any:
    """Orthonormal columns that `a` nearly maps into. Source: Halko et al., arXiv:0909.4061, algorithm 4.4."""
    drawn = randn(a.shape[-1], q, dtype=a.dtype)
    basis = qr_of(linalg.matmul(a, drawn), "reduced")[0]
    for _ in range(2 if niter is None else niter):
        basis = qr_of(linalg.matmul(_adjoint(a), basis), "reduced")[0]
        basis = qr_of(linalg.matmul(a, basis), "reduced")[0]
    return basis


def svd_lowrank(
    A: Any, q: int | None = 6, niter: int | None = 2, M: Any = None
) -> tuple[Tensor, Tensor, Tensor]:
    """(U, S, V) with ``A`` (less `M`) nearly ``U diag(S) V^H`` of rank `q`, by random projections.

    Source: Halko et al., arXiv:0909.4061, algorithm 5.1.
    """
    x = A if M is None else A - M
    wide = x.shape[-2] < x.shape[-1]
    x = _adjoint(x) if wide else x
    basis = _basis(x, 6 if q is None else q, niter)
    u, s, vh = svd_of(linalg.matmul(_adjoint(basis), x), False)
    u, v = linalg.matmul(basis, u), _adjoint(vh)
    return (v, s, u) if wide else (u, s, v)


def pca_lowrank(
    A: Any, q: int | None = None, center: bool = True, niter: int = 2
) -> tuple[Tensor, Tensor, Tensor]:
    """(U, S, V) of the rows of `A` less their mean: principal directions are the columns of V.

    Raises:
        ValueError: for a rank that is not there, or a negative number of iterations.
    """
    m, n = A.shape[-2:]
    if q is None:
        q = min(6, m, n)
    elif not 0 <= q <= min(m, n):
        raise ValueError(f"q(={q}) must be non-negative integer and not greater than min(m, n)={min(m, n)}")
    if niter < 0:
        raise ValueError(f"niter(={niter}) must be non-negative integer")
    return svd_lowrank(A - R.mean(A, (-2,), True) if center else A, q, niter)


__all__ = ["logdet", "matrix_exp", "pca_lowrank", "pinverse", "slogdet", "svd", "svd_lowrank"]
