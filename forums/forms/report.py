from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.conf import settings

from forums.forms.post import LegibleField
from forums.models import Appeal, Case, CaseNote, Report


class ReportForm(forms.Form):
    """What is wrong with something that somebody wrote."""

    kind = forms.ChoiceField(
        label="What is wrong with it?",
        choices=Report.Kind.choices,
        widget=forms.RadioSelect,
        error_messages={
            "required": "Select what is wrong with it",
            "invalid_choice": "Select what is wrong with it",
        },
    )
    words = LegibleField(
        label="What should we know? (optional)",
        help_text=(
            "Whoever looks at your report reads this. "
            "Whoever wrote what you report is told what is decided, but not by whom it was reported."
        ),
        required=False,
        max_length=Report.LONGEST,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"max_length": "What we should know can have at most 1,000 characters"},
    )


class OutsideReportForm(ReportForm):
    """The same for somebody without an account, who says where it stands."""

    field_order = ("address", "kind", "words", "reply_to_address")

    address = forms.CharField(
        label="Where is it?",
        help_text="Copy the address of the page, or of the post, from your browser.",
        max_length=500,
        widget=forms.TextInput(attrs={"inputmode": "url", "autocomplete": "off", "spellcheck": "false"}),
        error_messages={
            "required": "Enter the address of the page",
            "max_length": "The address can have at most 500 characters",
        },
    )
    reply_to_address = forms.EmailField(
        label="Your email address (optional)",
        help_text="We write to you once, when somebody has looked at it, and then forget your address.",
        max_length=254,
        required=False,
        widget=forms.EmailInput(attrs={"autocomplete": "email", "spellcheck": "false"}),
        error_messages={
            "invalid": "Enter an email address in the correct format, like name@example.com",
            "max_length": "Your email address can have at most 254 characters",
        },
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["words"].help_text = (
            "Whoever looks at your report reads this. "
            "Whoever wrote what you report does not: they are told what is decided, and no more."
        )

    def clean_address(self) -> str:
        """The path and what follows it. Whether anything stands there is not said: that may be nobody's business."""
        typed = str(self.cleaned_data["address"]).strip()
        site = urlsplit(settings.SITE_URL)
        try:
            parts = urlsplit(typed if "://" in typed or typed.startswith("/") else f"{site.scheme}://{typed}")
        except ValueError:
            raise forms.ValidationError(f"Enter an address that begins with {settings.SITE_URL}", "invalid") from None
        is_ours = parts.netloc.lower() == site.netloc.lower() if parts.netloc else typed.startswith("/")
        if not is_ours or parts.scheme not in ("", "http", "https"):
            raise forms.ValidationError(f"Enter an address that begins with {settings.SITE_URL}", "invalid")
        return f"{parts.path or '/'}{f'#{parts.fragment}' if parts.fragment else ''}"[:500]


class NoteForm(forms.Form):
    words = LegibleField(
        label="Note for those who look after reports",
        help_text="Neither whoever reported it nor whoever wrote it reads this.",
        max_length=CaseNote.LONGEST,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={
            "required": "Enter a note",
            "max_length": "A note can have at most 2,000 characters",
        },
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.auto_id = "note_%s"  # beside the decision


class DecideForm(forms.Form):
    """What is done about something that was reported; hiding it wants a reason."""

    outcome = forms.ChoiceField(
        label="What do you want to do?",
        widget=forms.RadioSelect,
        error_messages={
            "required": "Select what you want to do",
            "invalid_choice": "Select what you want to do",
        },
    )
    reason = LegibleField(
        label="Why are you hiding it?",
        help_text="The author reads this. Help them see what to write differently.",
        required=False,
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"max_length": "The reason can have at most 300 characters"},
    )

    def __init__(self, case: Case, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.auto_id = "decide_%s"
        is_profile = bool(case.member_id)
        hide = "Hide it, and tell its owner why" if is_profile else "Hide it, and tell its author why"
        leave = "Leave it as it is"
        if case.hidden_for_now_at and case.is_hidden:
            hide, leave = hide.replace("Hide it", "Keep it hidden"), "Show it again"
        choices = [(Case.Outcome.LEFT.value, leave)]
        if case.is_gone:
            choices.append((Case.Outcome.DEALT.value, "I have dealt with it in another way"))
            del self.fields["reason"]
        else:
            choices.append((Case.Outcome.HIDDEN.value, hide))
        self.fields["outcome"].choices = choices  # type: ignore[attr-defined]
        if case.tells_author:
            whose = "owner" if is_profile else "author"
            self.fields["outcome"].help_text = (
                f"Its {whose} is told what you decide, but not who reported it. "
                "If they must not know yet, write a note below, and leave this open."
            )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        is_hidden = cleaned.get("outcome") == Case.Outcome.HIDDEN
        if is_hidden and not cleaned.get("reason") and "reason" not in self.errors:
            self.add_error("reason", "Enter why you are hiding it")
        return cleaned


class AppealForm(forms.Form):
    words = LegibleField(
        label="Why should it be shown?",
        max_length=Appeal.LONGEST,
        widget=forms.Textarea(attrs={"rows": 5}),
        error_messages={
            "required": "Enter why it should be shown",
            "max_length": "Why it should be shown can have at most 1,000 characters",
        },
    )


class AnswerAppealForm(forms.Form):
    outcome = forms.ChoiceField(
        label="What do you want to do?",
        choices=[(Appeal.Outcome.SHOWN.value, "Show it again"), (Appeal.Outcome.KEPT.value, "Keep it hidden")],
        widget=forms.RadioSelect,
        error_messages={
            "required": "Select what you want to do",
            "invalid_choice": "Select what you want to do",
        },
    )
    answer = LegibleField(
        label="Your answer",
        help_text="The author reads this.",
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={
            "required": "Enter your answer",
            "max_length": "Your answer can have at most 300 characters",
        },
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.auto_id = "appeal_%s"
