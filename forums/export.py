"""What of somebody's own data stands in the forums. The title of a thread belongs to whoever began it, so other threads
are named by their address."""

from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings

from forums.models import (
    Appeal,
    Attachment,
    Case,
    Draft,
    FeedKey,
    FollowLevel,
    HeldMessage,
    HeldPost,
    MemberThread,
    Mention,
    Message,
    MessageReaction,
    MoveAnswer,
    Poll,
    PollVote,
    Post,
    Question,
    QuestionVote,
    Reaction,
    ReadingWeek,
    ReceivedMail,
    Report,
    RoomAttendance,
    RoomRole,
    RoomSanction,
    Thread,
)
from network.export import Part, Row, register
from network.models import Member


def _threads(member: Member) -> Iterable[Row]:
    """What they wrote is theirs wherever they belong by now."""
    begun = Thread.objects.filter(author=member).for_rows().select_related("practice")
    for thread in begun.order_by("started_at", "pk"):
        yield {
            "Started": thread.started_at,
            "Network": str(thread.network),
            "Title": thread.title,
            "Kind": str(thread.get_kind_display()),
            "Tags": [tag.name for tag in thread.tags.all()],
            **_practice(thread),
            "Address": settings.SITE_URL + thread.get_absolute_url(),
        }


def _practice(thread: Thread) -> Row:
    told = getattr(thread, "practice", None)
    if told is None:
        return {}
    return {
        "Tool": told.tool,
        "Stage": str(told.get_stage_display()),
        "Outcome": told.outcome,
        "What you would do differently": told.differently,
    }


def _posts(member: Member) -> Iterable[Row]:
    written = Post.objects.filter(author=member).select_related("thread__network", "organisation")
    for post in written.prefetch_related("versions").order_by("written_at", "pk").iterator(500):
        yield {
            "Written": post.written_at,
            "Network": str(post.thread.network),
            "Text": post.source,
            "Earlier words": [version.source for version in post.versions.all()],
            "Others may quote it": str(post.get_quoting_display()),
            "Deleted": post.deleted_at,
            "Hidden": post.hidden_at,
            "Council at the time": str(post.organisation or ""),
            "Address": settings.SITE_URL + post.get_absolute_url(),
        }


def _messages(member: Member) -> Iterable[Row]:
    said = Message.objects.filter(author=member).select_related("room__network", "organisation")
    for message in said.order_by("written_at", "pk").iterator():
        yield {
            "Said": message.written_at,
            "Network": str(message.room.network),
            "Text": message.body,
            "As": str(message.get_role_display()),
            "Changed": message.edited_at,
            "Deleted": message.deleted_at,
            "Hidden": message.hidden_at,
            "Council at the time": str(message.organisation or ""),
            "Address": settings.SITE_URL + message.room.get_absolute_url(),
        }


def _questions(member: Member) -> Iterable[Row]:
    """By name or without it, published or not: to themselves they are theirs."""
    asked = Question.objects.filter(author=member).select_related("room__network", "organisation")
    for question in asked.order_by("asked_at", "pk").iterator():
        yield {
            "Asked": question.asked_at,
            "Network": str(question.room.network),
            "Text": question.body,
            "Shown as": question.unnamed_as,
            "State": str(question.get_state_display()),
            "Since": question.state_at,
            "Why it was not published": question.reason,
            "Council at the time": str(question.organisation or ""),
            "Address": settings.SITE_URL + question.get_absolute_url(),
        }


def _question_votes(member: Member) -> Iterable[Row]:
    for row in QuestionVote.objects.filter(member=member).select_related("question").order_by("at", "pk"):
        yield {"Wanted to know": row.at, "Address": settings.SITE_URL + row.question.get_absolute_url()}


def _roles(member: Member) -> Iterable[Row]:
    for given in RoomRole.objects.filter(member=member).select_related("room").order_by("at"):
        yield {
            "Since": given.at,
            "Role": str(given.get_role_display()),
            "Address": settings.SITE_URL + given.room.get_absolute_url(),
        }


def _attendances(member: Member) -> Iterable[Row]:
    for row in RoomAttendance.objects.filter(member=member).select_related("room").order_by("at"):
        yield {"Came": row.at, "Address": settings.SITE_URL + row.room.get_absolute_url()}


def _weeks(member: Member) -> Iterable[Row]:
    """Which weeks, and nothing more is kept of them."""
    for row in ReadingWeek.objects.filter(member=member).select_related("network").order_by("week", "network"):
        yield {"Week that began": row.week, "Network": str(row.network)}


