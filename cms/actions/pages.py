from __future__ import annotations

from datetime import datetime
from typing import TypeVar
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from wagtail.coreutils import get_supported_content_language_variant
from wagtail.models import Locale, Page, Site

from cms import limits, permissions
from cms.models import HomePage, ThemedPage
from network.models import Member

PageType = TypeVar("PageType", bound=Page)


def publish_page(parent: Page, page: PageType, *, by: Member | None, now: datetime | None = None) -> PageType:
    """Puts a new page below `parent` and publishes it, as if at `now`. Where a page of that slug stands already, that
    one is returned as it is, so that doing it twice is doing it once. `by` None is the site itself. Raises Refused,
    LimitReached, ValidationError."""
    if by is not None:
        permissions.can_publish_in(by, parent).enforce()
        limits.PUBLISHING.spend(by, now=now)
    with transaction.atomic():
        there = Page.objects.child_of(parent).filter(slug=page.slug).first()
        if there is not None:
            found: PageType = there.specific
            return found
        page.live = False
        page.owner = by
        page.first_published_at = now
        parent.add_child(instance=page)
        return _publish(page, by=by, now=now)


def republish_page(page: PageType, *, by: Member | None, now: datetime | None = None) -> PageType:
    """Publishes what `page` says now, as if at `now`. Raises Refused, LimitReached, ValidationError."""
    if by is not None:
        permissions.can_publish_in(by, page.get_parent()).enforce()
        limits.PUBLISHING.spend(by, now=now)
    with transaction.atomic():
        return _publish(page, by=by, now=now)


def root_page() -> Page:
    """The root of the tree, which Wagtail's migrations made; made again where the tables were emptied."""
    Locale.objects.get_or_create(language_code=get_supported_content_language_variant(settings.LANGUAGE_CODE))
    root: Page = Page.get_first_root_node() or Page.add_root(instance=Page(title="Root", slug="root"))
    return root


def set_up_site(*, home: HomePage | None = None, now: datetime | None = None) -> HomePage:
    """Makes sure there is a tree, a home page and a site whose address is this installation's, and takes away the page
    with which Wagtail greets. `home` is published where there is no home page yet."""
    with transaction.atomic():
        root = root_page()
        there: HomePage | None = HomePage.objects.first()
        if there is None:
            Page.objects.child_of(root).exact_type(Page).filter(slug="home").delete()
            root = Page.objects.get(pk=root.pk)
            there = publish_page(root, home or _plain_home(), by=None, now=now)
        address = urlsplit(settings.SITE_URL)
        Site.objects.exclude(is_default_site=True).filter(hostname=address.hostname).delete()
        Site.objects.update_or_create(
            is_default_site=True,
            defaults={
                "hostname": address.hostname,
                "port": address.port or (443 if address.scheme == "https" else 80),
                "site_name": settings.WAGTAIL_SITE_NAME,
                "root_page": there,
            },
        )
    return there


def _plain_home() -> HomePage:
    return HomePage(
        title=settings.WAGTAIL_SITE_NAME,
        slug="home",
        headline="Put technology to work for your council, with people who are doing the same",
        summary="Guidance, use cases and networks of officers.",
    )


def _publish(page: PageType, *, by: Member | None, now: datetime | None) -> PageType:
    if isinstance(page, ThemedPage):
        permissions.can_stand_on_page(page.themes.all()).enforce()
    revision = page.save_revision(user=by, log_action=True)
    revision.publish(user=by, skip_permission_checks=True)
    if now is not None:
        type(revision).objects.filter(pk=revision.pk).update(created_at=now)
        Page.objects.filter(pk=page.pk).update(last_published_at=now, latest_revision_created_at=now)
    page.refresh_from_db()
    return page
