"""The table of operations: what one record must say, and what follows from it.

A record (`Op`) states its forward on raw arrays and, per tensor input, a rule for the gradient. The rules are written
in op names (``F.cos(input)``) and operators, so that the same rule serves raw arrays, the fast first-order path, and
Tensors, where it records its own graph and can be differentiated again.

**The parameters a rule names after ``F, g`` are what is saved for it**, nothing else:

* the name of a tensor input (``input``, ``other``): that input's value;
* ``y``: the output's value; ``y0``, ``y1``: those of an op with several outputs;
* the name of another argument (``dim``): that argument;
* ``input_shape``: the shape of the input called ``input``, without keeping its values.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cached_property, partial
from math import prod
from typing import Any, Final, Literal

import numpy as np

from engine import backend
from engine.backend import Array
from engine.elementwise import Elementwise
from engine.graph import Conjugated, Node, OnDevice
from engine.real_only import KERNELS, NO_GRADIENT, SENTENCES, no_gradient
from engine.state import S
from engine.steps import step
from engine.tensor import Tensor

Kind = Literal["pointwise", "linear", "bilinear", "general", "constant"]
"""What forward mode needs to know of an op.

``pointwise``: each output element depends on one element of each input (after broadcasting), so the rule for the
gradient is the rule for the tangent. ``linear``: it is its own derivative. ``bilinear``: linear in each input.
``general``: the tangent is the derivative of the gradient rule. ``constant``: no derivative at all (comparisons,
indices)."""
POINTWISE: Final = "pointwise"
LINEAR: Final = "linear"
BILINEAR: Final = "bilinear"
GENERAL: Final = "general"
CONSTANT: Final = "constant"

Dtypes = Literal["same", "float", "promote", "any"]
"""What happens to the dtypes of the inputs before the forward.

