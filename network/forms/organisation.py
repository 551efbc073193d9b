"""Choosing one of several hundred organisations: typed, with the browser's own suggestions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from django import forms
from django.db.models import QuerySet
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from network.models import Organisation

Meant = TypeVar("Meant")


def _called(organisations: QuerySet[Organisation]) -> dict[str, Organisation]:
    """Each by what the list calls it: its name, and where several have that name, its name in addresses too."""
    found = list(organisations)
    same = Counter(one.name for one in found)
    return {f"{one.name} ({one.slug})" if same[one.name] > 1 else one.name: one for one in found}


def meant(typed: str, there: Iterable[tuple[tuple[str, ...], Meant]]) -> list[Meant]:
    """Which of them somebody means by what they typed, in letters of either case: whatever is called so in full, first
    by its first name, or else whatever has a name that begins so."""
    called = [(tuple(name.casefold() for name in names), one) for names, one in there]
    wanted = " ".join(typed.split()).casefold()
    return (
        [one for names, one in called if names[0] == wanted]
        or [one for names, one in called if wanted in names]
        or [one for names, one in called if any(name.startswith(wanted) for name in names)]
    )


class SuggestingInput(forms.TextInput):
    """A line to type in, which suggests what it takes. Without suggestions it is a line all the same."""

    suggests: Callable[[], Iterable[str]]

    def render(self, name: str, value: Any, attrs: Mapping[str, Any] | None = None, renderer: Any = None) -> SafeString:
        given = dict(attrs or {})
        list_id = f"{given.get('id', name)}-list"
        control = super().render(name, value, given | {"list": list_id}, renderer)
        options = format_html_join("", '<option value="{}">', ((called,) for called in self.suggests()))
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
        self.widget.suggests = lambda: _called(self.organisations.all())

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
        named = meant(typed, [((called, one.short_name), one) for called, one in there.items()])
        if len(named) == 1:
            return named[0]
        problem = f"Choose an organisation from the list: “{value.strip()}” is not in it"
        if named:
            problem = f"Choose an organisation from the list: {len(named)} begin with “{value.strip()}”"
        raise forms.ValidationError(problem, code="not_one")
