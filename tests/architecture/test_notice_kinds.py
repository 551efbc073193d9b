"""Every page counts the notices of whoever is signed in, of whatever kind they are. So a kind whose query cannot be
asked the way it says would take every page from them."""

from __future__ import annotations

import pytest
from django.utils import timezone

from network.models import Notice
from network.notifications import NoticePage, _kinds, unread
from tests.cast import Cast

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", sorted(_kinds))
def test_notices_of_each_kind_are_counted_and_shown_alike(name: str, cast: Cast) -> None:
    for number in range(1, 4):
        Notice.objects.create(member=cast.fay, kind=name, object_id=number, at=timezone.now())

    assert unread(cast.fay).number == len(NoticePage.of(cast.fay).unread)
