"""An account is closed by its owner: what is only theirs goes, and with erasing every word of theirs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from smtplib import SMTPRecipientsRefused
from typing import Any
from unittest.mock import Mock

import pytest
from allauth.account.models import EmailAddress
from django.apps import apps
from django.contrib.sessions.models import Session
from django.core import mail
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage
from django.core.mail import EmailMessage
from django.db import connection, models
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks
from wagtail.models import ModelLogEntry

from forums.actions.messages import say
from forums.actions.posts import edit_post, reply
from forums.actions.room_roles import give_room_role
from forums.actions.rooms import schedule_room
from forums.actions.threads import start_thread
from forums.models import Message, Post, Room, Thread
from forums.search.posts import search_posts
from network.actions.admission import begin_sign_up, open_account
from network.actions.closing import close_account
from network.actions.exports import ask_for_data, pack_data
from network.actions.mail import MailLedger
from network.actions.membership import appoint_facilitator, ask_to_join, reinstate_member
from network.actions.notices import give_notice
from network.actions.profile import change_profile
from network.actions.rules import agree_to_rules, set_up_rules
from network.models import (
    AuditEvent,
    DataExport,
    Intake,
    IntakeRow,
    Invitation,
    Member,
    Membership,
    MembershipEvent,
    MemberTheme,
    MemberTool,
    Network,
    Profile,
    StandingSanction,
    Tag,
)
from network.permissions import Refused, can_join
from tests.cast import Cast, sign_in

CANARY = "zyzzyva"


@pytest.fixture(autouse=True)
def files_of_their_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for field in (DataExport._meta.get_field("file"), Profile._meta.get_field("picture")):
        monkeypatch.setattr(field, "storage", FileSystemStorage(location=tmp_path / field.name))


TEXT = (models.CharField, models.TextField)


def client_of(member: Member) -> Client:
    client = Client()
    sign_in(client, member)
    return client


def live_for(cast: Cast) -> tuple[Thread, Thread, Room]:
    """Bob has done all that a member can do; fay has answered."""
    now = timezone.now()
    own = start_thread(
        cast.ai, by=cast.bob, theme=cast.theme, title=f"{CANARY} title", source=f"{CANARY} post", tags=[f"{CANARY} tag"]
    )
    reply(own, by=cast.fay, source="An answer of somebody else")
    other = start_thread(cast.ai, by=cast.fay, theme=cast.theme, title="Another", source="Words", tags=["shared"])
    reply(other, by=cast.bob, source=f"{CANARY} reply")
    Member.objects.filter(pk=cast.bob.pk).update(name=f"{CANARY} Bob")
    named = reply(other, by=cast.fay, source=f"Ask @{CANARY} Bob, or see `@` elsewhere")
    edit_post(named, by=cast.fay, source=f"Do ask @{CANARY} Bob")
    room = schedule_room(cast.ai, title="A room", opens_at=now, closes_at=now + timedelta(hours=1), by=None)
    give_room_role(room, cast.bob, role="speaker", by=cast.fay)
    say(room, by=cast.bob, body=f"{CANARY} message")
    say(room, by=cast.fay, body="A message of somebody else")
    for member in (cast.bob, cast.fay):
        agree_to_rules(set_up_rules(), by=member)
    profile = Profile.objects.create(member=cast.bob, about="x")
    profile.picture.save(f"{CANARY}.png", ContentFile(b"picture"))
    MemberTool.objects.create(member=cast.bob, name="x")
    MemberTheme.objects.create(member=cast.bob, theme=cast.theme)
    MembershipEvent.objects.create(membership=cast.bob.memberships.get(network=cast.ai), kind="asked", words=CANARY)
    EmailAddress.objects.create(user=cast.bob, email=cast.bob.email, verified=True, primary=True)
    Invitation.objects.create(
        network=cast.ai, email=cast.bob.email, accepted_by=cast.bob, words=CANARY, expires_at=now, accepted_at=now
    )
    intake = Intake.objects.create(by=cast.ada)
    IntakeRow.objects.create(intake=intake, number=1, email=cast.bob.email, name=f"{CANARY} Bob")
    MailLedger.objects.create(recipient=f"member {cast.bob.pk}", stream="x", period=CANARY, member=cast.bob)
    MailLedger.objects.create(recipient=cast.bob.email, stream="x", period=CANARY)
    give_notice("thread_replied", own.pk, [cast.bob])
    ModelLogEntry.objects.log_action(cast.bob, "wagtail.edit", user=cast.ada, title=f"{CANARY} Bob")
    pack_data(ask_for_data(by=cast.bob, session_key="one"))
    put_canaries_into_what_is_theirs(cast.bob)
    return own, other, room


def put_canaries_into_what_is_theirs(member: Member) -> None:
    """Every column of words in every row that names them as whose it is, in every table there is."""
    for model in apps.get_models():
        whose = [
            field.name
            for field in model._meta.local_fields
            if field.related_model is Member and not field.remote_field.hidden
        ]
        for name in ["pk"] if model is Member else whose:
            for row in model._base_manager.filter(**{name: member.pk}):
                words = {
                    column.name: f"{CANARY} {row.pk}"[: column.max_length]
                    for column in model._meta.local_fields
                    if isinstance(column, TEXT)
                    and not isinstance(column, models.FileField)
                    and not column.choices
                    and not column.primary_key
                    and (column.name, model) != ("password", Member)
                    and column.name not in ("kind", "period", "recipient")
                }
                if words:
                    models.QuerySet(model).filter(pk=row.pk).update(**words)
    member.refresh_from_db()
    domain = "exampleshire.example.org"
    for address in (EmailAddress.objects.filter(user=member), Member.objects.filter(pk=member.pk)):
        address.update(email=f"{CANARY}@{domain}")
    Invitation.objects.filter(accepted_by=member).update(email=f"{CANARY}@{domain}")
    IntakeRow.objects.update(email=f"{CANARY}@{domain}")
    MailLedger.objects.filter(member=None).update(recipient=f"{CANARY}@{domain}")
    member.refresh_from_db()


def places_of(word: str) -> Iterator[str]:
    """Every table of the database, known to Django or not, with a row that holds the word."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            for row in cursor.fetchall():
                if any(word in _text(value) for value in row):
                    yield table


