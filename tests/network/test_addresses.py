"""Which address belongs to which council: the whole domain after the last @, and nothing that merely looks alike."""

from __future__ import annotations

import pytest
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from network.actions.admission import HasAccount, begin_sign_up, prove_mailbox
from network.forms import SignUpForm, WorkEmailField
from network.models import Admission, Member, Organisation, OrganisationDomain
from network.models.member import mailbox_of
from network.models.organisation import domain_of
from network.permissions import can_ask_for_admission, can_be_admitted


@pytest.fixture
def kent(db: None) -> Organisation:
    kent = Organisation.objects.create(name="Kent County Council", short_name="Kent", slug="kent", la_code="KEN")
    OrganisationDomain.objects.create(organisation=kent, domain="kent.gov.uk", source="register")
    return kent


@pytest.mark.parametrize(
    "address",
    [
        "a@kent.gov.uk",
        "A.Officer@KENT.GOV.UK",
        "  a@kent.gov.uk\n",
        "a@\uff4b\uff45\uff4e\uff54.gov.uk",  # full-width letters, which mail takes for plain ones
        "a+team@kent.gov.uk",
        "o'neill@kent.gov.uk",
        "a" * 64 + "@kent.gov.uk",
    ],
)
def test_an_officer_of_kent_is_known_by_the_address(kent: Organisation, address: str) -> None:
    form = SignUpForm({"email": address, "name": "An Officer"})

    assert form.is_valid(), form.errors
    assert form.cleaned_data["email"].endswith("@kent.gov.uk")
    assert form.cleaned_data["email"].isascii()
    assert form.cleaned_data["email"] == form.cleaned_data["email"].lower()


@pytest.mark.parametrize(
    "address",
    [
        "a@evilkent.gov.uk",  # an ending is not the domain
        "a@mail.kent.gov.uk",  # nor is what stands below it
        "a@kent-gov.gov.uk",
        "a@kent.gov.uk.gov.uk",
        "a+kent.gov.uk@another.gov.uk",
        "A@EVILKENT.GOV.UK",
        "a@\uff45\uff56\uff49\uff4ckent.gov.uk",  # full-width letters become plain ones, of another body
    ],
)
def test_an_officer_of_another_public_body_waits_for_an_administrator(kent: Organisation, address: str) -> None:
    form = SignUpForm({"email": address, "name": "An Officer"})

    assert form.is_valid(), form.errors
    member = begin_sign_up(form.cleaned_data["email"])
    assert prove_mailbox(member, None) is None
    assert not Admission.objects.exists()
    assert not can_be_admitted(member, kent)
    assert can_ask_for_admission(member)


@pytest.mark.parametrize(
    "address",
    [
        "a@kent.gov.uk.evil.example",
        '"a@kent.gov.uk"@evil.example',
        '"a"@kent.gov.uk',  # a second way to write one mailbox
        "a@evil.example@kent.gov.uk",
        "a@kent.gov.uk@evil.example",
        "a@kent.gov.uk.",
        "a@gov.uk",
        "a@.gov.uk",
        "a@..gov.uk",
        "a@evilgov.uk",
        "a@kent.gov.uk.",
        "a@kent.gov.uk@",
        "+a@kent.gov.uk",
        "a@kent.gov.uk\nbcc: b@evil.example",
        "a\n@kent.gov.uk",
        "a@ kent.gov.uk",
        "a@k\u0435nt.gov.uk",  # the second letter is Cyrillic
        "a@ken\u03c4.gov.uk",  # the last one Greek
        "a@xn--knt-6kc.gov.uk",  # the same, written as mail would
        "\uff41@kent.gov.uk",  # full-width before the @: no mailbox we could write to
        "a@kent\u3002gov\u3002uk",  # full-width dots: no browser and no mail program writes them
        "a@[127.0.0.1]",
        "a" * 308 + "@kent.gov.uk",  # 320 characters
        "a" * 64 + "@" + ".".join(["k" * 61] * 4) + ".gov.uk",  # 320 characters, each part short enough
        "a@" + "k" * 300 + ".gov.uk",
        "@kent.gov.uk",
        "kent.gov.uk",
        "a@",
        "a\x00@kent.gov.uk",
        "",
    ],
)
def test_nobody_else_is(kent: Organisation, address: str) -> None:
    form = SignUpForm({"email": address, "name": "A Stranger"})

    assert not form.is_valid()
    assert "email" in form.errors


