"""Lists for people's spreadsheets: CSV in which no cell is a formula.

What members call themselves ends up in these lists, and a spreadsheet runs what begins like a formula.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from io import StringIO

from django.utils import timezone

# What a spreadsheet takes for the beginning of a formula (OWASP, CSV injection): a sign, behind whatever space, or a
# character that begins another cell or line. Full-width signs are the same signs to some programs.
FORMULA = re.compile(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")
BYTE_ORDER_MARK = "\ufeff"  # without it some spreadsheets take UTF-8 for something else

Cell = str | int | float | datetime | None


def file_of(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    """The file, row by row, to be encoded as UTF-8."""
    yield BYTE_ORDER_MARK + line_of(header)
    for row in rows:
        yield line_of(row)


def line_of(cells: Sequence[Cell]) -> str:
    line = StringIO()
    # In quotes all of them: a semicolon in a cell begins no new one where semicolons separate.
    csv.writer(line, quoting=csv.QUOTE_ALL).writerow([plain(cell) for cell in cells])
    return line.getvalue()


def plain(cell: Cell) -> str:
    """A cell as a spreadsheet shall show it: text is text, whatever it begins with; times are London time."""
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return f"{timezone.localtime(cell):%Y-%m-%d %H:%M:%S}"
    if not isinstance(cell, str):
        return str(cell)
    return f"'{cell}" if FORMULA.match(cell) else cell
