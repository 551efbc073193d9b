"""Polls of a live room: who makes and opens them, and who sees what of the results and when. That the counts are exact
when many vote at once is in `test_poll_counts.py`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from forums.actions.poll_votes import Choosing, choose, choose_together
from forums.actions.polls import PollWords, change_poll, close_poll, delete_poll, make_poll, open_poll
from forums.actions.room_roles import give_room_role
from forums.actions.rooms import schedule_room
from forums.limits import VOTING
from forums.live import log, protocol
from forums.live.hub import Database, RoomHub
from forums.models import Poll, PollOption, PollVote, Room, RoomEvent
from forums.models.poll import shares_of
from network.actions.closing import close_account
from network.export import parts
from network.models import AuditEvent, Member, Membership, Network
from network.permissions import Refused
from tests.cast import Cast, sign_in

pytestmark = pytest.mark.django_db

OUTSIDERS = ["olga", "amir", "lena", "sven", "ada"]
Results = Poll.Results


@pytest.fixture
def room(cast: Cast) -> Room:
    return room_of(cast.practitioners)


def room_of(network: Network) -> Room:
    now = timezone.now()
    return schedule_room(
        network, title="Clinic", opens_at=now - timedelta(hours=1), closes_at=now + timedelta(hours=1), by=None
    )


def draft(room: Room, by: Member, **more: object) -> Poll:
    words = {"title": "Which first?", "options": ["Planning", "Care", "Waste"], "smallest": 1} | more
    return make_poll(room, PollWords(**words), by=by)  # type: ignore[arg-type]


def opened(room: Room, by: Member, **more: object) -> Poll:
    return open_poll(draft(room, by, **more), by=by)


def crowd(network: Network, size: int) -> list[Member]:
    """So many members, quickly."""
    members = Member.objects.bulk_create(
        Member(email=f"voter{n}@example.org", name=f"Voter {n}", is_active=True) for n in range(size)
    )
    now = timezone.now()
    Membership.objects.bulk_create(
        Membership(member=member, network=network, state="active", joined_at=now, read_before=now) for member in members
    )
    return members


def numbers(poll: Poll) -> list[int]:
    return [option.pk for option in poll.options.order_by("order")]


def spread(poll: Poll, votes: list[int]) -> None:
    """The first option is chosen so often, the second so often."""
    chosen = [option for option, times in zip(numbers(poll), votes, strict=True) for _ in range(times)]
    voters = crowd(poll.room.network, len(chosen))
    choosings = [Choosing(voter.pk, poll.pk, (option,)) for voter, option in zip(voters, chosen, strict=True)]
    assert choose_together(poll.room_id, choosings) == [None] * len(chosen)


def counts(poll: Poll) -> list[int]:
    return list(PollOption.objects.filter(poll=poll).order_by("order").values_list("votes", flat=True))


def client_of(member: Member) -> Client:
    client = Client()
    sign_in(client, member)
    return client


def text(member: Member, address: str) -> str:
    return client_of(member).get(address).content.decode()


# Making


def test_a_poll_is_seen_by_those_who_run_the_room_until_it_is_opened(cast: Cast, room: Room) -> None:
    poll = draft(room, cast.fay)

    assert poll in Poll.objects.visible_to(cast.fay)
    assert poll not in Poll.objects.visible_to(cast.bob)
    assert client_of(cast.bob).get(poll.get_absolute_url()).status_code == 404
    assert "Which first?" not in text(cast.bob, reverse("room_polls", args=[room.pk]))
    assert "Which first?" in text(cast.fay, reverse("room_polls", args=[room.pk]))
    assert not RoomEvent.objects.exists()

    open_poll(poll, by=cast.fay)

    assert poll in Poll.objects.visible_to(cast.bob)
    assert "Which first?" in text(cast.bob, room.get_absolute_url())
    [line] = log.after(room.pk, 0, 10)
    assert (line.event.kind, line.poll) == ("poll", poll)
    assert list(AuditEvent.objects.filter(actor_id=cast.fay.pk).values_list("verb", flat=True)) == ["opened poll"]


def test_a_host_makes_polls_and_a_member_does_not(cast: Cast, room: Room) -> None:
    with pytest.raises(Refused, match="host this session"):
        draft(room, cast.bob)
    give_room_role(room, cast.bob, role="host", by=cast.fay)

    poll = opened(room, cast.bob)
    close_poll(poll, by=cast.bob)

    assert Poll.objects.get().state == Poll.State.CLOSED


@pytest.mark.parametrize("who", [None, *OUTSIDERS])
def test_outsiders_see_no_poll_by_any_door(client: Client, cast: Cast, room: Room, who: str | None) -> None:
    poll = opened(room, cast.fay)
    choose(poll, numbers(poll)[:1], by=cast.bob)
    close_poll(poll, by=cast.fay)
    viewer = getattr(cast, who) if who else AnonymousUser()
    if who:
        sign_in(client, viewer)

    for model in (Poll, PollOption, PollVote):
        assert model.objects.exists()
        assert not model.objects.visible_to(viewer).exists()  # type: ignore[attr-defined]
    for name in ("poll", "poll_outcome", "poll_change"):
        assert client.get(reverse(name, args=[room.pk, poll.pk])).status_code == 404
    for name in ("room_polls", "poll_new"):
        assert client.get(reverse(name, args=[room.pk])).status_code == 404
    for name in ("poll_vote", "poll_open", "poll_close", "poll_delete", "poll_change"):
        assert client.post(reverse(name, args=[room.pk, poll.pk]), {"options": numbers(poll)[0]}).status_code == 404
    if who:
        [outcome] = choose_together(room.pk, [Choosing(viewer.pk, poll.pk, (numbers(poll)[0],))])
        assert isinstance(outcome, Refused)
        for verb in (open_poll, close_poll, delete_poll):
            with pytest.raises(Refused):
                verb(poll, by=viewer)


def test_a_member_who_runs_nothing_is_told_so(cast: Cast, room: Room) -> None:
    poll = opened(room, cast.fay)
    bob = client_of(cast.bob)

    for address in (reverse("poll_new", args=[room.pk]), reverse("poll_change", args=[room.pk, poll.pk])):
        assert bob.get(address).status_code == 403
    for name in ("poll_open", "poll_close", "poll_delete"):
        assert bob.post(reverse(name, args=[room.pk, poll.pk])).status_code == 403
    assert bob.post(reverse("poll_new", args=[room.pk]), {}).status_code == 403


def test_nobody_sees_what_somebody_else_chose(cast: Cast, room: Room) -> None:
    poll = opened(room, cast.fay)
    choose(poll, numbers(poll)[:1], by=cast.bob)

    assert PollVote.objects.visible_to(cast.bob).count() == 1
    assert not PollVote.objects.visible_to(cast.fay).exists()


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("title", "", "Enter what the poll asks"),
        ("title", "x" * 201, "200 characters or fewer"),
        ("options", "Only one", "at least 2 answers"),
        ("options", "\n".join(f"Answer {n}" for n in range(11)), "at most 10 answers: you have entered 11"),
        ("options", "Yes\n yes ", "Two answers are the same"),
        ("options", "Yes\n" + "n" * 121, "at most 120 characters"),
        ("results", "whenever", "Select who sees the results"),
        ("smallest", "0", "Enter a number from 1 to 100"),
        ("smallest", "9999999999", "Enter a number from 1 to 100"),
        ("smallest", "some", "Enter a number from 1 to 100"),
    ],
)
def test_what_is_no_poll_is_shown_again_with_the_reason_beside_the_field(
    cast: Cast, room: Room, field: str, typed: str, words: str
) -> None:
    good = {"title": "Which one?", "options": "This one\nThat one", "is_multiple": "several", "results": "always"}
    form = good | {"smallest": "7", field: typed}

    html = client_of(cast.fay).post(reverse("poll_new", args=[room.pk]), form).content.decode()

    assert re.search(rf'id="id_{field}_error"[^>]*>.*{re.escape(words)}', html)
    assert "<title>Error: Make a poll" in html
    for name, value in form.items():
        if name in ("title", "options", "smallest") and value:
            assert value.strip() in html, name
    assert re.search(r'value="several"[^>]* checked', html)
    assert not Poll.objects.exists()
    with pytest.raises(ValidationError):
        make_poll(room, PollWords("", ["One"], results="whenever", smallest=0), by=cast.fay)


def test_the_form_makes_a_poll_for_later_or_opens_it_and_sent_twice_makes_one(cast: Cast, room: Room) -> None:
    fay, address = client_of(cast.fay), reverse("poll_new", args=[room.pk])
    found = re.search(r'name="form_id" value="([^"]+)"', fay.get(address).content.decode())
    assert found
    form = {"title": "Which  one?", "options": "\n This one \n\nThat   one\n", "results": "closed", "smallest": "3"}

    for _ in range(2):
        fay.post(address, form | {"form_id": found.group(1)})
    fay.post(address, form | {"title": "And now?", "is_multiple": "several", "open": "now"})

    later, now = Poll.objects.order_by("pk")
    assert (later.title, later.state, later.results, later.smallest) == ("Which one?", "draft", "closed", 3)
    assert [option.text for option in later.options.all()] == ["This one", "That one"]
    assert (now.state, now.is_multiple) == ("open", True)


def test_a_poll_is_changed_until_it_is_opened_and_then_stays(cast: Cast, room: Room) -> None:
    poll, fay = draft(room, cast.fay), client_of(cast.fay)
    address = reverse("poll_change", args=[room.pk, poll.pk])
    assert "Planning\nCare\nWaste" in fay.get(address).content.decode()
    form = {"title": "Which last?", "options": "Planning\nRoads", "results": "always", "smallest": "2"}
    fay.post(address, form)
    poll.refresh_from_db()
    assert (poll.title, [option.text for option in poll.options.all()]) == ("Which last?", ["Planning", "Roads"])

    open_poll(poll, by=cast.fay)
    answer = fay.post(address, form | {"title": "Too late"})

    assert answer.status_code == 403
    assert "has been opened, so it stays as it is" in answer.content.decode()
    assert 'value="Too late"' in answer.content.decode()
    with pytest.raises(Refused):
        change_poll(poll, PollWords("No", ["A", "B"]), by=cast.fay)
    with pytest.raises(Refused):
        delete_poll(poll, by=cast.fay)
    assert Poll.objects.get().title == "Which last?"


def test_a_poll_that_was_not_opened_is_deleted_twice_as_once(cast: Cast, room: Room) -> None:
    poll = draft(room, cast.fay)
    for _ in range(2):
        delete_poll(poll, by=cast.fay)
    assert not Poll.objects.exists()
    with pytest.raises(Refused, match="deleted this poll"):
        open_poll(poll, by=cast.fay)


def test_a_poll_opens_and_closes_once_and_never_again(cast: Cast, room: Room) -> None:
    poll = draft(room, cast.fay)
    with pytest.raises(Refused, match="not been opened"):
        close_poll(poll, by=cast.fay)
    for verb in (open_poll, open_poll, close_poll, close_poll):
        poll = verb(Poll.objects.whole().get(), by=cast.fay)
    with pytest.raises(Refused, match="make another poll"):
        open_poll(poll, by=cast.fay)
    assert RoomEvent.objects.count() == 2
    assert AuditEvent.objects.filter(verb__in=["opened poll", "closed poll"]).count() == 2


def test_a_poll_opens_only_while_people_can_come_in(cast: Cast) -> None:
    now = timezone.now()
    early = schedule_room(
        cast.ai, title="Soon", opens_at=now + timedelta(days=1), closes_at=now + timedelta(days=2), by=None
    )
    poll = draft(early, cast.fay)
    answer = client_of(cast.fay).post(reverse("poll_open", args=[early.pk, poll.pk]), follow=True)
    assert "has not opened yet" in answer.content.decode()
    with pytest.raises(Refused, match="session is over"):
        open_poll(poll, by=cast.fay, now=now + timedelta(days=3))
    assert "Prepare polls" in text(cast.fay, early.get_absolute_url())
    assert "Prepare polls" not in text(cast.bob, early.get_absolute_url())


def test_a_session_has_so_many_polls_and_no_more(cast: Cast, room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Poll, "MOST_IN_ROOM", 1)
    draft(room, cast.fay)
    with pytest.raises(ValidationError, match="at most 1 polls"):
        draft(room, cast.fay)


# Voting by the form


def vote(member: Member, poll: Poll, *options: object, **more: str):  # type: ignore[no-untyped-def]
    address = reverse("poll_vote", args=[poll.room_id, poll.pk])
    return client_of(member).post(address, {"options": list(options)} | more)  # type: ignore[arg-type]


def test_a_vote_is_counted_shown_to_its_voter_and_changed_while_the_poll_is_open(cast: Cast, room: Room) -> None:
    poll = opened(room, cast.fay)
    planning, care, _ = numbers(poll)

    answer = vote(cast.bob, poll, planning, return_to="/events/clinic/")
    assert answer.headers["Location"] == f"/events/clinic/#poll-{poll.pk}"
    html = text(cast.bob, room.get_absolute_url())
    assert f'value="{planning}" id="option-{planning}" checked' in html
    assert "Change your vote" in html

    answer = vote(cast.bob, poll, care, return_to="https://evil.example/")
    assert answer.headers["Location"] == f"{room.get_absolute_url()}#poll-{poll.pk}"
    assert counts(poll) == [0, 1, 0]
    assert "checked" not in text(cast.fay, poll.get_absolute_url())


def test_several_answers_count_one_voter(cast: Cast, room: Room) -> None:
    poll = opened(room, cast.fay, is_multiple=True, results=Results.ALWAYS)
    planning, care, waste = numbers(poll)
    vote(cast.bob, poll, planning, waste)
    vote(cast.fay, poll, planning)
    poll.refresh_from_db()
    assert (poll.voters, counts(poll)) == (2, [2, 0, 1])
    html = text(cast.bob, poll.get_absolute_url())
    assert "People could choose several answers" in html
    assert re.findall(r"data-poll-share>(\d+)%", html) == ["100", "0", "50"]
    vote(cast.bob, poll, care)
    assert counts(poll) == [1, 1, 0]


def bad_votes(poll: Poll, other: Poll) -> dict[str, tuple[list[object], str]]:
    planning, care, _ = numbers(poll)
    return {
        "none": ([], "Choose an answer"),
        "two": ([planning, care], "Choose one answer"),
        "of another poll": ([numbers(other)[0]], "This answer is not in the poll"),
        "unknown": ([2**40], "This answer is not in the poll"),
        "not a number": (["Planning"], "This answer is not in the poll"),
        "not a number of ours": (["٣"], "This answer is not in the poll"),
        "too long": (["9" * 400], "This answer is not in the poll"),
        "eleven": (list(range(1, 12)), "This answer is not in the poll"),
    }


@pytest.mark.parametrize("what", ["none", "two", "of another poll", "unknown", "not a number", "too long", "eleven"])
def test_a_vote_that_is_none_says_why_beside_the_answers(cast: Cast, room: Room, what: str) -> None:
    poll, other = opened(room, cast.fay), opened(room, cast.fay, title="Another?")
    options, words = bad_votes(poll, other)[what]

    answer = vote(cast.bob, poll, *options)
    html = answer.content.decode()

    assert answer.status_code == 200
    assert "<title>Error: " in html
    assert re.search(rf'id="poll-{poll.pk}-error" class="govuk-error-message">.*{words}', html)
    if what == "two":
        assert html.count(" checked>") == 2
    assert not PollVote.objects.exists()


def test_ten_thousand_options_are_turned_away_at_the_door(cast: Cast, room: Room) -> None:
    poll = opened(room, cast.fay)
    assert vote(cast.bob, poll, *range(10_000)).status_code == 400
    frame = {"t": "poll", "c": "00000000-0000-4000-8000-000000000000", "p": poll.pk, "o": list(range(10_000))}
    with pytest.raises(protocol.BadFrame):
        protocol.parse(json.dumps(frame))
    [outcome] = choose_together(room.pk, [Choosing(cast.bob.pk, poll.pk, tuple(range(10_000)))])
    assert isinstance(outcome, ValidationError)


def test_a_poll_that_closed_between_page_and_vote_gives_the_choice_back(cast: Cast, room: Room) -> None:
    poll = opened(room, cast.fay)
    planning, care, _ = numbers(poll)
    choose(poll, [care], by=cast.bob)
    close_poll(poll, by=cast.fay)

    answer = vote(cast.bob, poll, planning)
    html = answer.content.decode()

    assert answer.status_code == 403
    assert "This poll has closed. What you chose before it closed counts." in html
    assert f'id="option-{planning}" checked' in html
    assert "data-poll-button" not in html
    assert counts(poll) == [0, 1, 0]


def test_a_vote_for_a_poll_of_another_room_reaches_neither(cast: Cast, room: Room) -> None:
    other = opened(room_of(cast.ai), cast.fay)
    address = reverse("poll_vote", args=[room.pk, other.pk])
    assert client_of(cast.bob).post(address, {"options": numbers(other)[0]}).status_code == 404
    [outcome] = choose_together(room.pk, [Choosing(cast.bob.pk, other.pk, (numbers(other)[0],))])
    assert isinstance(outcome, ValidationError)
    assert not PollVote.objects.exists()


def test_a_draft_cannot_be_voted_in_by_those_who_see_it_nor_by_others(cast: Cast, room: Room) -> None:
    poll = draft(room, cast.fay)
    assert vote(cast.bob, poll, numbers(poll)[0]).status_code == 404
    assert "not in the room" in vote(cast.fay, poll, numbers(poll)[0]).content.decode()


def test_at_the_limit_the_choice_is_kept(cast: Cast, room: Room) -> None:
    poll = opened(room, cast.fay)
    planning = numbers(poll)[0]
    VOTING.spend(cast.bob, count=VOTING.times)
    answer = vote(cast.bob, poll, planning)
    assert answer.status_code == 429
    assert f'id="option-{planning}" checked' in answer.content.decode()


# Results


def doors(poll: Poll, viewer: Member) -> dict[str, str]:
    """Everything that says anything of a poll to somebody, without what differs by accident."""
    client = client_of(viewer)
    said = {}
    for name, address in {
        "room": poll.room.get_absolute_url(),
        "list": reverse("room_polls", args=[poll.room_id]),
        "page": poll.get_absolute_url(),
        "part": reverse("poll_outcome", args=[poll.room_id, poll.pk]),
        "wall": reverse("room_projector", args=[poll.room_id]),
        "host": reverse("room_host", args=[poll.room_id]),
    }.items():
        answer = client.get(address)
        body = re.sub(r'name="(csrfmiddlewaretoken|form_id)" value="[^"]+"', "", answer.content.decode())
        said[name] = re.sub(r'data-live-epoch="[^"]+"', "", body)
        said[f"{name}, its ETag"] = answer.headers.get("ETag", "none") if "csrf" not in answer.content.decode() else ""
        said[f"{name}, its length"] = str(len(body))
    said["refused"] = re.sub(
        r'name="csrfmiddlewaretoken" value="[^"]+"',
        "",
        client.post(reverse("poll_vote", args=[poll.room_id, poll.pk]), {}).content.decode(),
    )
    said["lines"] = "".join(protocol.event(line).text for line in log.after(poll.room_id, 0, 100))
    said["lines"] = re.sub(r'"ts":\d+', "", said["lines"])
    said["state"] = json.dumps(log.votes_since(poll.room_id, 0))
    said["data"] = json.dumps([[str(row) for row in part.rows(viewer)] for part in parts() if "poll" in part.name])
    return said


def told_with(room: Room, poll: Poll, votes: list[int], viewer: Member) -> dict[str, str]:
    """What the viewer is told if these are the counts."""
    for option, count in zip(numbers(poll), votes, strict=True):
        PollOption.objects.filter(pk=option).update(votes=count)
    return doors(Poll.objects.get(pk=poll.pk), viewer)


# Who has voted, in what state, who looks, of how large a group: whether they may know.
CASES = [
    # results, is closed, has voted, voters of 5, may know
    (Results.ALWAYS, False, False, 5, True),
    (Results.ALWAYS, False, True, 4, False),
    (Results.VOTED, False, False, 5, False),
    (Results.VOTED, False, True, 5, True),
    (Results.VOTED, False, True, 4, False),
    (Results.CLOSED, False, True, 5, False),
    (Results.ALWAYS, True, True, 4, False),
    (Results.VOTED, True, False, 5, True),
    (Results.VOTED, True, True, 4, False),
    (Results.CLOSED, True, False, 5, True),
    (Results.CLOSED, True, True, 4, False),
]


@pytest.mark.parametrize("who", ["bob", "fay"])
@pytest.mark.parametrize(("results", "is_closed", "has_voted", "voters", "may_know"), CASES)
def test_no_count_leaves_by_any_door_before_it_may(
    cast: Cast, room: Room, who: str, results: str, is_closed: bool, has_voted: bool, voters: int, may_know: bool
) -> None:
    """With other counts and as many voters every answer is the same to the letter, or it is not, where they may know.
    Those who run the room are told no more than others."""
    viewer: Member = getattr(cast, who)
    poll = opened(room, cast.fay, results=results, smallest=5)
    if has_voted:
        choose(poll, numbers(poll)[:1], by=viewer)
    spread(poll, [voters - has_voted, 0, 0])
    if is_closed:
        close_poll(poll, by=cast.fay)

    one = told_with(room, poll, [voters, 0, 0], viewer)
    other = told_with(room, poll, [1, voters - 3, 2], viewer)

    told = {door for door in one if one[door] != other[door] and "ETag" not in door}
    if not may_know:
        assert told == set()
        assert one == other
    elif is_closed or results == Results.ALWAYS:
        assert told >= {"room", "list", "page", "part", "wall", "state"}
    else:
        assert told >= {"room", "list", "page", "part"}
        assert not told & {"state", "wall"}, "these go to those too who have not voted"


def test_what_everybody_is_told_of_a_poll_holds_no_count_until_everybody_may_know(cast: Cast, room: Room) -> None:
    poll = opened(room, cast.fay, results=Results.VOTED, smallest=2)
    first, second, third = map(str, numbers(poll))
    spread(poll, [2, 1, 0])
    assert log.votes_since(room.pk, 0)["p"] == {str(poll.pk): {"n": 3}}
    version = Room.objects.get(pk=room.pk).vote_version

    close_poll(poll, by=cast.fay)

    assert Room.objects.get(pk=room.pk).vote_version > version
    assert log.votes_since(room.pk, version)["p"] == {str(poll.pk): {"n": 3, "o": {first: 2, second: 1, third: 0}}}


def test_a_poll_that_nobody_closed_has_ended_with_its_session(cast: Cast, room: Room) -> None:
    poll = opened(room, cast.fay, results=Results.CLOSED, smallest=2)
    spread(poll, [2, 0, 0])
    assert "data-poll-figures" not in text(cast.bob, poll.get_absolute_url())

    Room.objects.filter(pk=room.pk).update(closes_at=timezone.now())

    html = text(cast.bob, room.get_absolute_url())
    assert re.findall(r"data-poll-votes>(\d+)<", html) == ["2", "0", "0"]
    assert "data-poll-form" not in html
    answer = vote(cast.bob, poll, numbers(poll)[0])
    assert answer.status_code == 403
    assert "session is over, so the voting is too" in answer.content.decode()
    close_poll(Poll.objects.whole().get(), by=cast.fay)


@pytest.mark.parametrize(
    ("results", "voters", "is_closed", "words"),
    [
        (Results.CLOSED, 0, False, "The results show when the poll has closed."),
        (Results.VOTED, 9, False, "You see the results once you have voted."),
        (Results.ALWAYS, 1, False, "The results show once 5 people have voted."),
        (Results.ALWAYS, 1, True, "Fewer than 5 people voted, so the results are not shown"),
        (Results.ALWAYS, 0, True, "Nobody voted."),
    ],
)
def test_whoever_sees_no_results_is_told_when_they_will(
    cast: Cast, room: Room, results: str, voters: int, is_closed: bool, words: str
) -> None:
    poll = opened(room, cast.fay, results=results, smallest=5)
    spread(poll, [voters, 0, 0])
    if is_closed:
        close_poll(poll, by=cast.fay)
    assert words in text(cast.bob, reverse("poll_outcome", args=[room.pk, poll.pk]))


def test_the_chart_is_a_table_whose_figures_can_be_read_without_it(cast: Cast, room: Room) -> None:
    poll = opened(room, cast.fay, results=Results.ALWAYS)
    spread(poll, [1, 1, 1])
    html = text(cast.bob, poll.get_absolute_url())
    assert re.findall(r"data-poll-share>(\d+)%", html) == ["34", "33", "33"]
    assert re.findall(r'class="app-poll__amount" width="(\d+)"', html) == ["34", "33", "33"]
    assert html.count('<th scope="row"') == 3
    assert "style=" not in html
    assert 'aria-hidden="true" focusable="false"><rect' in html


@pytest.mark.parametrize(
    ("votes", "shares"),
    [
        ([], []),
        ([0, 0], [0, 0]),
        ([1, 1, 1], [34, 33, 33]),
        ([1, 2], [33, 67]),
        ([1] * 7, [15, 15, 14, 14, 14, 14, 14]),
        ([999, 1], [100, 0]),
        ([1, 0], [100, 0]),
    ],
)
def test_shares_of_a_single_choice_add_up(votes: list[int], shares: list[int]) -> None:
    assert shares_of(votes, sum(votes), is_multiple=False) == shares


def test_shares_of_a_single_choice_add_up_whatever_they_are() -> None:
    for total in range(1, 40):
        for first in range(total + 1):
            for second in range(0, total - first + 1, 3):
                votes = [first, second, total - first - second]
                shares = shares_of(votes, total, is_multiple=False)
                assert sum(shares) == 100
                assert all(abs(share - 100 * count / total) < 1 for share, count in zip(shares, votes, strict=True))


def test_shares_of_several_choices_are_of_the_voters() -> None:
    assert shares_of([3, 1, 0], 3, is_multiple=True) == [100, 33, 0]
    assert shares_of([1, 1], 8, is_multiple=True) == [13, 13]
    assert shares_of([0, 0], 0, is_multiple=True) == [0, 0]


def test_the_wall_shows_the_open_poll_then_its_results_and_then_what_is_newer(cast: Cast, room: Room) -> None:
    poll = opened(room, cast.fay, results=Results.VOTED)
    wall = reverse("room_projector", args=[room.pk])
    choose(poll, numbers(poll)[:1], by=cast.bob)
    assert "Planning" in text(cast.bob, wall)
    assert "<form" not in text(cast.bob, wall)
    assert "data-poll-figures" not in text(cast.bob, wall)
    assert "The results show here when the poll has closed." in text(cast.bob, wall)
    assert "you have voted" not in text(cast.bob, wall)

    close_poll(poll, by=cast.fay)
    assert re.findall(r"data-poll-votes>(\d+)<", text(cast.bob, wall)) == ["1", "0", "0"]
    assert "Your answer</strong><svg" in text(cast.bob, wall)
    assert 'data-own=""' in text(cast.bob, wall)

    opened(room, cast.fay, title="And now?")
    assert "And now?" in text(cast.bob, wall)
    assert "Which first?" not in text(cast.bob, wall)


def test_results_leave_the_wall_after_a_while(cast: Cast, room: Room) -> None:
    close_poll(opened(room, cast.fay), by=cast.fay, now=timezone.now() - timedelta(minutes=16))
    assert "Which first?" not in text(cast.bob, reverse("room_projector", args=[room.pk]))


# Frames


def test_the_line_of_the_largest_poll_fits_into_a_frame(cast: Cast, room: Room) -> None:
    options = [f"{n}" + '"' * 119 for n in range(10)]
    poll = opened(room, cast.fay, title='"' * 200, options=options, is_multiple=True)
    close_poll(poll, by=cast.fay)
    for line in log.after(room.pk, 0, 10):
        assert protocol.event(line).size < RoomHub.PAGE_BYTES
    Poll.objects.update(state=Poll.State.OPEN)
    for line in log.after(room.pk, 0, 10):
        assert "<input" in protocol.event(line).html
        assert protocol.event(line).size < RoomHub.PAGE_BYTES


def test_a_poll_in_a_frame_is_the_same_for_everybody(cast: Cast, room: Room) -> None:
    poll = opened(room, cast.fay, results=Results.ALWAYS)
    choose(poll, numbers(poll)[:1], by=cast.bob)
    [line] = log.after(room.pk, 0, 10)
    html = protocol.event(line).html
    assert "checked" not in html
    assert "csrf" not in html
    assert 'data-own=""' in html
    assert "data-poll-figures" not in html
    assert "poll-controls" not in html


def test_the_hub_hands_on_a_closed_poll_in_place_of_the_open_one(cast: Cast, room: Room) -> None:
    poll = opened(room, cast.fay)
    hub = RoomHub(log.tails([room.pk])[room.pk], Database())
    hub.base = hub.top = 0
    close_poll(poll, by=cast.fay)
    for line in log.after(room.pk, 0, 10):
        hub._append(protocol.event(line))
    assert ['data-state="closed"' in event.html for event in hub._ring] == [True, True]


# Cost


def test_pages_with_polls_cost_the_same_queries_however_many_there_are(cast: Cast, room: Room) -> None:
    clients: dict[str, tuple[Client, Callable[[], str]]] = {
        who: (client_of(getattr(cast, who)), address)
        for who, address in {
            "bob": room.get_absolute_url,
            "fay": lambda: reverse("room_polls", args=[room.pk]),
        }.items()
    }
    measured: dict[str, list[int]] = {who: [] for who in clients}
    for size in (1, 6):
        for n in range(size):
            draft(room, cast.fay, title=f"Later {size} {n}")
            poll = opened(room, cast.fay, title=f"Now {size} {n}", results=Results.ALWAYS)
            choose(poll, numbers(poll)[:1], by=cast.bob)
            close_poll(opened(room, cast.fay, title=f"Then {size} {n}"), by=cast.fay)
        for who, (client, address) in clients.items():
            client.get(address())
            with CaptureQueriesContext(connection) as captured:
                client.get(address())
            measured[who].append(len(captured))
    assert measured == {who: [found[0]] * 2 for who, found in measured.items()}


def test_the_frames_of_a_room_cost_the_same_queries_however_many_polls_there_are(cast: Cast, room: Room) -> None:
    measured = []
    for size in (1, 6):
        for n in range(size):
            poll = opened(room, cast.fay, title=f"{size} {n}")
            choose(poll, numbers(poll)[:1], by=cast.bob)
        with CaptureQueriesContext(connection) as captured:
            log.votes_since(room.pk, 0)
            [protocol.event(line) for line in log.after(room.pk, 0, 100)]
        measured.append(len(captured))
    assert measured[0] == measured[1]


# Somebody's own


def test_what_somebody_chose_is_among_their_own_data_and_no_count_is(cast: Cast, room: Room) -> None:
    poll = opened(room, cast.fay)
    choose(poll, numbers(poll)[1:2], by=cast.bob)
    rows = {part.name: list(part.rows(cast.bob)) for part in parts()}
    assert [row["Answer"] for row in rows["poll_votes"]] == ["Care"]
    assert rows["polls"] == []
    [made] = next(part for part in parts() if part.name == "polls").rows(cast.fay)
    assert (made["Question"], made["Answers"]) == ("Which first?", ["Planning", "Care", "Waste"])
    assert "Votes" not in made


@pytest.mark.parametrize("erase", [True, False])
def test_what_a_closed_account_chose_is_forgotten_and_counts_still(cast: Cast, room: Room, erase: bool) -> None:
    still = opened(room, cast.fay, smallest=2, is_multiple=True)
    ended = opened(room, cast.fay, title="Ended?", smallest=2, is_multiple=True)
    for poll in (still, ended):
        choose(poll, numbers(poll)[:2], by=cast.bob)
        choose(poll, numbers(poll)[:1], by=cast.fay)
    close_poll(ended, by=cast.fay)
    version = Room.objects.get(pk=room.pk).vote_version

    close_account(by=cast.bob, erase=erase)

    assert not PollVote.objects.filter(member=cast.bob).exists()
    assert counts(still) == counts(ended) == [2, 1, 0]
    # Nobody who looks on sees a number change at that moment.
    assert log.votes_since(room.pk, version)["p"] == {}
    choose(still, numbers(still)[2:], by=cast.fay)
    assert counts(still) == [1, 1, 1]
    still.refresh_from_db()
    ended.refresh_from_db()
    assert (still.voters, ended.voters) == (2, 2)


def test_erasing_a_host_leaves_none_of_their_words_in_a_poll(cast: Cast, room: Room) -> None:
    give_room_role(room, cast.bob, role="host", by=cast.fay)
    words = {"title": "zyzzyva?", "options": ["zyzzyva one", "zyzzyva two"]}
    poll, epoch = opened(room, cast.bob, **words), Room.objects.get(pk=room.pk).epoch
    draft(room, cast.bob, **words)
    choose(poll, numbers(poll)[:1], by=cast.fay)

    close_account(by=cast.bob, erase=True)

    room.refresh_from_db()
    assert room.epoch != epoch
    html = text(cast.fay, room.get_absolute_url()) + text(cast.fay, reverse("room_polls", args=[room.pk]))
    assert "zyzzyva" not in html
    assert "A poll by a former member" in html
    assert re.findall(r"data-poll-votes>(\d+)<", text(cast.fay, poll.get_absolute_url())) == ["1", "0"]
    assert Poll.objects.get().state == Poll.State.CLOSED
