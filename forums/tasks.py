"""Scheduled jobs of the forums, and the work that their worker does."""

from __future__ import annotations

from datetime import timedelta

from django_tasks import TaskResultStatus, task
from django_tasks_db.models import DBTaskResult

from forums.actions.announcements import is_announcement_due, mail_announcements
from forums.actions.answers import ask_whether_it_worked
from forums.actions.attachments import check_files, forget_unsent, is_check_due
from forums.actions.digests import plan_digests
from forums.actions.drafts import forget_old_drafts
from forums.actions.following import remind_of_bookmarks
from forums.actions.mail_replies import forget_received_mail
from forums.actions.sanctions import forget_room_sanctions
from forums.actions.session_threads import make_threads
from forums.actions.telling import tell_of_post
from forums.actions.undoing import forget_changes
from forums.actions.weeks import count_weeks, forget_who_read
from forums.models import ThreadBatch
from network.actions.jobs import scheduled


@scheduled("ask whether answers worked", every=timedelta(hours=1))
def ask_about_answers() -> None:
    ask_whether_it_worked()


@task(backend="worker")
def look_for_malware() -> None:
    check_files()


@scheduled("look for files that wait for the malware scanner", every=timedelta(seconds=5))
def look_for_files() -> None:
    asked_for = DBTaskResult.objects.filter(backend_name="worker", task_path=look_for_malware.module_path)
    under_way = asked_for.filter(status__in=(TaskResultStatus.READY, TaskResultStatus.RUNNING))
    if is_check_due() and not under_way.exists():
        look_for_malware.enqueue()


@scheduled("forget files that were never sent", every=timedelta(hours=1))
def forget_files() -> None:
    forget_unsent()


@scheduled("forget drafts that nobody wrote on", every=timedelta(days=1))
def forget_drafts() -> None:
    forget_old_drafts()


@scheduled("remind of bookmarks", every=timedelta(minutes=5))
def give_reminders() -> None:
    remind_of_bookmarks()


@task(backend="worker")
def tell_watchers(pk: int) -> None:
    """Of a post, outside the request that wrote it: there may be hundreds of them."""
    tell_of_post(pk)


@scheduled("plan digests", every=timedelta(minutes=5))
def plan_due_digests() -> None:
    plan_digests()


@task(backend="worker")
def owe_announcements() -> None:
    mail_announcements()


@scheduled("look for announcements to mail", every=timedelta(seconds=10))
def look_for_announcements() -> None:
    asked_for = DBTaskResult.objects.filter(backend_name="worker", task_path=owe_announcements.module_path)
    under_way = asked_for.filter(status__in=(TaskResultStatus.READY, TaskResultStatus.RUNNING))
    if is_announcement_due() and not under_way.exists():
        owe_announcements.enqueue()


@scheduled("forget which answers came by mail", every=timedelta(days=1))
def forget_answers_by_mail() -> None:
    forget_received_mail()


@scheduled("forget sanctions in live rooms of addresses that are gone", every=timedelta(minutes=10))
def forget_room_sanctions_that_are_over() -> None:
    forget_room_sanctions()


@scheduled("count what weeks were like", every=timedelta(minutes=10))
def count_weeks_that_are_over() -> None:
    count_weeks()


@scheduled("forget who read in weeks of long ago", every=timedelta(days=1))
def forget_weeks_of_readers() -> None:
    forget_who_read()


@scheduled("forget what can no longer be undone", every=timedelta(days=1))
def forget_what_was_before() -> None:
    forget_changes()


@task(backend="worker")
def make_session_threads() -> None:
    make_threads()


@scheduled("look for threads to make of sessions", every=timedelta(seconds=5))
def look_for_session_threads() -> None:
    asked_for = DBTaskResult.objects.filter(backend_name="worker", task_path=make_session_threads.module_path)
    under_way = asked_for.filter(status__in=(TaskResultStatus.READY, TaskResultStatus.RUNNING))
    if ThreadBatch.objects.unfinished().exists() and not under_way.exists():
        make_session_threads.enqueue()
