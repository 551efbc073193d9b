from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone

from forums.models.attachment import Attachment
from forums.models.message import Message
from forums.models.post import Post
from forums.models.practice import Practice
from forums.models.question import Question
from network.models import Member, Membership, MemberTool, Network, Profile, Viewer
from network.models.network import MembershipQuerySet

# What somebody may report.
Thing = Post | Message | Question | Attachment | Member


class CaseQuerySet(models.QuerySet["Case"]):
    def visible_to(self, viewer: Viewer) -> CaseQuerySet:
        """Those that the viewer looks after, and never one about their own words: not even that there is one. Neither
        whoever reported nor whoever wrote it sees a case; each has what concerns them (`told_to`, `Report.told_to`)."""
        facilitated = Membership.objects.facilitators().filter(member=viewer.pk or 0)
        looked_after = Q(network__in=facilitated.values("network"))
        if _administers(viewer):
            looked_after |= Q(pk__in=Case.objects.left_to_administrators().values("pk"))
            looked_after |= Q(appeal__decided_by=viewer.pk)
        return self.filter(looked_after).exclude(author=viewer.pk or 0)

    def administered_by(self, viewer: Viewer) -> CaseQuerySet:
        """Of those, the ones that no network looks after by itself."""
        if not _administers(viewer):
            return self.none()
        return self.visible_to(viewer).filter(pk__in=Case.objects.left_to_administrators().values("pk"))

    def left_to_administrators(self) -> CaseQuerySet:
        """Without a network; or nobody but the author facilitates it; or nobody but them and whoever decided, where
        there is an appeal against that."""
        nobody = ~Exists(_facilitators_but("author"))
        appealed = Appeal.objects.open().filter(
            ~Exists(_facilitators_but("case__author", "case__decided_by", network="case__network"))
        )
        return self.filter(Q(network=None) | nobody | Q(pk__in=appealed.values("case")))

    def told_to(self, viewer: Viewer) -> CaseQuerySet:
        """Those about the viewer's own words that somebody has decided, or by which they are hidden for now. Until then
        they learn nothing, for all that could be said is that somebody reported them."""
        told = Q(state=Case.State.DECIDED) | ~Q(hidden_for_now_at=None)
        return self.filter(told, author=viewer.pk or 0)

    def that_hid(self) -> CaseQuerySet:
        """Those by which something was hidden, though it may be shown again."""
        return self.filter(Q(outcome=Case.Outcome.HIDDEN) | ~Q(hidden_for_now_at=None))

    def open(self) -> CaseQuerySet:
        return self.filter(state=Case.State.OPEN)

    def waiting(self) -> CaseQuerySet:
        """What somebody has to do something about: open ones, and those with an appeal that nobody has decided."""
        return self.filter(Q(state=Case.State.OPEN) | Q(pk__in=Appeal.objects.open().values("case")))

    def waiting_for(self, viewer: Viewer) -> CaseQuerySet:
        """Of those that wait the ones that the viewer looks after and may do something about: an appeal is answered by
        somebody else than decided."""
        return self.visible_to(viewer).waiting().exclude(state=Case.State.DECIDED, decided_by=viewer.pk or 0)

    def in_order(self) -> CaseQuerySet:
        """Those about which somebody said that it may be against the law, then those that have waited longest."""
        return self.order_by("-is_urgent", "opened_at", "pk")

    def about(self, thing: Thing) -> CaseQuerySet:
        return self.filter(**{field_of(thing): thing})

    def that_hide_questions(self) -> CaseQuerySet:
        """Those by which a question that was published is out of sight now: decided so, or for now. Where there is none
        of one that is not shown, whoever hosts its session took it away, and may put it back."""
        decided = Q(outcome=Case.Outcome.HIDDEN, decided_at__gte=F("question__state_at"))
        for_now = Q(state=Case.State.OPEN, hidden_for_now_at__gte=F("question__state_at"))
        return self.filter(decided | for_now, question__state=Question.State.REFUSED)

    def reported(self) -> CaseQuerySet:
        """Without those that a facilitator began by hiding something that nobody had reported."""
        return self.filter(Exists(Report.objects.filter(case=OuterRef("pk"))))

    def times_to_first_action(self) -> list[timedelta]:
        """Of those that somebody reported: how long it took until a person claimed, noted or decided; the shortest
        first. Those that nobody has looked at yet are left out."""
        acted_on = self.reported().exclude(first_action_at=None).order_by()
        times = acted_on.values_list("first_action_at", "opened_at")
        return sorted(acted - opened for acted, opened in times if acted)

    def with_things(self) -> CaseQuerySet:
        """With what is said of each in a list, in one query."""
        found = self.select_related(
            "network",
            "author__organisation",
            "claimed_by",
            "decided_by",
            "post__thread__network",
            "message__room__network",
            "question__room__network",
            "attachment__post__thread__network",
            "member__profile",
            "appeal",
        )
        return found.defer("post__html")


