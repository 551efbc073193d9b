"""One's own account: the ways into it, how they change, and what somebody who found it open cannot do."""

from __future__ import annotations

import re
import time
from datetime import timedelta
from io import StringIO
from typing import Any
from unittest.mock import Mock, patch

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth.hashers import MD5PasswordHasher
from django.contrib.sessions.models import Session
from django.core import mail
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from network import sessions
from network.actions.admission import begin_sign_up
from network.actions.factors import SecretsOfAnotherKey, check_secrets
from network.models import AuditEvent, Browser, Member, Organisation, OrganisationDomain
from network.models.browser import browser_in_words
from tests.cast import APP_SECRET, Cast, app_code, give_second_factor, show_second_factor, sign_in

PASSWORD = "three words apart"
SIGN_IN = "/account/login/code/"
WITH_PASSWORD = "/account/login/password/"
SECOND_STEP = "/account/login/second-step/"
# Whatever changes how somebody signs in.
GUARDED = [
    "/account/password/",
    "/account/password/remove/",
    "/account/app/",
    "/account/app/remove/",
    "/account/recovery-codes/",
    "/account/passkeys/add/",
    "/account/passkeys/1/rename/",
    "/account/passkeys/1/remove/",
    "/account/email/",
    "/account/email/code/",
]


@pytest.fixture
def bob(cast: Cast) -> Member:
    EmailAddress.objects.create(user=cast.bob, email=cast.bob.email, verified=True, primary=True)
    return cast.bob


@pytest.fixture
def client(bob: Member) -> Client:
    """Bob, who has just signed in with a code."""
    client = browser_of(bob)
    prove(client, bob)
    return client


