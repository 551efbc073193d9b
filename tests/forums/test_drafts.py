"""What members typed and have not sent."""

from __future__ import annotations

from datetime import timedelta
from threading import Thread as OsThread
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from forums.actions import drafts
from forums.actions.drafts import MAX_LENGTH, NewerDraft, NotKept, delete_draft, forget_old_drafts, save_draft
from forums.actions.posts import reply
from forums.actions.threads import lock_thread, start_thread
from forums.models import Draft, Post, Thread
from network.actions.membership import leave_network
from network.models import Member
from network.permissions import Refused
from tests.cast import Cast, sign_in


def browser_of(member: Member) -> Client:
    client = Client()
    sign_in(client, member)
    return client


@pytest.fixture
def thread(cast: Cast) -> Thread:
    return start_thread(cast.ai, by=cast.bob, theme=cast.theme, title="Who records meetings?", source="We do.")


class TestKeeping:
    def test_one_is_kept_of_each_place_and_written_on(self, cast: Cast, thread: Thread) -> None:
        post = Post.objects.select_related("thread__network").get()
        for place in (cast.ai, thread, post):
            first = save_draft(place, by=cast.bob, fields={"source": "One"}, known="")
            assert first is not None
            save_draft(place, by=cast.bob, fields={"source": "Two"}, known=first.key)

        assert [draft.fields for draft in Draft.objects.order_by("pk")] == [{"source": "Two"}] * 3

    def test_a_newer_one_from_elsewhere_is_not_written_over(self, cast: Cast) -> None:
        here = save_draft(cast.ai, by=cast.bob, fields={"source": "Here"}, known="")
        assert here is not None
        there = save_draft(cast.ai, by=cast.bob, fields={"source": "There"}, known=here.key)
        assert there is not None

        with pytest.raises(NewerDraft) as no:
            save_draft(cast.ai, by=cast.bob, fields={"source": "Here again"}, known=here.key)

        assert no.value.draft == there
        assert Draft.objects.get().fields["source"] == "There"
        save_draft(cast.ai, by=cast.bob, fields={"source": "All the same"}, known=there.key)
        assert Draft.objects.get().fields["source"] == "All the same"

    def test_with_nothing_typed_none_is_left(self, cast: Cast) -> None:
        save_draft(cast.ai, by=cast.bob, fields={"source": "One", "kind": "question"})

        assert save_draft(cast.ai, by=cast.bob, fields={"source": " ", "kind": "question"}) is None
        assert not Draft.objects.exists()

    def test_what_is_too_long_to_send_is_kept_but_not_without_end(self, cast: Cast) -> None:
        save_draft(cast.ai, by=cast.bob, fields={"source": "x" * MAX_LENGTH})
        with pytest.raises(ValueError, match="at most 60,000 characters"):
            save_draft(cast.ai, by=cast.bob, fields={"source": "x" * MAX_LENGTH, "title": "x"})

        assert len(Draft.objects.get().fields["source"]) == MAX_LENGTH

    def test_signs_of_many_bytes_and_drafts_without_number_have_an_end(
        self, cast: Cast, thread: Thread, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        save_draft(cast.ai, by=cast.bob, fields={"source": "\N{OLD PERSONAL COMPUTER}" * 50_000})
        with pytest.raises(NotKept, match="too large"):
            save_draft(cast.ai, by=cast.bob, fields={"source": "\N{OLD PERSONAL COMPUTER}" * 50_001})
        monkeypatch.setattr(drafts, "MOST", 1)
        with pytest.raises(NotKept, match="no room for another"):
            save_draft(thread, by=cast.bob, fields={"source": "Two"})
        assert save_draft(cast.ai, by=cast.bob, fields={"source": "Written on"})
        answer = browser_of(cast.bob).post(reverse("reply_draft", args=[thread.pk]), {"source": "Two"})

        assert (answer.status_code, "no room for another" in answer.json()["said"]) == (413, True)
        assert save_draft(thread, by=cast.fay, fields={"source": "Another's"})

    def test_a_nul_is_no_trouble(self, cast: Cast) -> None:
        save_draft(cast.ai, by=cast.bob, fields={"source": "One\x00"})

        assert Draft.objects.get().fields["source"] == "One"

    def test_sending_deletes_it_and_the_same_words_that_arrive_later_are_no_draft(
        self, cast: Cast, thread: Thread
    ) -> None:
        form_id = "6f1d2c9e-3b0f-4a52-9e0e-0c1f6a1b2c3d"
        begun = {
            "title": "Mine",
            "theme": str(cast.theme.pk),
            "kind": "discussion",
            "source": "Words",
            "form_id": form_id,
        }
        answer = {"source": "So do we", "form_id": form_id}
        client = browser_of(cast.bob)
        for place, fields, address in (
            (cast.ai, begun, reverse("thread_new", args=["ai"])),
            (thread, answer, reverse("reply", args=[thread.pk])),
        ):
            save_draft(place, by=cast.bob, fields=fields)
            assert client.post(address, fields).status_code == 302
            assert not Draft.objects.exists()
            assert save_draft(place, by=cast.bob, fields=fields, known="") is None
            assert not Draft.objects.exists()

    @pytest.mark.django_db(transaction=True)
    def test_of_two_windows_that_save_their_first_at_once_one_is_told(self, cast: Cast) -> None:
        told: list[Any] = []

        def save(words: str) -> None:
            try:
                told.append(save_draft(cast.ai, by=cast.bob, fields={"source": words}, known=""))
            except NewerDraft as no:
                told.append(no)
            finally:
                connection.close()

        windows = [OsThread(target=save, args=[words]) for words in ("One", "Two")]
        for window in windows:
            window.start()
        for window in windows:
            window.join()

        assert sorted(type(one).__name__ for one in told) == ["Draft", "NewerDraft"]
        assert Draft.objects.count() == 1

    def test_they_are_forgotten_after_ninety_days(self, cast: Cast, thread: Thread) -> None:
        now = timezone.now()
        save_draft(cast.ai, by=cast.bob, fields={"source": "Old"}, now=now - timedelta(days=91))
        save_draft(thread, by=cast.bob, fields={"source": "New"}, now=now - timedelta(days=89))

        assert forget_old_drafts(now=now) == 1
        assert Draft.objects.get().fields["source"] == "New"


class TestWhoMay:
    @pytest.mark.parametrize("who", ["olga", "amir", "lena", "sven", "ada"])
    def test_an_outsider_keeps_nothing(self, cast: Cast, thread: Thread, who: str) -> None:
        for place in (cast.ai, thread):
            with pytest.raises(Refused):
                save_draft(place, by=getattr(cast, who), fields={"source": "Let me in"})
        for address in (reverse("thread_draft", args=["ai"]), reverse("reply_draft", args=[thread.pk])):
            assert browser_of(getattr(cast, who)).post(address, {"source": "Let me in"}).status_code == 404
            assert Client().post(address, {"source": "Let me in"}).status_code == 404

    def test_only_their_writer_sees_and_deletes_them(self, cast: Cast) -> None:
        draft = save_draft(cast.ai, by=cast.bob, fields={"source": "Mine"})
        assert draft is not None

        assert list(Draft.objects.visible_to(cast.fay)) == []
        assert list(Draft.objects.visible_to(AnonymousUser())) == []
        assert "Mine" not in browser_of(cast.fay).get(reverse("drafts")).content.decode()
        assert browser_of(cast.fay).post(reverse("draft_delete", args=[draft.pk])).status_code == 404
        with pytest.raises(Refused):
            delete_draft(draft, by=cast.fay)

    def test_whoever_left_sees_no_title_of_what_they_were_answering(self, cast: Cast, thread: Thread) -> None:
        save_draft(thread, by=cast.fay, fields={"source": "Mine"})
        save_draft(thread, by=cast.bob, fields={"source": "Mine"})
        leave_network(cast.ai, by=cast.bob)

        assert "Who records" in browser_of(cast.fay).get(reverse("drafts")).content.decode()
        assert "Who records" not in browser_of(cast.bob).get(reverse("drafts")).content.decode()


class TestOnThePages:
    def test_it_is_found_again_on_another_device_and_can_be_deleted(self, cast: Cast, thread: Thread) -> None:
        address = reverse("thread_new", args=["ai"])
        fields = {
            "title": "Mine",
            "theme": str(cast.theme.pk),
            "kind": "question",
            "source": "Half a tho",
            "tags": "one",
        }
        save_draft(cast.ai, by=cast.bob, fields=fields)
        page = browser_of(cast.bob).get(address)
        html = page.content.decode()

        assert "We kept what you typed on <time" in html
        assert all(f'value="{words}"' in html for words in ("Mine", "one"))
        assert "Half a tho" in html
        assert f'<option value="{cast.theme.pk}" selected>' in html
        draft = Draft.objects.get()
        answer = browser_of(cast.bob).post(reverse("draft_delete", args=[draft.pk]), {"back": "form"})
        assert answer["Location"] == address
        assert "Half a tho" not in browser_of(cast.bob).get(address).content.decode()

    def test_the_button_keeps_it_without_a_script(self, cast: Cast, thread: Thread) -> None:
        client = browser_of(cast.bob)
        for address, form in (
            (reverse("thread_new", args=["ai"]), "ai"),
            (reverse("reply", args=[thread.pk]), "reply"),
        ):
            page = client.post(address, {"source": f"Half of {form}", "do": "draft", "draft_at": ""}, follow=True)
            assert "We kept what you typed" in page.content.decode()
            assert f"Half of {form}" in page.content.decode()
            assert "There is a problem" not in page.content.decode()

        listed = client.get(reverse("drafts")).content.decode()
        assert "Half of ai" in listed
        assert "Your reply in “Who records meetings?”" in listed

    def test_other_words_for_a_post_are_kept_until_they_are_saved(self, cast: Cast, thread: Thread) -> None:
        client = browser_of(cast.bob)
        form = reverse("post_edit", args=[thread.pk, 1])
        script = reverse("post_draft", args=[thread.pk, 1])
        seen = thread.posts.get().edition
        told = client.post(script, {"source": "Half of it", "seen": seen, "draft_at": ""}).json()

        assert told["said"].startswith("Draft saved at ")
        assert form in client.get(reverse("drafts")).content.decode()
        assert "Half of it" in client.get(form).content.decode()
        preview = client.post(form, {"source": "All *of* it", "seen": seen, "do": "preview"}).content.decode()
        assert "All <em>of</em> it" in preview
        client.post(form, {"source": "All of it", "seen": seen, "quoting": "ask"})
        assert thread.posts.get().source == "All of it"
        # What the script had sent a moment before arrives after the form.
        assert client.post(script, {"source": "All of it ", "seen": seen, "draft_at": ""}).json()["draft_at"] == ""
        assert not Draft.objects.exists()
        assert browser_of(cast.olga).post(script, {"source": "Let me in"}).status_code == 404
        assert browser_of(cast.fay).post(script, {"source": "Not mine"}).status_code == 403

    def test_over_a_newer_one_the_button_wants_to_be_pressed_twice(self, cast: Cast) -> None:
        save_draft(cast.ai, by=cast.bob, fields={"source": "There"})
        client = browser_of(cast.bob)
        typed = {"source": "Here", "do": "draft", "draft_at": ""}
        page = client.post(reverse("thread_new", args=["ai"]), typed)

        assert "You have a newer draft of this" in page.content.decode()
        assert "Here" in page.content.decode()
        assert Draft.objects.get().fields["source"] == "There"
        client.post(reverse("thread_new", args=["ai"]), typed | {"draft_at": page.context["form"].draft_at})
        assert Draft.objects.get().fields["source"] == "Here"

    def test_a_script_is_told_what_became_of_it(self, cast: Cast, thread: Thread) -> None:
        client = browser_of(cast.bob)
        address = reverse("reply_draft", args=[thread.pk])
        first = client.post(address, {"source": "One", "draft_at": "", "csrfmiddlewaretoken": "x", "other": "x"})
        newer = client.post(address, {"source": "Two", "draft_at": ""})
        again = client.post(address, {"source": "Two", "draft_at": first.json()["draft_at"]})
        lock_thread(thread, by=cast.fay)
        locked = client.post(address, {"source": "Three", "draft_at": again.json()["draft_at"]})

        assert first.json()["said"].startswith("Draft saved at ")
        assert (newer.status_code, newer.json()["newer"]) == (409, first.json()["draft_at"])
        assert again.status_code == 200
        assert (locked.status_code, locked.json()["said"]) == (
            403,
            "This thread is locked, so nobody can reply to it.",
        )
        assert Draft.objects.get().fields == {"source": "Two"}

    def test_a_form_that_quotes_keeps_what_was_typed_before(self, cast: Cast, thread: Thread) -> None:
        save_draft(thread, by=cast.fay, fields={"source": "Before", "quoting": "public"})
        form = browser_of(cast.fay).get(thread.get_absolute_url(), {"reply_to": "1"}).context["form"]
        assert form.initial["source"] == "Before\n\n> We do.\n\n"

        save_draft(thread, by=cast.fay, fields={"source": form.initial["source"], "reply_to": "1"})
        form = browser_of(cast.fay).get(thread.get_absolute_url(), {"reply_to": "1"}).context["form"]
        assert form.initial["source"] == "Before\n\n> We do.\n\n"
        assert form.answered.number == 1

    def test_the_list_costs_the_same_at_two_sizes(
        self, cast: Cast, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        client = browser_of(cast.fay)

        def asked(drafts: int) -> int:
            for number in range(drafts):
                thread = start_thread(
                    cast.ai, by=(cast.bob, cast.fay)[number % 2], theme=cast.theme, title="T", source="S"
                )
                save_draft(thread, by=cast.fay, fields={"source": "Words"})
            client.get(reverse("drafts"))
            with django_assert_max_num_queries(8) as queries:
                client.get(reverse("drafts"))
            return len(queries)

        assert asked(2) == asked(10)


def test_leaving_out_the_key_writes_over_whatever_is_there(cast: Cast, thread: Thread) -> None:
    save_draft(thread, by=cast.fay, fields={"source": "One"})
    save_draft(thread, by=cast.fay, fields={"source": "Two"})
    reply(thread, by=cast.fay, source="Sent")

    assert not Draft.objects.exists()
