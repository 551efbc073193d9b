"""What members may do in threads and rooms."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from forums import limits
from forums.models import (
    Announcement,
    Answer,
    Appeal,
    Attachment,
    Case,
    Draft,
    FormerPlace,
    HeldMessage,
    HeldPost,
    Message,
    ModerationAct,
    MoveAnswer,
    Poll,
    Post,
    PostVersion,
    Question,
    Room,
    RoomRole,
    RoomSanction,
    Thread,
    TimeOut,
)
from network.models import Member, Network, Theme, Viewer
from network.permissions import (
    ALLOWED,
    NOT_A_MEMBER,
    Verdict,
    asked_not_to_write,
    can_change_accounts,
    can_facilitate,
    can_read,
    can_take_part,
    can_write,
    membership_of,
)
from network.templatetags.components import clock

NO_WORDS_LEFT = Verdict("No post in this thread can be read, so this cannot be done with it.")
ROOM_IS_OVER = Verdict("This room has closed. What was said in it can still be read.")
ROOM_IS_LOCKED = Verdict("A facilitator has locked this room, so nobody can write in it at the moment.")
NOT_SHOWN_YET = Verdict("Not everybody in the room sees this message yet. Try again in a few seconds.")
ROOM_IS_SHUT = Verdict("A facilitator has closed this room to readers for the moment.")


def can_start_thread(viewer: Viewer, network: Network) -> Verdict:
    return can_write(viewer, network)


def can_start_kind(viewer: Viewer, network: Network, kind: str) -> Verdict:
    """Announcements are the facilitators'; everything else is every member's."""
    if kind == Thread.Kind.ANNOUNCEMENT and not can_facilitate(viewer, network):
        return Verdict("Only facilitators can make an announcement.")
    return can_start_thread(viewer, network)


def can_use_theme(viewer: Viewer, network: Network, theme: Theme) -> Verdict:
    if Theme.objects.visible_to(viewer).of_network(network).filter(pk=theme.pk).exists():
        return ALLOWED
    return Verdict("This network does not use that theme.")


def can_reply(viewer: Viewer, thread: Thread) -> Verdict:
    verdict = can_write(viewer, thread.network)
    if verdict and thread.merged_into_id and not thread.visible_count:
        return Verdict("This thread was merged into another. Reply there.")
    if verdict and thread.is_locked:
        return Verdict("This thread is locked, so nobody can reply to it.")
    if verdict and not thread.visible_count:
        return Verdict("This thread was taken back, so nobody can reply to it.")
    return verdict


def can_post_at_once(viewer: Viewer, network: Network) -> Verdict:
    """Whether what they write there is a post when it is sent. Where a network sees first posts before others do, it is
    so for its facilitators, and for whoever has written there what was shown: whatever became of it since."""
    if not network.first_post_hold or can_facilitate(viewer, network):
        return ALLOWED
    if Post.objects.filter(author=viewer.pk or 0, thread__network=network).exists():
        return ALLOWED
    return Verdict("A facilitator reads the first post of each member before others do.")


def can_decide_held_posts(viewer: Viewer, network: Network) -> Verdict:
    """Reading what waits in a network, and deciding on it."""
    return can_facilitate(viewer, network)


def can_decide_held_post(viewer: Viewer, held: HeldPost) -> Verdict:
    """Having what waits posted or not, once."""
    verdict = can_decide_held_posts(viewer, held.network)
    return _is_waiting(held) if verdict else verdict


def can_release_post(viewer: Viewer, held: HeldPost) -> Verdict:
    """Having it posted: where its author could write it now. The reason is for the facilitator to read."""
    verdict = can_decide_held_post(viewer, held)
    if not verdict:
        return verdict
    if not can_read(held.author, held.network):
        return Verdict(f"{held.author} is no longer a member of this network, so nothing of theirs can be posted.")
    if not can_write(held.author, held.network):
        return Verdict(f"{held.author} has been asked not to write in this network, so this waits until that is over.")
    if held.is_moved:
        return Verdict("Its thread is in another network now, and its author wrote for the people of this one.")
    if held.goes_to is not None:
        return can_reply(held.author, held.goes_to)
    if held.theme is None or not can_use_theme(held.author, held.network, held.theme):
        return Verdict(
            "The network no longer uses the theme that it was written under. Say so, and it can be sent again."
        )
    return can_start_kind(held.author, held.network, held.kind)


def can_withdraw_post(viewer: Viewer, held: HeldPost) -> Verdict:
    """Taking back what waits: whoever wrote it."""
    verdict = can_take_part(viewer)
    if verdict and held.author_id != viewer.pk:
        return Verdict("You can only take back what you wrote yourself.")
    if verdict and held.decision == HeldPost.Decision.WITHDRAWN:
        return ALLOWED  # it is as they want it
    return _is_waiting(held) if verdict else verdict


def _is_waiting(held: HeldPost) -> Verdict:
    if held.decision == HeldPost.Decision.RELEASED:
        return Verdict("This has been posted by now.")
    if held.decision == HeldPost.Decision.REFUSED:
        return Verdict("A facilitator has decided not to post this.")
    if held.decision == HeldPost.Decision.WITHDRAWN:
        return Verdict("Its author has taken this back.")
    return ALLOWED


def can_edit(viewer: Viewer, post: Post) -> Verdict:
    """Whoever wrote it, as long as it can be read and the thread can be written in."""
    verdict = can_reply(viewer, post.thread)
    if verdict and (not post.author_id or post.author_id != viewer.pk):
        return Verdict("You can only change what you wrote yourself.")
    if verdict and not post.is_shown:
        return Verdict("This post can no longer be read, so it cannot be changed.")
    return verdict


def can_delete(viewer: Viewer, post: Post) -> Verdict:
    """Whoever wrote it. What others have answered keeps its beginning: a facilitator can hide that."""
    verdict = can_read(viewer, post.thread.network)
    if not verdict:
        return verdict
    if not post.author_id or post.author_id != viewer.pk:
        return Verdict("You can only delete what you wrote yourself.")
    if post.number == 1 and post.thread.visible_count > 1:
        return Verdict("Others have answered, so the first post stays. You can change its words, or ask a facilitator.")
    return ALLOWED


def can_change_announcement(viewer: Viewer, post: Post) -> Verdict:
    """Changing or taking back what stands in an announcement: whoever wrote it, while they facilitate. Of every other
    post there is nothing more to ask."""
    if post.number == 1 and post.thread.kind == Thread.Kind.ANNOUNCEMENT:
        return can_facilitate(viewer, post.thread.network)
    return ALLOWED


def can_change_what_is_mailed(post: Post) -> Verdict:
    """What a second person confirmed to be mailed to very many is mailed as they read it. Taking it back is no
    change."""
    mail = Announcement.objects.filter(thread=post.thread_id, confirmed_at__isnull=False, stopped_at=None).first()
    if post.number == 1 and mail and (mail.planned_at is None or mail.delivery().is_under_way):
        return Verdict(
            "Its mail was confirmed as it is and is being sent. Change it when the mail has gone, or have the sending "
            "stopped first."
        )
    return ALLOWED


def can_mail_announcement(viewer: Viewer, network: Network, *, now: datetime | None = None) -> Verdict:
    """Having an announcement go by mail too."""
    verdict = can_facilitate(viewer, network)
    most = limits.ANNOUNCED_A_DAY
    lately = (now or timezone.now()) - timedelta(days=1)
    if verdict and Announcement.objects.filter(thread__network=network, asked_at__gt=lately).count() >= most:
        return Verdict(
            f"This network has sent {most} announcements by mail in the last 24 hours, and can send no more for now. "
            "You can post this one without mail."
        )
    return verdict


def can_look_after_announcement(viewer: Viewer, announcement: Announcement) -> Verdict:
    """Whoever facilitates the network, or administers the site and belongs to it."""
    network = announcement.thread.network
    if can_read(viewer, network) and can_change_accounts(viewer):
        return ALLOWED
    return can_facilitate(viewer, network)


def can_decide_announcement(viewer: Viewer, announcement: Announcement) -> Verdict:
    """Confirming that so many people get mail, or declining it: never whoever asked."""
    verdict = can_look_after_announcement(viewer, announcement)
    if verdict and announcement.asked_by_id == viewer.pk:
        return Verdict("You asked for this mail, so somebody else has to confirm it.")
    return verdict


def can_stop_announcement(viewer: Viewer, announcement: Announcement) -> Verdict:
    """Sending no more of it, whoever asked."""
    return can_look_after_announcement(viewer, announcement)


def can_attach(viewer: Viewer, network: Network) -> Verdict:
    """Uploading a file for what they write in a network."""
    return can_write(viewer, network)


def can_change_file(viewer: Viewer, attachment: Attachment) -> Verdict:
    """Describing or removing a file: whoever uploaded it, until the post is sent, and then as they may change that."""
    verdict = can_take_part(viewer)
    if verdict and attachment.member_id != viewer.pk:
        return Verdict("You can only change what you attached yourself.")
    return can_edit(viewer, attachment.post) if verdict and attachment.post else verdict


def can_delete_draft(viewer: Viewer, draft: Draft) -> Verdict:
    if draft.member_id != viewer.pk:
        return Verdict("You can only delete your own drafts.")
    return can_take_part(viewer)


def can_hide(viewer: Viewer, post: Post) -> Verdict:
    """Hiding a post, and bringing it back."""
    return can_facilitate(viewer, post.thread.network)


def can_restore(viewer: Viewer, post: Post) -> Verdict:
    """Bringing a hidden post back: not what somebody else hid of one's own."""
    return can_hide(viewer, post) and _not_over_own(viewer, post)


