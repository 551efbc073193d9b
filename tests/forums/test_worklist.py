"""What waits for facilitators: each thing in its section as long as it waits, and nothing of it for anybody else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from forums.actions.answers import mark_answer, tell_whether_it_worked, unmark_answer
from forums.actions.appeals import appeal
from forums.actions.bulk import NewPost, NewThread, load_threads
from forums.actions.decisions import claim_case, decide_case
from forums.actions.posts import delete_post, hide_post, reply
from forums.actions.reports import report_post
from forums.actions.rooms import schedule_room
from forums.actions.threads import lock_thread, start_thread
from forums.models import Case, HeldPost, Question, Thread
from forums.worklist import SECTIONS, Section, reports
from network.actions.membership import appoint_facilitator, decline_request, stand_down_facilitator
from network.models import Member, Membership
from tests.cast import Cast, sign_in
from tests.forums.test_mentions import officer

pytestmark = pytest.mark.django_db

WORKLIST = "/networks/ai-practitioners/worklist/"
Begin = Callable[..., Thread]


@pytest.fixture
def begin(cast: Cast) -> Begin:
    """A thread of so many days ago."""

    def started(title: str, by: Member, *, days: float, kind: str = "question") -> Thread:
        at = timezone.now() - timedelta(days=days)
        network, theme = cast.practitioners, cast.theme
        return start_thread(network, by=by, theme=theme, title=title, source="Words.", kind=kind, now=at)

    return started


@pytest.fixture
def old_hand(cast: Cast, begin: Begin) -> Member:
    """Whose first thread was answered long ago."""
    olive = officer(cast, "Olive Oldhand", network=cast.practitioners)
    first = begin("Olive's first", olive, days=100, kind="discussion")
    reply(first, by=cast.bob, source="Welcome.", now=ago(99))
    return olive


def ago(days: float) -> datetime:
    return timezone.now() - timedelta(days=days)


def waits(cast: Cast, name: str) -> list[str]:
    """What stands in a section."""
    now = timezone.now()
    found = {one.name: one for one in (section(cast.fay, cast.practitioners, now) for section in SECTIONS)}
    return [row.what for row in found[name].rows]


def page_for(member: Member) -> str:
    client = Client()
    sign_in(client, member)
    return client.get(WORKLIST).content.decode()


class TestWhatWaits:
    def test_a_question_waits_from_the_third_day_until_somebody_else_replies(
        self, cast: Cast, begin: Begin, old_hand: Member
    ) -> None:
        question = begin("Old question", old_hand, days=3)
        begin("Young question", old_hand, days=1)
        begin("No question", old_hand, days=3, kind="discussion")
        reply(question, by=old_hand, source="Anybody?", now=ago(2))
        assert waits(cast, "questions") == ["Old question"]

        answer = reply(question, by=cast.bob, source="Like this.")
        assert waits(cast, "questions") == []
        delete_post(answer, by=cast.bob)
        assert waits(cast, "questions") == ["Old question"]
        lock_thread(question, by=cast.fay)
        assert waits(cast, "questions") == []

    def test_a_first_thread_waits_among_the_newcomers_and_not_twice(self, cast: Cast, begin: Begin) -> None:
        first = begin("Bob's first", cast.bob, days=4)
        begin("Bob's second", cast.bob, days=3)
        assert waits(cast, "newcomers") == ["Bob's first"]
        assert waits(cast, "questions") == ["Bob's second"]

        reply(first, by=cast.fay, source="Welcome.")
        assert waits(cast, "newcomers") == []

    def test_a_first_thread_of_long_ago_is_no_newcomers(self, cast: Cast, begin: Begin) -> None:
        begin("Bob's first", cast.bob, days=91)
        assert waits(cast, "newcomers") == []
        assert waits(cast, "questions") == ["Bob's first"]

    def test_a_hidden_thread_waits_for_nobody(self, cast: Cast, begin: Begin) -> None:
        first = begin("Bob's first", cast.bob, days=4)
        hide_post(first.posts.get(), by=cast.fay, reason="No")
        assert waits(cast, "newcomers") == waits(cast, "questions") == []

    def test_replies_of_a_week_wait_to_be_marked(self, cast: Cast, begin: Begin, old_hand: Member) -> None:
        question = begin("Which one?", old_hand, days=20)
        answer = reply(question, by=cast.bob, source="This.", now=ago(8))
        young = begin("And which here?", old_hand, days=20)
        reply(young, by=cast.bob, source="That.", now=ago(6))
        reply(young, by=cast.fay, source="Or that.", now=ago(5))
        forgotten = begin("And long ago?", old_hand, days=400)
        reply(forgotten, by=cast.bob, source="That.", now=ago(399))
        assert waits(cast, "answers") == ["Which one?"]

        mark_answer(answer, by=old_hand)
        assert waits(cast, "answers") == []
        unmark_answer(answer, by=old_hand)
        assert waits(cast, "answers") == ["Which one?"]

    def test_an_answer_that_did_not_work_waits_for_another_word(
        self, cast: Cast, begin: Begin, old_hand: Member
    ) -> None:
        question = begin("How?", old_hand, days=60)
        answer = mark_answer(reply(question, by=cast.bob, source="So.", now=ago(59)), by=old_hand, now=ago(50))
        tell_whether_it_worked(answer, "no", by=old_hand, now=ago(10))
        assert waits(cast, "failed") == ["How?"]

        reply(question, by=old_hand, source="It did not help.")
        assert waits(cast, "failed") == ["How?"]
        reply(question, by=cast.fay, source="Then so.")
        assert waits(cast, "failed") == []

    def test_what_was_reported_waits_first_until_it_is_decided(self, cast: Cast, begin: Begin) -> None:
        post = begin("Bob's thread", cast.bob, days=1).posts.get()
        case = Case.objects.create(network=cast.practitioners, post=post, author=cast.bob)
        urgent = Case.objects.create(network=cast.practitioners, member=cast.bob, author=cast.bob, is_urgent=True)
        assert waits(cast, "reports") == ["The profile of Bob Belongs", "Post 1 in “Bob's thread”"]
        assert f'href="/reports/{case.pk}/"' in page_for(cast.fay)
        Case.objects.filter(pk__in=[case.pk, urgent.pk]).update(author=cast.fay)
        assert waits(cast, "reports") == [], "nobody learns that there is one about their own words"

    def test_a_held_post_waits_until_it_is_decided(self, cast: Cast) -> None:
        held = HeldPost.objects.create(
            network=cast.practitioners, author=cast.bob, title="My first", source="Words", theme=cast.theme
        )
        assert waits(cast, "held") == ["A new thread: “My first”"]
        assert f'href="/networks/ai-practitioners/held/#held-{held.pk}"' in page_for(cast.fay)
        HeldPost.objects.update(decision=HeldPost.Decision.RELEASED)
        assert waits(cast, "held") == []

    def test_a_theme_is_quiet_sixty_days_after_its_last_post(self, cast: Cast, begin: Begin) -> None:
        assert waits(cast, "themes") == [], "a theme without threads is new, not quiet"
        thread = begin("Before", cast.bob, days=61)
        assert waits(cast, "themes") == [cast.theme.name]
        reply(thread, by=cast.fay, source="Now.")
        assert waits(cast, "themes") == []

    def test_a_request_to_join_waits_until_it_is_decided(self, cast: Cast) -> None:
        assert waits(cast, "requests") == ["Amir Applied"]
        decline_request(Membership.objects.get(member=cast.amir), by=cast.fay, words="No.")
        assert waits(cast, "requests") == []

    def test_a_question_of_a_session_waits_and_nobody_is_named(self, cast: Cast) -> None:
        now = timezone.now()
        room = schedule_room(cast.practitioners, title="Clinic", opens_at=ago(2), closes_at=ago(1), by=None)
        Question.objects.create(room=room, author=cast.bob, number=1, body="What of it?", unnamed_as="An officer")
        section = next(found for found in SECTIONS if found.__name__ == "of_sessions")

        [row] = section(cast.fay, cast.practitioners, now).rows
        assert (row.what, row.about) == ("What of it?", "Clinic")
        assert "Bob" not in page_for(cast.fay)

    def test_a_report_waits_until_somebody_decides_and_then_its_appeal(self, cast: Cast, begin: Begin) -> None:
        post = reply(begin("Bob's", cast.bob, days=1), by=cast.bob, source="Words.")
        assert waits(cast, "reports") == []
        report_post(post, by=officer(cast, "Rita Reports", network=cast.practitioners), kind="unlawful")
        assert waits(cast, "reports") == [f"Post 2 in “{post.thread.title}”"]
        case = decide_case(post.cases.get(), by=cast.fay, outcome="hidden", reason="Not here.")
        assert waits(cast, "reports") == []
        appeal(case, by=cast.bob, words="But it is true.")
        assert waits(cast, "reports") == [], "nobody answers an appeal against what they decided"
        other = officer(cast, "Gita Guides", network=cast.practitioners)
        Membership.objects.filter(member=other).update(role=Membership.Role.FACILITATOR)
        [row] = reports(other, cast.practitioners, timezone.now()).rows
        assert (row.what, row.step) == (f"Post 2 in “{post.thread.title}”", "Answer the appeal")

    def test_a_report_says_who_is_looking_at_it(self, cast: Cast, begin: Begin) -> None:
        post = reply(begin("Bob's", cast.bob, days=1), by=cast.bob, source="Words.")
        case = report_post(post, by=officer(cast, "Rita Reports", network=cast.practitioners), kind="unlawful").case
        claim_case(case, by=cast.fay)
        other = officer(cast, "Gita Guides", network=cast.practitioners)
        Membership.objects.filter(member=other).update(role=Membership.Role.FACILITATOR)

        def about(facilitator: Member) -> str:
            [row] = reports(facilitator, cast.practitioners, timezone.now()).rows
            return row.about

        assert about(cast.fay) == "May be against the law"
        assert about(other) == "May be against the law. Fay Facilitates is looking at it"

    def test_a_facilitator_finds_no_report_about_their_own_words(self, cast: Cast, begin: Begin) -> None:
        post = reply(begin("Bob's", cast.bob, days=1), by=cast.fay, source="Words.")
        report_post(post, by=cast.bob, kind="unkind")
        assert waits(cast, "reports") == []

    def test_what_another_network_waits_for_stands_there(self, cast: Cast, begin: Begin) -> None:
        start_thread(cast.ai, by=cast.bob, theme=cast.theme, title="Elsewhere", source="?", kind="question", now=ago(5))
        assert waits(cast, "newcomers") == waits(cast, "questions") == []


class TestThePage:
    def test_each_row_leads_to_what_is_to_be_done(self, cast: Cast, begin: Begin) -> None:
        thread = begin("Bob's <first>", cast.bob, days=4)
        page = page_for(cast.fay)

        assert f'href="{thread.get_absolute_url()}?page=1#composer">Welcome them' in page
        assert "Bob&#x27;s &lt;first&gt;" in page
        request = Membership.objects.get(member=cast.amir)
        assert f'href="/networks/ai-practitioners/requests/#request-{request.pk}">Decide' in page
        assert (
            "There are no reports or appeals, no first posts, no questions that nobody replied to in two days, " in page
        )

    def test_says_so_where_nothing_waits(self, cast: Cast) -> None:
        Membership.objects.filter(member=cast.amir).delete()
        assert "Nothing waits for you" in page_for(cast.fay)

    @pytest.mark.parametrize("name", ["olga", "amir", "lena", "sven", "ada", ""])
    def test_outsiders_learn_of_no_page(self, cast: Cast, begin: Begin, name: str) -> None:
        begin("Zyzzyva", cast.bob, days=4)
        client = Client()
        if name:
            sign_in(client, getattr(cast, name))
        answer = client.get(WORKLIST)
        assert answer.status_code == 404
        assert b"Zyzzyva" not in answer.content

    @pytest.mark.parametrize("name", ["olga", "amir", "lena", "sven", "ada"])
    def test_sections_hold_nothing_for_outsiders(self, cast: Cast, begin: Begin, name: str) -> None:
        """Whoever calls them."""
        thread = begin("Zyzzyva", cast.bob, days=80)
        answered = begin("Answered", cast.bob, days=80)
        answer = mark_answer(reply(answered, by=cast.fay, source="So.", now=ago(79)), by=cast.bob, now=ago(70))
        tell_whether_it_worked(answer, "no", by=cast.bob, now=ago(60))
        reply(thread, by=cast.fay, source="Hm.", now=ago(70))
        assert waits(cast, "answers")
        assert waits(cast, "failed")
        for viewer in (getattr(cast, name), AnonymousUser()):
            found = [section(viewer, cast.practitioners, timezone.now()) for section in SECTIONS]
            # Their own request, of which they know, is the only row that anybody else may have.
            assert {row.what for one in found for row in one.rows} <= {"Amir Applied", cast.theme.name}

    def test_members_are_told_why_not_and_former_facilitators_too(self, cast: Cast) -> None:
        client = Client()
        sign_in(client, cast.bob)
        assert client.get(WORKLIST).status_code == 403
        appoint_facilitator(cast.practitioners, cast.bob, by=cast.ada)
        sign_in(client, cast.bob)
        assert client.get(WORKLIST).status_code == 200
        stand_down_facilitator(cast.practitioners, cast.bob, by=cast.ada)
        assert client.get(WORKLIST).status_code == 403

    def test_asks_for_a_second_factor(self, cast: Cast) -> None:
        client = Client()
        client.force_login(cast.fay)
        assert client.get(WORKLIST).status_code == 302

    def test_takes_as_many_queries_and_shows_as_many_rows_however_much_waits(self, cast: Cast) -> None:
        client = Client()
        sign_in(client, cast.fay)
        client.get(WORKLIST)
        taken = []
        for more in (3, 120):
            list(load_threads(conversations(cast, more)))
            with CaptureQueriesContext(connection) as captured:
                page = client.get(WORKLIST).content.decode()
            taken.append(len(captured))
        # One for each section, and a few for the numbers in the navigation.
        assert taken[0] == taken[1] <= 22
        assert "Questions without a reply (10 of more than 100)" in page
        assert "Answers nobody has confirmed (10 of more than 100)" in page
        assert page.count(">Mark the answer, or ask<") == Section.SHOWN


def conversations(cast: Cast, count: int) -> list[NewThread]:
    begun = [
        NewThread(cast.practitioners, cast.theme, cast.bob, f"Lonely {number}", "?", ago(30), kind="question")
        for number in range(count)
    ]
    return begun + [
        NewThread(
            cast.practitioners,
            cast.theme,
            cast.bob,
            f"Replied {number}",
            "?",
            ago(30),
            kind="question",
            posts=[NewPost(cast.fay, "Words.", ago(20))],
        )
        for number in range(count)
    ]
