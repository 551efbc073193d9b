"""Members answer mails about threads by mail: it becomes a post by the same verb, or they are told why not."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from datetime import timedelta
from email.message import EmailMessage
from functools import partial
from pathlib import Path
from threading import Thread as OsThread
from typing import Any

import pytest
from django.conf import settings as site
from django.core import mail as outbox
from django.core.management import call_command
from django.db import OperationalError, connection
from django.utils import timezone
from pytest_django.fixtures import Settings

from forums import limits
from forums.actions import mail_replies
from forums.actions.drafts import save_draft
from forums.actions.mail_replies import Outcome, forget_received_mail, receive_mail, reply_address
from forums.actions.posts import delete_post, reply
from forums.actions.threads import lock_thread, start_thread
from forums.letters import MOST_BYTES
from forums.models import Draft, Post, ReceivedMail, Thread
from forums.reply_address import GOOD_FOR, read_reply_address
from network.actions.closing import close_account
from network.actions.mail import send_due_mail
from network.actions.membership import end_membership, join_network
from network.actions.sanctions import silence_member
from network.actions.sessions import end_session, end_sessions
from network.limits import RateLimit
from network.models import GroundRules, Member, Membership, Network
from network.notifications import unread_notices
from tests.cast import Cast
from tests.forums import letters
from tests.forums.letters import message
from tests.queued import run_queued

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def switched_on(settings: Settings) -> None:
    settings.REPLY_ADDRESS = "reply@guildhall.example.org"


@pytest.fixture
def thread(cast: Cast) -> Thread:
    return start_thread(cast.ai, by=cast.fay, theme=cast.theme, title="Minutes", source="Who records meetings?")


def sent(cast: Cast, thread: Thread, words: str = "We do.", **changes: Any) -> EmailMessage:
    told = {"to": reply_address(thread, cast.bob), "sender": f"Bob Belongs <{cast.bob.email}>", **changes}
    return message(letters.gmail(words) if words else "", **told)


def arrives(mail: EmailMessage, **changes: Any) -> Outcome:
    return receive_mail(bytes(mail), **changes)


def replies(thread: Thread) -> list[str]:
    return list(Post.objects.filter(thread=thread, number__gt=1).order_by("number").values_list("source", flat=True))


def answers() -> list[str]:
    """What the worker mails then, to whom, as subject and text."""
    send_due_mail()
    return [f"{one.to[0]}: {one.subject}\n{one.body}" for one in outbox.outbox]


class TestTheAddress:
    def test_is_short_small_and_the_members_own(self, cast: Cast, thread: Thread) -> None:
        address = reply_address(thread, cast.bob)

        local, _, domain = address.partition("@")
        assert re.fullmatch(r"reply\+[0-9a-z]+-[0-9a-z]+-[0-9a-z]+-[a-z2-7]{20}", local)
        assert domain == "guildhall.example.org"
        assert reply_address(thread, cast.fay) != address
        said = read_reply_address(address.upper())
        assert said and (said.member, said.thread) == (cast.bob.pk, thread.pk)

    def test_fits_whatever_the_numbers(self) -> None:
        longest = reply_address(Thread(pk=10**10), Member(pk=10**8))

        assert len(longest.partition("@")[0]) <= 64
        assert read_reply_address(longest)

    def test_there_is_none_where_the_site_takes_none(self, cast: Cast, thread: Thread, settings: Settings) -> None:
        address = reply_address(thread, cast.bob)
        settings.REPLY_ADDRESS = ""

        assert reply_address(thread, cast.bob) == ""
        assert read_reply_address(address) is None

    def test_of_another_nothing_can_be_made(self, cast: Cast, thread: Thread) -> None:
        address = reply_address(thread, cast.bob)
        token = address.partition("+")[2].partition("@")[0]
        _, *rest = token.split("-")
        others = [
            address.replace(token, "-".join([reply_address(thread, cast.fay).partition("+")[2].split("-")[0], *rest])),
            address.replace(token, token[:-1] + ("a" if token[-1] != "a" else "b")),
            address.replace(token, token.replace("-", "--", 1)),
            address.replace("guildhall.", "other."),
            address.replace("reply+", "answer+"),
            "reply@guildhall.example.org",
            "",
            "+" * 500,
        ]

        assert [read_reply_address(one) for one in others] == [None] * len(others)


class TestWhatIsPosted:
    @pytest.mark.parametrize(
        "program",
        [letters.gmail, partial(letters.outlook, name="Bob Belongs"), letters.apple, letters.thunderbird],
        ids=["gmail", "outlook", "apple", "thunderbird"],
    )
    def test_the_words_and_nothing_else(self, cast: Cast, thread: Thread, program: Any) -> None:
        mail = message(program("We do, **always**."), to=reply_address(thread, cast.bob), sender=cast.bob.email)

        assert arrives(mail) is Outcome.POSTED
        post = Post.objects.get(thread=thread, number=2)
        assert (post.source, post.author) == ("We do, **always**.", cast.bob)
        assert answers() == []

    def test_html_alone_is_turned_into_text(self, cast: Cast, thread: Thread) -> None:
        html = letters.outlook_html("We do.</p><script>alert(1)</script><p>&lt;b&gt;")
        mail = message(html=html, to=reply_address(thread, cast.bob), sender=cast.bob.email)

        assert arrives(mail) is Outcome.POSTED
        assert Post.objects.get(number=2).source.split() == ["We", "do.", "<b>"]
        assert "<script" not in Post.objects.get(number=2).html

    def test_it_tells_and_counts_as_a_reply_does(self, cast: Cast, thread: Thread) -> None:
        arrives(sent(cast, thread, "@Fay Facilitates knows."))

        assert [notice.title for notice in unread_notices(cast.fay)] == ["Bob Belongs mentioned you in “Minutes”"]
        thread.refresh_from_db()
        assert (thread.highest_number, thread.visible_count) == (2, 2)

    def test_what_they_have_begun_on_the_site_stays(self, cast: Cast, thread: Thread) -> None:
        save_draft(thread, by=cast.bob, fields={"source": "Something else"})
        arrives(sent(cast, thread))

        assert Draft.objects.get().fields == {"source": "Something else"}

    def test_files_are_not_taken_and_that_is_said(self, cast: Cast, thread: Thread) -> None:
        arrives(sent(cast, thread, files=2))

        assert replies(thread) == ["We do."]
        (answer,) = answers()
        assert answer.startswith(f"{cast.bob.email}: Your reply was posted without its files")
        assert "The 2 files that came with it were not taken" in answer
        assert f"/threads/{thread.pk}/posts/1/" in answer

    @pytest.mark.parametrize("where", ["argument", "Delivered-To", "X-Original-To", "To"])
    def test_the_address_is_found_where_mail_servers_put_it(self, cast: Cast, thread: Thread, where: str) -> None:
        address = reply_address(thread, cast.bob)
        mail = sent(cast, thread, to=address if where == "To" else "Guildhall <guildhall@example.org>")
        if where not in ("argument", "To"):
            mail[where] = address.upper()

        assert arrives(mail, to=[address] if where == "argument" else []) is Outcome.POSTED

    def test_a_tag_in_their_own_address_is_theirs(self, cast: Cast, thread: Thread) -> None:
        assert arrives(sent(cast, thread, sender="BOB+hub@exampleshire.example.org")) is Outcome.POSTED


def test_a_mail_that_went_out_is_answered_and_becomes_a_post(cast: Cast, thread: Thread) -> None:
    """All the way: what the worker mails names the address, and the answer to it is the reader's."""
    Member.objects.update(welcome_steps_done=3)
    reply(thread, by=cast.bob, source="Who does, @Fay Facilitates?")
    run_queued()
    send_due_mail(now=timezone.now() + timedelta(minutes=11))
    (mail,) = [one for one in outbox.outbox if one.to == [cast.fay.email]]
    (address,) = mail.reply_to
    quoted = "\n".join(f"> {line}" for line in str(mail.body).split("\n"))
    answer = f"I do.\n\nOn Mon, 2 Mar 2026 at 09:12, Guildhall <{address}> wrote:\n\n{quoted}\n"

    assert arrives(message(answer, to=address, sender=cast.fay.email)) is Outcome.POSTED
    assert replies(thread) == ["Who does, @Fay Facilitates?", "I do."]
    assert Post.objects.get(number=3).author == cast.fay