def _not_over_own(viewer: Viewer, hidden: Post | Message) -> Verdict:
    """Nobody decides over their own words. What they hid themselves they may show again."""
    if hidden.hidden_at and hidden.author_id == viewer.pk and hidden.hidden_by_id != viewer.pk:
        return Verdict("You wrote this yourself, so another facilitator has to decide whether it is shown again.")
    return ALLOWED


def can_hide_version(viewer: Viewer, version: PostVersion) -> Verdict:
    return can_facilitate(viewer, version.post.thread.network)


def can_follow_theme(viewer: Viewer, theme: Theme) -> Verdict:
    if Theme.objects.visible_to(viewer).filter(pk=theme.pk).exists():
        return ALLOWED
    return Verdict("There is no such theme for you.")


def can_lock(viewer: Viewer, thread: Thread) -> Verdict:
    return can_facilitate(viewer, thread.network)


def can_move(viewer: Viewer, thread: Thread) -> Verdict:
    """To another theme of its network."""
    return can_facilitate(viewer, thread.network)


def can_pin_thread(viewer: Viewer, thread: Thread) -> Verdict:
    """Having a thread stand above the others in its network for a while, and no longer."""
    verdict = can_facilitate(viewer, thread.network)
    if verdict and not thread.visible_count:
        return NO_WORDS_LEFT
    return verdict


