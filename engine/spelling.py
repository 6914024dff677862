"""Other spellings of arguments that PyTorch accepts, and ``out=``, for functions made of operations.

Operations themselves (`engine.define`) do this where they bind their arguments. Here a function gets a caller with an
explicit signature in front of it, compiled once: packing ``*args, **kwargs`` would cost each call three times as much.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, Final, NoReturn

from engine.out import write_into
from engine.overloads import SIGNATURES, refuse, refuse_values
from engine.state import S
from engine.tensor import Tensor

NUMPY: Final = {"dim": "axis", "keepdim": "keepdims"}
"""NumPy's spellings, which PyTorch accepts wherever its own are."""

_OTHER: Final[dict[str, dict[str, str]]] = {
    "max": {"dim": "other"},
    "min": {"dim": "other"},
    "split": {"split_size_or_sections": "split_size"},
    "tensor_split": {"indices_or_sections": "sections indices tensor_indices_or_sections"},
    "hsplit": {"indices_or_sections": "sections indices"},
    "vsplit": {"indices_or_sections": "sections indices"},
    "dsplit": {"indices_or_sections": "sections indices"},
    "swapaxes": {"dim0": "axis0", "dim1": "axis1"},
    "polygamma": {"input": "n"},
}
"""Further names of single functions: parameter -> the names PyTorch has for it in other overloads."""


class _Unset:
    def __repr__(self) -> str:
        return "..."


UNSET: Final = _Unset()


def _missing(function: str, name: str) -> NoReturn:
    raise TypeError(f'{function}() missing 1 required positional arguments: "{name}"')


_WITHOUT_DERIVATIVE = ("all", "any", "isin", "nonzero")


def write(out: Any, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """``function(*args, out=out)``: compute without recording, and write the result into `out`.

    Raises:
        RuntimeError: if gradients would have to flow through `out`, or the result's dtype does not go into it.
    """
    given = [a for a in (*args, *kwargs.values()) for a in (a if isinstance(a, (list, tuple)) else (a,))]
    outs = out if isinstance(out, (list, tuple)) else (out,)
    differentiable = function.__name__ not in _WITHOUT_DERIVATIVE
    if (
        S.grad_enabled
        and differentiable
        and any(isinstance(t, Tensor) and t.requires_grad for t in (*given, *outs))
    ):
        raise RuntimeError(
            f"{function.__name__}(): functions with out=... arguments don't support automatic differentiation, but "
            "one of the arguments requires grad."
        )
    made = function(*args, **kwargs)
    results = made if isinstance(made, tuple) else (made,)
    for target, result in zip(outs, results, strict=True):
        write_into(target, result, function.__name__)
    return type(made)(*outs) if hasattr(made, "_fields") else out


def _refusing(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that takes what it is given as it comes, with PyTorch's errors."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except Exception:
            refuse(function.__name__, args, kwargs)
            raise

    return call


def spelled(function: Callable[..., Any], takes_out: bool) -> Callable[..., Any]:
    """`function`, called by any of PyTorch's names of its arguments and, if `takes_out`, with ``out=``.

    A function with nothing to add is returned as it is.
    """
    parameters = inspect.signature(function).parameters
    kinds = inspect.Parameter
    if any(p.kind in (kinds.VAR_POSITIONAL, kinds.VAR_KEYWORD) for p in parameters.values()):
        return _refusing(function) if function.__name__ in ("arange", "randint") else function
    other = _OTHER.get(function.__name__, {})
    names = {
        alias: target
        for target in parameters
        for alias in (NUMPY.get(target, "") + " " + other.get(target, "")).split()
        if alias not in parameters
    }
    takes_out = takes_out and "out" not in parameters
    known = function.__name__ in SIGNATURES
    if not names and not takes_out and (not known or "_as_method" in function.__globals__):
        return function
    defaults = {p.name: UNSET if p.default is kinds.empty else p.default for p in parameters.values()}
    scope: dict[str, Any] = {
        "function": function,
        "UNSET": UNSET,
        "missing": _missing,
        "write": write,
        "refuse": refuse_values,
        "_defaults": {**defaults, **dict.fromkeys(names, UNSET), "out": None},
        "_method": False,
        "_as_method": {"_method": True},
    }
    head: list[str] = []
    values: list[str] = []
    keywords: list[str] = []
    optional = False
    for k, p in enumerate(parameters.values()):
        if p.kind is kinds.KEYWORD_ONLY and not keywords:
            head.append("*")
        value = p.name
        aliases = [alias for alias, target in names.items() if target == p.name]
        if p.default is not kinds.empty:
            scope[f"_{p.name}"] = p.default
            head.append(f"{p.name}=_{p.name}")
            optional = True
        elif aliases or optional or known:
            head.append(f"{p.name}=UNSET")
            if k or aliases or not known:  # without its first argument a function fails by itself
                value = f"{p.name} if {p.name} is not UNSET else missing({function.__name__!r}, {p.name!r})"
            optional = True
        else:
            head.append(p.name)
        for alias in aliases:
            value = f"{alias} if {alias} is not UNSET else {value}"
        if p.kind is kinds.KEYWORD_ONLY:
            keywords.append(f"{p.name}={value}")
        else:
            values.append(value)
    if not keywords:
        head.append("*")
    head += [f"{alias}=UNSET" for alias in names]
    body = f"function({', '.join(values + keywords)})"
    given = [*parameters, *names]
    if takes_out:
        head.append("out=None")
        given.append("out")
        packed = f"({', '.join(values)},), dict({', '.join(keywords)})"
        body = f"{body} if out is None else write(out, function, {packed})"
    if head[-1] == "*":
        head.pop()
    text = f"def call({', '.join(head)}):\n"
    if known:
        # A `try` costs nothing until something is raised.
        told = ", ".join(f"{name!r}: {name}" for name in given)
        text += (
            f"    try: return {body}\n"
            "    except Exception:\n"
            f"        refuse({function.__name__!r}, {{{told}}}, _defaults, _method)\n"
            "        raise\n"
        )
    else:
        text += f"    return {body}\n"
    exec(text, scope)  # noqa: S102 (our own text)
    call: Callable[..., Any] = scope["call"]
    call.__name__ = call.__qualname__ = function.__name__
    call.__doc__ = function.__doc__
    call.__wrapped__ = function  # type: ignore[attr-defined]
    return call
