from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.utils import timezone
from wagtail.admin.panels import FieldPanel, FieldRowPanel, HelpPanel, MultiFieldPanel
from wagtail.fields import RichTextField, StreamField
from wagtail.models import Page
from wagtail.search import index

from cms.forms import EventPageForm
from cms.models.blocks import PROSE, ProgrammeBlock
from cms.models.page import HubPageManager, HubPageQuerySet, ThemedPage, pages_visible_to
from forums.models import Room
from network.models import Network, Viewer

PLACES_NEED_SIGN_UP = "Places are given to people who sign up. Choose that people sign up, or leave this empty."


class EventPageQuerySet(HubPageQuerySet):
    def not_over(self, now: datetime | None = None) -> EventPageQuerySet:
        """On now or coming, the soonest first."""
        events: EventPageQuerySet = self.filter(ends_at__gt=now or timezone.now()).order_by("starts_at", "pk")
        return events

    def over(self, now: datetime | None = None) -> EventPageQuerySet:
        """The latest first."""
        events: EventPageQuerySet = self.filter(ends_at__lte=now or timezone.now()).order_by("-starts_at", "-pk")
        return events

    def for_rows(self) -> EventPageQuerySet:
        """A row shows whose event it is, and no themes."""
        events: EventPageQuerySet = self.defer_streamfields().select_related("network")
        return events


class EventPageManager(HubPageManager.from_queryset(EventPageQuerySet)):  # type: ignore[misc]
    pass


class EventPage(ThemedPage):
    """A meeting of a network, or one open to every officer. Anyone may read that it takes place; the joining link, the
    recording and the record are for those who may attend (`cms.permissions.can_attend`)."""

    starts_at = models.DateTimeField("starts")
    ends_at = models.DateTimeField("ends")
    network = models.ForeignKey(
        Network,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Whose members may attend; they get a live room. Leave empty for an event open to every officer.",
    )
    place = models.CharField(
        max_length=200,
        blank=True,
        help_text="Such as the building, for those who come in person. Everybody can read it. Leave empty if none do.",
    )
    needs_sign_up = models.BooleanField(
        "people sign up for it",
        default=False,
        help_text=(
            "Only those who have signed up, and those who run the event, then see the joining link and the live room "
            "on this page. The live room itself stays open to all members of the network."
        ),
    )
    places = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1, "There must be at least 1 place.")],
        help_text=(
            "How many people can sign up. Those who come later wait, and move up when a place becomes free. Leave "
            "empty for no limit. A lower number takes nobody's place away."
        ),
    )
    programme = StreamField(ProgrammeBlock(), blank=True)
    joining_link = models.URLField(max_length=500, blank=True)
    record = RichTextField("record of the session", features=PROSE, blank=True)

    objects: ClassVar[EventPageManager] = EventPageManager()

    kind = "Event"
    template = "cms/event.html"
    parent_page_types: list[str] = ["cms.SectionPage"]
    subpage_types: list[str] = []

    base_form_class = EventPageForm
    content_panels: list[Any] = [
        *ThemedPage.content_panels,
        MultiFieldPanel(
            [
                HelpPanel("<p>All times are London time.</p>"),
                FieldRowPanel([FieldPanel("starts_at"), FieldPanel("ends_at")]),
                FieldPanel("place"),
                FieldPanel("network"),
            ],
            "When and for whom",
        ),
        MultiFieldPanel([FieldPanel("needs_sign_up"), FieldPanel("places")], "Signing up"),
        *ThemedPage.about_panels,
        FieldPanel("programme"),
        MultiFieldPanel(
            [
                FieldPanel("joining_link"),
                HelpPanel("<p>The link to the recording is set on the page of the event, once it is over.</p>"),
                FieldPanel("record", heading="Notes of the session"),
            ],
            "Only for those who may attend",
            help_text="Editors of the hub can see these too.",
        ),
    ]
    # The joining link and the record are never searched: results are for everybody.
    search_fields: list[Any] = [
        *ThemedPage.search_fields,
        index.SearchField("programme"),
        index.SearchField("place"),
        index.FilterField("starts_at"),
        index.FilterField("ends_at"),
    ]

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("starts_at")),
                name="event_ends_later",
                violation_error_message="An event must end after it starts.",
            ),
            models.CheckConstraint(
                condition=models.Q(places=None) | models.Q(places__gte=1, needs_sign_up=True),
                name="event_places_need_sign_up",
                violation_error_message=PLACES_NEED_SIGN_UP,
            ),
        ]
        indexes = [models.Index(fields=["ends_at"], name="event_by_end")]

    def clean(self) -> None:
        super().clean()
        if self.starts_at and self.ends_at and self.ends_at <= self.starts_at:
            raise ValidationError({"ends_at": "An event must end after it starts."})
        if self.places and not self.needs_sign_up:
            raise ValidationError({"places": PLACES_NEED_SIGN_UP})

    def is_on(self, now: datetime | None = None) -> bool:
        return self.starts_at <= (now or timezone.now()) < self.ends_at

    def is_over(self, now: datetime | None = None) -> bool:
        return self.ends_at <= (now or timezone.now())


