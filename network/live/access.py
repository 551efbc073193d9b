"""Who may go on listening. What was true when a socket opened is asked again for as long as it is open."""

from __future__ import annotations

from collections.abc import Collection

from django.contrib.sessions.models import Session
from django.utils import timezone

from network.models import Member
from network.sessions import batched

# Databases limit how many values one query may name.
AT_A_TIME = 500


def sessions(keys: Collection[str]) -> set[str]:
    """Those of the sessions that have not ended."""
    return {
        key
        for some in batched(keys, AT_A_TIME)
        for key in Session.objects.filter(session_key__in=some, expire_date__gt=timezone.now()).values_list(
            "session_key", flat=True
        )
    }


def accounts(member_ids: Collection[int]) -> dict[int, str]:
    """The active ones, each with the hash of its password: a session does not outlive a change of it."""
    return {
        member: password
        for some in batched(member_ids, AT_A_TIME)
        for member, password in Member.objects.filter(pk__in=some, is_active=True).values_list("pk", "password")
    }
