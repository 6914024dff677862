"""`Optimizer`: what all optimizers share: groups of parameters, state, hooks and its dictionary."""

from __future__ import annotations

import functools
import warnings
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Hashable, Iterable
from copy import deepcopy
from itertools import chain
from typing import Any

from engine.nn.hooks import HookDict, RemovableHandle
from engine.nn.modules.module import typename
from engine.nn.parameter import reset_gradients
from engine.state import S
from engine.tensor import Tensor

__all__ = ["Optimizer"]

_HOOKS = (
    "step_pre",
    "step_post",
    "state_dict_pre",
    "state_dict_post",
    "load_state_dict_pre",
    "load_state_dict_post",
)


def _observed(step: Callable[..., Any]) -> Callable[..., Any]:
    """`step` with its hooks, inside a scope that observers see; a watcher is told last, when the step is over."""

    @functools.wraps(step)
    def call(self: Optimizer, *args: Any, **kwargs: Any) -> Any:
        watcher = S.watcher
        self._opt_called = True
        if watcher is None:
            if not S.observers and not self._hooked:
                return step(self, *args, **kwargs)
            return seen(self, args, kwargs)
        watcher.step_begins(self)
        completed = False
        try:
            result = seen(self, args, kwargs)
            completed = True
            return result
        finally:
            watcher.step_ended(self, completed)

    def seen(self: Optimizer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        observers = S.observers
        if not observers and not self._hooked:
            return step(self, *args, **kwargs)
        name = f"{type(self).__name__}.step"
        for observer in observers:
            observer.scope_begin("optimizer", name, self)
        try:
            for hook in tuple(self._hooks["step_pre"].values()):
                changed = hook(self, args, kwargs)
                if changed is not None:
                    if not (isinstance(changed, tuple) and len(changed) == 2):
                        raise RuntimeError(
                            f"{step} must return None or a tuple of (new_args, new_kwargs), but got {changed}."
                        )
                    args, kwargs = changed
            result = step(self, *args, **kwargs)
            for hook in tuple(self._hooks["step_post"].values()):
                hook(self, args, kwargs)
            return result
        finally:
            for observer in observers:
                observer.scope_end("optimizer", name, self)

    return call


class Optimizer:
    """Base of the optimizers: changes parameters along their gradients.

    `params` are Tensors, ``(name, Tensor)`` pairs, or dicts with a key ``params`` and settings of their own;
    `defaults` are the settings of groups that do not say otherwise. A subclass states `step`.

    Raises:
        TypeError, ValueError: for parameters that cannot be optimized, in PyTorch's words.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "step" in cls.__dict__:
            cls.step = _observed(cls.__dict__["step"])  # type: ignore[method-assign]

    def __init__(self, params: Any, defaults: dict[str, Any]) -> None:
        self.defaults = defaults
        self._hooks: dict[str, HookDict] = {name: OrderedDict() for name in _HOOKS}
        self._hooked = False
        self._opt_called = False
        """Whether a step was taken: schedulers warn if they are stepped first."""
        if isinstance(params, Tensor):
            raise TypeError(
                "params argument given to the optimizer should be an iterable of Tensors or dicts, but got "
                f"{typename(params)}"
            )
        self.state: defaultdict[Any, Any] = defaultdict(dict)
        self.param_groups: list[dict[str, Any]] = []
        groups = list(params)
        if not groups:
            raise ValueError("optimizer got an empty parameter list")
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(group)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Optimize more parameters, with settings of their own."""
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, but got {type(param_group)}")
        given = param_group["params"]
        if isinstance(given, set):
            raise TypeError(
                "optimizer parameters need to be organized in ordered collections, but the ordering of tensors in sets "
                "will change between runs. Please use a list instead."
            )
        members = [given] if isinstance(given, Tensor) else list(given)
        names = [m[0] for m in members if isinstance(m, tuple)]
        params = [m[1] if isinstance(m, tuple) else m for m in members]
        param_group["params"] = params
        if names:
            if len(names) != len(params):
                raise ValueError(
                    "all optimizer params should be with/without names. Some param names are missing"
                )
            param_group["param_names"] = names
        for param in params:
            if not isinstance(param, Tensor):
                raise TypeError(
                    f"optimizer can only optimize Tensors, but one of the params is {typename(param)}"
                )
            if not (param.is_leaf or param.retains_grad):
                raise ValueError("can't optimize a non-leaf Tensor")
        for name, value in self.defaults.items():
            param_group.setdefault(name, value)
        if len(set(params)) != len(params):
            warnings.warn(
                "optimizer contains a parameter group with duplicate parameters; in future, this will cause an error; "
                "see github.com/pytorch/pytorch/issues/40967 for more information",
                UserWarning,
                stacklevel=3,
            )
        for group in self.param_groups:
            if ("param_names" in param_group) != ("param_names" in group):
                which = "with names" if "param_names" in param_group else "without names"
                raise ValueError(
                    "all optimizer param groups should be with/without names. cannot add param group "
                    f"{which} to the optimizer"
                )
            if not set(group["params"]).isdisjoint(params):
                raise ValueError("some parameters appear in more than one parameter group")
        self.param_groups.append(param_group)

    def __repr__(self) -> str:
        text = f"{type(self).__name__} ("
        for k, group in enumerate(self.param_groups):
            text += f"\nParameter Group {k}\n"
            text += "".join(f"    {name}: {group[name]}\n" for name in sorted(group) if name != "params")
        return text + ")"

    # --- Stepping --------------------------------------------------------------------------------------------------

    def zero_grad(self, set_to_none: bool = False) -> None:
        """Fill the gradients with zeros, or drop them.

        The default differs from PyTorch 2, which drops them: the tutorials this follows print the zeros.
        """
        observers = S.observers
        name = f"Optimizer.zero_grad#{type(self).__name__}.zero_grad" if observers else ""
        for observer in observers:
            observer.composite_begin(name, ())
        for group in self.param_groups:
            reset_gradients(group["params"], set_to_none)
        for observer in observers:
            observer.composite_end(name)

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change every parameter that has a gradient, once; each optimizer says how."""
        raise NotImplementedError(f"{type(self).__name__} must define step()")

    def evaluate(self, closure: Callable[[], Any]) -> Any:
        """What `closure` returns, with grad mode on."""
        before, S.grad_enabled = S.grad_enabled, True
        try:
            return closure()
        finally:
            S.grad_enabled = before

    # --- Hooks -----------------------------------------------------------------------------------------------------

    def _add_hook(self, kind: str, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        hooks = self._hooks[kind]
        handle = RemovableHandle(hooks)
        hooks[handle.id] = hook
        if prepend:
            hooks.move_to_end(handle.id, last=False)
        self._hooked = True
        return handle

    def register_step_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(optimizer, args, kwargs)`` before every step; it may return new ones."""
        return self._add_hook("step_pre", hook)

    def register_step_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(optimizer, args, kwargs)`` after every step."""
        return self._add_hook("step_post", hook)

    def register_state_dict_pre_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(optimizer)`` before `state_dict`."""
        return self._add_hook("state_dict_pre", hook, prepend)

    def register_state_dict_post_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(optimizer, state_dict)`` after `state_dict`; it may return another."""
        return self._add_hook("state_dict_post", hook, prepend)

    def register_load_state_dict_pre_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(optimizer, state_dict)`` before `load_state_dict`; it may return another."""
        return self._add_hook("load_state_dict_pre", hook, prepend)

    def register_load_state_dict_post_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(optimizer)`` after `load_state_dict`."""
        return self._add_hook("load_state_dict_post", hook, prepend)

    # --- Saving and loading ----------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """``{"state": ..., "param_groups": ...}`` with parameters replaced by their numbers."""
        for hook in self._hooks["state_dict_pre"].values():
            hook(self)
        numbers: dict[int, int] = {}
        for param in chain.from_iterable(group["params"] for group in self.param_groups):
            numbers.setdefault(id(param), len(numbers))
        groups = [
            {
                **{k: v for k, v in group.items() if k != "params"},
                "params": [numbers[id(p)] for p in group["params"]],
            }
            for group in self.param_groups
        ]
        state = {numbers[id(k)] if isinstance(k, Tensor) else k: v for k, v in self.state.items()}
        result: dict[str, Any] = {"state": state, "param_groups": groups}
        for hook in self._hooks["state_dict_post"].values():
            replaced = hook(self, result)
            result = result if replaced is None else replaced
        return result

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over settings and state from what `state_dict` gave for parameters of the same sizes.

        Raises:
            ValueError: if the groups do not correspond.
        """
        state_dict = dict(state_dict)
        for hook in self._hooks["load_state_dict_pre"].values():
            replaced = hook(self, state_dict)
            state_dict = state_dict if replaced is None else replaced
        saved = deepcopy(state_dict["param_groups"])
        groups = self.param_groups
        if len(groups) != len(saved):
            raise ValueError("loaded state dict has a different number of parameter groups")
        if any(len(g["params"]) != len(s["params"]) for g, s in zip(groups, saved, strict=True)):
            raise ValueError(
                "loaded state dict contains a parameter group that doesn't match the size of optimizer's group"
            )
        params = dict(
            zip(
                chain.from_iterable(s["params"] for s in saved),
                chain.from_iterable(g["params"] for g in groups),
                strict=True,
            )
        )
        self.state = defaultdict(dict)
        for key, value in state_dict["state"].items():
            param = params.get(key)
            self.state[key if param is None else param] = value if param is None else _fitted(param, value)
        for group, new in zip(groups, saved, strict=True):
            new["params"] = group["params"]
            if "param_names" in group:
                new.setdefault("param_names", group["param_names"])
        self.param_groups = saved
        for hook in self._hooks["load_state_dict_post"].values():
            hook(self)


def _fitted(param: Tensor, value: Any, key: Hashable = None) -> Any:
    """A copy of saved state in the dtype and on the device of its parameter; step counts keep theirs."""
    if isinstance(value, Tensor):
        copy = value.detach().clone()
        if key == "step" or not param.is_floating_point():
            return copy
        return copy.to(dtype=param.dtype, device=param.device)
    if isinstance(value, dict):
        return {k: _fitted(param, v, k) for k, v in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, str):
        return type(value)(_fitted(param, v) for v in value)  # type: ignore[call-arg]
    return value
