"""From asking to join to a decision: the conversation, the history, the queue, the mail and the reminder."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from network.actions.mail import send_due_mail
from network.actions.membership import (
    answer_question,
    approve_request,
    ask_question,
    ask_to_join,
    decline_request,
    remind_of_requests,
    withdraw_request,
    working_days_after,
)
from network.models import AuditEvent, MailLedger, Member, Membership, MembershipEvent, Network
from network.notifications import unread_notices
from network.permissions import Refused
from tests.cast import Cast, sign_in

REQUESTS = "/networks/ai-practitioners/requests/"
OWN = "/networks/ai-practitioners/request/"


@pytest.fixture
def request_of_amir(cast: Cast) -> Membership:
    return Membership.objects.get(member=cast.amir)


def client_of(member: Member | None) -> Client:
    client = Client()
    if member:
        sign_in(client, member)
    return client


def page_of(member: Member | None, address: str) -> str:
    response = client_of(member).get(address)
    assert response.status_code == 200, (address, response.status_code)
    return str(response.content.decode())


def kinds(membership: Membership) -> list[str]:
    return [event.kind for event in MembershipEvent.objects.filter(membership=membership)]


def sent() -> dict[str, Any]:
    """What the worker sends now, by subject."""
    mail.outbox.clear()
    send_due_mail(now=timezone.now() + timedelta(minutes=1))
    return {message.subject: message for message in mail.outbox}


# History


def test_every_step_is_kept_with_who_and_in_what_words_when_somebody_asks_again(cast: Cast) -> None:
    request = ask_to_join(cast.practitioners, by=cast.olga, reason="First reason", job="Analyst")
    decline_request(request, by=cast.fay, words="Say more.")
    ask_to_join(cast.practitioners, by=cast.olga, reason="Second reason", job="Analyst")
    assert "Your role, as you gave it:</strong> Analyst" in page_of(cast.olga, OWN)
    ask_question(Membership.objects.get(pk=request.pk), by=cast.fay, words="Which model?")
    answer_question(cast.practitioners, by=cast.olga, words="Our own.")
    approve_request(Membership.objects.get(pk=request.pk), by=cast.fay, words="Welcome.")

    history = MembershipEvent.objects.filter(membership=request)
    assert [(event.kind, event.by, event.words) for event in history] == [
        ("asked", cast.olga, "First reason"),
        ("declined", cast.fay, "Say more."),
        ("asked", cast.olga, "Second reason"),
        ("question", cast.fay, "Which model?"),
        ("answer", cast.olga, "Our own."),
        ("approved", cast.fay, "Welcome."),
    ]


def test_no_audit_event_holds_words(cast: Cast, request_of_amir: Membership) -> None:
    ask_question(request_of_amir, by=cast.fay, words="Zebra")
    answer_question(cast.practitioners, by=cast.amir, words="Zebra")
    decline_request(request_of_amir, by=cast.fay, words="Zebra")

    assert AuditEvent.objects.count() == 3
    assert not any("Zebra" in str(event.details) for event in AuditEvent.objects.all())


# The conversation


def test_a_question_reaches_the_applicant_and_the_answer_the_facilitators(
    cast: Cast, request_of_amir: Membership
) -> None:
    ask_question(request_of_amir, by=cast.fay, words="What do you build?")
    assert [notice.title for notice in unread_notices(cast.amir)] == [
        "The facilitators of the AI Practitioners Network have a question about your request"
    ]
    assert "What do you build?" in page_of(cast.amir, OWN)
    assert "Answer the question" in page_of(cast.amir, "/networks/ai-practitioners/")
    assert "Answer the question" in page_of(cast.amir, "/welcome/")
    assert "Asked, no answer yet" in page_of(cast.fay, REQUESTS)

    answer = client_of(cast.amir).post(OWN, {"words": "A planner."}, follow=True).content.decode()

    assert "The facilitators have your answer." in answer
    assert unread_notices(cast.amir) == []
    assert "Amir Applied has answered about joining the AI Practitioners Network" in [
        notice.title for notice in unread_notices(cast.fay)
    ]
    page = page_of(cast.fay, REQUESTS)
    assert "A planner." in page
    assert "Answered" in page
    assert unread_notices(cast.bob) == []


def test_an_applicant_reads_their_history_and_no_names(cast: Cast, request_of_amir: Membership) -> None:
    ask_question(request_of_amir, by=cast.fay, words="What do you build?")
    page = page_of(cast.amir, OWN)

    assert "What do you build?" in page
    assert "Fay" not in page


@pytest.mark.parametrize("who", ["bob", "olga", "ada"])
def test_whoever_never_asked_has_no_such_page(cast: Cast, who: str) -> None:
    Membership.objects.filter(member=cast.bob).update(requested_at=None)

    assert client_of(getattr(cast, who)).get(OWN).status_code == 404


def test_somebody_not_signed_in_is_asked_to(cast: Cast) -> None:
    assert client_of(None).get(OWN)["Location"] == f"/account/login/code/?next={OWN}"


def test_nobody_answers_what_was_not_asked(cast: Cast, request_of_amir: Membership) -> None:
    with pytest.raises(Refused, match="have not asked you anything"):
        answer_question(cast.practitioners, by=cast.amir, words="Hello?")
    assert client_of(cast.amir).post(OWN, {"words": "Hello?"}).status_code == 403
    for outsider in (cast.olga, cast.lena, cast.sven, cast.bob):
        with pytest.raises(Refused):
            answer_question(cast.practitioners, by=outsider, words="Me too")


def test_a_question_from_before_is_not_one_about_a_new_request(cast: Cast, request_of_amir: Membership) -> None:
    ask_question(request_of_amir, by=cast.fay, words="What do you build?")
    decline_request(request_of_amir, by=cast.fay, words="No answer.")
    ask_to_join(cast.practitioners, by=cast.amir, reason="Again", now=timezone.now() + timedelta(seconds=1))

    assert "have a question about it" not in page_of(cast.amir, "/networks/ai-practitioners/")
    assert "Before this request" in page_of(cast.fay, REQUESTS)
    with pytest.raises(Refused):
        answer_question(cast.practitioners, by=cast.amir, words="Late")


@pytest.mark.parametrize("who", ["bob", "olga", "amir", "lena", "sven", "ada"])
def test_nobody_but_a_facilitator_asks(cast: Cast, request_of_amir: Membership, who: str) -> None:
    with pytest.raises(Refused):
        ask_question(request_of_amir, by=getattr(cast, who), words="Hm?")
    response = client_of(getattr(cast, who)).post(f"{REQUESTS}{request_of_amir.pk}/question/", {"words": "Hm?"})
    assert response.status_code == 404
    assert client_of(getattr(cast, who)).get(f"{REQUESTS}decided/").status_code == 404


# Withdrawing


def test_an_applicant_withdraws_and_may_ask_again(cast: Cast, request_of_amir: Membership) -> None:
    page = client_of(cast.amir).post(f"{OWN}withdraw/", follow=True).content.decode()

    assert "You have withdrawn your request" in page
    assert "Nobody is waiting" in page_of(cast.fay, REQUESTS)
    with pytest.raises(Refused, match="was withdrawn"):
        approve_request(Membership.objects.get(pk=request_of_amir.pk), by=cast.fay)
    assert ask_to_join(cast.practitioners, by=cast.amir, reason="After all").is_requested


def test_nobody_withdraws_what_is_decided(cast: Cast, request_of_amir: Membership) -> None:
    approve_request(request_of_amir, by=cast.fay)

    with pytest.raises(Refused, match="not open any more"):
        withdraw_request(cast.practitioners, by=cast.amir)
    assert cast.practitioners in Network.objects.of(cast.amir)


# The queue


def ask_many(cast: Cast, officers: list[Member]) -> None:
    now = timezone.now()
    for n, officer in enumerate(officers):
        row = Membership.objects.create(
            member=officer,
            network=cast.practitioners,
            state="requested",
            reason="R",
            requested_at=now - timedelta(days=30 - n),
        )
        MembershipEvent.objects.create(membership=row, kind="asked", by=officer, words="R", at=row.requested_at)
        MembershipEvent.objects.create(membership=row, kind="question", by=cast.fay, words="Q")


def test_the_queue_has_twenty_five_to_a_page_longest_waiting_first(
    cast: Cast, make_officers: Callable[[int], list[Member]]
) -> None:
    officers = make_officers(27)
    ask_many(cast, officers)
    first, second = page_of(cast.fay, REQUESTS), page_of(cast.fay, f"{REQUESTS}?page=2")

    assert first.count("Decline and say why") == 25
    names = re.findall(r">(Officer \d+)\s*<", first)
    assert (names[0], names[24]) == ("Officer 0", "Officer 24")
    assert re.search(r">Officer 25\s*<", second)
    assert "Amir Applied" in second


def test_the_queue_and_the_decisions_take_as_many_queries_for_twenty_as_for_two(
    cast: Cast, make_officers: Callable[[int], list[Member]]
) -> None:
    fay = client_of(cast.fay)

    def queries(address: str) -> int:
        fay.get(address)  # what is cached for good is cached now
        with CaptureQueriesContext(connection) as captured:
            assert fay.get(address).status_code == 200
        return len(captured)

    ask_many(cast, make_officers(2))
    MembershipEvent.objects.filter(kind="question").update(kind="declined")
    few = queries(REQUESTS), queries(f"{REQUESTS}decided/")
    ask_many(cast, make_officers(20))
    MembershipEvent.objects.filter(kind="question").update(kind="declined")

    assert (queries(REQUESTS), queries(f"{REQUESTS}decided/")) == few
    assert max(few) <= 14


def test_decisions_say_who_when_and_why(cast: Cast, request_of_amir: Membership) -> None:
    decline_request(request_of_amir, by=cast.fay, words="Not <b>yet</b>.")
    page = page_of(cast.fay, f"{REQUESTS}decided/")

    assert "Amir Applied" in page
    assert "Declined</strong>, Fay Facilitates" in page
    assert "Not &lt;b&gt;yet&lt;/b&gt;." in page


def test_approving_may_come_with_words(cast: Cast, request_of_amir: Membership) -> None:
    fay = client_of(cast.fay)
    assert "Approve the request of Amir Applied" in page_of(cast.fay, f"{REQUESTS}{request_of_amir.pk}/approve/")
    fay.post(f"{REQUESTS}{request_of_amir.pk}/approve/", {"words": "Glad to have you."})

    assert "Glad to have you." in page_of(cast.amir, OWN)


# Mail


def test_each_answer_is_mailed_with_its_words(cast: Cast, request_of_amir: Membership) -> None:
    ask_question(request_of_amir, by=cast.fay, words="What do you build?")
    question = sent()["A question about your request to join the AI Practitioners Network"]
    decline_request(request_of_amir, by=cast.fay, words="Not yet.")
    declined = sent()["Your request to join the AI Practitioners Network"]

    assert question.to == declined.to == [cast.amir.email]
    assert "What do you build?" in question.body
    assert "/networks/ai-practitioners/request/" in question.body
    assert "Not yet." in declined.body
    assert sent() == {}


def test_a_network_can_keep_its_words_out_of_mail(cast: Cast, request_of_amir: Membership) -> None:
    Network.objects.update(content_free_mail=True)
    ask_question(request_of_amir, by=cast.fay, words="Zebra")
    question = sent()
    approve_request(request_of_amir, by=cast.fay, words="Zebra")
    approved = sent()

    assert len(question) == len(approved) == 1
    for message in (*question.values(), *approved.values()):
        assert "Zebra" not in message.body


def test_what_is_no_longer_true_when_the_mail_would_go_is_not_sent(cast: Cast, request_of_amir: Membership) -> None:
    ask_question(request_of_amir, by=cast.fay, words="What do you build?")
    withdraw_request(cast.practitioners, by=cast.amir)

    assert sent() == {}
    assert MailLedger.objects.get().state == MailLedger.State.DROPPED


def test_an_answered_question_is_not_mailed(cast: Cast, request_of_amir: Membership) -> None:
    ask_question(request_of_amir, by=cast.fay, words="What do you build?")
    answer_question(cast.practitioners, by=cast.amir, words="I saw it at once.")

    assert sent() == {}


# The reminder

LONDON = ZoneInfo("Europe/London")


def london(day: int, hour: int = 12) -> datetime:
    """In March 2026, whose 2nd is a Monday; the clocks go forward on the 29th."""
    return datetime(2026, 3, day, hour, tzinfo=LONDON)


@pytest.mark.parametrize(
    ("asked", "late"),
    [
        (london(2), london(4)),  # Monday to Wednesday
        (london(5), london(9)),  # Thursday to Monday
        (london(6), london(10)),  # Friday to Tuesday
        (london(7), london(11, 0)),  # Saturday counts from Monday
        (london(8, 23), london(11, 0)),
        (london(27), london(31)),  # noon stays noon when the clocks change
    ],
)
def test_two_working_days_are_monday_to_friday_as_london_has_them(asked: datetime, late: datetime) -> None:
    assert working_days_after(asked, 2) == late


def test_facilitators_are_reminded_once_of_a_request(cast: Cast, request_of_amir: Membership) -> None:
    Membership.objects.filter(pk=request_of_amir.pk).update(requested_at=london(2))

    assert remind_of_requests(now=london(4, 11)) == 0
    assert remind_of_requests(now=london(4, 12)) == 1
    assert remind_of_requests(now=london(4, 13)) == 0
    [(subject, message)] = sent().items()
    assert subject == "1 request to join the AI Practitioners Network waits for you"
    assert message.to == [cast.fay.email]
    assert "Amir" not in message.body
    assert [notice.title for notice in unread_notices(cast.fay)] == [
        "Amir Applied asks to join the AI Practitioners Network"
    ]


def test_nobody_is_reminded_while_it_is_the_applicants_turn(cast: Cast, request_of_amir: Membership) -> None:
    Membership.objects.filter(pk=request_of_amir.pk).update(requested_at=london(2))
    ask_question(request_of_amir, by=cast.fay, words="What?", now=london(2, 13))

    assert remind_of_requests(now=london(6)) == 0
    answer_question(cast.practitioners, by=cast.amir, words="This.", now=london(6))
    assert remind_of_requests(now=london(9)) == 0
    assert remind_of_requests(now=london(10)) == 1


def test_a_reminder_of_what_was_decided_meanwhile_is_not_sent(cast: Cast, request_of_amir: Membership) -> None:
    Membership.objects.filter(pk=request_of_amir.pk).update(requested_at=london(2))
    remind_of_requests(now=london(4))
    decline_request(Membership.objects.get(pk=request_of_amir.pk), by=cast.fay, words="No.")

    assert "waits for you" not in str(sent())


def test_asking_again_may_be_reminded_of_again(cast: Cast, request_of_amir: Membership) -> None:
    Membership.objects.filter(pk=request_of_amir.pk).update(requested_at=london(2))
    remind_of_requests(now=london(4))
    decline_request(Membership.objects.get(pk=request_of_amir.pk), by=cast.fay, words="No.", now=london(4, 13))
    ask_to_join(cast.practitioners, by=cast.amir, reason="Again", now=london(9))

    assert remind_of_requests(now=london(11)) == 1