``promote``: brought to their common dtype; ``float``: the same and integers become the default float; ``same``: they
must agree; ``any``: left alone (indices, masks, conditions)."""

OPS: Final[dict[str, Op]] = {}
"""Every operation by name."""


def _forward1(name: str) -> Callable[..., Any]:
    return lambda xp, input: getattr(xp, name)(input)


def _forward2(name: str) -> Callable[..., Any]:
    return lambda xp, input, other: getattr(xp, name)(input, other)


_FORWARDS = {1: _forward1, 2: _forward2}


class Op:
    """One record. Made by `engine.define.define`, which documents the arguments."""

    def __init__(
        self,
        name: str,
        kind: Kind,
        forward: Callable[..., Any] | str,
        vjp: tuple[Callable[..., Any] | None, ...],
        inputs: int,
        *,
        grad_name: str,
        aten: str,
        dtypes: Dtypes,
        outputs: int,
        variadic: bool,
        view: bool,
        domain: tuple[float, float] | None,
        holomorphic: bool | None = None,
        formula: str,
        doc: str,
    ) -> None:
        self.name = name
        self.kind = kind
        self.ufunc = forward if isinstance(forward, str) else None
        """The name of the array libraries' function that is the whole forward, if one is."""
        self.forward: Callable[..., Any] = forward if callable(forward) else _FORWARDS[inputs](forward)
        self.vjp = vjp
        self.n_inputs = inputs
        self.grad_name = grad_name
        self.aten = aten
        self.dtypes = dtypes
        self.outputs = outputs
        self.variadic = variadic
        self.view = view
        self.domain = domain
        self.holomorphic = kind in (POINTWISE, BILINEAR) if holomorphic is None else holomorphic
        """Whether the rules are those of a complex derivative, written without conjugation (`Conjugated`)."""
        self.formula = formula
        self.doc = doc
        signature = inspect.signature(self.forward)
        parameters = list(signature.parameters.values())[1:]
        self.params: tuple[str, ...] = tuple(p.name for p in parameters)
        self.defaults: tuple[Any, ...] = tuple(p.default for p in parameters)
        self.real_only = name in KERNELS or name in SENTENCES
        self.plain_complex = not (self.holomorphic or self.real_only or name in NO_GRADIENT)
        """Whether complex numbers are like any others to it."""
        self.composed: Callable[..., Any] | None = None
        """The function of Tensors that the op is one node for (`engine.fused`)."""
        self.call: Callable[..., Any] = self._not_compiled
        self.device_call: Callable[..., Any] | None = None
        """The hot closure for the arrays of a device, once there was one (`engine.closures`)."""
        self.hot = False
        """Whether `call` is a hot closure, which comes to `dispatch.run` only for what it does not do itself."""
        self._validate()
        self._plan_saving()
        slots = [("args", len(self.params) > self.n_inputs), ("saved", self.saves_any_output)]
        slots += [("versions", self.saves_any_output or any(self.saves)), ("shapes", self.wants_shapes)]
        self.node: type[Node] = type(
            grad_name,
            (Node,),
            {
                "__module__": "builtins",
                "__slots__": tuple(slot for slot, needed in slots if needed),
                "op": self,
                "rules": tuple(self.array_rules) if outputs == 1 and not variadic else (),
                "step": self._step(vjp) if outputs == 1 and not variadic and vjp else None,
                "__doc__": f"Backward of `{name}`.",
            },
        )
        self.complex_node: type[Node] = self.node
        """The node where complex numbers are involved."""
        if self.holomorphic:
            self.complex_node = type(
                grad_name, (Conjugated, self.node), {"__module__": "builtins", "__slots__": (), "rules": ()}
            )

    def __repr__(self) -> str:
        return f"<op {self.name}>"

    def node_for(self, y: Array) -> type[Node]:
        """The class of the node that made `y`.

        Raises:
            RuntimeError: for complex numbers, where PyTorch has no derivative.
        """
        if y.dtype.kind != "c":
            return self.node if type(y) is np.ndarray else self.device_node
        if self.name in NO_GRADIENT:
            raise no_gradient(self.name)
        return self.complex_node

    @cached_property
    def device_node(self) -> type[Node]:
        """The node of an output on a device, whose rules are a launch each where they can be."""
        if not self.node.rules or self.name in ("to_device", "to_dtype"):
            return self.node
        rules = tuple(
            rule and Elementwise(rule, f"{self.name}_backward{k if self.n_inputs > 1 else ''}")
            for k, rule in enumerate(self.vjp)
        )
        called = [
            rule and self._on_node(rule, places) for rule, places in zip(rules, self._places, strict=True)
        ]
        members = {
            "__module__": "builtins",
            "__slots__": (),
            "rules": tuple(called),
            "step": self._step(rules, backend.cupy()),
        }
        return type(self.grad_name, (OnDevice, self.node), members)

    @cached_property
    def on_device(self) -> Callable[..., Any]:
        """The forward on a device: one launch where it can be."""
        if self.kind == CONSTANT or self.outputs != 1 or self.variadic or self.view or self.ufunc:
            return self.forward
        return Elementwise(self.forward, self.name)

    def _step(
        self, rules: tuple[Callable[..., Any] | None, ...], xp: backend.ArrayModule = np
    ) -> Callable[..., None]:
        return step(
            rules,
            self.places,
            _array,
            xp,
            saves_input=any(self.saves),
            saves_output=self.saves_any_output,
            elementwise=self.kind == POINTWISE,
        )

    def _on_node(self, rule: Callable[..., Any], places: list[str]) -> Any:
        """``rule(F, g, ...)`` of arrays as a function of ``F, g`` and the node that has the rest at these places.

        One compiled lambda per rule: a generic loop over the plan costs more than most rules."""
        names = {"rule": rule, "A": _arrays_of if self.variadic else _array, "Tensor": Tensor}
        head = "lambda F, g, n, k: rule(F, g" if self.variadic else "lambda F, g, n: rule(F, g"
        return eval(", ".join([head, *places]) + ")", names)

    def _not_compiled(self, *_: Any) -> Any:
        raise RuntimeError(
            f"op {self.name} was not given its public function; define ops with engine.define.define"
        )

    def _validate(self) -> None:
        def need(condition: bool, message: str) -> None:
            if not condition:
                raise ValueError(f"op {self.name!r}: {message}")

        need(self.name not in OPS, "there is another op of that name")
        need(self.name.isidentifier(), "the name must be a Python identifier")
        need(bool(self.doc), "a one-line doc is needed")
        need(
            self.n_inputs <= len(self.params),
            f"forward takes {self.params}, fewer than {self.n_inputs} inputs",
        )
        if self.kind == CONSTANT:
            need(not self.vjp, "a constant op has no vjp")
            return
        rules = 1 if self.variadic else self.n_inputs
        need(
            len(self.vjp) == rules, f"expected {rules} vjp rules (one per tensor input), got {len(self.vjp)}"
        )
        need(any(r is not None for r in self.vjp), "at least one vjp rule must not be None")
        outputs = ("y",) if self.outputs == 1 else tuple(f"y{k}" for k in range(self.outputs))
        known = {*self.params, *outputs, *(f"{p}_shape" for p in self.params[: self.n_inputs]), "index"}
        for rule in self.vjp:
            if rule is None:
                continue
            names = list(inspect.signature(rule).parameters)
            need(names[:2] == ["F", "g"], f"a vjp rule begins with F, g; this one takes {names}")
            for n in names[2:]:
                need(n in known, f"a vjp rule wants {n!r}, which is none of {sorted(known)}")

    def _plan_saving(self) -> None:
        """From the rules' parameters: which inputs and outputs each needs, and how it is called on a node."""
        inputs = self.params[: self.n_inputs]
        self.saves: list[tuple[int, ...]] = []
        """For each rule, the positions of the inputs it reads."""
        self.saves_output: list[bool] = []
        self.wants_shapes = self.variadic
        self.places: dict[str, str] = {}
        """Where a parameter of the rules is found, as an array: on a node ``n`` or among its saved inputs ``i``."""
        self.array_rules: list[Any] = []
        self._places: list[list[str]] = []
        """For each rule, where its parameters are found, as arrays, on the node alone."""
        self.tensor_rules: list[Any] = []
        self.complex_rules: dict[bool, list[Any]] = {False: [], True: []}
        """Of a holomorphic op: its rules, for arrays and for Tensors, on the conjugates of what was saved."""
        for rule in self.vjp:
            if rule is None:
                self.saves.append(())
                self.saves_output.append(False)
                self.array_rules.append(None)
                self._places.append([])
                self.tensor_rules.append(None)
                for rules in self.complex_rules.values():
                    rules.append(None)
                continue
            reads: list[int] = []
            output = False
            on_arrays: list[str] = []
            on_tensors: list[str] = []
            for name in list(inspect.signature(rule).parameters)[2:]:
                if name in inputs:
                    k = inputs.index(name)
                    reads.append(k)
                    on_arrays.append(
                        "A(n.inputs)"
                        if self.variadic
                        else f"(v._data if type(v := n.inputs[{k}]) is Tensor else A(v))"
                    )
                    on_tensors.append("T(n)" if self.variadic else f"T(n, {k})")
                elif name == "y" or (name[0] == "y" and name[1:].isdigit() and name not in self.params):
                    k = int(name[1:] or 0)
                    output = True
                    on_arrays.append(f"n.saved[{k}]")
                    on_tensors.append(f"Y(n, {k})")
                elif name == "index" and self.variadic:
                    on_arrays.append("k")
                    on_tensors.append("k")
                elif name.endswith("_shape") and name[:-6] in inputs:
                    self.wants_shapes = True
                    k = inputs.index(name[:-6])
                    text = "n.shapes" if self.variadic else f"n.shapes[{k}]"
                    on_arrays.append(text)
                    on_tensors.append(text)
                else:
                    text = f"n.args[{self.params.index(name) - self.n_inputs}]"
                    on_arrays.append(text)
                    on_tensors.append(text)
            for name, place in zip(list(inspect.signature(rule).parameters)[2:], on_arrays, strict=True):
                if name in inputs:
                    place = f"(v._data if type(v := i[{inputs.index(name)}]) is _Tensor else _A(v))"
                elif place.startswith("n.saved"):
                    place = f"{place} if n.saved is not None else None"
                self.places[name] = place
            self.saves.append(tuple(reads))
            self.saves_output.append(output)
            names: dict[str, Any] = {
                "rule": rule,
                "A": _arrays_of if self.variadic else _array,
                "Tensor": Tensor,
                "Y": _output_tensor,
                "C": _conjugate,
            }
            names["T"] = _input_tensors if self.variadic else _input_tensor
            head = "lambda F, g, n, k: rule(F, g" if self.variadic else "lambda F, g, n: rule(F, g"
            self._places.append(on_arrays)
            self.array_rules.append(self._on_node(rule, on_arrays))
            self.tensor_rules.append(eval(", ".join([head, *on_tensors]) + ")", names))
            if self.holomorphic:
                for recording, texts in ((False, on_arrays), (True, on_tensors)):
                    conjugated = ", ".join([head, *(f"C(F, {text})" for text in texts)])
                    self.complex_rules[recording].append(eval(conjugated + ")", names))
        self.saves_any_output = any(self.saves_output)
        self.differentiable = tuple(r is not None for r in self.vjp)

    def tangent(
        self, F: Any, primals: tuple[Any, ...], tangents: tuple[Any, ...], y: Any, args: tuple[Any, ...]
    ) -> Any:
        """Forward mode: the tangent of the output, given those of the inputs (None for zero).

        Follows from `kind`; `F` is the op namespace of whatever the primals are. For ``general`` ops it is the
        derivative of the gradient rule with respect to ``g``, which needs Tensors.
        """
        if self.kind == LINEAR:
            return getattr(F, self.name)(*tangents, *args)
        total = None
        if self.kind == BILINEAR:
            for k, t in enumerate(tangents):
                if t is not None:
                    part = getattr(F, self.name)(*primals[:k], t, *primals[k + 1 :], *args)
                    total = part if total is None else total + part
            return total
        if self.kind == POINTWISE:
            for t, rule in zip(tangents, self.vjp, strict=True):
                if t is not None and rule is not None:
                    part = rule(F, t, **self._named(rule, primals, y, args))
                    total = part if total is None else total + part
            return total
        if self.kind == GENERAL:
            return self._tangent_of_rule(primals, tangents, args)
        return None

    def _named(
        self, rule: Callable[..., Any], primals: tuple[Any, ...], y: Any, args: tuple[Any, ...]
    ) -> dict[str, Any]:
        values: dict[str, Any] = dict(zip(self.params, (*primals, *args), strict=False))
        values.update(
            {f"{p}_shape": x.shape for p, x in zip(self.params, primals, strict=False) if hasattr(x, "shape")}
        )
        values["y"] = y
        return {n: values[n] for n in list(inspect.signature(rule).parameters)[2:]}

    def _tangent_of_rule(
        self, primals: tuple[Any, ...], tangents: tuple[Any, ...], args: tuple[Any, ...]
    ) -> Any:
        from engine.backward import grad

        leaves = [p.detach().requires_grad_(p.dtype.differentiable) for p in primals]
        out = self.call(*leaves, *args)
        first = out[0] if isinstance(out, tuple) else out
        g = first._beside(np.zeros(first.shape, first.dtype.numpy)).requires_grad_()
        wanted = [(x, t) for x, t in zip(leaves, tangents, strict=True) if t is not None]
        grads = grad(first, [x for x, _ in wanted], g, create_graph=True)
        return grad(grads, g, [t for _, t in wanted])[0]


