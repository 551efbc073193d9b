"""Who hears of what members say, and in what words."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Lookup, Model, OuterRef, Q, QuerySet, Subquery
from django.db.models.lookups import LessThanOrEqual
from django.urls import reverse
from django.utils import timezone

from forums import markup
from forums.models import (
    Announcement,
    Answer,
    Appeal,
    Attachment,
    Case,
    FollowLevel,
    HeldMessage,
    HeldPost,
    Level,
    MemberThread,
    Mention,
    Message,
    MoveAnswer,
    Post,
    PostVersion,
    Question,
    ReceivedMail,
    Report,
    Room,
    RoomRole,
    RoomSanction,
    Thread,
)
from network.actions import mail
from network.actions.audit import ThingKind, register_things, register_words
from network.actions.mail import Mail, MailKind, owe_mail, owe_mails
from network.actions.notices import give_notice, settle_notices
from network.models import MailLedger, Member, Membership, MemberTheme, Notice, Viewer
from network.models.audit import KEPT_FROM
from network.models.notice import NoticeQuerySet
from network.notifications import NoticeKind, named, register

register_words(
    {
        "began discussion": "began a discussion of something published",
        "closed poll": "closed a poll in a live room",
        "closed room": "closed a live room",
        "gave room role": "named a host or a speaker of a live room",
        "gave time-out": "asked somebody in a live room to be silent for a while",
        "hid message": "hid a message in a live room",
        "pinned message": "pinned a message in a live room",
        "refused post": "decided not to post what waited for the facilitators",
        "released post": "posted what waited for the facilitators",
        "refused held message": "decided not to show a message that waited for the host of a live room",
        "released message": "showed a message that waited for the host of a live room",
        "unpinned message": "unpinned a message in a live room",
        "kept room sanction": "kept a note, without a name, of a sanction in a live room: that address is gone",
        "let back into room": "let somebody back into a live room",
        "lifted time-out": "ended somebody's time-out in a live room",
        "locked room": "locked a live room",
        "looked at who asked": "looked at who asked a question without their name",
        "merged question": "merged a question in a live room into another",
        "published question": "published a question in a live room",
        "put question back": "put a question in a live room back among those that wait",
        "refused question": "did not publish a question in a live room",
        "set room rules": "changed the rules of a live room",
        "opened poll": "opened a poll in a live room",
        "removed from room": "removed somebody from a live room",
        "restored message": "brought a hidden message in a live room back",
        "set slow mode": "changed the slow mode of a live room",
        "appealed": "appealed against something being hidden",
        "claimed report": "said that they are looking at a report",
        "decided appeal": "answered an appeal",
        "decided report": "decided on a report",
        "hid file": "hid a file",
        "hid profile": "hid what somebody tells of themselves",
        "noted on report": "noted something on a report",
        "showed file": "brought a hidden file back",
        "showed profile": "brought back what somebody tells of themselves",
        "took over report": "took over a report that somebody else was looking at",
        "unlocked room": "unlocked a live room",
        "hid post": "hid a post",
        "hid question": "hid a question in a live room",
        "hid version": "hid earlier words of a post",
        "locked": "locked a thread",
        "made feed key": "made private addresses of feeds",
        "asked for threads of session": "asked for threads of what was asked in a live room",
        "made thread of session": "made a thread of what was asked in a live room",
        "noted recording": "said where the recording of a session is",
        "marked answer": "marked the answer to a question",
        "merged tags": "merged tags",
        "moved thread": "moved a thread to another theme",
        "asked to move thread": "asked whether a thread may move to another network",
        "withdrew move of thread": "stopped asking whether a thread may move to another network",
        "moved thread to network": "moved a thread to another network",
        "merged threads": "merged a thread into another",
        "split thread": "moved posts to a new thread",
        "moved posts": "moved posts to another thread",
        "pinned thread": "pinned a thread",
        "unpinned thread": "unpinned a thread",
        "undid": "undid what was done to a thread",
        "refused file": "deleted a file that may hold malware",
        "rescheduled room": "changed the time of a live room",
        "restored post": "brought a hidden post back",
        "restored question": "brought a hidden question in a live room back",
        "restored room sanction": "had a sanction in a live room go on for somebody who came back",
        "scheduled room": "scheduled a live room",
        "took back room role": "took back the role of a host or a speaker",
        "took mark off answer": "took the mark off an answer",
        "unlocked": "unlocked a thread",
    },
    moderation=[
        "appealed",
        "asked to move thread",
        "claimed report",
        "closed poll",
        "closed room",
        "decided appeal",
        "decided report",
        "gave room role",
        "gave time-out",
        "hid file",
        "hid message",
        "hid post",
        "hid profile",
        "hid question",
        "hid version",
        "kept room sanction",
        "let back into room",
        "lifted time-out",
        "locked",
        "locked room",
        "looked at who asked",
        "marked answer",
        "merged question",
        "merged tags",
        "merged threads",
        "moved posts",
        "moved thread",
        "moved thread to network",
        "noted on report",
        "opened poll",
        "pinned message",
        "pinned thread",
        "published question",
        "put question back",
        "refused file",
        "refused held message",
        "refused question",
        "refused post",
        "released message",
        "released post",
        "removed from room",
        "rescheduled room",
        "restored message",
        "restored post",
        "restored question",
        "restored room sanction",
        "scheduled room",
        "set room rules",
        "set slow mode",
        "showed file",
        "showed profile",
        "split thread",
        "took back room role",
        "took mark off answer",
        "took over report",
        "undid",
        "unlocked",
        "unlocked room",
        "unpinned message",
        "unpinned thread",
        "withdrew move of thread",
    ],
)


def _in_room(model: type[Model], what: str) -> ThingKind:
    """How something that was said in a live room is called where its facilitators read what was done to it."""
    return ThingKind(
        visible_to=lambda viewer: model._default_manager.visible_to(viewer).select_related("room"),  # type: ignore[attr-defined]
        words=lambda thing: f"{what} in “{thing.room.title}”",
        address=lambda thing: thing.room.get_absolute_url(),
    )


KEPT_FROM[Case._meta.label_lower] = lambda viewer: Case.objects.filter(author=viewer.pk or 0)
register_things(
    Post,
    ThingKind(
        visible_to=lambda viewer: Post.objects.in_place(viewer).select_related("thread"),
        words=lambda post: f"Post {post.number} in “{post.thread.shown_title}”",
        address=lambda post: post.get_absolute_url(),
    ),
)
register_things(
    Thread,
    ThingKind(
        visible_to=lambda viewer: Thread.objects.in_place(viewer),
        words=lambda thread: f"“{thread.shown_title}”",
        address=lambda thread: thread.get_absolute_url(),
    ),
)
register_things(
    Room,
    ThingKind(
        visible_to=lambda viewer: Room.objects.known_to(viewer),
        words=lambda room: f"“{room.title}”",
        address=lambda room: room.get_absolute_url(),
    ),
)
register_things(Message, _in_room(Message, "A message"))
register_things(HeldMessage, _in_room(HeldMessage, "A message that waited"))
register_things(
    HeldPost,
    ThingKind(
        visible_to=lambda viewer: HeldPost.objects.visible_to(viewer).select_related("network"),
        words=lambda held: "A first post that waited",
        address=lambda held: reverse("held_posts", args=[held.network.slug]),
    ),
)
register_things(
    Attachment,
    ThingKind(
        visible_to=lambda viewer: Attachment.objects.visible_to(viewer).select_related("post__thread"),
        words=lambda attachment: f"The file “{attachment.name}”",
        address=lambda attachment: attachment.post.get_absolute_url() if attachment.post else "",
    ),
)
register_things(
    Case,
    ThingKind(
        visible_to=lambda viewer: Case.objects.visible_to(viewer).with_things(),
        words=lambda case: f"A report: {case.title}",
        address=lambda case: case.get_absolute_url(),
    ),
)
register_things(Question, _in_room(Question, "A question"))
register_things(RoomRole, _in_room(RoomRole, "A role"))

POST_ANSWERED = "post_answered"
POST_HIDDEN = "post_hidden"
HELD_POST_WAITS = "held_post_waits"
HELD_POST_RELEASED = "held_post_released"
HELD_POST_REFUSED = "held_post_refused"
VERSION_HIDDEN = "version_hidden"
THREAD_LOCKED = "thread_locked"
MENTIONED = "mentioned"
ANSWER_MARKED = "answer_marked"
DID_IT_WORK = "did_it_work"
THREAD_REPLIED = "thread_replied"
THREAD_STARTED = "thread_started"
THEME_FOLLOWED = "theme_followed"
ROOM_ROLE_GIVEN = "room_role_given"
FILE_REFUSED = "file_refused"
OUTSIDER_NAMED = "outsider_named"
SPEAKER_NAMED = "speaker_named"
BOOKMARK_DUE = "bookmark_due"
MESSAGE_HIDDEN = "message_hidden"
HELD_MESSAGE_REFUSED = "held_message_refused"
CASE_OPENED = "case_opened"
REPORT_DECIDED = "report_decided"
CASE_HIDDEN = "case_hidden"
CASE_SHOWN = "case_shown"
CASE_DECIDED = "case_decided"
POST_SHOWN = "post_shown"
MESSAGE_SHOWN = "message_shown"
APPEAL_MADE = "appeal_made"
APPEAL_DECIDED = "appeal_decided"
QUESTION_THREAD = "question_thread"
MESSAGE_THREAD = "message_thread"
PARKED_THREAD = "parked_thread"
OF_POSTS = (MENTIONED, POST_ANSWERED, POST_HIDDEN, POST_SHOWN, HELD_POST_RELEASED)
OF_SESSION = (QUESTION_THREAD, MESSAGE_THREAD, PARKED_THREAD)
QUESTION_TAKEN_ON = "question_taken_on"
PARKED_TAKEN_ON = "parked_taken_on"
ROOM_SANCTIONED = "room_sanctioned"
QUESTION_REFUSED = "question_refused"
MOVE_ASKED = "move_asked"
QUESTION_PARKED = "question_parked"
# The kind of mail that a post goes out with at once (forums/post_mail.py says in what words).
POST_MAIL = "post"

MAIL_WAITS = timedelta(minutes=10)  # time to read the post where it stands, and for those that follow it
MAILED_WITHIN = timedelta(days=1)
ANNOUNCEMENT_WAITS = "announcement_waits"
ANNOUNCEMENT_CONFIRMED = "announcement_confirmed"
ANNOUNCEMENT_DECLINED = "announcement_declined"
REPLY_BY_MAIL = "reply_by_mail"

register_words(
    {
        "asked to mail announcement": "asked to have an announcement mailed",
        "confirmed announcement": "confirmed the mail of an announcement",
        "declined announcement": "declined the mail of an announcement",
        "stopped announcement": "stopped the mail of an announcement",
    }
)


def thread_started(thread: Thread, *, now: datetime) -> None:
    """Whom its first words mention; not who began it. Whoever watches hears a moment later: `tell_watchers`."""
    _tell_mentioned(thread, 1, thread.author_id, now=now)


def post_written(post: Post, *, now: datetime) -> None:
    """Whom it mentions and whose post it answers, as long as they belong to the network and have not muted the thread;
    not the writer, and each of them once, in this order. Whoever watches hears a moment later: `tell_watchers`."""
    thread = post.thread
    told = [post.author_id] if post.author_id else []
    if "@" in post.source:
        told += _tell_mentioned(thread, post.number, post.author_id, now=now)
    answered = post.reply_to.author_id if post.reply_to else None
    if answered and answered not in told and _hears_of(thread).filter(pk=answered).exists():
        give_notice(POST_ANSWERED, post.pk, Member.objects.filter(pk=answered), now=now)


def tell_watchers(post: Post) -> None:
    """Whoever watches the thread, its theme or its network; and of a new thread whoever follows its theme. Not the
    writer, nor whom the post itself spoke to, nor who has read it by now; and nobody twice, however often this runs."""
    thread = post.thread
    watchers = _others(watchers_of(thread), post)
    if post.number > 1:
        _tell_once(THREAD_REPLIED, post, watchers)
        return
    _tell_once(THREAD_STARTED, post, watchers)
    _tell_once(THEME_FOLLOWED, post, _others(_followers_of_theme(thread), post))


def owe_mail_of_post(post: Post, *, now: datetime) -> None:
    """Writes down to whom a post is to be mailed: those whom it spoke to and those who watch, where they want that at
    once; and of a new thread those who want every one of its network. In ten minutes, if they have not read it by then.
    What is old by the time that a worker comes to it waits for the digest."""
    thread = post.thread
    if post.written_at < now - MAILED_WITHIN:
        return
    here = Membership.objects.active().filter(network=thread.network_id).exclude(mail=Membership.Mail.NOTHING)
    concerned = Q(pk__in=_told_with(post)) | Q(pk__in=watchers_of(thread).values("pk"))
    wanted = Q(mails_at_once=True) & concerned
    if post.number == 1:
        each = here.filter(mail=Membership.Mail.EACH)
        wanted |= Q(pk__in=each.values("member")) & Q(pk__in=_hears_of(thread).values("pk"))
    to = Member.objects.may_be_mailed().filter(wanted, pk__in=here.values("member")).exclude(pk=post.author_id or 0)
    to = to.exclude(pk__in=_who_read(post)).only("pk").order_by("pk")
    owe_mails(POST_MAIL, to, period=str(post.pk), object_id=post.pk, due_at=now + MAIL_WAITS, now=now)


def _tell_once(kind: str, post: Post, to: QuerySet[Member]) -> None:
    """A notice of the thread that they had and read is opened again by a later post, and by this one only once."""
    had = Notice.objects.filter(kind=kind, object_id=post.thread_id, at__gte=post.written_at)
    to = to.exclude(pk__in=had.values("member"))
    # In one order, so that two of these at once do not wait for each other's rows.
    give_notice(kind, post.thread_id, to.only("pk").order_by("pk"), now=post.written_at)


def _others(members: QuerySet[Member], post: Post) -> QuerySet[Member]:
    told = members.exclude(pk=post.author_id or 0).exclude(pk__in=_told_with(post))
    return told.exclude(pk__in=_who_read(post))


def _told_with(post: Post) -> QuerySet[Any, Any]:
    """The numbers of those who were told together with the post: whom it mentions and whom it answers."""
    return Notice.objects.filter(kind__in=(MENTIONED, POST_ANSWERED), object_id=post.pk).values("member")


def _who_read(post: Post) -> QuerySet[Any, Any]:
    rows = MemberThread.objects.filter(thread=post.thread_id, last_read_number__gte=post.number)
    return rows.values("member")


def _tell_mentioned(thread: Thread, number: int, author: int | None, *, now: datetime) -> list[int]:
    """Those whom the post mentions and who want to hear of it, but not its author: they need not be told again. Whom it
    only quotes as mentioned was told before."""
    rows = Mention.objects.filter(post__thread=thread, post__number=number, member__in=_hears_of(thread).values("pk"))
    mentioned = list(rows.exclude(member=author or 0).select_related("member", "post"))
    if mentioned and "<blockquote" in (html := mentioned[0].post.html):
        said = set(markup.mentioned(markup.without_quotes(html)).values())
        mentioned = [row for row in mentioned if row.member.get_absolute_url() in said]
    if mentioned:
        give_notice(MENTIONED, mentioned[0].post_id, [row.member for row in mentioned], now=now)
    return [row.member_id for row in mentioned]


def answer_marked(answer: Answer, *, now: datetime) -> None:
    """Whoever wrote it, unless they marked it themselves."""
    author = answer.post.author_id
    if author and author not in (answer.by_id, answer.thread.asker_id if answer.by_id is None else None):
        give_notice(ANSWER_MARKED, answer.pk, _hears_of(answer.thread).filter(pk=author), now=now)


def asked_whether_it_worked(answer: Answer, *, now: datetime) -> bool:
    """Whoever asked the question. Whether there is anybody to ask: they may have left, or muted the thread."""
    asker = list(_hears_of(answer.thread).filter(pk=answer.thread.asked_by_id or 0))
    give_notice(DID_IT_WORK, answer.pk, asker, now=now)
    return bool(asker)


def told_whether_it_worked(answer: Answer, asker: Member) -> None:
    settle_notices(asker, Q(kind=DID_IT_WORK, object_id=answer.pk))


# What is done to somebody's own words they hear of even where they have muted the thread.


def post_hidden(post: Post, *, now: datetime) -> None:
    """Its author, with the reason."""
    if post.author_id:
        give_notice(POST_HIDDEN, post.pk, Member.objects.filter(pk=post.author_id), now=now)


def post_shown(post: Post, *, by: Member | None, now: datetime) -> None:
    """Its author, unless they brought it back themselves."""
    if post.author_id and (by is None or by.pk != post.author_id):
        give_notice(POST_SHOWN, post.pk, Member.objects.filter(pk=post.author_id), now=now)


def post_held(held: HeldPost, *, now: datetime) -> None:
    """The facilitators, who see it first."""
    facilitators = Membership.objects.facilitators().filter(network=held.network_id).exclude(member=held.author_id)
    give_notice(HELD_POST_WAITS, held.pk, Member.objects.filter(pk__in=facilitators.values("member")), now=now)


def held_post_released(post: Post, *, now: datetime) -> None:
    """Whoever wrote it: others read it now."""
    give_notice(HELD_POST_RELEASED, post.pk, Member.objects.filter(pk=post.author_id or 0), now=now)


def held_post_refused(held: HeldPost, *, now: datetime) -> None:
    """Whoever wrote it, with the reason."""
    give_notice(HELD_POST_REFUSED, held.pk, [held.author], now=now)


def version_hidden(version: PostVersion, *, now: datetime) -> None:
    """Whoever wrote it, unless they hid it themselves."""
    author = version.post.author_id
    if author and author != version.hidden_by_id:
        give_notice(VERSION_HIDDEN, version.pk, Member.objects.filter(pk=author), now=now)


def thread_locked(thread: Thread, by: Member | None, *, now: datetime) -> None:
    """Whoever began it, unless they locked it themselves."""
    if thread.author_id and (by is None or by.pk != thread.author_id):
        give_notice(THREAD_LOCKED, thread.pk, _here(thread).filter(pk=thread.author_id), now=now)


def file_refused(post: Post, *, now: datetime) -> None:
    """Its author: what they attached is gone."""
    if post.author_id:
        give_notice(FILE_REFUSED, post.pk, Member.objects.filter(pk=post.author_id), now=now)


def thread_read(thread: Thread, member: Member, *, up_to: int) -> None:
    """What the member has now seen needs no telling any more: one UPDATE."""
    settle_notices(member, _about(thread.pk, _stands_before, up_to) | _about_its_end(thread, up_to))


def news_on_page(thread: int, after: int, up_to: int, *, by: Member) -> NoticeQuerySet:
    """The notices that whoever looks at a page of a thread needs no more, though perhaps they read all its posts
    before: of what stands there, by the numbers of its posts, and of the thread. Only for a query of threads, whose
    `highest_visible_number` it asks for."""
    at_its_end = Q(Q(kind=THREAD_REPLIED, object_id=thread), LessThanOrEqual(OuterRef("highest_visible_number"), up_to))
    about = _about(thread, _stands_within, after, up_to) | at_its_end
    return Notice.objects.visible_to(by).unread().filter(about).order_by()


def _about_its_end(thread: Thread, read_to: int) -> Q:
    is_read = read_to >= thread.highest_visible_number
    return Q(kind=THREAD_REPLIED, object_id=thread.pk) if is_read else Q(pk__in=[])


def _about(thread: int, stands: Callable[..., Q | Lookup[Any]], *numbers: int) -> Q:
    """The notices of a thread, and of what stands in it: `stands`, one of the two below, says that of a kind of thing
    by the `numbers` of posts; `post__` leads from the thing to its post. Whether an answer worked is a question that
    reading does not settle."""
    return (
        Q(Q(kind__in=OF_POSTS), stands(Post, "", thread, *numbers))
        | Q(Q(kind=VERSION_HIDDEN), stands(PostVersion, "post__", thread, *numbers))
        | Q(Q(kind=ANSWER_MARKED), stands(Answer, "post__", thread, *numbers))
        | Q(kind__in=(THREAD_STARTED, THEME_FOLLOWED, THREAD_LOCKED, BOOKMARK_DUE, *OF_SESSION), object_id=thread)
    )


def _stands_within(kind: type[Model], of: str, thread: int, after: int, up_to: int) -> Q:
    things = kind._default_manager.filter(
        **{f"{of}thread": thread, f"{of}number__gt": after, f"{of}number__lte": up_to}
    )
    return Q(object_id__in=things.values("pk"))


def _stands_before(kind: type[Model], of: str, thread: int, up_to: int) -> Lookup[Any]:
    """Looked up for each notice, and as a value, which no database makes a join of: a member has hundreds of them, a
    thread may have tens of thousands of posts."""
    thing = kind._default_manager.filter(**{"pk": OuterRef("object_id"), f"{of}thread": thread})
    return LessThanOrEqual(Subquery(thing.order_by().values(f"{of}number")), up_to)


def took_part_in(thread: Thread) -> QuerySet[Member]:
    """Who wrote in it what can still be read, belongs to its network, and has not muted it. For what stands above this
    storey and tells them of what they discussed."""
    wrote = Post.objects.shown().filter(thread=thread, author__isnull=False)
    return _hears_of(thread).filter(pk__in=wrote.values("author"))


def watchers_of(thread: Thread) -> QuerySet[Member]:
    """Members of its network for whom its level is watch (`models.reading.level_of`)."""
    watched = Level.WATCH
    chosen = MemberThread.objects.filter(thread=thread, level_chosen=True)
    automatic = MemberThread.objects.filter(thread=thread, level_chosen=False, level=watched)
    of_theme = FollowLevel.objects.filter(theme=thread.theme_id)
    of_network = FollowLevel.objects.filter(network=thread.network_id)
    above = Q(pk__in=of_theme.filter(level=watched).values("member")) | (
        Q(pk__in=of_network.filter(level=watched).values("member")) & ~Q(pk__in=of_theme.values("member"))
    )
    raised = Q(pk__in=automatic.values("member")) & Q(pk__in=_hears_of(thread).values("pk"))
    return _here(thread).filter(
        Q(pk__in=chosen.filter(level=watched).values("member"))
        | (~Q(pk__in=chosen.values("member")) & (above | raised))
    )


def _followers_of_theme(thread: Thread) -> QuerySet[Member]:
    """Members of its network who follow its theme and for whom its level is not watch."""
    of_theme = FollowLevel.objects.filter(theme=thread.theme_id)
    interested = MemberTheme.objects.filter(theme=thread.theme_id)
    follows = Q(pk__in=of_theme.filter(level=Level.FOLLOW).values("member")) | (
        Q(pk__in=interested.values("member")) & ~Q(pk__in=of_theme.values("member"))
    )
    return _hears_of(thread).filter(follows).exclude(pk__in=watchers_of(thread).values("pk"))


def _hears_of(thread: Thread) -> QuerySet[Member]:
    """Members of its network who have not muted it, or its theme, or all of the network."""
    own = MemberThread.objects.filter(thread=thread.pk or 0)  # none yet of one that is being written
    of_theme = FollowLevel.objects.filter(theme=thread.theme_id)
    of_network = FollowLevel.objects.filter(network=thread.network_id)
    muted_above = Q(pk__in=of_theme.filter(level=Level.MUTE).values("member")) | (
        Q(pk__in=of_network.filter(level=Level.MUTE).values("member")) & ~Q(pk__in=of_theme.values("member"))
    )
    chosen = own.filter(level_chosen=True)
    return (
        _here(thread)
        .exclude(pk__in=chosen.filter(level=Level.MUTE).values("member"))
        .exclude(muted_above & ~Q(pk__in=chosen.values("member")))
    )


def _here(thread: Thread) -> QuerySet[Member]:
    here = Membership.objects.active().filter(network=thread.network_id)
    found: QuerySet[Member] = Member.objects.filter(pk__in=here.values("member"), is_active=True)
    return found


def room_role_given(given: RoomRole, *, now: datetime) -> None:
    """Whoever got it, a speaker by mail too; where they come from outside, the facilitators, whose network it is."""
    give_notice(ROOM_ROLE_GIVEN, given.pk, [given.member], now=now)
    if given.role == RoomRole.Role.SPEAKER:
        owe_mail(SPEAKER_NAMED, given.member, period=str(given.pk), object_id=given.pk, now=now)
    network = given.room.network
    if not Membership.objects.active().filter(network=network, member=given.member).exists():
        facilitators = Membership.objects.facilitators().filter(network=network).exclude(member=given.by)
        give_notice(OUTSIDER_NAMED, given.pk, Member.objects.filter(pk__in=facilitators.values("member")), now=now)


def _about_speaking(row: MailLedger, member: Member | None) -> Mail | None:
    """Where they speak there still, and it is not over."""
    if member is None:
        return None
    own = RoomRole.objects.visible_to(member).filter(member=member, role=RoomRole.Role.SPEAKER)
    given = own.filter(pk=row.object_id or 0, room__closes_at__gt=timezone.now()).select_related("room__network")
    for room in (role.room for role in given):
        title = "" if room.network.content_free_mail else room.title
        return Mail("forums/mail/speaker_named.txt", {"member": member, "room": room, "title": title})
    return None


mail.register(MailKind(SPEAKER_NAMED, _about_speaking))
register(
    NoticeKind(
        name=OUTSIDER_NAMED,
        visible_to=lambda viewer: RoomRole.objects.visible_to(viewer).select_related("member", "room"),
        title=lambda given: f"{named(given.member)}, from outside, may speak in the live room “{given.room.title}”",
        address=lambda given: given.room.get_absolute_url(),
        written_anew=True,
    )
)
register(
    NoticeKind(
        name=ROOM_ROLE_GIVEN,
        visible_to=lambda viewer: RoomRole.objects.visible_to(viewer).filter(member=viewer.pk).select_related("room"),
        title=lambda given: f"You are a {given.get_role_display().lower()} in the live room “{given.room.title}”",
        address=lambda given: given.room.get_absolute_url(),
        written_anew=True,
    )
)


# Kinds that are about the same things ask for them together: one query for each function.


def _posts(viewer: Viewer) -> QuerySet[Post]:
    return Post.objects.visible_to(viewer).select_related("thread__network", "author").defer("source", "html")


def _author(said: Post | Thread) -> str:
    return named(said.author) if said.author else said.author_name


def _threads(viewer: Viewer) -> QuerySet[Thread]:
    return Thread.objects.visible_to(viewer).select_related("network", "theme", "author")


def _reachable_threads(viewer: Viewer) -> QuerySet[Thread]:
    return Thread.objects.reachable_by(viewer).select_related("network", "theme", "author")


def _own_hidden_posts(viewer: Viewer) -> QuerySet[Post]:
    own = Post.objects.in_place(viewer).filter(author=viewer.pk or 0).exclude(hidden_at=None)
    return own.select_related("thread__network").defer("source", "html")


def _waiting_posts(viewer: Viewer) -> QuerySet[HeldPost]:
    others = HeldPost.objects.visible_to(viewer).waiting().exclude(author=viewer.pk or 0)
    return others.select_related("network", "author").defer("source", "practice")


def _own_released_posts(viewer: Viewer) -> QuerySet[Post]:
    return _posts(viewer).filter(author=viewer.pk or 0, was_held__isnull=False)


def _own_refused_posts(viewer: Viewer) -> QuerySet[HeldPost]:
    own = HeldPost.objects.visible_to(viewer).filter(author=viewer.pk or 0, decision=HeldPost.Decision.REFUSED)
    return own.select_related("network").defer("source", "practice")


def _own_hidden_versions(viewer: Viewer) -> QuerySet[PostVersion]:
    own = PostVersion.objects.in_place(viewer).filter(post__author=viewer.pk or 0).exclude(hidden_at=None)
    return own.select_related("post__thread__network").defer("source", "html", "post__source", "post__html")


def _own_locked_threads(viewer: Viewer) -> QuerySet[Thread]:
    return _threads(viewer).filter(author=viewer.pk or 0).exclude(locked_at=None)


def _answers(viewer: Viewer) -> QuerySet[Answer]:
    found = Answer.objects.visible_to(viewer).select_related("thread__network", "post", "by")
    return found.defer("post__source", "post__html")


def _own_answers(viewer: Viewer) -> QuerySet[Answer]:
    return _answers(viewer).filter(post__author=viewer.pk or 0)


def _answers_to_tell_of(viewer: Viewer) -> QuerySet[Answer]:
    """To the viewer's own questions: whether they worked is asked, and not told yet."""
    asked = Q(thread__asker=viewer.pk or 0) | Q(thread__asker=None, thread__author=viewer.pk or 0)
    return _answers(viewer).filter(asked, worked="").exclude(asked_at=None)


