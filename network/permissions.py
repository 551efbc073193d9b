"""What members may do in a network. One verdict hides the button, explains itself, and stops the verb."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from copy import copy
from dataclasses import dataclass

from allauth.mfa.models import Authenticator
from django.core.exceptions import PermissionDenied
from django.db import models

from network.models import (
    AdmissionRequest,
    DataExport,
    GroundRules,
    Intake,
    Invitation,
    MailLedger,
    Member,
    Membership,
    MembershipEvent,
    Network,
    NetworkTheme,
    Notice,
    Organisation,
    OrganisationDomain,
    Theme,
    ThemeAlias,
    Viewer,
)
from network.models.organisation import domain_of, is_public_body
from network.models.theme import theme_uses


class Refused(PermissionDenied):
    """Somebody may not do this; the message is the reason in the member's words. Shown as a 403 page."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Truthy when allowed; otherwise carries the reason, a full sentence for the member."""

    reason: str = ""

    def __bool__(self) -> bool:
        return not self.reason

    def enforce(self) -> None:
        """Raises Refused with the reason unless allowed."""
        if self.reason:
            raise Refused(self.reason)


ALLOWED = Verdict()
SIGN_IN_FIRST = Verdict("Sign in first.")
NOT_A_MEMBER = Verdict("Only members of this network can do this.")
UNCONFIRMED_DOMAIN = Verdict("An administrator has to confirm this officer's email domain first.")
BY_INVITATION = Verdict("Partners and suppliers join a network when one of its facilitators invites them.")
YOUR_DOMAIN_IS_UNCONFIRMED = Verdict(
    "An administrator has to confirm first that your email domain is your council's. They can see that it waits. "
    "Come back to this page in a few days, or ask whoever invited you."
)
ANOTHER_MAILBOX = Verdict("This invitation was sent to another email address than the one of your account.")
MOST_SENDINGS = 5  # of one invitation: whoever did not answer to so many does not want to, or did not get any
# What facilitators set of their network; its name and who may join stay with the administrators.
SETTINGS_OF_FACILITATORS = frozenset(
    {"purpose", "audience", "question", "content_free_mail", "published_members", "published_source"}
)
SETTINGS = SETTINGS_OF_FACILITATORS | {"name", "joining", "first_post_hold", "order"}


def can_sign_up(email: str, invitation: Invitation | None = None) -> Verdict:
    """Whether an account may be asked for with this address: by its domain, or by an invitation to this very address
    that the browser came with. An invitation that it did not come with changes no answer, or whoever typed the address
    of another would learn whether they are invited. At a public body that nobody knows the mailbox is proved first, and
    then an administrator is asked."""
    if invitation is not None and invitation.is_open() and invitation.email == email.lower():
        return ALLOWED
    domain = domain_of(email)
    if is_public_body(domain) or OrganisationDomain.objects.for_address(email).exists():
        return ALLOWED
    return unknown_domain(domain)


def unknown_domain(domain: str) -> Verdict:
    return Verdict(f"Enter an address at a council's email domain. We do not know {domain} as one.")


def can_be_admitted(member: Member, organisation: Organisation | None) -> Verdict:
    """Whether somebody whose mailbox is proved is let in by its domain, as an officer of `organisation`; None where
    the domain leaves no choice."""
    councils = Organisation.objects.with_address(member.email)
    if not member.is_active:
        return Verdict("This account is closed.")
    if not councils:
        return unknown_domain(domain_of(member.email))
    if organisation is None and len(councils) > 1:
        return Verdict("Several councils share this email domain. Say which you work for.")
    if organisation is not None and organisation not in councils:
        return Verdict(f"{organisation} does not use this email domain.")
    return ALLOWED


