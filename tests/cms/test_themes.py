"""The one vocabulary: a theme page shows what the hub publishes and what the reader's networks say."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries
from wagtail.models import Page

from cms.actions.roles import PUBLISHERS, give_roles
from cms.models import GuidancePage
from forums.actions.threads import start_thread
from network.models import NetworkTheme, Theme
from network.permissions import Refused
from tests.cast import Cast, sign_in
from tests.cms.hub import Hub, close


@pytest.fixture
def private(cast: Cast) -> Theme:
    theme = Theme.objects.create(name="Canary theme", slug="canary", private_to=cast.ai)
    NetworkTheme.objects.create(network=cast.ai, theme=theme)
    return theme


def test_a_theme_shows_guidance_events_and_pages_to_everybody(hub: Hub, cast: Cast, client: Client) -> None:
    hub.publish_guidance("Guidance on it", themes=[cast.theme])
    hub.publish_event("Event on it", themes=[cast.theme])
    hub.publish_guidance("Guidance on something else")

    html = client.get("/themes/adult-social-care/").content.decode()

    assert "Guidance on it" in html
    assert "Event on it" in html
    assert "something else" not in html
    assert 'href="/themes/adult-social-care/"' in client.get("/themes/").content.decode()


def test_a_theme_shows_threads_to_members_and_to_nobody_else(hub: Hub, cast: Cast, client: Client) -> None:
    start_thread(cast.ai, by=cast.bob, theme=cast.theme, title="Canary thread", source="Said inside.")
    for outsider in [None, *cast.outsiders]:
        if outsider:
            sign_in(client, outsider)
        assert "Canary thread" not in client.get("/themes/adult-social-care/").content.decode()
    sign_in(client, cast.fay)
    assert "Canary thread" in client.get("/themes/adult-social-care/").content.decode()


def test_a_private_theme_is_not_there_for_outsiders(private: Theme, hub: Hub, cast: Cast, client: Client) -> None:
    for outsider in [None, *cast.outsiders]:
        if outsider:
            sign_in(client, outsider)
        assert client.get("/themes/canary/").status_code == 404
        assert "Canary" not in client.get("/themes/").content.decode()
        assert "Canary" not in client.get("/").content.decode()
    sign_in(client, cast.bob)
    assert client.get("/themes/canary/").status_code == 200
    assert "Canary theme" in client.get("/themes/").content.decode()


def test_closed_pages_are_not_listed_under_their_theme(hub: Hub, cast: Cast, client: Client) -> None:
    close(hub.guidance)
    hub.publish_guidance("Canary page", themes=[cast.theme])

    assert "Canary page" not in client.get("/themes/adult-social-care/").content.decode()


@pytest.mark.parametrize(("who", "most"), [(None, 8), ("fay", 15)])
def test_a_theme_takes_as_many_queries_for_many_things_as_for_few(
    hub: Hub,
    cast: Cast,
    client: Client,
    django_assert_max_num_queries: DjangoAssertNumQueries,
    who: str | None,
    most: int,
) -> None:
    if who:
        sign_in(client, getattr(cast, who))

    def fill(numbers: range) -> None:
        for number in numbers:
            hub.publish_guidance(f"Guidance {number}", themes=[cast.theme])
            hub.publish_information(f"Use case {number}", themes=[cast.theme])
            hub.publish_event(f"Event {number}", themes=[cast.theme], network=cast.ai)
            start_thread(
                cast.ai, by=cast.bob, theme=cast.theme, title=f"Thread {number}", source="Words", tags=[f"tag {number}"]
            )

    def asked() -> int:
        client.get("/themes/adult-social-care/")
        with django_assert_max_num_queries(most) as queries:
            client.get("/themes/adult-social-care/")
        return len(queries)

    fill(range(2))
    few = asked()
    fill(range(2, 6))
    assert asked() == few


def test_a_theme_gathers_what_its_reader_may_see(hub: Hub, cast: Cast, client: Client) -> None:
    hub.publish_guidance("Guidance on it", themes=[cast.theme])
    hub.publish_information("Use case of it", themes=[cast.theme])
    hub.publish_event("Event about it", themes=[cast.theme], network=cast.ai)
    start_thread(cast.ai, by=cast.bob, theme=cast.theme, title="Thread on it", source="Words")
    sign_in(client, cast.fay)
    html = client.get("/themes/adult-social-care/").content.decode()

    for words in ("Guidance on it", "Use case of it", "Event about it", "Thread on it", "Follow this theme"):
        assert words in html


class TestAPrivateThemeAndPages:
    """A network's own theme stands on no page, whichever way it would get there."""

    def test_no_page_is_published_with_it(self, hub: Hub, cast: Cast, private: Theme) -> None:
        for publish in (hub.publish_guidance, hub.publish_event, hub.publish_information):
            with pytest.raises(Refused, match="cannot be put on a page"):
                publish("With a private theme", themes=[private])
        assert not Page.objects.filter(title="With a private theme").exists()

    @pytest.mark.parametrize("kind", ["guidancepage", "informationpage", "eventpage"])
    def test_no_editor_is_offered_it(self, hub: Hub, cast: Cast, private: Theme, client: Client, kind: str) -> None:
        give_roles(cast.bob, [PUBLISHERS], by=None)  # who belongs to the network, and knows the theme
        sign_in(client, cast.bob)
        html = client.get(reverse("wagtailadmin_pages:add", args=["cms", kind, hub.guidance.pk])).content.decode()

        assert "Adult social care" in html
        assert "Canary" not in html

    def test_a_draft_from_before_it_was_private_is_published_without_it(self, hub: Hub, cast: Cast) -> None:
        page = hub.publish_guidance("Canary draft")
        page.themes = [cast.theme]
        draft = page.save_revision()
        Theme.objects.filter(pk=cast.theme.pk).update(private_to=cast.ai)
        draft.publish()

        assert not GuidancePage.objects.get(pk=page.pk).themes.exists()
        client = Client()
        sign_in(client, cast.fay)
        assert "Canary draft" not in client.get("/themes/adult-social-care/").content.decode().split("<main")[1]


def test_administrators_find_the_way_to_the_vocabulary(hub: Hub, cast: Cast, client: Client) -> None:
    assert "/administration/themes/" not in client.get("/themes/").content.decode()
    sign_in(client, cast.bob)
    assert "/administration/themes/" not in client.get("/themes/").content.decode()
    sign_in(client, cast.ada)
    assert 'href="/administration/themes/"' in client.get("/themes/").content.decode()