register(
    NoticeKind(
        name=THREAD_REPLIED,
        visible_to=_threads,
        title=lambda thread: f"New replies in “{thread.title}”",
        address=lambda thread: thread.get_absolute_url(),
        where=lambda thread: thread.network.name,
        usual=True,
    )
)
register(
    NoticeKind(
        name=THREAD_STARTED,
        visible_to=_threads,
        title=lambda thread: f"{_author(thread)} started “{thread.title}”",
        address=lambda thread: thread.get_absolute_url(),
        where=lambda thread: thread.network.name,
        usual=True,
    )
)
register(
    NoticeKind(
        name=THEME_FOLLOWED,
        visible_to=_threads,
        title=lambda thread: f"{_author(thread)} started “{thread.title}” about {thread.theme}, which you follow",
        address=lambda thread: thread.get_absolute_url(),
        where=lambda thread: thread.network.name,
        usual=True,
    )
)
register(
    NoticeKind(
        name=THREAD_LOCKED,
        visible_to=_own_locked_threads,
        title=lambda thread: f"Your thread “{thread.title}” was locked, so nobody can reply to it",
        address=lambda thread: thread.get_absolute_url(),
        where=lambda thread: thread.network.name,
    )
)
register(
    NoticeKind(
        name=MENTIONED,
        visible_to=_posts,
        title=lambda post: f"{_author(post)} mentioned you in “{post.thread.title}”",
        address=lambda post: post.get_absolute_url(),
        where=lambda post: post.thread.network.name,
        usual=True,
    )
)
register(
    NoticeKind(
        name=POST_ANSWERED,
        visible_to=_posts,
        title=lambda post: f"{_author(post)} answered you in “{post.thread.title}”",
        address=lambda post: post.get_absolute_url(),
        where=lambda post: post.thread.network.name,
        usual=True,
    )
)
register(
    NoticeKind(
        name=HELD_POST_WAITS,
        visible_to=_waiting_posts,
        title=lambda held: f"The first post of {named(held.author)} waits for you to read it",
        address=lambda held: held.get_absolute_url(),
        where=lambda held: held.network.name,
    )
)
register(
    NoticeKind(
        name=HELD_POST_RELEASED,
        visible_to=_own_released_posts,
        title=lambda post: f"A facilitator has posted what you wrote in “{post.thread.title}”",
        address=lambda post: post.get_absolute_url(),
        where=lambda post: post.thread.network.name,
    )
)
register(
    NoticeKind(
        name=HELD_POST_REFUSED,
        visible_to=_own_refused_posts,
        title=lambda held: f"A facilitator did not post what you wrote, and you have it back as a draft: {held.reason}",
        address=lambda held: reverse("drafts"),
        where=lambda held: held.network.name,
    )
)
register(
    NoticeKind(
        name=POST_HIDDEN,
        visible_to=_own_hidden_posts,
        title=lambda post: (
            f"A facilitator hid post {post.number} that you wrote: {post.hidden_reason}"
            if post.hidden_by_id
            else f"Post {post.number} that you wrote is hidden for now. {post.hidden_reason}"
        ),
        address=lambda post: post.get_absolute_url(),
        where=lambda post: post.thread.network.name,
    )
)
register(
    NoticeKind(
        name=POST_SHOWN,
        visible_to=_posts,
        title=lambda post: f"Everybody can read post {post.number} that you wrote in “{post.thread.title}” again",
        address=lambda post: post.get_absolute_url(),
        where=lambda post: post.thread.network.name,
        usual=True,
    )
)
register(
    NoticeKind(
        name=VERSION_HIDDEN,
        visible_to=_own_hidden_versions,
        title=lambda version: (
            f"A facilitator hid earlier words of your post {version.post.number} in “{version.post.thread.title}”"
        ),
        address=lambda version: version.post.get_absolute_url(),
        where=lambda version: version.post.thread.network.name,
    )
)
register(
    NoticeKind(
        name=ANSWER_MARKED,
        visible_to=_own_answers,
        title=lambda answer: (
            f"{named(answer.by) if answer.by else 'Somebody'} marked your post as the answer to “{answer.thread.title}”"
        ),
        address=lambda answer: answer.post.get_absolute_url(),
        where=lambda answer: answer.thread.network.name,
    )
)
register(
    NoticeKind(
        name=DID_IT_WORK,
        visible_to=_answers_to_tell_of,
        title=lambda answer: f"Did the answer to “{answer.thread.title}” work?",
        address=lambda answer: answer.get_absolute_url(),
        where=lambda answer: answer.thread.network.name,
    )
)
register(
    NoticeKind(
        name=FILE_REFUSED,
        visible_to=lambda viewer: (
            Post.objects.visible_to(viewer)
            .filter(author=viewer.pk or 0, pk__in=Attachment.objects.refused().values("post"))
            .select_related("thread")
        ),
        title=lambda post: f"A file that you attached in “{post.thread.title}” was removed: it may hold malware",
        address=lambda post: post.get_absolute_url(),
    )
)