def can_ask_for_admission(viewer: Viewer) -> Verdict:
    """Asking an administrator to be let in, where no rule did. Again after a no."""
    if not viewer.is_authenticated or not viewer.is_active:
        return SIGN_IN_FIRST
    if hasattr(viewer, "admission"):
        return Verdict("You have been let in already.")
    asked = AdmissionRequest.objects.visible_to(viewer).waiting().filter(member=viewer)
    return Verdict("You have already asked. An administrator will decide.") if asked.exists() else ALLOWED


def membership_of(viewer: Viewer, network: Network) -> Membership | None:
    """The viewer's row in the network, whatever its state; None where there is none or the account is inactive."""
    if not viewer.is_authenticated or not viewer.is_active:
        return None
    if viewer.standing is not None:
        return viewer.standing.in_network(network)
    return Membership.objects.filter(member=viewer, network=network).first()


def can_take_part(viewer: Viewer) -> Verdict:
    """What anybody may do who has an account in use, such as reading their own notices."""
    return ALLOWED if viewer.is_authenticated and viewer.is_active else SIGN_IN_FIRST


def can_change_profile(viewer: Viewer) -> Verdict:
    """Their own; nobody changes another's."""
    return can_take_part(viewer)


def can_follow_themes(viewer: Viewer, themes: Collection[Theme]) -> Verdict:
    known = Theme.objects.visible_to(viewer).filter(pk__in=[theme.pk for theme in themes])
    verdict = can_take_part(viewer)
    if verdict and known.count() < len(themes):
        return Verdict("You can follow only themes that you can see.")
    return verdict


def can_choose_mail(viewer: Viewer, memberships: Iterable[Membership]) -> Verdict:
    """How networks may write is chosen by whoever belongs to them, for themselves."""
    verdict = can_take_part(viewer)
    if verdict and any(row.member_id != viewer.pk or not row.is_active for row in memberships):
        return Verdict("You can choose this only for networks that you belong to.")
    return verdict


def can_be_welcomed(viewer: Viewer) -> Verdict:
    """Whether the steps of a first visit are for them, and not behind them."""
    if not viewer.is_authenticated or not viewer.is_active:
        return SIGN_IN_FIRST
    if not hasattr(viewer, "admission"):
        return Verdict("These steps are for those who have been let in.")
    if viewer.is_welcomed:
        return Verdict("You have taken these steps. You can change what you said on your profile.")
    return ALLOWED


def can_take_welcome_step(viewer: Viewer, step: int) -> Verdict:
    """A step may be taken again while others are still to come; none before the one in front of it."""
    verdict = can_be_welcomed(viewer)
    if verdict and viewer.is_authenticated and step > viewer.welcome_steps_done + 1:
        return Verdict("Take the steps in their order.")
    return verdict


def can_close_account(viewer: Viewer) -> Verdict:
    """Nobody leaves a network without a facilitator, or the site without an administrator."""
    verdict = can_take_part(viewer)
    if not verdict:
        return verdict
    facilitators = Membership.objects.facilitators()
    alone = Network.objects.filter(pk__in=facilitators.filter(member=viewer.pk).values("network"))
    alone = alone.exclude(pk__in=facilitators.exclude(member=viewer.pk).values("network"))
    if names := ", ".join(network.name for network in alone):
        return Verdict(f"You are the only facilitator of: {names}. Ask an administrator to appoint another first.")
    administrators = Member.objects.administrators()
    if viewer.has_perm("network.change_member") and not administrators.exclude(pk=viewer.pk).exists():
        return Verdict("You are the only administrator. Make somebody else an administrator first.")
    return ALLOWED


def can_take_data(viewer: Viewer, packed: DataExport, session_digest: str) -> Verdict:
    """Downloading what was packed: its owner, in the session that asked for it."""
    verdict = can_take_part(viewer)
    if verdict and (packed.member_id != viewer.pk or packed.session_digest != session_digest):
        return Verdict("Ask for your data in this browser first.")
    if verdict and (packed.is_over() or packed.ready_at is None):
        return Verdict("This file is not there. Ask for your data again.")
    return verdict