def can_tidy(viewer: Viewer, thread: Thread) -> Verdict:
    """Hiding or moving several posts of a thread at once, merging it, and looking at what was done to it."""
    return can_facilitate(viewer, thread.network)


def can_put_posts_into(viewer: Viewer, thread: Thread, into: Thread) -> Verdict:
    """Whether posts of one thread may be moved to another: words stay among those who could read them before."""
    verdict = can_tidy(viewer, thread)
    if not verdict:
        return verdict
    if into.network_id != thread.network_id:
        return Verdict(
            "The other thread is in another network. What members wrote is not moved to where others can read it. You "
            "can ask everybody who wrote in this thread to agree that it moves to the other network as a whole."
        )
    if into.pk == thread.pk:
        return Verdict("This is the thread itself. Choose another one.")
    if not into.visible_count:
        return Verdict("No post in the other thread can be read, so nothing can be moved to it.")
    return ALLOWED


def can_merge(viewer: Viewer, thread: Thread, into: Thread) -> Verdict:
    """Moving all posts of a thread to another."""
    return can_be_merged(viewer, thread) and can_put_posts_into(viewer, thread, into)


def can_be_merged(viewer: Viewer, thread: Thread) -> Verdict:
    """Whether a thread can go into another at all."""
    verdict = can_tidy(viewer, thread)
    if not verdict:
        return verdict
    if thread.author_id is None:
        return Verdict("The hub began this thread to discuss something it published, so it stays where it is.")
    if thread.kind == Thread.Kind.ANNOUNCEMENT:
        return Verdict("An announcement stays where it is, for its mail leads to it.")
    if thread.kind == Thread.Kind.PRACTICE:
        return Verdict("What a council did is told at the top of this thread, so it cannot become part of another.")
    if not thread.visible_count:
        return NO_WORDS_LEFT
    return ALLOWED


def can_move_to_network(viewer: Viewer, thread: Thread, network: Network) -> Verdict:
    """Asking those who wrote in a thread whether it may move to another network, and moving it when all agree."""
    verdict = can_tidy(viewer, thread)
    if not verdict:
        return verdict
    if network.pk == thread.network_id:
        return Verdict("The thread is in this network already.")
    if not can_facilitate(viewer, network):
        return Verdict("You do not facilitate the other network, so you cannot move anything to it.")
    if thread.author_id is None:
        return Verdict("The hub began this thread to discuss something it published, so it stays where it is.")
    if thread.kind == Thread.Kind.ANNOUNCEMENT:
        return Verdict("An announcement was made to the members of its network, so it stays there.")
    if not thread.visible_count:
        return NO_WORDS_LEFT
    came_from = FormerPlace.objects.filter(post__thread=thread).order_by().values("thread")
    for said in (Question, Message):
        if said.objects.filter(Q(thread=thread) | Q(thread__in=came_from)).exists():
            return Verdict("In this thread stands what was said in a session of the network, so it stays there.")
    return ALLOWED


