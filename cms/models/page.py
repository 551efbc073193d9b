from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.db import models
from django.db.models import Q
from modelcluster.contrib.taggit import ClusterTaggableManager
from modelcluster.fields import ParentalManyToManyField
from wagtail.admin.panels import FieldPanel, MultiFieldPanel
from wagtail.models import Page, PageManager, PageViewRestriction
from wagtail.query import PageQuerySet
from wagtail.search import index

from network.models import Theme, Viewer


class HubPageQuerySet(PageQuerySet):
    def visible_to(self, viewer: Viewer) -> HubPageQuerySet:
        """Live pages that the viewer may open. Wagtail's own search and lists know nothing of its restrictions; every
        list of ours starts here. What is behind a shared password is in nobody's lists."""
        visible: HubPageQuerySet = self.live()
        for path in _paths_closed_to(viewer):
            visible = visible.exclude(path__startswith=path)
        return visible

    def for_rows(self) -> HubPageQuerySet:
        """With what a row of a list shows, in one query and one for the themes, and without the long texts."""
        rows: HubPageQuerySet = self.defer_streamfields()
        return rows.prefetch_related("themes") if issubclass(self.model, ThemedPage) else rows


def pages_visible_to(viewer: Viewer) -> HubPageQuerySet:
    """Pages of every type that the viewer may open, as plain `Page` rows."""
    return HubPageQuerySet(Page).visible_to(viewer)


def _paths_closed_to(viewer: Viewer) -> list[str]:
    """Roots of the closed parts of the tree. The restrictions of a site are few."""
    restrictions = list(PageViewRestriction.objects.select_related("page").prefetch_related("groups"))
    if not restrictions:
        return []
    known = viewer.is_authenticated and viewer.is_active
    groups = set(viewer.groups.values_list("pk", flat=True)) if known else set()

    def admits(restriction: PageViewRestriction) -> bool:
        match restriction.restriction_type:
            case PageViewRestriction.LOGIN:
                return known
            case PageViewRestriction.GROUPS:
                everywhere = known and viewer.is_superuser
                return everywhere or any(group.pk in groups for group in restriction.groups.all())
            case _:
                return False

    return [restriction.page.path for restriction in restrictions if not admits(restriction)]


class HubPageManager(PageManager.from_queryset(HubPageQuerySet)):  # type: ignore[misc]
    """The manager of every page type of the hub."""


class HubPage(Page):
    """What all pages of the hub share. The summary stands under the title, in lists and in search results."""

    summary = models.TextField(max_length=400, blank=True, help_text="One or two sentences. Shown in lists too.")

    objects: ClassVar[HubPageManager] = HubPageManager()

    kind = "Page"  # in words, for lists of mixed pages

    content_panels: list[Any] = [*Page.content_panels, FieldPanel("summary")]
    search_fields: list[Any] = [*Page.search_fields, index.SearchField("summary")]
    # What the settings below offer would be shown nowhere.
    promote_panels: list[Any] = [
        MultiFieldPanel(
            [FieldPanel("slug"), FieldPanel("seo_title"), FieldPanel("search_description")], "For search engines"
        ),
        MultiFieldPanel([FieldPanel("show_in_menus")], "For the menu of the hub"),
    ]

    class Meta:
        abstract = True


def is_public_theme() -> Q:
    return Q(private_to=None)


class ThemedPage(HubPage):
    """A page about something: it stands under themes of the one vocabulary, never under a network's private ones."""

    themes = ParentalManyToManyField(
        Theme, blank=True, limit_choices_to=is_public_theme, related_name="%(app_label)s_%(class)ss"
    )
    tags = ClusterTaggableManager(through="cms.PageTag", blank=True)

    about_panels: list[Any] = [
        MultiFieldPanel([FieldPanel("themes", widget=forms.CheckboxSelectMultiple), FieldPanel("tags")], "About")
    ]

    class Meta:
        abstract = True

    def public_themes(self) -> list[Theme]:
        """A theme that a network took for itself after it was chosen here is no longer shown."""
        return [theme for theme in self.themes.all() if theme.private_to_id is None]
