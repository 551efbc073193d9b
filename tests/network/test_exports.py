"""A member's own data: everything that is theirs and only theirs, for a week, in the session that asked."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from asgiref.sync import async_to_sync
from django.apps import apps
from django.core import mail
from django.core.files.storage import FileSystemStorage
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from forums.actions.messages import say
from forums.actions.posts import reply
from forums.actions.rooms import schedule_room
from forums.actions.threads import start_thread
from network.actions.accounts import reinstate_account, suspend_account
from network.actions.closing import close_account
from network.actions.exports import ask_for_data, digest_of, forget_old_data, pack_data, take_data
from network.actions.mail import send_due_mail
from network.actions.membership import ask_to_join, decline_request, leave_network
from network.actions.rules import agree_to_rules, set_up_rules
from network.actions.sessions import know_browser, note_session
from network.export import parts, register
from network.limits import LimitReached
from network.models import (
    AuditEvent,
    DataExport,
    Intake,
    IntakeRow,
    Invitation,
    MailLedger,
    Member,
    MemberTool,
    Profile,
)
from network.permissions import Refused
from network.tasks import pack_own_data
from network.views import BYTES_AT_A_TIME
from tests.cast import APP_SECRET, Cast, give_second_factor, sign_in


@pytest.fixture(autouse=True)
def files_of_their_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(DataExport._meta.get_field("file"), "storage", FileSystemStorage(location=tmp_path))


def client_of(member: Member) -> Client:
    client = Client()
    sign_in(client, member)
    return client


def packed_for(member: Member) -> zipfile.ZipFile:
    wanted = ask_for_data(by=member, session_key="one")
    pack_data(wanted)
    wanted.refresh_from_db()
    return zipfile.ZipFile(io.BytesIO(wanted.file.read()))


def words_of(archive: zipfile.ZipFile) -> str:
    return "\n".join(archive.read(name).decode(errors="replace") for name in archive.namelist())


def test_it_holds_everything_that_is_theirs(cast: Cast) -> None:
    now = timezone.now()
    thread = start_thread(
        cast.ai, by=cast.bob, theme=cast.theme, title="Bob's title", source="Bob's post", tags=["bob's tag"]
    )
    room = schedule_room(cast.ai, title="Room", opens_at=now, closes_at=now + timedelta(hours=1), by=None)
    say(room, by=cast.bob, body="Bob's message")
    reply(thread, by=cast.bob, source="Bob's reply")
    Profile.objects.create(member=cast.bob, about="About Bob")
    MemberTool.objects.create(member=cast.bob, name="Bob's tool")
    agree_to_rules(set_up_rules(), by=cast.bob)
    leave_network(cast.practitioners, by=cast.bob)

    archive = packed_for(cast.bob)

    assert set(archive.namelist()) == {
        "your-data.html",
        "your-data.css",
        *(f"json/{part.name}.json" for part in parts()),
    }
    page = archive.read("your-data.html").decode().replace("&#x27;", "'")
    for words in (
        "Bob Belongs",
        "bob@exampleshire.example.org",
        "Exampleshire County Council",
        "Bob's title",
        "Bob's post",
        "bob's tag",
        "Bob's message",
        "Bob's reply",
        "About Bob",
        "Bob's tool",
        "AI Practitioners Network",
        "agreed to ground rules",
    ):
        assert words in page, words
    assert '<html lang="en-GB">' in page
    assert page.count("<h1>") == 1
    posts = json.loads(archive.read("json/posts.json"))
    assert [post["Text"] for post in posts] == ["Bob's post", "Bob's reply"]


def test_it_holds_how_they_sign_in_and_what_was_decided_about_them(cast: Cast) -> None:
    now = timezone.now()
    give_second_factor(cast.bob)
    know_browser(cast.bob, None, user_agent="x")
    suspend_account(cast.bob, by=cast.ada, reason="A reason")
    reinstate_account(Member.objects.get(pk=cast.bob.pk), by=cast.ada, reason="Another reason")
    cast.bob.refresh_from_db()
    note_session(cast.bob, session_key="l", address="192.0.2.8", user_agent="Firefox/140 Linux", now=now)
    intake = Intake.objects.create(by=cast.ada)
    for number, email in ((1, cast.bob.email.upper()), (2, cast.olga.email)):
        IntakeRow.objects.create(intake=intake, number=number, email=email, job_title=f"Listed {number}")
    own = EmailAddress.objects.create(user=cast.bob, email=cast.bob.email, verified=True, primary=True)
    MailLedger.objects.create(recipient=cast.bob.email, stream="to_the_address", period="1")
    Invitation.objects.create(
        network=cast.practitioners,
        email=cast.bob.email,
        by=cast.fay,
        words="Come in",
        expires_at=now + timedelta(days=1),
    )

    words = words_of(packed_for(cast.bob))

    for known in ("Firefox on Linux", "192.0.2.8", "App", "A reason", "Another reason", "Listed 1", "to the address"):
        assert known in words, known
    assert "Come in" in words
    for hidden in (APP_SECRET, "Listed 2", "Ada", "Fay"):
        assert hidden not in words, hidden
    assert len(json.loads(packed_for(cast.bob).read("json/browsers.json"))) == 1

    # An address that they only typed is another's.
    EmailAddress.objects.filter(pk=own.pk).update(email=cast.olga.email, verified=False)
    assert "Listed 2" not in words_of(packed_for(cast.bob))


# Keys to a member whose rows are not theirs, or stand in another part, and why.
DECIDED = "What they decided for others: that they did stands in what the site recorded."
NOT_A_PART = {
    "network.AccountEvent.by": DECIDED,
    "network.Admission.by": DECIDED,
    "network.AdmissionRequest.decided_by": DECIDED,
    "network.GroundRules.published_by": DECIDED,
    "network.Intake.by": DECIDED,
    "network.MailStop.by": DECIDED,
    "network.MailStop.ended_by": DECIDED,
    "network.Membership.decided_by": DECIDED,
    "network.MembershipEvent.by": DECIDED,
    "network.OrganisationDomain.confirmed_by": DECIDED,
    "cms.PageLifecycle.reviewed_by": DECIDED,
    "cms.RecordItem.approved_by": DECIDED,
    "cms.SessionRecord.drafted_by": DECIDED,
    "forums.ThreadBatch.by": DECIDED,
    "forums.Thread.asker": "Of their question, which is a part.",
    "forums.RoomRole.by": DECIDED,
    "forums.RoomSanction.by": DECIDED,
    "forums.HeldMessage.decided_by": DECIDED,
    "forums.HeldPost.decided_by": DECIDED,
    "forums.Message.hidden_by": DECIDED,
    "forums.Case.member": "Whose profile it is about, which is the author; what was done is a part.",
    "forums.Case.claimed_by": DECIDED,
    "forums.Case.decided_by": DECIDED,
    "forums.CaseNote.by": DECIDED,
    "forums.Appeal.decided_by": DECIDED,
    "forums.QuestionStep.by": DECIDED,
    "forums.Question.parked_for": "What others asked, and the host gave to them to answer.",
    "forums.Answer.by": DECIDED,
    "forums.Announcement.asked_by": DECIDED,
    "forums.Announcement.confirmed_by": DECIDED,
    "forums.Announcement.declined_by": DECIDED,
    "forums.Announcement.stopped_by": DECIDED,
    "forums.Post.hidden_by": DECIDED,
    "forums.ModerationAct.by": DECIDED,
    "forums.ModerationAct.undone_by": DECIDED,
    "forums.PostVersion.hidden_by": DECIDED,
    "forums.ThreadMove.asked_by": DECIDED,
    "network.DataExport.member": "The very file.",
    "network.Member_user_permissions.member": "Rights are given as roles, which stand with the account.",
    "forums.RoomEvent.actor": "The order of what they said; the words are a part.",
    "forums.Thread.last_author": "The last of the posts, which are a part.",
}


def test_every_table_with_a_key_to_a_member_is_in_a_part_or_not_for_a_reason(cast: Cast) -> None:
    with CaptureQueriesContext(connection) as captured:
        for part in parts():
            list(part.rows(cast.bob))
    asked = " ".join(query["sql"] for query in captured)
    apps_of_members = {"network", "forums", "cms", "account", "mfa", "usersessions"}
    keys = {
        f"{model._meta.label}.{field.name}": f'"{model._meta.db_table}"."{field.column}" = {cast.bob.pk}'
        for model in apps.get_models(include_auto_created=True)
        if model._meta.app_label in apps_of_members
        for field in model._meta.local_fields
        if field.related_model is Member
    }

    assert len(keys) > 30
    missing = {key for key, condition in keys.items() if condition not in asked} - NOT_A_PART.keys()
    assert missing == set(), "neither a part asks for it nor a line says why not"
    assert NOT_A_PART.keys() <= keys.keys()


def test_what_was_said_to_somebody_who_was_declined_is_theirs(cast: Cast) -> None:
    request = ask_to_join(cast.practitioners, by=cast.olga, reason="Olga's reason")
    decline_request(request, by=cast.fay, words="Tell us what you build.")

    words = words_of(packed_for(cast.olga))

    assert "Olga's reason" in words
    assert "Tell us what you build." in words
    assert "Fay" not in words


def test_it_holds_nothing_of_anybody_else(cast: Cast) -> None:
    now = timezone.now()
    thread = start_thread(
        cast.ai, by=cast.fay, theme=cast.theme, title="Secret title", source="Secret post", tags=["secrets"]
    )
    reply(thread, by=cast.bob, source="Bob's reply")
    reply(thread, by=cast.fay, source="Secret answer")
    room = schedule_room(cast.ai, title="Secret room", opens_at=now, closes_at=now + timedelta(hours=1), by=cast.fay)
    say(room, by=cast.fay, body="Secret message")
    say(room, by=cast.bob, body="Bob's message")
    Profile.objects.create(member=cast.fay, about="Secret words")
    MemberTool.objects.create(member=cast.fay, name="Secret tool")
    ask_to_join(cast.practitioners, by=cast.olga, reason="Secret reason")

    words = words_of(packed_for(cast.bob)).lower()

    assert "bob's reply" in words
    assert "secret" not in words.replace(f"/threads/{thread.pk}-secret-title/", "")
    for name in ("fay", "olga", "amir", "lena", "sven", "ada "):
        assert name not in words, name


def test_the_worker_packs_what_was_asked_for(cast: Cast) -> None:
    wanted = ask_for_data(by=cast.bob, session_key="one")

    task = DBTaskResult.objects.get(task_path=pack_own_data.module_path)
    pack_own_data.func(*task.args_kwargs["args"])

    wanted.refresh_from_db()
    assert wanted.ready_at is not None
    assert "bob" not in str(wanted.file.name)
    first = wanted.file.name
    pack_own_data.func(wanted.pk)
    wanted.refresh_from_db()
    assert wanted.file.name == first
    assert len(wanted.file.storage.listdir("")[1]) == 1

    assert send_due_mail() == 1, "they are told, once"
    (message,) = mail.outbox
    assert (message.to, message.subject) == ([cast.bob.email], "Your data from Guildhall is ready")
    assert "/account/data/" in message.body


def test_nothing_is_kept_of_an_account_that_was_closed_while_it_was_packed(cast: Cast) -> None:
    wanted = DataExport.objects.select_related("member").get(pk=ask_for_data(by=cast.bob, session_key="one").pk)
    storage = wanted.file.storage
    close_account(by=cast.bob)

    pack_data(wanted)

    assert storage.listdir("")[1] == []


def test_three_a_day(cast: Cast) -> None:
    for _ in range(3):
        packed_for(cast.bob)
    with pytest.raises(LimitReached, match="3 times in a day"):
        ask_for_data(by=cast.bob, session_key="one")


def test_asking_while_it_is_packed_is_asking_once(cast: Cast) -> None:
    first = ask_for_data(by=cast.bob, session_key="one")

    assert ask_for_data(by=cast.bob, session_key="one") == first
    assert ask_for_data(by=cast.bob, session_key="two") != first


@pytest.mark.parametrize("who", ["fay", "olga", "ada"])
def test_nobody_else_takes_it_and_no_other_session(cast: Cast, who: str) -> None:
    packed_for(cast.bob)
    packed = DataExport.objects.get()

    with pytest.raises(Refused):
        take_data(packed, by=getattr(cast, who), session_key="one")
    with pytest.raises(Refused):
        take_data(packed, by=cast.bob, session_key="two")
    take_data(packed, by=cast.bob, session_key="one").close()
    assert AuditEvent.objects.latest("pk").verb == "downloaded their data"


def test_after_a_week_it_is_gone(cast: Cast) -> None:
    packed_for(cast.bob)
    packed = DataExport.objects.get()
    storage, name = packed.file.storage, packed.file.name
    assert forget_old_data(now=packed.requested_at + timedelta(days=6)) == 0

    DataExport.objects.update(requested_at=timezone.now() - DataExport.KEPT)
    packed.refresh_from_db()
    with pytest.raises(Refused):
        take_data(packed, by=cast.bob, session_key="one")
    assert forget_old_data() == 1
    assert not storage.exists(name)


def test_the_page_from_asking_to_downloading(cast: Cast) -> None:
    bob, elsewhere, fay = client_of(cast.bob), client_of(cast.bob), client_of(cast.fay)
    assert "Ask for your data" in bob.get("/account/data/").content.decode()
    page = bob.post("/account/data/", follow=True).content.decode()
    assert "See whether it is ready" in page
    wanted = DataExport.objects.get()
    assert bob.get(f"/account/data/{wanted.pk}/").status_code == 404
    pack_data(wanted)

    page = bob.get("/account/data/").content.decode()
    assert f'href="/account/data/{wanted.pk}/"' in page
    answer = bob.get(f"/account/data/{wanted.pk}/")
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "private, no-store"
    assert "attachment" in answer["Content-Disposition"]
    packed = async_to_sync(streamed)(answer)
    assert zipfile.ZipFile(io.BytesIO(b"".join(packed))).testzip() is None
    assert answer["Content-Length"] == str(sum(len(piece) for piece in packed))
    head = bob.head(f"/account/data/{wanted.pk}/")
    assert head["Content-Length"] == answer["Content-Length"]

    page = elsewhere.get("/account/data/").content.decode()
    assert "in another browser" in page
    assert f"/account/data/{wanted.pk}/" not in page
    for other in (elsewhere, fay, Client()):
        assert other.get(f"/account/data/{wanted.pk}/").status_code in (302, 404)


async def streamed(answer: Any) -> list[bytes]:
    return [piece async for piece in answer.streaming_content]


def test_no_server_holds_all_of_somebodys_data_in_memory(cast: Cast) -> None:
    packed_for(cast.bob)
    packed = DataExport.objects.get()
    with packed.file.storage.open(packed.file.name, "wb") as file:
        file.write(b"x" * 1_000_000)
    bob = client_of(cast.bob)
    DataExport.objects.update(session_digest=digest_of(bob.session.session_key or ""))

    sizes = [len(piece) for piece in async_to_sync(streamed)(bob.get(f"/account/data/{packed.pk}/"))]

    assert max(sizes) <= BYTES_AT_A_TIME
    assert sum(sizes) == 1_000_000


def test_a_part_registered_twice_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="registered twice"):
        register(parts()[0])