def can_read_notice(viewer: Viewer, notice: Notice) -> Verdict:
    return ALLOWED if can_take_part(viewer) and notice.member_id == viewer.pk else Verdict("This is not your notice.")


def can_read(viewer: Viewer, network: Network) -> Verdict:
    membership = membership_of(viewer, network)
    return ALLOWED if membership and membership.is_active else NOT_A_MEMBER


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
        return Verdict("Your membership of this network is suspended.")
    if viewer.kind != Member.Kind.OFFICER:
        return BY_INVITATION
    return ALLOWED


def can_join(viewer: Viewer, network: Network) -> Verdict:
    """Joining at once, without anybody's decision."""
    return can_join_as(viewer, network, membership_of(viewer, network))


def can_join_as(viewer: Viewer, network: Network, membership: Membership | None) -> Verdict:
    """`can_join` for a list, where the viewer's memberships are at hand."""
    verdict = _can_enter(viewer, membership)
    if verdict and network.is_by_request:
        return Verdict("This network is joined by request.")
    return verdict


def can_ask_to_join(viewer: Viewer, network: Network) -> Verdict:
    return can_ask_as(viewer, network, membership_of(viewer, network))


def can_ask_as(viewer: Viewer, network: Network, membership: Membership | None) -> Verdict:
    """`can_ask_to_join` for a list, where the viewer's memberships are at hand."""
    verdict = _can_enter(viewer, membership)
    if verdict and not network.is_by_request:
        return Verdict("You can join this network at once; no request is needed.")
    if verdict and membership and membership.state == Membership.State.REQUESTED:
        return Verdict("You have already asked to join. The facilitators will decide.")
    return verdict


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


def _can_spare(facilitator: Membership, reason: str) -> Verdict:
    """A network without a facilitator would leave everybody who asks to join unheard."""
    others = Membership.objects.facilitators().filter(network=facilitator.network_id).exclude(pk=facilitator.pk)
    return ALLOWED if others.exists() else Verdict(reason)


def has_agreed(viewer: Viewer) -> Verdict:
    """Whether the viewer has agreed to the ground rules as they are now. Whoever joins a network has to; where none
    have been published, nothing is asked."""
    if GroundRules.objects.unanswered_by(viewer) is None:
        return ALLOWED
    return Verdict("Agree to the ground rules first.")


def can_agree(viewer: Viewer, rules: GroundRules) -> Verdict:
    verdict = can_take_part(viewer)
    if verdict and rules != GroundRules.objects.current():
        return Verdict("The ground rules have changed since. Read the new version.")
    return verdict


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


def can_end(viewer: Viewer, membership: Membership) -> Verdict:
    """Removing somebody from a network, or suspending them in it."""
    verdict = can_facilitate(viewer, membership.network)
    if verdict and not membership.is_active:
        return Verdict(f"{membership.member} does not belong to this network any more.")
    if verdict and membership.member_id == viewer.pk:
        return Verdict("You cannot do this to yourself. You can leave the network.")
    if verdict and membership.is_facilitator:
        return Verdict(f"{membership.member} facilitates this network. An administrator has to stand them down first.")
    return verdict


def can_reinstate(viewer: Viewer, membership: Membership) -> Verdict:
    verdict = can_facilitate(viewer, membership.network)
    if verdict and not membership.is_suspended:
        return Verdict(f"{membership.member} is not suspended in this network.")
    if verdict and not membership.member.is_active:
        return Verdict("This member's account is not in use.")
    return verdict


def can_invite(viewer: Viewer, network: Network) -> Verdict:
    return can_facilitate(viewer, network)


