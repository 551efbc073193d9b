"""A facilitator warns somebody, asks them not to write for a while, or suspends them until a day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext, override_settings
from django.utils import timezone
from django.utils.crypto import salted_hmac

from network.actions.accounts import suspend_account
from network.actions.addresses import change_address
from network.actions.admission import open_account
from network.actions.closing import close_account
from network.actions.invitations import accept_invitation, invite
from network.actions.mail import send_due_mail
from network.actions.membership import (
    appoint_facilitator,
    approve_request,
    ask_to_join,
    end_suspensions,
    enrol,
    forget_sanctions,
    join_network,
    leave_network,
    reinstate_member,
    suspend_member,
)
from network.actions.sanctions import lift_silence, silence_member, warn_member
from network.models import AuditEvent, Member, Membership, MembershipEvent, Network, Notice, StandingSanction
from network.notifications import unread_notices
from network.permissions import Refused, can_join, can_read, can_write, day_in_words, moment_in_words
from network.tasks import forget_sanctions_that_are_over, let_in_again
from tests.cast import Cast, sign_in

MEMBERS = "/networks/ai-practitioners/members/"
OUTSIDERS = ["olga", "amir", "lena", "sven", "ada"]


@pytest.fixture
def bobs(cast: Cast) -> Membership:
    return membership_of(cast.bob, cast.practitioners)


def membership_of(member: Member, network: Network) -> Membership:
    return Membership.objects.select_related("network", "member").get(member=member, network=network)


def client_of(member: Member) -> Client:
    client = Client()
    sign_in(client, member)
    return client


def page_of(member: Member, address: str) -> str:
    response = client_of(member).get(address)
    assert response.status_code == 200, (address, response.status_code)
    return str(response.content.decode())


def mails() -> list[str]:
    """The subjects of what goes now."""
    mail.outbox.clear()
    send_due_mail(now=timezone.now() + timedelta(minutes=1))
    return [message.subject for message in mail.outbox]


def tomorrow() -> datetime:
    return (timezone.now() + timedelta(days=1)).replace(second=0, microsecond=0)


def silence(membership: Membership, by: Member, until: datetime | None = None) -> Membership:
    return silence_member(membership, until=until or tomorrow(), by=by, words="You wrote in anger.")


def kinds_of(membership: Membership) -> list[str]:
    return list(MembershipEvent.objects.filter(membership=membership).values_list("kind", flat=True))


# A warning


def test_a_warning_is_told_and_kept_and_changes_nothing(cast: Cast, bobs: Membership) -> None:
    warn_member(bobs, by=cast.fay, words="No names of residents, please.")

    assert can_write(cast.bob, cast.practitioners)
    assert [one.title for one in unread_notices(cast.bob)] == [
        "A facilitator of the AI Practitioners Network has warned you"
    ]
    assert mails() == ["A facilitator of the AI Practitioners Network has warned you"]
    assert "No names of residents, please." in mail.outbox[0].body
    assert "No names of residents, please." in page_of(cast.bob, unread_notices(cast.bob)[0].address)
    assert "Warned</strong>, Fay Facilitates" in page_of(cast.fay, f"{MEMBERS}{bobs.pk}/")


def test_the_same_warning_twice_is_once_and_two_warnings_are_two_mails(cast: Cast, bobs: Membership) -> None:
    for words in ("One", "One", "Another"):
        warn_member(bobs, by=cast.fay, words=words)

    assert kinds_of(bobs) == ["warned", "warned"]
    assert AuditEvent.objects.filter(verb="warned").count() == 2
    assert len(mails()) == 2


# Silence


def test_who_is_asked_not_to_write_reads_on_and_is_told_why_and_until_when(cast: Cast, bobs: Membership) -> None:
    until = tomorrow()
    silence(bobs, cast.fay, until)

    said = (
        f"A facilitator has asked you not to write in this network until {moment_in_words(until)}: You wrote in anger."
    )
    assert can_write(cast.bob, cast.practitioners).reason == said
    assert can_read(cast.bob, cast.practitioners)
    assert can_write(cast.bob, cast.ai)
    told = f"A facilitator has asked you not to write in the AI Practitioners Network until {moment_in_words(until)}"
    assert [one.title for one in unread_notices(cast.bob)] == [told]
    assert mails() == [told]
    assert "You wrote in anger." in mail.outbox[0].body
    for address in ("/networks/ai-practitioners/", "/networks/ai-practitioners/your-membership/"):
        assert "You wrote in anger." in page_of(cast.bob, address)
    assert "Start a thread" not in page_of(cast.bob, "/networks/ai-practitioners/")


def test_it_ends_by_itself_or_early_and_once(cast: Cast, bobs: Membership) -> None:
    until = tomorrow()
    silence(bobs, cast.fay, until)
    assert not can_write(cast.bob, cast.practitioners, now=until - timedelta(seconds=1))
    assert can_write(cast.bob, cast.practitioners, now=until)

    for _ in range(2):
        lift_silence(membership_of(cast.bob, cast.practitioners), by=cast.fay)

    assert can_write(cast.bob, cast.practitioners)
    assert kinds_of(bobs) == ["silenced", "unsilenced"]
    assert mails() == ["You can write in the AI Practitioners Network again"]


def test_the_same_twice_is_once_and_the_second_facilitator_is_told_of_the_first(cast: Cast, bobs: Membership) -> None:
    until = tomorrow()
    silence(bobs, cast.fay, until)
    silence(membership_of(cast.bob, cast.practitioners), cast.fay, until + timedelta(minutes=1))
    appoint_facilitator(cast.practitioners, cast.olga, by=None)

    with pytest.raises(Refused, match=f"asked not to write until {moment_in_words(until)}"):
        silence_member(bobs, until=until + timedelta(days=6), by=cast.olga, words="A week, I think.")

    assert membership_of(cast.bob, cast.practitioners).silent_until == until
    assert kinds_of(bobs) == ["silenced"]
    assert Notice.objects.filter(kind="membership_changed", member=cast.bob).count() == 1


def test_no_longer_than_a_month_and_with_a_reason(cast: Cast, bobs: Membership) -> None:
    now = timezone.now()
    for until in (now, now - timedelta(days=1), now + timedelta(days=31)):
        with pytest.raises(ValidationError):
            silence(bobs, cast.fay, until)
    with pytest.raises(ValidationError):
        silence_member(bobs, until=tomorrow(), by=cast.fay, words=" ")
    with pytest.raises(IntegrityError), transaction.atomic():
        Membership.objects.filter(pk=bobs.pk).update(silent_until=tomorrow())
    with pytest.raises(IntegrityError), transaction.atomic():
        Membership.objects.filter(pk=bobs.pk).update(suspended_until=tomorrow())


def test_leaving_and_coming_back_is_no_way_round_it(cast: Cast) -> None:
    silence(membership_of(cast.bob, cast.ai), cast.fay)
    leave_network(cast.ai, by=cast.bob)
    join_network(cast.ai, by=cast.bob)

    assert can_read(cast.bob, cast.ai)
    assert not can_write(cast.bob, cast.ai)
    with pytest.raises(Refused, match="asked not to write here until"):
        appoint_facilitator(cast.ai, cast.bob, by=cast.ada)


# Who may, and to whom

VERBS: list[Callable[[Membership, Member], Membership]] = [
    lambda membership, by: warn_member(membership, by=by, words="Your words are not kind."),
    silence,
    lambda membership, by: lift_silence(membership, by=by),
    lambda membership, by: suspend_member(membership, by=by, words="Rest.", until=tomorrow()),
]


@pytest.mark.parametrize("who", ["bob", *OUTSIDERS])
@pytest.mark.parametrize("verb", VERBS)
def test_nobody_but_a_facilitator_does_this(
    cast: Cast, make_officers: Callable[[int], list[Member]], verb: Callable[[Membership, Member], Membership], who: str
) -> None:
    [nia] = make_officers(1)
    join_network(cast.ai, by=nia)
    with pytest.raises(Refused):
        verb(membership_of(nia, cast.ai), getattr(cast, who))

    assert kinds_of(membership_of(nia, cast.ai)) == ["joined"]


@pytest.mark.parametrize("verb", [VERBS[0], VERBS[1], VERBS[3]])
def test_not_to_oneself_nor_to_another_facilitator_nor_to_who_has_gone(
    cast: Cast, bobs: Membership, verb: Callable[[Membership, Member], Membership]
) -> None:
    with pytest.raises(Refused, match="to yourself"):
        verb(membership_of(cast.fay, cast.practitioners), cast.fay)
    for member in (cast.lena, cast.sven):
        with pytest.raises(Refused, match="does not belong to this network any more"):
            verb(membership_of(member, cast.practitioners), cast.fay)
    appoint_facilitator(cast.practitioners, cast.bob, by=cast.ada)
    with pytest.raises(Refused, match="stand them down first"):
        verb(membership_of(cast.bob, cast.practitioners), cast.fay)


def test_nobody_outside_can_write_or_reads_of_it(cast: Cast, bobs: Membership) -> None:
    silence(bobs, cast.fay)
    for outsider in cast.outsiders:
        assert not can_write(outsider, cast.practitioners)
        assert not MembershipEvent.objects.visible_to(outsider).filter(membership=bobs).exists()
        for address in (f"{MEMBERS}{bobs.pk}/sanction/", f"{MEMBERS}{bobs.pk}/write/"):
            assert client_of(outsider).get(address).status_code in (404, 405)
            assert client_of(outsider).post(address, {"what": "warn", "words": "Hm"}).status_code == 404
    # Those who belong learn nothing of each other's either; and administrators know of no reason.
    assert "You wrote in anger." not in page_of(cast.fay, f"/people/{cast.bob.pk}/")
    [row] = Membership.objects.administered_by(cast.ada).filter(pk=bobs.pk)
    assert "silent_reason" in row.get_deferred_fields()
    assert client_of(cast.olga).get("/networks/ai/your-membership/").status_code == 404


# A suspension with an end


def test_a_suspension_ends_on_its_day_by_the_workers_job_and_not_before(cast: Cast, bobs: Membership) -> None:
    until = timezone.now() + timedelta(days=7)
    suspend_member(bobs, by=cast.fay, words="Rest a week.", until=until)

    ends = day_in_words(until)
    assert can_join(cast.bob, cast.practitioners).reason == (
        f"Your membership of this network is suspended. You will be let in again on {ends}."
    )
    assert mails() == ["Your membership of the AI Practitioners Network is suspended"]
    assert f"You will be let in again on {ends}." in mail.outbox[0].body
    page = page_of(cast.bob, "/networks/ai-practitioners/")
    assert "Rest a week." in page
    assert ends in page
    assert end_suspensions(now=until - timedelta(seconds=1)) == 0
    # Over is only what the job has ended: until it comes, nothing changes for anybody.
    Membership.objects.filter(pk=bobs.pk).update(suspended_until=timezone.now())
    assert not can_read(cast.bob, cast.practitioners)

    let_in_again()
    let_in_again()

    assert can_read(cast.bob, cast.practitioners)
    assert can_write(cast.bob, cast.practitioners)
    assert kinds_of(bobs) == ["suspended", "reinstated"]
    assert mails() == ["You are a member of the AI Practitioners Network again"]
    assert "Your suspension is over" in mail.outbox[0].body
    assert AuditEvent.objects.filter(verb="reinstated", actor_id=None).count() == 1


def test_who_is_let_in_early_is_not_let_in_twice_and_without_an_end_nobody_is(cast: Cast, bobs: Membership) -> None:
    until = timezone.now() + timedelta(days=7)
    suspend_member(bobs, by=cast.fay, words="Rest a week.", until=until)
    reinstate_member(membership_of(cast.bob, cast.practitioners), by=cast.fay)
    suspend_member(membership_of(cast.bob, cast.practitioners), by=cast.fay, words="Until we have talked.")

    assert end_suspensions(now=until + timedelta(days=400)) == 0
    assert not can_read(cast.bob, cast.practitioners)


def test_an_account_out_of_use_is_let_in_when_it_is_back(cast: Cast, bobs: Membership) -> None:
    until = timezone.now() + timedelta(days=7)
    suspend_member(bobs, by=cast.fay, words="Rest a week.", until=until)
    suspend_account(cast.bob, by=cast.ada, reason="A lost telephone")
    assert end_suspensions(now=until) == 0

    Member.objects.filter(pk=cast.bob.pk).update(is_active=True, inactive_because="")

    assert end_suspensions(now=until) == 1


def test_closing_the_account_keeps_the_end_of_a_suspension(cast: Cast) -> None:
    until = timezone.now() + timedelta(days=7)
    for network, ends in ((cast.ai, until), (cast.practitioners, timezone.now() - timedelta(days=1))):
        Membership.objects.filter(member=cast.sven, network=network).update(suspended_until=ends)
    address = cast.sven.email
    close_account(by=cast.sven)

    again = open_account(address, name="Sven Again")

    assert [(row.network, row.suspended_until) for row in again.memberships.all()] == [(cast.ai, until)]
    assert end_suspensions(now=until) == 1
    assert list(Network.objects.of(again)) == [cast.ai]


# After an account was closed


def back(member: Member) -> Member:
    """Closes the account of somebody and opens another with the same address."""
    address = member.email
    close_account(by=member)
    return open_account(address, name="Bob Again")


def ways_back(cast: Cast) -> dict[str, Callable[[Member], object]]:
    def asks_and_is_approved(again: Member) -> None:
        request = ask_to_join(cast.practitioners, by=again, reason="I would like to.")
        approve_request(request, by=cast.fay)

    def is_invited(again: Member) -> None:
        accept_invitation(invite(cast.practitioners, again.email, by=cast.fay), by=again)

    return {
        "joins": lambda again: join_network(cast.ai, by=again),
        "is on a list": lambda again: enrol(cast.ai, again, by=cast.ada),
        "asks and is approved": asks_and_is_approved,
        "is invited": is_invited,
    }


@pytest.mark.parametrize("way", ["joins", "is on a list", "asks and is approved", "is invited"])
def test_whoever_comes_back_to_a_network_in_whatever_way_is_still_asked_not_to_write_there(
    cast: Cast, way: str
) -> None:
    network, other = (cast.ai, cast.practitioners)[:: 1 if way in ("joins", "is on a list") else -1]
    until = tomorrow()
    silence(membership_of(cast.bob, network), cast.fay, until)
    again = back(cast.bob)
    assert not again.memberships.exists(), "a membership begins when they join, and not before"
    mails()

    ways_back(cast)[way](again)

    said = Membership.GOES_ON
    assert can_write(again, network).reason == (
        f"A facilitator has asked you not to write in this network until {moment_in_words(until)}: {said}"
    )
    assert can_read(again, network)
    membership = membership_of(again, network)
    assert not can_write(again, network, now=until - timedelta(seconds=1))
    assert can_write(again, network, now=until)
    [step] = MembershipEvent.objects.filter(membership=membership, kind="silenced")
    assert (step.by, step.words, step.until) == (None, said, until)
    [event] = AuditEvent.objects.filter(verb="restored silence")
    assert (event.actor_id, event.network, event.object_id) == (None, network, str(membership.pk))
    assert not StandingSanction.objects.exists()
    told = f"A facilitator has asked you not to write in the {network.name} until {moment_in_words(until)}"
    assert told in [one.title for one in unread_notices(again)]
    assert told in mails()
    assert any(said in message.body and "They wrote" not in message.body for message in mail.outbox)
    page = page_of(again, network.get_absolute_url())
    assert said in page
    assert "They wrote" not in page
    # The facilitators can end it, as they could before.
    lift_silence(membership, by=cast.fay)
    assert can_write(again, network)
    Membership.objects.create(member=again, network=other, state="active", joined_at=timezone.now())
    assert can_write(again, other)


def test_what_is_kept_of_it_is_a_mark_and_an_end_and_no_word(cast: Cast, bobs: Membership) -> None:
    until, address = tomorrow(), cast.bob.email
    silence(bobs, cast.fay, until)
    close_account(by=cast.bob)

    [kept] = StandingSanction.objects.values()
    assert kept.keys() == {
        *("id", "network_id", "mailbox_digest", "kind", "until", "at"),
        *("membership_id", "sanction"),
    }
    assert kept["membership_id"] is None
    assert (kept["network_id"], kept["kind"], kept["until"]) == (cast.practitioners.pk, "silenced", until)
    for word in (address, "bob", "anger"):
        assert word not in str(kept).lower()
    # A list of addresses does not find it without the site's key. What was kept before there were silences is found.
    assert StandingSanction.objects.of(address.upper()).exists()
    with override_settings(SECRET_KEY="another" * 10):
        assert not StandingSanction.objects.of(address).exists()
    old = salted_hmac("network.StandingSuspension", address, algorithm="sha256").hexdigest()
    assert kept["mailbox_digest"] == old
    [event] = AuditEvent.objects.filter(verb="kept sanction")
    assert (event.actor_id, event.details) == (None, {"kind": "silenced"})


def test_it_is_kept_until_it_is_over_and_no_longer(cast: Cast, bobs: Membership) -> None:
    until, address = tomorrow(), cast.bob.email
    silence(bobs, cast.fay, until)
    close_account(by=cast.bob)
    assert forget_sanctions(now=until - timedelta(seconds=1)) == 0

    again = open_account(address, name="Bob Again")
    StandingSanction.objects.update(until=timezone.now())
    ways_back(cast)["asks and is approved"](again)
    assert can_write(again, cast.practitioners), "over, whether or not the worker has come to it"
    forget_sanctions_that_are_over()
    assert not StandingSanction.objects.exists()


def test_what_is_over_when_they_close_leaves_no_mark(cast: Cast, bobs: Membership) -> None:
    silence(bobs, cast.fay)
    Membership.objects.filter(pk=bobs.pk).update(silent_until=timezone.now())
    close_account(by=cast.bob)
    assert not StandingSanction.objects.exists()


def test_a_silence_that_began_before_a_suspension_or_after_leaving_is_kept_too(cast: Cast, bobs: Membership) -> None:
    ends, until = timezone.now() + timedelta(days=20), timezone.now() + timedelta(days=7)
    silence(membership_of(cast.bob, cast.ai), cast.fay, ends)
    leave_network(cast.ai, by=cast.bob)
    silence(bobs, cast.fay, ends)
    suspend_member(membership_of(cast.bob, cast.practitioners), by=cast.fay, words="Rest a week.", until=until)

    again = back(cast.bob)

    [membership] = again.memberships.all()
    assert (membership.network, membership.suspended_until, membership.silent_until) == (
        cast.practitioners,
        until,
        ends,
    )
    assert StandingSanction.objects.get().network == cast.ai
    assert end_suspensions(now=until) == 1
    assert can_read(again, cast.practitioners)
    assert not can_write(again, cast.practitioners, now=until)
    # Closing again before coming to the other network changes nothing there, and the later end counts.
    twice = back(again)
    assert sorted(StandingSanction.objects.values_list("network", "until")) == sorted(
        [(cast.ai.pk, ends), (cast.practitioners.pk, ends)]
    )
    join_network(cast.ai, by=twice)
    assert not can_write(twice, cast.ai)


def test_being_appointed_is_no_way_round_it(cast: Cast) -> None:
    silence(membership_of(cast.bob, cast.ai), cast.fay)
    again = back(cast.bob)

    with pytest.raises(Refused, match="asked not to write here until"):
        appoint_facilitator(cast.ai, again, by=cast.ada)

    assert not again.memberships.exists()
    assert StandingSanction.objects.exists()


def test_nobody_else_is_asked_for_it_and_nobody_outside_learns_of_it(
    cast: Cast, bobs: Membership, make_officers: Callable[[int], list[Member]]
) -> None:
    silence(membership_of(cast.bob, cast.ai), cast.fay)
    close = page_of(cast.bob, "/account/close/")
    assert f"A note, without your name, that the {cast.ai.name} has asked you not to write there is kept until" in close
    assert "A note, without your name" not in page_of(cast.fay, "/account/close/")
    assert "A note, without your name" not in page_of(cast.olga, "/account/close/")
    close_account(by=cast.bob)

    [nia] = make_officers(1)
    for newcomer in (nia, cast.olga, cast.lena):
        join_network(cast.ai, by=newcomer)
        assert can_write(newcomer, cast.ai)
    assert StandingSanction.objects.count() == 1
    for outsider in (cast.amir, cast.sven):
        assert not AuditEvent.objects.visible_to(outsider).exists()
    assert AuditEvent.objects.visible_to(cast.fay).filter(verb="kept sanction").count() == 1


def test_the_log_does_not_say_which_account_was_asked_before(cast: Cast) -> None:
    until = timezone.now() + timedelta(days=7, seconds=11, microseconds=123457)
    silence(membership_of(cast.bob, cast.ai), cast.fay, until)
    suspend_member(membership_of(cast.bob, cast.practitioners), by=cast.fay, words="Rest a week.", until=until)
    again = back(cast.bob)
    join_network(cast.ai, by=again)

    before = AuditEvent.objects.filter(verb__in=["silenced", "suspended"])
    after = AuditEvent.objects.filter(verb__in=["kept sanction", "restored silence", "restored suspension"])
    assert (before.count(), after.count()) == (2, 4)
    said_before = {str(value) for event in before for value in (*event.details.values(), event.object_id)}
    assert until.isoformat() in said_before
    for event in after:
        assert not said_before & {str(value) for value in event.details.values()}
        assert "until" not in event.details
    for event in after.filter(verb="kept sanction"):
        assert (event.object_kind, event.object_id) == ("network.network", str(event.network_id))


# After the address was another


def moved(member: Member, address: str = "robert@exampleshire.example.org") -> Member:
    return change_address(address, by=member, this_session=None)


@pytest.mark.parametrize("which", ["the last address", "the one before", "the first"])
@pytest.mark.parametrize("end", [None, timedelta(days=7)])
def test_changing_the_address_first_is_no_way_round_it(cast: Cast, which: str, end: timedelta | None) -> None:
    until, first = tomorrow(), cast.bob.email
    ends = until + end if end else None
    silence(membership_of(cast.bob, cast.ai), cast.fay, until)
    suspend_member(membership_of(cast.bob, cast.practitioners), by=cast.fay, words="Rest.", until=ends)
    before = moved(cast.bob)
    last = moved(before, "rob@exampleshire.example.org")
    addresses = {"the last address": last.email, "the one before": before.email, "the first": first}
    close_account(by=last)
    assert StandingSanction.objects.count() == 6
    for address in addresses.values():
        assert not any(address in str(row) for row in StandingSanction.objects.values())

    again = open_account(addresses[which], name="Bob Again")
    join_network(cast.ai, by=again)

    assert not can_write(again, cast.ai)
    assert membership_of(again, cast.ai).silent_until == until
    suspended = membership_of(again, cast.practitioners)
    assert (suspended.state, suspended.suspended_until) == (Membership.State.SUSPENDED, ends)

    # What waits for the others ends with theirs.
    lift_silence(membership_of(again, cast.ai), by=cast.fay)
    reinstate_member(suspended, by=cast.fay)
    assert not StandingSanction.objects.exists()


def test_an_account_with_the_former_address_beside_the_one_that_moved_is_no_way_round_it(cast: Cast) -> None:
    first = cast.bob.email
    silence(membership_of(cast.bob, cast.ai), cast.fay)
    suspend_member(membership_of(cast.bob, cast.practitioners), by=cast.fay, words="Rest.")
    bob = moved(cast.bob)

    second = open_account(first, name="Bob Again")
    join_network(cast.ai, by=second)

    for one in (bob, second):
        assert not can_write(one, cast.ai)
        assert membership_of(one, cast.practitioners).is_suspended
    # Each is let in for itself.
    reinstate_member(membership_of(second, cast.practitioners), by=cast.fay)
    assert membership_of(bob, cast.practitioners).is_suspended


def test_whoever_has_their_account_is_not_kept_by_their_own_mark(cast: Cast) -> None:
    first, until = cast.bob.email, tomorrow()
    silence(membership_of(cast.bob, cast.ai), cast.fay, until)
    bob = moved(moved(cast.bob), first)
    assert StandingSanction.objects.count() == 2
    mails()

    leave_network(cast.ai, by=bob)
    join_network(cast.ai, by=bob)

    assert kinds_of(membership_of(bob, cast.ai)).count("silenced") == 1, "they were told once, and why"
    assert membership_of(bob, cast.ai).silent_reason == "You wrote in anger."
    assert StandingSanction.objects.count() == 2, "it does not wait for them"
    assert not AuditEvent.objects.filter(verb="restored silence").exists()
    lift_silence(membership_of(bob, cast.ai), by=cast.fay)
    assert not StandingSanction.objects.exists()
    leave_network(cast.ai, by=bob)
    join_network(cast.ai, by=bob)
    assert can_write(bob, cast.ai)


def test_the_mark_of_a_former_address_ends_with_the_sanction(cast: Cast, bobs: Membership) -> None:
    until, first = tomorrow(), cast.bob.email
    longer = until + timedelta(days=3)
    silence(membership_of(cast.bob, cast.ai), cast.fay, until)
    suspend_member(bobs, by=cast.fay, words="Rest.", until=until)
    moved(cast.bob)
    kept = StandingSanction.objects.of(first)
    assert set(kept.values_list("kind", "until")) == {("silenced", until), ("suspended", until)}

    # Let in again when it is over, and asked not to write for other times.
    assert end_suspensions(now=until) == 1
    assert [row.kind for row in kept.all()] == ["silenced"]
    lift_silence(membership_of(cast.bob, cast.ai), by=cast.fay)
    assert not kept.exists()
    silence(membership_of(cast.bob, cast.ai), cast.fay, until)
    moved(Member.objects.get(pk=cast.bob.pk), "rob@exampleshire.example.org")
    lift_silence(membership_of(cast.bob, cast.ai), by=cast.fay)
    silence(membership_of(cast.bob, cast.ai), cast.fay, longer)
    assert not StandingSanction.objects.exists()


def test_who_moves_without_a_sanction_leaves_no_mark_and_nobody_else_is_asked(cast: Cast) -> None:
    silence(membership_of(cast.bob, cast.ai), cast.fay)
    first = cast.bob.email
    moved(cast.bob)
    moved(cast.olga, "olga.outside@exampleshire.example.org")
    assert StandingSanction.objects.count() == StandingSanction.objects.of(first).count() == 1

    join_network(cast.ai, by=cast.olga)
    assert can_write(cast.olga, cast.ai)
    for outsider in (cast.amir, cast.sven, cast.lena):
        assert not AuditEvent.objects.visible_to(outsider).exists()
    [event] = AuditEvent.objects.visible_to(cast.fay).filter(verb="kept sanction")
    assert (event.object_id, event.details) == (str(cast.ai.pk), {"kind": "silenced"}), "not whose it is"


# Where words stay out of mail


def test_of_a_network_whose_words_stay_out_of_mail_no_reason_is_mailed(cast: Cast, bobs: Membership) -> None:
    Network.objects.filter(pk=cast.practitioners.pk).update(content_free_mail=True)
    warn_member(bobs, by=cast.fay, words="zyzzyva one")
    silence_member(bobs, until=tomorrow(), by=cast.fay, words="zyzzyva two")

    assert len(mails()) == 2
    for message in mail.outbox:
        assert "zyzzyva" not in str(message.message())
        assert "/networks/ai-practitioners/your-membership/" in message.body


# The pages


@pytest.mark.parametrize(
    ("what", "lasts"),
    [
        ("silence_1_hour", timedelta(hours=1)),
        ("silence_30_days", timedelta(days=30)),
        ("suspend_90_days", timedelta(days=90)),
        ("suspend", None),
    ],
)
def test_a_facilitator_chooses_what_and_for_how_long(
    cast: Cast, bobs: Membership, what: str, lasts: timedelta | None
) -> None:
    before = timezone.now()
    answer = client_of(cast.fay).post(f"{MEMBERS}{bobs.pk}/sanction/", {"what": what, "words": "Because."}, follow=True)

    assert answer.status_code == 200
    assert "and is told why." in answer.content.decode()
    bobs.refresh_from_db()
    until = bobs.silent_until if what.startswith("silence") else bobs.suspended_until
    assert bobs.is_suspended == what.startswith("suspend")
    assert (until is None) == (lasts is None)
    if until and lasts:
        assert before + lasts <= until <= before + lasts + timedelta(minutes=1)
        assert until.second == 0


def test_errors_stand_beside_their_fields_and_what_was_typed_stays(cast: Cast, bobs: Membership) -> None:
    fay = client_of(cast.fay)
    page = fay.post(f"{MEMBERS}{bobs.pk}/sanction/", {"what": "", "words": "Kept words"}).content.decode()
    assert "<title>Error: " in page
    assert "Select what you would like to do" in page
    assert "Kept words" in page
    page = fay.post(f"{MEMBERS}{bobs.pk}/sanction/", {"what": "warn", "words": " "}).content.decode()
    assert "Enter what we should tell them" in page
    assert kinds_of(bobs) == []


def test_the_form_is_offered_for_whom_it_is_and_shows_what_was_before(cast: Cast, bobs: Membership) -> None:
    warn_member(bobs, by=cast.fay, words="The first time.")
    fays = membership_of(cast.fay, cast.practitioners)

    assert f"{MEMBERS}{bobs.pk}/sanction/" in page_of(cast.fay, MEMBERS)
    assert f"{MEMBERS}{fays.pk}/sanction/" not in page_of(cast.fay, MEMBERS)
    assert "The first time." in page_of(cast.fay, f"{MEMBERS}{bobs.pk}/sanction/")
    answer = client_of(cast.fay).get(f"{MEMBERS}{fays.pk}/sanction/", follow=True)
    assert "You cannot do this to yourself." in answer.content.decode()


def test_a_facilitator_lets_them_write_again_from_their_page(cast: Cast, bobs: Membership) -> None:
    silence(bobs, cast.fay)
    assert "Let them write again" in page_of(cast.fay, f"{MEMBERS}{bobs.pk}/")
    assert "not to write until" in page_of(cast.fay, MEMBERS)

    client_of(cast.fay).post(f"{MEMBERS}{bobs.pk}/write/")

    assert can_write(cast.bob, cast.practitioners)
    assert "Let them write again" not in page_of(cast.fay, f"{MEMBERS}{bobs.pk}/")


def test_asking_whether_somebody_may_write_costs_what_asking_whether_they_read_does(
    cast: Cast, bobs: Membership
) -> None:
    silence(bobs, cast.fay)
    with CaptureQueriesContext(connection) as reading:
        can_read(cast.bob, cast.practitioners)
    with CaptureQueriesContext(connection) as writing:
        can_write(cast.bob, cast.practitioners)

    assert len(writing) == len(reading) == 1
