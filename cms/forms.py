"""The shape of what editors put in, beyond what Wagtail makes of the models."""

from __future__ import annotations

from datetime import date
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.utils import timezone
from wagtail.admin.forms import WagtailAdminPageForm
from wagtail.admin.widgets import AdminDateInput

from cms.permissions import can_be_discussed, can_be_discussed_in, can_review
from network.models import Member, Network, Organisation, Theme, Viewer
from network.models.standing import standing_of
from network.models.tag import clean_tags
from network.search import Filters

# What a role means to whoever gives it.
ABOUT_ROLES = {
    "Editors": "Editor: writes pages and sends them to be published",
    "Publishers": "Publisher: publishes pages as well",
    "Administrators": "Administrator: looks after members, organisations and networks as well",
}


class SearchForm(forms.Form):
    """What somebody looks for, and among what. Offers a viewer only what they may see."""

    q = forms.CharField(
        label="Search the hub",
        required=False,
        max_length=200,
        error_messages={"max_length": "Search for %(limit_value)d characters or fewer."},
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off", "autocapitalize": "none"}),
    )
    newest = forms.BooleanField(label="Newest first", required=False)
    kind = forms.MultipleChoiceField(label="What", required=False, widget=forms.CheckboxSelectMultiple)
    network = forms.ChoiceField(label="Network", required=False)
    theme = forms.CharField(
        label="Theme", required=False, max_length=100, help_text="Its name, or the beginning of it."
    )
    tag = forms.CharField(label="Tag", required=False, max_length=100)
    council = forms.CharField(
        label="Council of whoever wrote it",
        required=False,
        max_length=200,
        help_text="Its name, or the beginning of it.",
    )
    author = forms.CharField(
        label="Written by", required=False, max_length=150, help_text="A name, or the beginning of it."
    )
    answered = forms.ChoiceField(
        label="Questions",
        required=False,
        choices=[("", "Answered or not"), ("yes", "Answered"), ("no", "Not answered yet")],
    )
    since = forms.DateField(
        label="From",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={"invalid": "Enter the first day as a date, such as 27/3/2026."},
    )
    until = forms.DateField(
        label="To",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={"invalid": "Enter the last day as a date, such as 27/3/2026."},
    )
    thread = forms.IntegerField(required=False, min_value=1, max_value=2**31, widget=forms.HiddenInput)

    FILTERS = ("kind", "network", "theme", "tag", "council", "author", "answered", "since", "until")

    def __init__(self, viewer: Viewer, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.viewer = viewer
        networks = standing_of(viewer).networks if viewer.is_authenticated else []
        self.networks = {network.slug: network for network in networks}
        kinds = [("pages", "Pages"), ("events", "Events")]
        if networks:
            kinds += [("threads", "Threads"), ("rooms", "Live rooms"), ("people", "People")]
        choices = {
            "kind": kinds,
            "network": [("", "Any network"), *((network.slug, network.name) for network in networks)],
        }
        for name, offered in choices.items():
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = offered
            field.error_messages["invalid_choice"] = f"Choose from the list under “{field.label}”."
        if not networks:
            for name in ("network", "council", "author", "answered"):
                del self.fields[name]

    def clean_theme(self) -> int | None:
        return self._named("theme", Theme.objects.visible_to(self.viewer), "No theme is called", "themes")

    def clean_tag(self) -> str:
        return " ".join(str(self.cleaned_data["tag"]).split())

    def clean_council(self) -> int | None:
        councils = Organisation.objects.visible_to(self.viewer)
        return self._named("council", councils, "No council is called", "councils", also="short_name")

    def _named(self, field: str, things: QuerySet[Any], none: str, several: str, also: str = "name") -> int | None:
        """The key of the one that is called as somebody typed, or that alone begins so. Raises ValidationError."""
        typed = " ".join(str(self.cleaned_data[field]).split())
        if not typed:
            return None
        for names in ("iexact", "istartswith"):
            found = list(things.filter(Q(**{f"name__{names}": typed}) | Q(**{f"{also}__{names}": typed}))[:2])
            if len(found) == 1:
                return int(found[0].pk)
            if found:
                raise ValidationError(f"Several {several} begin with “{typed}”. Enter more of the name.")
        raise ValidationError(f"{none} “{typed}”.")

    def clean_author(self) -> tuple[int, ...]:
        typed = " ".join(str(self.cleaned_data["author"]).split())
        if not typed:
            return ()
        people = Member.objects.in_directory_of(self.viewer).order_by("pk")
        for names in ("iexact", "istartswith"):
            found = tuple(people.filter(**{f"name__{names}": typed}).values_list("pk", flat=True)[:NAMESAKES])
            if found:
                return found
        raise ValidationError(f"Nobody in your networks is called “{typed}”.")

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("since") and given.get("until") and given["until"] < given["since"]:
            self.add_error("until", "The last day must not come before the first.")
        if given.get("q") == "" and self.filters_used():
            self.add_error("q", "Enter what you are looking for. Filters find nothing by themselves.")
        return given

    def filters(self) -> Filters:
        """Of a valid form."""
        given = self.cleaned_data
        network = self.networks.get(given.get("network", ""))
        return Filters(
            kinds=tuple(given["kind"]),
            network=network.pk if network else None,
            theme=given["theme"],
            tag=given["tag"],
            council=given.get("council"),
            authors=given.get("author", ()),
            is_answered={"yes": True, "no": False}.get(given.get("answered", "")),
            since=given["since"],
            until=given["until"],
            thread=given["thread"],
        )

    def filters_used(self) -> int:
        """Without those that this viewer does not have, though the address may name them."""
        return sum(bool(self.data.get(name)) for name in self.FILTERS if name in self.fields)

    def address(self) -> str:
        """What a valid form looks for, as it stands in its address: always in the same order and nothing twice, so that
        two searches for the same are the same text. In which order it is shown is no part of it."""
        given = []
        for name in ("q", *self.FILTERS, "thread"):
            if name not in self.fields:
                continue
            value = self.cleaned_data[name] if name in ("kind", "thread") else self.data.get(name, "")
            if isinstance(value, list):
                given += [(name, one) for one in dict(self.fields[name].choices) if one in value]  # type: ignore[attr-defined]
            elif value:
                given.append((name, " ".join(str(value).split())))
        return urlencode(given)

    def in_words(self) -> str:
        """What a valid form looks for, as the name of a saved search."""
        words = [f"“{' '.join(self.cleaned_data['q'].split())}”"]
        for name in self.FILTERS:
            value = self.data.get(name, "") if name in self.fields else ""
            field = self.fields.get(name)
            if not value or field is None:
                continue
            if isinstance(field, forms.MultipleChoiceField):
                names = dict(field.choices)  # type: ignore[arg-type]
                value = " or ".join(str(names[one]) for one in names if one in self.cleaned_data[name])
            elif isinstance(field, forms.ChoiceField):
                value = dict(field.choices).get(value, value)  # type: ignore[arg-type]
            words.append(f"{str(field.label).lower()}: {value}")
        return ", ".join(words)


NAMESAKES = 20  # or people whose names begin alike


def fix_network(form: WagtailAdminPageForm, name: str, network: Network, why: str) -> None:
    """Shows a network that can no longer be changed, whatever the draft says."""
    form.initial[name] = network.pk
    if name in form.fields:
        form.fields[name].disabled = True
        form.fields[name].help_text = why


class ThemedPageForm(WagtailAdminPageForm):
    """Tags are written as threads write them. A tag that exists is taken in the spelling it has, so with a spelling of
    their own they would tell whoever adds one how a private thread spells it."""

    def clean_tags(self) -> list[str]:
        return clean_tags(self.cleaned_data["tags"])


class GuidancePageForm(ThemedPageForm):
    """Adds the dates of review, which are no fields of the page. Whoever saves finds them in `page.review_given`;
    the second may be None. And, where it is discussed, whether what is published next is a small correction, in
    `page.small_change_given`."""

    reviewed_on = forms.DateField(label="Last reviewed", required=False, widget=AdminDateInput)
    review_by = forms.DateField(label="Next review due", required=False, widget=AdminDateInput)
    small_change = forms.BooleanField(label="What is published next is a small correction", required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The first publishing is the first review; from then on a publisher may say that there was another.
        lifecycle = getattr(self.instance, "lifecycle", None) if self.instance.pk else None
        may_review = lifecycle and self.for_user and can_review(self.for_user, self.instance)
        for name in ("reviewed_on", "review_by"):
            if may_review:
                self.initial[name] = getattr(lifecycle, name)
            else:
                self.fields.pop(name, None)
        link = getattr(self.instance, "page_thread", None) if self.instance.pk else None
        if link and lifecycle:
            self.initial["small_change"] = lifecycle.is_small_change
        else:
            self.fields.pop("small_change", None)
        if link:
            fix_network(self, "discuss_in", link.thread.network, "The discussion has begun, and it stays there.")

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean()
        self._check_review(given)
        self._check_discussion(given)
        self.instance.small_change_given = given.get("small_change")
        return given

    def _check_review(self, given: dict[str, Any]) -> None:
        reviewed_on: date | None = given.get("reviewed_on")
        review_by: date | None = given.get("review_by")
        if reviewed_on and reviewed_on > timezone.localdate():
            self.add_error("reviewed_on", "The date of the last review cannot be in the future.")
        if review_by and not reviewed_on:
            self.add_error("reviewed_on", "Say when the page was last reviewed.")
        if reviewed_on and review_by and review_by <= reviewed_on:
            self.add_error("review_by", "The next review must be after the last.")
        self.instance.review_given = None
        if {"reviewed_on", "review_by"} & set(self.changed_data) and reviewed_on:
            self.instance.review_given = (reviewed_on, review_by)

    def _check_discussion(self, given: dict[str, Any]) -> None:
        network = given.get("discuss_in")
        if not network or self.fields["discuss_in"].disabled:
            return
        for verdict in (
            can_be_discussed(self.instance if self.instance.pk else self.parent_page),
            can_be_discussed_in(network, given.get("themes") or ()),
        ):
            if not verdict:
                raise ValidationError({"discuss_in": verdict.reason})


class EventPageForm(ThemedPageForm):
    """Keeps an event in the network of its live room: what was said there was said to its members."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        event_room = getattr(self.instance, "event_room", None) if self.instance.pk else None
        if event_room:
            fix_network(self, "network", event_room.room.network, "The event has a live room there, so this stays.")


class RolesForm(forms.Form):
    roles = forms.MultipleChoiceField(
        label="Roles in the hub",
        choices=list(ABOUT_ROLES.items()),
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text="All administrators are told by mail when somebody is given a role.",
    )
