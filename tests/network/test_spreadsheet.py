from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from pathlib import Path

import pytest

import cms
import forums
import network
from network.spreadsheet import file_of, plain


@pytest.mark.parametrize(
    "cell",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "\tx",
        "  =1",
        "\u00a0=1",
        "\uff1d1",
        "=cmd|' /C calc'!A0",
    ],
)
def test_text_that_begins_like_a_formula_is_text(cell: str) -> None:
    assert plain(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["Bob", "a=b", "", "O'Brien", "3 - 1"])
def test_other_text_stays_as_it_is(cell: str) -> None:
    assert plain(cell) == cell


def test_numbers_and_times_are_no_text() -> None:
    assert [plain(-5), plain(None), plain(datetime(2026, 7, 1, 11, tzinfo=UTC))] == ["-5", "", "2026-07-01 12:00:00"]


def test_a_semicolon_in_a_cell_begins_no_cell_where_semicolons_separate() -> None:
    text = "".join(file_of(["Name"], [["a;=cmd()"]]))
    assert list(csv.reader(text.splitlines()[1:], delimiter=";")) == [["a;=cmd()"]]


def test_a_file_is_read_again_as_it_was_written() -> None:
    text = "".join(file_of(["Name", "Words"], [["Zoë, Ltd", 'She said "no"\nand left'], ["=1", 2]]))

    assert text.startswith("\ufeff")
    assert list(csv.reader(io.StringIO(text.removeprefix("\ufeff")))) == [
        ["Name", "Words"],
        ["Zoë, Ltd", 'She said "no"\nand left'],
        ["'=1", "2"],
    ]


def test_lists_are_written_here_and_nowhere_else() -> None:
    packages = [Path(module.__path__[0]) for module in (network, forums, cms)]
    modules = [module for package in packages for module in package.rglob("*.py") if "csv.writer" in module.read_text()]

    assert [module.name for module in modules] == ["spreadsheet.py"]
