"""The socket of a live room, against both servers: who gets in, what they hear, and when they are shut out."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from datetime import timedelta

import httpx
import pytest
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.models import Session
from django.utils import timezone
from websockets.exceptions import ConnectionClosed, InvalidStatus

from forums.actions.messages import say
from forums.actions.room_roles import give_room_role, take_room_role
from forums.actions.rooms import reschedule_room, schedule_room
from forums.consumers import DOORS_AT_ONCE
from forums.limits import SPEAKING
from forums.live.process import LiveProcess
from forums.models import Message, Room, RoomEvent
from network.actions.membership import join_network, leave_network
from network.actions.passwords import set_password
from network.models import Member
from tests.cast import Cast
from tests.faults.conftest import members_of
from tests.journeys.conftest import Server, session_of
from tests.journeys.sockets import Visitor


@pytest.fixture(scope="module", params=["daphne", "uvicorn"])
def serving(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, django_db_setup: None
) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp(request.param), request.param)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def other_site(tmp_path_factory: pytest.TempPathFactory, django_db_setup: None) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("other"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def site(serving: Server, transactional_db: None) -> Server:
    return serving


@pytest.fixture
def room(site: Server, cast: Cast) -> Room:
    now = timezone.now()
    return schedule_room(
        cast.practitioners,
        title="Clinic",
        opens_at=now - timedelta(hours=1),
        closes_at=now + timedelta(hours=1),
        by=None,
    )


# The door


def refused(site: Server, room: Room | int | str, member: Member | None, **how: str | None) -> int:
    with pytest.raises(InvalidStatus) as answer:
        Visitor(site, room, member, **how)
    return answer.value.response.status_code


@pytest.mark.parametrize("who", ["olga", "amir", "lena", "sven", "ada"])
def test_outsiders_find_no_socket(site: Server, cast: Cast, room: Room, who: str) -> None:
    assert refused(site, room, getattr(cast, who)) == 403


def test_an_anonymous_visitor_finds_no_socket(site: Server, room: Room) -> None:
    assert refused(site, room, None) == 403
    assert refused(site, room, None, session="x" * 32) == 403


def test_a_member_of_one_network_finds_no_socket_of_another(site: Server, cast: Cast, room: Room) -> None:
    join_network(cast.ai, by=cast.olga)

    assert refused(site, room, cast.olga) == 403


def test_a_room_that_is_none_and_an_address_that_is_none_are_refused(site: Server, cast: Cast, room: Room) -> None:
    assert refused(site, room.pk + 1, cast.bob) == 403
    assert refused(site, 10**30, cast.bob) == 403
    assert refused(site, "", cast.bob) == 403


def test_other_origins_are_refused_by_host_scheme_and_port(site: Server, cast: Cast, room: Room) -> None:
    for origin in (
        "http://evil.example",
        site.url.replace("http:", "https:"),
        f"http://127.0.0.1:{site.port + 1}",
        "http://127.0.0.1",
        f"http://127.0.0.1.evil.example:{site.port}",
        "null",
        None,
    ):
        assert refused(site, room, cast.bob, origin=origin) == 403, origin


def test_an_account_that_was_deactivated_finds_no_socket(site: Server, cast: Cast, room: Room) -> None:
    session = session_of(cast.bob)
    cast.bob.is_active = False
    cast.bob.save()

    assert refused(site, room, None, session=session) == 403


# The conversation


def test_two_hear_each_other_at_once_and_in_order(site: Server, cast: Cast, room: Room) -> None:
    with Visitor(site, room, cast.bob) as bob, Visitor(site, room, cast.fay) as fay:
        assert bob.hello()["you"] == {"id": cast.bob.pk, "role": "member"}
        fay.hello()

        for n in range(1, 11, 2):
            assert bob.say(f"{n}")["s"] == n
            assert fay.say(f"{n + 1}")["s"] == n + 1

        for visitor in (bob, fay):
            visitor.wait_for_event(10, within=1)
            assert visitor.numbers == list(range(1, 11))
        assert [event["u"][1] for event in bob.events[:2]] == ["Bob Belongs", "Fay Facilitates"]


def test_who_comes_back_gets_what_came_after_their_number(site: Server, cast: Cast, room: Room) -> None:
    for n in range(1, 13):
        say(room, by=cast.fay, body=f"Message {n}")

    with Visitor(site, room, cast.bob) as bob:
        assert bob.hello(room, since=7)["resume"] == "ok"
        bob.wait_for_event(12)
        assert bob.numbers == [8, 9, 10, 11, 12]


def test_who_is_far_behind_gets_all_of_it_page_by_page(site: Server, cast: Cast, room: Room) -> None:
    fill(room, cast.fay, 1_500)

    with Visitor(site, room, cast.bob) as bob:
        assert bob.hello(room, since=0)["resume"] == "ok"
        acknowledged = 0
        while len(bob.events) < 1_500:
            bob.hear(5)
            if bob.numbers[-1] >= acknowledged + 100:  # as a browser does: more often would be too fast
                acknowledged = bob.numbers[-1]
                bob.tell({"t": "ack", "s": acknowledged})
        assert bob.numbers == list(range(1, 1_501))


def test_who_acknowledges_nothing_is_sent_no_more_than_a_window(site: Server, cast: Cast, room: Room) -> None:
    fill(room, cast.fay, 1_500)

    with Visitor(site, room, cast.bob) as bob:
        bob.hello(room, since=0)
        with pytest.raises(TimeoutError):
            while True:
                bob.hear(1)
        assert len(bob.events) <= 600


@pytest.mark.parametrize("since", [50, 2**52])
def test_who_knows_more_than_the_log_starts_afresh(site: Server, cast: Cast, room: Room, since: int) -> None:
    with Visitor(site, room, cast.bob) as bob:
        assert bob.hello(room, since=since)["resume"] == "reset"
        bob.say("From here on")
        bob.wait_for_event(1)


def test_who_knows_another_epoch_starts_afresh(site: Server, cast: Cast, room: Room) -> None:
    say(room, by=cast.fay, body="Hello")
    other = Room(epoch=uuid.uuid4())

    with Visitor(site, room, cast.bob) as bob:
        assert bob.hello(other, since=0)["resume"] == "reset"


def test_the_same_client_id_is_said_once(site: Server, cast: Cast, room: Room) -> None:
    client_id = uuid.uuid4()
    with Visitor(site, room, cast.bob) as bob:
        bob.hello()
        first = bob.say("Did you get this?", client_id)
    with Visitor(site, room, cast.bob) as bob:
        bob.hello(room, since=0)
        assert bob.say("Did you get this?", client_id) == first
        bob.say("Something else")
        bob.wait_for_event(2)
        assert bob.numbers == [1, 2]
        assert bob.events[0]["c"] == str(client_id)


def test_what_is_written_elsewhere_is_heard_within_moments(site: Server, cast: Cast, room: Room) -> None:
    with Visitor(site, room, cast.bob) as bob:
        bob.hello()
        say(room, by=cast.fay, body="From another process")
        bob.wait_for_event(1, within=3)


def test_what_is_said_on_one_server_is_heard_on_the_other(
    site: Server, other_site: Server, cast: Cast, room: Room
) -> None:
    with Visitor(site, room, cast.bob) as bob, Visitor(other_site, room, cast.fay) as fay:
        bob.hello()
        fay.hello()
        time.sleep(0.5)
        for n in range(1, 11, 2):
            bob.say(f"{n}")
            fay.say(f"{n + 1}")
        for visitor in (bob, fay):
            visitor.wait_for_event(10, within=0.5 if settings.REDIS_URL else 1.5)
            assert visitor.numbers == list(range(1, 11))


def test_a_plain_form_is_heard_at_once(site: Server, cast: Cast, room: Room) -> None:
    with Visitor(site, room, cast.bob) as bob:
        bob.hello()
        cookies = {"sessionid": session_of(cast.fay), "csrftoken": "t" * 32}
        answer = httpx.post(
            f"{site.url}/rooms/{room.pk}/send/",
            data={"body": "No script here", "form_id": str(uuid.uuid4()), "csrfmiddlewaretoken": "t" * 32},
            cookies=cookies,
            headers={"Origin": site.url},
        )
        assert answer.status_code == 302
        bob.wait_for_event(1, within=0.8)


def test_too_many_messages_are_refused_with_the_time_to_wait(site: Server, cast: Cast, room: Room) -> None:
    with Visitor(site, room, cast.bob) as bob, Visitor(site, room, cast.fay) as fay:
        bob.hello()
        fay.hello()
        answers = [bob.say(f"Point {n}") for n in range(SPEAKING.times * 2 + 1)]
        [refusal, *_] = [answer for answer in answers if answer["t"] == "err"]
        assert refusal["code"] == "rate"
        assert 0 < refusal["retry_ms"] <= SPEAKING.per.total_seconds() * 1000
        assert fay.say("My turn")["t"] == "ok"


def test_what_is_no_message_is_refused_and_the_socket_stays(site: Server, cast: Cast, room: Room) -> None:
    with Visitor(site, room, cast.bob) as bob:
        bob.hello()
        for body in ("", "   ", "x" * 1001, "\ud83d"):
            assert bob.say(body)["code"] == "invalid"
        assert bob.say("A message")["t"] == "ok"


def test_the_end_of_the_session_is_told_and_nothing_more_is_taken(site: Server, cast: Cast, room: Room) -> None:
    with Visitor(site, room, cast.bob) as bob:
        assert bob.hello()["st"] == {"open": True, "lock": "", "slow": 0, "delay": 0, "asks": True}
        reschedule_room(room, title=room.title, opens_at=room.opens_at, closes_at=timezone.now(), by=None)
        while "open" not in (changed := bob.wait_for("st", within=4)["d"]):
            assert changed.keys() == {"presence"}
        assert changed["open"] is False
        assert bob.say("Wait!")["code"] == "closed"


def test_a_ping_says_where_the_log_is(site: Server, cast: Cast, room: Room) -> None:
    with Visitor(site, room, cast.bob) as bob:
        bob.hello()
        bob.say("One")
        bob.tell({"t": "ping", "n": 5, "s": 1, "vis": True})
        assert bob.wait_for("pong", n=5)["top"] == 1


# Shut out


def test_leaving_the_network_closes_the_socket(site: Server, cast: Cast, room: Room) -> None:
    with Visitor(site, room, cast.bob) as bob, Visitor(site, room, cast.fay) as fay:
        bob.hello()
        fay.hello()

        leave_network(cast.practitioners, by=cast.bob)

        assert bob.wait_for_close(within=5) == 4403
        assert fay.say("He has left")["t"] == "ok"


def test_taking_back_the_role_of_a_speaker_from_outside_closes_their_socket(
    site: Server, cast: Cast, room: Room
) -> None:
    given = give_room_role(room, cast.olga, role="speaker", by=cast.fay)
    with Visitor(site, room, cast.olga) as olga, Visitor(site, room, cast.fay) as fay:
        olga.hello()
        fay.hello()
        assert olga.say("Good morning")["t"] == "ok"

        take_room_role(given, by=cast.fay)

        assert olga.wait_for_close(within=5) == 4403
        assert fay.say("She has gone")["t"] == "ok"
    assert refused(site, room, cast.olga) == 403


def test_leaving_by_the_sites_own_form_closes_the_socket_at_once(site: Server, cast: Cast, room: Room) -> None:
    session = session_of(cast.bob)
    with Visitor(site, room, None, session=session) as bob:
        bob.hello()
        answer = httpx.post(
            f"{site.url}/networks/{cast.practitioners.slug}/leave/",
            data={"csrfmiddlewaretoken": "t" * 32},
            cookies={"sessionid": session, "csrftoken": "t" * 32},
            headers={"Origin": site.url},
        )
        assert answer.status_code == 302
        assert bob.wait_for_close(within=0.8) == 4403


def test_signing_out_closes_the_socket(site: Server, cast: Cast, room: Room) -> None:
    session = session_of(cast.bob)
    with Visitor(site, room, None, session=session) as bob:
        bob.hello()
        Session.objects.filter(session_key=session).delete()
        assert bob.wait_for_close(within=5) == 4401


def test_signing_out_by_the_sites_own_form_closes_the_socket_at_once(site: Server, cast: Cast, room: Room) -> None:
    session = session_of(cast.bob)
    with Visitor(site, room, None, session=session) as bob, Visitor(site, room, cast.bob) as elsewhere:
        bob.hello()
        elsewhere.hello()
        answer = httpx.post(
            f"{site.url}/account/logout/",
            data={"csrfmiddlewaretoken": "t" * 32},
            cookies={"sessionid": session, "csrftoken": "t" * 32},
            headers={"Origin": site.url},
        )
        assert answer.status_code == 302
        assert bob.wait_for_close(within=0.8) == 4401
        assert elsewhere.say("On my other machine")["t"] == "ok"


def test_ending_a_session_from_elsewhere_closes_its_socket_at_once(site: Server, cast: Cast, room: Room) -> None:
    session, here = session_of(cast.bob), session_of(cast.bob)
    for key in (session, here):
        httpx.get(f"{site.url}/networks/", cookies={"sessionid": key})  # noted as used, and so listed
    with Visitor(site, room, None, session=session) as ended, Visitor(site, room, None, session=here) as kept:
        ended.hello()
        kept.hello()
        row = UserSession.objects.get(session_key=session)
        answer = httpx.post(
            f"{site.url}/account/sessions/{row.pk}/end/",
            data={"csrfmiddlewaretoken": "t" * 32},
            cookies={"sessionid": here, "csrftoken": "t" * 32},
            headers={"Origin": site.url},
        )
        assert answer.status_code == 302
        assert ended.wait_for_close(within=0.8) == 4401
        assert kept.say("I am still here")["t"] == "ok"


def test_a_session_that_runs_out_closes_its_socket(site: Server, cast: Cast, room: Room) -> None:
    session = session_of(cast.bob)
    with Visitor(site, room, None, session=session) as bob:
        bob.hello()
        Session.objects.filter(session_key=session).update(expire_date=timezone.now())
        assert bob.wait_for_close(within=5) == 4401


def test_setting_a_password_elsewhere_closes_the_sockets_of_other_sessions(
    site: Server, cast: Cast, room: Room
) -> None:
    session = session_of(cast.bob)
    httpx.get(f"{site.url}/networks/", cookies={"sessionid": session})
    with Visitor(site, room, None, session=session) as bob:
        bob.hello()
        set_password("three words apart", by=cast.bob, this_session=None)
        assert bob.wait_for_close(within=5) == 4401


def test_deactivating_the_account_closes_the_socket(site: Server, cast: Cast, room: Room) -> None:
    with Visitor(site, room, cast.bob) as bob:
        bob.hello()
        Member.objects.filter(pk=cast.bob.pk).update(is_active=False)
        assert bob.wait_for_close(within=5) in (4401, 4403)


def test_who_was_shut_out_hears_nothing_more(site: Server, cast: Cast, room: Room) -> None:
    with Visitor(site, room, cast.bob) as bob, Visitor(site, room, cast.fay) as fay:
        bob.hello()
        fay.hello()
        leave_network(cast.practitioners, by=cast.bob)
        bob.wait_for_close(within=3)
        fay.say("Now that we are among ourselves")
        assert bob.events == []


def leave(member: Member, room: Room, session: str) -> None:
    leave_network(room.network, by=member)


def sign_out(member: Member, room: Room, session: str) -> None:
    Session.objects.filter(session_key=session).delete()


def be_deactivated(member: Member, room: Room, session: str) -> None:
    Member.objects.filter(pk=member.pk).update(is_active=False)


@pytest.mark.parametrize("is_open", [True, False], ids=["with others in it", "with nobody in it"])
@pytest.mark.parametrize(("end", "code"), [(leave, 4403), (sign_out, 4401), (be_deactivated, 4401)])
def test_who_says_hello_after_the_end_of_their_access_hears_nothing(
    site: Server, cast: Cast, room: Room, end: Callable[[Member, Room, str], None], code: int, is_open: bool
) -> None:
    session = session_of(cast.bob)
    with ExitStack() as others, Visitor(site, room, None, session=session) as bob:
        if is_open:
            others.enter_context(Visitor(site, room, cast.fay)).hello()
        end(cast.bob, room, session)
        say(room, by=cast.fay, body="Now that we are among ourselves")
        bob.tell({"t": "hello", "v": 1, "epoch": str(room.epoch), "since": 0})

        assert bob.wait_for_close(within=3) == code
        assert bob.events == []
        assert [answer["t"] for answer in bob.answers] == ["bye"]


# Bad input


@pytest.mark.parametrize(
    "first",
    [
        b"\x00\x01",
        "",
        "hello",
        "[]",
        '{"t": "send", "c": "0b0fd11e-2a3c-4b52-9d6a-3c2f6f1a9f10", "b": "before hello"}',
        '{"t": "hello", "v": 99}',
        "[" * 10_000,
    ],
    ids=["binary", "empty", "no JSON", "an array", "no hello", "another version", "deep"],
)
def test_who_does_not_speak_the_protocol_is_closed(site: Server, cast: Cast, room: Room, first: str | bytes) -> None:
    with Visitor(site, room, cast.bob) as bob:
        bob.tell(first)
        assert bob.wait_for_close(within=3) == 4400


@pytest.mark.parametrize(
    "frame",
    ['{"t": "shout"}', '{"t": "hello", "v": 1}', '{"t": "ack", "s": 99}', '{"t": "ack", "s": -1}', "{}", "null"],
)
def test_a_bad_frame_closes_its_socket_and_no_other(site: Server, cast: Cast, room: Room, frame: str) -> None:
    with Visitor(site, room, cast.bob) as bob, Visitor(site, room, cast.fay) as fay:
        bob.hello()
        fay.hello()
        bob.tell(frame)
        assert bob.wait_for_close(within=3) == 4400
        assert fay.say("Still here")["t"] == "ok"


def test_a_frame_that_is_too_large_is_not_read(site: Server, cast: Cast, room: Room) -> None:
    with Visitor(site, room, cast.bob) as bob, Visitor(site, room, cast.fay) as fay:
        bob.hello()
        fay.hello()
        with pytest.raises(ConnectionClosed):
            bob.tell({"t": "send", "c": str(uuid.uuid4()), "b": "x" * 2_000_000})
            bob.wait_for("ok", "err")
        assert fay.say("Still here")["t"] == "ok"
        assert Message.objects.count() == 1


def test_who_says_too_much_at_once_is_closed_and_the_room_stays_quick(site: Server, cast: Cast, room: Room) -> None:
    with Visitor(site, room, cast.bob) as bob, Visitor(site, room, cast.fay) as fay:
        bob.hello()
        fay.hello()
        nothing = {"t": "send", "c": str(uuid.uuid4()), "b": ""}
        with suppress(ConnectionClosed):
            for _ in range(200):
                bob.tell(nothing)
        began = time.monotonic()
        assert fay.say("Still here")["t"] == "ok"
        assert time.monotonic() - began < 1
        assert bob.wait_for_close(within=3) == 4429
        [bye] = [answer for answer in bob.answers if answer["t"] == "bye"]
        assert bye["after_ms"] >= 10_000


def test_a_member_with_too_many_sockets_loses_the_oldest_and_it_stays_away(
    site: Server, cast: Cast, room: Room
) -> None:
    with ExitStack() as windows:
        theirs = [
            windows.enter_context(Visitor(site, room, cast.bob)) for _ in range(LiveProcess.SOCKETS_OF_ONE_MEMBER + 1)
        ]
        fay = windows.enter_context(Visitor(site, room, cast.fay))
        fay.hello()
        for window in theirs:
            window.hello()

        assert theirs[0].wait_for_close(within=3) == 4405
        assert fay.say("Only that one went")["t"] == "ok"
        for window in theirs[1:]:
            window.wait_for_event(1)


def test_fifty_sockets_of_one_member_leave_them_five_and_cost_nobody_else_theirs(
    site: Server, cast: Cast, room: Room
) -> None:
    [many] = members_of(cast.practitioners, cast.council, 1)
    session = session_of(many)
    with ExitStack() as windows:
        fay = windows.enter_context(Visitor(site, room, cast.fay))
        fay.hello()
        theirs = [windows.enter_context(Visitor(site, room, None, session=session)) for _ in range(50)]
        for window in theirs:
            window.hello()
        for window in theirs[: -LiveProcess.SOCKETS_OF_ONE_MEMBER]:
            assert window.wait_for_close(within=5) == 4405
        assert fay.say("I am still here")["t"] == "ok"
        for window in theirs[-LiveProcess.SOCKETS_OF_ONE_MEMBER :]:
            window.wait_for_event(1)


def test_a_thousand_handshakes_in_a_minute_are_turned_away_and_the_room_stays_quick(
    site: Server, cast: Cast, room: Room
) -> None:
    """Seventeen a second: more than a minute of it need not be waited for."""
    # Not the first of them: the server, which all tests share, knows another member by that number.
    session = session_of(members_of(cast.practitioners, cast.council, 2)[-1])
    turned_away = 0
    with Visitor(site, room, cast.bob) as bob:
        bob.hello()
        for n in range(DOORS_AT_ONCE + 60):
            with Visitor(site, room, None, session=session) as window:
                if n >= DOORS_AT_ONCE:
                    with suppress(ConnectionClosed, TimeoutError):
                        window.hear(0.2)
                    turned_away += any(answer.get("code") == 4429 for answer in window.answers)
        began = time.monotonic()
        assert bob.say("I am still here")["t"] == "ok"
        assert time.monotonic() - began < 1
        assert turned_away > 10


def test_words_that_come_a_byte_at_a_time_are_one_message(site: Server, cast: Cast, room: Room) -> None:
    with Visitor(site, room, cast.bob) as bob:
        bob.hello()
        frame = json.dumps({"t": "send", "c": str(uuid.uuid4()), "b": "Bit by bit"})
        bob.socket.send(iter(frame))  # each sign is a frame of its own
        assert bob.wait_for("ok", "err")["t"] == "ok"


def test_a_message_in_pieces_that_never_ends_is_not_kept(site: Server, cast: Cast, room: Room) -> None:
    with Visitor(site, room, cast.bob) as bob, Visitor(site, room, cast.fay) as fay:
        bob.hello()
        fay.hello()
        with pytest.raises(ConnectionClosed):
            bob.socket.send("x" * 100 for _ in range(20_000))
            bob.wait_for("ok", "err")
        assert fay.say("Still here")["t"] == "ok"


def test_bytes_that_are_no_text_close_their_socket_and_no_other(site: Server, cast: Cast, room: Room) -> None:
    with Visitor(site, room, cast.bob) as bob, Visitor(site, room, cast.fay) as fay:
        bob.hello()
        fay.hello()
        bob.socket.send(b"\xff\xfe\xc3(", text=True)
        with pytest.raises(ConnectionClosed):
            bob.wait_for("ok", "err", within=3)
        assert fay.say("Still here")["t"] == "ok"


def test_a_session_that_has_expired_finds_no_socket(site: Server, cast: Cast, room: Room) -> None:
    session = session_of(cast.bob)
    Session.objects.filter(session_key=session).update(expire_date=timezone.now() - timedelta(seconds=1))
    assert refused(site, room, None, session=session) == 403


@pytest.mark.slow
def test_who_says_nothing_is_closed(site: Server, cast: Cast, room: Room) -> None:
    with Visitor(site, room, cast.bob) as bob:
        assert bob.wait_for_close(within=5) == 4409


# The end


def test_a_server_that_stops_says_goodbye(site: Server, cast: Cast, room: Room) -> None:
    with Visitor(site, room, cast.bob) as bob:
        bob.hello()
        site.stop()
        assert bob.wait_for("bye")["code"] == 4503
        assert bob.wait_for_close(within=5) == 4503
    site.start()


def fill(room: Room, author: Member, count: int) -> None:
    """Makes a long log without spending anybody's limit."""
    now = timezone.now()
    RoomEvent.objects.bulk_create(
        RoomEvent(room=room, seq=n, kind="msg", actor=author, client_id=uuid.uuid4(), at=now)
        for n in range(1, count + 1)
    )
    Message.objects.bulk_create(
        Message(room=room, seq=n, author=author, body=f"Message {n}", written_at=now) for n in range(1, count + 1)
    )
    Room.objects.filter(pk=room.pk).update(last_seq=count)
