"""Being removed from a live room, or silent in it for a while, goes on for whoever closes the account, or has another
address, and comes back with the same mailbox."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from forums.actions.messages import say
from forums.actions.room_roles import give_room_role
from forums.actions.rooms import schedule_room
from forums.actions.sanctions import (
    forget_room_sanctions,
    give_time_out,
    lift_sanction,
    remove_from_room,
)
from forums.models import Message, Room, RoomEvent, RoomSanction, StandingRoomSanction
from forums.permissions import can_enter, can_speak
from forums.tasks import forget_room_sanctions_that_are_over
from network.actions.addresses import change_address
from network.actions.admission import open_account
from network.actions.closing import close_account
from network.actions.membership import (
    approve_request,
    ask_to_join,
    enrol,
    join_network,
    reinstate_member,
    suspend_member,
)
from network.models import AuditEvent, Member, Membership, Network
from network.notifications import unread_notices
from tests.cast import Cast, sign_in

GOES_ON = Membership.GOES_ON
HOUR = timedelta(hours=1)


def clinic(network: Network) -> Room:
    now = timezone.now()
    return schedule_room(network, title="Clinic", opens_at=now - HOUR, closes_at=now + HOUR, by=None)


@pytest.fixture
def room(cast: Cast) -> Room:
    """In the network that is joined at once."""
    found = clinic(cast.ai)
    say(found, by=cast.fay, body="zyzzyva")
    return found


def remove(cast: Cast, room: Room, member: Member | None = None) -> RoomSanction:
    return remove_from_room(room, member or cast.bob, by=cast.fay, reason="You were rude.")


def back(member: Member) -> Member:
    """Closes the account of somebody and opens another with the same address."""
    address = Member.objects.get(pk=member.pk).email
    close_account(by=Member.objects.get(pk=member.pk))
    return open_account(address, name="Bob Again")


def moved(member: Member, address: str = "robert@exampleshire.example.org") -> Member:
    return change_address(address, by=Member.objects.get(pk=member.pk), this_session=None)


def page_of(member: Member, address: str) -> str:
    client = Client()
    sign_in(client, member)
    return str(client.get(address).content.decode())


def sees_nothing_of(member: Member, room: Room) -> bool:
    return not (
        Room.objects.visible_to(member).filter(pk=room.pk).exists()
        or RoomEvent.objects.visible_to(member).filter(room=room).exists()
        or Message.objects.visible_to(member).filter(room=room).exists()
        or "zyzzyva" in page_of(member, room.get_absolute_url())
    )


# Coming back


def test_closing_the_account_is_no_way_back_into_a_room(cast: Cast, room: Room) -> None:
    remove(cast, room)
    again = back(cast.bob)
    assert not RoomSanction.objects.exists()
    other = clinic(cast.ai)

    join_network(cast.ai, by=again)

    assert sees_nothing_of(again, room)
    assert can_enter(again, room).reason == f"A facilitator has removed you from this room: {GOES_ON}"
    [given] = RoomSanction.objects.all()
    assert (given.room, given.member, given.kind, given.by, given.reason) == (room, again, "removed", None, GOES_ON)
    assert not StandingRoomSanction.objects.exists()
    assert f"A facilitator removed you from the live room “Clinic”: {GOES_ON}" in [
        one.title for one in unread_notices(again)
    ]
    assert can_enter(again, other), "in other rooms nothing changes"
    # The facilitators can let them back in, as they could before.
    assert "Bob Again, removed" in page_of(cast.fay, f"/rooms/{room.pk}/care/")
    lift_sanction(given, by=cast.fay)
    assert can_enter(again, room)


def test_whoever_is_let_in_by_somebody_else_is_still_removed(cast: Cast, room: Room) -> None:
    private = clinic(cast.practitioners)
    for one in (room, private):
        remove(cast, one)
    again = back(cast.bob)

    enrol(cast.ai, again, by=cast.ada)
    request = ask_to_join(cast.practitioners, by=again, reason="I would like to.")
    assert StandingRoomSanction.objects.get().room == private, "it waits until they belong"
    approve_request(request, by=cast.fay)

    for one in (room, private):
        assert sees_nothing_of(again, one)


def test_whoever_comes_back_suspended_is_removed_once_they_are_let_in_again(cast: Cast, room: Room) -> None:
    remove(cast, room)
    suspend_member(Membership.objects.get(member=cast.bob, network=cast.ai), by=cast.fay, words="Rest.")
    again = back(cast.bob)
    assert not can_enter(again, room)

    reinstate_member(Membership.objects.get(member=again, network=cast.ai), by=cast.fay)

    assert sees_nothing_of(again, room)


def test_a_speaker_who_was_removed_is_so_when_they_are_named_again(cast: Cast) -> None:
    room, other = clinic(cast.practitioners), clinic(cast.practitioners)
    say(room, by=cast.fay, body="zyzzyva")
    give_room_role(room, cast.olga, role="speaker", by=cast.fay)
    remove(cast, room, cast.olga)
    again = back(cast.olga)
    give_room_role(other, again, role="speaker", by=cast.fay)
    assert can_enter(again, other)
    assert StandingRoomSanction.objects.count() == 1

    give_room_role(room, again, role="speaker", by=cast.fay)

    assert sees_nothing_of(again, room)
    assert not StandingRoomSanction.objects.exists()


def test_a_time_out_goes_on_until_its_end(cast: Cast, room: Room) -> None:
    given = give_time_out(room, cast.bob, lasts=HOUR / 2, by=cast.fay, reason="You were rude.")
    again = back(cast.bob)

    join_network(cast.ai, by=again)

    assert can_enter(again, room)
    assert not can_speak(again, room)
    assert GOES_ON in can_speak(again, room).reason
    assert RoomSanction.objects.get().until == given.until
    assert not RoomSanction.objects.silencing(given.until).exists()


def test_one_that_is_over_or_lifted_leaves_no_mark_and_what_is_over_meanwhile_does_not_come_back(
    cast: Cast, room: Room
) -> None:
    given = give_time_out(room, cast.bob, lasts=HOUR / 2, by=cast.fay, reason="You were rude.")
    lift_sanction(remove(cast, room), by=cast.fay)
    again = back(cast.bob)
    assert [mark.kind for mark in StandingRoomSanction.objects.all()] == ["time_out"]
    assert given.until
    assert forget_room_sanctions(now=given.until - timedelta(seconds=1)) == 0

    StandingRoomSanction.objects.update(until=timezone.now())
    join_network(cast.ai, by=again)
    assert not RoomSanction.objects.exists()
    assert can_speak(again, room)
    forget_room_sanctions_that_are_over()
    assert not StandingRoomSanction.objects.exists()

    RoomSanction.objects.create(
        room=room, member=again, kind="time_out", until=timezone.now(), reason="Over", by=cast.fay
    )
    back(again)
    assert not StandingRoomSanction.objects.exists()


# What is kept


def test_what_is_kept_of_it_is_a_mark_as_long_as_there_is_the_room(cast: Cast, room: Room) -> None:
    address = cast.bob.email
    remove(cast, room)
    close_account(by=cast.bob, erase=True)

    [kept] = StandingRoomSanction.objects.values()
    assert kept.keys() == {"id", "room_id", "mailbox_digest", "kind", "until", "at", "given_id", "sanction"}
    assert (kept["room_id"], kept["kind"], kept["until"], kept["given_id"]) == (room.pk, "removed", None, None)
    for word in (address, "bob", "rude"):
        assert word not in str(kept).lower()
    assert StandingRoomSanction.objects.of(address.upper()).exists()
    forget_room_sanctions(now=timezone.now() + timedelta(days=10_000))
    assert StandingRoomSanction.objects.exists()
    empty = clinic(cast.ai)
    StandingRoomSanction.objects.update(room=empty)
    empty.delete()
    assert not StandingRoomSanction.objects.exists()


def test_no_time_out_waits_for_ever(cast: Cast, room: Room) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        StandingRoomSanction.objects.create(room=room, kind="time_out", mailbox_digest="x")


def test_the_log_says_it_to_facilitators_and_not_which_account_had_it_before(cast: Cast, room: Room) -> None:
    given = remove(cast, room)
    time_out = give_time_out(room, cast.bob, lasts=HOUR / 2, by=cast.fay, reason="You were rude.")
    again = back(cast.bob)
    join_network(cast.ai, by=again)

    kept = AuditEvent.objects.filter(verb="kept room sanction").order_by("pk")
    restored = AuditEvent.objects.filter(verb="restored room sanction").order_by("pk")
    assert [event.details for event in kept] == [{"kind": "removed"}, {"kind": "time_out"}]
    now = RoomSanction.objects.order_by("pk")
    assert [event.details for event in restored] == [{"sanction": one.pk} for one in now]
    assert not {given.pk, time_out.pk} & {one.pk for one in now}
    for event in (*kept, *restored):
        assert (event.actor_id, event.network, event.object_id) == (None, cast.ai, str(room.pk))
        assert AuditEvent.objects.visible_to(cast.fay).filter(pk=event.pk).exists()
        for outsider in (*cast.outsiders, again):
            if outsider != cast.ada:
                assert not AuditEvent.objects.visible_to(outsider).filter(pk=event.pk).exists()


def test_the_page_where_an_account_is_closed_says_what_is_kept(cast: Cast, room: Room) -> None:
    for member in (cast.bob, cast.olga):
        assert "A note, without your name" not in page_of(member, "/account/close/")
    other = clinic(cast.practitioners)
    remove(cast, room)
    give_time_out(other, cast.bob, lasts=HOUR / 2, by=cast.fay, reason="You were rude.")

    page = page_of(cast.bob, "/account/close/")
    assert "A note, without your name, that a facilitator has removed you from the live room “Clinic” is kept" in page
    assert "A note, without your name, that a facilitator has asked you to be silent in the live room “Clinic”" in page
    assert "live rooms that you cannot see any more" not in page
    for member in cast.outsiders:
        page = page_of(member, "/account/close/")
        assert "Clinic" not in page
        assert "live rooms that you cannot see any more" not in page
    Membership.objects.filter(member=cast.bob).update(state="left")
    page = page_of(cast.bob, "/account/close/")
    assert "Clinic" not in page
    assert "live rooms that you cannot see any more" in page


# Another address


@pytest.mark.parametrize("which", [0, 1, 2])
def test_changing_the_address_first_is_no_way_back(cast: Cast, room: Room, which: int) -> None:
    addresses = [cast.bob.email, "robert@exampleshire.example.org", "rob@exampleshire.example.org"]
    remove(cast, room)
    for address in addresses[1:]:
        moved(cast.bob, address)
    assert can_enter(cast.bob, room).reason.endswith("You were rude.")
    close_account(by=Member.objects.get(pk=cast.bob.pk))
    assert StandingRoomSanction.objects.count() == 3

    again = open_account(addresses[which], name="Bob Again")
    join_network(cast.ai, by=again)

    assert sees_nothing_of(again, room)
    # What waits for the others ends with theirs.
    lift_sanction(RoomSanction.objects.get(), by=cast.fay)
    assert not StandingRoomSanction.objects.exists()


def test_the_page_where_an_address_is_changed_says_that_a_note_is_kept(cast: Cast, room: Room) -> None:
    note = "a note of your old address is kept"
    assert note not in page_of(cast.bob, "/account/email/")
    remove(cast, room)
    assert page_of(cast.bob, "/account/email/").count(note) == 1
    for member in (cast.fay, cast.olga, cast.lena, cast.amir):
        assert note not in page_of(member, "/account/email/")
    assert "suspended in a network" in page_of(cast.sven, "/account/email/")


def test_an_account_beside_the_one_that_moved_is_no_way_back(cast: Cast, room: Room) -> None:
    first = cast.bob.email
    remove(cast, room)
    moved(cast.bob)

    second = open_account(first, name="Bob Again")
    join_network(cast.ai, by=second)

    assert sees_nothing_of(second, room)
    assert RoomSanction.objects.in_force().count() == 2


def test_whoever_has_their_account_is_not_kept_by_their_own_mark(cast: Cast, room: Room) -> None:
    first = cast.bob.email
    given = remove(cast, room)
    moved(cast.bob)
    bob = moved(cast.bob, first)
    Membership.objects.filter(member=bob, network=cast.ai).update(state="left")

    join_network(cast.ai, by=bob)
    assert RoomSanction.objects.get() == given, "not removed twice"
    assert StandingRoomSanction.objects.count() == 2, "it does not wait for them"
    lift_sanction(given, by=cast.fay)
    assert not StandingRoomSanction.objects.exists()
    Membership.objects.filter(member=bob, network=cast.ai).update(state="left")
    join_network(cast.ai, by=bob)
    assert can_enter(bob, room)


def test_a_time_out_given_anew_has_its_new_end_for_former_addresses_too(cast: Cast, room: Room) -> None:
    give_time_out(room, cast.bob, lasts=HOUR / 4, by=cast.fay, reason="One")
    moved(cast.bob)
    given = give_time_out(room, cast.bob, lasts=HOUR / 2, by=cast.fay, reason="Two")

    [mark] = StandingRoomSanction.objects.all()
    assert (mark.given, mark.until) == (given, given.until)


def test_of_two_accounts_of_one_mailbox_the_later_end_counts(cast: Cast, room: Room) -> None:
    give_time_out(room, cast.bob, lasts=HOUR / 4, by=cast.fay, reason="One")
    again = back(cast.bob)
    longer = give_time_out(room, again, lasts=HOUR / 2, by=cast.fay, reason="Two")
    thrice = back(again)

    join_network(cast.ai, by=thrice)

    assert RoomSanction.objects.get().until == longer.until


def test_nobody_else_is_kept_out(cast: Cast, room: Room) -> None:
    remove(cast, room)
    close_account(by=cast.bob)
    moved(cast.olga, "olga.outside@exampleshire.example.org")

    for newcomer in (Member.objects.get(pk=cast.olga.pk), cast.lena):
        join_network(cast.ai, by=newcomer)
        assert can_enter(newcomer, room)
    assert StandingRoomSanction.objects.count() == 1


def test_joining_asks_once_whatever_there_is_to_come_back_to(cast: Cast, room: Room) -> None:
    counts = []
    for member in (cast.olga, cast.lena):
        with CaptureQueriesContext(connection) as captured:
            join_network(cast.ai, by=member)
        asked = [query["sql"] for query in captured if "standingroomsanction" in query["sql"]]
        counts.append(len(asked))
        for _ in range(3):
            remove(cast, clinic(cast.ai))
    assert counts == [1, 1]
