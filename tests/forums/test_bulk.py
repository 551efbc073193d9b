"""What the bulk verb writes is, column by column, what the verbs write."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from forums.actions.bulk import NewPost, NewThread, load_threads
from forums.actions.posts import reply
from forums.actions.reading import read_thread
from forums.actions.threads import start_thread
from forums.models import FollowLevel, Post, Thread
from network.models import Member, Membership, MemberTheme, Notice, Theme
from tests.cast import Cast
from tests.queued import run_queued

# Made at random for each row; and the moment of reading, which is now.
OTHERWISE = {"submission", "read_at"}


def members_of(cast: Cast) -> list[Member]:
    """Fay, Bob, and some who mute, follow and watch."""
    now = timezone.now()
    people = [cast.fay, cast.bob]
    for name, theme, network in (
        ("Wanda", None, "watch"),
        ("Mo", None, "mute"),
        ("Theo", "watch", "mute"),
        ("Max", "mute", "watch"),
        ("Norma", "normal", "watch"),
        ("Fern", "follow", "mute"),
    ):
        member = Member.objects.create_user(f"{name}@exampleshire.example.org", name=name, organisation=cast.council)
        Membership.objects.create(
            member=member, network=cast.ai, state="active", joined_at=now, read_before=now - timedelta(days=20)
        )
        FollowLevel.objects.create(member=member, network=cast.ai, level=network)
        if theme:
            FollowLevel.objects.create(member=member, theme=cast.theme, level=theme)
        people.append(member)
    MemberTheme.objects.bulk_create(MemberTheme(member=member, theme=cast.theme) for member in people[1:])
    return people


def conversations(cast: Cast, people: list[Member], random: Random) -> list[NewThread]:
    other = Theme.objects.create(name="Planning", slug="planning")
    cast.ai.network_themes.create(theme=other)
    began = timezone.now() - timedelta(days=40)
    return [_conversation(cast, number, people, random, other, began) for number in range(12)]


def _conversation(
    cast: Cast, number: int, people: list[Member], random: Random, other: Theme, began: datetime
) -> NewThread:
    at = began + timedelta(days=3 * number)
    posts = []
    for following in range(2, random.randint(2, 12)):
        answers = random.choice([None, None, random.randint(1, following - 1)])
        posts.append(NewPost(random.choice(people), f"Words *{following}*", at + timedelta(hours=following), answers))
    return NewThread(
        network=cast.ai,
        theme=random.choice([cast.theme, other]),
        by=random.choice(people),
        title=f"Thread {number}\x07 of  Ünïcode",
        source="The **first** words",
        at=at,
        kind=random.choice(["discussion", "question"]),
        tags=random.choice([[], ["Minutes"], ["minutes", "new  words"]]),
        posts=posts,
        read=[(member, random.randint(1, 12)) for member in random.sample(people, 3)],
    )


def by_verbs(conversation: NewThread) -> None:
    thread = start_thread(
        conversation.network,
        by=conversation.by,
        theme=conversation.theme,
        title=conversation.title,
        source=conversation.source,
        kind=conversation.kind,
        tags=conversation.tags,
        now=conversation.at,
    )
    run_queued()
    for post in conversation.posts:
        answered = Post.objects.get(thread=thread, number=post.answers) if post.answers else None
        reply(thread, by=post.by, source=post.source, reply_to=answered, now=post.at)
        run_queued()
    thread.refresh_from_db()
    for member, up_to in conversation.read:
        read_thread(thread, by=member, up_to=up_to)


def written() -> dict[str, list[Any]]:
    """Every row of every table of the forums, the notices, the tags and the index, in words that do not depend on the
    numbers that the database gave."""
    titles = dict(Thread.objects.values_list("pk", "title"))
    posts = {pk: (titles[thread], number) for pk, thread, number in Post.objects.values_list("pk", "thread", "number")}
    named: dict[type[Any], dict[Any, Any]] = {Thread: titles, Post: posts}
    found: dict[str, list[Any]] = {"index": [(posts[pk], words) for pk, words in index() if pk in posts]}
    for model in [*apps.get_app_config("forums").get_models(), Notice]:
        rows = []
        for row in model._base_manager.all():
            columns: dict[str, Any] = {}
            for field in model._meta.local_fields:
                value = getattr(row, field.attname)
                if field.primary_key and not field.is_relation:
                    continue
                if field.name in OTHERWISE:
                    value = value is not None
                elif field.related_model in named and value is not None:
                    value = named[field.related_model][value]
                elif model is Notice and field.name == "object_id":
                    value = posts[value] if row.kind == "post_answered" else titles[value]
                columns[field.name] = value
            rows.append(columns)
        found[model._meta.label] = sorted(rows, key=repr)
    return {name: sorted(rows, key=repr) for name, rows in found.items()}


def index() -> list[tuple[int, str]]:
    column = {"postgresql": "post_id, words::text", "sqlite": "rowid, title || '|' || words"}[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM forums_post_index")
        return list(cursor.fetchall())


@pytest.mark.parametrize("seed", [1, 2])
def test_every_column_is_what_the_verbs_would_have_written(
    cast: Cast, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("network.limits.RateLimit.spend", lambda *_, **__: None)
    people = members_of(cast)
    made = conversations(cast, people, Random(seed))
    for conversation in made:
        by_verbs(conversation)
    expected = written()
    for model in (Notice, Thread):
        model.objects.all().delete()

    assert sum(load_threads(made)) == sum(1 + len(thread.posts) for thread in made)

    result = written()
    for table, rows in expected.items():
        assert result[table] == rows, table
    assert len(expected["forums.Post"]) > 30
    told = {row["kind"] for row in expected["network.Notice"]}
    assert told == {"post_answered", "thread_replied", "thread_started", "theme_followed"}


def test_a_post_before_the_one_it_follows_is_refused(cast: Cast) -> None:
    now = timezone.now()
    posts = [NewPost(cast.bob, "Earlier", now - timedelta(days=1))]

    with pytest.raises(ValueError, match="earlier"):
        list(load_threads([NewThread(cast.ai, cast.theme, cast.bob, "Title", "Words", now, posts=posts)]))


@pytest.mark.parametrize("kind", [Thread.Kind.DISCUSSION, Thread.Kind.QUESTION])
def test_many_posts_ask_no_more_of_the_database_than_few(cast: Cast, kind: str) -> None:
    now = timezone.now()

    def queries(size: int) -> int:
        posts = [NewPost(cast.fay, f"Words {number}", now + timedelta(seconds=number)) for number in range(size)]
        thread = NewThread(cast.ai, cast.theme, cast.bob, "Title", "Words", now, kind=kind, posts=posts)
        with CaptureQueriesContext(connection) as captured:
            assert list(load_threads([thread])) == [size + 1]
        return sum(query["sql"].startswith("SELECT") for query in captured)

    assert queries(2) == queries(60)
