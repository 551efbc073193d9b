"""From outside: a network shows what is published about it and what its visitor is to it, and is the same whatever goes
on inside."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from forums.actions.posts import reply
from forums.actions.rooms import schedule_room
from forums.actions.threads import start_thread
from network.models import Member, Membership, Network, NetworkTheme, Theme
from tests.cast import Cast, sign_in
from tests.cms.hub import Hub

OUTSIDE = [None, "olga", "amir", "lena", "sven", "ada"]
NETWORKS = ["ai", "ai-practitioners"]
PUBLIC = ["/networks/", "/themes/", "/"]


@pytest.fixture
def hub(cast: Cast, hub: Hub) -> Hub:
    Network.objects.filter(pk=cast.ai.pk).update(
        published_members=450, published_source="A report, November 2024", audience="Officers"
    )
    Network.objects.filter(pk=cast.practitioners.pk).update(
        published_members=250, published_source="A report, November 2024"
    )
    return hub


def browser(cast: Cast, who: str | None) -> Client:
    client = Client()
    if who:
        sign_in(client, getattr(cast, who))
    return client


def seen(client: Client, address: str) -> str:
    """The page, but for the token that is another in each answer."""
    response = client.get(address)
    assert response.status_code == 200
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", response.content.decode())


def live_a_little(cast: Cast) -> None:
    """All that goes on in a network: people, themes, threads, tags, rooms."""
    now = timezone.now()
    for network in (cast.ai, cast.practitioners):
        own = Theme.objects.create(name=f"Canary {network}", slug=f"canary-{network.slug}", private_to=network)
        NetworkTheme.objects.create(network=network, theme=own)
        NetworkTheme.objects.create(
            network=network, theme=Theme.objects.get_or_create(name="Waste", slug="waste")[0], order=2
        )
        thread = start_thread(network, by=cast.bob, theme=own, title="Canary", source="Canary", tags=["canary"])
        reply(thread, by=cast.fay, source="Canary")
        schedule_room(network, title="Canary", opens_at=now, closes_at=now + timedelta(hours=1), by=cast.fay)
        newcomer = Member.objects.create_user(f"canary@{network.slug}.example.org", name="Canary")
        Membership.objects.create(member=newcomer, network=network, state="active", joined_at=now, role="facilitator")


@pytest.mark.parametrize("who", OUTSIDE)
def test_both_networks_look_the_same_whatever_goes_on_inside(cast: Cast, hub: Hub, who: str | None) -> None:
    client = browser(cast, who)
    Theme.objects.create(name="Waste", slug="waste")
    addresses = [*PUBLIC, *(f"/networks/{slug}/" for slug in NETWORKS)]
    before = [seen(client, address) for address in addresses]
    live_a_little(cast)

    assert [seen(client, address) for address in addresses] == before
    Membership.objects.exclude(member=getattr(cast, who) if who else None).delete()
    assert [seen(client, address) for address in addresses] == before


@pytest.mark.parametrize("slug", NETWORKS)
def test_all_outsiders_see_the_same_but_for_what_they_are_to_it_themselves(cast: Cast, hub: Hub, slug: str) -> None:
    live_a_little(cast)
    parts = set()
    for who in OUTSIDE:
        main = seen(browser(cast, who), f"/networks/{slug}/").split("<main")[1].split("</main>")[0]
        published, own = main.split('<div class="app-own-state">')
        parts.add(published)
        assert "canary" not in own.lower()

    assert len(parts) == 1
    (published,) = parts
    for words in ("Who it is for", "How to join", "officers</strong>", "Source: A report, November 2024"):
        assert words in published or (words == "Who it is for" and slug != "ai")


@pytest.mark.parametrize("slug", NETWORKS)
def test_who_left_sees_what_somebody_sees_who_never_came(cast: Cast, hub: Hub, slug: str) -> None:
    def main(who: str) -> str:
        return seen(browser(cast, who), f"/networks/{slug}/").split("<main")[1]

    assert main("lena") == main("olga") == main("ada")


@pytest.mark.parametrize(
    ("who", "words"),
    [
        (None, "Sign in or create an account"),
        ("olga", "Ask to join"),
        ("amir", "You asked to join on"),
        ("lena", "Ask to join"),
        ("sven", "Your membership of this network is suspended."),
    ],
)
def test_each_reads_what_they_are_to_it(cast: Cast, hub: Hub, who: str | None, words: str) -> None:
    page = seen(browser(cast, who), "/networks/ai-practitioners/")

    assert words in page.split('<div class="app-own-state">')[1]


def test_a_figure_without_its_source_is_not_shown(cast: Cast, hub: Hub) -> None:
    Network.objects.update(published_source="")

    for address in ("/networks/", "/networks/ai/"):
        assert "450" not in seen(Client(), address).split("<main")[1]


@pytest.mark.parametrize("who", OUTSIDE)
def test_nothing_else_of_a_network_is_there(cast: Cast, hub: Hub, who: str | None) -> None:
    live_a_little(cast)
    client = browser(cast, who)
    for slug in NETWORKS:
        for part in ("threads/", "threads/new/", "feed/", "requests/", "themes/", "tags/", "threads/?tag=canary"):
            assert client.get(f"/networks/{slug}/{part}").status_code == 404
        assert client.get(f"/themes/canary-{slug}/").status_code == 404
