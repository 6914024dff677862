"""How the parts of a formula are put beside each other: strings of TeX, nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Factor:
    """One part of a product, written down."""

    tex: str
    tensor: bool = False
    loose: str = ""


def decimal(number: Fraction) -> str:
    """Without the sign, if tenths and smaller are how a person would write it; else empty."""
    if (
        abs(number.numerator) == 1
        and number.denominator > 10**4
        and str(number.denominator).strip("0") == "1"
    ):
        return f"10^{{-{len(str(number.denominator)) - 1}}}"
    if number.denominator <= 4 or 10**9 % number.denominator:
        return ""
    return f"{float(abs(number)):.6g}"


def in_parentheses(text: str) -> str:
    """As high as what is in them."""
    return rf"\left({text}\right)" if r"\frac" in text or r"\begin" in text else f"({text})"


def joined(factors: list[Factor], elementwise: str) -> str:
    """One beside the other; `elementwise` between two that have several elements each."""
    several = elementwise != r"\," and sum(factor.tensor for factor in factors) > 1
    result = ""
    for k, factor in enumerate(factors):
        text, last = factor.tex, k == len(factors) - 1
        if (factor.loose == "prefix" and not last) or (factor.loose == "product" and several):
            text = in_parentheses(text)
        if not result:
            result = text
        elif several and factor.tensor and factors[k - 1].tensor:
            result += f" {elementwise} {text}"
        else:
            result += (r" \cdot " if text[0].isdigit() else r"\, ") + text
    return result
