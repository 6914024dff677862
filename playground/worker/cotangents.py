"""What operations on whole tensors give, and how a gradient passes back through them, on symbols.

Operations that work element by element are not here: the engine's own rules run on symbols. These rules speak of
shapes, and are written as a person would: ``W.T @ g``, not a reduction over a broadcast.

In all of them `g` is the gradient of what the operation made. It may leave out dimensions along which it is the same,
as a number stands for a tensor of that number.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from engine.formulas import tensors as T
from engine.formulas.shapes import Shape, turned
from engine.formulas.symbols import NoFormula, Sum, bracket, call, shape_of


class Step(Protocol):
    """One recorded operation."""

    @property
    def out(self) -> Shape:
        """The shape of what it made."""

    @property
    def y(self) -> Sum:
        """What it made."""

    def input(self, place: int) -> Sum:
        """A tensor that it took."""

    def shape(self, place: int) -> Shape:
        """Of such a tensor."""

    def given(self, place: int) -> Any:
        """Another argument."""

    def known(self, array: Any) -> Sum:
        """The program's variable over the memory of `array`. Raises NoFormula if there is none."""


Value = Callable[[Step], Sum]
Back = Callable[[Step, Sum], Sum]


# --- Shapes ----------------------------------------------------------------------------------------------------------


def full(g: Sum, shape: Shape) -> Sum:
    """The gradient with all of its dimensions; a single element has none."""
    if shape_of(g) == shape or math.prod(shape) == 1:
        return g
    mine = shape_of(g)
    if len(shape) == 2 and len(mine) == 1:
        return T.outer(T.ones(shape[:1]), g)
    if len(shape) == 2 and mine == (shape[0], 1):
        return T.outer(T.reshape(g, shape[:1]), T.ones(shape[1:]))
    return g * T.ones(shape)


def fit(g: Sum, out: Shape, shape: Shape) -> Sum:
    """The gradient of a tensor that was broadcast from `shape` to `out`."""
    if out == shape:
        return g
    if math.prod(out) == math.prod(shape):
        return g if math.prod(shape_of(g)) == 1 else T.reshape(full(g, out), shape)
    lead = len(out) - len(shape)
    dims = tuple(d for d in range(len(out)) if d < lead or (shape[d - lead] == 1 and out[d] > 1))
    return T.reshape(T.total(g, out, dims), shape)


def _dims(step: Step, place: int) -> tuple[int, ...] | None:
    """The dimensions that an operation goes along, counted from the first; None: all."""
    dims = step.given(place)
    if dims is None or dims == ():
        return None
    count = len(step.shape(0))
    return tuple(d % count for d in (dims if isinstance(dims, (tuple, list)) else (dims,))) if count else None


def _kept(step: Step, x: Sum, dims: tuple[int, ...] | None) -> Sum:
    """What has lost `dims`, beside the input again."""
    if math.prod(shape_of(x)) == 1 or dims is None or len(shape_of(x)) == len(step.shape(0)):
        return x
    shape = step.shape(0)
    return T.reshape(x, tuple(1 if d in dims else n for d, n in enumerate(shape)))


def _back(step: Step, g: Sum, dims: tuple[int, ...] | None) -> Sum:
    """A gradient of what has lost `dims`, for each element of the input."""
    shape = step.shape(0)
    if math.prod(shape_of(g)) == 1 or dims is None or len(shape_of(g)) == len(shape):
        return g
    if len(shape) == 2 and len(dims) == 1:
        g, one = full(g, step.out), T.ones((shape[dims[0]],))
        return T.outer(one, g) if dims == (0,) else T.outer(g, one)
    return _kept(step, g, dims)


def _count(step: Step, dims: tuple[int, ...] | None) -> int:
    shape = step.shape(0)
    return math.prod(shape if dims is None else (shape[d] for d in dims))


# --- Sums and other reductions ---------------------------------------------------------------------------------------


