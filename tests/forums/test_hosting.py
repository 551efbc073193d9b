"""What hosts do with questions: decided once, whoever is faster; told to those whom it concerns, and to nobody else."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from random import Random
from threading import Barrier
from threading import Thread as OsThread

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import F
from django.utils import timezone

from forums.actions import hosting
from forums.actions.hosting import (
    Overtaken,
    begin_answering,
    mark_answered,
    merge_question,
    park_question,
    publish_question,
    put_back,
    refuse_question,
    reveal_asker,
    write_answer,
)
from forums.actions.question_votes import vote_for
from forums.actions.questions import ask_question
from forums.actions.room_roles import give_room_role, take_room_role
from forums.actions.room_settings import RoomRules, set_room_rules
from forums.actions.rooms import schedule_room, set_slow_mode
from forums.actions.sanctions import remove_from_room
from forums.live import log, protocol
from forums.models import Question, QuestionStep, QuestionVote, Room, RoomEvent
from network.actions.closing import close_account
from network.export import parts
from network.models import AuditEvent, Member, Membership, Organisation
from network.notifications import unread_notices
from network.permissions import Refused
from tests.cast import Cast

State = Question.State
OUTSIDERS = ["olga", "amir", "lena", "sven", "ada"]


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
    hana = officer(cast, "Hana Hosts")
    give_room_role(room, hana, role="host", by=cast.fay)
    return room


@pytest.fixture
def hana(room: Room) -> Member:
    """A member who hosts the room, and facilitates nothing."""
    return Member.objects.get(name="Hana Hosts")


@pytest.fixture
def question(cast: Cast, room: Room) -> Question:
    return ask_question(room, by=cast.bob, body="zyzzyva")


def officer(cast: Cast, name: str) -> Member:
    """One more member of the practitioners."""
    address = f"{name.split()[0].lower()}@exampleshire.example.org"
    member = Member.objects.create_user(address, name=name, organisation=cast.council)
    Membership.objects.create(
        member=member, network=cast.practitioners, state=Membership.State.ACTIVE, joined_at=timezone.now()
    )
    return member


def rules(room: Room, **changed: bool | int | str) -> RoomRules:
    room.refresh_from_db()
    return RoomRules(**{name: getattr(room, name) for name in RoomRules.names()} | changed)


def kinds(room: Room) -> list[str]:
    return list(RoomEvent.objects.filter(room=room).order_by("seq").values_list("kind", flat=True))


def sent(room: Room) -> str:
    """Every frame that somebody who comes now is sent of the room's log."""
    return "".join(protocol.event(line).text for line in log.after(room.pk, 0, 1000))


def step_of(question: Question) -> int:
    return int(QuestionStep.objects.filter(question=question).latest("pk").pk)


def titles(member: Member) -> list[str]:
    return [notice.title for notice in unread_notices(member)]


DECISIONS: list[Callable[[Question, Member], object]] = [
    lambda question, by: begin_answering(question, by=by),
    lambda question, by: mark_answered(question, by=by),
    lambda question, by: write_answer(question, "Yes", by=by),
    lambda question, by: park_question(question, by, by=by),
    lambda question, by: merge_question(question, question, by=by),
    lambda question, by: publish_question(question, by=by),
    lambda question, by: refuse_question(question, "No", by=by),
    lambda question, by: put_back(question, by=by),
    lambda question, by: set_room_rules(question.room, rules(question.room, holds_questions=True), by=by),
    lambda question, by: set_slow_mode(question.room, seconds=30, by=by),
    lambda question, by: reveal_asker(question, by=by),
]


