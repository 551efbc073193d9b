from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction

from forums import limits, permissions, signals
from forums.models import ThreadTag
from network.actions.audit import record
from network.models import Member, Network, Tag
from network.models.tag import clean_tags, spelled


def merge_tags(network: Network, old: Tag, into: str, *, by: Member) -> int:
    """Gives the threads of a network another tag in place of `old`: one in use, or a new one, which is renaming.
    Threads and pages elsewhere that have the same tag keep it. Nothing moves up and nobody is told. Returns how many
    threads had it. Raises Refused, LimitReached, and ValidationError for what is no tag or the same."""
    permissions.can_merge_tags(by, network).enforce()
    limits.TAGGING.spend(by)
    names = clean_tags([into])
    if not names:
        raise ValidationError("Enter a tag")
    if names[0] == spelled(old.name):
        raise ValidationError("Enter another tag than the one it has")
    with transaction.atomic():
        new, _ = Tag.objects.get_or_create(name__iexact=names[0], defaults={"name": names[0]})
        rows = ThreadTag.objects.select_for_update(of=("self",)).filter(tag=old, content_object__network=network)
        threads = list(rows.values_list("content_object", flat=True))
        ThreadTag.objects.bulk_create(
            (ThreadTag(tag=new, content_object_id=thread) for thread in threads), ignore_conflicts=True
        )
        ThreadTag.objects.filter(tag=old, content_object__in=threads).delete()
        record("merged tags", network, by=by, network=network, tag=old.pk, threads=len(threads))
        signals.tag_taken_off.send(Tag, tag=old)
    return len(threads)