def _held_messages(member: Member) -> Iterable[Row]:
    """What waits for the host of a room, or was not shown; what was shown stands among the messages."""
    held = HeldMessage.objects.filter(author=member).exclude(decision=HeldMessage.Decision.RELEASED)
    for one in held.select_related("room__network", "organisation").order_by("written_at", "pk").iterator():
        yield {
            "Said": one.written_at,
            "Network": str(one.room.network),
            "Text": one.body,
            "As": str(one.get_role_display()),
            "State": str(one.get_decision_display()),
            "Decided": one.decided_at,
            "Reason": one.reason,
            "Council at the time": str(one.organisation or ""),
            "Address": settings.SITE_URL + one.room.get_absolute_url(),
        }


def _held_posts(member: Member) -> Iterable[Row]:
    """What waits for a facilitator or was not posted; what was posted stands among the posts, and what they had back
    among the drafts."""
    held = HeldPost.objects.filter(author=member).exclude(decision=HeldPost.Decision.RELEASED)
    for one in held.with_author().order_by("written_at", "pk").iterator():
        yield {
            "Written": one.written_at,
            "Network": str(one.network),
            "Title": one.title,
            "Tags": list(one.tags),
            **dict(one.told),
            "Text": one.source,
            "Others may quote it": str(one.get_quoting_display()),
            "State": str(one.get_decision_display()),
            "Decided": one.decided_at,
            "Reason": one.reason,
            "Council at the time": str(one.organisation or ""),
        }


def _message_reactions(member: Member) -> Iterable[Row]:
    rows = MessageReaction.objects.filter(member=member).select_related("message").order_by("at", "pk")
    for row in rows:
        address = settings.SITE_URL + row.message.get_absolute_url()
        yield {"Given": row.at, "Reaction": str(row.get_kind_display()), "Address": address}


def _poll_votes(member: Member) -> Iterable[Row]:
    """What they chose, and no word of how others did."""
    rows = PollVote.objects.filter(member=member).select_related("option", "poll")
    for row in rows.order_by("at", "pk"):
        address = settings.SITE_URL + row.poll.get_absolute_url()
        yield {"Chosen": row.at, "Answer": row.option.text, "Address": address}


def _polls(member: Member) -> Iterable[Row]:
    for poll in Poll.objects.filter(made_by=member).prefetch_related("options").order_by("made_at", "pk"):
        yield {
            "Made": poll.made_at,
            "Opened": poll.opened_at,
            "Closed": poll.closed_at,
            "Question": poll.title,
            "Answers": [option.text for option in poll.options.all()],
            "Address": settings.SITE_URL + poll.get_absolute_url(),
        }


def _reports(member: Member) -> Iterable[Row]:
    """What they told, without what others had said."""
    for row in Report.objects.filter(by=member).select_related("case").order_by("at", "pk"):
        yield {
            "Reported": row.at,
            "What": row.case.kind,
            "Reason": str(row.get_kind_display()),
            "Words": row.words,
            "What became of it": str(row.case.get_outcome_display()),
            "Address": settings.SITE_URL + row.get_absolute_url(),
        }


def _own_cases(member: Member) -> Iterable[Row]:
    """What was decided about what they wrote, and why. Who reported it, and what they said, is no part of it: whoever
    reports has to be safe."""
    told = Case.objects.told_to(member).filter(author=member).order_by("opened_at", "pk")
    for row in told.select_related("attachment", "member"):
        yield {
            "Hidden for now": row.hidden_for_now_at,
            "Decided": row.decided_at,
            "What": row.kind,
            "Outcome": str(row.get_outcome_display()),
            "Reason": row.reason,
        }


def _appeals(member: Member) -> Iterable[Row]:
    for row in Appeal.objects.filter(by=member).order_by("at", "pk"):
        yield {
            "Appealed": row.at,
            "Words": row.words,
            "Answered": row.decided_at,
            "Outcome": str(row.get_outcome_display()),
            "Answer": row.answer,
        }


def _sanctions(member: Member) -> Iterable[Row]:
    for row in RoomSanction.objects.filter(member=member).select_related("room").order_by("at", "pk"):
        yield {
            "Given": row.at,
            "Kind": str(row.get_kind_display()),
            "Until": row.until,
            "Ended early": row.lifted_at,
            "Reason": row.reason,
            "Address": settings.SITE_URL + row.room.get_absolute_url(),
        }


def _reading(member: Member) -> Iterable[Row]:
    for row in MemberThread.objects.visible_to(member).order_by("thread").iterator():
        yield {
            "Thread": row.thread_id,
            "Read up to post": row.last_read_number,
            "Follow level": str(row.get_level_display()),
            "Because": row.level_reason,
            "Bookmarked": row.bookmarked_at,
            "Reminder": row.remind_at,
        }


def _levels(member: Member) -> Iterable[Row]:
    # Only what they may still know: a private theme has the name of now, and not that of when they chose.
    chosen = FollowLevel.objects.visible_to(member).select_related("network", "theme")
    for row in chosen.order_by("pk"):
        yield {"Of": str(row.network or row.theme), "Follow level": str(row.get_level_display())}


