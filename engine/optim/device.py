"""The step of an optimizer on a device: one kernel for all parameters that are alike.

The formula of the optimizer (`FormulaOptimizer.change`) is run on symbols, which write the kernel
(`engine.elementwise`). That is done at every step, with the numbers as parameters of the kernel: it is arithmetic on a
few of Python's numbers, and no changed setting, schedule or count of steps can be missed. What is compiled is kept.

From the second step on the parameters of a group, their gradients and their state lie in one array each, one after the
other; the tensors look into it. That needs memory which nobody else looks at; where somebody does (as a CUDA graph that
was recorded before), or where gradients are dropped and made anew at every step, there is a launch for each parameter.
"""

from __future__ import annotations

import sys
from operator import is_
from typing import TYPE_CHECKING, Any

import numpy as np

from engine import backend
from engine.backend import Array, is_elsewhere
from engine.elementwise import WIDTHS, Trace, compiled, takes_kernels
from engine.tensor import Tensor

if TYPE_CHECKING:
    from engine.optim.formula import FormulaOptimizer

__all__ = ["Flat", "flattened", "no_state", "step"]

_ALIGNED = 64
"""Elements to a multiple of which parameters begin in a flat array: matrix products want aligned memory."""


class Flat:
    """Several parameters one after the other: their values, gradients and state, each in one array."""

    def __init__(
        self,
        params: list[Tensor],
        grads: list[Tensor],
        states: list[dict[str, Any]],
        counters: tuple[str, ...],
    ) -> None:
        arrays = [p._data for p in params]
        self.shapes = [a.shape for a in arrays]
        self.starts = [0]
        for a in arrays:
            self.starts.append(self.starts[-1] + -(-a.size // _ALIGNED) * _ALIGNED)
        self.dtype, self.xp = arrays[0].dtype, backend.module_of(arrays[0])
        del arrays
        self.data = self._moved(params)
        self.grad = self._moved(grads)
        self.grads = [grad._data for grad in grads]
        self.state: dict[str, Array] = {}
        self.places: dict[str, list[Array]] = {}
        """Where in `state` that of each parameter is."""
        for name in states[0]:
            tensors = [state[name] for state in states]
            if name in counters:
                xp = backend.module_of(tensors[0]._data)
                self.state[name] = counts = xp.stack([t._data for t in tensors])
                for k, tensor in enumerate(tensors):
                    tensor._data = counts[k : k + 1].reshape(())
            else:
                self.state[name] = self._moved(tensors)
                self.places[name] = [t._data for t in tensors]

    def new(self) -> tuple[Array, list[Array]]:
        """Zeros, and the places of the parameters in them."""
        flat = self.xp.zeros(self.starts[-1], self.dtype)
        sizes = [int(np.prod(shape)) for shape in self.shapes]
        starts = zip(self.starts, sizes, self.shapes, strict=False)
        return flat, [flat[start : start + size].reshape(shape) for start, size, shape in starts]

    def _moved(self, tensors: list[Tensor]) -> Array:
        flat, places = self.new()
        for tensor, place in zip(tensors, places, strict=True):
            place[...] = tensor._data
            tensor._data = place
        return flat

    def fill(self, params: list[Tensor]) -> list[int]:
        """Zeros for all gradients, if they are where they were put; whose they are, by number."""
        grads = _gradients(params)
        if any(g._edge is not None for g in grads) or not self.gradients_are_here(params):
            return []
        self.grad.fill(0)
        for grad in grads:
            grad._written()
        return [*map(id, params)]

    def gradients_are_here(self, params: list[Tensor]) -> bool:
        """Whether the gradients are where they were put."""
        grads = _gradients(params)
        return len(grads) == len(params) and all(map(is_, [g._data for g in grads], self.grads))


def flattened(params: list[Tensor], states: list[dict[str, Any]], counters: tuple[str, ...]) -> Flat | None:
    """Several parameters in one array; None, and nothing done, if somebody else looks at their memory."""
    if backend.RECORDED:
        return None
    named = [t for state in states for t in state.values()]
    grads = _gradients(params)
    if len(grads) < len(params) or not all(map(_is_alone, (*params, *grads, *named))):
        return None
    alike = all(g._data.dtype == p._data.dtype for g, p in zip(grads, params, strict=True))
    return Flat(params, grads, states, counters) if alike else None


def _gradients(params: list[Tensor]) -> list[Tensor]:
    """Of those that have one."""
    return [grad for param in params if (grad := param._grad) is not None]


def no_state(optimizer: FormulaOptimizer) -> RuntimeError:
    """The error of a first step that is captured."""
    return RuntimeError(
        f"the first step of {type(optimizer).__name__} makes its state, which every replay of a CUDA graph would make "
        "anew: take three steps before the graph is captured"
    )


def step(optimizer: FormulaOptimizer, part: Any, group: dict[str, Any], lr: Any) -> bool:
    """Do the step of `part` by a kernel; False, and nothing done, if its formula is none."""
    state, params = part.state, part.params
    host = {name: array.copy() for name, array in state.items() if not is_elsewhere(array)}
    if host and backend.capturing():
        raise RuntimeError(
            "Attempting CUDA graph capture of step() for an instance of "
            f"{type(optimizer).__name__} but param_groups' capturable is False."
        )
    counters = [name for name in state if name in optimizer.counters and name not in host]
    arrays: dict[str, Array] = {"data": part.data, "grad": params[0]._grad._data}
    arrays.update((name, array) for name, array in state.items() if name not in host and name not in counters)
    kind = part.data.dtype
    if kind.char not in WIDTHS or not takes_kernels() or any(a.dtype != kind for a in arrays.values()):
        return False
    width, dtype = WIDTHS[kind.char]
    settings: dict[str, Array] = {"lr": lr} if is_elsewhere(lr) else {}
    count: Any = 0.0
    if "step" in host:
        host["step"] += 1
        count = host["step"].item(0)
    elif "step" in counters:
        settings["step"] = state["step"][:1] if state["step"].ndim else state["step"]
    trace = Trace(slots=True)
    symbols = {name: trace.add(f"{name}_", load=True) for name in (*arrays, *settings)}
    loaded = {name: symbol.name for name, symbol in symbols.items()}
    after: dict[str, Any] = {**host, **{name: symbols[name] for name in arrays if name in state}}
    rate, count = symbols.get("lr", lr), symbols.get("step", count)
    try:
        optimizer.change(symbols["data"], symbols["grad"], after, group, rate, count)
    except Exception:  # no formula of elements; an error of any other kind comes again without symbols
        return False
    symbols.update((name, symbol) for name, symbol in after.items() if name not in host)
    begun = [name for name in after if name not in state]
    written = [*begun, *(name for name in arrays if symbols[name].name != loaded[name])]
    if begun and backend.capturing():
        raise no_state(optimizer)
    read = [name for name in arrays if name not in written]
    inputs = [f"{kind} {name}_" for name in read] + [f"{a.dtype} {name}_" for name, a in settings.items()]
    inputs += [f"{dtype} s{k}" for k in range(len(trace.numbers))]
    outputs = ", ".join(f"{kind} {name}_" for name in written)
    text = "\n".join([*trace.lines, *(f"{name}_ = {symbols[name].name};" for name in written)])
    kernel = compiled(", ".join(inputs), outputs, text, f"{type(optimizer).__name__}_step", width)
    if "step" in settings:
        state["step"] += 1
    for name, array in host.items():
        state[name][...] = array
    for name in begun:
        _begin(optimizer, part, name)
    for own in _launches(part, arrays, begun):
        kernel(
            *(own[name] for name in read),
            *settings.values(),
            *trace.numbers,
            *(own[name] for name in written),
        )
    return True


def _begin(optimizer: FormulaOptimizer, part: Any, name: str) -> None:
    """Make room for state that the formula has begun."""
    if part.flat is None:
        part.state[name] = backend.module_of(part.data).empty_like(part.data)
        return
    part.state[name], part.flat.places[name] = part.flat.new()
    for param, place in zip(part.params, part.flat.places[name], strict=True):
        optimizer.state[param][name] = Tensor._wrap(place)


def _launches(part: Any, arrays: dict[str, Array], begun: list[str]) -> list[dict[str, Array]]:
    """What each launch is given, by name."""
    flat = part.flat
    everything = {**arrays, **{name: part.state[name] for name in begun}}
    if flat is None:
        return [everything]
    if flat.gradients_are_here(part.params):
        return [{**everything, "grad": flat.grad}]
    named = {name: places for name, places in flat.places.items() if name in everything}
    return [
        {"data": p._data, "grad": p._grad._data, **{name: places[k] for name, places in named.items()}}
        for k, p in enumerate(part.params)
    ]


def _references(tensor: Tensor) -> int:
    return sys.getrefcount(tensor._data)


_ALONE = _references(Tensor._wrap(np.zeros(1)))


def _is_alone(tensor: Tensor) -> bool:
    """Whether nobody but `tensor` holds its memory or a view of it."""
    return tensor._data.base is None and _references(tensor) <= _ALONE