def bookmark_due(bookmark: MemberThread, *, now: datetime) -> None:
    """Whoever asked to be reminded of the thread."""
    give_notice(BOOKMARK_DUE, bookmark.thread_id, [bookmark.member], now=now)


register(
    NoticeKind(
        name=BOOKMARK_DUE,
        visible_to=lambda viewer: Thread.objects.visible_to(viewer).select_related("network"),
        title=lambda thread: f"You asked to be reminded of “{thread.title}”",
        address=lambda thread: thread.get_absolute_url(),
    )
)


@dataclass(frozen=True, slots=True)
class Counted:
    """How many people an announcement concerns. Whoever makes it is not among them."""

    now: int
    digest: int
    none: int  # they chose no mail, or muted the network or the theme
    bounced: int  # their mail came back lately
    unasked: int = 0  # they have not been asked yet how they want mail

    @property
    def key(self) -> str:
        """What somebody was told before they agreed to it."""
        return f"{self.now} {self.digest}"

    @property
    def is_for_two(self) -> bool:
        """Whether so many are not written to before a second person agrees."""
        return 0 < settings.ANNOUNCEMENT_CONFIRM_OVER < self.now

    @property
    def in_words(self) -> str:
        people = "1 person" if self.now == 1 else f"{self.now:,} people"
        return f"This will write to {people} now and {self.digest:,} in their digest."

    @property
    def rest_in_words(self) -> str:
        """Who hears nothing by mail; empty where that is nobody."""
        said = []
        if self.none:
            said.append(f"{self.none:,} chose no mail from this network.")
        if self.bounced:
            said.append(f"Mail to {self.bounced:,} came back lately, so they get none.")
        if self.unasked:
            said.append(f"{self.unasked:,} have not been asked yet how they want mail, so they get none.")
        return " ".join(said)