def can_answer_move(viewer: Viewer, answer: MoveAnswer, *, now: datetime | None = None) -> Verdict:
    """Saying whether a thread may move to another network: whoever wrote in it and was asked."""
    verdict = can_read(viewer, answer.move.thread.network)
    if verdict and answer.member_id != viewer.pk:
        return Verdict("Only whoever was asked can answer this.")
    if verdict and not answer.move.is_open(now):
        return Verdict("Nobody is asked about this any more.")
    return verdict


def can_undo(viewer: Viewer, act: ModerationAct, *, now: datetime | None = None) -> Verdict:
    """Undoing what a facilitator did to a thread."""
    verdict = can_facilitate(viewer, act.network)
    if verdict and act.undone_at is not None:
        return Verdict("This was undone before.")
    if verdict and not act.is_undoable(now):
        return Verdict(f"This was done more than {ModerationAct.UNDOABLE_FOR.days} days ago, so it stays.")
    return verdict


def can_merge_tags(viewer: Viewer, network: Network) -> Verdict:
    """Facilitators clean up the tags on the threads of their network, and on nothing else."""
    return can_facilitate(viewer, network)


def can_schedule_room(viewer: Viewer, network: Network) -> Verdict:
    return can_facilitate(viewer, network)


def can_give_room_roles(viewer: Viewer, room: Room) -> Verdict:
    """Saying who hosts a room and who speaks in it, and taking that back."""
    return can_facilitate(viewer, room.network)


def can_have_room_role(member: Member, room: Room, role: str) -> Verdict:
    """Whether somebody may be host or speaker, whoever says so. A host is a member; a speaker need not be, but is no
    way back in for whom the network has suspended."""
    membership = membership_of(member, room.network)
    if not member.is_active:
        return Verdict("This account is not in use.")
    if membership and membership.is_suspended:
        return Verdict("Their membership of this network is suspended.")
    if role == RoomRole.Role.HOST and not (membership and membership.is_active):
        return Verdict(f"A host has to be a member of the {room.network}.")
    return ALLOWED


def can_enter(viewer: Viewer, room: Room) -> Verdict:
    """Reading what was said in a room that the viewer knows of; where not, why."""
    if Room.objects.visible_to(viewer).filter(pk=room.pk).exists():
        return ALLOWED
    removed = RoomSanction.objects.visible_to(viewer).removing().filter(room=room, member=viewer.pk or 0).first()
    if removed:
        return Verdict(f"A facilitator has removed you from this room: {removed.reason}")
    if room.lock == Room.Lock.READING and Room.objects.known_to(viewer).filter(pk=room.pk).exists():
        return ROOM_IS_SHUT
    return NOT_A_MEMBER


def can_speak(viewer: Viewer, room: Room, *, now: datetime | None = None) -> Verdict:
    belongs = Room.objects.visible_to(viewer).filter(pk=room.pk).exists()
    silenced = TimeOut.each(room, [viewer.pk or 0], now).get(viewer.pk or 0) if belongs else None
    runs = bool(belongs and room.lock) and Room.objects.run_by(viewer).filter(pk=room.pk).exists()
    return can_speak_as(belongs, room, runs=runs, silenced=silenced, now=now)


def can_speak_as(
    belongs: bool,
    room: Room,
    *,
    runs: bool = False,
    silenced: TimeOut | None = None,
    now: datetime | None = None,
) -> Verdict:
    """`can_speak` for many who speak at once, where it is known who belongs in the room, who runs it and who is in a
    time-out."""
    if not belongs:
        return NOT_A_MEMBER
    if room.is_over(now):
        return ROOM_IS_OVER
    if not room.is_open(now):
        return Verdict("This room has not opened yet.")
    if silenced:
        return _silent(silenced)
    if room.lock and not runs:
        return ROOM_IS_LOCKED
    return ALLOWED


def _silent(silenced: TimeOut) -> Verdict:
    if silenced.is_of_network:
        return asked_not_to_write(silenced.until, silenced.reason)
    until = timezone.localtime(silenced.until)
    return Verdict(f"A facilitator has asked you to be silent until {clock(until)}: {silenced.reason}")


def can_change_message(viewer: Viewer, message: Message, *, now: datetime | None = None) -> Verdict:
    """Whoever said it, for a few minutes and while they may speak."""
    verdict = can_speak(viewer, message.room, now=now)
    verdict = _is_own_and_young(viewer, message, now) if verdict else verdict
    if verdict and message.room.delay_seconds and not can_run_room(viewer, message.room):
        # Other words would stand at once where everybody has read the first ones.
        return Verdict(
            "In this room the host reads messages before others do, so what was said cannot be changed. You can delete "
            "it and send another message."
        )
    return verdict


