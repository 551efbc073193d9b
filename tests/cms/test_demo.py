"""The demonstration content: loads twice without harm, and always has an event that is on now."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoDbBlocker
from wagtail.models import Page

import cms.demo
import network.demo
from cms.actions.pages import set_up_site
from cms.actions.roles import set_up_roles
from cms.models import (
    EventPage,
    EventRoom,
    GuidancePage,
    HomePage,
    InformationPage,
    PageThread,
    SectionPage,
    places_taken,
    waiting_for,
)
from forums.models import Room, Thread
from network.actions.organisations import add_organisation
from network.models import Organisation


@pytest.fixture(scope="class")
def demonstration(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Loaded once for all tests of a class: each undoes what it did to it."""
    with django_db_blocker.unblock(), transaction.atomic():
        now = timezone.now()
        set_up_roles()
        set_up_site()  # as on a new installation, before the demonstration
        network.demo.load(now)
        cms.demo.load(now)
        cms.demo.refresh_demo(now)
        yield
        transaction.set_rollback(True)


@pytest.mark.usefixtures("demonstration", "db")
class TestOnceItIsLoaded:
    def test_loading_twice_changes_nothing(self) -> None:
        before = (Page.objects.count(), Thread.objects.count(), Room.objects.count())
        pages = list(Page.objects.order_by("pk").values_list("title", "latest_revision_id"))

        cms.demo.load(timezone.now())
        cms.demo.refresh_demo(timezone.now())

        assert (Page.objects.count(), Thread.objects.count(), Room.objects.count()) == before
        assert list(Page.objects.order_by("pk").values_list("title", "latest_revision_id")) == pages
        assert before[0] >= 25

    @pytest.mark.parametrize("later", [timedelta(0), timedelta(hours=3), timedelta(days=1), timedelta(days=50)])
    def test_an_event_is_on_whenever_the_demonstration_starts(self, later: timedelta) -> None:
        now = timezone.now() + later
        cms.demo.refresh_demo(now)

        on_now = [event for event in EventPage.objects.all() if event.is_on(now)]
        assert [event.slug for event in on_now] == ["questions-before-you-buy"]
        assert on_now[0].is_on(now + timedelta(minutes=55))
        assert EventRoom.objects.get(page=on_now[0].pk).room.is_open(now)
        assert EventPage.objects.not_over(now).count() == 4
        assert EventPage.objects.over(now).count() == 1

    def test_one_event_has_no_place_left_and_somebody_waits(self) -> None:
        [event] = EventPage.objects.filter(needs_sign_up=True)
        assert places_taken(event) == event.places
        assert waiting_for(event).count() == 1

    def test_discussions_are_as_old_as_their_pages(self) -> None:
        for link in PageThread.objects.select_related("page", "thread"):
            assert link.thread.started_at == link.page.first_published_at
            assert link.thread.quiet

    def test_every_page_of_it_can_be_read_by_anybody(self, client: Client) -> None:
        for page in Page.objects.filter(depth__gte=2):
            answer = client.get(page.url)
            assert answer.status_code == 200, page.url
        assert GuidancePage.objects.count() >= 8

    def test_there_are_about_twenty_five_pages_to_read(self) -> None:
        """Besides the sections, which only lead to them, and the pages of the footer, which every hub has."""
        footer = InformationPage.objects.child_of(HomePage.objects.get())
        read = Page.objects.filter(depth__gte=2).not_type(SectionPage).exclude(pk__in=footer)

        assert 23 <= read.count() <= 27

    def test_the_footer_leads_somewhere(self, client: Client) -> None:
        for address in ["/ground-rules/", "/privacy/", "/accessibility/", "/cookies/", "/contact/", "/complaints/"]:
            assert client.get(address).status_code == 200


def test_a_real_council_is_the_subject_of_a_marked_page(db: None, client: Client) -> None:
    swindon = add_organisation(slug="swindon", name="Swindon Borough Council", short_name="Swindon", by=None)
    Organisation.objects.filter(pk=swindon.pk).update(la_code="SWD")
    network.demo.load(timezone.now())
    cms.demo.load(timezone.now())

    html = client.get("/use-cases/swindon-simply-readable/").content.decode()

    assert "not written by the council" in html
    assert "are claims of those" in html
    assert "Swindon Borough Council" in html