def test_a_mail_names_no_address_where_the_site_takes_no_answers(
    cast: Cast, thread: Thread, settings: Settings
) -> None:
    settings.REPLY_ADDRESS = ""
    Member.objects.update(welcome_steps_done=3)
    reply(thread, by=cast.bob, source="Who does, @Fay Facilitates?")
    run_queued()
    send_due_mail(now=timezone.now() + timedelta(minutes=11))

    (mail,) = [one for one in outbox.outbox if one.to == [cast.fay.email]]
    assert not mail.reply_to and "Reply-To" not in mail.message()


class TestOnce:
    def test_the_same_message_twice_is_one_post(self, cast: Cast, thread: Thread) -> None:
        assert arrives(sent(cast, thread)) is Outcome.POSTED
        assert arrives(sent(cast, thread)) is Outcome.BEFORE
        assert replies(thread) == ["We do."]
        assert arrives(sent(cast, thread, message_id="<two@mail.example.org>")) is Outcome.POSTED

    def test_one_that_was_posted_and_taken_back_does_not_come_again(self, cast: Cast, thread: Thread) -> None:
        arrives(sent(cast, thread))
        delete_post(Post.objects.select_related("thread__network").get(number=2), by=cast.bob)

        assert arrives(sent(cast, thread)) is Outcome.BEFORE
        assert Post.objects.count() == 2

    def test_without_a_message_id_it_is_known_by_all_that_stands_in_it(self, cast: Cast, thread: Thread) -> None:
        mail = sent(cast, thread, message_id="")
        arrives(mail)

        assert arrives(mail) is Outcome.BEFORE
        assert arrives(sent(cast, thread, "Another.", message_id="")) is Outcome.POSTED

    def test_a_refusal_is_mailed_once(self, cast: Cast, thread: Thread) -> None:
        lock_thread(thread, by=cast.fay)
        assert arrives(sent(cast, thread)) is Outcome.REFUSED
        assert arrives(sent(cast, thread)) is Outcome.BEFORE
        assert len(answers()) == 1

    def test_rows_go_when_nobody_delivers_the_message_again(self, cast: Cast, thread: Thread) -> None:
        arrives(sent(cast, thread))

        assert forget_received_mail() == 0
        assert forget_received_mail(now=timezone.now() + timedelta(days=61)) == 1


