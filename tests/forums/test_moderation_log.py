"""Every act of moderation is written down: the facilitators of the network read it, and authors what was done to their
own posts. Here and not beside the log itself, for most of what is done is done to what members say."""

from __future__ import annotations

import ast
import csv
import re
from datetime import timedelta
from pathlib import Path

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import AnonymousUser
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from forums.actions.answers import mark_answer
from forums.actions.decisions import claim_case, decide_case
from forums.actions.hosting import reveal_asker
from forums.actions.merging import gather_posts, merge_threads
from forums.actions.posts import edit_post, hide_post, hide_version, reply, restore_post
from forums.actions.questions import ask_question
from forums.actions.reports import report_post
from forums.actions.rooms import schedule_room
from forums.actions.sanctions import give_time_out
from forums.actions.threads import lock_thread, start_thread
from forums.actions.undoing import undo_act
from forums.models import Attachment, ModerationAct, Post, Room, Thread
from forums.models.moderation import done_to
from network.actions import audit as audit_verbs
from network.actions.audit import record
from network.actions.membership import (
    appoint_facilitator,
    approve_request,
    leave_network,
    remove_member,
    stand_down_facilitator,
)
from network.actions.sessions import end_sessions
from network.models import AuditEvent, Member, Membership, Network
from network.models.audit import MODERATION
from tests.cast import Cast, sign_in
from tests.forums.test_mentions import officer

pytestmark = pytest.mark.django_db

LOG = "/networks/ai-practitioners/audit/"
ROOT = Path(audit_verbs.__file__).parents[2]

# Verbs that record something in a network and are no moderation of it, each with why.
NOT_MODERATION = {
    "began discussion": "the site's own, of what was published",
    "asked for threads of session": "what hosts make of their sessions",
    "made thread of session": "what hosts make of their sessions",
    "noted recording": "what hosts make of their sessions",
    "asked to mail announcement": "has a page of its own, which facilitators read",
    "confirmed announcement": "has a page of its own, which facilitators read",
    "declined announcement": "has a page of its own, which facilitators read",
    "stopped announcement": "has a page of its own, which facilitators read",
    "changed theme": "the administrators' vocabulary",
    "made theme private": "the administrators' vocabulary",
    "made theme public": "the administrators' vocabulary",
    "created network": "the administrators' own",
    "looked at a list of people": "the administrators' own, about people who are not members yet",
    "began a list of people": "the administrators' own",
    "finished a list of people": "the administrators' own",
    "accepted invitation": "a member's own",
    "joined": "a member's own",
    "enrolled": "the administrators' own",
    "asked to join": "a member's own",
    "answered question": "a member's own",
    "withdrew request": "a member's own",
    "left": "a member's own",
}


def client_of(member: Member) -> Client:
    client = Client()
    sign_in(client, member)
    return client


def main_of(member: Member, address: str = LOG) -> str:
    answer = client_of(member).get(address)
    assert answer.status_code == 200, address
    words = re.sub(r"<[^>]+>", "", answer.content.decode().partition("<main")[2].partition("</main>")[0])
    return re.sub(r"\s+", " ", words)


@pytest.fixture
def thread(cast: Cast) -> Thread:
    return start_thread(cast.practitioners, by=cast.bob, theme=cast.theme, title="Bob's thread", source="Bob's words")


@pytest.fixture
def post(cast: Cast, thread: Thread) -> Post:
    return reply(thread, by=cast.bob, source="Bob's reply")


@pytest.fixture
def room(cast: Cast) -> Room:
    now = timezone.now()
    room = schedule_room(
        cast.practitioners,
        title="Clinic",
        opens_at=now - timedelta(hours=1),
        closes_at=now + timedelta(hours=1),
        by=None,
    )
    Room.objects.filter(pk=room.pk).update(allows_unnamed=True)
    return Room.objects.select_related("network").get(pk=room.pk)