def _sum(step: Step, share: bool = False, all: bool = False) -> Sum:
    dims = None if all else _dims(step, 1)
    found = T.total(step.input(0), step.shape(0), dims)
    return T.reshape(found / _count(step, dims) if share else found, step.out)


def _sum_back(step: Step, g: Sum, share: bool = False, all: bool = False) -> Sum:
    dims = None if all else _dims(step, 1)
    found = _back(step, g, dims)
    return found / _count(step, dims) if share else found


def _extreme(name: str, all: bool) -> Value:
    def value(step: Step) -> Sum:
        dims = None if all else _dims(step, 1)
        return T.extreme(name, step.input(0), dims, step.out)

    return value


def _extreme_back(all: bool) -> Back:
    def back(step: Step, g: Sum) -> Sum:
        dims = None if all else _dims(step, 1)
        holds = bracket(call("eq", step.input(0), _kept(step, step.y, dims)))
        return _back(step, g, dims) * holds

    return back


def _norm(step: Step) -> Sum:
    dims = _dims(step, 2)
    shape = () if dims is None else tuple(n for d, n in enumerate(step.shape(0)) if d not in dims)
    return T.reshape(T.norm(step.input(0), step.given(1), dims, shape), step.out)


def _norm_back(step: Step, g: Sum) -> Sum:
    dims, p, x = _dims(step, 2), step.given(1), step.input(0)
    g = _back(step, g, dims)
    if p == 2:
        return g * x / _kept(step, step.y, dims)
    if p == 1:
        return g * call("sgn", x)
    raise NoFormula(f"the {p:g}-norm")


def _logsumexp(step: Step) -> Sum:
    dims = _dims(step, 1)
    return call("log", T.reshape(T.total(call("exp", step.input(0)), step.shape(0), dims), step.out))


def _logsumexp_back(step: Step, g: Sum) -> Sum:
    dims = _dims(step, 1)
    if dims is None or len(dims) != 1:
        raise NoFormula("logsumexp along several dimensions")
    return _back(step, g, dims) * T.softmax(step.input(0), dims[0])


def _var(step: Step) -> Sum:
    dims, x = _dims(step, 1), step.input(0)
    freedom: int = _count(step, dims) - step.given(2)
    return T.reshape(T.total((x - T.mean(x, dims)) ** 2, step.shape(0), dims) / freedom, step.out)


def _var_back(step: Step, g: Sum) -> Sum:
    dims, x = _dims(step, 1), step.input(0)
    freedom = _count(step, dims) - step.given(2)
    found: Sum = 2 * _back(step, g, dims) * (x - T.mean(x, dims)) / freedom
    return found


def _std_back(step: Step, g: Sum) -> Sum:
    dims, x = _dims(step, 1), step.input(0)
    freedom = _count(step, dims) - step.given(2)
    found: Sum = _back(step, g, dims) * (x - T.mean(x, dims)) / (freedom * _kept(step, step.y, dims))
    return found


# --- Softmax, losses -------------------------------------------------------------------------------------------------


def _softmax_back(step: Step, g: Sum) -> Sum:
    dim, shape, s = step.given(1) % max(1, len(step.out)), step.out, step.y
    along = shape_of(g)[dim - len(shape) :][:1] if len(shape_of(g)) >= len(shape) - dim else ()
    if along in ((), (1,)):
        return Sum(())  # what is added to all outputs alike changes nothing
    by, which = T.split(g)
    if len(shape) == 1:
        if (place := T.place_of(which)) is not None:
            return by * T.part(s, 0, place, shape) * (which - s)
        return by * s * (which - T.dot(s, which))
    return by * s * (which - _kept(step, T.total(s * which, shape, (dim,)), (dim,)))


def _log_softmax_back(step: Step, g: Sum) -> Sum:
    dim = step.given(1) % max(1, len(step.out))
    sums = _kept(step, T.total(g, step.out, (dim,)), (dim,))
    return g - T.softmax(step.input(0), dim) * sums


