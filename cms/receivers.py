"""What this storey does when Wagtail brings news: one call to a verb each. Nothing that goes wrong here may stop a page
from going live, so every receiver runs in a savepoint of its own and what it raises is only written to the log."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.db import transaction
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver
from wagtail.models import Page, PageViewRestriction
from wagtail.signals import page_published, page_unpublished, post_page_move

from cms.actions.attendance import (
    forget_events_of,
    free_places,
    free_places_of_former_member,
    settle_places,
)
from cms.actions.discussions import close_discussion, settle_discussion, settle_discussions_below
from cms.actions.events import call_off, close_room_of, settle_edition, settle_room
from cms.actions.lifecycle import begin_lifecycle, tell_of_update
from cms.actions.members import forget_in_logs
from cms.actions.searches import forget_searches_of
from cms.actions.session_record import forget_in_records
from cms.actions.tags import forget_tag
from cms.actions.themes import move_pages, take_off_private_themes
from cms.models import EventPage, GuidancePage
from forums.signals import tag_taken_off
from network.models import Member, Membership, Tag, Theme
from network.signals import access_ended, account_closed, membership_ended, theme_merged

logger = logging.getLogger(__name__)


def never_in_the_way(listener: Callable[..., Any]) -> Callable[..., None]:
    @wraps(listener)
    def listens(**news: Any) -> None:
        try:
            with transaction.atomic():
                listener(**news)
        except Exception:
            logger.exception("The page went on its way, but %s failed.", listener.__name__)

    return listens


@receiver(page_published)
@never_in_the_way
def keep_private_themes_off_pages(instance: Page, **news: Any) -> None:
    take_off_private_themes(instance)


@receiver(page_published, sender=GuidancePage)
@never_in_the_way
def discuss_what_is_published(instance: GuidancePage, **news: Any) -> None:
    settle_discussion(instance)


@receiver(page_unpublished, sender=GuidancePage)
@never_in_the_way
def close_the_discussion_of_what_is_gone(instance: GuidancePage, **news: Any) -> None:
    close_discussion(instance)


@receiver(page_published, sender=GuidancePage)
@never_in_the_way
def count_the_first_publishing_as_a_review(instance: GuidancePage, **news: Any) -> None:
    if instance.live:  # also sent when publishing is only scheduled
        begin_lifecycle(instance)


@receiver(page_published, sender=GuidancePage)
@never_in_the_way
def tell_those_who_discuss_it(instance: GuidancePage, **news: Any) -> None:
    tell_of_update(instance)


@receiver(page_published, sender=EventPage)
@never_in_the_way
def give_a_published_event_its_room(instance: EventPage, **news: Any) -> None:
    settle_room(instance)


@receiver(page_published, sender=EventPage)
@never_in_the_way
def tell_those_who_attend(instance: EventPage, **news: Any) -> None:
    settle_edition(instance)


@receiver(page_published, sender=EventPage)
@never_in_the_way
def let_those_who_wait_move_up(instance: EventPage, **news: Any) -> None:
    """There may be more places now."""
    settle_places(instance)


@receiver(page_unpublished, sender=EventPage)
@never_in_the_way
def tell_calendars_that_it_is_off(instance: EventPage, **news: Any) -> None:
    call_off(instance)


@receiver(page_unpublished, sender=EventPage)
@never_in_the_way
def close_the_room_of_what_is_gone(instance: EventPage, **news: Any) -> None:
    close_room_of(instance)


@receiver(post_page_move)
@never_in_the_way
def settle_what_was_moved(instance: Page, **news: Any) -> None:
    settle_discussions_below(instance)


@receiver(post_save, sender=PageViewRestriction)
@receiver(post_delete, sender=PageViewRestriction)
@never_in_the_way
def settle_what_was_closed_or_opened(instance: PageViewRestriction, **news: Any) -> None:
    settle_discussions_below(instance.page)


@receiver(theme_merged)
def keep_pages_of_merged_theme(sender: type[Theme], old: Theme, new: Theme, **news: Any) -> None:
    """Where this fails nothing is merged, for the pages would lose their theme."""
    move_pages(old, new)


@receiver(tag_taken_off)
def forget_what_nothing_carries(sender: type[Tag], tag: Tag, **news: Any) -> None:
    forget_tag(tag)


@receiver(membership_ended)
def free_the_places_of_who_left(sender: type[Membership], membership: Membership, **news: Any) -> None:
    free_places_of_former_member(membership)


@receiver(access_ended)
def free_the_places_of_who_is_gone(sender: type[Member], member: Member, **news: Any) -> None:
    free_places(member)


@receiver(account_closed)
def forget_who_they_were(sender: type[Member], member: Member, **news: Any) -> None:
    forget_in_logs(member)


@receiver(account_closed)
def forget_which_events_were_theirs(sender: type[Member], member: Member, **news: Any) -> None:
    forget_events_of(member)


@receiver(account_closed)
def forget_what_they_looked_for(sender: type[Member], member: Member, **news: Any) -> None:
    forget_searches_of(member)


@receiver(account_closed)
def take_their_words_off_public_pages(sender: type[Member], member: Member, erase: bool, **news: Any) -> None:
    forget_in_records(member, erase=erase)
