from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.dateformat import format as format_date

from forums.models.reading import USUAL, Level

LEVELS = [
    (Level.MUTE.value, "Mute: never marked as unread"),
    (Level.NORMAL.value, "Normal: marked as unread"),
    (Level.FOLLOW.value, "Follow: also under Following"),
    (Level.WATCH.value, "Watch: a notice of every post"),
]
UNCHOSEN = (USUAL, "Automatic")
LEVEL_WORDS = {Level.MUTE: "Muted", Level.NORMAL: "Normal", Level.FOLLOW: "Following", Level.WATCH: "Watching"}
MORNING = time(8)  # when reminders come, London time
FURTHEST = timedelta(days=730)  # ahead that somebody can ask to be reminded


class LevelForm(forms.Form):
    """How much somebody wants to hear; USUAL takes a choice back."""

    level = forms.ChoiceField(
        label="How much you want to hear",
        choices=[UNCHOSEN, *LEVELS],
        error_messages={"required": "Choose a level", "invalid_choice": "Choose a level from the list"},
    )


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
        help_text="For “On a date” only.",
        widget=forms.DateInput,
        error_messages={"invalid": "Enter a real date"},
    )

    def __init__(self, *args: Any, now: datetime | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        today = timezone.localdate(now)
        self.dates = {"tomorrow": today + timedelta(days=1), "week": today + timedelta(days=7 - today.weekday())}
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
