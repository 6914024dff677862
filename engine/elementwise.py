"""A function of arrays as one kernel of a device, if it is elementwise.

On a device a launch costs more than the arithmetic of a small array, and of a large one every pass over memory counts;
``g * (1 - y * y)`` is three of both. No record has a second formula for that: a derivative rule, a forward or an
optimizer's formula is run once on symbols, which write down what is done to them in CUDA's C++, and CuPy compiles the
text when it is first launched (`cupy.ElementwiseKernel`, named after the operation). What a symbol cannot write down (a
sum, a shape, a function that CUDA has not) is left as it is: a launch for each of its operations.

The text is one operation a statement, ``const C t3 = t1 * t2;``. ``C`` is the type computed in: that of the arrays, and
float for float16, which is rounded once at the end, as in PyTorch's kernels.
"""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from engine import backend
from engine.tensor import Tensor

__all__ = ["CALLS", "WIDTHS", "Elementwise", "Functions", "Symbol", "Trace", "Untraceable", "compiled"]

CALLS: dict[str, str] = {
    **dict.fromkeys(("absolute", "abs", "fabs"), "fabs"),
    **{f"arc{name}": f"a{name}" for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "tan2")},
    **{
        name: name
        for name in (
            *("sin", "cos", "tan", "sinh", "cosh", "tanh", "exp", "exp2", "expm1", "log", "log2", "log10"),
            *("log1p", "sqrt", "cbrt", "floor", "ceil", "trunc", "rint", "hypot", "fmod", "copysign", "erf"),
            *("erfc", "erfinv", "erfcx", "fmax", "fmin", "nextafter"),
        )
    },
    "gammaln": "lgamma",
    "power": "pow",
    "round": "rint",
}
"""Functions of the array libraries that CUDA has for float and double under this name."""

_TWO = {"atan2", "copysign", "fmax", "fmin", "fmod", "hypot", "nextafter", "pow"}
_TESTS = ("isnan", "isinf", "isfinite")
_ARITHMETIC = {"add": "+", "subtract": "-", "multiply": "*", "true_divide": "/", "divide": "/"}
_COMPARISONS = {"less": "<", "less_equal": "<=", "greater": ">", "greater_equal": ">=", "equal": "=="}
_COMPARISONS["not_equal"] = "!="
WIDTHS = {"e": ("float", "float32"), "f": ("float", "float32"), "d": ("double", "float64")}
"""The type computed in, in C and in NumPy, by the character of the arrays' dtype."""
_MOST = 256
"""How many settings of one function are remembered, if its text depends on them."""
_ASKED = object()
"""In place of a kernel: the text depends on the values of numbers, or on shapes."""

Number = (float, int, np.number)


class Untraceable(Exception):
    """The function does what a symbol cannot write down."""


class Asked(Untraceable):
    """It depends on the value of a number, or on a shape."""


class _Kind:
    """In place of a symbol's dtype: a floating one, no matter which."""

    kind, char = "f", "?"

    def type(self, value: Any) -> Any:
        return value if isinstance(value, Symbol) else float(value)


_KIND = _Kind()


class Trace:
    """The statements written so far.

    Args:
        slots: numbers become parameters of the kernel, so that one text serves all their values.
    """

    def __init__(self, slots: bool) -> None:
        self.slots = slots
        self.lines: list[str] = []
        self.known: dict[str, str] = {}
        self.numbers: list[float] = []
        self.operations = 0

    def add(self, text: str, *, truth: bool = False, shape: Any = None, load: bool = False) -> Symbol:
        """A symbol of what `text` computes, which is written down unless it was before."""
        name = self.known.get(text)
        if name is None:
            name = self.known[text] = f"t{len(self.lines)}"
            self.lines.append(f"const {'bool' if truth else 'C'} {name} = {text};")
            self.operations += not load
        return Symbol(self, name, truth, shape)  # a new one: it may be written over

    def operand(self, value: Any) -> str:
        """How a symbol or a number is written where a number is wanted."""
        if isinstance(value, Symbol):
            return f"C({value.name})" if value.truth else value.name
        if type(value) is bool or not isinstance(value, Number):
            raise Untraceable(f"{value!r} is no number")
        number = float(value)
        if self.slots or not math.isfinite(number):
            self.numbers.append(number)
            return f"s{len(self.numbers) - 1}"
        return f"C({number!r})"

    def condition(self, value: Any) -> str:
        """How it is written where a truth value is wanted."""
        if isinstance(value, Symbol):
            return value.name if value.truth else f"{value.name} != C(0.0)"
        raise Untraceable(f"{value!r} is no condition")