@pytest.fixture(autouse=True)
def quick_hasher(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def prove(client: Client, member: Member, *, method: str = "code", ago: float = 0) -> None:
    """As if they had signed in, or confirmed that it is them, so many seconds ago."""
    session = client.session
    session["account_authentication_methods"] = [{"method": method, "at": time.time() - ago}]
    session["account_authentication_methods_user"] = str(member.pk)
    session.save()


def page(response: Any) -> str:
    return str(response.content.decode())


def code_in(message: Any) -> str:
    found = re.search(r"^\s+([A-Z]{3}-[A-Z]{3})$", str(message.body), re.MULTILINE)
    assert found, message.body
    return found[1]


def set_password(member: Member, password: str = PASSWORD) -> None:
    member.set_password(password)
    member.save()


def browser_of(member: Member, **about: Any) -> Client:
    """Another browser in which they are signed in, and have looked at a page."""
    client = Client(**about)
    client.force_login(member)
    session = client.session
    session[sessions.USED_AT] = 0
    session.save()
    client.get("/networks/")
    return client


def is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


class TestYourAccount:
    def test_links_to_all_that_can_be_changed(self, client: Client, bob: Member) -> None:
        shown = page(client.get("/account/"))

        for address in ("email", "password", "app", "sessions"):
            assert f'href="/account/{address}/"' in shown
        assert bob.email in shown
        assert "http://localhost" in shown  # passkeys need a name

    def test_is_found_on_the_own_page_and_on_nobody_elses(self, client: Client, cast: Cast) -> None:
        assert 'href="/account/"' in page(client.get(f"/people/{cast.bob.pk}/"))
        assert 'href="/account/"' not in page(client.get(f"/people/{cast.fay.pk}/"))

    def test_shows_nobody_anything_who_has_not_signed_in(self, cast: Cast) -> None:
        for address in ["/account/", "/account/confirm/", "/account/confirm/code/", "/account/sessions/", *GUARDED]:
            response = Client().get(address)
            assert response.status_code == 302, address
            assert response["Location"].startswith(SIGN_IN), address


class TestConfirming:
    """An open browser that its owner left is not enough to change how they sign in."""

    @pytest.mark.parametrize("address", GUARDED)
    def test_is_asked_for_a_while_after_signing_in(self, client: Client, bob: Member, address: str) -> None:
        prove(client, bob, ago=settings.CONFIRMATION_LASTS + 1)

        assert client.get(address)["Location"].startswith("/account/confirm/?next=")
        prove(client, bob, ago=3600)
        assert client.post(address)["Location"].startswith("/account/confirm/?next=")

    def test_is_not_asked_of_who_has_just_signed_in(self, client: Client) -> None:
        assert client.get("/account/password/").status_code == 200

    def test_a_form_that_was_open_for_a_while_still_counts(self, client: Client, bob: Member) -> None:
        prove(client, bob, ago=settings.CONFIRMATION_LASTS + 60)
        client.post("/account/password/", {"password": PASSWORD})

        bob.refresh_from_db()
        assert bob.check_password(PASSWORD)

    def test_by_a_code_from_the_mail(self, client: Client, bob: Member) -> None:
        prove(client, bob, ago=3600)
        asked = client.get("/account/password/", follow=True)
        assert asked.request["PATH_INFO"] == "/account/confirm/code/"
        assert mail.outbox == []  # nothing goes out for looking at a page

        client.post("/account/confirm/code/", {"action": "send", "next": "/account/password/"})
        assert "<title>Error:" in page(client.post("/account/confirm/code/", {"code": "ZZZ-ZZZ"}))
        response = client.post(
            "/account/confirm/code/", {"code": code_in(mail.outbox[-1]), "next": "/account/password/"}
        )
        assert response["Location"] == "/account/password/"
        assert client.get("/account/password/").status_code == 200

    def test_five_wrong_codes_end_the_right_one(self, client: Client, bob: Member) -> None:
        prove(client, bob, ago=3600)
        client.post("/account/confirm/code/", {"action": "send"})
        code = code_in(mail.outbox[-1])
        for _ in range(5):
            client.post("/account/confirm/code/", {"code": "ZZZ-ZZZ"})
        client.post("/account/confirm/code/", {"code": code})

        assert client.get("/account/password/").status_code == 302

    def test_a_code_that_was_never_sent_is_never_right(self, client: Client, bob: Member) -> None:
        prove(client, bob, ago=3600)
        for code in ("", "-", "BCD-FGH"):
            client.post("/account/confirm/code/", {"code": code})

        assert client.get("/account/password/").status_code == 302

    def test_by_the_password(self, client: Client, bob: Member) -> None:
        set_password(bob)
        client.force_login(bob)
        prove(client, bob, ago=3600)
        address = "/account/confirm/?next=/account/app/"
        assert "The password is not correct" in page(client.post(address, {"password": "something else"}))
        assert client.get("/account/app/").status_code == 302

        assert client.post(address, {"password": PASSWORD})["Location"] == "/account/app/"
        assert client.get("/account/app/").status_code == 200

    def test_leads_nowhere_but_on_this_site(self, client: Client, bob: Member) -> None:
        set_password(bob)
        client.force_login(bob)

        response = client.post("/account/confirm/?next=https://evil.example/", {"password": PASSWORD})
        assert response["Location"] == "/account/"

    def test_who_has_a_second_factor_shows_that_and_nothing_less(self, client: Client, bob: Member) -> None:
        give_second_factor(bob)

        assert client.get("/account/app/remove/")["Location"].startswith("/account/confirm/")
        assert client.get("/account/confirm/code/")["Location"].startswith("/account/confirm/")
        client.post("/account/confirm/code/", {"action": "send"})
        assert mail.outbox == []
        client.post("/account/confirm/", {"code": app_code(), "next": "/account/app/remove/"})
        assert client.get("/account/app/remove/").status_code == 200


class TestPasswords:
    def test_is_set_changed_and_removed_each_with_a_mail(self, client: Client, bob: Member) -> None:
        client.post("/account/password/", {"password": PASSWORD})
        bob.refresh_from_db()
        assert bob.check_password(PASSWORD)
        assert is_signed_in(client)

        client.post("/account/password/", {"password": "four other words here"})
        bob.refresh_from_db()
        assert bob.check_password("four other words here")

        client.post("/account/password/remove/")
        bob.refresh_from_db()
        assert not bob.has_usable_password()
        assert is_signed_in(client)
        assert list(AuditEvent.objects.order_by("pk").values_list("verb", flat=True)) == [
            "set password",
            "changed password",
            "removed password",
        ]

    @pytest.mark.parametrize(
        ("password", "said"),
        [
            ("short", "12 characters or more"),
            ("password1234", "harder to guess"),
            ("Bob Belongs1", "harder to guess"),
            ("x" * 1001, "1,000 characters or fewer"),
            ("", "Enter your password"),
        ],
    )
    def test_a_weak_one_is_an_error_beside_the_field(
        self, client: Client, bob: Member, password: str, said: str
    ) -> None:
        shown = page(client.post("/account/password/", {"password": password}))

        assert "<title>Error: Set a password" in shown
        assert said in shown
        bob.refresh_from_db()
        assert not bob.has_usable_password()

    def test_changing_it_signs_out_everywhere_else(self, client: Client, bob: Member) -> None:
        elsewhere = browser_of(bob)
        client.post("/account/password/", {"password": PASSWORD})

        assert elsewhere.get("/account/").status_code == 302
        assert client.get("/account/").status_code == 200
        assert UserSession.objects.filter(user=bob).count() == 1
        assert "This browser only" in page(client.get("/account/"))

    def test_a_member_signs_in_with_it_where_they_were_going(self, bob: Member) -> None:
        set_password(bob)
        client = Client()
        response = client.post(f"{WITH_PASSWORD}?next=/networks/ai/", {"email": bob.email, "password": PASSWORD})

        assert response["Location"] == "/networks/ai/"
        assert is_signed_in(client)

    def test_it_is_only_the_first_step_for_who_has_a_second_factor(self, bob: Member) -> None:
        set_password(bob)
        give_second_factor(bob)
        client = Client()
        response = client.post(f"{WITH_PASSWORD}?next=/networks/ai/", {"email": bob.email, "password": PASSWORD})
        assert response["Location"] == SECOND_STEP
        assert not is_signed_in(client)

        assert client.post(SECOND_STEP, {"code": app_code()})["Location"] == "/networks/ai/"
        assert is_signed_in(client)

    @pytest.mark.parametrize("who", ["wrong password", "no password", "nobody", "unproved", "closed"])
    def test_the_answer_and_the_work_are_the_same_for_every_address(self, cast: Cast, who: str) -> None:
        """Whoever tries passwords learns nothing of which addresses have accounts, nor by the time it takes."""
        cast.fay.set_password(PASSWORD)
        cast.fay.save()
        cast.sven.set_password("a fourth thing")
        cast.sven.is_active = False
        cast.sven.save()
        begin_sign_up("new@exampleshire.example.org")
        email = {
            "wrong password": cast.fay.email,
            "no password": cast.bob.email,
            "nobody": "nobody@exampleshire.example.org",
            "unproved": "new@exampleshire.example.org",
            "closed": cast.sven.email,
        }[who]
        hashed: list[str] = []
        encode = MD5PasswordHasher.encode

        def counted(hasher: MD5PasswordHasher, password: str, salt: str) -> str:
            hashed.append(password)
            return encode(hasher, password, salt)

        with CaptureQueriesContext(connection) as captured, patch.object(MD5PasswordHasher, "encode", counted):
            response = Client().post(WITH_PASSWORD, {"email": email, "password": "not the one"})

        assert "<title>Error: Sign in with a password" in page(response)
        assert "The email address or the password is not correct" in page(response)
        assert response.status_code == 200
        assert len(hashed) == 1
        assert sum("network_member" in query["sql"] for query in captured) == 1
        assert len(captured) == 2  # and the menu of the page

    def test_the_tries_at_an_account_are_counted_wherever_they_come_from(self, bob: Member) -> None:
        set_password(bob)
        for number in range(5):
            Client(REMOTE_ADDR=f"203.0.113.{number}").post(WITH_PASSWORD, {"email": bob.email, "password": "x"})
        client = Client(REMOTE_ADDR="203.0.113.99")
        shown = page(client.post(WITH_PASSWORD, {"email": bob.email, "password": PASSWORD}))
        assert "Too many tries" in shown
        assert not is_signed_in(client)

        # A stranger who used them up keeps nobody out: the code from the mail still lets in.
        client.post(SIGN_IN, {"email": bob.email})
        client.post("/account/login/code/confirm/", {"code": code_in(mail.outbox[-1])})
        assert is_signed_in(client)

    def test_the_tries_from_one_place_are_counted_whatever_the_address(self, cast: Cast) -> None:
        for number in range(20):
            Client().post(WITH_PASSWORD, {"email": f"x{number}@exampleshire.example.org", "password": "x"})
        set_password(cast.bob)
        shown = page(Client().post(WITH_PASSWORD, {"email": cast.bob.email, "password": PASSWORD}))

        assert "Too many tries" in shown

    def test_there_is_no_page_that_resets_one(self, db: None) -> None:
        shown = page(Client().get(WITH_PASSWORD))

        assert "sign in with a code" in shown
        assert "reset" not in shown
        assert Client().get("/account/password/reset/").status_code == 404

    def test_a_password_is_written_to_no_page_and_no_session(self, bob: Member) -> None:
        client = Client()
        shown = page(client.post(WITH_PASSWORD, {"email": bob.email, "password": "my-secret-words"}))

        assert "my-secret-words" not in shown
        assert all("my-secret-words" not in str(session.get_decoded()) for session in Session.objects.all())


class TestAuthenticatorApps:
    def enrol(self, client: Client) -> Any:
        shown = page(client.get("/account/app/"))
        found = re.search(r"secret=([A-Z2-7]+)", shown)
        assert found
        with patch("tests.cast.APP_SECRET", found[1]):
            return client.post("/account/app/", {"code": app_code()})

    def test_is_set_up_with_a_code_and_brings_recovery_codes_once(self, client: Client, bob: Member) -> None:
        shown = page(self.enrol(client))
        codes = re.findall(r"<li>(\d{8})</li>", shown)

        assert len(codes) == 10
        assert 'download="guildhall-recovery-codes.txt"' in shown
        assert set(Authenticator.objects.filter(user=bob).values_list("type", flat=True)) == {"totp", "recovery_codes"}
        # Nowhere again.
        for address in ("/account/", "/account/recovery-codes/", "/account/app/"):
            assert not any(code in page(client.get(address, follow=True)) for code in codes)

    def test_a_wrong_code_sets_up_nothing_and_the_key_stays_the_same(self, client: Client, bob: Member) -> None:
        first = re.search(r"secret=([A-Z2-7]+)", page(client.get("/account/app/")))
        shown = page(client.post("/account/app/", {"code": "000000"}))
        second = re.search(r"secret=([A-Z2-7]+)", shown)

        assert "<title>Error: Set up an authenticator app" in shown
        assert first and second and first[1] == second[1]
        assert not Authenticator.objects.filter(user=bob).exists()

    def test_its_secret_is_in_the_clear_neither_in_the_table_nor_in_the_session(
        self, client: Client, bob: Member
    ) -> None:
        found = re.search(r"secret=([A-Z2-7]+)", page(client.get("/account/app/")))
        assert found
        held = [str(session.get_decoded()) for session in Session.objects.all()]
        assert not any(found[1] in session for session in held)
        give_second_factor(bob)
        app = Authenticator.objects.get(user=bob, type="totp")
        assert APP_SECRET not in str(app.data)
        assert app.wrap().validate_code(app_code())

    def test_the_seed_of_recovery_codes_is_encrypted_too(self, client: Client, bob: Member) -> None:
        self.enrol(client)
        codes = Authenticator.objects.get(user=bob, type="recovery_codes")

        assert not re.fullmatch(r"[0-9a-f]+", codes.data["seed"])
        assert len(codes.wrap().generate_codes()) == 10

    def test_a_second_press_of_the_button_makes_no_second_app(self, client: Client, bob: Member) -> None:
        self.enrol(client)
        response = client.post("/account/app/", {"code": "000000"})

        assert response["Location"] == "/account/"
        assert Authenticator.objects.filter(user=bob, type="totp").count() == 1

    def test_signing_in_asks_for_it_once_for_each_code(self, bob: Member) -> None:
        give_second_factor(bob)
        client, other = Client(), Client()
        for browser in (client, other):
            browser.post(SIGN_IN, {"email": bob.email})
            browser.post("/account/login/code/confirm/", {"code": code_in(mail.outbox[-1])})
            assert not is_signed_in(browser)
        code = app_code()
        client.post(SECOND_STEP, {"code": code})
        assert is_signed_in(client)

        # Whoever looked over their shoulder cannot use it again, not even while it would still be taken.
        shown = page(other.post(SECOND_STEP, {"code": code}))
        assert "<title>Error: Second step" in shown
        assert not is_signed_in(other)

    def test_a_code_of_a_minute_ago_is_not_used_twice_either(self, bob: Member) -> None:
        give_second_factor(bob)
        code = app_code(periods_from_now=-1)
        for signs_in in (True, False):
            cache.delete(f"allauth.mfa.totp.used?user={bob.pk}&code={code}")  # it forgets after half a minute
            client = Client()
            client.post(SIGN_IN, {"email": bob.email})
            client.post("/account/login/code/confirm/", {"code": code_in(mail.outbox[-1])})
            client.post(SECOND_STEP, {"code": code})
            assert is_signed_in(client) is signs_in

    def test_wrong_codes_are_counted_by_account(self, bob: Member) -> None:
        give_second_factor(bob)
        client = Client()
        client.post(SIGN_IN, {"email": bob.email})
        client.post("/account/login/code/confirm/", {"code": code_in(mail.outbox[-1])})
        for _ in range(5):
            client.post(SECOND_STEP, {"code": "000000"})
        shown = page(client.post(SECOND_STEP, {"code": app_code()}))

        assert "Too many tries" in shown
        assert not is_signed_in(client)

    def test_a_recovery_code_stands_in_for_it_once(self, client: Client, bob: Member) -> None:
        code = re.findall(r"<li>(\d{8})</li>", page(self.enrol(client)))[0]
        for signs_in in (True, False):
            browser = Client()
            browser.post(SIGN_IN, {"email": bob.email})
            browser.post("/account/login/code/confirm/", {"code": code_in(mail.outbox[-1])})
            browser.post(SECOND_STEP, {"code": code})
            assert is_signed_in(browser) is signs_in

    def test_the_second_step_alone_is_no_way_in(self, cast: Cast) -> None:
        give_second_factor(cast.bob)
        client = Client()

        assert client.get(SECOND_STEP).status_code == 302
        client.post(SECOND_STEP, {"code": app_code()})
        assert not is_signed_in(client)

    def test_new_recovery_codes_end_the_old_ones(self, client: Client, bob: Member) -> None:
        old = re.findall(r"<li>(\d{8})</li>", page(self.enrol(client)))
        new = re.findall(r"<li>(\d{8})</li>", page(client.post("/account/recovery-codes/")))

        assert len(new) == 10
        codes = Authenticator.objects.get(user=bob, type="recovery_codes").wrap()
        assert not set(old) & set(new)
        assert codes.validate_code(new[0]) and not codes.validate_code(old[0])

    def test_with_the_last_factor_the_recovery_codes_go(self, client: Client, bob: Member) -> None:
        self.enrol(client)
        client.post("/account/app/remove/")

        assert not Authenticator.objects.filter(user=bob).exists()

    def test_nobody_takes_away_or_renames_what_is_another_members(self, client: Client, cast: Cast) -> None:
        passkey = Authenticator.objects.create(user=cast.fay, type="webauthn", data={"name": "Fay's", "credential": {}})
        for step in ("rename", "remove"):
            assert client.post(f"/account/passkeys/{passkey.pk}/{step}/", {"name": "Mine"}).status_code == 404
        passkey.refresh_from_db()
        assert passkey.data["name"] == "Fay's"

    def test_a_database_of_another_key_says_so(
        self, bob: Member, settings: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        give_second_factor(bob)
        settings.ENCRYPTION_KEYS = ["A" * 43 + "="]
        client = Client()
        client.post(SIGN_IN, {"email": bob.email})
        client.post("/account/login/code/confirm/", {"code": code_in(mail.outbox[-1])})
        response = client.post(SECOND_STEP, {"code": app_code()})

        assert response.status_code == 200
        assert "We cannot check codes of authenticator apps at the moment" in page(response)
        assert "GUILDHALL_ENCRYPTION_KEY" in caplog.text
        assert not is_signed_in(client)


class TestTheEncryptionKey:
    def test_one_after_the_other_encrypts(self, bob: Member, settings: Any) -> None:
        app = give_second_factor(bob)
        was = app.data["secret"]
        old, new = settings.ENCRYPTION_KEYS[0], "A" * 43 + "="
        settings.ENCRYPTION_KEYS = [new, old]
        call_command("reencrypt_secrets", stdout=StringIO())
        app.refresh_from_db()
        assert app.data["secret"] != was

        settings.ENCRYPTION_KEYS = [new]
        assert app.wrap().validate_code(app_code())

    def test_one_that_is_lost_is_told_of_and_given_up_only_on_demand(self, bob: Member, settings: Any) -> None:
        give_second_factor(bob)
        settings.ENCRYPTION_KEYS = ["A" * 43 + "="]
        with pytest.raises(CommandError, match="were encrypted with another key"):
            call_command("reencrypt_secrets")
        with pytest.raises(SecretsOfAnotherKey):
            check_secrets()
        assert Authenticator.objects.exists()

        call_command("reencrypt_secrets", "--forget-unreadable", stdout=StringIO())
        assert not Authenticator.objects.exists()
        check_secrets()


AT_A_NAME = {"host": "localhost:8000"}


class TestPasskeys:
    """That they work is shown with a browser; here is what comes without one."""

    def test_are_not_offered_where_the_address_is_a_number(self, client: Client) -> None:
        assert "data-app-passkey" not in page(Client().get(SIGN_IN))
        assert "Passkeys are not offered here" in page(client.get("/account/passkeys/add/"))
        assert client.post("/account/passkeys/options/", {"for": "sign-in"}).status_code == 404
        assert Client().post("/account/login/passkey/", {"credential": "{}"}).status_code == 404

    def test_are_offered_at_a_name(self, client: Client) -> None:
        assert 'data-app-passkey="sign-in"' in page(Client().get(SIGN_IN, headers=AT_A_NAME))  # type: ignore[arg-type]
        assert 'data-app-passkey="add"' in page(client.get("/account/passkeys/add/", headers=AT_A_NAME))  # type: ignore[arg-type]
        answer = client.post("/account/passkeys/options/", {"for": "sign-in"}, headers=AT_A_NAME).json()
        assert answer["publicKey"]["rpId"] == "localhost"
        assert answer["publicKey"]["userVerification"] == "required"

    @pytest.mark.parametrize("purpose", ["add", "confirm", "second-step", "", "anything"])
    def test_the_browser_is_asked_for_nothing_that_a_stranger_may_not_do(self, db: None, purpose: str) -> None:
        response = Client().post("/account/passkeys/options/", {"for": purpose}, headers=AT_A_NAME)

        assert response.status_code == 403

    def test_one_is_not_added_by_who_has_not_confirmed(self, client: Client, bob: Member) -> None:
        prove(client, bob, ago=3600)
        response = client.post("/account/passkeys/options/", {"for": "add"}, headers=AT_A_NAME)

        assert response.status_code == 403

    @pytest.mark.parametrize(
        "credential",
        ["", "{}", "[]", "null", "nonsense", '{"id": 1}', '{"response": {"userHandle": "MQ"}}', '"x"', "[" * 500],
    )
    def test_what_no_browser_made_is_refused_and_breaks_nothing(self, client: Client, credential: str) -> None:
        stranger = Client()
        stranger.post("/account/passkeys/options/", {"for": "sign-in"}, headers=AT_A_NAME)
        answer = stranger.post("/account/login/passkey/", {"credential": credential}, headers=AT_A_NAME)
        assert answer.status_code == 200
        assert "The passkey was not accepted" in page(answer)
        assert not is_signed_in(stranger)

        client.post("/account/passkeys/options/", {"for": "add"}, headers=AT_A_NAME)
        answer = client.post("/account/passkeys/add/", {"credential": credential, "name": "X"}, headers=AT_A_NAME)
        assert "The passkey was not accepted" in page(answer)
        assert not Authenticator.objects.exists()


class TestSessions:
    def test_are_listed_with_the_browser_in_words_and_this_one_marked(self, client: Client, bob: Member) -> None:
        browser_of(bob, HTTP_USER_AGENT="Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Firefox/140.0")
        shown = page(client.get("/account/sessions/"))

        assert "Firefox on Windows" in shown
        assert shown.count("This browser") == 1
        assert shown.count("Signed in <time") == 2

    def test_one_is_ended_and_others_at_once(self, client: Client, bob: Member, cast: Cast) -> None:
        browsers = [browser_of(bob) for _ in range(3)]
        first = UserSession.objects.get(session_key=browsers[0].session.session_key)
        client.post(f"/account/sessions/{first.pk}/end/")
        assert [browser.get("/account/").status_code for browser in browsers] == [302, 200, 200]

        client.post("/account/sessions/end-others/")
        assert [browser.get("/account/").status_code for browser in browsers] == [302, 302, 302]
        assert client.get("/account/").status_code == 200

    def test_nobody_ends_anothers(self, client: Client, cast: Cast) -> None:
        fay = browser_of(cast.fay)
        session = UserSession.objects.get(user=cast.fay)

        assert client.post(f"/account/sessions/{session.pk}/end/").status_code == 404
        client.post("/account/sessions/end-others/")
        assert fay.get("/account/").status_code == 200

    def test_takes_as_many_queries_for_twenty_as_for_two(self, client: Client, bob: Member) -> None:
        def queries(count: int) -> int:
            for _ in range(count):
                browser_of(bob)
            client.get("/account/sessions/")
            with CaptureQueriesContext(connection) as captured:
                assert client.get("/account/sessions/").status_code == 200
            return len(captured)

        few = queries(1)
        assert queries(18) == few <= 12

    def test_a_session_that_is_used_lives_and_one_that_is_not_ends(self, client: Client, bob: Member) -> None:
        key = client.session.session_key
        client.get("/networks/")

        def ends_in() -> timedelta:
            return Session.objects.get(session_key=key).expire_date - timezone.now()

        assert abs(ends_in() - settings.MEMBER_SESSION_IDLE) < timedelta(minutes=1)
        Session.objects.filter(session_key=key).update(expire_date=timezone.now() - timedelta(seconds=1))
        assert client.get("/account/").status_code == 302

    def test_using_it_writes_only_now_and_then(self, client: Client) -> None:
        def writes() -> int:
            with CaptureQueriesContext(connection) as captured:
                client.get("/networks/")
            return sum(query["sql"].startswith(("INSERT", "UPDATE")) for query in captured)

        client.get("/networks/")
        assert writes() == 0
        session = client.session
        session[sessions.USED_AT] = time.time() - settings.SESSION_USE_NOTED_EVERY.total_seconds() - 1
        session.save()
        assert writes() > 0
        assert writes() == 0

    def test_no_use_makes_it_longer_than_the_longest(self, client: Client) -> None:
        session = client.session
        session[sessions.SIGNED_IN_AT] = time.time() - settings.MEMBER_SESSION_LONGEST.total_seconds() + 60
        session[sessions.USED_AT] = 0
        session.save()
        client.get("/networks/")
        row = Session.objects.get(session_key=session.session_key)

        assert row.expire_date - timezone.now() <= timedelta(seconds=60)

    def test_those_of_office_holders_are_shorter(self, cast: Cast) -> None:
        ada = Client()
        ada.force_login(cast.ada)
        ada.get("/networks/")
        row = Session.objects.get(session_key=ada.session.session_key)

        assert abs(row.expire_date - timezone.now() - settings.STAFF_SESSION_IDLE) < timedelta(minutes=1)
        assert settings.STAFF_SESSION_IDLE < settings.MEMBER_SESSION_IDLE
        assert settings.STAFF_SESSION_LONGEST < settings.MEMBER_SESSION_LONGEST

    def test_an_office_given_later_shortens_them_with_the_next_use(self, client: Client, cast: Cast) -> None:
        client.get("/networks/")
        cast.bob.user_permissions.set(cast.ada.user_permissions.all())
        session = client.session
        session[sessions.USED_AT] = 0
        session.save()
        client.get("/networks/")
        row = Session.objects.get(session_key=session.session_key)

        assert row.expire_date - timezone.now() <= settings.STAFF_SESSION_IDLE

    def test_an_editors_open_page_alone_keeps_no_session_alive(self, cast: Cast) -> None:
        ada = Client()
        sign_in(ada, cast.ada)
        session = ada.session
        session[sessions.USED_AT] = 1.0
        session.save()
        ada.post("/admin/editing-sessions/ping/wagtailcore/page/1/1/")

        assert ada.session[sessions.USED_AT] == 1.0

    @pytest.mark.parametrize("address", ["/administration/domains/", "/networks/ai/requests/", "/notices/"])
    def test_after_its_end_they_come_back_to_where_they_were(self, cast: Cast, address: str) -> None:
        client = Client()
        sign_in(client, cast.bob)
        Session.objects.all().delete()
        response = client.get(f"{address}?q=1")
        assert response.status_code == 302
        assert "session=over" in response["Location"]
        shown = page(client.get(response["Location"]))

        assert "You are signed out" in shown
        assert f'value="{address}?q=1"' in shown

    def test_a_made_up_cookie_learns_of_no_page_whether_it_is_there(self, cast: Cast) -> None:
        def asked(address: str) -> str:
            client = Client()
            client.cookies[settings.SESSION_COOKIE_NAME] = "a" * 32
            return str(client.get(address)["Location"].split("next=")[0])

        assert asked("/administration/domains/") == asked("/administration/nothing/")

    def test_a_visitor_without_one_still_finds_nothing(self, db: None) -> None:
        assert Client().get("/administration/domains/").status_code == 404

    @pytest.mark.parametrize(
        ("user_agent", "words"),
        [
            ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Windows"),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 "
                "Safari/537.36 Edg/140.0.0.0",
                "Edge on Windows",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 "
                "Mobile/15E148 Safari/604.1",
                "Safari on iPhone",
            ),
            (
                "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36",
                "Chrome on Android",
            ),
            ("curl/8.0", "A browser"),
            ("", "A browser"),
        ],
    )
    def test_browsers_are_known_by_their_own_word(self, user_agent: str, words: str) -> None:
        assert browser_in_words(user_agent) == words


class TestNewBrowsers:
    def sign_in(self, client: Client, member: Member) -> None:
        client.post(SIGN_IN, {"email": member.email})
        client.post("/account/login/code/confirm/", {"code": code_in(mail.outbox[-1])})
        assert is_signed_in(client)

    def test_a_visitor_gets_no_cookie_and_who_signs_in_does(self, bob: Member) -> None:
        client = Client()
        for address in ("/", "/networks/", SIGN_IN, WITH_PASSWORD):
            client.get(address)
        assert settings.BROWSER_COOKIE_NAME not in client.cookies

        self.sign_in(client, bob)
        cookie = client.cookies[settings.BROWSER_COOKIE_NAME]
        assert cookie["httponly"] and cookie["samesite"] == "Lax" and int(cookie["max-age"]) > 86_400 * 300
        kept = Browser.objects.get(member=bob)
        assert cookie.value not in kept.digest
        assert kept.digest == Browser.digest_of(cookie.value)

    def test_a_cookie_made_elsewhere_is_only_taken_in_its_shape(self, bob: Member) -> None:
        client = Client()
        client.cookies[settings.BROWSER_COOKIE_NAME] = "short"
        self.sign_in(client, bob)

        assert len(client.cookies[settings.BROWSER_COOKIE_NAME].value) == 43

    def test_one_browser_of_two_people_is_new_to_each(self, cast: Cast) -> None:
        client = Client()
        self.sign_in(client, cast.bob)
        client.post("/account/logout/")
        self.sign_in(client, cast.lena)

        assert Browser.objects.count() == 2


class TestChangingTheAddress:
    @pytest.fixture
    def newtown(self, cast: Cast) -> OrganisationDomain:
        council = Organisation.objects.create(
            name="Newtown Council", short_name="Newtown", slug="newtown", la_code="XNT"
        )
        return OrganisationDomain.objects.create(
            organisation=council, domain="newtown.example.org", source="register", confirmed_at=timezone.now()
        )

    NEW = "bob@newtown.example.org"

    def test_the_new_one_is_proved_and_the_council_changes_with_it(
        self, client: Client, bob: Member, newtown: OrganisationDomain
    ) -> None:
        old = bob.email
        elsewhere = Client()
        elsewhere.post(SIGN_IN, {"email": old})
        elsewhere.post("/account/login/code/confirm/", {"code": code_in(mail.outbox[-1])})
        assert elsewhere.get("/account/").status_code == 200
        assert client.post("/account/email/", {"email": self.NEW})["Location"] == "/account/email/code/"
        bob.refresh_from_db()
        assert bob.email == old
        client.post("/account/email/code/", {"code": code_in(mail.outbox[-1])})

        bob.refresh_from_db()
        assert (bob.email, bob.organisation) == (self.NEW, newtown.organisation)
        assert bob.admission.domain == newtown
        assert [(row.email, row.verified, row.primary) for row in bob.emailaddress_set.all()] == [
            (self.NEW, True, True)
        ]
        assert AuditEvent.objects.get(verb="changed address").details["to_domain"] == "newtown.example.org"
        # Whoever is signed in elsewhere came by the old mailbox, perhaps.
        assert not Session.objects.filter(pk=elsewhere.session.session_key).exists()
        assert client.get("/account/").status_code == 200
        # The same member signs in with the new one, and nobody with the old one.
        browser = Client()
        browser.post(SIGN_IN, {"email": self.NEW})
        browser.post("/account/login/code/confirm/", {"code": code_in(mail.outbox[-1])})
        assert browser.session["_auth_user_id"] == str(bob.pk)
        Client().post(SIGN_IN, {"email": old})
        assert "no account there that can be used" in str(mail.outbox[-1].body)

    @pytest.mark.parametrize("email", ["bob@unlisted.gov.uk", "bob@evilnewtown.example.org"])
    def test_an_unlisted_domain_is_refused_beside_the_field_and_the_old_one_stays(
        self, client: Client, bob: Member, newtown: OrganisationDomain, email: str
    ) -> None:
        old = bob.email
        shown = page(client.post("/account/email/", {"email": email}))

        assert "<title>Error: Change your email address" in shown
        assert "We do not know" in shown
        assert f'value="{email}"' in shown
        assert mail.outbox == []
        bob.refresh_from_db()
        assert bob.email == old

    def test_a_code_asked_for_from_the_old_mailbox_leads_nowhere_any_more(
        self, client: Client, bob: Member, newtown: OrganisationDomain
    ) -> None:
        old, stranger = bob.email, Client()
        stranger.post(SIGN_IN, {"email": old})
        code = code_in(mail.outbox[-1])
        client.post("/account/email/", {"email": self.NEW})
        client.post("/account/email/code/", {"code": code_in(mail.outbox[-1])})
        sent = len(mail.outbox)

        answer = stranger.post("/account/login/code/confirm/", {"code": code})

        assert answer["Location"] == "/account/login/code/?code=over"
        assert "_auth_user_id" not in stranger.session
        assert len(mail.outbox) == sent
        assert [row.email for row in bob.emailaddress_set.all()] == [self.NEW]

    def test_what_somebody_is_does_not_change_with_the_address(
        self, client: Client, bob: Member, newtown: OrganisationDomain
    ) -> None:
        OrganisationDomain.objects.filter(pk=newtown.pk).update(kind=Member.Kind.SUPPLIER)

        assert "accounts of another kind" in page(client.post("/account/email/", {"email": self.NEW}))

    def test_a_domain_that_nobody_confirmed_is_no_way_to_stay_in_a_closed_network(
        self, client: Client, cast: Cast, bob: Member, newtown: OrganisationDomain
    ) -> None:
        OrganisationDomain.objects.filter(pk=newtown.pk).update(confirmed_at=None)
        assert "confirm this email domain first" in page(client.post("/account/email/", {"email": self.NEW}))

        bob.memberships.filter(network=cast.practitioners).delete()
        assert client.post("/account/email/", {"email": self.NEW})["Location"] == "/account/email/code/"

    def test_a_domain_that_is_taken_away_meanwhile_lets_nobody_in(
        self, client: Client, bob: Member, newtown: OrganisationDomain
    ) -> None:
        client.post("/account/email/", {"email": self.NEW})
        newtown.delete()
        client.post("/account/email/code/", {"code": code_in(mail.outbox[-1])})

        bob.refresh_from_db()
        assert bob.email != self.NEW

    def test_where_councils_share_the_domain_it_asks_which(
        self, client: Client, bob: Member, newtown: OrganisationDomain
    ) -> None:
        oldtown = Organisation.objects.create(name="Oldtown Council", short_name="Oldtown", slug="oldtown")
        OrganisationDomain.objects.create(
            organisation=oldtown, domain=newtown.domain, source="register", confirmed_at=timezone.now()
        )
        shown = page(client.post("/account/email/", {"email": self.NEW}))
        assert "Which council do you work for?" in shown
        assert "Error:" not in shown
        assert "Select the council" in page(client.post("/account/email/", {"email": self.NEW, "council_asked": "yes"}))
        assert mail.outbox == []

        client.post("/account/email/", {"email": self.NEW, "council_asked": "yes", "organisation": oldtown.pk})
        client.post("/account/email/code/", {"code": code_in(mail.outbox[-1])})
        bob.refresh_from_db()
        assert bob.organisation == oldtown

    def test_anothers_address_is_not_taken_and_not_given_away(
        self, client: Client, bob: Member, cast: Cast, newtown: OrganisationDomain
    ) -> None:
        free = client.post("/account/email/", {"email": self.NEW})
        taken = client.post("/account/email/", {"email": cast.fay.email})
        assert (free.status_code, free["Location"]) == (taken.status_code, taken["Location"])
        assert not re.search(r"[A-Z]{3}-[A-Z]{3}", str(mail.outbox[-1].body))
        assert mail.outbox[-1].to == [cast.fay.email]
        for code in ("", "BCD-FGH", "None"):
            client.post("/account/email/code/", {"code": code})

        cast.fay.refresh_from_db()
        assert cast.fay.email == "fay@exampleshire.example.org"

    def test_an_address_that_somebody_only_typed_is_free(
        self, client: Client, bob: Member, newtown: OrganisationDomain
    ) -> None:
        begin_sign_up(self.NEW)
        client.post("/account/email/", {"email": self.NEW})
        client.post("/account/email/code/", {"code": code_in(mail.outbox[-1])})

        assert Member.objects.get(email=self.NEW) == bob

    def test_five_wrong_codes_end_the_right_one(self, client: Client, bob: Member, newtown: OrganisationDomain) -> None:
        client.post("/account/email/", {"email": self.NEW})
        code = code_in(mail.outbox[-1])
        for _ in range(5):
            client.post("/account/email/code/", {"code": "ZZZ-ZZZ"})
        client.post("/account/email/code/", {"code": code})

        bob.refresh_from_db()
        assert bob.email != self.NEW

    def test_after_ten_minutes_the_code_is_over(
        self, client: Client, bob: Member, newtown: OrganisationDomain, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        client.post("/account/email/", {"email": self.NEW})
        later = time.time() + 601
        monkeypatch.setattr("allauth.account.internal.flows.code_verification.time.time", lambda: later)
        client.post("/account/email/code/", {"code": code_in(mail.outbox[-1])})

        bob.refresh_from_db()
        assert bob.email != self.NEW


class TestMail:
    """Whoever did it: the member hears of it."""

    def subjects(self, member: Member) -> list[str]:
        return [message.subject for message in mail.outbox if message.to == [member.email]]

    def test_a_new_browser_is_told_of_and_a_known_one_is_not(
        self, bob: Member, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
    ) -> None:
        first, second = Client(), Client(HTTP_USER_AGENT="Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0")
        told = []
        for client in (first, first, second, second):
            with django_capture_on_commit_callbacks(execute=True):
                client.post(SIGN_IN, {"email": bob.email})
                client.post("/account/login/code/confirm/", {"code": code_in(mail.outbox[-1])})
                client.post("/account/logout/")
            told.append(self.subjects(bob).count("A new sign-in to your Guildhall account"))
            cache.clear()
        assert told == [0, 0, 1, 1]
        message = next(message for message in mail.outbox if message.subject.startswith("A new sign-in"))
        assert "Firefox on Linux" in str(message.body)
        assert "http://127.0.0.1:8000/account/" in str(message.body)

    def test_each_change_of_how_they_sign_in_is_told(
        self, client: Client, bob: Member, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
    ) -> None:
        shown = page(client.get("/account/app/"))
        found = re.search(r"secret=([A-Z2-7]+)", shown)
        assert found
        with django_capture_on_commit_callbacks(execute=True), patch("tests.cast.APP_SECRET", found[1]):
            client.post("/account/password/", {"password": PASSWORD})
            client.post("/account/password/", {"password": "four other words here"})
            client.post("/account/password/remove/")
            client.post("/account/app/", {"code": app_code()})
            client.post("/account/recovery-codes/")
            client.post("/account/app/remove/")

        assert self.subjects(bob) == [
            "Your Guildhall account has a password now",
            "Your Guildhall password was changed",
            "Your Guildhall password was removed",
            "An authenticator app was added",
            "New recovery codes were made",
            "An authenticator app was removed",
        ]
        assert all(found[1] not in str(message.body) for message in mail.outbox)

    def test_the_old_address_is_told_that_it_was_changed(
        self,
        client: Client,
        cast: Cast,
        bob: Member,
        django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    ) -> None:
        OrganisationDomain.objects.create(
            organisation=cast.council, domain="second.example.org", source="person", confirmed_at=timezone.now()
        )
        old = bob.email
        client.post("/account/email/", {"email": "bob@second.example.org"})
        with django_capture_on_commit_callbacks(execute=True):
            client.post("/account/email/code/", {"code": code_in(mail.outbox[-1])})

        assert mail.outbox[-1].to == [old]
        assert mail.outbox[-1].subject == "Your Guildhall email address was changed"
        assert "bob@second.example.org" not in str(mail.outbox[-1].body)

    def test_a_mail_server_that_is_away_stops_no_change(
        self,
        client: Client,
        bob: Member,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
        django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    ) -> None:
        monkeypatch.setattr("django.core.mail.EmailMessage.send", Mock(side_effect=OSError("no server")))
        with django_capture_on_commit_callbacks(execute=True):
            response = client.post("/account/password/", {"password": PASSWORD})

        assert response.status_code == 302
        assert "The mail server did not take a message" in caplog.text


@pytest.mark.parametrize("second_factor", [True, False])
def test_staff_without_a_second_factor_in_this_session_are_led_to_it(cast: Cast, second_factor: bool) -> None:
    client = Client()
    client.force_login(cast.fay)
    if second_factor:
        give_second_factor(cast.fay)
    response = client.get("/networks/ai/requests/?page=1")

    where = "/account/confirm/" if second_factor else "/account/second-factor/"
    assert response["Location"] == f"{where}?next=%2Fnetworks%2Fai%2Frequests%2F%3Fpage%3D1"


def test_staff_show_it_and_go_on_where_they_were_going(cast: Cast) -> None:
    client = Client()
    client.force_login(cast.fay)
    give_second_factor(cast.fay)
    address = client.get("/networks/ai/requests/")["Location"]
    assert "Confirm that it is you" in page(client.get(address))

    response = client.post("/account/confirm/", {"code": app_code(), "next": "/networks/ai/requests/"})
    assert response["Location"] == "/networks/ai/requests/"
    assert client.get("/networks/ai/requests/").status_code == 200


def test_staff_who_have_none_set_one_up_and_go_on_where_they_were_going(cast: Cast) -> None:
    client = Client()
    client.force_login(cast.fay)
    prove(client, cast.fay)
    shown = page(client.get("/networks/ai/requests/", follow=True))
    assert "You need a second factor" in shown
    found = re.search(r"secret=([A-Z2-7]+)", page(client.get("/account/app/")))
    assert found
    with patch("tests.cast.APP_SECRET", found[1]):
        shown = page(client.post("/account/app/", {"code": app_code()}))
    assert 'href="/networks/ai/requests/"' in shown

    assert client.get("/networks/ai/requests/").status_code == 200


def test_what_was_shown_in_another_browser_or_long_ago_does_not_count(cast: Cast) -> None:
    here, elsewhere = Client(), Client()
    sign_in(elsewhere, cast.fay)
    here.force_login(cast.fay)
    assert here.get("/networks/ai/requests/").status_code == 302

    show_second_factor(here, cast.fay)
    assert here.get("/networks/ai/requests/").status_code == 200
    prove(here, cast.fay, method="mfa", ago=settings.SECOND_FACTOR_LASTS.total_seconds() + 1)
    assert here.get("/networks/ai/requests/").status_code == 302


def test_another_members_proof_in_the_same_session_does_not_count(cast: Cast) -> None:
    client = Client()
    client.force_login(cast.fay)
    give_second_factor(cast.fay)
    prove(client, cast.bob, method="mfa")

    assert client.get("/networks/ai/requests/").status_code == 302


def test_a_factor_that_is_gone_does_not_count(cast: Cast) -> None:
    client = Client()
    sign_in(client, cast.fay)
    Authenticator.objects.filter(user=cast.fay).delete()

    assert client.get("/networks/ai/requests/")["Location"].startswith("/account/second-factor/")


def test_without_it_a_facilitator_decides_nothing(cast: Cast) -> None:
    client = Client()
    client.force_login(cast.fay)
    request = cast.practitioners.memberships.get(member=cast.amir)
    for step in ("approve", "decline"):
        response = client.post(
            f"/networks/ai-practitioners/requests/{request.pk}/{step}/",
            {"words": "No"},
            HTTP_REFERER="http://testserver/networks/ai-practitioners/requests/",
        )
        assert response["Location"].endswith("next=%2Fnetworks%2Fai-practitioners%2Frequests%2F")
        request.refresh_from_db()
        assert request.is_requested


def test_whoever_is_no_staff_is_not_asked_and_finds_nothing(cast: Cast) -> None:
    for who in ("bob", "olga", "amir", "lena", "sven"):
        client = Client()
        client.force_login(getattr(cast, who))
        assert client.get("/networks/ai/requests/").status_code == 404
        assert client.get("/administration/domains/").status_code == 404
