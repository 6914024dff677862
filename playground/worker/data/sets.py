"""Small data sets, each made by a few lines of PyTorch from a seed: ``import data`` and ``X, y = data.moons()``.

Every function draws its random numbers from a generator of its own, so the same seed always gives the same data and the
program's own random numbers stay as they are. Inputs are float32 (characters int64). Classes are int64, as
`torch.nn.CrossEntropyLoss` wants them; values to regress on are float32 of shape ``(n, 1)``, as a model with one output
gives them. Classes take turns along the rows, so that any slice of a set has about as many of each.

This file needs PyTorch alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import pairwise

import torch

__all__ = [
    "alphabet",
    "blobs",
    "circles",
    "curve",
    "curves",
    "decode",
    "digits",
    "encode",
    "kinds",
    "line",
    "moons",
    "ring",
    "sequences",
    "spirals",
    "split",
    "xor",
]

alphabet = " .abcdefghijklmnopqrstuvwxyz0123456789+=()"
"""The characters of `sequences`; a character's number is its place in here."""


def moons(n: int = 200, noise: float = 0.1, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Two half circles that reach into each other.

    `noise` is the standard deviation of each coordinate. Returns X of shape (n, 2), float32, and y of shape (n,),
    int64: 0 for the upper moon, 1 for the lower one.
    """
    g = _generator(n, seed)
    y = torch.arange(n) % 2
    angle = math.pi * _uniform(n, g)
    upper = torch.stack([torch.cos(angle), torch.sin(angle)], 1)
    lower = torch.stack([1 - torch.cos(angle), 0.5 - torch.sin(angle)], 1)
    return _points(torch.where(y[:, None] == 0, upper, lower), noise, g), y


def circles(
    n: int = 200, noise: float = 0.08, factor: float = 0.5, seed: int = 0
) -> tuple[torch.Tensor, torch.Tensor]:
    """A circle of radius 1 and a smaller one inside it, of radius `factor`.

    Returns X of shape (n, 2), float32, and y of shape (n,), int64: 0 for the outer circle, 1 for the inner one.
    """
    g = _generator(n, seed)
    y = torch.arange(n) % 2
    radius = torch.where(y == 0, 1.0, factor).double()
    return _points(_polar(radius, 2 * math.pi * _uniform(n, g)), noise, g), y


def spirals(
    n: int = 300, classes: int = 2, turns: float = 1.25, noise: float = 0.04, seed: int = 0
) -> tuple[torch.Tensor, torch.Tensor]:
    """Spiral arms that wind around each other, one for each class.

    `turns` is how often an arm goes around. Returns X of shape (n, 2), float32, within about 1 of the origin, and y of
    shape (n,), int64.
    """
    g = _generator(n, seed)
    y = torch.arange(n) % classes
    along = 0.08 + 0.92 * torch.sqrt(_uniform(n, g))
    angle = 2 * math.pi * (turns * along + y / classes)
    return _points(_polar(along, angle), noise, g), y


def blobs(
    n: int = 300, classes: int = 3, spread: float = 0.5, seed: int = 0
) -> tuple[torch.Tensor, torch.Tensor]:
    """Round clouds of points, one for each class, with their centres on a circle of radius 2.

    `spread` is the standard deviation of a cloud. Returns X of shape (n, 2), float32, and y of shape (n,), int64.
    """
    g = _generator(n, seed)
    y = torch.arange(n) % classes
    angle = 2 * math.pi * (y / classes + _uniform(1, g))
    return _points(_polar(torch.full_like(angle, 2.0), angle), spread, g), y


def ring(
    n: int = 400, modes: int = 8, radius: float = 2.0, spread: float = 0.08, seed: int = 0
) -> tuple[torch.Tensor, torch.Tensor]:
    """Gaussians side by side on a circle: what a generator of points is asked to imitate.

    Returns X of shape (n, 2), float32, and y of shape (n,), int64: which of the `modes` a point belongs to.
    """
    g = _generator(n, seed)
    y = torch.arange(n) % modes
    angle = 2 * math.pi * y.double() / modes
    return _points(_polar(torch.full_like(angle, radius), angle), spread, g), y


def xor(n: int = 200, noise: float = 0.15, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """The corners of a square, of which opposite ones belong together. ``xor(4, noise=0)`` is the truth table.

    Returns X of shape (n, 2), float32, around 0 and 1, and y of shape (n,), int64: 1 where just one of the two is 1.
    """
    g = _generator(n, seed)
    first, second = torch.arange(n) // 2 % 2, torch.arange(n) % 2
    return _points(torch.stack([first, second], 1).double(), noise, g), (first != second).long()


def line(
    n: int = 100, slope: float = 2.0, intercept: float = -1.0, noise: float = 0.3, seed: int = 0
) -> tuple[torch.Tensor, torch.Tensor]:
    """Points along a straight line. Returns X of shape (n, 1), from -2 to 2, and y of shape (n, 1), both float32."""
    g = _generator(n, seed)
    x = torch.linspace(-2, 2, n, dtype=torch.float64)
    y = slope * x + intercept + noise * _normal(n, g)
    return x[:, None].float(), y[:, None].float()


_CURVES: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "sine": lambda x: torch.sin(2 * x),
    "wave": lambda x: torch.sin(4 * x) * torch.exp(-0.3 * x**2),
    "parabola": lambda x: x**2 / 3 - 1,
    "cubic": lambda x: x**3 / 6 - x,
    "step": lambda x: torch.where(x < 0, -1.0, 1.0).double(),
    "kink": lambda x: x.abs() - 1,
    "bump": lambda x: 2 * torch.exp(-2 * x**2) - 1,
}

curves = tuple(_CURVES)
"""The kinds of `curve`."""


def curve(
    kind: str = "sine", n: int = 100, noise: float = 0.1, seed: int = 0
) -> tuple[torch.Tensor, torch.Tensor]:
    """Points along a curve: ``sine``, ``wave``, ``parabola``, ``cubic``, ``step``, ``kink`` or ``bump``.

    Returns X of shape (n, 1), evenly from -3 to 3, and y of shape (n, 1), both float32.
    """
    if kind not in _CURVES:
        raise ValueError(f"curve: expected one of {', '.join(_CURVES)}, got {kind!r}")
    g = _generator(n, seed)
    x = torch.linspace(-3, 3, n, dtype=torch.float64)
    y = _CURVES[kind](x) + noise * _normal(n, g)
    return x[:, None].float(), y[:, None].float()


_STROKES = (
    "10 30 41 45 36 16 05 01 10",
    "11 20 26, 16 36",
    "01 10 30 41 42 06 46",
    "01 10 30 41 42 33 23, 33 44 45 36 16 05",
    "36 30 04 44",
    "40 00 03 33 44 45 36 06",
    "40 20 02 05 16 36 45 44 33 13 04",
    "00 40 16",
    "10 30 41 42 33 13 02 01 10, 13 04 05 16 36 45 44 33",
    "06 26 44 41 30 10 01 02 13 33 42",
)
"""How each digit is written, on a grid 4 wide and 6 high: strokes through points given as column and row."""


def digits(
    n: int = 500, noise: float = 0.08, jitter: float = 1.0, size: int = 8, seed: int = 0
) -> tuple[torch.Tensor, torch.Tensor]:
    """Pictures of the digits 0 to 9, drawn with a round pen.

    `jitter` is how much they are shifted, turned, slanted and scaled (0: not at all), `noise` the standard deviation
    added to each pixel. Returns X of shape (n, 1, size, size), float32, from 0 (paper) to 1 (ink), and y of shape
    (n,), int64: the digit.
    """
    g = _generator(n, seed)
    y = torch.arange(n) % 10
    pen = _strokes()[y]
    amount = jitter * (2 * torch.rand(n, 6, generator=g, dtype=torch.float64) - 1)
    turn, slant, width, height, right, down = amount[:, :, None, None].unbind(1)
    a, b = pen[..., 0] * (0.30 + 0.05 * width), pen[..., 1] * (0.36 + 0.04 * height)
    a = a + 0.25 * slant * b
    across = a * torch.cos(0.2 * turn) - b * torch.sin(0.2 * turn) + 0.06 * right + 0.5
    along = a * torch.sin(0.2 * turn) + b * torch.cos(0.2 * turn) + 0.05 * down + 0.5
    middle = (torch.arange(size, dtype=torch.float64) + 0.5) / size
    rows, columns = torch.meshgrid(middle, middle, indexing="ij")
    away = _distance(columns.reshape(-1), rows.reshape(-1), across, along)
    ink = (1.25 - size * away).clamp(0, 1)
    ink = ink + noise * torch.randn(n, size * size, generator=g, dtype=torch.float64)
    return ink.clamp(0, 1).float().reshape(n, 1, size, size), y


def _strokes() -> torch.Tensor:
    """The pen's straight pieces, (10, pieces, from and to, x and y), each coordinate from -1 to 1."""
    every = []
    for text in _STROKES:
        pieces = []
        for stroke in text.split(", "):
            spots = [(int(spot[0]) / 2 - 1, int(spot[1]) / 3 - 1) for spot in stroke.split()]
            pieces += [[start, end] for start, end in pairwise(spots)]
        every.append(pieces)
    longest = max(len(pieces) for pieces in every)
    return torch.tensor(
        [pieces + [pieces[-1]] * (longest - len(pieces)) for pieces in every], dtype=torch.float64
    )


def _distance(px: torch.Tensor, py: torch.Tensor, across: torch.Tensor, along: torch.Tensor) -> torch.Tensor:
    """From each of the pixels to the nearest of each picture's straight pieces: (n, pixels)."""
    nearest = torch.full((len(across), len(px)), math.inf, dtype=torch.float64)
    for piece in range(across.shape[1]):
        ax, ay = across[:, piece, 0, None], along[:, piece, 0, None]
        bx, by = across[:, piece, 1, None] - ax, along[:, piece, 1, None] - ay
        part = (((px - ax) * bx + (py - ay) * by) / (bx * bx + by * by)).clamp(0, 1)
        square = (px - ax - part * bx) ** 2 + (py - ay - part * by) ** 2
        nearest = torch.minimum(nearest, square)
    return torch.sqrt(nearest)


kinds = ("words", "counting", "sums", "brackets")
"""The kinds of `sequences`."""


def sequences(
    kind: str = "words", n: int = 200, length: int = 16, seed: int = 0
) -> tuple[torch.Tensor, torch.Tensor]:
    """Rows of characters, and for each character the one that follows.

    ``words``: made-up words of syllables; ``counting``: numbers that follow each other; ``sums``: additions with their
    results; ``brackets``: brackets, each closed again. Returns X and y, both of shape (n, length), int64; a row of y is
    that of X one character further. `decode` makes text of a row and `encode` a row of text.
    """
    if kind not in kinds:
        raise ValueError(f"sequences: expected one of {', '.join(kinds)}, got {kind!r}")
    if length < 1:
        raise ValueError(f"sequences: expected a length of at least 1, got {length}")
    # Python's numbers are taken from a list that is drawn at once: character by character is slow.
    drawn = iter(
        torch.rand(n * (length + 8) * 4, generator=_generator(n, seed), dtype=torch.float64).tolist()
    )
    rows = []
    for _ in range(n):
        text = ""
        while len(text) < length + 1:
            text += _piece(kind, drawn)
        rows.append([alphabet.index(character) for character in text[: length + 1]])
    whole = torch.tensor(rows, dtype=torch.int64).reshape(n, length + 1)
    return whole[:, :-1].contiguous(), whole[:, 1:].contiguous()


def encode(text: str) -> torch.Tensor:
    """The numbers of the characters of `text`: shape (len(text),), int64.

    Raises ValueError for a character that is not in `alphabet`.
    """
    unknown = sorted(set(text) - set(alphabet))
    if unknown:
        raise ValueError(f"encode: expected characters of {alphabet!r}, got {unknown[0]!r}")
    return torch.tensor([alphabet.index(character) for character in text], dtype=torch.int64)


def decode(numbers: torch.Tensor) -> str:
    """The text that a row of numbers stands for. Raises ValueError for more than one row."""
    if numbers.dim() > 1:
        raise ValueError(f"decode: expected one row of numbers, got shape {tuple(numbers.shape)}")
    return "".join(alphabet[number] for number in numbers.reshape(-1).tolist())


def split(
    X: torch.Tensor, y: torch.Tensor, test: float = 0.25, seed: int = 0
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Keep rows aside for testing, chosen at random. Returns ``X, y, X_test, y_test``."""
    if not 0 <= test < 1:
        raise ValueError(f"split: expected test as a part of the rows, from 0 to below 1, got {test}")
    order = torch.randperm(len(X), generator=_generator(len(X), seed))
    aside = round(test * len(X))
    train, tested = order[aside:], order[:aside]
    return X[train], y[train], X[tested], y[tested]


def _piece(kind: str, drawn: Iterator[float]) -> str:
    """The next few characters."""

    def pick(count: int) -> int:
        return int(next(drawn) * count)

    if kind == "counting":
        start = pick(90)
        return "".join(f"{start + step} " for step in range(3 + pick(5)))
    if kind == "sums":
        first, second = pick(10), pick(10)
        return f"{first}+{second}={first + second} "
    if kind == "brackets":
        text, depth = "", 0
        for _ in range(2 + pick(4)):
            text, depth = text + "(", depth + 1
            while depth and pick(2):
                text, depth = text + ")", depth - 1
        return text + ")" * depth + " "
    syllables = ["bdklmnprst"[pick(10)] + "aeiou"[pick(5)] for _ in range(2 + pick(2))]
    return "".join(syllables) + ("n" if pick(3) == 0 else "") + " "


def _generator(n: int, seed: int) -> torch.Generator:
    if n < 1:
        raise ValueError(f"expected at least one row, got n={n}")
    return torch.Generator().manual_seed(seed)


def _uniform(n: int, g: torch.Generator) -> torch.Tensor:
    return torch.rand(n, generator=g, dtype=torch.float64)


def _normal(n: int, g: torch.Generator) -> torch.Tensor:
    return torch.randn(n, generator=g, dtype=torch.float64)


def _polar(radius: torch.Tensor, angle: torch.Tensor) -> torch.Tensor:
    return torch.stack([radius * torch.cos(angle), radius * torch.sin(angle)], 1)


def _points(exact: torch.Tensor, noise: float, g: torch.Generator) -> torch.Tensor:
    """`exact` with noise. Worked out in float64 and rounded once, so that every machine gets the same float32."""
    return (exact + noise * torch.randn(exact.shape, generator=g, dtype=torch.float64)).float()
