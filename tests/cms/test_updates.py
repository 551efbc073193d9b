"""Who discussed a page of guidance hears that its words have changed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from wagtail.test.utils.form_data import nested_form_data, streamfield

from cms.actions.lifecycle import TELL_EVERY, call_small, tell_of_update
from cms.actions.pages import republish_page
from cms.actions.roles import PUBLISHERS, give_roles
from cms.models import GuidancePage, PageLifecycle, PageThread
from cms.notifications import GUIDANCE_UPDATED
from forums.actions.following import choose_level
from forums.actions.posts import delete_post, reply
from network.actions.membership import leave_network
from network.actions.notices import give_notice
from network.models import MailLedger, Notice
from network.notifications import unread_notices
from tests.cast import Cast, sign_in
from tests.cms.hub import Hub, close


@pytest.fixture
def page(hub: Hub, cast: Cast) -> GuidancePage:
    """Discussed in a network, where bob and fay have written."""
    page = hub.publish_guidance("Buying tools", discuss_in=cast.ai, themes=[cast.theme], summary="Begin small.")
    thread = PageThread.objects.get(page=page).thread
    for member in (cast.bob, cast.fay):
        reply(thread, by=member, source="This helped us.")
    return page


def change(page: GuidancePage, **fields: Any) -> GuidancePage:
    page = GuidancePage.objects.get(pk=page.pk)
    for name, value in fields.items():
        setattr(page, name, value)
    return republish_page(page, by=None)


def told(kind: str = GUIDANCE_UPDATED) -> set[int]:
    return set(Notice.objects.filter(kind=kind).values_list("member", flat=True))


def test_the_first_publishing_tells_nobody(page: GuidancePage) -> None:
    assert told() == set()


def test_new_words_are_told_to_who_took_part(page: GuidancePage, cast: Cast) -> None:
    change(page, summary="Begin with what you have.")

    assert told() == {cast.bob.pk, cast.fay.pk}
    [shown] = [notice for notice in unread_notices(cast.bob) if "updated" in notice.title]
    assert shown.title == "The guidance “Buying tools”, which you discussed, was updated"
    assert shown.address == page.url
    assert not MailLedger.objects.exists()
    client = Client()
    sign_in(client, cast.bob)
    client.get(page.url)
    assert not [notice for notice in unread_notices(cast.bob) if "updated" in notice.title]


@pytest.mark.parametrize(
    "fields",
    [{}, {"search_description": "For search engines"}, {"show_in_menus": True}],
    ids=["nothing", "a setting", "the menu"],
)
def test_publishing_that_changes_no_word_tells_nobody(fields: dict[str, Any], page: GuidancePage) -> None:
    change(page, **fields)
    assert told() == set()


def test_one_publishing_tells_once(page: GuidancePage, cast: Cast) -> None:
    changed = change(page, summary="Begin with what you have.")
    Notice.objects.update(read_at=timezone.now())
    PageLifecycle.objects.update(told_at=timezone.now() - 2 * TELL_EVERY)
    assert not tell_of_update(changed)
    change(changed)
    assert not Notice.objects.unread().exists()


def test_at_most_once_a_day(page: GuidancePage, cast: Cast) -> None:
    change(page, summary="Begin with what you have.")
    Notice.objects.update(read_at=timezone.now())
    change(page, summary="Begin with what you have already.")
    assert not Notice.objects.filter(kind=GUIDANCE_UPDATED).unread().exists()

    PageLifecycle.objects.update(told_at=timezone.now() - TELL_EVERY - timedelta(minutes=1))
    change(page, summary="Begin with what works.")
    assert Notice.objects.filter(kind=GUIDANCE_UPDATED).unread().count() == 2


def test_a_small_correction_tells_nobody_and_the_next_change_does(page: GuidancePage, cast: Cast) -> None:
    call_small(page, True)
    change(page, summary="Begin small!")
    assert told() == set()
    change(page, summary="Begin with what works.")
    assert told() == {cast.bob.pk, cast.fay.pk}


def test_a_draft_and_a_page_that_was_taken_down_tell_nobody(page: GuidancePage) -> None:
    draft = GuidancePage.objects.get(pk=page.pk)
    draft.summary = "Perhaps"
    draft.save_revision()
    GuidancePage.objects.get(pk=page.pk).unpublish()
    assert told() == set()


def test_an_older_draft_that_is_published_again_is_a_change(page: GuidancePage, cast: Cast) -> None:
    before = GuidancePage.objects.get(pk=page.pk).live_revision
    change(page, summary="Begin with what works.")
    PageLifecycle.objects.update(told_at=None)
    Notice.objects.all().delete()
    before.publish()
    assert told() == {cast.bob.pk, cast.fay.pk}


def test_who_left_muted_or_took_their_words_back_is_not_told(hub: Hub, page: GuidancePage, cast: Cast) -> None:
    thread = PageThread.objects.get(page=page).thread
    leave_network(cast.ai, by=cast.bob)
    delete_post(thread.posts.get(author=cast.fay), by=cast.fay)
    change(page, summary="One")
    assert told() == set()

    PageLifecycle.objects.update(told_at=None)
    reply(thread, by=cast.fay, source="Once more.")
    choose_level(thread, "mute", by=cast.fay)
    change(page, summary="Two")
    assert told() == set()


def test_whoever_may_not_see_page_and_thread_sees_no_notice(hub: Hub, page: GuidancePage, cast: Cast) -> None:
    for member in (cast.bob, *cast.outsiders):
        give_notice(GUIDANCE_UPDATED, page.pk, [member])
    for outsider in cast.outsiders:
        assert unread_notices(outsider) == []
    assert [notice for notice in unread_notices(cast.bob) if "updated" in notice.title]
    close(hub.guidance, "groups")
    assert not [notice for notice in unread_notices(cast.bob) if "updated" in notice.title]


def test_a_mistake_here_stops_no_page(page: GuidancePage, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr("cms.receivers.tell_of_update", fails)
    assert change(page, summary="Still published").summary == "Still published"
    assert Client().get(page.url).content.decode().count("Still published")


def test_an_editor_says_in_the_form_that_it_is_a_small_correction(page: GuidancePage, cast: Cast) -> None:
    give_roles(cast.bob, [PUBLISHERS], by=None)
    client = Client()
    sign_in(client, cast.bob)
    address = reverse("wagtailadmin_pages:edit", args=[page.pk])
    assert "small correction" in client.get(address).content.decode()

    def publish(heading: str, **changes: Any) -> None:
        form = {
            "title": page.title,
            "slug": page.slug,
            "summary": page.summary,
            "tags": "",
            "body": streamfield([("heading", heading)]),
            "comments": {"TOTAL_FORMS": 0, "INITIAL_FORMS": 0},
        }
        sent = dict(nested_form_data(form | changes)) | {"themes": [cast.theme.pk], "action-publish": "1"}
        assert client.post(address, sent).status_code == 302
        shown = GuidancePage.objects.get(pk=page.pk)
        assert heading in Client().get(shown.url).content.decode()

    publish("Small steps", small_change="on")
    assert told() == set()
    assert not PageLifecycle.objects.get(page=page).is_small_change
    publish("Other steps")
    assert told() == {cast.bob.pk, cast.fay.pk}
