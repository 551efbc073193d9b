from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.contrib.auth.models import AnonymousUser, Permission, PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

from network.places import place_of

if TYPE_CHECKING:
    from network.models.network import Membership
    from network.models.standing import Standing


def mailbox_of(address: str) -> str:
    """The address without a tag, lower case: a+news@... and a@... are one mailbox, and one account. Mail systems that
    know tags (RFC 5233) all cut at the plus; a mailbox whose own name has one is unheard of at a council."""
    local, at, domain = address.strip().lower().rpartition("@")
    return f"{local.partition('+')[0] or local}{at}{domain}"


class MemberQuerySet(models.QuerySet["Member"]):
    def visible_to(self, viewer: Viewer) -> MemberQuerySet:
        """Themselves, and the people they share a network with."""
        if not viewer.is_authenticated or not viewer.is_active:
            return self.none()
        return self.filter(models.Q(pk=viewer.pk) | models.Q(pk__in=_share_a_network_with(viewer)))

    def in_directory_of(self, viewer: Viewer) -> MemberQuerySet:
        """The officers whom the viewer shares a network with, the viewer among them. No partner and no supplier."""
        return self.filter(pk__in=_share_a_network_with(viewer), kind=Member.Kind.OFFICER, is_active=True)

    def exported_to(self, viewer: Viewer) -> MemberQuerySet:
        """For administrators: every officer who was let in and whose account is in use, whatever they belong to."""
        if not viewer.is_authenticated or not viewer.is_active or not viewer.has_perm("network.view_member"):
            return self.none()
        return self.filter(kind=Member.Kind.OFFICER, is_active=True).exclude(admission=None)

    def administered_by(self, viewer: Viewer) -> MemberQuerySet:
        """All accounts, for whoever looks after them; nobody for everybody else. Only the administrators' screens start
        here: what a member sees of others starts at `visible_to`."""
        return self if viewer.has_perm("network.view_member") else self.none()

    def find(self, words: str) -> MemberQuerySet:
        """For administrators: by name, address or organisation, or a part of one."""
        return self.filter(
            models.Q(name__icontains=words)
            | models.Q(email__icontains=words)
            | models.Q(organisation__name__icontains=words)
        )

    def in_state(self, state: str) -> MemberQuerySet:
        """One of Member.STATES."""
        if state == "in_use":
            return self.filter(is_active=True, admission__isnull=False)
        if state == "not_admitted":
            return self.filter(is_active=True, admission=None).exclude(pk__in=Member.objects.unproved().values("pk"))
        if state == "unproved":
            return self.unproved()
        if state == "no_organisation":
            return self.filter(is_active=True, admission__isnull=False, organisation=None)
        return self.filter(is_active=False, inactive_because=state)

    def administrators(self) -> MemberQuerySet:
        """Those who may now change what others may do."""
        return self.holding("change_member")

    def with_whether_they_hold_rights(self) -> MemberQuerySet:
        """Each `may_hold_rights`: false for almost everybody, whose rights then need not be looked up."""
        return self.annotate(may_hold_rights=models.Q(is_superuser=True) | self.in_group_or_with_permission())

    @staticmethod
    def in_group_or_with_permission(member: str = "pk") -> models.Q:
        """`member`: the column that says who it is, in the query that this is put into."""
        own = {"member": models.OuterRef(member)}
        groups, permissions = Member.groups.through.objects, Member.user_permissions.through.objects
        return models.Exists(groups.filter(**own)) | models.Exists(permissions.filter(**own))

    def unproved(self) -> MemberQuerySet:
        """Addresses that somebody typed into the sign-up form and nobody has shown to be theirs: no account yet."""
        typed = self.filter(emailaddress__verified=False, admission=None, last_login=None)
        # Nor is whoever was made on the command line, with a password or a right.
        typed = typed.filter(is_superuser=False, groups=None, password__startswith=UNUSABLE_PASSWORD_PREFIX)
        return typed.exclude(emailaddress__verified=True)

    def may_be_mailed(self) -> MemberQuerySet:
        """Those to whom networks may write: the account is in use, the mailbox takes mail, and they were asked how they
        want it and have answered, or passed the question over."""
        asked = models.Q(welcome_steps_done__gte=1) | models.Q(digest_chosen_at__isnull=False)
        return self.filter(asked, is_active=True, mail_bounced_at=None)

    def lapsed(self) -> MemberQuerySet:
        """Out of use until they show that the mailbox is still theirs."""
        return self.filter(is_active=False, inactive_because=Member.Inactive.LAPSED)

    def holding(self, right: str) -> MemberQuerySet:
        """Those who hold one of this storey's rights, such as "change_organisationdomain": by themselves, or by a
        group. By subqueries, for rows of a DISTINCT cannot be locked."""
        rights = Permission.objects.filter(content_type__app_label="network", codename=right)
        groups = Member.groups.through.objects.filter(group__permissions__in=rights)
        own = Member.user_permissions.through.objects.filter(permission__in=rights)
        held = models.Q(pk__in=groups.values("member")) | models.Q(pk__in=own.values("member"))
        return self.filter(held | models.Q(is_superuser=True), is_active=True)

    def search(self, words: str) -> MemberQuerySet:
        """Those of whom each word stands in their name, their organisation's, or what they show of themselves. By what
        is hidden nobody is found, not even by themselves."""
        from network.models.profile import MemberTool

        found = self
        for word in words.split()[:MOST_WORDS]:
            tools = MemberTool.objects.shown().filter(member=models.OuterRef("pk"), name__icontains=word)
            found = found.filter(
                models.Q(name__icontains=word)
                | models.Q(organisation__name__icontains=word)
                | models.Q(SHOWS_JOB_TITLE, job_title__icontains=word)
                | models.Q(profile__shows_help_with=True, profile__help_with__icontains=word)
                | models.Q(profile__shows_about=True, profile__about__icontains=word)
                | models.Q(models.Exists(tools))
            )
        return found


