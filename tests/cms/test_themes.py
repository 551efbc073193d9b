"""The one vocabulary: a theme page shows what the hub publishes and what the reader's networks say."""

from __future__ import annotations

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from forums.actions.threads import start_thread
from network.models import NetworkTheme, Theme
from tests.cast import Cast
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
            client.force_login(outsider)
        assert "Canary thread" not in client.get("/themes/adult-social-care/").content.decode()
    client.force_login(cast.fay)
    assert "Canary thread" in client.get("/themes/adult-social-care/").content.decode()


def test_a_private_theme_is_not_there_for_outsiders(private: Theme, hub: Hub, cast: Cast, client: Client) -> None:
    for outsider in [None, *cast.outsiders]:
        if outsider:
            client.force_login(outsider)
        assert client.get("/themes/canary/").status_code == 404
        assert "Canary" not in client.get("/themes/").content.decode()
        assert "Canary" not in client.get("/").content.decode()
    client.force_login(cast.bob)
    assert client.get("/themes/canary/").status_code == 200
    assert "Canary theme" in client.get("/themes/").content.decode()


def test_closed_pages_are_not_listed_under_their_theme(hub: Hub, cast: Cast, client: Client) -> None:
    close(hub.guidance)
    hub.publish_guidance("Canary page", themes=[cast.theme])

    assert "Canary page" not in client.get("/themes/adult-social-care/").content.decode()


def test_a_theme_takes_as_many_queries_for_many_pages_as_for_few(
    hub: Hub, cast: Cast, client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    def fill(numbers: range) -> None:
        for number in numbers:
            hub.publish_guidance(f"Guidance {number}", themes=[cast.theme])
            hub.publish_event(f"Event {number}", themes=[cast.theme], network=cast.ai)

    fill(range(2))
    client.get("/themes/adult-social-care/")
    with django_assert_max_num_queries(20) as few:
        client.get("/themes/adult-social-care/")
    fill(range(2, 6))
    with django_assert_max_num_queries(20) as many:
        client.get("/themes/adult-social-care/")
    assert len(many) == len(few)
