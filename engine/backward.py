"""``backward()`` and ``grad()``: the checks PyTorch makes, and then `engine.execute`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from engine import backend
from engine.execute import run, run_from, running_pass
from engine.graph import NoGradView
from engine.state import S
from engine.tensor import Tensor

__all__ = ["backward", "grad", "root_gradients", "running_pass"]


def _tuple(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, (tuple, list)) or hasattr(value, "__next__") else (value,)


def root_gradients(
    outputs: Sequence[Tensor], grads: Sequence[Tensor | None], name: str = "grad_output"
) -> tuple[Tensor, ...]:
    """A gradient for each output: the given one, checked, or 1 for a tensor of one element."""
    for grad in grads:
        if grad is not None and not isinstance(grad, Tensor):
            raise TypeError(f"gradients can be either Tensors or None, but got {type(grad).__name__}")
    if len(grads) != len(outputs):
        raise RuntimeError(f"got {len(outputs)} tensors and {len(grads)} gradients")
    result = []
    for k, (out, grad) in enumerate(zip(outputs, grads, strict=True)):
        if grad is None:
            if out.requires_grad:
                if out._data.size != 1:
                    raise RuntimeError("grad can be implicitly created only for scalar outputs")
                if not out.dtype.is_floating_point:
                    raise RuntimeError(
                        f"grad can be implicitly created only for real scalar outputs but got {out.dtype!r}"
                    )
            grad = Tensor._wrap(backend.module_of(out._data).ones_like(out._data))
        elif grad._data.shape != out._data.shape:
            raise RuntimeError(
                f"Mismatch in shape: grad_output[{k}] has a shape of {grad.shape!r} and output[{k}] has a shape of "
                f"{out.shape!r}."
            )
        elif grad.dtype.is_complex != out.dtype.is_complex:
            raise RuntimeError(
                "For complex Tensors, both grad_output and output are required to have the same dtype. Mismatch in "
                f"dtype: grad_output[{k}] has a dtype of {grad.dtype!r} and output[{k}] has a dtype of {out.dtype!r}."
            )
        result.append(grad)
    return tuple(result)


def _check_roots(outputs: Sequence[Tensor]) -> None:
    if not outputs:
        raise RuntimeError("grad requires non-empty outputs.")
    for k, out in enumerate(outputs):
        edge = out._fresh_edge()
        if edge is None or type(edge[0]) is NoGradView:
            raise RuntimeError(f"element {k} of tensors does not require grad and does not have a grad_fn")


def backward(
    tensors: Tensor | Sequence[Tensor],
    grad_tensors: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Tensor | Iterable[Tensor] | None = None,
) -> None:
    """Accumulate the gradients of `tensors` into the leaves (or `inputs`); see `Tensor.backward`."""
    if (
        grad_tensors is None
        and inputs is None
        and not create_graph
        and (not S.slow or (S.run_hot is not None and not S.layers))
        and isinstance(tensors, Tensor)
    ):
        edge = tensors._fresh_edge()
        data = tensors._data
        if edge is not None and data.size == 1 and data.dtype.kind == "f":
            run_from(tensors, edge, bool(retain_graph))
            if S.watcher is not None:
                S.watcher.differentiated(tensors, None)
            return
    outputs = _tuple(tensors)
    grads = (None,) * len(outputs) if grad_tensors is None else _tuple(grad_tensors)
    targets = None
    if inputs is not None:
        targets = _tuple(inputs)
        if not targets:
            raise RuntimeError("`inputs` argument to `backward()` cannot be empty.")
    gradients = root_gradients(outputs, grads)
    _check_roots(outputs)
    run(
        outputs,
        gradients,
        retain_graph=create_graph if retain_graph is None else retain_graph,
        create_graph=create_graph,
        targets=targets,
    )
    if S.watcher is not None:
        S.watcher.differentiated(tensors, inputs)


def grad(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Any, ...]:
    """The gradients of `outputs` with respect to `inputs`, returned instead of accumulated.

    Args:
        grad_outputs: one per output, of its shape; may be left out for outputs of one element.
        allow_unused: give None for an input the outputs do not depend on, instead of raising.
        is_grads_batched: `grad_outputs` have a leading batch dimension; so have the results.
        materialize_grads: zeros instead of None for unused inputs.
    """
    outs, ins = _tuple(outputs), _tuple(inputs)
    if not ins:
        raise RuntimeError("`inputs` argument to `grad()` cannot be empty.")
    if materialize_grads and allow_unused is False:
        raise ValueError(
            "Expected allow_unused to be True or not passed when materialize_grads=True, but got False."
        )
    given = (None,) * len(outs) if grad_outputs is None else _tuple(grad_outputs)
    keep = create_graph if retain_graph is None else retain_graph
    if is_grads_batched:
        from engine.ops.arrange import stack

        size = next(len(g) for g in given if g is not None)
        rows = [
            grad(
                outs,
                ins,
                tuple(None if g is None else g[k] for g in given),
                retain_graph=keep or k < size - 1,
                create_graph=create_graph,
                allow_unused=allow_unused,
                materialize_grads=materialize_grads,
            )
            for k in range(size)
        ]
        return tuple(None if column[0] is None else stack(column) for column in zip(*rows, strict=True))
    gradients = root_gradients(outs, given)
    _check_roots(outs)
    found = run(outs, gradients, retain_graph=keep, create_graph=create_graph, targets=ins, accumulate=False)
    if S.watcher is not None:
        S.watcher.differentiated(outputs, ins)
    result: list[Tensor | None] = []
    for t, g in zip(ins, found, strict=True):
        if g is None:
            if not (allow_unused or materialize_grads):
                raise RuntimeError(
                    f"The differentiated Tensor at index {len(result)} appears to not have been used in the graph. Set "
                    "allow_unused=True if this is the desired behavior."
                )
            result.append(Tensor._wrap(np.zeros_like(t._data)) if materialize_grads else None)
        else:
            result.append(g if isinstance(g, Tensor) else Tensor._wrap(g))
    return tuple(result)
