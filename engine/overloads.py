"""What PyTorch says of a call that fits none of a function's signatures.

`SIGNATURES` has them as PyTorch prints them; `refusal` follows its parser (``torch/csrc/utils/python_arg_parser.cpp``
and ``invalid_arguments.cpp``). Nothing here runs before something has failed: a call that works pays nothing.
"""

from __future__ import annotations

import dis
import functools
import re
import sys
from types import FrameType, FunctionType
from typing import Any, Final, NamedTuple

import numpy as np

from engine import dtypes
from engine.dtypes import dtype
from engine.tensor import Tensor

_NEW: Final = (
    "Tensor out = None, torch.dtype dtype = None, torch.layout layout = None, torch.device device = None, "
    "bool pin_memory = False, bool requires_grad = False"
)
_LIKE: Final = (
    "*, torch.memory_format memory_format = None, torch.dtype dtype = None, torch.layout layout = None, "
    "torch.device device = None, bool pin_memory = False, bool requires_grad = False"
)
_PAIR: Final = ("(Tensor input, Tensor other, *, Tensor out = None)",)
_COMPARED: Final = (*_PAIR, "(Tensor input, Number other, *, Tensor out = None)")
_EXTREME: Final = (
    "(Tensor input, *, Tensor out = None)",
    "(Tensor input, Tensor other, *, Tensor out = None)",
    "(Tensor input, int dim, bool keepdim = False, *, tuple of Tensors out = None)",
)
_SPREAD: Final = (
    "(Tensor input, tuple of ints? dim, bool unbiased = True, bool keepdim = False, *, Tensor out = None)",
    "(Tensor input, tuple of ints? dim = None, *, Number correction = None, bool keepdim = False, Tensor out = None)",
    "(Tensor input, bool unbiased = True)",
)
_PRODUCT: Final = (
    "(Tensor input, Tensor mat2, *, Tensor out = None)",
    "(Tensor input, Tensor mat2, torch.dtype out_dtype, *, Tensor out = None)",
)
_OLDER: Final = "hidden"
"""Marks a function with a deprecated signature: not shown, but it keeps the parser from naming what is missing."""

_SCALED: Final = ("(Tensor input, Tensor other, *, Number alpha = 1, Tensor out = None)", _OLDER)
_ROUNDED: Final = (
    "(Tensor input, Tensor other, *, Tensor out = None)",
    "(Tensor input, Tensor other, *, str rounding_mode, Tensor out = None)",
)
_SHAPED: Final = (
    f"(tuple of ints size, *, torch.Generator generator, {_NEW})",
    f"(tuple of ints size, *, {_NEW})",
)
_ENDS: Final = (("Tensor", "Tensor"), ("Number", "Tensor"), ("Tensor", "Number"), ("Number", "Number"))
_CLAMPED: Final = (
    "(Tensor input, Tensor min = None, Tensor max = None, *, Tensor out = None)",
    "(Tensor input, Number min = None, Number max = None, *, Tensor out = None)",
)
_ONE_DIM: Final = "(Tensor input, int dim = None, bool keepdim = False, *, Tensor out = None)"
_CONVOLUTION: Final = tuple(
    "(Tensor input, Tensor weight, Tensor bias = None, tuple of ints? stride = 1, "
    f"{padding}, tuple of ints? dilation = 1, int groups = 1)"
    for padding in ("tuple of ints? padding = 0", 'str padding = "valid"')
)

