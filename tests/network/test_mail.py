"""The one way by which mail leaves: what is sent once, what again, and what never."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from smtplib import SMTPDataError, SMTPRecipientsRefused, SMTPSenderRefused
from typing import Any

import pytest
from django.core import mail as django_mail
from django.core.mail import EmailMessage
from django.db import connection
from django.test import Client
from pytest_django.fixtures import Settings

from network.actions import mail as post_office
from network.actions.mail import (
    ATTEMPTS,
    KEPT,
    KEPT_ADDRESSES,
    Mail,
    MailKind,
    MailNotSent,
    WrittenMail,
    forget_old_mail,
    is_mail_due,
    owe_mail,
    send_at_once,
    send_due_mail,
)
from network.models import MailLedger, Member
from network.signals import mailbox_bounced
from tests.cast import Cast
from tests.conftest import MailServer

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
TEMPLATE = "account/email/login_code_message.txt"  # any text will do

said: dict[str, Any] = {}


def compose(row: MailLedger, member: Member | None) -> Mail | None:
    if isinstance(said.get("problem"), Exception):
        raise said["problem"]
    if said.get("nothing"):
        return None
    return Mail(TEMPLATE, {"code": said.get("words", "Hello")})


@pytest.fixture(autouse=True)
def kinds(db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A kind of mail for these tests, beside one that tells people that their account is not in use."""
    said.clear()
    monkeypatch.setattr(post_office, "_kinds", {})
    post_office.register(MailKind("greeting", compose))
    post_office.register(MailKind("farewell", compose, is_account_mail=True, to_inactive=True))
    yield
    said.clear()


@pytest.fixture
def bounced() -> Iterator[list[Member]]:
    heard: list[Member] = []

    def hear(sender: object, member: Member, **_: Any) -> None:
        heard.append(member)

    mailbox_bounced.connect(hear, weak=False)
    yield heard
    mailbox_bounced.disconnect(hear)


@pytest.fixture
def smtp(mail_server: MailServer, settings: Settings) -> MailServer:
    settings.EMAIL_BACKEND = "network.delivery.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", mail_server.port, 5
    return mail_server


def state() -> str:
    return MailLedger.objects.get().state