def _administers(viewer: Viewer) -> bool:
    return viewer.is_authenticated and viewer.is_active and viewer.has_perm("network.change_member")


def _facilitators_but(*columns: str, network: str = "network") -> MembershipQuerySet:
    """Those of the network of an outer row, but for whom its columns name."""
    found = Membership.objects.facilitators().filter(network=OuterRef(network))
    for column in columns:
        found = found.exclude(member_id=Coalesce(OuterRef(f"{column}_id"), 0))
    return found


class Case(models.Model):
    """What is done about something that was reported, however many reported it. A facilitator who hides something by
    themselves makes one too, so that there is something to appeal against."""

    class State(models.TextChoices):
        OPEN = "open", "Open"
        DECIDED = "decided", "Decided"

    class Outcome(models.TextChoices):
        LEFT = "left", "Left as it is"
        HIDDEN = "hidden", "Hidden"
        DEALT = "dealt", "Dealt with in another way"

    # None: where no network looks after it, such as a page of the hub.
    network = models.ForeignKey(Network, on_delete=models.CASCADE, null=True, related_name="cases")
    # At most one of these, and none for an address at which nothing stands that members wrote.
    post = models.ForeignKey(Post, on_delete=models.CASCADE, null=True, related_name="cases")
    message = models.ForeignKey(Message, on_delete=models.CASCADE, null=True, related_name="cases")
    question = models.ForeignKey(Question, on_delete=models.CASCADE, null=True, related_name="cases")
    # Its owner may delete it; what was said of it stays.
    attachment = models.ForeignKey(Attachment, on_delete=models.SET_NULL, null=True, related_name="cases")
    # Whose profile: with their account it goes, and so does what was said of it.
    member = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="cases")
    address = models.CharField(max_length=500, blank=True)  # as whoever has no account gave it
    # By this its author is led to what was decided. Its number would tell by its neighbours when it was reported.
    told_as = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    # Whose words or file it is about. None: the hub's own, or nobody's.
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    state = models.CharField(max_length=7, choices=State.choices, default=State.OPEN)
    # Somebody said that it may be against the law.
    is_urgent = models.BooleanField(default=False)
    opened_at = models.DateTimeField(default=timezone.now)
    # When a person first claimed it, noted something or decided. What the site does by itself is no action.
    first_action_at = models.DateTimeField(null=True)
    # The site hid it because so many had reported it, until somebody decides.
    hidden_for_now_at = models.DateTimeField(null=True)
    claimed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    claimed_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=6, choices=Outcome.choices, blank=True)
    # Of something hidden: why, for its author.
    reason = models.CharField(max_length=300, blank=True)
    # Of a profile that was hidden: which parts of it its owner had shown.
    hidden_parts = models.CharField(max_length=80, blank=True)

    objects = CaseQuerySet.as_manager()

    class Meta:
        constraints = [
            *(
                models.UniqueConstraint(fields=[thing], condition=Q(state="open"), name=f"case_open_once_by_{thing}")
                for thing in ("post", "message", "question", "attachment", "member")
            ),
            models.CheckConstraint(
                condition=Q(post=None, message=None, question=None, attachment=None)
                | Q(post=None, message=None, question=None, member=None)
                | Q(post=None, message=None, attachment=None, member=None)
                | Q(post=None, question=None, attachment=None, member=None)
                | Q(message=None, question=None, attachment=None, member=None),
                name="case_about_one_thing",
            ),
            models.CheckConstraint(
                condition=Q(state="open", decided_at=None, outcome="")
                | Q(state="decided", decided_at__isnull=False) & ~Q(outcome=""),
                name="case_decided_with_outcome",
            ),
            models.CheckConstraint(condition=~Q(outcome="hidden") | ~Q(reason=""), name="case_hidden_with_reason"),
        ]
        indexes = [models.Index(fields=["network", "state", "opened_at"], name="case_by_network")]

    def __str__(self) -> str:
        return f"Case {self.pk}: {self.get_state_display()}"

    def get_absolute_url(self) -> str:
        return reverse("case", args=[self.pk])

    @property
    def thing(self) -> Thing | None:
        """What it is about; None where that is gone, or was never anything that a member wrote."""
        return self.post or self.message or self.question or self.attachment or self.member

    @property
    def is_open(self) -> bool:
        return self.state == self.State.OPEN

    @property
    def is_hidden(self) -> bool:
        """Whether what it is about is out of sight now."""
        if self.member:
            return bool(self.hidden_parts)
        if self.question:
            # What was taken away again since is no matter of a decision from before.
            is_this = self.is_open or (self.decided_at is not None and self.decided_at >= self.question.state_at)
            return self.question.state == Question.State.REFUSED and is_this
        thing = self.post or self.message or self.attachment
        return thing is not None and thing.hidden_at is not None

    @property
    def is_gone(self) -> bool:
        """Whether there is nothing left that could be hidden: its author has deleted it, or it never was."""
        if self.post or self.message:
            thing = self.post or self.message
            return thing is None or thing.deleted_at is not None
        if self.question:
            return self.question.state == Question.State.WITHDRAWN
        if self.attachment:
            return self.attachment.is_refused or self.attachment.kept_for_id is not None
        return self.thing is None

    @property
    def waits_since(self) -> datetime:
        """Of a case that waits: since when."""
        appeal = self.appeal_or_none
        return appeal.at if appeal and not self.is_open else self.opened_at

    @property
    def appeal_or_none(self) -> Appeal | None:
        return getattr(self, "appeal", None)

    @property
    def shown_author(self) -> Member | None:
        """Whose it is, where that is shown: of what was said under the Chatham House rule, and of what was asked
        without a name, nobody reads it here either."""
        if self.question:
            return None if self.question.unnamed_as or not self.question.names_asker else self.author
        return None if self.message and not self.message.names_author else self.author

    @property
    def tells_author(self) -> bool:
        """Whether it is said that its author is told what is decided. Of a question or a message it always is: that
        nobody is left who could be told would tell who it was."""
        return bool(self.author_id or self.question_id or self.message_id)

    @property
    def logged_author(self) -> Member | None:
        """Whose it is, where that may stand in the audit log, from which nothing is taken away again: not of what was
        said under the Chatham House rule, though the session may still show its names."""
        room = self.message.room if self.message else self.question.room if self.question else None
        loses_names = room is not None and (room.is_chatham_house or room.nameless_until is not None)
        return None if loses_names else self.shown_author

    @property
    def kind(self) -> str:
        """What sort of thing, saying nothing of it."""
        if self.post_id:
            return "a post"
        if self.message_id:
            return "a message in a live room"
        if self.question_id:
            return "a question in a live room"
        if self.member_id:
            return "a profile"
        return "a page" if self.address else "a file"

    @property
    def title(self) -> str:
        """What it is about, in a line for those who look after it."""
        if self.post:
            return f"Post {self.post.number} in “{self.post.thread.title}”"
        if self.message:
            return f"Message {self.message.seq} in “{self.message.room.title}”"
        if self.question:
            return f"Question {self.question.number} in “{self.question.room.title}”"
        if self.attachment:
            return f"The file “{self.attachment.name}”"
        if self.member:
            return f"The profile of {self.member}"
        return self.address or "A file that was deleted"

    @property
    def thing_address(self) -> str:
        """Where it stands; empty where it stands nowhere."""
        if self.attachment and self.attachment.post:
            return self.attachment.post.get_absolute_url()
        thing = self.post or self.message or self.question or self.member
        return thing.get_absolute_url() if thing else ""