SIGNATURES: Final[dict[str, tuple[str, ...]]] = {
    "add": _SCALED,
    "sub": _SCALED,
    "mul": _PAIR,
    "div": _ROUNDED,
    "pow": (
        "(Tensor input, Tensor exponent, *, Tensor out = None)",
        "(Number self, Tensor exponent, *, Tensor out = None)",
        "(Tensor input, Number exponent, *, Tensor out = None)",
    ),
    **dict.fromkeys(("eq", "ne", "lt", "le", "gt", "ge"), _COMPARED),
    **dict.fromkeys(("maximum", "minimum", "atan2", "matmul", "logical_and", "logical_or"), _PAIR),
    "mm": _PRODUCT,
    "bmm": _PRODUCT,
    "dot": ("(Tensor input, Tensor tensor, *, Tensor out = None)",),
    "mv": ("(Tensor input, Tensor vec, *, Tensor out = None)",),
    "outer": ("(Tensor input, Tensor vec2, *, Tensor out = None)",),
    "trace": ("(Tensor input)",),
    "clamp": _CLAMPED,
    "where": (
        "(Tensor condition)",
        "(Tensor condition, Tensor input, Tensor other, *, Tensor out = None)",
        "(Tensor condition, Number self, Tensor other)",
        "(Tensor condition, Tensor input, Number other)",
        "(Tensor condition, Number self, Number other)",
    ),
    "lerp": (
        "(Tensor input, Tensor end, Tensor weight, *, Tensor out = None)",
        "(Tensor input, Tensor end, Number weight, *, Tensor out = None)",
    ),
    "allclose": (
        "(Tensor input, Tensor other, float rtol = 1e-05, float atol = 1e-08, bool equal_nan = False)",
    ),
    "equal": ("(Tensor input, Tensor other)",),
    "sum": (
        "(Tensor input, *, torch.dtype dtype = None)",
        "(Tensor input, tuple of ints? dim, bool keepdim = False, *, torch.dtype dtype = None, Tensor out = None)",
    ),
    "mean": (
        "(Tensor input, *, torch.dtype dtype = None, Tensor out = None)",
        "(Tensor input, tuple of ints? dim, bool keepdim = False, *, torch.dtype dtype = None, Tensor out = None)",
    ),
    "prod": (
        "(Tensor input, *, torch.dtype dtype = None)",
        "(Tensor input, int dim, bool keepdim = False, *, torch.dtype dtype = None, Tensor out = None)",
    ),
    "max": _EXTREME,
    "min": _EXTREME,
    "std": _SPREAD,
    "var": _SPREAD,
    "argmax": (_ONE_DIM,),
    "argmin": (_ONE_DIM,),
    "cumsum": ("(Tensor input, int dim, *, torch.dtype dtype = None, Tensor out = None)",),
    "softmax": ("(Tensor input, int dim, torch.dtype dtype = None, *, Tensor out = None)",),
    "log_softmax": ("(Tensor input, int dim, torch.dtype dtype = None, *, Tensor out = None)",),
    "cat": ("(tuple of Tensors tensors, int dim = 0, *, Tensor out = None)",),
    "stack": ("(tuple of Tensors tensors, int dim = 0, *, Tensor out = None)",),
    "reshape": ("(Tensor input, tuple of ints shape)",),
    "permute": ("(Tensor input, tuple of ints dims)",),
    "expand": ("(Tensor input, tuple of ints size, *, bool implicit = False)",),
    "repeat": ("(Tensor input, tuple of ints repeats)",),
    "transpose": ("(Tensor input, int dim0, int dim1)",),
    "squeeze": ("(Tensor input)", "(Tensor input, int dim)", "(Tensor input, tuple of ints dim)"),
    "unsqueeze": ("(Tensor input, int dim)",),
    "flatten": ("(Tensor input, int start_dim = 0, int end_dim = -1)",),
    "chunk": ("(Tensor input, int chunks, int dim = 0)",),
    "topk": (
        "(Tensor input, int k, int dim = -1, bool largest = True, bool sorted = True, *, "
        "tuple of Tensors out = None)",
    ),
    "gather": ("(Tensor input, int dim, Tensor index, *, bool sparse_grad = False, Tensor out = None)",),
    "index_select": ("(Tensor input, int dim, Tensor index, *, Tensor out = None)",),
    "masked_fill": ("(Tensor input, Tensor mask, Tensor value)", "(Tensor input, Tensor mask, Number value)"),
    "tensor": (
        "(object data, *, torch.dtype dtype = None, torch.device device = None, bool pin_memory = False, "
        "bool requires_grad = False)",
    ),
    "rand": _SHAPED,
    "randn": _SHAPED,
    "full": (f"(tuple of ints size, Number fill_value, *, {_NEW})",),
    "eye": (f"(int n, *, {_NEW})", f"(int n, int m, *, {_NEW})"),
    "arange": (
        f"(Number end, *, {_NEW})",
        f"(Number start, Number end, *, {_NEW.removeprefix('Tensor out = None, ')})",
        f"(Number start, Number end, Number step = 1, *, {_NEW})",
    ),
    "linspace": tuple(f"({start} start, {end} end, int steps, *, {_NEW})" for start, end in _ENDS),
    "logspace": tuple(
        f"({start} start, {end} end, int steps, float base = 10.0, *, {_NEW})" for start, end in _ENDS
    ),
    "randint": tuple(
        f"({first}int high, tuple of ints size, *, {generator}{_NEW})"
        for first in ("", "int low, ")
        for generator in ("torch.Generator generator, ", "")
    ),
    "randperm": (f"(int n, *, torch.Generator generator, {_NEW})", f"(int n, *, {_NEW})"),
    "normal": (
        "(Tensor mean, Tensor std, *, torch.Generator generator = None, Tensor out = None)",
        "(Tensor mean, float std = 1, *, torch.Generator generator = None, Tensor out = None)",
        "(float mean, Tensor std, *, torch.Generator generator = None, Tensor out = None)",
        f"(float mean, float std, tuple of ints size, *, torch.Generator generator = None, {_NEW})",
    ),
    **dict.fromkeys(("zeros_like", "ones_like", "rand_like", "randn_like"), (f"(Tensor input, {_LIKE})",)),
    "full_like": (f"(Tensor input, Number fill_value, {_LIKE})",),
    **dict.fromkeys(("conv1d", "conv2d", "conv3d"), _CONVOLUTION),
}
"""By function. ``tuple of ints?`` is one for which PyTorch takes a single int too; it is printed without the ``?``."""