def can_delete_message(viewer: Viewer, message: Message, *, now: datetime | None = None) -> Verdict:
    """Whoever said it, for a few minutes, whatever has become of the room."""
    verdict = can_enter(viewer, message.room)
    return _is_own_and_young(viewer, message, now) if verdict else verdict


def _is_own_and_young(viewer: Viewer, message: Message, now: datetime | None) -> Verdict:
    if message.author_id != viewer.pk:
        return Verdict("You can only change or delete what you said yourself.")
    if not message.is_shown:
        return Verdict("This message can no longer be read, so it cannot be changed.")
    if not message.is_changeable(now):
        return Verdict("You can change or delete a message for 5 minutes. Ask a facilitator to hide it.")
    return ALLOWED


def can_react_to_message(viewer: Viewer, message: Message, *, now: datetime | None = None) -> Verdict:
    """Giving a message a word, and taking it back, while its room is open."""
    verdict = can_speak(viewer, message.room, now=now)
    if verdict and message.author_id == viewer.pk:
        return Verdict("You cannot react to what you said yourself.")
    if verdict and not message.is_shown:
        return Verdict("This message can no longer be read, so nobody can react to it.")
    if verdict and not message.room.is_shown_to_all(message.written_at, now):
        return NOT_SHOWN_YET
    return verdict


def can_pin(viewer: Viewer, message: Message, *, now: datetime | None = None) -> Verdict:
    """Putting a message above the log."""
    verdict = can_run_room(viewer, message.room)
    if verdict and not (message.is_shown and message.body):
        return Verdict("This message can no longer be read, so it cannot be pinned.")
    if verdict and not message.room.is_shown_to_all(message.written_at, now):
        return NOT_SHOWN_YET
    return verdict


def can_report_message(viewer: Viewer, message: Message) -> Verdict:
    verdict = can_enter(viewer, message.room)
    if verdict and message.author_id == viewer.pk:
        return Verdict("You cannot report what you said yourself.")
    if verdict and not message.is_shown:
        return Verdict("This message can no longer be read, so there is nothing to report.")
    return verdict


def can_report_question(viewer: Viewer, question: Question) -> Verdict:
    """One that everybody in its session can read."""
    verdict = can_enter(viewer, question.room)
    if verdict and question.author_id == viewer.pk:
        return Verdict("You cannot report what you asked yourself.")
    if verdict and not (question.is_shown and question.body):
        return Verdict("This question can no longer be read, so there is nothing to report.")
    return verdict


def can_report_post(viewer: Viewer, post: Post) -> Verdict:
    verdict = can_read(viewer, post.thread.network)
    if verdict and post.author_id == viewer.pk:
        return Verdict("You cannot report what you wrote yourself. You can change or delete it.")
    if verdict and not (post.is_shown and post.source):
        return Verdict("This post can no longer be read, so there is nothing to report.")
    return verdict


def can_report_file(viewer: Viewer, attachment: Attachment) -> Verdict:
    """A file that stands with a post."""
    if attachment.post is None:
        return NOT_A_MEMBER
    verdict = can_read(viewer, attachment.post.thread.network)
    if verdict and attachment.member_id == viewer.pk:
        return Verdict("You cannot report what you attached yourself. You can remove it.")
    if verdict and (attachment.hidden_at or attachment.is_refused or not attachment.post.is_shown):
        return Verdict("This file can no longer be read, so there is nothing to report.")
    return verdict


def can_report_profile(viewer: Viewer, member: Member) -> Verdict:
    """What somebody tells of themselves, whom the viewer shares a network with."""
    if member.pk == viewer.pk:
        return Verdict("You cannot report your own profile. You can change it.")
    if Member.objects.visible_to(viewer).filter(pk=member.pk, is_active=True).exists():
        return ALLOWED
    return Verdict("You share no network with this person.")


def can_read_where_it_stands(viewer: Viewer, case: Case) -> Verdict:
    """What a case is about, at its own address: whoever wrote it may have left the network since, or may not enter the
    room any more."""
    if case.message:
        return can_enter(viewer, case.message.room)
    if case.question:
        return can_enter(viewer, case.question.room)
    return can_read(viewer, case.network) if case.network and not case.member_id else ALLOWED


def can_look_after(viewer: Viewer, case: Case) -> Verdict:
    """Reading what was reported, and noting something about it."""
    if Case.objects.visible_to(viewer).filter(pk=case.pk).exists():
        return ALLOWED
    if viewer.pk and case.author_id == viewer.pk:
        return Verdict("It is about what you wrote yourself, so somebody else has to decide.")
    return Verdict("Only those who look after these reports can do this.")