def verbs_in_networks() -> set[str]:
    """Each verb that is recorded with a network, wherever it stands."""
    found = set()
    for path in [*ROOT.glob("network/actions/*.py"), *ROOT.glob("forums/actions/*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "record"):
                continue
            if any(keyword.arg == "network" for keyword in node.keywords):
                words = {one.value for one in ast.walk(node.args[0]) if isinstance(one, ast.Constant)}
                found |= {word for word in words if isinstance(word, str)}
    return found


def test_every_verb_in_a_network_is_moderation_or_not_for_a_reason() -> None:
    assert verbs_in_networks() - MODERATION - NOT_MODERATION.keys() == set(), "say which it is"
    assert MODERATION & NOT_MODERATION.keys() == set()
    assert NOT_MODERATION.keys() <= verbs_in_networks(), "gone by now"


class TestFacilitators:
    def test_read_who_did_what_to_what(self, cast: Cast, post: Post, room: Room) -> None:
        hide_post(post, by=cast.fay, reason="Zyzzyva")
        lock_thread(post.thread, by=cast.fay)
        question = ask_question(room, by=cast.bob, body="Who?", is_unnamed=True)
        reveal_asker(question, by=cast.fay)
        give_time_out(room, cast.bob, by=cast.fay, lasts=timedelta(minutes=5), reason="Quokka")
        page = main_of(cast.fay)

        assert "Fay Facilitates hid a post Post 2 in “Bob&#x27;s thread”" in page
        assert "Fay Facilitates locked a thread “Bob&#x27;s thread”" in page
        assert "Fay Facilitates asked somebody in a live room to be silent for a while “Clinic”, to Bob Belongs" in page
        # Who asked is not told once more.
        assert "Fay Facilitates looked at who asked a question without their name A question in “Clinic” " in page
        for private in ("Zyzzyva", "Quokka", "Who?"):
            assert private not in page

    def test_read_what_a_report_was_about_and_of_one_about_themselves_nothing(self, cast: Cast, post: Post) -> None:
        appoint_facilitator(cast.practitioners, cast.olga, by=cast.ada)
        decide_case(report_post(post, by=cast.fay, kind="spam").case, outcome="left", by=cast.olga)
        # The last line is about words of fay's own: of that not even that there is something.
        own = reply(post.thread, by=cast.fay, source="Fay's reply")
        claim_case(report_post(own, by=cast.bob, kind="spam").case, by=cast.olga)
        attached = Attachment.objects.create(
            post=post, member=cast.bob, name="prices.txt", content_type="text/plain", state="clean", size=1
        )
        with transaction.atomic():
            record("hid file", attached, by=cast.olga, network=cast.practitioners)
            record("hid profile", cast.bob, by=cast.olga, network=cast.practitioners)

        page = main_of(cast.fay)
        assert "Olga Outside decided on a report A report: Post 2 in “Bob&#x27;s thread”" in page
        assert "Olga Outside hid a file The file “prices.txt”" in page
        assert "Olga Outside hid what somebody tells of themselves Bob Belongs" in page
        assert "looking at a report" not in page.partition("Show")[2]
        assert "looking at a report A report: Post 3" in main_of(cast.olga).partition("Show")[2]
        html = client_of(cast.fay).get(LOG).content.decode()
        for field in ("id_verb", "id_actor", "id_since", "id_until"):
            assert html.count(f'id="{field}"') == 1

    def test_read_nothing_of_accounts_nor_of_other_networks(self, cast: Cast, post: Post) -> None:
        elsewhere = start_thread(cast.ai, by=cast.bob, theme=cast.theme, title="Elsewhere", source="Words")
        lock_thread(elsewhere, by=cast.fay)
        end_sessions(cast.bob, by=cast.ada)
        with transaction.atomic():
            record("changed address", cast.bob, by=cast.bob, network=cast.practitioners, had="bob@example.org")
        Membership.objects.filter(member=cast.fay, network=cast.ai).update(role=Membership.Role.MEMBER)

        verbs = set(AuditEvent.objects.visible_to(cast.fay).values_list("verb", flat=True))
        assert verbs == set()
        assert "Nothing found" in main_of(cast.fay)
        # Whoever administers reads all of it, and has no page of a network that they do not facilitate.
        assert AuditEvent.objects.visible_to(cast.ada).filter(verb="ended sessions").exists()
        assert client_of(cast.ada).get(LOG).status_code == 404
        assert client_of(cast.fay).get("/administration/audit/").status_code == 404

    def test_an_administrator_who_facilitates_reads_of_the_network_what_its_facilitators_do(
        self, cast: Cast, post: Post
    ) -> None:
        appoint_facilitator(cast.practitioners, cast.ada, by=None)
        end_sessions(cast.bob, by=cast.ada)
        page = main_of(cast.ada)
        assert "appointed a facilitator" in page
        assert "signed somebody out" not in page

    def test_do_not_learn_the_names_of_administrators(self, cast: Cast) -> None:
        appoint_facilitator(cast.practitioners, cast.bob, by=cast.ada)
        page = main_of(cast.fay)
        assert "Somebody outside the network appointed a facilitator Bob Belongs" in page
        assert "Ada" not in page

    @pytest.mark.parametrize("name", ["olga", "amir", "lena", "sven", "bob", ""])
    def test_nobody_else_learns_of_it(self, cast: Cast, post: Post, name: str) -> None:
        hide_post(post, by=cast.fay, reason="No")
        viewer = getattr(cast, name) if name else AnonymousUser()
        assert not AuditEvent.objects.visible_to(viewer).exists()
        client = client_of(viewer) if name else Client()
        assert client.get(LOG).status_code == 404
        assert client.post(f"{LOG}export/").status_code == 404

    def test_lose_it_at_once_when_they_stand_down(self, cast: Cast, post: Post) -> None:
        hide_post(post, by=cast.fay, reason="No")
        appoint_facilitator(cast.practitioners, cast.bob, by=cast.ada)
        client = client_of(cast.bob)
        assert client.get(LOG).status_code == 200
        stand_down_facilitator(cast.practitioners, cast.bob, by=cast.ada)
        assert client.get(LOG).status_code == 404
        assert not AuditEvent.objects.visible_to(cast.bob).exists()

    def test_are_asked_for_a_second_factor(self, cast: Cast) -> None:
        client = Client()
        client.force_login(cast.fay)
        assert client.get(LOG).status_code == 302
        assert client.post(f"{LOG}export/").status_code == 302

    def test_find_by_what_who_and_when(self, cast: Cast, post: Post) -> None:
        approve_request(Membership.objects.get(member=cast.amir, network=cast.practitioners), by=cast.fay)
        appoint_facilitator(cast.practitioners, cast.bob, by=cast.ada)
        hide_post(post, by=cast.bob, reason="Mine")
        assert "hid a post" in main_of(cast.fay, f"{LOG}?verb=hid+post")
        assert "approved" not in main_of(cast.fay, f"{LOG}?verb=hid+post").partition("Show")[2]
        found = main_of(cast.fay, f"{LOG}?actor=bob").partition("Show")[2]
        assert "hid a post" in found
        assert "approved" not in found
        # By the name of somebody who is none of theirs nothing is found, not even that they did something.
        assert "Nothing found" in main_of(cast.fay, f"{LOG}?actor=ada")
        assert "Nothing found" in main_of(cast.fay, f"{LOG}?until=2020-01-01")
        wrong = main_of(cast.fay, f"{LOG}?verb=ended+sessions")
        assert "Choose one from the list" in wrong
        assert "Nothing found" in wrong

    def test_take_it_away_without_a_formula_and_that_is_written_down(self, cast: Cast) -> None:
        Member.objects.filter(pk=cast.fay.pk).update(name="=HYPERLINK(1)")
        title = "+cmd|' /C calc'!A0"
        lock_thread(
            start_thread(cast.practitioners, by=cast.bob, theme=cast.theme, title=title, source="x"), by=cast.fay
        )
        answer = client_of(cast.fay).post(f"{LOG}export/", {"verb": "locked"})

        @async_to_sync
        async def read() -> bytes:
            return b"".join([piece async for piece in answer.streaming_content])

        rows = list(csv.reader(read().decode().removeprefix("\ufeff").splitlines()))
        assert rows[0] == ["When", "Who", "What", "To what", "To whom"]
        assert rows[1][1:] == ["'=HYPERLINK(1)", "locked a thread", f"“{title}”", ""]
        assert len(rows) == 2
        assert AuditEvent.objects.visible_to(cast.fay).first().verb == "exported moderation"  # type: ignore[union-attr]

    def test_a_page_takes_as_many_queries_for_many_events_as_for_few(self, cast: Cast, room: Room) -> None:
        client = client_of(cast.fay)

        def queries() -> int:
            with CaptureQueriesContext(connection) as captured:
                assert client.get(LOG).status_code == 200
            return len(captured)

        def act(count: int) -> None:
            for number in range(count):
                by = cast.fay if number % 2 else cast.bob
                thread = Thread.objects.create(
                    network=cast.practitioners,
                    theme=cast.theme,
                    title=f"{number}",
                    started_at=timezone.now(),
                    last_post_at=timezone.now(),
                )
                with transaction.atomic():
                    record("locked", thread, by=by, network=cast.practitioners)
                    record("set slow mode", room, by=by, network=cast.practitioners, member=cast.bob.pk)

        act(1)
        queries()
        few = queries()
        act(24)
        # One for each kind of thing, and a few for the numbers in the navigation.
        assert queries() == few <= 18


class TestAuthors:
    def read(self, member: Member, post: Post, page: str = "versions/") -> str:
        return main_of(member, f"/threads/{post.thread_id}/posts/{post.number}/{page}")

    def test_read_what_was_done_to_their_posts(self, cast: Cast, post: Post) -> None:
        assert "Nothing: no facilitator has hidden, moved or marked it." in self.read(cast.bob, post)
        hide_post(post, by=cast.fay, reason="It names somebody.")
        page = self.read(cast.bob, post, "hidden/")
        assert "What was done to this post Fay Facilitates hid this post It names somebody." in page

        restore_post(post, by=cast.fay)
        page = self.read(cast.bob, post)
        assert "Fay Facilitates brought this post back" in page
        assert "Fay Facilitates hid this post" in page
        assert "It names somebody." not in page

    def test_of_a_first_post_read_what_was_done_to_the_thread(self, cast: Cast, post: Post) -> None:
        lock_thread(post.thread, by=cast.fay)
        assert "Fay Facilitates locked the thread" in self.read(cast.bob, post.thread.posts.get(number=1))
        assert "locked the thread" not in self.read(cast.bob, post)

    def test_read_that_their_post_was_moved_and_what_was_done_before(
        self, cast: Cast, thread: Thread, post: Post
    ) -> None:
        network, theme = cast.practitioners, cast.theme
        parks = start_thread(network, by=cast.fay, theme=theme, title="Parks", source="Benches")
        roads = start_thread(network, by=cast.fay, theme=theme, title="Roads", source="Tarmac")
        first = thread.posts.get(number=1)
        gather_posts(thread, [2], parks, by=cast.fay)
        post.refresh_from_db()
        assert "Fay Facilitates moved this post to another thread" in self.read(cast.bob, post)
        assert "Fay Facilitates moved other posts of the thread to another one" in self.read(cast.bob, first)
        undo_act(ModerationAct.objects.select_related("network", "thread").latest("pk"), by=cast.fay)
        lock_thread(thread, by=cast.fay)
        merge_threads(thread, roads, by=cast.fay)
        moved = "Fay Facilitates moved this post with its thread into another"
        for own in (first, post):
            own.refresh_from_db()
            assert moved in self.read(cast.bob, own)
        assert "Fay Facilitates locked the thread" in self.read(cast.bob, first)
        there = self.read(cast.bob, post)
        assert "moved this post back to where it was" in there
        assert "locked the thread" not in there
        assert "this post" not in self.read(cast.fay, roads.posts.get(number=1)).partition("What was done to")[2][9:]
        for outsider in cast.outsiders:
            assert not done_to(post, outsider).exists()

    def test_read_it_beside_the_earlier_words(self, cast: Cast, post: Post) -> None:
        edit_post(post, by=cast.bob, source="Other words")
        hide_version(post.versions.get(), by=cast.fay)
        page = self.read(cast.bob, post)
        assert "A facilitator has hidden this version." in page
        assert "Fay Facilitates hid an earlier version of this post" in page

    def test_other_members_do_not(self, cast: Cast, post: Post) -> None:
        carl = officer(cast, "Carl Colleague", network=cast.practitioners)
        edit_post(post, by=cast.bob, source="Other words")
        hide_version(post.versions.get(), by=cast.fay)
        assert not done_to(post, carl).exists()
        assert "What was done" not in self.read(carl, post)
        unchanged = post.thread.posts.get(number=1)
        assert client_of(carl).get(f"{unchanged.get_absolute_url()}versions/").status_code == 404
        assert done_to(post, cast.fay).count() == 1

    @pytest.mark.parametrize("name", ["olga", "amir", "lena", "sven", "ada"])
    def test_outsiders_learn_nothing(self, cast: Cast, post: Post, name: str) -> None:
        hide_post(post, by=cast.fay, reason="No")
        assert not done_to(post, getattr(cast, name)).exists()
        for page in ("versions/", "hidden/"):
            assert client_of(getattr(cast, name)).get(f"{post.get_absolute_url()}{page}").status_code == 404

    def test_who_has_left_reads_it_no_more(self, cast: Cast, post: Post) -> None:
        hide_post(post, by=cast.fay, reason="No")
        assert done_to(post, cast.bob).exists()
        leave_network(cast.practitioners, by=cast.bob)
        assert not done_to(post, Member.objects.get(pk=cast.bob.pk)).exists()

    def test_whoever_asked_without_a_name_is_not_named_by_marking_the_answer(self, cast: Cast, post: Post) -> None:
        Thread.objects.filter(pk=post.thread_id).update(kind=Thread.Kind.QUESTION, asker=cast.fay)
        Membership.objects.filter(member=cast.fay).update(role=Membership.Role.MEMBER)
        mark_answer(Post.objects.select_related("thread__network").get(pk=post.pk), by=cast.fay)
        page = self.read(cast.bob, post)
        assert "Whoever asked marked this post as the answer" in page
        assert "Fay" not in page.partition("What was done")[2]

    def test_a_facilitator_who_is_gone_is_not_named(self, cast: Cast, post: Post) -> None:
        appoint_facilitator(cast.practitioners, cast.olga, by=cast.ada)
        hide_post(post, by=cast.olga, reason="No")
        stand_down_facilitator(cast.practitioners, cast.olga, by=cast.ada)
        remove_member(Membership.objects.get(member=cast.olga, network=cast.practitioners), by=cast.fay, words="Bye")
        assert "Somebody who has left the network hid this post" in self.read(cast.bob, post, "hidden/")

    def test_the_page_of_a_thread_leads_there_for_them_alone(self, cast: Cast, post: Post) -> None:
        html = client_of(cast.bob).get(post.thread.get_absolute_url()).content.decode()
        assert html.count(f'href="{post.get_absolute_url()}versions/"') == 1
        fays = reply(post.thread, by=cast.fay, source="Fay's")
        html = client_of(cast.bob).get(f"{post.thread.get_absolute_url()}?page=1").content.decode()
        assert f'href="{fays.get_absolute_url()}versions/"' not in html


def test_a_network_without_moderation_has_none(cast: Cast) -> None:
    assert not AuditEvent.objects.filter(network=Network.objects.get(slug="ai")).moderation().exists()
