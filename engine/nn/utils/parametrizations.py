"""Ready parametrizations: ``torch.nn.utils.parametrizations``."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from engine import backend, dtypes, linalg
from engine.autograd.grad_mode import no_grad
from engine.methods import public_functions
from engine.nn import functional as F
from engine.nn.modules.conv import _ConvTransposeNd
from engine.nn.modules.module import Module
from engine.nn.utils.parametrize import register_parametrization
from engine.tensor import Tensor

__all__ = ["norm_except_dim", "orthogonal", "spectral_norm", "weight_norm"]

_functions: Any = public_functions()


def _qr_reflectors(a: Any) -> tuple[Any, Any]:
    """LAPACK's ``geqrf``: R above the diagonal, the Householder vectors below, and their factors."""
    x = backend.to_host(a._data)
    geqrf = importlib.import_module("scipy.linalg").lapack.get_lapack_funcs(("geqrf",), (x,))[0]
    found = [geqrf(m)[:2] for m in x.reshape(-1, *x.shape[-2:])]
    vectors = np.stack([m for m, _ in found]).reshape(x.shape)
    factors = np.stack([t for _, t in found]).reshape(*x.shape[:-2], -1)
    return Tensor._wrap(backend.beside(a._data, vectors)), Tensor._wrap(backend.beside(a._data, factors))


def _make_orthogonal(a: Any) -> Any:
    vectors, factors = _qr_reflectors(a)
    q: Any = linalg.householder_product(vectors, factors)
    return q * vectors.diagonal(dim1=-2, dim2=-1).sgn().unsqueeze(-2)


def _is_orthogonal(q: Any) -> bool:
    identity = _functions["eye"](q.size(-1), dtype=q.dtype)
    limit = 10.0 * q.size(-2) * dtypes.finfo(q.dtype).eps
    return bool(_functions["allclose"](q.mH @ q, identity, atol=limit))


class _Orthogonal(Module):
    def __init__(self, weight: Any, orthogonal_map: str, *, use_trivialization: bool = True) -> None:
        super().__init__()
        self.shape = weight.shape
        self.orthogonal_map = orthogonal_map
        if use_trivialization:
            self.register_buffer("base", None)

    def forward(self, x: Any) -> Any:
        n, k = x.size(-2), x.size(-1)
        transposed = n < k
        if transposed:
            x, n, k = x.mT, k, n
        if self.orthogonal_map != "householder":
            x = x.tril()
            if n != k:
                x = _functions["cat"]([x, x.new_zeros(n, n - k).expand(*x.shape[:-2], -1, -1)], dim=-1)
            a = x - x.mH
            if self.orthogonal_map == "matrix_exp":
                q: Any = linalg.matrix_exp(a)
            else:
                identity = _functions["eye"](n, dtype=a.dtype)
                q = linalg.solve(identity - 0.5 * a, identity + 0.5 * a)
            if n != k:
                q = q[..., :k]
        else:
            a = x.tril(diagonal=-1)
            factors = 2.0 / (1.0 + (a * a).sum(dim=-2))
            q = linalg.householder_product(a, factors)
            q = q * x.diagonal(dim1=-2, dim2=-1).int().unsqueeze(-2)
        if hasattr(self, "base"):
            q = self.base @ q
        return q.mT if transposed else q

    def right_inverse(self, q: Any) -> Any:
        """What gives the orthogonal matrix nearest to `q`."""
        with no_grad():
            if q.shape != self.shape:
                raise ValueError(
                    f"Expected a matrix or batch of matrices of shape {self.shape}. Got a tensor of shape {q.shape}."
                )
            start = q
            n, k = q.size(-2), q.size(-1)
            transposed = n < k
            if transposed:
                q, n, k = q.mT, k, n
            if not hasattr(self, "base"):
                if self.orthogonal_map != "householder":
                    raise NotImplementedError(
                        "It is not possible to assign to the matrix exponential or the Cayley parametrizations when "
                        "use_trivialization=False."
                    )
                a, factors = _qr_reflectors(q)
                signs = a.diagonal(dim1=-2, dim2=-1).sign()
                signs = _functions["where"](factors == 0.0, -signs, signs)
                a.diagonal(dim1=-2, dim2=-1).copy_(signs)
                return a.mT if transposed else a
            if n == k:
                q = q.clone() if _is_orthogonal(q) else _make_orthogonal(q)
            else:
                more = _functions["randn"](*(*q.size()[:-2], n, n - k), dtype=q.dtype)
                q = _make_orthogonal(_functions["cat"]([q, more], dim=-1))
            self.base = q
            negative = _functions["zeros_like"](start)
            negative.diagonal(dim1=-2, dim2=-1).fill_(-1.0)
            return negative


