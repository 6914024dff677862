"""`FormulaOptimizer`: the step of the optimizers that are a formula for one parameter.

A step of a small network spends its time in calls, not in arithmetic. Where a formula treats every element alike, small
parameters of a group are therefore stepped together: their values and gradients are gathered into one array each, the
formula runs once, and the values are written back. Their state lies in one array for good; the tensors in
``optimizer.state`` look into it. Parameters stay where they are, so nothing a program can see is different.

What goes together is planned once and looked at anew at each step: a parameter without a gradient, a replaced state or
``p.data = ...`` makes the plan void, and a plan joins parameters only when it is used a second time.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from itertools import chain, pairwise
from operator import attrgetter, is_
from typing import Any, ClassVar

import numpy as np

from engine import backend, dtypes
from engine.backend import Array, is_elsewhere, module_of
from engine.nn.parameter import reset_gradients
from engine.optim import device
from engine.optim import kernels as k
from engine.optim.optimizer import Optimizer
from engine.optim.settings import check_settings, number
from engine.state import S, next_number
from engine.tensor import Tensor

__all__ = ["FormulaOptimizer"]

_MOST_JOINED = 4096
"""Elements of the largest parameter that is joined with others: above, gathering costs more than the calls it saves."""

_array = attrgetter("_data")
Settings = dict[str, Any]
State = dict[str, Array]


def _same(these: Iterable[Any], those: Iterable[Any]) -> bool:
    """Whether two sequences of one length hold the same objects."""
    return all(map(is_, these, those))


class FormulaOptimizer(Optimizer):
    """Base of optimizers that are a formula for each parameter.

    A subclass states its settings, the state a parameter begins with (`buffers`, `begin`), and the formula (`update`).
    """

    counters: ClassVar[tuple[str, ...]] = ("step",)
    """The state that is one number a parameter: 0-d arrays, or of shape (n,) where `n` parameters are joined."""
    buffers: ClassVar[tuple[str, ...]] = ()
    """The state that every parameter has in its own shape."""
    writes: ClassVar[int] = 1
    """How often PyTorch's step writes a parameter, beside decoupled weight decay."""
    joins: ClassVar[bool] = True
    """Whether the formula treats every element alike, and is long enough for joining small parameters to pay."""
    own_decay: ClassVar[bool] = False
    """Whether `update` does the weight decay."""
    as_real: ClassVar[bool] = True
    """Whether the formula sees the real and the imaginary part of complex numbers as two elements."""

    def __init__(self, params: Any, defaults: Settings) -> None:
        self.check(defaults)
        self._plans: dict[int, _Plan] = {}
        super().__init__(params, defaults)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_plans": {}}

    def zero_grad(self, set_to_none: bool = False) -> None:
        """As of every optimizer; on a device gradients that lie in one array are filled by one launch."""
        filled: set[int] = set()
        if not set_to_none and not S.slow:
            for plan in self._plans.values():
                if plan.on_device:
                    filled.update(*(part.flat.fill(part.params) for part in plan.parts if part.flat))
        if not filled:
            super().zero_grad(set_to_none)
            return
        for group in self.param_groups:
            reset_gradients([p for p in group["params"] if id(p) not in filled], set_to_none)

    @staticmethod
    def check(settings: Settings) -> None:
        """Raise PyTorch's error for settings that make no sense."""
        check_settings(settings)

    def begin(self, data: Array, group: Settings) -> State:
        """The state of a parameter that has none: zeros for all `counters` and `buffers`."""
        kind = np.float64 if dtypes.get_default_dtype() is dtypes.float64 else np.float32
        xp = module_of(data) if group.get("capturable") else np
        state = {name: xp.zeros((), kind) for name in self.counters}
        state.update((name, module_of(data).zeros_like(data)) for name in self.buffers)
        return state

    def update(self, data: Array, grad: Array, state: State, group: Settings, lr: float, step: float) -> None:
        """Change `data` and `state` in place, given the gradient, which must not be changed.

        The gradient is negated to maximize, and weight decay is done, unless it is `own_decay`. `step` counts from 1.
        What is new in `state` afterwards is kept.
        """
        raise NotImplementedError(f"{type(self).__name__} must define update()")

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change every parameter that has a gradient, once.

        Args:
            closure: computes the loss and its gradients anew; called first.

        Returns:
            What `closure` returned, or None.

        Raises:
            AssertionError: if the group is `capturable` and on the CPU, as in PyTorch.
        """
        loss = None if closure is None else self.evaluate(closure)
        plans = self._plans
        for number_, group in enumerate(self.param_groups):
            params = [p for p in group["params"] if p._grad is not None]
            if not params:
                continue
            plan = plans.get(number_)
            if plan is None or not plan.fits(params, self.state):
                self._refuse(params, group)
                plan = plans[number_] = _Plan(self, params, group)
            elif plan.new and not backend.capturing():
                plan.join(self)
            lr = group["lr"]
            lr = lr._data if isinstance(lr, Tensor) and lr.is_cuda else number(lr)
            for part in plan.parts:
                self._step_part(part, group, lr)
        return loss

    def _refuse(self, params: list[Tensor], group: Settings) -> None:
        if group.get("capturable") and any(p.device.type == "cpu" for p in params):
            raise AssertionError(
                "If capturable=True, params and state_steps must be on supported devices: "
                "['cuda', 'xpu', 'hpu', 'privateuseone', 'xla']."
            )
        if group.get("differentiable") and S.grad_enabled and any(p.requires_grad for p in params):
            raise RuntimeError(
                "a leaf Variable that requires grad is being used in an in-place operation."
                if any(p.is_leaf for p in params)
                else "differentiable=True: steps are not recorded here; write the update with operations on tensors"
            )

    def change(self, data: Array, grad: Array, state: State, group: Settings, lr: float, step: float) -> None:
        """All that a step does to a parameter, as `update`."""
        if group.get("maximize"):
            grad = -grad
        decay = group.get("weight_decay")
        if decay and not self.own_decay:
            if group.get("decoupled_weight_decay"):
                data *= 1 - lr * number(decay)
            else:
                grad = k.plus(grad, data, number(decay))
        if data.dtype.kind == "c" and self.as_real:
            data, grad = k.real(data), k.real(grad)
        self.update(data, grad, state, group, lr, step)

    def _step_part(self, part: _Part, group: Settings, lr: float) -> None:
        observers, params, state = S.observers, part.params, part.state
        for observer in observers:
            for param in params:
                observer.before_write(param)
        before = len(state)
        part.one_launch = type(part.data) is not np.ndarray and device.step(self, part, group, lr)
        if not part.one_launch:
            self._step_arrays(part, group, lr)
        if len(state) != before and len(params) == 1:
            for name in list(state)[before:]:
                self.state[params[0]][name] = Tensor._wrap(state[name])
        writes = self.writes
        if (self.own_decay or group.get("decoupled_weight_decay")) and group.get("weight_decay"):
            writes += 1
        for param in params:
            counts = param._counter
            if counts is None:
                counts = param._counter = [0]
            counts[0] += writes
        S.written = next_number()
        for observer in observers:
            for param in params:
                observer.parameter_updated(param, self)

    def _step_arrays(self, part: _Part, group: Settings, lr: float) -> None:
        params, data, grad, state, step = part.params, part.data, part.grad, part.state, 0.0
        if part.places:
            np.concatenate(part.arrays, None, data)
            np.concatenate([p._grad._data for p in params], None, grad)  # type: ignore[union-attr]
        elif part.flat is not None:
            for param, place in zip(params, part.flat.grads, strict=True):
                place[...] = param._grad._data  # type: ignore[union-attr]
        else:
            grad = params[0]._grad._data  # type: ignore[union-attr]
        if "step" in state:
            counter = state["step"]
            counter += 1
            step = counter.item(0)
        self.change(data, grad, state, group, lr, step)
        for array, place in zip(part.arrays, part.places, strict=False):
            array[...] = place


class _Part:
    """Parameters that are stepped at once: one, several small ones, or on a device all that are alike."""

    __slots__ = ("arrays", "complex", "data", "flat", "grad", "one_launch", "params", "places", "state")

    def __init__(
        self,
        params: list[Tensor],
        state: State,
        as_real: bool,
        counters: tuple[str, ...],
        flat: device.Flat | None = None,
    ) -> None:
        self.params = params
        self.one_launch = False
        """Whether the last step was a kernel."""
        self.flat = flat
        self.arrays = [p._data for p in params]
        self.data: Array = self.arrays[0]
        """Values the formula works on: of the one parameter, or where those of several are gathered, shape (n,)."""
        self.grad: Array = None
        self.places: list[Array] = []
        """Where in `data` the values of each parameter are, if there are several."""
        self.complex = as_real and self.data.dtype.kind == "c"
        self.state = (
            {n: a if n in counters else k.real(a) for n, a in state.items()} if self.complex else state
        )
        if flat is not None:
            self.data, self.grad, self.state = flat.data, flat.grad, flat.state
        elif len(params) > 1:
            self.data = np.empty(sum(a.size for a in self.arrays), self.data.dtype)
            self.grad = np.empty_like(self.data)
            self.places = _slices(self.data, self.arrays)


class _Plan:
    """What goes together in the steps of one group, for these parameters with gradients, values and state."""

    def __init__(self, optimizer: FormulaOptimizer, params: list[Tensor], group: Settings) -> None:
        self.new = True
        """Whether it has been used once only."""
        self.on_device = False
        """Whether there may be parameters that lie in one array of a device."""
        self.params = params
        for param in params:
            if not optimizer.state.get(param):
                begun = optimizer.begin(param._data, group)
                if begun and backend.capturing():
                    raise device.no_state(optimizer)
                if begun:
                    optimizer.state.setdefault(param, {}).update(
                        {n: Tensor._wrap(a) for n, a in begun.items()}
                    )
        self._note(optimizer)
        self.parts = [
            _Part([p], {n: t._data for n, t in (s or {}).items() if isinstance(t, Tensor)}, *self._kind)
            for p, s in zip(params, self.dicts, strict=True)
        ]

    def _note(self, optimizer: FormulaOptimizer) -> None:
        """Take down the state as it is, to see later whether it is still that."""
        self.arrays = [p._data for p in self.params]
        self._kind = optimizer.as_real, optimizer.counters
        self.dicts = [*map(optimizer.state.get, self.params)]
        self.tensors = [*chain.from_iterable(s.values() for s in self.dicts if s)]
        self.plain = all(isinstance(t, Tensor) for t in self.tensors)
        self.state_arrays = [*map(_array, self.tensors)] if self.plain else []

    def fits(self, params: list[Tensor], state: dict[Any, Any]) -> bool:
        """Whether parameters, their memory and their state are what they were."""
        dicts = [*map(state.get, params)]
        tensors = [*chain.from_iterable([s.values() for s in dicts if s])]
        return (
            self.plain
            and len(params) == len(self.params)
            and len(tensors) == len(self.tensors)
            and _same(params, self.params)
            and _same(map(_array, params), self.arrays)
            and _same(dicts, self.dicts)
            and _same(tensors, self.tensors)
            and _same(map(_array, tensors), self.state_arrays)
        )

    def join(self, optimizer: FormulaOptimizer) -> None:
        """Put small parameters of one dtype, at one step, into one part, if their state can be moved; on a device all
        that are stepped by one kernel."""
        self.new = False
        self.on_device = on_device = any(part.one_launch for part in self.parts)
        if not on_device and (not optimizer.joins or _overlap(self.arrays)):
            return
        alike: dict[Any, list[_Part]] = {}
        for part in self.parts:
            data, state = part.data, part.state
            small = part.one_launch or (not on_device and data.size <= _MOST_JOINED)
            numbers = tuple(state[name].item() for name in optimizer.counters if name in state)
            alike.setdefault((data.dtype, tuple(state), numbers) if small else id(part), []).append(part)
        # Only state that nobody else holds is moved: let go of it.
        together = [[part.params[0] for part in parts] for parts in alike.values()]
        del self.parts[:], self.arrays, self.state_arrays, alike, part, state, data
        for params in together:
            states = [optimizer.state.get(p, {}) for p in params]
            flat = arrays = None
            if len(params) > 1 and is_elsewhere(params[0]._data):
                flat = device.flattened(params, states, optimizer.counters)
            elif len(params) > 1:
                arrays = _joined(params, states, optimizer.counters)
            if flat is not None:
                self.parts.append(_Part(params, flat.state, *self._kind, flat))
            elif arrays is not None:
                self.parts.append(_Part(params, arrays, *self._kind))
            else:
                for p, s in zip(params, states, strict=True):
                    self.parts.append(_Part([p], {n: t._data for n, t in s.items()}, *self._kind))
        self._note(optimizer)


def _joined(params: list[Tensor], states: list[dict[str, Any]], counters: tuple[str, ...]) -> State | None:
    """The state of several parameters as one array a name, which their tensors then look into; None if that cannot be.

    It cannot where somebody else looks at the state: the tensor would go on in other memory than what was taken of it.
    """
    named = {name: [state[name] for state in states] for name in states[0]}
    found = {name: _consecutive([t._data for t in tensors]) for name, tensors in named.items()}
    if all(array is not None for array in found.values()):
        return found
    if not all(_is_alone(t) for tensors in named.values() for t in tensors):
        return None
    for name, tensors in named.items():
        like = [t._data for t in tensors]
        joined = found[name] = np.empty(sum(a.size for a in like), like[0].dtype)
        for tensor, place in zip(tensors, _slices(joined, like), strict=True):
            place[...] = tensor._data
            tensor._data = place
    return found


def _slices(flat: Array, like: list[Array]) -> list[Array]:
    """Consecutive parts of `flat` in the shapes of the arrays in `like`."""
    ends = np.cumsum([a.size for a in like]).tolist()
    return [flat[end - a.size : end].reshape(a.shape) for a, end in zip(like, ends, strict=True)]


def _consecutive(arrays: list[Array]) -> Array | None:
    """The part of a flat array that these, in order, are the parts of; None if they are not."""
    flat = arrays[0].base
    if flat is None or flat.ndim != 1 or not flat.flags.c_contiguous:
        return None
    first = expected = backend.address(arrays[0])
    for array in arrays:
        if array.base is not flat or not array.flags.c_contiguous or backend.address(array) != expected:
            return None
        expected += array.nbytes
    start = backend.address(flat)
    return flat[(first - start) // flat.itemsize : (expected - start) // flat.itemsize]


def _overlap(arrays: list[Array]) -> bool:
    """Whether any two may share memory; True too where that cannot be seen."""
    if any(type(a) is not np.ndarray for a in arrays):
        return True
    bounds = sorted(np.lib.array_utils.byte_bounds(a) for a in arrays if a.size)
    return any(left[1] > right[0] for left, right in pairwise(bounds))


def _references(tensor: Tensor) -> int:
    return sys.getrefcount(tensor._data)


_ALONE = _references(Tensor._wrap(np.zeros(1)))


def _is_alone(tensor: Tensor) -> bool:
    """Whether nobody but `tensor` holds its memory or a view of it."""
    return tensor._counter is None and tensor._data.base is None and _references(tensor) <= _ALONE
