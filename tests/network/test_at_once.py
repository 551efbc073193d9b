"""Two people at the same moment, each with a connection of their own: on PostgreSQL they meet in the rows that the
verbs lock, on SQLite at the beginning of their transactions. Either way one comes first and the other is told."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from threading import Barrier, BrokenBarrierError

import pytest
from allauth.account.models import EmailAddress
from django.db import connection
from django.utils import timezone

from network.actions import access
from network.actions.accounts import suspend_account
from network.actions.invitations import accept_invitation, invite, revoke_invitation
from network.actions.mailbox import lapse_who_did_not_answer
from network.actions.membership import (
    appoint_facilitator,
    approve_request,
    ask_to_join,
    decline_request,
    end_suspensions,
    join_network,
    leave_network,
    reinstate_member,
    remove_member,
    suspend_member,
)
from network.actions.sanctions import silence_member
from network.models import AuditEvent, Invitation, Member, Membership, MembershipEvent, Notice
from network.permissions import Refused
from tests.cast import Cast, make_cast

pytestmark = pytest.mark.django_db(transaction=True)

DONE = "done"


@pytest.fixture
def cast() -> Cast:
    """Committed, so that both connections see it."""
    cast = make_cast()
    Membership.objects.filter(member=cast.bob).update(role=Membership.Role.FACILITATOR)
    return cast


def at_once(*verbs: Callable[[], object]) -> list[str]:
    """What became of each, in this order: done, or the reason why not."""
    together = Barrier(len(verbs))

    def do(verb: Callable[[], object]) -> str:
        try:
            together.wait(timeout=10)
            verb()
            return DONE
        except Refused as refused:
            return str(refused)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(verbs)) as pool:
        return list(pool.map(do, verbs))


def fresh(member: Member) -> Member:
    """As another request would have them: what one asked of the object, the other has not."""
    return Member.objects.get(pk=member.pk)


def request_of(member: Member) -> Membership:
    return Membership.objects.select_related("network", "member").get(member=member)


def test_of_two_facilitators_who_decide_one_is_told_that_it_is_decided(cast: Cast) -> None:
    said = at_once(
        lambda: approve_request(request_of(cast.amir), by=cast.fay),
        lambda: decline_request(request_of(cast.amir), by=cast.bob, words="Not now."),
    )

    assert sorted(said) == ["This request has already been decided.", DONE]
    request = request_of(cast.amir)
    assert request.state == (Membership.State.ACTIVE if said[0] == DONE else Membership.State.DECLINED)
    assert request.decided_by == (cast.fay if said[0] == DONE else cast.bob)
    assert AuditEvent.objects.filter(object_id=str(request.pk)).count() == 1
    assert MembershipEvent.objects.filter(membership=request).count() == 1


def test_of_two_presses_of_the_button_one_joins(cast: Cast) -> None:
    said = at_once(*[lambda: join_network(cast.ai, by=fresh(cast.olga))] * 2)

    assert sorted(said) == ["You already belong to this network.", DONE]
    assert Membership.objects.filter(member=cast.olga).count() == 1
    assert AuditEvent.objects.filter(verb="joined").count() == 1


def test_of_two_requests_from_two_windows_one_is_made(cast: Cast) -> None:
    said = at_once(
        *[
            lambda words=words: ask_to_join(cast.practitioners, by=fresh(cast.olga), reason=words)  # type: ignore[misc]
            for words in ("One", "Another")
        ]
    )

    assert sorted(said) == [DONE, "You have already asked to join. The facilitators will decide."][::-1]
    request = request_of(cast.olga)
    assert request.reason == ("One" if said[0] == DONE else "Another")
    assert Notice.objects.filter(kind="join_requested", object_id=request.pk, member=cast.fay).count() == 1


@pytest.fixture
def invitation(cast: Cast) -> Invitation:
    EmailAddress.objects.create(user=cast.olga, email=cast.olga.email, verified=True, primary=True)
    return invite(cast.practitioners, cast.olga.email, by=cast.fay)


def test_an_invitation_accepted_in_two_windows_is_accepted_once(cast: Cast, invitation: Invitation) -> None:
    def accept() -> None:
        accept_invitation(Invitation.objects.select_related("network").get(pk=invitation.pk), by=fresh(cast.olga))

    said = at_once(accept, accept)

    assert sorted(said)[-1] == DONE
    # Which of the two, is a matter of when it looked.
    assert sorted(said)[0].startswith(("This invitation cannot be used any more.", "You already belong"))
    assert Membership.objects.filter(member=cast.olga).count() == 1
    assert MembershipEvent.objects.filter(membership__member=cast.olga).count() == 1
    assert AuditEvent.objects.filter(verb="accepted invitation").count() == 1


def test_an_invitation_is_accepted_or_withdrawn_and_never_both(cast: Cast, invitation: Invitation) -> None:
    said = at_once(
        lambda: accept_invitation(Invitation.objects.select_related("network").get(pk=invitation.pk), by=cast.olga),
        lambda: revoke_invitation(Invitation.objects.select_related("network").get(pk=invitation.pk), by=cast.fay),
    )

    assert said.count(DONE) == 1
    invitation.refresh_from_db()
    assert (invitation.accepted_at is None) != (invitation.revoked_at is None)
    assert Membership.objects.filter(member=cast.olga).exists() == (said[0] == DONE)


@pytest.mark.parametrize(
    ("end", "state"), [(remove_member, Membership.State.LEFT), (suspend_member, Membership.State.SUSPENDED)]
)
def test_who_is_appointed_and_ended_is_a_facilitator_or_out_and_nothing_between(
    cast: Cast, end: Callable[..., Membership], state: str
) -> None:
    Membership.objects.filter(member=cast.bob).update(role=Membership.Role.MEMBER)
    bobs = Membership.objects.select_related("network", "member").get(member=cast.bob, network=cast.ai)

    appointed, ended = at_once(
        lambda: appoint_facilitator(cast.ai, fresh(cast.bob), by=cast.ada),
        lambda: end(bobs, by=cast.fay, words="A reason"),
    )

    bobs.refresh_from_db()
    if ended == DONE and appointed == DONE:  # removed first: whoever appoints lets in as well
        assert end is remove_member
        assert bobs.is_facilitator
    elif ended == DONE:
        assert appointed == "Their membership of this network is suspended."
        assert (bobs.state, bobs.role) == (state, Membership.Role.MEMBER)
    else:
        assert ended.endswith("An administrator has to stand them down first.")
        assert bobs.is_facilitator


def test_of_two_facilitators_who_ask_somebody_to_be_silent_one_is_told_of_the_other(cast: Cast) -> None:
    olgas = join_network(cast.ai, by=cast.olga)
    until = timezone.now() + timedelta(hours=1)

    def hush(by: Member, words: str) -> None:
        membership = Membership.objects.select_related("network", "member").get(pk=olgas.pk)
        silence_member(membership, until=until, by=by, words=words)

    said = at_once(lambda: hush(cast.fay, "One"), lambda: hush(cast.bob, "Another"))

    assert sorted(said)[-1] == DONE
    assert sorted(said)[0].startswith("Olga Outside has been asked not to write until")
    olgas.refresh_from_db()
    assert olgas.silent_reason == ("One" if said[0] == DONE else "Another")
    assert MembershipEvent.objects.filter(membership=olgas, kind="silenced").count() == 1
    assert Notice.objects.filter(kind="membership_changed", member=cast.olga).count() == 1


def test_whose_suspension_is_over_is_let_in_once_whoever_is_faster(cast: Cast) -> None:
    svens = Membership.objects.get(member=cast.sven, network=cast.ai)
    Membership.objects.filter(pk=svens.pk).update(suspended_until=timezone.now())

    def let_in() -> None:
        reinstate_member(Membership.objects.select_related("network", "member").get(pk=svens.pk), by=cast.fay)

    said = at_once(let_in, end_suspensions, end_suspensions)

    assert said[1:] == [DONE, DONE]
    assert said[0] in (DONE, "Sven Suspended is not suspended in this network.")
    svens.refresh_from_db()
    assert (svens.is_active, svens.suspended_until) == (True, None)
    assert MembershipEvent.objects.filter(membership=svens, kind="reinstated").count() == 1


def test_of_the_last_two_facilitators_who_leave_one_stays(cast: Cast) -> None:
    said = at_once(
        lambda: leave_network(cast.practitioners, by=cast.fay),
        lambda: leave_network(cast.practitioners, by=cast.bob),
    )

    assert sorted(said)[-1] == DONE
    assert sorted(said)[0].startswith("You are the only facilitator")


def test_of_the_last_two_facilitators_whose_accounts_end_the_later_leaves_word(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both are out of use before either looks whether anybody is left, and neither sees the other's end. On SQLite one
    waits for the other in vain: there the second transaction begins after the first."""
    Member.objects.filter(pk=cast.bob.pk).update(mailbox_asked_at=timezone.now() - timedelta(days=31))
    both = Barrier(2)

    def wait_for_the_other(member: Member) -> None:
        with suppress(BrokenBarrierError):
            both.wait(timeout=0.5)

    monkeypatch.setattr(access, "delete_sessions_of", wait_for_the_other)
    said = at_once(lambda: suspend_account(cast.fay, by=cast.ada, reason="A reason"), lapse_who_did_not_answer)

    assert said == [DONE, DONE]
    assert Notice.objects.filter(kind="facilitator_missing", member=cast.ada).count() == 2