def field_of(thing: Thing) -> str:
    """The column of a case that leads to such a thing."""
    columns = {Post: "post", Message: "message", Question: "question", Attachment: "attachment", Member: "member"}
    return columns[type(thing)]


def author_of(thing: Thing) -> Member | None:
    if isinstance(thing, Member):
        return thing
    return thing.member if isinstance(thing, Attachment) else thing.author


def said_by(thing: Thing) -> str:
    """All the words of something as they are now, to be kept with a report: whoever wrote them may change or delete
    them before anybody has looked."""
    if isinstance(thing, Message | Question):
        return thing.body
    if isinstance(thing, Attachment):
        return f"{thing.name}\n\n{thing.alt}".strip()
    if isinstance(thing, Member):
        return _said_of_themselves(thing)
    beside = Practice.objects.beside(thing)
    title = thing.thread.title if thing.number == 1 else ""
    files = "\n".join(thing.attachments.values_list("name", flat=True))
    return "\n\n".join(part for part in (title, beside.source if beside else "", thing.source, files) if part)


def portrait_shown(thing: Thing) -> Profile | None:
    """The profile whose picture others see, if it is one."""
    if not isinstance(thing, Member):
        return None
    shown = Profile.objects.filter(member=thing, shows_picture=True).exclude(picture="")
    return shown.select_related("member").first()


