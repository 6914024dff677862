"""L-BFGS, with a line search that fulfils the strong Wolfe conditions."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from engine import backend
from engine.optim import kernels as k
from engine.optim.optimizer import Optimizer
from engine.optim.settings import check_settings, number
from engine.state import S
from engine.tensor import Tensor

__all__ = ["LBFGS"]

Vector = Any
"""All parameters or gradients one after the other, as an array (n,)."""


def _value(loss: Any) -> float:
    return float(loss.detach()) if isinstance(loss, Tensor) else float(loss)


def _dot(a: Vector, b: Vector) -> Any:
    return backend.to_host(a.dot(b))[()]


def _cubic(
    x1: Any, f1: Any, g1: Any, x2: Any, f2: Any, g2: Any, bounds: tuple[Any, Any] | None = None
) -> Any:
    """The minimum of the cubic with two given values and slopes (Nocedal and Wright, eq. 3.59), within bounds."""
    low, high = bounds or ((x1, x2) if x1 <= x2 else (x2, x1))
    d1 = g1 + g2 - 3 * (f1 - f2) / (x1 - x2)
    square = d1**2 - g1 * g2
    if square < 0:
        return (low + high) / 2.0
    d2 = np.sqrt(square)
    if x1 <= x2:
        place = x2 - (x2 - x1) * ((g2 + d2 - d1) / (g2 - g1 + 2 * d2))
    else:
        place = x1 - (x1 - x2) * ((g1 + d2 - d1) / (g1 - g2 + 2 * d2))
    return min(max(place, low), high)


Point = tuple[Any, float, Vector, Any]
"""A step, the loss there, its gradient, and its slope along the direction."""


def strong_wolfe(
    evaluate: Callable[[Any], tuple[float, Vector]],
    t: Any,
    d: Vector,
    f: float,
    g: Vector,
    slope: Any,
    tolerance: float,
    most: int,
    c1: float = 1e-4,
    c2: float = 0.9,
) -> tuple[float, Vector, Any, int]:
    """A step along `d` that lowers the loss enough and flattens its slope enough (Nocedal and Wright, alg. 3.5, 3.6).

    `evaluate(t)` gives loss and gradient after a step `t`. Returns loss, gradient, step and how often it was called.
    """

    def at(t: Any) -> Point:
        loss, gradient = evaluate(t)
        return t, loss, gradient, _dot(gradient, d)

    longest = abs(d).max()
    start: Point = (0, f, g, slope)
    before, now = start, at(t)
    calls, tries = 1, 0
    bracket: list[Point] = []
    done = False
    while tries < most:
        if now[1] > f + c1 * now[0] * slope or (tries > 1 and now[1] >= before[1]):
            bracket = [before, now]
            break
        if abs(now[3]) <= -c2 * slope:
            bracket, done = [now], True
            break
        if now[3] >= 0:
            bracket = [before, now]
            break
        bounds = (now[0] + 0.01 * (now[0] - before[0]), now[0] * 10)
        t = _cubic(before[0], before[1], before[3], now[0], now[1], now[3], bounds)
        before, now = now, at(t)
        calls += 1
        tries += 1
    if not bracket:
        bracket = [start, now]
    stuck = False
    low, high = (0, 1) if bracket[0][1] <= bracket[-1][1] else (1, 0)
    while not done and tries < most:
        left, right = min(p[0] for p in bracket), max(p[0] for p in bracket)
        if abs(right - left) * longest < tolerance:
            break
        (x1, f1, _, s1), (x2, f2, _, s2) = bracket
        t = _cubic(x1, f1, s1, x2, f2, s2)
        # A step too near an end is moved inwards if the one before was too.
        margin = 0.1 * (right - left)
        if min(right - t, t - left) < margin:
            if stuck or t >= right or t <= left:
                t = right - margin if abs(t - right) < abs(t - left) else left + margin
                stuck = False
            else:
                stuck = True
        else:
            stuck = False
        now = at(t)
        calls += 1
        tries += 1
        if now[1] > f + c1 * t * slope or now[1] >= bracket[low][1]:
            bracket[high] = now
            low, high = (0, 1) if bracket[0][1] <= bracket[1][1] else (1, 0)
        else:
            if abs(now[3]) <= -c2 * slope:
                done = True
            elif now[3] * (bracket[high][0] - bracket[low][0]) >= 0:
                bracket[high] = bracket[low]
            bracket[low] = now
    t, f, g, _ = bracket[low]
    return f, g, t, calls


class LBFGS(Optimizer):
    """Liu and Nocedal 1989: Newton's method with an inverse Hessian made of the last `history_size` steps.

    `step` needs a closure, which it calls several times. There can be one group of parameters, real ones.
    """

    def __init__(
        self,
        params: Any,
        lr: float | Tensor = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        check_settings({"lr": lr})
        defaults = {
            "lr": lr,
            "max_iter": max_iter,
            "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
            "tolerance_grad": tolerance_grad,
            "tolerance_change": tolerance_change,
            "history_size": history_size,
            "line_search_fn": line_search_fn,
        }
        super().__init__(params, defaults)
        if len(self.param_groups) != 1:
            raise ValueError("LBFGS doesn't support per-parameter options (parameter groups)")
        self._params: list[Tensor] = self.param_groups[0]["params"]

    def _gradient(self) -> Vector:
        parts = [
            np.zeros(p._data.size, p._data.dtype) if p._grad is None else p._grad._data.reshape(-1)
            for p in self._params
        ]
        return np.concatenate([k.real(part).reshape(-1) for part in parts])

    def _write(self, change: Callable[[Any, int], None]) -> None:
        """Let ``change(array, offset)`` write to every parameter's array."""
        offset = 0
        for param in self._params:
            for observer in S.observers:
                observer.before_write(param)
            change(k.real(param._data), offset)
            offset += k.real(param._data).size
            param._written()
            for observer in S.observers:
                observer.parameter_updated(param, self)

    def _move(self, t: Any, d: Vector) -> None:
        def add(data: Any, offset: int) -> None:
            k.add(data, d[offset : offset + data.size].reshape(data.shape), float(t))

        self._write(add)

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Up to `max_iter` iterations; returns the loss before the first.

        Raises:
            TypeError: without a closure.
        """
        if closure is None:
            raise TypeError("LBFGS.step() missing 1 required positional argument: 'closure'")
        return self.evaluate(partial(self._step, closure))

    def _step(self, closure: Callable[[], Any]) -> Any:
        group, state = self.param_groups[0], self.state[self._params[0]]
        state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)
        first = closure()
        loss, evaluations = _value(first), 1
        state["func_evals"] += 1
        g = self._gradient()
        if abs(g).max() <= group["tolerance_grad"]:
            return first
        tolerance, lr = group["tolerance_change"], number(group["lr"])
        for iteration in range(1, group["max_iter"] + 1):
            state["n_iter"] += 1
            d = self._direction(g, state, group["history_size"])
            previous, state["prev_loss"] = loss, loss
            state["prev_flat_grad"] = Tensor._wrap(g.copy())
            size: Any = backend.to_host(abs(g).sum())[()]
            t = min(1.0, 1.0 / size) * lr if state["n_iter"] == 1 else lr
            state["d"], state["t"] = Tensor._wrap(d), t
            slope = _dot(g, d)
            if slope > -tolerance:
                break
            calls = 0
            if group["line_search_fn"] is not None:
                if group["line_search_fn"] != "strong_wolfe":
                    raise RuntimeError("only 'strong_wolfe' is supported")
                loss, g, t, calls = self._search(closure, t, d, loss, g, slope, group, evaluations)
                state["t"] = t
                self._move(t, d)
            else:
                self._move(t, d)
                if iteration != group["max_iter"]:
                    loss = _value(closure())
                    g = self._gradient()
                    calls = 1
            evaluations += calls
            state["func_evals"] += calls
            if (
                evaluations >= group["max_eval"]
                or abs(g).max() <= group["tolerance_grad"]
                or abs(d * d.dtype.type(t)).max() <= tolerance
                or abs(loss - previous) < tolerance
            ):
                break
        return first

    def _direction(self, g: Vector, state: dict[str, Any], history: int) -> Vector:
        """The direction to go: the inverse Hessian's estimate times the negative gradient, by two loops."""
        if state["n_iter"] == 1:
            state.update(old_dirs=[], old_stps=[], ro=[], H_diag=1)
            return -g
        dirs, steps, ro = state["old_dirs"], state["old_stps"], state["ro"]
        y = g - state["prev_flat_grad"]._data
        s = state["d"]._data * g.dtype.type(state["t"])
        curvature = _dot(y, s)
        if curvature > 1e-10:
            if len(dirs) == history:
                for old in (dirs, steps, ro):
                    old.pop(0)
            dirs.append(Tensor._wrap(y))
            steps.append(Tensor._wrap(s))
            ro.append(Tensor._wrap(backend.module_of(g).asarray(1.0 / curvature, g.dtype)))
            state["H_diag"] = Tensor._wrap(backend.module_of(g).asarray(curvature / _dot(y, y), g.dtype))
        scale = state["H_diag"]
        factors = state.setdefault("al", [None] * history)
        d = -g
        for at in reversed(range(len(dirs))):
            factor = _dot(steps[at]._data, d) * backend.to_host(ro[at]._data)
            factors[at] = Tensor._wrap(np.asarray(factor))
            k.add(d, dirs[at]._data, -float(factor))
        d = d * (scale._data if isinstance(scale, Tensor) else d.dtype.type(scale))
        for at in range(len(dirs)):
            back = _dot(dirs[at]._data, d) * backend.to_host(ro[at]._data)
            k.add(d, steps[at]._data, float(factors[at]._data - back))
        return d

    def _search(
        self,
        closure: Callable[[], Any],
        t: Any,
        d: Vector,
        loss: float,
        g: Vector,
        slope: Any,
        group: dict[str, Any],
        evaluations: int,
    ) -> tuple[float, Vector, Any, int]:
        kept = np.concatenate([k.real(p._data).reshape(-1) for p in self._params])

        def restore(data: Any, offset: int) -> None:
            data[...] = kept[offset : offset + data.size].reshape(data.shape)

        def evaluate(t: Any) -> tuple[float, Vector]:
            self._move(t, d)
            found = _value(closure())
            gradient = self._gradient()
            self._write(restore)
            return found, gradient

        most = group["max_eval"] - evaluations
        return strong_wolfe(evaluate, t, d, loss, g.copy(), slope, 1e-9, most)
