"""The `Tensor` itself: an array, its place in the graph, what it shares with its views. Operations live in `ops`."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from engine import backend, dtypes
from engine.backend import Array, device
from engine.convert import Conversions
from engine.dtypes import dtype
from engine.state import S, next_number

if TYPE_CHECKING:
    from engine.graph import Node

_new = object.__new__


class Size(tuple[int, ...]):
    """The shape of a tensor; a tuple that prints as ``torch.Size([2, 3])``."""

    __module__ = "torch"

    __slots__ = ()

    def numel(self) -> int:
        """How many elements a tensor of this shape has."""
        return math.prod(self)

    def __repr__(self) -> str:
        return f"torch.Size([{', '.join(map(str, self))}])"

    def __getitem__(self, key: Any) -> Any:
        value = tuple.__getitem__(self, key)
        return Size(value) if isinstance(key, slice) else value

    def __add__(self, other: Any) -> Any:
        return Size(tuple.__add__(self, tuple(other)))


class View:
    """How a tensor looks into the memory of another.

    `base` owns the memory (it is never itself a view) and `chain` has the view operations that lead from it to this
    one. `version` is the shared version at which this tensor's place in the graph was last right, see `_fresh_edge`;
    `in_grad_mode` says whether the view was taken while operations were recorded.
    """

    __slots__ = ("base", "chain", "in_grad_mode", "version")

    def __init__(self, base: Tensor, chain: tuple[Any, ...], version: int, in_grad_mode: bool) -> None:
        self.base = base
        self.chain = chain
        self.version = version
        self.in_grad_mode = in_grad_mode


class Tensor(Conversions):
    """A multi-dimensional array that remembers how it was made.

    Slots, for the engine only: ``_data`` the array; ``_edge`` None, or ``(node, output_nr)`` that a gradient of this
    tensor is sent to; ``_grad``; ``_view`` None or a `View`; ``_counter`` None or the list ``[version]`` that all
    tensors over the same memory share (made when first needed).
    """

    __module__ = "torch"

    __slots__ = ("__dict__", "__weakref__", "_counter", "_data", "_edge", "_grad", "_view")

    _data: Array
    _edge: tuple[Node, int] | None
    _grad: Tensor | None
    _view: View | None
    _counter: list[int] | None

    __array_priority__ = 1000  # NumPy then leaves ``ndarray + Tensor`` to us

    if TYPE_CHECKING:
        # What `engine.methods` attaches: every public operation, and the operators.
        def __getattr__(self, name: str) -> Any: ...
        def __getitem__(self, key: Any) -> Tensor: ...
        def __setitem__(self, key: Any, value: Any) -> None: ...
        def __iter__(self) -> Iterator[Tensor]: ...
        def __neg__(self) -> Tensor: ...
        def __invert__(self) -> Tensor: ...
        def __add__(self, other: Any) -> Tensor: ...
        def __radd__(self, other: Any) -> Tensor: ...
        def __sub__(self, other: Any) -> Tensor: ...
        def __rsub__(self, other: Any) -> Tensor: ...
        def __mul__(self, other: Any) -> Tensor: ...
        def __rmul__(self, other: Any) -> Tensor: ...
        def __truediv__(self, other: Any) -> Tensor: ...
        def __rtruediv__(self, other: Any) -> Tensor: ...
        def __pow__(self, other: Any) -> Tensor: ...
        def __rpow__(self, other: Any) -> Tensor: ...
        def __matmul__(self, other: Any) -> Tensor: ...
        def __lt__(self, other: Any) -> Tensor: ...
        def __le__(self, other: Any) -> Tensor: ...
        def __gt__(self, other: Any) -> Tensor: ...
        def __ge__(self, other: Any) -> Tensor: ...

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        """``Tensor(2, 3)`` is uninitialised of that shape; ``Tensor([1, 2])`` holds the data as float32."""
        kind = dtypes.get_default_dtype().numpy
        t = _new(cls)
        t._edge = t._grad = t._view = t._counter = None
        if len(args) != 1 or isinstance(args[0], (int, Size)):
            t._data = np.zeros(0 if not args else args[0] if isinstance(args[0], Size) else args, kind)
        else:
            from engine.ops.numbers import legacy_array

            t._data = legacy_array(args[0], dtypes.get_default_dtype())
        return t

    @staticmethod
    def _wrap(array: Array) -> Tensor:
        """A tensor over `array`, which is not copied or checked; it is not part of a graph."""
        t = _new(Tensor)
        t._data = array
        t._edge = t._grad = t._view = t._counter = None
        return t

    # --- What it is ------------------------------------------------------------------------------------------------

    def _beside(self, array: Array) -> Tensor:
        """A tensor of these numbers on the device of this one."""
        return Tensor._wrap(array if type(self._data) is np.ndarray else backend.beside(self._data, array))

    @property
    def dtype(self) -> dtype:
        return dtypes.of(self._data)

    @property
    def device(self) -> device:
        return backend.device_of(self._data)

    @property
    def shape(self) -> Size:
        return Size(self._data.shape)

    def size(self, dim: int | None = None) -> Any:
        """The shape, or its length in one dimension."""
        if dim is None:
            return Size(self._data.shape)
        ndim = self._data.ndim
        if not -ndim <= dim < max(ndim, 1):
            raise IndexError(dimension_out_of_range(dim, ndim))
        return self._data.shape[dim]

    @property
    def ndim(self) -> int:
        return int(self._data.ndim)

    def dim(self) -> int:
        """How many dimensions."""
        return int(self._data.ndim)

    ndimension = dim

    def numel(self) -> int:
        """How many elements."""
        return int(self._data.size)

    nelement = numel

    @property
    def itemsize(self) -> int:
        return int(self._data.itemsize)

    def element_size(self) -> int:
        """Bytes of one element."""
        return int(self._data.itemsize)

    @property
    def nbytes(self) -> int:
        return int(self._data.nbytes)

    def stride(self, dim: int | None = None) -> Any:
        """Steps between neighbours along each dimension, in elements."""
        strides = tuple(s // self._data.itemsize for s in self._data.strides)
        return strides if dim is None else strides[dim]

    def storage_offset(self) -> int:
        """The first element's place in the memory it shares with its base, in elements."""
        start = self if self._view is None else self._view.base
        return (backend.address(self._data) - backend.address(start._data)) // self.itemsize

    def is_contiguous(self) -> bool:
        """Whether the elements lie in row-major order without gaps."""
        return bool(self._data.flags.c_contiguous)

    def is_floating_point(self) -> bool:
        return self.dtype.is_floating_point

    def is_complex(self) -> bool:
        return self.dtype.is_complex

    @property
    def is_cuda(self) -> bool:
        return type(self._data) is not np.ndarray and self.device.type == "cuda"

    @property
    def is_cpu(self) -> bool:
        return not self.is_cuda

    is_sparse = is_quantized = is_meta = is_nested = False
    layout = "torch.strided"

    def get_device(self) -> int:
        """The CUDA device's number, -1 for the CPU."""
        return self.device.index or 0 if self.is_cuda else -1

    def type(self, dtype: Any = None) -> Any:
        """``torch.FloatTensor`` as text; with a dtype, the tensor converted to it."""
        if dtype is None:
            return "torch." + ("cuda." if self.is_cuda else "") + dtypes.legacy_name(self.dtype)
        kind, where = dtypes.from_legacy(dtype)
        return self.to(where or self.device, kind)

    # --- Its place in the graph ------------------------------------------------------------------------------------

    def _fresh_edge(self) -> tuple[Node, int] | None:
        """`_edge`, after bringing that of a view up to date with in-place writes through its base or another view."""
        view = self._view
        if view is not None and self._counter is not None and self._counter[0] != view.version:
            from engine.inplace import refresh_view

            refresh_view(self)
        return self._edge

    @property
    def requires_grad(self) -> bool:
        """Whether operations on this tensor are recorded so that gradients reach it."""
        # Not `_fresh_edge`, which refuses a view that was written to in a way that is not allowed.
        view = self._view
        via = view is not None and view.base.requires_grad and self.dtype.differentiable
        return self._edge is not None or via

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        if not isinstance(value, bool):
            raise RuntimeError("requires_grad must be a bool")
        if value and not self.is_leaf:
            raise RuntimeError("you can only change requires_grad flags of leaf variables.")
        if value and not self.dtype.differentiable:
            raise RuntimeError("only Tensors of floating point and complex dtype can require gradients")
        self.requires_grad_(value)

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Set `requires_grad` and return self.

        Raises:
            RuntimeError: for a tensor that is not a leaf, or not floating point.
        """
        from engine.graph import new_leaf

        edge = self._fresh_edge()
        if edge is not None and not edge[0].is_leaf_node:
            if requires_grad:
                return self
            raise RuntimeError(
                "you can only change requires_grad flags of leaf variables. If you want to use a computed variable "
                "in a subgraph that doesn't require differentiation use var_no_grad = var.detach()."
            )
        if not requires_grad:
            self._edge = None
        elif edge is None:
            self._edge = new_leaf(self)
        return self

    @property
    def grad_fn(self) -> Node | None:
        """The backward node that made it, None for a leaf."""
        edge = self._fresh_edge()
        return None if edge is None or edge[0].is_leaf_node else edge[0]

    @property
    def is_leaf(self) -> bool:
        """True if no recorded operation made it."""
        edge = self._fresh_edge()
        return edge is None or edge[0].is_leaf_node

    @property
    def output_nr(self) -> int:
        """Which output of `grad_fn` it is."""
        edge = self._fresh_edge()
        return 0 if edge is None else edge[1]

    @property
    def _base(self) -> Tensor | None:
        return None if self._view is None else self._view.base

    def _is_view(self) -> bool:
        return self._view is not None

    @property
    def _version(self) -> int:
        return 0 if self._counter is None else self._counter[0]

    def _shared_counter(self) -> list[int]:
        """The version counter, made now if there is none."""
        counter = self._counter
        if counter is None:
            counter = self._counter = [0]
        return counter

    def _written(self, times: int = 1) -> None:
        """Note that the memory has been written to in place: its version rises, and saved values may be stale."""
        self._shared_counter()[0] += times
        S.written = next_number()

    @property
    def grad(self) -> Tensor | None:
        """The gradient accumulated by backward passes: None at first, then a tensor of this shape."""
        if self._grad is None:
            edge = self._edge
            if edge is not None and not edge[0].is_leaf_node and not self.retains_grad:
                warnings.warn(
                    "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed. Its .grad attribute "
                    "won't be populated during autograd.backward(). If you indeed want the .grad field to be populated "
                    "for a non-leaf Tensor, use .retain_grad() on the non-leaf Tensor. If you access the non-leaf "
                    "Tensor by mistake, make sure you access the leaf Tensor instead. See "
                    "github.com/pytorch/pytorch/pull/30531 for more information.",
                    UserWarning,
                    stacklevel=2,
                )
        return self._grad

    @grad.setter
    def grad(self, value: Tensor | None) -> None:
        if value is not None:
            if not isinstance(value, Tensor):
                raise TypeError(
                    f"assigned grad expected to be a Tensor or None but got grad of type {_type_name(value)}"
                )
            if value is self:
                raise RuntimeError("can't assign Variable as its own grad")
            if value.dtype is not self.dtype:
                raise RuntimeError(
                    f"assigned grad has data of a different type: expected {dtypes.legacy_name(self.dtype)}, "
                    f"got {dtypes.legacy_name(value.dtype)}"
                )
            if value._data.shape != self._data.shape:
                raise RuntimeError(
                    f"attempting to assign a gradient of size '{list(value._data.shape)}' to a tensor of size "
                    f"'{list(self._data.shape)}'. Please ensure that the gradient and the tensor are the same size"
                )
        self._grad = value
        for observer in S.observers:
            observer.gradients_set((self,), False)

    @grad.deleter
    def grad(self) -> None:
        self._grad = None
        for observer in S.observers:
            observer.gradients_set((self,), False)

    @property
    def retains_grad(self) -> bool:
        """Whether a non-leaf keeps its gradient (`retain_grad`)."""
        edge = self._edge
        return edge is not None and not edge[0].is_leaf_node and edge[0].retains(self)

    def retain_grad(self) -> None:
        """Keep this non-leaf's gradient in `grad` during backward. A view made under no_grad counts as a leaf.

        Raises:
            RuntimeError: if it does not require grad.
        """
        if not self.requires_grad:
            raise RuntimeError("can't retain_grad on Tensor that has requires_grad=False")
        if self._edge is not None and not self._edge[0].is_leaf_node:
            node, output = self._fresh_edge() or self._edge
            node.retain(self, output)

    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> Any:
        """Call `hook(grad)` whenever this tensor's gradient is computed; what it returns, if not None, replaces it.

        Returns:
            A handle with ``remove()``.
        """
        edge = self._fresh_edge()
        if edge is None:
            raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
        return edge[0].add_tensor_hook(hook, edge[1])

    def register_post_accumulate_grad_hook(self, hook: Callable[[Tensor], None]) -> Any:
        """Call `hook(tensor)` after its ``grad`` has been accumulated. Leaves only."""
        edge = self._fresh_edge()
        if edge is None:
            raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
        if not edge[0].is_leaf_node:
            raise RuntimeError("post accumulate grad hooks cannot be registered on non-leaf tensors")
        return edge[0].add_post_hook(hook)

    @property
    def data(self) -> Tensor:
        """A tensor over the same memory that no graph knows and whose writes autograd does not see."""
        return Tensor._wrap(self._data)

    @data.setter
    def data(self, value: Tensor) -> None:
        if not isinstance(value, Tensor):
            raise TypeError(f"Variable data has to be a tensor, but got {_type_name(value)}")
        for observer in S.observers:
            observer.before_write(self)
        self._data = value._data
        edge = self._edge
        if edge is not None and edge[0].is_leaf_node:
            edge[0].out_shape, edge[0].out_dtype = self._data.shape, self._data.dtype

    def detach(self) -> Tensor:
        """A tensor over the same memory, cut from the graph; in-place writes are noticed through either."""
        if not S.slow:
            t = Tensor._wrap(self._data)
            t._counter = self._shared_counter()
            return t
        from engine.dispatch import run
        from engine.registry import OPS

        return cast(Tensor, run(OPS["detach"], (self,)))

    def detach_(self) -> Tensor:
        """Cut this tensor itself from the graph."""
        if self._view is not None:
            raise RuntimeError(
                "Can't detach views in-place. Use detach() instead. If you are using DistributedDataParallel (DDP) for "
                "training, and gradient_as_bucket_view is set as True, gradients are views of DDP buckets, and hence "
                "detach_() cannot be called on these gradients. To fix this error, please refer to the "
                "Optimizer.zero_grad() function in torch/optim/optimizer.py as the solution."
            )
        self._edge = None
        return self

    def backward(
        self,
        gradient: Tensor | None = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        inputs: Tensor | Iterable[Tensor] | None = None,
    ) -> None:
        """Compute the gradient of this tensor with respect to the leaves and add it to their ``grad``.

        Args:
            gradient: the gradient of some later scalar with respect to this tensor, of its shape; may be left out
                for a tensor of one element.
            retain_graph: keep what the graph has saved, for another pass; by default the value of `create_graph`.
            create_graph: record the pass itself, so that it can be differentiated.
            inputs: accumulate into these only.

        Raises:
            RuntimeError: in PyTorch's words, when there is nothing to differentiate, the graph was freed, or a saved
                tensor was changed in place.
        """
        from engine.backward import backward

        backward(self, gradient, retain_graph, create_graph, inputs=inputs)

    def __hash__(self) -> int:
        return id(self)

    def __repr__(self) -> str:
        from engine.printing import tensor_repr

        return tensor_repr(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        if not self.is_leaf:
            raise RuntimeError(
                "Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol at the "
                "moment.  If you were attempting to deepcopy a module, this may be because of a torch.nn.utils."
                "weight_norm usage, see https://github.com/pytorch/pytorch/pull/103001"
            )
        copy = _new(type(self))
        copy._data = self._data.copy()
        copy._edge = copy._grad = copy._view = copy._counter = None
        memo[id(self)] = copy
        if self.requires_grad:
            copy.requires_grad_()
        if self._grad is not None:
            copy._grad = self._grad.__deepcopy__(memo)
        copy.__dict__.update(self.__dict__)
        return copy


def _type_name(value: object) -> str:
    return type(value).__name__


def dimension_out_of_range(dim: int, ndim: int) -> str:
    """PyTorch's message for a dimension that is not there."""
    low, high = (-ndim, ndim - 1) if ndim else (-1, 0)
    return f"Dimension out of range (expected to be in range of [{low}, {high}], but got {dim})"