def _said_of_themselves(member: Member) -> str:
    """What others see of it."""
    profile = Profile.of(member)
    shown = [str(member), member.job_title if profile.shows_job_title else ""]
    shown += [profile.help_with if profile.shows_help_with else "", profile.about if profile.shows_about else ""]
    if profile.shows_tools:
        shown.append(", ".join(MemberTool.objects.filter(member=member).values_list("name", flat=True)))
    if profile.picture and profile.shows_picture:
        shown.append(profile.described_picture)
    return "\n\n".join(part for part in shown if part)


def _was_said_here() -> Q:
    """By somebody who has ever belonged to the network that the case is in now, or by nobody with an account. Only what
    was said of threads can be in another network than it was said in."""
    belonged = Membership.objects.filter(network=OuterRef("case__network"), member=OuterRef("by"))
    of_a_thread = Q(case__post__isnull=False) | Q(case__attachment__isnull=False)
    return ~of_a_thread | Q(by=None) | Q(case__network=None) | Q(Exists(belonged))


class ReportQuerySet(models.QuerySet["Report"]):
    def visible_to(self, viewer: Viewer) -> ReportQuerySet:
        """Those of cases that the viewer looks after, and nobody else's: not even the reporter's own, who has only what
        is told to them. Nor what was reported to another network, from which the thread has moved since."""
        return self.filter(_was_said_here(), case__in=Case.objects.visible_to(viewer).values("pk"))

    def told_to(self, viewer: Viewer) -> ReportQuerySet:
        """The viewer's own: that they reported something, and once it is decided what became of it."""
        return self.filter(by=viewer.pk or 0)


