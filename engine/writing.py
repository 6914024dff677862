"""The methods that write into their tensor, ``x.name_()``, and operators such as ``x += y``.

Most are the operation of the same name, its result written where the input was (`engine.inplace.apply_inplace`). Those
whose function chooses among several operations by its arguments are run through `_Redirected`, which lets the function
choose and then writes. Those that only change how the memory is looked at (``t_``, ``resize_``) are at the end.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from engine import backend, dtypes, random, sampling
from engine.dispatch import KEYWORDS, composite
from engine.graph import Node
from engine.inplace import apply_inplace, bump, check_writable
from engine.ops import arithmetic, copies, index, linalg, reduce, scan, scatter, shape, special
from engine.overloads import refuse
from engine.registry import OPS, Op
from engine.state import Layer, S
from engine.tensor import Tensor

IN_PLACE: dict[str, Callable[..., Tensor]] = {}
"""Every in-place method by name; some are functions (``torch.sin_``) too, see `is_function`."""


def _in_place(op_name: str, arguments: Callable[..., tuple[Any, ...]] | None = None) -> Callable[..., Tensor]:
    op = OPS[op_name]
    names, defaults = op.params[1:], op.defaults[1:]

    def call(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        try:
            if arguments is not None:
                return apply_inplace(op, self, arguments(*args, **kwargs))
            named = {KEYWORDS.get(k, k) if k not in names else k: v for k, v in kwargs.items()}
            values = {**dict(zip(names, args, strict=False)), **named}
            full = tuple([values.get(n, default) for n, default in zip(names, defaults, strict=True)])
            if absent := [n for n, v in zip(names, full, strict=True) if v is inspect.Parameter.empty]:
                raise TypeError(f'{op_name}_() missing 1 required positional arguments: "{absent[0]}"')
            return apply_inplace(op, self, full)
        except Exception:
            refuse(f"{op_name}_", args, kwargs, method=True)
            raise

    call.__name__ = call.__qualname__ = f"{op_name}_"
    call.__doc__ = f"In place: {op.doc}"
    return call


class _Redirected(Layer):
    """Lets a function choose its operation, and writes that operation's result into `target`."""

    def __init__(self, target: Tensor) -> None:
        self.target = target
        self.written = False

    def __enter__(self) -> None:
        self._before = S.layers, S.slow
        S.layers, S.slow = (*S.layers, self), True

    def __exit__(self, *_: object) -> None:
        S.layers, S.slow = self._before

    def run(self, op: Op, args: tuple[Any, ...]) -> Any:
        below, slow = self._before
        here = S.layers, S.slow
        S.layers, S.slow = below, slow
        try:
            if not op.variadic and args[0] is self.target and not op.view:
                self.written = True
                return apply_inplace(op, self.target, args[1:])
            return op.call(*args)
        finally:
            S.layers, S.slow = here

    def inplace(self, op: Op, target: Tensor, args: tuple[Any, ...]) -> Tensor:
        below, slow = self._before
        here = S.layers, S.slow
        S.layers, S.slow = below, slow
        try:
            return apply_inplace(op, target, args)
        finally:
            S.layers, S.slow = here


