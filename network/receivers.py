"""What this storey does when it hears news: one call to a verb each."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from allauth.account.signals import email_confirmed
from django.dispatch import receiver
from django.http import HttpRequest

from network.actions.admission import prove_mailbox
from network.models import DataExport
from network.signals import data_asked_for
from network.tasks import pack_own_data


@receiver(email_confirmed)
def mailbox_was_proved(request: HttpRequest, email_address: EmailAddress, **_: Any) -> None:
    prove_mailbox(email_address.user, request.session.pop("sign_up", None))


@receiver(data_asked_for)
def have_it_packed(sender: type[DataExport], wanted: DataExport, **_: Any) -> None:
    pack_own_data.enqueue(wanted.pk)