def _reactions(member: Member) -> Iterable[Row]:
    for row in Reaction.objects.filter(member=member).select_related("post").order_by("at"):
        address = settings.SITE_URL + row.post.get_absolute_url()
        yield {"Given": row.at, "Reaction": str(row.get_kind_display()), "Address": address}


def _mentions(member: Member) -> Iterable[Row]:
    for row in Mention.objects.filter(member=member).select_related("post").order_by("pk"):
        yield {"Written": row.post.written_at, "Address": settings.SITE_URL + row.post.get_absolute_url()}


def _drafts(member: Member) -> Iterable[Row]:
    for row in Draft.objects.filter(member=member).select_related("network").order_by("saved_at"):
        typed = [f"{name}: {value}" for name, value in row.fields.items()]
        yield {"Saved": row.saved_at, "Network": str(row.network), "Typed": typed}


def _attachments(member: Member) -> Iterable[Row]:
    for row in Attachment.objects.not_removed().filter(member=member).order_by("uploaded_at"):
        yield {"Uploaded": row.uploaded_at, "Name": row.name, "Bytes": row.size, "Description": row.alt}


def _attached_files(member: Member) -> Iterable[tuple[str, bytes]]:
    # What a scanner refused is no longer kept.
    for row in Attachment.objects.not_removed().filter(member=member).exclude(file="").order_by("uploaded_at"):
        with row.file.open("rb") as file:
            yield f"attachments/{row.pk}-{row.name}", file.read()


def _answers(member: Member) -> Iterable[Row]:
    """Whoever asked is not theirs to take away."""
    for question in Question.objects.filter(answer_by=member).exclude(answer="").order_by("state_at", "pk"):
        yield {
            "Answered": question.state_at,
            "Question": question.number,
            "Answer": question.answer,
            "Address": settings.SITE_URL + question.get_absolute_url(),
        }


def _feeds(member: Member) -> Iterable[Row]:
    for row in FeedKey.objects.filter(member=member):
        yield {"Private feed addresses made": row.made_at}


def _move_answers(member: Member) -> Iterable[Row]:
    for row in MoveAnswer.objects.filter(member=member).select_related("move").order_by("pk"):
        agreed = {None: "Not answered", True: "Agreed", False: "Did not agree"}[row.agreed]
        yield {"Asked": row.move.asked_at, "Thread": row.move.thread_id, "Answered": row.at, "Said": agreed}


def _received_mail(member: Member) -> Iterable[Row]:
    for row in ReceivedMail.objects.filter(member=member).order_by("at"):
        yield {
            "Came": row.at,
            "Thread": row.thread_id,
            "Posted": row.post_id is not None,
            "Waited for a facilitator": row.held_id is not None,
            "Refused": row.refusal,
        }


register(Part("threads", "Threads you started", _threads))
register(Part("posts", "Posts you wrote", _posts))
register(Part("messages", "What you said in live rooms", _messages))
register(Part("questions", "Questions you asked in live rooms", _questions))
register(Part("question_votes", "Questions in live rooms whose answer you wanted to know too", _question_votes))
register(Part("room_roles", "Live rooms you host or speak in", _roles))
register(Part("came_to", "Live sessions you came to", _attendances))
register(Part("held_messages", "Messages of yours that waited for the host of a live room", _held_messages))
register(Part("held_posts", "Posts of yours that waited for a facilitator", _held_posts))
register(Part("message_reactions", "Reactions you gave in live rooms", _message_reactions))
register(Part("poll_votes", "What you chose in polls", _poll_votes))
register(Part("polls", "Polls you made", _polls))
register(Part("answers", "Answers you wrote to questions in live rooms", _answers))
register(Part("reports", "What you reported", _reports))
register(Part("hidden", "What was decided about what you wrote", _own_cases))
register(Part("appeals", "Appeals you made", _appeals))
register(Part("sanctions", "When you were asked to be silent in a live room, or to leave it", _sanctions))
register(Part("reading", "Threads you have read", _reading))
register(Part("reading_weeks", "Weeks in which you read something new", _weeks))
register(Part("levels", "Networks and themes you follow or mute", _levels))
register(Part("reactions", "Reactions you gave", _reactions))
register(Part("mentions", "Posts that mention you", _mentions))
register(Part("drafts", "Drafts", _drafts))
register(Part("attachments", "Files you attached", _attachments, _attached_files))
register(Part("feeds", "Your private feeds", _feeds))
register(Part("move_answers", "Whether threads you wrote in may move to another network", _move_answers))
register(Part("mail_replies", "Replies you sent by mail", _received_mail))
