"""Where allauth asks this site how it does things."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.auth_backends import AuthenticationBackend
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from network.actions.mail import WrittenMail, send_at_once
from network.models import Member, Network


class AccountAdapter(DefaultAccountAdapter):
    error_messages = DefaultAccountAdapter.error_messages | {
        "incorrect_code": "The code is not correct. Check the newest email from us and enter the code again.",
        "too_many_login_attempts": "Too many tries. Wait a few minutes, then ask for a new code.",
        "rate_limited": "Too many tries. Wait a few minutes, then ask for a new code.",
        "email_taken": "The code is not correct. Check the newest email from us and enter the code again.",
    }

    def is_ajax(self, request: HttpRequest) -> bool:
        """Everybody gets pages: one answer to look after."""
        return False

    def is_safe_url(self, url: str) -> bool:
        """After signing in, on to an address of this site; one written with a host is somebody else's."""
        return url_has_allowed_host_and_scheme(url, allowed_hosts=None)

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Home; somebody who belongs nowhere yet is shown where they can."""
        return settings.LOGIN_REDIRECT_URL if Network.objects.of(request.user).exists() else reverse("welcome")

    def get_signup_redirect_url(self, request: HttpRequest) -> str:
        return reverse("welcome")

    def format_email_subject(self, subject: str) -> str:
        return subject

    def send_account_already_exists_mail(self, email: str) -> None:
        # allauth's own would name pages for passwords, which this site does not have.
        self.send_mail("account/email/account_already_exists", email, {})

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Raises MailNotSent."""
        # Addresses in mail are ours, whatever host the request claims to be for.
        message = self.render_mail(template_prefix, email, {"site_url": settings.SITE_URL, "email": email} | context)
        # Asked for every address, so that known and unknown ones take the same time.
        member = Member.objects.filter(email__iexact=email).first()
        stream = template_prefix.rpartition("/")[2]
        send_at_once(stream, member or email, WrittenMail(str(message.subject), str(message.body)))


class MemberBackend(AuthenticationBackend):
    """Reads whoever asks for a page, in one query that says as well whether they may hold any right: what the header
    shows to administrators and editors costs nobody else a query."""

    def get_user(self, user_id: int) -> Member | None:
        member: Member | None = Member.objects.with_whether_they_hold_rights().filter(pk=user_id).first()
        return member if member and self.user_can_authenticate(member) else None
