"""Who may read which page, and what lists and links say of it."""

from __future__ import annotations

import re

import pytest
from django.conf import settings
from django.contrib.auth.models import AnonymousUser, Group, Permission
from django.core.management import call_command
from django.test import Client
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings
from wagtail.models import Page, PageViewRestriction, Site

from cms.actions.footer import set_up_footer
from cms.actions.lifecycle import begin_lifecycle
from cms.actions.pages import publish_page, republish_page, set_up_site
from cms.models import (
    GuidancePage,
    HomePage,
    InformationPage,
    PageLifecycle,
    PageTag,
    SectionPage,
    menu_visible_to,
    pages_visible_to,
)
from network.models import Member, Organisation, Theme
from network.permissions import Refused
from tests.cast import Cast
from tests.cms.hub import Hub, close

ANYBODY = AnonymousUser()


def sees(viewer: Member | AnonymousUser, page: GuidancePage) -> bool:
    by_type = GuidancePage.objects.visible_to(viewer).filter(pk=page.pk).exists()
    assert by_type == pages_visible_to(viewer).filter(pk=page.pk).exists()
    return bool(by_type)


def test_everybody_sees_a_published_page(hub: Hub, cast: Cast) -> None:
    page = hub.publish_guidance("For all")

    assert all(sees(viewer, page) for viewer in [ANYBODY, cast.bob, *cast.outsiders])


def test_nobody_sees_a_draft(hub: Hub, cast: Cast) -> None:
    page = hub.publish_guidance("Not yet")
    page.unpublish()

    assert not any(sees(viewer, page) for viewer in [ANYBODY, cast.bob, cast.ada])


def test_what_is_behind_a_sign_in_is_seen_by_those_signed_in(hub: Hub, cast: Cast) -> None:
    close(hub.guidance)
    page = hub.publish_guidance("Signed in")

    assert not sees(ANYBODY, page)
    assert sees(cast.olga, page)


def test_somebody_whose_account_is_closed_counts_as_nobody(hub: Hub, cast: Cast) -> None:
    close(hub.guidance)
    page = hub.publish_guidance("Signed in")
    cast.olga.is_active = False

    assert not sees(cast.olga, page)


def test_what_is_for_a_group_is_seen_by_that_group(hub: Hub, cast: Cast) -> None:
    group = Group.objects.create(name="Reviewers")
    close(hub.guidance, PageViewRestriction.GROUPS).groups.add(group)
    page = hub.publish_guidance("For reviewers")

    assert not sees(ANYBODY, page)
    assert not sees(cast.bob, page)
    cast.bob.groups.add(group)
    assert sees(cast.bob, page)


def test_all_restrictions_on_the_way_must_admit(hub: Hub, cast: Cast) -> None:
    close(hub.home)
    close(hub.guidance, PageViewRestriction.GROUPS).groups.add(Group.objects.create(name="Reviewers"))
    page = hub.publish_guidance("Twice closed")

    assert not sees(cast.olga, page)


def test_what_is_behind_a_shared_password_is_in_nobodys_lists(hub: Hub, cast: Cast) -> None:
    close(hub.guidance, PageViewRestriction.PASSWORD)

    assert not sees(cast.bob, hub.publish_guidance("Password"))


def test_tags_and_reviews_of_closed_pages_are_not_shown(hub: Hub, cast: Cast) -> None:
    close(hub.guidance)
    hub.publish_guidance("Closed", tags=["canary"])

    assert not PageTag.objects.visible_to(ANYBODY).exists()
    assert not PageLifecycle.objects.visible_to(ANYBODY).exists()
    assert PageTag.objects.visible_to(cast.olga).get().tag.name == "canary"
    assert PageLifecycle.objects.visible_to(cast.olga).exists()


def test_a_closed_page_sends_to_our_sign_in(hub: Hub, client: Client) -> None:
    close(hub.guidance)
    page = hub.publish_guidance("Closed")

    answer = client.get(page.url)

    assert answer.status_code == 302
    assert answer["Location"].startswith("/account/")


def test_reading_gives_no_cookie(hub: Hub, client: Client) -> None:
    page = hub.publish_guidance("Read me")
    for address in ["/", "/guidance/", page.url, "/events/", "/themes/", "/search/?q=read"]:
        assert client.get(address).status_code == 200
    assert not client.cookies