def _log_softmax(step: Step) -> Sum:
    dim = step.given(1) % max(1, len(step.out))
    x = step.input(0)
    return x - call("log", _kept(step, T.total(call("exp", x), step.out, (dim,)), (dim,)))


def _mean_of(step: Step, reduction: Any) -> int:
    if reduction == "none":
        return 1
    return math.prod(step.shape(0)) if reduction == "mean" else 1


def _mse(step: Step) -> Sum:
    squared = (step.input(0) - step.input(1)) ** 2
    if step.given(2) == "none":
        return squared
    return T.total(squared, step.shape(0)) / _mean_of(step, step.given(2))


def _mse_back(step: Step, g: Sum, sign: int) -> Sum:
    x, t = step.input(0), step.input(1)
    return 2 * g * (x - t if sign > 0 else t - x) / _mean_of(step, step.given(2))


def _nll_back(step: Step, g: Sum) -> Sum:
    picked, dim, reduction = (step.given(k) for k in (1, 2, 3))
    classes, weight, count = picked
    shape = step.shape(0)
    if weight is not None or len(shape) != 2 or dim != 1 or reduction == "none" or count != shape[0]:
        raise NoFormula("nll_loss of these arguments")
    return -g * T.one_hot(step.known(classes), *shape) / (count if reduction == "mean" else 1)


def _logits_back(step: Step, g: Sum) -> Sum:
    if step.given(2) is not None or step.given(3) is not None:
        raise NoFormula("weights in binary_cross_entropy_with_logits")
    return g * (call("sigmoid", step.input(0)) - step.input(1)) / _mean_of(step, step.given(4))


# --- Matrices --------------------------------------------------------------------------------------------------------


def _product(step: Step, a: int, b: int) -> Sum:
    return T.matmul(step.input(a), step.input(b), (step.shape(a), step.shape(b)))


def _product_left(step: Step, g: Sum, a: int, b: int) -> Sum:
    if len(step.shape(b)) == 1:
        return T.reshape(T.outer(full(g, step.out), step.input(b)), step.shape(a))
    return T.matmul(full(g, step.out), T.transpose(step.input(b)), (step.out, turned(step.shape(b))))


def _product_right(step: Step, g: Sum, a: int, b: int) -> Sum:
    return T.matmul(T.transpose(step.input(a)), full(g, step.out), (turned(step.shape(a)), step.out))


def _turns(step: Step, x: Sum, shape: Shape) -> Sum:
    """`x` of that shape as ``t``, ``transpose`` and ``permute`` turn the last two dimensions, there or back."""
    count = len(step.out)
    rest = tuple(range(count))
    if step.given(1) is None:  # t
        order: Sequence[int] = rest[::-1]
    elif isinstance(step.given(1), (tuple, list)):
        order = [d % count for d in step.given(1)]
    else:
        order = list(rest)
        one, other = (step.given(k) % count for k in (1, 2))
        order[one], order[other] = order[other], order[one]
    if tuple(order) == rest:
        return x
    if tuple(order) != (*rest[:-2], count - 1, count - 2):
        raise NoFormula("dimensions in another order")
    return x if math.prod(shape_of(x)) == 1 else T.transpose(full(x, shape))


def _inverse_back(step: Step, g: Sum) -> Sum:
    turned = T.transpose(T.inverse(step.input(0)))
    shapes = step.out, step.out
    return -T.matmul(T.matmul(turned, full(g, step.out), shapes), turned, shapes)


def _solve(step: Step) -> Sum:
    return T.matmul(T.inverse(step.input(0)), step.input(1), (step.shape(0), step.shape(1)))


def _solve_back(step: Step, g: Sum) -> Sum:
    turned = T.transpose(T.inverse(step.input(0)))
    return T.matmul(turned, full(g, step.out), (step.shape(0), step.out))


def _solve_back_matrix(step: Step, g: Sum) -> Sum:
    right = _solve_back(step, g)
    if len(step.out) == 1:
        return -T.outer(right, _solve(step))
    return -T.matmul(right, T.transpose(_solve(step)), (step.out, turned(step.out)))


