"""How somebody comes to belong to a network, what facilitators decide about them, and how it ends. Every step leaves a
`MembershipEvent` with who, when and in what words; the audit event beside it never holds words."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import uuid4

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from network import limits, notifications, permissions, signals
from network.actions.access import hold_account, shut_out
from network.actions.audit import record
from network.actions.notices import settle_notices
from network.models import Member, Membership, MembershipEvent, Network, StandingSanction

Kind = MembershipEvent.Kind
Sanction = StandingSanction.Kind
REMIND_AFTER = 2  # working days


# Coming in


def join_network(network: Network, *, by: Member, now: datetime | None = None) -> Membership:
    """Lets an officer into a network that is joined at once. Raises Refused, LimitReached."""
    permissions.can_join(by, network).enforce()
    permissions.has_agreed(by).enforce()
    limits.JOINING.spend(by, now=now)
    with transaction.atomic():
        lock_own(network, by)
        permissions.can_join(by, network).enforce()
        membership = begin_membership(network, by, now=now)
        remember(membership, Kind.JOINED, by=by, now=now)
        record("joined", membership, by=by, network=network)
    return membership


def enrol(network: Network, member: Member, *, by: Member | None, now: datetime | None = None) -> Membership:
    """Part of a verb: puts somebody into a network that is joined at once, from a list that `by` answers for. Never
    back into one that they have left. Raises Refused."""
    permissions.can_be_enrolled(member, network).enforce()
    with transaction.atomic():
        lock_own(network, member)
        permissions.can_be_enrolled(member, network).enforce()
        membership = begin_membership(network, member, now=now)
        remember(membership, Kind.JOINED, by=by, now=now)
        record("enrolled", membership, by=by, network=network)
    return membership


def ask_to_join(network: Network, *, by: Member, reason: str, job: str = "", now: datetime | None = None) -> Membership:
    """Puts an officer in the queue of a network that is joined by request. `job`: their role, in their words. Asking
    twice is one request. Raises Refused, LimitReached."""
    now = now or timezone.now()
    permissions.can_ask_to_join(by, network).enforce()
    permissions.has_agreed(by).enforce()
    limits.JOINING.spend(by, now=now)
    with transaction.atomic():
        lock_own(network, by)
        permissions.can_ask_to_join(by, network).enforce()
        membership, _ = Membership.objects.update_or_create(
            member=by,
            network=network,
            defaults={
                "state": Membership.State.REQUESTED,
                "role": Membership.Role.MEMBER,
                "job": job,
                "reason": reason,
                "requested_at": now,
                "decided_at": None,
                "decided_by": None,
                "decision": "",
                "reminded_at": None,
            },
        )
        remember(membership, Kind.ASKED, by=by, words=reason, now=now)
        record("asked to join", membership, by=by, network=network)
        notifications.join_requested(membership, now=now)
    return membership


def answer_question(network: Network, *, by: Member, words: str, now: datetime | None = None) -> Membership:
    """The applicant answers what the facilitators asked. Raises Refused, LimitReached."""
    now = now or timezone.now()
    permissions.can_answer(by, network).enforce()
    limits.ANSWERING.spend(by, now=now)
    with transaction.atomic():
        lock_own(network, by)
        permissions.can_answer(by, network).enforce()
        request = Membership.objects.select_related("network", "member").get(network=network, member=by)
        remember(request, Kind.ANSWER, by=by, words=words, now=now)
        record("answered question", request, by=by, network=network)
        settle_notices(by, Q(kind="request_questioned", object_id=request.pk))
        notifications.question_answered(request, now=now)
    return request


def withdraw_request(network: Network, *, by: Member) -> Membership:
    """The applicant does not want to join after all. They may ask again. Raises Refused, LimitReached."""
    permissions.can_withdraw(by, network).enforce()
    limits.ANSWERING.spend(by)
    with transaction.atomic():
        lock_own(network, by)
        permissions.can_withdraw(by, network).enforce()
        request = Membership.objects.get(network=network, member=by)
        request.state = Membership.State.LEFT
        request.save(update_fields=["state"])
        remember(request, Kind.WITHDRAWN, by=by)
        record("withdrew request", request, by=by, network=network)
    return request


# Deciding on requests


def ask_question(request: Membership, *, by: Member, words: str, now: datetime | None = None) -> Membership:
    """Asks the applicant something before deciding. Raises Refused, LimitReached."""
    now = now or timezone.now()
    permissions.can_decide(by, request).enforce()
    limits.DECIDING.spend(by, now=now)
    with transaction.atomic():
        request = hold_membership(request)
        permissions.can_decide(by, request).enforce()
        event = remember(request, Kind.QUESTION, by=by, words=words, now=now)
        record("asked applicant", request, by=by, network=request.network)
        notifications.request_questioned(event, now=now)
    return request


def approve_request(request: Membership, *, by: Member, words: str = "", now: datetime | None = None) -> Membership:
    """Lets the applicant in. Two facilitators at once: the second is told it has been decided. Raises Refused,
    LimitReached."""
    now = now or timezone.now()
    permissions.can_approve(by, request).enforce()
    limits.DECIDING.spend(by, now=now)
    with transaction.atomic():
        request = hold_membership(request)
        permissions.can_approve(by, request).enforce()
        membership = begin_membership(request.network, request.member, now=now, decided_by=by, decision=words)
        event = remember(membership, Kind.APPROVED, by=by, words=words, now=now)
        record("approved", membership, by=by, network=request.network)
        notifications.request_decided(event, now=now)
    return membership


def decline_request(request: Membership, *, by: Member, words: str, now: datetime | None = None) -> Membership:
    """Says no, with words that the applicant reads. Raises Refused, LimitReached."""
    now = now or timezone.now()
    permissions.can_decide(by, request).enforce()
    limits.DECIDING.spend(by, now=now)
    with transaction.atomic():
        request = hold_membership(request)
        permissions.can_decide(by, request).enforce()
        request.state = Membership.State.DECLINED
        request.decided_at, request.decided_by, request.decision = now, by, words
        request.save()
        event = remember(request, Kind.DECLINED, by=by, words=words, now=now)
        record("declined", request, by=by, network=request.network)
        notifications.request_decided(event, now=now)
    return request


def remind_of_requests(*, now: datetime | None = None) -> int:
    """The site itself reminds facilitators of requests that have waited two working days since they were made, or since
    the applicant answered; once per request, and not while it is the applicant's turn. Returns how many it found."""
    now = now or timezone.now()
    waiting = Membership.objects.requested().filter(reminded_at=None, requested_at__lte=now - timedelta(REMIND_AFTER))
    found = 0
    for network in Network.objects.filter(pk__in=waiting.values("network")):
        with transaction.atomic():
            rows = waiting.filter(network=network).select_for_update(of=("self",)).select_related("network")
            late = [request for request in rows if _is_late(request, now)]
            if late:
                Membership.objects.filter(pk__in=[request.pk for request in late]).update(reminded_at=now)
                notifications.requests_wait(network, late, now=now)
        found += len(late)
    return found


