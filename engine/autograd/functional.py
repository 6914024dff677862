"""Jacobians, Hessians and their products with vectors, as ``torch.autograd.functional``.

`jvp` and the second-order products use the double-backward trick, as PyTorch does: the vector-Jacobian product is
linear in its vector, so differentiating it with respect to that vector gives the Jacobian-vector product.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from engine.autograd.forward import alias
from engine.autograd.grad_mode import enable_grad
from engine.backward import grad as autograd_grad
from engine.ops.arrange import stack
from engine.state import S
from engine.tensor import Tensor

Tensors = tuple[Tensor, ...]


def _as_tuple(values: Any, argument: str, function: str) -> tuple[bool, Tensors]:
    """Whether a tuple was given, and the tensors as a tuple.

    Raises:
        TypeError: for anything but tensors, in PyTorch's words.
    """
    given = values
    is_tuple = isinstance(values, tuple)
    if not is_tuple:
        values = (values,)
    for k, v in enumerate(values):
        if not isinstance(v, Tensor):
            if is_tuple:
                raise TypeError(
                    f"The {argument} given to {function} must be either a Tensor or a tuple of Tensors but the "
                    "value at "
                    f"index {k} has type {type(v)}."
                )
            raise TypeError(
                f"The {argument} given to {function} must be either a Tensor or a tuple of Tensors but the given "
                f"{argument} has type {type(given)}."
            )
    return is_tuple, values


def _prepare(inputs: Tensors, create_graph: bool, need_graph: bool = True) -> Tensors:
    """Inputs that require grad: the user's own places in their graph if `create_graph`, else fresh leaves."""
    return tuple(
        t.view_as(t)
        if create_graph and t.requires_grad
        # In forward mode a tangent must come along.
        else (alias(t) if S.layers else t.detach()).requires_grad_(need_graph)
        for t in inputs
    )


def _unpack(values: Any, is_tuple: bool) -> Any:
    return values if is_tuple else values[0]


def _finish(values: Any, create_graph: bool) -> Any:
    if isinstance(values, tuple):
        return tuple(_finish(v, create_graph) for v in values)
    return values if create_graph else values.detach()


def _zeros(t: Tensor) -> Tensor:
    return Tensor._wrap(np.zeros_like(t._data))


def _check_requires_grad(values: Tensors, kind: str, strict: bool) -> None:
    if not strict:
        return
    for k, t in enumerate(values):
        if t is None:
            if kind == "outputs":
                raise RuntimeError(f"Output {k} of the user-provided function is independent of the inputs.")
        elif not t.requires_grad:
            texts = {
                "outputs": f"Output {k} of the user-provided function does not require gradients. The outputs must be "
                "computed in a differentiable manner from the input when running in strict mode.",
                "hessian": f"The hessian of the user-provided function with respect to input {k} is independent of the "
                "input. This is not allowed in strict mode. You should ensure that your function is thrice "
                "differentiable and that the hessian depends on the inputs.",
                "jacobian": "While computing the hessian, found that the jacobian of the user-provided function "
                f"with respect to input {k} is independent of the "
                "input. This is not allowed in strict mode. You should ensure that your function is twice "
                "differentiable and that the jacobian depends on the inputs (this would be violated by a linear "
                "function for example).",
                "grad_inputs": f"The gradient with respect to input {k} is independent of the inputs of the "
                "user-provided function. This is not allowed in strict mode.",
            }
            raise RuntimeError(texts[kind])


def _check_v(v: Tensors, other: Tensors, is_other_tuple: bool) -> None:
    if len(other) != len(v):
        if is_other_tuple:
            raise RuntimeError(f"v is a tuple of invalid length: should be {len(other)} but got {len(v)}.")
        raise RuntimeError("The given v should contain a single Tensor.")
    for k, (a, b) in enumerate(zip(v, other, strict=True)):
        if a._data.shape != b._data.shape:
            prefix = f"Entry {k} in " if is_other_tuple else ""
            raise RuntimeError(f"{prefix}v has invalid size: should be {b.size()!r} but got {a.size()!r}.")


def _call(func: Callable[..., Any], inputs: Tensors, function: str) -> tuple[bool, Tensors]:
    return _as_tuple(func(*inputs), "outputs of the user-provided function", function)


