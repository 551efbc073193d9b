"""Looking after a live room: slow mode, the lock, time-outs, removal, reports, presence and reactions."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from forums import permissions
from forums.actions.amendments import hide_message
from forums.actions.message_reactions import react_to_message
from forums.actions.messages import Saying, say, say_together
from forums.actions.reports import report_message
from forums.actions.room_roles import give_room_role
from forums.actions.rooms import lock_room, schedule_room, set_slow_mode
from forums.actions.sanctions import give_time_out, lift_sanction, remove_from_room
from forums.limits import SlowMode
from forums.live import access, log, presence
from forums.models import Case, Message, MessageReaction, Report, Room, RoomPresence, RoomSanction
from network.models import AuditEvent, Member, Network, Notice
from network.permissions import Refused
from tests.cast import Cast, sign_in

OUTSIDERS = ["olga", "amir", "lena", "sven", "ada"]
Lock = Room.Lock


@pytest.fixture
def room(cast: Cast) -> Room:
    now = timezone.now()
    return schedule_room(
        cast.practitioners,
        title="Clinic",
        opens_at=now - timedelta(hours=1),
        closes_at=now + timedelta(hours=1),
        by=None,
    )


@pytest.fixture
def message(cast: Cast, room: Room) -> Message:
    return say(room, by=cast.bob, body="zyzzyva")


def verbs_of(member: Member) -> list[str]:
    return list(AuditEvent.objects.filter(actor_id=member.pk).order_by("pk").values_list("verb", flat=True))


def everybody(cast: Cast) -> list[Member]:
    return [cast.fay, cast.bob, *cast.outsiders]


def asked_again(network: Network, before: int) -> bool:
    network.refresh_from_db()
    return network.access_version > before


# Slow mode


def test_in_slow_mode_everybody_waits_but_those_who_run_the_room(cast: Cast, room: Room) -> None:
    set_slow_mode(room, seconds=30, by=cast.fay)
    now = timezone.now()
    say(room, by=cast.bob, body="One", now=now)

    with pytest.raises(SlowMode, match="one message every 30 seconds") as refused:
        say(room, by=cast.bob, body="Two", now=now + timedelta(seconds=10))

    assert refused.value.retry_after == 20
    say(room, by=cast.bob, body="Two", now=now + timedelta(seconds=30))
    for n in range(3):
        say(room, by=cast.fay, body=f"{n}", now=now)


def test_slow_mode_counts_within_one_batch_and_a_resend_is_no_second_message(cast: Cast, room: Room) -> None:
    set_slow_mode(room, seconds=5, by=cast.fay)
    first = Saying(cast.bob.pk, "One", uuid.uuid4())
    now = timezone.now()

    outcomes = say_together(room.pk, [first, Saying(cast.bob.pk, "Two", uuid.uuid4()), first], now=now)
    again = say_together(room.pk, [first], now=now + timedelta(seconds=1))

    assert [type(one) for one in outcomes] == [Message, SlowMode, Message]
    assert again == [outcomes[0]]


def test_slow_mode_costs_the_same_queries_whatever_the_size_of_the_batch(cast: Cast, room: Room) -> None:
    set_slow_mode(room, seconds=5, by=cast.fay)
    counts = []
    for size in (1, 12):
        with CaptureQueriesContext(connection) as captured:
            say_together(room.pk, [Saying(cast.fay.pk, f"{size} {n}", uuid.uuid4()) for n in range(size)])
        counts.append(len(captured))

    assert counts[0] == counts[1]


# The lock


def test_in_a_locked_room_only_those_who_run_it_write(cast: Cast, room: Room) -> None:
    lock_room(room, lock=Lock.WRITING, by=cast.fay)

    with pytest.raises(Refused, match="locked this room"):
        say(room, by=cast.bob, body="May I?")
    say(room, by=cast.fay, body="One moment, please")
    give_room_role(room, cast.bob, role="host", by=cast.fay)
    say(room, by=cast.bob, body="I am the host now")
    assert Room.objects.visible_to(cast.bob).exists()


def test_a_room_locked_to_readers_is_there_for_those_who_run_it_alone(
    client: Client, cast: Cast, room: Room, message: Message
) -> None:
    before = room.network.access_version
    lock_room(room, lock=Lock.READING, by=cast.fay)
    sign_in(client, cast.bob)

    answer = client.get(room.get_absolute_url())

    assert answer.status_code == 403
    assert "closed this room to readers" in answer.content.decode()
    assert "zyzzyva" not in answer.content.decode()
    assert not Message.objects.visible_to(cast.bob).exists()
    assert asked_again(room.network, before)
    sign_in(client, cast.fay)
    assert "zyzzyva" in client.get(room.get_absolute_url()).content.decode()


# Who may be there, asked of one and of many


@pytest.mark.parametrize("lock", list(Lock))
@pytest.mark.parametrize("removed", [None, "bob"])
@pytest.mark.parametrize("role", [None, "host", "speaker"])
def test_the_two_questions_who_may_be_in_a_room_have_one_answer(
    cast: Cast, room: Room, lock: str, removed: str | None, role: str | None
) -> None:
    if role:
        give_room_role(room, cast.bob, role=role, by=None)
    give_room_role(room, cast.olga, role="speaker", by=None)
    if removed:
        remove_from_room(room, cast.bob, by=cast.fay, reason="No")
    lock_room(room, lock=lock, by=cast.fay)

    of_many = {member.pk: member.runs_room for member in access.belonging(room.pk)}  # type: ignore[attr-defined]
    of_one = {
        member.pk: Room.objects.run_by(member).filter(pk=room.pk).exists()
        for member in everybody(cast)
        if Room.objects.visible_to(member).filter(pk=room.pk).exists()
    }

    assert of_many == of_one
    assert cast.fay.pk in of_many
    assert not Room.objects.visible_to(AnonymousUser()).exists()


# Time-outs and removal


def test_a_time_out_silences_in_this_room_for_its_time(cast: Cast, room: Room) -> None:
    now = timezone.now()
    elsewhere = schedule_room(cast.practitioners, title="O", opens_at=now, closes_at=now + timedelta(hours=1), by=None)
    give_time_out(room, cast.bob, lasts=timedelta(minutes=5), by=cast.fay, reason="Let others speak", now=now)

    with pytest.raises(Refused, match=r"silent until .*Let others speak"):
        say(room, by=cast.bob, body="But")
    say(elsewhere, by=cast.bob, body="Here I may")
    say(room, by=cast.bob, body="Thank you", now=now + timedelta(minutes=5))
    assert Room.objects.visible_to(cast.bob).filter(pk=room.pk).exists()
    assert Notice.objects.get(kind="room_sanctioned").member == cast.bob


def test_another_time_out_takes_the_place_of_the_first_and_can_be_ended(cast: Cast, room: Room) -> None:
    give_time_out(room, cast.bob, lasts=timedelta(hours=1), by=cast.fay, reason="Long")
    given = give_time_out(room, cast.bob, lasts=timedelta(minutes=1), by=cast.fay, reason="Short")

    assert list(RoomSanction.objects.in_force()) == [given]
    lift_sanction(given, by=cast.fay)
    say(room, by=cast.bob, body="Thank you")
    assert verbs_of(cast.fay) == ["gave time-out", "gave time-out", "lifted time-out"]


@pytest.mark.parametrize("seconds", [9, 24 * 3600 + 1])
def test_a_time_out_is_neither_too_short_nor_too_long(cast: Cast, room: Room, seconds: int) -> None:
    with pytest.raises(ValidationError):
        give_time_out(room, cast.bob, lasts=timedelta(seconds=seconds), by=cast.fay, reason="x")


def test_who_is_removed_reads_nothing_more_and_is_told_why(
    client: Client, cast: Cast, room: Room, message: Message
) -> None:
    before = room.network.access_version
    given = remove_from_room(room, cast.bob, by=cast.fay, reason="You were asked twice")
    sign_in(client, cast.bob)

    answer = client.get(room.get_absolute_url())
    assert answer.status_code == 403
    assert "You were asked twice" in answer.content.decode()
    for page in ("", "messages/1/", "people/"):
        assert "zyzzyva" not in client.get(f"{room.get_absolute_url()}{page}").content.decode()
    with pytest.raises(Refused):
        say(room, by=cast.bob, body="But")
    assert not Room.objects.visible_to(cast.bob).exists()
    assert asked_again(room.network, before)

    lift_sanction(given, by=cast.fay)
    assert client.get(room.get_absolute_url()).status_code == 200
    assert verbs_of(cast.fay) == ["removed from room", "let back into room"]


def test_facilitators_are_not_sanctioned(cast: Cast, room: Room) -> None:
    for verb in (
        lambda: give_time_out(room, cast.fay, lasts=timedelta(minutes=1), by=cast.fay, reason="x"),
        lambda: remove_from_room(room, cast.fay, by=cast.fay, reason="x"),
    ):
        with pytest.raises(Refused, match="facilitates"):
            verb()


@pytest.mark.parametrize("who", ["bob", *OUTSIDERS])
def test_nobody_but_a_facilitator_looks_after_a_room(cast: Cast, room: Room, message: Message, who: str) -> None:
    somebody: Member = getattr(cast, who)
    given = give_time_out(room, cast.bob, lasts=timedelta(minutes=1), by=cast.fay, reason="x")

    for verb in (
        lambda: set_slow_mode(room, seconds=5, by=somebody),
        lambda: lock_room(room, lock=Lock.WRITING, by=somebody),
        lambda: give_time_out(room, cast.bob, lasts=timedelta(minutes=1), by=somebody, reason="x"),
        lambda: remove_from_room(room, cast.bob, by=somebody, reason="x"),
        lambda: lift_sanction(given, by=somebody),
    ):
        with pytest.raises(Refused):
            verb()


def test_sanctions_and_reports_are_seen_by_those_whom_they_are_for(cast: Cast, room: Room, message: Message) -> None:
    give_time_out(room, cast.bob, lasts=timedelta(minutes=1), by=cast.fay, reason="x")
    report_message(message, by=cast.fay, kind="spam")

    seen = {who.name for who in everybody(cast) if RoomSanction.objects.visible_to(who).exists()}
    assert seen == {"Bob Belongs", "Fay Facilitates"}
    assert [who for who in everybody(cast) if Report.objects.visible_to(who).exists()] == [cast.fay]
    for model in (RoomSanction, Report, RoomPresence, MessageReaction):
        assert not model.objects.visible_to(AnonymousUser()).exists()


# Reports


def test_a_report_reaches_the_facilitators_and_keeps_what_was_said(cast: Cast, room: Room) -> None:
    message = say(room, by=cast.fay, body="quokka")

    report_message(message, by=cast.bob, kind="unkind", words="Not nice")
    report_message(message, by=cast.bob, kind="spam", words="Again")

    report = Report.objects.get()
    assert (report.kind, report.said, report.words) == ("unkind", "quokka", "Not nice")
    # Nobody else facilitates the network, and fay said it herself.
    assert Notice.objects.get(kind="case_opened").member == cast.ada


def test_hiding_settles_the_reports_of_a_message(cast: Cast, room: Room, message: Message) -> None:
    report_message(message, by=cast.fay, kind="spam")
    hide_message(message, by=cast.fay, reason="Spam")

    assert not Case.objects.waiting().exists()


@pytest.mark.parametrize("who", ["bob", *OUTSIDERS])
def test_own_messages_and_those_of_others_networks_are_not_reported(cast: Cast, message: Message, who: str) -> None:
    with pytest.raises(Refused):
        report_message(message, by=getattr(cast, who), kind="spam")


def test_a_report_by_the_plain_form(client: Client, cast: Cast, room: Room) -> None:
    say(room, by=cast.fay, body="quokka")
    sign_in(client, cast.bob)
    address = reverse("room_message_report", args=[room.pk, 1])

    assert "Select what is wrong with it" in client.post(address, {}).content.decode()
    assert client.post(address, {"kind": "personal"})["Location"] == f"/rooms/{room.pk}/messages/1/"
    assert Report.objects.count() == 1


# Pages for facilitators


@pytest.mark.parametrize("who", [None, "bob", *OUTSIDERS])
@pytest.mark.parametrize("page", ["care/", "care/lock/", "change/", "close/", "people/{bob}/"])
def test_the_pages_for_facilitators_are_theirs(
    client: Client, cast: Cast, room: Room, who: str | None, page: str
) -> None:
    if who:
        sign_in(client, getattr(cast, who))
    address = room.get_absolute_url() + page.format(bob=cast.bob.pk)

    # A member may know of the room and is told why not; for everybody else there is nothing.
    refused = 403 if who == "bob" else 404
    assert client.get(address).status_code in (refused, 405)
    typed = {"seconds": "30", "lock": "reading", "kind": "remove", "words": "x"}
    assert client.post(address, typed).status_code in (refused, 405)
    room.refresh_from_db()
    assert (room.slow_seconds, room.lock, RoomSanction.objects.count()) == (0, "", 0)


def test_a_facilitator_looks_after_the_room_by_plain_forms(
    client: Client, cast: Cast, room: Room, message: Message
) -> None:
    sign_in(client, cast.fay)
    base = room.get_absolute_url()
    report_message(message, by=cast.fay, kind="unkind", words="Hm")

    client.post(f"{base}slow/", {"seconds": "30", "screen": "care"})
    client.post(f"{base}care/lock/", {"lock": "writing"})
    client.post(f"{base}people/{cast.bob.pk}/", {"kind": "300", "words": "Let others speak"})
    html = client.get(f"{base}care/").content.decode()

    for words in ("Let others speak", "silent until", "It is unkind or abusive: Hm"):
        assert words in html
    room.refresh_from_db()
    assert (room.slow_seconds, room.lock) == (30, "writing")
    client.post(f"{Case.objects.get().get_absolute_url()}decide/", {"outcome": "left"})
    client.post(f"{base}sanctions/{RoomSanction.objects.get().pk}/lift/")
    client.post(f"{base}care/lock/", {"lock": ""})
    html = client.get(f"{base}care/").content.decode()
    assert "No report waits for you." in html
    assert permissions.can_speak(cast.bob, Room.objects.get(pk=room.pk))
    assert "set slow mode" in verbs_of(cast.fay)
    assert "unlocked room" in verbs_of(cast.fay)


@pytest.mark.parametrize(
    ("page", "typed", "words"),
    [
        ("slow/", {"seconds": "7", "screen": "care"}, "Select how long people wait"),
        ("slow/", {"screen": "care"}, "Select how long people wait"),
        ("care/lock/", {"lock": "everything"}, "Select who reads and writes"),
        ("people/{bob}/", {"kind": "10", "words": "x"}, "Select a valid choice"),
        ("people/{bob}/", {"kind": "300", "words": " "}, "Enter why"),
    ],
)
def test_what_cannot_be_is_said_beside_the_field(
    client: Client, cast: Cast, room: Room, page: str, typed: dict[str, str], words: str
) -> None:
    sign_in(client, cast.fay)

    html = client.post(room.get_absolute_url() + page.format(bob=cast.bob.pk), typed).content.decode()

    assert words in html


# Opening a room


def test_a_facilitator_opens_a_room_for_a_session_without_an_editor(client: Client, cast: Cast) -> None:
    sign_in(client, cast.fay)
    new = reverse("room_new", args=[cast.practitioners.slug])
    tomorrow = (timezone.localtime() + timedelta(days=1)).strftime("%Y-%m-%d")

    wrong = client.post(
        new, {"title": "Clinic", "opens_at": f"{tomorrow}T11:00", "closes_at": f"{tomorrow}T10:00"}
    ).content.decode()
    assert "The end must be after the start" in wrong
    assert 'value="Clinic"' in wrong
    answer = client.post(new, {"title": "Clinic", "opens_at": f"{tomorrow}T10:00", "closes_at": f"{tomorrow}T11:00"})

    room = Room.objects.get()
    assert answer["Location"] == room.get_absolute_url()
    assert timezone.localtime(room.opens_at).hour == 10
    assert "Clinic" in client.get(reverse("network_rooms", args=[cast.practitioners.slug])).content.decode()
    client.post(f"{room.get_absolute_url()}close/")
    room.refresh_from_db()
    assert room.is_over()


@pytest.mark.parametrize("who", [None, *OUTSIDERS])
def test_outsiders_find_no_list_of_rooms(client: Client, cast: Cast, room: Room, who: str | None) -> None:
    if who:
        sign_in(client, getattr(cast, who))
    for name in ("network_rooms", "room_new"):
        assert client.get(reverse(name, args=[cast.practitioners.slug])).status_code == 404


def test_a_member_opens_no_room(client: Client, cast: Cast) -> None:
    sign_in(client, cast.bob)

    assert client.get(reverse("room_new", args=[cast.practitioners.slug])).status_code == 403
    assert client.get(reverse("network_rooms", args=[cast.practitioners.slug])).status_code == 200


# Reactions


def test_reactions_are_counted_once_each_and_taken_back(cast: Cast, room: Room, message: Message) -> None:
    for _ in range(2):
        react_to_message(message, "thanks", by=cast.fay)
    react_to_message(message, "agree", by=cast.fay)

    assert log.reactions_since(room.pk, 0) == {1: {"agree": 1, "thanks": 1}}
    for kind in ("thanks", "agree"):
        react_to_message(message, kind, by=cast.fay, is_given=False)
    assert log.reactions_since(room.pk, 3) == {1: {}}
    assert log.reactions_since(room.pk, 5) == {}
    assert log.tails([room.pk])[room.pk].reaction_version == 5


def test_nobody_reacts_to_their_own_or_to_what_cannot_be_read(cast: Cast, room: Room, message: Message) -> None:
    with pytest.raises(Refused, match="yourself"):
        react_to_message(message, "thanks", by=cast.bob)
    for outsider in cast.outsiders:
        with pytest.raises(Refused):
            react_to_message(message, "thanks", by=outsider)
    hide_message(message, by=cast.fay, reason="No")
    message.refresh_from_db()
    with pytest.raises(Refused, match="can no longer be read"):
        react_to_message(message, "thanks", by=cast.fay)


def test_reactions_by_the_plain_form_and_on_the_page(client: Client, cast: Cast, room: Room, message: Message) -> None:
    sign_in(client, cast.fay)
    address = reverse("room_message_react", args=[room.pk, 1])

    client.post(address, {"give": "thanks"})
    assert "Thank you 1" in client.get(room.get_absolute_url()).content.decode()
    assert "Thank you, 1" in client.get(message.get_absolute_url()).content.decode()
    client.post(address, {"take": "thanks"})
    assert not MessageReaction.objects.exists()


def test_the_page_of_a_room_costs_the_same_queries_with_reactions(client: Client, cast: Cast, room: Room) -> None:
    sign_in(client, cast.bob)
    client.get(room.get_absolute_url())  # once it is written down that he came
    counts = []
    for size in (2, 8):
        for n in range(size):
            said = say(room, by=cast.fay, body=f"{n}", reply_to=1 if n else None)
            react_to_message(said, "thanks", by=cast.bob)
        with CaptureQueriesContext(connection) as captured:
            client.get(room.get_absolute_url())
        counts.append(len(captured))

    assert counts[0] == counts[1]


# Presence


def test_presence_is_the_sum_of_all_processes_and_forgets_the_dead(client: Client, cast: Cast, room: Room) -> None:
    here, there, dead = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
    long_ago = timezone.now() - timedelta(seconds=20)
    RoomPresence.objects.create(room=room, process=dead, members=[cast.olga.pk], at=long_ago)

    assert presence.settle(here, {room.pk: [cast.bob.pk]}) == {room.pk: 1}
    assert presence.settle(there, {room.pk: [cast.bob.pk, cast.fay.pk]}) == {room.pk: 2}
    assert presence.settle(here, {room.pk: []}) == {room.pk: 2}

    sign_in(client, cast.bob)
    html = client.get(reverse("room_people", args=[room.pk])).content.decode()
    assert "2 people have" in html
    assert "Fay Facilitates" in html
    assert "Olga" not in html


@pytest.mark.parametrize("who", [None, *OUTSIDERS])
def test_outsiders_are_not_told_who_is_in_a_room(client: Client, cast: Cast, room: Room, who: str | None) -> None:
    presence.settle(uuid.uuid4(), {room.pk: [cast.bob.pk]})
    if who:
        sign_in(client, getattr(cast, who))
        assert not RoomPresence.objects.visible_to(getattr(cast, who)).exists()

    assert client.get(reverse("room_people", args=[room.pk])).status_code == 404