def _text(value: Any) -> str:
    return (value.decode("latin-1") if isinstance(value, bytes) else str(value)).lower()


# Erasing


def test_after_erasing_no_word_of_theirs_stands_in_any_table(
    cast: Cast, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    live_for(cast)
    client_of(cast.bob)
    portrait, packed = Profile.objects.get().picture, DataExport.objects.get().file
    assert len(set(places_of(CANARY))) >= 14, "the canaries are somewhere before"
    assert portrait.storage.exists(portrait.name)

    with django_capture_on_commit_callbacks(execute=True):
        close_account(by=cast.bob, erase=True)

    assert sorted(places_of(CANARY)) == []
    assert not portrait.storage.exists(portrait.name)
    assert not packed.storage.exists(packed.name)


@pytest.mark.parametrize("erase", [True, False])
def test_the_last_mail_goes_once_and_the_ledger_does_not_keep_the_address(
    cast: Cast, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks, erase: bool
) -> None:
    address = cast.bob.email
    with django_capture_on_commit_callbacks(execute=True):
        close_account(by=cast.bob, erase=erase)
        with pytest.raises(Refused):
            close_account(by=Member.objects.get(pk=cast.bob.pk), erase=erase)

    (message,) = mail.outbox
    assert (message.to, message.subject) == ([address], "Your Guildhall account is closed")
    assert ("Your words are erased" in message.body) == erase
    assert "/contact/" in message.body
    row = MailLedger.objects.get(stream="account_closed")
    assert (row.state, row.recipient) == ("sent", f"member {cast.bob.pk}")


def test_a_mail_server_that_refuses_it_stops_nobody_and_its_answer_names_nobody(
    cast: Cast,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    address = cast.bob.email
    refused = SMTPRecipientsRefused({address: (550, f"No {address} here".encode())})
    monkeypatch.setattr(EmailMessage, "send", Mock(side_effect=refused))
    with django_capture_on_commit_callbacks(execute=True):
        close_account(by=cast.bob, erase=True)

    row = MailLedger.objects.get(stream="account_closed")
    assert row.state == "bounced"
    assert "550" in row.error
    assert address not in row.error


def test_after_erasing_pages_say_so_and_what_others_said_stays(cast: Cast) -> None:
    own, _, room = live_for(cast)

    close_account(by=cast.bob, erase=True)

    own.refresh_from_db()
    fay = client_of(cast.fay)
    page = fay.get(own.get_absolute_url()).content.decode()
    assert "A thread by a former member" in page
    assert "Its author has erased this post." in page
    assert "Former member" in page
    assert "An answer of somebody else" in page
    live = fay.get(room.get_absolute_url()).content.decode()
    assert "Erased by its author" in live
    assert "A message of somebody else" in live
    shown = [page, live, *(fay.get(f"/networks/ai/{part}/").content.decode() for part in ("feed", "threads"))]
    assert all(CANARY not in html for html in shown)
    assert search_posts(cast.fay, CANARY).hits == []
    [hit] = search_posts(cast.fay, "answer").hits
    assert [line.address for line in hit.lines] == [own.posts.get(number=2).get_absolute_url()]


def test_a_tag_that_others_use_stays(cast: Cast) -> None:
    for member in (cast.bob, cast.fay):
        start_thread(
            cast.ai, by=member, theme=cast.theme, title="One", source="Words", tags=["shared", member.name.lower()]
        )

    close_account(by=cast.bob, erase=True)

    assert set(Tag.objects.values_list("name", flat=True)) == {"shared", cast.fay.name.lower()}


@pytest.mark.parametrize("erase", [True, False])
def test_rooms_in_which_they_spoke_are_read_anew_everywhere(cast: Cast, erase: bool) -> None:
    _, _, room = live_for(cast)

    close_account(by=cast.bob, erase=erase)

    assert Room.objects.get(pk=room.pk).epoch != room.epoch


# Closing


def test_what_they_said_stays_by_a_former_member_of_their_council(cast: Cast) -> None:
    _, other, _ = live_for(cast)
    Member.objects.filter(pk=cast.bob.pk).update(name="Bob Belongs")

    close_account(by=cast.bob)

    post = Post.objects.get(thread=other, number=2)
    assert (str(post.author), post.organisation) == ("Former member", cast.council)
    assert Message.objects.get(author=cast.bob).organisation == cast.council
    page = client_of(cast.fay).get(other.get_absolute_url(), follow=True).content.decode()
    assert "Former member" in page
    assert "Exampleshire County Council" in page
    assert f'href="/people/{cast.bob.pk}/"' not in page
    assert "Bob" not in page


def test_their_name_leaves_what_others_say_though_their_own_words_stay(cast: Cast) -> None:
    _, other, _ = live_for(cast)

    close_account(by=cast.bob)

    named = Post.objects.get(thread=other, author=cast.fay, number=3)
    assert (named.source, named.html) == ("Do ask Former member", "<p>Do ask Former member</p>\n")
    assert named.versions.get().source == "Ask Former member, or see `@` elsewhere"
    assert "Former member" in search_posts(cast.fay, "ask").hits[0].text
    assert search_posts(cast.fay, f"ask {CANARY}").hits == []


def test_a_closed_account_is_outside_everything(cast: Cast) -> None:
    live_for(cast)
    bob = client_of(cast.bob)
    before = Network.objects.get(pk=cast.ai.pk).access_version

    member = close_account(by=cast.bob)

    assert (member.is_active, member.inactive_because) == (False, Member.Inactive.CLOSED)
    assert member.email == f"closed-{member.pk}@closed.invalid"
    assert not member.has_usable_password()
    assert not Membership.objects.filter(member=member).exists()
    assert Network.objects.get(pk=cast.ai.pk).access_version == before + 1
    assert not Session.objects.exists()
    assert bob.get("/networks/ai/threads/")["Location"].startswith("/account/login/code/")
    assert client_of(cast.fay).get(f"/people/{member.pk}/").status_code == 404
    closed = AuditEvent.objects.latest("pk")
    assert (closed.verb, closed.actor_id, closed.details) == ("closed account", member.pk, {"erased": False})


def test_the_same_mailbox_may_sign_up_as_somebody_new(cast: Cast) -> None:
    address = cast.bob.email
    close_account(by=cast.bob)

    assert begin_sign_up(address).pk != cast.bob.pk


def test_somebody_closes_their_account_once(cast: Cast) -> None:
    close_account(by=cast.bob)
    cast.bob.refresh_from_db()

    with pytest.raises(Refused):
        close_account(by=cast.bob)


def test_the_only_facilitator_hands_over_first(cast: Cast) -> None:
    with pytest.raises(Refused, match="only facilitator of: AI Network, AI Practitioners Network"):
        close_account(by=cast.fay)
    for network in (cast.ai, cast.practitioners):
        appoint_facilitator(network, cast.olga, by=None)

    assert close_account(by=cast.fay).inactive_because == "closed"


def test_the_only_administrator_hands_over_first(cast: Cast) -> None:
    with pytest.raises(Refused, match="only administrator"):
        close_account(by=cast.ada)
    cast.olga.user_permissions.set(cast.ada.user_permissions.all())

    closed = close_account(by=cast.ada)
    assert not closed.user_permissions.exists()


def test_what_another_window_sends_a_moment_later_brings_nothing_back(cast: Cast) -> None:
    """Its request had read the account before it was closed."""
    close_account(by=Member.objects.get(pk=cast.bob.pk), erase=True)

    for sent in (
        lambda: change_profile(
            by=cast.bob, name=CANARY, job_title="", help_with="", about=CANARY, themes=[], tools=[CANARY], shows={}
        ),
        lambda: ask_to_join(cast.practitioners, by=cast.bob, reason=CANARY),
    ):
        with pytest.raises(Refused):
            sent()
    assert sorted(places_of(CANARY)) == []
    assert Member.objects.get(pk=cast.bob.pk).name == "Former member"


# The page


def test_the_page_explains_asks_twice_and_signs_out(cast: Cast) -> None:
    bob = client_of(cast.bob)
    page = bob.get("/account/close/").content.decode()
    assert "“Former member”" in page
    page = bob.post("/account/close/", {"written": "keep"}).content.decode()
    assert "<title>Error: " in page
    assert Member.objects.get(pk=cast.bob.pk).is_active

    answer = bob.post("/account/close/", {"written": "erase", "sure": "on"}, follow=True)

    assert "Your account is closed" in answer.content.decode()
    assert not Member.objects.get(pk=cast.bob.pk).is_active
    assert "sessionid" not in bob.cookies or bob.cookies["sessionid"].value == ""


def test_the_page_says_who_has_to_hand_over_and_shows_no_button(cast: Cast) -> None:
    page = client_of(cast.fay).get("/account/close/").content.decode()

    assert "You are the only facilitator" in page
    assert "Close my account" not in page
    client_of(cast.fay).post("/account/close/", {"written": "erase", "sure": "on"})
    assert Member.objects.get(pk=cast.fay.pk).is_active


@pytest.mark.parametrize("address", ["/account/close/", "/account/data/", "/account/data/1/"])
def test_an_open_browser_that_its_owner_left_is_not_enough(cast: Cast, address: str) -> None:
    left_open = Client()
    left_open.force_login(cast.bob)

    for answer in (left_open.get(address), left_open.post(address, {"written": "erase", "sure": "on"})):
        assert answer["Location"].startswith("/account/confirm/?next=")
    assert Member.objects.get(pk=cast.bob.pk).is_active
    assert not DataExport.objects.exists()


def test_an_anonymous_visitor_is_asked_to_sign_in(client: Client, db: None) -> None:
    assert client.get("/account/close/")["Location"].startswith("/account/login/code/")
    assert client.post("/account/close/", {"written": "erase", "sure": "on"}).status_code == 302


def test_leaving_is_no_way_round_a_suspension(cast: Cast) -> None:
    address = cast.sven.email
    close_account(by=cast.sven, erase=True)
    assert all(address not in str(row) for row in StandingSanction.objects.values())

    again = open_account(address, name="Sven Again")

    assert not can_join(again, cast.ai)
    assert {row.state for row in again.memberships.all()} == {Membership.State.SUSPENDED}
    assert not Network.objects.of(again).exists()
    assert not StandingSanction.objects.exists()

    reinstate_member(again.memberships.get(network=cast.ai), by=cast.fay)
    assert list(Network.objects.of(again)) == [cast.ai]


def test_who_was_not_suspended_leaves_no_mark(cast: Cast) -> None:
    close_account(by=cast.bob)

    assert not StandingSanction.objects.exists()