METHODS: Final[dict[str, tuple[str, ...]]] = {
    "bmm": ("(Tensor mat2)",),
    "mm": ("(Tensor mat2)",),
    "view": ("(torch.dtype dtype)", "(tuple of ints size)"),
}
"""Signatures of methods that do not follow from those of the function of that name."""

_NUMBERS_AS_TENSORS: Final = {"add", "sub", "mul", "div"}
_SHAPE_OF_INTS: Final = "tuple of ints"


class _Parameter(NamedTuple):
    kind: str
    name: str
    optional: bool
    keyword_only: bool


def parameters(signature: str) -> tuple[_Parameter, ...]:
    """``(Tensor input, *, Tensor out = None)`` taken apart."""
    found = []
    keyword_only = False
    for text in filter(None, signature[1:-1].split(", ")):
        if text == "*":
            keyword_only = True
            continue
        head, _, default = text.partition(" = ")
        kind, _, name = head.rpartition(" ")
        found.append(_Parameter(kind, name, bool(default), keyword_only))
    return tuple(found)


def signatures(name: str, method: bool) -> tuple[str, ...]:
    """What PyTorch prints for ``torch.name`` or for the method, also an in-place one; () if it is not known here."""
    if not method:
        return SIGNATURES.get(name, ())
    if name in METHODS:
        return METHODS[name]
    own = SIGNATURES.get(name.removesuffix("_"), ())
    without = []
    for signature in own:
        if signature is _OLDER:
            without.append(_OLDER)
        elif signature.startswith("(Tensor input"):
            rest = re.sub(r"(, |\()(Tensor|tuple of Tensors) out = None", r"\1", signature[1:-1])
            rest = re.sub(r"^Tensor input(, )?", "", rest).rstrip(", ")
            without.append(f"({rest.removesuffix('*').rstrip(', ')})")
    return tuple(without)


