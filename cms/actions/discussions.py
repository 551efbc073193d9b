from __future__ import annotations

import logging
import re
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.text import Truncator
from wagtail.models import Page

from cms import permissions
from cms.models import GuidancePage, PageThread
from forums.actions.threads import begin_site_discussion, lock_thread, unlock_thread
from forums.models import Thread
from network.models import Theme

logger = logging.getLogger(__name__)


def settle_discussion(page: GuidancePage, *, now: datetime | None = None) -> PageThread | None:
    """Makes the discussion of a page what it ought to be. It begins once the page is live, everybody may read it and an
    editor chose a network; it is locked while the page is not there for everybody, and open again afterwards. There is
    never a second one. Safe to call at any time and any number of times."""
    with transaction.atomic():
        # Two who publish at once would both find no discussion yet.
        Page.objects.select_for_update().filter(pk=page.pk).first()
        link = PageThread.objects.select_related("thread").filter(page=page.pk).first()
        is_readable = page.live and bool(permissions.can_be_discussed(page))
        if link is None:
            return _begin(page, now=now) if is_readable else None
        if not is_readable:
            _close(link, now=now)
        elif link.closed_at:
            unlock_thread(link.thread, by=None)
            link.closed_at = None
            link.save(update_fields=["closed_at"])
    return link


def close_discussion(page: Page, *, now: datetime | None = None) -> None:
    """Locks the discussion of a page that is no longer there, or is about to be deleted."""
    with transaction.atomic():
        link = PageThread.objects.select_for_update(of=("self",)).select_related("thread").filter(page=page.pk).first()
        if link is not None:
            _close(link, now=now)


def settle_discussions_below(page: Page) -> None:
    """The same for a page and all below it, as when a part of the hub is closed, opened or moved."""
    for guidance in GuidancePage.objects.descendant_of(page, inclusive=True):
        settle_discussion(guidance)


def _close(link: PageThread, *, now: datetime | None) -> None:
    """A thread that is locked already was locked by a person; that lock stays theirs."""
    if not link.thread.is_locked:
        lock_thread(link.thread, by=None, now=now)
        link.closed_at = now or timezone.now()
        link.save(update_fields=["closed_at"])


def _begin(page: GuidancePage, *, now: datetime | None) -> PageThread | None:
    network = page.discuss_in
    if network is None or page.alias_of_id:
        return None
    chosen = list(page.themes.all())
    if not (verdict := permissions.can_be_discussed_in(network, chosen)):
        logger.warning("No discussion of page %s began. %s", page.pk, verdict.reason)
        return None
    thread = begin_site_discussion(
        network,
        theme=Theme.objects.public().of_network(network).filter(pk__in=[theme.pk for theme in chosen])[0],
        title=Truncator(page.title).chars(Thread._meta.get_field("title").max_length or 150),
        source=_introduction(page),
        now=now or _moment_of_publishing(page),
    )
    return PageThread.objects.create(page=page, thread=thread)


def _moment_of_publishing(page: GuidancePage) -> datetime | None:
    """None is now. A page with one revision is being published for the first time, perhaps as if on an earlier day."""
    return page.first_published_at if page.revisions.count() == 1 else None


def _introduction(page: GuidancePage) -> str:
    """The first post, in Markdown. The link to the page is shown beside the thread and follows the page's moves; this
    one is for those who read the thread elsewhere."""
    words = [_plain(page.summary)] if page.summary else []
    words.append(
        f"The hub has published [{_plain(page.title)}]({settings.SITE_URL}{page.url}). "
        "What has worked where you are, what has not, and what is missing?"
    )
    return "\n\n".join(words)


def _plain(text: str) -> str:
    """Words that Markdown shall not read anything into."""
    return re.sub(r"([\\`*_{}\[\]()<>#+\-.!|~&])", r"\\\1", " ".join(text.split()))
