"""What members tell of themselves."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.datastructures import MultiValueDict

from network.actions.profile import PARTS, MailTimes
from network.forms.account import has_invisible, name_field, readable_name
from network.models import Member, Membership, MemberTheme, MemberTool, Profile, Theme
from network.models.digest_time import DAYS
from network.storage import PORTRAIT_BYTES

MOST_TOOLS = 20
LONGEST_TOOL = 60


def job_title_field() -> forms.CharField:
    return forms.CharField(
        label="Job title",
        required=False,
        max_length=100,
        error_messages={"max_length": "Job title must be 100 characters or fewer"},
        widget=forms.TextInput(attrs={"autocomplete": "organization-title"}),
    )


def help_with_field() -> forms.CharField:
    return forms.CharField(
        label="I can help with",
        required=False,
        max_length=300,
        help_text="What a colleague elsewhere could ask you about. For example, transcription in home visits.",
        error_messages={"max_length": "What you can help with must be 300 characters or fewer"},
        widget=forms.Textarea,
    )


def about_field() -> forms.CharField:
    return forms.CharField(
        label="About you",
        required=False,
        max_length=1000,
        help_text="A few sentences about your work. Leave out anything private.",
        error_messages={"max_length": "The text about you must be 1,000 characters or fewer"},
        widget=forms.Textarea,
    )


class ThemesField(forms.ModelMultipleChoiceField[Theme]):
    def __init__(self, member: Member) -> None:
        super().__init__(
            queryset=Theme.objects.visible_to(member),
            required=False,
            label="What interests you?",
            help_text="Select all that apply.",
            widget=forms.CheckboxSelectMultiple,
            error_messages={"invalid_choice": "Select themes from the list"},
        )


class ToolsField(forms.CharField):
    """Names of tools, one per line or with commas between them; gives back a list without doubles, however they are
    spelled: the first spelling stays."""

    def __init__(self) -> None:
        super().__init__(
            label="Tools you use",
            required=False,
            max_length=2000,
            help_text=f"One on each line, or with commas between them. At most {MOST_TOOLS}.",
            error_messages={"max_length": "The list of tools must be 2,000 characters or fewer"},
            widget=forms.Textarea(attrs={"spellcheck": "false"}),
        )

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[str]:
        named: dict[str, str] = {}
        for typed in re.split(r"[,\n\r]", super().clean(value)):
            name = " ".join(typed.split())
            if name:
                named.setdefault(name.casefold(), name)
        if len(named) > MOST_TOOLS:
            raise forms.ValidationError(f"Enter {MOST_TOOLS} tools or fewer: there are {len(named)}")
        for name in named.values():
            if len(name) > LONGEST_TOOL:
                raise forms.ValidationError(
                    f"Each tool must be {LONGEST_TOOL} characters or fewer: “{name[:30]}…” is longer"
                )
            if has_invisible(name):
                raise forms.ValidationError("Tools must not have invisible characters")
        return list(named.values())


class ShownField(forms.TypedChoiceField):
    """Who sees a part of the profile."""

    def __init__(self, label: str) -> None:
        super().__init__(
            label=label,
            choices=[("yes", "Members of my networks"), ("no", "Nobody")],
            coerce=lambda value: value == "yes",
            empty_value=None,
            widget=forms.RadioSelect,
            error_messages={
                "required": "Select who sees this",
                "invalid_choice": "Select who sees this",
            },
        )

    def prepare_value(self, value: Any) -> Any:
        return {True: "yes", False: "no"}.get(value, value)


class ProfileForm(forms.Form):
    def __init__(self, member: Member, data: MultiValueDict[str, Any] | None = None) -> None:
        profile = Profile.of(member)
        themes = MemberTheme.objects.visible_to(member).filter(member=member).values_list("theme", flat=True)
        tools = MemberTool.objects.visible_to(member).filter(member=member).values_list("name", flat=True)
        super().__init__(
            data,
            initial={
                "name": member.name,
                "job_title": member.job_title,
                "help_with": profile.help_with,
                "about": profile.about,
                "themes": list(themes),
                "tools": list(tools),
            }
            | {f"shows_{part}": getattr(profile, f"shows_{part}") for part in PARTS},
        )
        self.fields |= {
            "name": name_field(),
            "job_title": job_title_field(),
            "shows_job_title": ShownField("Who sees your job title?"),
            "help_with": help_with_field(),
            "shows_help_with": ShownField("Who sees what you can help with?"),
            "themes": ThemesField(member),
            "shows_themes": ShownField("Who sees your interests?"),
            "tools": ToolsField(),
            "shows_tools": ShownField("Who sees the tools you use?"),
            "about": about_field(),
            "shows_about": ShownField("Who sees the text about you?"),
        }

    def clean_name(self) -> str:
        return readable_name(self.cleaned_data["name"])

    @property
    def shows(self) -> dict[str, bool]:
        """Of the parts in this form, which others see."""
        return {part: self.cleaned_data[f"shows_{part}"] for part in PARTS if f"shows_{part}" in self.fields}


class PictureForm(forms.Form):
    picture = forms.FileField(
        label="Choose a picture",
        required=False,
        help_text="PNG, JPEG, WebP or GIF, 5 MB or smaller. We keep a square of its middle, and nothing that a camera "
        "writes into it.",
        error_messages={"empty": "The file is empty", "invalid": "Choose a picture"},
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/webp,image/gif"}),
    )
    picture_alt = forms.CharField(
        label="Describe the picture",
        required=False,
        max_length=150,
        help_text="For people who do not see it. For example, a woman with red glasses in front of a town hall.",
        error_messages={"max_length": "The description must be 150 characters or fewer"},
    )
    shows_picture = ShownField("Who sees your picture?")

    def __init__(self, profile: Profile, data: Any = None, files: Any = None) -> None:
        super().__init__(
            data, files, initial={"picture_alt": profile.picture_alt, "shows_picture": profile.shows_picture}
        )
        self.has_one = bool(profile.picture)

    def clean_picture(self) -> UploadedFile[Any] | None:
        upload: UploadedFile[Any] | None = self.cleaned_data["picture"]
        if upload is None and not self.has_one:
            raise forms.ValidationError("Choose a picture")
        if upload is not None and (upload.size or 0) > PORTRAIT_BYTES:
            raise forms.ValidationError("The picture must be 5 MB or smaller")
        return upload


class MailForm(forms.Form):
    """How each of a member's networks may write to them, and when. Without a network there is nothing to ask."""

    def __init__(self, member: Member, memberships: Sequence[Membership], data: Any = None) -> None:
        super().__init__(data)
        self.memberships = memberships
        if memberships:
            self._ask_about_networks(memberships)
            self._ask_when(member)

    def _ask_about_networks(self, memberships: Sequence[Membership]) -> None:
        for membership in memberships:
            network = membership.network
            self.fields[f"mail_{network.pk}"] = forms.ChoiceField(
                label=network.name,
                choices=Membership.Mail.choices,
                initial=membership.mail,
                help_text="Mail about this network says that there is something new, and not what."
                if network.content_free_mail
                else "",
                widget=forms.RadioSelect,
                error_messages={
                    "required": f"Select how often the {network.name} may write to you",
                    "invalid_choice": f"Select how often the {network.name} may write to you",
                },
            )

    def _ask_when(self, member: Member) -> None:
        self.fields["digest_day"] = forms.TypedChoiceField(
            label="Day of a weekly digest",
            choices=list(enumerate(DAYS)),
            coerce=int,
            initial=member.digest_day,
            error_messages={"required": "Select a day", "invalid_choice": "Select a day from the list"},
        )
        self.fields["digest_hour"] = forms.TypedChoiceField(
            label="Time of any digest",
            help_text="London time.",
            choices=[(hour, f"{hour:02}:00") for hour in range(24)],
            coerce=int,
            initial=member.digest_hour,
            error_messages={"required": "Select a time", "invalid_choice": "Select a time from the list"},
        )
        self.fields["at_once"] = forms.BooleanField(
            label="Mail me within ten minutes when somebody mentions or answers me, or writes in a thread that I watch",
            required=False,
            initial=member.mails_at_once,
            help_text="We send nothing that you have read by then. If this is not selected, it waits for your digest.",
        )

    @property
    def of_networks(self) -> list[forms.BoundField]:
        return [self[f"mail_{row.network_id}"] for row in self.memberships]

    @property
    def choices(self) -> dict[Membership, str]:
        return {row: self.cleaned_data[f"mail_{row.network_id}"] for row in self.memberships}

    @property
    def times(self) -> MailTimes | None:
        if not self.memberships:
            return None
        told = self.cleaned_data
        return MailTimes(day=told["digest_day"], hour=told["digest_hour"], at_once=told["at_once"])


class InterestsForm(forms.Form):
    def __init__(self, member: Member, data: Any = None) -> None:
        followed = MemberTheme.objects.visible_to(member).filter(member=member).values_list("theme", flat=True)
        super().__init__(data, initial={"themes": list(followed)})
        self.fields["themes"] = ThemesField(member)


class HelloForm(forms.Form):
    job_title = job_title_field()
    help_with = help_with_field()
    about = about_field()

    def __init__(self, member: Member, data: Any = None) -> None:
        profile = Profile.of(member)
        super().__init__(
            data,
            initial={"job_title": member.job_title, "help_with": profile.help_with, "about": profile.about},
        )