def can_be_invited(network: Network, email: str, *, kind: str) -> Verdict:
    """Whether an address may be invited as what `kind` says, whoever invites."""
    row = Membership.objects.filter(network=network, member__email__iexact=email).first()
    if row and row.is_active:
        return Verdict("Somebody with this address already belongs to this network.")
    if row and row.is_suspended:
        return Verdict("The membership of whoever has this address is suspended.")
    if Invitation.objects.filter(network=network, email__iexact=email, accepted_at=None, revoked_at=None).exists():
        return Verdict("You have already invited this address. Send that invitation again instead.")
    kinds = set(OrganisationDomain.objects.for_address(email).values_list("kind", flat=True))
    if kinds and kind not in kinds:
        known = " or ".join(sorted(Member.Kind(known).label.lower() for known in kinds))
        return Verdict(f"By its domain this address is that of a {known}. Invite them as one.")
    return ALLOWED


def can_go_without_note(email: str) -> Verdict:
    """Whether somebody may be invited without a word on why they are let in: where a rule lets in their domain."""
    if OrganisationDomain.objects.for_address(email).exists():
        return ALLOWED
    return Verdict("Say why they are let in: we do not know the domain of this address.")


def can_resend(viewer: Viewer, invitation: Invitation) -> Verdict:
    verdict = can_revoke(viewer, invitation)
    if verdict and invitation.times_sent >= MOST_SENDINGS:
        return Verdict(f"This invitation was sent {MOST_SENDINGS} times. Ask them in another way whether they got it.")
    return verdict


def can_revoke(viewer: Viewer, invitation: Invitation) -> Verdict:
    verdict = can_invite(viewer, invitation.network)
    if verdict and invitation.accepted_at:
        return Verdict("This invitation has been accepted.")
    if verdict and invitation.revoked_at:
        return Verdict("This invitation has been withdrawn.")
    return verdict


def can_accept(viewer: Viewer, invitation: Invitation) -> Verdict:
    if not viewer.is_authenticated or not viewer.is_active:
        return SIGN_IN_FIRST
    if not Invitation.objects.to_mailbox_of(viewer).filter(pk=invitation.pk).exists():
        return ANOTHER_MAILBOX
    if not invitation.is_open():
        return Verdict("This invitation cannot be used any more. Ask whoever invited you for a new one.")
    membership = membership_of(viewer, invitation.network)
    if membership and membership.is_active:
        return Verdict("You already belong to this network.")
    if membership and membership.is_suspended:
        return Verdict("Your membership of this network is suspended.")
    return can_be_let_in(viewer, invitation)


def can_be_let_in(member: Member, invitation: Invitation) -> Verdict:
    """Whether what is known of somebody, or what the facilitator said of them, lets them into the network of an
    invitation. An invitation is no way round a domain that nobody has confirmed."""
    admission = getattr(member, "admission", None)
    if admission is None:
        domains = OrganisationDomain.objects.for_address(member.email)
        if domains.exists():
            verdict = can_be_admitted(member, invitation.organisation)
            waits = not domains.exclude(confirmed_at=None).exists()
        else:
            verdict, waits = _vouched_for(invitation), False
    elif admission.is_confirmed:
        verdict, waits = ALLOWED, False
    elif admission.domain is None:
        verdict, waits = (_vouched_for(invitation) if invitation.network.is_by_request else ALLOWED), False
    else:
        verdict, waits = ALLOWED, True
    if verdict and waits and invitation.network.is_by_request:
        return YOUR_DOMAIN_IS_UNCONFIRMED
    return verdict


def _vouched_for(invitation: Invitation) -> Verdict:
    if invitation.note:
        return ALLOWED
    return Verdict("Your address is at no council's domain that we know. Ask whoever invited you to invite you again.")


def waiting_for_domains(invitations: Iterable[Invitation]) -> set[int]:
    """Those of the invitations, by number, that nobody can accept before an administrator has confirmed the domain of
    their address. One query for all."""
    domains = {
        invitation.pk: domain_of(invitation.email) for invitation in invitations if invitation.network.is_by_request
    }
    known = OrganisationDomain.objects.filter(domain__in=set(domains.values()))
    confirmed: dict[str, bool] = {}
    for row in known:
        confirmed[row.domain] = confirmed.get(row.domain, False) or row.is_confirmed
    return {pk for pk, domain in domains.items() if not confirmed.get(domain, True)}


