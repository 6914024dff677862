"""Checking gradients against finite differences, as ``torch.autograd.gradcheck``."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from engine import backend, dtypes
from engine.autograd.grad_mode import enable_grad, no_grad
from engine.backward import grad
from engine.ops.complex import imag, real
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


def _float64(array: Any) -> np.ndarray[Any, Any]:
    """A flat copy in double precision, in the host's memory."""
    array = backend.to_host(array)
    return array.astype(np.complex128 if array.dtype.kind == "c" else np.float64).ravel()  # type: ignore[no-any-return]


def numerical_jacobians(
    func: Callable[..., Any], inputs: Sequence[Any], wanted: Sequence[Tensor], eps: float
) -> list[list[np.ndarray[Any, Any]]]:
    """``[output][input]``: matrices of shape (input.numel(), output.numel()), by central differences.

    For a complex input an entry is the derivative of a real output to the real part plus i times that to the imaginary
    part (the conjugate Wirtinger derivative, twice). A complex output counts as two: its parts.
    """
    with no_grad():
        count = len(_parts(func, inputs))
        result: list[list[np.ndarray[Any, Any]]] = [[] for _ in range(count)]
        for x in wanted:
            flat = x._data.reshape(-1)
            if not np.shares_memory(flat, x._data):
                raise ValueError("gradcheck expects all tensor inputs to be contiguous, one is not")
            columns: list[list[np.ndarray[Any, Any]]] = [[] for _ in range(count)]
            for k in range(flat.size):
                old = flat[k].copy()
                rows = [np.zeros(0)] * count
                for direction in (1, 1j) if x.dtype.is_complex else (1,):
                    flat[k] = old + eps * direction
                    above = [_float64(o._data) for o in _parts(func, inputs)]
                    flat[k] = old - eps * direction
                    below = [_float64(o._data) for o in _parts(func, inputs)]
                    steps = [(a - b) / (2 * eps) for a, b in zip(above, below, strict=True)]
                    rows = steps if direction == 1 else [r + 1j * s for r, s in zip(rows, steps, strict=True)]
                flat[k] = old
                for c, row in zip(columns, rows, strict=True):
                    c.append(row)
            for r, c in zip(result, columns, strict=True):
                r.append(np.array(c).reshape(flat.size, -1))
    return result


def _parts(func: Callable[..., Any], inputs: Sequence[Any]) -> tuple[Tensor, ...]:
    """The outputs, the real and the imaginary part in the place of a complex one."""
    found: list[Tensor] = []
    for y in _outputs(func, inputs):
        found += [real(y), imag(y)] if y.dtype.is_complex else [y]
    return tuple(found)


def analytical_jacobian(output: Tensor, wanted: Sequence[Tensor]) -> list[np.ndarray[Any, Any]]:
    """Per input a matrix of shape (input.numel(), output.numel()), one backward pass per element of `output`."""
    result = [
        np.zeros((x.numel(), output.numel()), np.complex128 if x.dtype.is_complex else np.float64)
        for x in wanted
    ]
    if output.requires_grad:
        for k in range(output.numel()):
            seed = np.zeros(output._data.shape, output._data.dtype)
            seed.reshape(-1)[k] = 1
            found = grad(output, wanted, output._beside(seed), retain_graph=True, allow_unused=True)
            for matrix, g in zip(result, found, strict=True):
                if g is not None:
                    matrix[:, k] = backend.to_host(g._data).ravel()
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
        if isinstance(t, Tensor) and t.requires_grad and t.dtype not in (dtypes.float64, dtypes.complex128):
            warnings.warn(
                f"Input #{k} requires gradient and is not a double precision floating point or complex. This check "
                "will "
                "likely fail if all the inputs are not of double precision floating point or complex. ",
                stacklevel=2,
            )
    try:
        with enable_grad():
            kinds = [
                (k, part)
                for k, y in enumerate(_outputs(func, given))
                for part in (("real", "imaginary") if y.dtype.is_complex else ("",))
            ]
            outputs = _parts(func, given)
        numerical = numerical_jacobians(func, given, wanted, eps)
        # In PyTorch's order: the imaginary parts first.
        checks = sorted(zip(kinds, outputs, numerical, strict=True), key=lambda c: c[0][1] != "imaginary")
        for (i, part), out, matrices in checks:
            for j, (a, n) in enumerate(zip(analytical_jacobian(out, wanted), matrices, strict=True)):
                if not np.allclose(a, n, rtol=rtol, atol=atol, equal_nan=True):
                    considered = (
                        f"While considering the {part} part of complex outputs only, " if part else ""
                    )
                    raise GradcheckError(
                        f"{considered}Jacobian mismatch for output {i} with respect to input {j},\n"
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
            o._beside(sampling.normal(o._data.shape, o._data.dtype)).requires_grad_() for o in outputs
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
