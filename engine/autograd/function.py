"""``torch.autograd.Function``: operations with a backward of the user's own."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from engine import backend
from engine.autograd import forward, layers
from engine.autograd.grad_mode import no_grad
from engine.autograd.graph import saved_tensors_hooks
from engine.graph import FREED, GONE, Node
from engine.inplace import bump, rebase
from engine.registry import LINEAR, Op
from engine.state import S, next_number, unobserved
from engine.tensor import Tensor


class FunctionCtx:
    """What ``forward`` leaves for ``backward``: attributes of any name, and the tensors it saves."""

    _saved: tuple[Any, ...] = ()
    _versions: tuple[int, ...] = ()
    _dirty: tuple[Tensor, ...] = ()
    _constant: tuple[Tensor, ...] = ()
    _materialize = True
    needs_input_grad: tuple[bool, ...] = ()

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Keep tensors for ``backward``, where `saved_tensors` gives them back."""
        for t in tensors:
            if t is not None and not isinstance(t, Tensor):
                raise TypeError(
                    f"save_for_backward can only save variables, but argument {tensors.index(t)} is of type "
                    f"{type(t).__name__}"
                )
        self._saved = tensors
        self._versions = tuple(0 if t is None else t._version for t in tensors)

    def save_for_forward(self, *tensors: Tensor | None) -> None:
        """Keep tensors for ``jvp``, where `saved_tensors` gives them back."""
        if not self._saved:
            self.save_for_backward(*tensors)

    def mark_dirty(self, *tensors: Tensor) -> None:
        """Say which inputs ``forward`` changed in place."""
        self._dirty = tensors

    def mark_non_differentiable(self, *tensors: Tensor) -> None:
        """Say which outputs have no gradient."""
        self._constant = tensors

    def set_materialize_grads(self, value: bool) -> None:
        """False: ``backward`` gets None, not zeros, for outputs no gradient reached."""
        self._materialize = value


class _Output:
    """An output that was saved: the Tensor would hold the node that holds it."""

    __slots__ = ("counter", "data", "number")

    def __init__(self, tensor: Tensor, number: int) -> None:
        self.data, self.number, self.counter = tensor._data, number, tensor._shared_counter()

    @property
    def _version(self) -> int:
        return self.counter[0]

    def tensor(self, node: Node) -> Tensor:
        """It again, as the output of `node`."""
        made = Tensor._wrap(self.data)
        made._edge, made._counter = (node, self.number), self.counter
        return made


class _FunctionNode(Node, FunctionCtx):
    """The node of a custom function, which is also its context."""

    __slots__ = ()
    rules = None
    op: ClassVar[Op]
    function: ClassVar[type[Function]]

    def __repr__(self) -> str:
        return f"<torch.autograd.function.{type(self).__name__} object at {id(self):#x}>"

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        if self.freed:
            raise RuntimeError(FREED)
        if self._unpack is not None:
            return self._unpack()
        saved = tuple(t.tensor(self) if isinstance(t, _Output) else t for t in self._saved)
        for t, version in zip(saved, self._versions, strict=True):
            if t is not None and t._version != version:
                raise RuntimeError(
                    "one of the variables needed for gradient computation has been modified by an inplace operation: "
                    f"[{t.type()} {list(t._data.shape)}] is at version {t._version}; expected version {version} "
                    "instead. "
                    "Hint: enable anomaly detection to find the operation that failed to compute its gradient, with "
                    "torch.autograd.set_detect_anomaly(True, check_nan=False)."
                )
        return saved

    _unpack: Callable[[], tuple[Any, ...]] | None = None
    """Gives the saved tensors where saved-tensor hooks have packed them."""

    def free(self) -> None:
        if self._saved or self._unpack is not None:
            self._saved = ()
            self._unpack = None
            self.inputs = GONE

    def check_saved(self) -> None:
        return

    def apply(self, F: Any, grads: Sequence[Any], needed: Sequence[bool]) -> Sequence[Any]:
        present = [None if g is None else g if F.recording else Tensor._wrap(g) for g in grads]
        xp = backend.module_of(next(g for g in present if g is not None)._data)
        given: list[Any] = [
            Tensor._wrap(xp.zeros(shape, dtype)) if g is None and self._materialize else g
            for g, (shape, dtype) in zip(present, self.meta, strict=True)
        ]
        result = self.function.backward(self, *given)
        values = list(result) if isinstance(result, tuple) else [result]
        count = len(self.needs_input_grad)
        if len(values) > count and all(v is None for v in values[count:]):
            values = values[:count]
        if len(values) != count:
            raise RuntimeError(
                f"function {self.name()} returned an incorrect number of gradients (expected {count}, got "
                f"{len(values)})"
            )
        sent: list[Any] = []
        for k, v in enumerate(values):
            if v is not None and not isinstance(v, Tensor):
                raise TypeError(f"expected Variable or None (got {type(v).__name__})")
            if not self._is_tensor[k]:
                continue
            if v is not None:
                self._check_shape(k, len(sent), v)
            sent.append(None if v is None or not needed[len(sent)] else (v if F.recording else v._data))
        return sent

    def _check_shape(self, position: int, k: int, g: Tensor) -> None:
        """That a gradient is of the shape of its input, or may be summed to it."""
        edge = self.next_edges[k]
        if edge is None:
            return
        wanted, got = edge[0].meta[edge[1]][0], g._data.shape
        if got == wanted:
            return
        missing = len(got) - len(wanted)
        if missing < 0 or any(n not in (1, m) for n, m in zip(wanted, got[missing:], strict=True)):
            raise RuntimeError(
                f"Function {self.name()} returned an invalid gradient at index {position} - got {list(got)} but "
                f"expected shape compatible with {list(wanted)}"
            )

    _is_tensor: tuple[bool, ...] = ()


