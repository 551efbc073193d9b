"""How a mail leaves: as what message, over which connection, and what has been claimed when."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from smtplib import SMTPServerDisconnected
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.db import connection
from pytest_django.fixtures import Settings

from network.actions import mail as post_office
from network.actions.mail import Mail, MailFile, MailKind, Stop, WrittenMail, owe_mail, send_at_once, send_due_mail
from network.actions.mail_stops import address_of
from network.delivery.smtp import _LastMoment
from network.models import MailLedger, Member
from tests.cast import Cast
from tests.conftest import MailServer, Received
from tests.servers import free_port

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
TEXT, HTML = "network/mail/data_ready.txt", "network/mail/base.html"

asked: list[int] = []
mails: dict[str, Mail | Callable[[MailLedger], Mail | None]] = {}


def compose(row: MailLedger, member: Member | None) -> Mail | None:
    asked.append(row.pk)
    mail = mails.get(row.period, mails["any"])
    return mail(row) if callable(mail) else mail


@pytest.fixture(autouse=True)
def kinds(db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    asked.clear()
    mails.clear()
    mails["any"] = Mail(TEXT, {"member": "Bob"})
    monkeypatch.setattr(post_office, "_kinds", {})
    post_office.register(MailKind("greeting", compose))
    post_office.register(MailKind("account", compose, is_account_mail=True))
    yield
    mails.clear()


@pytest.fixture
def smtp(mail_server: MailServer, settings: Settings) -> MailServer:
    settings.EMAIL_BACKEND = "network.delivery.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", mail_server.port, 5
    settings.SITE_URL, settings.SITE_HOST = "https://guildhall.example.org", "guildhall.example.org"
    return mail_server


def row_of(period: str) -> MailLedger:
    return MailLedger.objects.get(period=period)


def sent(smtp: MailServer, member: Member, **mail: Any) -> Received:
    mails["any"] = Mail(TEXT, {"member": "Bob"}, **mail)
    owe_mail("greeting", member, period=f"{len(smtp.received)}", now=NOON)
    assert send_due_mail(now=NOON) == 1
    return smtp.received[-1]


class TestTheMessage:
    def test_says_the_same_in_text_and_in_html(self, cast: Cast, smtp: MailServer) -> None:
        message = sent(smtp, cast.bob, html=HTML).message

        assert message.get_content_type() == "multipart/alternative"
        text, html = [part.get_content() for part in message.iter_parts()]
        assert text.startswith("Hello Bob")
        assert "<h1>Your data from Guildhall is ready</h1>" in html

    def test_takes_its_files_with_it(self, cast: Cast, smtp: MailServer) -> None:
        words = "BEGIN:VCALENDAR\r\nSUMMARY:Ünïcode\r\nEND:VCALENDAR\r\n"
        file = MailFile("event.ics", words.encode(), "text/calendar")
        message = sent(smtp, cast.bob, html=HTML, files=(file,)).message

        [attached] = message.iter_attachments()
        assert (attached.get_filename(), attached.get_content_type()) == ("event.ics", "text/calendar")
        assert attached.get_content().splitlines() == words.splitlines()
        body = message.get_body(("plain",))
        assert body
        assert body.get_content().startswith("Hello Bob")

    def test_says_why_it_came_and_how_to_stop_it_in_both(self, cast: Cast, smtp: MailServer) -> None:
        stop = Stop("network", cast.ai.pk)
        message = sent(smtp, cast.bob, html=HTML, why="You belong to this network.", stop=stop).message

        for part in message.iter_parts():
            words = part.get_content()
            assert "You belong to this network." in words
            assert "Stop mail from this network" in words
            assert address_of(stop, cast.bob) in words
            assert address_of(Stop("all"), cast.bob) in words
        assert str(message["List-Unsubscribe"]).strip() == f"<{address_of(stop, cast.bob)}>"
        assert str(message["List-Unsubscribe-Post"]) == "List-Unsubscribe=One-Click"

    def test_offers_no_stop_that_does_nothing(self, cast: Cast, smtp: MailServer) -> None:
        message = sent(smtp, cast.bob).message

        assert "List-Unsubscribe" not in message
        assert "Stop" not in message.get_content()

    def test_that_says_why_must_say_how_to_stop_it(self, cast: Cast, smtp: MailServer) -> None:
        mails["any"] = Mail(TEXT, why="You belong to this network.")
        owe_mail("greeting", cast.bob, period="1", now=NOON)
        send_due_mail(now=NOON)

        assert row_of("1").state == "failed"

    def test_stands_with_the_others_of_its_conversation(self, cast: Cast, smtp: MailServer) -> None:
        one, two, fays = (sent(smtp, member, conversation="thread 12") for member in (cast.bob, cast.bob, cast.fay))
        other = sent(smtp, cast.bob, conversation="thread 13")

        roots = [received.message["References"] for received in (one, two, fays, other)]
        assert roots[0] == roots[1] == roots[2] != roots[3]
        assert [received.message["In-Reply-To"] for received in (one, two, fays, other)] == roots
        assert len({received.message["Message-ID"] for received in (one, two, fays, other)}) == 4

    def test_has_one_number_however_often_it_is_tried_that_says_nothing(self, cast: Cast, smtp: MailServer) -> None:
        first = sent(smtp, cast.bob).message["Message-ID"]
        MailLedger.objects.update(state="due")
        send_due_mail(now=NOON)

        assert smtp.received[1].message["Message-ID"] == first
        assert str(first).endswith("@guildhall.example.org>")
        assert cast.bob.email not in str(first)

    def test_is_answered_where_it_says(self, cast: Cast, smtp: MailServer) -> None:
        assert sent(smtp, cast.bob, reply_to="post@in.example.org").message["Reply-To"] == "post@in.example.org"
        assert "Reply-To" not in sent(smtp, cast.bob).message


class TestTheLastMoment:
    @pytest.fixture
    def states(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """What the ledger says when a connection begins to hand over, and after the server has all but the end."""
        seen: list[str] = []
        data, ended = _LastMoment.data, _LastMoment._ended

        def begin(self: _LastMoment, msg: Any) -> tuple[int, bytes]:
            seen.append(MailLedger.objects.get().state)
            return data(self, msg)

        def end(self: _LastMoment) -> tuple[int, bytes]:
            seen.append(MailLedger.objects.get().state)
            return ended(self)

        monkeypatch.setattr(_LastMoment, "data", begin)
        monkeypatch.setattr(_LastMoment, "_ended", end)
        return seen

    def test_is_when_a_row_is_claimed(self, cast: Cast, smtp: MailServer, states: list[str]) -> None:
        owe_mail("greeting", cast.bob, period="1", now=NOON)
        send_due_mail(now=NOON)

        assert states == ["due", "sending"]
        assert row_of("1").state == "sent"

    def test_until_then_a_message_that_is_held_back_is_nobodys(self, cast: Cast, smtp: MailServer) -> None:
        """Another worker has it by then: this one ends the connection, and the server forgets what it was told."""

        def taken_meanwhile(row: MailLedger) -> Mail:
            MailLedger.objects.filter(pk=row.pk).update(state="sending", attempts=1)
            return Mail(TEXT)

        mails["1"] = taken_meanwhile
        owe_mail("greeting", cast.bob, period="1", now=NOON)
        owe_mail("greeting", cast.fay, period="2", now=NOON)

        assert send_due_mail(now=NOON) == 1
        assert [received.rcpt_tos for received in smtp.received] == [[cast.fay.email]]
        assert row_of("1").state == "sending"

    def test_a_worker_that_dies_before_it_has_sent_nothing_and_another_sends_it(
        self, cast: Cast, smtp: MailServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Death(BaseException):
            pass

        def die(row: MailLedger, mail: Mail) -> None:
            raise Death

        owe_mail("greeting", cast.bob, period="1", now=NOON)
        with monkeypatch.context() as dying:
            dying.setattr(post_office, "_claim", die)
            with pytest.raises(Death):
                send_due_mail(now=NOON)
        assert smtp.received == []
        assert send_due_mail(now=NOON) == 1
        assert len(smtp.received) == 1

    def test_a_server_that_goes_silent_after_it_leaves_the_mail_perhaps_sent(
        self, cast: Cast, smtp: MailServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ended = _LastMoment._ended

        def end(self: _LastMoment) -> tuple[int, bytes]:
            def silence() -> tuple[int, bytes]:
                raise SMTPServerDisconnected("Connection unexpectedly closed")

            self.getreply = silence  # type: ignore[method-assign]
            return ended(self)

        monkeypatch.setattr(_LastMoment, "_ended", end)
        owe_mail("greeting", cast.bob, period="1", now=NOON)

        assert send_due_mail(now=NOON) == 0
        row = row_of("1")
        assert (row.state, row.attempts) == ("sending", 1)
        assert "No answer after the last line" in row.error
        assert send_due_mail(now=NOON + timedelta(days=2)) == 0

    def test_lines_that_begin_with_a_dot_arrive_as_they_are(self, cast: Cast, smtp: MailServer) -> None:
        send_at_once("greeting", cast.bob, WrittenMail("Dots", "one\n.\n..two\n.three"))

        assert smtp.received[0].text.replace("\r\n", "\n") == "one\n.\n..two\n.three\n"


class TestOneConnection:
    def test_is_kept_for_all_of_a_list(self, cast: Cast, smtp: MailServer) -> None:
        for number in range(5):
            owe_mail("greeting", cast.bob, period=str(number), now=NOON)

        assert send_due_mail(now=NOON) == 5
        assert smtp.connections == 1

    def test_is_opened_again_where_the_server_has_had_enough_of_it(
        self, cast: Cast, smtp: MailServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def long(row: MailLedger) -> Mail:
            smtp.hang_up()
            return Mail(TEXT)

        mails["1"] = long
        for number in range(3):
            owe_mail("greeting", cast.bob, period=str(number), now=NOON)

        assert send_due_mail(now=NOON) == 3
        assert smtp.connections == 2


class TestOverTLS:
    """The same last moment where the connection is encrypted: from its beginning, or after a word about it."""

    @pytest.fixture
    def certificate(self, tmp_path: Path) -> tuple[Path, ssl.SSLContext]:
        """Of this machine, by itself, and a server that shows it."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
        now = datetime.now(UTC)
        made = (
            x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
            .sign(key, hashes.SHA256())
        )
        file, own = tmp_path / "certificate.pem", tmp_path / "key.pem"
        file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        own.write_bytes(key.private_bytes(*form))
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.load_cert_chain(file, own)
        return file, server

    @pytest.mark.parametrize("from_the_beginning", [True, False])
    def test_mail_is_claimed_and_arrives(
        self,
        cast: Cast,
        settings: Settings,
        certificate: tuple[Path, ssl.SSLContext],
        monkeypatch: pytest.MonkeyPatch,
        from_the_beginning: bool,
    ) -> None:
        file, context = certificate
        trusted = ssl.create_default_context(cafile=str(file))
        monkeypatch.setattr(ssl, "create_default_context", lambda *args, **options: trusted)
        server = MailServer(free_port())
        tls = {"ssl_context": context} if from_the_beginning else {"tls_context": context, "require_starttls": True}
        controller = Controller(server, hostname="127.0.0.1", port=server.port, **tls)
        controller.start()
        settings.EMAIL_BACKEND = "network.delivery.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", server.port, 5
        settings.EMAIL_USE_SSL, settings.EMAIL_USE_TLS = from_the_beginning, not from_the_beginning
        try:
            for number in range(2):
                owe_mail("greeting", cast.bob, period=str(number), now=NOON)
            assert send_due_mail(now=NOON) == 2
        finally:
            controller.stop()

        assert [received.rcpt_tos for received in server.received] == [[cast.bob.email]] * 2
        assert set(MailLedger.objects.values_list("state", "attempts")) == {("sent", 1)}