def _holds(viewer: Viewer, right: str, reason: str) -> Verdict:
    """Whether the viewer has one of Django's permissions, given to administrators; without it, the reason."""
    allowed = viewer.is_authenticated and viewer.is_active and viewer.has_perm(right)
    return ALLOWED if allowed else Verdict(reason)


def can_confirm_domains(viewer: Viewer) -> Verdict:
    """Everything about email domains: adding, confirming, taking that back, saying what comes by them, removing."""
    reason = "Only administrators can confirm an organisation's email domain."
    return _holds(viewer, "network.change_organisationdomain", reason)


def can_export_people(viewer: Viewer) -> Verdict:
    return _holds(viewer, "network.view_member", "Only administrators can export the directory.")


def can_administer(viewer: Viewer) -> Verdict:
    """Whether there is anything for them on the administrators' pages; each page asks for its own right."""
    allowed = viewer.is_authenticated and viewer.is_active and viewer.has_module_perms("network")
    return ALLOWED if allowed else Verdict("Only administrators can see this page.")


def can_see_accounts(viewer: Viewer) -> Verdict:
    return _holds(viewer, "network.view_member", "Only administrators can look up accounts.")


def can_change_accounts(viewer: Viewer) -> Verdict:
    return _holds(viewer, "network.change_member", "Only administrators can change accounts.")


def can_stop_administering(member: Member) -> Verdict:
    """Whether the site still has an administrator without this one."""
    administrators = Member.objects.administrators()
    if administrators.filter(pk=member.pk).exists() and not administrators.exclude(pk=member.pk).exists():
        return Verdict("This is the only administrator. Make somebody else one first.")
    return ALLOWED


def can_suspend_account(viewer: Viewer, member: Member) -> Verdict:
    verdict = can_change_accounts(viewer)
    if verdict and member.pk == viewer.pk:
        return Verdict("You cannot suspend your own account. Another administrator can.")
    if verdict and not member.is_active:
        return Verdict("This account is not in use.")
    return verdict and can_stop_administering(member)


def can_reinstate_account(viewer: Viewer, member: Member) -> Verdict:
    verdict = can_change_accounts(viewer)
    if verdict and member.is_active:
        return Verdict("This account is in use.")
    if verdict and member.inactive_because == Member.Inactive.CLOSED:
        return Verdict("Its owner has closed this account.")
    if verdict and member.inactive_because == Member.Inactive.LAPSED:
        return Verdict("This account comes back when its owner proves the mailbox again.")
    return verdict


def can_end_sessions(viewer: Viewer, member: Member) -> Verdict:
    """Their own, or as an administrator anybody's."""
    if can_take_part(viewer) and viewer.pk == member.pk:
        return ALLOWED
    return can_change_accounts(viewer)


def can_see_organisations(viewer: Viewer) -> Verdict:
    """The administrators' page of an organisation, with its domains and numbers."""
    return _holds(viewer, "network.view_organisation", "Only administrators can look after organisations.")


def can_add_organisation(viewer: Viewer) -> Verdict:
    return _holds(viewer, "network.add_organisation", "Only administrators can add organisations.")


def can_change_organisation(viewer: Viewer) -> Verdict:
    return _holds(viewer, "network.change_organisation", "Only administrators can change organisations.")


def can_read_audit(viewer: Viewer) -> Verdict:
    return _holds(viewer, "network.view_auditevent", "Only administrators can read the audit log.")


def can_see_mail(viewer: Viewer) -> Verdict:
    return _holds(viewer, "network.view_mailledger", "Only administrators can see which mail goes out.")


def can_send_again(viewer: Viewer, mail: MailLedger) -> Verdict:
    verdict = _holds(viewer, "network.change_mailledger", "Only administrators can send mail again.")
    if verdict and not mail.is_failed:
        return Verdict("Only mail that failed can be sent again.")
    return verdict


