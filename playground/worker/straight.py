"""Which lines of a program lie between some of its variables and another one, so that only they are run again.

Read off the text and never trusted: `curves.py` compares what the lines give with what the program gave.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

_HARMLESS = frozenset({"print", "plt", "matplotlib"})
"""Calls of these as a statement change no tensor; nor does ``backward()``, but of ``.grad``."""


class NotStraight(Exception):
    """Why there are no such lines, in plain words."""


@dataclass
class Step:
    """A statement of the program itself, not within another."""

    node: ast.stmt
    binds: set[str] = field(default_factory=set)
    uses: set[str] = field(default_factory=set)
    changes: set[str] = field(default_factory=set)
    """Names of values that it may change in place."""
    stops: bool = False
    """It may end the program: ``raise`` or ``assert``."""
    idle: bool = False
    """It does nothing that another statement could notice."""


@dataclass
class Lines:
    """What to run again."""

    again: list[ast.stmt]
    """In order; none if all of the program must be run, because these lines alone would not do the same."""
    whole: list[ast.stmt]
    """The program up to the output, without what only prints and draws."""
    names: set[str]
    """Everything that `again` binds."""


class Text:
    """A program's statements."""

    def __init__(self, code: str) -> None:
        """Raises NotStraight if the text is not Python."""
        try:
            self._tree = ast.parse(code)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            raise NotStraight("The program is not Python yet.") from None
        self._steps = [_step(node) for node in self._tree.body]
        self._free = {
            step.node.name: step.uses - {step.node.name}
            for step in self._steps
            if isinstance(step.node, ast.FunctionDef | ast.ClassDef)
        }

    def between(self, inputs: list[str], output: str) -> Lines:
        """The lines from `inputs`, each of which is made by one assignment, to the last one that makes `output`.

        Raises:
            NotStraight: if an input is not made so, or there is no such output.
        """
        for name in inputs:
            self._made_once(name)
        last = max((n for n, step in enumerate(self._steps) if output in step.binds), default=-1)
        if last < 0:
            raise NotStraight(f"The program makes no {output}.")
        chosen = self._needed(last, output, inputs)
        dependent, safe = self._dependent(chosen, inputs)
        again = [step.node for step in dependent] if safe else []
        whole = [step.node for step in self._steps[: last + 1] if not step.idle]
        return Lines(again, whole, {name for step in dependent for name in step.binds})

    def _made_once(self, name: str) -> None:
        making = [step for step in self._steps if name in step.binds]
        if not making:
            raise NotStraight(f"The program makes no {name}.")
        node = making[0].node
        plain = (
            isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name)
        )
        plain |= isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
        if len(making) > 1 or not plain or any(name in step.changes for step in self._steps):
            raise NotStraight(
                f"The program changes {name} after it has made it, so there is no other value to give it."
            )

    def _needed(self, last: int, output: str, inputs: list[str]) -> list[Step]:
        """The statements that `output` comes from, in order."""
        needed, chosen = {output}, []
        for step in reversed(self._steps[: last + 1]):
            if step.idle or not (step.stops or (step.binds | step.changes) & needed):
                continue
            chosen.append(step)
            if isinstance(step.node, ast.Assign | ast.AnnAssign) and not step.changes:
                needed -= step.binds
            if not step.binds & set(inputs):
                needed |= self._all_uses(step)
        return chosen[::-1]

    def _dependent(self, chosen: list[Step], inputs: list[str]) -> tuple[list[Step], bool]:
        """Those that depend on the inputs; and whether the program's variables as they are now do for the rest."""
        reached, dependent = set(inputs), []
        for step in chosen:
            if not step.binds & set(inputs) and self._all_uses(step) & reached:
                dependent.append(step)
                reached |= step.binds
        given = {name for step in dependent for name in self._all_uses(step)} - reached
        safe = not any(step.changes for step in dependent) and all(map(self._stays, given | reached))
        return dependent, safe

    def _stays(self, name: str) -> bool:
        """Whether what it is called at the end is what it was when it was made."""
        making = sum(name in step.binds for step in self._steps)
        return making <= 1 and not any(name in step.changes for step in self._steps)

    def _all_uses(self, step: Step) -> set[str]:
        """With what the program's own functions that it uses read."""
        found, new = set(step.uses), set(step.uses)
        while new:
            new = {name for one in new for name in self._free.get(one, ())} - found
            found |= new
        return found


def _step(node: ast.stmt) -> Step:
    step = Step(node)
    _read(node, step)
    value = node.value if isinstance(node, ast.Expr) else None
    step.idle = (
        value is not None and not step.binds and (not isinstance(value, ast.Call) or _is_harmless(value))
    )
    return step


def _read(node: ast.AST, step: Step) -> None:
    match node:
        case ast.Name(id=name, ctx=ast.Load()):
            step.uses.add(name)
        case ast.Name(id=name):
            step.binds.add(name)
        case ast.alias():
            step.binds.add((node.asname or node.name).partition(".")[0])
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            step.binds.add(node.name)
            step.uses |= _loaded([node])
            return
        case ast.Lambda():
            step.uses |= _loaded([node])
            return
        case ast.Global() | ast.Nonlocal():
            step.changes |= set(node.names)
        case ast.AugAssign():
            step.changes |= _roots(node.target)
            step.uses |= _roots(node.target)
        case ast.Attribute(ctx=ast.Store() | ast.Del()) | ast.Subscript(ctx=ast.Store() | ast.Del()):
            step.changes |= _roots(node)
        case ast.Call(func=ast.Attribute(attr=attr)) if attr.endswith("_") and not attr.endswith("__"):
            step.changes |= _loaded([node])
        case ast.Expr(value=ast.Call() as call) if not _is_harmless(call):
            step.changes |= _loaded([call])
        case ast.Raise() | ast.Assert():
            step.stops = True
        case ast.keyword(arg="out"):
            step.changes |= _loaded([node])
        case _:
            pass
    for child in ast.iter_child_nodes(node):
        _read(child, step)


def _is_harmless(call: ast.Call) -> bool:
    if isinstance(call.func, ast.Attribute) and call.func.attr == "backward":
        return True
    return bool(_roots(call.func) & _HARMLESS)


def _roots(node: ast.AST) -> set[str]:
    """The variable that ``a``, ``a.b[c].d()`` begin with."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call | ast.Starred):
        node = node.func if isinstance(node, ast.Call) else node.value
    return {node.id} if isinstance(node, ast.Name) else set()


def _loaded(nodes: Iterable[ast.AST]) -> set[str]:
    return {found.id for node in nodes for found in _names(node) if isinstance(found.ctx, ast.Load)}


def _names(node: ast.AST) -> Iterator[ast.Name]:
    return (found for found in ast.walk(node) if isinstance(found, ast.Name))
