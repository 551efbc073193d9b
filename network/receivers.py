"""What this storey does when it hears news: one call to a verb each."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from allauth.account.signals import authentication_step_completed, email_confirmed
from django.dispatch import receiver
from django.http import HttpRequest

from network.actions.admission import prove_mailbox
from network.actions.mailbox import ask_for_proof, note_proof
from network.models import Member
from network.signals import mailbox_bounced


@receiver(email_confirmed)
def mailbox_was_proved(request: HttpRequest, email_address: EmailAddress, **_: Any) -> None:
    prove_mailbox(email_address.user, request.session.pop("sign_up", None))
    note_proof(email_address.user)


@receiver(authentication_step_completed)
def code_was_entered(user: Member, method: str, email: str = "", **_: Any) -> None:
    """Signing in by code; before allauth asks whether the account is in use."""
    if method == "code" and email.lower() == user.email:
        note_proof(user)


@receiver(mailbox_bounced)
def mailbox_is_gone(member: Member, **_: Any) -> None:
    ask_for_proof(member)
