from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils import timezone
from wagtail.models import Page

from cms import limits, notifications, permissions
from cms.models import GuidancePage, PageLifecycle, PageThread
from network.actions.audit import record
from network.models import Member

REVIEW_EVERY = timedelta(days=365)
TELL_EVERY = timedelta(days=1)  # at most, about one page


def begin_lifecycle(page: GuidancePage, *, now: datetime | None = None) -> PageLifecycle:
    """Publishing a page for the first time is its first review. Later publishing changes nothing: an editor who mends
    a comma has not reviewed the page."""
    first = timezone.localdate(page.first_published_at or now or timezone.now())
    lifecycle, _ = PageLifecycle.objects.get_or_create(
        page_id=page.pk,
        defaults={"reviewed_on": first, "review_by": first + REVIEW_EVERY, "words": page.digest_of_words()},
    )
    return lifecycle


def review_page(page: Page, *, by: Member, reviewed_on: date, review_by: date | None) -> PageLifecycle:
    """Says that somebody checked a page and found that it still holds. Readers see it at once, whatever drafts there
    are. `review_by` None is a year later. Raises Refused, LimitReached, and IntegrityError when the next review would
    not be later."""
    permissions.can_review(by, page).enforce()
    limits.REVIEWING.spend(by)
    review_by = review_by or reviewed_on + REVIEW_EVERY
    with transaction.atomic():
        lifecycle, _ = PageLifecycle.objects.update_or_create(
            page_id=page.pk, defaults={"reviewed_on": reviewed_on, "review_by": review_by, "reviewed_by": by}
        )
        record("reviewed", page, by=by, reviewed_on=reviewed_on.isoformat(), review_by=review_by.isoformat())
    return lifecycle


def tell_of_update(page: GuidancePage, *, now: datetime | None = None) -> bool:
    """Tells those who wrote in the discussion of a page that its words have changed; whether it did. Publishing that
    changes no word tells nobody, nor does the first, nor one that an editor called a small correction, nor a second on
    the same day: whoever opens the notice reads what is published then. Safe to call at any time and any number of
    times."""
    now = now or timezone.now()
    if not page.live:
        return False
    with transaction.atomic():
        lifecycle = PageLifecycle.objects.select_for_update(of=("self",)).filter(page=page.pk).first()
        words = page.digest_of_words()
        if lifecycle is None or lifecycle.words == words:
            return False
        link = PageThread.objects.filter(page=page.pk, closed_at=None).select_related("thread").first()
        is_soon = lifecycle.told_at is not None and now - lifecycle.told_at < TELL_EVERY
        is_told = link is not None and not lifecycle.is_small_change and not is_soon
        if link is not None and is_told:
            lifecycle.told_at = now
            notifications.guidance_updated(link, now=now)
        lifecycle.words, lifecycle.is_small_change = words, False
        lifecycle.save(update_fields=["words", "told_at", "is_small_change"])
    return is_told


def call_small(page: Page, is_small: bool) -> None:
    """Part of saving a page's form: what an editor says of the changes that are published next. It belongs to no draft,
    and whoever says so last is right."""
    PageLifecycle.objects.filter(page=page.pk).exclude(is_small_change=is_small).update(is_small_change=is_small)
