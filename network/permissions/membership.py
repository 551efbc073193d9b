"""Joining a network, what members and facilitators may do in it, and leaving it."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone
from django.utils.dateformat import format as format_date

from network.models import Member, Membership, MembershipEvent, Network, Viewer
from network.permissions.verdict import ALLOWED, SIGN_IN_FIRST, Verdict, holds
from network.templatetags.components import clock

NOT_A_MEMBER = Verdict("Only members of this network can do this.")
UNCONFIRMED_DOMAIN = Verdict("An administrator has to confirm this officer's email domain first.")
BY_INVITATION = Verdict("Partners and suppliers join a network when one of its facilitators invites them.")


def membership_of(viewer: Viewer, network: Network) -> Membership | None:
    """The viewer's row in the network, whatever its state; None where there is none or the account is inactive."""
    if not viewer.is_authenticated or not viewer.is_active:
        return None
    if viewer.standing is not None:
        return viewer.standing.in_network(network)
    return Membership.objects.filter(member=viewer, network=network).first()


def can_read(viewer: Viewer, network: Network) -> Verdict:
    membership = membership_of(viewer, network)
    return ALLOWED if membership and membership.is_active else NOT_A_MEMBER


def can_write(viewer: Viewer, network: Network, *, now: datetime | None = None) -> Verdict:
    """Saying something in a network, in whatever form: whoever reads in it, and has not been asked to be silent. Asks
    the database no more than `can_read`."""
    membership = membership_of(viewer, network)
    if membership is None or not membership.is_active:
        return NOT_A_MEMBER
    if membership.silent_until and membership.is_silent(now):
        return asked_not_to_write(membership.silent_until, membership.silent_reason)
    return ALLOWED


def asked_not_to_write(until: datetime, reason: str) -> Verdict:
    """What whoever is silent in a network is told in place of whatever they would write with."""
    until_when = moment_in_words(until)
    return Verdict(f"A facilitator has asked you not to write in this network until {until_when}: {reason}")


def moment_in_words(at: datetime) -> str:
    """Such as "3 December at 2:30pm", in London: when something ends that is over within weeks."""
    local = timezone.localtime(at)
    return f"{format_date(local, 'j F')} at {clock(local)}"


def day_in_words(at: datetime) -> str:
    """Such as "3 December 2024", for what happens on that day and not at that minute."""
    return format_date(timezone.localtime(at), "j F Y")


def can_facilitate(viewer: Viewer, network: Network) -> Verdict:
    membership = membership_of(viewer, network)
    if membership and membership.is_active and membership.role == Membership.Role.FACILITATOR:
        return ALLOWED
    return Verdict("Only facilitators of this network can do this.")


def _can_enter(viewer: Viewer, membership: Membership | None) -> Verdict:
    if not viewer.is_authenticated or not viewer.is_active:
        return SIGN_IN_FIRST
    if not hasattr(viewer, "admission"):
        return Verdict("We do not recognise your email address as a council's. Ask us to let you in.")
    if membership and membership.state == Membership.State.ACTIVE:
        return Verdict("You already belong to this network.")
    if membership and membership.state == Membership.State.SUSPENDED:
        until = membership.suspended_until
        ends = f" You will be let in again on {day_in_words(until)}." if until else ""
        return Verdict(f"Your membership of this network is suspended.{ends}")
    if viewer.kind != Member.Kind.OFFICER:
        return BY_INVITATION
    return ALLOWED


def can_join(viewer: Viewer, network: Network) -> Verdict:
    """Joining at once, without anybody's decision."""
    verdict = _can_enter(viewer, membership_of(viewer, network))
    if verdict and network.is_by_request:
        return Verdict("This network is joined by request.")
    return verdict


def can_ask_to_join(viewer: Viewer, network: Network) -> Verdict:
    membership = membership_of(viewer, network)
    verdict = _can_enter(viewer, membership)
    if verdict and not network.is_by_request:
        return Verdict("You can join this network at once; no request is needed.")
    if verdict and membership and membership.state == Membership.State.REQUESTED:
        return Verdict("You have already asked to join. The facilitators will decide.")
    return verdict


def can_be_enrolled(member: Member, network: Network) -> Verdict:
    """Whether an administrator's list may put somebody into a network: as they could join it themselves, at once, and
    never back into one that they have left."""
    membership = membership_of(member, network)
    if membership and membership.state == Membership.State.LEFT:
        return Verdict("They have left this network.")
    return can_join(member, network)


def _has_open_request(membership: Membership | None) -> Verdict:
    return ALLOWED if membership and membership.is_requested else Verdict("Your request is not open any more.")


def can_answer(viewer: Viewer, network: Network) -> Verdict:
    """Answering what the facilitators asked about one's request to join."""
    membership = membership_of(viewer, network)
    verdict = _has_open_request(membership)
    if verdict and not MembershipEvent.objects.filter(membership=membership).conversation().exists():
        return Verdict("The facilitators have not asked you anything.")
    return verdict


