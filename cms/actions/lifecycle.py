from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils import timezone
from wagtail.models import Page

from cms import limits, permissions
from cms.models import PageLifecycle
from network.actions.audit import record
from network.models import Member

REVIEW_EVERY = timedelta(days=365)


def begin_lifecycle(page: Page, *, now: datetime | None = None) -> PageLifecycle:
    """Publishing a page for the first time is its first review. Later publishing changes nothing: an editor who mends
    a comma has not reviewed the page."""
    first = timezone.localdate(page.first_published_at or now or timezone.now())
    lifecycle, _ = PageLifecycle.objects.get_or_create(
        page_id=page.pk, defaults={"reviewed_on": first, "review_by": first + REVIEW_EVERY}
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
