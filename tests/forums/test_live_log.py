"""What is said in a room is written once, under a number without gaps."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from threading import Barrier, Thread

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from forums.actions.amendments import edit_message
from forums.actions.messages import Saying, say, say_together
from forums.actions.rooms import close_room, reschedule_room, schedule_room
from forums.limits import SPEAKING
from forums.live import log
from forums.models import Message, Room, RoomEvent
from forums.models.message import MessagePage
from network.actions.membership import join_network, leave_network
from network.limits import LimitReached
from network.models import Admission, AuditEvent, Member
from network.permissions import Refused
from tests.cast import Cast, make_cast


def room_of(cast: Cast, *, starts_in: timedelta = timedelta(0), lasts: timedelta = timedelta(hours=1)) -> Room:
    starts = timezone.now() + starts_in
    return schedule_room(cast.ai, title="Show and tell", opens_at=starts, closes_at=starts + lasts, by=None)


def numbers(room: Room) -> list[int]:
    return list(RoomEvent.objects.filter(room=room).order_by("seq").values_list("seq", flat=True))


# Saying


def test_messages_are_numbered_from_one_without_gaps(cast: Cast) -> None:
    room = room_of(cast)

    said = [say(room, by=by, body=body) for by, body in ((cast.bob, "Hello"), (cast.fay, "Hello Bob"))]

    assert [message.seq for message in said] == [1, 2]
    assert numbers(room) == [1, 2]
    room.refresh_from_db()
    assert room.last_seq == 2


def test_each_room_has_numbers_of_its_own(cast: Cast) -> None:
    first, second = room_of(cast), room_of(cast)
    say(first, by=cast.bob, body="One")

    assert say(second, by=cast.bob, body="Another one").seq == 1


def test_the_same_client_id_is_the_same_message(cast: Cast) -> None:
    room = room_of(cast)
    client_id = uuid.uuid4()

    first = say(room, by=cast.bob, body="Only once", client_id=client_id)
    again = say(room, by=cast.bob, body="Only once", client_id=client_id)

    assert again == first
    assert Message.objects.count() == 1


def test_a_client_id_is_its_members_own(cast: Cast) -> None:
    room = room_of(cast)
    client_id = uuid.uuid4()
    say(room, by=cast.bob, body="Mine", client_id=client_id)

    assert say(room, by=cast.fay, body="Mine, too", client_id=client_id).seq == 2


def test_the_database_itself_refuses_a_client_id_twice(cast: Cast) -> None:
    room = room_of(cast)
    event = {"room": room, "kind": "msg", "actor": cast.bob, "client_id": uuid.uuid4(), "at": timezone.now()}
    RoomEvent.objects.create(seq=1, **event)

    with pytest.raises(DatabaseError), transaction.atomic():
        RoomEvent.objects.create(seq=2, **event)


def test_sending_again_costs_nothing_of_the_limit(cast: Cast) -> None:
    room = room_of(cast)
    client_id = uuid.uuid4()
    now = timezone.now()

    for _ in range(SPEAKING.times * 2):
        say(room, by=cast.bob, body="Are you there?", client_id=client_id, now=now)

    assert numbers(room) == [1]


def test_saying_too_much_is_refused_with_the_time_to_wait(cast: Cast) -> None:
    room = room_of(cast)
    now = timezone.now()
    for n in range(SPEAKING.times):
        say(room, by=cast.bob, body=f"Point {n}", now=now)

    with pytest.raises(LimitReached) as reached:
        say(room, by=cast.bob, body="And another thing", now=now)

    assert 0 < reached.value.retry_after <= SPEAKING.per.total_seconds()
    assert say(room, by=cast.fay, body="My turn", now=now).seq == SPEAKING.times + 1


def test_the_council_of_then_stays_with_the_message(cast: Cast) -> None:
    room = room_of(cast)
    message = say(room, by=cast.bob, body="From Exampleshire")

    cast.bob.organisation = None
    cast.bob.save()

    message.refresh_from_db()
    assert message.organisation == cast.council


def test_words_are_kept_as_text(cast: Cast) -> None:
    room = room_of(cast)

    assert say(room, by=cast.bob, body="  one\r\ntwo\x00\x1b  ").body == "one\ntwo"


def test_nothing_in_a_message_is_unseen_or_turns_what_follows_around(cast: Cast) -> None:
    room = room_of(cast)
    said = say(room, by=cast.bob, body="\u202eout\u2066 of \u200border\ud83d \N{MAN}\u200d\N{PERSONAL COMPUTER}")

    assert said.body == "out of order \N{MAN}\u200d\N{PERSONAL COMPUTER}"
    edit_message(said, by=cast.bob, body="\u202eother words")
    assert Message.objects.get().body == "other words"


@pytest.mark.parametrize("body", ["", " \n ", "\x00", "a" * 1001, "\u200b\u202e\ud83d"])
def test_what_is_no_message_is_refused(cast: Cast, body: str) -> None:
    with pytest.raises(ValidationError):
        say(room_of(cast), by=cast.bob, body=body)


def test_several_are_judged_each_by_itself_and_keep_their_order(cast: Cast) -> None:
    room = room_of(cast)
    twice = Saying(cast.bob.pk, "Hello", uuid.uuid4())

    outcomes = say_together(
        room.pk,
        [
            twice,
            Saying(cast.olga.pk, "May I?", uuid.uuid4()),
            Saying(cast.fay.pk, " ", uuid.uuid4()),
            twice,
            Saying(cast.fay.pk, "Welcome", uuid.uuid4()),
        ],
    )

    assert [type(outcome) for outcome in outcomes] == [Message, Refused, ValidationError, Message, Message]
    assert outcomes[0] == outcomes[3]
    assert [message.body for message in Message.objects.order_by("seq")] == ["Hello", "Welcome"]
    assert numbers(room) == [1, 2]


def test_a_batch_of_which_nothing_can_be_said_waits_for_nobody(cast: Cast) -> None:
    room = room_of(cast)

    with CaptureQueriesContext(connection) as queries:
        outcomes = say_together(
            room.pk, [Saying(cast.bob.pk, "", uuid.uuid4()), Saying(cast.olga.pk, "Let me in", uuid.uuid4())]
        )

    assert [type(outcome) for outcome in outcomes] == [ValidationError, Refused]
    assert not any(query["sql"].startswith(("SAVEPOINT", "BEGIN")) for query in queries)


def test_a_batch_costs_the_same_queries_whatever_its_size(cast: Cast) -> None:
    room = room_of(cast)
    counts = []
    for size in (1, 12):
        with connection.execute_wrapper(counter := Counter()):
            say_together(room.pk, [Saying(cast.bob.pk, f"{size} {n}", uuid.uuid4()) for n in range(size)])
        counts.append(counter.count)

    assert counts[0] == counts[1]


class Counter:
    count = 0

    def __call__(self, execute, sql, params, many, context):  # type: ignore[no-untyped-def]
        self.count += 1
        return execute(sql, params, many, context)


# Who and when


@pytest.mark.parametrize("who", ["olga", "amir", "lena", "sven", "ada"])
def test_outsiders_say_and_read_nothing(cast: Cast, who: str) -> None:
    room = room_of(cast)
    say(room, by=cast.bob, body="Among ourselves")
    outsider: Member = getattr(cast, who)

    with pytest.raises(Refused):
        say(room, by=outsider, body="Let me in")

    assert not Room.objects.visible_to(outsider).exists()
    assert not RoomEvent.objects.visible_to(outsider).exists()
    assert not Message.objects.visible_to(outsider).exists()


def test_an_anonymous_visitor_reads_nothing(cast: Cast) -> None:
    say(room_of(cast), by=cast.bob, body="Among ourselves")

    for model in (Room, RoomEvent, Message):
        assert not model.objects.visible_to(AnonymousUser()).exists()


def test_who_has_left_says_nothing_more(cast: Cast) -> None:
    room = room_of(cast)
    leave_network(cast.ai, by=cast.bob)

    with pytest.raises(Refused):
        say(room, by=cast.bob, body="One last word")


def test_a_room_is_open_from_a_quarter_of_an_hour_before_until_its_end(cast: Cast) -> None:
    room = room_of(cast, starts_in=timedelta(days=1))

    def speak(at: datetime) -> None:
        say(room, by=cast.bob, body="Hello", now=at)

    with pytest.raises(Refused, match="not opened"):
        speak(room.opens_at - timedelta(minutes=15, seconds=1))
    speak(room.opens_at - timedelta(minutes=15))
    speak(room.closes_at - timedelta(seconds=1))
    with pytest.raises(Refused, match="closed"):
        speak(room.closes_at)


def test_what_was_said_before_closing_is_confirmed_after_it(cast: Cast) -> None:
    room = room_of(cast)
    client_id = uuid.uuid4()
    first = say(room, by=cast.bob, body="Just in time", client_id=client_id)

    assert say(room, by=cast.bob, body="Just in time", client_id=client_id, now=room.closes_at) == first


# Many at once


@pytest.mark.django_db(transaction=True)
def test_many_writers_at_once_leave_no_gap_and_no_double() -> None:
    cast = make_cast()
    room = room_of(cast)
    members = [officer(cast, f"Writer {n}") for n in range(6)]
    everybody = Barrier(len(members) * 2)
    errors: list[BaseException] = []
    ids = {member.pk: [uuid.uuid4() for _ in range(5)] for member in members}

    def write(member: Member) -> None:
        # Each member from two windows, which both send the same.
        try:
            everybody.wait()
            for n, client_id in enumerate(ids[member.pk]):
                say(room, by=member, body=f"{member.name}: {n}", client_id=client_id)
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [Thread(target=write, args=[member]) for member in members for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    assert numbers(room) == list(range(1, 31))
    for member in members:
        bodies = Message.objects.filter(author=member).order_by("seq").values_list("body", flat=True)
        assert list(bodies) == [f"{member.name}: {n}" for n in range(5)]


def officer(cast: Cast, name: str) -> Member:
    member = Member.objects.create_user(
        f"{name.lower().replace(' ', '.')}@exampleshire.example.org", name=name, organisation=cast.council
    )
    Admission.objects.create(member=member, rule=Admission.Rule.PERSON)
    join_network(cast.ai, by=member)
    return member


@pytest.mark.django_db(transaction=True)
def test_a_transaction_that_fails_gives_its_numbers_back() -> None:
    cast = make_cast()
    room = room_of(cast)

    with pytest.raises(RuntimeError), transaction.atomic():
        held = log.hold(room.pk)
        log.append(held, [RoomEvent(kind="msg", actor=cast.bob, client_id=uuid.uuid4(), at=timezone.now())])
        raise RuntimeError("the power fails before the commit")

    assert say(room, by=cast.bob, body="Hello").seq == 1


# Rooms


def test_only_facilitators_schedule_and_it_is_written_down(cast: Cast) -> None:
    times = {"opens_at": timezone.now(), "closes_at": timezone.now() + timedelta(hours=1)}

    room = schedule_room(cast.ai, title="Clinic", by=cast.fay, **times)
    for nobody in (cast.bob, *cast.outsiders):
        with pytest.raises(Refused):
            schedule_room(cast.ai, title="Mine", by=nobody, **times)
        with pytest.raises(Refused):
            reschedule_room(room, title="Mine", by=nobody, **times)
        with pytest.raises(Refused):
            close_room(room, by=nobody)

    assert [(given.member, given.role) for given in room.roles.all()] == [(cast.fay, "host")]
    assert AuditEvent.objects.get().verb == "scheduled room"


def test_rescheduling_keeps_what_was_said_and_is_safe_to_repeat(cast: Cast) -> None:
    room = room_of(cast)
    say(room, by=cast.bob, body="Hello")
    new = {
        "title": "Moved",
        "opens_at": room.opens_at + timedelta(minutes=5),
        "closes_at": room.closes_at + timedelta(hours=2),
    }

    for _ in range(2):
        room = reschedule_room(room, **new, by=None)

    assert (room.title, room.last_seq) == ("Moved", 1)
    assert AuditEvent.objects.filter(verb="rescheduled room").count() == 1


def test_a_room_closes_after_it_opens(cast: Cast) -> None:
    now = timezone.now()
    with pytest.raises(DatabaseError), transaction.atomic():
        schedule_room(cast.ai, title="Backwards", opens_at=now, closes_at=now - timedelta(minutes=1), by=None)


# The transcript


def test_the_transcript_is_paged_by_number(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MessagePage, "LENGTH", 3)
    room = room_of(cast)
    for n in range(1, 8):
        say(room, by=cast.bob, body=f"Message {n}")
    room.refresh_from_db()

    latest = MessagePage.of(room, cast.bob)
    before = MessagePage.of(room, cast.bob, before=latest.earlier)
    first = MessagePage.of(room, cast.bob, before=before.earlier)

    assert [[message.seq for message in page.messages] for page in (latest, before, first)] == [
        [5, 6, 7],
        [2, 3, 4],
        [1],
    ]
    assert first.earlier is None


def test_the_transcript_ends_at_the_number_that_was_read_first(cast: Cast) -> None:
    room = room_of(cast)
    say(room, by=cast.bob, body="Before")
    read = Room.objects.get(pk=room.pk)
    say(room, by=cast.fay, body="While the page is made")

    assert [message.body for message in MessagePage.of(read, cast.bob).messages] == ["Before"]
