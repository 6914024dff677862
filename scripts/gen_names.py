"""Writes `static/src/names.gen.ts`: the engine's public names with signature and first line of documentation.

Completion in the editor reads it. Names are grouped by where they are reached from: a module, ``torch.Tensor`` or
another public class that programs call methods on.
"""

from __future__ import annotations

import importlib
import inspect
import json
from types import ModuleType

MODULES = (
    "torch",
    "torch.nn",
    "torch.nn.functional",
    "torch.nn.init",
    "torch.nn.utils",
    "torch.optim",
    "torch.optim.lr_scheduler",
    "torch.autograd",
    "torch.autograd.functional",
    "torch.autograd.profiler",
    "torch.cuda",
    "torch.linalg",
    "torch.special",
)
"""Modules that are listed, where the engine has them, under the name a program uses."""

CLASSES = ("torch.Tensor", "torch.nn.Module", "torch.optim.Optimizer")
"""Classes whose members are listed."""

SIGNATURE = 72
"""Longest signature that is shown whole."""

HEAD = """\
// Generated from the engine by `make gen`; do not edit.

export type Kind = "class" | "constant" | "function" | "method" | "module" | "property";

/** Name, kind, signature and the first line of its documentation; the last two may be empty. */
export type Entry = readonly [name: string, kind: Kind, signature: string, doc: string];

/** What can follow `torch.`, `torch.nn.` or a tensor's dot. */
export type NameTable = Readonly<Record<string, readonly Entry[]>>;

export const NAMES: NameTable = {
"""


def _engine(name: str) -> str:
    return name.replace("torch", "engine", 1)


def _module(name: str) -> ModuleType | None:
    """The engine's module for PyTorch's `name`, or None if the engine has none (an import error inside it is raised)."""
    try:
        return importlib.import_module(_engine(name))
    except ModuleNotFoundError as problem:
        if problem.name and _engine(name).startswith(problem.name):
            return None
        raise


def _kind(value: object, in_class: bool) -> str:
    if inspect.ismodule(value):
        return "module"
    if inspect.isclass(value):
        return "class"
    if in_class and (isinstance(value, property) or inspect.isdatadescriptor(value)):
        return "property"
    if callable(value) or isinstance(value, (staticmethod, classmethod)):
        return "method" if in_class else "function"
    return "constant"


def _signature(value: object, in_class: bool) -> str:
    if inspect.isclass(value) or not callable(value):
        return ""
    try:
        parameters = list(inspect.signature(value).parameters.values())
    except (TypeError, ValueError):
        return ""
    if in_class:
        parameters = parameters[1:]
    text = ", ".join(
        str(one.replace(annotation=inspect.Parameter.empty))
        for one in parameters
        if not one.name.startswith("_")
    )
    return f"({text})" if len(text) <= SIGNATURE else f"({text[: SIGNATURE - 1]}…)"


def _doc(value: object) -> str:
    if not (inspect.ismodule(value) or callable(value) or isinstance(value, property)):
        return ""
    text = inspect.getdoc(value) or ""
    return text.split("\n\n")[0].replace("\n", " ").replace("``", "").strip()[:200]


def _entries(owner: object, in_class: bool) -> list[tuple[str, str, str, str]]:
    found = []
    chosen = getattr(owner, "__all__", None) or dir(owner)
    for name in sorted(chosen):
        if name.startswith("_"):
            continue
        value = inspect.getattr_static(owner, name) if in_class else getattr(owner, name)
        if inspect.ismodule(value) and f"torch.{name}" not in MODULES and f".{name}" not in "".join(MODULES):
            continue
        # What a module imported for itself is not its own.
        home = getattr(value, "__module__", None)
        if not in_class and isinstance(home, str) and home.split(".")[0] not in ("engine", "builtins"):
            continue
        kind = _kind(value, in_class)
        found.append((name, kind, _signature(value, in_class), _doc(value)))
    return found


def render() -> str:
    """The text of `names.gen.ts`."""
    lines = [HEAD]
    groups: list[tuple[str, object, bool]] = [(name, module, False) for name in MODULES if (module := _module(name))]
    for name in CLASSES:
        home, _, attribute = name.rpartition(".")
        module = _module(home)
        owner = getattr(module, attribute, None)
        if owner is not None:
            groups.append((name, owner, True))
    for name, owner, in_class in groups:
        lines.append(f"  {json.dumps(name)}: [\n")
        lines += [f"    {json.dumps(entry, ensure_ascii=False)},\n" for entry in _entries(owner, in_class)]
        lines.append("  ],\n")
    lines.append("};\n")
    return "".join(lines)