def _grad(
    outputs: Sequence[Tensor | None],
    inputs: Tensors,
    grad_outputs: Sequence[Tensor | None] | None = None,
    create_graph: bool = False,
) -> tuple[Tensor | None, ...]:
    """`autograd.grad` that passes over outputs that are None or without a graph; None for unused inputs."""
    given = [None] * len(outputs) if grad_outputs is None else list(grad_outputs)
    pairs = [(o, g) for o, g in zip(outputs, given, strict=True) if o is not None and o.requires_grad]
    if not pairs:
        return (None,) * len(inputs)
    return autograd_grad(
        [o for o, _ in pairs],
        inputs,
        [g for _, g in pairs],
        allow_unused=True,
        create_graph=create_graph,
        retain_graph=True,
    )


def _fill(
    grads: Sequence[Tensor | None], refs: Tensors, strict: bool, create_graph: bool, stage: str
) -> Tensors:
    """Zeros where a gradient is None; an error there in strict mode."""
    result: list[Tensor] = []
    for k, g in enumerate(grads):
        if g is None:
            if strict:
                texts = {
                    "back": "The output of the user-provided function is independent of input "
                    f"{k}. This is not allowed in strict mode.",
                    "back_trick": f"The gradient with respect to the input is independent of entry {k} in the "
                    "grad_outputs "
                    "when using the double backward trick to compute forward mode gradients. This is not allowed in "
                    "strict mode.",
                    "double_back": "The jacobian of the user-provided function is independent of input "
                    f"{k}. This is not allowed in strict mode.",
                    "double_back_trick": "The hessian of the user-provided function is independent of "
                    f"entry {k} in the grad_jacobian. This is not allowed in strict mode as it prevents from using the "
                    "double backward trick to replace forward mode AD.",
                }
                raise RuntimeError(texts[stage])
            result.append(_zeros(refs[k]))
        else:
            if strict and create_graph and not g.requires_grad:
                name = "jacobian" if "double" not in stage else "hessian"
                raise RuntimeError(
                    f"The {name} of the user-provided function is independent of input {k}. This is not allowed in "
                    "strict "
                    "mode when create_graph=True."
                )
            result.append(g)
    return tuple(result)


