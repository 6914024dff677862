"""The person's own table: what is in it, for the page, and its numbers as tensors, for the program."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from engine.tensor import Tensor
from playground.protocol import BadRow, Column, ColumnType, Table, UserData
from playground.worker.data import reading


def describe(data: UserData) -> Table:
    """What was guessed of a table, and which of its rows are left out."""
    sheet = _read(data)
    return Table(
        rows=len(sheet.X),
        header=sheet.header,
        separator=sheet.separator,
        columns=[
            Column(
                name=column.name,
                type=cast(ColumnType, column.type),
                low=column.low,
                high=column.high,
                categories=column.categories[: reading.MOST_CATEGORIES],
                missing=column.missing,
                sample=column.sample,
            )
            for column in sheet.columns
        ],
        features=sheet.features,
        target=sheet.target,
        bad=[BadRow(line=line, why=why) for line, why in sheet.bad],
        bad_rows=sheet.bad_rows,
        problem=sheet.problem,
    )


def contents(data: UserData) -> dict[str, Any]:
    """What a program finds in the module ``data``: ``X``, ``y``, ``columns``, ``classes``, and the rows set aside.

    X is float32 of shape (rows, columns), y int64 of shape (rows,) for a category and float32 of shape (rows, 1) for a
    number. Raises ValueError if the table cannot be used.
    """
    sheet = _read(data)
    if sheet.problem:
        raise ValueError(f"{data.name}: {sheet.problem}")
    train, tested = reading.divide(sheet, data.standardise, data.test, data.seed)
    classes = sheet.column(sheet.target).categories
    found: dict[str, Any] = {"columns": sheet.features, "classes": classes}
    for ending, (X, y) in (("", train), ("_test", tested)):
        if X:
            found["X" + ending] = Tensor._wrap(np.array(X, np.float32))
            target = np.array(y, np.int64) if classes else np.array(y, np.float32)[:, None]
            found["y" + ending] = Tensor._wrap(target)
    return found


def _read(data: UserData) -> reading.Sheet:
    return reading.read_table(data.text, data.header, data.types, data.features, data.target)
