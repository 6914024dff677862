"""Reads a table from CSV text: separator, header and types are guessed, and what does not fit is named by its line.

It needs Python alone and works in plain lists, so that it gives the same numbers everywhere.
"""

import csv
import math
import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

MOST_BYTES = 1024 * 1024
MOST_COLUMNS = 256
MOST_CATEGORIES = 64
MOST_NAMED = 100
"""Bad rows that are named; the others are only counted."""
SAMPLE = 8
LONGEST = 200
"""Characters of a name, a category and a reason."""

_SEPARATORS = ("\t", ";", "|", ",", " ")
"""In the order in which they are believed: a comma may also be in a number, a space in a name."""
_MISSING = frozenset({"", "-", "?", "na", "n/a", "#n/a", "nan", "null", "none"})
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?", re.ASCII)
_COMMA = re.compile(r"[+-]?\d+,\d+", re.ASCII)
_POINT = re.compile(r"[+-]?\d+\.\d+", re.ASCII)

Rows = list[tuple[int, list[str]]]
"""The line a row begins at, and its values."""


class Column:
    """One column: its name, whether it is a ``number``, a ``category`` or ``text``, and what is known of its values."""

    def __init__(self, name: str, type: str, values: list[str], numbers: list[float | None]) -> None:
        self.name = name
        self.type = type
        self.numbers = numbers
        """What each row has, None where that is no number. Of a category the place in `categories`."""
        self.missing = sum(1 for value in values if _is_missing(value))
        self.sample = [_cut(value) for value in values[:SAMPLE]]
        self.categories: list[str] = []
        finite = [number for number in numbers if number is not None]
        self.low = min(finite, default=None)
        self.high = max(finite, default=None)
        if type == "category":
            self.low = self.high = None
            self.categories = _ordered({_cut(value) for value in values if not _is_missing(value)})
            places = {name: float(place) for place, name in enumerate(self.categories)}
            self.numbers = [places.get(_cut(value)) for value in values]


class Sheet:
    """A table that was read. If `problem` says why it cannot be used, there is nothing in it."""

    def __init__(self, problem: str = "") -> None:
        self.problem = problem
        self.separator = ","
        self.header = False
        self.columns: list[Column] = []
        self.features: list[str] = []
        self.target = ""
        self.bad: list[tuple[int, str]] = []
        """The first rows that are left out: the line, and why."""
        self.bad_rows = 0
        self.X: list[list[float]] = []
        self.y: list[float] = []

    def column(self, name: str) -> Column:
        """The column of that name."""
        return next(column for column in self.columns if column.name == name)

    def leave_out(self, line: int, why: str) -> None:
        """Note a row that cannot be used."""
        self.bad_rows += 1
        self.bad.append((line, _cut(why)))
        if len(self.bad) > 4 * MOST_NAMED:
            self.keep_first()

    def keep_first(self) -> None:
        """Forget all but the first bad rows."""
        self.bad.sort()
        del self.bad[MOST_NAMED:]


def read_table(
    text: str,
    header: bool | None = None,
    types: Mapping[str, str] | None = None,
    features: Sequence[str] = (),
    target: str = "",
) -> Sheet:
    """Read CSV. What is not given is guessed: whether the first row has the names, the columns' types by name.

    `features` are the columns of ``X``, all numbers but the target if there are none; `target` is the column of ``y``,
    the last that is not text if it is empty. A row is left out if it has another number of values than the rest, or no
    value or a wrong one in a column that is used.
    """
    size = len(text.encode("utf-8", "replace"))
    if size > MOST_BYTES:
        return Sheet(f"The table has {size / 1024:.0f} KiB; expected at most {MOST_BYTES // 1024} KiB.")
    sheet = Sheet()
    text, sheet.separator = _separator(text)
    rows = list(_rows(text, sheet.separator, sheet))
    if not rows and sheet.bad:
        line, why = sheet.bad[0]
        return Sheet(f"No row can be read. Line {line} {why}.")
    if not rows:
        return Sheet("There is nothing in it. Expected lines of values with commas between them.")
    width = _usual(len(row) for _, row in rows)
    if width > MOST_COLUMNS:
        return Sheet(f"The table has {width} columns; expected at most {MOST_COLUMNS}.")
    decimal = _decimal([row for _, row in rows], sheet.separator)
    body = [row for _, row in rows[1:] if len(row) == width]
    sheet.header = _has_header(rows[0][1], body, decimal) if header is None else header
    given = rows.pop(0)[1] if sheet.header else []
    names = _names(given, width)
    good: Rows = []
    for line, row in rows:
        if len(row) == width:
            good.append((line, row))
        else:
            sheet.leave_out(line, f"has {_count(len(row), 'value')}; expected {width}, as most rows have")
    if not good:
        return Sheet("There is no row of values below the names. Expected at least one.")
    wanted = dict(types or {})
    table = [row for _, row in good]
    sheet.columns = [
        _column(name, [row[at] for row in table], decimal, wanted.get(name)) for at, name in enumerate(names)
    ]
    _choose(sheet, features, target, wanted, table)
    if sheet.problem:
        return sheet
    _fill(sheet, good)
    sheet.keep_first()
    if not sheet.X:
        line, why = sheet.bad[0]
        sheet.problem = f"No row can be used. In line {line}, {why}."
    return sheet


