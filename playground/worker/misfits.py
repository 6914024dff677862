"""Tensors that do not fit together, in plain words: the shapes there were, which sizes had to agree, what would help.

Every sentence about shapes and dtypes that do not fit is made here, from the message, which is PyTorch's, and from the
tensors of the operation that failed, where those are known.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from math import prod
from typing import NamedTuple

Shape = tuple[int, ...]


class Operand(NamedTuple):
    """A tensor that went into the operation that failed."""

    name: str
    """What the program calls it; empty if it has no name."""
    shape: Shape
    dtype: str
    """PyTorch's name without ``torch.``."""


Operands = Sequence[Operand]
Match = re.Match[str]
Advice = Callable[[Match, Operands], str]


def advice(message: str, operands: Operands = ()) -> str:
    """What to say of an error with this message; empty if it is not about tensors that do not fit."""
    for pattern, say in _KNOWN:
        if match := re.search(pattern, message, re.DOTALL):
            return say(match, operands)
    return ""


def _shown(shape: Sequence[int]) -> str:
    return f"({shape[0]},)" if len(shape) == 1 else f"({', '.join(map(str, shape))})"


def _the(operand: Operand, otherwise: str) -> str:
    return f"{f'`{operand.name}`' if operand.name else otherwise} {_shown(operand.shape)}"


def _numbers(text: str) -> Shape:
    return tuple(int(part) for part in re.findall(r"-?\d+", text))


# --- Matrix products -------------------------------------------------------------------------------------------------


def _matrices(match: Match, operands: Operands) -> str:
    rows, inner, other, columns = map(int, match.groups())
    if len(operands) == 3:
        return _linear(operands, inner, other)
    a = operands[0] if len(operands) == 2 else Operand("", (rows, inner), "")
    b = operands[1] if len(operands) == 2 else Operand("", (other, columns), "")
    said = (
        f"A matrix product needs as many columns in the first, {_the(a, 'a matrix')}, as there are rows in the second, "
        f"{_the(b, 'a matrix')}: {inner} is not {other}."
    )
    return said + _transposed(a, b)


def _transposed(a: Operand, b: Operand) -> str:
    """The transpose that would make the product fit, if one does."""
    if len(a.shape) != 2 or len(b.shape) != 2:
        return ""
    first, second = a.name or "a", b.name or "b"
    if a.shape[1] == b.shape[1]:
        return f" Perhaps `{first} @ {second}.T`."
    if a.shape[0] == b.shape[0]:
        return f" Perhaps `{first}.T @ {second}`."
    return f" Perhaps `{second} @ {first}`." if a.shape[0] == b.shape[1] else ""


def _linear(operands: Operands, inner: int, other: int) -> str:
    given, columns = operands[1], operands[2].shape[-1]
    flat = prod(given.shape[1:])
    more = f" A layer `Linear({inner}, {columns})` would fit."
    if flat == other and len(given.shape) > 2:
        more = f" `{given.name or 'x'}.flatten(1)` would have {flat}."
    return (
        f"The layer takes {other} features (`Linear({other}, {columns})`), but its input, "
        f"{_the(given, 'a tensor')}, has {inner} in its last dimension.{more}"
    )


def _vector(match: Match, operands: Operands) -> str:
    rows, columns, length = map(int, match.groups())
    matrix = operands[0] if len(operands) == 2 else Operand("", (rows, columns), "")
    vector = operands[1] if len(operands) == 2 else Operand("", (length,), "")
    more = f" Perhaps `{matrix.name or 'a'}.T @ {vector.name or 'v'}`." if length == rows else ""
    return (
        f"A matrix times a vector needs as many elements in the vector, {_the(vector, 'a vector')}, as the matrix, "
        f"{_the(matrix, 'a matrix')}, has columns: {length} is not {columns}.{more}"
    )


