from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.utils import timezone

from network.models import in_once  # noqa: F401  (the lookup of that name)
from network.models.mailbox_mark import MailboxMark, MailboxMarkQuerySet
from network.models.member import Member, Viewer
from network.places import place_of


class NetworkQuerySet(models.QuerySet["Network"]):
    def visible_to(self, viewer: Viewer) -> NetworkQuerySet:
        """Everyone sees that a network exists, what it is for and how to join. What is inside starts at `of`."""
        return self

    def of(self, viewer: Viewer) -> NetworkQuerySet:
        """The networks the viewer belongs to now: the root of every members-only read."""
        if not viewer.is_authenticated or not viewer.is_active:
            return self.none()
        return self.filter(pk__in=Membership.objects.active().filter(member=viewer).values("network"))

    def without_facilitator(self) -> NetworkQuerySet:
        """Those in which nobody decides on requests: there is none, or none whose account is in use."""
        return self.exclude(pk__in=Membership.objects.facilitators().values("network"))


class Network(models.Model):
    """A closed circle of officers. From outside: name, purpose, how to join, a published figure; nothing live."""

    class Joining(models.TextChoices):
        AT_ONCE = "at_once", "Any officer may join at once"
        BY_REQUEST = "by_request", "By request"

    name = models.CharField(max_length=100, unique=True)
    slug = models.SlugField(max_length=100, unique=True)
    purpose = models.TextField()
    audience = models.CharField("who it is for", max_length=300, blank=True)
    joining = models.CharField(max_length=10, choices=Joining.choices)
    question = models.CharField("question asked of applicants", max_length=300, blank=True)
    # The first post of a new member waits until a facilitator has seen it.
    first_post_hold = models.BooleanField("hold the first post of a new member", default=False)
    # Mail about it says that there is something, and not what: for networks whose words must not stand in a mailbox.
    content_free_mail = models.BooleanField("keep its words out of mail", default=False)
    # So many members have to report something before the site hides it by itself; 0: it never does.
    reports_to_hide = models.PositiveSmallIntegerField("reports that hide something", default=3)
    published_members = models.PositiveIntegerField("published number of members", null=True, blank=True)
    published_source = models.CharField("source of that number", max_length=200, blank=True)
    # Goes up whenever somebody's access ends, so that open sockets are checked again within a second.
    access_version = models.PositiveBigIntegerField(default=0, editable=False)
    order = models.PositiveSmallIntegerField(default=0)

    objects = NetworkQuerySet.as_manager()

    class Meta:
        ordering = ["order", "name"]
        constraints = [
            # One person alone hides nothing.
            models.CheckConstraint(condition=~models.Q(reports_to_hide=1), name="network_hidden_by_several"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return place_of("network", self.slug)

    @property
    def is_by_request(self) -> bool:
        return self.joining == self.Joining.BY_REQUEST


class MembershipQuerySet(models.QuerySet["Membership"]):
    def visible_to(self, viewer: Viewer) -> MembershipQuerySet:
        """Their own; the active ones of their networks; and, where they facilitate, all."""
        if not viewer.is_authenticated or not viewer.is_active:
            return self.none()
        mine = Membership.objects.active().filter(member=viewer)
        return self.filter(
            models.Q(member=viewer)
            | models.Q(state=Membership.State.ACTIVE, network__in=mine.values("network"))
            | models.Q(network__in=mine.filter(role=Membership.Role.FACILITATOR).values("network"))
        )

    def silenced(self, now: datetime | None = None) -> MembershipQuerySet:
        """Those who have been asked not to write for a while that is not over."""
        return self.filter(silent_until__gt=now or timezone.now())

    def sanctioned(self, now: datetime | None = None) -> MembershipQuerySet:
        """Those that are suspended, or asked not to write, by a decision that is not over."""
        now = now or timezone.now()
        over = models.Q(suspended_until__lte=now)
        return self.filter(models.Q(state=Membership.State.SUSPENDED) & ~over | models.Q(silent_until__gt=now))

    def suspensions_over(self, now: datetime) -> MembershipQuerySet:
        """Those whom somebody has to let in again now. An account that is out of use waits for its owner."""
        return self.filter(state=Membership.State.SUSPENDED, suspended_until__lte=now, member__is_active=True)

    def administered_by(self, viewer: Viewer) -> MembershipQuerySet:
        """For whoever looks after accounts: where somebody belongs, and in which state. What was said about it is
        between them and the facilitators."""
        if not viewer.has_perm("network.view_member"):
            return self.none()
        return self.defer("job", "reason", "decision", "silent_reason")

    def active(self) -> MembershipQuerySet:
        return self.filter(state=Membership.State.ACTIVE, member__is_active=True)

    def requested(self) -> MembershipQuerySet:
        return self.filter(state=Membership.State.REQUESTED, member__is_active=True)

    def decided(self) -> MembershipQuerySet:
        """Those whose request was answered, where the answer still holds."""
        return self.filter(state__in=(Membership.State.ACTIVE, Membership.State.DECLINED))

    def facilitators(self) -> MembershipQuerySet:
        return self.active().filter(role=Membership.Role.FACILITATOR)


class Membership(models.Model):
    """What a member is to a network. One row for ever: leaving and coming back changes its state."""

    class State(models.TextChoices):
        REQUESTED = "requested", "Requested"
        ACTIVE = "active", "Active"
        DECLINED = "declined", "Declined"
        SUSPENDED = "suspended", "Suspended"
        LEFT = "left", "Left"

    class Role(models.TextChoices):
        MEMBER = "member", "Member"
        FACILITATOR = "facilitator", "Facilitator"

    class Mail(models.TextChoices):
        """How often a network may write to a member."""

        WEEKLY = "weekly", "A digest each week"
        DAILY = "daily", "A digest each day"
        EACH = "each", "Every new thread"
        NOTHING = "nothing", "Nothing"

    # Why somebody is suspended or silent who had closed an account before that was over: the words went with it.
    GOES_ON = "This goes on from an earlier account with the same address."

    member = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    network = models.ForeignKey(Network, on_delete=models.CASCADE, related_name="memberships")
    state = models.CharField(max_length=10, choices=State.choices)
    role = models.CharField(max_length=12, choices=Role.choices, default=Role.MEMBER)
    mail = models.CharField(max_length=10, choices=Mail.choices, default=Mail.WEEKLY)
    # When they last chose another; empty as long as it is what everybody begins with.
    mail_chosen_at = models.DateTimeField(null=True, blank=True)
    job = models.CharField("their role, as they put it when asking", max_length=100, blank=True)
    reason = models.TextField("why they asked to join", blank=True)
    requested_at = models.DateTimeField(null=True, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    decision = models.TextField("words of the decision", blank=True)
    # Of a suspension that ends by itself: from when on the site lets them in again.
    suspended_until = models.DateTimeField(null=True, blank=True)
    # Until then they read on and write nothing in this network; it stays when they leave and come back.
    silent_until = models.DateTimeField(null=True, blank=True)
    silent_reason = models.TextField("why they were asked not to write", blank=True)
    # When the facilitators were reminded of this request; empty again with a new one.
    reminded_at = models.DateTimeField(null=True, blank=True)
    joined_at = models.DateTimeField(null=True, blank=True)
    # Nothing written before this moment is unread: set when joining, moved by "mark all as read".
    read_before = models.DateTimeField(default=timezone.now)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["member", "network"], name="membership_once"),
            models.CheckConstraint(
                condition=~models.Q(state="requested") | models.Q(requested_at__isnull=False),
                name="membership_request_has_a_time",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="active") | models.Q(joined_at__isnull=False),
                name="membership_active_has_joined",
            ),
            models.CheckConstraint(
                condition=models.Q(suspended_until__isnull=True) | models.Q(state="suspended"),
                name="membership_suspended_until_its_end",
            ),
            models.CheckConstraint(
                condition=models.Q(silent_until__isnull=True) | ~models.Q(silent_reason=""),
                name="membership_silence_has_a_reason",
            ),
        ]
        indexes = [models.Index(fields=["network", "state", "role"], name="membership_by_network")]

    def __str__(self) -> str:
        return f"{self.member} in {self.network}: {self.get_state_display()}"

    @property
    def is_active(self) -> bool:
        return self.state == self.State.ACTIVE

    @property
    def is_requested(self) -> bool:
        return self.state == self.State.REQUESTED

    @property
    def is_declined(self) -> bool:
        return self.state == self.State.DECLINED

    @property
    def is_suspended(self) -> bool:
        return self.state == self.State.SUSPENDED

    def is_silent(self, now: datetime | None = None) -> bool:
        """Whether they have been asked not to write, and it is not over."""
        return self.silent_until is not None and self.silent_until > (now or timezone.now())

    @property
    def goes_on_from_before(self) -> bool:
        """Whether they were asked not to write before they closed an earlier account: why is not known any more."""
        return self.silent_reason == self.GOES_ON

    @property
    def is_facilitator(self) -> bool:
        return self.is_active and self.role == self.Role.FACILITATOR

    @property
    def was_removed(self) -> bool:
        """Ended by a facilitator, who said why; leaving of one's own will is nobody's decision."""
        return self.state == self.State.LEFT and self.decided_at is not None