def can_decide_case(viewer: Viewer, case: Case, *, takes_over: bool = False, now: datetime | None = None) -> Verdict:
    """Claiming a case and deciding it: while it is open, and nobody else is looking at it. Asked of somebody who looks
    after it."""
    verdict = can_look_after(viewer, case)
    if verdict and not case.is_open:
        return Verdict(_decided(case, viewer, now or timezone.now()))
    if verdict and case.claimed_by and case.claimed_by_id != viewer.pk and not takes_over:
        return Verdict(f"{case.claimed_by} is looking at this. Take it over first, if you want to decide.")
    return verdict


def _decided(case: Case, viewer: Viewer, now: datetime) -> str:
    who = "You" if case.decided_by_id == viewer.pk else str(case.decided_by or "Somebody")
    if case.decided_at is None or now - case.decided_at < timedelta(minutes=5):
        return f"{who} decided this a moment ago."
    return f"{who} decided this on {timezone.localtime(case.decided_at):%-d %B %Y}."


def can_appeal(viewer: Viewer, case: Case) -> Verdict:
    """Asking for somebody else to look again at what was hidden: whoever wrote it, once."""
    verdict = can_take_part(viewer)
    if verdict and (case.author_id is None or case.author_id != viewer.pk):
        return Verdict("Only whoever wrote it can appeal.")
    if verdict and case.is_open:
        return Verdict("A facilitator will look at it and decide. If it stays hidden, you can appeal then.")
    if verdict and case.outcome != Case.Outcome.HIDDEN:
        return Verdict("It was not hidden, so there is nothing to appeal against.")
    if verdict and (not case.is_hidden or case.is_gone):
        return Verdict("It is not hidden any more, so there is nothing to appeal against.")
    if verdict and case.appeal_or_none is not None and not case.appeal_or_none.is_open:
        return Verdict("Your appeal was decided.")
    return verdict


def can_decide_appeal(viewer: Viewer, appeal: Appeal) -> Verdict:
    """Somebody who looks after the case, and did not decide it."""
    verdict = can_look_after(viewer, appeal.case)
    if verdict and not appeal.is_open:
        named = appeal.decided_by if appeal.case.shown_author else None
        who = "You" if appeal.decided_by_id == viewer.pk else str(named or "Somebody")
        return Verdict(f"{who} answered this appeal already.")
    if verdict and appeal.case.decided_by_id == viewer.pk:
        return Verdict("You hid it, so somebody else has to answer the appeal.")
    return verdict


def can_restore_message(viewer: Viewer, message: Message) -> Verdict:
    """Bringing a hidden message back: not what somebody else hid of one's own."""
    return can_moderate_room(viewer, message.room) and _not_over_own(viewer, message)


def can_restore_question(viewer: Viewer, question: Question) -> Verdict:
    """Bringing back a question that was published and is not shown any more: whoever runs its session. What was decided
    about a report, or waits for that, the facilitators alone, and nobody of their own: that it is theirs the host
    screen does not say, which others may look at too."""
    verdict = can_run_room(viewer, question.room)
    if verdict and _is_decided_about(question):
        if not can_moderate_room(viewer, question.room):
            return Verdict("A facilitator decides whether this question is shown again.")
        if question.author_id == viewer.pk:
            return Verdict("Another facilitator has to decide whether this question is shown again.")
    return verdict


def can_read_hidden_question(viewer: Viewer, question: Question) -> Verdict:
    """The words of a question that is not shown, and why it is not: whoever asked it, and those who run its session. Of
    what was decided about a report, or waits for that, the facilitators alone, as of a message."""
    if question.author_id == viewer.pk:
        return ALLOWED
    verdict = can_run_room(viewer, question.room)
    if verdict and not can_moderate_room(viewer, question.room) and _is_decided_about(question):
        return Verdict("Hidden by a facilitator.")
    return verdict


def _is_decided_about(question: Question) -> bool:
    return Case.objects.that_hide_questions().filter(question=question.pk or 0).exists()


def can_take_question_away(viewer: Viewer, question: Question) -> Verdict:
    """Not publishing a question, or having it shown no more. Where a facilitator takes away what was published, that is
    a decision over it (`actions.cases`). Over their own there is none, and by that others would know who asked: nor do
    the words say that it is theirs, where others look at the same screen. With the post of a thread that quotes it:
    those who may hide that."""
    verdict = can_run_room(viewer, question.room)
    is_own = question.author_id == viewer.pk and question.number is not None
    is_unnamed = bool(question.unnamed_as) or not question.names_asker
    goes_on = question.thread_id is not None
    if not verdict or not (goes_on or (is_own and is_unnamed)):
        return verdict
    moderates = can_moderate_room(viewer, question.room)
    if is_own and is_unnamed and moderates:
        return Verdict("Another facilitator has to take this question away.")
    if goes_on and not moderates:
        return Verdict("The network goes on with this question in a thread, so a facilitator has to take it away.")
    return ALLOWED


