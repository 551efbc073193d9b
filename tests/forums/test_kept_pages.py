"""A page of a thread is put together of kept pieces: whatever happens, each reader sees at once what they would
see if nothing were, and never what another reader sees."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from django.core.files.base import ContentFile
from django.test import Client

from forums.actions import answers, posts, reactions, threads
from forums.models import Attachment, Post, Thread
from forums.views.posts import _may, posts_on_page
from network.actions.closing import close_account
from network.kept import forget_parts
from network.models import Member, Network, Organisation, Profile, Theme
from network.templatetags import components
from tests.cast import Cast, sign_in

OWN = re.compile(r'(name="(?:csrfmiddlewaretoken|form_id|writer)"[^>]* value=)"[^"]*"')


def page_of(member: Member, thread: Thread) -> str:
    browser = Client()
    sign_in(browser, member)
    answer = browser.get(f"{thread.get_absolute_url()}?page=1", follow=True)
    assert answer.status_code == 200
    return OWN.sub(r"\1", answer.content.decode())


def forget() -> None:
    components.forget_all()
    forget_parts()


@pytest.fixture(autouse=True)
def nothing_kept() -> Iterator[None]:
    forget()
    yield
    forget()


@pytest.fixture
def thread(cast: Cast) -> Thread:
    begun = threads.start_thread(
        cast.ai, by=cast.bob, theme=cast.theme, title="Who records meetings?", source="Do you?", kind="question"
    )
    for number, author in enumerate([cast.fay, cast.bob, cast.fay], start=2):
        posts.reply(begun, by=author, source=f"Words number {number}")
    return begun


def rename(model: type[Member | Network | Organisation | Theme], pk: int) -> None:
    model._default_manager.filter(pk=pk).update(name="Another name")


Happening = Callable[[Cast, Post], object]
HAPPENINGS: dict[str, Happening] = {
    "an edit": lambda cast, post: posts.edit_post(post, by=cast.fay, source="Other words", quoting="public"),
    "a post deleted": lambda cast, post: posts.delete_post(post, by=cast.fay),
    "a post hidden": lambda cast, post: posts.hide_post(post, by=cast.fay, reason="Names a resident"),
    "a reaction": lambda cast, post: reactions.react(post, "helpful", by=cast.bob),
    "an answer": lambda cast, post: answers.mark_answer(post, by=cast.bob),
    "a reply to it": lambda cast, post: posts.reply(post.thread, by=cast.bob, source="Yes", reply_to=post),
    "a lock": lambda cast, post: threads.lock_thread(post.thread, by=cast.fay),
    "a file": lambda cast, post: Attachment.objects.create(
        member=cast.fay, post=post, name="plan.pdf", content_type="application/pdf", size=9, state="clean",
        file=ContentFile(b"%PDF", name="plan.pdf"),
    ),
    "its file refused": lambda cast, post: Attachment.objects.create(
        member=cast.fay, post=post, name="plan.pdf", content_type="application/pdf", size=9, state="refused"
    ),
    "another name": lambda cast, post: rename(Member, cast.fay.pk),
    "a partner": lambda cast, post: Member.objects.filter(pk=cast.fay.pk).update(kind="supplier"),
    "a picture": lambda cast, post: Profile.objects.update_or_create(member=cast.fay, defaults={"picture": "a.webp"}),
    "a council renamed": lambda cast, post: rename(Organisation, cast.council.pk),
    "a network renamed": lambda cast, post: rename(Network, cast.ai.pk),
    "a theme renamed": lambda cast, post: rename(Theme, cast.theme.pk),
}  # fmt: skip


@pytest.mark.parametrize("what", HAPPENINGS)
def test_what_happens_is_seen_at_once_by_everybody_and_by_nobody_for_another(
    cast: Cast, thread: Thread, what: str
) -> None:
    readers = [cast.bob, cast.fay]
    before = [page_of(reader, thread) for reader in readers for _ in range(2)][1::2]

    HAPPENINGS[what](cast, Post.objects.select_related("thread__network").get(thread=thread, number=2))

    after = [page_of(reader, Thread.objects.get(pk=thread.pk)) for reader in readers for _ in range(2)][1::2]
    fresh = []
    for reader in readers:
        forget()
        fresh.append(page_of(reader, Thread.objects.get(pk=thread.pk)))
    assert after == fresh
    assert all(one != other for one, other in zip(before, after, strict=True))


def test_what_is_undone_is_as_it_was(cast: Cast, thread: Thread) -> None:
    post = Post.objects.select_related("thread__network").get(thread=thread, number=3)
    before = page_of(cast.fay, thread)

    posts.hide_post(post, by=cast.fay, reason="Names a resident")
    assert "Words number 3" not in page_of(cast.fay, thread)
    posts.restore_post(post, by=cast.fay)
    reactions.react(post, "thanks", by=cast.fay)
    assert page_of(cast.fay, thread) != before
    reactions.take_back_reaction(post, "thanks", by=cast.fay)

    assert page_of(cast.fay, thread) == before


def test_a_picture_that_is_shown_no_more_is_on_no_page(cast: Cast, thread: Thread) -> None:
    profile, _ = Profile.objects.update_or_create(member=cast.fay, defaults={"picture": "portrait.webp"})
    assert profile.picture_address in page_of(cast.bob, thread)

    Profile.objects.filter(member=cast.fay).update(shows_picture=False)

    assert "app-badge__picture" not in page_of(cast.bob, thread)


def test_whoever_closes_their_account_is_named_nowhere(cast: Cast, thread: Thread) -> None:
    assert "Bob" in page_of(cast.fay, thread)

    close_account(by=cast.bob, erase=True)

    page = page_of(cast.fay, thread)
    assert "Bob" not in page
    assert "Words number 3" not in page


def test_tokens_and_marks_are_of_one_request_and_one_reader(cast: Cast, thread: Thread) -> None:
    seen: list[set[str]] = []
    for reader in (cast.bob, cast.fay, cast.bob):
        browser = Client()
        sign_in(browser, reader)
        page = browser.get(f"{thread.get_absolute_url()}?page=1").content.decode()
        seen.append(set(re.findall(r'name="(?:csrfmiddlewaretoken|form_id)"[^>]* value="([^"]+)"', page)))

    assert [len(values) for values in seen] == [2, 2, 2]  # one token for all forms of a page, and the name of one form
    assert not (seen[0] & seen[1] or seen[1] & seen[2] or seen[0] & seen[2])


def test_of_posts_that_are_alike_the_same_is_allowed(cast: Cast, thread: Thread) -> None:
    for number in (2, 3):
        post = Post.objects.select_related("thread__network").get(thread=thread, number=number)
        posts.reply(thread, by=cast.bob, source="Again", reply_to=post)
        posts.hide_post(post, by=cast.fay, reason="Names a resident")
    posts.delete_post(Post.objects.select_related("thread__network").get(thread=thread, number=4), by=cast.fay)
    Post.objects.filter(thread=thread, number=5).update(source="", html="")

    for locked in (False, True):
        if locked:
            threads.lock_thread(thread, by=cast.fay)
        found = Thread.objects.select_related("network", "theme").get(pk=thread.pk)
        for reader in (cast.bob, cast.fay):
            shown = posts_on_page(found, 1, reader, with_controls=True)
            each = Post.objects.select_related("thread__network").filter(thread=thread).order_by("number")
            assert [one.may for one in shown] == [_may(reader, post) for post in each]
