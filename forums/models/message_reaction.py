from __future__ import annotations

from collections.abc import Collection

from django.conf import settings
from django.db import models
from django.utils import timezone

from forums.models.message import Message
from forums.models.reaction import Reaction
from network.models import Viewer

# The number of a message in its room, and how many of each kind it was given.
Tally = dict[int, dict[str, int]]


class MessageReactionQuerySet(models.QuerySet["MessageReaction"]):
    def visible_to(self, viewer: Viewer) -> MessageReactionQuerySet:
        return self.filter(message__in=Message.objects.visible_to(viewer))

    def tally(self) -> Tally:
        counted: Tally = {}
        rows = self.order_by("message__seq", "kind").values_list("message__seq", "kind").annotate(models.Count("pk"))
        for seq, kind, count in rows:
            counted.setdefault(seq, {})[kind] = count
        return counted

    def of_messages(self, messages: Collection[Message]) -> MessageReactionQuerySet:
        return self.filter(message__in=[message.pk for message in messages])


class MessageReaction(models.Model):
    """A word that a member gives a message in a live room, as posts are given (`Reaction`): each of them once."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="reactions")
    member = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="message_reactions")
    kind = models.CharField(max_length=8, choices=Reaction.Kind.choices)
    at = models.DateTimeField(default=timezone.now)

    objects = MessageReactionQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["message", "member", "kind"], name="message_reaction_once")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} by {self.member_id}"