@pytest.mark.django_db
class TestDecisions:
    @pytest.mark.parametrize("name", ["bob", *OUTSIDERS])
    @pytest.mark.parametrize("decide", DECISIONS)
    def test_nobody_but_who_runs_the_room_decides_anything(
        self, cast: Cast, room: Room, question: Question, name: str, decide: Callable[[Question, Member], object]
    ) -> None:
        before = (kinds(room), AuditEvent.objects.count())

        with pytest.raises(Refused):
            decide(question, getattr(cast, name))

        question.refresh_from_db()
        room.refresh_from_db()
        assert (question.state, room.holds_questions, room.slow_seconds) == (State.WAITING, False, 0)
        assert (kinds(room), AuditEvent.objects.count()) == before

    def test_a_question_is_answered_live_with_each_step_and_its_time(
        self, cast: Cast, room: Room, hana: Member, question: Question
    ) -> None:
        now = timezone.now()
        begin_answering(question, by=hana, now=now)
        mark_answered(question, by=cast.fay, now=now + timedelta(minutes=3))

        question.refresh_from_db()
        assert (question.state, question.answering_at) == (State.ANSWERED, now)
        steps = question.steps.values_list("state", "by__name")
        assert list(steps) == [
            ("waiting", None),
            ("answering", "Hana Hosts"),
            ("answered", "Fay Facilitates"),
        ]
        assert kinds(room) == ["q_new", "q_state", "q_state"]
        assert "Answered live" in sent(room)

    def test_beginning_with_another_question_ends_the_one_before(
        self, cast: Cast, room: Room, hana: Member, question: Question
    ) -> None:
        other = ask_question(room, by=cast.bob, body="And this?")
        begin_answering(question, by=hana)
        begin_answering(other, by=hana)

        assert [Question.objects.get(pk=one.pk).state for one in (question, other)] == ["answered", "answering"]

    def test_a_written_answer_is_read_by_everybody_and_taken_back_by_nobody_elses_undo(
        self, cast: Cast, room: Room, hana: Member, question: Question
    ) -> None:
        write_answer(question, "We bought it <b>together</b>", by=hana)
        assert "together" in sent(room)
        assert "<b>" not in json.loads(log_texts(room)[-1])["h"]

        put_back(question, by=hana)
        question.refresh_from_db()
        assert (question.state, question.answer) == (State.WAITING, "We bought it <b>together</b>")
        assert "together" not in sent(room)

    def test_the_gist_of_what_was_said_live_leaves_it_answered_live(
        self, room: Room, hana: Member, question: Question
    ) -> None:
        mark_answered(question, by=hana)
        said_at = Question.objects.get(pk=question.pk).state_at
        write_answer(question, "In short: no", by=hana)

        question.refresh_from_db()
        assert (question.state, question.state_at) == (State.ANSWERED, said_at)
        assert "In short: no" in sent(room)

    @pytest.mark.parametrize("words", ["", " \u200b ", "x" * 2001])
    def test_an_answer_that_is_none_is_refused(self, room: Room, hana: Member, question: Question, words: str) -> None:
        with pytest.raises(ValidationError):
            write_answer(question, words, by=hana)
        assert kinds(room) == ["q_new"]

    def test_a_question_is_parked_for_somebody_who_is_told(
        self, cast: Cast, room: Room, hana: Member, question: Question
    ) -> None:
        park_question(question, cast.fay, by=hana)

        assert "A question in “Clinic” was parked for you: zyzzyva" in titles(cast.fay)
        assert not any("zyzzyva" in title for title in titles(hana))
        assert "Parked for Fay Facilitates" in sent(room)
        begin_answering(question, by=hana)
        assert not any("zyzzyva" in title for title in titles(cast.fay))

    @pytest.mark.parametrize("name", OUTSIDERS)
    def test_a_question_is_parked_for_nobody_who_could_not_read_it(
        self, cast: Cast, room: Room, hana: Member, question: Question, name: str
    ) -> None:
        with pytest.raises(ValidationError, match="cannot come into this room"):
            park_question(question, getattr(cast, name), by=hana)
        assert not any("zyzzyva" in title for title in titles(getattr(cast, name)))

    def test_a_host_who_was_stood_down_decides_nothing(
        self, cast: Cast, room: Room, hana: Member, question: Question
    ) -> None:
        take_room_role(room.roles.select_related("room__network").get(member=hana), by=cast.fay)
        with pytest.raises(Refused):
            mark_answered(question, by=hana)

    def test_the_question_of_somebody_removed_stays_and_can_be_refused(
        self, cast: Cast, room: Room, hana: Member, question: Question
    ) -> None:
        remove_from_room(room, cast.bob, by=cast.fay, reason="No")
        assert "zyzzyva" in sent(room)
        refuse_question(question, "Not for here", by=hana)
        assert "zyzzyva" not in sent(room)


