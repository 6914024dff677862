"""Derivatives as functions of functions: ``grad``, ``vjp``, ``jvp`` and the Jacobians and Hessians made of them.

A reverse-mode transform takes its derivative at fresh roots (`engine.autograd.forward.tracked`) and cuts what it
returns from them; a forward-mode one is a `Level`. Both nest, each in itself and in the other.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from engine import tree
from engine.autograd.forward import Level, alias, outside, tracked, zeros
from engine.autograd.forward_ad import set_tangent
from engine.autograd.grad_mode import enable_grad
from engine.backward import grad as autograd_grad
from engine.backward import root_gradients
from engine.ops.arrange import stack
from engine.state import S
from engine.tensor import Tensor

Argnums = int | tuple[int, ...]


def _select(args: tuple[Any, ...], argnums: Argnums) -> Any:
    """The arguments to differentiate with respect to: one, or a tuple."""
    if not isinstance(argnums, (int, tuple)) or isinstance(argnums, bool):
        raise RuntimeError(f"argnum must be int or Tuple[int, ...], got: {type(argnums)}")
    wanted = argnums if isinstance(argnums, tuple) else (argnums,)
    for n in wanted:
        if not -len(args) <= n < len(args):
            raise RuntimeError(f"Got argnum={n}, but only {len(args)} positional inputs")
    if len({n % len(args) for n in wanted}) != len(wanted):
        raise RuntimeError(f"argnums elements must be unique, got {argnums}")
    return tuple(args[n] for n in argnums) if isinstance(argnums, tuple) else args[argnums]


def _replaced(args: tuple[Any, ...], argnums: Argnums, chosen: Any) -> tuple[Any, ...]:
    values = list(args)
    for n, value in zip(
        *((argnums, chosen) if isinstance(argnums, tuple) else ((argnums,), (chosen,))), strict=True
    ):
        values[n] = value
    return tuple(values)


def _roots(value: Any) -> tuple[Any, list[Tensor]]:
    """`value` with its tensors as roots of a derivative, and those roots."""
    for leaf in tree.leaves(value):
        if not isinstance(leaf, Tensor):
            raise ValueError(f"Thing passed to transform API must be Tensor, got {type(leaf)}")
    made = tree.each(tracked, value)
    return made, tree.leaves(made)


def _released(value: Any, roots: Sequence[Tensor], record: bool) -> Any:
    """What a transform hands out: without its own roots in the graph, and without any graph in `no_grad`."""
    return tree.each_tensor(
        lambda t: outside(t, roots) if record else alias(t) if t.requires_grad else t, value
    )


def _backward(
    outputs: Sequence[Tensor],
    roots: Sequence[Tensor],
    cotangents: Sequence[Any],
    record: bool,
    retain: bool = True,
) -> list[Tensor]:
    """The gradient for each root, zeros where none arrives; with a graph if somebody outside may want one."""
    pairs = [(o, c) for o, c in zip(outputs, cotangents, strict=True) if o.requires_grad]
    if not pairs:
        return [zeros(r) for r in roots]
    # A graph costs; it is made only if something outside this transform could ask for it.
    record = record and any(
        outside(o, roots).requires_grad or (c is not None and c.requires_grad) for o, c in pairs
    )
    found = autograd_grad(
        [o for o, _ in pairs],
        roots,
        [c for _, c in pairs],
        create_graph=record,
        retain_graph=retain or record,
        allow_unused=True,
    )
    return [zeros(r) if g is None else outside(g, roots) for r, g in zip(roots, found, strict=True)]


def grad_and_value(
    func: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """A function that returns the gradient of `func`, whose output has one element, and that output.

    Args:
        argnums: which arguments to differentiate with respect to; for a tuple the gradients are a tuple.
        has_aux: `func` returns ``(output, anything)``; then the new one returns ``(gradient, (output, anything))``.
    """

    @functools.wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        record = S.grad_enabled
        chosen, roots = _roots(_select(args, argnums))
        with enable_grad():
            output = func(*_replaced(args, argnums, chosen), **kwargs)
            aux = None
            if has_aux:
                if not (isinstance(output, tuple) and len(output) == 2):
                    raise RuntimeError(
                        "grad_and_value(f)(*args): output of function f should be a tuple: (output, aux) if has_aux "
                        "is True"
                    )
                output, aux = output
            if not isinstance(output, Tensor):
                raise RuntimeError(
                    f"grad_and_value(f)(*args): Expected f(*args) to return a Tensor, got {type(output)}"
                )
            if output.ndim:
                raise RuntimeError(
                    "grad_and_value(f)(*args): Expected f(*args) to return a scalar Tensor, got tensor with "
                    f"{output.ndim} dims. Maybe you wanted to use the vjp or jacrev APIs instead?"
                )
            found = _backward([output], roots, [None], record, retain=False)
        grads = tree.unflatten(chosen, iter(_released(found, roots, record)))
        value = _released(output, roots, record)
        return (grads, (value, _released(aux, roots, record))) if has_aux else (grads, value)

    return wrapper


def grad(func: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False) -> Callable[..., Any]:
    """A function that returns the gradient of `func`; see `grad_and_value`. With `has_aux`: ``(gradient, aux)``."""
    both = grad_and_value(func, argnums, has_aux)

    @functools.wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        grads, value = both(*args, **kwargs)
        return (grads, value[1]) if has_aux else grads

    return wrapper


def _only_tensors(value: Any, name: str) -> list[Tensor]:
    found = tree.leaves(value)
    for leaf in found:
        if not isinstance(leaf, Tensor):
            raise RuntimeError(
                f"{name}: expected f(*primals) to return only tensors, got unsupported type {type(leaf)}"
            )
    return found


def _with_aux(result: Any, name: str) -> tuple[Any, Any]:
    if not (isinstance(result, tuple) and len(result) == 2):
        raise RuntimeError(
            f"{name}: output of function f should be a tuple: (output, aux) if has_aux is True"
        )
    return result


def vjp(func: Callable[..., Any], *primals: Any, has_aux: bool = False) -> Any:
    """``func(*primals)``, and a function from cotangents of the outputs to a tuple of those of the inputs.

    Returns:
        ``(output, vjp_fn)``, with `has_aux` ``(output, vjp_fn, aux)``.
    """
    record = S.grad_enabled
    chosen, roots = _roots(primals)
    with enable_grad():
        output, aux = func(*chosen), None
    if has_aux:
        output, aux = _with_aux(output, "vjp(f, *primals)")
    outputs = _only_tensors(output, "vjp(f, *primals)")

    def wrapper(cotangents: Any, retain_graph: bool = True, create_graph: bool | None = None) -> Any:
        wants_graph = S.grad_enabled if create_graph is None else create_graph
        if not tree.same(cotangents, output):
            raise RuntimeError(
                "Expected pytree structure of cotangents to be the same as pytree structure of outputs to the "
                f"function. cotangents: {tree.brief(cotangents)}, primal output: {tree.brief(output)}"
            )
        given = root_gradients(outputs, tree.leaves(cotangents))
        with enable_grad():
            found = _backward(outputs, roots, given, wants_graph, retain_graph)
        return tree.unflatten(primals, iter(_released(found, roots, wants_graph)))

    value = _released(output, roots, record)
    return (value, wrapper, _released(aux, roots, record)) if has_aux else (value, wrapper)


def jvp(
    func: Callable[..., Any], primals: Any, tangents: Any, *, strict: bool = False, has_aux: bool = False
) -> Any:
    """``func(*primals)`` and its derivative along `tangents`, both tuples of the same structure.

    Returns:
        ``(output, tangent_of_output)``, with `has_aux` ``(output, tangent_of_output, aux)``.
    """
    name = "jvp(f, primals, tangents)"
    if not isinstance(primals, tuple):
        raise RuntimeError(
            f"{name}: Expected primals to be a tuple. E.g. it should be valid to call f(*primals)."
        )
    if not tree.same(primals, tangents):
        raise RuntimeError(
            f"{name}: Expected primals and tangents to have the same python structure. For example, if primals is a "
            f"tuple of 3 tensors, tangents also must be. Got primals with structure {tree.spec(primals)} and tangents "
            f"with structure {tree.spec(tangents)}"
        )
    flat, moving = tree.leaves(primals), tree.leaves(tangents)
    if not any(isinstance(p, Tensor) for p in flat):
        raise RuntimeError(f"{name}: Expected primals to contain at least one Tensor.")
    level = Level()
    duals = [p.view_as(p) if p.requires_grad else alias(p) for p in flat]
    with level:
        for dual, tangent in zip(duals, moving, strict=True):
            set_tangent(level, dual, tangent)
        output, aux = func(*tree.unflatten(primals, iter(duals))), None
        if has_aux:
            output, aux = _with_aux(output, name)
        found = []
        for y in _only_tensors(output, name):
            t = level.tangent(y)
            if t is None and strict:
                raise RuntimeError(
                    f"{name}: The output of f is independent of the inputs. This is not allowed with strict=True."
                )
            found.append(zeros(y) if t is None else t)
    moved = tree.unflatten(output, iter(found))
    return (output, moved, aux) if has_aux else (output, moved)


def linearize(func: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[..., Any]]:
    """``func(*primals)``, and the linear map from tangents of the inputs to that of the output, without running `func`
    again."""
    output, back = vjp(func, *primals)
    outputs = tree.leaves(output)

    def linear(*tangents: Any) -> Any:
        if not tree.same(tangents, primals):
            raise RuntimeError(
                "Expected the tangents "
                f"{tree.spec(tangents)} to have the same argspec as the primals {tree.spec(primals)}"
            )
        with enable_grad():
            cotangents = [zeros(o).requires_grad_() for o in outputs]
            grads = tree.leaves(back(tree.unflatten(output, iter(cotangents)), create_graph=True))
            pairs = [(g, t) for g, t in zip(grads, tree.leaves(tangents), strict=True) if g.requires_grad]
            found: Sequence[Any] = [None] * len(outputs)
            if pairs:
                found = autograd_grad(
                    [g for g, _ in pairs], cotangents, [t for _, t in pairs], allow_unused=True
                )
        return tree.unflatten(
            output, iter([zeros(o) if f is None else f for o, f in zip(outputs, found, strict=True)])
        )

    return output, linear


def _units(t: Tensor) -> list[Tensor]:
    """The unit vectors of the shape of `t`."""
    size = t._data.size
    return [t._beside(row.reshape(t._data.shape)) for row in np.eye(size, dtype=t._data.dtype)]


def _check_chunk(chunk_size: int | None) -> None:
    if chunk_size is not None and chunk_size <= 0:
        raise ValueError("jacrev: `chunk_size` should be greater than 0.")


def jacrev(
    func: Callable[..., Any],
    argnums: Argnums = 0,
    *,
    has_aux: bool = False,
    chunk_size: int | None = None,
    _preallocate_and_copy: bool = False,
) -> Callable[..., Any]:
    """A function that returns the Jacobian of `func`, computed by one backward pass an output element.

    Its shape is ``output.shape + input.shape``; for nested outputs and inputs, the outputs' structure of the inputs'
    structures of such. `chunk_size` is accepted and changes nothing here.
    """
    _check_chunk(chunk_size)

    @functools.wraps(func)
    def wrapper(*args: Any) -> Any:
        record = S.grad_enabled
        chosen, roots = _roots(_select(args, argnums))
        with enable_grad():
            output, aux = func(*_replaced(args, argnums, chosen)), None
            if has_aux:
                output, aux = _with_aux(output, "vjp(f, *primals)")
            blocks = []
            for out in _only_tensors(output, "vjp(f, *primals)"):
                rows = [_backward([out], roots, [unit], record) for unit in _units(out)]
                blocks.append(
                    tree.unflatten(
                        chosen,
                        iter(
                            [
                                _stacked([row[k] for row in rows], out, root, record)
                                for k, root in enumerate(roots)
                            ]
                        ),
                    )
                )
        result = _released(tree.unflatten(output, iter(blocks)), roots, record)
        return (result, _released(aux, roots, record)) if has_aux else result

    return wrapper


def _stacked(rows: Sequence[Tensor], out: Tensor, root: Tensor, record: bool) -> Tensor:
    shape = (*out._data.shape, *root._data.shape)
    return stack(rows).view(shape) if rows else root._beside(np.zeros(shape, root._data.dtype))


def jacfwd(
    func: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False, *, randomness: str = "error"
) -> Callable[..., Any]:
    """A function that returns the Jacobian of `func`, computed by running it once an input element, in forward mode."""

    @functools.wraps(func)
    def wrapper(*args: Any) -> Any:
        chosen = _select(args, argnums)
        flat = tree.leaves(chosen)
        for leaf in flat:
            if not isinstance(leaf, Tensor):
                raise ValueError(f"Thing passed to transform API must be Tensor, got {type(leaf)}")
        still = [zeros(leaf) for leaf in flat]

        def along(tangents: list[Tensor]) -> Any:
            return jvp(
                lambda *values: func(*_replaced(args, argnums, tree.unflatten(chosen, iter(values)))),
                tuple(flat),
                tuple(tangents),
                has_aux=has_aux,
            )

        columns: list[list[list[Tensor]]] = []
        result: Any = None
        for k, leaf in enumerate(flat):
            found = []
            for unit in _units(leaf):
                result = along([*still[:k], unit, *still[k + 1 :]])
                found.append(tree.leaves(result[1]))
            columns.append(found)
        if result is None:
            result = along(still)
        output = result[0]
        blocks = []
        for o, out in enumerate(tree.leaves(output)):
            parts = []
            for leaf, found in zip(flat, columns, strict=True):
                shape = (*out._data.shape, *leaf._data.shape)
                if found:
                    parts.append(stack([column[o] for column in found], -1).reshape(shape))
                else:
                    parts.append(out._beside(np.zeros(shape, out._data.dtype)))
            blocks.append(tree.unflatten(chosen, iter(parts)))
        jacobian = tree.unflatten(output, iter(blocks))
        return (jacobian, result[2]) if has_aux else jacobian

    return wrapper


def hessian(func: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """A function that returns the second derivatives of `func`: forward mode over reverse mode."""
    return jacfwd(jacrev(func, argnums), argnums)
