"""Writes which names of PyTorch's are missing, for readers: `engine.absent` in, `docs/missing.md` out."""

from __future__ import annotations

import textwrap

import engine  # noqa: F401  (what is there is asked of it)
from engine.absent import ABSENT
from engine.hints import absent_names, likely

HEAD = """\
<!-- Generated from engine/absent.py by `make gen`; do not edit. -->

# Names of PyTorch's that are missing

The public names of PyTorch 2.13 that this engine does not have, module by module, in the order in which one meets them.
A program that asks for one gets an `AttributeError` that says so. First those a program may well use; then those about
other hardware, sparse and quantised tensors, and PyTorch's own workings.
`python tests/programs/surface.py record` asks PyTorch again.
"""


def render() -> str:
    """The whole text of ``docs/missing.md``."""
    parts = [HEAD]
    for module in ABSENT:
        names = absent_names(module)
        first, rest = [n for n in names if likely(module, n)], [n for n in names if not likely(module, n)]
        parts.append(f"\n## {module}\n")
        for label, group in (("", first), ("Special: ", rest)):
            if group:
                text = label + ", ".join(f"`{n}`" for n in group)
                parts.append(
                    "\n" + textwrap.fill(text, 118, break_long_words=False, break_on_hyphens=False) + "\n"
                )
    return "".join(parts)
