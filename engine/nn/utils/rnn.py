"""Sequences of different lengths, padded or packed: ``torch.nn.utils.rnn``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from engine import backend
from engine.dtypes import int64
from engine.ops import arrange, create, index
from engine.tensor import Tensor

__all__ = [
    "PackedSequence",
    "invert_permutation",
    "pack_padded_sequence",
    "pack_sequence",
    "pad_packed_sequence",
    "pad_sequence",
    "unpack_sequence",
    "unpad_sequence",
]


class _Packed(NamedTuple):
    data: Any
    batch_sizes: Any
    sorted_indices: Any
    unsorted_indices: Any


class PackedSequence(_Packed):
    """Sequences laid out step by step, (total steps, *): first the first elements of all, then the second ones.

    `batch_sizes` says how many sequences are that long; `sorted_indices` how they were sorted by length, or None.
    """

    def __new__(
        cls, data: Any, batch_sizes: Any = None, sorted_indices: Any = None, unsorted_indices: Any = None
    ) -> PackedSequence:
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        if batch_sizes is None:
            if not (isinstance(data, (list, tuple)) and len(data) == 2):
                raise AssertionError("Expected data to be a list or tuple of length 2")
            data, batch_sizes = data
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    def to(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """The same sequences in another dtype or on another device."""
        data = self.data.to(*args, **kwargs)
        if data is self.data:
            return self
        return PackedSequence(data, self.batch_sizes, self.sorted_indices, self.unsorted_indices)

    def double(self) -> PackedSequence:
        return PackedSequence(
            self.data.double(), self.batch_sizes, self.sorted_indices, self.unsorted_indices
        )

    def float(self) -> PackedSequence:
        return PackedSequence(self.data.float(), self.batch_sizes, self.sorted_indices, self.unsorted_indices)

    def cpu(self) -> PackedSequence:
        return self.to("cpu")

    @property
    def is_cuda(self) -> bool:
        return bool(self.data.is_cuda)


def invert_permutation(permutation: Tensor | None) -> Tensor | None:
    """The permutation that undoes another, int64 of shape (n,)."""
    if permutation is None:
        return None
    return Tensor._wrap(np.argsort(permutation._data).astype(np.int64))


def pack_padded_sequence(
    input: Any, lengths: Any, batch_first: bool = False, enforce_sorted: bool = True
) -> PackedSequence:
    """Pack padded sequences (length, batch, *), or (batch, length, *) with `batch_first`.

    Raises:
        RuntimeError: if lengths are not sorted from long to short where they have to be, or do not fit.
    """
    counts = create.as_tensor(lengths, dtype=int64)._data
    order = None
    if not enforce_sorted:
        ranked = np.argsort(-counts, kind="stable")
        counts, order = counts[ranked], Tensor._wrap(ranked.astype(np.int64))
        input = index.index_select(input, 0 if batch_first else 1, order)
    if batch_first:
        input = input.transpose(0, 1)
    if len(counts) != input.shape[1]:
        raise RuntimeError(
            f"Expected `len(lengths)` to be equal to batch_size, but got {len(counts)} (batch_size={input.shape[1]})"
        )
    if counts.size and counts[-1] <= 0:
        raise RuntimeError(
            "Length of all samples has to be greater than 0, but found an element in 'lengths' that is <= 0"
        )
    if (np.diff(counts) > 0).any():
        raise RuntimeError(
            "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True. You can pass "
            "`enforce_sorted=False` to pack_padded_sequence and/or pack_sequence to sidestep this requirement if you "
            "do not need ONNX exportability."
        )
    if counts[0] > input.shape[0]:
        raise RuntimeError(
            f"Expected the longest of `lengths` to be at most the length of the input, {input.shape[0]}, but got "
            f"{counts[0]}"
        )
    sizes = [int((counts > step).sum()) for step in range(int(counts[0]))]
    data = arrange.cat([input[step, :size] for step, size in enumerate(sizes)])
    return PackedSequence(data, create.tensor(sizes), order, None)


def pad_packed_sequence(
    sequence: PackedSequence,
    batch_first: bool = False,
    padding_value: float = 0.0,
    total_length: int | None = None,
) -> tuple[Tensor, Tensor]:
    """The padded sequences of a packed one, (length, batch, *) or (batch, length, *), and their lengths.

    Raises:
        ValueError: if `total_length` is less than the longest of them.
    """
    sizes: list[int] = sequence.batch_sizes.tolist()
    longest = len(sizes)
    if total_length is not None and total_length < longest:
        raise ValueError(
            "Expected total_length to be at least the length of the longest sequence in input, but got "
            f"total_length={total_length} and max sequence length being {longest}"
        )
    data = sequence.data
    rest = tuple(data.shape[1:])

    def filled(*shape: int) -> Tensor:
        return data._beside(np.full((*shape, *rest), padding_value, data._data.dtype))  # type: ignore[no-any-return]

    steps, start = [], 0
    for size in sizes:
        step = data[start : start + size]
        steps.append(step if size == sizes[0] else arrange.cat([step, filled(sizes[0] - size)]))
        start += size
    steps += [filled(sizes[0])] * ((total_length or longest) - longest)
    padded: Any = arrange.stack(steps, 1 if batch_first else 0)
    lengths = np.array([sum(size > row for size in sizes) for row in range(sizes[0])], np.int64)
    back = sequence.unsorted_indices
    if back is None:
        return padded, Tensor._wrap(lengths)
    return index.index_select(padded, 0 if batch_first else 1, back), Tensor._wrap(
        lengths[backend.to_host(back._data)]
    )


def pad_sequence(
    sequences: Any, batch_first: bool = False, padding_value: float = 0.0, padding_side: str = "right"
) -> Tensor:
    """Sequences (length, *) of different lengths in one tensor (longest, batch, *), or (batch, longest, *).

    Raises:
        RuntimeError: for something else than sequences, none, or an unknown side.
    """
    if not isinstance(sequences, Iterable):
        raise RuntimeError(
            f"pad_sequence: Expected iterable for input sequences, but got arg of type: {type(sequences)}"
        )
    given: list[Any] = list(sequences)
    if not given:
        raise RuntimeError("received an empty list of sequences")
    if padding_side not in ("left", "right"):
        raise RuntimeError(f"Expected padding_side to be one of left or right, but got {padding_side}.")
    longest = max(s.shape[0] for s in given)
    rest = tuple(given[0].shape[1:])
    rows = []
    for sequence in given:
        missing = longest - sequence.shape[0]
        if missing:
            fill = given[0]._beside(np.full((missing, *rest), padding_value, given[0]._data.dtype))
            sequence = arrange.cat([sequence, fill] if padding_side == "right" else [fill, sequence])
        rows.append(sequence)
    return arrange.stack(rows, 0 if batch_first else 1)


def unpad_sequence(padded_sequences: Any, lengths: Any, batch_first: bool = False) -> list[Tensor]:
    """The sequences (length, *) in a padded tensor, without what was added at their ends."""
    if not batch_first:
        padded_sequences = padded_sequences.transpose(0, 1)
    counts = create.as_tensor(lengths).tolist()
    return [padded_sequences[row, :count] for row, count in enumerate(counts)]


def pack_sequence(sequences: list[Tensor], enforce_sorted: bool = True) -> PackedSequence:
    """Pack sequences (length, *)."""
    lengths = create.tensor([s.shape[0] for s in sequences])
    return pack_padded_sequence(pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences: PackedSequence) -> list[Tensor]:
    """The sequences (length, *) of a packed one."""
    padded, lengths = pad_packed_sequence(packed_sequences, batch_first=True)
    return unpad_sequence(padded, lengths, batch_first=True)


PackedSequence.__module__ = "torch.nn.utils.rnn"