def _array(value: Any) -> Any:
    return value._data if isinstance(value, Tensor) else value


def _arrays_of(values: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(_array(v) for v in values)


def _input_tensor(node: Node, k: int) -> Any:
    """Saved input `k` as a Tensor that hangs where it hung in the graph when it was saved."""
    assert node.inputs is not None
    value = node.inputs[k]
    if not isinstance(value, Tensor):
        return value
    edge = node.next_edges[k]
    if value._edge is edge:
        return value
    t = Tensor._wrap(value._data)
    t._edge = edge
    if S.layers and "_tangents" in value.__dict__:
        t.__dict__["_tangents"] = value.__dict__["_tangents"]
    return t


def _conjugate(F: Any, value: Any) -> Any:
    """The conjugate of a complex array, Tensor or number; anything else itself."""
    if isinstance(value, complex):
        return value.conjugate()
    array = value._data if isinstance(value, Tensor) else value
    return F.conj(value) if hasattr(array, "dtype") and array.dtype.kind == "c" else value


def _input_tensors(node: Node) -> tuple[Any, ...]:
    assert node.inputs is not None
    return tuple(_input_tensor(node, k) for k in range(len(node.inputs)))


def _output_tensor(node: Node, k: int) -> Tensor:
    """Saved output `k` as a Tensor made by `node`."""
    assert node.saved is not None
    t = Tensor._wrap(node.saved[k])
    t._edge = (node, k)
    if S.layers and "_tangents" in node.__dict__:
        t.__dict__["_tangents"] = node.__dict__["_tangents"][k]
    return t


# --- The namespaces rules are written in -----------------------------------------------------------------------------


_SMALL = 32_768


class ArrayNamespace:
    """``F`` on raw arrays: ``F.cos(x)`` is the forward of op ``cos``."""

    recording = False

    def __init__(self, xp: backend.ArrayModule) -> None:
        self.xp = xp

    def zeros(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
        return self.xp.zeros(shape, dtype)

    def zeros_like(self, g: Array) -> Array:
        return self.xp.zeros(g.shape, g.dtype)

    def expand(self, g: Array, size: tuple[int, ...]) -> Array:
        """The op of that name; small results are filled, which costs less than making a view with strides of 0."""
        if -1 not in size and prod(size) <= _SMALL:
            filled = self.xp.empty(size, g.dtype)
            filled[...] = g
            return filled
        return OPS["expand"].forward(self.xp, g, size)

    def __getattr__(self, name: str) -> Any:
        try:
            forward = OPS[name].forward
        except KeyError:
            raise AttributeError(f"no op is called {name!r}") from None
        kernel = partial(forward, self.xp)
        setattr(self, name, kernel)
        return kernel


class TensorNamespace:
    """``F`` on Tensors: ``F.cos(x)`` is the op itself, recorded like any other."""

    recording = True

    def zeros(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Tensor:
        return Tensor._wrap(np.zeros(shape, dtype))

    def zeros_like(self, g: Tensor) -> Tensor:
        return Tensor._wrap(backend.module_of(g._data).zeros_like(g._data))

    def __getattr__(self, name: str) -> Any:
        try:
            call = OPS[name].call
        except KeyError:
            raise AttributeError(f"no op is called {name!r}") from None
        setattr(self, name, call)
        return call


TENSORS: Final = TensorNamespace()
_NUMPY: Final = ArrayNamespace(np)
_others: dict[backend.ArrayModule, ArrayNamespace] = {}


def arrays(like: Array) -> ArrayNamespace:
    """The namespace for arrays of the same library as `like`."""
    if isinstance(like, (np.ndarray, np.generic)):
        return _NUMPY
    xp = backend.module_of(like)
    return _others.setdefault(xp, ArrayNamespace(xp))