@dataclass(frozen=True, slots=True)
class Audience:
    """The members whom an announcement by mail concerns, each in one of these."""

    now: QuerySet[Member]
    digest: QuerySet[Member]
    none: QuerySet[Member]
    bounced: QuerySet[Member]
    unasked: QuerySet[Member]

    def counted(self) -> Counted:
        parts = (self.now, self.digest, self.none, self.bounced, self.unasked)
        return Counted(*(part.count() for part in parts))


def audience_of(thread: Thread) -> Audience:
    """Who hears of an announcement by mail, and how: what is counted before it is sent, what is sent, and what is asked
    again for each as their mail goes. Of a thread that is not written yet, network, theme and author are enough."""
    others = _here(thread).exclude(pk=thread.author_id or 0)
    may_be_mailed = Q(pk__in=Member.objects.may_be_mailed().values("pk"))
    reached = others.filter(may_be_mailed)
    here = Membership.objects.filter(network=thread.network_id)
    no_mail = here.filter(mail=Membership.Mail.NOTHING)
    hears = Q(pk__in=_hears_of(thread).values("pk")) & ~Q(pk__in=no_mail.values("member"))
    # Who wants each new thread of the network has no digest of it.
    at_once = Q(mails_at_once=True) | Q(pk__in=here.filter(mail=Membership.Mail.EACH).values("member"))
    return Audience(
        now=reached.filter(hears, at_once),
        digest=reached.filter(hears).exclude(at_once),
        none=reached.exclude(hears),
        bounced=others.exclude(mail_bounced_at=None),
        unasked=others.filter(mail_bounced_at=None).exclude(may_be_mailed),
    )


