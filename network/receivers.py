"""What this storey does when it hears news: one call to a verb each."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from allauth.account.signals import email_confirmed, user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest

from network.actions.admission import prove_mailbox
from network.actions.welcome import offer_welcome
from network.models import Member


@receiver(email_confirmed)
def mailbox_was_proved(request: HttpRequest, email_address: EmailAddress, **_: Any) -> None:
    prove_mailbox(email_address.user, request.session.pop("sign_up", None))


@receiver(user_logged_in)  # of allauth: a person came through the door, and no program made a session
def member_signed_in(user: Member, **_: Any) -> None:
    offer_welcome(user)
