"""Who is let in, by which rule, and who decides where none does."""

from __future__ import annotations

from network.models import AdmissionRequest, Invitation, Member, Organisation, OrganisationDomain, Viewer
from network.models.organisation import domain_of, is_public_body
from network.permissions.verdict import ALLOWED, SIGN_IN_FIRST, Verdict, holds


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


def can_let_people_in(viewer: Viewer) -> Verdict:
    """Looking at those who ask to be let in, and deciding."""
    return holds(viewer, "network.change_admissionrequest", "Only administrators can decide who is let in.")


def can_decide_admission(viewer: Viewer, request: AdmissionRequest) -> Verdict:
    verdict = can_let_people_in(viewer)
    if verdict and request.state != AdmissionRequest.State.WAITING:
        return Verdict("This request has already been decided.")
    if verdict and not request.member.is_active:
        return Verdict("This account is closed.")
    return verdict
