"""Mail by GOV.UK Notify: against a server that speaks as Notify does, and what Notify reports afterwards."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from django.core.management import call_command
from django.test import Client
from pytest_django.fixtures import Settings

from network.actions import mail as post_office
from network.actions.mail import (
    ATTEMPTS,
    Mail,
    MailKind,
    MailNotSent,
    Stop,
    WrittenMail,
    owe_mail,
    send_again,
    send_at_once,
    send_due_mail,
)
from network.actions.mail_news import hear_of_mail
from network.actions.mail_stops import address_of
from network.actions.mailbox import note_proof
from network.delivery.message import Message, message_of, read_reference, reference_of
from network.delivery.notify import markdown_of
from network.models import MailLedger, Member
from tests.cast import Cast
from tests.servers import free_port

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SERVICE, SECRET = "00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"
TOKEN = "a bearer token of enough characters"
TEXT = "network/mail/membership_question.txt"

said: dict[str, Any] = {}


@dataclass
class Notify:
    """`answers`: what it does with the next messages: a status, "silent" (takes it and hangs up), or "drop" (hangs up
    at once). What it took it knows by its reference."""

    port: int = 0
    answers: list[int | str] = field(default_factory=list)
    taken: list[dict[str, Any]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    becomes: str = "sending"

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def handler_of(notify: Notify) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            assert self._is_ours()
            answer = notify.answers.pop(0) if notify.answers else 201
            if answer in (201, "silent"):
                notify.taken.append(body)
            if isinstance(answer, str):
                self.close_connection = True
                return
            errors = [{"error": "SomeError", "message": "because"}]
            self._say(answer, {"id": "1"} if answer == 201 else {"status_code": answer, "errors": errors})

        def do_GET(self) -> None:
            reference = parse_qs(urlsplit(self.path).query)["reference"][0]
            notify.asked.append(reference)
            found = [{"status": notify.becomes} for one in notify.taken if one["reference"] == reference]
            self._say(200, {"notifications": found, "links": {}})

        def _is_ours(self) -> bool:
            token = self.headers["Authorization"].removeprefix("Bearer ")
            return bool(jwt.decode(token, SECRET, algorithms=["HS256"])["iss"] == SERVICE)

        def _say(self, status: int, what: Any) -> None:
            body = json.dumps(what).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            pass

    return Handler


@pytest.fixture
def notify(settings: Settings) -> Iterator[Notify]:
    notify = Notify()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(notify))
    notify.port = server.server_address[1]
    settings.EMAIL_BACKEND = "network.delivery.notify.EmailBackend"
    settings.NOTIFY_API_KEY = f"a key-{SERVICE}-{SECRET}"
    settings.NOTIFY_TEMPLATE = "00000000-0000-4000-8000-000000000003"
    settings.NOTIFY_ADDRESS = notify.address
    settings.NOTIFY_CALLBACK_TOKEN = TOKEN
    settings.SITE_URL, settings.SITE_HOST = "https://guildhall.example.org", "guildhall.example.org"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield notify
    server.shutdown()
    server.server_close()
    thread.join()


def compose(row: MailLedger, member: Member | None) -> Mail | None:
    return said["mail"]  # type: ignore[no-any-return]


@pytest.fixture(autouse=True)
def kinds(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    said["mail"] = Mail(TEXT, {"member": "Bob", "network": cast.ai, "words": "Why?", "has_words": True})
    monkeypatch.setattr(post_office, "_kinds", dict(post_office._kinds))
    post_office.register(MailKind("greeting", compose))


def owe(member: Member, period: str = "1") -> None:
    owe_mail("greeting", member, period=period, now=NOON)


def row() -> MailLedger:
    return MailLedger.objects.exclude(stream="mailbox_proof_asked").order_by("pk")[0]


class TestSending:
    def test_hands_over_a_subject_and_a_body_and_where_to_stop_it(
        self, cast: Cast, notify: Notify, settings: Settings
    ) -> None:
        stop = Stop("network", cast.ai.pk)
        context = {"member": "Bob", "network": cast.ai, "words": "Why?", "has_words": True}
        said["mail"] = Mail(TEXT, context, why="You belong to it.", stop=stop)
        owe(cast.bob)

        assert send_due_mail(now=NOON) == 1
        (taken,) = notify.taken
        assert taken["email_address"] == cast.bob.email
        assert taken["template_id"] == settings.NOTIFY_TEMPLATE
        assert taken["personalisation"].keys() == {"subject", "body"}
        assert "AI Network" in taken["personalisation"]["subject"]
        assert "You belong to it." in taken["personalisation"]["body"]
        assert taken["one_click_unsubscribe_url"] == address_of(stop, cast.bob)
        assert row().state == "sent"

    def test_names_the_row_by_what_nobody_can_guess(self, cast: Cast, notify: Notify) -> None:
        owe(cast.bob)
        send_due_mail(now=NOON)
        reference = notify.taken[0]["reference"]

        found = read_reference(reference)
        assert found
        assert (found[0], found[1]) == (row(), 1)
        pk, _, signature = reference.split("-")
        for forged in (f"{pk}-2-{signature}", f"{int(pk) + 1}-1-{signature}", f"{pk}-1-", "", "1", "²-1-x", "9" * 50):
            assert read_reference(forged) is None

    def test_sends_codes_too(self, cast: Cast, notify: Notify) -> None:
        send_at_once("login_code", cast.bob, WrittenMail("Your code", "Use it:\n\n    BCD-FGH\n"))

        assert "BCD-FGH" in notify.taken[0]["personalisation"]["body"]

    def test_sends_what_has_no_row_too(self, cast: Cast, notify: Notify) -> None:
        call_command("sendtestemail", "ada@example.org")

        assert notify.taken[0]["email_address"] == "ada@example.org"


class TestWhenItFails:
    @pytest.mark.parametrize("status", [403, 429, 500, 502, 503])
    def test_it_is_tried_again_later(self, cast: Cast, notify: Notify, status: int) -> None:
        notify.answers.append(status)
        owe(cast.bob)

        assert send_due_mail(now=NOON) == 0
        assert row().state == "due"
        assert send_due_mail(now=NOON + timedelta(minutes=3)) == 0
        assert send_due_mail(now=NOON + timedelta(minutes=4)) == 1
        assert len(notify.taken) == 1

    def test_what_it_will_never_take_is_not_tried_again_and_holds_up_nobody(self, cast: Cast, notify: Notify) -> None:
        notify.answers.append(400)
        owe(cast.bob)
        owe(cast.fay)

        assert send_due_mail(now=NOON) == 1
        failed = MailLedger.objects.get(member=cast.bob)
        assert (failed.state, failed.attempts) == ("failed", 1)
        assert "because" in failed.error

    def test_a_code_is_said_not_to_have_gone(self, cast: Cast, notify: Notify) -> None:
        notify.answers.append(400)
        with pytest.raises(MailNotSent):
            send_at_once("login_code", cast.bob, WrittenMail("Your code", "BCD-FGH"))

    def test_a_server_that_is_not_there_took_nothing(self, cast: Cast, notify: Notify, settings: Settings) -> None:
        settings.NOTIFY_ADDRESS = f"http://127.0.0.1:{free_port()}"
        owe(cast.bob)

        assert send_due_mail(now=NOON) == 0
        assert row().state == "due"

    def test_one_that_took_it_and_went_silent_is_asked_and_it_is_not_sent_twice(
        self, cast: Cast, notify: Notify
    ) -> None:
        notify.answers.append("silent")
        owe(cast.bob)

        assert send_due_mail(now=NOON) == 1
        assert row().state == "sent"
        assert notify.asked == [notify.taken[0]["reference"]]

    def test_one_that_went_silent_and_knows_nothing_of_it_leaves_it_to_a_person(
        self, cast: Cast, notify: Notify
    ) -> None:
        notify.answers.append("drop")
        owe(cast.bob)

        assert send_due_mail(now=NOON) == 0
        assert row().state == "sending"
        assert "Notify" in row().error
        MailLedger.objects.update(claimed_at=NOON - timedelta(days=1))
        send_again(row(), by=cast.ada)
        assert send_due_mail() == 1
        assert len(notify.taken) == 1

    def test_who_has_a_mail_sent_again_that_it_took_sends_no_second_one(self, cast: Cast, notify: Notify) -> None:
        """A worker died over it: perhaps it went, and a person guessed wrong."""
        owe(cast.bob)
        send_due_mail(now=NOON)
        MailLedger.objects.update(state="sending", claimed_at=NOON - timedelta(days=1))
        send_again(row(), by=cast.ada)

        assert send_due_mail() == 1
        assert len(notify.taken) == 1
        assert row().state == "sent"


class TestReports:
    def told(self, notify: Notify, status: str, *, token: str = TOKEN, **more: Any) -> int:
        report = {"id": "1", "reference": notify.taken[-1]["reference"], "status": status} | more
        return self.post(report, token=token)

    def post(self, report: Any, *, token: str = TOKEN) -> int:
        client = Client(enforce_csrf_checks=True, headers={"Authorization": f"Bearer {token}"})
        answer = client.post("/mail/notify/", report, content_type="application/json")
        assert not answer.cookies
        return answer.status_code

    @pytest.fixture
    def sent(self, cast: Cast, notify: Notify) -> None:
        owe(cast.bob)
        send_due_mail(now=NOON)

    @pytest.mark.usefixtures("sent")
    def test_of_no_such_mailbox_end_mail_to_it_and_ask_its_owner_for_proof(self, cast: Cast, notify: Notify) -> None:
        assert self.told(notify, "permanent-failure", to=cast.bob.email) == 204
        bob = Member.objects.get(pk=cast.bob.pk)
        assert bob.mail_bounced_at
        assert bob.mailbox_asked_at
        assert row().state == "bounced"

        owe(bob, period="2")
        send_due_mail(now=NOON)
        assert MailLedger.objects.get(period="2").state == "dropped"
        note_proof(bob)
        owe(bob, period="3")
        assert send_due_mail(now=NOON) == 1

    @pytest.mark.usefixtures("sent")
    def test_said_twice_change_nothing_more(self, cast: Cast, notify: Notify) -> None:
        self.told(notify, "permanent-failure")
        Member.objects.update(mail_bounced_at=None)  # proved meanwhile

        assert self.told(notify, "permanent-failure") == 204
        assert self.told(notify, "delivered") == 204
        assert row().state == "bounced"
        assert Member.objects.get(pk=cast.bob.pk).mail_bounced_at is None

    @pytest.mark.usefixtures("sent")
    def test_of_an_address_that_they_no_longer_have_are_not_held_against_them(self, cast: Cast, notify: Notify) -> None:
        Member.objects.filter(pk=cast.bob.pk).update(email="moved@example.org")
        self.told(notify, "permanent-failure", to=cast.bob.email)

        assert row().state == "bounced"
        assert Member.objects.get(pk=cast.bob.pk).mail_bounced_at is None

    @pytest.mark.usefixtures("sent")
    @pytest.mark.parametrize("status", ["temporary-failure", "technical-failure"])
    def test_of_a_failure_for_now_have_it_tried_again(self, cast: Cast, notify: Notify, status: str) -> None:
        hear_of_mail(notify.taken[-1]["reference"], status, now=NOON)
        first = notify.taken[-1]["reference"]
        assert (row().state, row().due_at) == ("due", NOON + timedelta(minutes=4))
        hear_of_mail(first, status, now=NOON)
        assert row().attempts == 1

        notify.becomes = status
        assert send_due_mail(now=NOON + timedelta(minutes=4)) == 1
        assert len(notify.taken) == 2
        hear_of_mail(first, status, now=NOON)  # late, of the try before
        assert row().state == "sent"

    @pytest.mark.usefixtures("sent")
    def test_of_failures_without_end_end_it(self, cast: Cast, notify: Notify) -> None:
        MailLedger.objects.update(attempts=ATTEMPTS)
        hear_of_mail(reference_of(row(), ATTEMPTS), "temporary-failure")

        assert row().state == "failed"

    def test_of_a_code_that_failed_have_it_sent_no_second_time(self, cast: Cast, notify: Notify) -> None:
        send_at_once("login_code", cast.bob, WrittenMail("Your code", "BCD-FGH"))
        self.told(notify, "temporary-failure")

        assert row().state == "failed"

    @pytest.mark.usefixtures("sent")
    def test_of_delivery_settle_what_was_perhaps_sent(self, cast: Cast, notify: Notify) -> None:
        MailLedger.objects.update(state="sending")
        self.told(notify, "delivered")

        assert row().state == "sent"

    @pytest.mark.usefixtures("sent")
    def test_of_what_we_do_not_know_are_answered_like_the_others(self, notify: Notify) -> None:
        assert self.told(notify, "virus-scan-failed") == 204
        assert self.told(notify, "permanent-failure", reference="1-1-abc") == 204
        assert self.told(notify, "permanent-failure", reference=None) == 204
        assert self.told(notify, "permanent-failure", reference="\x00") == 204
        assert row().state == "sent"

    @pytest.mark.usefixtures("sent")
    @pytest.mark.parametrize("token", ["", "wrong", TOKEN + "x", TOKEN[:-1]])
    def test_of_somebody_else_change_nothing(self, notify: Notify, token: str) -> None:
        assert self.told(notify, "permanent-failure", token=token) == 401
        assert row().state == "sent"

    @pytest.mark.usefixtures("sent")
    def test_without_a_token_of_ours_are_heard_from_nobody(self, notify: Notify, settings: Settings) -> None:
        settings.NOTIFY_CALLBACK_TOKEN = ""
        assert self.told(notify, "permanent-failure", token="") == 404

    @pytest.mark.usefixtures("notify")
    @pytest.mark.parametrize("nonsense", ["", "[", "[]", "3", '{"reference": 3}', '{"status": {}}', b"\xff"])
    def test_that_are_none_are_refused(self, nonsense: str | bytes) -> None:
        assert self.post(nonsense) == 400


class TestMarkdown:
    @pytest.fixture(autouse=True)
    def site(self, settings: Settings) -> None:
        settings.SITE_URL = "https://guildhall.example.org"

    def of(self, text: str, cast: Cast) -> str:
        mail = Mail(TEXT, {"member": "Bob", "network": cast.ai, "words": text, "has_words": True})
        return markdown_of(message_of(mail, MailLedger(recipient="x", stream="s", period="1"), to="x@example.org"))

    @pytest.mark.parametrize(
        ("typed", "sent"),
        [
            ("# Big", "\u200b# Big"),
            ("* one", "\u200b\\* one"),
            ("- one", "\u200b- one"),
            ("1. one", "\u200b1. one"),
            ("^ quoted", "\u200b^ quoted"),
            ("---", "\u200b---"),
            ("Title\n=====", "Title\n\u200b====="),
            ("[here](https://evil.example)", "\u200b\\[here\\]\\(https:\u200b//evil.example\\)"),
            ("see https://evil.example now", "see https:\u200b//evil.example now"),
            ("HTTP://EVIL.EXAMPLE", "HTTP:\u200b//EVIL.EXAMPLE"),
            ("![x](y)", "\u200b\\!\\[x\\]\\(y\\)"),
            ("((name))", "\u200b\\(\\(name\\)\\)"),
            ("a \\# b", "a \\\\# b"),
            ("    code", "\u200b\u00a0\u00a0\u00a0\u00a0code"),
            ("a &lt; b", "a &\u200blt; b"),
            ("| a | b |", "\u200b\\| a \\| b \\|"),
        ],
    )
    def test_what_a_member_typed_shows_as_they_typed_it(self, cast: Cast, typed: str, sent: str) -> None:
        assert sent in self.of(typed, cast)

    def test_our_own_addresses_are_links_and_what_looks_like_one_is_not(self, cast: Cast) -> None:
        body = self.of("Look at https://guildhall.example.org/people/1/ and \ue000abc\ue000/x", cast)

        ours = f"https://guildhall.example.org/networks/{cast.ai.slug}/request/"
        assert ours in body
        assert "https:\u200b//guildhall.example.org/people/1/" in body
        assert body.count("https://guildhall.example.org") == self.of("", cast).count("https://guildhall.example.org")

    def test_an_address_that_is_meant_is_a_link_and_one_that_begins_like_it_is_not(self, cast: Cast) -> None:
        said = "https://call.example/a_b\nhttps://call.example/a_b.evil.example\nhttps://evil.example"
        mail = Mail(
            TEXT,
            {"member": "Bob", "network": cast.ai, "words": said, "has_words": True},
            links=("https://call.example/a_b", "javascript:1", ""),
        )
        row = MailLedger(recipient="x", stream="s", period="1")
        lines = markdown_of(message_of(mail, row, to="x@example.org")).splitlines()

        assert "https://call.example/a_b" in lines
        assert "https:\u200b//call.example/a\\_b.evil.example" in lines
        assert "https:\u200b//evil.example" in lines

    def test_a_code_is_read_as_it_is(self, cast: Cast) -> None:
        message = Message(
            "Code", "Use it:\n\n    BCD-FGH\n\nOr https://guildhall.example.org/a_b_c/.", to=["x@example.org"]
        )

        body = markdown_of(message)
        assert "\u00a0BCD-FGH" in body
        assert "https://guildhall.example.org/a_b_c/" in body
