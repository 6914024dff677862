"""Writes the names the editor completes: the names of the engine and of ``data`` in, `static/src/names.gen.json` out.

They are listed under the names a program knows them by: ``torch``, ``torch.nn``, ``torch.Tensor``. It is data that the
page fetches at the first completion, not JavaScript that it would have to load and run.
"""

from __future__ import annotations

import importlib
import inspect
import json
import types
from collections.abc import Iterator
from typing import Any

import engine
from engine.nn.modules.module import Module
from engine.tensor import Tensor
from playground.worker import data

MODULES = (
    "autograd",
    "autograd.functional",
    "autograd.profiler",
    "cuda",
    "linalg",
    "nn",
    "nn.functional",
    "nn.init",
    "nn.utils",
    "optim",
    "optim.lr_scheduler",
    "optim.swa_utils",
)
"""The modules that programs know, without ``torch.``; the rest of the engine is its inside."""

WORKING = (
    "autograd.functional",
    "autograd.profiler",
    "nn.init",
    "nn.utils",
    "optim.lr_scheduler",
    "optim.swa_utils",
)
"""Those that import names for their own use; the others are there to offer what they import."""

LONGEST_SIGNATURE = 90
LONGEST_DOC = 120

Entry = tuple[str, str, str, str]
"""Name, kind (class, constant, function, method, module or property), signature, first line of the documentation."""


def render() -> str:
    """The whole text of ``static/src/names.gen.json``: by module or class, lists of `Entry`."""
    tables = {}
    for name in ("", *MODULES):
        module = importlib.import_module(f"engine.{name}".rstrip("."))
        entries = [_entry(n, value, "function") for n, value in _public(module)]
        tables[f"torch.{name}".rstrip(".")] = entries
    tables["torch.Tensor"] = [_entry(name, value, "method") for name, value in _members(Tensor)]
    sets = data.make()
    tables[data.NAME] = [_entry(name, getattr(sets, name), "function") for name in sets.__all__]
    tables[data.NAME] += [(name, "constant", "", doc) for name, doc in data.OF_THE_TABLE.items()]
    tables["torch.nn.Module"] = [_entry(name, value, "method") for name, value in _members(Module)]
    known = {name: doc for name, _, _, doc in tables["torch"]}
    for path, table in tables.items():
        tables[path] = [_without_repeats(path, entry, known) for entry in table]
    lines = []
    for path in sorted(tables):
        rows = ",\n".join(f"  {json.dumps(entry, ensure_ascii=False)}" for entry in sorted(tables[path]))
        lines.append(f"{json.dumps(path)}: [\n{rows}\n]")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _without_repeats(path: str, entry: Entry, known: dict[str, str]) -> Entry:
    """Leaves out what the page finds under ``torch``: a method's documentation, and that of an in-place variant."""
    name, kind, signature, doc = entry
    if name.endswith("_") and known.get(name[:-1]):
        return name, kind, "(...)" if signature == "(*args, **kwargs)" else signature, ""
    return name, kind, signature, "" if path != "torch" and known.get(name) == doc else doc


def _public(module: types.ModuleType) -> Iterator[tuple[str, Any]]:
    """What a program may use of a module: what the engine made, and at the top its constants."""
    only_own = module.__name__.removeprefix("engine.") in WORKING
    for name, value in vars(module).items():
        if only_own and getattr(value, "__module__", "").partition(".")[2] not in WORKING:
            continue
        if name.startswith("_") or (value is Tensor and module is not engine):
            continue  # every module imports Tensor for its annotations
        if isinstance(value, types.ModuleType):
            if value.__name__.removeprefix("engine.") in MODULES:
                yield name, value
        elif callable(value):
            if (getattr(value, "__module__", None) or "engine").startswith(("engine", "torch")):
                yield name, value
        elif module is engine and name != "annotations":
            yield name, value


def _members(cls: type) -> list[tuple[str, Any]]:
    names = {name for base in cls.__mro__[:-1] for name in vars(base) if not name.startswith("_")}
    return [(name, inspect.getattr_static(cls, name)) for name in sorted(names)]


def _entry(name: str, value: Any, function: str) -> Entry:
    if isinstance(value, types.ModuleType):
        return name, "module", "", _first_line(value)
    if isinstance(value, staticmethod | classmethod):
        value = value.__func__
    if isinstance(value, type):
        return name, "class", _signature(value), _first_line(value)
    if isinstance(value, property | types.GetSetDescriptorType | types.MemberDescriptorType):
        return name, "property", "", _first_line(value)
    if callable(value):
        return name, function, _signature(value), _first_line(value)
    return name, "constant" if function == "function" else "property", "", ""


def _signature(value: Any) -> str:
    """The parameters by name, with their defaults and without types: ``(input, dim=None, keepdim=False)``."""
    try:
        parameters = list(inspect.signature(value).parameters.values())
    except (TypeError, ValueError):
        return "(...)"
    if parameters and parameters[0].name == "self":
        parameters = parameters[1:]
    plain = [p.replace(annotation=inspect.Parameter.empty) for p in parameters]
    text = str(inspect.Signature(plain))
    # A default that prints an address would make the file differ from run to run.
    if len(text) > LONGEST_SIGNATURE or " at 0x" in text:
        text = f"({', '.join(p.name for p in plain)})"
    return text if len(text) <= LONGEST_SIGNATURE else f"{text[: LONGEST_SIGNATURE - 2]}…)"


def _first_line(value: Any) -> str:
    doc = inspect.getdoc(value) or ""
    line = doc.strip().split("\n\n")[0].replace("\n", " ").replace("``", "`")
    return line if len(line) <= LONGEST_DOC else f"{line[: LONGEST_DOC - 1]}…"
