"""Reading CSV: what is guessed, what is left out and why, and that it is quick."""

from __future__ import annotations

import math
import random
import time

import msgspec
import pytest

from playground import protocol as p
from playground.worker.data import reading
from playground.worker.data.reading import divide, read_table
from playground.worker.data.table import contents, describe


def types_of(sheet: reading.Sheet) -> dict[str, str]:
    return {column.name: column.type for column in sheet.columns}


@pytest.mark.parametrize(
    ("text", "separator", "X", "y"),
    [
        ("x,y\n1,2.5\n3,4.5\n", ",", [[1], [3]], [2.5, 4.5]),
        ("x;y\n1,5;2,25\n2,5;3\n", ";", [[1.5], [2.5]], [2.25, 3]),
        ("x\ty\n1\t2.5\n", "\t", [[1]], [2.5]),
        ("x|y\n1|2.5\n", "|", [[1]], [2.5]),
        ("1 2 3.5\n  4   5 6.5 \n", " ", [[1, 2], [4, 5]], [3.5, 6.5]),
        ('sep=;\nx;y\n"1.234,5";2,5\n', ";", [[1234.5]], [2.5]),
        ('x,y\n"1,200",2.5\n"3,400",3.5\n', ",", [[1200], [3400]], [2.5, 3.5]),
        ('"x","y"\n"1","2.5"\n', ",", [[1]], [2.5]),
        ("\ufeffx,y\r\n1,2.5\r\n", ",", [[1]], [2.5]),
        ("# measured in May\n\nx,y\n-1e3,+.5\n\n", ",", [[-1000]], [0.5]),
        ('x,y,"a ""note"""\n1,2.5,"two\nlines, one value"\n2,3.5,b\n', ",", [[1], [2]], [2.5, 3.5]),
    ],
)
def test_how_it_is_written_is_guessed(
    text: str, separator: str, X: list[list[float]], y: list[float]
) -> None:
    sheet = read_table(text, target="y" if "y" in text else "")
    assert (sheet.problem, sheet.bad, sheet.separator) == ("", [], separator)
    assert (sheet.X, sheet.y) == (X, y)


@pytest.mark.parametrize(
    ("text", "header", "names"),
    [
        ("height,weight\n1,2\n", True, ["height", "weight"]),
        ("1,2\n3,4\n", False, ["column 1", "column 2"]),
        ("name,town\nAnn,Rome\nBob,Rome\nCid,Rome\n", True, ["name", "town"]),
        ("yes,no\nyes,yes\nno,no\nno,yes\n", False, ["column 1", "column 2"]),
        ("a,a,,b\n1,2,3,4\n", True, ["a", "a 2", "column 3", "b"]),
        ("2019,2020\n1,2\n", False, ["column 1", "column 2"]),
        ("a,b\n", False, ["column 1", "column 2"]),
    ],
)
def test_a_header_is_guessed(text: str, header: bool, names: list[str]) -> None:
    sheet = read_table(text)
    assert sheet.header is header
    assert [column.name for column in sheet.columns] == names


def test_a_header_can_be_said() -> None:
    sheet = read_table("2019,2020\n1,2.5\n", header=True)
    assert [column.name for column in sheet.columns] == ["2019", "2020"]
    assert sheet.X == [[1]]
    assert [c.name for c in read_table("a,b\n1,2\n", header=False).columns] == ["column 1", "column 2"]


def test_types_are_guessed_and_can_be_said() -> None:
    text = "id,size,colour,kind\n" + "".join(
        f"n{i},{i / 2},{'red' if i % 2 else 'blue'},{i % 3}\n" for i in range(30)
    )
    sheet = read_table(text)
    assert types_of(sheet) == {"id": "text", "size": "number", "colour": "category", "kind": "category"}
    assert (sheet.features, sheet.target) == (["size"], "kind")
    assert sheet.column("colour").categories == ["blue", "red"]
    said = read_table(text, types={"kind": "number"}, features=["size", "colour"])
    assert types_of(said)["kind"] == "number"
    assert said.X[:2] == [[0, 0], [0.5, 1]]
    assert said.y[:4] == [0, 1, 2, 0]


