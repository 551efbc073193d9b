from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import AnonymousUser, Permission, PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils import timezone


class MemberQuerySet(models.QuerySet["Member"]):
    def visible_to(self, viewer: Viewer) -> MemberQuerySet:
        """Themselves, and the people they share a network with."""
        if not viewer.is_authenticated or not viewer.is_active:
            return self.none()
        from network.models.network import Membership, Network

        shared = Membership.objects.active().filter(network__in=Network.objects.of(viewer)).values("member")
        return self.filter(models.Q(pk=viewer.pk) | models.Q(pk__in=shared))

    def unproved(self) -> MemberQuerySet:
        """Addresses that somebody typed into the sign-up form and nobody has shown to be theirs: no account yet."""
        typed = self.filter(emailaddress__verified=False, admission=None, last_login=None)
        return typed.exclude(emailaddress__verified=True)

    def with_right(self, right: str) -> MemberQuerySet:
        """Those in use who hold one of Django's permissions of this storey, such as "change_member"."""
        held = Permission.objects.filter(content_type__app_label="network", codename=right)
        holds = (
            models.Q(is_superuser=True) | models.Q(user_permissions__in=held) | models.Q(groups__permissions__in=held)
        )
        return self.filter(holds, is_active=True).distinct()

    def search(self, words: str) -> MemberQuerySet:
        return self.filter(name__icontains=words)


class MemberManager(BaseUserManager["Member"].from_queryset(MemberQuerySet)):  # type: ignore[misc]
    """Makes members for Django and allauth; the site itself admits them with `network.actions.admission`."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> Member:
        member: Member = self.model(email=email.strip().lower(), **fields)
        member.set_password(password)
        member.save(using=self._db)
        return member

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> Member:
        return self.create_user(email, password, is_superuser=True, **fields)

    def get_by_natural_key(self, email: str | None) -> Member:
        member: Member = self.get(email__iexact=email)
        return member


class Member(AbstractBaseUser, PermissionsMixin):  # type: ignore[django-manager-missing]  # Wagtail gives it pages
    """Somebody with an account, a council officer mostly. Identity is this row: addresses, jobs and councils change."""

    class Kind(models.TextChoices):
        """Partners and suppliers are let in by name only, labelled wherever they appear, and never in the directory."""

        OFFICER = "officer", "Council officer"
        PARTNER = "partner", "Partner"
        SUPPLIER = "supplier", "Supplier"

    class Inactive(models.TextChoices):
        """Why an account is not in use."""

        LAPSED = "lapsed", "The mailbox was not proved again in time"
        SUSPENDED = "suspended", "Suspended by an administrator"
        CLOSED = "closed", "Closed by its owner"

    # How many short steps a first visit has: how shall we write to you, what interests you, say hello.
    WELCOME_STEPS = 3

    email = models.EmailField("email address", max_length=254, unique=True)
    name = models.CharField("full name", max_length=100, blank=True)
    organisation = models.ForeignKey(
        "network.Organisation", on_delete=models.PROTECT, null=True, blank=True, related_name="members"
    )
    job_title = models.CharField(max_length=100, blank=True)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.OFFICER)
    is_active = models.BooleanField(default=True)
    # Empty while the account is in use; never shown to other members.
    inactive_because = models.CharField(max_length=10, choices=Inactive.choices, blank=True)
    date_joined = models.DateTimeField(default=timezone.now)
    # Whoever holds the mailbox holds the account, so that it is still theirs is proved again from time to time.
    mailbox_proved_at = models.DateTimeField(null=True, blank=True)
    mailbox_asked_at = models.DateTimeField("asked to prove the mailbox again", null=True, blank=True)
    # Of the steps of the first visit, how many were done or passed over.
    welcome_steps_done = models.PositiveSmallIntegerField(default=0)

    objects: ClassVar[MemberManager] = MemberManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="member_email_any_case")]

    def __str__(self) -> str:
        return self.get_full_name()

    def get_full_name(self) -> str:
        return self.name or "A member"

    def get_short_name(self) -> str:
        return self.get_full_name().split(" ")[0]

    def get_absolute_url(self) -> str:
        return reverse("member", args=[self.pk])

    @property
    def label(self) -> str:
        """What stands beside the name of whoever is no officer, wherever it appears."""
        return "" if self.kind == self.Kind.OFFICER else str(self.get_kind_display())


# Whoever looks at a page: every `visible_to` takes one.
Viewer = Member | AnonymousUser