def confirmers_of(announcement: Announcement) -> QuerySet[Member]:
    """Who can confirm its mail: the other facilitators, and administrators who belong to the network."""
    network = announcement.thread.network_id
    facilitators = Membership.objects.facilitators().filter(network=network)
    administrators = Member.objects.administrators().filter(pk__in=_here(announcement.thread).values("pk"))
    found: QuerySet[Member] = Member.objects.filter(
        Q(pk__in=facilitators.values("member")) | Q(pk__in=administrators.values("pk"))
    )
    return found.exclude(pk=announcement.asked_by_id or 0)


def announcement_waits(announcement: Announcement, *, now: datetime) -> None:
    """Whoever can confirm it."""
    give_notice(ANNOUNCEMENT_WAITS, announcement.pk, confirmers_of(announcement), now=now)


def announcement_confirmed(announcement: Announcement, *, now: datetime) -> None:
    """Whoever asked."""
    if announcement.asked_by:
        give_notice(ANNOUNCEMENT_CONFIRMED, announcement.pk, [announcement.asked_by], now=now)


def announcement_declined(announcement: Announcement, *, now: datetime) -> None:
    """Whoever asked, with the reason."""
    if announcement.asked_by:
        give_notice(ANNOUNCEMENT_DECLINED, announcement.pk, [announcement.asked_by], now=now)


def _announcements(viewer: Viewer) -> QuerySet[Announcement]:
    seen = Announcement.objects.visible_to(viewer)
    return seen.select_related("thread__network", "asked_by", "confirmed_by", "declined_by")


def _waiting_announcements(viewer: Viewer) -> QuerySet[Announcement]:
    return _announcements(viewer).filter(pk__in=Announcement.objects.waiting().values("pk"))