def can_withdraw(viewer: Viewer, network: Network) -> Verdict:
    return _has_open_request(membership_of(viewer, network))


def can_decide(viewer: Viewer, request: Membership) -> Verdict:
    """Deciding on a request to join, either way, and asking about it."""
    verdict = can_facilitate(viewer, request.network)
    if verdict and request.state == Membership.State.LEFT:
        return Verdict("This request was withdrawn.")
    if verdict and request.state != Membership.State.REQUESTED:
        return Verdict("This request has already been decided.")
    return verdict


def can_be_approved(request: Membership) -> Verdict:
    """Whether anybody could approve this request now. A domain that nobody has confirmed admits to networks that are
    joined at once, and no further."""
    if not request.member.is_active:
        return Verdict("This officer's account is closed.")
    admission = getattr(request.member, "admission", None)
    if admission is None or (admission.domain is None and not admission.is_confirmed):
        return Verdict("Their address is at no council's domain that we know. Invite them instead, and say why.")
    return ALLOWED if admission.is_confirmed else UNCONFIRMED_DOMAIN


def can_approve(viewer: Viewer, request: Membership) -> Verdict:
    return can_decide(viewer, request) and can_be_approved(request)


def _can_spare(facilitator: Membership, reason: str) -> Verdict:
    """A network without a facilitator would leave everybody who asks to join unheard."""
    others = Membership.objects.facilitators().filter(network=facilitator.network_id).exclude(pk=facilitator.pk)
    return ALLOWED if others.exists() else Verdict(reason)


def can_leave(viewer: Viewer, network: Network) -> Verdict:
    membership = membership_of(viewer, network)
    if membership is None or not membership.is_active:
        return NOT_A_MEMBER
    if membership.is_facilitator:
        return _can_spare(
            membership,
            "You are the only facilitator of this network. Ask an administrator to appoint another before you leave.",
        )
    return ALLOWED


def can_end(viewer: Viewer, membership: Membership) -> Verdict:
    """Removing somebody from a network, suspending them in it, or warning them."""
    verdict = can_facilitate(viewer, membership.network)
    if verdict and not membership.is_active:
        return Verdict(f"{membership.member} does not belong to this network any more.")
    if verdict and membership.member_id == viewer.pk:
        return Verdict("You cannot do this to yourself. You can leave the network.")
    if verdict and membership.is_facilitator:
        return Verdict(f"{membership.member} facilitates this network. An administrator has to stand them down first.")
    return verdict


def can_silence(viewer: Viewer, membership: Membership, *, now: datetime | None = None) -> Verdict:
    """Asking somebody not to write for a while. One end at a time, so that of two facilitators the second knows of the
    first."""
    verdict = can_end(viewer, membership)
    if verdict and membership.silent_until and membership.is_silent(now):
        until = moment_in_words(membership.silent_until)
        return Verdict(
            f"{membership.member} has been asked not to write until {until}. End that first to set another time."
        )
    return verdict


def can_lift_silence(viewer: Viewer, membership: Membership) -> Verdict:
    """Letting somebody write again before the time is over; where it is over, or somebody was faster, it is done."""
    return can_facilitate(viewer, membership.network)


def can_reinstate(viewer: Viewer, membership: Membership) -> Verdict:
    verdict = can_facilitate(viewer, membership.network)
    if verdict and not membership.is_suspended:
        return Verdict(f"{membership.member} is not suspended in this network.")
    if verdict and not membership.member.is_active:
        return Verdict("This member's account is not in use.")
    return verdict


def can_become_facilitator(member: Member, network: Network) -> Verdict:
    """Whether an officer may be appointed, by whomever. Being appointed is no way round what lets them in."""
    membership = membership_of(member, network)
    if not member.is_active:
        return Verdict("This account is not in use.")
    if not hasattr(member, "admission"):
        return Verdict("They have not been let in yet.")
    if membership and membership.is_suspended:
        return Verdict("Their membership of this network is suspended.")
    if membership and membership.silent_until and membership.is_silent():
        return Verdict(f"They have been asked not to write here until {moment_in_words(membership.silent_until)}.")
    if member.kind != Member.Kind.OFFICER:
        return Verdict("Only officers facilitate a network.")
    if network.is_by_request and not member.admission.is_confirmed:
        return UNCONFIRMED_DOMAIN
    return ALLOWED


def can_appoint_facilitators(viewer: Viewer) -> Verdict:
    return holds(viewer, "network.change_network", "Only administrators can appoint facilitators.")


def can_stand_down(viewer: Viewer, membership: Membership) -> Verdict:
    verdict = can_appoint_facilitators(viewer)
    if verdict and not membership.is_facilitator:
        return Verdict(f"{membership.member} does not facilitate this network.")
    if verdict:
        return _can_spare(membership, "A network needs a facilitator. Appoint another before you stand this one down.")
    return verdict