def orthogonal(
    module: Module,
    name: str = "weight",
    orthogonal_map: str | None = None,
    *,
    use_trivialization: bool = True,
) -> Module:
    """Keep a matrix orthogonal, by the matrix exponential, Cayley's transform or Householder reflections."""
    weight = getattr(module, name, None)
    if not isinstance(weight, Tensor):
        raise ValueError(f"Module '{module}' has no parameter or buffer with name '{name}'")
    if weight.ndim < 2:
        raise ValueError(f"Expected a matrix or batch of matrices. Got a tensor of {weight.ndim} dimensions.")
    if orthogonal_map is None:
        orthogonal_map = "matrix_exp" if weight.shape[-2] == weight.shape[-1] else "householder"
    if orthogonal_map not in ("matrix_exp", "cayley", "householder"):
        raise ValueError(
            f'orthogonal_map has to be one of "matrix_exp", "cayley", "householder". Got: {orthogonal_map}'
        )
    found = _Orthogonal(weight, orthogonal_map, use_trivialization=use_trivialization)
    return register_parametrization(module, name, found, unsafe=True)


def norm_except_dim(v: Any, pow: float = 2, dim: int = 0) -> Any:
    """The norms over all dimensions but one, which all stay as dimensions of size 1."""
    if dim == -1:
        return v.norm(pow)
    rest = tuple(d for d in range(v.dim()) if d != dim % v.dim())
    return _functions["norm"](v, pow, rest, True)


def normed(v: Any, g: Any, dim: int) -> Any:
    """The direction of `v` with the length `g`."""
    return v * (g / norm_except_dim(v, 2, dim))


class _WeightNorm(Module):
    def __init__(self, dim: int | None = 0) -> None:
        super().__init__()
        self.dim = -1 if dim is None else dim

    def forward(self, weight_g: Any, weight_v: Any) -> Any:
        return normed(weight_v, weight_g, self.dim)

    def right_inverse(self, weight: Any) -> tuple[Any, Any]:
        """The length and the direction of a weight."""
        return norm_except_dim(weight, 2, self.dim), weight


def weight_norm(module: Module, name: str = "weight", dim: int | None = 0) -> Module:
    """Train the length and the direction of a weight apart (Salimans and Kingma, 2016)."""
    return register_parametrization(module, name, _WeightNorm(dim), unsafe=True)


class _SpectralNorm(Module):
    def __init__(self, weight: Any, n_power_iterations: int = 1, dim: int = 0, eps: float = 1e-12) -> None:
        super().__init__()
        ndim = weight.ndim
        if not -ndim <= dim < ndim:
            raise IndexError(
                f"Dimension out of range (expected to be in range of [-{ndim}, {ndim - 1}] but got {dim})"
            )
        if n_power_iterations <= 0:
            raise ValueError(
                f"Expected n_power_iterations to be positive, but got n_power_iterations={n_power_iterations}"
            )
        self.dim = dim % ndim
        self.eps = eps
        if ndim > 1:
            self.n_power_iterations = n_power_iterations
            matrix = self._matrix(weight)
            rows, columns = matrix.size()
            u = matrix.new_empty(rows).normal_(0, 1)
            v = matrix.new_empty(columns).normal_(0, 1)
            self.register_buffer("_u", F.normalize(u, dim=0, eps=eps))
            self.register_buffer("_v", F.normalize(v, dim=0, eps=eps))
            self._power_method(matrix, 15)

    def _matrix(self, weight: Any) -> Any:
        if self.dim:
            weight = weight.permute(self.dim, *(d for d in range(weight.dim()) if d != self.dim))
        return weight.flatten(1)

    def _power_method(self, matrix: Any, steps: int) -> None:
        with no_grad():
            for _ in range(steps):
                self._u.copy_(F.normalize(matrix.mv(self._v), dim=0, eps=self.eps))
                self._v.copy_(F.normalize(matrix.t().mv(self._u), dim=0, eps=self.eps))

    def forward(self, weight: Any) -> Any:
        if weight.ndim == 1:
            return F.normalize(weight, dim=0, eps=self.eps)
        matrix = self._matrix(weight)
        if self.training:
            self._power_method(matrix, self.n_power_iterations)
        u, v = self._u.clone(), self._v.clone()
        return weight / u.vdot(matrix.mv(v))

    def right_inverse(self, value: Any) -> Any:
        """The weight itself."""
        return value


def spectral_norm(
    module: Module,
    name: str = "weight",
    n_power_iterations: int = 1,
    eps: float = 1e-12,
    dim: int | None = None,
) -> Module:
    """Divide a weight by its largest singular value, found by power iteration (Miyato and others, 2018)."""
    weight = getattr(module, name, None)
    if not isinstance(weight, Tensor):
        raise ValueError(f"Module '{module}' has no parameter or buffer with name '{name}'")
    if dim is None:
        dim = 1 if isinstance(module, _ConvTransposeNd) else 0
    found = _SpectralNorm(weight, n_power_iterations, dim, eps)
    return register_parametrization(module, name, found)
