"""A thread moves to another network only when everybody who wrote in it has agreed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from forums.actions.network_moves import answer_move, ask_to_move, carry_out_move, withdraw_move
from forums.actions.posts import edit_post, hide_post, reply
from forums.actions.reactions import react
from forums.actions.threads import start_thread
from forums.actions.undoing import forget_changes, undo_act
from forums.models import ActChange, ModerationAct, MoveAnswer, Post, Reaction, Thread, ThreadMove
from forums.models.moderation import done_to
from forums.search.posts import search_posts
from network.models import Member, Membership, Network, Notice
from network.permissions import Refused
from tests.cast import Cast, sign_in

OUTSIDERS = ["olga", "amir", "lena", "sven", "ada"]


def member_of(cast: Cast, network: Network, name: str) -> Member:
    member = Member.objects.create_user(
        f"{name.lower()}@exampleshire.example.org", name=name, organisation=cast.council
    )
    Membership.objects.create(
        member=member,
        network=network,
        state=Membership.State.ACTIVE,
        joined_at=timezone.now() - timedelta(days=9),
        read_before=timezone.now() - timedelta(days=9),
    )
    return member


@pytest.fixture
def here(cast: Cast) -> Member:
    return member_of(cast, cast.practitioners, "Hana Here")


@pytest.fixture
def there(cast: Cast) -> Member:
    return member_of(cast, cast.ai, "Theo There")


@pytest.fixture
def thread(cast: Cast, here: Member) -> Thread:
    thread = start_thread(cast.practitioners, by=cast.bob, theme=cast.theme, title="Zeppelins", source="Zeppelins?")
    react(reply(thread, by=here, source="Balloons"), "thanks", by=cast.bob)
    first = Post.objects.get(thread=thread, number=1)
    react(first, "thanks", by=here)
    return Thread.objects.select_related("network", "theme").get(pk=thread.pk)


def ask(cast: Cast, thread: Thread) -> ThreadMove:
    return ask_to_move(thread, cast.ai, cast.theme, by=cast.fay)


def answer_of(member: Member) -> MoveAnswer:
    return MoveAnswer.objects.select_related("move__thread__network", "move__network").get(member=member)


def agree(*members: Member) -> None:
    for member in members:
        answer_move(answer_of(member), agreed=True, by=member)


def browser_of(member: Member) -> Client:
    client = Client()
    sign_in(client, member)
    return client


def words_known(network: Network) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT word FROM forums_word WHERE network_id = %s", [network.pk])
        return {word for (word,) in cursor.fetchall()}


def test_everybody_who_wrote_is_asked_once_and_nothing_moves(cast: Cast, thread: Thread, here: Member) -> None:
    hide_post(reply(thread, by=here, source="Hidden"), by=cast.fay, reason="So")
    ask(cast, thread)
    ask(cast, thread)

    assert set(MoveAnswer.objects.values_list("member", flat=True)) == {cast.bob.pk, here.pk}
    assert set(Notice.objects.filter(kind="move_asked").values_list("member", flat=True)) == {cast.bob.pk, here.pk}
    assert Thread.objects.get().network == cast.practitioners


def test_it_moves_when_all_agree_and_is_unread_for_nobody(
    cast: Cast, thread: Thread, here: Member, there: Member
) -> None:
    move = ask(cast, thread)
    agree(cast.bob)
    with pytest.raises(Refused, match=r"^One of those who wrote in this thread has not agreed"):
        carry_out_move(move, by=cast.fay)
    agree(here)
    carry_out_move(move, by=cast.fay)
    carry_out_move(move, by=cast.fay)

    assert list(Thread.objects.visible_to(there)) == [thread]
    assert not Thread.objects.visible_to(here).exists()
    assert not Thread.objects.unread_by(there).exists()
    assert not Thread.objects.new_to(there).exists()
    assert [hit.title for hit in search_posts(there, "zeppelins").hits] == ["Zeppelins"]
    assert not search_posts(here, "zeppelins").hits
    assert "zeppelins" in words_known(cast.ai)
    assert "zeppelins" not in words_known(cast.practitioners)
    # Who belongs to the old network alone is named nowhere but as the author who agreed.
    assert list(Reaction.objects.values_list("member", flat=True)) == [cast.bob.pk]
    assert browser_of(here).get(reverse("post", args=[thread.pk, 2])).status_code == 404
    page = browser_of(there).get(thread.get_absolute_url(), {"page": "1"}).content.decode()
    assert "This thread was moved here from another network" in page


def test_its_authors_know_that_it_came_there_when_that_can_no_longer_be_undone(
    cast: Cast, thread: Thread, here: Member, there: Member
) -> None:
    move = ask(cast, thread)
    agree(cast.bob, here)
    carry_out_move(move, by=cast.fay)
    assert "forums.reaction" in ActChange.objects.values_list("table", flat=True)
    forget_changes(now=timezone.now() + timedelta(days=31))

    assert set(ActChange.objects.values_list("table", flat=True)) == {"forums.post"}
    posts = Post.objects.select_related("thread__network").filter(thread=thread, author=cast.bob)
    assert all("moved thread to network" in done_to(post, cast.bob).values_list("verb", flat=True) for post in posts)
    assert posts
    assert not done_to(posts[0], here).exists()


def test_undoing_brings_it_back_as_it_was(cast: Cast, thread: Thread, here: Member, there: Member) -> None:
    before = [list(model.objects.order_by("pk").values()) for model in (Thread, Post, Reaction)]
    move = ask(cast, thread)
    agree(cast.bob, here)
    carry_out_move(move, by=cast.fay)
    undo_act(ModerationAct.objects.select_related("network", "thread").get(), by=cast.fay)

    assert [list(model.objects.order_by("pk").values()) for model in (Thread, Post, Reaction)] == before
    assert not search_posts(there, "zeppelins").hits
    assert search_posts(here, "zeppelins").hits
    assert "zeppelins" not in words_known(cast.ai)


def test_what_was_written_over_there_does_not_come_back_with_it(
    cast: Cast, thread: Thread, here: Member, there: Member
) -> None:
    move = ask(cast, thread)
    agree(cast.bob, here)
    carry_out_move(move, by=cast.fay)
    reply(Thread.objects.get(), by=there, source="Airships")
    with pytest.raises(Refused, match="in the network where it is now"):
        undo_act(ModerationAct.objects.select_related("network", "thread").get(), by=cast.fay)


def test_whoever_wrote_since_has_not_agreed(cast: Cast, thread: Thread, here: Member) -> None:
    move = ask(cast, thread)
    agree(cast.bob, here)
    reply(thread, by=cast.fay, source="Kites")
    with pytest.raises(Refused, match="has not agreed"):
        carry_out_move(move, by=cast.fay)


def test_whoever_says_otherwise_has_not_agreed(cast: Cast, thread: Thread, here: Member) -> None:
    move = ask(cast, thread)
    agree(cast.bob, here)
    answer_move(answer_of(here), agreed=False, by=here)
    page = browser_of(cast.fay).post(
        reverse("thread_network_settle", args=[thread.pk]), {"do": "carry out"}, follow=True
    )
    text = page.content.decode()
    assert "One of those who wrote in this thread has not agreed" in text
    assert "<strong>1 of 2</strong>" in text
    assert "Hana" not in text
    assert Thread.objects.get().network == cast.practitioners
    assert not ModerationAct.objects.exists()
    assert move.is_open()


@pytest.mark.parametrize("how", ["left", "closed"])
def test_whoever_is_gone_cannot_agree(cast: Cast, thread: Thread, here: Member, how: str) -> None:
    move = ask(cast, thread)
    agree(cast.bob, here)
    if how == "left":
        Membership.objects.filter(member=here).update(state=Membership.State.LEFT)
    else:
        Member.objects.filter(pk=here.pk).update(is_active=False, inactive_because=Member.Inactive.SUSPENDED)
    for do in (lambda: carry_out_move(move, by=cast.fay), lambda: _ask_anew(cast, thread, move)):
        with pytest.raises(Refused, match="left the network or closed their account"):
            do()


def _ask_anew(cast: Cast, thread: Thread, move: ThreadMove) -> None:
    withdraw_move(move, by=cast.fay)
    ask(cast, thread)


def test_it_ends_after_thirty_days(cast: Cast, thread: Thread, here: Member) -> None:
    move = ask(cast, thread)
    agree(cast.bob, here)
    ThreadMove.objects.update(asked_at=timezone.now() - timedelta(days=30, seconds=1))
    move.refresh_from_db()
    with pytest.raises(Refused, match="Too long ago"):
        carry_out_move(move, by=cast.fay)
    with pytest.raises(Refused, match="Nobody is asked"):
        answer_move(answer_of(here), agreed=True, by=here)
    assert ask(cast, thread) != move


def test_into_a_network_that_they_do_not_facilitate_nothing_moves(cast: Cast, thread: Thread, here: Member) -> None:
    move = ask(cast, thread)
    agree(cast.bob, here)
    Membership.objects.filter(member=cast.fay, network=cast.ai).update(role=Membership.Role.MEMBER)
    with pytest.raises(Refused, match="do not facilitate the other network"):
        carry_out_move(move, by=cast.fay)
    withdraw_move(move, by=cast.fay)
    typed = {"network": str(cast.ai.pk), "theme": str(cast.theme.pk)}
    page = browser_of(cast.fay).post(reverse("thread_network", args=[thread.pk]), typed)
    assert "You facilitate no other network" in page.content.decode()
    assert Thread.objects.get().network == cast.practitioners
    assert ThreadMove.objects.count() == 1


def test_what_was_said_in_answer_elsewhere_names_nobody_over_there(cast: Cast, thread: Thread, here: Member) -> None:
    far = start_thread(cast.practitioners, by=here, theme=cast.theme, title="Far", source="Away")
    mine, theirs = Post.objects.get(thread=thread, number=2), Post.objects.get(thread=far)
    Post.objects.filter(pk=mine.pk).update(reply_to=theirs)
    Post.objects.filter(pk=theirs.pk).update(reply_to=mine)
    move = ask(cast, thread)
    agree(cast.bob, here)
    carry_out_move(move, by=cast.fay)
    assert not Post.objects.exclude(reply_to=None).exists()


def test_the_page_says_what_will_happen_and_takes_the_answer(cast: Cast, thread: Thread, here: Member) -> None:
    edit_post(Post.objects.get(thread=thread, number=2), by=here, source="Balloons, mostly")
    ask(cast, thread)
    client, address = browser_of(here), answer_of(here).get_absolute_url()
    page = client.get(address).content.decode()
    assert "You do not belong to the AI Network" in page
    assert "Choose whether you agree" in client.post(address).content.decode()
    client.post(address, {"agreed": "yes"})
    assert answer_of(here).agreed
    assert not Notice.objects.filter(kind="move_asked", member=here, read_at=None).exists()
    for other in (cast.bob, cast.fay):
        assert browser_of(other).get(address).status_code == 404


@pytest.mark.parametrize("who", OUTSIDERS)
def test_outsiders_learn_nothing_of_it(cast: Cast, thread: Thread, who: str) -> None:
    move = ask(cast, thread)
    outsider: Any = getattr(cast, who)
    assert not ThreadMove.objects.visible_to(outsider).exists()
    assert not MoveAnswer.objects.visible_to(outsider).exists()
    assert browser_of(outsider).get(answer_of(cast.bob).get_absolute_url()).status_code == 404
    for do in (
        lambda: ask(cast, thread) and ask_to_move(thread, cast.ai, cast.theme, by=outsider),
        lambda: answer_move(answer_of(cast.bob), agreed=True, by=outsider),
        lambda: carry_out_move(move, by=outsider),
        lambda: withdraw_move(move, by=outsider),
    ):
        with pytest.raises(Refused):
            do()