@pytest.mark.django_db(transaction=True)
def test_delivered_twice_at_the_same_moment_it_is_one_post(cast: Cast, thread: Thread) -> None:
    outcomes: list[object] = []

    def delivers() -> None:
        try:
            outcomes.append(arrives(sent(cast, thread)))
        except Exception as problem:  # the mail server delivers it again
            outcomes.append(problem)
        finally:
            connection.close()

    both = [OsThread(target=delivers) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()

    assert replies(thread) == ["We do."]
    assert Outcome.POSTED in outcomes
    assert arrives(sent(cast, thread)) is Outcome.BEFORE


class TestRefused:
    """Each is told to the member, in words, with what they wrote kept."""

    def refused(self, cast: Cast, mail: EmailMessage) -> str:
        before = Post.objects.count()
        assert arrives(mail) is Outcome.REFUSED
        assert Post.objects.count() == before
        (answer,) = answers()
        assert answer.startswith(f"{cast.bob.email}: Your reply by mail was not posted\n")
        return answer

    def test_a_locked_thread(self, cast: Cast, thread: Thread) -> None:
        lock_thread(thread, by=cast.fay)
        answer = self.refused(cast, sent(cast, thread))

        assert "This thread is locked, so nobody can reply to it." in answer
        assert "You answered a mail about “Minutes”." in answer
        assert "what you wrote is kept as a draft" in answer
        assert Draft.objects.get().fields == {"source": "We do."}

    def test_a_draft_that_is_there_is_not_lost_either(self, cast: Cast, thread: Thread) -> None:
        save_draft(thread, by=cast.bob, fields={"source": "Begun"})
        lock_thread(thread, by=cast.fay)
        self.refused(cast, sent(cast, thread))

        assert Draft.objects.get().fields["source"] == "Begun\n\n---\n\nWe do."

    def test_an_outsider_named(self, cast: Cast, thread: Thread) -> None:
        namesake = Member.objects.create_user("b2@exampleshire.example.org", name="Fay Facilitates")
        Membership.objects.create(member=namesake, network=cast.ai, state="active", joined_at=timezone.now())
        answer = self.refused(cast, sent(cast, thread, "Ask @Fay Facilitates"))

        assert "More than one person here is called Fay Facilitates." in answer

    def test_too_many(self, cast: Cast, thread: Thread, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(limits, "POSTS", RateLimit("reply", 0, per=timedelta(hours=1)))

        assert "You can reply 0 times in an hour. You can try again in " in self.refused(cast, sent(cast, thread))

    @pytest.mark.parametrize("is_free_of_words", [False, True])
    def test_asked_not_to_write(self, cast: Cast, thread: Thread, is_free_of_words: bool) -> None:
        mail = sent(cast, thread)
        Network.objects.filter(pk=cast.ai.pk).update(content_free_mail=is_free_of_words)
        membership = Membership.objects.select_related("network", "member").get(member=cast.bob, network=cast.ai)
        until = timezone.now() + timedelta(hours=1)
        silence_member(membership, until=until, by=cast.fay, words="You wrote in anger.")
        answers()
        outbox.outbox.clear()  # that itself is mailed too

        answer = self.refused(cast, mail)

        assert "A facilitator has asked you not to write in this network" in answer
        assert ("You wrote in anger." in answer) != is_free_of_words

    @pytest.mark.parametrize("state", ["left", "suspended"])
    def test_who_is_outside_by_now_learns_nothing_of_the_thread(self, cast: Cast, thread: Thread, state: str) -> None:
        mail = sent(cast, thread)
        end_membership(Membership.objects.get(member=cast.bob, network=cast.ai), state)
        Thread.objects.filter(pk=thread.pk).update(title="Redundancies")
        answer = self.refused(cast, mail)

        assert "Only members of this network can do this." in answer
        assert "Redundancies" not in answer and "/threads/" not in answer
        assert "still in the mail that you sent" in answer
        assert not Draft.objects.exists()

    def test_who_left_and_came_back_since(self, cast: Cast, thread: Thread) -> None:
        address = reply_address(thread, cast.bob, now=timezone.now() - timedelta(minutes=1))
        end_membership(Membership.objects.get(member=cast.bob, network=cast.ai), "left")
        join_network(cast.ai, by=cast.bob)

        assert "is too old to be answered by mail" in self.refused(cast, sent(cast, thread, to=address))

    def test_who_was_signed_out_everywhere_since(self, cast: Cast, thread: Thread) -> None:
        mail = sent(cast, thread)
        end_sessions(cast.bob, by=cast.ada)

        assert "or you signed out since" in self.refused(cast, mail)

    def test_but_not_who_signed_one_browser_out(self, cast: Cast, thread: Thread) -> None:
        from allauth.usersessions.models import UserSession

        mail = sent(cast, thread)
        session = UserSession.objects.create(user=cast.bob, session_key="x" * 32, ip="203.0.113.5", user_agent="x")
        end_session(session, by=cast.bob)

        assert arrives(mail) is Outcome.POSTED

    def test_an_old_mail(self, cast: Cast, thread: Thread) -> None:
        address = reply_address(thread, cast.bob, now=timezone.now() - GOOD_FOR - timedelta(minutes=1))

        assert "is too old" in self.refused(cast, sent(cast, thread, to=address))

    def test_one_from_another_address_and_nothing_of_it_is_kept(self, cast: Cast, thread: Thread) -> None:
        answer = self.refused(cast, sent(cast, thread, sender="Bob Belongs <bob@elsewhere.example.com>"))

        assert "It came from another address than the one you sign in with." in answer
        assert not Draft.objects.exists()
        assert "elsewhere" not in answer

    @pytest.mark.parametrize("sender", ["fay@exampleshire.example.org", "x@y, bob@exampleshire.example.org"])
    def test_one_of_another_member_with_their_address_in_it(self, cast: Cast, thread: Thread, sender: str) -> None:
        assert "another address" in self.refused(cast, sent(cast, thread, sender=sender))

    def test_one_without_words(self, cast: Cast, thread: Thread) -> None:
        assert "We found no words of yours in it." in self.refused(cast, sent(cast, thread, "\u200b"))

    def test_one_without_text(self, cast: Cast, thread: Thread) -> None:
        mail = message(to=reply_address(thread, cast.bob), sender=cast.bob.email)
        mail.set_content(b"x", "image", "png")

        assert "There is no text in it." in self.refused(cast, mail)

    def test_one_that_is_too_long(self, cast: Cast, thread: Thread) -> None:
        assert "at most 20,000 characters" in self.refused(cast, sent(cast, thread, "word " * 4_001))
        assert Draft.objects.exists()

    def test_one_that_is_too_large(self, cast: Cast, thread: Thread) -> None:
        mail = sent(cast, thread)
        mail.add_attachment(b"x" * MOST_BYTES, "application", "pdf", filename="x.pdf")

        assert "It is too large." in self.refused(cast, mail)

    def test_who_has_not_agreed_to_the_ground_rules(self, cast: Cast, thread: Thread) -> None:
        GroundRules.objects.create(number=1, text="Be kind.")

        assert "Agree to the ground rules first." in self.refused(cast, sent(cast, thread))

    def test_a_network_that_keeps_its_words_out_of_mail_names_no_title(self, cast: Cast, thread: Thread) -> None:
        Network.objects.filter(pk=cast.ai.pk).update(content_free_mail=True)
        lock_thread(thread, by=cast.fay)
        answer = self.refused(cast, sent(cast, thread))

        assert "You answered a mail about a thread." in answer
        assert "minutes" not in answer.lower()


class TestNobodyIsAnswered:
    @pytest.mark.parametrize(
        "heads",
        [
            {"auto_submitted": "auto-replied"},
            {"precedence": "bulk"},
            {"x_auto_response_suppress": "OOF"},
            {"list_id": "<list.example.org>"},
            {"return_path": "<>"},
            {"message_id": f"<1@{site.SITE_HOST}>"},
        ],
    )
    def test_where_no_person_wrote(self, cast: Cast, thread: Thread, heads: dict[str, str]) -> None:
        assert arrives(sent(cast, thread, **heads)) is Outcome.AUTOMATIC
        assert replies(thread) == []
        assert answers() == []

    def test_our_own_mail_coming_back_ends_there(self, cast: Cast, thread: Thread) -> None:
        lock_thread(thread, by=cast.fay)
        arrives(sent(cast, thread))
        send_due_mail()
        ours = outbox.outbox[0].message()
        ours["Delivered-To"] = reply_address(thread, cast.bob)

        assert receive_mail(ours.as_bytes()) is Outcome.AUTOMATIC
        assert len(answers()) == 1

    @pytest.mark.parametrize(
        "to", ["reply@guildhall.example.org", "reply+1-1-1-aaaaaaaaaaaaaaaaaaaa@guildhall.example.org", "x@y.example"]
    )
    def test_where_the_address_is_not_ours(self, cast: Cast, thread: Thread, to: str) -> None:
        assert arrives(sent(cast, thread, to=to)) is Outcome.NOBODY
        assert not ReceivedMail.objects.exists()
        assert answers() == []

    def test_where_the_account_is_closed(self, cast: Cast, thread: Thread) -> None:
        mail = sent(cast, thread)
        close_account(by=cast.bob, erase=False)
        outbox.outbox.clear()

        assert arrives(mail) is Outcome.NOBODY
        assert replies(thread) == []

    def test_who_sends_very_many_waits(
        self, cast: Cast, thread: Thread, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setattr(limits, "MAILED_REPLIES_AN_HOUR", 1)
        arrives(sent(cast, thread))
        later = sent(cast, thread, message_id="<two@mail.example.org>")

        assert arrives(later) is Outcome.LATER
        assert arrives(later, now=timezone.now() + timedelta(hours=2)) is Outcome.POSTED


class TestTheCommand:
    """Ends as mail servers expect."""

    def code(self, mail: EmailMessage | bytes, *args: str) -> int:
        raw = mail if isinstance(mail, bytes) else bytes(mail)
        with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as ended:
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw)))
            call_command("receive_mail", *args, stderr=io.StringIO())
            sys.exit(0)
        assert isinstance(ended.value.code, int)
        return ended.value.code

    def test_0_for_what_is_done(self, cast: Cast, thread: Thread) -> None:
        address = reply_address(thread, cast.bob)

        assert self.code(sent(cast, thread, to="x@example.org"), "--sender", cast.bob.email, address) == 0
        assert replies(thread) == ["We do."]

    def test_0_for_a_refusal_that_is_answered(self, cast: Cast, thread: Thread) -> None:
        lock_thread(thread, by=cast.fay)

        assert self.code(sent(cast, thread)) == 0

    @pytest.mark.parametrize("sender", ["", "MAILER-DAEMON"])
    def test_0_for_a_bounce_that_is_answered_by_nothing(self, cast: Cast, thread: Thread, sender: str) -> None:
        assert self.code(sent(cast, thread), f"--sender={sender}") == 0
        assert replies(thread) == []

    def test_67_for_an_address_that_is_not_ours(self, cast: Cast, thread: Thread) -> None:
        assert self.code(sent(cast, thread, to="reply+x@guildhall.example.org")) == 67

    def test_69_where_it_is_not_switched_on(self, cast: Cast, thread: Thread, settings: Settings) -> None:
        mail = sent(cast, thread)
        settings.REPLY_ADDRESS = ""

        assert self.code(mail) == 69
        assert replies(thread) == []

    def test_75_while_the_database_is_away(
        self, cast: Cast, thread: Thread, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        def away(*_: Any, **__: Any) -> None:
            raise OperationalError("connection refused")

        monkeypatch.setattr(mail_replies, "reply", away)
        assert self.code(sent(cast, thread)) == 75
        monkeypatch.undo()
        assert self.code(sent(cast, thread)) == 0
        assert replies(thread) == ["We do."]

    def test_what_is_far_too_large_is_read_to_its_end(self, cast: Cast, thread: Thread) -> None:
        mail = bytes(sent(cast, thread)) + b"x" * (2 * MOST_BYTES)

        assert self.code(mail) == 0
        assert "It is too large." in answers()[0]


@pytest.mark.django_db(transaction=True)
def test_a_mail_server_pipes_a_message_to_a_process_of_its_own(cast: Cast, thread: Thread, tmp_path: Path) -> None:
    database = site.DATABASES["default"]
    name = connection.settings_dict["NAME"]
    address = f"sqlite:///{name}"
    if connection.vendor != "sqlite":
        address = f"postgres://{database['USER']}@{database['HOST']}:{database['PORT'] or 5432}/{name}"
    environment = os.environ | {
        "DATABASE_URL": address,
        "GUILDHALL_VAR": str(tmp_path),
        "GUILDHALL_SECRET_KEY": site.SECRET_KEY,
        "GUILDHALL_REPLY_ADDRESS": "reply@guildhall.example.org",
    }

    def piped(**changes: str) -> int:
        command = [
            sys.executable,
            "manage.py",
            "receive_mail",
            "--sender",
            cast.bob.email,
            reply_address(thread, cast.bob),
        ]
        given = environment | changes
        return subprocess.run(command, cwd=ROOT, env=given, input=bytes(sent(cast, thread)), check=False).returncode

    assert piped(DATABASE_URL="postgres://nobody@127.0.0.1:9/nowhere") == os.EX_TEMPFAIL
    assert piped() == os.EX_OK
    assert piped() == os.EX_OK
    assert replies(thread) == ["We do."]


@pytest.mark.parametrize("address", ["reply", "reply+x@example.org", "averyverylongone@example.org", "é@example.org"])
def test_an_address_that_cannot_work_is_refused_at_the_start(address: str, tmp_path: Path) -> None:
    environment = os.environ | {"GUILDHALL_REPLY_ADDRESS": address, "GUILDHALL_VAR": str(tmp_path)}
    command = [sys.executable, "-c", "import network.settings"]
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    assert ended.returncode == 1
    assert "GUILDHALL_REPLY_ADDRESS must be an email address such as" in ended.stderr


@pytest.mark.parametrize("who", ["olga", "amir", "lena", "sven", "ada", "fay"])
def test_nobody_else_sees_what_came_by_mail(cast: Cast, thread: Thread, who: str) -> None:
    arrives(sent(cast, thread))

    assert ReceivedMail.objects.visible_to(cast.bob).exists()
    assert not ReceivedMail.objects.visible_to(getattr(cast, who)).exists()
