"""A question of a session is reported like anything else that members write; and whoever asked it without a name stays
without one, whatever is done about it."""

from __future__ import annotations

import logging
import re
from datetime import datetime, timedelta

import pytest
from asgiref.sync import async_to_sync
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from forums.actions.amendments import hide_message
from forums.actions.appeals import appeal, decide_appeal
from forums.actions.decisions import claim_case, decide_case, note_on_case
from forums.actions.hosting import mark_answered, merge_question, put_back, refuse_question, write_answer
from forums.actions.messages import say
from forums.actions.question_votes import vote_for
from forums.actions.questions import ask_question, withdraw_question
from forums.actions.reports import report_from_outside, report_question
from forums.actions.room_roles import give_room_role
from forums.actions.rooms import schedule_room
from forums.live import log, protocol
from forums.models import Appeal, Case, Question, QuestionStep, Report, Room, RoomEvent
from forums.models.question import QuestionBoard
from forums.search.rooms import FoundInRoom, search_rooms
from forums.views.reports import thing_at
from network.actions.closing import close_account
from network.actions.mail import send_due_mail
from network.models import AuditEvent, Member, Membership, Network
from network.notifications import unread_notices
from network.permissions import Refused
from tests.cast import Cast, sign_in
from tests.forums.test_cases import migrate, newest_afterwards

__all__ = ["newest_afterwards"]

pytestmark = pytest.mark.django_db

State = Question.State
HIDDEN, LEFT = Case.Outcome.HIDDEN, Case.Outcome.LEFT


def join(cast: Cast, name: str, role: str = Membership.Role.MEMBER) -> Member:
    then = timezone.now() - timedelta(days=30)
    address = f"{name.split()[0].lower()}@exampleshire.example.org"
    member: Member = Member.objects.create_user(address, name=name, organisation=cast.council, date_joined=then)
    Membership.objects.create(member=member, network=cast.practitioners, state="active", role=role, joined_at=then)
    return member


@pytest.fixture
def rita(cast: Cast) -> Member:
    """Reports things."""
    return join(cast, "Rita Reports")


@pytest.fixture
def flo(cast: Cast) -> Member:
    """Facilitates with fay."""
    return join(cast, "Flo Facilitates", Membership.Role.FACILITATOR)


@pytest.fixture
def room(cast: Cast) -> Room:
    now = timezone.now()
    hours = {"opens_at": now - timedelta(hours=1), "closes_at": now + timedelta(hours=1)}
    room = schedule_room(cast.practitioners, title="Clinic", by=None, **hours)
    Room.objects.filter(pk=room.pk).update(allows_unnamed=True)
    return Room.objects.select_related("network").get(pk=room.pk)


@pytest.fixture
def hana(cast: Cast, room: Room) -> Member:
    """Hosts the room, and facilitates nothing."""
    hana = join(cast, "Hana Hosts")
    give_room_role(room, hana, role="host", by=cast.fay)
    return hana


@pytest.fixture
def question(cast: Cast, room: Room) -> Question:
    return ask_question(room, by=cast.bob, body="zyzzyva")


@pytest.fixture
def unnamed(cast: Cast, room: Room) -> Question:
    return ask_question(room, by=cast.bob, body="zyzzyva", is_unnamed=True)


def again(question: Question) -> Question:
    return Question.objects.with_asker().select_related("room__network").get(pk=question.pk)


def again_case(case: Case) -> Case:
    return Case.objects.with_things().get(pk=case.pk)


def reported(question: Question, by: Member) -> Case:
    return report_question(again(question), by=by, kind="unkind").case


def hidden(question: Question, cast: Cast, by: Member) -> Case:
    """Reported by `by`, and hidden by fay."""
    return decide_case(reported(question, by), outcome=HIDDEN, by=cast.fay, reason="It names a supplier")


def told(member: Member) -> list[str]:
    return [notice.title for notice in unread_notices(member)]


def sent(room: Room) -> str:
    """Every frame that somebody who comes now is sent of the room's log."""
    return "".join(protocol.event(line).text for line in log.after(room.pk, 0, 1000))


def page(member: Member, address: str) -> str:
    client = Client()
    sign_in(client, member)
    answer = client.get(address)
    assert answer.status_code == 200, address
    return answer.content.decode()


# Reporting


def test_reports_of_one_question_are_one_case_that_keeps_its_words(
    cast: Cast, question: Question, rita: Member, hana: Member
) -> None:
    first = report_question(question, by=rita, kind="unkind", words="Not nice")
    second = report_question(question, by=hana, kind="spam")
    withdraw_question(question, by=cast.bob)

    assert first.case == second.case
    assert [report.said for report in Report.objects.all()] == ["zyzzyva", "zyzzyva"]
    assert told(cast.fay) == ["Somebody reported this: Question 1 in “Clinic”"]
    assert told(cast.bob) == []
    case = again_case(first.case)
    assert (case.network, case.author, case.is_gone) == (cast.practitioners, cast.bob, True)
    with pytest.raises(Refused, match="nothing left to hide"):
        decide_case(case, outcome=HIDDEN, by=cast.fay, reason="Unkind")


