"""The parts a graph folds into (module calls, labelled ranges, optimizer steps), and the names of parameters."""

from __future__ import annotations

from typing import Any

from engine.nn.modules.module import Module
from playground.protocol import Scope
from playground.worker.output import clean

_MOST = 20_000
"""Scopes that are told apart; the rest count as the scope around them."""


class Scopes:
    """The scopes that are open, and those that have not been sent."""

    def __init__(self) -> None:
        self.unsent: list[Scope] = []
        self.current = 0
        """Id of the innermost open scope; 0 is the program."""
        self.optimizer = ""
        """``SGD.step`` while an optimizer steps."""
        self._count = 0
        self._open: list[tuple[int, str, Any]] = []
        self._parameters: dict[int, tuple[Any, str]] = {}
        self._roots: set[int] = set()
        self._paths: dict[tuple[int, int], tuple[Any, Any, str]] = {}

    def enter(self, kind: str, name: str, owner: Any) -> None:
        """A scope begins inside the current one."""
        label, type_name = name, ""
        if kind == "module":
            label, type_name = self._module_label(name, owner), name
        elif kind == "optimizer":
            type_name = name.partition(".")[0]
            self.optimizer = name
        self._open.append((self.current, kind, owner))
        if self._count < _MOST:
            self._count += 1
            scope = Scope(
                id=self._count,
                parent=self.current,
                kind=kind,  # type: ignore[arg-type]
                name=clean(label, 200),
                type=clean(type_name, 200),
            )
            self.unsent.append(scope)
            self.current = scope.id

    def leave(self) -> None:
        """The innermost scope ends."""
        if self._open:
            self.current, kind, _ = self._open.pop()
            if kind == "optimizer":
                self.optimizer = ""

    def learn(self, names: dict[str, Any]) -> None:
        """Take the names of parameters from the modules among a program's variables, for those not called yet."""
        for module in [value for value in names.values() if isinstance(value, Module)]:
            self._root(module)

    def parameter_name(self, parameter: object) -> str:
        """``layer1.weight`` in the module that was called with it; empty if none was."""
        found = self._parameters.get(id(parameter))
        return found[1] if found is not None and found[0] is parameter else ""

    def _module_label(self, name: str, module: Any) -> str:
        """The attribute path from the nearest module around it; the class name if the program itself called it."""
        for _, kind, around in reversed(self._open):
            if kind == "module":
                return self._path(around, module) or name
        self._root(module)
        return name

    def _root(self, module: Module) -> None:
        if id(module) not in self._roots:
            self._roots.add(id(module))
            for path, parameter in module.named_parameters():
                self._parameters.setdefault(id(parameter), (parameter, path))

    def _path(self, around: Any, module: Any) -> str:
        key = id(around), id(module)
        found = self._paths.get(key)
        if found is None:
            path = next((path for path, part in around.named_modules() if part is module), "")
            found = self._paths[key] = around, module, path
        return found[2]
