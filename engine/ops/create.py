"""Factories: tensors from numbers, ranges and random numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine import backend, dtypes
from engine.dispatch import composite
from engine.dtypes import dtype as dtype_type
from engine.ops.numbers import array_of, usable
from engine.overloads import refuse
from engine.registry import CONSTANT, OPS, Op
from engine.spelling import write
from engine.state import S
from engine.tensor import Size, Tensor

Where = backend.device | str | None


def _factory(name: str, doc: str) -> Op:
    """A record for observers: a factory has no inputs and no derivative."""
    op = Op(
        name,
        CONSTANT,
        lambda xp, *args: None,
        (),
        0,
        grad_name=f"{name}_",
        aten=f"aten::{name}",
        dtypes="any",
        outputs=1,
        variadic=False,
        view=False,
        domain=None,
        formula="",
        doc=doc,
    )
    OPS[name] = op
    return op


def made(
    name: str,
    array: Any,
    requires_grad: bool,
    device: Where,
    start: int,
    args: tuple[Any, ...] = (),
    out: Tensor | None = None,
) -> Tensor:
    """Wrap a new array, set its flag, and tell observers that factory `name` made it; or write it into `out`."""
    if out is not None:
        return write(out, Tensor._wrap, (array,), {})  # type: ignore[no-any-return]
    array = backend.to_default(array) if device is None else backend.to_device(array, device)
    t = Tensor._wrap(array)
    if S.inference:
        t.__dict__["_inference"] = True
    if requires_grad:
        if not t.dtype.differentiable:
            raise RuntimeError("Only Tensors of floating point and complex dtype can require gradients")
        t.requires_grad_()
    if S.observers:
        end = S.clock()
        for observer in S.observers:
            observer.op(FACTORIES[name], args, (), (t,), None, False, start, end)
    return t


FACTORIES = {
    name: _factory(name, doc)
    for name, doc in {
        "tensor": "A tensor with the given numbers.",
        "zeros": "Zeros.",
        "ones": "Ones.",
        "full": "One number everywhere.",
        "empty": "Memory not filled (zeros here, so that runs repeat).",
        "eye": "Ones on the diagonal, zeros elsewhere.",
        "arange": "Numbers from start to end (left out) in steps.",
        "linspace": "Evenly spaced numbers from start to end (included).",
        "logspace": "Numbers evenly spaced on a logarithmic scale.",
        "range": "Numbers from start to end (included) in steps.",
        "rand": "Uniform random numbers in [0, 1).",
        "randn": "Standard normal random numbers.",
        "randint": "Random integers from low to high (left out).",
        "randperm": "A random permutation of 0 to n - 1.",
        "normal": "Normal random numbers.",
        "bernoulli": "Random zeros and ones.",
        "poisson": "How many events of a given rate.",
        "binomial": "How many of some trials succeed.",
        "multinomial": "Random indices, in proportion to weights.",
    }.items()
}


def sizes(first: Any, rest: tuple[Any, ...], function: str = "full") -> tuple[int, ...]:
    """Sizes given as ``(2, 3)`` or as ``2, 3``; `function` is named in errors.

    Raises:
        TypeError: for a size that is no integer; RuntimeError: for a negative one.
    """
    given = (first, *rest) if rest or not isinstance(first, (tuple, list, Size)) else tuple(first)
    result = []
    for k, n in enumerate(given):
        if isinstance(n, (float, str)) or n is None:
            if not k and given is not first:
                raise TypeError(
                    f"{function}(): argument 'size' (position 1) must be tuple of ints, not {type(n).__name__}"
                )
            raise TypeError(
                f"{function}(): argument 'size' failed to unpack the object at pos {k + 1} with error "
                f'"type must be tuple of ints,but got {type(n).__name__}"'
            )
        result.append(int(n))
    if any(n < 0 for n in result):
        raise RuntimeError(
            f"Trying to create tensor with negative dimension {next(n for n in result if n < 0)}: {result}"
        )
    return tuple(result)


def shape_of(positional: tuple[Any, ...], size: Any, function: str) -> tuple[int, ...]:
    """The shape a factory was called with: ``f(2, 3)``, ``f((2, 3))`` or ``f(size=(2, 3))``.

    Raises:
        TypeError: if it was given none, or one in each way.
    """
    if size is not None:
        if positional:
            raise TypeError(f"{function}() got multiple values for argument 'size'")
        return sizes(size, (), function)
    if not positional:
        refuse(function, (), {})
        raise TypeError(f'{function}() missing 1 required positional arguments: "size"')
    return sizes(positional[0], positional[1:], function)


def _np(dtype: dtype_type | None, function: str = "empty") -> np.dtype[Any]:
    return (dtypes.get_default_dtype() if dtype is None else dtypes.as_dtype(dtype, function)).numpy


def tensor(
    data: Any,
    *,
    dtype: dtype_type | None = None,
    device: Where = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """A new tensor with the numbers in `data` (nested lists, an array, a number), always a copy.

    Raises:
        ValueError, TypeError: for ragged lists or things that are no numbers.
    """
    start = S.clock()
    if isinstance(data, Tensor):
        import warnings

        warnings.warn(
            "To copy construct from a tensor, it is recommended to use sourceTensor.detach().clone() or "
            "sourceTensor.detach().clone().requires_grad_(True), rather than torch.tensor(sourceTensor).",
            UserWarning,
            stacklevel=2,
        )
        array = data._data.astype(dtype.numpy if dtype else data._data.dtype)
    else:
        array = array_of(data, None if dtype is None else dtypes.as_dtype(dtype, "tensor"))
    return made("tensor", array, requires_grad, device, start)


def as_tensor(data: Any, dtype: dtype_type | None = None, device: Where = None) -> Tensor:
    """`data` as a tensor; not copied if it is a tensor or array of the right dtype already."""
    if isinstance(data, Tensor):
        return data if dtype is None else data.to(dtype)
    if isinstance(data, np.ndarray) and (dtype is None or dtype.numpy == data.dtype):
        return from_numpy(data)
    return tensor(data, dtype=dtype, device=device)


def from_numpy(ndarray: np.ndarray[Any, Any]) -> Tensor:
    """A tensor over the same memory as a NumPy array.

    Raises:
        TypeError: for anything else, or a dtype PyTorch does not have.
    """
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {type(ndarray).__name__})")
    return Tensor._wrap(usable(ndarray))


def zeros(
    *positional: Any,
    size: Any = None,
    dtype: dtype_type | None = None,
    device: Where = None,
    requires_grad: bool = False,
    out: Tensor | None = None,
    layout: Any = None,
    pin_memory: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """Zeros of a shape."""
    start = S.clock()
    try:
        shape = shape_of(positional, size, "zeros")
    except RuntimeError:
        raise RuntimeError("zeros: Dimension size must be non-negative.") from None
    array = backend.library(device).zeros(shape, _np(dtype, "zeros"))
    return made("zeros", array, requires_grad, device, start, out=out)


def ones(
    *positional: Any,
    size: Any = None,
    dtype: dtype_type | None = None,
    device: Where = None,
    requires_grad: bool = False,
    out: Tensor | None = None,
    layout: Any = None,
    pin_memory: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """Ones of a shape."""
    start = S.clock()
    array = backend.library(device).ones(shape_of(positional, size, "ones"), _np(dtype, "ones"))
    return made("ones", array, requires_grad, device, start, out=out)


def empty(
    *positional: Any,
    size: Any = None,
    dtype: dtype_type | None = None,
    device: Where = None,
    requires_grad: bool = False,
    out: Tensor | None = None,
    layout: Any = None,
    pin_memory: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """Memory of a shape. Filled with zeros, so that a run repeats."""
    start = S.clock()
    array = backend.library(device).zeros(shape_of(positional, size, "empty"), _np(dtype))
    return made("empty", array, requires_grad, device, start, out=out)


def full(
    size: Any,
    fill_value: Any,
    *,
    dtype: dtype_type | None = None,
    device: Where = None,
    requires_grad: bool = False,
    out: Tensor | None = None,
    layout: Any = None,
    pin_memory: bool = False,
) -> Tensor:
    """One number everywhere; its Python type gives the dtype."""
    start = S.clock()
    if isinstance(fill_value, Tensor):
        fill_value = fill_value.item()
    if not isinstance(fill_value, (int, float, complex, np.number, np.bool_)):
        name = dtypes.type_name(fill_value)
        raise TypeError(f"full(): argument 'fill_value' (position 2) must be Number, not {name}")
    kind = dtypes.of_scalar(fill_value) if dtype is None else dtypes.as_dtype(dtype, "full")
    array = backend.library(device).full(sizes(size, ()), fill_value, kind.numpy)
    return made("full", array, requires_grad, device, start, out=out)


def eye(
    n: int,
    m: int | None = None,
    *,
    dtype: dtype_type | None = None,
    device: Where = None,
    requires_grad: bool = False,
    out: Tensor | None = None,
    layout: Any = None,
    pin_memory: bool = False,
) -> Tensor:
    """The identity matrix."""
    start = S.clock()
    for name, count in (("n", n), ("m", m)):
        if count is not None and count < 0:
            raise RuntimeError(f"{name} must be greater or equal to 0, got {count}")
    array = backend.library(device).eye(n, m, dtype=_np(dtype))
    return made("eye", array, requires_grad, device, start, out=out)


# --- Like another ----------------------------------------------------------------------------------------------------


def like(factory: Any) -> Any:
    """``zeros_like`` from ``zeros``: a factory that takes shape and dtype from a tensor."""

    def call(
        input: Tensor,
        *,
        dtype: dtype_type | None = None,
        device: Where = None,
        requires_grad: bool = False,
        memory_format: Any = None,
        **further: Any,
    ) -> Tensor:
        try:
            made_like: Tensor = factory(
                input._data.shape,
                dtype=dtype or input.dtype,
                device=device or input.device,
                requires_grad=requires_grad,
                **further,
            )
        except Exception:
            refuse(call.__name__, (input,), {})
            raise
        return made_like

    call = composite(f"{factory.__name__}_like")(call)
    call.__name__ = call.__qualname__ = factory.__name__ + "_like"
    call.__doc__ = f"`{factory.__name__}` of the shape and dtype of another tensor."
    return call


zeros_like, ones_like, empty_like = map(like, (zeros, ones, empty))


@composite("full_like")
def full_like(
    input: Tensor,
    fill_value: Any,
    *,
    dtype: dtype_type | None = None,
    device: Where = None,
    requires_grad: bool = False,
) -> Tensor:
    """`full` of the shape and dtype of another tensor."""
    return full(
        input._data.shape,
        fill_value,
        dtype=dtype or input.dtype,
        device=device or input.device,
        requires_grad=requires_grad,
    )


def tril_indices(
    row: int, col: int, offset: int = 0, *, dtype: dtype_type | None = None, device: Where = None
) -> Tensor:
    """Places of the lower triangle, two rows: row numbers and column numbers."""
    return tensor(np.stack(np.tril_indices(row, offset, col)), dtype=dtype, device=device)


def triu_indices(
    row: int, col: int, offset: int = 0, *, dtype: dtype_type | None = None, device: Where = None
) -> Tensor:
    """Places of the upper triangle, two rows: row numbers and column numbers."""
    return tensor(np.stack(np.triu_indices(row, offset, col)), dtype=dtype, device=device)


__all__ = [
    "as_tensor",
    "empty",
    "empty_like",
    "eye",
    "from_numpy",
    "full",
    "full_like",
    "ones",
    "ones_like",
    "tensor",
    "tril_indices",
    "triu_indices",
    "zeros",
    "zeros_like",
]
