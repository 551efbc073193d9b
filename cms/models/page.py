from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

from django import forms
from django.db import models
from django.db.models import Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet
from modelcluster.contrib.taggit import ClusterTaggableManager
from modelcluster.fields import ParentalManyToManyField
from wagtail.admin.panels import FieldPanel, MultiFieldPanel
from wagtail.models import Page, PageManager, PageViewRestriction, Site
from wagtail.query import PageQuerySet
from wagtail.search import index

from cms.forms import ThemedPageForm
from network.models import Theme, Viewer
from network.models.prepared import prepared


class HubPageQuerySet(PageQuerySet):
    def visible_to(self, viewer: Viewer) -> HubPageQuerySet:
        """Live pages that the viewer may open. Wagtail's own search and lists know nothing of its restrictions; every
        list of ours starts here. What is behind a shared password is in nobody's lists."""
        visible: HubPageQuerySet = self.live().open_to(viewer)
        return visible

    def open_to(self, viewer: Viewer) -> HubPageQuerySet:
        """Pages that no restriction keeps from the viewer, published or not. For what somebody had seen before it was
        taken down; everything else starts at `visible_to`."""
        above = _closed_to(viewer).annotate(below=ExpressionWrapper(OuterRef("path"), output_field=models.CharField()))
        closed = Exists(above.filter(below__startswith=F("page__path")))
        found: HubPageQuerySet = self.filter(~closed)
        return found

    def searchable_by(self, viewer: Viewer) -> HubPageQuerySet:
        """The same pages for Wagtail's search, which knows no subqueries: asks first for the roots of what is closed.
        The restrictions of a site are few."""
        searchable: HubPageQuerySet = self.live()
        for path in _menu_and_closed(viewer).closed:
            searchable = searchable.exclude(path__startswith=path)
        return searchable

    def for_rows(self) -> HubPageQuerySet:
        """With what a row of a list shows, in one query and one for the themes, and without the long texts."""
        rows: HubPageQuerySet = self.defer_streamfields()
        return rows.prefetch_related("themes") if issubclass(self.model, ThemedPage) else rows


def pages_visible_to(viewer: Viewer) -> HubPageQuerySet:
    """Pages of every type that the viewer may open, as plain `Page` rows."""
    return HubPageQuerySet(Page).visible_to(viewer)


def menu_visible_to(viewer: Viewer) -> tuple[tuple[str, str], ...]:
    """The parts of the hub that stand in its menu and that the viewer may open, title and address: on every page of the
    site, in one query."""
    return _menu_and_closed(viewer).menu


@dataclass(frozen=True, slots=True)
class MenuAndClosed:
    """The menu, which every page of the site shows, and the paths of what is closed to the viewer, which a search has
    to know before it begins."""

    menu: tuple[tuple[str, str], ...]
    closed: tuple[str, ...]

    @classmethod
    def of(cls, viewer: Viewer) -> MenuAndClosed:
        rows = _in_menu_or_closed(viewer)
        shown = [(title, url_path) for _, title, url_path, is_closed in rows if not is_closed]
        roots = tuple(Site.get_site_root_paths()) if shown else ()
        return cls(
            tuple((title, _address(url_path, roots)) for title, url_path in shown),
            tuple(path for path, _, _, is_closed in rows if is_closed),
        )


def _menu_and_closed(viewer: Viewer) -> MenuAndClosed:
    """Asked once for a request that only reads."""
    standing = getattr(viewer, "standing", None)
    return standing.once("menu and closed", lambda: MenuAndClosed.of(viewer)) if standing else MenuAndClosed.of(viewer)


@prepared
def _in_menu_or_closed(viewer: Viewer) -> QuerySet[Page, tuple[str, str, str, bool]]:
    """Path, title, address in the tree, and whether it is closed to the viewer; what is not is in their menu."""
    menu = pages_visible_to(viewer).filter(depth=3).in_menu()
    closed = _closed_to(viewer)
    pages = Page.objects.filter(Q(pk__in=menu.values("pk")) | Q(pk__in=closed.values("page")))
    pages = pages.annotate(is_closed=Exists(closed.filter(page=OuterRef("pk")))).order_by("path")
    found: QuerySet[Page, tuple[str, str, str, bool]] = pages.values_list("path", "title", "url_path", "is_closed")
    return found


@lru_cache(maxsize=100)
def _address(url_path: str, roots: tuple[tuple[Any, ...], ...]) -> str:
    """Where a page is, as Wagtail says for these roots of sites: making a page of it for that takes longer than asking
    the database."""
    return Page(url_path=url_path).url or ""


def _closed_to(viewer: Viewer) -> QuerySet[PageViewRestriction]:
    """The restrictions that keep the viewer out. What is behind a shared password keeps everybody out."""
    closed: QuerySet[PageViewRestriction] = PageViewRestriction.objects.all()
    if not viewer.is_authenticated or not viewer.is_active:
        return closed
    closed = closed.exclude(restriction_type=PageViewRestriction.LOGIN)
    if viewer.is_superuser:
        return closed.exclude(restriction_type=PageViewRestriction.GROUPS)
    return closed.exclude(restriction_type=PageViewRestriction.GROUPS, groups__in=viewer.groups.values("pk"))


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

    base_form_class = ThemedPageForm
    about_panels: list[Any] = [
        MultiFieldPanel([FieldPanel("themes", widget=forms.CheckboxSelectMultiple), FieldPanel("tags")], "About")
    ]

    class Meta:
        abstract = True

    def public_themes(self) -> list[Theme]:
        """A theme that a network took for itself after it was chosen here is no longer shown."""
        return [theme for theme in self.themes.all() if theme.private_to_id is None]