class TestWhatIsOwed:
    def test_goes_with_the_next_look_and_once(self, cast: Cast) -> None:
        owe_mail("greeting", cast.bob, period="1", now=NOON)
        assert is_mail_due(now=NOON)
        assert send_due_mail(now=NOON) == 1
        assert send_due_mail(now=NOON) == 0

        assert [message.to for message in django_mail.outbox] == [[cast.bob.email]]
        row = MailLedger.objects.get()
        assert (row.state, row.attempts) == ("sent", 1)
        assert row.sent_at

    def test_is_one_mail_however_often_it_is_planned(self, cast: Cast) -> None:
        for _ in range(3):
            owe_mail("greeting", cast.bob, period="1", now=NOON)
        send_due_mail(now=NOON)
        owe_mail("greeting", cast.bob, period="1", now=NOON)
        send_due_mail(now=NOON)
        assert len(django_mail.outbox) == 1

        owe_mail("greeting", cast.bob, period="2", now=NOON)
        owe_mail("greeting", cast.fay, period="1", now=NOON)
        send_due_mail(now=NOON)
        assert len(django_mail.outbox) == 3

    def test_goes_to_an_address_without_an_account_too(self, db: None) -> None:
        owe_mail("greeting", "Nora@Example.org", period="1", now=NOON)
        owe_mail("greeting", "nora@example.org", period="1", now=NOON)
        send_due_mail(now=NOON)

        assert [message.to for message in django_mail.outbox] == [["nora@example.org"]]

    def test_goes_to_the_address_that_the_member_has_by_then(self, cast: Cast) -> None:
        owe_mail("greeting", cast.bob, period="1", now=NOON)
        Member.objects.filter(pk=cast.bob.pk).update(email="moved@example.org")
        send_due_mail(now=NOON)

        assert django_mail.outbox[0].to == ["moved@example.org"]

    def test_is_not_sent_before_it_is_due(self, cast: Cast) -> None:
        owe_mail("greeting", cast.bob, period="1", now=NOON)

        assert send_due_mail(now=NOON - timedelta(seconds=1)) == 0
        assert not is_mail_due(now=NOON - timedelta(seconds=1))

    def test_is_dropped_where_there_is_nothing_to_say_any_more(self, cast: Cast) -> None:
        owe_mail("greeting", cast.bob, period="1", now=NOON)
        said["nothing"] = True

        assert send_due_mail(now=NOON) == 0
        assert state() == "dropped"
        assert django_mail.outbox == []

    def test_is_dropped_where_the_kind_is_gone(self, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
        owe_mail("greeting", cast.bob, period="1", now=NOON)
        monkeypatch.setattr(post_office, "_kinds", {})
        send_due_mail(now=NOON)

        assert state() == "dropped"

    def test_that_cannot_be_composed_fails_and_holds_up_nobody(
        self, cast: Cast, caplog: pytest.LogCaptureFixture
    ) -> None:
        owe_mail("greeting", cast.bob, period="1", now=NOON)
        said["problem"] = ValueError("no such thing")
        assert send_due_mail(now=NOON) == 0
        assert state() == "failed"
        assert "A mail could not be composed" in caplog.text

        said.clear()
        owe_mail("greeting", cast.fay, period="1", now=NOON)
        assert send_due_mail(now=NOON) == 1

    @pytest.mark.usefixtures("cast")
    def test_is_nothing_to_an_account_that_is_not_in_use(self, cast: Cast) -> None:
        owe_mail("greeting", cast.bob, period="1", now=NOON)
        Member.objects.filter(pk=cast.bob.pk).update(is_active=False)
        send_due_mail(now=NOON)

        assert state() == "dropped"
        assert django_mail.outbox == []

    def test_but_for_the_mail_that_says_so(self, cast: Cast) -> None:
        Member.objects.filter(pk=cast.bob.pk).update(is_active=False)
        owe_mail("farewell", cast.bob, period="1", now=NOON)

        assert send_due_mail(now=NOON) == 1

    def test_stops_with_an_account_that_ends_while_the_list_is_worked_off(
        self, cast: Cast, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        owe_mail("greeting", cast.bob, period="1", now=NOON)
        owe_mail("greeting", cast.fay, period="1", now=NOON + timedelta(seconds=1))
        send = EmailMessage.send

        def send_and_suspend(message: EmailMessage, fail_silently: bool = False) -> int:
            Member.objects.filter(pk=cast.fay.pk).update(is_active=False)
            return send(message, fail_silently)

        monkeypatch.setattr(EmailMessage, "send", send_and_suspend)

        assert send_due_mail(now=NOON + timedelta(seconds=1)) == 1

    def test_is_forgotten_after_a_year_and_addresses_of_strangers_sooner(self, cast: Cast) -> None:
        owe_mail("greeting", cast.bob, period="1", now=NOON)
        owe_mail("greeting", "nora@example.org", period="1", now=NOON)

        assert forget_old_mail(now=NOON + KEPT_ADDRESSES) == 0
        assert forget_old_mail(now=NOON + KEPT_ADDRESSES + timedelta(days=1)) == 1
        assert MailLedger.objects.get().member == cast.bob
        assert forget_old_mail(now=NOON + KEPT + timedelta(days=1)) == 1

    def test_two_kinds_of_one_name_are_a_mistake(self) -> None:
        with pytest.raises(ValueError, match="registered twice"):
            post_office.register(MailKind("greeting", compose))


class TestTheMessage:
    def test_is_plain_text_from_a_program_with_the_first_line_as_subject(self, cast: Cast) -> None:
        owe_mail("greeting", cast.bob, period="1", now=NOON)
        send_due_mail(now=NOON)
        message = django_mail.outbox[0]

        assert message.subject == "Use this code to sign in to Guildhall:"
        assert str(message.body).startswith("Hello")
        assert message.content_subtype == "plain"
        assert message.extra_headers["Auto-Submitted"] == "auto-generated"

    @pytest.mark.parametrize("words", ["a\nBcc: eve@example.org", "a\r\nBcc: eve@example.org", "a\u2028b\x0bc\x85d"])
    def test_nobody_writes_a_header_by_what_they_call_themselves(
        self, cast: Cast, smtp: MailServer, words: str
    ) -> None:
        send_at_once("greeting", cast.bob, WrittenMail(words, "Text"))
        (received,) = smtp.received

        assert received.rcpt_tos == [cast.bob.email]
        assert "bcc" not in {name.lower() for name in received.message}
        assert "\n" not in str(received.message["Subject"])


class TestARealMailServer:
    def test_takes_what_is_sent(self, cast: Cast, smtp: MailServer) -> None:
        said["words"] = "Wörds and a £ sign"
        owe_mail("greeting", cast.bob, period="1", now=NOON)

        assert send_due_mail(now=NOON) == 1
        (received,) = smtp.received
        assert received.rcpt_tos == [cast.bob.email]
        assert "Wörds and a £ sign" in received.text

    @pytest.mark.parametrize("answer", ["550 5.1.1 No such user here", "551 User not local", "553 5.1.3 Not a mailbox"])
    def test_that_knows_no_such_mailbox_ends_it_and_the_news_goes_round(
        self, cast: Cast, smtp: MailServer, bounced: list[Member], answer: str
    ) -> None:
        smtp.answer = answer
        owe_mail("greeting", cast.bob, period="1", now=NOON)

        assert send_due_mail(now=NOON) == 0
        assert bounced == [cast.bob]
        row = MailLedger.objects.get()
        assert row.state == "bounced"
        assert answer.split()[0] in row.error

    @pytest.mark.parametrize("answer", ["550 5.1.1 No such user here", "550 5.1.10 Takes no mail", "551 5.1.6 Moved"])
    def test_that_looks_for_the_mailbox_only_when_it_has_the_message_ends_it_too(
        self, cast: Cast, smtp: MailServer, bounced: list[Member], answer: str
    ) -> None:
        smtp.verdict = answer
        owe_mail("greeting", cast.bob, period="1", now=NOON)
        send_due_mail(now=NOON)

        assert bounced == [cast.bob]
        assert state() == "bounced"

    @pytest.mark.parametrize("answer", ["550 5.7.1 Spam", "550 No", "554 5.1.1 No", "451 4.7.1 Greylisted"])
    def test_that_does_not_like_the_message_says_nothing_of_the_mailbox(
        self, cast: Cast, smtp: MailServer, bounced: list[Member], answer: str
    ) -> None:
        smtp.verdict = answer
        owe_mail("greeting", cast.bob, period="1", now=NOON)
        send_due_mail(now=NOON)

        assert bounced == []
        assert state() == "due"

    @pytest.mark.parametrize("answer", ["450 Busy", "452 4.2.2 Mailbox full", "550 5.7.1 Relaying denied", "554 No"])
    def test_that_is_busy_or_does_not_like_us_is_asked_again_later(
        self, cast: Cast, smtp: MailServer, bounced: list[Member], answer: str
    ) -> None:
        smtp.answer = answer
        owe_mail("greeting", cast.bob, period="1", now=NOON)

        assert send_due_mail(now=NOON) == 0
        assert state() == "due"
        assert bounced == []
        smtp.answer = ""
        assert send_due_mail(now=NOON + timedelta(minutes=3)) == 0
        assert send_due_mail(now=NOON + timedelta(minutes=4)) == 1
        assert len(smtp.received) == 1

    def test_that_bounces_a_code_is_news_too(self, cast: Cast, smtp: MailServer, bounced: list[Member]) -> None:
        smtp.answer = "550 5.1.1 No such user here"
        with pytest.raises(MailNotSent):
            send_at_once("login_code", cast.bob, WrittenMail("Code", "BCD-FGH"))

        assert bounced == [cast.bob]
        assert state() == "bounced"


class TestAServerThatFails:
    @pytest.fixture
    def failing(self, monkeypatch: pytest.MonkeyPatch) -> list[Exception]:
        """The first of these is what each try raises."""
        problems: list[Exception] = []

        def send(message: EmailMessage, fail_silently: bool = False) -> int:
            raise problems[0]

        monkeypatch.setattr(EmailMessage, "send", send)
        return problems

    def test_is_tried_with_growing_pauses_and_then_given_up(
        self, cast: Cast, failing: list[Exception], caplog: pytest.LogCaptureFixture
    ) -> None:
        failing.append(ConnectionRefusedError("no server"))
        owe_mail("greeting", cast.bob, period="1", now=NOON)
        now, pauses = NOON, []
        while state() == "due":
            send_due_mail(now=now)
            due = MailLedger.objects.get().due_at
            pauses.append(due - now)
            now = due

        assert state() == "failed"
        assert MailLedger.objects.get().attempts == ATTEMPTS
        assert pauses[:-1] == sorted(pauses[:-1])
        assert timedelta(hours=20) < sum(pauses, timedelta()) < timedelta(days=2)
        assert "A mail was given up" in caplog.text

    def test_does_not_hold_the_worker_up_with_each_of_a_long_list(self, cast: Cast, failing: list[Exception]) -> None:
        failing.append(TimeoutError("away"))
        for number in range(10):
            owe_mail("greeting", cast.bob, period=str(number), now=NOON)
        send_due_mail(now=NOON)

        assert MailLedger.objects.filter(attempts=0).count() == 7
        assert not MailLedger.objects.exclude(state="due").exists()

    def test_refuses_one_mailbox_and_the_others_get_theirs(self, cast: Cast, failing: list[Exception]) -> None:
        failing.append(SMTPRecipientsRefused({"x@example.org": (450, b"Busy")}))
        for number in range(5):
            owe_mail("greeting", cast.bob, period=str(number), now=NOON)
        send_due_mail(now=NOON)

        assert not MailLedger.objects.filter(attempts=0).exists()

    @pytest.mark.parametrize(
        "problem",
        [
            SMTPSenderRefused(550, b"5.1.8 We do not know you", "guildhall@example.org"),
            SMTPDataError(550, b"This looks like spam"),
        ],
    )
    def test_is_no_fault_of_the_mailbox_where_the_sender_or_the_words_are_refused(
        self, cast: Cast, failing: list[Exception], bounced: list[Member], problem: Exception
    ) -> None:
        failing.append(problem)
        owe_mail("greeting", cast.bob, period="1", now=NOON)
        send_due_mail(now=NOON)

        assert bounced == []
        assert state() == "due"

    def test_leaves_the_list_going_where_a_listener_to_a_bounce_fails(
        self, cast: Cast, failing: list[Exception], caplog: pytest.LogCaptureFixture
    ) -> None:
        def stumble(sender: object, **_: Any) -> None:
            raise RuntimeError("over a stone")

        mailbox_bounced.connect(stumble)
        try:
            failing.append(SMTPRecipientsRefused({"x@example.org": (550, b"No such user")}))
            owe_mail("greeting", cast.bob, period="1", now=NOON)
            owe_mail("greeting", cast.fay, period="1", now=NOON)
            send_due_mail(now=NOON)
        finally:
            mailbox_bounced.disconnect(stumble)

        assert MailLedger.objects.filter(state="bounced").count() == 2
        assert "over a stone" in caplog.text

    def test_is_not_asked_again_about_what_no_message_can_be_made_of(
        self, cast: Cast, failing: list[Exception]
    ) -> None:
        failing.append(ValueError("a header with a line break"))
        owe_mail("greeting", cast.bob, period="1", now=NOON)
        send_due_mail(now=NOON)

        assert state() == "failed"


def test_a_worker_that_dies_over_a_mail_does_not_have_it_sent_twice(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Death(BaseException):
        pass

    def die(message: EmailMessage, fail_silently: bool = False) -> int:
        raise Death

    owe_mail("greeting", cast.bob, period="1", now=NOON)
    with monkeypatch.context() as dying:
        dying.setattr(EmailMessage, "send", die)
        with pytest.raises(Death):
            send_due_mail(now=NOON)

    assert send_due_mail(now=NOON + timedelta(days=1)) == 0
    assert state() == "sending"
    row = MailLedger.objects.get()
    assert row.claimed_at
    assert not MailLedger.objects.uncertain(now=row.claimed_at + timedelta(minutes=9)).exists()
    assert MailLedger.objects.uncertain(now=row.claimed_at + timedelta(minutes=11)).exists()


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_send_each_mail_once(cast: Cast, smtp: MailServer) -> None:
    for number in range(20):
        owe_mail("greeting", cast.bob, period=str(number), now=NOON)
    begin = threading.Barrier(3)
    sent: list[int] = []

    def work() -> None:
        begin.wait()
        sent.append(send_due_mail(now=NOON))
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert sum(sent) == 20
    assert len(smtp.received) == 20
    assert set(MailLedger.objects.values_list("state", "attempts")) == {("sent", 1)}


class TestCodes:
    """What allauth sends goes the same way."""

    def test_have_a_row_in_the_ledger_of_the_member_or_of_the_address(self, client: Client, cast: Cast) -> None:
        client.post("/account/login/code/", {"email": cast.bob.email})
        client.post("/account/login/code/", {"email": "nobody@exampleshire.example.org"})

        assert list(MailLedger.objects.order_by("pk").values_list("recipient", "stream", "state")) == [
            (f"member {cast.bob.pk}", "login_code", "sent"),
            ("nobody@exampleshire.example.org", "unknown_account", "sent"),
        ]

    def test_that_were_not_sent_are_failed_and_never_sent_late(
        self, client: Client, cast: Cast, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def away(message: EmailMessage, fail_silently: bool = False) -> int:
            raise OSError("no server")

        with monkeypatch.context() as broken:
            broken.setattr(EmailMessage, "send", away)
            client.post("/account/login/code/", {"email": cast.bob.email})

        assert state() == "failed"
        assert send_due_mail() == 0
