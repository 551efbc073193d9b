"""Somebody whom no rule knows asks to be let in, and an administrator decides."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from network import limits, notifications, permissions
from network.actions.admission import admit
from network.actions.audit import record
from network.actions.domains import add_domain
from network.actions.membership import restore_suspensions
from network.actions.organisations import add_organisation
from network.models import Admission, AdmissionRequest, Member, Organisation
from network.models.organisation import domain_of


def ask_for_admission(
    *, by: Member, works_for: str, reason: str, name: str = "", now: datetime | None = None
) -> AdmissionRequest | None:
    """Puts somebody into the administrators' queue; asking again after a no opens the same request again. None: a rule
    has come to know their domain meanwhile, and they are in. `name` where we have none yet. Raises Refused,
    LimitReached."""
    now = now or timezone.now()
    permissions.can_ask_for_admission(by).enforce()
    limits.ASKING_IN.spend(by, now=now)
    with transaction.atomic():
        list(Member.objects.select_for_update(no_key=True).filter(pk=by.pk))  # nobody presses the button twice
        permissions.can_ask_for_admission(by).enforce()
        if name and not by.name:
            by.name = name
            by.save(update_fields=["name"])
        if permissions.can_be_admitted(by, None):
            admit(by, now=now)
            return None
        request, _ = AdmissionRequest.objects.update_or_create(
            member=by,
            defaults={
                "works_for": works_for,
                "reason": reason,
                "state": AdmissionRequest.State.WAITING,
                "asked_at": now,
                "decided_at": None,
                "decided_by": None,
                "decision": "",
            },
        )
        record("asked to be let in", request, by=by)
        notifications.admission_requested(request, now=now)
    return request


def let_in(
    request: AdmissionRequest,
    *,
    by: Member,
    organisation: Organisation | str,
    kind: str,
    note: str,
    adds_domain: bool = False,
    confirms_domain: bool = False,
    now: datetime | None = None,
) -> Admission:
    """Lets in whoever asked, for an organisation of the register or for a new one of this name, with a note that says
    why this is right. `adds_domain`: whoever else comes from the same domain is let in by it from now on. Two
    administrators at once: the second is told it has been decided. Raises Refused, LimitReached."""
    now = now or timezone.now()
    permissions.can_decide_admission(by, request).enforce()
    limits.LETTING_IN.spend(by, now=now)
    with transaction.atomic():
        request = _locked(request)
        permissions.can_decide_admission(by, request).enforce()
        if isinstance(organisation, str):
            organisation = add_organisation(organisation, by=by)
        permissions.can_work_for(organisation).enforce()
        member = request.member
        admission = Admission.objects.create(member=member, rule=Admission.Rule.PERSON, by=by, note=note, at=now)
        member.organisation, member.kind = organisation, kind
        member.save(update_fields=["organisation", "kind"])
        _decide(request, AdmissionRequest.State.ADMITTED, by=by, now=now)
        record("admitted", member, by=by, rule="person", organisation=organisation.pk, kind=str(kind))
        if adds_domain:
            domain = domain_of(member.email)
            add_domain(organisation, domain, by=by, kind=kind, is_confirmed=confirms_domain, now=now)
        restore_suspensions(member, now=now)
        notifications.admission_decided(request, now=now)
    return admission


def decline_admission(
    request: AdmissionRequest, *, by: Member, words: str, now: datetime | None = None
) -> AdmissionRequest:
    """Says no, with words that whoever asked reads. They may ask again. Raises Refused, LimitReached."""
    now = now or timezone.now()
    permissions.can_decide_admission(by, request).enforce()
    limits.LETTING_IN.spend(by, now=now)
    with transaction.atomic():
        request = _locked(request)
        permissions.can_decide_admission(by, request).enforce()
        _decide(request, AdmissionRequest.State.DECLINED, by=by, now=now, words=words)
        record("declined admission", request, by=by)
        notifications.admission_decided(request, now=now)
    return request


def _decide(request: AdmissionRequest, state: str, *, by: Member, now: datetime, words: str = "") -> None:
    request.state, request.decided_at, request.decided_by, request.decision = state, now, by, words
    request.save(update_fields=["state", "decided_at", "decided_by", "decision"])


def _locked(request: AdmissionRequest) -> AdmissionRequest:
    return AdmissionRequest.objects.select_for_update(of=("self",)).select_related("member").get(pk=request.pk)
