"""A variable of a program, and its derivatives, as formulas of the program's inputs in TeX (`derivation.py`)."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from typing import Any

from engine.formulas import tensors
from engine.formulas.symbols import Bracket, Call, NoFormula, Sum, Variable
from engine.tensor import Tensor
from playground.protocol import Symbolic
from playground.worker.derivation import OWN, TOO_LONG, Formulas, Slope
from playground.worker.records import NodeRecord

_MOST_CHARACTERS = 1_500
_MOST = 256
"""What `LiveResult.symbolic` may hold."""

_GREEK = re.compile(
    "alpha|beta|gamma|delta|epsilon|zeta|eta|theta|iota|kappa|lambda|mu|nu|xi|rho|sigma|tau|phi|chi|psi|omega|pi|"
    "Gamma|Delta|Theta|Lambda|Xi|Sigma|Phi|Psi|Omega"
)


def formulas(wanted: list[str], records: Iterable[NodeRecord], names: dict[str, Any]) -> list[Symbolic]:
    """Each variable and its derivatives in TeX, or why there is no formula. ``y[0]`` asks for those of its first
    element. `names` are the program's variables."""
    found: list[Symbolic] = []
    written = Formulas(records, names)
    for output in wanted:
        name, first = output.removesuffix("[0]"), output.endswith("[0]")
        tensor = names.get(name)
        record = written.find(tensor) if isinstance(tensor, Tensor) else None
        if record is None or record.kind != "op" or (first and not record.kept[0].shape):
            found.append(Symbolic(output=output, input="", tex=""))
            continue
        if not first:
            tex, why = in_tex(lambda r=record: written.value(r))  # type: ignore[misc]
            found.append(Symbolic(output=output, input="", tex=tex, why=why))
        slopes = written.slopes(record, 0 if first else None)
        several = math.prod(record.kept[0].shape[1 if first else 0 :]) > 1
        for leaf in written.leaves(record):
            slope = slopes.get(leaf.id, "no gradient reaches it")
            tex, why = ("", slope) if isinstance(slope, str) else in_tex(lambda s=slope: s.formula)  # type: ignore[misc]
            summed = several and isinstance(slope, Slope) and not slope.plain
            found.append(Symbolic(output=output, input=leaf.names()[0], tex=tex, why=why, summed=summed))
    return found[:_MOST]


def in_tex(formula: Callable[[], Sum]) -> tuple[str, str]:
    """The formula, or why there is none."""
    try:
        found = formula()
        text = found.tex(_MATRICES if _speaks_of_matrices(found) else _NAMES)
    except NoFormula as why:
        return "", str(why)
    except (TypeError, KeyError, RecursionError):
        return "", "it cannot be written down"
    return (text, "") if len(text) <= _MOST_CHARACTERS else ("", TOO_LONG)


class _Names(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return name_in_tex(name.removeprefix(OWN))


class _Matrices(_Names):
    elementwise = r"\odot"


_NAMES = _Names()
_MATRICES = _Matrices()


def _speaks_of_matrices(value: Any) -> bool:
    """Whether products of matrices could be taken for those of elements."""
    match value:
        case Sum():
            return any(_speaks_of_matrices(x) for term in value.terms for power in term.powers for x in power)
        case Variable() | tensors.Applied() if len(value.shape) > 1:
            return True
        case tensors.Applied():
            return value.loose == "product" or any(map(_speaks_of_matrices, value.arguments))
        case Call():
            return any(map(_speaks_of_matrices, value.arguments))
        case Bracket():
            return _speaks_of_matrices(value.condition)
    return False


def name_in_tex(name: str) -> str:
    r"""``{\alpha}``, ``{x}_{1}``, ``{\mathit{loss}}``: as the page writes names."""
    match = re.fullmatch(r"([A-Za-z]+?)_?(\d+|(?<=_)[A-Za-z]\w*)?", name)
    head, index = (match[1], match[2]) if match else (name, None)
    plain = head.replace("_", r"\_")
    base = rf"\{head}" if _GREEK.fullmatch(head) else head if len(head) == 1 else rf"\mathit{{{plain}}}"
    below = "" if not index else "_{" + index.replace("_", r"\_") + "}"
    return f"{{{base}}}{below}"
