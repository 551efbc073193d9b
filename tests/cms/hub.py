"""A small hub for the tests: a home page, sections, and a way to publish guidance and events in one line."""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from pytest_django import DjangoDbBlocker
from wagtail.models import Locale, Page, PageViewRestriction

from cms.actions.pages import publish_page, set_up_site
from cms.actions.roles import set_up_roles
from cms.models import EventPage, GuidancePage, HomePage, InformationPage, SectionPage
from network.models import Network, Theme
from tests.order import commits


@dataclass(frozen=True)
class Hub:
    home: HomePage
    guidance: SectionPage
    events: SectionPage

    def publish_guidance(
        self,
        title: str,
        *,
        discuss_in: Network | None = None,
        themes: Iterable[Theme] = (),
        tags: Iterable[str] = (),
        body: Iterable[tuple[str, Any]] = (("heading", "First steps"), ("paragraph", "<p>Begin small.</p>")),
        **fields: Any,
    ) -> GuidancePage:
        page = GuidancePage(title=title, slug=_slug(title), discuss_in=discuss_in, body=list(body), **fields)
        page.themes = list(themes)
        page.tags.set(list(tags))
        return publish_page(self.guidance, page, by=None)

    def publish_event(
        self,
        title: str,
        *,
        network: Network | None = None,
        starts_at: datetime | None = None,
        themes: Iterable[Theme] = (),
        **fields: Any,
    ) -> EventPage:
        starts_at = starts_at or timezone.now() + timedelta(days=7)
        page = EventPage(
            title=title,
            slug=_slug(title),
            network=network,
            starts_at=starts_at,
            ends_at=starts_at + timedelta(hours=1),
            **fields,
        )
        page.themes = list(themes)
        return publish_page(self.events, page, by=None)

    def publish_information(self, title: str, *, below: Page | None = None, **fields: Any) -> InformationPage:
        return publish_page(below or self.home, InformationPage(title=title, slug=_slug(title), **fields), by=None)


def make_hub() -> Hub:
    Locale.objects.get_or_create(language_code="en-gb")  # a test that commits ends by taking Wagtail's own rows away
    set_up_roles()
    home = set_up_site(home=HomePage(title="Guildhall", slug="home", headline="Put technology to work"))
    guidance = publish_page(
        home,
        SectionPage(title="Guidance", slug="guidance", listing=SectionPage.Listing.NEWEST, show_in_menus=True),
        by=None,
    )
    events = publish_page(
        home,
        SectionPage(title="Events", slug="events", listing=SectionPage.Listing.EVENTS, show_in_menus=True),
        by=None,
    )
    return Hub(home, guidance, events)


class SharedHub:
    """A hub takes a fifth of a second to make, more than most tests that begin with one. So of those that follow each
    other the first makes it, in a transaction around them all, in which each undoes what it did to it."""

    def __init__(self) -> None:
        self.database: DjangoDbBlocker | None = None  # once there is one
        self._around: transaction.Atomic | None = None
        self._hub: Hub | None = None

    def before(self, test: pytest.Item) -> None:
        """Nobody else finds it in the database: not who did not ask for it, nor who commits."""
        if "hub" not in getattr(test, "fixturenames", ()) or commits(test):
            self.close()
        elif self.database is not None and self._hub is None:
            with self.database.unblock():
                self._around = transaction.atomic()
                self._around.__enter__()
                self._hub = make_hub()

    def hub(self) -> Hub:
        return deepcopy(self._hub) if self._hub is not None else make_hub()

    def close(self) -> None:
        if self._around is None or self.database is None:
            return
        with self.database.unblock():
            transaction.set_rollback(True)
            self._around.__exit__(None, None, None)
        self._around = self._hub = None


shared_hub = SharedHub()


def close(page: Page, kind: str = PageViewRestriction.LOGIN) -> PageViewRestriction:
    """Puts a page and all below it behind a sign-in, or behind a group with "groups"."""
    return PageViewRestriction.objects.create(page=page, restriction_type=kind)


def _slug(title: str) -> str:
    return "-".join("".join(letter if letter.isalnum() else " " for letter in title.lower()).split())