register(
    NoticeKind(
        name=ANNOUNCEMENT_WAITS,
        visible_to=_waiting_announcements,
        title=lambda asked: (
            f"{named(asked.asked_by) if asked.asked_by else 'Somebody'} asks you to confirm mail to "
            f"{asked.people_now:,} people: “{asked.thread.shown_title}”"
        ),
        address=lambda asked: asked.get_absolute_url(),
        where=lambda asked: asked.thread.network.name,
    )
)
register(
    NoticeKind(
        name=ANNOUNCEMENT_CONFIRMED,
        visible_to=_announcements,
        title=lambda asked: (
            f"{named(asked.confirmed_by) if asked.confirmed_by else 'Somebody'} confirmed the mail of "
            f"“{asked.thread.shown_title}”"
        ),
        address=lambda asked: asked.get_absolute_url(),
        where=lambda asked: asked.thread.network.name,
    )
)
register(
    NoticeKind(
        name=ANNOUNCEMENT_DECLINED,
        visible_to=_announcements,
        title=lambda asked: (
            f"{named(asked.declined_by) if asked.declined_by else 'Somebody'} declined the mail of "
            f"“{asked.thread.shown_title}”: {asked.declined_reason}"
        ),
        address=lambda asked: asked.get_absolute_url(),
        where=lambda asked: asked.thread.network.name,
    )
)


def reply_came_by_mail(received: ReceivedMail, *, now: datetime) -> None:
    """Its writer, where it was refused, waits, or something of it was not taken."""
    owe_mail(REPLY_BY_MAIL, received.member, period=str(received.pk), object_id=received.pk, now=now)


def _about_received_mail(row: MailLedger, member: Member | None) -> Mail | None:
    """Without a word of the thread for whom it is out of sight by now."""
    if member is None:
        return None
    own = ReceivedMail.objects.visible_to(member).filter(pk=row.object_id or 0)
    received = own.select_related("thread__network", "held").first()
    if received is None or (received.held and received.held.decision):
        return None  # what became of it they are told on the site
    seen = Thread.objects.reachable_by(member).filter(pk=received.thread_id).exists()
    context = {
        "member": member,
        "received": received,
        "thread": received.thread if seen else None,
        "title": received.thread.title
        if seen and received.thread.visible_count and not received.thread.network.content_free_mail
        else "",
        # By its number, where not even the words of its address are to stand in a mail.
        "thread_address": reverse("post", args=[received.thread_id, 1]),
    }
    return Mail("forums/mail/reply_by_mail.txt", context, html="forums/mail/reply_by_mail.html")


mail.register(MailKind(REPLY_BY_MAIL, _about_received_mail))


def message_hidden(message: Message, *, now: datetime) -> None:
    """Its author, with the reason."""
    give_notice(MESSAGE_HIDDEN, message.pk, [message.author], now=now)


def held_message_refused(held: HeldMessage, *, now: datetime) -> None:
    """Its author, with the reason."""
    give_notice(HELD_MESSAGE_REFUSED, held.pk, [held.author], now=now)


def message_shown(message: Message, *, by: Member | None, now: datetime) -> None:
    """Its author, unless they brought it back themselves."""
    if by is None or by.pk != message.author_id:
        give_notice(MESSAGE_SHOWN, message.pk, [message.author], now=now)


def room_sanctioned(given: RoomSanction, *, now: datetime) -> None:
    """Whom it is about, with the reason."""
    give_notice(ROOM_SANCTIONED, given.pk, [given.member], now=now)


def _own_hidden_messages(viewer: Viewer) -> QuerySet[Message]:
    own = Message.objects.visible_to(viewer).filter(author=viewer.pk or 0).exclude(hidden_at=None)
    return own.select_related("room__network").defer("body")


register(
    NoticeKind(
        name=MESSAGE_HIDDEN,
        visible_to=_own_hidden_messages,
        title=lambda message: (
            f"A facilitator hid what you said in “{message.room.title}”: {message.hidden_reason}"
            if message.hidden_by_id
            else f"What you said in “{message.room.title}” is hidden for now. {message.hidden_reason}"
        ),
        address=lambda message: message.get_absolute_url(),
        where=lambda message: message.room.network.name,
        # Whoever was removed from a room for a while is back in it when that is over.
        written_anew=True,
    )
)


def _own_refused_messages(viewer: Viewer) -> QuerySet[HeldMessage]:
    own = HeldMessage.objects.visible_to(viewer).filter(author=viewer.pk or 0)
    return own.filter(decision=HeldMessage.Decision.REFUSED).select_related("room__network").defer("body")


register(
    NoticeKind(
        name=HELD_MESSAGE_REFUSED,
        visible_to=_own_refused_messages,
        title=lambda held: f"What you said in “{held.room.title}” was not shown to the others: {held.reason}",
        address=lambda held: held.room.get_absolute_url(),
        where=lambda held: held.room.network.name,
        written_anew=True,
    )
)
register(
    NoticeKind(
        name=MESSAGE_SHOWN,
        visible_to=lambda viewer: (
            Message.objects.visible_to(viewer).shown().filter(author=viewer.pk or 0).select_related("room__network")
        ),
        title=lambda message: f"Everybody can read what you said in “{message.room.title}” again",
        address=lambda message: message.get_absolute_url(),
        where=lambda message: message.room.network.name,
        written_anew=True,
    )
)
register(
    NoticeKind(
        name=ROOM_SANCTIONED,
        visible_to=lambda viewer: (
            RoomSanction.objects.visible_to(viewer).filter(member=viewer.pk or 0).in_force().select_related("room")
        ),
        title=lambda given: (
            f"A facilitator removed you from the live room “{given.room.title}”: {given.reason}"
            if given.kind == RoomSanction.Kind.REMOVED
            else f"A facilitator asked you to be silent in “{given.room.title}” for a while: {given.reason}"
        ),
        address=lambda given: given.room.get_absolute_url(),
        # Whoever was removed from a room for a while is back in it when that is over.
        written_anew=True,
    )
)


def _made(thread: Thread, what: str) -> str:
    """The title of a thread that was merged is no longer shown."""
    return f"{what}: “{thread.title}”" if thread.visible_count else what


def session_thread_made(
    thread: Thread, *, askers: list[int], author: int | None, parked_for: int | None, now: datetime
) -> None:
    """Whoever asked what a thread was made of, or said it; and whom it was parked for. Not who made it, who chose it
    themselves; and only those who belong to its network."""
    here = _here(thread).exclude(pk=thread.author_id or 0)
    give_notice(QUESTION_THREAD, thread.pk, here.filter(pk__in=askers), now=now)
    if author:
        give_notice(MESSAGE_THREAD, thread.pk, here.filter(pk=author), now=now)
    if parked_for:
        give_notice(PARKED_THREAD, thread.pk, here.filter(pk=parked_for), now=now)


register(
    NoticeKind(
        name=QUESTION_THREAD,
        visible_to=lambda viewer: _reachable_threads(viewer).filter(
            pk__in=Question.objects.filter(author=viewer.pk or 0).exclude(thread=None).values("thread")
        ),
        title=lambda thread: _made(thread, "Your question is now a thread"),
        address=lambda thread: thread.get_absolute_url(),
        where=lambda thread: thread.network.name,
    )
)
register(
    NoticeKind(
        name=MESSAGE_THREAD,
        visible_to=lambda viewer: _reachable_threads(viewer).filter(
            pk__in=Message.objects.filter(author=viewer.pk or 0).exclude(thread=None).values("thread")
        ),
        title=lambda thread: _made(thread, "What you said in a session is now a thread"),
        address=lambda thread: thread.get_absolute_url(),
        where=lambda thread: thread.network.name,
    )
)
register(
    NoticeKind(
        name=PARKED_THREAD,
        visible_to=lambda viewer: _reachable_threads(viewer).filter(
            pk__in=Question.objects.filter(parked_for=viewer.pk or 0).exclude(thread=None).values("thread")
        ),
        title=lambda thread: _made(thread, "A question that was parked for you is now a thread"),
        address=lambda thread: thread.get_absolute_url(),
        where=lambda thread: thread.network.name,
    )
)