class TestGathering:
    def test_what_one_mail_tells_of_is_told_in_no_other(self, cast: Cast, smtp: MailServer) -> None:
        for number in range(3):
            owe_mail("greeting", cast.bob, period=str(number), now=NOON)
        rows = list(MailLedger.objects.order_by("pk"))
        mails["0"] = Mail(TEXT, gathers=(rows[1].pk, rows[2].pk))

        assert send_due_mail(now=NOON) == 1
        assert len(smtp.received) == 1
        assert [row_of(period).state for period in "012"] == ["sent", "gathered", "gathered"]
        assert row_of("1").gathered_in == row_of("2").gathered_in == rows[0]
        assert asked == [rows[0].pk]

    def test_is_undone_where_one_of_them_went_meanwhile(self, cast: Cast, smtp: MailServer) -> None:
        for number in range(3):
            owe_mail("greeting", cast.bob, period=str(number), now=NOON)
        rows = list(MailLedger.objects.order_by("pk"))
        MailLedger.objects.filter(pk=rows[2].pk).update(state="sent", attempts=1)
        mails["0"] = Mail(TEXT, gathers=(rows[1].pk, rows[2].pk))
        send_due_mail(now=NOON)

        assert [received.rcpt_tos for received in smtp.received] == [[cast.bob.email]]  # number 1, by itself
        assert [row_of(period).state for period in "012"] == ["due", "sent", "sent"]
        assert row_of("0").attempts == 0

    def test_holds_for_a_further_try(self, cast: Cast, smtp: MailServer) -> None:
        for number in range(2):
            owe_mail("greeting", cast.bob, period=str(number), now=NOON)
        _, second = MailLedger.objects.order_by("pk")
        mails["0"] = Mail(TEXT, gathers=(second.pk,))
        smtp.verdict = "451 4.3.0 Try later"
        send_due_mail(now=NOON)
        assert [row_of(period).state for period in "01"] == ["due", "gathered"]

        smtp.verdict = ""
        assert send_due_mail(now=NOON + timedelta(hours=1)) == 1
        assert [row_of(period).state for period in "01"] == ["sent", "gathered"]

    def test_takes_nothing_of_anybody_else(self, cast: Cast, smtp: MailServer) -> None:
        owe_mail("greeting", cast.bob, period="0", now=NOON)
        owe_mail("greeting", cast.fay, period="1", now=NOON + timedelta(hours=1))
        mails["0"] = Mail(TEXT, gathers=(row_of("1").pk,))

        assert send_due_mail(now=NOON) == 0
        assert row_of("1").state == "due"

    def test_a_digest_that_is_tried_again_tells_of_the_same_time(self, cast: Cast, smtp: MailServer) -> None:
        mails["0"] = Mail(TEXT, covers_until=NOON)
        smtp.verdict = "451 4.3.0 Try later"
        owe_mail("greeting", cast.bob, period="0", now=NOON)
        send_due_mail(now=NOON)
        mails["0"] = Mail(TEXT, covers_until=NOON + timedelta(hours=1))
        smtp.verdict = ""
        send_due_mail(now=NOON + timedelta(hours=1))

        assert (row_of("0").state, row_of("0").covers_until) == ("sent", NOON)


