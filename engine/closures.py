"""The hot closures: from a record to the Python function that runs it when nobody watches.

The hot path is a budget (`tests/engine/test_budget.py` holds it as a ratio). What keeps it: one flag, `S.slow`, for
everything that wants to watch; a function written for the record, with its own parameters, so that nothing is packed,
unpacked or asked again that the record already says; NumPy is left to raise and the good message is built only then.
Whatever the closure does not do itself it leaves to `engine.dispatch.run`.

The functions are written as text and compiled, like those of `dataclasses`: `source` is the place to read what one does
(``python -c "from engine.closures import source; print(source('mul'))"``).
"""

from __future__ import annotations

import inspect
import linecache
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Literal

import numpy as np

from engine import backend
from engine.dispatch import _share, bind, into, run
from engine.graph import NoGradView, new_node
from engine.overloads import SIGNATURES, refuse_values
from engine.registry import OPS, POINTWISE, Op
from engine.state import S
from engine.tensor import Tensor, View

_EMPTY = inspect.Parameter.empty

MISSING = object()
"""In place of an argument that was not given."""


def suits(op: Op) -> bool:
    """Whether a record can have a hot closure: one output, of one tensor, of several of one dtype, or of a list."""
    if (
        op.outputs != 1 or not op.n_inputs or op.name in ("detach", "to_device")
    ):  # one shares memory and is no view (`_share`), the other makes what is not NumPy's
        return False
    if op.variadic:
        return bool(op.vjp) and not op.saves[0] and not op.saves_any_output
    return op.n_inputs == 1 or (op.dtypes != "any" and not op.view)


def closure(op: Op) -> Callable[..., Any]:
    """The public function of `op`, with the parameters of its forward and ``out``."""
    otherwise, rest = _general(op)
    names: dict[str, Any] = {"_otherwise": otherwise, "_rest": rest}
    if op.name in SIGNATURES:
        otherwise, rest = _general(op, method=True)
        method = {"_otherwise": otherwise, "_rest": rest, "_refuse": _refuser(op, method=True)}
        names |= {"_refuse": _refuser(op, method=False), "_as_method": method}
    call = _compiled(op, _source(op, "function"), names)
    call.__signature__ = signature(op)  # type: ignore[attr-defined]
    return call


def general(op: Op) -> Callable[..., Any]:
    """The public function of an operation without a hot closure."""
    names, count = op.params, len(op.params)
    tail = tuple(MISSING if d is _EMPTY else d for d in op.defaults)
    _, rest = _general(op)

    def call(*args: Any, out: Any = None, **more: Any) -> Any:
        given = len(args)
        if given > count:
            args = bind(op, args, more)
        elif given < count:
            for name in names[given:]:
                if name in more:
                    return rest(out, {}, bind(op, args, more))
            args = args + tail[given:]
        return rest(out, more, args)

    call.__name__ = call.__qualname__ = op.name
    call.__signature__ = signature(op)  # type: ignore[attr-defined]
    return call


def several_outputs(op: Op) -> Callable[..., Any]:
    """The public function of an operation that makes several tensors of one: written once for all, there being few."""
    forward, kind, view = op.forward, op.node, op.view
    floats_only = op.dtypes in ("promote", "float") or not op.plain_complex
    statics = op.params[1:]
    usual = general(op)

    def call(input: Any, *args: Any, out: Any = None, **more: Any) -> Any:
        if S.slow or out is not None or more or len(args) != len(statics):
            return usual(input, *args, out=out, **more)
        try:
            x = input._data
            if type(x) is not np.ndarray or x.dtype.kind == "c" or (floats_only and x.dtype.char not in "fd"):
                return run(op, (input, *args))
            arrays = [a if type(a) is np.ndarray else np.asarray(a) for a in forward(np, x, *args)]
        except Exception:
            return run(op, (input, *args))
        made = tuple([Tensor._wrap(a) for a in arrays])
        if view:
            _share(op, input, args, made)
        if not S.grad_enabled:
            if view and input.requires_grad:
                for t in made:
                    t._edge = (NoGradView(t), 0)
            return made
        edge = input._fresh_edge()
        if edge is None:
            return made
        versions: list[tuple[list[int], int]] = []
        if op.saves[0] and input._counter is not None:
            versions.append((input._counter, input._counter[0]))
        if op.saves_any_output:
            versions += [(t._shared_counter(), t._version) for t in made]
        node = new_node(
            kind,
            (edge,),
            arrays,
            args=args,
            inputs=(input,) if op.saves[0] else None,
            saved=tuple(arrays) if op.saves_any_output else None,
            shapes=(x.shape,) if op.wants_shapes else None,
            versions=tuple(versions) or None,
        )
        for k, t in enumerate(made):
            if t._data.dtype.kind in "fc":
                t._edge = (node, k)
        return made

    call.__name__ = call.__qualname__ = op.name
    call.__signature__ = signature(op)  # type: ignore[attr-defined]
    return call