MOST_WORDS = 6
# Who has told nothing of themselves yet has hidden nothing either.
SHOWS_JOB_TITLE = models.Q(profile=None) | models.Q(profile__shows_job_title=True)


def _share_a_network_with(viewer: Viewer) -> models.QuerySet[Any, Any]:
    """The numbers of all who belong to a network that the viewer belongs to."""
    from network.models.network import Membership, Network

    return Membership.objects.active().filter(network__in_once=Network.objects.of(viewer)).values("member")


class MemberManager(BaseUserManager["Member"].from_queryset(MemberQuerySet)):  # type: ignore[misc]
    """Makes members for Django and allauth; the site itself admits them with `network.actions.admission`."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> Member:
        member: Member = self.model(email=mailbox_of(email), **fields)
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

    # How an administrator sorts accounts.
    STATES = {
        "in_use": "In use",
        "no_organisation": "Without an organisation",
        "not_admitted": "Not let in yet",
        "unproved": "Mailbox not proved",
        "suspended": "Suspended",
        "lapsed": "Lapsed",
        "closed": "Closed",
    }
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
    # When their digest comes: the day of the week of a weekly one (0 is Monday), and the hour, both in London.
    digest_day = models.PositiveSmallIntegerField(default=0)
    digest_hour = models.PositiveSmallIntegerField(default=8)
    # What concerns them is mailed within minutes: mentions, answers to them, threads they watch. Otherwise it waits for
    # the digest.
    mails_at_once = models.BooleanField(default=True)
    # When they last said how they want to be written to, or changed day or hour: a time before that was never theirs.
    digest_chosen_at = models.DateTimeField(null=True, blank=True)
    # Mail came back, and since then they have not shown that the mailbox is theirs: nothing but codes goes there.
    mail_bounced_at = models.DateTimeField(null=True, blank=True)
    # Of the steps of the first visit, how many were done or passed over.
    welcome_steps_done = models.PositiveSmallIntegerField(default=0)

    # Held for the length of one request that only reads; see `Standing`.
    standing: Standing | None = None
    # As they were when the session's member was read, for a request that only reads; see `MemberBackend.get_user`.
    memberships_then: list[Membership] | None = None
    rights_then: frozenset[str] | None = None
    _perm_cache: set[str]  # Django's own

    objects: ClassVar[MemberManager] = MemberManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("email"), name="member_email_any_case"),
            models.CheckConstraint(
                condition=models.Q(digest_day__lte=6, digest_hour__lte=23), name="member_digest_has_a_time"
            ),
        ]

    def __str__(self) -> str:
        return self.get_full_name()

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        # Known of whoever sends a request, by `with_whether_they_hold_rights`.
        return getattr(self, "may_hold_rights", True) and super().has_perm(perm, obj)

    def get_full_name(self) -> str:
        return self.name or "A member"

    def get_short_name(self) -> str:
        return self.get_full_name().split(" ")[0]

    def get_absolute_url(self) -> str:
        return place_of("member", self.pk)

    @property
    def shown_job_title(self) -> str:
        """As others see it. Lists ask for `profile` together with their members."""
        profile = getattr(self, "profile", None)
        return self.job_title if profile is None or profile.shows_job_title else ""

    @property
    def is_welcomed(self) -> bool:
        """Whether the steps of the first visit are behind them."""
        return self.welcome_steps_done >= self.WELCOME_STEPS

    @property
    def label(self) -> str:
        """What stands beside the name of whoever is no officer, wherever it appears."""
        return "" if self.kind == self.Kind.OFFICER else str(self.get_kind_display())


# Whoever looks at a page: every `visible_to` takes one.
Viewer = Member | AnonymousUser


class AccountEventQuerySet(models.QuerySet["AccountEvent"]):
    def visible_to(self, viewer: Viewer) -> AccountEventQuerySet:
        return self if viewer.has_perm("network.view_member") else self.none()


class AccountEvent(models.Model):
    """What administrators decided about an account, and why. Inserted, never changed; goes with the account."""

    class Kind(models.TextChoices):
        SUSPENDED = "suspended", "Suspended"
        REINSTATED = "reinstated", "Let in again"
        CORRECTED = "corrected", "Organisation or kind changed"

    member = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="account_history")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    words = models.TextField(blank=True)
    at = models.DateTimeField(default=timezone.now)

    objects = AccountEventQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["member", "-at"], name="account_history")]

    def __str__(self) -> str:
        return f"{self.member_id}: {self.get_kind_display()}"
