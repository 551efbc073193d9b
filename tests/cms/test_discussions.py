"""A guidance page and the thread that discusses it."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser
from wagtail.models import PageViewRestriction

from cms.actions.discussions import settle_discussion
from cms.actions.pages import republish_page
from cms.models import GuidancePage, PageThread
from forums.actions.posts import reply
from forums.actions.threads import lock_thread
from forums.models import Thread
from network.models import Network, Notice, Theme
from tests.cast import Cast
from tests.cms.hub import Hub, close


@pytest.fixture
def discussed(hub: Hub, cast: Cast) -> GuidancePage:
    return hub.publish_guidance("Buying AI [well]", summary="Ask *early*.", discuss_in=cast.ai, themes=[cast.theme])


def thread_of(page: GuidancePage) -> Thread:
    return PageThread.objects.get(page=page.pk).thread


def test_publishing_begins_the_discussion_that_the_editor_chose(discussed: GuidancePage, cast: Cast) -> None:
    thread = thread_of(discussed)

    assert (thread.network, thread.theme, thread.title) == (cast.ai, cast.theme, "Buying AI [well]")
    assert thread.author_name == "The hub"
    first = thread.posts.get()
    assert "Ask *early*." in first.html  # the summary's signs are words, not Markdown
    assert f'href="http://127.0.0.1:8000{discussed.url}"' in first.html or discussed.url in first.html


def test_no_network_chosen_means_no_discussion(hub: Hub, cast: Cast) -> None:
    hub.publish_guidance("Quiet", themes=[cast.theme])

    assert not Thread.objects.exists()


def test_the_discussion_is_new_to_nobody_until_somebody_replies(discussed: GuidancePage, cast: Cast) -> None:
    thread = thread_of(discussed)

    assert not Thread.objects.unread_by(cast.bob).exists()
    assert not Notice.objects.exists()

    reply(thread, by=cast.fay, source="We did this.")

    assert list(Thread.objects.unread_by(cast.bob)) == [thread]


def test_publishing_again_makes_no_second_discussion(discussed: GuidancePage) -> None:
    discussed.title = "Buying AI better"
    republish_page(discussed, by=None)
    republish_page(discussed, by=None)

    assert Thread.objects.count() == PageThread.objects.count() == 1


def test_publishing_an_older_draft_keeps_the_discussion(hub: Hub, cast: Cast) -> None:
    page = hub.publish_guidance("Data first", themes=[cast.theme])
    before = page.live_revision
    page.discuss_in = cast.ai
    republish_page(page, by=None)
    link = PageThread.objects.get(page=page.pk)

    before.publish()  # says: discussed nowhere

    page.refresh_from_db()
    assert page.discuss_in is None
    assert PageThread.objects.get() == link
    assert not thread_of(page).is_locked


def test_choosing_another_network_later_moves_and_makes_nothing(discussed: GuidancePage, cast: Cast) -> None:
    discussed.discuss_in = cast.practitioners
    republish_page(discussed, by=None)

    assert Thread.objects.get().network == cast.ai


def test_unpublishing_locks_the_discussion_and_publishing_again_opens_it(discussed: GuidancePage) -> None:
    discussed.unpublish()
    assert thread_of(discussed).is_locked

    republish_page(GuidancePage.objects.get(pk=discussed.pk), by=None)
    assert not thread_of(discussed).is_locked


def test_publishing_again_does_not_take_off_a_facilitators_lock(discussed: GuidancePage, cast: Cast) -> None:
    lock_thread(thread_of(discussed), by=cast.fay)
    discussed.unpublish()
    republish_page(GuidancePage.objects.get(pk=discussed.pk), by=None)

    assert thread_of(discussed).is_locked


def test_deleting_the_page_locks_the_discussion_and_keeps_it(discussed: GuidancePage) -> None:
    discussed.delete()

    assert Thread.objects.get().is_locked
    assert not PageThread.objects.exists()


def test_a_copy_is_discussed_nowhere_until_an_editor_says_so(discussed: GuidancePage) -> None:
    discussed.copy(update_attrs={"title": "A copy", "slug": "a-copy"}, keep_live=True)

    assert GuidancePage.objects.count() == 2
    assert Thread.objects.count() == 1


@pytest.mark.parametrize("kind", [PageViewRestriction.LOGIN, PageViewRestriction.GROUPS])
def test_a_page_that_not_everybody_may_read_is_not_discussed(kind: str, hub: Hub, cast: Cast) -> None:
    """The thread would show its title to a whole network."""
    close(hub.guidance, kind)
    hub.publish_guidance("For few", discuss_in=cast.ai, themes=[cast.theme])

    assert not Thread.objects.exists()


def test_closing_a_page_locks_its_discussion_and_opening_it_unlocks(discussed: GuidancePage, hub: Hub) -> None:
    restriction = close(hub.guidance)
    assert thread_of(discussed).is_locked

    restriction.delete()
    assert not thread_of(discussed).is_locked


def test_moving_a_page_into_a_closed_part_locks_its_discussion(discussed: GuidancePage, hub: Hub) -> None:
    close(hub.events)
    discussed.move(hub.events, pos="last-child")

    assert thread_of(discussed).is_locked


def test_a_page_opened_later_is_discussed_from_then_on(hub: Hub, cast: Cast) -> None:
    restriction = close(hub.guidance)
    page = hub.publish_guidance("Later", discuss_in=cast.ai, themes=[cast.theme])

    restriction.delete()

    assert thread_of(page).title == "Later"


def test_a_page_without_a_theme_of_the_network_is_published_without_a_discussion(hub: Hub, cast: Cast) -> None:
    elsewhere = Theme.objects.create(name="Planning", slug="planning")
    page = hub.publish_guidance("Plans", discuss_in=cast.ai, themes=[elsewhere])

    assert page.live
    assert not Thread.objects.exists()


def test_a_discussion_that_fails_does_not_stop_the_page(
    hub: Hub, cast: Cast, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(network: Network, **words: object) -> None:
        Network.objects.create(name=network.name)  # breaks a constraint, and with it the transaction it stands in

    monkeypatch.setattr("cms.actions.discussions.begin_site_discussion", fails)
    page = hub.publish_guidance("Still here", discuss_in=cast.ai, themes=[cast.theme])

    assert GuidancePage.objects.get(pk=page.pk).live
    assert "failed" in caplog.text


def test_settling_twice_is_settling_once(discussed: GuidancePage) -> None:
    assert settle_discussion(discussed) == settle_discussion(discussed)


def test_no_outsider_learns_which_thread_discusses_a_page(discussed: GuidancePage, cast: Cast) -> None:
    for viewer in [*cast.outsiders, AnonymousUser()]:
        assert not PageThread.objects.visible_to(viewer).exists()
    assert PageThread.objects.visible_to(cast.bob).get().page_id == discussed.pk


def test_a_member_does_not_learn_of_a_page_that_is_gone(discussed: GuidancePage, cast: Cast) -> None:
    discussed.unpublish()

    assert not PageThread.objects.visible_to(cast.bob).exists()
