from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils import timezone

from network.models import Viewer


class SavedSearchQuerySet(models.QuerySet["SavedSearch"]):
    def visible_to(self, viewer: Viewer) -> SavedSearchQuerySet:
        """Their own. What somebody looks for is nobody's business but theirs."""
        if not viewer.is_authenticated or not viewer.is_active:
            return self.none()
        return self.filter(member=viewer.pk)

    def followed(self) -> SavedSearchQuerySet:
        return self.filter(is_followed=True)


class SavedSearch(models.Model):
    """What a member looks for again and again, as it stands in the address of the search. Holds nothing of what it
    found: that is looked for anew each time, among what they may see then."""

    MOST: ClassVar[int] = 20  # of a member

    member = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_searches")
    name = models.CharField(max_length=200)
    query = models.CharField(max_length=2000)  # `SearchForm.address`
    saved_at = models.DateTimeField(default=timezone.now)
    is_followed = models.BooleanField(default=False)
    # Of one that is followed: what is newer is still to be looked through.
    looked_at = models.DateTimeField(default=timezone.now)
    last_post = models.PositiveBigIntegerField(default=0)  # the key of the newest post then

    objects = SavedSearchQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["member", "query"], name="saved_search_once")]
        indexes = [models.Index(fields=["looked_at"], condition=models.Q(is_followed=True), name="search_to_look_for")]

    def __str__(self) -> str:
        return f"{self.member_id} looks for {self.pk}"

    def get_absolute_url(self) -> str:
        return reverse("search_open", args=[self.pk])
