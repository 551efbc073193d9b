"""Whether somebody lets what they asked or said in a session stand on a public page."""

from __future__ import annotations

from django.db import transaction

from forums import limits, permissions
from forums.models import Consent, Message, Question
from network.actions.access import hold_account
from network.models import Member


def answer_consent(thing: Question | Message, *, by: Member, agrees: bool) -> None:
    """Whoever asked or said it agrees, or does not; they may answer otherwise at any time. Raises Refused,
    LimitReached."""
    permissions.can_answer_consent(by, thing).enforce()
    limits.CONSENTING.spend(by)
    with transaction.atomic():
        hold_account(by)
        consent = Consent.YES if agrees else Consent.NO
        type(thing)._default_manager.filter(pk=thing.pk, author=by).update(consent=consent)
    thing.consent = consent
