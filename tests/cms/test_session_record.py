"""The record of a session: whoever spoke decides, an editor approves, and everybody else reads only that."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from cms.actions.pages import publish_page, set_up_site
from cms.actions.roles import EDITORS, PUBLISHERS, give_roles, set_up_roles
from cms.actions.session_record import (
    approve_item,
    decide_over_item,
    draft_record,
    leave_out_item,
    take_off_item,
)
from cms.models import EventPage, EventRoom, RecordItem, SectionPage, SessionRecord
from cms.notifications import RECORD_CONSENT
from cms.search import search_pages
from forums.actions.hosting import refuse_question, write_answer
from forums.actions.messages import say
from forums.actions.questions import ask_question
from forums.actions.session_threads import note_recording
from forums.models import Consent, Message, Question, Room
from network.actions.closing import close_account
from network.actions.membership import leave_network
from network.models import AuditEvent, Notice
from network.permissions import Refused
from tests.cast import Cast, proof_of_signing_in, sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def link(cast: Cast) -> EventRoom:
    """The room of an event that is over: two questions of Bob's are answered, one of them asked without his name, and
    something that Fay said is pinned. A third question nobody answered."""
    now = timezone.now()
    section = publish_page(set_up_site(), SectionPage(title="Events", slug="events"), by=None)
    event = publish_page(
        section,
        EventPage(
            title="Buying AI",
            slug="buying",
            starts_at=now - timedelta(minutes=10),
            ends_at=now + timedelta(hours=1),
            network=cast.practitioners,
        ),
        by=None,
    )
    room = EventRoom.objects.get(page=event.pk).room
    Room.objects.filter(pk=room.pk).update(allows_unnamed=True)
    room = Room.objects.select_related("network").get(pk=room.pk)
    named = ask_question(room, by=cast.bob, body="Canary named question?")
    unnamed = ask_question(room, by=cast.bob, body="Canary unnamed question?", is_unnamed=True)
    ask_question(room, by=cast.bob, body="Canary unanswered question?")
    for question in (named, unnamed):
        write_answer(question, f"Canary answer {question.number}.", by=cast.fay)
    pinned = say(room, by=cast.fay, body="Canary pinned message.")
    Message.objects.filter(pk=pinned.pk).update(pinned_at=now)
    past = {"starts_at": now - timedelta(hours=2), "ends_at": now - timedelta(hours=1)}
    EventPage.objects.filter(pk=event.pk).update(**past)
    Room.objects.filter(pk=room.pk).update(opens_at=past["starts_at"], closes_at=past["ends_at"])
    return EventRoom.objects.select_related("page", "room__network").get(page=event.pk)


@pytest.fixture
def editor(cast: Cast) -> Any:
    """Olga publishes for the hub and belongs to no network."""
    set_up_site()
    set_up_roles()
    give_roles(cast.olga, {EDITORS, PUBLISHERS}, by=cast.ada)
    cast.olga.refresh_from_db()
    return type(cast.olga).objects.get(pk=cast.olga.pk)


def items(link: EventRoom) -> dict[str, RecordItem]:
    found = RecordItem.objects.filter(record__event_room=link).select_related(
        "question__room", "message__room", "record__event_room__page", "record__event_room__room__network"
    )
    return {item.thing.body.split()[1]: item for item in found}


def read(client: Client, link: EventRoom) -> str:
    page = client.get(EventPage.objects.get(pk=link.page_id).url).content.decode()
    return page.partition("<main")[2].partition("</main>")[0]


def test_a_record_has_what_was_answered_and_pinned_and_asks_each_author_once(cast: Cast, link: EventRoom) -> None:
    draft_record(link, by=cast.fay)
    draft_record(link, by=cast.fay)
    assert set(items(link)) == {"named", "unnamed", "pinned"}
    notices = Notice.objects.filter(kind=RECORD_CONSENT)
    assert sorted(notices.values_list("member__name", flat=True)) == ["Bob Belongs", "Fay Facilitates"]
    assert SessionRecord.objects.count() == 1


def test_who_ran_the_session_drafts_its_record(cast: Cast, link: EventRoom, client: Client) -> None:
    for member in (cast.bob, *cast.outsiders):
        with pytest.raises(Refused):
            draft_record(link, by=member)
        sign_in(client, member)
        assert client.post(f"/events/{link.page_id}/record/draft/").status_code == 404
    Room.objects.filter(pk=link.room_id).update(closes_at=timezone.now() + timedelta(hours=1))
    now_open = EventRoom.objects.select_related("page", "room__network").get(pk=link.pk)
    with pytest.raises(Refused):
        draft_record(now_open, by=cast.fay)


def test_its_readers_are_the_network_and_nobody_else(cast: Cast, link: EventRoom, client: Client) -> None:
    draft_record(link, by=cast.fay)
    sign_in(client, cast.bob)
    page = read(client, link)
    assert "Canary named question?" in page
    assert "Canary answer 1." in page
    assert "Bob Belongs" in page
    client.logout()
    assert "anary" not in read(client, link)
    for outsider in cast.outsiders:
        assert not SessionRecord.objects.visible_to(outsider).exists()
        assert not RecordItem.objects.visible_to(outsider).exists()
        sign_in(client, outsider)
        assert "anary" not in read(client, link)


def test_only_what_was_agreed_to_and_approved_is_public_and_without_names(
    cast: Cast, link: EventRoom, editor: Any, client: Client
) -> None:
    draft_record(link, by=cast.fay)
    for name in ("named", "unnamed"):
        with pytest.raises(Refused):  # nobody agreed
            approve_item(items(link)[name], by=editor)
    decide_over_item(items(link)["named"], by=cast.bob, agrees=True)
    decide_over_item(items(link)["unnamed"], by=cast.bob, agrees=False)
    assert "anary" not in read(client, link)  # nobody approved
    approve_item(items(link)["named"], by=editor)
    with pytest.raises(Refused):
        approve_item(items(link)["unnamed"], by=editor)
    page = read(client, link)
    assert "Canary named question?" in page
    assert "Canary answer 1." in page
    for word in ("unnamed question", "answer 2", "pinned", "unanswered", "Bob", "Fay", "Exampleshire", "An officer"):
        assert word not in page
    # Asked again by its author, it is gone at once, and agreeing again does not bring it back by itself.
    decide_over_item(items(link)["named"], by=cast.bob, agrees=False)
    assert "anary" not in read(client, link)
    decide_over_item(items(link)["named"], by=cast.bob, agrees=True)
    assert "anary" not in read(client, link)


def test_another_answer_is_not_public_before_it_is_approved(
    cast: Cast, link: EventRoom, editor: Any, client: Client
) -> None:
    draft_record(link, by=cast.fay)
    decide_over_item(items(link)["named"], by=cast.bob, agrees=True)
    approve_item(items(link)["named"], by=editor)
    write_answer(Question.objects.select_related("room").get(number=1), "Canary changed.", by=cast.fay)
    page = read(client, link)
    assert "Canary answer 1." in page
    assert "Canary changed." not in page
    approve_item(items(link)["named"], by=editor)
    assert "Canary changed." in read(client, link)
    take_off_item(items(link)["named"], by=editor)
    assert "anary" not in read(client, link)


def test_nobody_but_the_author_agrees_and_nobody_but_an_editor_approves(
    cast: Cast, link: EventRoom, client: Client
) -> None:
    draft_record(link, by=cast.fay)
    for member in (cast.fay, *cast.outsiders):
        with pytest.raises(Refused):
            decide_over_item(items(link)["named"], by=member, agrees=True)
    decide_over_item(items(link)["named"], by=cast.bob, agrees=True)
    for member in (cast.fay, cast.bob, *cast.outsiders):
        with pytest.raises(Refused):
            approve_item(items(link)["named"], by=member)
        with pytest.raises(Refused):
            take_off_item(items(link)["named"], by=member)
        sign_in(client, member)
        assert client.get(f"/events/{link.page_id}/record/approve/").status_code == 404
    sign_in(client, cast.amir)
    assert client.get(f"/events/{link.page_id}/record/agree/").status_code == 404


def test_an_editor_from_outside_sees_only_what_was_agreed_to(
    cast: Cast, link: EventRoom, editor: Any, client: Client
) -> None:
    draft_record(link, by=cast.fay)
    decide_over_item(items(link)["named"], by=cast.bob, agrees=True)
    client.force_login(editor)
    session = client.session
    session.update(proof_of_signing_in(editor))
    session.save()
    address = f"/events/{link.page_id}/record/approve/"
    page = client.get(address).content.decode()
    assert "Canary named question?" in page
    for word in ("unnamed question", "pinned", "unanswered", "Bob"):
        assert word not in page
    client.post(address, {"item": items(link)["named"].pk})
    assert "Canary named question?" in read(Client(), link)
    # What its author takes back meanwhile is approved no more.
    decide_over_item(items(link)["named"], by=cast.bob, agrees=False)
    answer = client.post(address, {"item": items(link)["named"].pk}, follow=True)
    assert "does not agree" in answer.content.decode()
    assert "anary" not in read(Client(), link)


def test_the_author_answers_on_a_page_of_their_own(cast: Cast, link: EventRoom, client: Client) -> None:
    draft_record(link, by=cast.fay)
    sign_in(client, cast.bob)
    assert "stand on a public page?" in client.get("/notices/").content.decode()
    address = f"/events/{link.page_id}/record/agree/"
    page = client.get(address).content.decode()
    assert "Canary named question?" in page
    assert "pinned" not in page
    answers = {f"item-{items(link)['named'].pk}": "yes", f"item-{items(link)['unnamed'].pk}": "no"}
    client.post(address, answers)
    assert Question.objects.get(number=1).consent == Consent.YES
    assert Question.objects.get(number=2).consent == Consent.NO
    assert client.get(address).content.decode().count(" checked") == 2
    assert not Notice.objects.unread().filter(member=cast.bob, kind=RECORD_CONSENT).exists()
    # Who has left may still take it back.
    leave_network(cast.practitioners, by=cast.bob)
    client.post(address, {f"item-{items(link)['named'].pk}": "no"})
    assert Question.objects.get(number=1).consent == Consent.NO


def test_what_is_refused_or_hidden_afterwards_is_public_no_more(
    cast: Cast, link: EventRoom, editor: Any, client: Client
) -> None:
    draft_record(link, by=cast.fay)
    for name, author in (("named", cast.bob), ("pinned", cast.fay)):
        decide_over_item(items(link)[name], by=author, agrees=True)
        approve_item(items(link)[name], by=editor)
    assert "Canary pinned message." in read(client, link)
    refuse_question(Question.objects.select_related("room").get(number=1), "No", by=cast.fay)
    Message.objects.filter(body__startswith="Canary pinned").update(hidden_at=timezone.now())
    assert "anary" not in read(client, link)


@pytest.mark.parametrize("erase", [True, False])
def test_with_a_closed_account_consent_falls_away(
    cast: Cast, link: EventRoom, editor: Any, client: Client, erase: bool
) -> None:
    draft_record(link, by=cast.fay)
    decide_over_item(items(link)["named"], by=cast.bob, agrees=True)
    approve_item(items(link)["named"], by=editor)
    assert "Canary named" in read(client, link)
    close_account(by=cast.bob, erase=erase)
    assert "anary" not in read(client, link)
    assert not RecordItem.objects.exclude(approved_at=None).exists()
    assert not Question.objects.filter(consent=Consent.YES).exists()


def test_the_search_of_pages_finds_nothing_of_it(cast: Cast, link: EventRoom, editor: Any) -> None:
    draft_record(link, by=cast.fay)
    decide_over_item(items(link)["named"], by=cast.bob, agrees=True)
    for viewer in (cast.olga, cast.bob):
        assert search_pages(viewer, "canary") == []


def test_under_the_chatham_house_rule_the_record_has_no_names(cast: Cast, link: EventRoom, client: Client) -> None:
    Room.objects.filter(pk=link.room_id).update(is_chatham_house=True)
    draft_record(EventRoom.objects.select_related("page", "room__network").get(pk=link.pk), by=cast.fay)
    sign_in(client, cast.bob)
    section = read(client, link).partition('id="session-record"')[2].partition("</section>")[0]
    assert "Canary named question?" in section
    for word in ("Bob", "Fay", "Exampleshire", "An officer"):
        assert word not in section


def test_the_page_takes_as_many_queries_for_many_items_as_for_few(
    cast: Cast, link: EventRoom, client: Client, django_assert_max_num_queries: Any
) -> None:
    draft_record(link, by=cast.fay)
    address = EventPage.objects.get(pk=link.page_id).url
    sign_in(client, cast.bob)
    client.get(address)
    with django_assert_max_num_queries(60) as few:
        client.get(address)
    now = timezone.now()
    questions = Question.objects.bulk_create(
        Question(
            room=link.room, author=cast.bob, number=number, body=f"Question {number}?", state="written", answer="Yes"
        )
        for number in range(10, 50)
    )
    drafted = SessionRecord.objects.get()
    RecordItem.objects.bulk_create(RecordItem(record=drafted, question=question, at=now) for question in questions)
    with django_assert_max_num_queries(60) as many:
        client.get(address)
    assert len(many) == len(few)


def test_whoever_ran_the_session_leaves_something_out_and_no_draft_brings_it_back(
    cast: Cast, link: EventRoom, editor: Any, client: Client
) -> None:
    draft_record(link, by=cast.fay)
    decide_over_item(items(link)["named"], by=cast.bob, agrees=True)
    item = approve_item(items(link)["named"], by=editor)
    sign_in(client, cast.fay)
    out, back = (f"/events/{link.page_id}/record/{item.pk}/{do}/" for do in ("leave-out", "put-back"))
    assert out in read(client, link)

    for _ in range(2):
        assert client.post(out).status_code == 302
    draft_record(link, by=cast.fay)

    assert "Canary named question?" not in read(Client(), link)
    for member in (cast.bob, editor):
        sign_in(client, member)
        assert "Canary named question?" not in read(client, link).partition("session-record")[2].partition("</ol>")[0]
    with pytest.raises(Refused):
        approve_item(item, by=editor)
    assert AuditEvent.objects.filter(verb="left out of record").count() == 1
    sign_in(client, cast.fay)
    assert "Left out of the record (1)" in read(client, link)
    client.post(back)
    assert out in read(client, link)
    assert "Canary named question?" not in read(Client(), link)  # until it is approved anew


def test_nobody_else_leaves_anything_out(cast: Cast, link: EventRoom, editor: Any, client: Client) -> None:
    draft_record(link, by=cast.fay)
    item = items(link)["named"]
    for member in (cast.bob, *cast.outsiders):
        with pytest.raises(Refused):
            leave_out_item(item, by=member)
        sign_in(client, member)
        for do in ("leave-out", "put-back"):
            assert client.post(f"/events/{link.page_id}/record/{item.pk}/{do}/").status_code == 404
    assert items(link)["named"].left_out_at is None


def test_the_record_says_what_became_of_a_question_and_leads_to_the_recording(
    cast: Cast, link: EventRoom, editor: Any, client: Client
) -> None:
    Question.objects.filter(body__contains=" named").update(state=Question.State.ANSWERED, answer="")
    sign_in(client, cast.bob)
    assert "There is no recording" in read(client, link)
    note_recording(link.room, by=cast.fay, link="https://video.example.org/buying", began_at=None)
    draft_record(link, by=cast.fay)
    page = read(client, link)
    assert 'href="https://video.example.org/buying"' in page
    assert "There is no recording" not in page
    assert ". Answered live" in page
    item = items(link)["named"]
    decide_over_item(item, by=cast.bob, agrees=True)
    approve_item(items(link)["named"], by=editor)
    assert "It was answered in the session" in read(Client(), link)
    assert "video.example.org" not in read(Client(), link)


def test_from_the_room_and_the_question_of_consent_there_is_a_way_to_the_event(
    cast: Cast, link: EventRoom, client: Client
) -> None:
    draft_record(link, by=cast.fay)
    sign_in(client, cast.bob)
    way = f'href="/events/{link.page_id}/page/"'
    assert way in client.get(f"/rooms/{link.room_id}/").content.decode()
    assert f'href="/rooms/{link.room_id}/">Search what was said and asked' in read(client, link)
    asked = client.get(f"/events/{link.page_id}/record/agree/").content.decode()
    assert f'href="{EventPage.objects.get(pk=link.page_id).url}">Back to the event' in asked
    EventPage.objects.get(pk=link.page_id).unpublish()
    assert way not in client.get(f"/rooms/{link.room_id}/").content.decode()
