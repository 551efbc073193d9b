"""What members look for: the searches that they keep, and the words that found nothing."""

from __future__ import annotations

import logging
import re
from dataclasses import replace
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.http import QueryDict
from django.utils import timezone
from django.utils.crypto import salted_hmac

from cms import limits, notifications, permissions
from cms.forms import SearchForm
from cms.models import FruitlessSearch, SavedSearch
from cms.models.saved_search import SavedSearchQuerySet
from cms.search import search_everything
from forums.models import Post
from forums.search.words import words_of
from network.actions.access import hold_account
from network.actions.notices import settle_notices
from network.models import Member
from network.search import Filters, News

logger = logging.getLogger(__name__)

EVERY = timedelta(hours=1)  # a search that is followed is looked for again
AT_ONCE = 200  # searches; the next run takes the rest
# A post has its key before others can see it: what is newer than this is left to the next time.
SETTLED = timedelta(minutes=1)


def save_search(query: str, name: str, *, by: Member, now: datetime | None = None) -> SavedSearch:
    """Keeps a search, as `SearchForm.address` writes it. Safe to repeat. Raises Refused, LimitReached."""
    now = now or timezone.now()
    permissions.can_save_search(by).enforce()
    limits.SAVING_SEARCHES.spend(by, now=now)
    with transaction.atomic():
        hold_account(by)
        if saved := SavedSearch.objects.visible_to(by).filter(query=query).first():
            return saved
        permissions.can_save_another_search(by).enforce()
        return SavedSearch.objects.create(member=by, query=query, name=name[:200], saved_at=now, looked_at=now)


def follow_search(saved: SavedSearch, *, by: Member, now: datetime | None = None) -> None:
    """From now on they are told when it finds something new. Safe to repeat. Raises Refused, LimitReached."""
    now = now or timezone.now()
    permissions.can_change_search(by, saved).enforce()
    limits.SAVING_SEARCHES.spend(by, now=now)
    unfollowed = SavedSearch.objects.filter(pk=saved.pk, is_followed=False)
    unfollowed.update(is_followed=True, looked_at=now - SETTLED, last_post=_newest_post(now))


def stop_following_search(saved: SavedSearch, *, by: Member) -> None:
    """Raises Refused, LimitReached."""
    permissions.can_change_search(by, saved).enforce()
    limits.SAVING_SEARCHES.spend(by)
    with transaction.atomic():
        SavedSearch.objects.filter(pk=saved.pk).update(is_followed=False)
        settle_notices(by, notifications.about_search(saved.pk))


def delete_search(saved: SavedSearch, *, by: Member) -> None:
    """Raises Refused, LimitReached."""
    permissions.can_change_search(by, saved).enforce()
    limits.SAVING_SEARCHES.spend(by)
    with transaction.atomic():
        settle_notices(by, notifications.about_search(saved.pk))
        SavedSearch.objects.filter(pk=saved.pk).delete()


def read_search(saved: SavedSearch, *, by: Member) -> None:
    """Part of showing what it finds: they know now."""
    if permissions.can_change_search(by, saved):
        settle_notices(by, notifications.about_search(saved.pk))


def look_for_news(*, now: datetime | None = None) -> int:
    """Looks, for each followed search in its turn, among what came since the last time, and tells of what it finds.
    Returns how many found something. Safe to repeat."""
    now = now or timezone.now()
    newest = _newest_post(now)
    found = 0
    for saved in _due(now).select_related("member").order_by("looked_at", "pk")[:AT_ONCE]:
        has_news = False
        try:
            has_news = finds_news(saved, newest=newest, now=now)
        except Exception:  # of the others it keeps nothing back
            logger.exception("The saved search %s could not be looked for.", saved.pk)
        with transaction.atomic():
            as_it_was = SavedSearch.objects.followed().filter(pk=saved.pk, looked_at=saved.looked_at)
            if as_it_was.update(looked_at=now - SETTLED, last_post=newest) and has_news:
                notifications.search_found(saved, now=now)
                found += 1
    return found


def is_news_due(*, now: datetime | None = None) -> bool:
    return _due(now or timezone.now()).exists()


def _due(now: datetime) -> SavedSearchQuerySet:
    return SavedSearch.objects.followed().filter(looked_at__lte=now - SETTLED - EVERY, member__is_active=True)


def finds_news(saved: SavedSearch, *, newest: int, now: datetime) -> bool:
    """Whether it finds a page or a post that came since it was last looked for, that the member may see now and did
    not write."""
    form = SearchForm(saved.member, QueryDict(saved.query))
    # A filter that they no longer have, such as a network that they left, would otherwise be no filter at all.
    if not form.is_valid() or form.address() != saved.query:
        return False
    news = News(saved.last_post, newest, saved.looked_at, now - SETTLED, saved.member_id)
    filters = replace(form.filters(), news=news)
    return bool(search_everything(saved.member, form.cleaned_data["q"], filters=filters, limit=1).groups)


def _newest_post(now: datetime) -> int:
    settled = Post.objects.filter(written_at__lte=now - SETTLED).order_by("-pk").values_list("pk", flat=True)
    return settled.first() or 0


def forget_searches_of(member: Member) -> None:
    """The site's own part of closing an account: part of its transaction."""
    SavedSearch.objects.filter(member=member).delete()


# Searches that found nothing

# An address, a telephone number, a case: what somebody looked for a person by.
PERSONAL = re.compile(r"@|\d{4,}|\d[\d\s/-]{5,}\d")


def note_fruitless_search(member: Member, typed: str, filters: Filters, *, now: datetime | None = None) -> None:
    """The site's own part of showing it: counts that somebody found nothing, unless it looks like something about a
    person. Who it was is not kept. A search that was kept to something says nothing about what there is. One statement,
    the same whether or not somebody looked for it before."""
    words = " ".join(words_of(typed.casefold()))
    is_long = len(typed.strip()) > FruitlessSearch.LONGEST
    if filters != Filters() or not words or is_long or PERSONAL.search(typed):
        return
    others = FruitlessSearch.LEAST - 1
    mark, asker = _mark(words), _mark(f"{member.pk} {words}")
    with connection.cursor() as cursor:
        cursor.execute(_NOTE, [mark, asker, timezone.localdate(now), mark, asker, others, words])


# Django would make a transaction of it: three queries.
_NOTE = """
    INSERT INTO cms_fruitlesssearch (mark, asker, day, words)
    VALUES (%s, %s, %s, CASE
        WHEN (SELECT count(*) FROM cms_fruitlesssearch WHERE mark = %s AND asker <> %s) >= %s THEN %s ELSE ''
    END)
    ON CONFLICT (mark, asker) DO UPDATE SET day = EXCLUDED.day, words = EXCLUDED.words
"""


def _mark(of: str) -> str:
    return salted_hmac("cms.actions.searches", of, algorithm="sha256").hexdigest()


def forget_old_fruitless_searches(*, now: datetime | None = None) -> None:
    """Ninety days after somebody looked for it their mark goes; and the words, when too few are left."""
    with transaction.atomic():
        FruitlessSearch.objects.filter(day__lt=timezone.localdate(now) - FruitlessSearch.KEPT).delete()
        several = FruitlessSearch.objects.of_several().values("pk")
        FruitlessSearch.objects.exclude(words="").exclude(pk__in=several).update(words="")