def test_a_guidance_page_shows_themes_tags_contents_and_review(hub: Hub, cast: Cast, client: Client) -> None:
    page = hub.publish_guidance(
        "How to begin",
        summary="Small.",
        themes=[cast.theme],
        tags=["pilots"],
        body=[
            ("heading", "Why & how"),
            ("paragraph", "<p>Because.</p>"),
            ("heading", "Why & how"),
            (
                "figures",
                [{"value": "85%", "words": "of councils", "source": "A survey", "date": "February 2024"}],
            ),
            ("quote", {"text": "Begin.", "source": "A book, 1999"}),
            ("callout", {"title": "Mind", "text": "<p>the gap</p>"}),
            ("list", ["one", "two"]),
        ],
    )

    html = client.get(page.url).content.decode()

    assert 'href="#why-how"' in html and 'id="why-how"' in html
    assert 'href="#why-how-2"' in html and 'id="why-how-2"' in html
    assert f'href="{cast.theme.get_absolute_url()}"' in html
    assert "pilots" in html
    assert "Last reviewed" in html
    assert "Source: A survey, February 2024" in html
    assert "By the hub" in html
    assert "<title>How to begin - Guildhall</title>" in html


def test_a_theme_that_became_private_is_no_longer_shown(hub: Hub, cast: Cast, client: Client) -> None:
    page = hub.publish_guidance("About", themes=[cast.theme])
    Theme.objects.filter(pk=cast.theme.pk).update(private_to=cast.ai)

    for address in [page.url, "/guidance/", "/"]:
        assert cast.theme.name not in client.get(address).content.decode()


def test_the_menu_shows_only_what_the_reader_may_open(hub: Hub, client: Client) -> None:
    assert 'href="/events/"' in client.get("/guidance/").content.decode()
    close(hub.events)
    assert 'class="app-header__link" href="/events/"' not in client.get("/guidance/").content.decode()


def test_the_menu_shows_each_reader_what_is_open_to_them(hub: Hub, cast: Cast) -> None:
    group = Group.objects.create(name="Reviewers")
    cast.olga.groups.add(group)
    close(hub.guidance)
    close(hub.events, PageViewRestriction.GROUPS).groups.add(group)
    root = Member.objects.create_superuser("root@exampleshire.example.org")

    def menu(viewer: Member | AnonymousUser) -> list[str]:
        shown = [title for title, _ in menu_visible_to(viewer)]
        assert shown == list(
            pages_visible_to(viewer).filter(depth=3).in_menu().order_by("path").values_list("title", flat=True)
        )
        return shown

    assert menu(ANYBODY) == []
    assert menu(cast.bob) == ["Guidance"]
    assert menu(cast.olga) == menu(root) == ["Guidance", "Events"]
    close(hub.home, PageViewRestriction.PASSWORD)
    assert menu(cast.olga) == menu(root) == []


