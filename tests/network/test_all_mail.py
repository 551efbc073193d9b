"""What holds all mail at once: an administrator, and the number that may go in an hour."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Permission
from django.core import mail as django_mail
from django.core.mail import EmailMessage
from django.db import IntegrityError, transaction
from django.utils import timezone
from pytest_django.fixtures import Settings

from network.actions import mail as post_office
from network.actions.all_mail import is_all_mail_stopped, let_mail_go, sent_within_an_hour, stop_all_mail
from network.actions.mail import Mail, MailKind, WrittenMail, is_mail_due, owe_mail, send_at_once, send_due_mail
from network.models import AuditEvent, MailLedger, MailStop, Member
from network.permissions import Refused
from tests.cast import Cast

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def compose(row: MailLedger, member: Member | None) -> Mail:
    return Mail("network/mail/data_ready.txt")


@pytest.fixture(autouse=True)
def kinds(db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(post_office, "_kinds", {})
    post_office.register(MailKind("greeting", compose))
    post_office.register(MailKind("account", compose, is_account_mail=True))
    yield


class TestStoppingAllMail:
    def test_holds_what_is_due_and_lets_it_go_afterwards(self, cast: Cast) -> None:
        owe_mail("greeting", cast.bob, period="1", now=NOON)
        owe_mail("account", cast.bob, period="1", now=NOON)
        stop_all_mail("The digest names the wrong people.", by=cast.ada)

        assert not is_mail_due(now=NOON)
        assert send_due_mail(now=NOON) == 0
        assert set(MailLedger.objects.values_list("state", "attempts")) == {("due", 0)}

        let_mail_go(by=cast.ada)
        assert is_mail_due(now=NOON)
        assert send_due_mail(now=NOON) == 2

    def test_holds_no_code(self, cast: Cast) -> None:
        stop_all_mail("A mistake.", by=cast.ada)
        send_at_once("login_code", cast.bob, WrittenMail("Code", "BCD-FGH"))

        assert len(django_mail.outbox) == 1

    def test_holds_from_the_next_mail_on(self, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
        for number in range(5):
            owe_mail("greeting", cast.bob, period=str(number), now=NOON)
        send = EmailMessage.send

        def send_and_stop(message: EmailMessage, fail_silently: bool = False) -> int:
            if len(django_mail.outbox) == 1:
                stop_all_mail("A mistake.", by=cast.ada)
            return send(message, fail_silently)

        monkeypatch.setattr(EmailMessage, "send", send_and_stop)

        assert send_due_mail(now=NOON) == 2
        assert MailLedger.objects.filter(state="due").count() == 3

    def test_is_written_down_with_its_reason(self, cast: Cast) -> None:
        stop = stop_all_mail("A mistake.", by=cast.ada)
        let_mail_go(by=cast.ada)

        assert [event.verb for event in AuditEvent.objects.order_by("pk")] == ["stopped all mail", "let mail go"]
        stop.refresh_from_db()
        assert (stop.by, stop.ended_by) == (cast.ada, cast.ada)
        assert not is_all_mail_stopped()

    def test_is_done_once_at_a_time(self, cast: Cast) -> None:
        stop_all_mail("A mistake.", by=cast.ada)
        with pytest.raises(Refused, match="stopped already"):
            stop_all_mail("Another.", by=cast.ada)
        let_mail_go(by=cast.ada)
        with pytest.raises(Refused, match="not stopped"):
            let_mail_go(by=cast.ada)
        stop_all_mail("Another.", by=cast.ada)
        with pytest.raises(IntegrityError), transaction.atomic():
            MailStop.objects.create(by=cast.ada, why="By another door")

    @pytest.mark.parametrize("who", ["fay", "bob", "olga"])
    def test_is_for_administrators_alone(self, cast: Cast, who: str) -> None:
        member = getattr(cast, who)
        with pytest.raises(Refused):
            stop_all_mail("Because.", by=member)
        member.user_permissions.add(Permission.objects.get(codename="view_mailledger"))
        stop_all_mail("A mistake.", by=cast.ada)
        with pytest.raises(Refused):
            let_mail_go(by=Member.objects.get(pk=member.pk))
        assert is_all_mail_stopped()


class TestAnHour:
    @pytest.fixture(autouse=True)
    def three(self, settings: Settings) -> None:
        settings.MAIL_PER_HOUR = 3

    def test_takes_no_more_than_may_go_and_the_rest_waits(self, cast: Cast) -> None:
        for number in range(5):
            owe_mail("greeting", cast.bob, period=str(number), now=NOON)

        assert send_due_mail(now=NOON) == 3
        assert send_due_mail(now=NOON) == 0
        assert not is_mail_due(now=NOON)
        assert MailLedger.objects.filter(state="due", attempts=0).count() == 2

        MailLedger.objects.filter(state="sent").update(sent_at=timezone.now() - timedelta(minutes=61))
        assert is_mail_due(now=NOON)
        assert send_due_mail(now=NOON) == 2

    def test_that_is_full_has_room_for_codes_and_mail_about_accounts_which_it_counts(self, cast: Cast) -> None:
        for _ in range(2):
            send_at_once("login_code", cast.bob, WrittenMail("Code", "BCD-FGH"))
        for number in range(250):
            owe_mail("greeting", cast.bob, period=str(number), now=NOON)
        owe_mail("account", cast.bob, period="1", now=NOON)

        assert send_due_mail(now=NOON) == 1
        assert is_mail_due(now=NOON)
        assert send_due_mail(now=NOON) == 1
        assert MailLedger.objects.get(stream="account").state == "sent"
        send_at_once("login_code", cast.bob, WrittenMail("Code", "BCD-FGH"))
        assert sent_within_an_hour() == 5

    def test_without_a_number_takes_all(self, cast: Cast, settings: Settings) -> None:
        settings.MAIL_PER_HOUR = 0
        for number in range(20):
            owe_mail("greeting", cast.bob, period=str(number), now=NOON)

        assert send_due_mail(now=NOON) == 20
