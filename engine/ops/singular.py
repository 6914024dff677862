"""What to say of a matrix that cannot be inverted, solved with or factored: PyTorch's errors, with the place named."""

from __future__ import annotations

from typing import Any

import numpy as np


class _LinAlgError(RuntimeError):
    """``torch.linalg.LinAlgError``."""

    __module__ = "torch._C"


def not_invertible(x: Any, name: str) -> _LinAlgError:
    """The error for the first singular matrix of a batch: which diagonal element of its LU decomposition is zero."""
    batch, order = _first(x, _zero_pivot)
    return _LinAlgError(
        f"{name}: {batch}The diagonal element {order} is zero, the inversion could not be completed because the input "
        "matrix is singular."
    )


def not_positive(x: Any, name: str) -> _LinAlgError:
    """The error for the first matrix of a batch without a Cholesky decomposition: which leading minor is at fault."""
    batch, order = _first(x, _bad_minor)
    return _LinAlgError(
        f"{name}: {batch}The factorization could not be completed because the input is not positive-definite (the "
        f"leading minor of order {order} is not positive-definite)."
    )


def not_solvable(x: Any) -> _LinAlgError:
    """The error of ``torch.linalg.solve``."""
    batch, _ = _first(x, _zero_pivot)
    return _LinAlgError(f"torch.linalg.solve: {batch}The solver failed because the input matrix is singular.")


def _first(x: Any, order_of: Any) -> tuple[str, int]:
    matrices = np.asarray(x).reshape(-1, *x.shape[-2:])
    for k, matrix in enumerate(matrices):
        order = order_of(matrix)
        if order:
            return f"(Batch element {k}): " if x.ndim > 2 else "", order
    return "", matrices.shape[-1]


def _zero_pivot(matrix: Any) -> int:
    """The 1-based place of the first zero on the diagonal of U, by elimination with partial pivoting; 0 for none."""
    a = matrix.copy()
    for k in range(len(a)):
        pivot = k + int(np.abs(a[k:, k]).argmax())
        if a[pivot, k] == 0:
            return k + 1
        a[[k, pivot]] = a[[pivot, k]]
        a[k + 1 :, k:] -= np.outer(a[k + 1 :, k] / a[k, k], a[k, k:])
    return 0


def _bad_minor(matrix: Any) -> int:
    for k in range(1, len(matrix) + 1):
        try:
            np.linalg.cholesky(matrix[:k, :k])
        except np.linalg.LinAlgError:
            return k
    return 0
