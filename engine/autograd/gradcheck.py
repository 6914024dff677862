"""Checking gradients against finite differences, as ``torch.autograd.gradcheck``."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from engine import dtypes
from engine.autograd.grad_mode import enable_grad, no_grad
from engine.backward import grad
from engine.tensor import Tensor


class GradcheckError(RuntimeError):
    """A gradient differs from its finite-difference estimate."""


def _tensors(values: Any) -> tuple[Tensor, ...]:
    items = values if isinstance(values, (tuple, list)) else (values,)
    return tuple(v for v in items if isinstance(v, Tensor))


def _differentiable(values: Any) -> tuple[Tensor, ...]:
    return tuple(t for t in _tensors(values) if t.requires_grad)


def _outputs(func: Callable[..., Any], inputs: Sequence[Any]) -> tuple[Tensor, ...]:
    return tuple(t for t in _tensors(func(*inputs)) if t.dtype.differentiable)


def numerical_jacobians(
    func: Callable[..., Any], inputs: Sequence[Any], wanted: Sequence[Tensor], eps: float
) -> list[list[np.ndarray[Any, Any]]]:
    """``[output][input]``: matrices of shape (input.numel(), output.numel()), by central differences."""
    with no_grad():
        count = len(_outputs(func, inputs))
        result: list[list[np.ndarray[Any, Any]]] = [[] for _ in range(count)]
        for x in wanted:
            flat = x._data.reshape(-1)
            if not np.shares_memory(flat, x._data):
                raise ValueError("gradcheck expects all tensor inputs to be contiguous, one is not")
            columns: list[list[np.ndarray[Any, Any]]] = [[] for _ in range(count)]
            for k in range(flat.size):
                old = flat[k].copy()
                flat[k] = old + eps
                above = [o._data.astype(np.float64).ravel().copy() for o in _outputs(func, inputs)]
                flat[k] = old - eps
                below = [o._data.astype(np.float64).ravel().copy() for o in _outputs(func, inputs)]
                flat[k] = old
                for c, a, b in zip(columns, above, below, strict=True):
                    c.append((a - b) / (2 * eps))
            for r, c in zip(result, columns, strict=True):
                r.append(np.array(c).reshape(flat.size, -1))
    return result


def analytical_jacobian(output: Tensor, wanted: Sequence[Tensor]) -> list[np.ndarray[Any, Any]]:
    """Per input a matrix of shape (input.numel(), output.numel()), one backward pass per element of `output`."""
    result = [np.zeros((x.numel(), output.numel())) for x in wanted]
    if output.requires_grad:
        for k in range(output.numel()):
            seed = np.zeros(output._data.shape, output._data.dtype)
            seed.reshape(-1)[k] = 1
            found = grad(output, wanted, Tensor._wrap(seed), retain_graph=True, allow_unused=True)
            for matrix, g in zip(result, found, strict=True):
                if g is not None:
                    matrix[:, k] = g._data.ravel()
    return result


def _text(matrix: np.ndarray[Any, Any], like: Tensor) -> str:
    return repr(Tensor._wrap(matrix.astype(like.dtype.numpy)))


def gradcheck(
    func: Callable[..., Any],
    inputs: Any,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_forward_ad: bool = False,
    check_backward_ad: bool = True,
    fast_mode: bool = False,
    masked: bool | None = None,
) -> bool:
    """Compare the gradients of `func` with central differences of step `eps`.

    Args:
        inputs: those that require grad are checked; float64 is needed for the default tolerances.

    Returns:
        True if every entry agrees to ``atol + rtol * |numerical|``.

    Raises:
        GradcheckError: where one does not, unless `raise_exception` is False; ValueError: if no input requires grad.
    """
    given = tuple(inputs) if isinstance(inputs, (tuple, list)) else (inputs,)
    wanted = _differentiable(given)
    if not wanted:
        raise ValueError(
            "gradcheck expects at least one input tensor to require gradient, but none of them have requires_grad=True."
        )
    for k, t in enumerate(given):
        if isinstance(t, Tensor) and t.requires_grad and t.dtype is not dtypes.float64:
            warnings.warn(
                f"Input #{k} requires gradient and is not a double precision floating point or complex. This check "
                "will "
                "likely fail if all the inputs are not of double precision floating point or complex. ",
                stacklevel=2,
            )
    try:
        with enable_grad():
            outputs = _outputs(func, given)
        numerical = numerical_jacobians(func, given, wanted, eps)
        for i, out in enumerate(outputs):
            for j, (a, n) in enumerate(zip(analytical_jacobian(out, wanted), numerical[i], strict=True)):
                if not np.allclose(a, n, rtol=rtol, atol=atol, equal_nan=True):
                    raise GradcheckError(
                        f"Jacobian mismatch for output {i} with respect to input {j},\n"
                        f"numerical:{_text(n, wanted[j])}\nanalytical:{_text(a, wanted[j])}\n"
                    )
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def gradgradcheck(
    func: Callable[..., Any],
    inputs: Any,
    grad_outputs: Any = None,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    gen_non_contig_grad_outputs: bool = False,
    raise_exception: bool = True,
    **options: Any,
) -> bool:
    """`gradcheck` of the gradients of `func`: its second derivatives."""
    from engine import sampling

    given = tuple(inputs) if isinstance(inputs, (tuple, list)) else (inputs,)
    with enable_grad():
        outputs = _outputs(func, given)
    if grad_outputs is None:
        cotangents = tuple(
            Tensor._wrap(sampling.normal(o._data.shape, o._data.dtype)).requires_grad_() for o in outputs
        )
    else:
        cotangents = tuple(g.detach().requires_grad_() for g in _tensors(grad_outputs))
    count = len(given)

    def first(*both: Any) -> Any:
        xs, gs = both[:count], both[count:]
        wanted = _differentiable(xs)
        with enable_grad():
            found = grad(_outputs(func, xs), wanted, gs, create_graph=True, allow_unused=True)
        return tuple(g for g in found if g is not None)

    return gradcheck(
        first,
        (*given, *cotangents),
        eps=eps,
        atol=atol,
        rtol=rtol,
        raise_exception=raise_exception,
        **options,
    )