@pytest.mark.django_db
class TestMerging:
    def test_whoever_wanted_either_is_counted_once_and_so_is_the_asker(
        self, cast: Cast, room: Room, hana: Member, question: Question
    ) -> None:
        zoe, yan = officer(cast, "Zoe Zealous"), officer(cast, "Yan Yields")
        other = ask_question(room, by=cast.fay, body="The same?")
        for member in (zoe, yan, cast.fay):
            vote_for(question, by=member)
        for member in (zoe, hana):
            vote_for(other, by=member)

        merge_question(question, other, by=hana)

        other.refresh_from_db()
        # Zoe and Hana wanted it before; Yan comes with the other and so does Bob, who asked it; Fay asked this one.
        assert other.votes == 4
        voters = QuestionVote.objects.filter(question=other).values_list("member__name", flat=True)
        assert sorted(voters) == ["Bob Belongs", "Hana Hosts", "Yan Yields", "Zoe Zealous"]
        assert log.votes_since(room.pk, 0)["q"][str(other.number)] == 4
        assert AuditEvent.objects.filter(verb="merged question", actor_id=hana.pk).count() == 1

    def test_undone_everything_is_as_it_was(self, cast: Cast, room: Room, hana: Member, question: Question) -> None:
        other = ask_question(room, by=cast.fay, body="The same?")
        vote_for(question, by=hana)
        vote_for(other, by=hana)
        before = set(QuestionVote.objects.values_list("question", "member"))

        merge_question(question, other, by=hana)
        put_back(question, by=hana)

        assert set(QuestionVote.objects.values_list("question", "member")) == before
        assert [Question.objects.get(pk=one.pk).votes for one in (question, other)] == [1, 1]
        assert Question.objects.get(pk=question.pk).state == State.WAITING

    def test_what_was_merged_into_it_goes_with_it(
        self, cast: Cast, room: Room, hana: Member, question: Question
    ) -> None:
        second, third = (ask_question(room, by=by, body="The same?") for by in (cast.fay, hana))
        merge_question(question, second, by=cast.fay)
        merge_question(second, third, by=cast.fay)

        assert [Question.objects.get(pk=one.pk).merged_into for one in (question, second)] == [third, third]
        assert Question.objects.get(pk=third.pk).votes == 2
        put_back(question, by=cast.fay)
        assert Question.objects.get(pk=third.pk).votes == 1

    def test_only_with_another_question_of_the_room_that_stands(
        self, cast: Cast, room: Room, hana: Member, question: Question
    ) -> None:
        now = timezone.now()
        elsewhere = schedule_room(cast.ai, title="Other", opens_at=now, closes_at=now + timedelta(hours=1), by=None)
        refused = ask_question(room, by=cast.bob, body="Refused")
        refuse_question(refused, "No", by=hana)
        for target in (question, refused, ask_question(elsewhere, by=cast.bob, body="Elsewhere")):
            with pytest.raises(ValidationError):
                merge_question(question, target, by=hana)


@pytest.mark.django_db
class TestPublishing:
    @pytest.fixture
    def held(self, cast: Cast, room: Room) -> Question:
        set_room_rules(room, rules(room, holds_questions=True), by=cast.fay)
        room.refresh_from_db()
        return ask_question(room, by=cast.bob, body="zyzzyva")

    def test_a_published_question_gets_the_next_number(
        self, cast: Cast, room: Room, hana: Member, held: Question
    ) -> None:
        other = ask_question(room, by=cast.bob, body="Later")
        publish_question(other, by=hana)
        publish_question(held, by=hana)

        assert [Question.objects.get(pk=one.pk).number for one in (other, held)] == [1, 2]
        assert kinds(room) == ["q_new", "q_new"]
        assert "zyzzyva" in sent(room)

    def test_one_not_published_is_read_by_its_asker_and_the_hosts_alone(
        self, cast: Cast, room: Room, hana: Member, held: Question
    ) -> None:
        yan = officer(cast, "Yan Yields")
        refuse_question(held, "It names a resident", by=hana)

        assert kinds(room) == []
        assert "Your question in “Clinic” is not published: It names a resident" in titles(cast.bob)
        for member in (cast.fay, hana, yan):
            assert not any("resident" in title for title in titles(member))
        seen = [held in Question.objects.visible_to(member) for member in (cast.bob, hana, cast.fay, yan)]
        assert seen == [True, True, True, False]
        publish_question(held, by=hana)
        assert Question.objects.get(pk=held.pk).number == 1
        assert not any("resident" in title for title in titles(cast.bob))

    def test_refused_after_it_was_read_it_leaves_a_tombstone_without_words(
        self, cast: Cast, room: Room, hana: Member, question: Question
    ) -> None:
        write_answer(question, "quetzal", by=hana)
        refuse_question(question, "It names a resident", by=hana)

        assert "Not published" in sent(room)
        for words in ("zyzzyva", "quetzal", "resident"):
            assert words not in sent(room)
        put_back(question, by=hana)
        assert "zyzzyva" in sent(room)


