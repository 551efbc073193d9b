"""What this storey does when it hears news from below: one call to a verb each."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.signals import user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest

from forums import realtime
from forums.actions.cases import note_profile_shown
from forums.actions.erasing import settle_closed_account
from forums.actions.feeds import forget_feed_key
from forums.actions.room_roles import end_room_roles
from forums.actions.rooms import end_listening, shut_out
from forums.actions.sanctions import keep_room_sanctions, restore_in_network
from forums.actions.themes import move_threads
from forums.models import Post, ThreadBatch
from forums.signals import post_written, threads_asked_for
from forums.tasks import make_session_threads, tell_watchers
from network.models import Member, Membership, Theme
from network.signals import (
    account_closed,
    address_changed,
    membership_began,
    membership_ended,
    profile_shown,
    session_ended,
    signed_out_everywhere,
    stop_requested,
    theme_merged,
)


@receiver(post_written)
def have_watchers_told(sender: type[Post], post: Post, **news: Any) -> None:
    tell_watchers.enqueue(post.pk)


@receiver(threads_asked_for)
def have_threads_made(sender: type[ThreadBatch], batch: ThreadBatch, **news: Any) -> None:
    make_session_threads.enqueue()


@receiver(membership_ended)
def close_sockets(sender: type[Membership], membership: Membership, **news: Any) -> None:
    shut_out(membership)


@receiver(profile_shown)
def forget_that_it_was_hidden(sender: type[Member], member: Member, **news: Any) -> None:
    note_profile_shown(member)


@receiver(theme_merged)
def keep_threads_of_merged_theme(sender: type[Theme], old: Theme, new: Theme, **news: Any) -> None:
    move_threads(old, new)


@receiver(membership_ended)
def take_back_their_roles_in_rooms(sender: type[Membership], membership: Membership, **news: Any) -> None:
    end_room_roles(membership)


@receiver(account_closed)
def settle_what_they_said(sender: type[Member], member: Member, erase: bool, **news: Any) -> None:
    settle_closed_account(member, erase=erase)


# After what they said is settled: rooms are held by then, so a sanction that is just being given is waited for.
@receiver(account_closed)
def keep_what_is_not_over_in_rooms(sender: type[Member], member: Member, **news: Any) -> None:
    keep_room_sanctions(member, member.email)


@receiver(address_changed)
def keep_it_for_the_former_address(sender: type[Member], member: Member, was: str, **news: Any) -> None:
    keep_room_sanctions(member, was)


@receiver(membership_began)
def have_it_go_on_in_rooms(sender: type[Membership], membership: Membership, **news: Any) -> None:
    restore_in_network(membership)


@receiver(user_logged_out)
def close_sockets_of_session(sender: object, request: HttpRequest, **news: Any) -> None:
    if request.session.session_key:
        realtime.session_ended(request.session.session_key)


@receiver(session_ended)
def close_sockets_of_ended_session(sender: object, session_key: str, **news: Any) -> None:
    end_listening(session_key)


@receiver(signed_out_everywhere)
def end_the_addresses_of_their_feeds(sender: type[Member], member: Member, **news: Any) -> None:
    forget_feed_key(member)


@receiver(stop_requested)
async def say_goodbye(sender: object, **news: Any) -> None:
    await realtime.say_goodbye()
