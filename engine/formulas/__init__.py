"""What an operation computes and its derivative, as formulas for people.

A derivative comes from the rule itself, run on symbols (`engine.formulas.symbols`), unless the record states a
`formula`: for rules that are programs rather than formulas, and where the derived one would be hard to read.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass

from engine.formulas.notation import ARGUMENTS, NOTATION, OUTPUTS, letters, tokens
from engine.formulas.symbols import NoFormula, Sum, call, symbol, variable
from engine.registry import POINTWISE, Op

__all__ = ["Formula", "Functions", "formula_of", "rule_of"]


_NAMELESS = "??"


@dataclass(frozen=True)
class Formula:
    r"""One op in TeX.

    ``#0``, ``#1``, ... stand for the inputs, ``#y`` for the output and ``#g`` for the gradient that enters, so that
    the names of a program's variables can be put in; `plain` puts in letters.
    """

    forward: str
    r"""``#y = \sin #0``."""
    derivatives: tuple[str | None, ...]
    r"""For each input ``\frac{\partial #y}{\partial #0} = \cos #0`` or, written with the gradient of the output,
    ``\overline{#0} = #g \, #1^{\top}``; None for an input without derivative."""
    letters: str
    """What the inputs are called where there are no better names."""
    output: str
    """What the output is called where there is no better name."""
    arguments: tuple[tuple[str, str], ...]
    """Other arguments that the formulas speak of, and the letter of each."""

    def plain(self, tex: str) -> str:
        """One of the formulas in letters."""
        return re.sub(r"#(\d|y|g)", lambda m: self._name(m[1]), tex)

    def _name(self, place: str) -> str:
        if place == "g":
            return rf"\overline{{{self.output}}}"
        return f"{{{self.output if place == 'y' else self.letters[int(place)]}}}"


def formula_of(op: Op) -> Formula:
    """The formulas of an op."""
    names = letters(op.name, op.n_inputs)
    output = OUTPUTS.get(op.name) or ("Y" if names and names.isupper() else "y")
    forward = _places(NOTATION.get(op.name) or _function(op, names), names, output)
    if not forward.startswith("#y_"):
        forward = f"#y = {forward}"
    given = [part.strip() for part in op.formula.split(r",\ ")] if op.formula else []
    derivatives: list[str | None] = []
    for k, rule in enumerate(op.vjp):
        if rule is None:
            derivatives.append(None)
            continue
        text = given[min(len(derivatives), len(given) - 1)] if given else ""
        found = _places(text, names, output) if text else _derived(op, k)
        derivatives.append(_left(op, k, found))
    everything = tokens(" ".join([forward, *(d for d in derivatives if d)]))
    arguments = tuple(
        (name, ARGUMENTS[name])
        for name in op.params[op.n_inputs :]
        if ARGUMENTS.get(name) and ARGUMENTS[name] in everything
    )
    return Formula(forward, tuple(derivatives), names, output, arguments)


def rule_of(op: Op, k: int) -> Sum:
    """The rule of one input, run on symbols: of a pointwise op the derivative, of others the gradient for ``g``.

    Raises:
        NoFormula: if the rule does what cannot be written down.
    """
    rule = op.vjp[k]
    if rule is None:
        raise NoFormula("there is no rule")
    g = symbol(1) if op.kind == POINTWISE else variable("g")
    wanted = list(inspect.signature(rule).parameters)[2:]
    try:
        return symbol(rule(Functions(), g, *map(variable, wanted)))
    except (TypeError, ValueError, RuntimeError) as e:
        raise NoFormula(str(e)) from e


def _derived(op: Op, k: int) -> str:
    inputs = op.params[: op.n_inputs]
    names = {p: f"#{i}" for i, p in enumerate(inputs)} | {"y": "#y", "g": "#g"}
    names |= {p: ARGUMENTS.get(p) or rf"\mathrm{{{_escaped(p)}}}" for p in op.params[op.n_inputs :]}
    tex = rule_of(op, k).tex(_Names(names))
    if _NAMELESS in tex:
        raise NoFormula("the rule speaks of a shape")
    return tex


class _Names(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return _NAMELESS


def _left(op: Op, k: int, right: str) -> str:
    """The formula with its left side, unless it has one."""
    if re.match(r"\\overline\{#\d\} = |\\frac\{\\partial", right):
        return right
    indexed = re.search(r"_\{?[ij]", right)
    if "#g" in right or right.startswith(r"\text"):
        return rf"\overline{{#{k}}}{'_i' if indexed else ''} = {right}"
    return rf"\frac{{\partial #y}}{{\partial #{k}{'' if op.kind == POINTWISE else '_i'}}} = {right}"


def _places(tex: str, names: str, output: str) -> str:
    """TeX in letters with `#0`, `#y` and `#g` for those of inputs, output and gradient."""
    result = ""
    for token in tokens(tex):
        if len(token) == 1 and token.isalpha():
            if token in names:
                token = f"#{names.index(token)}"
            elif token in (output, "y"):
                token = "#y"
            elif token == "g":
                token = "#g"
        result += token
    return result


def _function(op: Op, names: str) -> str:
    shown = op.aten.removeprefix("aten::").strip("_")
    return rf"\operatorname{{{_escaped(shown)}}}({', '.join(names)})"


def _escaped(name: str) -> str:
    return name.replace("_", r"\_")


class Functions:
    """Stands for ``F`` when a rule is run on symbols."""

    recording = True

    def __getattr__(self, name: str) -> Callable[..., Sum]:
        if name.startswith("_") or name == "xp":
            raise NoFormula(f"the rule asks for F.{name}")
        return lambda *arguments: call(name, *arguments)