@pytest.mark.django_db
class TestTwoHosts:
    def test_the_second_is_told_what_the_first_decided(
        self, cast: Cast, room: Room, hana: Member, question: Question
    ) -> None:
        seen = step_of(question)
        mark_answered(question, by=hana, seen=seen)

        with pytest.raises(Overtaken, match="Hana Hosts has already marked this question as answered live, at "):
            refuse_question(question, "No", by=cast.fay, seen=seen)
        with pytest.raises(Overtaken, match="already"):
            mark_answered(question, by=cast.fay)
        assert kinds(room) == ["q_new", "q_state"]

    def test_pressing_twice_is_once(self, room: Room, hana: Member, question: Question) -> None:
        seen = step_of(question)
        for _ in range(2):
            mark_answered(question, by=hana, seen=seen)
        assert kinds(room) == ["q_new", "q_state"]


@pytest.mark.django_db(transaction=True)
def test_of_two_hosts_at_once_one_decides_and_the_other_is_told(cast: Cast, room: Room) -> None:
    hana = Member.objects.get(name="Hana Hosts")
    for turn in range(5):
        question = ask_question(room, by=cast.bob, body=f"Question {turn}")
        seen = step_of(question)
        ready = Barrier(2)
        told: list[str] = []
        decided: list[str] = []
        problems: list[Exception] = []

        def decide(by: Member, verb: Callable[..., Question], ready: Barrier = ready) -> None:
            try:
                ready.wait()
                decided.append(verb(question, by=by, seen=seen).state)  # noqa: B023
            except Overtaken as overtaken:
                told.append(str(overtaken))  # noqa: B023
            except Exception as problem:
                problems.append(problem)  # noqa: B023
            finally:
                connection.close()

        hosts = [
            OsThread(target=decide, args=(hana, hosting.mark_answered)),
            OsThread(target=decide, args=(cast.fay, hosting.begin_answering)),
        ]
        for host in hosts:
            host.start()
        for host in hosts:
            host.join()

        assert problems == []
        assert len(decided) == len(told) == 1
        assert "has already" in told[0]
        question.refresh_from_db()
        assert [question.state] == decided
        assert QuestionStep.objects.filter(question=question).count() == 2
    numbers = list(RoomEvent.objects.filter(room=room).order_by("seq").values_list("seq", flat=True))
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.django_db(transaction=True)
def test_whatever_several_hosts_do_at_once_the_room_stays_in_order(cast: Cast, room: Room) -> None:
    hana = Member.objects.get(name="Hana Hosts")
    members = [officer(cast, name) for name in ("Zoe Zealous", "Yan Yields", "Xen Xeric")]
    Room.objects.filter(pk=room.pk).update(holds_questions=True)
    room = Room.objects.select_related("network").get(pk=room.pk)
    asked = [ask_question(room, by=members[number % 3], body=f"Question {number}") for number in range(6)]
    for question in asked[:3]:
        publish_question(question, by=hana)
    for question in asked[:3]:
        question.refresh_from_db()
        for member in members:
            if member != question.author:
                vote_for(question, by=member)
    problems: list[Exception] = []

    def decide(by: Member, seed: int) -> None:
        dice = Random(seed)
        verbs: list[Callable[[Question], object]] = [
            lambda question: begin_answering(question, by=by),
            lambda question: mark_answered(question, by=by),
            lambda question: write_answer(question, "Yes", by=by),
            lambda question: park_question(question, cast.bob, by=by),
            lambda question: merge_question(question, dice.choice(asked), by=by),
            lambda question: publish_question(question, by=by),
            lambda question: refuse_question(question, "No", by=by),
            lambda question: put_back(question, by=by),
        ]
        try:
            for _ in range(25):
                try:
                    dice.choice(verbs)(dice.choice(asked))
                except (Refused, ValidationError):
                    continue
        except Exception as problem:
            problems.append(problem)
        finally:
            connection.close()

    hosts = [OsThread(target=decide, args=(by, seed)) for seed, by in enumerate((hana, cast.fay, hana))]
    for host in hosts:
        host.start()
    for host in hosts:
        host.join()

    assert problems == []
    questions = list(Question.objects.filter(room=room))
    assert sum(question.state == State.ANSWERING for question in questions) <= 1
    numbers = sorted(question.number for question in questions if question.number is not None)
    assert numbers == list(range(1, len(numbers) + 1))
    for question in questions:
        assert question.votes == QuestionVote.objects.filter(question=question).count()
        last = question.steps.order_by("pk").last()
        assert last is not None
        assert question.state == last.state
        if question.merged_into:
            assert question.merged_into.state != State.MERGED
            voters = QuestionVote.objects.filter(question=question.merged_into).values("member")
            own = question.given_votes.exclude(member=question.merged_into.author_id)
            assert not own.exclude(member__in=voters).exists()
    assert not QuestionVote.objects.filter(member=F("question__author")).exists()
    seqs = list(RoomEvent.objects.filter(room=room).order_by("seq").values_list("seq", flat=True))
    assert seqs == list(range(1, len(seqs) + 1))


