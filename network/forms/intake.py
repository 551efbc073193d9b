"""Lists of people: what comes in is a file of somebody else's program."""

from __future__ import annotations

import csv
import io

from django import forms

from network.actions.intake import Listed
from network.forms.account import WorkEmailField, readable_name
from network.models import Network

LIST_BYTES = 1_000_000
LIST_ROWS = 1_000
COLUMNS = ("email", "name", "organisation", "job_title")


def read_list(content: bytes) -> list[Listed]:
    """The people of a CSV file: UTF-8 with or without a byte order mark, commas or Excel's semicolons, the columns
    named in the first line, in any order. What is wrong with the file raises ValidationError, naming the line; what is
    wrong with one person stands in `problem`."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise forms.ValidationError("The file is not UTF-8. In Excel, save it as “CSV UTF-8”.") from None
    if "\x00" in text:
        raise forms.ValidationError("The file is not a CSV file.")
    first = text.partition("\n")[0]
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=";" if ";" in first else ",", strict=True)
    people: list[Listed] = []
    number = 1
    try:
        places = _places([cell.strip().casefold().replace(" ", "_") for cell in next(lines, [])])
        number = lines.line_num + 1
        for cells in lines:
            if any(cell.strip() for cell in cells):
                if len(cells) > len(places) and any(cell.strip() for cell in cells[len(places) :]):
                    raise forms.ValidationError(f"Line {number} has more cells than the first line has columns.")
                if len(people) == LIST_ROWS:
                    raise forms.ValidationError(f"The list has more than {LIST_ROWS:,} people. Split it.")
                people.append(_listed(number, dict(zip(places, cells, strict=False))))
            number = lines.line_num + 1
    except csv.Error as problem:
        raise forms.ValidationError(f"Line {number} cannot be read as CSV: {problem}.") from None
    if not people:
        raise forms.ValidationError("There is nobody in the list.")
    return people


def _places(named: list[str]) -> list[str]:
    for column in ("email", "name"):
        if column not in named:
            raise forms.ValidationError(f"Line 1 has to name the columns; there is none called {column}.")
    for column in named:
        if column not in COLUMNS:
            raise forms.ValidationError(f"Line 1 names a column that we do not take: {column or 'one without a name'}.")
        if named.count(column) > 1:
            raise forms.ValidationError(f"Line 1 names the column {column} twice.")
    return named


def _listed(number: int, cells: dict[str, str]) -> Listed:
    email, name, organisation, job_title = (" ".join(cells.get(column, "").split()) for column in COLUMNS)
    problem = ""
    try:
        if len(organisation) > 200 or len(job_title) > 100 or len(name) > 100:
            raise forms.ValidationError("A name, an organisation or a job title is too long")
        name = readable_name(name) if name else ""
        if not name:
            raise forms.ValidationError("There is no name")
        email = WorkEmailField().clean(email)
    except forms.ValidationError as wrong:
        problem = f"{wrong.messages[0]}."
    return Listed(number, email, name, organisation, job_title, problem)


class IntakeForm(forms.Form):
    file = forms.FileField(
        label="CSV file",
        help_text="Columns: email, name; organisation and job_title if you have them. At most 1,000 people, 1 MB.",
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}),
        error_messages={"required": "Select a CSV file", "empty": "The file is empty", "invalid": "Select a CSV file"},
    )
    network = forms.ModelChoiceField(
        queryset=Network.objects.filter(joining=Network.Joining.AT_ONCE),
        label="Network",
        help_text="They join it at once. Networks that people join by request are not in the list.",
        required=False,
        empty_label="None",
        error_messages={"invalid_choice": "Select a network from the list"},
    )

    def clean_file(self) -> list[Listed]:
        file = self.cleaned_data["file"]
        if file.size > LIST_BYTES:
            raise forms.ValidationError("The file is larger than 1 MB. Split it.")
        return read_list(file.read())
