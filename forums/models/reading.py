from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.db import models

from network.models import Network, Theme, Viewer


class Level(models.TextChoices):
    """How much a member wants of a thread, a theme or a network: mute is in no list of theirs, normal is marked as
    unread, follow has a list of its own, watch tells them of every post."""

    MUTE = "mute", "Mute"
    NORMAL = "normal", "Normal"
    FOLLOW = "follow", "Follow"
    WATCH = "watch", "Watch"


LADDER = list(Level.values)  # the quieter first


class MemberThreadQuerySet(models.QuerySet["MemberThread"]):
    def visible_to(self, viewer: Viewer) -> MemberThreadQuerySet:
        """A member's own reading, of threads they may still see."""
        if not viewer.is_authenticated:
            return self.none()
        return self.filter(member=viewer, thread__network__in_once=Network.objects.of(viewer))

    def bookmarked(self) -> MemberThreadQuerySet:
        return self.exclude(bookmarked_at=None)


class MemberThread(models.Model):
    """What a member has to do with a thread: how far they have read, whether they follow it and why, their bookmark."""

    # No index of its own: that of the constraint begins with it.
    member = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="readings", db_index=False
    )
    thread = models.ForeignKey("forums.Thread", on_delete=models.CASCADE, related_name="readings")
    last_read_number = models.PositiveIntegerField(default=0)
    # The member marked it as unread from the next number on, whatever they had read before.
    marked_unread_at = models.DateTimeField(null=True)
    level = models.CharField(max_length=6, choices=Level.choices, default=Level.NORMAL)
    # Why the level is what it is, such as "you replied". Empty for the level everybody starts with.
    level_reason = models.CharField(max_length=60, blank=True)
    # A level the member chose is never overridden by an automatic one.
    level_chosen = models.BooleanField(default=False)
    bookmarked_at = models.DateTimeField(null=True)
    # When they want to be reminded of the bookmark; empty again once they were.
    remind_at = models.DateTimeField(null=True)

    objects = MemberThreadQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["member", "thread"], name="member_thread_once"),
            models.CheckConstraint(
                condition=models.Q(remind_at=None) | models.Q(bookmarked_at__isnull=False), name="reminder_of_bookmark"
            ),
        ]
        indexes = [
            models.Index(
                fields=["member", "-bookmarked_at"],
                name="bookmark_by_member",
                condition=models.Q(bookmarked_at__isnull=False),
            ),
            models.Index(
                fields=["member"],
                name="marked_unread_by_member",
                condition=models.Q(marked_unread_at__isnull=False),
            ),
            # Every page of theirs asks for all of it, so the answer stands in the index: the rows lie far apart.
            models.Index(
                fields=["member", "thread", "last_read_number"],
                name="read_to_by_member",
                condition=models.Q(marked_unread_at=None),
            ),
            models.Index(fields=["remind_at"], name="reminder_due", condition=models.Q(remind_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.member} in {self.thread}"


class FollowLevelQuerySet(models.QuerySet["FollowLevel"]):
    def visible_to(self, viewer: Viewer) -> FollowLevelQuerySet:
        """A member's own, of themes they may know and of networks they belong to."""
        if not viewer.is_authenticated:
            return self.none()
        of_networks = models.Q(network__in_once=Network.objects.of(viewer))
        return self.filter(of_networks | models.Q(theme__in=Theme.objects.visible_to(viewer)), member=viewer)


class FollowLevel(models.Model):
    """The level that a member chose for all of a network, or for a theme in every network of theirs."""

    member = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="follow_levels")
    network = models.ForeignKey(Network, on_delete=models.CASCADE, null=True, related_name="+")
    theme = models.ForeignKey(Theme, on_delete=models.CASCADE, null=True, related_name="+")
    level = models.CharField(max_length=6, choices=Level.choices)

    objects = FollowLevelQuerySet.as_manager()

    class Meta:
        constraints = [
            # NULLs are all different: each of the two counts where it is set.
            models.UniqueConstraint(fields=["member", "network"], name="follow_level_once_of_network"),
            models.UniqueConstraint(fields=["member", "theme"], name="follow_level_once_of_theme"),
            models.CheckConstraint(
                condition=models.Q(network=None, theme__isnull=False) | models.Q(network__isnull=False, theme=None),
                name="follow_level_of_one_thing",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.member_id}: {self.get_level_display()}"


@dataclass(frozen=True, slots=True)
class ReasonedLevel:
    level: str
    # Such as "you replied"; empty for the level everybody starts with.
    reason: str = ""


def level_of(
    reading: MemberThread | None,
    *,
    theme: Theme,
    network: Network,
    of_theme: str | None,
    of_network: str | None,
    interested: bool,
) -> ReasonedLevel:
    """What a thread's level is for a member, and why: what they chose for it; else what they chose for its theme; else
    for its network, or that the theme interests them; raised by what they did in the thread, unless that is muted.
    `of_theme` and `of_network` are the levels they chose, None where they chose none."""
    if reading and reading.level_chosen:
        return ReasonedLevel(reading.level, reading.level_reason or "you chose it")
    above = ReasonedLevel(Level.NORMAL)
    if of_theme:
        above = ReasonedLevel(of_theme, _reason(of_theme, str(theme)))
    elif of_network == Level.MUTE:
        above = ReasonedLevel(of_network, _reason(of_network, f"the {network}"))
    else:
        if of_network:
            above = ReasonedLevel(of_network, _reason(of_network, f"the {network}"))
        if interested and LADDER.index(above.level) < LADDER.index(Level.FOLLOW):
            above = ReasonedLevel(Level.FOLLOW, _reason(Level.FOLLOW, str(theme)))
    if above.level == Level.MUTE or reading is None or LADDER.index(reading.level) <= LADDER.index(above.level):
        return above
    return ReasonedLevel(reading.level, reading.level_reason)


# What becomes of a choice that is taken back: not a level, but whatever it would be without.
USUAL = "usual"

_VERBS = {Level.MUTE: "muted", Level.NORMAL: "chose normal for", Level.FOLLOW: "follow", Level.WATCH: "watch"}


def _reason(level: str, of: str) -> str:
    return f"you {_VERBS[Level(level)]} {of}"
