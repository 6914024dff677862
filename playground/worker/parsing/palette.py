"""The palette: what blocks can be made of, read off the engine's own signatures and the table in `menu`.

An entry's ``type`` says how it is written: ``torch.sin`` and ``nn.functional.gelu`` are functions, ``operator.add`` is
the symbol, ``Tensor.view`` a method (``Tensor.T`` an attribute) of the first argument, ``nn.Linear`` a layer that is
made (its parameters of place ``definition``) and then called, ``optim.Adam`` an optimizer, ``data.moons`` a set of the
module ``data``.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, Final, Literal

import msgspec

import engine
from engine.tensor import Tensor
from playground.worker import data
from playground.worker.parsing import menu

Place = Literal["call", "definition"]
Kind = Literal["input", "data", "op", "layer", "loss", "optimizer", "output"]

_KINDS = {"Losses": "loss", "Optimizers": "optimizer", "Output": "output", "Data": "data", "Inputs": "input"}


class Parameter(msgspec.Struct, frozen=True, omit_defaults=True):
    """One argument that a block can be given."""

    name: str
    wire: bool = False
    """Whether it is a tensor, which a wire brings; else a number, a word, a list, written in the block's settings."""
    required: bool = False
    default: str = ""
    """As it would be written; empty if it is required."""
    fresh: str = ""
    """What a block that was just dropped has here; empty: nothing is written (a wire's is ``...``)."""
    place: Place = "call"
    list: bool = False
    """It takes any number of tensors, which are arguments ``0``, ``1``, ... of the block."""
    many: bool = False
    """It takes any number of numbers, which are one argument: ``2, 3``."""
    keyword: bool = False
    """It can only be given by its name."""
    brackets: bool = False
    """Of a list: written as one, ``[a, b]``, rather than as further arguments."""
    choices: tuple[str, ...] = ()
    doc: str = ""


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing to drop."""

    type: str
    kind: Kind
    section: str
    title: str
    doc: str
    parameters: tuple[Parameter, ...]
    outputs: tuple[str, ...] = ("",)
    """Names of the values it makes; empty for the one value of most."""
    symbol: str = ""
    """Of an operator."""
    attribute: bool = False
    """Of a method: it is written without brackets."""

    def named(self, name: str, place: Place = "call") -> Parameter | None:
        return next((p for p in self.parameters if p.name == name and p.place == place), None)


class Signature(msgspec.Struct, frozen=True):
    """How arguments are given, also those that settings do not show."""

    positional: tuple[str, ...]
    rest: str = ""
    """The parameter that takes all further ones (``*size``)."""
    orders: dict[int, tuple[str, ...]] = {}

    def names(self, count: int) -> tuple[str, ...]:
        """The parameters that `count` positional arguments stand for, without the rest."""
        return self.orders.get(count, self.positional)[:count]


@cache
def entries() -> dict[str, Entry]:
    """Every entry by its type, in the menu's order."""
    found = {}
    for section, types in menu.SECTIONS.items():
        for type_ in types.split():
            if type_ not in found:
                found[type_] = _entry(type_, section)
    return found


def load() -> None:
    """Build what reading a program needs, so that it is there before a process forks."""
    for type_ in entries():
        for place in ("definition", "call"):
            signature(type_, place)


@cache
def _sets() -> Any:
    return data.make()


def function(type_: str) -> Any:
    """What the engine has under a type: a function, a class, or a property of Tensor.

    Raises:
        AttributeError: there is none.
    """
    head, _, rest = type_.partition(".")
    if head == "Tensor":
        return inspect.getattr_static(Tensor, rest)
    if type_ == "data":
        return _sets()
    owner: Any = {"torch": engine, "nn": engine.nn, "optim": engine.optim, "data": _sets()}[head]
    for name in rest.split("."):
        owner = getattr(owner, name)
    return owner


