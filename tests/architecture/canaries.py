"""A world in which every private column holds a word of its own, so that one that gets out says where it came from."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.apps import apps
from django.core.files.base import ContentFile
from django.db import models
from django.utils import timezone

from cms.actions.pages import publish_page, set_up_site
from cms.models import (
    EventAttendance,
    EventPage,
    EventRoom,
    FruitlessSearch,
    GuidancePage,
    RecordItem,
    SavedSearch,
    SectionPage,
    SessionRecord,
)
from forums.actions.amendments import hide_message
from forums.actions.appeals import appeal
from forums.actions.decisions import note_on_case
from forums.actions.hosting import refuse_question, write_answer
from forums.actions.message_reactions import react_to_message
from forums.actions.messages import say
from forums.actions.network_moves import ask_to_move
from forums.actions.poll_votes import choose
from forums.actions.polls import PollWords, make_poll, open_poll
from forums.actions.posts import delete_post, edit_post, hide_post, reply
from forums.actions.question_votes import vote_for
from forums.actions.questions import ask_question as ask_in_room
from forums.actions.reports import report_from_outside, report_message, report_profile, report_question
from forums.actions.rooms import schedule_room
from forums.actions.sanctions import give_time_out
from forums.actions.threads import begin_site_discussion, start_thread
from forums.models import (
    Announcement,
    Answer,
    Attachment,
    Consent,
    Draft,
    FeedKey,
    FollowLevel,
    HeldMessage,
    HeldPost,
    Mention,
    Post,
    Practice,
    Question,
    Reaction,
    ReceivedMail,
    Room,
    RoomAttendance,
    RoomPresence,
    Thread,
    ThreadBatch,
)
from network.actions.exports import ask_for_data
from network.actions.invitations import invite
from network.actions.membership import ask_question, ask_to_join
from network.actions.profile import change_profile
from network.actions.sessions import know_browser
from network.models import (
    AccountEvent,
    Admission,
    AdmissionRequest,
    Intake,
    IntakeRow,
    Invitation,
    MailLedger,
    Member,
    Membership,
    NetworkTheme,
    Theme,
)
from tests.cast import Cast

# Text that is for everybody, column by column. Whatever is not named here is private and gets a canary.
PUBLIC = {
    "network.Network": {"name", "slug", "purpose", "audience", "question", "published_source"},
    "network.Organisation": "*",
    "network.DueJob": "*",  # written by the site, read by nobody
    "network.Worker": "*",
    "network.GroundRules": "*",
    "cms.HomePage": "*",
    "cms.SectionPage": "*",
    "cms.GuidancePage": "*",
    "cms.InformationPage": "*",
    "cms.EventPage": {"summary", "programme", "place"},
}
TEXT = (models.CharField, models.TextField, models.JSONField)


def private_columns() -> list[tuple[type[models.Model], models.Field[Any, Any]]]:
    """Every column of our own tables that holds words and is not public."""
    found = []
    for storey in ("network", "forums", "cms"):
        for model in apps.get_app_config(storey).get_models():
            public = PUBLIC.get(model._meta.label, set())
            for column in model._meta.local_fields:
                if isinstance(column, TEXT) and not column.choices and public != "*" and column.name not in public:
                    found.append((model, column))
    return found


@dataclass
class World:
    cast: Cast
    thread: Thread
    room: Room
    event: EventPage
    guidance: GuidancePage
    request: Membership  # of bob, to no network the viewers know
    invitation: Invitation  # to nobody of the cast
    mail: MailLedger  # to bob
    # Each canary with the places it stands in.
    canaries: dict[str, str] = field(default_factory=dict)


def build(cast: Cast) -> World:
    now = timezone.now()
    secret = Theme.objects.create(name="Secret theme", slug="secret-theme", private_to=cast.practitioners)
    NetworkTheme.objects.create(network=cast.practitioners, theme=secret)
    thread = start_thread(
        cast.practitioners, by=cast.bob, theme=secret, title="Private", source="Private", tags=["private"]
    )
    answered = Post.objects.get(thread=thread)
    answer = reply(thread, by=cast.fay, source="Private answer", reply_to=answered)
    _tell_around(thread, answer, cast)
    for member in (cast.bob, cast.fay):
        change_profile(
            by=member,
            name=member.name,
            job_title="Private title",
            help_with="Private help",
            about="Private words",
            themes=[secret],
            tools=["Private tool"],
            shows={},
        )
    site_made = begin_site_discussion(cast.ai, theme=cast.theme, title="Quiet", source="Quiet")
    reply(site_made, by=cast.bob, source="Not quiet")
    start_thread(cast.ai, by=cast.bob, theme=cast.theme, title="Also private", source="Here", tags=["inside"])
    room = schedule_room(
        cast.practitioners, title="Private room", opens_at=now, closes_at=now + timedelta(hours=1), by=cast.fay
    )
    _talk_in(room, cast)
    newcomer = Member.objects.create_user("wendy@exampleshire.example.org", name="Wendy", organisation=cast.council)
    Admission.objects.create(member=newcomer, rule=Admission.Rule.PERSON, note="Known to us")
    waits = Member.objects.create_user("paula@parish.example.org", name="Paula")
    AdmissionRequest.objects.create(member=waits, works_for="Private body", reason="Private reason")
    intake = Intake.objects.create(by=cast.ada, network=cast.ai)
    IntakeRow.objects.create(intake=intake, number=2, email="private@example.org", name="Private name")
    request = ask_to_join(cast.practitioners, by=newcomer, reason="Private reason")
    ask_question(request, by=cast.fay, words="Private question")
    invitation = invite(
        cast.practitioners, "peter@partner.example.org", by=cast.fay, kind="partner", words="Private", note="Private"
    )
    ask_for_data(by=cast.bob, session_key="a session of bob's")
    home = set_up_site()
    section = publish_page(home, SectionPage(title="Events", slug="events"), by=None)
    event = publish_page(
        section,
        EventPage(
            title="Session",
            slug="session",
            starts_at=now - timedelta(minutes=10),
            ends_at=now + timedelta(hours=1),
            network=cast.practitioners,
            joining_link="https://meet.example.org/x",
        ),
        by=None,
    )
    SavedSearch.objects.create(member=cast.bob, name="Private search", query="q=private")
    for number in range(FruitlessSearch.LEAST):
        marks = {"mark": "private", "asker": f"private {number}"}
        FruitlessSearch.objects.create(**marks, day=timezone.localdate(), words="private words")
    for member in (cast.bob, cast.lena):
        EventAttendance.objects.create(page=event, member=member)
    _keep_of_session(room, event, cast)
    guidance = publish_page(
        section,
        GuidancePage(title="Guidance", slug="advice", body=[], themes=[cast.theme], discuss_in=cast.ai),
        by=None,
    )
    silent = Membership.objects.filter(member=cast.bob)
    silent.update(silent_until=now + timedelta(days=1), silent_reason="Private reason")
    AccountEvent.objects.create(member=cast.bob, kind=AccountEvent.Kind.CORRECTED, words="Private reason")
    mail = MailLedger.objects.create(recipient=f"member {cast.bob.pk}", stream="greeting", period="1", member=cast.bob)
    Authenticator.objects.create(user=cast.bob, type="webauthn", data={"name": "Private key", "credential": {}})
    UserSession.objects.create(user=cast.bob, session_key="private" * 5, ip="203.0.113.5", user_agent="Firefox")
    know_browser(cast.bob, None, user_agent="Firefox")
    world = World(cast, thread, room, event, guidance, request, invitation, mail)
    for model, column in private_columns():
        _release(world, model, column)
    for thing in (world.thread, world.room, world.request):
        thing.refresh_from_db()
    return world


def _talk_in(room: Room, cast: Cast) -> None:
    """A row of every table that hangs on a room: a message that is shown, and one that was hidden."""
    said = say(room, by=cast.bob, body="Private message")
    react_to_message(said, "thanks", by=cast.fay)
    report = report_message(said, by=cast.fay, kind="other", words="Private words")
    note_on_case(report.case, by=cast.fay, words="Private note")
    report_from_outside(said, address="/", kind="other", words="Private", reply_to_address="private@example.org")
    report_from_outside(None, address="/private/", kind="other", words="Private words")
    report_profile(cast.bob, by=cast.fay, kind="other", words="Private words")
    hide_message(say(room, by=cast.bob, body="Private and hidden"), by=cast.fay, reason="Private reason")
    asked = ask_in_room(room, by=cast.bob, body="Private question")
    vote_for(asked, by=cast.fay)
    report_question(asked, by=cast.fay, kind="other", words="Private words")
    Room.objects.filter(pk=room.pk).update(holds_questions=True)
    room.refresh_from_db()
    ask_in_room(room, by=cast.bob, body="Private and held")
    write_answer(asked, "Private answer", by=cast.fay)
    refuse_question(ask_in_room(room, by=cast.bob, body="Private and refused"), "Private reason", by=cast.fay)
    held = {"room": room, "author": cast.bob, "body": "Private and waiting", "reason": "Private reason"}
    HeldMessage.objects.create(**held)
    give_time_out(room, cast.bob, lasts=timedelta(hours=24), by=cast.fay, reason="Private reason")
    RoomAttendance.objects.create(room=room, member=cast.bob, council_kind="county")
    words = PollWords("Private poll", ["Private answer", "Private other"], results="always", smallest=1)
    poll = open_poll(make_poll(room, words, by=cast.fay), by=cast.fay)
    choose(poll, [poll.options.all()[0].pk], by=cast.fay)
    RoomPresence.objects.create(room=room, process=uuid.uuid4(), members=[cast.bob.pk], at=timezone.now())


def _keep_of_session(room: Room, event: EventPage, cast: Cast) -> None:
    """Threads that were asked for, and a record of which nothing is public: one item its author agreed to, and one that
    an editor approved before they took it back."""
    network_theme = Theme.objects.get(slug="secret-theme")
    batch = ThreadBatch.objects.create(room=room, by=cast.fay, theme=network_theme, why_not="Private reason")
    link = EventRoom.objects.get(page=event.pk)
    drafted = SessionRecord.objects.create(event_room=link, drafted_by=cast.fay)
    for number, consent in enumerate((Consent.YES, Consent.NO), start=1):
        question = Question.objects.create(
            room=link.room,
            number=number,
            author=cast.bob,
            unnamed_as="Private",
            body="Private question",
            state=Question.State.WRITTEN,
            answer="Private answer",
            consent=consent,
        )
        approved_at = timezone.now() if consent == Consent.NO else None
        RecordItem.objects.create(
            record=drafted, question=question, at=question.asked_at, approved_at=approved_at, approved_answer="Private"
        )
        batch.questions.add(question)


def _tell_around(thread: Thread, answer: Post, cast: Cast) -> None:
    """A row of every table that hangs on a thread or a post."""
    edit_post(answer, by=cast.fay, source="Private, and better")
    taken_back = reply(thread, by=cast.fay, source="Private and taken back")
    delete_post(taken_back, by=cast.fay)
    hidden = hide_post(reply(thread, by=cast.bob, source="Private and hidden"), by=cast.fay, reason="Private reason")
    made = appeal(hidden.cases.get(), by=cast.bob, words="Private appeal")
    made.answer, made.outcome, made.decided_at = "Private answer", "kept", timezone.now()
    made.save()
    ask_to_move(thread, cast.ai, cast.theme, by=cast.fay)
    Practice.objects.create(thread=thread, tool="Private", stage="live", outcome="Private", differently="Private")
    Answer.objects.create(thread=thread, post=answer, by=cast.bob, at=timezone.now())
    Mention.objects.create(post=answer, member=cast.bob)
    Reaction.objects.create(post=answer, member=cast.bob, kind="thanks")
    for holder in ({"post": answer}, {"form_id": uuid.uuid4()}):
        attached = Attachment(member=cast.bob, name="Private.txt", content_type="text/plain", size=7, state="clean")
        attached.file.save(f"{uuid.uuid4().hex}.txt", ContentFile(b"Private"), save=False)
        for name, value in holder.items():
            setattr(attached, name, value)
        attached.save()
    Draft.objects.create(member=cast.bob, network=thread.network, thread=thread, fields={"source": "Private"})
    HeldPost.objects.create(
        network=thread.network, author=cast.bob, theme=thread.theme, title="Private", source="Private", reason="Private"
    )
    for member in (cast.bob, cast.lena):
        FeedKey.objects.create(member=member)
    FollowLevel.objects.create(member=cast.bob, network=thread.network, level="watch")
    Announcement.objects.create(
        thread=thread,
        asked_by=cast.bob,
        people_now=1,
        people_digest=0,
        needs_confirmation=True,
        declined_by=cast.fay,
        declined_at=timezone.now(),
        declined_reason="Private reason",
    )
    ReceivedMail.objects.create(member=cast.bob, thread=thread, digest="private", refusal="Private reason")


def _release(world: World, model: type[models.Model], column: models.Field[Any, Any]) -> None:
    """Puts one word in each row of a column, except in what the viewers say of themselves."""
    own = [world.cast.olga.pk, world.cast.amir.pk, world.cast.sven.pk, world.cast.lena.pk, world.cast.ada.pk]
    for row in model._base_manager.all():
        if isinstance(row, Member) and row.pk in own:
            continue
        if getattr(row, "member_id", None) in own:
            continue
        if isinstance(row, Theme) and row.private_to is None:
            continue
        word = f"canary{model.__name__}{column.name}{row.pk}".lower().replace("_", "")
        value: Any = word
        if isinstance(column, models.EmailField):
            value = f"{word}@exampleshire.example.org"
        elif isinstance(column, models.URLField):
            value = f"https://{word}.example.org/"
        elif isinstance(column, models.JSONField):
            # What a council did is kept by the names of its columns.
            value = {"tool": word, "stage": "live"} if column.name == "practice" else {"word": word}
        elif column.name == "html":
            value = f"<p>{word}</p>"
        elif column.name == "password" or (column.name in ("kind", "object_kind") and model.__name__ == "Notice"):
            continue  # a digest; and the name of a kind, which the register must know
        if model is Theme and column.name == "slug":
            value = f"{word}"
        world.canaries[word] = f"{model._meta.label}.{column.name}"
        models.QuerySet(model).filter(pk=row.pk).update(**{column.name: value})