def test_whole_numbers_of_few_kinds_are_classes_only_as_the_target() -> None:
    text = "rooms,price\n" + "".join(f"{i % 4},{i * 1.5}\n" for i in range(20))
    assert types_of(read_table(text)) == {"rooms": "number", "price": "number"}
    assert types_of(read_table(text, features=["price"], target="rooms"))["rooms"] == "category"


def test_categories_that_are_numbers_are_in_their_order() -> None:
    sheet = read_table("x,y\n" + "".join(f"{i},{10 if i % 2 else 9}\n" for i in range(8)))
    assert sheet.column("y").categories == ["9", "10"]


def test_bad_rows_are_named_by_line() -> None:
    text = (
        'a,b,label\n1,2,x\n3,oops,y\n\n4,5\n,1,y\nNA,1,y\n6,inf,y\n7,8,\n9,10,x\n1,2,3,4\n"5,6,x\n11,12,y\n'
    )
    sheet = read_table(text)
    assert sheet.bad == [
        (3, "b is 'oops'; expected a number"),
        (5, "has 2 values; expected 3, as most rows have"),
        (6, "a is missing"),
        (7, "a is missing"),
        (8, "b is 'inf'; expected a number"),
        (9, "label is missing"),
        (11, "has 4 values; expected 3, as most rows have"),
        (12, "opens a quotation mark that is never closed, or has a very long value"),
    ]
    assert sheet.bad_rows == 8
    assert sheet.X == [[1, 2], [9, 10], [11, 12]]
    assert sheet.y == [0, 0, 1]
    assert [column.missing for column in sheet.columns] == [2, 0, 1]


def test_what_is_missing_in_a_column_that_is_not_used_does_no_harm() -> None:
    assert read_table("a,note,b\n1,,2\n3,x,4\n").bad == []


def test_a_row_over_several_lines_counts_them() -> None:
    sheet = read_table('a,note,b\n1,"two\nlines",2\nx,y,3\n4,z,5\n5,z,5\n6,z,5\n7,z,7\n')
    assert sheet.bad == [(4, "a is 'x'; expected a number")]


def test_only_the_first_bad_rows_are_kept() -> None:
    sheet = read_table("a,b\n" + "1,2\n" * 900 + "1\n" * 600)
    assert (sheet.bad_rows, len(sheet.bad), sheet.bad[0][0]) == (600, 100, 902)


@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        ("", {}, "There is nothing in it"),
        ("\n \n", {}, "There is nothing in it"),
        ("just some words", {}, "There is no number column"),
        ("a,b\nx,y\nx,z\n", {}, "There is no number column"),
        ("a\n1\n2\n", {}, "There is no number column beside the target 'a'"),
        ("a,b\n1,2\n", {"target": "c"}, "There is no column 'c'. The table has a, b."),
        ("a,b\n1,2\n", {"features": ["d"]}, "There is no column 'd'"),
        ("a,b\n1,2\n", {"features": ["a"], "target": "a"}, "is the target and a feature too"),
        ("a,b\n1,2\n", {"features": ["a"], "types": {"a": "text"}}, "Column 'a' is text"),
        ("a,b\n1,\n,2\n", {}, "No row can be used. In line 2, b is missing."),
        ("a,b\n1,\n2,\n", {"target": "b"}, "Column 'b' is text"),
        (",".join("x" * 300), {}, "The table has 300 columns; expected at most 256."),
        ("a,b\n", {"header": True}, "There is no row of values below the names"),
        ("x" * 200_000, {}, "No row can be read. Line 1 "),
        ("1,2\n" * 300_000, {}, "expected at most 1024 KiB"),
        (
            "x,c\n" + "".join(f"{i},n{i}\n" for i in range(99)),
            {"target": "c", "types": {"c": "category"}},
            "has 99 different values; expected at most 64 categories",
        ),
    ],
)
def test_what_cannot_be_used_is_said(text: str, options: dict[str, object], said: str) -> None:
    sheet = read_table(text, **options)  # type: ignore[arg-type]
    assert said in sheet.problem
    assert not sheet.X
    msgspec.msgpack.decode(
        p.encode(describe(p.UserData(text=text[: reading.MOST_BYTES], **options))), type=p.Table
    )