def can_remove_domain(viewer: Viewer, domain: OrganisationDomain) -> Verdict:
    verdict = can_confirm_domains(viewer)
    if verdict and domain.admissions.exists():
        return Verdict("People came by this domain, so it stays. Take the confirmation back instead.")
    return verdict


def can_let_people_in(viewer: Viewer) -> Verdict:
    """Looking at those who ask to be let in, and deciding."""
    return _holds(viewer, "network.change_admissionrequest", "Only administrators can decide who is let in.")


def can_decide_admission(viewer: Viewer, request: AdmissionRequest) -> Verdict:
    verdict = can_let_people_in(viewer)
    if verdict and request.state != AdmissionRequest.State.WAITING:
        return Verdict("This request has already been decided.")
    if verdict and not request.member.is_active:
        return Verdict("This account is closed.")
    return verdict


def can_work_for(organisation: Organisation) -> Verdict:
    """Whether anybody can be said to work for it now, or to come by a domain of it."""
    if organisation.succeeded_by_id or not organisation.is_current:
        return Verdict(f"{organisation} has ended. Choose the organisation that succeeded it.")
    return ALLOWED


def can_change_organisations(viewer: Viewer) -> Verdict:
    """Adding organisations to the register, and merging them."""
    return _holds(
        viewer, "network.change_organisation", "Only administrators can change the register of organisations."
    )


def can_be_succeeded(old: Organisation, into: Organisation) -> Verdict:
    """Whether one organisation may end in another, whoever says so. It has one successor for ever, and that is not
    itself one of the past: neither chains nor circles are made."""
    if old.pk == into.pk:
        return Verdict(f"{old} cannot succeed itself.")
    verdict = can_work_for(into)
    if not verdict:
        return verdict
    if old.succeeded_by_id not in (None, into.pk):
        return Verdict(f"{old} was succeeded by {old.succeeded_by} already.")
    return ALLOWED


def can_run_intakes(viewer: Viewer) -> Verdict:
    return _holds(viewer, "network.add_intake", "Only administrators can let in a list of people.")


def can_begin_intake(viewer: Viewer, intake: Intake) -> Verdict:
    verdict = can_run_intakes(viewer)
    if verdict and intake.state != Intake.State.LOOKED_AT:
        return Verdict("This list is under way already, or done.")
    return verdict


def can_be_enrolled(member: Member, network: Network) -> Verdict:
    """Whether an administrator's list may put somebody into a network: as they could join it themselves, at once, and
    never back into one that they have left."""
    membership = membership_of(member, network)
    if membership and membership.state == Membership.State.LEFT:
        return Verdict("They have left this network.")
    return can_join_as(member, network, membership)


def can_publish_rules(viewer: Viewer) -> Verdict:
    return _holds(viewer, "network.add_groundrules", "Only administrators can change the ground rules.")


def can_become_facilitator(member: Member, network: Network) -> Verdict:
    """Whether an officer may be appointed, by whomever. Being appointed is no way round what lets them in."""
    membership = membership_of(member, network)
    verdict = _can_enter(member, None)
    if verdict and membership and membership.state == Membership.State.SUSPENDED:
        return Verdict("Their membership of this network is suspended.")
    if verdict and member.kind != Member.Kind.OFFICER:
        return Verdict("Only officers facilitate a network.")
    if verdict and network.is_by_request and not member.admission.is_confirmed:
        return UNCONFIRMED_DOMAIN
    return verdict


def can_appoint_facilitators(viewer: Viewer) -> Verdict:
    return _holds(viewer, "network.change_network", "Only administrators can appoint facilitators.")


