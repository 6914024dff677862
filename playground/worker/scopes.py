"""The parts a graph folds into (module calls, labelled ranges, optimizer steps, the program's own functions, loops and
iterations), and the names of parameters."""

from __future__ import annotations

from typing import Any, Literal

from engine.nn.modules.module import Module
from playground.protocol import Scope
from playground.worker.blocks import Entry
from playground.worker.here import Path
from playground.worker.output import clean

_MOST = 20_000
"""Scopes that are told apart; the rest count as the scope around them."""


class _Open:
    """A module call, a range or an optimizer step that has begun and not ended."""

    __slots__ = ("above", "id", "kind", "label", "line", "owner", "path", "type")

    def __init__(
        self, above: _Open | None, path: Path, kind: Any, label: str, type: str, owner: Any, line: int
    ) -> None:
        self.above = above
        self.path = path
        """Where in the program it began, from `above`."""
        self.kind: Literal["module", "range", "optimizer"] = kind
        self.label = label
        self.type = type
        self.owner = owner
        self.line = line
        self.id: int | None = None
        """Once there is something in it."""


class Scopes:
    """The scopes that are open, and those that have not been sent: none before something is recorded in it."""

    def __init__(self) -> None:
        self.unsent: list[Scope] = []
        self.optimizer = ""
        """``SGD.step`` while an optimizer steps."""
        self._path: Path = ()
        self._current: int | None = 0
        self._count = 0
        self._open: _Open | None = None
        self._inside: dict[tuple[int, Entry], int] = {}
        self._parameters: dict[int, tuple[Any, str]] = {}
        self._roots: set[int] = set()
        self._names: dict[tuple[int, int], tuple[Any, Any, str]] = {}

    @property
    def path(self) -> Path:
        """The functions, loops and iterations of the program that are open, from the innermost module call or optimizer
        step inwards; `Here` tells."""
        return self._path

    @path.setter
    def path(self, path: Path) -> None:
        self._path = path
        self._current = None

    def current(self) -> int:
        """Id of the innermost scope, for something that is recorded in it; 0 is the program."""
        if self._current is None:
            self._current = self._find(self._open, self._path)
        return self._current

    def enter(self, kind: str, name: str, owner: Any, line: int) -> None:
        """A scope begins inside the current one."""
        label, type_name = name, ""
        if kind == "module":
            label, type_name = self._module_label(name, owner), name
        elif kind == "optimizer":
            type_name = name.partition(".")[0]
            self.optimizer = name
        self._open = _Open(self._open, self._path, kind, label, type_name, owner, line)
        self._current = None
        if kind != "range":
            self._path = ()

    def leave(self) -> None:
        """The innermost scope ends."""
        ended = self._open
        if ended is not None:
            self._open, self._current = ended.above, None
            if ended.kind != "range":
                self._path = ended.path
            if ended.kind == "optimizer":
                self.optimizer = ""

    def _find(self, opened: _Open | None, path: Path) -> int:
        """The scope at `path` in `opened`, made if it is not there."""
        found = 0
        if opened is not None:
            if opened.id is None:
                around = self._find(opened.above, opened.path)
                opened.id = self._make(around, opened.kind, opened.label, opened.type, opened.line)
            found = opened.id
            if opened.kind == "range":
                # It is inside of what was open when it began, and around what has begun since.
                same = 0
                for before, now in zip(opened.path, path, strict=False):
                    if before != now:
                        break
                    same += 1
                path = path[same:]
        for entry in path:
            key = found, entry
            inside = self._inside.get(key)
            if inside is None:
                inside = self._inside[key] = self._step(found, entry)
            found = inside
        return found

    def _step(self, around: int, entry: Entry) -> int:
        block, which = entry[:2]
        if block.kind == "function":
            return self._make(around, "function", block.name, "", entry[2])
        if block.kind == "loop":
            return self._make(around, "loop", block.name, "", block.line)
        return self._make(around, "iteration", str(which), "", block.line, which)

    def _make(self, around: int, kind: Any, name: str, type: str, line: int, index: int = 0) -> int:
        if self._count == _MOST:
            return around
        self._count += 1
        self.unsent.append(
            Scope(
                id=self._count,
                parent=around,
                kind=kind,
                name=clean(name, 200),
                type=clean(type, 200),
                line=line,
                index=min(index, 100_000_000),
            )
        )
        return self._count

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
        around = self._open
        while around is not None:
            if around.kind == "module":
                return self._path_between(around.owner, module) or name
            around = around.above
        self._root(module)
        return name

    def _root(self, module: Module) -> None:
        if id(module) not in self._roots:
            self._roots.add(id(module))
            for path, parameter in module.named_parameters():
                self._parameters.setdefault(id(parameter), (parameter, path))

    def _path_between(self, around: Any, module: Any) -> str:
        key = id(around), id(module)
        found = self._names.get(key)
        if found is None:
            path = next((path for path, part in around.named_modules() if part is module), "")
            found = self._names[key] = around, module, path
        return found[2]
