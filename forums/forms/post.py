from __future__ import annotations

import uuid

from django import forms

from forums import markup

FORMATTING_HINT = "You can use **bold**, lists that begin with a dash, > quotations and links."


class SourceField(forms.CharField):
    def __init__(self, label: str, missing: str, rows: int) -> None:
        super().__init__(
            label=label,
            max_length=markup.MAX_LENGTH,
            help_text=FORMATTING_HINT,
            widget=forms.Textarea(attrs={"rows": rows}),
            error_messages={
                "required": missing,
                "max_length": f"Your text is too long: it can have at most {markup.MAX_LENGTH:,} characters",
            },
        )


class WrittenOnce(forms.Form):
    """A form that, sent twice, is one thing: `form_id` says that it is the same form."""

    form_id = forms.UUIDField(required=False, widget=forms.HiddenInput, initial=uuid.uuid4)


class ReplyForm(WrittenOnce):
    source = SourceField("Your reply", "Enter your reply", rows=6)