@pytest.mark.parametrize("who", ["bob", "olga", "amir", "lena", "sven", "ada"])
def test_nobody_reports_what_they_asked_or_what_they_cannot_read(cast: Cast, question: Question, who: str) -> None:
    with pytest.raises(Refused):
        report_question(question, by=getattr(cast, who), kind="unkind")
    client = Client()
    sign_in(client, getattr(cast, who))
    assert client.get(f"{question.get_absolute_url()}report/").status_code == (403 if who == "bob" else 404)
    assert not Case.objects.exists()


def test_there_is_nothing_to_report_of_what_nobody_can_read(
    cast: Cast, room: Room, question: Question, rita: Member
) -> None:
    refuse_question(question, "No", by=cast.fay)
    Room.objects.filter(pk=room.pk).update(holds_questions=True)
    held = ask_question(again(question).room, by=cast.bob, body="quokka")

    for one in (question, held):
        with pytest.raises(Refused, match="can no longer be read"):
            report_question(again(one), by=rita, kind="unkind")
    client = Client()
    sign_in(client, rita)
    assert client.get(f"{held.get_absolute_url()}report/").status_code == 404
    assert client.get(f"{question.get_absolute_url()}report/").status_code == 403


@pytest.mark.parametrize("who", ["rita", "bob", "fay"])
def test_each_question_that_can_be_read_has_its_way_to_be_reported_but_ones_own(
    cast: Cast, room: Room, question: Question, rita: Member, who: str
) -> None:
    gone = ask_question(room, by=rita, body="quokka")
    withdraw_question(gone, by=rita)
    reader = rita if who == "rita" else getattr(cast, who)
    link = f'href="{question.get_absolute_url()}report/" data-live-report>'
    for address in (room.get_absolute_url(), f"{room.get_absolute_url()}questions/", question.get_absolute_url()):
        assert (link in page(reader, address)) == (who != "bob"), address
    assert f'href="{gone.get_absolute_url()}report/" data-live-report>' not in page(reader, room.get_absolute_url())

    over = timezone.now() - timedelta(minutes=1)
    Room.objects.filter(pk=room.pk).update(closes_at=over)
    assert (link in page(reader, room.get_absolute_url())) == (who != "bob"), "in the transcript"


def test_a_question_is_reported_by_a_plain_form(question: Question, rita: Member) -> None:
    client = Client()
    sign_in(client, rita)
    address = f"{question.get_absolute_url()}report/"
    assert "zyzzyva" in client.get(address).content.decode()
    assert "Select what is wrong with it" in client.post(address, {}).content.decode()
    answer = client.post(address, {"kind": "unkind", "words": "Not nice"}, follow=True)

    assert "Thank you." in answer.content.decode()
    assert answer.redirect_chain == [(question.get_absolute_url(), 302)]
    assert Report.objects.get().case.question == question


def test_somebody_without_an_account_gives_its_address(cast: Cast, room: Room, question: Question) -> None:
    place = room.get_absolute_url()
    for address in (question.get_absolute_url(), f"{place}#question-1", f"{place}questions/#question-1"):
        assert thing_at(address) == question
    Room.objects.filter(pk=room.pk).update(holds_questions=True)
    room.refresh_from_db()
    assert thing_at(ask_question(room, by=cast.bob, body="quokka").get_absolute_url()) is None
    assert thing_at(f"{place}#question-2") is None

    report_from_outside(question, address=place, kind="unlawful", words="", reply_to_address="out@example.org")
    case = again_case(Case.objects.get())
    assert (case.question, case.network, case.is_urgent) == (question, cast.practitioners, True)
    decide_case(case, outcome=HIDDEN, by=cast.fay, reason="It names a supplier")
    send_due_mail()
    [message] = mail.outbox
    assert message.to == ["out@example.org"]
    assert "zyzzyva" not in message.body


# Deciding


def test_a_hidden_question_leaves_every_place_and_keeps_its_number_and_its_votes(
    cast: Cast, room: Room, question: Question, rita: Member, hana: Member
) -> None:
    for member in (rita, hana):
        vote_for(question, by=member)
    hidden(question, cast, rita)

    places = (room.get_absolute_url(), f"{room.get_absolute_url()}questions/", question.get_absolute_url())
    for address in places:
        shown = page(rita, address)
        assert "zyzzyva" not in shown, address
        assert "Not published" in shown, address
    assert "zyzzyva" not in sent(room)
    assert RoomEvent.objects.filter(room=room).latest("seq").kind == "q_state"
    assert search_rooms(rita, "zyzzyva") == []
    assert FoundInRoom.of(room, rita, "zyzzyva").questions == []
    gone = again(question)
    assert (gone.number, gone.votes, gone.body) == (1, 2, "zyzzyva")
    assert again(ask_question(room, by=cast.bob, body="quokka")).number == 2


