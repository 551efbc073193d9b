"""Organisations and their email domains."""

from __future__ import annotations

from network.models import Organisation, OrganisationDomain, Viewer
from network.permissions.verdict import ALLOWED, Verdict, holds


def can_see_organisations(viewer: Viewer) -> Verdict:
    """The administrators' page of an organisation, with its domains and numbers."""
    return holds(viewer, "network.view_organisation", "Only administrators can look after organisations.")


def can_add_organisation(viewer: Viewer) -> Verdict:
    return holds(viewer, "network.add_organisation", "Only administrators can add organisations.")


def can_change_organisation(viewer: Viewer) -> Verdict:
    """Their facts, and merging several into one."""
    return holds(viewer, "network.change_organisation", "Only administrators can change organisations.")


def can_work_for(organisation: Organisation) -> Verdict:
    """Whether anybody can be said to work for it now, or to come by a domain of it."""
    if organisation.succeeded_by_id or not organisation.is_current:
        return Verdict(f"{organisation} has ended. Choose the organisation that succeeded it.")
    return ALLOWED


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


def can_confirm_domains(viewer: Viewer) -> Verdict:
    """Everything about email domains: adding, confirming, taking that back, saying what comes by them, removing."""
    reason = "Only administrators can confirm an organisation's email domain."
    return holds(viewer, "network.change_organisationdomain", reason)


def can_remove_domain(viewer: Viewer, domain: OrganisationDomain) -> Verdict:
    verdict = can_confirm_domains(viewer)
    if verdict and domain.admissions.exists():
        return Verdict("People came by this domain, so it stays. Take the confirmation back instead.")
    return verdict
