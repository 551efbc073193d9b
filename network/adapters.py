"""Where allauth asks this site how it does things."""

from __future__ import annotations

import ipaddress
import logging
from typing import Any
from urllib.parse import urlencode

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.auth_backends import AuthenticationBackend
from allauth.account.utils import get_next_redirect_url, user_pk_to_url_str
from allauth.core import context as allauth_context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser, Permission
from django.core.exceptions import ValidationError
from django.db.models import Case, Model, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Concat
from django.http import HttpRequest
from django.http.request import split_domain_port
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from network.actions.mail import WrittenMail, send_at_once
from network.models import GroundRules, Member, Membership, Network
from network.models.lines import Lines
from network.models.member import MemberQuerySet
from network.models.network import MembershipQuerySet
from network.models.prepared import prepared

logger = logging.getLogger(__name__)


class WrongKey(ValidationError):
    """A secret in the database was encrypted with a key that this process does not have. A form that meets one says
    that codes cannot be checked."""

    def __init__(self) -> None:
        super().__init__(
            "We cannot check codes of authenticator apps at the moment. Contact us.", code="wrong_encryption_key"
        )


class MemberBackend(AuthenticationBackend):
    """How members are found: by what they type, and by the session they bring."""

    def get_user(self, user_id: int) -> Member | None:
        """With what every page asks of its reader: their rights, whether they have still to agree to the ground rules,
        and where they belong. One query; two for who belongs nowhere."""
        rows = _of_member(user_id)
        found: list[Any] = rows or _without_network(user_id)
        if not found:
            return None
        member: Member = rows[0].member if rows else found[0]
        for row in rows:
            row.member = member
        for name in ("may_hold_rights", "owes_agreement"):
            setattr(member, name, getattr(found[0], name))
        member.memberships_then, member.rights_then = rows, frozenset((found[0].rights or "").splitlines())
        return member if self.user_can_authenticate(member) else None

    def get_all_permissions(self, user_obj: AbstractBaseUser | AnonymousUser, obj: Model | None = None) -> set[str]:
        """Their own and those of their groups: in one query."""
        if not isinstance(user_obj, Member) or not user_obj.is_active or obj is not None:
            return set()
        if not hasattr(user_obj, "_perm_cache"):  # by Django's name, which its other questions know
            held = Permission.objects.all() if user_obj.is_superuser else _permissions_of(user_obj.pk)
            user_obj._perm_cache = set(held.values_list(NAME_OF_PERMISSION, flat=True))
        return user_obj._perm_cache

    def _authenticate_by_email(self, email: str, password: str) -> Member | None:
        """The same work for an address whether it has an account, with a password or without, or none."""
        member = Member.objects.filter(email__iexact=email).first()
        # The password of nobody is unusable; checking that takes as long as checking any.
        checked = self._check_password(member or Member(password="!"), password)  # noqa: S106
        return checked if isinstance(checked, Member) else None


@prepared
def _of_member(number: int) -> MembershipQuerySet:
    """All their rows, in the order of the networks, each with the network and with themselves."""
    own = Membership.objects.filter(member=number).select_related("member", "network")
    own = own.annotate(
        may_hold_rights=Q(member__is_superuser=True) | MemberQuerySet.in_group_or_with_permission("member"),
        owes_agreement=GroundRules.objects.is_owed("member"),
    )
    return own.annotate(rights=_rights_of(number)).order_by("network__order", "network__name")


@prepared
def _without_network(number: int) -> MemberQuerySet:
    members: MemberQuerySet = Member.objects.with_whether_they_hold_rights().filter(pk=number)
    members = members.annotate(owes_agreement=GroundRules.objects.is_owed())
    return members.annotate(rights=_rights_of(number))


NAME_OF_PERMISSION = Concat("content_type__app_label", Value("."), "codename")


def _permissions_of(number: int) -> QuerySet[Permission]:
    return Permission.objects.filter(Q(user=number) | Q(group__user=number)).order_by()


def _rights_of(number: int) -> Case:
    """The names of somebody's permissions, a line each, for the query that reads them: looked for only where there may
    be some."""
    names = _permissions_of(number).annotate(one=Value(1)).values("one").annotate(names=Lines(NAME_OF_PERMISSION))
    return Case(When(may_hold_rights=True, then=Subquery(names.values("names"))))


class AccountAdapter(DefaultAccountAdapter):
    error_messages = DefaultAccountAdapter.error_messages | {
        "incorrect_code": "The code is not correct. Check the newest email from us and enter the code again.",
        "too_many_login_attempts": "Too many tries. Wait a few minutes, then ask for a new code.",
        "rate_limited": "Too many tries. Wait a few minutes, then ask for a new code.",
        "email_taken": "The code is not correct. Check the newest email from us and enter the code again.",
        "email_password_mismatch": "The email address or the password is not correct. Check both, or ask for a code.",
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
        own = {"site_url": settings.SITE_URL, "email": email, "onward": onward(allauth_context.request)}
        message = self.render_mail(template_prefix, email, own | context)
        # Asked for every address, so that known and unknown ones take the same time.
        member = Member.objects.filter(email__iexact=email).first()
        stream = template_prefix.rpartition("/")[2]
        send_at_once(stream, member or email, WrittenMail(str(message.subject), str(message.body)))


LONGEST_ONWARD = 200  # letters: addresses of this site are shorter, and a stranger's words in our mail are kept short


def onward(request: HttpRequest) -> str:
    """The query that leads on to where somebody was going before they were asked to sign in, or ""."""
    address = get_next_redirect_url(request) or request.session.get("onward")
    return "?" + urlencode({REDIRECT_FIELD_NAME: address}) if address and len(address) <= LONGEST_ONWARD else ""


class SecondFactorAdapter(DefaultMFAAdapter):
    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": "The code is not correct, or was used already. Enter the one that your app shows now.",
    }

    def encrypt(self, text: str) -> str:
        return _cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Raises WrongKey."""
        try:
            return _cipher().decrypt(encrypted_text.encode()).decode()
        except InvalidToken as problem:
            logger.critical(
                "A second factor's secret was encrypted with another key. Put the key that this database was made with "
                "into GUILDHALL_ENCRYPTION_KEY, or its file encryption-key into GUILDHALL_VAR."
            )
            raise WrongKey from problem

    def generate_authenticator_name(self, user: AbstractBaseUser, type: Authenticator.Type) -> str:
        return "Passkey"

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        return {"id": passkey_host(allauth_context.request), "name": "Guildhall"}

    def get_public_key_credential_user_entity(self, user: AbstractBaseUser) -> dict[str, Any]:
        # The member's number, not the address: that may change.
        return {"id": user_pk_to_url_str(user).encode(), "name": user.get_username(), "display_name": str(user)}


def _cipher() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.ENCRYPTION_KEYS])


def passkey_host(request: HttpRequest) -> str:
    """The name that passkeys made here belong to: the site's own. "" where there can be none: a number is no name, and
    without https only the machine itself is safe enough for browsers."""
    asked = split_domain_port(request.get_host())[0].strip("[]")
    host = asked if asked == "localhost" else str(settings.SITE_HOST)
    if asked != host or not (settings.SITE_IS_HTTPS or host == "localhost"):
        return ""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host
    return ""