def test_rows_are_set_aside_and_the_rest_is_standardised() -> None:
    numbers = random.Random(3)
    rows = [(numbers.gauss(5, 2), numbers.gauss(-100, 30), 7.0, i) for i in range(50)]
    sheet = read_table("a,b,same,y\n" + "".join(f"{a},{b},{c},{y + 0.5}\n" for a, b, c, y in rows))
    (X, y), (X_test, y_test) = divide(sheet, standardise=True, test=0.2, seed=4)
    assert (len(X), len(X_test)) == (40, 10)
    assert sorted(y + y_test) == sorted(sheet.y)
    for at in range(2):
        column = [row[at] for row in X]
        assert math.isclose(sum(column), 0, abs_tol=1e-9)
        assert math.isclose(sum(value * value for value in column) / 40, 1)
    assert {row[2] for row in X} == {0.0}
    # The rows set aside are shifted and scaled as those to train on are.
    trained = [rows[int(number)][0] for number in y]
    mean = sum(trained) / 40
    spread = math.sqrt(sum((value - mean) ** 2 for value in trained) / 40)
    assert math.isclose(X_test[0][0], (rows[int(y_test[0])][0] - mean) / spread)
    assert divide(sheet, test=0.2, seed=4)[1][1] == y_test
    assert divide(sheet, test=0.2, seed=5)[1][1] != y_test
    assert divide(sheet)[0] == (sheet.X, sheet.y)


def test_at_least_one_row_is_left_to_train_on() -> None:
    assert len(divide(read_table("a,b\n1,2\n"), test=0.9)[0][0]) == 1


TABLE = p.UserData(
    name="flowers.csv", text="a,b,label\n1,2,x\n3,4,y\n5,oops,x\n9,10,y\n", standardise=True, test=0.34
)


def test_what_the_page_is_told() -> None:
    table = describe(TABLE)
    assert msgspec.msgpack.decode(p.encode(table), type=p.Table) == table
    assert (table.rows, table.bad_rows, table.bad) == (3, 1, [p.BadRow(4, "b is 'oops'; expected a number")])
    assert (table.features, table.target, table.header) == (["a", "b"], "label", True)
    first = table.columns[0]
    assert (first.name, first.type, first.low, first.high) == ("a", "number", 1, 9)
    assert first.sample == ["1", "3", "5", "9"]
    assert table.columns[2].categories == ["x", "y"]


def test_what_the_program_finds() -> None:
    found = contents(TABLE)
    assert (found["columns"], found["classes"]) == (["a", "b"], ["x", "y"])
    shapes = {
        name: (tuple(found[name].shape), str(found[name].dtype)) for name in ("X", "y", "X_test", "y_test")
    }
    assert shapes == {
        "X": ((2, 2), "torch.float32"),
        "y": ((2,), "torch.int64"),
        "X_test": ((1, 2), "torch.float32"),
        "y_test": ((1,), "torch.int64"),
    }
    numbers = contents(p.UserData(text="a,b\n1,2.5\n3,4\n"))
    assert (numbers["y"].tolist(), numbers["classes"]) == ([[2.5], [4.0]], [])
    assert "X_test" not in numbers


@pytest.mark.parametrize(
    "piece", ["1,2\n", "x\n", '"\n', '"', ",", "\n", "0.12,3.4,b\n", "1 2 ", '"a","b"\n', "é", "1;", '1,"2\n']
)
def test_a_mebibyte_of_anything_takes_a_moment(piece: str) -> None:
    text = (piece * (reading.MOST_BYTES // len(piece)))[
        : reading.MOST_BYTES // len(piece.encode()) * len(piece)
    ]
    started = time.process_time()
    sheet = read_table(text)
    if sheet.X:
        divide(sheet, standardise=True, test=0.2)
    assert time.process_time() - started < 6
    assert sheet.problem or sheet.X
