from __future__ import annotations

from django.db import transaction
from wagtail.models import Page, Revision

from cms.models import PageTag
from forums.models import ThreadTag
from network.models import Tag


def forget_tag(tag: Tag) -> bool:
    """Deletes a tag that no thread, no page and no draft has any more; says whether it was so. This storey does it, for
    it alone sees all that can have one. Part of a verb: some threads have just lost it."""
    with transaction.atomic():
        # Whoever gives the tag to something waits until it is known whether the tag stays.
        list(Tag.objects.select_for_update().filter(pk=tag.pk))
        if any(rows.filter(tag=tag).exists() for rows in (ThreadTag.objects, PageTag.objects)) or _is_in_a_draft(tag):
            return False
        Tag.objects.filter(pk=tag.pk).delete()
    return True


def _is_in_a_draft(tag: Tag) -> bool:
    latest = Page.objects.filter(has_unpublished_changes=True).values("latest_revision")
    drafts = Revision.page_revisions.filter(pk__in=latest).only("content").iterator()
    return any(row.get("tag") == tag.pk for draft in drafts for row in draft.content.get("page_tags") or ())
