"""Choosing one of several hundred organisations by typing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from django.forms import ValidationError

from network.forms.organisation import OrganisationField
from network.models import Organisation

Make = Callable[..., Organisation]


@pytest.fixture
def make(db: None) -> Make:
    def organisation(name: str, short_name: str, slug: str, **more: date) -> Organisation:
        return Organisation.objects.create(name=name, short_name=short_name, slug=slug, **more)

    return organisation


@pytest.mark.parametrize("typed", ["Kent County Council", "  kent   county council ", "kent", "Kent Co"])
def test_a_name_a_short_name_or_the_beginning_of_one_is_enough(make: Make, typed: str) -> None:
    kent = make("Kent County Council", "Kent", "kent")
    make("Kentish Fire", "Kentish", "kentish")

    assert OrganisationField().clean(typed) == kent


def test_what_fits_several_or_none_is_asked_again_with_what_was_typed(make: Make) -> None:
    make("Kent County Council", "Kent", "kent")
    make("Kentish Fire", "Kentish", "kentish")
    make("Old District", "Old", "old", ends_on=date(2020, 4, 1))

    for typed, said in (
        ("ken", "2 begin with “ken”"),
        ("Elsewhere", "“Elsewhere” is not in it"),
        ("Old District", "“Old District” is not in it"),
        ("", "Choose an organisation from the list"),
    ):
        with pytest.raises(ValidationError, match=said):
            OrganisationField().clean(typed)
    assert OrganisationField(required=False).clean(" ") is None


def test_two_of_one_name_are_told_apart(make: Make) -> None:
    for slug in ("one", "two"):
        make("Newtown Council", "Newtown", slug)
    field = OrganisationField()

    with pytest.raises(ValidationError, match="2 begin with"):
        field.clean("Newtown Council")
    assert field.clean("Newtown Council (two)").slug == "two"
    assert field.prepare_value(Organisation.objects.get(slug="one")) == "Newtown Council (one)"
    html = field.widget.render("organisation", "", {"id": "id_organisation"})
    assert 'list="id_organisation-list"' in html
    assert '<datalist id="id_organisation-list"><option value="Newtown Council (one)">' in html
