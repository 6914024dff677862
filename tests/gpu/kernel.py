"""A reader of elementwise kernels: what their text says, worked out with NumPy, and refused where CUDA would refuse it.

It knows the part of C++ that `engine.elementwise` writes: one operation a statement, on what has been computed before.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.special

FUNCTIONS: dict[str, tuple[int, Callable[..., Any]]] = {
    **{name: (1, getattr(np, name)) for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "exp", "exp2")},
    **{name: (1, getattr(np, name)) for name in ("expm1", "log", "log2", "log10", "log1p", "sqrt", "cbrt")},
    **{name: (1, getattr(np, name)) for name in ("floor", "ceil", "trunc", "rint", "fabs")},
    **{f"a{name}": (1, getattr(np, f"arc{name}")) for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")},
    **{name: (1, getattr(scipy.special, name)) for name in ("erf", "erfc", "erfinv", "erfcx")},
    **{name: (2, getattr(np, name)) for name in ("hypot", "fmod", "copysign", "fmax", "fmin", "nextafter")},
    "lgamma": (1, scipy.special.gammaln),
    "atan2": (2, np.arctan2),
    "pow": (2, np.power),
}
"""CUDA's functions of float and double, by its names, and how many arguments they take."""
TESTS = {"isnan": np.isnan, "isinf": np.isinf, "isfinite": np.isfinite}
ARITHMETIC = {"+": np.add, "-": np.subtract, "*": np.multiply, "/": np.true_divide}
COMPARISONS = {
    "<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal, "==": np.equal, "!=": np.not_equal,
}  # fmt: skip
LOGIC = {"&&": np.logical_and, "||": np.logical_or, "!=": np.not_equal}
TYPES = {"float16", "float32", "float64", "bool"}
WIDTHS = {"float": np.float32, "double": np.float64}

_OPERAND = r"(?:\w+|C\([^()]*\))"
_TWO = re.compile(rf"({_OPERAND}) (\+|-|\*|/|<=?|>=?|==|!=|&&|\|\|) ({_OPERAND})")
_SELECT = re.compile(rf"(.+?) \? ({_OPERAND}) : ({_OPERAND})")
_CALL = re.compile(rf"(\w+)\(({_OPERAND}(?:, {_OPERAND})*)\)")
_STATEMENT = re.compile(r"(?:const (C|bool) (t\d+)|(\w+)) = (.*)")
_LITERAL = re.compile(r"C\((-?(?:\d+\.\d*(?:e[-+]?\d+)?|\d+e[-+]?\d+))\)")


class CompileError(Exception):
    """CUDA would not take it."""


def parameters(text: str) -> dict[str, np.dtype[Any]]:
    """The names and dtypes of a kernel's parameters."""
    found: dict[str, np.dtype[Any]] = {}
    for part in text.split(", ") if text else []:
        kind, name = part.split(" ")
        if kind not in TYPES or name in found or name in ("n", "i") or not re.fullmatch(r"[a-zA-Z]\w*", name):
            raise CompileError(f"no parameter: {part}")
        found[name] = np.dtype(kind)
    return found


class Kernel:
    """``cupy.ElementwiseKernel`` with the arguments that the engine gives it."""

    def __init__(self, in_params: str, out_params: str, operation: str, name: str, *, preamble: str) -> None:
        self.inputs, self.outputs = parameters(in_params), parameters(out_params)
        if set(self.inputs) & set(self.outputs) or not name.isidentifier():
            raise CompileError(f"{name}({in_params}; {out_params})")
        width = re.fullmatch(r"typedef (float|double) C;", preamble)
        if width is None:
            raise CompileError(preamble)
        self.name, self.text, self.width = name, operation, WIDTHS[width[1]]

    def run(self, args: list[Any]) -> list[Any]:
        """The results for NumPy's arrays and numbers; written into those given for the results."""
        count = len(self.inputs)
        if len(args) not in (count, count + len(self.outputs)):
            raise TypeError(f"Wrong number of arguments for {self.name}: {len(args)}")
        values: dict[str, Any] = {}
        kinds = [*self.inputs.items(), *self.outputs.items()]
        for (name, kind), value in zip(kinds, args, strict=False):
            if isinstance(value, np.ndarray):
                if value.dtype != kind:
                    raise TypeError(f"Type is mismatched. {name} {value.dtype} {kind}")
                values[name] = value.copy()
            elif type(value) in (int, float, bool) and name in self.inputs:
                values[name] = kind.type(value)
            else:
                raise TypeError(f"Unsupported type {type(value)}")
        shape = np.broadcast_shapes(*(np.shape(v) for v in values.values()))
        given = args[count:]
        if any(a.shape != shape for a in given):
            raise ValueError(f"Out shape is mismatched: {shape}")
        results = given or [np.empty(shape, kind) for kind in self.outputs.values()]
        computed = _Computation(values, self.outputs, self.width).run(self.text)
        for name, result in zip(self.outputs, results, strict=True):
            result[...] = computed[name]
        return results


