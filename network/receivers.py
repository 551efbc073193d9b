"""What this storey does when it hears news: one call to a verb each."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from allauth.account.signals import authentication_step_completed, email_confirmed
from allauth.account.signals import user_logged_in as let_in
from django.conf import settings
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.db import transaction
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse

from network import realtime, sessions
from network.actions.mailbox import address_was_proved, note_bounce, note_proof
from network.actions.sessions import BROWSERS_KEPT, know_browser
from network.actions.welcome import offer_welcome
from network.models import DataExport, Member
from network.permissions import holds_an_office
from network.signals import data_asked_for, mailbox_bounced, session_ended, stop_requested
from network.tasks import pack_own_data


@receiver(email_confirmed)
def mailbox_was_proved(request: HttpRequest, email_address: EmailAddress, **_: Any) -> None:
    address_was_proved(email_address, request.session.pop("sign_up", None))


@receiver(let_in)  # of allauth: a person came through the door, and no program made a session
def member_signed_in(user: Member, **_: Any) -> None:
    offer_welcome(user)


@receiver(user_logged_in)
def session_began(request: HttpRequest, user: Member, **_: Any) -> None:
    sessions.begin(request, is_staffs=holds_an_office(user))


@receiver(let_in)
def browser_was_used(request: HttpRequest, response: HttpResponse, user: Member, **_: Any) -> None:
    token = know_browser(
        user, request.COOKIES.get(settings.BROWSER_COOKIE_NAME), user_agent=request.headers.get("User-Agent", "")
    )
    response.set_cookie(
        settings.BROWSER_COOKIE_NAME,
        token,
        max_age=BROWSERS_KEPT,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


@receiver(authentication_step_completed)
def code_was_entered(user: Member, method: str, email: str = "", **_: Any) -> None:
    """Signing in by code; before allauth asks whether the account is in use."""
    if method == "code" and email.lower() == user.email:
        note_proof(user)


@receiver(mailbox_bounced)
def mailbox_is_gone(member: Member, **_: Any) -> None:
    note_bounce(member)


@receiver(data_asked_for)
def have_it_packed(sender: type[DataExport], wanted: DataExport, **_: Any) -> None:
    pack_own_data.enqueue(wanted.pk)


@receiver(user_logged_out)
def close_sockets_of_session(sender: object, request: HttpRequest, **_: Any) -> None:
    if request.session.session_key:
        realtime.session_ended(request.session.session_key)


@receiver(session_ended)
def close_sockets_of_ended_session(sender: object, session_key: str, **_: Any) -> None:
    transaction.on_commit(lambda: realtime.session_ended(session_key), robust=True)


@receiver(stop_requested)
async def say_goodbye(sender: object, **_: Any) -> None:
    await realtime.say_goodbye()
