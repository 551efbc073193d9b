"""The table of docs/roles.md, held to the permission functions: each `can_...` of each package is asked for each role.

A new function fails here until it has a line in ACTS, or in NOT_OF_ROLES where the answer is no matter of who asks.
Write the table anew with `pytest tests/architecture/test_roles.py --update`, and read the difference."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

import cms.permissions as hub
import forums.permissions as talk
import network.permissions as people
from cms.actions.pages import publish_page, set_up_site
from cms.actions.roles import ADMINISTRATORS, EDITORS, PUBLISHERS, give_roles, set_up_roles
from cms.models import EventPage, GuidancePage, SectionPage
from forums.actions.room_roles import give_room_role
from forums.actions.rooms import schedule_room
from forums.actions.threads import start_thread
from forums.models import (
    Announcement,
    Answer,
    Appeal,
    Attachment,
    Case,
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
    Thread,
    ThreadMove,
)
from network.actions.invitations import invite
from network.actions.membership import appoint_facilitator, ask_question, ask_to_join, join_network
from network.actions.rules import set_up_rules
from network.models import (
    Admission,
    AdmissionRequest,
    Intake,
    MailLedger,
    Member,
    Membership,
    OrganisationDomain,
    Theme,
    Viewer,
)
from network.permissions import Verdict
from tests.cast import Cast

PAGE = Path(__file__).resolve().parents[2] / "docs" / "roles.md"
MARK = "<!-- The table: made by `pytest tests/architecture/test_roles.py --update` -->\n"


@dataclass(frozen=True)
class Act:
    """A row: what is done, the function that is asked, and what it is asked about beside the viewer: names of the
    stage, or plain values."""

    words: str
    can: Callable[..., Verdict]
    about: tuple[Any, ...] = ()


def may_edit_own(viewer: Viewer, thread: Thread) -> Verdict:
    return talk.can_edit(viewer, Post(thread=thread, number=2, author_id=viewer.pk))


def may_change_own_message(viewer: Viewer, room: Room) -> Verdict:
    return talk.can_change_message(viewer, Message(room=room, author_id=viewer.pk, written_at=timezone.now()))


def may_delete_own_message(viewer: Viewer, room: Room) -> Verdict:
    return talk.can_delete_message(viewer, Message(room=room, author_id=viewer.pk, written_at=timezone.now()))


def may_mark_own(viewer: Viewer, thread: Thread) -> Verdict:
    """As whoever asked."""
    question = Thread(network=thread.network, kind=Thread.Kind.QUESTION, author_id=viewer.pk)
    return talk.can_mark_answer(viewer, Post(thread=question, number=2, source="Words"))


def may_mark_anothers(viewer: Viewer, thread: Thread) -> Verdict:
    return talk.can_choose_answer(viewer, Thread(network=thread.network, kind=Thread.Kind.QUESTION))


def may_tell_own(viewer: Viewer, thread: Thread) -> Verdict:
    question = Thread(network=thread.network, kind=Thread.Kind.QUESTION, author_id=viewer.pk)
    return talk.can_tell_whether_it_worked(viewer, Answer(thread=question))


def may_take_back_own(viewer: Viewer, room: Room) -> Verdict:
    return talk.can_withdraw_question(viewer, Question(room=room, author_id=viewer.pk))


def may_agree_to_own(viewer: Viewer, room: Room) -> Verdict:
    return talk.can_answer_consent(viewer, Message(room=room, author_id=viewer.pk))


def may_appeal(viewer: Viewer, post: Post) -> Verdict:
    hidden = Post(thread=post.thread, number=2, author_id=viewer.pk, hidden_at=timezone.now())
    return talk.can_appeal(viewer, Case(post=hidden, author_id=viewer.pk, state="decided", outcome="hidden"))


def may_answer_own_move(viewer: Viewer, thread: Thread) -> Verdict:
    move = ThreadMove(thread=thread, asked_at=timezone.now())
    return talk.can_answer_move(viewer, MoveAnswer(move=move, member_id=viewer.pk))


def may_delete_own(viewer: Viewer, thread: Thread) -> Verdict:
    return talk.can_delete(viewer, Post(thread=thread, number=2, author_id=viewer.pk))


ACTS = [
    # Account
    Act("Read their own notices, ask for their own data", people.can_take_part),
    Act("Change their own profile", people.can_change_profile),
    Act("Follow a theme", people.can_follow_themes, ("themes",)),
    Act("Take the steps of the first visit", people.can_be_welcomed),
    Act("Add a passkey to their own account", people.can_add_passkey),
    Act("Agree to the ground rules", people.can_agree, ("rules",)),
    Act("Close their own account (the last facilitator or administrator hands over first)", people.can_close_account),
    # Networks
    Act("Join a network that is joined at once", people.can_join, ("at_once",)),
    Act("Ask to join a network that is joined by request", people.can_ask_to_join, ("network",)),
    Act("Answer what the facilitators asked about their request", people.can_answer, ("network",)),
    Act("Withdraw their request to join", people.can_withdraw, ("network",)),
    Act("Read what is said in a network", people.can_read, ("network",)),
    Act("Write in a network, unless a facilitator asked them not to", people.can_write, ("network",)),
    Act("Leave a network", people.can_leave, ("network",)),
    # Looking after a network
    Act("Choose the themes of a network", people.can_facilitate, ("network",)),
    Act("Ask about a request to join, or decline it", people.can_decide, ("request",)),
    Act("Approve a request to join", people.can_approve, ("request",)),
    Act("Invite somebody to a network", people.can_invite, ("network",)),
    Act("Send an invitation again", people.can_resend, ("invitation",)),
    Act("Withdraw an invitation", people.can_revoke, ("invitation",)),
    Act("Warn, remove or suspend a member of a network", people.can_end, ("membership",)),
    Act("Ask a member of a network not to write for a while", people.can_silence, ("membership",)),
    Act("End that before its time", people.can_lift_silence, ("membership",)),
    Act("Let a suspended member into a network again", people.can_reinstate, ("suspension",)),
    Act("Change what a network says of itself", people.can_change_network, ("network", ("purpose",))),
    Act(
        "Change the name of a network, or how it is joined", people.can_change_network, ("network", ("name", "joining"))
    ),
    # Threads
    Act("Start a thread", talk.can_start_thread, ("network",)),
    Act("Start a discussion", talk.can_start_kind, ("network", "discussion")),
    Act("Make an announcement", talk.can_start_kind, ("network", "announcement")),
    Act("Have an announcement go by mail too", talk.can_mail_announcement, ("network",)),
    Act("Confirm or decline the mail of somebody else's announcement", talk.can_decide_announcement, ("mail",)),
    Act("Stop the mail of an announcement", talk.can_stop_announcement, ("mail",)),
    Act("Reply in a thread", talk.can_reply, ("thread",)),
    Act("Attach a file to what they write", talk.can_attach, ("network",)),
    Act("Have the first post that waits in a network posted or not", talk.can_decide_held_post, ("held_post",)),
    Act("Change a post of their own", may_edit_own, ("thread",)),
    Act("Change a post of somebody else", talk.can_edit, ("post",)),
    Act("Delete a post of their own", may_delete_own, ("thread",)),
    Act("Delete a post of somebody else", talk.can_delete, ("post",)),
    Act("Change or take back an announcement of their own", talk.can_change_announcement, ("announcement",)),
    Act("Report a post of somebody else", talk.can_report_post, ("anothers_post",)),
    Act("Report a file of somebody else", talk.can_report_file, ("file",)),
    Act("Report the profile of somebody they share a network with", talk.can_report_profile, ("fellow",)),
    Act("Read what was reported, and note something about it", talk.can_look_after, ("case",)),
    Act("Decide on what was reported", talk.can_decide_case, ("case",)),
    Act("Decide on a report that no network looks after", talk.can_decide_case, ("case_of_site",)),
    Act("Appeal where their own words were hidden", may_appeal, ("post",)),
    Act("Answer an appeal against what somebody else decided", talk.can_decide_appeal, ("appeal",)),
    Act("Hide a post", talk.can_hide, ("post",)),
    Act("Bring a hidden post back", talk.can_restore, ("post",)),
    Act("Hide earlier words of a post", talk.can_hide_version, ("version",)),
    Act("React to a post of somebody else", talk.can_react, ("post",)),
    Act("Follow, watch or mute a theme", talk.can_follow_theme, ("theme",)),
    Act("Lock a thread", talk.can_lock, ("thread",)),
    Act("Mark the answer to a question of their own", may_mark_own, ("thread",)),
    Act("Mark the answer to a question of somebody else", may_mark_anothers, ("thread",)),
    Act("Say whether the answer to their own question worked", may_tell_own, ("thread",)),
    Act("Move a thread to another theme", talk.can_move, ("thread",)),
    Act("Pin a thread above the others for a while", talk.can_pin_thread, ("thread",)),
    Act("Hide or move several posts at once, see what was done to a thread", talk.can_tidy, ("thread",)),
    Act("Merge a thread into another of its network", talk.can_merge, ("thread", "other_thread")),
    Act("Undo what was done to a thread", talk.can_undo, ("act",)),
    Act("Say whether a thread in which they wrote may move to another network", may_answer_own_move, ("thread",)),
    Act("Merge tags on the threads of a network", talk.can_merge_tags, ("network",)),
    # Live rooms
    Act("Schedule a live room", talk.can_schedule_room, ("network",)),
    Act("Name the hosts and speakers of a room", talk.can_give_room_roles, ("room",)),
    Act("Read what is said in a live room", talk.can_enter, ("room",)),
    Act("Speak in a live room while it is open", talk.can_speak, ("room",)),
    Act("Change a message of their own for 5 minutes", may_change_own_message, ("room",)),
    Act("Delete a message of their own for 5 minutes", may_delete_own_message, ("room",)),
    Act("Change a message of somebody else", talk.can_change_message, ("message",)),
    Act("Delete a message of somebody else", talk.can_delete_message, ("message",)),
    Act("React to a message of somebody else", talk.can_react_to_message, ("message",)),
    Act("Report a message of somebody else", talk.can_report_message, ("message",)),
    Act("Report a question of somebody else", talk.can_report_question, ("anothers_question",)),
    Act("Bring a hidden message back", talk.can_restore_message, ("message",)),
    Act("Hide messages, lock a room, ask people to be silent or leave", talk.can_moderate_room, ("room",)),
    Act("Ask a question in a session", talk.can_ask, ("room",)),
    Act("Take back a question of one's own with which nobody has dealt", may_take_back_own, ("room",)),
    Act("Vote in a session", talk.can_vote, ("room",)),
    Act("Deal with questions, pin, slow or delay in a session", talk.can_run_room, ("room",)),
    Act("Not publish a question in a session, or take it away", talk.can_take_question_away, ("inquiry",)),
    Act("Put back a question that a host took away", talk.can_restore_question, ("inquiry",)),
    Act("Put back a question that was reported and hidden", talk.can_restore_question, ("hidden_inquiry",)),
    Act(
        "Read a question of somebody else that was reported and hidden",
        talk.can_read_hidden_question,
        ("hidden_inquiry",),
    ),
    Act("Write polls, and answers to questions, in a session", talk.can_write_as_host, ("room",)),
    Act("Let what they asked or said in a session stand on a public page", may_agree_to_own, ("room",)),
    Act("Let what somebody else asked or said stand there", talk.can_answer_consent, ("message",)),
    Act("Make threads of what was asked in a session", talk.can_make_threads, ("past_room",)),
    Act("Change or delete a poll before it is opened", talk.can_change_poll, ("poll",)),
    Act("Open a poll in a session", talk.can_open_poll, ("poll",)),
    Act("Close a poll", talk.can_close_poll, ("open_poll",)),
    Act("Pin a message above the others", talk.can_pin, ("message",)),
    Act("Decide on a message that waits for the host", talk.can_decide_held, ("held",)),
    Act("Show everybody a message that waits for the host", talk.can_release, ("held",)),
    Act("See who asked a question without their name", talk.can_see_asker, ("inquiry",)),
    # The hub
    Act("Read the joining link of a network's event", hub.can_attend, ("event",)),
    Act("Add a network's event to their own events", hub.can_add_event, ("event",)),
    Act("Read it where people sign up for the event, without having signed up", hub.can_join, ("sign_up",)),
    Act("See how many have signed up for an event, and how many wait", hub.can_see_sign_ups, ("event",)),
    Act("Say where the recording of an event is", hub.can_set_recording, ("event",)),
    Act("Have the record of an event's session drafted", hub.can_draft_record, ("past_room",)),
    Act("Approve what its authors let stand on the page of an event", hub.can_approve_record, ("event",)),
    Act("Name the hosts and speakers of an event", hub.can_name_speakers, ("event",)),
    Act("Publish a page", hub.can_publish_in, ("section",)),
    Act("Say that a page was reviewed", hub.can_review, ("guidance",)),
    Act("Save a search, and follow it", hub.can_save_search),
    Act("See which searches found nothing", hub.can_see_fruitless_searches),
    Act("Give roles in the hub", hub.can_give_roles),
    # Administration: people
    Act("Open the administrators' pages", people.can_administer),
    Act("Look up an account", people.can_see_accounts),
    Act("Correct the organisation or kind of an account", people.can_change_accounts),
    Act("Suspend an account", people.can_suspend_account, ("newcomer",)),
    Act("Let a suspended account in again", people.can_reinstate_account, ("banned",)),
    Act("End another member's sessions", people.can_end_sessions, ("newcomer",)),
    Act("Export the directory", people.can_export_people),
    Act("See who asks to be let in", people.can_let_people_in),
    Act("Decide who is let in", people.can_decide_admission, ("admission_request",)),
    Act("Check a list of people to let in", people.can_run_intakes),
    Act("Let in everybody on a list", people.can_begin_intake, ("intake",)),
    # Administration: organisations
    Act("See an organisation's domains and numbers", people.can_see_organisations),
    Act("Add an organisation", people.can_add_organisation),
    Act("Change or merge organisations", people.can_change_organisation),
    Act("Confirm email domains", people.can_confirm_domains),
    Act("Remove an email domain that nobody came by", people.can_remove_domain, ("domain",)),
    # Administration: networks, themes and rules
    Act("Create a network, or a theme for all networks", people.can_create_networks),
    Act("Appoint facilitators", people.can_appoint_facilitators),
    Act("Stand a facilitator down (another stays)", people.can_stand_down, ("facilitator",)),
    Act("See the list of all themes", people.can_keep_themes),
    Act("Rename a theme", people.can_change_theme, ("theme",)),
    Act("Merge two public themes", people.can_merge_themes, ("theme", "other_theme")),
    Act("Change the ground rules", people.can_publish_rules),
    # Administration: what was done
    Act("Read and export the audit log", people.can_read_audit),
    Act("See which mail goes out, and to whom", people.can_see_mail),
    Act("Have a mail that failed sent again", people.can_send_again, ("failed_mail",)),
    Act("Stop all mail, and let it go again", people.can_stop_all_mail),
    Act("See what the worker does", people.can_see_worker),
    Act("Have a task that failed run again", people.can_run_again),
]

NOT_OF_ROLES = {
    # About a thing, whoever asks
    "network.can_sign_up": "about an address",
    "cms.can_be_named_by": "about whoever is to speak, when an editor names them",
    "network.can_be_admitted": "about an address and an organisation",
    "network.can_move_to": "about an address and an organisation",
    "network.can_be_approved": "about a request, whoever looks at it",
    "network.can_be_invited": "about an address and a network",
    "network.can_go_without_note": "about an address",
    "network.can_be_let_in": "about an invitation and whoever was invited",
    "network.can_be_enrolled": "about somebody on a list and a network",
    "network.can_become_facilitator": "about whoever is to be appointed",
    "network.can_stop_administering": "about an administrator, and whether there is another",
    "network.can_be_called": "about a name of a network",
    "network.can_name_theme": "about a name of a theme",
    "network.can_pick_theme": "about a network and a theme",
    "network.can_take_away_theme": "about a network and a theme",
    "network.can_work_for": "about an organisation",
    "network.can_be_succeeded": "about two organisations",
    "forums.can_use_theme": "about a network and a theme",
    "forums.can_be_merged": "can_merge, where the other thread is not known yet",
    "forums.can_put_posts_into": "can_merge, for some of the posts",
    "forums.can_withdraw_question": "in the table as the own of whoever asked",
    "forums.can_answer_move": "in the table as the own of whoever wrote",
    "forums.can_move_to_network": "of those who facilitate both networks: can_tidy in each",
    "forums.can_post_at_once": "about whether somebody has written in a network before",
    "forums.can_have_room_role": "about whoever is to be named",
    "forums.can_ask_as": "can_ask, where it is known whether they may speak",
    "forums.can_vote_as": "can_vote, for many at once",
    "forums.can_vote_for_as": "can_vote, of one question, for many at once",
    "forums.can_choose_in_as": "can_vote, in one poll, for many at once",
    "forums.can_be_sanctioned": "about whoever is to be silent or to leave",
    "forums.can_change_what_is_mailed": "about a post",
    "cms.can_be_discussed": "about a page",
    "cms.can_be_discussed_in": "about a page and a network",
    "cms.can_stand_on_page": "about themes",
    # About whose it is
    "network.can_read_notice": "its owner's alone",
    "network.can_take_data": "its owner's alone, in one session",
    "network.can_end_session": "its owner's alone; can_end_sessions is the administrators'",
    "network.can_remove_password": "its owner's alone, who has one",
    "forums.can_delete_draft": "its owner's alone",
    "cms.can_save_another_search": "about how many they have",
    "cms.can_change_search": "its owner's alone",
    "forums.can_withdraw_post": "its owner's alone",
    "network.can_change_factor": "its owner's alone",
    "network.can_enrol_app": "its owner's alone, who has none",
    "network.can_make_recovery_codes": "their own account's, where it has what they stand in for",
    "network.can_choose_mail": "their own memberships' alone",
    "network.can_accept": "for whoever was invited alone",
    "network.can_ask_for_admission": "for whoever was not let in; all of the table were",
    # About somebody with two roles: those who may change themes and who belong to the network
    "network.can_make_private": "an administrator's who belongs to the network",
    "network.can_make_public": "an administrator's who belongs to the network",
    "forums.can_change_file": "its owner's alone, with can_edit once the post is sent",
    # A function of the table, asked in another way
    "network.can_take_welcome_step": "can_be_welcomed, step by step",
    "forums.can_look_after_announcement": "can_stop_announcement, and administrators who belong to the network",
    "forums.can_decide_held_posts": "can_decide_held_post, of all of a network",
    "forums.can_release_post": "can_decide_held_post, and whether its author could write it now",
    "forums.can_speak_as": "can_speak, for many at once",
    "forums.can_choose_answer": "can_mark_answer, for all posts of a page at once",
    "forums.can_mark_answer": "can_choose_answer, once it is known which; in the table by whose the question is",
    "forums.can_tell_whether_it_worked": "in the table as the asker's own",
    "forums.can_appeal": "in the table as the author's own",
    "forums.can_read_where_it_stands": "can_read or can_enter, once it is known where that is",
    "cms.can_give_these_roles": "can_give_roles, once it is known which and to whom",
}


@dataclass(frozen=True)
class Stage:
    """What the functions are asked about, and by whom."""

    things: dict[str, Any]
    viewers: dict[str, Viewer]


@pytest.fixture
def stage(cast: Cast) -> Stage:
    now = timezone.now()
    set_up_roles()
    network = cast.practitioners

    def officer(name: str, *roles: str, kind: str = Member.Kind.OFFICER) -> Member:
        email = f"{name.lower()}@exampleshire.example.org"
        member = Member.objects.create_user(email, name=name, organisation=cast.council, kind=kind)
        Admission.objects.create(member=member, rule=Admission.Rule.PERSON)
        if roles:
            give_roles(member, roles, by=None)
        return member

    host = officer("Host")
    appoint_facilitator(network, host, by=None)  # so that fay is not the only one; then a member like others
    deputy = officer("Deputy")
    for one in (cast.ai, network):
        appoint_facilitator(one, deputy, by=None)
    Membership.objects.filter(member=host).update(role=Membership.Role.MEMBER)
    speaker = officer("Speaker")
    room = schedule_room(network, title="Room", opens_at=now, closes_at=now + timedelta(hours=1), by=None)
    give_room_role(room, host, role="host", by=None)
    give_room_role(room, speaker, role="speaker", by=None)
    newcomer = officer("Newcomer")
    banned = officer("Banned")
    Member.objects.filter(pk=banned.pk).update(is_active=False, inactive_because=Member.Inactive.SUSPENDED)
    stranger = Member.objects.create_user("stranger@nowhere.gov.uk", name="Stranger")
    ask_question(Membership.objects.get(member=cast.amir), by=deputy, words="What for?")
    section = publish_page(set_up_site(), SectionPage(title="Section", slug="section"), by=None)
    event = EventPage(title="Event", slug="event", starts_at=now, ends_at=now + timedelta(hours=1), network=network)
    sign_up = EventPage(
        title="Places",
        slug="places",
        starts_at=now,
        ends_at=now + timedelta(hours=1),
        network=network,
        needs_sign_up=True,
    )
    things = {
        "network": network,
        "inquiry": Question(room=room, author=host, unnamed_as="An officer", number=1),
        "anothers_question": Question(room=room, author_id=0, number=1, body="Words"),
        "poll": Poll(room=room),
        "open_poll": Poll(room=room, state=Poll.State.OPEN),
        "at_once": cast.ai,
        "theme": cast.theme,
        "themes": [cast.theme],
        "other_theme": Theme.objects.create(name="Housing", slug="housing"),
        "newcomer": newcomer,
        "banned": Member.objects.get(pk=banned.pk),
        "membership": Membership.objects.get(network=network, member=cast.bob),
        "suspension": Membership.objects.get(network=network, member=cast.sven),
        "facilitator": Membership.objects.get(network=network, member=deputy),
        "invitation": invite(network, "invited@exampleshire.example.org", by=deputy),
        "admission_request": AdmissionRequest.objects.create(member=stranger),
        "intake": Intake.objects.create(by=cast.ada),
        "domain": OrganisationDomain.objects.create(organisation=cast.council, domain="new.example.org"),
        "failed_mail": MailLedger.objects.create(recipient="x@example.org", state=MailLedger.State.FAILED),
        "request": ask_to_join(network, by=newcomer, reason="We build."),
        "thread": start_thread(network, by=cast.bob, theme=cast.theme, title="Thread", source="Words"),
        "room": room,
        "section": section,
        "event": publish_page(section, event, by=None),
        "sign_up": publish_page(section, sign_up, by=None),
        "guidance": publish_page(section, GuidancePage(title="Guidance", slug="guidance", body=[]), by=None),
    }
    things["post"] = Post.objects.select_related("thread__network").get(thread=things["thread"])
    things["fellow"] = host
    things["anothers_post"] = Post(thread=things["thread"], number=2, author=speaker, source="Words")
    things["file"] = Attachment(post=things["anothers_post"], member=speaker)
    things["case"] = Case.objects.create(network=network, post=things["post"], author=speaker)
    hidden = {"room": room, "author": newcomer, "number": 1, "state": Question.State.REFUSED, "state_at": now}
    things["hidden_inquiry"] = Question.objects.create(**hidden)
    decided = {"state": Case.State.DECIDED, "outcome": Case.Outcome.HIDDEN, "reason": "Words", "decided_at": now}
    Case.objects.create(network=network, question=things["hidden_inquiry"], author=newcomer, **decided)
    things["case_of_site"] = Case.objects.create(address="/guidance/")
    things["appeal"] = Appeal(case=things["case"], by=host)
    things["other_thread"] = Thread(network=network, visible_count=1)
    things["act"] = ModerationAct(network=network, thread=things["thread"])
    things["past_room"] = Room(pk=room.pk, network=network, closes_at=now)
    things["message"] = Message(room=room, author_id=0, body="Words", written_at=now)
    things["held_post"] = HeldPost(network=network, author=cast.bob, source="Words", written_at=now)
    things["held"] = HeldMessage(room=room, author=cast.bob, body="Words", written_at=now)
    things["version"] = PostVersion(post=things["post"], number=1)
    things["announcement"] = Post(thread=Thread(network=network, kind=Thread.Kind.ANNOUNCEMENT), number=1)
    things["mail"] = Announcement(thread=Thread(network=network))
    join_network(cast.ai, by=host)
    things["rules"] = set_up_rules()
    viewers: dict[str, Viewer] = {
        "Nobody": AnonymousUser(),
        "Officer": cast.olga,
        "Applicant": cast.amir,
        "Member": cast.bob,
        "Facilitator": cast.fay,
        "Editor": officer("Editor", EDITORS),
        "Publisher": officer("Publisher", PUBLISHERS),
        "Administrator": officer("Administrator", ADMINISTRATORS),
        "Host": host,
        "Speaker": speaker,
        "Partner": officer("Partner", kind=Member.Kind.PARTNER),
    }
    return Stage(things, viewers)


def functions() -> dict[str, Callable[..., Verdict]]:
    """Every function of ours that answers whether somebody may, by package and name, whichever module it stands in."""
    found = {}
    for package, room in (("network", people), ("forums", talk), ("cms", hub)):
        nouns = pkgutil.iter_modules(getattr(room, "__path__", []), f"{room.__name__}.")
        for module in (room, *(importlib.import_module(noun.name) for noun in nouns)):
            for name, function in inspect.getmembers(module, inspect.isfunction):
                if name.startswith("can_") and function.__module__ == module.__name__:
                    found[f"{package}.{name}"] = function
    return found


def table(stage: Stage) -> str:
    roles = list(stage.viewers)
    lines = [f"| | {' | '.join(roles)} |", f"|---|{'---|' * len(roles)}"]
    for act in ACTS:
        about = [stage.things.get(name, name) for name in act.about]
        cells = ["yes" if act.can(viewer, *about) else "no" for viewer in stage.viewers.values()]
        lines.append(f"| {act.words} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def test_the_page_says_what_the_functions_say(stage: Stage, request: pytest.FixtureRequest) -> None:
    made = table(stage)
    before, _, written = PAGE.read_text().partition(MARK)
    if request.config.getoption("--update"):
        PAGE.write_text(f"{before}{MARK}\n{made}")
        return

    assert written.strip() == made.strip()


def test_every_permission_function_is_in_the_table() -> None:
    asked = {act.can for act in ACTS}
    missing = [name for name, function in functions().items() if function not in asked and name not in NOT_OF_ROLES]

    assert missing == []
    assert set(NOT_OF_ROLES) - set(functions()) == set(), "gone by now"


def test_a_table_that_says_too_much_is_noticed(stage: Stage) -> None:
    made = table(stage)

    assert f"| Read what is said in a network |{' no |' * 3} yes | yes |{' no |' * 3} yes | no | no |" in made
    assert made.replace("| no |", "| yes |") != made