def test_its_asker_is_told_why_and_whoever_reported_it_only_that(cast: Cast, question: Question, rita: Member) -> None:
    case = hidden(question, cast, rita)

    assert told(cast.bob) == ["Your question in “Clinic” is not published: It names a supplier"]
    assert told(rita) == ["You reported a question in a live room. It was looked at and hidden."]
    own = page(cast.bob, question.get_absolute_url())
    assert "It names a supplier" in own
    assert f"/reports/decided/{case.told_as}/" in own
    assert "zyzzyva" in page(cast.bob, f"/reports/decided/{case.told_as}/")
    assert told(cast.bob) == []
    with pytest.raises(AssertionError):
        page(rita, f"/reports/decided/{case.told_as}/")


def test_shown_again_it_is_what_it_was_before(cast: Cast, room: Room, question: Question, rita: Member) -> None:
    mark_answered(question, by=cast.fay)
    answered_at = again(question).state_at
    write_answer(again(question), "quetzal", by=cast.fay)
    vote_of_others = ask_question(room, by=rita, body="quokka")
    case = hidden(question, cast, rita)
    other = join(cast, "Gus Guides", Membership.Role.FACILITATOR)

    made = appeal(case, by=cast.bob, words="It names nobody")
    decide_appeal(made, outcome="shown", by=other, answer="It does not")

    shown = again(question)
    assert (shown.state, shown.state_at, shown.reason) == (State.ANSWERED, answered_at, "")
    assert "zyzzyva" in sent(room)
    assert "quetzal" in sent(room)
    assert "Everybody can see what you asked again" in told(cast.bob)
    assert again(vote_of_others).state == State.WAITING
    assert [step.state for step in QuestionStep.objects.filter(question=question)] == [
        *(State.WAITING, State.ANSWERED, State.ANSWERED, State.REFUSED, State.ANSWERED)
    ]


def test_what_was_merged_stands_by_itself_again_with_its_votes(
    cast: Cast, room: Room, question: Question, rita: Member, hana: Member
) -> None:
    target = ask_question(room, by=hana, body="quokka")
    vote_for(question, by=rita)
    merge_question(question, target, by=cast.fay)
    for _ in range(2):  # hidden, and once more after it was shown
        case = decide_case(reported(question, rita), outcome=HIDDEN, by=cast.fay, reason="Unkind")
        put_back(again(question), by=cast.fay)
    assert [again(one).state for one in (question, target)] == [State.WAITING, State.WAITING]
    assert [again(one).votes for one in (question, target)] == [1, 0]
    assert case.pk != question.cases.earliest("pk").pk


def test_past_a_number_of_members_it_is_hidden_until_a_facilitator_has_looked(
    cast: Cast, room: Room, question: Question, hana: Member
) -> None:
    Network.objects.update(reports_to_hide=2)
    reporters = [join(cast, "Ann"), join(cast, "Ben")]
    for reporter in reporters:
        reported(question, reporter)

    assert again(question).state == State.REFUSED
    assert "zyzzyva" not in sent(room)
    assert RoomEvent.objects.filter(room=room).latest("seq").actor is None
    [title] = told(cast.bob)
    assert title.startswith("Your question in “Clinic” is not published: Several members have reported it.")
    with pytest.raises(Refused, match="A facilitator decides"):
        put_back(again(question), by=hana)
    case = decide_case(again_case(Case.objects.get()), outcome=LEFT, by=cast.fay)
    assert again(question).is_shown
    assert not case.is_hidden
    for reporter in reporters:
        reported(question, reporter)
    assert again(question).is_shown, "what was looked at and left stays"


def test_what_the_site_hid_is_kept_hidden_with_a_reason_by_a_person(cast: Cast, question: Question) -> None:
    Network.objects.update(reports_to_hide=2)
    for reporter in (join(cast, "Ann"), join(cast, "Ben")):
        case = again_case(reported(question, reporter))
    assert (case.is_open, case.is_hidden) == (True, True)

    case = decide_case(case, outcome=HIDDEN, by=cast.fay, reason="It insults somebody")

    assert (again(question).state, again(question).reason) == (State.REFUSED, "It insults somebody")
    assert appeal(case, by=cast.bob, words="It does not").is_open


# Those who run the session


def test_what_a_host_takes_away_is_no_decision_and_theirs_to_put_back(
    cast: Cast, question: Question, rita: Member, hana: Member
) -> None:
    case = reported(question, rita)
    refuse_question(again(question), "Asked before", by=hana)
    assert again_case(case).is_open, "a host does not decide over reports"
    put_back(again(question), by=hana)
    assert again(question).state == State.WAITING

    refuse_question(again(question), "Asked before", by=hana)
    decide_case(again_case(case), outcome=HIDDEN, by=cast.fay, reason="It names a supplier")
    assert again(question).reason == "It names a supplier"
    with pytest.raises(Refused, match="A facilitator decides"):
        put_back(again(question), by=hana)
    put_back(again(question), by=cast.fay)
    refuse_question(again(question), "Asked before", by=hana)
    assert not again_case(case).is_hidden, "that it is away again is no matter of what was decided before"
    put_back(again(question), by=hana)