def refusal(
    name: str, args: tuple[Any, ...], kwargs: dict[str, Any], method: bool = False
) -> TypeError | None:
    """PyTorch's error for the call, or None if it fits a signature, or nothing is known of the function."""
    given = signatures(name, method)
    shown = [s for s in given if s is not _OLDER]
    if not shown:
        return None
    problems = [_problem(name, parameters(s), args, kwargs) for s in shown]
    if None in problems:
        return None
    unpacked = next((p for p in problems if p is not None and " failed to unpack " in p), None)
    if len(given) == 1 or unpacked:  # PyTorch's choice looks only at the first size
        return TypeError(unpacked or problems[0])
    count = len(args) + len(kwargs)
    plausible = [
        problem
        for problem, s in zip(problems, shown, strict=True)
        if sum(not p.optional for p in parameters(s)) <= count <= len(parameters(s))
        or _one_by_one(parameters(s), args)
    ]
    if len(plausible) == 1:
        return TypeError(plausible[0])
    lines = [
        f"{name}() received an invalid combination of arguments - got {_got(args, kwargs)}, but expected"
    ]
    if len(shown) == 1:
        return TypeError(f"{lines[0]} {shown[0]}".replace("ints?", "ints"))
    lines[0] += " one of:"
    for signature in shown:
        lines += [f" * {signature}".replace("ints?", "ints"), *_mismatch(signature, args, kwargs)]
    return TypeError("\n".join([*lines, ""]))


def _one_by_one(wanted: tuple[_Parameter, ...], args: tuple[Any, ...]) -> bool:
    """Whether these are sizes given one by one to a function that takes sizes."""
    sizes = bool(wanted) and wanted[0].kind == _SHAPE_OF_INTS and all(p.keyword_only for p in wanted[1:])
    return sizes and bool(args) and _fits("int", args[0], "")


