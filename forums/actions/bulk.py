"""Many conversations at once, as they would stand if the verbs had written each: for demonstrations and measurements.
Nothing of them is mailed at once.

The site itself does it. Nobody is asked and nothing counts against a limit; whoever calls sees to it that the authors
belong to the network. `tests/forums/test_bulk.py` holds every column to what the verbs write."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from itertools import pairwise
from operator import attrgetter
from typing import Any, TypeVar

from django.db import connection, transaction
from django.db.models import Model
from django.utils import timezone
from django.utils.text import slugify

from forums import markup
from forums.models import FollowLevel, Level, MemberThread, Post, Thread, ThreadTag
from forums.notifications import POST_ANSWERED, THEME_FOLLOWED, THREAD_REPLIED, THREAD_STARTED
from forums.search import index
from network.models import Member, Membership, MemberTheme, Network, Notice, Tag, Theme
from network.models.tag import clean_tags

BATCH = 2_000  # posts that are written at once
Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True, slots=True)
class NewPost:
    by: Member
    source: str
    at: datetime
    # The number of the post that it answers.
    answers: int | None = None


@dataclass(frozen=True, slots=True)
class NewThread:
    """`posts` from number 2 on, each no earlier than the one before. `read` says up to which number members have read
    when all is written."""

    network: Network
    theme: Theme
    by: Member
    title: str
    source: str
    at: datetime
    kind: str = Thread.Kind.DISCUSSION
    tags: Sequence[str] = ()
    posts: Sequence[NewPost] = ()
    read: Sequence[tuple[Member, int]] = ()


def load_threads(threads: Iterable[NewThread]) -> Iterator[int]:
    """Writes them, some thousand posts in a transaction, and gives after each how many posts it wrote. Raises
    ValueError for a post that is earlier than the one before it."""
    hearing = _Hearing()
    # While the database takes one group, which is most of its time, the next is worked out.
    with ThreadPoolExecutor(max_workers=1) as beside:
        last: Future[list[_Story]] | None = None
        for group in _groups(threads):
            following = beside.submit(_worked_out, group, hearing)
            if last:
                yield _write(last.result())
            last = following
        if last:
            yield _write(last.result())


def _groups(threads: Iterable[NewThread]) -> Iterator[list[NewThread]]:
    group: list[NewThread] = []
    size = 0
    for thread in threads:
        group.append(thread)
        size += 1 + len(thread.posts)
        if size >= BATCH:
            yield group
            group, size = [], 0
    if group:
        yield group


@dataclass
class _Hearing:
    """Who hears of what, as `forums.notifications` decides it for a thread for which nobody has chosen a level."""

    floors: dict[tuple[int, int], datetime] = field(default_factory=dict)
    levels_of_themes: dict[int, dict[int, str]] = field(default_factory=dict)
    levels_of_networks: dict[int, dict[int, str]] = field(default_factory=dict)
    # By theme, those whom it interests.
    interested: dict[int, set[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        here = Membership.objects.active().filter(member__is_active=True)
        for member, network, floor in here.values_list("member", "network", "read_before"):
            self.floors[network, member] = floor
        for row in FollowLevel.objects.all():
            if row.theme_id:
                self.levels_of_themes.setdefault(row.theme_id, {})[row.member_id] = row.level
            elif row.network_id:
                self.levels_of_networks.setdefault(row.network_id, {})[row.member_id] = row.level
        for member, theme in MemberTheme.objects.values_list("member", "theme"):
            self.interested.setdefault(theme, set()).add(member)

    def level(self, member: int, thread: NewThread) -> str:
        of_network = self.levels_of_networks.get(thread.network.pk, {}).get(member, Level.NORMAL)
        return self.levels_of_themes.get(thread.theme.pk, {}).get(member, of_network)

    def hears(self, member: int, thread: NewThread) -> bool:
        return (thread.network.pk, member) in self.floors and self.level(member, thread) != Level.MUTE

    def watchers(self, thread: NewThread) -> set[int]:
        chose = {
            *self.levels_of_networks.get(thread.network.pk, ()),
            *self.levels_of_themes.get(thread.theme.pk, ()),
        }
        return {member for member in chose if self.hears(member, thread) and self.level(member, thread) == Level.WATCH}

    def followers(self, thread: NewThread) -> set[int]:
        """Those who follow the theme and do not watch."""
        of_theme = self.levels_of_themes.get(thread.theme.pk, {})
        follow = {member for member, level in of_theme.items() if level == Level.FOLLOW}
        follow |= self.interested.get(thread.theme.pk, set()) - of_theme.keys()
        return {member for member in follow if self.hears(member, thread)} - self.watchers(thread)


@dataclass
class _Story:
    """What one thread leaves behind, worked out before anything is written, and without the database."""

    new: NewThread
    thread: Thread
    words: list[NewPost]
    posts: list[Post] = field(default_factory=list)
    readings: dict[int, MemberThread] = field(default_factory=dict)
    # The last time each member heard of what: of the thread by its kind, or of a post by its number.
    heard: dict[tuple[int, str | int], datetime] = field(default_factory=dict)

    @classmethod
    def of(cls, new: NewThread, hearing: _Hearing) -> _Story:
        words = [NewPost(new.by, new.source, new.at), *new.posts]
        if any(later.at < earlier.at for earlier, later in pairwise(words)):
            raise ValueError("A post is earlier than the one before it.")
        title = markup.legible(new.title)
        thread = Thread(
            network=new.network,
            theme=new.theme,
            kind=new.kind,
            title=title,
            slug=slugify(title)[:80].strip("-") or "thread",
            author=new.by,
            organisation_id=new.by.organisation_id,
            started_at=new.at,
            highest_number=len(words),
            visible_count=len(words),
            highest_visible_number=len(words),
            highest_loud_number=len(words),
            last_post_at=words[-1].at,
            last_author=words[-1].by,
        )
        story = cls(new, thread, words)
        story._read_and_hear(hearing)
        story.posts = [_post(number, post) for number, post in enumerate(words, start=1)]
        return story

    def _read_and_hear(self, hearing: _Hearing) -> None:
        watchers = hearing.watchers(self.new)
        for member in watchers - {self.new.by.pk}:
            self.heard[member, THREAD_STARTED] = self.new.at
        for member in hearing.followers(self.new) - {self.new.by.pk}:
            self.heard[member, THEME_FOLLOWED] = self.new.at
        if hearing.hears(self.new.by.pk, self.new):
            watchers.add(self.new.by.pk)
        # The last post, and the last by anybody else than its author: one of them is the last by somebody else.
        last: tuple[int, NewPost] | None = None
        last_by_another: tuple[int, NewPost] | None = None
        for number, post in enumerate(self.words, start=1):
            reading = self._reading(post.by)
            other = last if last and last[1].by.pk != post.by.pk else last_by_another
            floor = hearing.floors[self.new.network.pk, post.by.pk]
            if not (other and other[0] > reading.last_read_number and other[1].at > floor):
                reading.last_read_number = number
            if number == 1:
                reading.level, reading.level_reason = Level.WATCH, "you started it"
            else:
                if reading.level == Level.NORMAL:
                    reading.level, reading.level_reason = Level.FOLLOW, "you replied"
                self._hear_of(number, post, watchers, hearing)
            if last and last[1].by.pk != post.by.pk:
                last_by_another = last
            last = number, post
        for reader, up_to in self.new.read:
            self._read(reader, up_to)

    def _reading(self, member: Member) -> MemberThread:
        if member.pk not in self.readings:
            self.readings[member.pk] = _new_reading(member_id=member.pk)
        return self.readings[member.pk]

    def _hear_of(self, number: int, post: NewPost, watchers: set[int], hearing: _Hearing) -> None:
        told = {post.by.pk}
        if post.answers:
            answered = self.words[post.answers - 1].by.pk
            if answered not in told and hearing.hears(answered, self.new):
                self.heard[answered, number] = post.at
                told.add(answered)
        for member in watchers - told:
            self.heard[member, THREAD_REPLIED] = post.at

    def _read(self, member: Member, up_to: int) -> None:
        reading = self._reading(member)
        reading.last_read_number = max(reading.last_read_number, min(up_to, len(self.words)))

    def with_readings(self) -> Iterator[MemberThread]:
        """Once the thread is written."""
        for reading in self.readings.values():
            reading.thread_id = self.thread.pk
            yield reading

    def notices(self) -> Iterator[Notice]:
        """Once the thread and its posts are written."""
        now = timezone.now()
        up_to = {member.pk: number for member, number in self.new.read}
        for (member, what), at in self.heard.items():
            seen = up_to.get(member, 0)
            if isinstance(what, int):
                kind, about, read = POST_ANSWERED, self.posts[what - 1].pk, seen >= what
            else:
                kind, about = what, self.thread.pk
                read = seen >= (len(self.posts) if what == THREAD_REPLIED else 1)
            yield Notice(member_id=member, kind=kind, object_id=about, at=at, read_at=now if read else None)


def _post(number: int, post: NewPost) -> Post:
    """Of a thread that has no key yet."""
    source, html = _rendered(post.source)
    return _new_post(
        number=number,
        author_id=post.by.pk,
        organisation_id=post.by.organisation_id,
        source=source,
        html=html,
        renderer_version=markup.VERSION,
        written_at=post.at,
    )


def _by_place(model: type[Row]) -> Callable[..., Row]:
    """Makes rows of a model of their columns, without its descriptors and names: in a third of the time."""
    usual = {field.attname: field.get_default() for field in model._meta.concrete_fields}
    return lambda **columns: model(*(usual | columns).values())


_new_post, _new_reading = _by_place(Post), _by_place(MemberThread)


@lru_cache(maxsize=10_000)
def _rendered(source: str) -> tuple[str, str]:
    """What is kept of a source, and its HTML. Synthetic posts repeat themselves."""
    source = markup.legible(source)
    return source, markup.render(source)


def _worked_out(group: list[NewThread], hearing: _Hearing) -> list[_Story]:
    return [_Story.of(new, hearing) for new in group]


def _write(stories: list[_Story]) -> int:
    with transaction.atomic():
        _do_not_wait_for_the_disk()
        Thread.objects.bulk_create(story.thread for story in stories)
        _tag(stories)
        posts = [post for story in stories for post in story.posts]
        _number(Post, posts)
        for story in stories:
            for post in story.posts:
                post.thread = story.thread  # so that nothing asks the database for it, such as the search
            for new, post in zip(story.new.posts, story.posts[1:], strict=True):
                post.reply_to_id = story.posts[new.answers - 1].pk if new.answers else None
        _insert(Post, posts)
        index.index_posts(
            (post, story.thread.title if post.number == 1 else "") for story in stories for post in story.posts
        )
        for model, rows in (
            (MemberThread, [reading for story in stories for reading in story.with_readings()]),
            (Notice, [notice for story in stories for notice in story.notices()]),
        ):
            _number(model, rows)
            _insert(model, rows)
    return len(posts)


def _do_not_wait_for_the_disk() -> None:
    """Should the machine fail, the last of these transactions are lost, and whole; the next run writes them again."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL synchronous_commit TO off")