def test_taken_away_by_a_facilitator_it_decides_the_report_and_can_be_appealed_against(
    cast: Cast, question: Question, rita: Member, flo: Member
) -> None:
    case = reported(question, rita)
    refuse_question(again(question), "It names a supplier", by=cast.fay)

    case = again_case(case)
    assert (case.outcome, case.decided_by, case.is_hidden) == (HIDDEN, cast.fay, True)
    assert len(told(rita)) == 1
    made = appeal(case, by=cast.bob, words="It does not")
    put_back(again(question), by=flo)
    made.refresh_from_db()
    assert made.outcome == "shown"
    assert "Everybody can see what you asked again" in told(cast.bob)


def test_the_host_screen_offers_what_whoever_reads_it_may_do(
    cast: Cast, room: Room, question: Question, rita: Member, hana: Member
) -> None:
    address = f"{room.get_absolute_url()}host/board/"
    hidden(question, cast, rita)
    assert 'value="back"' in page(cast.fay, address)
    assert 'value="back"' not in page(hana, address)
    put_back(again(question), by=cast.fay)
    refuse_question(again(question), "Asked before", by=hana)
    assert 'value="back"' in page(hana, address)


def without_whose(board: str, question: Question) -> str:
    """The host screen, without what tells one question from another."""
    card = board[board.index(f'id="host-{question.uid}"') :]
    card = card[: card.index("</li>")]
    for varies in (str(question.uid), f"Question {question.number}", f'data-host-number="{question.number}"'):
        card = card.replace(varies, "")
    return re.sub(r'(csrfmiddlewaretoken|seen)" value="[^"]*"|data-host-step="[^"]*"|<time.*?</time>', "", card)


def test_the_host_screen_tells_nobody_who_looks_over_a_shoulder_whose_a_question_is(
    cast: Cast, room: Room, rita: Member, flo: Member, hana: Member
) -> None:
    """What somebody may not do with their own has its link and its button all the same."""
    own, others = (ask_question(room, by=by, body="quokka", is_unnamed=True) for by in (flo, rita))
    address = f"{room.get_absolute_url()}host/board/"
    client = Client()
    sign_in(client, flo)

    board = client.get(address).content.decode()
    assert without_whose(board, own) == without_whose(board, others)
    refuse = f"/rooms/{room.pk}/host/questions/{own.uid}/refuse/"
    assert refuse in board
    for answer in (client.get(refuse), client.post(refuse, {"words": "Mine", "seen": own.steps.get().pk})):
        assert answer.status_code in (403, 409)
        assert "Another facilitator has to take this question away." in answer.content.decode()
        assert "You asked" not in answer.content.decode()

    for question in (own, others):
        decide_case(reported(question, hana), outcome=HIDDEN, by=cast.fay, reason="Unkind")
    board = client.get(address).content.decode()
    assert without_whose(board, own) == without_whose(board, others)
    assert 'value="back"' in without_whose(board, own)
    press = {"do": "back", "seen": own.steps.latest("pk").pk}
    answer = client.post(f"/rooms/{room.pk}/host/questions/{own.uid}/", press, follow=True)
    assert "Another facilitator has to decide whether this question is shown again." in answer.content.decode()
    assert again(own).state == State.REFUSED


def test_a_host_reads_neither_what_a_facilitator_hid_nor_why_nor_that_it_was_reported(
    cast: Cast, room: Room, rita: Member, hana: Member, unnamed: Question
) -> None:
    other = ask_question(room, by=rita, body="quetzal")
    merge_question(other, unnamed, by=hana)
    Network.objects.update(reports_to_hide=2)
    place = room.get_absolute_url()
    asked = f"/rooms/{room.pk}/host/questions/{unnamed.uid}"
    addresses = [
        f"{place}host/",
        f"{place}host/board/",
        f"{place}after/",
        unnamed.get_absolute_url(),
        f"{asked}/write/",
    ]

    def hides_it() -> None:
        for address in addresses:
            shown = page(hana, address)
            assert "Hidden by a facilitator" in shown, address
            for words in ("zyzzyva", "reported", "It names a supplier"):
                assert words not in shown, (address, words)

    for reporter in (join(cast, "Ann"), join(cast, "Ben")):
        case = reported(unnamed, reporter)
    hides_it()
    assert "Several members have reported it" in page(cast.fay, addresses[0])
    decide_case(again_case(case), outcome=HIDDEN, by=cast.fay, reason="It names a supplier")
    hides_it()
    for reader, address in ((cast.fay, addresses[0]), (cast.fay, addresses[3]), (cast.bob, addresses[3])):
        assert "zyzzyva" in page(reader, address)
        assert "It names a supplier" in page(reader, address)
    assert "Hidden by a facilitator" not in page(rita, unnamed.get_absolute_url())
    put_back(again(unnamed), by=cast.fay)
    refuse_question(again(unnamed), "Asked before", by=hana)
    assert "zyzzyva" in page(hana, addresses[0]), "what a host takes away they may read"
    assert "Asked before" in page(hana, addresses[0])


