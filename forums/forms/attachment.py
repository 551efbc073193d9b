from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from forums.files import KINDS
from forums.models import Attachment


class FilesInput(forms.FileInput):
    allow_multiple_selected = True

    def __init__(self) -> None:
        super().__init__(attrs={"multiple": True, "accept": ",".join(f".{ending}" for ending in KINDS)})

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        return files.getlist(name)


class FilesField(forms.FileField):
    """Any number of files, none of them looked at: the verb says which are taken, and why others are not."""

    def __init__(self) -> None:
        super().__init__(
            required=False,
            label="Attach files",
            help_text=f"Optional. Up to {Attachment.MOST}, each 10 MB or smaller: pictures, PDF, Word, Excel, "
            "PowerPoint, OpenDocument, CSV or text. Where and how a picture was taken is "
            "removed from it, and an animation becomes its first picture.",
            widget=FilesInput(),
        )

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile[Any]]:
        return [one for one in data if isinstance(one, UploadedFile)]


class FilesForm(forms.Form):
    """Files beside a form of words: those to come, and a description of each picture that is there."""

    uploads = FilesField()

    def __init__(self, held: Iterable[Attachment], data: Any = None, files: Any = None) -> None:
        super().__init__(data, files)
        self.held = list(held)
        for attachment in self.held:
            if attachment.is_picture and not attachment.is_refused:
                self.fields[self.alt_of(attachment)] = forms.CharField(
                    required=False,  # a picture that has just come cannot have one yet
                    label=f"What does “{attachment.name}” show?",
                    help_text="For people who do not see it. For example, a chart of hours saved in each month.",
                    max_length=250,
                    initial=attachment.alt,
                    error_messages={"max_length": "The description of a picture must be 250 characters or fewer"},
                    widget=forms.TextInput(attrs={"autocomplete": "off"}),
                )

    @staticmethod
    def alt_of(attachment: Attachment) -> str:
        """The name of the field that describes it."""
        return f"alt_{attachment.pk}"

    @property
    def rows(self) -> list[tuple[Attachment, forms.BoundField | None]]:
        """Each file that is there, with the field that describes it, if one does."""
        return [
            (attachment, self[self.alt_of(attachment)] if self.alt_of(attachment) in self.fields else None)
            for attachment in self.held
        ]