def _batches(match: Match, operands: Operands) -> str:
    wanted, got = _numbers(match[1]), _numbers(match[2])
    if len(wanted) != 2 or len(got) != 2:
        return ""
    shapes = ""
    if len(operands) == 2:
        a, b = operands
        shapes = f" of {_the(a, 'a tensor')} and {_the(b, 'a tensor')}"
    said = []
    if wanted[0] != got[0]:
        said.append(f"they must have the same number of matrices: {wanted[0]} is not {got[0]}")
    if wanted[1] != got[1]:
        said.append(
            f"the columns of the first matrices must equal the rows of the second: {wanted[1]} is not {got[1]}"
        )
    more = ""
    if len(operands) == 2 and operands[0].shape[-1] == operands[1].shape[-1] and wanted[0] == got[0]:
        more = f" Perhaps `{operands[1].name or 'b'}.transpose(1, 2)`."
    return f"In a product{shapes}, batch by batch, {' and '.join(said)}.{more}"


def _not_batches(match: Match, operands: Operands) -> str:
    which = operands[int(match[1]) - 1] if len(operands) >= int(match[1]) else None
    shape = f"; {_the(which, 'this one')} has {len(which.shape)}" if which else ""
    return (
        f"`bmm` multiplies batches of matrices, so both tensors need three dimensions{shape}. "
        "For two matrices use `a @ b`."
    )


def _dot(match: Match, operands: Operands) -> str:
    a, b = match[1], match[2]
    return f"Two vectors are multiplied element by element and summed, so they need the same length: {a} is not {b}."


def _subscript(match: Match, operands: Operands) -> str:
    letter, here, number, before = match.groups()
    shapes = f" The shapes are {' and '.join(_shown(one.shape) for one in operands[:4])}." if operands else ""
    return (
        f"In `einsum` a letter stands for one size everywhere: `{letter}` was {before}, and is {here} in operand "
        f"{number} (counted from 0).{shapes}"
    )


# --- Broadcasting and joining ----------------------------------------------------------------------------------------


def _broadcast(match: Match, operands: Operands) -> str:
    first, second, dimension = map(int, match.groups())
    two = [one for one in operands if one.shape]
    rule = (
        f"Shapes are lined up from the right, and each pair of sizes must be equal or one of them 1: at dimension "
        f"{dimension} the sizes {first} and {second} meet."
    )
    if len(two) != 2:
        return f"{rule} unsqueeze(), reshape() or .T usually makes them fit."
    a, b = two
    return f"{_the(a, 'The first')} and {_the(b, 'the second')} cannot be combined. {rule}{_aligned(a, b)}"


def _fits(a: Shape, b: Shape) -> bool:
    return all(x == y or 1 in (x, y) for x, y in zip(reversed(a), reversed(b), strict=False))


def _aligned(a: Operand, b: Operand) -> str:
    """A change of one of them after which they combine to the shape of the other."""
    for one, other in ((b, a), (a, b)):
        name = one.name or ("b" if one is b else "a")
        if len(one.shape) == 2 and one.shape[::-1] == other.shape:
            return f" `{name}.T` would fit."
        if len(one.shape) < len(other.shape) and one.shape == other.shape[: len(one.shape)]:
            missing = len(other.shape) - len(one.shape)
            if missing == 1 and _fits((*one.shape, 1), other.shape):
                return f" `{name}.unsqueeze(-1)` would fit."
    return ""


def _cat(match: Match, operands: Operands) -> str:
    dimension, wanted, got, which = map(int, match.groups())
    said = (
        f"`cat` joins tensors along dimension {dimension}; in every other dimension they must have the same size, but "
        f"the first has {wanted} where number {which} has {got}"
    )
    shapes = [one.shape for one in operands]
    if not shapes:
        return f"{said}."
    said += f" (shapes {' and '.join(map(_shown, shapes[:4]))})."
    for other in range(len(shapes[0])):
        rest = {tuple(size for k, size in enumerate(shape) if k != other) for shape in shapes}
        if other != dimension and len({len(s) for s in shapes}) == 1 and len(rest) == 1:
            return f"{said} Along dimension {other} they would fit: `torch.cat(..., dim={other})`."
    return said


def _stack(match: Match, operands: Operands) -> str:
    first, at, second, where = match.groups()
    return (
        f"`stack` needs tensors of one shape: number {at} is {_shown(_numbers(first))}, number {where} is "
        f"{_shown(_numbers(second))}. To join them along a dimension they have, use `torch.cat`."
    )