def can_moderate_room(viewer: Viewer, room: Room) -> Verdict:
    """Hiding messages and bringing them back, locking a room, and asking people to be silent or to go."""
    return can_facilitate(viewer, room.network)


def can_run_room(viewer: Viewer, room: Room) -> Verdict:
    """Dealing with questions, making polls, pinning, slowing and delaying: the facilitators and the hosts."""
    if Room.objects.run_by(viewer).filter(pk=room.pk).exists():
        return ALLOWED
    return Verdict("Only those who host this session or facilitate the network can do this.")


def can_write_as_host(viewer: Viewer, room: Room, *, now: datetime | None = None) -> Verdict:
    """Saying something of one's own as somebody who runs it: a poll, an answer, a thread made of it. Not whoever is
    asked to be silent; they keep order in it all the same."""
    verdict = can_run_room(viewer, room)
    silenced = TimeOut.each(room, [viewer.pk or 0], now).get(viewer.pk or 0) if verdict else None
    return _silent(silenced) if silenced else verdict


def can_answer_consent(viewer: Viewer, thing: Question | Message) -> Verdict:
    """Saying whether something may stand on a public page: whoever asked or said it, wherever they belong by now."""
    verdict = can_take_part(viewer)
    if verdict and thing.author_id != viewer.pk:
        return Verdict("Only whoever asked or said this can decide over it.")
    return verdict


def can_make_threads(viewer: Viewer, room: Room, *, now: datetime | None = None) -> Verdict:
    """Making threads of what was asked and pinned in a session: those who ran it, afterwards."""
    verdict = can_write_as_host(viewer, room, now=now)
    if verdict and not room.is_over(now):
        return Verdict("The session is not over yet. Threads are made of it afterwards.")
    return verdict


def can_decide_held(viewer: Viewer, held: HeldMessage, *, now: datetime | None = None) -> Verdict:
    """Having a message that waits for the host shown or not shown, once."""
    verdict = can_run_room(viewer, held.room)
    if verdict and held.decision == HeldMessage.Decision.RELEASED:
        return Verdict("This message has been shown to everybody by now. You can hide it.")
    if verdict and held.decision == HeldMessage.Decision.REFUSED:
        return Verdict("Somebody has decided not to show this message.")
    return verdict


def can_release(viewer: Viewer, held: HeldMessage, *, now: datetime | None = None) -> Verdict:
    """Having it shown to everybody, as something that its author says now."""
    verdict = can_decide_held(viewer, held, now=now)
    if verdict and not held.room.is_open(now):
        return ROOM_IS_OVER
    if verdict and not held.body:
        return Verdict("Its author has had it erased.")
    if verdict and not Room.objects.visible_to(held.author).filter(pk=held.room_id).exists():
        who = held.author if held.names_author else "Its author"
        return Verdict(f"{who} is no longer in this room, so nothing more of what they said can be shown.")
    return verdict


def can_ask(viewer: Viewer, room: Room, *, is_unnamed: bool = False, now: datetime | None = None) -> Verdict:
    """Asking a question in a session, by name or without it."""
    return can_ask_as(can_speak(viewer, room, now=now), room, is_unnamed=is_unnamed)


def can_ask_as(verdict: Verdict, room: Room, *, is_unnamed: bool = False) -> Verdict:
    """`can_ask` for somebody of whom it is known whether they may speak: that verdict."""
    if verdict and not room.takes_questions:
        return Verdict("The host takes no questions at the moment.")
    if verdict and is_unnamed and not room.allows_unnamed:
        return Verdict("In this session questions are asked by name.")
    return verdict


def can_withdraw_question(viewer: Viewer, question: Question) -> Verdict:
    """Taking a question back: whoever asked it, while nobody has dealt with it."""
    verdict = can_enter(viewer, question.room)
    if verdict and question.author_id != viewer.pk:
        return Verdict("You can only take back what you asked yourself.")
    if verdict and question.state not in (Question.State.HELD, Question.State.WAITING):
        return Verdict("Somebody has dealt with this question, so it can no longer be taken back.")
    if verdict and question.thread_id is not None:
        return Verdict("The network goes on with this question in a thread, so it can no longer be taken back.")
    if verdict and Question.objects.filter(merged_into=question.pk or 0).exists():
        return Verdict("The host has merged another question into this one, so it can no longer be taken back.")
    return verdict


def can_vote_as(belongs: bool, room: Room, *, now: datetime | None = None) -> Verdict:
    """Saying that one wants to know something too, and choosing in polls: everybody in an open room, those who are
    asked to be silent too."""
    if not belongs:
        return NOT_A_MEMBER
    if room.is_over(now):
        return Verdict("This session is over, so the voting is too.")
    if not room.is_open(now):
        return Verdict("This room has not opened yet.")
    return ALLOWED