def test_the_host_screen_hides_from_a_host_their_own_question_like_any_other(
    cast: Cast, room: Room, rita: Member, hana: Member
) -> None:
    own, others = (ask_question(room, by=by, body="quokka", is_unnamed=True) for by in (hana, rita))
    for question in (own, others):
        decide_case(reported(question, join(cast, f"Reporter{question.pk}")), outcome=HIDDEN, by=cast.fay, reason="No")
    board = page(hana, f"{room.get_absolute_url()}host/board/")
    assert without_whose(board, own) == without_whose(board, others)
    assert "quokka" not in board
    assert "quokka" not in page(hana, f"{room.get_absolute_url()}after/")
    assert "quokka" in page(hana, own.get_absolute_url())


def test_that_somebody_decided_over_what_was_out_of_sight_nobody_else_is_told(
    cast: Cast, room: Room, question: Question, rita: Member, hana: Member
) -> None:
    Network.objects.update(reports_to_hide=2)
    for reporter in (join(cast, "Ann"), join(cast, "Ben")):
        case = reported(question, reporter)
    taken_away = ask_question(room, by=cast.bob, body="quokka")
    also = reported(taken_away, rita)
    refuse_question(again(taken_away), "Asked before", by=hana)
    room.refresh_from_db()
    before = [page(rita, one.get_absolute_url()) for one in (question, taken_away)]
    lines, steps = RoomEvent.objects.count(), QuestionStep.objects.count()

    for one in (case, also):
        decide_case(again_case(one), outcome=HIDDEN, by=cast.fay, reason="It names a supplier")

    assert (RoomEvent.objects.count(), QuestionStep.objects.count()) == (lines, steps)
    after = [page(rita, one.get_absolute_url()) for one in (question, taken_away)]
    assert [shown.count("Not published") for shown in after] == [shown.count("Not published") for shown in before]
    # The hosts look again, who might read it until then.
    assert Room.objects.get(pk=room.pk).held_version > room.held_version
    assert [again(one).reason for one in (question, taken_away)] == ["It names a supplier"] * 2


@pytest.mark.parametrize("who", ["bob", "olga", "amir", "lena", "sven", "ada"])
def test_nobody_else_hides_a_question_or_brings_it_back(cast: Cast, question: Question, rita: Member, who: str) -> None:
    member = getattr(cast, who)
    case = reported(question, rita)
    with pytest.raises(Refused):
        decide_case(case, outcome=HIDDEN, by=member, reason="No")
    with pytest.raises(Refused):
        refuse_question(again(question), "No", by=member)
    decide_case(case, outcome=HIDDEN, by=cast.fay, reason="It names a supplier")
    with pytest.raises(Refused):
        put_back(again(question), by=member)
    assert again(question).state == State.REFUSED


# Nobody over their own, and nobody learns whose it is


def test_whoever_asked_without_a_name_is_told_that_it_stays_and_nobody_else_reads_that(
    cast: Cast, unnamed: Question, rita: Member, flo: Member
) -> None:
    case = reported(unnamed, rita)
    decide_case(case, outcome=LEFT, by=cast.fay)

    assert told(cast.bob) == ["Somebody reported what you asked. It was looked at and left as it is."]
    address = f"/reports/decided/{case.told_as}/"
    assert "zyzzyva" in page(cast.bob, address)
    for other in (cast.fay, flo, rita, cast.ada):
        client = Client()
        sign_in(client, other)
        assert client.get(address).status_code == 404
    assert not AuditEvent.objects.visible_to(flo).filter(object_kind="forums.case", actor_id=cast.bob.pk).exists()


def test_a_facilitator_does_nothing_about_their_own_question(cast: Cast, room: Room, rita: Member, flo: Member) -> None:
    own = ask_question(room, by=flo, body="quokka", is_unnamed=True)
    case = reported(own, rita)
    assert not Case.objects.visible_to(flo).exists()
    assert not AuditEvent.objects.visible_to(flo).filter(object_kind="forums.case").exists()
    assert told(flo) == []
    with pytest.raises(Refused, match="somebody else has to decide"):
        decide_case(case, outcome=LEFT, by=flo)
    with pytest.raises(Refused, match="Another facilitator has to take this question away"):
        refuse_question(again(own), "Mine", by=flo)

    decide_case(again_case(case), outcome=HIDDEN, by=cast.fay, reason="It names a supplier")
    with pytest.raises(Refused, match="Another facilitator has to decide"):
        put_back(again(own), by=flo)
    assert again(own).state == State.REFUSED


def test_where_nobody_else_facilitates_an_administrator_decides(cast: Cast, room: Room, rita: Member) -> None:
    own = ask_question(room, by=cast.fay, body="quokka", is_unnamed=True)
    case = reported(own, rita)
    assert told(cast.ada) == ["Somebody reported this: Question 1 in “Clinic”"]
    shown = page(cast.ada, case.get_absolute_url())
    assert "quokka" in shown
    assert "Fay" not in shown
    assert "/asker/" not in shown, "only facilitators may look"
    decide_case(case, outcome=HIDDEN, by=cast.ada, reason="It names a supplier")
    assert again(own).state == State.REFUSED


