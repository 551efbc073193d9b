"""Scheduled jobs of the hub."""

from __future__ import annotations

from datetime import timedelta

from django.core.management import call_command
from django_tasks import TaskResultStatus, task
from django_tasks_db.models import DBTaskResult

from cms.actions.attendance import settle_all_places
from cms.actions.events import remind_of_events, tell_of_open_rooms
from cms.actions.searches import forget_old_fruitless_searches, is_news_due, look_for_news
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


@task(backend="worker")
def look_for_saved_searches() -> None:
    look_for_news()


@scheduled("look for what saved searches find", every=timedelta(minutes=5))
def look_for_searches() -> None:
    asked_for = DBTaskResult.objects.filter(backend_name="worker", task_path=look_for_saved_searches.module_path)
    under_way = asked_for.filter(status__in=(TaskResultStatus.READY, TaskResultStatus.RUNNING))
    if is_news_due() and not under_way.exists():
        look_for_saved_searches.enqueue()


@scheduled("forget searches that found nothing", every=timedelta(days=1))
def forget_searches() -> None:
    forget_old_fruitless_searches()


@scheduled("tell of live rooms that have opened", every=timedelta(seconds=20))
def tell_who_may_come_in() -> None:
    tell_of_open_rooms()