class _Computation:
    """The statements of one text."""

    def __init__(self, values: dict[str, Any], outputs: dict[str, Any], width: Any) -> None:
        self.outputs, self.width = outputs, width
        self.values = {n: v if v.dtype == np.bool_ else np.asarray(v, width) for n, v in values.items()}
        self.results: dict[str, Any] = {}

    def run(self, text: str) -> dict[str, Any]:
        for statement in text.split("\n"):
            match = _STATEMENT.fullmatch(statement.removesuffix(";"))
            if match is None or not statement.endswith(";"):
                raise CompileError(statement)
            kind, name, result, expression = match.groups()
            value = self.value(expression)
            if result is not None:
                if result not in self.outputs or result in self.results:
                    raise CompileError(statement)
                if value.dtype == np.bool_:
                    raise CompileError(statement)
                self.results[result] = value
                continue
            if name in self.values or (value.dtype == np.bool_) != (kind == "bool"):
                raise CompileError(statement)
            self.values[name] = value
        if set(self.results) != set(self.outputs):
            raise CompileError(f"not all of {set(self.outputs)} are computed")
        return self.results

    def value(self, expression: str) -> Any:
        """Of one operation, in the type computed in; truth values are of dtype bool."""
        if match := _SELECT.fullmatch(expression):
            condition = self.value(match[1])
            if condition.dtype != np.bool_:
                raise CompileError(expression)
            return np.where(condition, self.number(match[2]), self.number(match[3]))
        if match := _TWO.fullmatch(expression):
            return self.two(match[1], match[2], match[3])
        if match := re.fullmatch(rf"-({_OPERAND})", expression):
            return np.negative(self.number(match[1]))
        if match := re.fullmatch(r"!(\w+)", expression):
            return np.logical_not(self.truth(match[1]))
        if (match := _CALL.fullmatch(expression)) and match[1] != "C":
            arguments = [self.number(a) for a in match[2].split(", ")]
            if match[1] in TESTS and len(arguments) == 1:
                return TESTS[match[1]](*arguments)
            count, function = FUNCTIONS[match[1]]
            if len(arguments) != count:
                raise CompileError(expression)
            return np.asarray(function(*arguments), self.width)
        if expression in self.values and self.values[expression].dtype == np.bool_:
            return self.values[expression]
        return self.number(expression)

    def two(self, left: str, sign: str, right: str) -> Any:
        if sign in LOGIC and left in self.values and self.values[left].dtype == np.bool_:
            return LOGIC[sign](self.truth(left), self.truth(right))
        a, b = self.number(left), self.number(right)
        return COMPARISONS[sign](a, b) if sign in COMPARISONS else ARITHMETIC[sign](a, b)

    def truth(self, operand: str) -> Any:
        if self.values[operand].dtype != np.bool_:
            raise CompileError(f"{operand} is no truth value")
        return self.values[operand]

    def number(self, operand: str) -> Any:
        if literal := _LITERAL.fullmatch(operand):
            return self.width(literal[1])
        if cast := re.fullmatch(r"C\((\w+)\)", operand):
            return self.values[cast[1]].astype(self.width)
        value = self.values[operand]
        if value.dtype == np.bool_:
            raise CompileError(f"{operand} is no number")
        return value
