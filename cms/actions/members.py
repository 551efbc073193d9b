"""What Wagtail keeps about members by itself."""

from __future__ import annotations

from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from wagtail.models import ModelLogEntry

from network.models import Member


def forget_in_logs(member: Member) -> None:
    """Takes a closed account's name out of Wagtail's log of changes to members; that there was one stays. Part of the
    closing's transaction."""
    with transaction.atomic():
        kind = ContentType.objects.get_for_model(Member)
        entries = ModelLogEntry.objects.filter(content_type=kind, object_id=str(member.pk))
        entries.update(label="Former member", data={})
