"""A mailbox is proved again: once a year, and when mail comes back. Who does not answer is shut out until they do."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from smtplib import SMTPRecipientsRefused

import pytest
from django.core import mail
from django.core.cache import cache
from django.core.mail import EmailMessage
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from forums.actions.threads import start_thread
from forums.models import Thread
from network import signals
from network.actions.admission import begin_sign_up
from network.actions.mail import owe_mail, send_due_mail
from network.actions.mailbox import (
    ask_who_is_due,
    lapse_who_did_not_answer,
    note_proof,
    return_to_use,
)
from network.models import AuditEvent, MailLedger, Member, Membership, Network
from network.notifications import unread_notices
from tests.cast import Cast

SIGN_IN = "/account/login/code/"
SIGN_IN_CODE = "/account/login/code/confirm/"
YEAR = timedelta(days=366)


def sign_in(client: Client, email: str) -> None:
    cache.clear()
    client.post(SIGN_IN, {"email": email})
    enter_code(client)


def enter_code(client: Client) -> None:
    found = re.search(r"^\s+([A-Z]{3}-[A-Z]{3})$", str(mail.outbox[-1].body), re.MULTILINE)
    assert found, mail.outbox[-1].body
    client.post(SIGN_IN_CODE, {"code": found[1]})


def is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def proved(member: Member, at: datetime) -> None:
    Member.objects.filter(pk=member.pk).update(mailbox_proved_at=at, mailbox_asked_at=None)


def asked(member: Member, at: datetime) -> None:
    Member.objects.filter(pk=member.pk).update(mailbox_asked_at=at)


def fresh(member: Member) -> Member:
    return Member.objects.get(pk=member.pk)


@pytest.fixture
def lapsed(cast: Cast) -> Member:
    """Bob, who did not answer."""
    asked(cast.bob, timezone.now() - timedelta(days=31))
    assert lapse_who_did_not_answer() == 1
    return fresh(cast.bob)


class TestAsking:
    def test_a_year_after_the_last_proof_and_once(self, cast: Cast) -> None:
        now = timezone.now()
        proved(cast.bob, now - YEAR)
        proved(cast.fay, now - timedelta(days=360))

        assert ask_who_is_due(now=now) == 1
        assert ask_who_is_due(now=now) == 0
        assert fresh(cast.bob).mailbox_asked_at == now
        assert [shown.address for shown in unread_notices(fresh(cast.bob))] == ["/account/mailbox/"]
        assert send_due_mail() == 1
        assert send_due_mail() == 0
        body = str(mail.outbox[0].body)
        assert "http://127.0.0.1:8000/account/mailbox/" in body
        assert cast.bob.email in body

    def test_who_never_proved_anything_is_counted_from_the_day_they_came(self, cast: Cast) -> None:
        assert ask_who_is_due(now=timezone.now() + YEAR) == 7

    def test_an_address_that_somebody_only_typed_is_not_asked(self, cast: Cast) -> None:
        typed = begin_sign_up("typed@exampleshire.example.org")
        ask_who_is_due(now=timezone.now() + YEAR)
        assert fresh(typed).mailbox_asked_at is None

    def test_the_setting_may_say_never_or_sooner(self, cast: Cast, settings: Settings) -> None:
        proved(cast.bob, timezone.now() - timedelta(days=62))
        settings.REPROVE_MONTHS = 0
        assert ask_who_is_due(now=timezone.now() + 2 * YEAR) == 0
        settings.REPROVE_MONTHS = 2
        assert ask_who_is_due() == 1

    def test_mail_that_comes_back_asks_at_once(self, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(message: EmailMessage, fail_silently: bool = False) -> int:
            raise SMTPRecipientsRefused({message.to[0]: (550, b"no such mailbox")})

        monkeypatch.setattr(EmailMessage, "send", refuse)
        owe_mail("let_in_from_list", cast.bob, period="once")
        send_due_mail()
        first = fresh(cast.bob).mailbox_asked_at
        assert first is not None

        send_due_mail()  # the question itself comes back: nothing more
        assert fresh(cast.bob).mailbox_asked_at == first
        assert not MailLedger.objects.filter(state="due").exists()
        assert len(unread_notices(fresh(cast.bob))) == 1


class TestAnswering:
    def test_signing_in_with_a_code_is_the_proof(self, client: Client, cast: Cast) -> None:
        asked(cast.bob, timezone.now() - timedelta(days=29))
        sign_in(client, cast.bob.email)

        bob = fresh(cast.bob)
        assert bob.mailbox_asked_at is None
        assert bob.mailbox_proved_at and timezone.now() - bob.mailbox_proved_at < timedelta(minutes=1)
        assert "mailbox_proof_asked" not in {shown.notice.kind for shown in unread_notices(bob)}
        assert lapse_who_did_not_answer(now=timezone.now() + timedelta(days=9)) == 0

    def test_somebody_who_is_signed_in_is_sent_a_code_from_the_page_of_the_mail(
        self, client: Client, cast: Cast
    ) -> None:
        asked(cast.bob, timezone.now())
        client.force_login(cast.bob)
        assert cast.bob.email in client.get("/account/mailbox/").content.decode()
        assert client.post("/account/mailbox/")["Location"] == SIGN_IN_CODE
        assert not is_signed_in(client)
        enter_code(client)

        assert is_signed_in(client)
        assert fresh(cast.bob).mailbox_asked_at is None

    def test_anybody_else_is_led_to_sign_in(self, client: Client, cast: Cast) -> None:
        assert client.get("/account/mailbox/")["Location"] == SIGN_IN


class TestLapsing:
    def test_shuts_out_everywhere_and_keeps_what_was_written(self, client: Client, cast: Cast) -> None:
        thread = start_thread(cast.ai, by=cast.bob, theme=cast.theme, title="Mine", source="Words")
        client.force_login(cast.bob)
        ended: list[Membership] = []
        versions = dict(Network.objects.values_list("pk", "access_version"))

        def hear(membership: Membership, **_: object) -> None:
            ended.append(membership)

        signals.membership_ended.connect(hear)
        try:
            now = timezone.now()
            asked(cast.bob, now - timedelta(days=30, minutes=-1))
            assert lapse_who_did_not_answer(now=now) == 0
            asked(cast.bob, now - timedelta(days=30, minutes=1))
            assert lapse_who_did_not_answer(now=now) == 1
            assert lapse_who_did_not_answer(now=now) == 0
        finally:
            signals.membership_ended.disconnect(hear)

        bob = fresh(cast.bob)
        assert (bob.is_active, bob.inactive_because) == (False, "lapsed")
        assert {membership.network for membership in ended} == {cast.ai, cast.practitioners}
        for network in Network.objects.all():
            assert network.access_version == versions[network.pk] + 1
        assert client.get("/notices/").status_code == 302
        assert not Network.objects.of(bob).exists()
        assert Thread.objects.filter(pk=thread.pk, author=bob).exists()
        assert Membership.objects.filter(member=bob, state="active").count() == 2
        assert AuditEvent.objects.get(verb="lapsed").object_id == str(bob.pk)

    def test_a_code_brings_the_account_back_with_its_memberships(self, client: Client, lapsed: Member) -> None:
        sign_in(client, lapsed.email)

        bob = fresh(lapsed)
        assert is_signed_in(client)
        assert (bob.is_active, bob.inactive_because, bob.mailbox_asked_at) == (True, "", None)
        assert Network.objects.of(bob).count() == 2
        assert AuditEvent.objects.get(verb="returned to use").object_id == str(bob.pk)

    def test_asking_for_a_code_is_not_enough(self, client: Client, lapsed: Member) -> None:
        client.post(SIGN_IN, {"email": lapsed.email})
        for _ in range(4):
            client.post(SIGN_IN_CODE, {"code": "ZZZ-ZZZ"})

        assert not fresh(lapsed).is_active
        assert not is_signed_in(client)

    @pytest.mark.parametrize("why", ["suspended", "closed", ""])
    def test_nobody_else_comes_back_that_way(self, client: Client, cast: Cast, why: str) -> None:
        Member.objects.filter(pk=cast.bob.pk).update(is_active=False, inactive_because=why)
        client.post(SIGN_IN, {"email": cast.bob.email})
        assert "no account there that can be used" in str(mail.outbox[-1].body)

        note_proof(fresh(cast.bob))
        assert not return_to_use(fresh(cast.bob)).is_active
        assert not AuditEvent.objects.filter(verb="returned to use").exists()

    def test_who_is_suspended_while_the_code_is_under_way_stays_out(self, client: Client, lapsed: Member) -> None:
        client.post(SIGN_IN, {"email": lapsed.email})
        Member.objects.filter(pk=lapsed.pk).update(inactive_because="suspended")
        enter_code(client)

        assert not is_signed_in(client)
        assert not fresh(lapsed).is_active
