"""Tags on threads: spelled one way, counted and offered for those who may see them, merged by facilitators."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from forums.actions.tags import merge_tags
from forums.actions.threads import start_thread
from forums.models import Thread, ThreadTag
from forums.models.thread import ThreadTagQuerySet
from network.models import AuditEvent, Membership, Network, Notice, Tag
from network.models.tag import MAX_TAG_LENGTH, clean_tags
from network.permissions import Refused
from tests.cast import Cast, sign_in
from tests.cms.hub import Hub, close

NOT_FACILITATORS = ["bob", "olga", "amir", "lena", "sven", "ada", None]


def browser(cast: Cast, who: str | None) -> Client:
    client = Client()
    if who:
        sign_in(client, getattr(cast, who))
    return client


def said(response: Any) -> str:
    return str(response.content.decode())


def tagged(cast: Cast, network: Network, *tags: str) -> Thread:
    number = Thread.objects.count()
    return start_thread(network, by=cast.bob, theme=cast.theme, title=f"Thread {number}", source="Words", tags=tags)


def names(thread: Thread) -> list[str]:
    return sorted(Thread.objects.get(pk=thread.pk).tags.names())


class TestSpelling:
    @pytest.mark.parametrize(
        ("typed", "spelled"),
        [
            ("Minutes", "minutes"),
            ("  meeting \t  notes ", "meeting notes"),
            ("#chatbots", "chatbots"),
            ("# chatbots", "chatbots"),
            ("copilot\u200b", "copilot"),
            ("a\x1fb\x07", "a b"),
            ("\u202edrow", "drow"),
            ("\uff21\uff29", "ai"),
            ("one,two", "one two"),
            ("Cyfieithu peirianyddol", "cyfieithu peirianyddol"),
        ],
    )
    def test_is_one_whoever_typed_it(self, typed: str, spelled: str) -> None:
        assert clean_tags([typed]) == [spelled]

    def test_what_is_empty_is_left_out_and_doubles_are_one(self) -> None:
        assert clean_tags(["", " ", "#", "\x07", "B", "a", "b"]) == ["b", "a"]

    def test_a_tag_that_is_too_long_is_none(self) -> None:
        assert clean_tags(["x" * MAX_TAG_LENGTH])
        with pytest.raises(ValidationError):
            clean_tags(["x" * (MAX_TAG_LENGTH + 1)])

    def test_a_list_by_tag_is_found_however_it_is_typed(self, cast: Cast) -> None:
        thread = tagged(cast, cast.ai, "meeting notes")
        for typed in ("Meeting  Notes", "#meeting notes"):
            assert thread.title in said(browser(cast, "fay").get("/networks/ai/threads/", {"tag": typed}))


class TestTagsInUse:
    def test_members_see_them_with_counts(self, cast: Cast) -> None:
        tagged(cast, cast.ai, "minutes", "copilot")
        tagged(cast, cast.ai, "minutes")
        page = said(browser(cast, "bob").get("/networks/ai/threads/"))
        listed = page.split('id="tags-in-use-here"')[1]

        assert listed.index("minutes") < listed.index("copilot")
        assert '2<span class="govuk-visually-hidden"> threads</span>' in listed
        assert '1<span class="govuk-visually-hidden"> thread</span>' in listed

    def test_only_the_latest_threads_of_a_network_are_counted(
        self, cast: Cast, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(ThreadTagQuerySet, "LATELY", 2)
        for names in (("minutes", "early"), ("minutes",), ("minutes", "copilot")):
            tagged(cast, cast.ai, *names)
        tagged(cast, cast.practitioners, "elsewhere")
        rows = ThreadTag.objects.visible_to(cast.bob)

        assert [(row["name"], row["threads"]) for row in rows.counted_lately(cast.ai)] == [
            ("minutes", 2),
            ("copilot", 1),
        ]
        assert [row["name"] for row in rows.counted_lately(cast.practitioners)] == ["elsewhere"]
        for outsider in cast.outsiders:
            assert list(ThreadTag.objects.visible_to(outsider).counted_lately(cast.ai)) == []

    def test_no_list_names_or_counts_what_is_in_another_network(self, cast: Cast) -> None:
        tagged(cast, cast.practitioners, "minutes", "canary")
        tagged(cast, cast.ai, "minutes")
        Membership.objects.filter(member=cast.bob, network=cast.practitioners).update(state="left")
        bob = browser(cast, "bob")

        for address in ("/networks/ai/threads/", "/networks/ai/threads/new/"):
            assert "canary" not in said(bob.get(address))
        assert '2<span class="govuk-visually-hidden"> threads' not in said(bob.get("/networks/ai/threads/"))
        rows = ThreadTag.objects.visible_to(cast.bob)
        assert list(rows.counted(cast.practitioners)) == []
        for outsider in cast.outsiders:
            assert list(ThreadTag.objects.visible_to(outsider).counted(cast.ai)) == []


class TestWhatIsOffered:
    def test_the_form_offers_tags_of_the_network_and_of_pages(self, cast: Cast, hub: Hub) -> None:
        tagged(cast, cast.ai, "minutes")
        tagged(cast, cast.practitioners, "elsewhere")
        hub.publish_guidance("Live", tags=["procurement"])
        hub.publish_guidance("Draft", tags=["canary-draft"]).unpublish()
        close(hub.events, "groups")
        page = said(browser(cast, "bob").get("/networks/ai/threads/new/"))
        offered = page.split('<datalist id="tags-in-use">')[1].split("</datalist>")[0]

        assert 'list="tags-in-use"' in page
        assert '<option value="minutes">' in offered
        assert '<option value="procurement">' in offered
        for other in ("elsewhere", "canary-draft"):
            assert other not in offered
        # Readable without a script, and read out with the field.
        assert "Often used here: minutes." in page

    def test_the_form_costs_the_same_for_many_tags_as_for_few(
        self, cast: Cast, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        bob = browser(cast, "bob")

        def asked() -> int:
            bob.get("/networks/ai/threads/new/")
            with django_assert_max_num_queries(12) as queries:
                bob.get("/networks/ai/threads/new/")
            return len(queries)

        tagged(cast, cast.ai, "one")
        few = asked()
        for number in range(8):
            tagged(cast, cast.ai, f"tag {number}", f"more {number}")
        assert asked() == few


class TestMerging:
    def test_a_facilitator_sees_the_tags_of_their_network_alone(self, cast: Cast) -> None:
        tagged(cast, cast.ai, "minutes")
        tagged(cast, cast.practitioners, "minutes", "canary")
        page = said(browser(cast, "fay").get("/networks/ai/tags/"))

        assert "minutes" in page
        assert "1 thread<" in page
        assert "canary" not in page

    def test_two_tags_become_one_on_the_threads_of_the_network_and_nowhere_else(self, cast: Cast, hub: Hub) -> None:
        one, both = tagged(cast, cast.ai, "note taking"), tagged(cast, cast.ai, "note taking", "minutes")
        other = tagged(cast, cast.practitioners, "note taking")
        page = hub.publish_guidance("About", tags=["note taking"])
        was = list(Thread.objects.order_by("pk").values("last_post_at", "highest_number", "quiet"))
        notices = Notice.objects.count()
        tag = Tag.objects.get(name="note taking")

        answer = browser(cast, "fay").post(f"/networks/ai/tags/{tag.pk}/", {"into": " Minutes"}, follow=True)

        assert "2 threads changed." in said(answer)
        assert names(one) == names(both) == ["minutes"]
        assert names(other) == ["note taking"]
        assert [tag.name for tag in page.tags.all()] == ["note taking"]
        assert list(Thread.objects.order_by("pk").values("last_post_at", "highest_number", "quiet")) == was
        assert Notice.objects.count() == notices
        event = AuditEvent.objects.latest("pk")
        assert (event.verb, event.network, event.details) == ("merged tags", cast.ai, {"tag": tag.pk, "threads": 2})

    def test_a_new_name_is_renaming_and_what_nothing_carries_is_gone(self, cast: Cast) -> None:
        thread = tagged(cast, cast.ai, "minuts")
        assert merge_tags(cast.ai, Tag.objects.get(), "minutes", by=cast.fay) == 1

        assert names(thread) == ["minutes"]
        assert [tag.name for tag in Tag.objects.all()] == ["minutes"]

    def test_a_tag_that_only_a_draft_has_stays(self, cast: Cast, hub: Hub) -> None:
        page = hub.publish_guidance("About")
        page.tags.set(["minuts"])
        page.save_revision()
        tag = Tag.objects.filter(name="minuts").first() or Tag.objects.create(name="minuts")
        tagged(cast, cast.ai, "minuts")
        merge_tags(cast.ai, tag, "minutes", by=cast.fay)

        assert Tag.objects.filter(name="minuts").exists()
        assert [tag.name for tag in page.get_latest_revision_as_object().tags.all()] == ["minuts"]

    @pytest.mark.parametrize(
        ("into", "words"),
        [
            ("", "Enter a tag"),
            (" # ", "Enter a tag"),
            ("MINUTES", "Enter another tag than the one it has"),
            ("x" * 41, "Each tag can have at most 40 characters"),
        ],
    )
    def test_what_is_no_other_tag_is_an_error_beside_the_field(self, cast: Cast, into: str, words: str) -> None:
        thread = tagged(cast, cast.ai, "minutes")
        address = f"/networks/ai/tags/{Tag.objects.get().pk}/"
        page = said(browser(cast, "fay").post(address, {"into": into}))

        assert "<title>Error: Rename or merge" in page
        assert words in page
        assert names(thread) == ["minutes"]

    @pytest.mark.parametrize("who", NOT_FACILITATORS)
    def test_it_is_not_there_for_anybody_else(self, cast: Cast, who: str | None) -> None:
        thread = tagged(cast, cast.ai, "minutes")
        client = browser(cast, who)
        address = f"/networks/ai/tags/{Tag.objects.get().pk}/"

        assert client.get("/networks/ai/tags/").status_code == 404
        assert client.get(address).status_code == 404
        assert client.post(address, {"into": "mine"}).status_code == 404
        assert names(thread) == ["minutes"]

    def test_a_facilitator_of_one_network_neither_sees_nor_changes_the_tags_of_another(self, cast: Cast) -> None:
        Membership.objects.filter(member=cast.bob, network=cast.ai).update(role="facilitator")
        thread = tagged(cast, cast.practitioners, "canary")
        tag = Tag.objects.get()
        bob = browser(cast, "bob")

        assert bob.get(f"/networks/ai/tags/{tag.pk}/").status_code == 404
        assert bob.post(f"/networks/ai/tags/{tag.pk}/", {"into": "mine"}).status_code == 404
        with pytest.raises(Refused):
            merge_tags(cast.practitioners, tag, "mine", by=cast.bob)
        assert merge_tags(cast.ai, tag, "mine", by=cast.bob) == 0
        assert names(thread) == ["canary"]

    def test_takes_as_many_queries_for_many_tags_as_for_few(
        self, cast: Cast, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        fay = browser(cast, "fay")

        def asked() -> int:
            fay.get("/networks/ai/tags/")
            with django_assert_max_num_queries(12) as queries:
                fay.get("/networks/ai/tags/")
            return len(queries)

        tagged(cast, cast.ai, "one")
        few = asked()
        for number in range(8):
            tagged(cast, cast.ai, f"tag {number}", f"more {number}")
        assert asked() == few
