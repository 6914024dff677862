"""``torch.linalg``: products, norms, solvers and decompositions of matrices."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from engine.fused import fused
from engine.ops import arrange, reduce, shape
from engine.ops import linalg as _products
from engine.ops.complex import conj
from engine.ops.decompose import _no_errors
from engine.ops.decompose import householder_of as householder_product
from engine.ops.decompose import linalg_cholesky as cholesky
from engine.ops.decompose import linalg_cholesky_ex as cholesky_ex
from engine.ops.decompose import linalg_lu as lu
from engine.ops.decompose import linalg_lu_factor as lu_factor
from engine.ops.decompose import linalg_lu_factor_ex as lu_factor_ex
from engine.ops.decompose import linalg_lu_solve as lu_solve
from engine.ops.decompose import linalg_qr as qr
from engine.ops.decompose import linalg_solve_triangular as solve_triangular
from engine.ops.derived import linalg_cross
from engine.ops.linalg import det, inverse, matmul
from engine.ops.linalg import solve as _solve
from engine.ops.reduce import _norm, one_dim
from engine.ops.singular import _LinAlgError as LinAlgError
from engine.ops.spectral import linalg_eig as eig
from engine.ops.spectral import linalg_eigh as eigh
from engine.ops.spectral import linalg_eigvals as eigvals
from engine.ops.spectral import linalg_eigvalsh as eigvalsh
from engine.ops.spectral import linalg_lstsq as lstsq
from engine.ops.spectral import linalg_pinv as pinv
from engine.ops.spectral import linalg_slogdet as slogdet
from engine.ops.spectral import linalg_svd as svd
from engine.ops.spectral import linalg_svdvals as svdvals
from engine.ops.spectral import matrix_exp, svdvals_of
from engine.printing import return_type
from engine.tensor import Tensor

__all__ = [
    "LinAlgError",
    "cholesky",
    "cholesky_ex",
    "cond",
    "cross",
    "det",
    "diagonal",
    "eig",
    "eigh",
    "eigvals",
    "eigvalsh",
    "householder_product",
    "inv",
    "inv_ex",
    "lstsq",
    "lu",
    "lu_factor",
    "lu_factor_ex",
    "lu_solve",
    "matmul",
    "matrix_exp",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "multi_dot",
    "norm",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "solve_ex",
    "solve_triangular",
    "svd",
    "svdvals",
    "tensorinv",
    "tensorsolve",
    "vander",
    "vecdot",
    "vector_norm",
]

inv = inverse


@return_type("linalg_inv_ex")
class _InvEx(NamedTuple):
    inverse: Tensor
    info: Tensor


@return_type("linalg_solve_ex")
class _SolveEx(NamedTuple):
    result: Tensor
    info: Tensor


def inv_ex(A: Tensor, *, check_errors: bool = False) -> Any:
    """(inverse, info)."""
    return _InvEx(inverse(A), _no_errors(A))


def _as_columns(A: Any, B: Any) -> bool:
    """Whether `B` is a batch of vectors rather than of matrices."""
    return B.ndim == 1 or (A.ndim - 1 == B.ndim and tuple(B.shape) == tuple(A.shape)[:-1])


def _solved(A: Any, B: Any, left: bool) -> Any:
    vector = _as_columns(A, B)
    b = shape.unsqueeze(B, -1) if vector else B
    if left:
        x = _solve(A, b)
    else:
        x = shape.transpose(_solve(shape.transpose(A, -2, -1), shape.transpose(b, -2, -1)), -2, -1)
    return shape.squeeze(x, -1) if vector else x


_solve_of = fused(
    "linalg_solve_ex_of",
    _solved,
    inputs=2,
    grad="LinalgSolveExBackward0",
    aten="aten::_linalg_solve_ex",
    formula=r"-A^{-\top} g\, y^\top,\ A^{-\top} g",
    doc="The X with A X = B or X A = B, in batches.",
)


def solve(A: Tensor, B: Tensor, *, left: bool = True) -> Tensor:
    """The X with ``A X = B`` (or ``X A = B``)."""
    return _solve(A, B) if left and A.ndim == 2 else _solve_of(A, B, left)


def solve_ex(A: Tensor, B: Tensor, *, left: bool = True, check_errors: bool = False) -> Any:
    """(result, info)."""
    return _SolveEx(solve(A, B, left=left), _no_errors(A))


def cross(input: Tensor, other: Tensor, *, dim: int = -1) -> Tensor:
    """The vector product along a dimension of length 3."""
    return linalg_cross(input, other, dim)  # type: ignore[no-any-return]


def diagonal(A: Tensor, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """The diagonals of matrices."""
    return shape.diagonal(A, offset, dim1, dim2)


def vecdot(x: Tensor, y: Tensor, *, dim: int = -1) -> Tensor:
    """Inner products along a dimension."""
    if x.ndim == 1 and y.ndim == 1:
        return _products.vdot(x, y)
    return reduce.sum(conj(x) * y, dim)


def vector_norm(
    x: Any, ord: float = 2, dim: Any = None, keepdim: bool = False, *, dtype: Any = None
) -> Tensor:
    """The p-norm of all elements, or over `dim`."""
    return _norm(x if dtype is None else x.to(dtype), ord, dim, keepdim)


def _moved_last(A: Tensor, dim: Sequence[int]) -> Tensor:
    d0, d1 = (one_dim(d, A.ndim) for d in dim)
    if d0 == d1:
        raise RuntimeError(f"linalg.matrix_norm: dims must be different. Got ({dim[0]}, {dim[1]})")
    return shape.permute(A, (*[k for k in range(A.ndim) if k not in (d0, d1)], d0, d1))


def matrix_norm(
    A: Any, ord: Any = "fro", dim: Sequence[int] = (-2, -1), keepdim: bool = False, *, dtype: Any = None
) -> Tensor:
    """A norm of matrices: ``fro``, ``nuc``, 1, 2, inf or their negatives (the least instead of the largest)."""
    x = A if dtype is None else A.to(dtype)
    if ord == "fro":
        return _norm(x, 2, tuple(dim), keepdim)
    if ord in ("nuc", 2, -2):
        s = svdvals_of(_moved_last(x, dim))
        y: Any
        if ord == "nuc":
            y = reduce.sum(s, -1, keepdim)
        else:
            y = reduce.amax(s, -1, keepdim) if ord > 0 else reduce.amin(s, -1, keepdim)
        if keepdim:
            d0, d1 = (one_dim(d, x.ndim) for d in dim)
            y = shape.unsqueeze(y, -1)
            rest = [k for k in range(x.ndim) if k not in (d0, d1)]
            order = [0] * x.ndim
            for place, k in enumerate([*rest, d0, d1]):
                order[k] = place
            y = shape.permute(y, tuple(order))
        return y  # type: ignore[no-any-return]
    if not isinstance(ord, (int, float)) or abs(ord) not in (1, math.inf):
        raise RuntimeError(f"linalg.matrix_norm: Order {ord} not supported.")
    d0, d1 = (one_dim(d, x.ndim) for d in dim)
    along, over = (d0, d1) if abs(ord) == 1 else (d1, d0)
    sums = _norm(x, 1, along, keepdim)
    if not keepdim and over > along:
        over -= 1
    return (reduce.amax if ord > 0 else reduce.amin)(sums, over, keepdim)


def norm(A: Any, ord: Any = None, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """The 2-norm of all elements by default; a vector norm over one dimension, a matrix norm over two."""
    x = A if dtype is None else A.to(dtype)
    if ord is None:
        return _norm(x, 2, dim, keepdim)
    dims = (dim,) if isinstance(dim, int) else tuple(dim) if dim is not None else None
    if isinstance(ord, str) or (dims is not None and len(dims) == 2) or (dims is None and x.ndim == 2):
        return matrix_norm(x, ord, (-2, -1) if dims is None else dims, keepdim)
    return _norm(x, ord, dim, keepdim)


def cond(A: Any, p: Any = None) -> Tensor:
    """The condition number of matrices: the norm of each times that of its inverse."""
    if p is None or p in (2, -2):
        s = svdvals_of(A)
        first, last = shape.narrow(s, -1, 0, 1), shape.narrow(s, -1, s.shape[-1] - 1, 1)
        return shape.squeeze(first / last if p != -2 else last / first, -1)
    return matrix_norm(A, p) * matrix_norm(inverse(A), p)


def matrix_power(A: Any, n: int) -> Tensor:
    """A square matrix multiplied by itself; by its inverse for a negative `n`."""
    _products._square(A, "linalg.matrix_power")
    if n == 0:
        eye = np.broadcast_to(np.eye(A.shape[-1], dtype=A._data.dtype), A._data.shape)
        from engine.registry import OPS

        return OPS["copy"].call(  # type: ignore[no-any-return]
            Tensor._wrap(np.empty_like(A._data)) if not A.requires_grad else A, A._beside(eye.copy())
        )
    if n < 0:
        return inverse(A) if n == -1 else matrix_power(inverse(A), -n)
    if n == 1:
        return A.clone()  # type: ignore[no-any-return]
    if n == 2:
        return matmul(A, A)
    if n == 3:
        return matmul(matmul(A, A), A)
    result, square = None, None
    while n:
        square = A if square is None else matmul(square, square)
        if n & 1:
            result = square if result is None else matmul(result, square)
        n >>= 1
    assert result is not None
    return result  # type: ignore[no-any-return]


def matrix_rank(
    A: Any, tol: Any = None, hermitian: bool = False, *, atol: Any = None, rtol: Any = None
) -> Tensor:
    """How many singular values are not zero, to a tolerance."""
    s = np.linalg.svd(A._data, compute_uv=False)
    relative = max(A.shape[-2:]) * np.finfo(A._data.dtype).eps if rtol is None else rtol
    limit = s.max(-1, keepdims=True) * relative if tol is None and atol is None else (tol or atol)
    return A._beside((s > limit).sum(-1).astype(np.int64))  # type: ignore[no-any-return]


def multi_dot(tensors: Sequence[Any]) -> Tensor:
    """The product of several matrices, in the cheapest order; the first and last may be vectors."""
    if len(tensors) < 2:
        raise RuntimeError("multi_dot(): expected at least 2 tensors but got " + str(len(tensors)))
    chain: list[Any] = list(tensors)
    row, column = chain[0].ndim == 1, chain[-1].ndim == 1
    if row:
        chain[0] = shape.unsqueeze(chain[0], 0)
    if column:
        chain[-1] = shape.unsqueeze(chain[-1], -1)
    sizes = [chain[0].shape[0], *(t.shape[1] for t in chain)]
    best: dict[tuple[int, int], tuple[int, int]] = {(k, k): (0, k) for k in range(len(chain))}
    for width in range(1, len(chain)):
        for i in range(len(chain) - width):
            j = i + width
            best[i, j] = min(
                (best[i, k][0] + best[k + 1, j][0] + sizes[i] * sizes[k + 1] * sizes[j + 1], k)
                for k in range(i, j)
            )

    def product(i: int, j: int) -> Any:
        if i == j:
            return chain[i]
        k = best[i, j][1]
        return _products.mm(product(i, k), product(k + 1, j))

    y = product(0, len(chain) - 1)
    wanted = tuple(n for n, drop in zip(y.shape, (row, column), strict=True) if not drop)
    return shape.view(y, wanted)


def vander(x: Any, N: int | None = None) -> Tensor:
    """Powers 0 to N - 1 of each element, along a new last dimension."""
    n = (x.shape[-1] if x.ndim else 1) if N is None else N
    if n < 1:
        raise RuntimeError("N must be greater than 1.")
    x = shape.unsqueeze(x, 0) if not x.ndim else x
    ones = x._beside(np.ones((*x._data.shape, 1), x._data.dtype))
    powers = reduce.cumprod(shape.expand(shape.unsqueeze(x, -1), (*x._data.shape, n - 1)), -1)
    return arrange.cat([ones, powers], -1)


def tensorinv(A: Any, ind: int = 2) -> Tensor:
    """The inverse of the map whose input has the dimensions of `A` after the first `ind`."""
    if ind <= 0:
        raise RuntimeError("Expected a strictly positive integer for 'ind'")
    sizes = tuple(A.shape)
    rows = math.prod(sizes[:ind])
    flat = inverse(shape.reshape(A, (rows, -1)))
    return shape.reshape_alias(flat, (*sizes[ind:], *sizes[:ind]))


def tensorsolve(A: Any, B: Any, dims: Any = None) -> Tensor:
    """The X whose product with `A`, summed over all dimensions of X, is `B`."""
    if dims is not None:
        moved = [one_dim(d, A.ndim) for d in dims]
        A = shape.permute(A, (*[k for k in range(A.ndim) if k not in moved], *moved))
    rest = tuple(A.shape)[B.ndim :]
    flat = _solve(shape.reshape(A, (B.numel(), -1)), shape.reshape(B, (-1,)))
    return shape.reshape(flat, rest)