@cache
def signature(type_: str, place: Place) -> Signature:
    """In which order a function, a layer's class (`place` ``definition``) or a layer takes its arguments."""
    parameters = _parameters(type_, place)
    positional, rest = [], ""
    for p in parameters:
        if p.kind is p.VAR_POSITIONAL:
            rest = p.name
        elif p.kind is not p.KEYWORD_ONLY and p.kind is not p.VAR_KEYWORD:
            positional.append(p.name)
    return Signature(tuple(positional), rest, menu.ORDERS.get(type_, {}))


def _parameters(type_: str, place: Place) -> list[inspect.Parameter]:
    if type_.startswith("optim.") and place == "call":
        return [_tensor("loss")]
    stateful = is_stateful(type_)
    if place == "definition" and not stateful:
        return []
    if stateful and place == "call":
        if type_ in menu.CALLS or _section(type_) == "Losses":
            return [_tensor(name) for name in menu.CALLS.get(type_, ("input", "target"))]
        return list(inspect.signature(function(type_).forward).parameters.values())[1:]
    if type_ in menu.SIGNATURES:
        text = menu.SIGNATURES[type_]
        return [_parameter(part) for part in _parts(text)] if text else []
    try:
        found = list(inspect.signature(function(type_)).parameters.values())
        # A layer without settings takes whatever every module does.
        return [p for p in found if not (stateful and p.kind is p.VAR_POSITIONAL and p.name == "args")]
    except TypeError:  # a property
        return [_tensor("input")]


def _tensor(name: str) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def _parts(text: str) -> Iterator[tuple[str, bool]]:
    keyword = False
    for part in text.split(", "):
        if part == "*":
            keyword = True
            continue
        yield part, keyword
        keyword = keyword or part.startswith("*")


def _parameter(part: tuple[str, bool]) -> inspect.Parameter:
    text, keyword = part
    name, _, default = text.partition("=")
    kind = inspect.Parameter.KEYWORD_ONLY if keyword else inspect.Parameter.POSITIONAL_OR_KEYWORD
    if name.startswith("*"):
        return inspect.Parameter(name[1:], inspect.Parameter.VAR_POSITIONAL)
    value = eval(default, {}) if default else inspect.Parameter.empty  # noqa: S307 (the table's own text)
    return inspect.Parameter(name, kind, default=value)


def _section(type_: str) -> str:
    return next((name for name, types in menu.SECTIONS.items() if type_ in types.split()), "")


def is_stateful(type_: str) -> bool:
    """Whether it is made first and called then."""
    head, _, rest = type_.partition(".")
    return head == "optim" or (head == "nn" and "." not in rest and rest != "Parameter")


def _entry(type_: str, section: str) -> Entry:
    last = type_.rpartition(".")[2]
    head = type_.partition(".")[0]
    found: list[Parameter] = []
    for place in ("definition", "call"):
        found += [p for raw in _parameters(type_, place) if (p := _shown(type_, raw, place))]
    kind = _KINDS.get(section, "layer" if is_stateful(type_) else "op")
    if (kind == "output" and type_ in menu.VALUES) or (
        kind == "input" and type_ != "nn.Parameter" and any(p.wire for p in found)
    ):
        kind = "op"
    symbol = menu.SYMBOLS.get(type_, "")
    doc = menu.DOCS.get(type_) or _first_line(function(type_))
    title = menu.TITLES.get(type_, last)
    return Entry(
        type=type_,
        kind=kind,  # type: ignore[arg-type]
        section=section,
        title=title,
        doc=doc,
        parameters=tuple(found),
        outputs=menu.OUTPUTS.get(type_, ("",)),
        symbol=symbol,
        attribute=head == "Tensor" and last in menu.ATTRIBUTES,
    )