def can_stand_down(viewer: Viewer, membership: Membership) -> Verdict:
    verdict = can_appoint_facilitators(viewer)
    if verdict and not membership.is_facilitator:
        return Verdict(f"{membership.member} does not facilitate this network.")
    if verdict:
        return _can_spare(membership, "A network needs a facilitator. Appoint another before you stand this one down.")
    return verdict


def can_change_network(viewer: Viewer, network: Network, fields: Collection[str]) -> Verdict:
    """Administrators change all settings of a network, its facilitators those that are theirs."""
    if _holds(viewer, "network.change_network", "no"):
        return ALLOWED
    verdict = can_facilitate(viewer, network)
    if verdict and not SETTINGS_OF_FACILITATORS.issuperset(fields):
        return Verdict("Only administrators can change the name of a network and who may join it.")
    return verdict


def can_be_called(network: Network, name: str) -> Verdict:
    """Whether a network may have this name, whoever gives it."""
    if Network.objects.filter(name=name).exclude(pk=network.pk).exists():
        return Verdict("There is another network with this name.")
    return ALLOWED


def can_create_networks(viewer: Viewer) -> Verdict:
    """Networks, and the themes that all of them choose from."""
    return _holds(viewer, "network.add_network", "Only administrators can create networks and themes.")


def can_pick_theme(network: Network, theme: Theme) -> Verdict:
    """Whether a theme may be among those of this network, whoever picks it."""
    if theme.private_to_id in (None, network.pk):
        return ALLOWED
    return Verdict("A theme is private to another network.")


# One's own account


def holds_an_office(viewer: Viewer) -> bool:
    """Whether they have any right beyond a member's own: editors, publishers, administrators."""
    if not viewer.is_authenticated or not viewer.is_active:
        return False
    return viewer.is_superuser or bool(viewer.get_all_permissions())


def is_staff(viewer: Viewer) -> bool:
    """Whom we ask for a second factor before they do what only they may: office holders, and facilitators of whatever
    network."""
    if not viewer.is_authenticated:
        return False
    return holds_an_office(viewer) or Membership.objects.facilitators().filter(member=viewer).exists()


def _can_change_own(viewer: Viewer, member_id: int) -> Verdict:
    verdict = can_take_part(viewer)
    return Verdict("This is somebody else's account.") if verdict and viewer.pk != member_id else verdict


def can_end_session(viewer: Viewer, member_id: int) -> Verdict:
    return _can_change_own(viewer, member_id)


def can_remove_password(viewer: Viewer) -> Verdict:
    has_none = viewer.is_authenticated and not viewer.has_usable_password()
    return can_take_part(viewer) and (Verdict("You have no password.") if has_none else ALLOWED)


def can_change_factor(viewer: Viewer, member_id: int) -> Verdict:
    """Renaming or taking away a passkey or an app."""
    return _can_change_own(viewer, member_id)


def can_enrol_app(viewer: Viewer, member: Member) -> Verdict:
    verdict = _can_change_own(viewer, member.pk)
    if verdict and Authenticator.objects.filter(user=member, type=Authenticator.Type.TOTP).exists():
        return Verdict("You have set up an authenticator app already. Remove it first to set up another.")
    return verdict


MOST_PASSKEYS = 20


def can_add_passkey(viewer: Viewer) -> Verdict:
    verdict = can_take_part(viewer)
    theirs = Authenticator.objects.filter(user_id=viewer.pk, type=Authenticator.Type.WEBAUTHN)
    if verdict and theirs.count() >= MOST_PASSKEYS:
        return Verdict(f"You have {MOST_PASSKEYS} passkeys. Remove one that you no longer use first.")
    return verdict


def can_make_recovery_codes(viewer: Viewer) -> Verdict:
    verdict = can_take_part(viewer)
    others = Authenticator.objects.filter(user_id=viewer.pk).exclude(type=Authenticator.Type.RECOVERY_CODES)
    if verdict and not others.exists():
        return Verdict("Set up an authenticator app or a passkey first: recovery codes stand in for it.")
    return verdict