class EventRoomQuerySet(models.QuerySet["EventRoom"]):
    def visible_to(self, viewer: Viewer) -> EventRoomQuerySet:
        return self.filter(
            room__in=Room.objects.visible_to(viewer).values("pk"), page__in=pages_visible_to(viewer).values("pk")
        )


class EventRoom(models.Model):
    """The live room of an event. A row of its own: publishing an older draft or copying the page must not touch it."""

    page = models.OneToOneField(Page, on_delete=models.CASCADE, related_name="event_room")
    room = models.OneToOneField(Room, on_delete=models.CASCADE, related_name="event_room")

    objects = EventRoomQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.room} at {self.page}"


class EventRecordingQuerySet(models.QuerySet["EventRecording"]):
    def visible_to(self, viewer: Viewer) -> EventRecordingQuerySet:
        """Those of events that every officer may attend, for officers (`cms.permissions.can_attend`)."""
        if not viewer.is_authenticated or not viewer.is_active or not hasattr(viewer, "admission"):
            return self.none()
        readable = EventPage.objects.filter(network=None, pk__in=pages_visible_to(viewer).values("pk"))
        return self.filter(page__in=readable.values("pk"))


class EventRecording(models.Model):
    """Where the recording of an event without a live room is; of one with a room the room knows it. A row of its own:
    publishing an older draft or copying the page must not touch it."""

    page = models.OneToOneField(EventPage, on_delete=models.CASCADE, related_name="recording")
    link = models.URLField(max_length=500)

    objects = EventRecordingQuerySet.as_manager()

    def __str__(self) -> str:
        return f"Recording of {self.page_id}"


class EventEditionQuerySet(models.QuerySet["EventEdition"]):
    def visible_to(self, viewer: Viewer) -> EventEditionQuerySet:
        return self.filter(page__in=pages_visible_to(viewer).values("pk"))


class EventEdition(models.Model):
    """What was last published of an event, of all that those who attend have to know, and how often that has changed. A
    row of its own: publishing an older draft changes the page, and that too is told."""

    TOLD = ("title", "starts_at", "ends_at", "network_id", "place", "joining_link")

    page = models.OneToOneField(EventPage, on_delete=models.CASCADE, related_name="edition")
    number = models.PositiveIntegerField(default=0)  # RFC 5545 calls it the sequence
    title = models.CharField(max_length=255)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    network = models.ForeignKey(Network, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    place = models.CharField(max_length=200, blank=True)
    joining_link = models.CharField(max_length=500, blank=True)
    changed_at = models.DateTimeField(default=timezone.now)
    called_off_at = models.DateTimeField(null=True, blank=True)  # taken down before it was over
    # The start for which it was last told that the room has opened: told once for each.
    opened_for = models.DateTimeField(null=True, blank=True)

    objects = EventEditionQuerySet.as_manager()

    def __str__(self) -> str:
        return f"Edition {self.number} of {self.page_id}"