def vjp(
    func: Callable[..., Any],
    inputs: Any,
    v: Any = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """(outputs, v^T J): the product of a vector with the Jacobian of `func` at `inputs`.

    Args:
        func: takes the inputs, returns a tensor or a tuple of tensors.
        v: of the outputs' shape; may be left out for one output of one element.
    """
    with enable_grad():
        in_tuple, given = _as_tuple(inputs, "inputs", "vjp")
        xs = _prepare(given, create_graph)
        out_tuple, outputs = _call(func, xs, "vjp")
        _check_requires_grad(outputs, "outputs", strict)
        if v is not None:
            _, vs = _as_tuple(v, "v", "vjp")
            vs = _prepare(vs, create_graph, False)
            _check_v(vs, outputs, out_tuple)
        elif len(outputs) != 1 or outputs[0].numel() != 1:
            raise RuntimeError(
                "The vector v can only be None if the user-provided function returns a single Tensor with a single "
                "element."
            )
        else:
            vs = None
        grads = _fill(_grad(outputs, xs, vs, create_graph), xs, strict, create_graph, "back")
    return _unpack(_finish(outputs, create_graph), out_tuple), _unpack(_finish(grads, create_graph), in_tuple)


def jvp(
    func: Callable[..., Any],
    inputs: Any,
    v: Any = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """(outputs, J v): the product of the Jacobian of `func` at `inputs` with a vector.

    Args:
        v: of the inputs' shape; may be left out for one input of one element.
    """
    with enable_grad():
        in_tuple, given = _as_tuple(inputs, "inputs", "jvp")
        xs = _prepare(given, create_graph)
        vs = _vector(v, xs, given, in_tuple, create_graph, "jvp")
        out_tuple, outputs = _call(func, xs, "jvp")
        _check_requires_grad(outputs, "outputs", strict)
        cotangents = tuple(_zeros(o).requires_grad_() for o in outputs)
        grads = _grad(outputs, xs, cotangents, create_graph=True)
        _check_requires_grad(grads, "grad_inputs", strict)  # type: ignore[arg-type]
        back = _grad(grads, cotangents, vs, create_graph)
        result = _fill(back, outputs, strict, create_graph, "back_trick")
    return _unpack(_finish(outputs, create_graph), out_tuple), _unpack(
        _finish(result, create_graph), out_tuple
    )


def jacobian(
    func: Callable[..., Any],
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    strategy: str = "reverse-mode",
) -> Any:
    """The Jacobian of `func` at `inputs`.

    Returns:
        For one input and one output a tensor of shape ``output.shape + input.shape``; a tuple over inputs, and over
        outputs outside it, where tuples were given.
    """
    if strategy not in ("reverse-mode", "forward-mode"):
        raise AssertionError(
            'Expected strategy to be either "forward-mode" or "reverse-mode". Hint: If your function has more outputs '
            'than inputs, "forward-mode" tends to be more performant. Otherwise, prefer to use "reverse-mode".'
        )
    if strategy == "forward-mode":
        return _jacobian_forward(func, inputs, create_graph, strict, vectorize)
    with enable_grad():
        in_tuple, given = _as_tuple(inputs, "inputs", "jacobian")
        xs = _prepare(given, create_graph)
        out_tuple, outputs = _call(func, xs, "jacobian")
        _check_requires_grad(outputs, "outputs", strict)
        blocks: list[Tensors] = []
        for k, out in enumerate(outputs):
            rows: tuple[list[Tensor], ...] = tuple([] for _ in xs)
            for j in range(out.numel()):
                # A row is the gradient for one element, whatever the shape: no need to take that element out.
                unit = _zeros(out)
                unit._data.reshape(-1)[j] = 1
                grads = _grad((out,), xs, (unit,), create_graph)
                for i, (row, g, x) in enumerate(zip(rows, grads, xs, strict=True)):
                    if g is not None:
                        if strict and create_graph and not g.requires_grad:
                            raise RuntimeError(
                                "The jacobian of the user-provided function is independent of input "
                                f"{i}. This is not allowed in strict mode when create_graph=True."
                            )
                        row.append(g)
                    else:
                        if strict:
                            raise RuntimeError(
                                f"Output {k} of the user-provided function is independent of input {i}. This is not "
                                "allowed in strict mode."
                            )
                        row.append(_zeros(x))
            blocks.append(
                tuple(
                    stack(row).view(out._data.shape + x._data.shape)
                    if row
                    else x._beside(np.zeros(out._data.shape + x._data.shape, x._data.dtype))
                    for row, x in zip(rows, xs, strict=True)
                )
            )
    return _matrix(blocks, create_graph, in_tuple, out_tuple)


def _jacobian_forward(
    func: Callable[..., Any], inputs: Any, create_graph: bool, strict: bool, vectorize: bool
) -> Any:
    """The Jacobian a column at a time, in forward mode."""
    if strict:
        raise RuntimeError(
            'torch.autograd.functional.jacobian: `strict=True` and `strategy="forward-mode"` are not supported '
            'together (yet). Please either set `strict=False` or `strategy="reverse-mode"`.'
        )
    if not vectorize:
        raise NotImplementedError(
            "Computing Jacobian using forward-AD or forward-over-reverse Hessian is only implemented for "
            "`vectorize=True`."
        )
    from engine.func import jacfwd

    in_tuple, given = _as_tuple(inputs, "inputs", "jacobian")
    places = tuple(range(len(given)))
    with enable_grad():
        xs = _prepare(given, create_graph, create_graph)
        out_tuple = False

        def checked(*values: Tensor) -> Tensors:
            nonlocal out_tuple
            out_tuple, outputs = _call(func, values, "jacobian")
            return outputs

        blocks = jacfwd(checked, argnums=places)(*xs)
    return _matrix(blocks, create_graph, in_tuple, out_tuple)


def _matrix(blocks: Sequence[Sequence[Tensor]], create_graph: bool, in_tuple: bool, out_tuple: bool) -> Any:
    """The blocks of a Jacobian, nested as its inputs and outputs were."""
    result = tuple(_unpack(_finish(tuple(b), create_graph), in_tuple) for b in blocks)
    return _unpack(result, out_tuple)


def hessian(
    func: Callable[..., Any],
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    outer_jacobian_strategy: str = "reverse-mode",
) -> Any:
    """The matrix of second derivatives of a function with one output of one element.

    Returns:
        For one input a tensor of shape ``input.shape + input.shape``; for a tuple, a tuple of tuples.
    """
    in_tuple, _ = _as_tuple(inputs, "inputs", "hessian")

    def scalar(*xs: Tensor) -> Tensor:
        _, (out,) = _scalar_output(func, xs, "hessian", strict)
        return out.squeeze()  # type: ignore[no-any-return]

    def first(*xs: Tensor) -> Any:
        jac = jacobian(scalar, xs if in_tuple else xs[0], create_graph=True)
        _check_requires_grad(jac if in_tuple else (jac,), "jacobian", strict)
        return jac

    return jacobian(
        first, inputs, create_graph, strict=strict, vectorize=vectorize, strategy=outer_jacobian_strategy
    )


def _scalar_output(func: Callable[..., Any], xs: Tensors, name: str, strict: bool) -> tuple[bool, Tensors]:
    out_tuple, outputs = _call(func, xs, name)
    _check_requires_grad(outputs, "outputs", strict)
    if out_tuple or not isinstance(outputs[0], Tensor):
        raise RuntimeError(f"The function given to {name} should return a single Tensor")
    if outputs[0].numel() != 1:
        raise RuntimeError(
            f"The Tensor returned by the function given to {name} should contain a single element"
        )
    return out_tuple, outputs


def _vector(v: Any, xs: Tensors, given: Tensors, in_tuple: bool, create_graph: bool, name: str) -> Tensors:
    if v is not None:
        _, vs = _as_tuple(v, "v", name)
        vs = _prepare(vs, create_graph, False)
        _check_v(vs, given, in_tuple)
        return vs
    if len(xs) != 1 or xs[0].numel() != 1:
        raise RuntimeError(
            "The vector v can only be None if the input to the user-provided function is a single Tensor with a single "
            "element."
        )
    return (Tensor._wrap(np.ones_like(xs[0]._data)),)


def vhp(
    func: Callable[..., Any],
    inputs: Any,
    v: Any = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """(output, v^T H): the product of a vector with the Hessian of a scalar function."""
    with enable_grad():
        in_tuple, given = _as_tuple(inputs, "inputs", "vhp")
        xs = _prepare(given, create_graph)
        vs = _vector(v, xs, given, in_tuple, create_graph, "vhp")
        out_tuple, outputs = _scalar_output(func, xs, "vhp", strict)
        jac = _grad(outputs, xs, create_graph=True)
        _check_requires_grad(jac, "jacobian", strict)  # type: ignore[arg-type]
        grads = _grad(jac, xs, vs, create_graph)
        result = _fill(grads, xs, strict, create_graph, "double_back")
    return _unpack(_finish(outputs, create_graph), out_tuple), _unpack(
        _finish(result, create_graph), in_tuple
    )


def hvp(
    func: Callable[..., Any],
    inputs: Any,
    v: Any = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """(output, H v): the product of the Hessian of a scalar function with a vector."""
    with enable_grad():
        in_tuple, given = _as_tuple(inputs, "inputs", "hvp")
        xs = _prepare(given, create_graph)
        vs = _vector(v, xs, given, in_tuple, create_graph, "hvp")
        out_tuple, outputs = _scalar_output(func, xs, "hvp", strict)
        jac = _grad(outputs, xs, create_graph=True)
        _check_requires_grad(jac, "jacobian", strict)  # type: ignore[arg-type]
        cotangents = tuple(_zeros(x).requires_grad_() for x in xs)
        double = _grad(jac, xs, cotangents, create_graph=True)
        _check_requires_grad(double, "hessian", strict)  # type: ignore[arg-type]
        back = _grad(double, cotangents, vs, create_graph)
        result = _fill(back, xs, strict, create_graph, "double_back_trick")
    return _unpack(_finish(outputs, create_graph), out_tuple), _unpack(
        _finish(result, create_graph), in_tuple
    )