class TestPreparingMany:
    def test_reads_once_for_a_batch_of_a_kind(self, cast: Cast, smtp: MailServer) -> None:
        batches: list[list[int]] = []

        def prepare(rows: Sequence[MailLedger]) -> post_office.Composer:
            batches.append([row.pk for row in rows])
            return compose

        post_office.register(MailKind("digest", compose, prepare=prepare))
        for number in range(60):
            owe_mail("digest", cast.bob, period=str(number), now=NOON)
        owe_mail("greeting", cast.bob, period="60", now=NOON)

        assert send_due_mail(now=NOON) == 61
        assert [len(batch) for batch in batches] == [50, 10]
        assert len(asked) == 61

    def test_that_fails_leaves_each_to_itself(
        self, cast: Cast, smtp: MailServer, caplog: pytest.LogCaptureFixture
    ) -> None:
        def prepare(rows: Sequence[MailLedger]) -> post_office.Composer:
            raise ValueError("one of them is odd")

        post_office.register(MailKind("digest", compose, prepare=prepare))
        owe_mail("digest", cast.bob, period="1", now=NOON)

        assert send_due_mail(now=NOON) == 1
        assert "could not be prepared together" in caplog.text


class TestWhoseMailCameBack:
    def test_gets_only_what_is_about_the_account(self, cast: Cast, smtp: MailServer) -> None:
        Member.objects.filter(pk=cast.bob.pk).update(mail_bounced_at=NOON)
        owe_mail("greeting", cast.bob, period="1", now=NOON)
        owe_mail("account", cast.bob, period="2", now=NOON)

        assert send_due_mail(now=NOON) == 1
        assert [row_of(period).state for period in "12"] == ["dropped", "sent"]


@pytest.mark.django_db(transaction=True)
def test_two_workers_that_gather_each_others_rows_send_each_once(cast: Cast, smtp: MailServer) -> None:
    for number in range(12):
        owe_mail("greeting", cast.bob, period=str(number), now=NOON)

    def all_that_wait(row: MailLedger) -> Mail:
        waiting = MailLedger.objects.filter(state="due").exclude(pk=row.pk).values_list("pk", flat=True)[:3]
        return Mail(TEXT, gathers=tuple(waiting))

    mails["any"] = all_that_wait
    begin = threading.Barrier(3)
    problems: list[Exception] = []

    def work() -> None:
        begin.wait()
        try:
            for _ in range(3):
                send_due_mail(now=NOON)
        except Exception as problem:
            problems.append(problem)
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert problems == []
    assert not MailLedger.objects.exclude(state__in=("sent", "gathered")).exists()
    assert len(smtp.received) == MailLedger.objects.filter(state="sent").count()