@pytest.mark.django_db
class TestWhoAsked:
    @pytest.fixture
    def unnamed(self, cast: Cast, room: Room) -> Question:
        Organisation.objects.filter(pk=cast.council.pk).update(kind="county")
        cast.bob.refresh_from_db()
        set_room_rules(room, rules(room, allows_unnamed=True), by=cast.fay)
        room.refresh_from_db()
        return ask_question(room, by=cast.bob, body="Is it worth it?", is_unnamed=True)

    def test_facilitators_see_who_asked_and_each_look_is_written_down(self, cast: Cast, unnamed: Question) -> None:
        for _ in range(2):
            assert reveal_asker(unnamed, by=cast.fay) == cast.bob
        looks = AuditEvent.objects.filter(verb="looked at who asked", object_id=str(unnamed.pk), actor_id=cast.fay.pk)
        assert looks.count() == 2

    def test_hosts_do_not(self, hana: Member, unnamed: Question) -> None:
        with pytest.raises(Refused):
            reveal_asker(unnamed, by=hana)
        assert not AuditEvent.objects.filter(verb="looked at who asked").exists()

    def test_whatever_is_decided_no_line_says_who(
        self, cast: Cast, room: Room, hana: Member, unnamed: Question
    ) -> None:
        other = ask_question(room, by=cast.fay, body="The same?")
        begin_answering(unnamed, by=hana)
        write_answer(unnamed, "Yes", by=hana)
        put_back(unnamed, by=hana)
        merge_question(unnamed, other, by=hana)
        assert "Bob" not in sent(room)
        assert f'"{cast.bob.pk}"' not in sent(room)


@pytest.mark.django_db
class TestRules:
    def test_a_host_sets_them_and_the_log_says_which(self, room: Room, hana: Member) -> None:
        changed = rules(room, takes_questions=False, delay_seconds=5, held_words=" Palantír \npalantír\n\n two  words ")
        set_room_rules(room, changed, by=hana)

        room.refresh_from_db()
        assert (room.takes_questions, room.delay_seconds, room.held_words) == (False, 5, "palantír\ntwo words")
        event = AuditEvent.objects.get(verb="set room rules")
        assert event.details == {"rules": ["delay_seconds", "held_words", "takes_questions"]}

    @pytest.mark.parametrize(
        ("name", "value"),
        [("delay_seconds", 7), ("held_words", "x" * 51), ("held_words", "\n".join(map(str, range(201))))],
    )
    def test_what_cannot_be_is_said_beside_its_field(
        self, room: Room, hana: Member, name: str, value: int | str
    ) -> None:
        with pytest.raises(ValidationError) as refused:
            set_room_rules(room, rules(room, **{name: value}), by=hana)
        assert list(refused.value.message_dict) == [name]

    def test_the_chatham_house_rule_stays_once_somebody_has_relied_on_it(
        self, cast: Cast, room: Room, hana: Member
    ) -> None:
        set_room_rules(room, rules(room, is_chatham_house=True), by=hana)
        set_room_rules(room, rules(room, is_chatham_house=False), by=hana)
        set_room_rules(room, rules(room, is_chatham_house=True), by=hana)
        ask_question(room, by=cast.bob, body="Between us?")
        with pytest.raises(ValidationError, match="so it stays"):
            set_room_rules(room, rules(room, is_chatham_house=False), by=hana)

    def test_a_host_sets_slow_mode_too(self, room: Room, hana: Member) -> None:
        assert set_slow_mode(room, seconds=30, by=hana).slow_seconds == 30