# --- Shapes of one tensor --------------------------------------------------------------------------------------------


def _view(match: Match, operands: Operands) -> str:
    wanted, size = _numbers(match[1]), int(match[2])
    given = operands[0] if operands else None
    has = f"`{given.name}` {_shown(given.shape)}" if given and given.name else "the tensor"
    if given and not given.name:
        has = f"the tensor, {_shown(given.shape)},"
    if -1 in wanted:
        known = prod(n for n in wanted if n != -1)
        return f"The shape {_shown(wanted)} needs a multiple of {known} elements, but {has} has {size}."
    said = f"The shape {_shown(wanted)} holds {prod(wanted)} elements, but {has} has {size}."
    for place in range(len(wanted) - 1, -1, -1):
        others = prod(n for k, n in enumerate(wanted) if k != place)
        if others and size % others == 0:
            open_ = (*wanted[:place], -1, *wanted[place + 1 :])
            return f"{said} `{_shown(open_)}` would fit: -1 lets that size be worked out ({size // others})."
    return f"{said} -1 in one place lets that size be worked out."


def _expand(match: Match, operands: Operands) -> str:
    wanted, has, dimension = map(int, match.groups())
    return (
        f"`expand` can only stretch dimensions of size 1: dimension {dimension} has size {has} and was to become "
        f"{wanted}. To repeat what is there, use `repeat()` or `repeat_interleave()`."
    )


def _index(match: Match, operands: Operands) -> str:
    index, dimension, size = map(int, match.groups())
    if size == 0:
        return f"Dimension {dimension} is empty: there is nothing to pick."
    return (
        f"Dimension {dimension} has {size} elements: its indices go from 0 to {size - 1}, or from -{size} to -1 "
        f"counted from the end; {index} is not among them."
    )


def _dimension(match: Match, operands: Operands) -> str:
    low, high, got = map(int, match.groups())
    return (
        f"The tensor has {high + 1} dimension{'' if high == 0 else 's'}, so `dim` goes from 0 to {high}, or from "
        f"{low} to -1 counted from the end; {got} is not among them."
    )


# --- Layers and losses -----------------------------------------------------------------------------------------------


def _channels(match: Match, operands: Operands) -> str:
    weight, given, wanted, got = _numbers(match[1]), _numbers(match[2]), int(match[3]), int(match[4])
    where = (
        "the first dimension of its input without a batch"
        if len(given) == len(weight) - 1
        else "dimension 1 of its input"
    )
    more = ""
    if given and given[-1] == wanted and len(given) == len(weight):
        last = len(given) - 1
        order = ", ".join(map(str, (0, last, *range(1, last))))
        more = f" The channels seem to be last: `x.permute({order})` brings them to dimension 1."
    return (
        f"The convolution takes {wanted} channels, but {where}, {_shown(given)}, has {got}. "
        f"{more.strip() or f'A layer with in_channels={got} would fit.'}"
    )


def _kernel(match: Match, operands: Operands) -> str:
    return (
        f"The kernel ({match[2]}) is larger than what it is to slide over ({match[1]}, padding counted). Use a smaller "
        "kernel, more padding, or fewer poolings before."
    )


def _batch_sizes(match: Match, operands: Operands) -> str:
    rows, targets = map(int, match.groups())
    return (
        f"There must be one target for each row of the input: the input has {rows} rows, the target {targets}. "
        "The input is (batch, classes), the target (batch,)."
    )


def _class(match: Match, operands: Operands) -> str:
    classes = (
        operands[0].shape[1 if len(operands[0].shape) > 1 else 0] if operands and operands[0].shape else None
    )
    have = (
        f"With {classes} classes targets go from 0 to {classes - 1}"
        if classes
        else "Targets go from 0 to classes - 1"
    )
    return f"{have}; {match[1]} is not among them. Classes count from 0; the last layer needs one output for each."


def _class_dtype(match: Match, operands: Operands) -> str:
    return (
        f"Targets of a classification are class numbers, int64, but these are {match[1].lower()}: use `target.long()`. "
        "Targets that are probabilities have the shape of the input."
    )