# --- Parts and shapes ------------------------------------------------------------------------------------------------


def _part(step: Step) -> Sum:
    return T.part(step.input(0), step.given(1), step.given(2), step.shape(0))


def _part_back(step: Step, g: Sum) -> Sum:
    shape = step.shape(0)
    dim, place = step.given(1) % len(shape), step.given(2)
    unit = T.unit(place % shape[dim], shape[dim])
    if len(shape) == 1:
        return g * unit
    if len(shape) != 2 or 1 in shape:
        raise NoFormula("a part of a tensor of these dimensions")
    return T.outer(unit, full(g, step.out)) if dim == 0 else T.outer(full(g, step.out), unit)


def _reshaped(step: Step, g: Sum) -> Sum:
    return g if math.prod(shape_of(g)) == 1 else T.reshape(full(g, step.out), step.shape(0))


def _stack(step: Step) -> Sum:
    parts, dim = step.given(0), step.given(1)
    return T.stack([step.input(k) for k in range(len(parts))], dim, step.out)


def stack_back(step: Step, g: Sum, place: int) -> Sum:
    """To one of the tensors that were stacked."""
    return g if math.prod(shape_of(g)) == 1 else T.part(full(g, step.out), step.given(1), place, step.out)


def _diagonal_back(step: Step, g: Sum) -> Sum:
    rows, columns = step.shape(0)[0], step.shape(0)[-1]
    if len(step.shape(0)) != 2 or rows != columns or [step.given(k) for k in (1, 2, 3)] != [0, 0, 1]:
        raise NoFormula("another diagonal")
    return g * T.eye(rows) if math.prod(shape_of(g)) == 1 else T.diagonal(g)


_RESHAPED = ("view", "reshape", "unsqueeze", "squeeze_all", "squeeze_dim", "squeeze_dims", "squeeze_result")
_COPIED = ("clone", "alias", "contiguous_copy", "to_dtype")

VALUES: Mapping[str, Value] = {
    "sum_all": lambda s: _sum(s, all=True),
    "sum_dim": _sum,
    "mean_all": lambda s: _sum(s, share=True, all=True),
    "mean_dim": lambda s: _sum(s, share=True),
    "max_all": _extreme("max", True),
    "min_all": _extreme("min", True),
    "amax": _extreme("max", False),
    "amin": _extreme("min", False),
    "prod_all": _extreme("prod", True),
    "var_dim": _var,
    "std_dim": lambda s: _var(s) ** 0.5,
    "linalg_vector_norm": _norm,
    "logsumexp": _logsumexp,
    "softmax_dim": lambda s: T.softmax(s.input(0), s.given(1)),
    "log_softmax_dim": _log_softmax,
    "mse_loss": _mse,
    "mm": lambda s: _product(s, 0, 1),
    "bmm": lambda s: _product(s, 0, 1),
    "mv": lambda s: _product(s, 0, 1),
    "dot": lambda s: T.dot(s.input(0), s.input(1)),
    "outer_product": lambda s: T.outer(s.input(0), s.input(1)),
    "linear_addmm": lambda s: _product(s, 1, 2) + s.input(0),
    "addmm": lambda s: s.given(3) * s.input(0) + s.given(4) * _product(s, 1, 2),
    "addmv": lambda s: s.given(3) * s.input(0) + s.given(4) * _product(s, 1, 2),
    "t": lambda s: _turns(s, s.input(0), s.shape(0)),
    "transpose": lambda s: _turns(s, s.input(0), s.shape(0)),
    "permute": lambda s: _turns(s, s.input(0), s.shape(0)),
    "inverse": lambda s: T.inverse(s.input(0)),
    "det": lambda s: T.det(s.input(0)),
    "trace": lambda s: T.trace(s.input(0)),
    "linalg_solve": _solve,
    "select": _part,
    "diagonal": lambda s: T.diagonal_of(s.input(0)),
    "expand": lambda s: s.input(0),
    "stack_dim": _stack,
    **dict.fromkeys(_RESHAPED, lambda s: T.reshape(s.input(0), s.out)),
    **dict.fromkeys((*_COPIED, "detach"), lambda s: s.input(0)),
}
"""What an operation gives, by the name of its record."""