def log_texts(room: Room) -> list[str]:
    return [protocol.event(line).text for line in log.after(room.pk, 0, 1000)]


@pytest.mark.django_db
class TestOwnWords:
    def test_an_answer_is_among_its_writers_own_data_without_who_asked(
        self, cast: Cast, room: Room, hana: Member
    ) -> None:
        set_room_rules(room, rules(room, allows_unnamed=True), by=cast.fay)
        room.refresh_from_db()
        asked = ask_question(room, by=cast.bob, body="Is it worth it?", is_unnamed=True)
        write_answer(asked, "quetzal", by=hana)

        def own(member: Member) -> str:
            return str([list(part.rows(member)) for part in parts() if part.name == "answers"])

        assert "quetzal" in own(hana)
        assert "Bob" not in own(hana)
        assert "quetzal" not in own(cast.bob)

    @pytest.mark.parametrize("erase", [True, False])
    def test_it_goes_with_their_account_where_they_want_that(
        self, cast: Cast, room: Room, hana: Member, question: Question, erase: bool
    ) -> None:
        write_answer(question, "quetzal", by=hana)
        epoch = Room.objects.get(pk=room.pk).epoch
        close_account(by=hana, erase=erase)

        question.refresh_from_db()
        assert question.answer == ("" if erase else "quetzal")
        assert Room.objects.get(pk=room.pk).epoch != epoch
        assert ("quetzal" in sent(room)) is not erase
        with pytest.raises(Refused):
            write_answer(question, "More", by=hana)


@pytest.mark.django_db
class TestMergingWithoutAName:
    """The number of those who want to know, which everybody reads, says nothing of who asked."""

    @pytest.fixture
    def unnamed(self, cast: Cast, room: Room) -> Question:
        set_room_rules(room, rules(room, allows_unnamed=True), by=cast.fay)
        room.refresh_from_db()
        return ask_question(room, by=cast.bob, body="Who dares?", is_unnamed=True)

    def votes_when_merged(self, question: Question, into: Question, by: Member) -> int:
        merge_question(question, into, by=by)
        return Question.objects.get(pk=into.pk).votes

    @pytest.mark.parametrize("is_into_unnamed", [False, True])
    def test_with_a_named_question_it_is_the_same_whoever_asked_that(
        self, cast: Cast, room: Room, hana: Member, unnamed: Question, is_into_unnamed: bool
    ) -> None:
        zoe = officer(cast, "Zoe Zealous")
        found = {}
        for asker in (cast.bob, zoe):
            named = ask_question(room, by=asker, body="The same?")
            pair = (named, unnamed) if is_into_unnamed else (unnamed, named)
            found[asker.name] = self.votes_when_merged(*pair, by=hana)
            put_back(pair[0], by=hana)
        assert len(set(found.values())) == 1, found

    def test_nor_does_what_was_merged_before(self, cast: Cast, room: Room, hana: Member, unnamed: Question) -> None:
        zoe, yan = officer(cast, "Zoe Zealous"), officer(cast, "Yan Yields")
        found = {}
        for asker in (cast.bob, zoe):
            named, between = ask_question(room, by=asker, body="The same?"), ask_question(room, by=yan, body="Again?")
            assert self.votes_when_merged(named, between, by=hana) == 1
            found[asker.name] = self.votes_when_merged(between, unnamed, by=hana)
            put_back(between, by=hana)
        assert len(set(found.values())) == 1, found

    def test_whoever_wanted_it_goes_with_it(self, cast: Cast, room: Room, hana: Member, unnamed: Question) -> None:
        other = ask_question(room, by=cast.fay, body="The same?")
        vote_for(unnamed, by=hana)
        assert self.votes_when_merged(unnamed, other, by=hana) == 1
        put_back(unnamed, by=hana)
        assert [Question.objects.get(pk=one.pk).votes for one in (unnamed, other)] == [1, 0]