def _embedding(match: Match, operands: Operands) -> str:
    rows = operands[0].shape[0] if operands and len(operands[0].shape) == 2 else None
    have = (
        f"The table has {rows} rows, so indices go from 0 to {rows - 1}"
        if rows
        else "An index is beyond the table's rows"
    )
    return f"{have}; num_embeddings must be larger than the largest index."


def _normalised(match: Match, operands: Operands) -> str:
    wanted, got = _numbers(match[1]), _numbers(match[2])
    last = got[-len(wanted) :] if wanted else ()
    return (
        f"The layer normalises over the last {len(wanted)} dimension{'' if len(wanted) == 1 else 's'}, which must be "
        f"{_shown(wanted)}; those of its input {_shown(got)} are {_shown(last)}."
    )


def _dtypes(match: Match, operands: Operands) -> str:
    kinds = [one.dtype for one in operands if one.dtype]
    if len(set(kinds)) > 1:
        shown = [
            f"{f'`{one.name}`' if one.name else 'the other'} is {one.dtype}" for one in operands if one.dtype
        ]
        last = next((one for one in reversed(operands) if one.dtype != kinds[0]), operands[-1])
        name = last.name or "b"
        return (
            f"Both tensors need one dtype: {' and '.join(shown)}. Convert one, for example "
            f"`{name}.to(torch.{kinds[0]})`."
        )
    return "Two dtypes met. Convert one with `.float()`, `.double()`, `.long()` or `.to(other.dtype)`."


_KNOWN: list[tuple[str, Advice]] = [
    (r"mat1 and mat2 shapes cannot be multiplied \((\d+)x(\d+) and (\d+)x(\d+)\)", _matrices),
    (r"size mismatch, got input \(\d+\), mat \((\d+)x(\d+)\), vec \((\d+)\)", _vector),
    (
        r"Expected size for first two dimensions of batch2 tensor to be: (\[[\d, ]+\]) but got: (\[[\d, ]+\])",
        _batches,
    ),
    (r"batch([12]) must be a 3D tensor", _not_batches),
    (
        r"subscript (\w) has size (\d+) for operand (\d+) which does not broadcast with previously seen size (\d+)",
        _subscript,
    ),
    (r"same number of elements, but got (\d+) and (\d+) elements", _dot),
    (
        r"size of tensor a \((\d+)\) must match the size of tensor b \((\d+)\) at non-singleton dimension (\d+)",
        _broadcast,
    ),
    (
        r"Sizes of tensors must match except in dimension (\d+)\. Expected size (\d+) but got size (\d+) for tensor "
        r"number (\d+)",
        _cat,
    ),
    (
        r"stack expects each tensor to be equal size, but got (\[.*?\]) at entry (\d+) and (\[.*?\]) at entry (\d+)",
        _stack,
    ),
    (r"shape '(\[.*?\])' is invalid for input of size (\d+)", _view),
    (
        r"expanded size of the tensor \((\d+)\) must match the existing size \((\d+)\) at non-singleton dimension "
        r"(\d+)",
        _expand,
    ),
    (r"index (-?\d+) is out of bounds for dimension (\d+) with size (\d+)", _index),
    (
        r"Dimension out of range \(expected to be in range of \[(-?\d+), (-?\d+)\], but got (-?\d+)\)",
        _dimension,
    ),
    (
        r"weight of size (\[.*?\]), expected input(\[.*?\]) to have (\d+) channels, but got (\d+) channels",
        _channels,
    ),
    (r"Calculated padded input size per channel: \((.*?)\)\. Kernel size: \((.*?)\)", _kernel),
    (r"Expected input batch_size \((\d+)\) to match target batch_size \((\d+)\)", _batch_sizes),
    (r"Target (-?\d+) is out of bounds", _class),
    (r"expected (?:target dtype to be Long or Byte|scalar type Long), but got (\w+)", _class_dtype),
    (r"index out of range in self", _embedding),
    (
        r"Given normalized_shape=(\[.*?\]), expected input with shape .*?, but got input of size(\[.*?\])",
        _normalised,
    ),
    (
        r"expected .*(?:Float|Double|Long|Int|Half).* (?:but )?(?:got|found)|must have the same dtype"
        r"|to have the same dtype|expected scalar type",
        _dtypes,
    ),
]