def can_vote(viewer: Viewer, room: Room, *, now: datetime | None = None) -> Verdict:
    return can_vote_as(Room.objects.visible_to(viewer).filter(pk=room.pk).exists(), room, now=now)


def can_vote_for_as(belongs: bool, member_id: int, question: Question, *, now: datetime | None = None) -> Verdict:
    """`can_vote` for one question: not one's own, nor one that somebody has dealt with."""
    verdict = can_vote_as(belongs, question.room, now=now)
    if verdict and question.author_id == member_id:
        return Verdict("You asked this question yourself.")
    if verdict and not (question.is_shown and question.is_open()):
        return Verdict("Somebody has dealt with this question, so its votes stay as they are.")
    return verdict


def can_choose_in_as(belongs: bool, poll: Poll, *, now: datetime | None = None) -> Verdict:
    """`can_vote` in one poll."""
    verdict = can_vote_as(belongs, poll.room, now=now)
    if verdict and poll.state != Poll.State.OPEN:
        return Verdict("This poll has closed. What you chose before it closed counts.")
    return verdict


def can_change_poll(viewer: Viewer, poll: Poll) -> Verdict:
    """Other words for a poll, or deleting it: until somebody could have voted in it."""
    verdict = can_write_as_host(viewer, poll.room)
    if verdict and poll.state != Poll.State.DRAFT:
        return Verdict("This poll has been opened, so it stays as it is.")
    return verdict


def can_open_poll(viewer: Viewer, poll: Poll, *, now: datetime | None = None) -> Verdict:
    """Letting everybody in an open room vote. A poll that has closed stays closed: its results were shown."""
    verdict = can_write_as_host(viewer, poll.room, now=now)
    if verdict and poll.state == Poll.State.CLOSED:
        return Verdict("This poll has closed. To ask again, make another poll.")
    if verdict and poll.room.is_over(now):
        return Verdict("This session is over, so no poll can be opened in it.")
    if verdict and not poll.room.is_open(now):
        return Verdict("This room has not opened yet. Open the poll once people can come in.")
    return verdict


def can_close_poll(viewer: Viewer, poll: Poll) -> Verdict:
    verdict = can_run_room(viewer, poll.room)
    if verdict and poll.state == Poll.State.DRAFT:
        return Verdict("This poll has not been opened.")
    return verdict


def can_see_asker(viewer: Viewer, question: Question) -> Verdict:
    """Who asked without a name: the facilitators, and each look is written down. The host cannot."""
    return can_facilitate(viewer, question.room.network)


def can_be_sanctioned(member: Member, room: Room) -> Verdict:
    """Whether somebody may be asked to be silent or to go, whoever asks."""
    if can_facilitate(member, room.network):
        return Verdict("This member facilitates the network. An administrator can stand a facilitator down.")
    return ALLOWED


def can_react(viewer: Viewer, post: Post) -> Verdict:
    """Giving a post a word, in a locked thread too, and taking it back."""
    verdict = can_write(viewer, post.thread.network)
    if verdict and post.author_id and post.author_id == viewer.pk:
        return Verdict("You cannot react to what you wrote yourself.")
    if verdict and not post.is_shown:
        return Verdict("This post can no longer be read, so nobody can react to it.")
    return verdict


def can_choose_answer(viewer: Viewer, thread: Thread) -> Verdict:
    """Saying which post answers a question, and taking that back: whoever asked, and the facilitators."""
    verdict = can_read(viewer, thread.network)
    if not verdict:
        return verdict
    if thread.kind != Thread.Kind.QUESTION:
        return Verdict("Only questions have an answer.")
    if viewer.pk and viewer.pk in (thread.author_id, thread.asker_id):
        return ALLOWED
    if can_facilitate(viewer, thread.network):
        return ALLOWED
    return Verdict("Only whoever asked, or a facilitator, can mark the answer.")


def can_mark_answer(viewer: Viewer, post: Post) -> Verdict:
    verdict = can_choose_answer(viewer, post.thread)
    if verdict and post.number == 1:
        return Verdict("The question itself is not the answer.")
    if verdict and not (post.is_shown and post.source):
        return Verdict("This post can no longer be read, so it cannot be the answer.")
    return verdict


def can_tell_whether_it_worked(viewer: Viewer, answer: Answer) -> Verdict:
    verdict = can_read(viewer, answer.thread.network)
    if verdict and (not answer.thread.asked_by_id or answer.thread.asked_by_id != viewer.pk):
        return Verdict("Only whoever asked can say whether the answer worked.")
    return verdict