class MembershipEventQuerySet(models.QuerySet["MembershipEvent"]):
    def visible_to(self, viewer: Viewer) -> MembershipEventQuerySet:
        """The history of their own memberships; and, where they facilitate, of all."""
        if not viewer.is_authenticated or not viewer.is_active:
            return self.none()
        facilitated = Membership.objects.facilitators().filter(member=viewer).values("network")
        return self.filter(models.Q(membership__member=viewer) | models.Q(membership__network__in=facilitated))

    def conversation(self) -> MembershipEventQuerySet:
        """What facilitators asked about a request that still waits, and what was answered."""
        kinds = (MembershipEvent.Kind.QUESTION, MembershipEvent.Kind.ANSWER)
        return self.filter(
            kind__in=kinds,
            membership__state=Membership.State.REQUESTED,
            at__gte=models.F("membership__requested_at"),
        )

    def decisions(self) -> MembershipEventQuerySet:
        """What facilitators and administrators decided, as against what the member did."""
        return self.filter(kind__in=MembershipEvent.DECISIONS)


class MembershipEvent(models.Model):
    """One step in the history of a membership: who, when, and in what words. Inserted, never changed: the membership
    itself holds only what is true now."""

    class Kind(models.TextChoices):
        ASKED = "asked", "Asked to join"
        QUESTION = "question", "A facilitator asked"
        ANSWER = "answer", "The applicant answered"
        WITHDRAWN = "withdrawn", "Withdrew the request"
        APPROVED = "approved", "Approved"
        DECLINED = "declined", "Declined"
        INVITED = "invited", "Came by an invitation"
        JOINED = "joined", "Joined"
        LEFT = "left", "Left"
        REMOVED = "removed", "Removed"
        SUSPENDED = "suspended", "Suspended"
        REINSTATED = "reinstated", "Let in again"
        WARNED = "warned", "Warned"
        SILENCED = "silenced", "Asked not to write"
        UNSILENCED = "unsilenced", "May write again"
        APPOINTED = "appointed", "Became a facilitator"
        STOOD_DOWN = "stood_down", "Is no longer a facilitator"

    DECISIONS = (
        Kind.APPROVED,
        Kind.DECLINED,
        Kind.REMOVED,
        Kind.SUSPENDED,
        Kind.REINSTATED,
        Kind.WARNED,
        Kind.SILENCED,
        Kind.UNSILENCED,
        Kind.APPOINTED,
        Kind.STOOD_DOWN,
    )

    membership = models.ForeignKey(Membership, on_delete=models.CASCADE, related_name="history")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    # Null: the site itself, or somebody whose account is gone.
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    words = models.TextField(blank=True)
    # Of what was to end by itself: when.
    until = models.DateTimeField(null=True, blank=True)
    at = models.DateTimeField(default=timezone.now)

    objects = MembershipEventQuerySet.as_manager()

    class Meta:
        ordering = ["at", "pk"]
        indexes = [models.Index(fields=["membership", "at"], name="membership_history")]

    def __str__(self) -> str:
        return f"{self.membership_id}: {self.get_kind_display()}"


class StandingSanctionQuerySet(MailboxMarkQuerySet["StandingSanction"]):
    def waiting_for(self, member: Member) -> StandingSanctionQuerySet:
        """Those of their mailbox, but for what they have themselves: of an address that they had before and have
        again."""
        return self.of(member.email).exclude(membership__member=member)


class StandingSanction(MailboxMark):
    """A network had suspended somebody, or asked them not to write."""

    class Kind(models.TextChoices):
        SUSPENDED = "suspended", "Suspended"
        SILENCED = "silenced", "Asked not to write"

    network = models.ForeignKey(Network, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=9, choices=Kind.choices)
    # Whose it is as long as they have an account: it ends with theirs, and does not wait for them.
    membership = models.ForeignKey(Membership, on_delete=models.SET_NULL, null=True, editable=False, related_name="+")

    objects = StandingSanctionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["network", "mailbox_digest", "kind"], name="standing_sanction_once"),
            models.CheckConstraint(
                condition=~models.Q(kind="silenced") | models.Q(until__isnull=False),
                name="standing_silence_has_an_end",
            ),
        ]

    def __str__(self) -> str:
        return f"A mailbox in {self.network}: {self.get_kind_display()}"