def _number(model: type[Model], rows: list[Any]) -> None:
    """Gives each row its key before it is written, so that others can name it."""
    table, key = model._meta.db_table, str(model._meta.pk.column)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            taken = "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)"
            cursor.execute(taken, [table, key, len(rows)])
            numbers: Sequence[int] = [number for (number,) in cursor.fetchall()]
        else:
            # The transaction has locked the database: nobody takes a key meanwhile.
            cursor.execute("SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = %s), 0)", [table])
            (last,) = cursor.fetchone()
            numbers = range(last + 1, last + 1 + len(rows))
    for row, number in zip(rows, numbers, strict=True):
        row.pk = number


def _insert(model: type[Model], rows: list[Any]) -> None:
    """`bulk_create`; on PostgreSQL by COPY, which takes a third of the time."""
    if connection.vendor != "postgresql":
        model._default_manager.bulk_create(rows, batch_size=BATCH)
        return
    fields = model._meta.concrete_fields
    columns = ", ".join(connection.ops.quote_name(str(field.column)) for field in fields)
    values = attrgetter(*[field.attname for field in fields])
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {connection.ops.quote_name(model._meta.db_table)} ({columns}) FROM STDIN") as copy,
    ):
        for row in rows:
            copy.write_row(values(row))


def _tag(stories: list[_Story]) -> None:
    cleaned = {id(story): clean_tags(story.new.tags) for story in stories}
    wanted = {name for names in cleaned.values() for name in names}
    tags = {tag.name: tag for tag in Tag.objects.filter(name__in=wanted)}
    for name in sorted(wanted - tags.keys()):
        tags[name] = Tag.objects.create(name=name)
    ThreadTag.objects.bulk_create(
        ThreadTag(tag=tags[name], content_object=story.thread) for story in stories for name in cleaned[id(story)]
    )