def _is_late(request: Membership, now: datetime) -> bool:
    assert request.requested_at
    last = MembershipEvent.objects.filter(membership=request).conversation().last()
    if last is not None and last.kind == Kind.QUESTION:
        return False
    return working_days_after(last.at if last else request.requested_at, REMIND_AFTER) <= now


def working_days_after(at: datetime, days: int) -> datetime:
    """The same time of day so many working days later: Monday to Friday, as clocks in London go. What comes at a
    weekend counts from the beginning of Monday."""
    local = timezone.localtime(at)
    while local.weekday() >= 5:
        local = (local + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    while days:
        local += timedelta(days=1)
        days -= local.weekday() < 5
    return local


# Ending


def leave_network(network: Network, *, by: Member) -> Membership:
    """Ends a membership; the posts stay. Raises Refused, LimitReached."""
    permissions.can_leave(by, network).enforce()
    limits.JOINING.spend(by)
    with transaction.atomic():
        _lock_facilitators(network)
        membership = Membership.objects.select_for_update().get(network=network, member=by)
        permissions.can_leave(by, network).enforce()
        end_membership(membership, Membership.State.LEFT)
        remember(membership, Kind.LEFT, by=by)
        record("left", membership, by=by, network=network)
    return membership


def remove_member(membership: Membership, *, by: Member, words: str, now: datetime | None = None) -> Membership:
    """Ends somebody's membership, with words that they read; they may ask again. Raises Refused, LimitReached."""
    return _end_by_facilitator(membership, Membership.State.LEFT, Kind.REMOVED, by=by, words=words, now=now)


def suspend_member(
    membership: Membership, *, by: Member, words: str, until: datetime | None = None, now: datetime | None = None
) -> Membership:
    """Shuts somebody out of a network, with words that they read, until a facilitator lets them in again, or `until`
    then, when the site does (`end_suspensions`). Raises Refused, LimitReached."""
    return _end_by_facilitator(
        membership, Membership.State.SUSPENDED, Kind.SUSPENDED, by=by, words=words, until=until, now=now
    )


def _end_by_facilitator(
    membership: Membership,
    state: str,
    kind: str,
    *,
    by: Member,
    words: str,
    until: datetime | None = None,
    now: datetime | None,
) -> Membership:
    now = now or timezone.now()
    permissions.can_end(by, membership).enforce()
    limits.MANAGING.spend(by, now=now)
    with transaction.atomic():
        membership = hold_membership(membership)
        permissions.can_end(by, membership).enforce()
        end_membership(membership, state, decided_at=now, decided_by=by, decision=words, suspended_until=until)
        event = remember(membership, kind, by=by, words=words, until=until, now=now)
        ends = {"until": until.isoformat()} if until else {}
        record(str(kind), membership, by=by, network=membership.network, **ends)
        notifications.membership_changed(event, now=now)
    return membership


def reinstate_member(membership: Membership, *, by: Member, words: str = "", now: datetime | None = None) -> Membership:
    """Lets in again whom a facilitator suspended. What they had not read is still unread. Raises Refused,
    LimitReached."""
    now = now or timezone.now()
    permissions.can_reinstate(by, membership).enforce()
    limits.MANAGING.spend(by, now=now)
    with transaction.atomic():
        membership = hold_membership(membership)
        permissions.can_reinstate(by, membership).enforce()
        _let_in_again(membership, by=by, words=words, now=now)
    return membership


def end_suspensions(*, now: datetime | None = None) -> int:
    """The site itself lets in again those whose suspension is over. Returns how many."""
    now = now or timezone.now()
    found = 0
    for pk in Membership.objects.suspensions_over(now).order_by("suspended_until", "pk").values_list("pk", flat=True):
        with transaction.atomic():
            # A facilitator may have been faster, or have suspended them anew.
            held = Membership.objects.suspensions_over(now).select_for_update(of=("self",))
            membership = held.select_related("network", "member").filter(pk=pk).first()
            if membership is not None:
                _let_in_again(membership, by=None, now=now)
                found += 1
    return found


def _let_in_again(membership: Membership, *, by: Member | None, words: str = "", now: datetime) -> None:
    membership.state, membership.suspended_until = Membership.State.ACTIVE, None
    membership.decided_at, membership.decided_by, membership.decision = now, by, words
    membership.save(update_fields=["state", "suspended_until", "decided_at", "decided_by", "decision"])
    forget_marks(membership, Sanction.SUSPENDED)
    event = remember(membership, Kind.REINSTATED, by=by, words=words, now=now)
    record("reinstated", membership, by=by, network=membership.network)
    signals.membership_began.send(Membership, membership=membership)
    notifications.membership_changed(event, now=now)


# Facilitators


def appoint_facilitator(
    network: Network, member: Member, *, by: Member | None, now: datetime | None = None
) -> Membership:
    """Makes an admitted officer a facilitator, and first a member if they are not. `by` None is the site's own set-up.
    Raises Refused, LimitReached."""
    now = now or timezone.now()
    permissions.can_become_facilitator(member, network).enforce()
    if by is not None:
        permissions.can_appoint_facilitators(by).enforce()
        limits.DECIDING.spend(by, now=now)
    with transaction.atomic():
        lock_own(network, member)
        permissions.can_become_facilitator(member, network).enforce()  # they may have been suspended meanwhile
        membership = Membership.objects.filter(network=network, member=member).first()
        if membership is None or not membership.is_active:
            membership = begin_membership(network, member, now=now, decided_by=by)
            # They may have been asked not to write there before they closed an earlier account.
            permissions.can_become_facilitator(member, network).enforce()
        membership.role = Membership.Role.FACILITATOR
        membership.save(update_fields=["role"])
        event = remember(membership, Kind.APPOINTED, by=by, now=now)
        record("appointed facilitator", membership, by=by, network=network)
        notifications.membership_changed(event, now=now)
        notifications.facilitator_appointed(event, now=now)
    return membership


def stand_down_facilitator(network: Network, member: Member, *, by: Member, now: datetime | None = None) -> Membership:
    """Makes a facilitator a member like the others. Never the last one. Raises Refused, LimitReached, and DoesNotExist
    for somebody who was never in the network."""
    now = now or timezone.now()
    permissions.can_stand_down(by, Membership.objects.get(network=network, member=member)).enforce()
    limits.DECIDING.spend(by, now=now)
    with transaction.atomic():
        _lock_facilitators(network)
        membership = hold_membership(Membership.objects.get(network=network, member=member))
        permissions.can_stand_down(by, membership).enforce()
        membership.role = Membership.Role.MEMBER
        membership.save(update_fields=["role"])
        event = remember(membership, Kind.STOOD_DOWN, by=by, now=now)
        record("stood down facilitator", membership, by=by, network=network)
        notifications.membership_changed(event, now=now)
    return membership


# Parts of verbs


def lock_own(network: Network, member: Member) -> None:
    """Part of a verb: nobody decides about this membership, and the member presses no button twice, between asking the
    permission again and writing. There may be no membership yet, so the member's row stands for it; not so hard that
    what they write elsewhere would wait. Raises Refused where the account is not in use any more."""
    hold_account(member)
    list(Membership.objects.select_for_update().filter(network=network, member=member))


def begin_membership(
    network: Network, member: Member, *, now: datetime | None, decided_by: Member | None = None, decision: str = ""
) -> Membership:
    """Part of a verb that has asked whether they may: from now on the member belongs."""
    now = now or timezone.now()
    membership, _ = Membership.objects.update_or_create(
        member=member,
        network=network,
        defaults={
            "state": Membership.State.ACTIVE,
            "role": Membership.Role.MEMBER,
            "joined_at": now,
            "read_before": now,
            "decided_at": now if decided_by else None,
            "decided_by": decided_by,
            "decision": decision,
            "suspended_until": None,
        },
    )
    restore_silence(membership, now=now)
    signals.membership_began.send(Membership, membership=membership)
    return membership


def remember(
    membership: Membership,
    kind: str,
    *,
    by: Member | None,
    words: str = "",
    until: datetime | None = None,
    now: datetime | None = None,
) -> MembershipEvent:
    """Part of a verb: writes a step into the history of a membership. `by` None is the site itself; `until` is when
    what begins with it ends by itself."""
    return MembershipEvent.objects.create(
        membership=membership, kind=kind, by=by, words=words, until=until, at=now or timezone.now()
    )


def _lock_facilitators(network: Network) -> None:
    """Two facilitators who go at the same moment must not leave the network without one."""
    list(Membership.objects.facilitators().filter(network=network).select_for_update(of=("self",)).order_by("pk"))


def hold_membership(membership: Membership) -> Membership:
    """Part of a verb: the row as it is now, held until the verb is done."""
    return (
        Membership.objects.select_for_update(of=("self",))
        .select_related("network", "member__admission__domain")
        .get(pk=membership.pk)
    )


def end_membership(
    membership: Membership,
    state: str,
    *,
    decided_at: datetime | None = None,
    decided_by: Member | None = None,
    decision: str = "",
    suspended_until: datetime | None = None,
) -> None:
    """Part of a verb: whoever ends it says what state it is in from now on. The posts stay."""
    facilitated = membership.is_facilitator
    membership.state = state
    membership.role = Membership.Role.MEMBER
    membership.decided_at, membership.decided_by, membership.decision = decided_at, decided_by, decision
    membership.suspended_until = suspended_until
    membership.save(update_fields=["state", "role", "decided_at", "decided_by", "decision", "suspended_until"])
    shut_out(membership, facilitated=facilitated)


def keep_sanctions(member: Member, address: str, *, now: datetime | None = None) -> None:
    """Part of a verb by which an address is a member's no more: neither leaving nor another address is a way round a
    suspension, or round being asked not to write. Of each that is not over, a mark of the mailbox stays until it is,
    and of what was said nothing."""
    now = now or timezone.now()
    own = Membership.objects.filter(member=member).select_related("network").order_by("network")
    own = own.select_for_update(of=("self",))  # a facilitator may be ending it
    suspended = own.filter(state=Membership.State.SUSPENDED)
    standing = [(row, Sanction.SUSPENDED, row.suspended_until) for row in suspended]
    standing += [(row, Sanction.SILENCED, row.silent_until) for row in own.silenced(now)]
    for membership, kind, until in standing:
        if until is None or until > now:
            _keep_sanction(membership, kind, until, address, now=now)


def _keep_sanction(
    membership: Membership, kind: Sanction, until: datetime | None, address: str, *, now: datetime
) -> None:
    earlier = StandingSanction.objects.filter(membership=membership, kind=kind).exclude(sanction=None).first()
    kept, is_new = StandingSanction.objects.get_or_create(
        network=membership.network,
        kind=kind,
        mailbox_digest=StandingSanction.digest_of(address),
        defaults={
            "until": until,
            "at": now,
            "membership": membership,
            "sanction": earlier.sanction if earlier else uuid4(),
        },
    )
    if not is_new and kept.membership_id != membership.pk:  # of another account, not come back to: the later end counts
        if kept.until is not None and (until is None or until > kept.until):
            kept.until = until
        kept.membership = kept.sanction = None
        kept.save(update_fields=["until", "membership", "sanction"])
    record("kept sanction", membership.network, by=None, network=membership.network, kind=str(kind))


def keep_until(membership: Membership, kind: Sanction, until: datetime, *, now: datetime) -> None:
    """Part of a verb that gives a sanction another end: it has it for the addresses that they had before too."""
    StandingSanction.objects.filter(membership=membership, kind=kind).in_force(now).update(until=until)


def forget_marks(membership: Membership, kind: Sanction) -> None:
    """Part of a verb that ends a sanction before its time: of addresses that they had before it is over too."""
    StandingSanction.objects.filter(membership=membership, kind=kind).delete()


def _has_come_back(mark: StandingSanction, membership: Membership) -> None:
    """It is in the membership from now on, and what waits for other addresses of the closed account ends with that."""
    others = StandingSanction.objects.others_of(mark).filter(membership=None)
    others.update(membership=membership)
    mark.delete()


def restore_suspensions(member: Member, *, now: datetime | None = None) -> None:
    """Part of letting somebody in: whose mailbox a network had suspended begins there as suspended. The facilitators
    may let them in again, as they could before; who invites them has. One that is over by now is nothing any more."""
    now = now or timezone.now()
    waiting = StandingSanction.objects.waiting_for(member).in_force(now).filter(kind=Sanction.SUSPENDED)
    for suspension in waiting.select_related("network").select_for_update(of=("self",)):
        membership, _ = Membership.objects.update_or_create(
            member=member,
            network=suspension.network,
            # Once let in again, they begin like anybody who joins now.
            defaults={
                "state": Membership.State.SUSPENDED,
                "suspended_until": suspension.until,
                "joined_at": now,
                "read_before": now,
            },
        )
        remember(membership, Kind.SUSPENDED, by=None, words=Membership.GOES_ON, until=suspension.until, now=now)
        record("restored suspension", membership, by=None, network=suspension.network)
        _has_come_back(suspension, membership)
        restore_silence(membership, now=now)


def restore_silence(membership: Membership, *, now: datetime) -> None:
    """Part of a verb by which somebody comes to have a membership: whose mailbox was asked not to write there goes on
    not to, and is told so."""
    waiting = StandingSanction.objects.waiting_for(membership.member).in_force(now)
    silences = waiting.filter(network=membership.network_id, kind=Sanction.SILENCED)
    silence = silences.select_for_update(of=("self",)).first()
    if silence is None or silence.until is None:
        return
    if membership.silent_until and membership.silent_until >= silence.until:
        _has_come_back(silence, membership)
        return
    membership.silent_until, membership.silent_reason = silence.until, Membership.GOES_ON
    membership.save(update_fields=["silent_until", "silent_reason"])
    event = remember(membership, Kind.SILENCED, by=None, words=Membership.GOES_ON, until=silence.until, now=now)
    # Without its end, which would say for ever which account was asked first.
    record("restored silence", membership, by=None, network=membership.network)
    _has_come_back(silence, membership)
    notifications.membership_changed(event, now=now)


def forget_sanctions(*, now: datetime | None = None) -> int:
    """Deletes the marks of those whose time is over; returns how many. The site itself does."""
    return StandingSanction.objects.over(now or timezone.now()).delete()[0]