class Symbol:
    """Stands for an array; what is done to it is written down."""

    __array_ufunc__ = None  # NumPy's numbers leave the operation to the symbol
    __hash__ = None  # type: ignore[assignment]
    dtype = _KIND

    def __init__(self, trace: Trace, name: str, truth: bool = False, shape: Any = None) -> None:
        self.trace, self.name, self.truth, self._shape = trace, name, truth, shape

    @property
    def shape(self) -> Any:
        if self._shape is None:
            raise Asked("a shape")
        return self._shape

    @property
    def functions(self) -> Functions:
        """What stands for the array library it is of."""
        return Functions(self.trace)

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    def __neg__(self) -> Symbol:
        return self.trace.add(f"-{self.trace.operand(self)}")

    def __invert__(self) -> Symbol:
        if not self.truth:
            raise Untraceable("~ of a number")
        return self.trace.add(f"!{self.name}", truth=True)

    def __abs__(self) -> Symbol:
        return self.trace.add(f"fabs({self.trace.operand(self)})")

    def __pow__(self, exponent: Any) -> Symbol:
        if isinstance(exponent, Number) and exponent == 2:
            return self.trace.add(f"{self.trace.operand(self)} * {self.trace.operand(self)}")
        if isinstance(exponent, Number) and exponent == 0.5:
            return self.trace.add(f"sqrt({self.trace.operand(self)})")
        return self.trace.add(f"pow({self.trace.operand(self)}, {self.trace.operand(exponent)})")

    def __rpow__(self, base: Any) -> Symbol:
        return self.trace.add(f"pow({self.trace.operand(base)}, {self.trace.operand(self)})")

    def __bool__(self) -> bool:
        raise Asked("what a value is")

    def __float__(self) -> float:
        raise Asked("what a value is")

    def __setitem__(self, key: Any, value: Any) -> None:
        if key is not Ellipsis:
            raise Untraceable("a part is written to")
        self._become(value)

    def _become(self, value: Any) -> Symbol:
        """Be the result from now on, as an array that is written over."""
        new = value if isinstance(value, Symbol) else self.trace.add(self.trace.operand(value), load=True)
        self.name, self.truth = new.name, new.truth
        return self

    def astype(self, kind: Any) -> Symbol:
        if kind is not _KIND:
            raise Untraceable("another dtype")
        return self.trace.add(f"C({self.name})") if self.truth else self

    def clip(self, low: Any = None, high: Any = None) -> Any:
        return self.functions.clip(self, low, high)

    def copy(self) -> Symbol:
        return Symbol(self.trace, self.name, self.truth, self._shape)

    def __getattr__(self, name: str) -> Any:
        raise Untraceable(f".{name} of an array")


def _operation(sign: str, swapped: bool, truth: bool) -> Callable[[Symbol, Any], Symbol]:
    def call(self: Symbol, other: Any) -> Symbol:
        a, b = (other, self) if swapped else (self, other)
        return self.trace.add(f"{self.trace.operand(a)} {sign} {self.trace.operand(b)}", truth=truth)

    return call


def _logical(sign: str) -> Callable[[Symbol, Any], Symbol]:
    def call(self: Symbol, other: Any) -> Symbol:
        if not (self.truth and isinstance(other, Symbol) and other.truth):
            raise Untraceable("bits of numbers")
        return self.trace.add(f"{self.name} {sign} {other.name}", truth=True)

    return call


def _over(name: str) -> Callable[[Symbol, Any], Symbol]:
    return lambda self, other: self._become(getattr(self, name)(other))


