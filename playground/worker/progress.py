"""``tqdm``, as programs put it around their loops: it counts, passes everything through, and draws no bar.

A bar is text that is overwritten many times a second, on the error stream; the page shows what a program prints and
how far it is. So a program with bars prints the same without them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from types import ModuleType
from typing import Any

MODULES = ("tqdm", "tqdm.auto", "tqdm.autonotebook", "tqdm.notebook", "tqdm.std")


class tqdm:
    """An iterable that counts what is taken of it; without one, a counter for `update`."""

    def __init__(
        self, iterable: Iterable[Any] | None = None, desc: str | None = None, total: Any = None, **_: Any
    ) -> None:
        self.iterable = iterable
        self.desc = desc or ""
        self.total = total if total is not None or not hasattr(iterable, "__len__") else len(self)
        self.n = 0
        self.postfix = ""

    def __iter__(self) -> Iterator[Any]:
        if self.iterable is None:
            raise TypeError("'NoneType' object is not iterable")
        for item in self.iterable:
            yield item
            self.n += 1

    def __len__(self) -> int:
        length: int = self.total if self.iterable is None else len(self.iterable)  # type: ignore[arg-type]
        return length

    def __enter__(self) -> tqdm:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def update(self, n: float = 1) -> None:
        """Count `n` more."""
        self.n += n  # type: ignore[assignment]

    def set_description(self, desc: str | None = None, refresh: bool = True) -> None:
        """Change the text before the bar."""
        self.desc = f"{desc}: " if desc else ""

    def set_description_str(self, desc: str | None = None, refresh: bool = True) -> None:
        """The same, without the colon."""
        self.desc = desc or ""

    def set_postfix(self, ordered_dict: Any = None, refresh: bool = True, **values: Any) -> None:
        """Change the values behind the bar."""
        shown = {**(ordered_dict or {}), **values}
        self.postfix = ", ".join(f"{key}={value}" for key, value in shown.items())

    def set_postfix_str(self, s: str = "", refresh: bool = True) -> None:
        """Change the text behind the bar."""
        self.postfix = str(s)

    def reset(self, total: Any = None) -> None:
        """Count from 0 again."""
        self.n, self.total = 0, total if total is not None else self.total

    def _nothing(self, *_: Any, **__: Any) -> None:
        """There is no bar to draw."""

    close = refresh = clear = display = unpause = moveto = _nothing

    @classmethod
    def write(cls, s: str, file: Any = None, end: str = "\n", nolock: bool = False) -> None:
        """Print a line."""
        print(s, file=file, end=end)


def trange(*args: Any, **options: Any) -> tqdm:
    """``tqdm(range(...))``."""
    return tqdm(range(*args), **options)


def install() -> None:
    """Make ``from tqdm import tqdm`` and its variants give this."""
    for name in MODULES:
        module = ModuleType(name, __doc__)
        module.__dict__.update(tqdm=tqdm, trange=trange, tqdm_notebook=tqdm, __version__="4.67", __path__=[])
        sys.modules[name] = module