def redirected(name: str, function: Callable[..., Any]) -> Callable[..., Tensor]:
    """`function` of a tensor, in place."""

    def call(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        layer = _Redirected(self)
        with layer:
            result = function(self, *args, **kwargs)
        if not layer.written:
            apply_inplace(OPS["copy"], self, (result,))
        return self

    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"In place: {(function.__doc__ or '').strip()}"
    return call


def _scaled(other: Any, *, alpha: Any = 1) -> tuple[Any, ...]:
    return (other if alpha == 1 else other * alpha,)


def _pow_(self: Tensor, exponent: Any) -> Tensor:
    name = "pow_tensor" if isinstance(exponent, Tensor) else "pow_tensor_scalar"
    return apply_inplace(OPS[name], self, (exponent,))


def _remainder_(self: Tensor, other: Any) -> Tensor:
    name = "remainder_tensor" if isinstance(other, Tensor) else "remainder_scalar"
    return apply_inplace(OPS[name], self, (other,))


def _div_(self: Tensor, other: Any, *, rounding_mode: str | None = None) -> Tensor:
    if rounding_mode is None:
        return apply_inplace(OPS["div"], self, (other,))
    return redirected("div_", arithmetic.div)(self, other, rounding_mode=rounding_mode)


def _float_power_(self: Tensor, exponent: Any) -> Tensor:
    """In place: each element to a power, of a float64 tensor."""
    if self.dtype is not dtypes.float64:
        raise RuntimeError(
            f"the base given to float_power_ has dtype {dtypes.scalar_type_name(self.dtype)} but the operation's "
            "result requires dtype Double"
        )
    return _pow_(self, exponent)


def _comparing(name: str) -> Callable[..., Tensor]:
    plain = _in_place(name)

    def call(self: Tensor, other: Any) -> Tensor:
        tensor = isinstance(other, Tensor)
        if (
            S.grad_enabled
            and self.dtype.differentiable
            and (self.requires_grad or (tensor and other.requires_grad))
        ):
            return apply_inplace(
                OPS[f"{name}_in_place" if tensor else f"{name}_scalar_in_place"], self, (other,)
            )
        return plain(self, other)

    call.__name__, call.__doc__ = f"{name}_", plain.__doc__
    return call


def _conj_physical_(self: Tensor) -> Tensor:
    """In place: the complex conjugate."""
    return apply_inplace(OPS["conj"], self, ()) if self.dtype.is_complex else self


# fmt: off
_NAMED = (
    "mul", "atan2", "addcmul", "addcdiv", "tril", "triu", "nan_to_num", "logit", "floor_divide",
    "logical_and", "logical_or", "logical_xor", "bitwise_and", "bitwise_or", "bitwise_xor",
    "bitwise_left_shift", "bitwise_right_shift", "xlogy", "hypot", "gcd", "lcm", "ldexp", "nextafter",
    "heaviside", "igamma", "igammac", "logical_not", "bitwise_not",
)
# fmt: on
"""Operations whose in-place form takes the same arguments in the same order."""

_CHOSEN: dict[str, Callable[..., Any]] = {
    "addbmm_": linalg.addbmm,
    "addmv_": linalg.addmv,
    "addr_": linalg.addr,
    "baddbmm_": linalg.baddbmm,
    "clamp_": arithmetic.clamp,
    "clamp_min_": arithmetic.clamp_min,
    "clamp_max_": arithmetic.clamp_max,
    "copysign_": special.copysign,
    "cumprod_": reduce.cumprod,
    "cumsum_": reduce.cumsum,
    "fmod_": arithmetic.fmod,
    "index_add_": index.index_add,
    "index_copy_": scatter.index_copy,
    "index_fill_": scatter.index_fill,
    "index_reduce_": scatter.index_reduce,
    "lerp_": arithmetic.lerp,
    "masked_fill_": arithmetic.masked_fill,
    "masked_scatter_": scatter.masked_scatter,
    "mvlgamma_": special.mvlgamma,
    "polygamma_": lambda self, n: special.polygamma(n, self),
    "put_": scatter.put,
    "renorm_": scan.renorm,
    "round_": arithmetic.round,
    "scatter_": index.scatter,
    "scatter_add_": index.scatter_add,
    "scatter_reduce_": scatter.scatter_reduce,
    "square_": arithmetic.square,
}
"""Functions that choose an operation; see `redirected`."""

_ALIASES = {
    "multiply_": "mul_",
    "subtract_": "sub_",
    "divide_": "div_",
    "true_divide_": "div_",
    "clip_": "clamp_",
    "absolute_": "abs_",
    "negative_": "neg_",
    "arctan2_": "atan2_",
    "fix_": "trunc_",
    "greater_": "gt_",
    "greater_equal_": "ge_",
    "less_": "lt_",
    "less_equal_": "le_",
    "not_equal_": "ne_",
    **{f"arc{name}_": f"a{name}_" for name in ("cos", "cosh", "sin", "sinh", "tan", "tanh")},
}


def attach() -> None:
    """Give `Tensor` all of these."""
    for name, op in OPS.items():
        if op.kind == "pointwise" and op.n_inputs == 1 and len(op.params) == 1 and not op.view:
            IN_PLACE[f"{name}_"] = _in_place(name)
    for name in _NAMED:
        IN_PLACE[f"{name}_"] = _in_place(name)
    for name in ("eq", "ne", "lt", "le", "gt", "ge"):
        IN_PLACE[f"{name}_"] = _comparing(name)
    for name, function in _CHOSEN.items():
        IN_PLACE[name] = redirected(name, function)
    IN_PLACE["add_"] = _in_place("add", _scaled)
    IN_PLACE["sub_"] = _in_place("sub", _scaled)
    IN_PLACE["div_"] = _div_
    IN_PLACE["fill_"] = index.fill_
    IN_PLACE["zero_"] = _in_place("zero")
    IN_PLACE["addmm_"] = _in_place("addmm", lambda mat1, mat2, *, beta=1, alpha=1: (mat1, mat2, beta, alpha))
    IN_PLACE["pow_"] = _pow_
    IN_PLACE["float_power_"] = _float_power_
    IN_PLACE["remainder_"] = _remainder_
    IN_PLACE["copy_"] = index.copy_
    IN_PLACE["index_put_"] = index.index_put_
    IN_PLACE["conj_physical_"] = _conj_physical_
    for name, sampler in _SAMPLERS.items():
        IN_PLACE[name] = _random_fill(name, sampler)
    for name, look in _LOOKS.items():
        IN_PLACE[name] = _looking(name, look)
    for alias, name in _ALIASES.items():
        IN_PLACE[alias] = IN_PLACE[name]
    for form in (apply_, fill_diagonal_, map_, map2_, resize_, resize_as_, set_):
        IN_PLACE[form.__name__] = form
    for name, method in IN_PLACE.items():
        setattr(Tensor, name, method)
    for symbol, name in {
        "add": "add_",
        "sub": "sub_",
        "mul": "mul_",
        "truediv": "div_",
        "pow": "pow_",
        "mod": "remainder_",
        "floordiv": "floor_divide_",
        "and": "bitwise_and_",
        "or": "bitwise_or_",
        "xor": "bitwise_xor_",
        "lshift": "bitwise_left_shift_",
        "rshift": "bitwise_right_shift_",
    }.items():
        setattr(Tensor, f"__i{symbol}__", IN_PLACE[name])


def is_function(name: str) -> bool:
    """Whether an in-place method is a function too, as ``torch.sin_`` is."""
    op = OPS.get(name[:-1])
    return (op is not None and op.n_inputs == 1 and len(op.params) == 1) or name in _FUNCTIONS


_FUNCTIONS = {
    *(
        "clamp_",
        "fill_",
        "relu_",
        "addmv_",
        "as_strided_",
        "clamp_max_",
        "clamp_min_",
        "clip_",
        "fix_",
        "gcd_",
    ),
    *(
        "index_put_",
        "lcm_",
        "ldexp_",
        "logit_",
        "nan_to_num_",
        "negative_",
        "resize_as_",
        "square_",
        "xlogy_",
    ),
    *("conj_physical_", *(f"arc{name}_" for name in ("cos", "cosh", "sin", "sinh", "tan", "tanh"))),
}


_SAMPLERS: dict[str, Callable[..., Any]] = {
    "uniform_": lambda shape, kind, low=0.0, high=1.0, *, generator=None: sampling.uniform(
        shape, kind, low, high, generator
    ),
    "normal_": lambda shape, kind, mean=0.0, std=1.0, *, generator=None, contiguous: sampling.normal(
        shape, kind, mean, std, generator, contiguous
    ),
    "exponential_": lambda shape, kind, lambd=1.0, *, generator=None: sampling.exponential(
        shape, kind, lambd, generator
    ),
    "bernoulli_": lambda shape, kind, p=0.5, *, generator=None: (
        sampling.bernoulli(p._data, kind, generator)
        if isinstance(p, Tensor)
        else sampling.bernoulli_scalar(shape, kind, p, generator)
    ),
    "random_": lambda shape, kind, low=None, high=None, *, generator=None: (
        sampling.random(shape, kind, generator)
        if low is None
        else sampling.randint(
            0 if high is None else low, low if high is None else high, shape, kind, generator
        )
    ),
    "cauchy_": lambda shape, kind, median=0.0, sigma=1.0, *, generator=None: sampling.cauchy(
        shape, kind, median, sigma, generator
    ),
    "log_normal_": lambda shape, kind, mean=1.0, std=2.0, *, generator=None: sampling.log_normal(
        shape, kind, mean, std, generator
    ),
    "geometric_": lambda shape, kind, p, *, generator=None: sampling.geometric(shape, kind, p, generator),
}


def _random_fill(name: str, sampler: Callable[..., Any]) -> Callable[..., Tensor]:
    rename = {"from": "low", "to": "high", "a": "low", "b": "high"}

    def call(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        array = self._data
        keywords = {rename.get(k, k): v for k, v in kwargs.items()}
        keywords["generator"] = random.generator_for(self.device, keywords.get("generator"))

        if args and isinstance(args[0], Tensor):  # probabilities, one for each element
            each = backend.module_of(args[0]._data).broadcast_to(args[0]._data, array.shape)
            args = (Tensor._wrap(each.transpose(sampling.memory_order(array))), *args[1:])

        def sample(shape: Any, contiguous: bool) -> Any:
            layout = {"contiguous": contiguous} if name == "normal_" else {}
            return sampler(shape, array.dtype, *args, **keywords, **layout)

        values = sampling.in_memory_order(array, sample)
        return apply_inplace(OPS["copy"], self, (Tensor._wrap(backend.to_device(values, self.device)),))

    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"Fill with random numbers, in place: `{name}`."
    return composite(name)(call)


# --- Looking at the same memory another way --------------------------------------------------------------------------


def _looking(name: str, look: Callable[..., Any]) -> Callable[..., Tensor]:
    def call(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        if S.grad_enabled:
            check_writable(self)
        return _become(self, look(self, *args, **kwargs))

    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"In place: {(look.__doc__ or '').strip()}"
    return call


def _become(self: Tensor, other: Tensor) -> Tensor:
    """Let `self` be what its view `other` is."""
    if other is self:
        return self
    leaf = self._edge is not None and self._edge[0].is_leaf_node
    if self._view is not None:
        self._view = other._view
    self._data = other._data
    if leaf:
        assert self._edge is not None
        self._edge[0].out_shape, self._edge[0].out_dtype = self._data.shape, self._data.dtype
    else:
        self._edge = other._edge
        if self._edge is not None and self._edge[0].op is not None:
            node = self._edge[0]
            kind: Any = type(node)
            node.__class__ = _second_form(kind)
    bump(self)
    if self._view is not None:
        self._view.version = self._version
    return self


@functools.cache
def _second_form(kind: Any) -> type[Node]:
    """The backward of the in-place form, which PyTorch counts as another: ``TBackward1``."""
    name = kind.__name__
    return type(f"{name[:-1]}1", (kind,), {"__slots__": ()}) if name.endswith("0") else kind


_LOOKS: dict[str, Callable[..., Any]] = {
    "as_strided_": copies.as_strided,
    "squeeze_": shape.squeeze,
    "swapaxes_": shape.transpose,
    "swapdims_": shape.transpose,
    "t_": shape.t,
    "transpose_": shape.transpose,
    "unsqueeze_": shape.unsqueeze,
}


def fill_diagonal_(self: Tensor, fill_value: Any, wrap: bool = False) -> Tensor:
    """One number along the diagonal, in place; again below it in a tall matrix, with `wrap`.

    Raises:
        RuntimeError: for fewer than two dimensions, or more of different lengths.
    """
    if self.ndim < 2:
        raise RuntimeError("dimensions must larger than 1")
    if self.ndim > 2 and len(set(self._data.shape)) > 1:
        raise RuntimeError("all dimensions of input must be of equal length")
    rows, columns = self._data.shape[:2]
    step = sum(self.stride())
    copies.as_strided(self, (min(rows, columns),), (step,)).fill_(fill_value)
    if wrap and self.ndim == 2 and rows > columns + 1:
        below = (columns + 1) * self.stride(0)
        count = (rows - columns - 1) * columns
        size = -(-count // (columns + 1))
        copies.as_strided(self, (size,), (step,), self.storage_offset() + below).fill_(fill_value)
    return self


def resize_(self: Tensor, *size: Any, memory_format: Any = None) -> Tensor:
    """Change the shape in place; elements keep their order, what is new beyond the old ones is 0.

    Raises:
        RuntimeError: if it requires grad.
    """
    sizes = tuple(size[0]) if len(size) == 1 and not isinstance(size[0], int) else size
    if self.requires_grad:
        raise RuntimeError("cannot resize variables that require grad")
    flat, count = self._data.reshape(-1), int(np.prod(sizes, dtype=np.int64))
    for observer in S.observers:
        observer.before_write(self)
    if count > flat.size:
        flat = np.concatenate([flat, backend.beside(flat, np.zeros(count - flat.size, flat.dtype))])
    self._data = flat[:count].reshape(sizes)
    return self


def resize_as_(self: Tensor, other: Tensor, memory_format: Any = None) -> Tensor:
    """`resize_` to the shape of `other`."""
    return resize_(self, *other._data.shape)


def set_(self: Tensor, source: Tensor | None = None) -> Tensor:
    """Look at the memory of `source` from now on, or at none."""
    if S.grad_enabled:
        check_writable(self)
    for observer in S.observers:
        observer.before_write(self)
    self._data = np.empty(0, self._data.dtype) if source is None else source._data
    bump(self)
    return self


def apply_(self: Tensor, function: Callable[[Any], Any]) -> Tensor:
    """Replace each element by ``function(element)``, in place."""
    return _elementwise("apply_", self, (), function)


def map_(self: Tensor, tensor: Tensor, function: Callable[[Any, Any], Any]) -> Tensor:
    """Replace each element by ``function(element, other)``, in place."""
    return _elementwise("map_", self, (tensor,), function)


def map2_(self: Tensor, x: Tensor, y: Tensor, function: Callable[[Any, Any, Any], Any]) -> Tensor:
    """Replace each element by ``function(element, x, y)``, in place."""
    return _elementwise("map2_", self, (x, y), function)


def _elementwise(name: str, self: Tensor, others: tuple[Tensor, ...], function: Callable[..., Any]) -> Tensor:
    if any(t.requires_grad for t in (self, *others)):
        raise TypeError(
            f"Can't call {name}() on Variable that requires grad. Use var.detach().{name}() instead."
        )
    if any(t.is_cuda for t in (self, *others)):
        raise TypeError(f"{name} is only implemented on CPU tensors")
    columns = [np.broadcast_to(t._data, self._data.shape).ravel().tolist() for t in (self, *others)]
    values = [function(*row) for row in zip(*columns, strict=True)]
    for observer in S.observers:
        observer.before_write(self)
    self._data[...] = np.array(values, self._data.dtype).reshape(self._data.shape)
    bump(self)
    return self