def question_taken_on(question: Question, *, now: datetime) -> None:
    """Speakers from outside who asked a question of which a thread was made, or for whom it was parked. They may not
    read the network's threads, so they are told no word of it."""
    outside = _speakers_from_outside(question)
    parked_for = question.parked_for_id if question.state == Question.State.PARKED else None
    for kind, pk in ((QUESTION_TAKEN_ON, question.author_id), (PARKED_TAKEN_ON, parked_for)):
        for member in outside.filter(pk=pk or 0):
            give_notice(kind, question.pk, [member], now=now)
            owe_mail(kind, member, period=str(question.pk), object_id=question.pk, now=now)


def _speakers_from_outside(question: Question) -> QuerySet[Member]:
    """Those of the question's room who do not belong to its network, and were shut out of neither."""
    room = question.room_id
    speakers = RoomRole.objects.filter(room=room, role=RoomRole.Role.SPEAKER)
    inside = Membership.objects.filter(
        network__rooms=room, state__in=(Membership.State.ACTIVE, Membership.State.SUSPENDED)
    )
    removed = RoomSanction.objects.removing().filter(room=room)
    found: QuerySet[Member] = (
        Member.objects.filter(pk__in=speakers.values("member"), is_active=True)
        .exclude(pk__in=inside.values("member"))
        .exclude(pk__in=removed.values("member"))
    )
    return found


def _about_question_taken_on(row: MailLedger, member: Member | None) -> Mail | None:
    found = Question.objects.exclude(thread=None).filter(pk=row.object_id or 0).select_related("room__network")
    for question in found:
        if member is not None and _speakers_from_outside(question).filter(pk=member.pk).exists():
            context = {"member": member, "network": question.room.network, "is_parked": row.stream == PARKED_TAKEN_ON}
            return Mail("forums/mail/question_taken_on.txt", context)
    return None


mail.register(MailKind(QUESTION_TAKEN_ON, _about_question_taken_on))
mail.register(MailKind(PARKED_TAKEN_ON, _about_question_taken_on))


def _taken_on(viewer: Viewer) -> QuerySet[Question]:
    """Questions whose room they may enter still, but not the thread that was made of them."""
    made = Question.objects.visible_to(viewer).exclude(thread=None).select_related("room__network")
    return made.exclude(thread__in=Thread.objects.visible_to(viewer).values("pk")).defer("body", "answer", "reason")


register(
    NoticeKind(
        name=QUESTION_TAKEN_ON,
        visible_to=lambda viewer: _taken_on(viewer).filter(author=viewer.pk or 0),
        title=lambda question: (
            "Your question was taken into the network's forum. Its members go on with it there, where only they can "
            "read it"
        ),
        address=lambda question: question.get_absolute_url(),
        where=lambda question: question.room.network.name,
        written_anew=True,
    )
)
register(
    NoticeKind(
        name=PARKED_TAKEN_ON,
        visible_to=lambda viewer: _taken_on(viewer).filter(parked_for=viewer.pk or 0),
        title=lambda question: (
            "A question that was parked for you was taken into the network's forum. Its members go on with it there, "
            "where only they can read it"
        ),
        address=lambda question: question.get_absolute_url(),
        where=lambda question: question.room.network.name,
        written_anew=True,
    )
)


def question_refused(question: Question, *, now: datetime) -> None:
    """Whoever asked it, with the reason."""
    give_notice(QUESTION_REFUSED, question.pk, [question.author], now=now)


def question_shown(question: Question, *, now: datetime) -> None:
    """Part of a verb, before it is shown again: whoever asked it, where it was out of sight by a decision."""
    case = Case.objects.that_hide_questions().filter(question=question).order_by("-pk").first()
    if case is not None:
        case_shown(case, now=now)


def question_parked(question: Question, *, now: datetime) -> None:
    """For whom it is parked."""
    if question.parked_for is not None:
        give_notice(QUESTION_PARKED, question.pk, [question.parked_for], now=now)


def _own_refused_questions(viewer: Viewer) -> QuerySet[Question]:
    refused = Question.objects.visible_to(viewer).filter(author=viewer.pk or 0, state=Question.State.REFUSED)
    return refused.select_related("room__network").defer("body", "answer")


def _questions_parked_for(viewer: Viewer) -> QuerySet[Question]:
    parked = Question.objects.visible_to(viewer).filter(parked_for=viewer.pk or 0, state=Question.State.PARKED)
    return parked.select_related("room__network").defer("answer", "reason")


register(
    NoticeKind(
        name=QUESTION_REFUSED,
        visible_to=_own_refused_questions,
        title=lambda question: f"Your question in “{question.room.title}” is not published: {question.reason}",
        address=lambda question: question.get_absolute_url(),
        where=lambda question: question.room.network.name,
        # Whoever was removed from a room for a while is back in it when that is over.
        written_anew=True,
    )
)
register(
    NoticeKind(
        name=QUESTION_PARKED,
        visible_to=_questions_parked_for,
        title=lambda question: f"A question in “{question.room.title}” was parked for you: {question.body}",
        address=lambda question: question.get_absolute_url(),
        where=lambda question: question.room.network.name,
        written_anew=True,
    )
)


# Reports. Whoever looks after them hears of each thing once, however many report it; whoever reported it hears what
# became of it and no more; whoever wrote it hears of the decision once it is made, and never who reported it or what
# was said of it. Where something was done they hear of it by the notices of the thing itself (POST_HIDDEN), or where it
# has none by CASE_HIDDEN; otherwise by CASE_DECIDED.

# What whoever reported something, and whoever wrote it, are told of a decision, in words that stay true whatever
# becomes of it later: of an appeal whoever reported it is not told.
WHAT_BECAME: dict[str, str] = {
    Case.Outcome.LEFT.value: "It was looked at and left as it is.",
    Case.Outcome.HIDDEN.value: "It was looked at and hidden.",
    Case.Outcome.DEALT.value: "It was looked at and dealt with.",
}
OWN: dict[str, str] = {
    "a post": "what you wrote",
    "a message in a live room": "what you said",
    "a question in a live room": "what you asked",
    "a profile": "what you tell of yourself",
    "a file": "a file that you attached",
    "a page": "a page",
}


def keepers_of(case: Case, *, but: Iterable[int | None] = ()) -> QuerySet[Member]:
    """Who looks after it: the facilitators of its network, or where none of them may the administrators; never its
    author."""
    others = [pk for pk in (*but, case.author_id) if pk]
    facilitators = Membership.objects.facilitators().filter(network=case.network_id or 0).exclude(member__in=others)
    found: QuerySet[Member] = Member.objects.filter(pk__in=facilitators.values("member"))
    return found if found.exists() else Member.objects.administrators().exclude(pk__in=others)


def case_opened(case: Case, *, but: Member | None, now: datetime) -> None:
    """Who looks after it, without whoever reported it just now: they know."""
    give_notice(CASE_OPENED, case.pk, keepers_of(case).exclude(pk=but.pk if but else 0), now=now)


def case_read(case: Case, member: Member) -> None:
    """Part of a verb, or of reading its page: the member has seen it."""
    settle_notices(member, Q(kind=CASE_OPENED, object_id=case.pk))


def told_of_case(case: Case, member: Member) -> None:
    """Its author has read why something was done, or what became of the appeal."""
    appeals = Appeal.objects.told_to(member).filter(case=case)
    about = Q(kind__in=(CASE_HIDDEN, CASE_SHOWN, CASE_DECIDED), object_id=case.pk)
    about |= Q(kind=APPEAL_DECIDED, object_id__in=appeals.values("pk"))
    latest = Case.objects.told_to(member).about(case.thing).that_hid().order_by("-pk").first() if case.thing else None
    if latest == case:  # else what became of the thing itself is not told by this one
        about |= _of_the_thing(case)
    settle_notices(member, about)


