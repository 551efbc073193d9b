"""What counts as similar while the title of a new thread is typed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from cms.actions.pages import publish_page, set_up_site
from cms.models import GuidancePage, SectionPage
from cms.search import similar, similar_pages
from forums.actions.threads import start_thread
from forums.models import Thread
from forums.search.similar import similar_threads
from network.limits import RateLimit
from network.models import Member, Theme
from tests.cast import Cast

# Typed, there, and whether the second is shown to whoever types the first.
PAIRS = [
    ("Who records meetings?", "Recording meetings with Teams", True),
    ("Using Copilot to write committee minutes", "Minutes of committees by Copilot", True),
    ("Has anyone tried redacting case notes?", "Redaction of case notes", True),
    ("Chatbots for housing repairs", "A chatbot that answers questions on housing", True),
    ("What does your AI policy say?", "Sharing our AI policies", True),
    ("Transcribing social work visits", "Transcribed visits in social work: what we learned", True),
    ("Copilot licences", "How many Copilot licences do you have?", True),
    ("Data protection impact assessments for AI", "Template for a data protection impact assessment", True),
    ("Forecasting demand in adult social care", "Demand forecasts for social care", True),
    ("Translation of letters", "We did this: translating letters into Polish", True),
    ("Procurement of chatbots", "Chatbots: procuring one through a framework", True),
    ("Café culture & staff training", "Training for staff", True),
    ("Redacting case notes", "Case studies wanted", False),
    ("What does your AI policy say?", "AI procurement", False),
    ("Who records meetings?", "Meeting rooms for hire", False),
    ("Has anyone tried this?", "Anyone using one of these?", False),
    ("Minutes by Copilot", "Licences for Power BI", False),
    ("Housing repairs by text message", "Planning applications by text", False),
    ("Forecasting demand in adult social care", "Childcare funding", False),
    ("Council tax letters in plain English", "Council newsletters", False),
]


def start(cast: Cast, title: str, *, network: str = "ai", theme: Theme | None = None) -> Thread:
    return start_thread(getattr(cast, network), by=cast.bob, theme=theme or cast.theme, title=title, source="Words")


@pytest.mark.parametrize(("typed", "there", "is_similar"), PAIRS, ids=[f"{one} / {other}" for one, other, _ in PAIRS])
def test_what_is_similar_and_what_is_not(cast: Cast, typed: str, there: str, is_similar: bool) -> None:
    start(cast, there)

    assert [hit.title for hit in similar_threads(cast.fay, typed)] == [there] * is_similar


def test_the_most_alike_comes_first_and_five_are_enough(cast: Cast) -> None:
    for number in range(6):
        start(cast, f"Recording meetings, part {'i' * (number + 3)}")
    start(cast, "Recording meetings")

    found = similar_threads(cast.fay, "Who records meetings?")

    assert len(found) == 5
    assert found[0].title == "Recording meetings"


def test_words_of_a_body_are_no_title(cast: Cast) -> None:
    start_thread(cast.ai, by=cast.bob, theme=cast.theme, title="Lunch", source="Recording meetings")

    assert similar_threads(cast.fay, "Recording meetings") == []


@pytest.mark.parametrize("who", ["olga", "amir", "lena", "sven", "ada"])
def test_outsiders_are_told_of_nothing(cast: Cast, who: str) -> None:
    start(cast, "Recording meetings")

    assert similar_threads(getattr(cast, who), "Recording meetings") == []
    assert similar_threads(AnonymousUser(), "Recording meetings") == []


@pytest.mark.parametrize(
    "title", ["", "the of and", '"', "a AND (", "NEAR(x", "title:x", "'; DROP TABLE", "*", "\x00", "é" * 500]
)
def test_odd_titles_are_like_nothing(cast: Cast, title: str) -> None:
    start(cast, "Recording meetings")

    assert similar(cast.fay, title) == []


def test_guidance_that_the_writer_may_open_is_found_too(cast: Cast) -> None:
    section = publish_page(set_up_site(), SectionPage(title="Guidance", slug="guidance"), by=None)
    for title, slug in (("Recording meetings lawfully", "one"), ("Buying software", "two")):
        publish_page(section, GuidancePage(title=title, slug=slug, body=[]), by=None)
    start(cast, "Recorded meetings")

    assert [hit.title for hit in similar(cast.fay, "Who records meetings?")] == [
        "Recorded meetings",
        "Recording meetings lawfully",
    ]
    assert [hit.kind for hit in similar_pages(cast.fay, "Record a meeting")] == ["Guidance"]


def test_guidance_that_is_closed_to_the_writer_is_not_found(cast: Cast) -> None:
    from django.contrib.auth.models import Group
    from wagtail.models import PageViewRestriction

    section = publish_page(set_up_site(), SectionPage(title="Guidance", slug="guidance"), by=None)
    page = publish_page(section, GuidancePage(title="Recording meetings", slug="one", body=[]), by=None)
    closed = PageViewRestriction.objects.create(page=page, restriction_type=PageViewRestriction.GROUPS)
    closed.groups.add(Group.objects.create(name="Some"))

    assert similar(cast.fay, "Recording meetings") == []


def test_of_a_common_word_the_newest_titles_are_looked_at(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forums.search.similar.SIMILAR_MATCHES", 2)
    for title in ("Meetings one", "Meetings two", "Meetings three"):
        start(cast, title)

    assert [hit.title for hit in similar_threads(cast.fay, "Meetings")] == ["Meetings three", "Meetings two"]


class TestTheAddress:
    """Asked by a script while a title is typed. Posted, so that no title of what is not yet said stands in a log."""

    def ask(self, member: Member | None, title: str) -> HttpResponse:
        client = Client()
        if member is not None:
            client.force_login(member)
        return client.post(reverse("similar"), {"title": title})

    def test_a_member_gets_a_piece_of_a_page(self, cast: Cast) -> None:
        there = start(cast, "Recording <b>meetings</b>")
        answer = self.ask(cast.fay, "Who records meetings?").content.decode()

        assert f'href="{there.get_absolute_url()}" target="_blank"' in answer
        assert "Recording &lt;b&gt;meetings&lt;/b&gt; (opens in new tab)" in answer
        assert "Discussion in the AI Network" in answer
        assert "<html" not in answer

    @pytest.mark.parametrize("who", ["nobody", "olga", "amir", "lena", "sven", "ada"])
    def test_outsiders_get_404(self, cast: Cast, who: str) -> None:
        start(cast, "Recording meetings")

        assert self.ask(getattr(cast, who, None), "Recording meetings").status_code == 404

    def test_it_is_not_asked_without_end(self, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
        limit = RateLimit("look for what is similar", 1, per=timedelta(hours=1))
        monkeypatch.setattr("cms.limits.LOOKING_FOR_SIMILAR", limit)

        assert [self.ask(cast.fay, "Meetings").status_code for _ in range(2)] == [200, 429]

    def test_it_costs_the_same_at_two_sizes(
        self, cast: Cast, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        start(cast, "Recording meetings")
        similar(cast.fay, "Who records meetings?")
        with django_assert_num_queries(6) as small:
            similar(cast.fay, "Who records meetings?")
        for number in range(9):
            start(cast, f"Recording meetings {number}")

        with django_assert_num_queries(len(small)):
            assert len(similar(cast.fay, "Who records meetings?")) == 5