def export(member: Member, address: str) -> str:
    client = Client()
    sign_in(client, member)
    answer = client.post(address)

    @async_to_sync
    async def read() -> bytes:
        return b"".join([piece async for piece in answer.streaming_content])  # type: ignore[attr-defined]

    return read().decode()


def telling(cast: Cast) -> list[str]:
    """What would tell that it was Bob: his name, his page, and the row by which he belongs."""
    belongs = Membership.objects.get(member=cast.bob, network=cast.practitioners)
    return ["Bob", "Belongs", cast.bob.get_absolute_url(), f"/members/{belongs.pk}/", "bob@"]


def test_whoever_asked_without_a_name_stays_unnamed_from_the_report_to_the_answer_of_an_appeal(
    cast: Cast,
    room: Room,
    unnamed: Question,
    rita: Member,
    flo: Member,
    hana: Member,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    site = cast.practitioners.get_absolute_url()
    place = room.get_absolute_url()
    of_staff = [f"{site}reports/", f"{site}reports/?show=decided", f"{site}worklist/", f"{site}audit/"]
    of_staff += [f"{place}care/", f"{place}host/"]

    def nothing_tells(stage: str) -> None:
        case = Case.objects.filter(question=unnamed).first()
        pages = {
            cast.fay: [*of_staff, case.get_absolute_url()] if case else of_staff,
            flo: [*of_staff, case.get_absolute_url()] if case else of_staff,
            hana: [f"{place}host/"],
            rita: [],
        }
        for reader, own in pages.items():
            reports = [report.get_absolute_url() for report in Report.objects.told_to(reader)]
            for address in (*own, *reports, "/notices/", place, f"{place}questions/", unnamed.get_absolute_url()):
                shown = page(reader, address)
                for word in telling(cast):
                    assert word not in shown, (stage, str(reader), address, word)
        for word in telling(cast):
            assert word not in sent(room), (stage, word)
        assert f'"{cast.bob.pk}"' not in sent(room)
        send_due_mail()
        for message in mail.outbox:
            assert not any(word in f"{message.subject}{message.body}" for word in telling(cast)), stage

    nothing_tells("asked")
    assert "Bob" not in page(rita, f"{unnamed.get_absolute_url()}report/")
    case = report_question(unnamed, by=rita, kind="unlawful", words="Look at this").case
    report_from_outside(unnamed, address=place, kind="other", words="", reply_to_address="out@example.org")
    nothing_tells("reported")
    claim_case(case, by=cast.fay)
    note_on_case(case, by=cast.fay, words="Looks bad")
    decide_case(again_case(case), outcome=HIDDEN, by=cast.fay, reason="It names a supplier")
    nothing_tells("hidden")
    made = appeal(again_case(case), by=cast.bob, words="It names nobody")
    assert told(flo)[0] == "Somebody appeals against a decision: Question 1 in “Clinic”"
    assert AuditEvent.objects.get(verb="appealed").actor_id is None
    nothing_tells("appealed")
    decide_appeal(made, outcome="shown", by=flo, answer="It does not")
    nothing_tells("shown again")

    taken_away = export(cast.fay, f"{site}audit/export/")
    assert "appealed against something being hidden" in taken_away
    assert not any(word in taken_away for word in telling(cast))
    assert "Your appeal was answered: it is shown again. It does not" in told(cast.bob)
    assert not any(word in record.getMessage() for record in caplog.records for word in ("Bob", "bob@"))
    assert not AuditEvent.objects.filter(verb="looked at who asked").exists()
    assert not AuditEvent.objects.filter(network=cast.practitioners, actor_id=cast.bob.pk).exists()


def test_a_facilitator_who_has_to_know_who_asked_looks_where_it_is_written_down(
    cast: Cast, unnamed: Question, rita: Member
) -> None:
    case = reported(unnamed, rita)
    address = f"/rooms/{unnamed.room_id}/host/questions/{unnamed.uid}/asker/"
    assert f'href="{address}"' in page(cast.fay, case.get_absolute_url())
    assert "Bob" not in page(cast.fay, address)
    assert not AuditEvent.objects.filter(verb="looked at who asked").exists()

    client = Client()
    sign_in(client, cast.fay)
    assert "Bob Belongs" in client.post(address).content.decode()
    assert AuditEvent.objects.get(verb="looked at who asked").actor_id == cast.fay.pk
    assert "Bob" not in page(cast.fay, case.get_absolute_url()), "each look is one"


def test_by_name_the_case_says_who_asked_and_under_the_chatham_house_rule_it_does_not(
    cast: Cast, room: Room, question: Question, rita: Member
) -> None:
    case = reported(question, rita)
    assert "Bob Belongs" in page(cast.fay, case.get_absolute_url())
    over = timezone.now() - timedelta(seconds=1)
    Room.objects.filter(pk=room.pk).update(is_chatham_house=True, closes_at=over)
    addresses = [f"{cast.practitioners.get_absolute_url()}reports/", f"{room.get_absolute_url()}care/"]
    for address in (case.get_absolute_url(), *addresses):
        assert "Bob" not in page(cast.fay, address), address


# Pages, and an account that is closed


@pytest.mark.parametrize("who", ["bob", "rita", "olga", "amir", "lena", "sven"])
def test_the_case_of_a_question_is_there_for_those_who_look_after_it_alone(
    cast: Cast, question: Question, rita: Member, who: str
) -> None:
    case = reported(question, rita)
    client = Client()
    sign_in(client, rita if who == "rita" else getattr(cast, who))
    assert client.get(case.get_absolute_url()).status_code == 404


def test_the_case_shows_the_question_among_the_others(cast: Cast, room: Room, question: Question, rita: Member) -> None:
    reported_one = ask_question(room, by=cast.bob, body="quokka")
    ask_question(room, by=rita, body="quetzal")
    case = reported(reported_one, rita)
    shown = page(cast.fay, case.get_absolute_url())
    places = [shown.index(words) for words in ("zyzzyva", "quokka", "quetzal")]
    assert places == sorted(places)
    decide_case(case, outcome=HIDDEN, by=cast.fay, reason="Unkind")
    shown = page(cast.fay, case.get_absolute_url())
    assert "Hidden words" in shown
    assert "quokka" in shown


def test_the_queue_costs_the_same_however_many_questions_wait(cast: Cast, room: Room, rita: Member) -> None:
    client = Client()
    sign_in(client, cast.fay)

    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(f"{cast.practitioners.get_absolute_url()}reports/").status_code == 200
        return len(queries)

    reported(ask_question(room, by=cast.bob, body="One"), rita)
    count()
    few = count()
    for number in range(4):
        reported(ask_question(room, by=cast.bob, body=f"More {number}", is_unnamed=bool(number % 2)), rita)
    assert count() == few


def test_closing_with_erasing_leaves_no_word_of_it(cast: Cast, question: Question, rita: Member) -> None:
    case = hidden(question, cast, rita)
    close_account(by=cast.bob, erase=True)

    assert Report.objects.get().said == ""
    assert again_case(case).reason == "Erased by its author"
    assert "zyzzyva" not in page(cast.fay, case.get_absolute_url())


def as_read_by(member: Member, case: Case) -> list[str]:
    """All that somebody who looks after a case reads of it, without what differs each time."""
    site = case.network.get_absolute_url() if case.network else ""
    pages = [page(member, address) for address in (case.get_absolute_url(), f"{site}reports/", f"{site}worklist/")]
    differs = r'name="csrfmiddlewaretoken" value="[^"]*"|\b(a|[0-9]+) (second|minute)s?\b'
    return [re.sub(differs, "", shown) for shown in pages] + told(member)


def of_chatham_house(room: Room, *, is_over: bool = True, nameless_until: datetime | None = None) -> Room:
    closes_at = timezone.now() + timedelta(seconds=-1 if is_over else 3600)
    rules = {"is_chatham_house": True, "closes_at": closes_at, "nameless_until": nameless_until}
    Room.objects.filter(pk=room.pk).update(**rules)
    return Room.objects.select_related("network").get(pk=room.pk)


def test_when_whoever_asked_without_a_name_closes_their_account_nothing_of_the_appeal_tells_it(
    cast: Cast, unnamed: Question, rita: Member, flo: Member
) -> None:
    case = hidden(unnamed, cast, rita)
    made = appeal(case, by=cast.bob, words="It names nobody")
    for facilitator in (cast.fay, flo):
        page(facilitator, case.get_absolute_url())  # by reading it, what was new of it is not any more
    before = [as_read_by(facilitator, case) for facilitator in (cast.fay, flo)]
    assert "It names nobody" in before[1][0]
    close_account(by=cast.bob)

    assert [as_read_by(facilitator, case) for facilitator in (cast.fay, flo)] == before
    made.refresh_from_db()
    assert made.by is None
    made = decide_appeal(made, outcome="shown", by=flo, answer="It does not")
    assert again(unnamed).is_shown
    assert "It does not" in page(cast.fay, case.get_absolute_url())


def test_the_appeal_of_somebody_who_has_their_words_erased_is_decided_without_its_words(
    cast: Cast, unnamed: Question, rita: Member, flo: Member
) -> None:
    made = appeal(hidden(unnamed, cast, rita), by=cast.bob, words="It names nobody")
    close_account(by=cast.bob, erase=True)

    assert "It names nobody" not in page(flo, made.case.get_absolute_url())
    assert decide_appeal(made, outcome="kept", by=flo, answer="No").words == "Erased by whoever wrote it"


def test_where_names_are_shown_an_appeal_goes_with_the_account(
    cast: Cast, room: Room, question: Question, rita: Member
) -> None:
    appeal(hidden(question, cast, rita), by=cast.bob, words="It names nobody")
    close_account(by=cast.bob)
    assert not Appeal.objects.exists()


def test_an_appeal_about_a_message_outlives_the_account_where_no_names_are_shown(
    cast: Cast, room: Room, rita: Member
) -> None:
    message = say(room, by=cast.bob, body="zyzzyva")
    hide_message(message, by=cast.fay, reason="Unkind")
    made = appeal(again_case(message.cases.get()), by=cast.bob, words="It is not")
    of_chatham_house(room)
    before = as_read_by(cast.fay, made.case)
    close_account(by=cast.bob)
    assert as_read_by(cast.fay, made.case) == before
    assert Appeal.objects.get().by is None


@pytest.mark.parametrize("outcome", ["kept", "shown"])
@pytest.mark.parametrize("asks", ["without a name", "under the Chatham House rule"])
def test_who_answers_an_appeal_tells_no_facilitator_that_the_other_one_asked(
    cast: Cast, room: Room, rita: Member, flo: Member, asks: str, outcome: str
) -> None:
    own = ask_question(room, by=flo, body="quokka", is_unnamed=asks == "without a name")
    made = appeal(hidden(own, cast, rita), by=flo, words="It names nobody")
    if asks != "without a name":
        room = of_chatham_house(room, is_over=False)
    decide_appeal(Appeal.objects.get(), outcome=outcome, by=cast.ada, answer="Looked at")
    if asks != "without a name":
        room = of_chatham_house(room)

    site = cast.practitioners.get_absolute_url()
    shown = page(cast.fay, made.case.get_absolute_url())
    assert "Somebody else answered on" in shown
    assert "Looked at" in shown
    addresses = [f"{site}audit/", f"{site}reports/?show=decided", f"{room.get_absolute_url()}host/", "/notices/"]
    pages = [shown, *(page(cast.fay, address) for address in addresses)]
    assert not any(str(cast.ada) in shown for shown in pages)
    assert str(cast.ada) not in export(cast.fay, f"{site}audit/export/")
    assert not AuditEvent.objects.filter(actor_id=cast.ada.pk, network=cast.practitioners).exists()
    with pytest.raises(Refused) as no:
        decide_appeal(Appeal.objects.get(), outcome="kept" if outcome == "shown" else "shown", by=cast.fay, answer="")
    assert str(no.value) == "Somebody answered this appeal already."


def test_where_names_are_shown_everybody_who_looks_after_it_reads_who_answered(
    cast: Cast, question: Question, rita: Member, flo: Member
) -> None:
    made = appeal(hidden(question, cast, rita), by=cast.bob, words="It names nobody")
    decide_appeal(made, outcome="kept", by=flo, answer="It does")
    assert f"{flo} answered on" in page(cast.fay, made.case.get_absolute_url())
    assert AuditEvent.objects.get(verb="decided appeal").actor_id == flo.pk


@pytest.mark.parametrize("rule", ["during the session", "until a time"])
@pytest.mark.parametrize("what", ["a question", "a message"])
def test_under_the_chatham_house_rule_no_appeal_is_written_down_with_a_name(
    cast: Cast, room: Room, rita: Member, flo: Member, what: str, rule: str
) -> None:
    if what == "a question":
        case = hidden(ask_question(room, by=cast.bob, body="zyzzyva"), cast, rita)
    else:
        message = say(room, by=cast.bob, body="zyzzyva")
        hide_message(message, by=cast.fay, reason="Unkind")
        case = message.cases.get()
    # Given another time since it was over, a session shows the names of what is said from then on.
    earlier = timezone.now() - timedelta(hours=1)
    of_chatham_house(room, is_over=False, nameless_until=earlier if rule == "until a time" else None)
    assert again_case(case).shown_author == cast.bob
    made = appeal(again_case(case), by=cast.bob, words="It names nobody")
    decide_appeal(made, outcome="kept", by=flo, answer="It does")

    events = AuditEvent.objects.filter(verb__in=("appealed", "decided appeal"))
    assert [event.actor_id for event in events] == [None, None]


def test_the_board_of_its_asker_says_why_and_of_others_only_that_it_is_away(
    cast: Cast, room: Room, unnamed: Question, rita: Member
) -> None:
    hidden(unnamed, cast, rita)
    own, others = (QuestionBoard.of(room, member) for member in (cast.bob, rita))
    assert [one.reason for one in own.own] == ["It names a supplier"]
    assert others.own == []
    assert "It names a supplier" not in page(rita, unnamed.get_absolute_url())


@pytest.mark.django_db(transaction=True)
def test_without_the_column_no_case_is_left_of_which_nothing_says_what_it_is_about(
    cast: Cast, question: Question, rita: Member, newest_afterwards: None
) -> None:
    hidden(question, cast, rita)
    assert not migrate(("forums", "0015_kept_files")).get_model("forums", "Case").objects.exists()
    migrate()
    assert not Case.objects.exists()
    assert again(question).body == "zyzzyva"