class Function:
    """Subclass it with static ``forward(ctx, *args)`` and ``backward(ctx, *grad_outputs)``; use ``apply``.

    ``forward`` may leave out ``ctx`` if ``setup_context(ctx, inputs, output)`` is defined too.
    """

    _node: ClassVar[type[_FunctionNode] | None] = None

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError("You must implement the forward function for custom autograd.Function.")

    @staticmethod
    def jvp(ctx: Any, *grad_inputs: Any) -> Any:
        raise NotImplementedError(
            "You must implement the jvp function for custom autograd.Function to use it with forward mode AD."
        )

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        raise NotImplementedError(
            "You must implement either the backward or vjp method for your custom autograd.Function to use it with "
            "backward mode AD."
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise RuntimeError(
            "Legacy autograd function with non-static forward method is deprecated. Please use new-style autograd "
            "function with static forward method. "
            "(Example: https://pytorch.org/docs/stable/autograd.html#torch.autograd.Function)"
        )

    setup_context: ClassVar[Callable[..., None] | None] = None

    @classmethod
    def _node_type(cls) -> type[_FunctionNode]:
        if cls._node is None or cls._node.function is not cls:
            name = f"{cls.__name__}Backward"
            op = object.__new__(Op)
            op.name, op.kind, op.aten, op.grad_name = cls.__name__, LINEAR, cls.__name__, name
            op.params, op.n_inputs, op.doc, op.view, op.outputs, op.formula = (
                ("args",),
                0,
                cls.__doc__ or "",
                False,
                1,
                "",
            )
            op.variadic, op.dtypes, op.domain, op.vjp, op.defaults = False, "any", None, (), ()
            members = {"__module__": "torch.autograd.function", "__slots__": (), "op": op, "function": cls}
            cls._node = type(name, (_FunctionNode,), members)
        return cls._node

    @classmethod
    def apply(cls, *args: Any) -> Any:
        """Run ``forward`` and record the function, if an input requires grad."""
        kind = cls._node_type()
        node: Any = kind.__new__(kind)
        node.pending = None
        node.sequence_nr = next_number()
        tensors = [a for a in args if isinstance(a, Tensor)]
        # Before `forward`, which may call attributes of its own by these names.
        node.inputs = node.args = ()
        node.saved = node.versions = node.shapes = node.metas = None
        node._is_tensor = tuple(isinstance(a, Tensor) for a in args)
        node.needs_input_grad = tuple(isinstance(a, Tensor) and a.requires_grad for a in args)
        start = S.clock() if S.observers else 0
        with unobserved(), no_grad():
            if cls.setup_context is not None:
                result = cls.forward(*args)
                cls.setup_context(node, args, result)
            else:
                result = cls.forward(node, *args)
        end = S.clock() if S.observers else 0
        given = result if isinstance(result, tuple) else (result,)
        recording = S.grad_enabled and any(node.needs_input_grad)
        outputs: list[Any] = []
        made: list[Tensor] = []
        for o in given:
            if not isinstance(o, Tensor):
                outputs.append(o)
                continue
            if any(o is t for t in tensors) and not any(o is d for d in node._dirty):
                o = o.view_as(o) if recording else o.detach()
                o._edge = None
            outputs.append(o)
            made.append(o)
        if recording:
            node.next_edges = tuple(t._fresh_edge() for t in tensors)
            metas = tuple((o._data.shape, o._data.dtype) for o in made)
            if len(metas) == 1:
                node.out_shape, node.out_dtype = metas[0]
            else:
                node.out_shape, node.out_dtype, node.metas = (), None, metas
            for k, o in enumerate(made):
                if any(o is d for d in node._dirty):
                    bump(o)
                    rebase(o, node)
                elif o.dtype.differentiable and not any(o is c for c in node._constant):
                    o._edge = (node, k)
                else:
                    continue
                if any(o is s for s in node._saved):
                    node._saved = tuple(_Output(o, k) if s is o else s for s in node._saved)
            # What `forward` has changed after saving it is saved as it is now.
            node._versions = tuple(0 if t is None else t._version for t in node._saved)
            hooks = layers.top(saved_tensors_hooks)
            if hooks is not None and node._saved:
                hooks.pack_function(node)
        for observer in S.observers:
            observer.op(
                kind.op, args, tensors, made, node if recording else None, bool(node._dirty), start, end
            )
        if S.layers:
            forward.through_function(cls, node, args, made)
        node._dirty = node._constant = ()  # some are outputs now, which hold the node
        return tuple(outputs) if isinstance(result, tuple) else outputs[0]


def once_differentiable(function: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a custom backward that cannot be differentiated again."""

    @functools.wraps(function)
    def call(ctx: Any, *args: Any) -> Any:
        with no_grad():
            return function(ctx, *args)

    return call
