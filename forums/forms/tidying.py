"""What facilitators do to several posts, or to a whole thread."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.utils import timezone
from django.utils.dateformat import format as format_date

from forums.actions.pinning import LONGEST
from forums.forms.post import LegibleField
from forums.models import Post, Thread
from network.models import Member, Network, Theme, Viewer

WORDS_OFFERED = 20  # titles in a list of what was meant
_ADDRESS = re.compile(r"^/threads/([0-9]{1,18})[-/]")


class ThreadField(forms.CharField):
    """A thread, by its address or by the number in it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            label="The other thread",
            help_text="Copy its address from the top of your browser, or enter some words of its title.",
            max_length=500,
            widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
            error_messages={"required": "Enter the address of the other thread, or words of its title"},
            **kwargs,
        )


def thread_meant(typed: str, thread: Thread, member: Member) -> tuple[Thread | None, list[Thread]]:
    """By an address, a number or words of its title: the thread, or those that may be meant. Of those that the member
    may read, and by words only those of the same network."""
    seen = Thread.objects.visible_to(member).select_related("network", "theme").exclude(pk=thread.pk)
    named = _ADDRESS.match(urlsplit(typed).path)
    number = named[1] if named else typed.removeprefix("#")
    if number.isascii() and number.isdecimal() and len(number) < 19:
        return seen.filter(pk=int(number)).first(), []
    here = seen.filter(network=thread.network_id)
    for word in typed.split()[:10]:
        here = here.filter(title__icontains=word)
    found = list(here.latest_first()[: WORDS_OFFERED + 1])
    return (found[0], []) if len(found) == 1 else (None, found[:WORDS_OFFERED])