Part = tuple[list[list[float]], list[float]]
"""Rows of features, and the target of each."""


def divide(sheet: Sheet, standardise: bool = False, test: float = 0.0, seed: int = 0) -> tuple[Part, Part]:
    """The rows to train on and those to test on.

    A part of `test` of the rows, drawn with `seed`, is set aside. With `standardise` the features are shifted and
    scaled so that those of the training rows have mean 0 and standard deviation 1.
    """
    order = list(range(len(sheet.X)))
    aside = min(round(test * len(order)), len(order) - 1)
    if aside:
        random.Random(seed).shuffle(order)
    parts = order[aside:], order[:aside]
    X = sheet.X
    if standardise:
        columns = list(zip(*X, strict=True))
        for at, column in enumerate(columns):
            trained = [column[row] for row in parts[0]]
            mean = math.fsum(trained) / len(trained)
            spread = math.sqrt(math.fsum((value - mean) ** 2 for value in trained) / len(trained))
            # A column that does not change has nothing to scale.
            columns[at] = tuple((value - mean) / (spread or 1.0) for value in column)
        X = [list(row) for row in zip(*columns, strict=True)]
    train, tested = (([X[row] for row in part], [sheet.y[row] for row in part]) for part in parts)
    return train, tested


def _separator(text: str) -> tuple[str, str]:
    """The text without what comes before the table, and what separates its values."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    if found := re.match(r"sep=(.)\n", text):  # as Excel writes it
        return "\n" + text[found.end() :], found[1]
    lines = [line for line in text[:65_536].split("\n") if line.strip() and not line.startswith("#")][:200]
    sample = "\n".join(lines)
    found_best, best = ",", 0.0
    for separator in reversed(_SEPARATORS):
        widths = [len(row) for _, row in _rows(sample, separator, Sheet())]
        width = _usual(widths)
        part = widths.count(width) / len(widths) if widths and width > 1 else 0.0
        if part and part >= best - 0.1:
            found_best, best = separator, max(best, part)
    return text, found_best


def _rows(text: str, separator: str, sheet: Sheet) -> Iterator[tuple[int, list[str]]]:
    """The rows that are not empty, each with the line it begins at; comments before the first are passed over."""
    begun = False
    for line, row in _split(text.split("\n"), separator, sheet):
        if begun or (any(row) and not row[0].startswith("#")):
            begun = True
            if any(row):
                yield line, row


def _split(lines: list[str], separator: str, sheet: Sheet) -> Iterator[tuple[int, list[str]]]:
    """Every row, each with the line it begins at."""
    if separator == " ":
        yield from ((at, line.split()) for at, line in enumerate(lines, 1))
        return
    at = broken = 0
    while at < len(lines) and broken <= MOST_NAMED:
        rest = (line + "\n" for line in islice(lines, at, None))
        reader = csv.reader(rest, delimiter=separator, skipinitialspace=True, strict=True)
        begins = at
        try:
            for row in reader:
                line, begins = begins + 1, at + reader.line_num
                yield line, [value.strip() for value in row]
            return
        except csv.Error as error:
            opened = "unexpected end of data" in str(error) or "field larger" in str(error)
            why = (
                "opens a quotation mark that is never closed, or has a very long value"
                if opened
                else f"is not CSV: {error}"
            )
            sheet.leave_out(begins + 1, why)
            broken, at = broken + 1, begins + 1


def _usual(widths: Iterable[int]) -> int:
    """The width that most rows have."""
    counted = Counter(widths)
    return max(counted, key=lambda width: (counted[width], width), default=0)


def _decimal(rows: Sequence[list[str]], separator: str) -> str:
    """What stands before the decimals."""
    values = [value for row in rows[:500] for value in row]
    # Where a comma separates, one inside a number mostly stands between thousands.
    comma = sum(
        1
        for value in values
        if _COMMA.fullmatch(value) and not (separator == "," and _THOUSANDS.fullmatch(value))
    )
    point = sum(1 for value in values if _POINT.fullmatch(value))
    return "," if comma > point else "."


def _number(value: str, decimal: str) -> float | None:
    """A finite number, or None."""
    if decimal == ",":
        value = value.replace(".", "").replace(",", ".") if "," in value else value
    elif _THOUSANDS.fullmatch(value):
        value = value.replace(",", "")
    if not _NUMBER.fullmatch(value):
        return None
    number = float(value)
    return number if math.isfinite(number) else None


def _is_missing(value: str) -> bool:
    return len(value) < 5 and value.lower() in _MISSING


def _has_header(first: list[str], body: Sequence[list[str]], decimal: str) -> bool:
    """Whether the first row has names: no numbers, above columns that have some; or words that do not come again."""
    if not body or any(_number(value, decimal) is not None for value in first):
        return False
    few = body[:100]
    if any(_number(value, decimal) is not None for row in few for value in row):
        return True
    again = any(name in {row[at] for row in body if at < len(row)} for at, name in enumerate(first))
    return all(first) and len(set(first)) == len(first) and not again


def _names(given: Sequence[str], width: int) -> list[str]:
    """A name for each column, all different."""
    names: list[str] = []
    for at in range(width):
        name = _cut(given[at] if at < len(given) else "") or f"column {at + 1}"
        plain, count = name[: LONGEST - 8], 1
        while name in names:
            count += 1
            name = f"{plain} {count}"
        names.append(name)
    return names


def _column(name: str, values: list[str], decimal: str, wanted: str | None) -> Column:
    """A column of the `wanted` type, or of the one it looks like."""
    numbers = [None if _is_missing(value) else _number(value, decimal) for value in values]
    if wanted is None:
        there = [value for value in values if not _is_missing(value)]
        numeric = sum(1 for number in numbers if number is not None)
        different = len(set(there))
        if numeric > len(there) / 2:
            wanted = "number"
        elif 0 < different <= MOST_CATEGORIES and different <= max(2, len(there) / 2):
            wanted = "category"
        else:
            wanted = "text"
    return Column(name, wanted, values, numbers if wanted == "number" else [])


def _ordered(names: Iterable[str]) -> list[str]:
    """Categories in the order of their numbers: by value if they all are numbers, else by the alphabet."""
    found = sorted(names)
    numbers = [_number(name, ".") for name in found]
    if all(number is not None for number in numbers):
        return sorted(found, key=lambda name: (_number(name, ".") or 0.0, name))
    return found


def _choose(
    sheet: Sheet, features: Sequence[str], target: str, wanted: Mapping[str, str], table: Sequence[list[str]]
) -> None:
    """Settle which columns are features and which is the target."""
    names = [column.name for column in sheet.columns]
    for name in (*features, target):
        if name and name not in names:
            sheet.problem = f"There is no column {name!r}. The table has {_listed(names)}."
            return
    usable = [column for column in sheet.columns if column.type != "text"]
    if not usable:
        sheet.problem = "No column has numbers or categories. Expected at least one."
        return
    sheet.target = target or next(
        (column.name for column in reversed(usable) if column.name not in features), usable[-1].name
    )
    at = names.index(sheet.target)
    chosen = sheet.columns[at]
    if sheet.target not in wanted and chosen.type == "number" and _are_classes(chosen.numbers):
        # Whole numbers of few kinds are classes where they are to be predicted.
        sheet.columns[at] = Column(sheet.target, "category", [row[at] for row in table], [])
    sheet.features = list(dict.fromkeys(features)) or [
        column.name for column in sheet.columns if column.type == "number" and column.name != sheet.target
    ]
    if not sheet.features:
        sheet.problem = (
            f"There is no number column beside the target {sheet.target!r} to learn from. Choose features, or another "
            "target."
        )
        return
    for name in (*sheet.features, sheet.target):
        column = sheet.column(name)
        if column.type == "text":
            sheet.problem = (
                f"Column {name!r} is text, which has no number. Make it a category, or leave it out."
            )
        elif len(column.categories) > MOST_CATEGORIES:
            sheet.problem = (
                f"Column {name!r} has {len(column.categories)} different values; expected at most {MOST_CATEGORIES} "
                "categories."
            )
    if sheet.target in sheet.features:
        sheet.problem = (
            f"Column {sheet.target!r} is the target and a feature too. Leave it out of the features."
        )


def _are_classes(numbers: Sequence[float | None]) -> bool:
    there = [number for number in numbers if number is not None]
    return len(set(there)) <= min(10, len(there) / 2) and all(number == int(number) for number in there)


def _fill(sheet: Sheet, good: Rows) -> None:
    """Take the numbers of the rows that have all that is used, and name the others."""
    used = [sheet.column(name) for name in (*sheet.features, sheet.target)]
    places = {column.name: at for at, column in enumerate(sheet.columns)}
    for at, row in enumerate(zip(*(column.numbers for column in used), strict=True)):
        if None not in row:
            *features, target = row
            sheet.X.append(features)
            sheet.y.append(target)
            continue
        line, values = good[at]
        for column, number in zip(used, row, strict=True):
            if number is None:
                value = values[places[column.name]]
                why = "is missing" if _is_missing(value) else f"is {_cut(value, 40)!r}; expected a number"
                sheet.leave_out(line, f"{column.name} {why}")
                break


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def _cut(text: str, longest: int = LONGEST) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"
