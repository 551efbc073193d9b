"""Choosing one of several hundred organisations: typed, with the browser's own suggestions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from network.models import Organisation


def _called(organisations: QuerySet[Organisation]) -> dict[str, Organisation]:
    """Each by what the list calls it: its name, and where several have that name, its name in addresses too."""
    found = list(organisations)
    same = Counter(one.name for one in found)
    return {f"{one.name} ({one.slug})" if same[one.name] > 1 else one.name: one for one in found}


class SuggestingInput(forms.TextInput):
    """A line to type in, which suggests what it takes. Without suggestions it is a line all the same."""

    suggests: QuerySet[Organisation]

    def render(self, name: str, value: Any, attrs: Mapping[str, Any] | None = None, renderer: Any = None) -> SafeString:
        given = dict(attrs or {})
        list_id = f"{given.get('id', name)}-list"
        control = super().render(name, value, given | {"list": list_id}, renderer)
        options = format_html_join("", '<option value="{}">', ((called,) for called in _called(self.suggests.all())))
        return format_html('{}<datalist id="{}">{}</datalist>', control, list_id, options)


class OrganisationField(forms.CharField):
    """Gives back an organisation, or None where nothing was typed and nothing has to be. Takes its name or short name
    in full, in letters of either case, or a beginning that only one of them has."""

    def __init__(self, organisations: QuerySet[Organisation] | None = None, **kwargs: Any) -> None:
        kwargs.setdefault("help_text", "Start typing its name, and choose it from the list.")
        super().__init__(
            max_length=250,
            widget=SuggestingInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
            error_messages={
                "required": "Choose an organisation from the list",
                "max_length": "Choose an organisation from the list",
            },
            **kwargs,
        )
        self.organisations = Organisation.objects.current() if organisations is None else organisations
        self.widget.suggests = self.organisations

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, Organisation):
            return next((called for called, one in _called(self.organisations.all()).items() if one == value), "")
        return value

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(super().has_changed(self.prepare_value(initial), data))

    def clean(self, value: Any) -> Any:
        typed = " ".join(str(super().clean(value)).split()).casefold()
        if not typed:
            return None
        there = _called(self.organisations.all())
        named = [one for called, one in there.items() if called.casefold() == typed]
        named = named or [one for one in there.values() if one.short_name.casefold() == typed]
        named = named or [
            one
            for called, one in there.items()
            if called.casefold().startswith(typed) or one.short_name.casefold().startswith(typed)
        ]
        if len(named) == 1:
            return named[0]
        problem = f"Choose an organisation from the list: “{value.strip()}” is not in it"
        if named:
            problem = f"Choose an organisation from the list: {len(named)} begin with “{value.strip()}”"
        raise forms.ValidationError(problem, code="not_one")