for _name, _sign in (("add", "+"), ("sub", "-"), ("mul", "*"), ("truediv", "/")):
    setattr(Symbol, f"__{_name}__", _operation(_sign, False, False))
    setattr(Symbol, f"__r{_name}__", _operation(_sign, True, False))
    setattr(Symbol, f"__i{_name}__", _over(f"__{_name}__"))
for _name, _sign in (("lt", "<"), ("le", "<="), ("gt", ">"), ("ge", ">="), ("eq", "=="), ("ne", "!=")):
    setattr(Symbol, f"__{_name}__", _operation(_sign, False, True))
for _name, _sign in (("and", "&&"), ("or", "||"), ("xor", "!=")):
    setattr(Symbol, f"__{_name}__", _logical(_sign))


class Functions:
    """Stands for an array library and its ``scipy.special``, and for the ``F`` of derivative rules."""

    recording = False

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self.scipy = self

    def __getattr__(self, name: str) -> Any:
        from engine.registry import OPS

        trace = self._trace
        sign = _ARITHMETIC.get(name) or _COMPARISONS.get(name)
        if sign is not None:
            truth = name in _COMPARISONS
            return lambda a, b: trace.add(f"{trace.operand(a)} {sign} {trace.operand(b)}", truth=truth)
        if name in CALLS:
            return functools.partial(self._called, CALLS[name])
        if name in _TESTS:
            return lambda a: trace.add(f"{name}({trace.operand(a)})", truth=True)
        if name in OPS:
            return functools.partial(OPS[name].forward, self)
        raise Untraceable(f"there is no {name} in a kernel")

    def _called(self, function: str, *args: Any) -> Symbol:
        if len(args) != 1 + (function in _TWO):
            raise Untraceable(f"{function} of {len(args)} arguments")
        return self._trace.add(f"{function}({', '.join(map(self._trace.operand, args))})")

    def where(self, condition: Any, a: Any, b: Any) -> Symbol:
        trace = self._trace
        return trace.add(f"{trace.condition(condition)} ? {trace.operand(a)} : {trace.operand(b)}")

    def maximum(self, a: Any, b: Any, out: Symbol | None = None) -> Symbol:
        larger = self._chosen(a, b, ">=")
        return larger if out is None else out._become(larger)

    def minimum(self, a: Any, b: Any) -> Symbol:
        return self._chosen(a, b, "<=")

    def _chosen(self, a: Any, b: Any, sign: str) -> Symbol:
        """The larger or smaller of two; NaN if either is."""
        trace = self._trace
        a, b = (x if isinstance(x, Symbol) else trace.add(trace.operand(x), load=True) for x in (a, b))
        mine = trace.add(f"{a.name} {sign} {b.name}", truth=True) | (a != a)
        return self.where(mine, a, b)

    def clip(self, a: Any, low: Any = None, high: Any = None) -> Any:
        if low is not None:
            a = self.maximum(a, low)
        return a if high is None else self.minimum(a, high)

    def sign(self, a: Any) -> Symbol:
        return self.where(a > 0, 1.0, self.where(a < 0, -1.0, a))

    def negative(self, a: Any) -> Any:
        return -a

    def square(self, a: Any) -> Any:
        return a * a

    def logical_and(self, a: Any, b: Any) -> Any:
        return a & b

    def logical_or(self, a: Any, b: Any) -> Any:
        return a | b

    def logical_not(self, a: Any) -> Any:
        return ~a

    def asarray(self, a: Any, dtype: Any = None) -> Any:
        if not isinstance(a, Symbol) or dtype not in (None, _KIND):
            raise Untraceable("a new array")
        return a


def takes_kernels() -> bool:
    """Whether the library of CUDA takes kernels as text. One whose arrays are in another process does not; then
    formulas are run as they are."""
    return hasattr(backend.cupy(), "ElementwiseKernel")


@functools.cache
def compiled(parameters: str, results: str, text: str, name: str, width: str) -> Any:
    """The kernel of a text; CuPy compiles it at its first launch. None where the array library takes no texts."""
    xp = backend.cupy()
    if xp is None or not takes_kernels():
        return None
    return xp.ElementwiseKernel(parameters, results, text, name, preamble=f"typedef {width} C;")


