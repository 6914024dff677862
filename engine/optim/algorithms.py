"""The optimizers. Each `update` computes in PyTorch's order; see `engine.optim.kernels` for the last bits."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine import dtypes
from engine.backend import module_of
from engine.optim import kernels as k
from engine.optim.optimizer import Optimizer, non_negative
from engine.tensor import Tensor

__all__ = ["SGD", "Adadelta", "Adagrad", "Adam", "AdamW", "RMSprop"]


def _check_rate(lr: Any) -> None:
    if isinstance(lr, Tensor) and lr.numel() != 1:
        raise ValueError("Tensor lr must be 1-element")
    if lr < 0.0:
        raise ValueError(f"Invalid learning rate: {lr}")


def _number(value: Any) -> float:
    return float(value.item()) if isinstance(value, Tensor) else value


def _counter() -> Tensor:
    kind = np.float64 if dtypes.get_default_dtype() is dtypes.float64 else np.float32
    return Tensor._wrap(np.zeros((), kind))


def _zeros(data: Any) -> Tensor:
    return Tensor._wrap(module_of(data).zeros_like(data))


def _decayed(data: Any, grad: Any, group: dict[str, Any]) -> Any:
    """The gradient, negated to maximize, plus that of the weight decay; the caller's array is not changed."""
    if group["maximize"]:
        grad = -grad
    decay = _number(group["weight_decay"])
    return k.plus(grad, data, decay) if decay != 0 else grad


class SGD(Optimizer):
    """Stochastic gradient descent with momentum: ``p -= lr * (dampened sum of gradients)``."""

    def __init__(
        self,
        params: Any,
        lr: float | Tensor = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        _check_rate(lr)
        non_negative(momentum__value=momentum, weight_decay__value=weight_decay)
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "dampening": dampening,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
            "maximize": maximize,
            "foreach": foreach,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)

    def update(self, param: Tensor, data: Any, grad: Any, group: dict[str, Any]) -> int:
        grad = _decayed(data, grad, group)
        momentum = group["momentum"]
        if momentum != 0:
            state = self.state[param]
            buffer = state.get("momentum_buffer")
            if buffer is None:
                sum_ = grad.copy()
                state["momentum_buffer"] = Tensor._wrap(sum_)
            else:
                sum_ = buffer._data
                sum_ *= sum_.dtype.type(momentum)
                k.add(sum_, grad, 1 - group["dampening"])
            grad = k.plus(grad, sum_, momentum) if group["nesterov"] else sum_
        k.add(data, grad, -_number(group["lr"]))
        return 1


