"""A module as a tree: walking over its parts, changing all of them, and printing it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from engine import dtypes
from engine.backend import device
from engine.dtypes import dtype
from engine.nn.parameter import Parameter, reset_gradients
from engine.state import S
from engine.tensor import Tensor

if TYPE_CHECKING:
    from engine.nn.modules.module import Module

__all__ = ["Tree", "indented"]

T = TypeVar("T", bound="Tree")


def indented(text: str, spaces: int) -> str:
    """`text` with every line but the first moved right; empty lines stay empty."""
    first, *rest = text.split("\n")
    return "\n".join([first, *(" " * spaces + line if line.strip() else "" for line in rest)])


class Tree:
    """The part of `Module` that walks over children, parameters and buffers."""

    training: bool
    _parameters: dict[str, Parameter | None]
    _buffers: dict[str, Tensor | None]
    _modules: dict[str, Module | None]

    # --- Walking ---------------------------------------------------------------------------------------------------

    def named_modules(
        self, memo: set[Any] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Module]]:
        """This module and all below it, with their paths, parents first; each once unless told otherwise."""
        memo = set() if memo is None else memo
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, self  # type: ignore[misc]
        for name, module in self._modules.items():
            if module is not None:
                below = f"{prefix}.{name}" if prefix else name
                yield from module.named_modules(memo, below, remove_duplicate)

    def modules(self, remove_duplicate: bool = True) -> Iterator[Module]:
        """This module and all below it."""
        for _, module in self.named_modules(remove_duplicate=remove_duplicate):
            yield module

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The modules directly below, with their names; each once."""
        seen: set[Any] = set()
        for name, module in self._modules.items():
            if module is not None and module not in seen:
                seen.add(module)
                yield name, module

    def children(self) -> Iterator[Module]:
        """The modules directly below."""
        for _, module in self.named_children():
            yield module

    def _named_members(
        self, registry: str, prefix: str, recurse: bool, remove_duplicate: bool
    ) -> Iterator[tuple[str, Any]]:
        seen: set[Any] = set()
        owners: Any = (
            self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate)
            if recurse
            else [(prefix, self)]
        )
        for path, owner in owners:
            for name, member in getattr(owner, registry).items():
                if member is None or member in seen:
                    continue
                if remove_duplicate:
                    seen.add(member)
                yield (f"{path}.{name}" if path else name), member

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """All parameters with their paths, such as ``layer1.weight``."""
        return self._named_members("_parameters", prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """All parameters, each once."""
        for _, parameter in self.named_parameters(recurse=recurse):
            yield parameter

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """All buffers with their paths."""
        return self._named_members("_buffers", prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """All buffers, each once."""
        for _, buffer in self.named_buffers(recurse=recurse):
            yield buffer

    def get_submodule(self, target: str) -> Module:
        """The module at a path such as ``encoder.0``; the empty path is this one.

        Raises:
            AttributeError: if there is none.
        """
        module: Any = self
        for name in target.split(".") if target else ():
            if not hasattr(module, name):
                raise AttributeError(f"{module._get_name()} has no attribute `{name}`")
            module = getattr(module, name)
            if not isinstance(module, Tree):
                raise AttributeError(f"`{name}` is not an nn.Module")
        return module  # type: ignore[no-any-return]

    def set_submodule(self, target: str, module: Module, strict: bool = False) -> None:
        """Put `module` at a path; with `strict` only where one is already."""
        if not target:
            raise ValueError("Cannot set the submodule without a target name!")
        if not isinstance(module, Tree):
            raise ValueError(f"`module` is not an nn.Module, found {type(module)}")
        path, _, name = target.rpartition(".")
        parent = self.get_submodule(path)
        if hasattr(parent, name):
            if not isinstance(getattr(parent, name), Tree):
                raise AttributeError(f"`{name}` is not an nn.Module")
        elif strict:
            raise AttributeError(f"{parent._get_name()} has no attribute `{name}`")
        setattr(parent, name, module)

    def get_parameter(self, target: str) -> Parameter:
        """The parameter at a path such as ``layer1.weight``."""
        path, _, name = target.rpartition(".")
        owner = self.get_submodule(path)
        if not hasattr(owner, name):
            raise AttributeError(f"{owner._get_name()} has no attribute `{name}`")
        value = getattr(owner, name)
        if not isinstance(value, Parameter):
            raise AttributeError(f"`{name}` is not an nn.Parameter")
        return value

    def get_buffer(self, target: str) -> Tensor:
        """The buffer at a path."""
        path, _, name = target.rpartition(".")
        owner = self.get_submodule(path)
        if not hasattr(owner, name):
            raise AttributeError(f"{owner._get_name()} has no attribute `{name}`")
        if name not in owner._buffers:
            raise AttributeError(f"`{name}` is not a buffer")
        return getattr(owner, name)  # type: ignore[no-any-return]

    # --- Changing all of it ----------------------------------------------------------------------------------------

    def apply(self: T, fn: Callable[[Module], Any]) -> T:
        """Call `fn` with every module below, children first, then with this one; returns self."""
        for module in self.children():
            module.apply(fn)
        fn(self)  # type: ignore[arg-type]
        return self

    def _apply(self: T, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> T:
        """Replace every parameter's values, its gradient's, and every buffer by what `fn` makes of them."""
        if recurse:
            for module in self.children():
                module._apply(fn)
        before, S.grad_enabled = S.grad_enabled, False
        try:
            for parameter in self._parameters.values():
                if parameter is not None:
                    parameter.data = fn(parameter)
                    if parameter._grad is not None:
                        parameter._grad.data = fn(parameter._grad)
            for name, buffer in self._buffers.items():
                if buffer is not None:
                    self._buffers[name] = fn(buffer)
        finally:
            S.grad_enabled = before
        return self

    def to(self: T, *args: Any, **kwargs: Any) -> T:
        """Move to a device, or floating point parameters and buffers to a dtype: ``to(device, dtype)`` in any
        combination, or ``to(tensor)`` like that tensor. Changes the module itself and returns it."""
        where: Any = kwargs.pop("device", None)
        wanted: dtype | None = kwargs.pop("dtype", None)
        for argument in (*args, *kwargs.values()):
            if isinstance(argument, dtype):
                wanted = argument
            elif isinstance(argument, Tensor):
                where, wanted = argument.device, argument.dtype
            elif isinstance(argument, (str, device)) or (
                isinstance(argument, int) and not isinstance(argument, bool)
            ):
                where = argument
        if wanted is not None:
            if not wanted.differentiable:
                raise TypeError(
                    "nn.Module.to only accepts floating point or complex dtypes, but got desired "
                    f"dtype={wanted}"
                )
            if wanted.is_complex:
                warnings.warn(
                    "Complex modules are a new feature under active development whose design may change, and some "
                    "modules might not work as expected when using complex tensors as parameters or buffers. Please "
                    "file an issue at https://github.com/pytorch/pytorch/issues/new?template=bug-report.yml if a "
                    "complex module does not work as expected.",
                    UserWarning,
                    stacklevel=2,
                )

        def convert(tensor: Any) -> Any:
            keywords: dict[str, Any] = {} if where is None else {"device": where}
            if wanted is not None and tensor.dtype.differentiable:
                keywords["dtype"] = wanted
            return tensor.to(**keywords) if keywords else tensor

        return self._apply(convert)

    def cpu(self: T) -> T:
        """Move to the CPU."""
        return self.to("cpu")

    def cuda(self: T, device: Any = None) -> T:
        """Move to a CUDA device."""
        return self.to("cuda" if device is None else device)

    def type(self: T, dst_type: dtype) -> T:
        """All parameters and buffers to that dtype."""
        return self._apply(lambda tensor: tensor.to(dst_type))

    def float(self: T) -> T:
        """Floating point parameters and buffers to float32."""
        return self._floating(dtypes.float32)

    def double(self: T) -> T:
        """Floating point parameters and buffers to float64."""
        return self._floating(dtypes.float64)

    def half(self: T) -> T:
        """Floating point parameters and buffers to float16."""
        return self._floating(dtypes.float16)

    def _floating(self: T, wanted: dtype) -> T:
        return self._apply(lambda t: t.to(wanted) if t.is_floating_point() else t)

    def train(self: T, mode: bool = True) -> T:
        """Set training mode here and below: dropout drops, batch norm uses the batch's statistics. Returns self."""
        if not isinstance(mode, bool):
            raise ValueError("training mode is expected to be boolean")
        self.training = mode
        for module in self.children():
            module.train(mode)
        return self

    def eval(self: T) -> T:
        """Set evaluation mode: ``train(False)``."""
        return self.train(False)

    def requires_grad_(self: T, requires_grad: bool = True) -> T:
        """Let autograd record what is done with the parameters, or not; returns self."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = False) -> None:
        """Fill the gradients of all parameters with zeros, or drop them.

        The default differs from PyTorch 2, which drops them: the tutorials this follows print the zeros.
        """
        reset_gradients(self.parameters(), set_to_none)

    def share_memory(self: T) -> T:
        """Does nothing: there is one process here. Returns self."""
        return self

    # --- Printing --------------------------------------------------------------------------------------------------

    def _get_name(self) -> str:
        return type(self).__name__

    def extra_repr(self) -> str:
        """What to print between the parentheses, one item a line; for subclasses to override."""
        return ""

    def __repr__(self) -> str:
        extra = self.extra_repr()
        lines = extra.split("\n") if extra else []
        children = [f"({name}): {indented(repr(module), 2)}" for name, module in self._modules.items()]
        if not children and len(lines) <= 1:
            return f"{self._get_name()}({extra})"
        return f"{self._get_name()}(\n  " + "\n  ".join(lines + children) + "\n)"