def _of_the_thing(case: Case) -> Q:
    """The notices by which its author hears of what became of a post, a message or a question."""
    if case.post_id:
        return Q(kind__in=(POST_HIDDEN, POST_SHOWN), object_id=case.post_id)
    if case.message_id:
        return Q(kind__in=(MESSAGE_HIDDEN, MESSAGE_SHOWN), object_id=case.message_id)
    return Q(kind=QUESTION_REFUSED, object_id=case.question_id) if case.question_id else Q()


def told_of_report(report: Report, member: Member) -> None:
    settle_notices(member, Q(kind=REPORT_DECIDED, object_id=report.pk))


def reports_decided(case: Case, *, now: datetime) -> None:
    """Everybody who reported it, but whoever decided; by mail whoever has no account and wants to know."""
    for report in Report.objects.filter(case=case).select_related("by"):
        if report.by is not None and report.by_id != case.decided_by_id:
            give_notice(REPORT_DECIDED, report.pk, [report.by], now=now)
        elif report.by is None and report.reply_to_address:
            owe_mail(REPORT_DECIDED, report.reply_to_address, period=str(report.pk), object_id=report.pk, now=now)


def file_hidden(attachment: Attachment, *, now: datetime) -> None:
    """Its owner, with the reason."""
    case = Case.objects.about(attachment).order_by("-pk").first()
    if case is not None:
        case_hidden(case, now=now)


def file_shown(attachment: Attachment, *, now: datetime) -> None:
    case = Case.objects.about(attachment).order_by("-pk").first()
    if case is not None:
        case_shown(case, now=now)


def case_hidden(case: Case, *, now: datetime) -> None:
    """Whose file or profile was hidden, or something that has notices of its own where its author cannot read."""
    give_notice(CASE_HIDDEN, case.pk, Member.objects.filter(pk=case.author_id or 0), now=now)


def case_shown(case: Case, *, now: datetime) -> None:
    give_notice(CASE_SHOWN, case.pk, Member.objects.filter(pk=case.author_id or 0), now=now)


def case_decided(case: Case, *, now: datetime) -> None:
    """Whose words, file or profile somebody looked at, and neither hid nor showed again."""
    give_notice(CASE_DECIDED, case.pk, Member.objects.filter(pk=case.author_id or 0), now=now)


def appeal_made(appeal: Appeal, *, now: datetime) -> None:
    """Who can answer it: somebody who did not decide."""
    keepers = keepers_of(appeal.case, but=[appeal.case.decided_by_id])
    give_notice(APPEAL_MADE, appeal.pk, keepers, now=now)


def appeal_decided(appeal: Appeal, *, now: datetime) -> None:
    """Whoever made it, with the answer, unless they have closed their account."""
    if appeal.by is not None:
        give_notice(APPEAL_DECIDED, appeal.pk, [appeal.by], now=now)


def _about_report(row: MailLedger, member: Member | None) -> Mail | None:
    """To somebody without an account, who may have given an address that is not theirs: says nothing of what it was."""
    report = Report.objects.filter(pk=row.object_id or 0, by=None).select_related("case").first()
    if report is None or report.case.is_open:
        return None
    return Mail("forums/mail/report_decided.txt", {"report": report, "case": report.case})


mail.register(MailKind(REPORT_DECIDED, _about_report))


def _open_cases(viewer: Viewer) -> QuerySet[Case]:
    return Case.objects.visible_to(viewer).open().with_things()


def _decided_reports(viewer: Viewer) -> QuerySet[Report]:
    own = Report.objects.told_to(viewer).filter(case__state=Case.State.DECIDED)
    return own.select_related("case__network").defer("said", "words")


def _own_cases(viewer: Viewer) -> QuerySet[Case]:
    return Case.objects.told_to(viewer).select_related("attachment", "member", "network")


def move_asked(answer: MoveAnswer, *, now: datetime) -> None:
    """Whoever wrote in a thread that a facilitator would like to move to another network."""
    give_notice(MOVE_ASKED, answer.pk, [answer.member], now=now)


def move_answered(answer: MoveAnswer) -> None:
    settle_notices(answer.member, Q(kind=MOVE_ASKED, object_id=answer.pk))


register(
    NoticeKind(
        name=CASE_OPENED,
        visible_to=_open_cases,
        title=lambda case: (
            f"Somebody says that this may be against the law: {case.title}"
            if case.is_urgent
            else f"Somebody reported this: {case.title}"
        ),
        address=lambda case: case.get_absolute_url(),
        where=lambda case: case.network.name if case.network else "",
        # Administrators look after some of them.
        written_anew=True,
    )
)
register(
    NoticeKind(
        name=REPORT_DECIDED,
        visible_to=_decided_reports,
        title=lambda report: f"You reported {report.case.kind}. {WHAT_BECAME[report.case.outcome]}",
        address=lambda report: report.get_absolute_url(),
        where=lambda report: str(report.case.network or ""),
    )
)
register(
    NoticeKind(
        name=CASE_HIDDEN,
        visible_to=_own_cases,
        title=lambda case: (
            f"A facilitator hid {OWN[case.kind]}: {case.reason}"
            if case.reason
            else f"{OWN[case.kind].capitalize()} is hidden for now. A facilitator will look at it and decide."
        ),
        address=lambda case: reverse("own_case", args=[case.told_as]),
        where=lambda case: str(case.network or ""),
    )
)
register(
    NoticeKind(
        name=CASE_SHOWN,
        visible_to=_own_cases,
        title=lambda case: f"Everybody can see {OWN[case.kind]} again",
        address=lambda case: reverse("own_case", args=[case.told_as]),
        where=lambda case: str(case.network or ""),
    )
)
register(
    NoticeKind(
        name=CASE_DECIDED,
        visible_to=_own_cases,
        title=lambda case: f"Somebody reported {OWN[case.kind]}. {WHAT_BECAME[case.outcome]}",
        address=lambda case: reverse("own_case", args=[case.told_as]),
        where=lambda case: str(case.network or ""),
    )
)
register(
    NoticeKind(
        name=APPEAL_MADE,
        visible_to=lambda viewer: Appeal.objects.to_be_decided_by(viewer).select_related(
            "by",
            "case__network",
            "case__post__thread",
            "case__message__room",
            "case__question__room",
            "case__attachment",
            "case__member",
        ),
        title=lambda appeal: (
            f"{named(appeal.by) if appeal.case.shown_author else 'Somebody'} appeals against a decision: "
            f"{appeal.case.title}"
        ),
        address=lambda appeal: appeal.case.get_absolute_url(),
        where=lambda appeal: appeal.case.network.name if appeal.case.network else "",
        written_anew=True,
    )
)
register(
    NoticeKind(
        name=APPEAL_DECIDED,
        visible_to=lambda viewer: Appeal.objects.told_to(viewer).exclude(decided_at=None).select_related("case"),
        title=lambda appeal: (
            f"Your appeal was answered: {appeal.get_outcome_display().lower()}"
            + (f". {appeal.answer}" if appeal.answer else "")
        ),
        address=lambda appeal: reverse("own_case", args=[appeal.case.told_as]),
    )
)
register(
    NoticeKind(
        name=MOVE_ASKED,
        visible_to=lambda viewer: (
            MoveAnswer.objects.visible_to(viewer).waiting().select_related("move__thread__network", "move__network")
        ),
        title=lambda answer: (
            f"May “{answer.move.thread.shown_title}”, in which you wrote, move to the {answer.move.network}?"
        ),
        address=lambda answer: answer.get_absolute_url(),
        where=lambda answer: answer.move.thread.network.name,
        # It ends by the clock.
        written_anew=True,
    )
)
