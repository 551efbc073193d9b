from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.forms import BoundField
from django.utils import timezone
from django.utils.dateformat import format as format_date

from forums.models import Thread
from forums.models.reading import USUAL, Level
from network.models import Network, Theme

LEVELS = [
    (Level.MUTE.value, "Mute: never marked as unread"),
    (Level.NORMAL.value, "Normal: marked as unread"),
    (Level.FOLLOW.value, "Follow: also under Following"),
    (Level.WATCH.value, "Watch: a notice of every post"),
]
UNCHOSEN = (USUAL, "Automatic")
LEVEL_WORDS = {Level.MUTE: "Muted", Level.NORMAL: "Normal", Level.FOLLOW: "Following", Level.WATCH: "Watching"}
MORNING = time(8)  # when reminders come, London time
MOST = 500  # things of a kind in one form
FURTHEST = timedelta(days=730)  # ahead that somebody can ask to be reminded


class LevelField(forms.ChoiceField):
    """How much somebody wants to hear; USUAL takes a choice back."""

    def __init__(self, of: str = "", **kwargs: Any) -> None:
        about = f" for {of}" if of else ""
        super().__init__(
            label=f"How much you want to hear of {of}" if of else "How much you want to hear",
            choices=[UNCHOSEN, *LEVELS],
            error_messages={
                "required": f"Choose a level{about}",
                "invalid_choice": f"Choose a level{about} from the list",
            },
            **kwargs,
        )


class LevelForm(forms.Form):
    level = LevelField()


@dataclass(frozen=True, slots=True)
class Heard:
    """Something of which somebody hears more or less."""

    thing: Network | Theme | Thread
    level: str  # what they chose, empty where they did not

    @property
    def field(self) -> str:
        return f"{type(self.thing).__name__.lower()}-{self.thing.pk}"


class LevelsForm(forms.Form):
    """How much somebody wants to hear of many things. Each field says what stood in it when it was shown: what was
    chosen elsewhere meanwhile is not undone by a page that was opened before."""

    def __init__(self, heard: list[Heard], data: Mapping[str, Any] | None = None) -> None:
        super().__init__(data)
        self.heard = heard
        for one in heard:
            of = one.thing.title if isinstance(one.thing, Thread) else one.thing.name
            self.fields[one.field] = LevelField(of, initial=one.level or USUAL, show_hidden_initial=True)

    @staticmethod
    def typed_in(data: Mapping[str, Any], kind: str) -> list[int]:
        """Of which things of a kind a form that was sent says something: their numbers, of so many as one page has."""
        named = [name.removeprefix(f"{kind}-") for name in data if name.startswith(f"{kind}-")]
        return [int(number) for number in named if re.fullmatch(r"[0-9]{1,18}", number)][:MOST]

    @property
    def changed(self) -> list[tuple[Network | Theme | Thread, str]]:
        """Of a valid form: what was chosen otherwise."""
        return [(one.thing, self.cleaned_data[one.field]) for one in self.heard if one.field in self.changed_data]

    def rows(self, kind: type) -> list[LevelRow]:
        """Of networks, themes or threads."""
        return [LevelRow(one, self[one.field]) for one in self.heard if isinstance(one.thing, kind)]


@dataclass(frozen=True, slots=True)
class LevelRow:
    heard: Heard
    bound: BoundField

    @property
    def shown_before(self) -> str:
        """The hidden field that says what stood in this one when it was shown."""
        return self.bound.as_hidden(only_initial=True)


class BookmarkForm(forms.Form):
    """When somebody is to be reminded of a thread; `remind_at` says it as a moment, None for never."""

    remind = forms.ChoiceField(
        label="Remind me",
        widget=forms.RadioSelect,
        error_messages={"required": "Choose whether to be reminded", "invalid_choice": "Choose one of these"},
    )
    on = forms.DateField(
        label="Date",
        required=False,
        widget=forms.DateInput,
        error_messages={"invalid": "Enter a real date"},
    )

    def __init__(self, *args: Any, now: datetime | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        today = timezone.localdate(now)
        tomorrow = today + timedelta(days=1)
        # The next Monday after tomorrow: on a Sunday there would be one day under two names.
        self.dates = {"tomorrow": tomorrow, "week": tomorrow + timedelta(days=7 - tomorrow.weekday())}
        self.today = today
        remind = self.fields["remind"]
        assert isinstance(remind, forms.ChoiceField)
        remind.choices = [
            ("never", "No reminder"),
            ("tomorrow", f"Tomorrow, {_day(self.dates['tomorrow'])}"),
            ("week", f"Next week, {_day(self.dates['week'])}"),
            ("date", "On a date"),
        ]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("remind") == "date" and "on" not in self.errors:
            day = cleaned.get("on")
            if day is None:
                self.add_error("on", "Enter the date on which to remind you")
            elif not self.today < day <= self.today + FURTHEST:
                self.add_error("on", "The date must be after today and within two years")
        return cleaned

    @property
    def remind_at(self) -> datetime | None:
        """Of a valid form."""
        day: date | None = {**self.dates, "date": self.cleaned_data["on"]}.get(self.cleaned_data["remind"])
        return timezone.make_aware(datetime.combine(day, MORNING)) if day else None


def _day(day: date) -> str:
    return format_date(day, "l j F")