def _kind(value: Any) -> Any:
    """What the text depends on: the dtype of an array, that something is a number, anything else itself."""
    dtype = getattr(value, "dtype", None)
    if isinstance(dtype, np.dtype):
        if isinstance(value, (np.ndarray, np.generic)):
            return "host" if value.ndim else Number
        return dtype.char
    if isinstance(value, Tensor):
        raise TypeError("a tensor among the settings")
    return Number if isinstance(value, Number) and value is not True and value is not False else value


class _Launch:
    """One kernel, and what it is given."""

    __slots__ = ("kernel", "numbers", "takes")

    def __init__(self, kernel: Any, takes: tuple[int, ...], numbers: tuple[float, ...]) -> None:
        self.kernel, self.takes, self.numbers = kernel, takes, numbers

    def __call__(self, args: tuple[Any, ...]) -> Any:
        given = [args[k] for k in self.takes]
        return self.kernel(
            *(float(a) if isinstance(a, (np.ndarray, *Number)) else a for a in given), *self.numbers
        )


class Elementwise:
    """`function` of a namespace and arrays, in one launch where that can be.

    Args:
        function: ``(xp or F, *arguments)``; its parameters name those of the kernel.
        name: the kernel's.
    """

    def __init__(self, function: Callable[..., Any], name: str) -> None:
        self.function, self.name = function, name
        self.__signature__ = inspect.signature(function)
        self.names = list(self.__signature__.parameters)[1:]
        self.launches: dict[Any, Any] = {}

    def __call__(self, F: Any, *args: Any) -> Any:
        launch = self.launch(args)
        return self.function(F, *args) if launch is None else launch(args)

    def launch(self, args: tuple[Any, ...]) -> _Launch | None:
        """What to launch for these arguments; None if it is left as it is."""
        launches = self.launches
        try:
            key: Any = tuple(map(_kind, args))
            found = launches.get(key, launches)
        except TypeError:  # an argument that is no setting: a list, a tensor
            return None
        if found is launches:
            found = launches[key] = self._made(args, key, False)
        if found is _ASKED:
            key = (
                *key,
                *(
                    a.shape if type(k) is str and hasattr(a, "shape") else a
                    for k, a in zip(key, args, strict=True)
                ),
            )
            found = launches.get(key, launches)
            if found is launches:
                if len(launches) > _MOST:
                    launches.clear()
                found = launches[key] = self._made(args, key, True)
        return found if isinstance(found, _Launch) else None

    def _made(self, args: tuple[Any, ...], key: Any, by_value: bool) -> Any:
        """A launch; None for what is no kernel; `_ASKED` if the text depends on more than is in the key."""
        arrays = [k for k, a in enumerate(args) if backend.is_elsewhere(a) and hasattr(a, "dtype")]
        chars = {args[k].dtype.char for k in arrays} - {"?"}
        if len(chars) != 1 or not chars <= set(WIDTHS):
            return None
        kind = chars.pop()
        width, dtype = WIDTHS[kind]
        trace = Trace(slots=by_value)
        parameters: list[str] = []
        takes: list[int] = []
        given: list[Any] = []
        for k, (a, name) in enumerate(zip(args, self.names, strict=False)):
            number = key[k] is Number
            if k in arrays or (number and not by_value):
                parameters.append(f"{dtype if number else a.dtype} {name}_in")
                takes.append(k)
                truth = not number and a.dtype.char == "?"
                shape = a.shape if by_value else None
                given.append(trace.add(f"{name}_in", truth=truth, shape=shape, load=True))
            else:
                given.append(a.item() if number and isinstance(a, (np.ndarray, np.generic)) else a)
        try:
            result = self.function(Functions(trace), *given)
        except Asked:
            return None if by_value else _ASKED
        except Exception:  # whatever else it does is no arithmetic on its arguments
            return None
        if not isinstance(result, Symbol) or result.truth or trace.operations < 2:
            return None
        parameters += [f"{dtype} s{k}" for k in range(len(trace.numbers))]
        text = "\n".join([*trace.lines, f"result = {result.name};"])
        kernel = compiled(", ".join(parameters), f"{np.dtype(kind)} result", text, self.name, width)
        return kernel and _Launch(kernel, tuple(takes), tuple(trace.numbers))