def _problem(
    name: str, wanted: tuple[_Parameter, ...], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> str | None:
    """What keeps the call from fitting one signature."""
    places = [p for p in wanted if not p.keyword_only]
    if _one_by_one(wanted, args):
        args = (args,)
    if len(args) > len(places):
        least = sum(not p.optional for p in places)
        range_ = f"{len(places)}" if least == len(places) else f"from {least} to {len(places)}"
        many = "s" if len(places) != 1 else ""
        were = "was" if len(args) == 1 else "were"
        return f"{name}() takes {range_} positional argument{many} but {len(args)} {were} given"
    left = dict(kwargs)
    missing = []
    for k, p in enumerate(wanted):
        if k < len(args):
            value, place = args[k], f" (position {k + 1})"
        elif (key := next((n for n in (p.name, _ALIASES.get(p.name, "")) if n in left), None)) is not None:
            value, place = left.pop(key), ""
        else:
            if not p.optional:
                missing.append(f'"{p.name}"')
            continue
        if missing or (value is None and p.optional):
            continue
        if p.kind.startswith(_SHAPE_OF_INTS) and isinstance(value, (tuple, list)):
            for position, n in enumerate(value, 1):
                if not _fits("int", n, name):
                    if position == 1:
                        found = f"but found element of type {dtypes.type_name(n)} at pos 0"
                        return f"{name}(): argument '{p.name}'{place} must be tuple of ints, {found}"
                    return (
                        f"{name}(): argument '{p.name}' failed to unpack the object at pos {position} with error "
                        f'"type must be tuple of ints,but got {dtypes.type_name(n)}"'
                    )
        elif not _fits(p.kind, value, name):
            kind = p.kind.removesuffix("?")
            return f"{name}(): argument '{p.name}'{place} must be {kind}, not {dtypes.type_name(value)}"
    if missing:
        many = "s" if len(missing) == 1 else ""
        return f"{name}() missing {len(missing)} required positional argument{many}: {', '.join(missing)}"
    if left:
        return f"{name}() got an unexpected keyword argument '{next(iter(left))}'"
    return None


_ALIASES: Final = {"dim": "axis", "keepdim": "keepdims", "input": "x", "other": "x2"}


def _fits(kind: str, value: Any, name: str) -> bool:
    """Whether a value may stand for a parameter of a kind. What PyTorch cannot know, like our own classes, may."""
    if not isinstance(
        value, (str, bytes, int, float, complex, list, tuple, dict, set, Tensor, dtype, type(None))
    ):
        return True
    if isinstance(value, Tensor):
        number = not value.ndim and not value.requires_grad
        return kind in ("Tensor", "object") or (number and kind in ("Number", "float", "int"))
    match kind:
        case "Tensor":
            numbers = name.removesuffix("_") in _NUMBERS_AS_TENSORS
            return numbers and isinstance(value, (int, float, complex))
        case "Number":
            return isinstance(value, (int, float, complex))
        case "float":
            return isinstance(value, (int, float))
        case "int":
            return isinstance(value, (int, np.integer)) and not isinstance(value, bool)
        case "bool":
            return isinstance(value, bool)
        case "str":
            return isinstance(value, str)
        case "tuple of ints":
            return isinstance(value, (tuple, list))
        case "tuple of ints?":
            return _fits("int", value, name)
        case "tuple of Tensors":
            return isinstance(value, (tuple, list))
        case "torch.dtype":
            return isinstance(value, (dtype, type))
    return True


def _got(args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    texts = [dtypes.type_name(a) for a in args]
    named = [f"{name}={dtypes.type_name(value)}" for name, value in reversed(kwargs.items())]
    # PyTorch leaves a comma where there are keywords only.
    return f"({', '.join(texts + named)}{', ' if named and not texts else ''})"


def _mismatch(signature: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[str]:
    """The line below a signature with as many arguments as there were, by PyTorch's way of counting them."""
    wanted = signature[1:-1].split(", ")
    if len(args) + len(kwargs) != len(wanted):
        return []
    names = {p.name for p in parameters(signature)}
    if wrong := [name for name in kwargs if name not in names]:
        return [f"      didn't match because some of the keywords were incorrect: {', '.join(wrong)}"]
    texts = []
    for k, value in enumerate(args):
        text = f"tuple of ({', '.join(dtypes.type_name(v) for v in value)})" if type(value) is tuple else ""
        text = text or dtypes.type_name(value)
        texts.append(text if text == "Tensor" and wanted[k].startswith("Tensor ") else f"!{text}!")
    named = [f"!{name}={dtypes.type_name(value)}!" for name, value in kwargs.items()]
    ending = ", " if named and not texts else ""
    return [
        "      didn't match because some of the arguments have invalid types: "
        f"({', '.join(texts + named)}{ending})"
    ]


# --- Calls that failed ------------------------------------------------------------------------------------------------


def refuse(name: str, args: tuple[Any, ...], kwargs: dict[str, Any], method: bool = False) -> None:
    """Called while an error is on its way out: raises PyTorch's in its place if the call fits no signature.

    Raises:
        TypeError: in PyTorch's words.
    """
    better = refusal(name, args, kwargs, method)
    if better is not None:
        try:
            raise better from None
        finally:
            del better  # this frame is in its traceback: a cycle would keep the program's tensors alive


def refuse_values(
    name: str, values: dict[str, Any], defaults: dict[str, Any], method: bool, depth: int = 1
) -> None:
    """`refuse`, from the values of all parameters in order; the call itself is `depth` frames above the caller's."""
    if not signatures(name, method):
        return
    count, names = _written(sys._getframe(depth + 1))
    named = {n: values[n] for n in names if n in values}
    placed = [n for n in values if n not in named]
    if count is not None:
        placed = placed[: count + method]
    while placed and count is None and values[placed[-1]] is defaults.get(placed[-1]):
        placed.pop()
    if method:
        placed = placed[1:]
    refuse(name, tuple(values[n] for n in placed), named, method)


def _written(caller: FrameType) -> tuple[int | None, tuple[str, ...]]:
    """How many arguments by position the call now running in `caller` was written with, and the names of the others.

    (None, ()) where its code does not say, as for an operator or ``f(*args)``.
    """
    before = [step for step in dis.get_instructions(caller.f_code) if step.offset <= caller.f_lasti]
    if not before or before[-1].opname != "CALL":
        return None, ()
    names: tuple[str, ...] = ()
    last = next(step for step in reversed(before) if step.opname not in ("CALL", "PRECALL"))
    if last.opname == "KW_NAMES":
        names = caller.f_code.co_consts[last.arg or 0]
    return (before[-1].arg or 0) - len(names), names


def as_method(function: Any) -> Any:
    """A compiled function of ``torch`` as the method, whose errors leave the tensor itself out."""
    changes = getattr(function, "__globals__", {}).get("_as_method")
    if changes is None:
        return function
    method = FunctionType(
        function.__code__,
        {**function.__globals__, **changes},
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    method.__kwdefaults__ = function.__kwdefaults__
    return functools.update_wrapper(method, getattr(function, "__wrapped__", function))
