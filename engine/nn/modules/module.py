"""`Module`: the base class of everything with parameters, and what it does when it is called."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, NoReturn

from engine.nn.hooks import BackwardHook, HookDict, RemovableHandle
from engine.nn.modules.state import StateDict
from engine.nn.modules.tree import Tree
from engine.nn.parameter import Buffer, Parameter
from engine.state import S
from engine.tensor import Tensor

__all__ = [
    "Module",
    "register_module_forward_hook",
    "register_module_forward_pre_hook",
    "register_module_full_backward_hook",
    "register_module_full_backward_pre_hook",
]

_HOOKS = ("_backward_pre_hooks", "_backward_hooks", "_forward_hooks", "_forward_pre_hooks")
_HOOK_NOTES = ("_forward_hooks_with_kwargs", "_forward_hooks_always_called", "_forward_pre_hooks_with_kwargs")


class _Everywhere:
    """Hooks of all modules."""

    _hooked = False
    _backward_pre_hooks: HookDict
    _backward_hooks: HookDict
    _forward_hooks: HookDict
    _forward_hooks_with_kwargs: HookDict
    _forward_hooks_always_called: HookDict
    _forward_pre_hooks: HookDict
    _forward_pre_hooks_with_kwargs: HookDict

    def __init__(self) -> None:
        for name in (*_HOOKS, *_HOOK_NOTES):
            setattr(self, name, OrderedDict())


_EVERYWHERE = _Everywhere()


def typename(value: object) -> str:
    """``torch.FloatTensor`` or the qualified name of the type, as PyTorch's messages name a value."""
    if isinstance(value, Tensor):
        return str(value.type())
    module = getattr(value, "__module__", None)
    prefix = "" if module in (None, "builtins") else f"{module}."
    name = getattr(value, "__qualname__", None) or getattr(value, "__name__", None) or type(value).__name__
    return prefix + name


def _checked_name(kind: str, name: object, owner: Module, registry: dict[str, Any]) -> None:
    if not isinstance(name, str):
        raise TypeError(f"{kind} name should be a string. Got {typename(name)}")
    dotted = KeyError(f'{kind} name can\'t contain "."' + (f", got: {name}" if kind == "module" else ""))
    if "." in name and kind != "module":
        raise dotted
    if name == "" and kind != "module":
        raise KeyError(f'{kind} name can\'t be empty string ""')
    if hasattr(owner, name) and name not in registry:
        raise KeyError(f"attribute '{name}' already exists")
    if "." in name:
        raise dotted
    if name == "":
        raise KeyError(f'{kind} name can\'t be empty string ""')


def _no_forward(self: Module, *input: Any) -> NoReturn:
    """What a module computes; every subclass says it."""
    raise NotImplementedError(f'Module [{type(self).__name__}] is missing the required "forward" function')


