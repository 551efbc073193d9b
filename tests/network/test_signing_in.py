"""Signing up, in and out: the pages, the mails, and what a stranger may not learn from them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from smtplib import SMTPRecipientsRefused
from typing import Any
from unittest.mock import Mock

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.cache import cache
from django.core.mail import EmailMessage
from django.template.loader import get_template
from django.test import Client
from django.utils import timezone

from network.actions.admission import begin_sign_up, open_account
from network.models import Member, Organisation, OrganisationDomain
from tests.cast import Cast

SIGN_IN = "/account/login/code/"
SIGN_IN_CODE = "/account/login/code/confirm/"
SIGN_UP = "/account/signup/"
SIGN_UP_CODE = "/account/signup/confirm/"
NORA = "nora@newtown.example.org"


@pytest.fixture
def newtown(cast: Cast) -> OrganisationDomain:
    council = Organisation.objects.create(name="Newtown Council", short_name="Newtown", slug="newtown", la_code="XNT")
    return OrganisationDomain.objects.create(organisation=council, domain="newtown.example.org", source="register")


def code_sent(to: str) -> str:
    message = mail.outbox[-1]
    assert message.to == [to]
    found = re.search(r"^\s+([A-Z]{3}-[A-Z]{3})$", str(message.body), re.MULTILINE)
    assert found, message.body
    return found[1]


def wrong(code: str) -> str:
    return "ZZZ-ZZZ" if code != "ZZZ-ZZZ" else "BBB-BBB"


def text_of(response: Any) -> str:
    """What is read on the page, without what differs by chance."""
    return re.sub(r'value="[^"]*"|\s+', " ", response.content.decode())


def is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


class TestSigningUp:
    def test_an_officer_signs_up_with_name_address_and_code(self, client: Client, newtown: OrganisationDomain) -> None:
        response = client.post(SIGN_UP, {"email": "Nora@Newtown.Example.org", "name": "Nora  New"})
        assert response["Location"] == SIGN_UP_CODE
        assert NORA in client.get(SIGN_UP_CODE).content.decode()

        response = client.post(SIGN_UP_CODE, {"code": code_sent(NORA)})

        assert response["Location"] == "/welcome/"
        nora = Member.objects.get(email=NORA)
        assert (nora.name, nora.organisation, nora.admission.domain) == ("Nora New", newtown.organisation, newtown)
        assert is_signed_in(client)
        assert "You are here for Newtown Council" in client.get("/welcome/").content.decode()

    def test_the_code_may_be_pasted_as_it_comes(self, client: Client, newtown: OrganisationDomain) -> None:
        client.post(SIGN_UP, {"email": NORA, "name": "Nora New"})
        client.post(SIGN_UP_CODE, {"code": f"  {code_sent(NORA).lower().replace('-', ' ')} "})

        assert is_signed_in(client)

    def test_before_the_code_there_is_nobody(self, client: Client, newtown: OrganisationDomain) -> None:
        client.post(SIGN_UP, {"email": NORA, "name": "Nora New"})

        assert not is_signed_in(client)
        assert Member.objects.get(email=NORA) in Member.objects.unproved()
        assert Member.objects.get(email=NORA).name == ""
        for address in ("/welcome/", "/notices/", "/networks/ai/join/"):
            assert client.get(address).status_code == 302

    def test_an_unknown_domain_makes_no_account_and_says_how_to_ask(self, client: Client, cast: Cast) -> None:
        response = client.post(SIGN_UP, {"email": "eve@evil.example", "name": "Eve"})
        page = response.content.decode()

        assert "<title>Error: Create an account" in page
        assert "We do not know evil.example as one" in page
        assert 'href="/contact/"' in page
        assert 'value="eve@evil.example"' in page
        assert 'value="Eve"' in page
        assert not Member.objects.filter(email="eve@evil.example").exists()
        assert mail.outbox == []

    @pytest.mark.parametrize(
        ("name", "said"),
        [
            ("Nora\u202egro.elpmaxe", "invisible characters"),
            ("Bob\u200b Belongs", "invisible characters"),
            ("\u3164", "invisible characters"),
            ("12 34", "must have letters"),
            ("Bob](https://example.org) [x", "must not have any of the signs"),
            ("Bob` <b>", "must not have any of the signs"),
            ("---", "must have letters"),
            ("The hub", "Enter your own name"),
            ("THE  HUB", "Enter your own name"),
            ("\uff27uildhall", "Enter your own name"),
            ("Former member", "Enter your own name"),
            ("A member.", "Enter your own name"),
            ("Guíldhall", "Enter your own name"),
        ],
    )
    def test_nobody_goes_by_a_name_that_deceives(
        self, client: Client, newtown: OrganisationDomain, name: str, said: str
    ) -> None:
        page = client.post(SIGN_UP, {"email": NORA, "name": name}).content.decode()

        assert "<title>Error: Create an account" in page
        assert said in page
        assert not Member.objects.filter(email=NORA).exists()
        assert mail.outbox == []

    @pytest.mark.parametrize(
        "name", ["Zoë O'Brien-Łukasz", "李明", "Théo Hubbard", "Nora N. 3rd", "عمر حسن", "Ó Méabh"]
    )
    def test_names_of_every_language_are_welcome(self, client: Client, newtown: OrganisationDomain, name: str) -> None:
        assert client.post(SIGN_UP, {"email": NORA, "name": name})["Location"] == SIGN_UP_CODE

    @pytest.mark.parametrize("address", [SIGN_IN, SIGN_UP])
    def test_a_letter_that_becomes_another_in_the_mail_is_refused(
        self, client: Client, newtown: OrganisationDomain, address: str
    ) -> None:
        page = client.post(address, {"email": "\u017fam@newtown.example.org", "name": "Sam"}).content.decode()

        assert "<title>Error:" in page
        assert "without accents or special letters before the @" in page
        assert mail.outbox == []

    def test_where_councils_share_a_domain_the_officer_says_which(
        self, client: Client, newtown: OrganisationDomain
    ) -> None:
        oldtown = Organisation.objects.create(name="Oldtown Council", short_name="Oldtown", slug="oldtown")
        OrganisationDomain.objects.create(organisation=oldtown, domain=newtown.domain, source="register")

        page = client.post(SIGN_UP, {"email": NORA, "name": "Nora New"}).content.decode()
        assert "Which council do you work for?" in page
        assert "Error:" not in page
        assert 'value="Nora New"' in page
        assert mail.outbox == []

        asked = {"email": NORA, "name": "Nora New", "council_asked": "yes"}
        page = client.post(SIGN_UP, asked).content.decode()
        assert "<title>Error:" in page
        assert "Select the council you work for" in page

        client.post(SIGN_UP, asked | {"organisation": str(oldtown.pk)})
        client.post(SIGN_UP_CODE, {"code": code_sent(NORA)})
        assert Member.objects.get(email=NORA).organisation == oldtown

    def test_after_five_wrong_codes_the_right_one_is_wrong_too(
        self, client: Client, newtown: OrganisationDomain
    ) -> None:
        client.post(SIGN_UP, {"email": NORA, "name": "Nora New"})
        code = code_sent(NORA)
        for _ in range(4):
            assert "<title>Error:" in client.post(SIGN_UP_CODE, {"code": wrong(code)}).content.decode()
        assert client.post(SIGN_UP_CODE, {"code": wrong(code)}).status_code == 302

        client.post(SIGN_UP_CODE, {"code": code})
        assert not is_signed_in(client)

    def test_after_ten_minutes_the_code_is_over(
        self, client: Client, newtown: OrganisationDomain, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        client.post(SIGN_UP, {"email": NORA, "name": "Nora New"})
        code = code_sent(NORA)
        later = (timezone.now() + timedelta(minutes=10, seconds=1)).timestamp()
        monkeypatch.setattr("allauth.account.internal.flows.code_verification.time.time", lambda: later)

        response = client.post(SIGN_UP_CODE, {"code": code}, follow=True)
        assert not is_signed_in(client)
        assert "That code can no longer be used" in response.content.decode()

    def test_a_name_that_a_stranger_gave_for_an_address_goes_nowhere(self, newtown: OrganisationDomain) -> None:
        stranger, nora = Client(), Client()
        stranger.post(SIGN_UP, {"email": NORA, "name": "Rude Name"})
        cache.clear()  # one mailbox gets no second code within ten seconds
        nora.post(SIGN_UP, {"email": NORA, "name": "Nora New"})
        nora.post(SIGN_UP_CODE, {"code": code_sent(NORA)})

        assert Member.objects.get(email=NORA).name == "Nora New"
        assert is_signed_in(nora)
        assert not is_signed_in(stranger)

    def test_a_code_works_only_in_the_browser_that_asked_for_it(self, newtown: OrganisationDomain) -> None:
        here, elsewhere = Client(), Client()
        here.post(SIGN_UP, {"email": NORA, "name": "Nora New"})
        code = code_sent(NORA)
        elsewhere.post(SIGN_UP_CODE, {"code": code})

        assert not is_signed_in(elsewhere)

    def test_somebody_who_has_an_account_is_told_so_by_mail_alone(
        self, cast: Cast, newtown: OrganisationDomain
    ) -> None:
        known, unknown = Client(), Client()
        first = known.post(SIGN_UP, {"email": cast.bob.email, "name": "Bob"})
        assert "There is one already" in str(mail.outbox[-1].body)
        assert not re.search(r"[A-Z]{3}-[A-Z]{3}", str(mail.outbox[-1].body))
        second = unknown.post(SIGN_UP, {"email": NORA, "name": "Bob"})

        assert (first.status_code, first["Location"]) == (second.status_code, second["Location"])
        assert text_of(known.get(SIGN_UP_CODE)).replace(cast.bob.email, "X") == text_of(
            unknown.get(SIGN_UP_CODE)
        ).replace(NORA, "X")
        assert set(known.cookies) == set(unknown.cookies)
        assert Member.objects.get(pk=cast.bob.pk).name == "Bob Belongs"
        for _ in range(5):
            known.post(SIGN_UP_CODE, {"code": "BCD-FGH"})
        assert not is_signed_in(known)

    def test_the_way_on_is_kept_and_only_within_this_site(self, newtown: OrganisationDomain) -> None:
        for n, (given, shown) in enumerate(
            [("/networks/ai/", True), ("https://evil.example/", False), ("//evil.example/", False)]
        ):
            client = Client()
            email = f"officer{n}@newtown.example.org"
            client.post(SIGN_UP, {"email": email, "name": "An Officer", "next": given})
            response = client.post(SIGN_UP_CODE, {"code": code_sent(email)}, follow=True)

            assert response.request["PATH_INFO"] == "/welcome/"
            assert ("Continue to the page you came for" in response.content.decode()) is shown
            assert "evil.example" not in response.content.decode()


class TestSigningIn:
    @pytest.fixture
    def sign_in(self) -> Callable[[Client, str], Any]:
        def sign_in(client: Client, email: str, **data: str) -> Any:
            client.post(SIGN_IN, {"email": email} | data)
            return client.post(SIGN_IN_CODE, {"code": code_sent(email)} | data)

        return sign_in

    def test_a_member_signs_in_with_a_code(self, client: Client, cast: Cast, sign_in: Callable[..., Any]) -> None:
        response = sign_in(client, cast.bob.email)

        assert response["Location"] == "/"
        assert client.session["_auth_user_id"] == str(cast.bob.pk)

    def test_somebody_who_belongs_nowhere_is_shown_where_they_can(
        self, client: Client, cast: Cast, sign_in: Callable[..., Any]
    ) -> None:
        assert sign_in(client, cast.olga.email)["Location"] == "/welcome/"

    def test_the_address_may_be_typed_in_capitals(self, client: Client, cast: Cast) -> None:
        client.post(SIGN_IN, {"email": cast.bob.email.upper()})

        assert code_sent(cast.bob.email)

    @pytest.mark.parametrize(
        ("given", "led"),
        [
            ("/networks/ai/", "/networks/ai/"),
            ("https://evil.example/", "/"),
            ("//evil.example/", "/"),
            ("/\\evil.example/", "/"),
            ("http:evil.example", "/"),
            ("javascript:alert(1)", "/"),
            ("http://127.0.0.1:8000/networks/", "/"),
        ],
    )
    def test_signing_in_leads_only_within_this_site(
        self, client: Client, cast: Cast, sign_in: Callable[..., Any], given: str, led: str
    ) -> None:
        assert sign_in(client, cast.bob.email, next=given)["Location"] == led

    def test_where_they_were_going_is_kept_on_the_way_through_the_mail(self, client: Client, cast: Cast) -> None:
        client.post(f"{SIGN_IN}?next=/networks/", {"email": cast.bob.email})

        assert client.post(SIGN_IN_CODE, {"code": code_sent(cast.bob.email)})["Location"] == "/networks/"

    def test_it_is_kept_by_the_mails_that_lead_to_the_other_door(self, client: Client, cast: Cast) -> None:
        """Whoever has no account is led on to sign up, and whoever has one to sign in; nobody to another site."""
        EmailAddress.objects.create(user=cast.bob, email=cast.bob.email, verified=True, primary=True)
        client.post(SIGN_IN, {"email": "nobody@exampleshire.example.org", "next": "/networks/ai/?a=1&b=2"})
        client.post(SIGN_UP, {"email": cast.bob.email, "name": "Bob", "next": "/networks/ai/"})
        Client().post(SIGN_IN, {"email": "noone@exampleshire.example.org", "next": "https://evil.example/"})

        new, known, foreign = (str(message.body) for message in mail.outbox)
        assert "/account/signup/?next=%2Fnetworks%2Fai%2F%3Fa%3D1%26b%3D2\n" in new
        assert "/account/login/code/?next=%2Fnetworks%2Fai%2F\n" in known
        assert "/account/signup/\n" in foreign

    def test_it_is_kept_by_a_code_that_came_too_late(self, client: Client, cast: Cast) -> None:
        answer = client.get(f"{SIGN_IN_CODE}?next=/networks/ai/")

        assert answer["Location"] == f"{SIGN_IN}?next=%2Fnetworks%2Fai%2F&code=over"

    def test_a_known_and_an_unknown_address_get_the_same_answer(self, cast: Cast) -> None:
        known, unknown = Client(), Client()
        first = known.post(SIGN_IN, {"email": cast.bob.email})
        second = unknown.post(SIGN_IN, {"email": "nobody@exampleshire.example.org"})

        assert (first.status_code, first["Location"]) == (second.status_code, second["Location"])
        assert text_of(known.get(SIGN_IN_CODE)).replace(cast.bob.email, "X") == text_of(
            unknown.get(SIGN_IN_CODE)
        ).replace("nobody@exampleshire.example.org", "X")
        assert text_of(known.post(SIGN_IN_CODE, {"code": "x"})).replace(cast.bob.email, "X") == text_of(
            unknown.post(SIGN_IN_CODE, {"code": "x"})
        ).replace("nobody@exampleshire.example.org", "X")
        assert set(known.cookies) == set(unknown.cookies)
        assert [message.to[0] for message in mail.outbox] == [cast.bob.email, "nobody@exampleshire.example.org"]
        assert "http://127.0.0.1:8000/account/signup/" in str(mail.outbox[1].body)

    def test_an_address_that_nobody_has_proved_cannot_sign_in(
        self, client: Client, newtown: OrganisationDomain
    ) -> None:
        begin_sign_up(NORA)
        client.post(SIGN_IN, {"email": NORA})

        assert "no account there that can be used" in str(mail.outbox[-1].body)

    def test_a_closed_account_is_as_good_as_none(self, client: Client, cast: Cast) -> None:
        cast.bob.is_active = False
        cast.bob.save()
        client.post(SIGN_IN, {"email": cast.bob.email})

        assert "no account there that can be used" in str(mail.outbox[-1].body)

    def test_an_account_that_is_closed_while_its_owner_signs_in_stays_out(self, client: Client, cast: Cast) -> None:
        client.post(SIGN_IN, {"email": cast.bob.email})
        Member.objects.filter(pk=cast.bob.pk).update(is_active=False)
        response = client.post(SIGN_IN_CODE, {"code": code_sent(cast.bob.email)}, follow=True)

        assert not is_signed_in(client)
        assert "This account is closed" in response.content.decode()

    def test_after_five_wrong_codes_the_right_one_is_wrong_too(self, client: Client, cast: Cast) -> None:
        client.post(SIGN_IN, {"email": cast.bob.email})
        code = code_sent(cast.bob.email)
        for _ in range(4):
            page = client.post(SIGN_IN_CODE, {"code": wrong(code)}).content.decode()
            assert "<title>Error: Check your email" in page
            assert "The code is not correct" in page
        response = client.post(SIGN_IN_CODE, {"code": wrong(code)}, follow=True)
        assert "Too many tries" in response.content.decode()

        client.post(SIGN_IN_CODE, {"code": code})
        assert not is_signed_in(client)

    def test_pressing_the_button_without_a_code_costs_no_try(self, client: Client, cast: Cast) -> None:
        client.post(SIGN_IN, {"email": cast.bob.email})
        for _ in range(9):
            assert "Enter the code from the email" in client.post(SIGN_IN_CODE, {"code": " "}).content.decode()
        client.post(SIGN_IN_CODE, {"code": code_sent(cast.bob.email)})

        assert is_signed_in(client)

    def test_a_new_code_ends_the_old_one_and_only_two_may_be_asked_for(self, client: Client, cast: Cast) -> None:
        client.post(SIGN_IN, {"email": cast.bob.email})
        old = code_sent(cast.bob.email)
        page = client.post(SIGN_IN_CODE, {"action": "resend"}, follow=True).content.decode()
        assert "We have sent a new message" in page
        client.post(SIGN_IN_CODE, {"action": "resend"})
        assert len(mail.outbox) == 3
        assert "Send a new code" not in client.get(SIGN_IN_CODE).content.decode()

        client.post(SIGN_IN_CODE, {"code": old})
        assert not is_signed_in(client)
        client.post(SIGN_IN_CODE, {"code": code_sent(cast.bob.email)})
        assert is_signed_in(client)

    def test_a_mailbox_is_not_filled_by_a_stranger(self, cast: Cast) -> None:
        for _ in range(3):
            Client().post(SIGN_IN, {"email": cast.bob.email})
        page = Client().post(SIGN_IN, {"email": cast.bob.email}).content.decode()

        assert len(mail.outbox) == 3
        assert "Too many tries" in page

    def test_a_stranger_who_fills_a_mailbox_does_not_lock_its_owner_out(self, client: Client, cast: Cast) -> None:
        for _ in range(20):
            Client(REMOTE_ADDR="203.0.113.9").post(SIGN_IN, {"email": cast.bob.email})
        assert len(mail.outbox) == 3
        client.post(SIGN_IN, {"email": cast.bob.email})
        client.post(SIGN_IN_CODE, {"code": code_sent(cast.bob.email)})

        assert is_signed_in(client)

    def test_too_many_accounts_begun_from_one_place_are_stopped(self, newtown: OrganisationDomain) -> None:
        for n in range(20):
            Client().post(SIGN_UP, {"email": f"n{n}@newtown.example.org", "name": "N"})
        response = Client().post(SIGN_UP, {"email": "n21@newtown.example.org", "name": "N"})

        assert response.status_code == 429
        assert "too many tries" in response.content.decode()

    @pytest.mark.parametrize("privileged", [True, False])
    def test_an_account_made_on_the_command_line_can_sign_in(
        self, client: Client, db: None, sign_in: Callable[..., Any], privileged: bool
    ) -> None:
        Member.objects.create_user("root@example.org", is_superuser=privileged)
        client.post(SIGN_IN, {"email": "root@example.org"})  # given up, and begun again
        sign_in(client, "root@example.org")

        assert is_signed_in(client)
        assert "We do not recognise your email address" in client.get("/welcome/").content.decode()

    def test_a_session_of_a_closed_account_is_nobodys(self, client: Client, cast: Cast) -> None:
        client.force_login(cast.bob)
        Member.objects.filter(pk=cast.bob.pk).update(is_active=False)

        assert client.get("/notices/").status_code == 302

    def test_starting_again_with_another_address_is_always_possible(self, client: Client, cast: Cast) -> None:
        client.post(SIGN_IN, {"email": "wrong@exampleshire.example.org"})
        assert client.get(SIGN_IN).status_code == 200
        assert client.get(SIGN_UP).status_code == 200
        client.post(SIGN_IN, {"email": cast.bob.email})
        client.post(SIGN_IN_CODE, {"code": code_sent(cast.bob.email)})

        assert is_signed_in(client)


class TestWithTheMailServerAway:
    """`MailNotSent` is said where somebody waits, and written in the log with what the server answered."""

    @pytest.fixture(params=[ConnectionRefusedError("no server"), SMTPRecipientsRefused({})])
    def no_mail(self, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
        def send(message: EmailMessage, fail_silently: bool = False) -> int:
            raise request.param

        monkeypatch.setattr(EmailMessage, "send", send)

    def test_signing_in_says_so_and_keeps_what_was_typed(
        self, client: Client, cast: Cast, no_mail: None, caplog: pytest.LogCaptureFixture
    ) -> None:
        for email in (cast.bob.email, "nobody@exampleshire.example.org"):
            response = client.post(SIGN_IN, {"email": email, "next": "/networks/"})
            page = response.content.decode()

            assert response.status_code == 200
            assert "<title>Error:" in page
            assert "We could not send the mail. Try again in a few minutes." in page
            assert f'value="{email}"' in page
            assert 'value="/networks/"' in page
        assert "The mail server did not take a message" in caplog.text

    def test_signing_up_says_so_and_keeps_what_was_typed(
        self, client: Client, newtown: OrganisationDomain, cast: Cast, no_mail: None
    ) -> None:
        for email in (NORA, cast.bob.email):
            response = client.post(SIGN_UP, {"email": email, "name": "Nora New"})
            page = response.content.decode()

            assert response.status_code == 200
            assert "<title>Error:" in page
            assert "We could not send the mail. Try again in a few minutes." in page
            assert f'value="{email}"' in page
            assert 'value="Nora New"' in page

    def test_once_it_is_back_they_sign_up_as_if_nothing_had_been(
        self, client: Client, newtown: OrganisationDomain, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as away:
            away.setattr(EmailMessage, "send", Mock(side_effect=OSError("no server")))
            client.post(SIGN_UP, {"email": NORA, "name": "Nora New"})
        cache.clear()  # a few minutes later
        client.post(SIGN_UP, {"email": NORA, "name": "Nora New"})
        client.post(SIGN_UP_CODE, {"code": code_sent(NORA)})

        assert is_signed_in(client)

    @pytest.mark.parametrize(("first", "second"), [(SIGN_IN, SIGN_IN_CODE), (SIGN_UP, SIGN_UP_CODE)])
    def test_the_code_sent_before_still_works_where_a_new_one_could_not_be_sent(
        self,
        client: Client,
        cast: Cast,
        newtown: OrganisationDomain,
        monkeypatch: pytest.MonkeyPatch,
        first: str,
        second: str,
    ) -> None:
        email = cast.bob.email if first == SIGN_IN else NORA
        client.post(first, {"email": email, "name": "Nora New"})
        code = code_sent(email)
        cache.clear()  # a while later
        with monkeypatch.context() as away:
            away.setattr(EmailMessage, "send", Mock(side_effect=OSError("no server")))
            page = client.post(second, {"action": "resend"}, follow=True).content.decode()
        assert "We could not send the mail." in page
        assert "We have sent a new message" not in page
        client.post(second, {"code": code})

        assert is_signed_in(client)


class TestSigningOut:
    def test_is_asked_on_get_and_done_on_post(self, client: Client, cast: Cast) -> None:
        client.force_login(cast.bob)
        assert "Do you want to sign out?" in client.get("/account/logout/").content.decode()
        assert is_signed_in(client)

        response = client.post("/account/logout/")
        assert response["Location"] == "/"
        assert not is_signed_in(client)
        assert response.cookies["sessionid"].value == ""

    def test_does_not_lead_away(self, client: Client, cast: Cast) -> None:
        client.force_login(cast.bob)

        assert client.post("/account/logout/", {"next": "https://evil.example/"})["Location"] == "/"


class TestSideDoors:
    def test_the_old_sign_in_page_leads_to_the_code(self, client: Client, db: None) -> None:
        assert client.get("/account/login/?next=/networks/")["Location"] == "/account/login/code/?next=%2Fnetworks%2F"
        assert client.post("/account/login/", {"login": "a", "password": "b"}).status_code == 405

    @pytest.mark.parametrize(
        "address",
        [
            "password/reset/",
            "password/change/",
            "password/set/",
            "reauthenticate/",
            "confirm-email/",
            "inactive/",
            "2fa/",
        ],
    )
    def test_pages_of_allauth_that_we_do_not_use_are_not_there(self, client: Client, cast: Cast, address: str) -> None:
        client.force_login(cast.bob)

        assert client.get(f"/account/{address}").status_code == 404

    @pytest.mark.parametrize("address", [SIGN_IN_CODE, SIGN_UP_CODE])
    def test_the_code_page_without_a_code_leads_to_the_beginning(
        self, client: Client, cast: Cast, address: str
    ) -> None:
        assert client.get(address).status_code == 302
        assert client.post(address, {"code": "BCD-FGH"}).status_code == 302
        client.force_login(cast.bob)
        assert client.get(address)["Location"] == "/"

    def test_an_answer_is_a_page_however_it_is_asked_for(self, client: Client, cast: Cast) -> None:
        response = client.post(SIGN_IN, {"email": "x"}, HTTP_ACCEPT="application/json")

        assert response["Content-Type"].startswith("text/html")


def test_the_pages_give_a_visitor_no_session(client: Client, cast: Cast) -> None:
    """A form has to be protected from other sites; nothing else is kept before somebody types an address."""
    for address in (SIGN_IN, SIGN_UP, SIGN_IN_CODE, SIGN_UP_CODE, "/account/closed/", "/account/logout/"):
        client.get(address, follow=True)
    assert set(client.cookies) <= {"csrftoken"}


def test_no_page_or_mail_of_signing_in_is_the_librarys_own(client: Client, newtown: OrganisationDomain) -> None:
    used = [
        "account/request_login_code.html",
        "account/confirm_login_code.html",
        "account/signup.html",
        "account/confirm_email_verification_code.html",
        "account/logout.html",
        "account/account_inactive.html",
        "account/sign_in_with_password.html",
        "mfa/second_step.html",
        *(
            f"account/email/{name}_{part}.txt"
            for name in (
                "login_code",
                "unknown_account",
                "account_already_exists",
                "email_confirmation_signup",
                "email_confirmation",
            )
            for part in ("subject", "message")
        ),
        *(
            f"account/messages/{name}.txt"
            for name in (
                "email_confirmation_failed",
                "email_confirmation_sent",
                "email_confirmed",
                "logged_in",
                "logged_out",
                "login_code_sent",
            )
        ),
    ]
    for name in used:
        assert "site-packages" not in get_template(name).origin.name, name


def test_mail_is_plain_text_with_addresses_of_this_site(client: Client, newtown: OrganisationDomain) -> None:
    open_account(NORA, name="Nora New")
    client.post(SIGN_IN, {"email": NORA}, HTTP_HOST="localhost")
    client.post(SIGN_IN, {"email": "nobody@newtown.example.org"}, HTTP_HOST="localhost")
    client.post(SIGN_UP, {"email": NORA, "name": "N"}, HTTP_HOST="localhost")

    assert len(mail.outbox) == 3
    for message in mail.outbox:
        assert (message.content_subtype, message.attachments) == ("plain", [])
        assert getattr(message, "alternatives", []) == []
        assert "http://127.0.0.1:8000/" in str(message.body)
        assert "localhost" not in str(message.body)
        assert "\n" not in message.subject


def test_asking_twice_for_an_account_tells_nobody_whether_there_is_one(cast: Cast) -> None:
    """The second answer is that of the limit; even there, a cookie would tell."""
    EmailAddress.objects.create(user=cast.bob, email=cast.bob.email, verified=True, primary=True)

    def second_answer(email: str) -> tuple[int, list[str]]:
        typed = {"email": email, "name": "Some Body"}
        Client().post("/account/signup/", typed)
        answer = Client().post("/account/signup/", typed)
        return answer.status_code, sorted(answer.cookies)

    assert second_answer(cast.bob.email) == second_answer("new.person@exampleshire.example.org")