def _shown(type_: str, raw: inspect.Parameter, place: Place) -> Parameter | None:
    name = {"self": "input", "positional": "size", "args": "objects"}.get(raw.name, raw.name)
    if name in menu.NOT_SHOWN or name.startswith("_") or raw.kind is raw.VAR_KEYWORD:
        return None
    full = f"{type_}.{name}"
    wire = name in menu.WIRES | {"loss", "optimizer", "data", "object", "self"} or full in menu.WIRES
    wire = wire and name not in menu.NOT_WIRES.get(type_, ())
    if place == "definition" and is_stateful(type_):
        wire = name in ("modules", "params")
    if name in ("data", "object") and type_ != "nn.Parameter" and name == "data":
        wire = False
    empty = raw.default is inspect.Parameter.empty
    several = raw.kind is raw.VAR_POSITIONAL
    brackets = name in ("tensors", "params") and not several
    required = empty and not several
    fresh = menu.FRESH.get(full, menu.FRESH.get(name, "") if not wire else "")
    wanted = (
        required
        or (several and not wire)
        or full in menu.SHOWN_FRESH
        or (name in menu.SHOWN_FRESH and place == "definition")
    )
    return Parameter(
        name=name,
        wire=wire,
        required=required or (several and type_ != "print"),
        default="" if empty else _text(raw.default),
        fresh=fresh if wanted else "",
        place=place,
        list=wire and (several or brackets),
        many=several and not wire,
        keyword=raw.kind is raw.KEYWORD_ONLY,
        brackets=brackets,
        choices=menu.CHOICES.get(full, menu.CHOICES.get(name, ())),
        doc=menu.NOTES.get(name, ""),
    )


def _text(default: Any) -> str:
    if isinstance(default, type) or callable(default):
        return getattr(default, "__name__", "None")
    return repr(default)


def _first_line(value: Callable[..., Any]) -> str:
    doc = (inspect.getdoc(value) or "").strip().split("\n\n")[0].replace("\n", " ")
    return doc if len(doc) <= 120 else f"{doc[:119]}…"


# --- Finding an entry ------------------------------------------------------------------------------------------------

_SAME: Final = {
    "absolute": "abs",
    "multiply": "mul",
    "divide": "div",
    "true_divide": "div",
    "subtract": "sub",
    "negative": "neg",
    "clip": "clamp",
    "arcsin": "asin",
    "arccos": "acos",
    "arctan": "atan",
    "arctan2": "atan2",
    "arcsinh": "asinh",
    "arccosh": "acosh",
    "arctanh": "atanh",
    "concatenate": "concat",
    "greater": "gt",
    "greater_equal": "ge",
    "less": "lt",
    "less_equal": "le",
    "not_equal": "ne",
    "swapdims": "swapaxes",
    "fix": "trunc",
    "row_stack": "vstack",
    "trapz": "trapezoid",
}


def find(path: str) -> Entry | None:
    """The entry of a full name as imports give it: ``torch.nn.functional.relu``, ``data.moons``."""
    known = entries()
    if path.startswith("torch.nn.functional."):
        last = path.rpartition(".")[2]
        return known.get(f"nn.functional.{last}") or known.get(f"torch.{last}")
    if path in ("torch.nn.parameter.Parameter", "torch.nn.Parameter"):
        return known["nn.Parameter"]
    for prefix in ("torch.nn.modules.", "torch.nn.", "torch.optim."):
        if path.startswith(prefix):
            return known.get(path.removeprefix("torch.")) or known.get(f"nn.{path.rpartition('.')[2]}")
    if path.startswith("torch."):
        last = path.removeprefix("torch.")
        return known.get(path) or known.get(f"torch.{_SAME.get(last, last)}")
    return known.get(path) if path.startswith("data.") else None


@cache
def method(name: str) -> Entry | None:
    """The entry of a tensor's method or attribute."""
    if name.startswith("_") or not hasattr(Tensor, name):
        return None
    known = entries()
    return known.get(f"Tensor.{name}") or known.get(f"torch.{_SAME.get(name, name)}")


@cache
def method_signature(name: str) -> Signature:
    """How a tensor's method takes its arguments, the tensor itself left out."""
    try:
        parameters = list(inspect.signature(inspect.getattr_static(Tensor, name)).parameters.values())[1:]
    except TypeError:
        return Signature(())
    if f"Tensor.{name}" in menu.SIGNATURES:
        parameters = _parameters(f"Tensor.{name}", "call")[1:]
    positional = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    rest = next((p.name for p in parameters if p.kind is p.VAR_POSITIONAL), "")
    return Signature(tuple(positional), rest)
