"""What is done to keep order carries no word to anybody for whom it was not written: neither by moving it, nor by
undoing that, nor by what is kept of a report."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from forums.actions.appeals import appeal, decide_appeal
from forums.actions.decisions import claim_case, decide_case, note_on_case
from forums.actions.merging import gather_posts, split_thread
from forums.actions.messages import say
from forums.actions.network_moves import answer_move, ask_to_move, carry_out_move
from forums.actions.polls import PollWords, make_poll
from forums.actions.posts import delete_post, edit_post, hide_post, reply, restore_post
from forums.actions.reports import report_message, report_post, report_profile
from forums.actions.room_roles import give_room_role
from forums.actions.rooms import schedule_room
from forums.actions.threads import start_thread
from forums.actions.undoing import undo_act
from forums.models import (
    Appeal,
    Case,
    CaseNote,
    Message,
    ModerationAct,
    MoveAnswer,
    Post,
    Report,
    Room,
    Thread,
    ThreadMove,
)
from forums.views.reports import thing_at
from forums.worklist import SECTIONS
from network.actions.profile import change_profile
from network.actions.sanctions import silence_member
from network.models import AuditEvent, Member, Membership, Network, Profile
from network.permissions import Refused
from tests.cast import Cast
from tests.forums.test_network_moves import member_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def hana(cast: Cast) -> Member:
    """Belongs to the practitioners alone."""
    return member_of(cast, cast.practitioners, "Hana Here")


def facilitator_of(cast: Cast, network: Network, name: str) -> Member:
    member = member_of(cast, network, name)
    Membership.objects.filter(member=member).update(role=Membership.Role.FACILITATOR)
    return Member.objects.get(pk=member.pk)


def fresh(thread: Thread) -> Thread:
    return Thread.objects.select_related("network", "theme").get(pk=thread.pk)


def agree(member: Member) -> None:
    answer = MoveAnswer.objects.select_related("move__thread__network", "move__network").get(member=member)
    answer_move(answer, agreed=True, by=member)


def carry_out(move: ThreadMove, *, by: Member) -> None:
    carry_out_move(ThreadMove.objects.select_related("thread__network", "network", "theme").get(pk=move.pk), by=by)


def undo(kind: str, *, by: Member) -> None:
    undo_act(ModerationAct.objects.select_related("network", "thread").get(kind=kind), by=by)


def begin(cast: Cast, by: Member) -> Thread:
    return start_thread(cast.practitioners, by=by, theme=cast.theme, title="Minutes", source="Who records?")


class TestBetweenNetworks:
    def test_what_was_taken_out_before_a_move_does_not_come_after_it_by_undoing(self, cast: Cast, hana: Member) -> None:
        thread = begin(cast, cast.bob)
        hers = reply(thread, by=hana, source="Hana's secret")
        split_thread(fresh(thread), [hers.number], by=cast.fay, title="Aside", theme=cast.theme)
        move = ask_to_move(fresh(thread), cast.ai, cast.theme, by=cast.fay)
        agree(cast.bob)
        carry_out(move, by=cast.fay)

        with pytest.raises(Refused, match="another network"):
            undo("split", by=cast.fay)
        assert not Post.objects.filter(author=hana, thread__network=cast.ai).exists()

    def test_whoever_agreed_did_so_for_what_stood_there_then(self, cast: Cast, hana: Member) -> None:
        thread, other = begin(cast, hana), begin(cast, cast.bob)
        hers = reply(other, by=hana, source="Hana's secret")
        move = ask_to_move(fresh(thread), cast.ai, cast.theme, by=cast.fay)
        agree(hana)
        gather_posts(fresh(other), [hers.number], fresh(thread), by=cast.fay)

        with pytest.raises(Refused, match="since everybody was asked"):
            carry_out(move, by=cast.fay)

    def test_what_was_changed_over_there_does_not_come_back(self, cast: Cast) -> None:
        thread = begin(cast, cast.bob)
        move = ask_to_move(fresh(thread), cast.ai, cast.theme, by=cast.fay)
        agree(cast.bob)
        carry_out(move, by=cast.fay)
        edit_post(Post.objects.select_related("thread__network").get(thread=thread), by=cast.bob, source="For these.")

        with pytest.raises(Refused, match="changed what they wrote"):
            undo("network", by=cast.fay)

    def test_reports_and_notes_are_for_those_to_whom_they_were_made(self, cast: Cast, hana: Member) -> None:
        gus = facilitator_of(cast, cast.ai, "Gus Elsewhere")
        thread = begin(cast, cast.bob)
        report_post(thread.posts.get(), by=hana, kind="unkind", words="To Fay alone")
        case = Case.objects.with_things().get()
        fred = facilitator_of(cast, cast.practitioners, "Fred Here")
        note_on_case(case, by=fred, words="Our note")
        with pytest.raises(Refused, match="not decided"):
            ask_to_move(fresh(thread), cast.ai, cast.theme, by=cast.fay)
        decide_case(case, outcome="left", by=cast.fay)
        move = ask_to_move(fresh(thread), cast.ai, cast.theme, by=cast.fay)
        agree(cast.bob)
        carry_out(move, by=cast.fay)

        assert not Report.objects.visible_to(gus).exists()
        assert not CaseNote.objects.visible_to(gus).exists()


class TestReports:
    def test_whoever_hid_their_own_words_cannot_show_again_what_another_decided_to_hide(self, cast: Cast) -> None:
        gus = facilitator_of(cast, cast.practitioners, "Gus Guides")
        post = reply(begin(cast, cast.fay), by=gus, source="Unkind words")
        report_post(Post.objects.select_related("thread__network").get(pk=post.pk), by=cast.bob, kind="unkind")
        hide_post(post, by=gus, reason="I did not mean it")
        decide_case(Case.objects.with_things().get(), outcome="hidden", by=cast.fay, reason="Too unkind")

        with pytest.raises(Refused):
            restore_post(Post.objects.select_related("thread__network").get(pk=post.pk), by=gus)
        with pytest.raises(Refused):
            undo("hide", by=gus)
        assert not Post.objects.get(pk=post.pk).is_shown

    def test_no_line_of_the_log_says_that_oneself_was_reported(self, cast: Cast) -> None:
        gus = facilitator_of(cast, cast.practitioners, "Gus Guides")
        report_post(begin(cast, gus).posts.get(), by=cast.bob, kind="unkind")
        claim_case(Case.objects.with_things().get(), by=cast.fay)
        decide_case(Case.objects.with_things().get(), outcome="left", by=cast.fay)

        lines = AuditEvent.objects.filter(object_kind="forums.case")
        assert lines.count() >= 2
        assert not (lines & AuditEvent.objects.visible_to(gus)).exists()
        assert (lines & AuditEvent.objects.visible_to(cast.fay)).exists()

    def test_what_its_author_deleted_stands_at_no_address(self, cast: Cast) -> None:
        post = reply(begin(cast, cast.fay), by=cast.bob, source="Taken back")
        assert thing_at(post.get_absolute_url()) == post
        delete_post(post, by=cast.bob)
        assert thing_at(post.get_absolute_url()) is None

    def test_who_said_something_under_the_chatham_house_rule_is_said_with_no_report(self, cast: Cast) -> None:
        now = timezone.now()
        hours = {"opens_at": now - timedelta(hours=1), "closes_at": now + timedelta(hours=1)}
        room = schedule_room(cast.practitioners, title="Clinic", by=None, **hours)
        Room.objects.filter(pk=room.pk).update(is_chatham_house=True)
        say(Room.objects.select_related("network").get(pk=room.pk), by=cast.bob, body="Words")
        Room.objects.filter(pk=room.pk).update(closes_at=now - timedelta(minutes=1))
        report_message(Message.objects.with_author().select_related("room__network").get(), by=cast.fay, kind="other")

        assert Case.objects.with_things().get().shown_author is None

    def test_a_granted_appeal_shows_nothing_that_was_changed_meanwhile(self, cast: Cast) -> None:
        Profile.objects.update_or_create(member=cast.bob, defaults={"about": "For all", "shows_about": True})
        report_profile(cast.bob, by=cast.fay, kind="unkind")
        case = decide_case(Case.objects.with_things().get(), outcome="hidden", by=cast.fay, reason="No")
        change_profile(
            by=cast.bob,
            name=cast.bob.name,
            job_title="",
            help_with="",
            about="For nobody",
            themes=[],
            tools=[],
            shows={"about": False},
        )
        appeal(case, by=cast.bob, words="Please")
        assert case.network
        other = facilitator_of(cast, case.network, "Gus Guides")
        made = Appeal.objects.select_related("case__member", "case__network").get()
        decide_appeal(made, outcome="shown", by=other, answer="Yes")

        assert not Profile.objects.get(member=cast.bob).shows_about


def test_what_waits_says_nothing_of_who_asked_without_a_name(cast: Cast, hana: Member) -> None:
    """Whoever asked and replies counts as everybody else does: a row that stays would say that it was them."""
    asked = timezone.now() - timedelta(days=10)
    thread = start_thread(
        cast.practitioners, by=cast.fay, theme=cast.theme, title="Asked", source="?", kind="question", now=asked
    )
    Thread.objects.filter(pk=thread.pk).update(asker=hana)
    reply(fresh(thread), by=hana, source="I wonder too", now=asked + timedelta(days=1))

    waiting = [section(cast.fay, cast.practitioners, timezone.now()) for section in SECTIONS]
    named = {section.name for section in waiting for row in section.rows if row.what == "Asked"}
    assert not named & {"newcomers", "questions"}


def test_whoever_is_asked_not_to_write_makes_no_polls_either(cast: Cast) -> None:
    now = timezone.now()
    hours = {"opens_at": now - timedelta(hours=1), "closes_at": now + timedelta(hours=1)}
    room = schedule_room(cast.practitioners, title="Clinic", by=None, **hours)
    give_room_role(room, cast.bob, role="host", by=cast.fay)
    membership = Membership.objects.select_related("network", "member").get(member=cast.bob, network=cast.practitioners)
    silence_member(membership, until=now + timedelta(hours=2), by=cast.fay, words="Calm down")

    with pytest.raises(Refused, match="Calm down"):
        make_poll(room, PollWords("Why?", ["Yes", "Very"]), by=cast.bob)