def test_the_menu_costs_every_page_one_query(
    hub: Hub, cast: Cast, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    close(hub.guidance, PageViewRestriction.GROUPS)
    Site.get_site_root_paths()  # Wagtail keeps them in the cache
    for viewer in (ANYBODY, cast.bob):
        with django_assert_num_queries(1):
            assert menu_visible_to(viewer) == (("Events", "/events/"),)


def test_a_council_page_tells_what_the_hub_tells_of_it(hub: Hub, cast: Cast) -> None:
    page = hub.publish_information("A project", attribution="Summary of a public source")
    page.councils = [cast.council]
    republish_page(page, by=None)

    assert list(cast.council.hub_pages.all()) == [page]


@pytest.mark.parametrize("kind", ["home", "guidance", "section", "events"])
def test_the_number_of_queries_does_not_grow_with_the_hub(
    kind: str, hub: Hub, cast: Cast, client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    def fill(count: int, start: int) -> None:
        for number in range(start, start + count):
            hub.publish_guidance(f"Guidance {number}", themes=[cast.theme], tags=[f"tag {number}"])
            hub.publish_event(f"Event {number}", network=cast.ai, themes=[cast.theme])
            publish_page(hub.home, SectionPage(title=f"Section {number}", slug=f"section-{number}"), by=None)

    address = {"home": "/", "guidance": "/guidance/guidance-0/", "section": "/guidance/", "events": "/events/"}[kind]
    fill(2, 0)
    client.get(address)  # caches of the site and of content types
    with django_assert_max_num_queries(20) as small:
        assert client.get(address).status_code == 200
    fill(4, 2)
    client.get(address)
    with django_assert_max_num_queries(20) as large:
        client.get(address)
    assert len(large) <= len(small)


def test_a_guidance_page_takes_few_queries_when_nothing_is_cached(
    hub: Hub, cast: Cast, client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    from django.contrib.contenttypes.models import ContentType
    from django.core.cache import cache

    page = hub.publish_guidance("Cold", themes=[cast.theme], tags=["a", "b"], discuss_in=cast.ai)
    cache.clear()
    ContentType.objects.clear_cache()
    with django_assert_max_num_queries(20):
        client.get(page.url)


def test_publishing_a_page_twice_is_publishing_it_once(hub: Hub) -> None:
    first = hub.publish_guidance("Once")
    second = hub.publish_guidance("Once")

    assert first == second
    assert GuidancePage.objects.count() == 1


def test_only_publishers_publish(hub: Hub, cast: Cast) -> None:
    with pytest.raises(Refused, match="Only publishers"):
        publish_page(hub.guidance, GuidancePage(title="Mine", slug="mine"), by=cast.bob)
    page = hub.publish_guidance("Theirs")
    with pytest.raises(Refused, match="Only publishers"):
        republish_page(page, by=cast.bob)


def test_setting_up_twice_makes_one_home_page(hub: Hub) -> None:
    assert set_up_site() == hub.home
    assert HomePage.objects.count() == 1


def test_publishing_again_is_no_review(hub: Hub) -> None:
    page = hub.publish_guidance("Reviewed")
    PageLifecycle.objects.filter(page=page.pk).update(reviewed_on="2024-01-01", review_by="2025-01-01")

    republish_page(page, by=None)

    assert str(begin_lifecycle(page).reviewed_on) == "2024-01-01"


def test_unknown_councils_have_no_pages(hub: Hub, cast: Cast) -> None:
    assert not Organisation.objects.filter(hub_pages__isnull=False).exists()


def test_a_new_hub_has_every_page_to_which_its_footer_leads(db: None, client: Client) -> None:
    call_command("set_up")

    footer = client.get("/").content.decode().partition("<footer")[2]
    links = re.findall(r'href="(/[^"]*)"', footer)
    assert len(links) >= 5
    assert [link for link in links if client.get(link).status_code != 200] == []


def test_what_is_left_to_fill_in_is_shown_to_editors_only(db: None, client: Client, cast: Cast) -> None:
    call_command("set_up")
    words = "Put the name of the data controller"

    assert words not in client.get("/privacy/").content.decode()
    client.force_login(cast.bob)
    assert words not in client.get("/privacy/").content.decode()
    cast.bob.user_permissions.add(Permission.objects.get(codename="access_admin"))
    assert words in client.get("/privacy/").content.decode()


def test_the_privacy_page_says_what_is_kept_and_for_how_long(db: None, client: Client) -> None:
    call_command("set_up")
    words = re.sub(r"<[^>]+>", " ", client.get("/privacy/").content.decode().partition("<main")[2])
    words = re.sub(r"\s+", " ", words)

    for kept in (
        "network address",
        "30 days after you signed in",  # sessions
        "400 days after you last signed in with it",  # known browsers
        "After 400 days it goes; if you have no account, after 90 days",  # mail
        "90 days after the invitation has ended",
        "Lists go after 90 days",
        "goes after a day",  # addresses that nobody proved
        "suspends or changes your account",
        "recovery codes are encrypted",
        "can be fetched for 7 days",
        "as long as you have an account",
        "for as long as the site runs",  # the audit log
    ):
        assert kept in words, kept
    cookies = client.get("/cookies/").content.decode()
    for cookie in (settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME, settings.BROWSER_COOKIE_NAME):
        assert f"{cookie}:" in cookies


def test_setting_up_again_keeps_what_an_editor_made_of_a_page_of_the_footer(db: None) -> None:
    call_command("set_up")
    contact = InformationPage.objects.get(slug="contact")
    contact.summary = "Write to us."
    republish_page(contact, by=None)
    before = Page.objects.count()

    call_command("set_up")

    assert InformationPage.objects.get(slug="contact").summary == "Write to us."
    assert Page.objects.count() == before


def test_setting_up_leaves_alone_what_an_editor_took_down(db: None) -> None:
    call_command("set_up")
    InformationPage.objects.get(slug="contact").unpublish()

    call_command("set_up")

    assert not InformationPage.objects.get(slug="contact").live


def test_the_contact_page_gives_the_address_of_the_settings_and_says_when_there_is_none(
    hub: Hub, client: Client, settings: Settings
) -> None:
    set_up_footer(hub.home)

    settings.CONTACT = ""
    assert "There is no address to write to yet" in client.get("/contact/").content.decode()
    settings.CONTACT = "hub@example.org"
    html = client.get("/contact/").content.decode()
    assert '<a href="mailto:hub@example.org">hub@example.org</a>' in html
    assert "There is no address to write to yet" not in html