BACK: Mapping[str, tuple[Back | None, ...]] = {
    "sum_all": (lambda s, g: _sum_back(s, g, all=True),),
    "sum_dim": (_sum_back,),
    "mean_all": (lambda s, g: _sum_back(s, g, share=True, all=True),),
    "mean_dim": (lambda s, g: _sum_back(s, g, share=True),),
    "max_all": (_extreme_back(True),),
    "min_all": (_extreme_back(True),),
    "amax": (_extreme_back(False),),
    "amin": (_extreme_back(False),),
    "prod_all": (lambda s, g: g * s.y / s.input(0),),
    "var_dim": (_var_back,),
    "std_dim": (_std_back,),
    "linalg_vector_norm": (_norm_back,),
    "logsumexp": (_logsumexp_back,),
    "softmax_dim": (_softmax_back,),
    "log_softmax_dim": (_log_softmax_back,),
    "mse_loss": (lambda s, g: _mse_back(s, g, 1), lambda s, g: _mse_back(s, g, -1)),
    "nll_loss": (_nll_back,),
    "binary_cross_entropy_with_logits": (_logits_back,),
    "mm": (lambda s, g: _product_left(s, g, 0, 1), lambda s, g: _product_right(s, g, 0, 1)),
    "bmm": (lambda s, g: _product_left(s, g, 0, 1), lambda s, g: _product_right(s, g, 0, 1)),
    "mv": (lambda s, g: _product_left(s, g, 0, 1), lambda s, g: _product_right(s, g, 0, 1)),
    "dot": (lambda s, g: g * s.input(1), lambda s, g: g * s.input(0)),
    "outer_product": (
        lambda s, g: T.matmul(full(g, s.out), s.input(1), (s.out, s.shape(1))),
        lambda s, g: T.matmul(T.transpose(full(g, s.out)), s.input(0), (turned(s.out), s.shape(0))),
    ),
    "linear_addmm": (
        lambda s, g: fit(g, s.out, s.shape(0)),
        lambda s, g: _product_left(s, g, 1, 2),
        lambda s, g: _product_right(s, g, 1, 2),
    ),
    "addmm": (
        lambda s, g: s.given(3) * fit(g, s.out, s.shape(0)),
        lambda s, g: s.given(4) * _product_left(s, g, 1, 2),
        lambda s, g: s.given(4) * _product_right(s, g, 1, 2),
    ),
    "addmv": (
        lambda s, g: s.given(3) * fit(g, s.out, s.shape(0)),
        lambda s, g: s.given(4) * _product_left(s, g, 1, 2),
        lambda s, g: s.given(4) * _product_right(s, g, 1, 2),
    ),
    "t": (lambda s, g: _turns(s, g, s.out),),
    "transpose": (lambda s, g: _turns(s, g, s.out),),
    "permute": (lambda s, g: _turns(s, g, s.out),),
    "inverse": (_inverse_back,),
    "det": (lambda s, g: g * s.y * T.transpose(T.inverse(s.input(0))),),
    "trace": (lambda s, g: g * T.eye(s.shape(0)[0]),),
    "linalg_solve": (_solve_back_matrix, _solve_back),
    "select": (_part_back,),
    "expand": (lambda s, g: fit(g, s.out, s.shape(0)),),
    "diagonal": (_diagonal_back,),
    **dict.fromkeys(_RESHAPED, (_reshaped,)),
    **dict.fromkeys(_COPIED, (lambda s, g: g,)),
}
"""The gradient of each input, by the name of the record. `stack_dim` has as many as there are tensors: `stack_back`."""

OWN_NAME = ("softmax_dim",)
"""What is called by its name in the formulas of what comes of it, if the program gave it one: it is there so often."""
