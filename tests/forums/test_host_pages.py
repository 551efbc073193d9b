"""The pages of those who run a session: for them alone, the same number of queries however much was asked, and nothing
typed is lost. What a speaker from outside finds of a session, and the projector."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from forums.actions.held_messages import refuse_message
from forums.actions.hosting import (
    begin_answering,
    mark_answered,
    merge_question,
    park_question,
    refuse_question,
    write_answer,
)
from forums.actions.messages import say
from forums.actions.question_votes import vote_for
from forums.actions.questions import ask_question
from forums.actions.room_roles import give_room_role
from forums.actions.room_settings import RoomRules
from forums.actions.rooms import schedule_room
from forums.actions.sanctions import remove_from_room
from forums.actions.threads import start_thread
from forums.models import HeldMessage, Message, Poll, PollOption, Question, Room
from network.models import AuditEvent, Member, Membership, Organisation
from tests.cast import Cast, sign_in

pytestmark = pytest.mark.django_db

State = Question.State
XHR = {"HTTP_X_REQUESTED_WITH": "XMLHttpRequest"}
NOT_HOSTS = ["olga", "amir", "lena", "sven", "ada"]
PAGES = ["host/", "host/board/", "host/rules/"]
OF_A_QUESTION = ["write/", "park/", "merge/", "refuse/"]


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
    give_room_role(room, an_officer(cast, "Hana Hosts"), role="host", by=cast.fay)
    return Room.objects.select_related("network").get(pk=room.pk)


@pytest.fixture
def hana(room: Room) -> Member:
    return Member.objects.get(name="Hana Hosts")


@pytest.fixture
def question(cast: Cast, room: Room) -> Question:
    return ask_question(room, by=cast.bob, body="zyzzyva")


def an_officer(cast: Cast, name: str) -> Member:
    address = f"{name.split()[0].lower()}@exampleshire.example.org"
    member = Member.objects.create_user(address, name=name, organisation=cast.council)
    Membership.objects.create(
        member=member, network=cast.practitioners, state=Membership.State.ACTIVE, joined_at=timezone.now()
    )
    return member


def client_of(member: Member) -> Client:
    client = Client()
    sign_in(client, member)
    return client


def hold(room: Room, by: Member, body: str) -> HeldMessage:
    """A message that waits for the host."""
    return HeldMessage.objects.create(room=room, author=by, body=body)


def at(question: Question, page: str = "") -> str:
    return f"/rooms/{question.room_id}/host/questions/{question.uid}/{page}"


def step_of(question: Question) -> int:
    return int(question.steps.order_by("pk").values_list("pk", flat=True).last() or 0)


class TestForWhom:
    @pytest.mark.parametrize("name", [*NOT_HOSTS, ""])
    def test_outsiders_and_visitors_learn_of_no_page(
        self, cast: Cast, room: Room, question: Question, name: str
    ) -> None:
        client = client_of(getattr(cast, name)) if name else Client()
        for page in [*PAGES, "projector/", "host/people/", "slow/"]:
            address = f"/rooms/{room.pk}/{page}"
            for answer in (client.get(address), client.post(address, {"name": "Bob", "seconds": "30"})):
                assert answer.status_code in (404, 405), address
                assert b"zyzzyva" not in answer.content
                assert b"Bob" not in answer.content
        for page in ["", "asker/", *OF_A_QUESTION]:
            sent = {"do": "answered", "seen": step_of(question), "answer": "x", "words": "x", "who": "Bob Belongs"}
            for answer in (client.get(at(question, page)), client.post(at(question, page), sent)):
                assert answer.status_code in (404, 405), page
                assert b"zyzzyva" not in answer.content
        question.refresh_from_db()
        assert question.state == State.WAITING

    def test_a_member_is_told_that_these_are_the_hosts_pages(self, cast: Cast, room: Room, question: Question) -> None:
        client = client_of(cast.bob)
        for address in [
            *(f"/rooms/{room.pk}/{page}" for page in PAGES),
            *(at(question, page) for page in OF_A_QUESTION),
        ]:
            answer = client.get(address)
            assert answer.status_code == 403
            assert "Only those who host this session or facilitate the network can do this." in answer.content.decode()
        assert client.post(at(question), {"do": "answered", "seen": step_of(question)}).status_code == 403
        assert Question.objects.get(pk=question.pk).state == State.WAITING
        assert client.get(f"/rooms/{room.pk}/projector/").status_code == 200

    def test_whoever_was_removed_from_the_room_hosts_it_no_more(
        self, cast: Cast, room: Room, hana: Member, question: Question
    ) -> None:
        client = client_of(hana)
        assert client.get(f"/rooms/{room.pk}/host/").status_code == 200
        remove_from_room(room, hana, by=cast.fay, reason="No")
        for page in ["host/", "host/board/", "projector/"]:
            answer = client.get(f"/rooms/{room.pk}/{page}")
            assert answer.status_code == 403
            assert b"zyzzyva" not in answer.content

    def test_facilitators_show_a_second_factor_and_hosts_need_none(self, cast: Cast, room: Room, hana: Member) -> None:
        for member, status in ((cast.fay, 302), (hana, 200)):
            client = Client()
            client.force_login(member)
            assert client.get(f"/rooms/{room.pk}/host/").status_code == status

    def test_a_question_of_another_room_is_not_found_here(self, cast: Cast, room: Room, hana: Member) -> None:
        now = timezone.now()
        other = schedule_room(cast.ai, title="Other", opens_at=now, closes_at=now + timedelta(hours=1), by=None)
        elsewhere = ask_question(other, by=cast.bob, body="zyzzyva")
        for page in ["", *OF_A_QUESTION]:
            address = f"/rooms/{room.pk}/host/questions/{elsewhere.uid}/{page}"
            answer = client_of(hana).post(address, {"do": "answered", "seen": step_of(elsewhere)})
            assert answer.status_code == 404
        assert client_of(hana).get(f"/rooms/{room.pk}/host/questions/{uuid.uuid4()}/park/").status_code == 404


class TestDeciding:
    def test_a_button_decides_and_says_so(self, room: Room, hana: Member, question: Question) -> None:
        answer = client_of(hana).post(at(question), {"do": "answered", "seen": step_of(question)}, follow=True)
        assert "The question is answered live." in answer.content.decode()
        assert Question.objects.get(pk=question.pk).state == State.ANSWERED

    def test_the_second_host_is_told_and_changes_nothing(
        self, cast: Cast, room: Room, hana: Member, question: Question
    ) -> None:
        seen = step_of(question)
        mark_answered(question, by=cast.fay)
        client = client_of(hana)
        answer = client.post(at(question), {"do": "begin", "seen": seen}, **XHR)
        assert answer.status_code == 409
        said = "Fay Facilitates has already marked this question as answered live"
        assert said in answer.content.decode()
        assert said in client.post(at(question), {"do": "begin", "seen": seen}, follow=True).content.decode()
        assert Question.objects.get(pk=question.pk).state == State.ANSWERED

    def test_whose_answer_comes_too_late_keeps_what_they_typed(
        self, cast: Cast, room: Room, hana: Member, question: Question
    ) -> None:
        seen = step_of(question)
        write_answer(question, "Mine", by=cast.fay)
        answer = client_of(hana).post(at(question, "write/"), {"answer": "Typed for an hour", "seen": seen})
        assert answer.status_code == 409
        words = answer.content.decode()
        assert "Fay Facilitates has already answered this question in writing" in words
        assert "Typed for an hour</textarea>" in words
        assert Question.objects.get(pk=question.pk).answer == "Mine"

    @pytest.mark.parametrize(
        ("page", "field", "typed", "said"),
        [
            ("write/", "answer", "", "Enter the answer"),
            ("write/", "answer", "x" * 2001, "can have at most 2,000 characters"),
            ("park/", "who", "", "Enter a name or an email address"),
            ("park/", "who", "Olga Outside", "Nobody who can come into this room has this name"),
            ("park/", "who", "olga@exampleshire.example.org", "has this email address"),
            ("park/", "who", "Bob Belongs (Elsewhere)", "has this name"),
            ("merge/", "into", "", "Select the question that asks the same"),
            ("merge/", "into", "999999", "can no longer be merged into"),
            ("refuse/", "words", "\u200b", "Enter why it is not published"),
            ("refuse/", "words", "x" * 301, "The reason can have at most 300 characters"),
        ],
    )
    def test_what_cannot_be_is_said_beside_the_field(
        self, room: Room, hana: Member, question: Question, page: str, field: str, typed: str, said: str
    ) -> None:
        answer = client_of(hana).post(at(question, page), {field: typed, "seen": step_of(question)})
        assert answer.status_code == 200
        assert said in answer.content.decode()
        assert Question.objects.get(pk=question.pk).state == State.WAITING

    @pytest.mark.parametrize(
        "typed", ["fay facilitates", "FAY@exampleshire.example.org", "Fay Facilitates (Exampleshire)"]
    )
    def test_a_person_is_found_by_name_or_address(
        self, cast: Cast, room: Room, hana: Member, question: Question, typed: str
    ) -> None:
        client_of(hana).post(at(question, "park/"), {"who": typed, "seen": step_of(question)})
        assert Question.objects.get(pk=question.pk).parked_for == cast.fay

    def test_whoever_parks_a_question_for_themselves_is_not_said_to_be_told(
        self, room: Room, hana: Member, question: Question
    ) -> None:
        client = client_of(hana)
        answer = client.post(at(question, "park/"), {"who": hana.name, "seen": step_of(question)}, follow=True)
        assert "The question is parked for you." in answer.content.decode()

    def test_of_two_with_one_name_the_council_or_the_address_tells(
        self, cast: Cast, room: Room, hana: Member, question: Question
    ) -> None:
        other = Organisation.objects.create(name="Othershire", short_name="Othershire", slug="othershire")
        namesake = an_officer(cast, "Namesake")
        namesake.name, namesake.organisation = "Bob Belongs", other
        namesake.save()
        client = client_of(hana)
        people = client.post(f"/rooms/{room.pk}/host/people/", {"name": "bob"}).json()["people"]
        assert {person["words"] for person in people} == {"Bob Belongs (Exampleshire)", "Bob Belongs (Othershire)"}
        answer = client.post(at(question, "park/"), {"who": "Bob Belongs", "seen": step_of(question)})
        assert "Several people have this name" in answer.content.decode()
        client.post(at(question, "park/"), {"who": "Bob Belongs (Othershire)", "seen": step_of(question)})
        assert Question.objects.get(pk=question.pk).parked_for == namesake

    def test_only_those_who_can_see_the_room_are_offered(self, cast: Cast, room: Room, hana: Member) -> None:
        give_room_role(room, cast.olga, role="speaker", by=cast.fay)

        def offered(name: str) -> list[str]:
            answer = client_of(hana).post(f"/rooms/{room.pk}/host/people/", {"name": name})
            return [person["name"] for person in answer.json()["people"]]

        assert [offered(name) for name in ("ol", "am", "le", "sv", "ad", "bo")] == [
            ["Olga Outside"], [], [], [], [], ["Bob Belongs"],
        ]  # fmt: skip
        remove_from_room(room, cast.bob, by=cast.fay, reason="No")
        assert offered("bo") == []

    @pytest.mark.parametrize(
        "sent", [{}, {"do": "answered"}, {"do": "answered", "seen": "x" * 40}, {"do": "everything"}]
    )
    def test_a_form_that_is_none_decides_nothing(
        self, room: Room, hana: Member, question: Question, sent: dict[str, str]
    ) -> None:
        assert client_of(hana).post(at(question), sent, **XHR).status_code in (400, 404)
        assert Question.objects.get(pk=question.pk).state == State.WAITING


class TestScreen:
    def test_questions_stand_by_votes_with_what_can_be_done(
        self, cast: Cast, room: Room, hana: Member, question: Question
    ) -> None:
        other = ask_question(room, by=cast.bob, body="quetzal")
        vote_for(other, by=hana)
        words = client_of(hana).get(f"/rooms/{room.pk}/host/").content.decode()
        assert words.index("quetzal") < words.index("zyzzyva")
        assert "<strong data-host-open-count>2</strong>" in words

    def test_a_message_that_waits_is_shown_by_one_press_and_once(self, cast: Cast, room: Room, hana: Member) -> None:
        Room.objects.filter(pk=room.pk).update(held_words="zyzzyva")
        held = hold(room, cast.bob, "A zyzzyva")
        client = client_of(hana)
        assert "A zyzzyva" in client.get(f"/rooms/{room.pk}/host/").content.decode()
        address = f"/rooms/{room.pk}/host/held/{held.pk}/release/"
        for member, status in ((cast.olga, 404), (cast.bob, 403)):
            assert client_of(member).post(address).status_code == status
        for _ in range(2):
            answer = client.post(address, **XHR)
            assert answer.status_code == 200
            assert "Everybody in the room sees the message now." in answer.content.decode()
            assert "A zyzzyva" not in answer.content.decode()
        assert Message.objects.filter(room=room, body="A zyzzyva").count() == 1
        refused = hold(room, cast.bob, "Another zyzzyva")
        refuse_message(refused, by=cast.fay, reason="No")
        answer = client.post(f"/rooms/{room.pk}/host/held/{refused.pk}/release/", follow=True)
        assert "Everybody in the room sees" not in answer.content.decode()
        assert not Message.objects.filter(body="Another zyzzyva").exists()

    def test_an_unnamed_asker_stands_nowhere_on_it(self, cast: Cast, room: Room, hana: Member) -> None:
        Organisation.objects.filter(pk=cast.council.pk).update(kind="county")
        cast.bob.refresh_from_db()
        asked = ask_question(room, by=cast.bob, body="Unnamed?", is_unnamed=True)
        for member in (hana, cast.fay):
            client = client_of(member)
            for address in [f"/rooms/{room.pk}/host/", *(at(asked, page) for page in OF_A_QUESTION)]:
                words = client.get(address).content.decode()
                assert "Unnamed?" in words
                assert "Bob" not in words
                assert "Exampleshire" not in words.partition("<main")[2]

    def test_the_number_of_queries_does_not_grow(self, cast: Cast, room: Room, hana: Member) -> None:
        def count(page: str) -> int:
            client = client_of(hana)
            client.get(f"/rooms/{room.pk}/{page}")
            with CaptureQueriesContext(connection) as queries:
                assert client.get(f"/rooms/{room.pk}/{page}").status_code == 200
            return len(queries)

        def ask(many: int) -> None:
            for number in range(many):
                asker = an_officer(cast, f"N{uuid.uuid4().hex[:8]} Asks")
                asked = ask_question(room, by=asker, body=f"Question {number}")
                hold(room, asker, f"Message {number}")
                match number % 6:
                    case 0:
                        begin_answering(asked, by=cast.fay)
                    case 1:
                        write_answer(asked, "Yes", by=cast.fay)
                    case 2:
                        park_question(asked, asker, by=cast.fay)
                    case 3:
                        merge_question(asked, first, by=cast.fay)
                    case 4:
                        refuse_question(asked, "No", by=cast.fay)

        first = ask_question(room, by=cast.bob, body="The first")
        ask(6)
        few = [count(page) for page in PAGES[:2]]
        ask(24)
        assert [count(page) for page in PAGES[:2]] == few
        assert few[1] <= 13


class TestRulesPage:
    def sent(self, room: Room, **changed: str) -> dict[str, str]:
        room.refresh_from_db()
        return {
            "seen": RoomRules.of(room).stamp,
            "takes_questions": "on",
            "delay_seconds": "0",
            "held_words": "",
        } | changed

    def test_a_host_saves_them(self, room: Room, hana: Member) -> None:
        typed = self.sent(room, holds_questions="on", delay_seconds="5", held_words="zyzzyva")
        answer = client_of(hana).post(f"/rooms/{room.pk}/host/rules/", typed)
        assert answer.status_code == 302
        room.refresh_from_db()
        rules = (room.takes_questions, room.allows_unnamed, room.holds_questions, room.delay_seconds, room.held_words)
        assert rules == (True, False, True, 5, "zyzzyva")

    def test_of_two_hosts_the_second_is_told_and_may_mean_it(self, room: Room, hana: Member) -> None:
        mine = self.sent(room, held_words="mine")
        client = client_of(hana)
        client.post(f"/rooms/{room.pk}/host/rules/", self.sent(room, held_words="theirs"))
        answer = client.post(f"/rooms/{room.pk}/host/rules/", mine)
        assert answer.status_code == 409
        assert "Somebody else has just changed these rules" in answer.content.decode()
        assert "mine</textarea>" in answer.content.decode()
        client.post(f"/rooms/{room.pk}/host/rules/", self.sent(room, held_words="mine"))
        room.refresh_from_db()
        assert room.held_words == "mine"

    @pytest.mark.parametrize(("field", "typed", "said"), [
        ("delay_seconds", "7", "Select how much later others see what is said"),
        ("held_words", "x" * 51, "is longer than 50 characters"),
        ("held_words", "\n".join(map(str, range(201))), "at most 200 words"),
    ])  # fmt: skip
    def test_what_cannot_be_is_said_beside_it(
        self, room: Room, hana: Member, field: str, typed: str, said: str
    ) -> None:
        answer = client_of(hana).post(f"/rooms/{room.pk}/host/rules/", self.sent(room, **{field: typed}))
        assert answer.status_code == 200
        assert said in answer.content.decode()
        assert f'href="#id_{field}"' in answer.content.decode()

    def test_slow_mode_is_the_hosts_too(self, room: Room, hana: Member) -> None:
        client = client_of(hana)
        client.post(f"/rooms/{room.pk}/slow/", {"seconds": "30"})
        assert Room.objects.get(pk=room.pk).slow_seconds == 30
        answer = client.post(f"/rooms/{room.pk}/slow/", {"seconds": "7"})
        assert "Select how long people wait" in answer.content.decode()
        # The lock and the rest stay with the facilitators.
        assert client.post(f"/rooms/{room.pk}/care/lock/", {"lock": "writing"}).status_code == 403

    def test_everybody_in_the_room_reads_of_the_chatham_house_rule(self, cast: Cast, room: Room) -> None:
        assert "Chatham House" not in client_of(cast.bob).get(f"/rooms/{room.pk}/").content.decode()
        Room.objects.filter(pk=room.pk).update(is_chatham_house=True)
        assert "Chatham House rule" in client_of(cast.bob).get(f"/rooms/{room.pk}/").content.decode()


class TestWhoAsked:
    def test_the_page_says_nothing_before_the_button_and_writes_down_each_press(self, cast: Cast, room: Room) -> None:
        asked = ask_question(room, by=cast.bob, body="Unnamed?", is_unnamed=True)
        client = client_of(cast.fay)
        assert "Bob Belongs" not in client.get(at(asked, "asker/")).content.decode()
        assert not AuditEvent.objects.filter(verb="looked at who asked").exists()
        answer = client.post(at(asked, "asker/"))
        assert "Bob Belongs" in answer.content.decode()
        assert "no-store" in answer["Cache-Control"]
        client.post(at(asked, "asker/"))
        assert AuditEvent.objects.filter(verb="looked at who asked", actor_id=cast.fay.pk).count() == 2

    def test_hosts_are_refused_and_a_named_one_has_no_such_page(
        self, cast: Cast, room: Room, hana: Member, question: Question
    ) -> None:
        asked = ask_question(room, by=cast.bob, body="Unnamed?", is_unnamed=True)
        for answer in (client_of(hana).get(at(asked, "asker/")), client_of(hana).post(at(asked, "asker/"))):
            assert answer.status_code == 403
            assert "Bob Belongs" not in answer.content.decode()
        assert client_of(cast.fay).post(at(question, "asker/")).status_code == 404
        assert not AuditEvent.objects.filter(verb="looked at who asked").exists()


class TestProjector:
    def text(self, member: Member, room: Room) -> str:
        return client_of(member).get(f"/rooms/{room.pk}/projector/").content.decode()

    def test_the_question_being_answered_and_nothing_else(self, cast: Cast, room: Room, question: Question) -> None:
        ask_question(room, by=cast.bob, body="quetzal")
        assert "zyzzyva" not in self.text(cast.bob, room)
        begin_answering(question, by=cast.fay)
        words = self.text(cast.bob, room)
        assert "zyzzyva" in words
        assert "quetzal" not in words
        refuse_question(question, "No", by=cast.fay)
        assert "zyzzyva" not in self.text(cast.bob, room)

    def test_no_unnamed_asker_and_under_the_chatham_house_rule_nobody(self, cast: Cast, room: Room) -> None:
        unnamed = ask_question(room, by=cast.bob, body="One", is_unnamed=True)
        named = ask_question(room, by=cast.bob, body="Two")
        begin_answering(unnamed, by=cast.fay)
        assert "Bob" not in self.text(cast.fay, room)
        begin_answering(named, by=cast.fay)
        assert "Bob Belongs" in self.text(cast.fay, room)
        Room.objects.filter(pk=room.pk).update(is_chatham_house=True)
        assert "Bob" not in self.text(cast.fay, room)

    def test_counts_of_a_poll_only_when_everybody_may_see_them(self, cast: Cast, room: Room) -> None:
        poll = Poll.objects.create(
            room=room, title="Which?", state="open", opened_at=timezone.now(), results="voted", smallest=1, voters=7331
        )
        PollOption.objects.create(poll=poll, order=1, text="Yes", votes=7329)
        assert "Which?" in self.text(cast.bob, room)
        assert "7329" not in self.text(cast.bob, room)
        Poll.objects.update(results="always")
        assert "7329" in self.text(cast.bob, room)


class TestSpeakerFromOutside:
    def test_they_ask_vote_and_read_in_their_room_and_nowhere_else(self, cast: Cast, room: Room) -> None:
        now = timezone.now()
        other = schedule_room(
            cast.practitioners, title="Other", opens_at=now, closes_at=now + timedelta(hours=1), by=None
        )
        elsewhere = ask_question(other, by=cast.bob, body="zyzzyva elsewhere")
        start_thread(cast.practitioners, by=cast.bob, theme=cast.theme, title="zyzzyva thread", source="Private")
        asked = ask_question(room, by=cast.bob, body="quetzal")
        give_room_role(room, cast.olga, role="speaker", by=cast.fay)
        client = client_of(cast.olga)

        ask_question(room, by=cast.olga, body="From outside?")
        vote_for(asked, by=cast.olga)
        assert Question.objects.get(pk=asked.pk).votes == 1
        assert say(room, by=cast.olga, body="Hello").role == "speaker"
        for address in (room.get_absolute_url(), f"/rooms/{room.pk}/questions/", f"/rooms/{room.pk}/projector/"):
            words = client.get(address).content.decode()
            assert "zyzzyva" not in words
        assert "quetzal" in client.get(room.get_absolute_url()).content.decode()
        assert client.get(f"/rooms/{room.pk}/host/").status_code == 403
        assert client.post(at(asked), {"do": "answered", "seen": step_of(asked)}).status_code == 403
        assert Question.objects.get(pk=asked.pk).state == State.WAITING

        for address in (
            other.get_absolute_url(),
            f"/rooms/{other.pk}/questions/",
            elsewhere.get_absolute_url(),
            f"/rooms/{other.pk}/projector/",
            reverse("threads", args=[cast.practitioners.slug]),
            reverse("network_rooms", args=[cast.practitioners.slug]),
        ):
            answer = client.get(address, follow=True)
            assert answer.status_code in (200, 403, 404)
            assert "zyzzyva" not in answer.content.decode()
        questions = Question.objects.filter(room=room)
        assert set(Question.objects.visible_to(cast.olga)) == set(questions)
        assert not Question.objects.visible_to(AnonymousUser()).exists()


class TestTheWay:
    def test_who_comes_from_the_list_of_unanswered_questions_goes_back_to_it(
        self, cast: Cast, room: Room, question: Question
    ) -> None:
        past = timezone.now() - timedelta(hours=3)
        Room.objects.filter(pk=room.pk).update(opens_at=past, closes_at=past + timedelta(hours=1))
        fay = client_of(cast.fay)
        listed = "/networks/ai-practitioners/questions/"
        for page in ("write/", "park/", "refuse/"):
            assert f'href="{at(question, page)}?from=list"' in fay.get(listed).content.decode()
            assert f'href="{listed}">Cancel' in fay.get(f"{at(question, page)}?from=list").content.decode()
        typed = {"seen": step_of(question), "answer": "Half of it"}
        assert fay.post(at(question, "write/"), typed).headers["Location"].startswith(f"/rooms/{room.pk}/host/")
        typed = {"seen": step_of(question), "answer": "All of it"}
        assert fay.post(f"{at(question, 'write/')}?from=list", typed).headers["Location"] == listed

    def test_the_board_that_looks_again_says_how_many_have_come(self, cast: Cast, room: Room, hana: Member) -> None:
        host = client_of(hana)
        address = f"/rooms/{room.pk}/host/board/"
        assert 'data-host-came="0"' in host.get(address).content.decode()
        client_of(cast.bob).get(f"/rooms/{room.pk}/")
        assert 'data-host-came="1"' in host.get(address).content.decode()

    def test_the_host_screen_leads_to_each_place_once_and_the_polls_back_to_it(self, room: Room, hana: Member) -> None:
        host = client_of(hana)
        screen = host.get(f"/rooms/{room.pk}/host/").content.decode()
        assert screen.count(f'href="/rooms/{room.pk}/polls/"') == 1
        assert f'href="/rooms/{room.pk}/held/"' not in screen
        assert f'href="/rooms/{room.pk}/host/"' in host.get(f"/rooms/{room.pk}/polls/").content.decode()

    def test_while_a_room_is_open_its_messages_come_before_the_search_of_them(
        self, cast: Cast, room: Room, hana: Member
    ) -> None:
        bob = client_of(cast.bob)
        search, live = "Search what was said and asked", f'id="live-room-{room.pk}"'

        def page(query: str = "") -> str:
            return bob.get(f"/rooms/{room.pk}/{query}").content.decode()

        assert page().index(live) < page().index(search)
        assert page("?q=hello").index(search) < page("?q=hello").index(live)
        past = timezone.now() - timedelta(hours=3)
        Room.objects.filter(pk=room.pk).update(opens_at=past, closes_at=past + timedelta(hours=1))
        assert page().index(search) < page().index(live)
        assert page().count(search) == 1
        screen = client_of(hana).get(f"/rooms/{room.pk}/host/").content.decode()
        assert "here now" not in screen
        assert "Start answering a question" not in screen

    def test_only_who_may_open_the_thread_of_a_question_is_led_to_it(
        self, cast: Cast, room: Room, question: Question
    ) -> None:
        give_room_role(room, cast.olga, role="speaker", by=cast.fay)
        past = timezone.now() - timedelta(hours=3)
        Room.objects.filter(pk=room.pk).update(opens_at=past, closes_at=past + timedelta(hours=1))
        thread = start_thread(
            cast.practitioners, by=cast.fay, theme=cast.theme, title="Goes on", source="Here.", kind="question"
        )
        Question.objects.filter(pk=question.pk).update(thread=thread)
        led = f"/threads/{thread.pk}/"
        for page in (f"/rooms/{room.pk}/", f"/rooms/{room.pk}/questions/", question.get_absolute_url()):
            assert client_of(cast.bob).get(page).content.decode().count(led) == 1, page
            assert led not in client_of(cast.olga).get(page).content.decode(), page