class Report(models.Model):
    """Somebody tells those who look after it that something is not right."""

    class Kind(models.TextChoices):
        UNKIND = "unkind", "It is unkind or abusive"
        PERSONAL = "personal", "It tells something about a person that it should not"
        CONFIDENTIAL = "secret", "It names a supplier's prices or something else that is confidential"
        SPAM = "spam", "It is advertising or spam"
        UNLAWFUL = "unlawful", "It may be against the law"
        OTHER = "other", "Something else"

    LONGEST = 1_000

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="reports")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    words = models.CharField(max_length=LONGEST, blank=True)
    # What it said then: its author may change or delete it before anybody has looked.
    said = models.TextField(blank=True)
    # None: somebody without an account.
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="reports")
    # Of whoever has no account, and only until they have been told what became of it.
    reply_to_address = models.EmailField(blank=True)
    at = models.DateTimeField(default=timezone.now)

    objects = ReportQuerySet.as_manager()

    class Meta:
        ordering = ["at", "pk"]
        constraints = [models.UniqueConstraint(fields=["case", "by"], name="report_once")]
        indexes = [models.Index(fields=["by", "at"], name="report_by_member")]

    def __str__(self) -> str:
        return f"{self.case_id}: {self.get_kind_display()}"

    def get_absolute_url(self) -> str:
        return reverse("own_report", args=[self.pk])


class CaseNoteQuerySet(models.QuerySet["CaseNote"]):
    def visible_to(self, viewer: Viewer) -> CaseNoteQuerySet:
        """Those of cases that the viewer looks after, but not what was noted in another network before."""
        return self.filter(_was_said_here(), case__in=Case.objects.visible_to(viewer).values("pk"))


class CaseNote(models.Model):
    """What those who look after a case write down for each other. Neither reporter nor author ever reads it."""

    LONGEST = 2_000

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="notes")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    words = models.TextField(max_length=LONGEST)
    at = models.DateTimeField(default=timezone.now)

    objects = CaseNoteQuerySet.as_manager()

    class Meta:
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return f"Note on case {self.case_id}"


class AppealQuerySet(models.QuerySet["Appeal"]):
    def visible_to(self, viewer: Viewer) -> AppealQuerySet:
        """Those of cases that the viewer looks after."""
        return self.filter(case__in=Case.objects.visible_to(viewer).values("pk"))

    def told_to(self, viewer: Viewer) -> AppealQuerySet:
        return self.filter(by=viewer.pk or 0)

    def open(self) -> AppealQuerySet:
        return self.filter(decided_at=None)

    def to_be_decided_by(self, viewer: Viewer) -> AppealQuerySet:
        """Somebody else decides than whoever decided first."""
        return self.visible_to(viewer).open().exclude(case__decided_by=viewer.pk or 0)


class Appeal(models.Model):
    """Whoever wrote something asks for somebody else to look at it again. Once for each decision."""

    class Outcome(models.TextChoices):
        KEPT = "kept", "It stays hidden"
        SHOWN = "shown", "It is shown again"

    LONGEST = 1_000

    case = models.OneToOneField(Case, on_delete=models.CASCADE, related_name="appeal")
    # None: their account is closed. Where it is shown whose words they are, the appeal went with it; elsewhere it would
    # tell whose they are, if it went at the moment at which somebody closes theirs.
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="appeals")
    words = models.CharField(max_length=LONGEST)
    at = models.DateTimeField(default=timezone.now)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=5, choices=Outcome.choices, blank=True)
    answer = models.CharField(max_length=300, blank=True)

    objects = AppealQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(decided_at=None, outcome="") | Q(decided_at__isnull=False) & ~Q(outcome=""),
                name="appeal_decided_with_outcome",
            )
        ]

    def __str__(self) -> str:
        return f"Appeal in case {self.case_id}"

    @property
    def is_open(self) -> bool:
        return self.decided_at is None