def can_move_to(member: Member, email: str, organisation: Organisation | None) -> Verdict:
    """Whether a member may have this address instead of theirs, as an officer of `organisation`; None where the domain
    leaves no choice. The rule is the one for letting somebody in."""
    if member.email.lower() == email.lower():
        return Verdict("Enter another address: this one is yours already.")
    moved = copy(member)
    moved.email = email
    return can_be_admitted(moved, organisation)


# Themes


def can_take_away_theme(network: Network, theme: Theme) -> Verdict:
    """Whether a network may offer a theme no longer, whoever takes it away. The threads that stand under it stay."""
    picked = set(NetworkTheme.objects.filter(network=network).values_list("theme", flat=True))
    if theme.pk not in picked:
        return Verdict("This network does not use that theme.")
    if len(picked) == 1:
        return Verdict("A network needs a theme, for every thread stands under one. Add another first.")
    return ALLOWED


def can_keep_themes(viewer: Viewer) -> Verdict:
    return _holds(viewer, "network.change_theme", "Only administrators can change the themes.")


def can_change_theme(viewer: Viewer, theme: Theme) -> Verdict:
    """An administrator changes what they know of: what is private to a network is not there for those outside it."""
    verdict = can_keep_themes(viewer)
    if verdict and not Theme.objects.visible_to(viewer).filter(pk=theme.pk).exists():
        return Verdict("This theme is not there any more.")
    return verdict


def can_name_theme(name: str, slug: str, theme: Theme | None = None) -> Verdict:
    """Whether a theme may be called so: `theme` where it exists, None where it is new. A name is taken also where the
    theme that has it is private to some network, and what is said is then no different."""
    if not slug:
        return Verdict("Enter a name with letters or digits.")
    pk = theme.pk if theme else 0
    is_taken = models.Q(name__iexact=name) | models.Q(slug=slug)
    if Theme.objects.filter(is_taken).exclude(pk=pk).exists() or (
        ThemeAlias.objects.filter(slug=slug).exclude(theme=pk).exists()
    ):
        return Verdict("Choose another name: this one is taken, or was once.")
    return ALLOWED


def can_merge_themes(viewer: Viewer, old: Theme, new: Theme) -> Verdict:
    """Both have to be public: what stood on a page would else vanish from it, or a private word become an address."""
    verdict = can_change_theme(viewer, old) and can_change_theme(viewer, new)
    if verdict and old.pk == new.pk:
        return Verdict("A theme cannot be merged into itself.")
    if verdict and (old.private_to_id or new.private_to_id):
        return Verdict("Only public themes can be merged. Make the private one public first.")
    return verdict


def can_make_private(viewer: Viewer, theme: Theme, network: Network) -> Verdict:
    """Taking a theme into a network. Its members alone know of it from then on, so it takes an administrator who is one
    of them, and nothing outside the network may stand under it."""
    verdict = can_change_theme(viewer, theme) and can_read(viewer, network)
    if not verdict:
        return verdict
    if theme.private_to_id:
        return Verdict("This theme is private already.")
    if NetworkTheme.objects.filter(theme=theme).exclude(network=network).exists():
        return Verdict("Another network uses this theme.")
    for use in theme_uses():
        if count := use.count_outside(theme, network):
            stand = f"{use.one} outside this network stands" if count == 1 else f"{use.many} outside this network stand"
            return Verdict(f"{count} {stand} under this theme.")
    return ALLOWED


def can_make_public(viewer: Viewer, theme: Theme) -> Verdict:
    verdict = can_change_theme(viewer, theme)
    return Verdict("This theme is public already.") if verdict and not theme.private_to_id else verdict


def can_follow_theme(viewer: Viewer, theme: Theme) -> Verdict:
    verdict = can_take_part(viewer)
    if verdict and not Theme.objects.visible_to(viewer).filter(pk=theme.pk).exists():
        return Verdict("This theme is not there any more.")
    return verdict