@pytest.mark.parametrize("address", ["a+team@kent.gov.uk", "A+x+y@kent.gov.uk", "a+@kent.gov.uk", " a@kent.gov.uk"])
def test_addresses_with_and_without_a_tag_are_one_mailbox_and_one_account(kent: Organisation, address: str) -> None:
    assert WorkEmailField().clean(address) == "a@kent.gov.uk"
    assert mailbox_of(address) == "a@kent.gov.uk"

    first = begin_sign_up("a@kent.gov.uk")
    assert begin_sign_up(address) == first
    prove_mailbox(first, None)
    with pytest.raises(HasAccount):
        begin_sign_up(address)
    assert Member.objects.count() == 1


def test_an_account_made_with_a_tag_is_that_of_the_mailbox(db: None) -> None:
    assert Member.objects.create_user("a+admin@kent.gov.uk").email == "a@kent.gov.uk"


def test_a_council_that_has_ended_lets_nobody_in(kent: Organisation) -> None:
    kent.ends_on = timezone.localdate()
    kent.save()

    assert not Organisation.objects.with_address("a@kent.gov.uk").exists()
    assert prove_mailbox(begin_sign_up("a@kent.gov.uk"), None) is None


def test_an_unknown_domain_is_named_in_the_error(kent: Organisation) -> None:
    form = SignUpForm({"email": "a@evil.example", "name": "A Stranger"})

    assert form.errors["email"] == ["Enter an address at a council's email domain. We do not know evil.example as one."]
    assert form.domain_is_unknown


@settings(deadline=None)  # how busy the machine is says nothing of the code
@given(st.text(max_size=60))
def test_no_text_makes_a_domain_that_mail_could_not_have(text: str) -> None:
    domain = domain_of(f"a@{text}")

    assert domain.isascii()
    assert domain == domain.lower()
    assert set(domain) <= set("abcdefghijklmnopqrstuvwxyz0123456789.-")


@settings(deadline=None)  # how busy the machine is says nothing of the code
@given(st.emails())
def test_a_cleaned_address_stays_as_it_is_when_cleaned_again(address: str) -> None:
    field = WorkEmailField()
    try:
        cleaned = field.clean(address)
    except Exception:
        return
    assert field.clean(cleaned) == cleaned


class TestCouncilsThatShareADomain:
    @pytest.fixture
    def pair(self, db: None) -> list[Organisation]:
        pair = [
            Organisation.objects.create(name=f"{name} Council", short_name=name, slug=name.lower(), la_code=name[:3])
            for name in ("Adur", "Worthing")
        ]
        for council in pair:
            OrganisationDomain.objects.create(organisation=council, domain="adur-worthing.gov.uk", source="register")
        return pair

    def test_the_question_is_put_once_the_address_is_known(self, pair: list[Organisation]) -> None:
        form = SignUpForm({"email": "a@adur-worthing.gov.uk", "name": "An Officer"})

        assert form.is_valid()
        assert form.asks_for_council
        assert list(form.fields["organisation"].queryset) == pair
        assert not form.errors

    def test_leaving_it_open_the_second_time_is_an_error(self, pair: list[Organisation]) -> None:
        form = SignUpForm({"email": "a@adur-worthing.gov.uk", "name": "An Officer", "council_asked": "yes"})

        assert form.errors == {"organisation": ["Select the council you work for"]}

    def test_a_council_that_does_not_share_it_cannot_be_chosen(self, pair: list[Organisation]) -> None:
        other = Organisation.objects.create(name="Kent County Council", short_name="Kent", slug="kent")
        form = SignUpForm(
            {
                "email": "a@adur-worthing.gov.uk",
                "name": "An Officer",
                "council_asked": "yes",
                "organisation": str(other.pk),
            }
        )

        assert form.errors == {"organisation": ["Select the council you work for"]}

    def test_the_answer_is_taken(self, pair: list[Organisation]) -> None:
        form = SignUpForm(
            {
                "email": "a@adur-worthing.gov.uk",
                "name": "An Officer",
                "council_asked": "yes",
                "organisation": str(pair[1].pk),
            }
        )

        assert form.is_valid()
        assert form.cleaned_data["organisation"] == pair[1]
        assert not form.asks_for_council