class Module(Tree, StateDict):
    """The base class of neural network modules.

    A subclass makes its parts in ``__init__`` (after ``super().__init__()``) and computes in ``forward``. Parameters,
    buffers and modules that are assigned to attributes are registered under the attribute's name.
    """

    training: bool
    _backward_pre_hooks: HookDict
    _backward_hooks: HookDict
    _forward_hooks: HookDict
    _forward_hooks_with_kwargs: HookDict
    _forward_hooks_always_called: HookDict
    _forward_pre_hooks: HookDict
    _forward_pre_hooks_with_kwargs: HookDict

    call_super_init: bool = False
    _hooked: bool = False
    """Whether the module ever had a hook of its own: all that a call asks about hooks when there are none."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if not self.call_super_init:
            name = type(self).__name__
            if kwargs:
                raise TypeError(
                    f"{name}.__init__() got an unexpected keyword argument '{next(iter(kwargs))}'"
                )
            if args:
                raise TypeError(
                    f"{name}.__init__() takes 1 positional argument but {len(args) + 1} were given"
                )
        # Not by assignment, which looks into the registries that are being made.
        self.__dict__.update(
            training=True, _parameters={}, _buffers={}, _non_persistent_buffers_set=set(), _modules={}
        )
        for name in (*_HOOKS, *_HOOK_NOTES, *self._STATE_HOOKS):
            self.__dict__[name] = OrderedDict()
        if self.call_super_init:
            super().__init__(*args, **kwargs)

    forward: Callable[..., Any] = _no_forward

    # --- Calling ---------------------------------------------------------------------------------------------------

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """``forward`` with what is hung on it: hooks, and the scope that observers see."""
        if S.slow or self._hooked or _EVERYWHERE._hooked:
            return self._call_seen(args, kwargs)
        return self.forward(*args, **kwargs)

    def _call_seen(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        observers = S.observers
        name = type(self).__name__
        for observer in observers:
            observer.scope_begin("module", name, self)
        try:
            if self._hooked or _EVERYWHERE._hooked:
                made = self._call_hooked(args, kwargs)
            else:
                made = self.forward(*args, **kwargs)
            for observer in observers:
                observer.module_called(self, args, made)
            return made
        finally:
            for observer in observers:
                observer.scope_end("module", name, self)

    def _call_hooked(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        called: set[int] = set()
        result: Any = None
        try:
            for source in (_EVERYWHERE, self):
                for number, hook in tuple(source._forward_pre_hooks.items()):
                    args, kwargs = self._pre_hook(
                        hook, number in source._forward_pre_hooks_with_kwargs, args, kwargs
                    )
            pre = [*_EVERYWHERE._backward_pre_hooks.values(), *self._backward_pre_hooks.values()]
            full = [*_EVERYWHERE._backward_hooks.values(), *self._backward_hooks.values()]
            backward = BackwardHook(self, full, pre) if pre or full else None
            if backward:
                args = backward.on_inputs(args)
            result = self.forward(*args, **kwargs)
            for source in (_EVERYWHERE, self):
                for number, hook in tuple(source._forward_hooks.items()):
                    if number in source._forward_hooks_always_called:
                        called.add(number)
                    replaced = self._post_hook(source, number, hook, args, kwargs, result)
                    if replaced is not None:
                        result = replaced
            if backward:
                if not isinstance(result, (Tensor, tuple)):
                    warnings.warn(
                        "For backward hooks to be called, module output should be a Tensor or a tuple of Tensors but "
                        f"received {type(result)}",
                        UserWarning,
                        stacklevel=4,
                    )
                result = backward.on_output(result)
        except Exception:
            for source in (_EVERYWHERE, self):
                for number, hook in tuple(source._forward_hooks.items()):
                    if number in source._forward_hooks_always_called and number not in called:
                        self._hook_after_error(source, number, hook, args, kwargs, result)
            raise
        return result

    def _pre_hook(
        self, hook: Any, with_kwargs: bool, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        if with_kwargs:
            both = hook(self, args, kwargs)
            if both is None:
                return args, kwargs
            if isinstance(both, tuple) and len(both) == 2:
                return both[0], both[1]
            raise RuntimeError(
                f"forward pre-hook must return None or a tuple of (new_args, new_kwargs), but got {both}."
            )
        replaced = hook(self, args)
        if replaced is None:
            return args, kwargs
        return (replaced if isinstance(replaced, tuple) else (replaced,)), kwargs

    def _post_hook(
        self,
        source: Module | _Everywhere,
        number: int,
        hook: Any,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        result: Any,
    ) -> Any:
        if number in source._forward_hooks_with_kwargs:
            return hook(self, args, kwargs, result)
        return hook(self, args, result)

    def _hook_after_error(self, source: Module | _Everywhere, number: int, hook: Any, *given: Any) -> None:
        try:
            self._post_hook(source, number, hook, *given)
        except Exception as error:
            where = "global module" if source is _EVERYWHERE else "module"
            warnings.warn(
                f"{where} forward hook with ``always_call=True`` raised an exception that was silenced as another "
                f"error was raised in forward: {error}",
                UserWarning,
                stacklevel=5,
            )

    # --- Hooks -----------------------------------------------------------------------------------------------------

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, args)`` before `forward`; what it returns, if not None, replaces the arguments.

        With `with_kwargs` it is ``hook(module, args, kwargs)`` and returns both. `prepend` puts it first.
        """
        return _add_forward_hook(self, "_forward_pre_hooks", hook, prepend, with_kwargs)

    def register_forward_hook(
        self,
        hook: Callable[..., Any],
        *,
        prepend: bool = False,
        with_kwargs: bool = False,
        always_call: bool = False,
    ) -> RemovableHandle:
        """Call ``hook(module, args, output)`` after `forward`; what it returns, if not None, replaces the output.

        With `with_kwargs` it is ``hook(module, args, kwargs, output)``; `always_call` calls it after an exception too.
        """
        return _add_forward_hook(self, "_forward_hooks", hook, prepend, with_kwargs, always_call)

    def register_full_backward_pre_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, grad_output)`` when the gradients of the outputs are known; may replace them."""
        return _add_hook(self, "_backward_pre_hooks", hook, prepend)

    def register_full_backward_hook(self, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        """Call ``hook(module, grad_input, grad_output)`` when the gradients of the inputs are known; may replace
        ``grad_input``. Places of arguments that are not tensors hold None."""
        return _add_hook(self, "_backward_hooks", hook, prepend)

    # --- Registering -----------------------------------------------------------------------------------------------

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Keep `param` under `name`, as assigning it to that attribute does.

        Raises:
            AttributeError, TypeError, KeyError, ValueError: in PyTorch's words.
        """
        if "_parameters" not in self.__dict__:
            raise AttributeError("cannot assign parameter before Module.__init__() call")
        _checked_name("parameter", name, self, self._parameters)
        if param is not None:
            if not isinstance(param, Parameter):
                raise TypeError(
                    f"cannot assign '{typename(param)}' object to parameter '{name}' (torch.nn.Parameter or None "
                    "required)"
                )
            if param.grad_fn is not None:
                raise ValueError(
                    f"Cannot assign non-leaf Tensor to parameter '{name}'. Model parameters must be created "
                    f"explicitly. To express '{name}' as a function of another Tensor, compute the value in the "
                    "forward() method."
                )
        self._parameters[name] = param

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Keep `tensor`, which is state but no parameter, under `name`; in the ``state_dict`` if `persistent`."""
        if "_buffers" not in self.__dict__:
            raise AttributeError("cannot assign buffer before Module.__init__() call")
        _checked_name("buffer", name, self, self._buffers)
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(
                f"cannot assign '{typename(tensor)}' object to buffer '{name}' (torch Tensor or None required)"
            )
        self._buffers[name] = tensor
        if persistent:
            self._non_persistent_buffers_set.discard(name)
        else:
            self._non_persistent_buffers_set.add(name)

    def add_module(self, name: str, module: Module | None) -> None:
        """Keep `module` as a child under `name`."""
        if not isinstance(module, Module) and module is not None:
            raise TypeError(f"{typename(module)} is not a Module subclass")
        _checked_name("module", name, self, self._modules)
        self._modules[name] = module

    def register_module(self, name: str, module: Module | None) -> None:
        """The same as `add_module`."""
        self.add_module(name, module)

    def __getattr__(self, name: str) -> Any:
        # Reached only when the attribute is not found the usual way.
        registries = self.__dict__
        if "_modules" in registries:
            if name in registries["_parameters"]:
                return registries["_parameters"][name]
            if name in registries["_buffers"]:
                return registries["_buffers"][name]
            if name in registries["_modules"]:
                return registries["_modules"][name]
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    def __setattr__(self, name: str, value: Any) -> None:
        own = self.__dict__
        if "_modules" not in own:
            for kind, what in ((Parameter, "parameters"), (Module, "module"), (Buffer, "buffer")):
                if isinstance(value, kind):
                    raise AttributeError(f"cannot assign {what} before Module.__init__() call")
            object.__setattr__(self, name, value)
            return
        parameters, modules, buffers = own["_parameters"], own["_modules"], own["_buffers"]
        if isinstance(value, Parameter):
            self._forget(name, own, buffers, modules)
            self.register_parameter(name, value)
        elif name in parameters:
            if value is not None:
                raise TypeError(
                    f"cannot assign '{typename(value)}' as parameter '{name}' (torch.nn.Parameter or None expected)"
                )
            self.register_parameter(name, None)
        elif isinstance(value, Module):
            self._forget(name, own, parameters, buffers)
            modules[name] = value
        elif name in modules:
            if value is not None:
                raise TypeError(
                    f"cannot assign '{typename(value)}' as child module '{name}' (torch.nn.Module or None expected)"
                )
            modules[name] = None
        elif name in buffers or isinstance(value, Buffer):
            if value is not None and not isinstance(value, Tensor):
                raise TypeError(
                    f"cannot assign '{typename(value)}' as buffer '{name}' (torch.nn.Buffer, torch.Tensor or None "
                    "expected)"
                )
            persistent = name not in self._non_persistent_buffers_set
            if value is not None and isinstance(value, Buffer):
                persistent = value.__dict__["persistent"]
            self.register_buffer(name, value, persistent)
        else:
            object.__setattr__(self, name, value)

    def _forget(self, name: str, *registries: dict[str, Any]) -> None:
        for registry in registries:
            registry.pop(name, None)
        self._non_persistent_buffers_set.discard(name)

    def __delattr__(self, name: str) -> None:
        for registry in (self._parameters, self._buffers, self._modules):
            if name in registry:
                del registry[name]
                self._non_persistent_buffers_set.discard(name)
                return
        object.__delattr__(self, name)

    def __dir__(self) -> list[str]:
        names = [*dir(type(self)), *self.__dict__, *self._parameters, *self._modules, *self._buffers]
        return sorted(name for name in names if not name[0].isdigit())


# --- Adding hooks ----------------------------------------------------------------------------------------------------


def _add_hook(
    owner: Module | _Everywhere, kind: str, hook: Any, prepend: bool = False, *notes: HookDict
) -> RemovableHandle:
    hooks: HookDict = getattr(owner, kind)
    handle = RemovableHandle(hooks, *notes)
    hooks[handle.id] = hook
    if prepend:
        hooks.move_to_end(handle.id, last=False)
    owner.__dict__["_hooked"] = True
    return handle


def _add_forward_hook(
    owner: Module | _Everywhere,
    kind: str,
    hook: Any,
    prepend: bool = False,
    with_kwargs: bool = False,
    always_call: bool = False,
) -> RemovableHandle:
    takes_kwargs: HookDict = getattr(owner, f"{kind}_with_kwargs")
    handle = _add_hook(owner, kind, hook, prepend, takes_kwargs, owner._forward_hooks_always_called)
    if with_kwargs:
        takes_kwargs[handle.id] = True
    if always_call:
        owner._forward_hooks_always_called[handle.id] = True
    return handle


def register_module_forward_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """`Module.register_forward_pre_hook` for every module, before its own hooks."""
    return _add_forward_hook(_EVERYWHERE, "_forward_pre_hooks", hook)


def register_module_forward_hook(
    hook: Callable[..., Any], *, with_kwargs: bool = False, always_call: bool = False
) -> RemovableHandle:
    """`Module.register_forward_hook` for every module, before its own hooks."""
    return _add_forward_hook(_EVERYWHERE, "_forward_hooks", hook, False, with_kwargs, always_call)


def register_module_full_backward_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """`Module.register_full_backward_pre_hook` for every module."""
    return _add_hook(_EVERYWHERE, "_backward_pre_hooks", hook)


def register_module_full_backward_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """`Module.register_full_backward_hook` for every module."""
    return _add_hook(_EVERYWHERE, "_backward_hooks", hook)