class IntoForm(forms.Form):
    """Another thread, into which posts go."""

    into = ThreadField()

    def __init__(self, thread: Thread, member: Member, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(data)
        self._thread, self._member = thread, member
        self.offered: list[Thread] = []

    def clean_into(self) -> Thread:
        meant, self.offered = thread_meant(self.cleaned_data["into"], self._thread, self._member)
        if meant is None:
            raise forms.ValidationError(
                "Several threads have these words in their title. Choose one of them"
                if self.offered
                else "There is no other thread with this address or title in the network"
            )
        return meant


class TidyForm(forms.Form):
    """Which posts of a page, and what becomes of them. Each thing that can be done asks for its own fields."""

    HIDE, SPLIT, GATHER = "hide", "split", "gather"

    chosen = forms.TypedMultipleChoiceField(
        label="Posts",
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": "Select the posts first",
            "invalid_choice": "One of these posts is no longer on this page. Look at the page again",
        },
    )
    do = forms.ChoiceField(
        label="What to do with them",
        choices=[
            (HIDE, "Hide them"),
            (SPLIT, "Move them to a new thread"),
            (GATHER, "Move them to another thread"),
        ],
        widget=forms.RadioSelect,
        error_messages={
            "required": "Choose what to do with the posts",
            "invalid_choice": "Choose one of these",
        },
    )
    reason = LegibleField(
        label="Why are you hiding them?",
        help_text="Their authors read this. Help them see what to write differently.",
        required=False,
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"max_length": "The reason can have at most 300 characters"},
    )
    title = LegibleField(
        label="Title of the new thread",
        required=False,
        max_length=150,
        error_messages={"max_length": "The title can have at most 150 characters"},
    )
    theme = forms.ModelChoiceField(
        queryset=Theme.objects.none(),
        label="Theme of the new thread",
        required=False,
        empty_label=None,
        error_messages={"invalid_choice": "Choose a theme from the list"},
    )
    into = ThreadField(required=False)

    def __init__(
        self, thread: Thread, member: Member, posts: list[Post], data: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(data, initial={"theme": thread.theme_id})
        self._thread, self._member = thread, member
        self.offered: list[Thread] = []
        chosen, theme = self.fields["chosen"], self.fields["theme"]
        assert isinstance(chosen, forms.TypedMultipleChoiceField)
        assert isinstance(theme, forms.ModelChoiceField)
        chosen.choices = [(post.number, str(post.number)) for post in posts]
        theme.queryset = Theme.objects.visible_to(member).of_network(thread.network)

    @property
    def ticked(self) -> set[str]:
        return {str(number) for number in self["chosen"].value() or []}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        match cleaned.get("do"):
            case self.HIDE if not cleaned.get("reason") and "reason" not in self.errors:
                self.add_error("reason", "Enter why you are hiding them")
            case self.SPLIT:
                if not cleaned.get("title") and "title" not in self.errors:
                    self.add_error("title", "Enter a title")
                if not cleaned.get("theme") and "theme" not in self.errors:
                    self.add_error("theme", "Choose a theme")
            case self.GATHER if "into" not in self.errors:
                self._find(cleaned)
        return cleaned

    def _find(self, cleaned: dict[str, Any]) -> None:
        if not cleaned.get("into"):
            self.add_error("into", self.fields["into"].error_messages["required"])
            return
        into = IntoForm(self._thread, self._member, {"into": cleaned["into"]})
        if into.is_valid():
            cleaned["thread"] = into.cleaned_data["into"]
        else:
            self.offered = into.offered
            self.add_error("into", into.errors["into"])


class PinForm(forms.Form):
    """Until when a thread stands above the others."""

    until = forms.ChoiceField(
        label="Until when?",
        widget=forms.RadioSelect,
        error_messages={"required": "Choose until when", "invalid_choice": "Choose one of these"},
    )
    on = forms.DateField(
        label="Date",
        required=False,
        widget=forms.DateInput,
        error_messages={"invalid": "Enter a real date"},
    )

    def __init__(self, data: Mapping[str, Any] | None = None, *, now: datetime | None = None) -> None:
        super().__init__(data)
        self.today = timezone.localdate(now)
        self.dates = {"week": self.today + timedelta(days=7), "month": self.today + timedelta(days=30)}
        until = self.fields["until"]
        assert isinstance(until, forms.ChoiceField)
        until.choices = [
            ("week", f"For a week, until {_day(self.dates['week'])}"),
            ("month", f"For 30 days, until {_day(self.dates['month'])}"),
            ("date", "Until another date"),
        ]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("until") == "date" and "on" not in self.errors:
            day = cleaned.get("on")
            if day is None:
                self.add_error("on", "Enter the date until which it is pinned")
            elif not self.today <= day <= self.today + LONGEST:
                self.add_error("on", "The date must be today or within the next year")
        return cleaned

    @property
    def day(self) -> date:
        """Of a valid form."""
        chosen: date = {**self.dates, "date": self.cleaned_data["on"]}[self.cleaned_data["until"]]
        return chosen


def _day(day: date) -> str:
    return format_date(day, "l j F")


class NetworkForm(forms.Form):
    """Another network that the facilitator runs, and a theme of it."""

    network = forms.ModelChoiceField(
        queryset=Network.objects.none(),
        label="Network",
        empty_label=None,
        error_messages={
            "required": "Choose a network",
            "invalid_choice": "Choose a network that you facilitate from the list",
        },
    )
    theme = forms.ModelChoiceField(
        queryset=Theme.objects.none(),
        label="Theme",
        empty_label=None,
        error_messages={"required": "Choose a theme", "invalid_choice": "Choose a theme from the list"},
    )

    def __init__(self, networks: list[Network], viewer: Viewer, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(data)
        network, theme = self.fields["network"], self.fields["theme"]
        assert isinstance(network, forms.ModelChoiceField)
        assert isinstance(theme, forms.ModelChoiceField)
        network.queryset = Network.objects.of(viewer).filter(pk__in=[one.pk for one in networks])
        theme.queryset = Theme.objects.visible_to(viewer).filter(networks__in=networks).distinct()


class AgreeForm(forms.Form):
    agreed = forms.TypedChoiceField(
        label="Do you agree?",
        coerce=lambda typed: typed == "yes",
        choices=[("yes", "Yes, the thread may move with what I wrote"), ("no", "No, it stays where it is")],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose whether you agree", "invalid_choice": "Choose one of these"},
    )