class Adam(Optimizer):
    """Kingma and Ba 2014: steps scaled by running means of the gradient and of its square."""

    decoupled = False

    def __init__(
        self,
        params: Any,
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:
        _check_rate(lr)
        non_negative(epsilon__value=eps)
        for index, beta in enumerate(betas):
            if not 0.0 <= beta < 1.0:
                raise ValueError(f"Invalid beta parameter at index {index}: {beta}")
        non_negative(weight_decay__value=weight_decay)
        defaults = {
            "lr": lr,
            "betas": tuple(_number(beta) for beta in betas),
            "eps": eps,
            "weight_decay": weight_decay,
            "amsgrad": amsgrad,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
            "fused": fused,
            "decoupled_weight_decay": decoupled_weight_decay,
        }
        super().__init__(params, defaults)

    def update(self, param: Tensor, data: Any, grad: Any, group: dict[str, Any]) -> int:
        state = self.state[param]
        if not state:
            state["step"] = _counter()
            state["exp_avg"] = _zeros(data)
            state["exp_avg_sq"] = _zeros(data)
            if group["amsgrad"]:
                state["max_exp_avg_sq"] = _zeros(data)
        state["step"]._data += 1
        step, lr = state["step"]._data.item(), _number(group["lr"])
        writes = 1
        if group["decoupled_weight_decay"]:
            grad = -grad if group["maximize"] else grad
            if group["weight_decay"] != 0:
                data *= data.dtype.type(1 - lr * group["weight_decay"])
                writes = 2
        else:
            grad = _decayed(data, grad, group)
        beta1, beta2 = group["betas"]
        grad, data = k.real(grad), k.real(data)
        mean, square = k.real(state["exp_avg"]._data), k.real(state["exp_avg_sq"]._data)
        k.lerp(mean, grad, 1 - beta1)
        square *= square.dtype.type(beta2)
        k.addcmul(square, grad, grad, 1 - beta2)
        if group["amsgrad"]:
            largest = k.real(state["max_exp_avg_sq"]._data)
            k.maximum(largest, square)
            square = largest
        spread = k.root(square)
        spread /= spread.dtype.type((1 - beta2**step) ** 0.5)
        spread += spread.dtype.type(group["eps"])
        k.addcdiv(data, mean, spread, -(lr / (1 - beta1**step)))
        return writes


class AdamW(Adam):
    """Loshchilov and Hutter 2017: Adam whose weight decay does not go through the running means."""

    def __init__(
        self,
        params: Any,
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        super().__init__(
            params,
            lr,
            betas,
            eps,
            weight_decay,
            amsgrad,
            foreach=foreach,
            maximize=maximize,
            capturable=capturable,
            differentiable=differentiable,
            fused=fused,
            decoupled_weight_decay=True,
        )


class RMSprop(Optimizer):
    """Hinton's lecture 6: steps divided by the root of a running mean of the squared gradient."""

    def __init__(
        self,
        params: Any,
        lr: float | Tensor = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        _check_rate(lr)
        non_negative(
            epsilon__value=eps, momentum__value=momentum, weight_decay__value=weight_decay, alpha__value=alpha
        )
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "alpha": alpha,
            "eps": eps,
            "centered": centered,
            "weight_decay": weight_decay,
            "capturable": capturable,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def update(self, param: Tensor, data: Any, grad: Any, group: dict[str, Any]) -> int:
        state = self.state[param]
        if not state:
            state["step"] = _counter()
            state["square_avg"] = _zeros(data)
            if group["momentum"] > 0:
                state["momentum_buffer"] = _zeros(data)
            if group["centered"]:
                state["grad_avg"] = _zeros(data)
        state["step"]._data += 1
        lr, alpha = _number(group["lr"]), group["alpha"]
        grad = k.real(_decayed(data, grad, group))
        data, square = k.real(data), k.real(state["square_avg"]._data)
        square *= square.dtype.type(alpha)
        k.addcmul(square, grad, grad, 1 - alpha)
        if group["centered"]:
            mean = k.real(state["grad_avg"]._data)
            k.lerp(mean, grad, 1 - alpha)
            spread = square.copy()
            k.addcmul(spread, mean, mean, -1)
            spread = k.root(spread)
        else:
            spread = k.root(square)
        spread += spread.dtype.type(group["eps"])
        if group["momentum"] > 0:
            buffer = k.real(state["momentum_buffer"]._data)
            buffer *= buffer.dtype.type(group["momentum"])
            k.addcdiv(buffer, grad, spread, 1)
            k.add(data, buffer, -lr)
        else:
            k.addcdiv(data, grad, spread, -lr)
        return 1


class Adagrad(Optimizer):
    """Duchi, Hazan and Singer 2011: steps divided by the root of the sum of squared gradients."""

    def __init__(
        self,
        params: Any,
        lr: float | Tensor = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        _check_rate(lr)
        non_negative(
            lr_decay__value=lr_decay,
            weight_decay__value=weight_decay,
            initial_accumulator_value__value=initial_accumulator_value,
            epsilon__value=eps,
        )
        defaults = {
            "lr": lr,
            "lr_decay": lr_decay,
            "eps": eps,
            "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)
        for group in self.param_groups:
            for param in group["params"]:
                self._begin(param)

    def _begin(self, param: Tensor) -> dict[str, Any]:
        state: dict[str, Any] = self.state[param]
        if not state:
            state["step"] = _counter()
            state["sum"] = _zeros(param._data)
            k.real(state["sum"]._data)[...] = self.defaults["initial_accumulator_value"]
        return state

    def update(self, param: Tensor, data: Any, grad: Any, group: dict[str, Any]) -> int:
        state = self._begin(param)
        state["step"]._data += 1
        step = state["step"]._data.item()
        grad = k.real(_decayed(data, grad, group))
        rate = _number(group["lr"]) / (1 + (step - 1) * group["lr_decay"])
        total = k.real(state["sum"]._data)
        k.addcmul(total, grad, grad, 1)
        spread = k.root(total)
        spread += spread.dtype.type(group["eps"])
        k.addcdiv(k.real(data), grad, spread, -rate)
        return 1


class Adadelta(Optimizer):
    """Zeiler 2012: steps scaled by the ratio of running means of squared steps and squared gradients."""

    def __init__(
        self,
        params: Any,
        lr: float | Tensor = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        _check_rate(lr)
        if not 0.0 <= rho <= 1.0:
            raise ValueError(f"Invalid rho value: {rho}")
        non_negative(epsilon__value=eps, weight_decay__value=weight_decay)
        defaults = {
            "lr": lr,
            "rho": rho,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "capturable": capturable,
            "foreach": foreach,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def update(self, param: Tensor, data: Any, grad: Any, group: dict[str, Any]) -> int:
        state = self.state[param]
        if not state:
            state["step"] = _counter()
            state["square_avg"] = _zeros(data)
            state["acc_delta"] = _zeros(data)
        state["step"]._data += 1
        rho = group["rho"]
        grad = k.real(_decayed(data, grad, group))
        data, square, steps = (k.real(a) for a in (data, state["square_avg"]._data, state["acc_delta"]._data))
        eps = data.dtype.type(group["eps"])
        square *= square.dtype.type(rho)
        k.addcmul(square, grad, grad, 1 - rho)
        delta = k.root(steps + eps)
        delta /= k.root(square + eps)
        delta *= grad
        steps *= steps.dtype.type(rho)
        k.addcmul(steps, delta, delta, 1 - rho)
        k.add(data, delta, -_number(group["lr"]))
        return 1
