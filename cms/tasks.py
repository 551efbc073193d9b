"""Scheduled jobs of the hub."""

from __future__ import annotations

from datetime import timedelta

from django.core.management import call_command

from cms.actions.attendance import settle_all_places
from cms.actions.events import remind_of_events, tell_of_open_rooms
from network.actions.jobs import scheduled


@scheduled("publish and unpublish pages whose time has come", every=timedelta(minutes=1))
def publish_scheduled_pages() -> None:
    call_command("publish_scheduled")


@scheduled("remind of events", every=timedelta(minutes=5))
def give_reminders_of_events() -> None:
    remind_of_events()


@scheduled("let people move up from waiting lists", every=timedelta(minutes=5))
def let_people_move_up() -> None:
    settle_all_places()


@scheduled("tell of live rooms that have opened", every=timedelta(seconds=20))
def tell_who_may_come_in() -> None:
    tell_of_open_rooms()