def operator(op: Op, otherwise: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """The same for ``input + other``: without ``out``; what it does not do itself it leaves to `otherwise`.

    Two functions, since most others are plain tensors: that one asks for nothing else.
    """
    usual = _compiled(op, _source(op, "operator"), {"_otherwise": otherwise})
    if not op.vjp:
        return usual
    return _compiled(op, _source(op, "tensors"), {"_otherwise": otherwise, "_usual": usual})


def source(name: str) -> str:
    """What was compiled for an operation."""
    return _source(OPS[name], "function")


def signature(op: Op) -> inspect.Signature:
    """The parameters users see: those of the forward after ``xp``, and ``out``."""
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    parameters = [inspect.Parameter(n, kind, default=d) for n, d in zip(op.params, op.defaults, strict=True)]
    return inspect.Signature(
        [*parameters, inspect.Parameter("out", inspect.Parameter.KEYWORD_ONLY, default=None)]
    )


def _refuser(op: Op, method: bool) -> Callable[..., None]:
    """What is called while an error is on its way out of a closure, or of what it left the call to."""
    defaults = {n: MISSING if d is _EMPTY else d for n, d in zip(op.params, op.defaults, strict=True)}

    def refuse(*args: Any, **more: Any) -> None:
        # `refuse_values` wants to know how far above it the call is.
        depth = 2 if sys._getframe(1).f_code.co_name == op.name else 3
        refuse_values(op.name, {**dict(zip(op.params, args, strict=False)), **more}, defaults, method, depth)

    return refuse


def _general(op: Op, method: bool = False) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """What a closure leaves to `run`: with all arguments; and with ``out``, other keywords, or arguments missing."""
    refuse = _refuser(op, method)

    def otherwise(*args: Any) -> Any:
        try:
            if type(args[0]) is Tensor and type(args[0]._data) is not np.ndarray and not S.slow:
                return _on_device(op)(*args)
            return run(op, args)
        except Exception:
            refuse(*args)
            raise

    def rest(out: Any, more: dict[str, Any], args: tuple[Any, ...]) -> Any:
        given = args
        try:
            if more or any(a is MISSING for a in args):
                named = {n: a for n, a in zip(op.params, args, strict=True) if a is not MISSING}
                args = bind(op, (), {**named, **more})
            return run(op, args) if out is None else into(out, op, args)
        except Exception:
            refuse(*given, **more)
            raise

    return otherwise, rest


def _on_device(op: Op) -> Callable[..., Any]:
    """The same function for the arrays of a device: what it does not do itself it leaves to `run`."""
    found: Callable[..., Any] | None = op.device_call
    if found is None:
        xp = backend.cupy()
        assert xp is not None
        names = {
            "_asarray": xp.asarray,
            "_forward": op.on_device,
            "_kernel": None if op.ufunc is None else getattr(xp, op.ufunc, None),
            "_kind": op.device_node,
            "_ndarray": xp.ndarray,
            "_np": xp,
            "_otherwise": lambda *args: run(op, args),
            "_rest": lambda _out, _more, args: run(op, args),
        }
        found = op.device_call = _compiled(op, _source(op, "function"), names)
    return found


def _compiled(op: Op, text: str, names: dict[str, Any]) -> Callable[..., Any]:
    # In this folder, so that whoever leaves the engine out of a stack leaves this out too.
    file = str(Path(__file__).with_name(f"<{'op' if 'out=None' in text else 'operator'} {op.name}>"))
    linecache.cache[file] = (len(text), None, text.splitlines(True), file)  # for tracebacks and debuggers
    scope: dict[str, Any] = {
        "_F32": np.dtype(np.float32),
        "_F64": np.dtype(np.float64),
        "_I64": np.dtype(np.int64),
        "_MISSING": MISSING,
        "_NUMBERS": (float, int),
        "_NoGradView": NoGradView,
        "_PLAIN": (Tensor, float, int),
        "_S": S,
        "_Tensor": Tensor,
        "_View": View,
        "_asarray": np.asarray,
        "_forward": op.forward,
        "_generic": np.generic,
        "_into": into,
        "_kernel": None if op.ufunc is None else getattr(np, op.ufunc),
        "_kind": op.node,
        "_ndarray": np.ndarray,
        "_new": object.__new__,
        "_np": np,
        "_op": op,
        "_run": run,
        **names,
    }
    for k, default in enumerate(op.defaults):
        scope[f"_default{k}"] = MISSING if default is _EMPTY else default
    exec(compile(text, file, "exec"), scope)  # noqa: S102 (our own text)
    function: Callable[..., Any] = scope[op.name]
    function.__doc__ = op.doc
    function.__module__ = "torch"
    return function


Form = Literal["function", "operator", "tensors"]
"""What is written: the public function, an operator, or the operator for another plain tensor alone."""


def _source(op: Op, form: Form) -> str:
    """The text of the closure, only with the lines this record needs.

    What is not a parameter begins with an underscore: parameters may be called anything else.
    """
    writer = _Writer(op, form)
    writer.head()
    if op.variadic:
        writer.compute_list()
        writer.tensor()
        writer.node_of_list()
    else:
        writer.compute()
        writer.tensor()
        if op.vjp:
            writer.node()
    return "\n".join(writer.lines) + "\n"


class _Writer:
    """Writes one closure. ``_x0`` is the array of input 0, ``_e0`` its edge, ``_t`` the new tensor, ``_n`` its node."""

    def __init__(self, op: Op, form: Form) -> None:
        self.op, self.form = op, form
        self.count = op.n_inputs
        self.names = op.params[: self.count]
        self.statics = op.params[self.count :]
        self.everything = _tuple(op.params)
        self.optional = [d is None for d in op.defaults[: self.count]]
        # Whether the second input may be a Python number.
        self.numbers = (
            form != "tensors"
            and self.count == 2
            and not self.statics
            and op.dtypes != "same"
            and None not in op.vjp
        )
        self.ruled = [k for k in range(self.count) if op.vjp and op.vjp[k] is not None]
        self.lines: list[str] = []

    def line(self, depth: int, text: str) -> None:
        self.lines.append("    " * depth + text)

    def given(self, k: int) -> str:
        """The condition that input `k` is a tensor, with ``and``; empty if it must be."""
        if self.numbers and k == 1:
            return "not _number and "
        return f"{self.names[k]} is not None and " if self.optional[k] else ""

    def if_given(self, k: int, text: str, otherwise: str = "None") -> str:
        if self.numbers and k == 1:
            return f"{otherwise} if _number else {text}"
        return f"{otherwise} if {self.names[k]} is None else {text}" if self.optional[k] else text

    def head(self) -> None:
        op, line = self.op, self.line
        if self.form != "function":
            line(0, f"def {op.name}({', '.join(op.params)}):")
            line(1, "if _S.slow:")
            # As unwatched, other dtypes than floats go the usual way, which may refuse them.
            first, second = op.params
            usual = f"{first}._data.dtype.kind == 'f' and type({second}) in _PLAIN"
            line(2, f"if {usual}: return _run(_op, {self.everything})")
            line(2, f"return _otherwise(*{self.everything})")
            if self.form == "tensors":
                line(1, f"if type({second}) is not _Tensor: return _usual(*{self.everything})")
            return
        parameters = ", ".join(f"{name}=_default{k}" for k, name in enumerate(op.params))
        required = [
            name
            for name, d in zip(op.params, op.defaults, strict=True)
            if d is _EMPTY and name in self.statics
        ]
        missing = "".join(f" or {name} is _MISSING" for name in required)
        line(0, f"def {op.name}({parameters}, *, out=None, **_more):")
        line(1, f"if _S.slow or out is not None or _more{missing}:")
        given = "".join(
            f" and {name} is not _MISSING"
            for name, d in zip(op.params, op.defaults, strict=True)
            if d is _EMPTY
        )
        if op.name in SIGNATURES:
            line(2, f"if out is None and not _more{given}:")
            line(3, f"try: return _run(_op, {self.everything})")
            line(3, f"except Exception: _refuse(*{self.everything}); raise")
        else:
            line(2, f"if out is None and not _more{given}: return _run(_op, {self.everything})")
        line(2, f"return _rest(out, _more, {self.everything})")

    def compute(self) -> None:
        """The arrays, and the kernel on them. What is not expected has no ``_data``, and is left to the general way."""
        op, line = self.op, self.line
        leave = f"return _otherwise(*{self.everything})"
        floats = "_d is not _F32 and _d is not _F64"
        line(1, "try:")
        if self.numbers:
            other = self.names[1]
            line(2, f"_number = type({other}) is not _Tensor and type({other}) in _NUMBERS")
        for k, name in enumerate(self.names):
            line(2, f"_x{k} = {self.if_given(k, f'{name}._data', name)}")
            if k == 0:
                line(2, "_d = _x0.dtype")
        tests = ["type(_x0) is not _ndarray"]
        if not op.vjp and self.numbers:
            whole = f"(_d is not _I64 or type({self.names[1]}) is float)"
            tests.append(f"(_number and {floats} and {whole})")
            tests.append("(_d is not _F32 and _d.kind == 'c')")
        elif (
            self.count > 1
            or op.kind == POINTWISE
            or op.dtypes in ("promote", "float")
            or not op.plain_complex
        ):
            tests.append(f"({floats})")
        tests += [f"({self.given(k)}_x{k}.dtype is not _d)" for k in range(1, self.count)]
        line(2, f"if {' or '.join(tests)}: {leave}")
        arrays = [f"_x{k}" for k in range(self.count)]
        function = f"_forward({', '.join(['_np', *arrays, *self.statics])})"
        line(2, f"_y = {function if op.ufunc is None else '_kernel(' + ', '.join(arrays) + ')'}")
        # Where an input is missing so is its array, and the general way says so.
        rest = leave if self.form != "function" else f"return _rest(None, _more, {self.everything})"
        line(1, f"except Exception: {rest}")
        line(1, "if type(_y) is not _ndarray: _y = _asarray(_y)")

    def compute_list(self) -> None:
        """The same for an operation on a list of tensors."""
        name, line = self.names[0], self.line
        line(1, "try:")
        line(2, f"_xs = [_i._data for _i in {name}]")
        line(2, "_d = _xs[0].dtype")
        line(2, "for _x in _xs:")
        line(3, f"if _x.dtype is not _d or type(_x) is not _ndarray: return _otherwise(*{self.everything})")
        line(2, f"_y = _forward({', '.join(['_np', '_xs', *self.statics])})")
        line(1, f"except Exception: return _rest(None, _more, {self.everything})")

    def node_of_list(self) -> None:
        name, line = self.names[0], self.line
        line(1, "if _d.kind not in 'fc': return _t")
        line(1, f"_edges = tuple([_i._edge if _i._view is None else _i._fresh_edge() for _i in {name}])")
        line(1, "for _e in _edges:")
        line(2, "if _e is not None: break")
        line(1, "else: return _t")
        line(1, "_n = _kind()")
        line(1, "_n.sequence_nr = _S.number = _S.number + 1")
        line(1, "_n.next_edges = _edges")
        line(1, "_n.out_shape = _y.shape")
        line(1, "_n.out_dtype = _d")
        line(1, "_n.inputs = None")
        if self.statics:
            line(1, f"_n.args = {_tuple(self.statics)}")
        line(1, "_n.shapes = tuple([_x.shape for _x in _xs])")
        line(1, "_n.pending = None")
        line(1, "_t._edge = (_n, 0)")
        line(1, "return _t")

    def tensor(self) -> None:
        op, line, first = self.op, self.line, self.names[0]
        line(1, "_t = _new(_Tensor)")
        line(1, "_t._data = _y")
        if op.view:
            line(1, "_t._grad = _t._edge = None")
            line(1, f"_c = {first}._counter")
            line(1, f"if _c is None: _c = {first}._counter = [0]")
            line(1, "_t._counter = _c")
            line(1, f"_above = {first}._view")
            line(1, f"_step = (_op, {_tuple(self.statics)}, _x0.shape)")
            line(1, f"if _above is None: _t._view = _View({first}, (_step,), _c[0], _S.grad_enabled)")
            line(
                1,
                "else: _t._view = "
                "_View(_above.base, (*_above.chain, _step), _c[0], _S.grad_enabled and _above.in_grad_mode)",
            )
        else:
            line(1, "_t._grad = _t._edge = _t._view = _t._counter = None")
            line(1, "if not _S.grad_enabled: return _t" if op.vjp else "return _t")

    def node(self) -> None:
        """Its place in the graph."""
        op, line = self.op, self.line
        if op.view:
            # Not by its edge: that of a view that was written to in a way that is not allowed may not be looked at.
            line(1, "if not _S.grad_enabled:")
            line(2, f"if {self.names[0]}.requires_grad: _t._edge = (_NoGradView(_t), 0)")
            line(2, "return _t")
        for k in self.ruled:
            name = self.names[k]
            edge = f"{name}._edge if {name}._view is None else {name}._fresh_edge()"
            line(1, f"_e{k} = {self.if_given(k, edge)}")
        line(1, f"if {' and '.join(f'_e{k} is None' for k in self.ruled)}: return _t")
        if op.ufunc is None:  # a ufunc of floats gives floats of the same size
            line(1, "_d = _y.dtype")
            if self.count == 1:
                line(1, "if _d.kind not in 'fc': return _t")
        line(1, "_n = _kind()")
        line(1, "_n.sequence_nr = _S.number = _S.number + 1")
        line(
            1, f"_n.next_edges = {_tuple(f'_e{k}' if k in self.ruled else 'None' for k in range(self.count))}"
        )
        line(1, "_n.out_shape = _y.shape")
        line(1, "_n.out_dtype = _d")
        if self.statics:
            line(1, f"_n.args = {_tuple(self.statics)}")
        if op.wants_shapes:
            shapes = [self.if_given(k, f"_x{k}.shape", "()") for k in range(self.count)]
            line(1, f"_n.shapes = {_tuple(f'({shape})' for shape in shapes)}")
        self.saved()
        line(1, "_n.pending = None")
        line(1, "_t._edge = (_n, 0)")
        line(1, "return _t")

    def saved(self) -> None:
        """What the rules that will run read, and at which version if it has been written to."""
        op, line = self.op, self.line
        kept, conditions = [], {}
        for k, name in enumerate(self.names):
            readers = [j for j in self.ruled if k in op.saves[j]]
            if not readers:
                kept.append("None")
                continue
            always = len(readers) == len(self.ruled)
            condition = " or ".join(f"_e{j} is not None" for j in readers)
            kept.append(name if always else f"({name} if {condition} else None)")
            conditions[k] = "" if always else f" and ({condition})"
        line(1, f"_n.inputs = {_tuple(kept) if conditions else 'None'}")
        if op.saves_any_output:
            line(1, "_n.saved = (_y,)")
            line(1, "_t._counter = _c = [0]")
            line(1, "_n.versions = ((_c, 0),)")
        elif conditions:
            line(1, "_n.versions = None")
        for k, condition in conditions.items():
            # The counter first: mostly there is none.
            test = f"(_c := {self.names[k]}._counter) is not None and _c[0]"
            line(1, f"if {self.given(k)}{test}{condition}:")
            line(2, "_n.versions = (*(_n.versions or ()), (_c, _c[0]))")


def _tuple(texts: Iterable[str]) -> str:
    return f"({''.join(f'{text}, ' for text in texts)})"
