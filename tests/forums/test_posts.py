"""What a member may do to one post: change it, take it back, answer it, react to it; and what facilitators do."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from threading import Barrier
from threading import Thread as OsThread

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core import mail
from django.core.files.base import ContentFile
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from forums import limits
from forums.actions.posts import EditedMeanwhile, delete_post, edit_post, hide_post, hide_version, reply, restore_post
from forums.actions.reactions import react, take_back_reaction
from forums.actions.reading import read_thread
from forums.actions.threads import begin_site_discussion, lock_thread, start_thread
from forums.models import Attachment, Post, PostVersion, Practice, Reaction, Thread
from forums.search.posts import search_posts
from network.limits import LimitReached, RateLimit
from network.models import AuditEvent, Member, Membership, Notice
from network.notifications import unread_notices
from network.permissions import Refused
from tests.cast import Cast, show_second_factor, sign_in

OUTSIDERS = ["nobody", "olga", "amir", "lena", "sven", "ada"]
PAGES = ["post", "post_edit", "post_versions", "post_delete", "post_hide", "post_hidden", "post_reactions"]
FORMS = ["post_edit", "post_delete", "post_hide", "post_restore", "post_react"]


def browser_of(member: Member | None) -> Client:
    client = Client()
    if member is not None:
        sign_in(client, member)
    return client


def read(member: Member, address: str) -> str:
    answer = browser_of(member).get(address, follow=True)
    assert answer.status_code == 200, address
    return answer.content.decode()


@pytest.fixture
def thread(cast: Cast) -> Thread:
    return start_thread(cast.ai, by=cast.bob, theme=cast.theme, title="Who records meetings?", source="We **do**.")


@pytest.fixture
def first(thread: Thread) -> Post:
    return Post.objects.get(thread=thread, number=1)


@pytest.fixture
def answer(cast: Cast, thread: Thread, first: Post) -> Post:
    return reply(thread, by=cast.fay, source="So do we", reply_to=first)


def at(name: str, post: Post) -> str:
    return reverse(name, args=[post.thread_id, post.number])


class TestOutsiders:
    @pytest.mark.parametrize("who", OUTSIDERS)
    def test_they_get_404_for_every_page_and_every_form(self, cast: Cast, answer: Post, who: str) -> None:
        edit_post(answer, by=cast.fay, source="So do we, now")
        hide_post(reply(answer.thread, by=cast.bob, source="Hidden"), by=cast.fay, reason="Names a person")
        client = browser_of(getattr(cast, who, None))

        for number in (1, 2, 3):
            for name in PAGES:
                assert client.get(reverse(name, args=[answer.thread_id, number])).status_code == 404, name
            for name in FORMS:
                assert client.post(reverse(name, args=[answer.thread_id, number])).status_code == 404, name
        hide = reverse("post_version_hide", args=[answer.thread_id, 2, 1])
        assert client.post(hide).status_code == 404

    def test_an_author_whom_the_network_suspended_gets_404_for_their_own(self, cast: Cast, answer: Post) -> None:
        Post.objects.filter(pk=answer.pk).update(author=cast.sven)
        client = browser_of(cast.sven)

        assert {client.get(at(name, answer)).status_code for name in PAGES} == {404}
        assert {client.post(at(name, answer)).status_code for name in FORMS} == {404}

    @pytest.mark.parametrize("who", ["olga", "amir", "lena", "sven", "ada"])
    def test_the_verbs_refuse_them(self, cast: Cast, answer: Post, who: str) -> None:
        outsider = getattr(cast, who)
        for do in (
            lambda: edit_post(answer, by=outsider, source="Mine"),
            lambda: delete_post(answer, by=outsider),
            lambda: hide_post(answer, by=outsider, reason="No"),
            lambda: restore_post(answer, by=outsider),
            lambda: react(answer, "thanks", by=outsider),
            lambda: take_back_reaction(answer, "thanks", by=outsider),
        ):
            with pytest.raises(Refused):
                do()

    @pytest.mark.parametrize("who", ["olga", "amir", "lena", "sven", "ada"])
    def test_no_row_about_a_post_is_visible_to_them(self, cast: Cast, answer: Post, who: str) -> None:
        edit_post(answer, by=cast.fay, source="So do we, now")
        react(answer, "thanks", by=cast.bob)
        for viewer in (getattr(cast, who), AnonymousUser()):
            for model in (Post, PostVersion, Reaction):
                assert not model.objects.visible_to(viewer).exists()
            assert not Post.objects.hidden_shown_to(viewer).exists()


class TestEditing:
    def save(self, member: Member, post: Post, **typed: str) -> str:
        page = browser_of(member).post(at("post_edit", post), typed, follow=True)
        assert page.status_code == 200
        return page.content.decode()

    def test_the_new_words_stand_in_the_thread_and_the_earlier_ones_on_their_page(
        self, cast: Cast, answer: Post
    ) -> None:
        page = self.save(cast.fay, answer, source="So do **we**, since May", quoting="public")

        assert "So do <strong>we</strong>, since May" in page
        assert "May be quoted publicly" in page
        assert at("post_versions", answer) in page
        assert "<p>So do we</p>" in read(cast.bob, at("post_versions", answer))

    def test_it_neither_bumps_nor_marks_as_unread_nor_tells_nor_mails(self, cast: Cast, answer: Post) -> None:
        for member in (cast.bob, cast.fay):
            read_thread(Thread.objects.get(), by=member, up_to=2)
        thread, notices, mails = Thread.objects.values().get(), list(Notice.objects.values()), len(mail.outbox)
        edit_post(answer, by=cast.fay, source="Other words", now=timezone.now() + timedelta(hours=1))

        assert Thread.objects.values().get() == thread
        assert list(Notice.objects.values()) == notices
        assert len(mail.outbox) == mails
        assert [Thread.objects.unread_by(member).count() for member in (cast.bob, cast.fay)] == [0, 0]

    def test_the_same_words_again_are_no_new_version(self, cast: Cast, answer: Post) -> None:
        edit_post(answer, by=cast.fay, source="So do we")
        edit_post(answer, by=cast.fay, source="So do we", quoting="members")

        answer.refresh_from_db()
        assert not answer.versions.exists()
        assert (answer.quoting, answer.edited_at) == ("members", None)

    def test_what_was_saved_in_another_window_is_shown_and_nothing_is_lost(self, cast: Cast, answer: Post) -> None:
        seen = answer.edition
        self.save(cast.fay, answer, source="From the other window", seen=seen)
        page = self.save(cast.fay, answer, source="From this window", seen=seen)

        assert "<title>Error: " in page
        assert "You changed this post in another window" in page
        assert "<p>From the other window</p>" in page
        assert "From this window</textarea>" in page
        assert Post.objects.get(pk=answer.pk).source == "From the other window"

        answer.refresh_from_db()
        assert answer.edition.replace("+", "&#x2B;") in page or answer.edition in page
        self.save(cast.fay, answer, source="From this window", seen=answer.edition)
        assert Post.objects.get(pk=answer.pk).source == "From this window"

    def test_a_permission_to_quote_that_was_narrowed_elsewhere_is_not_widened_by_an_old_form(
        self, cast: Cast, answer: Post
    ) -> None:
        edit_post(answer, by=cast.fay, source="So do we", quoting="public")
        seen = Post.objects.get(pk=answer.pk).edition
        edit_post(answer, by=cast.fay, source="So do we", quoting="ask")

        with pytest.raises(EditedMeanwhile):
            edit_post(answer, by=cast.fay, source="So we do", quoting="public", seen=seen)

    def test_pressing_save_twice_is_one_change(self, cast: Cast, answer: Post) -> None:
        typed = {"source": "Other words", "seen": answer.edition}
        self.save(cast.fay, answer, **typed)
        page = self.save(cast.fay, answer, **typed)

        assert "<title>Error: " not in page
        assert answer.versions.count() == 1

    @pytest.mark.parametrize(("source", "words"), [("", "Enter what the post says"), ("x" * 20_001, "too long")])
    def test_a_mistake_is_named_and_the_words_stay(self, cast: Cast, answer: Post, source: str, words: str) -> None:
        page = self.save(cast.fay, answer, source=source, quoting="members")

        assert "<title>Error: Edit post 2" in page
        assert words in page
        assert f"{source}</textarea>" in page
        assert not answer.versions.exists()

    def test_a_post_hidden_or_locked_meanwhile_is_not_changed_and_the_words_stay(
        self, cast: Cast, answer: Post
    ) -> None:
        lock_thread(answer.thread, by=cast.fay)
        locked = self.save(cast.fay, answer, source="My long answer")
        hide_post(answer, by=cast.fay, reason="Names a person")
        hidden = self.save(cast.fay, answer, source="My long answer")

        assert "This thread is locked" in locked
        assert "My long answer</textarea>" in locked
        assert "My long answer</textarea>" in hidden
        assert Post.objects.get(pk=answer.pk).source == "So do we"

    def test_what_somebody_else_wrote_cannot_be_changed_and_it_says_so(self, cast: Cast, answer: Post) -> None:
        for ask in (browser_of(cast.bob).get, browser_of(cast.bob).post):
            refused = ask(at("post_edit", answer))
            assert refused.status_code == 403
            assert "You can only change what you wrote yourself." in refused.content.decode()

    def test_only_who_may_is_led_to_it(self, cast: Cast, answer: Post) -> None:
        assert at("post_edit", answer) in read(cast.fay, answer.get_absolute_url())
        assert at("post_edit", answer) not in read(cast.bob, answer.get_absolute_url())


class TestEarlierVersions:
    def test_a_facilitator_hides_one_for_good_and_it_is_written_down(self, cast: Cast, answer: Post) -> None:
        edit_post(answer, by=cast.fay, source="Two")
        edit_post(answer, by=cast.fay, source="Three")
        browser_of(cast.fay).post(reverse("post_version_hide", args=[answer.thread_id, 2, 1]))
        page = read(cast.bob, at("post_versions", answer))

        assert "So do we" not in page
        assert "A facilitator has hidden this version." in page
        assert "<p>Two</p>" in page
        event = AuditEvent.objects.get(verb="hid version")
        assert (event.actor_id, event.details) == (cast.fay.pk, {"version": 1})

    def test_a_member_cannot(self, cast: Cast, first: Post) -> None:
        edit_post(first, by=cast.bob, source="Two")
        with pytest.raises(Refused, match="Only facilitators"):
            hide_version(first.versions.get(), by=cast.bob)
        assert "Nobody will be able to read this version" not in read(cast.bob, at("post_versions", first))

    def test_there_are_none_of_a_post_that_was_never_changed_or_can_no_longer_be_read(
        self, cast: Cast, answer: Post
    ) -> None:
        client = browser_of(cast.bob)
        assert client.get(at("post_versions", answer)).status_code == 404
        edit_post(answer, by=cast.fay, source="Two")
        assert client.get(at("post_versions", answer)).status_code == 200
        delete_post(answer, by=cast.fay)
        assert client.get(at("post_versions", answer)).status_code == 404


class TestDeleting:
    def test_it_is_asked_once_and_leaves_its_place(self, cast: Cast, answer: Post) -> None:
        client = browser_of(cast.fay)
        assert "Do you want to delete post 2?" in client.get(at("post_delete", answer)).content.decode()
        assert Post.objects.get(pk=answer.pk).deleted_at is None
        page = client.post(at("post_delete", answer), follow=True).content.decode()

        assert "You have deleted post 2." in page
        assert "Its author has deleted this post." in page
        assert "So do we" not in page
        assert reply(answer.thread, by=cast.bob, source="Next").number == 3

    def test_the_permalink_lives_after_deleting_and_after_hiding(self, cast: Cast, first: Post, answer: Post) -> None:
        delete_post(answer, by=cast.fay)
        hide_post(first, by=cast.fay, reason="Names a person")

        for post in (first, answer):
            assert f'id="post-{post.number}"' in read(cast.bob, post.get_absolute_url())

    def test_a_first_post_that_others_answered_stays_and_it_says_why(self, cast: Cast, first: Post) -> None:
        reply(first.thread, by=cast.fay, source="So do we")
        refused = browser_of(cast.bob).post(at("post_delete", first))

        assert refused.status_code == 403
        assert "Others have answered" in refused.content.decode()
        assert "Others have answered" in read(cast.bob, at("post_edit", first))

    def test_a_late_answer_to_a_thread_that_was_taken_back_is_refused(self, cast: Cast, first: Post) -> None:
        delete_post(first, by=cast.bob)
        page = browser_of(cast.fay).post(reverse("reply", args=[first.thread_id]), {"source": "My long answer"})

        assert "This thread was taken back" in page.content.decode()
        assert "My long answer" in page.content.decode()
        assert "Who records" not in page.content.decode()
        assert not Thread.objects.visible_to(cast.fay).exists()

    def test_the_same_words_may_be_sent_again_by_the_same_form_and_no_file_is_left(
        self, cast: Cast, thread: Thread
    ) -> None:
        form_id = uuid.uuid4()
        post = reply(thread, by=cast.fay, source="Not so", form_id=form_id)
        kept = Attachment(member=cast.fay, post=post, name="a.txt", content_type="text/plain", size=1, state="clean")
        kept.file.save("a", ContentFile(b"x"))
        delete_post(post, by=cast.fay)

        assert reply(thread, by=cast.fay, source="Not so", form_id=form_id).number == 3
        assert not Attachment.objects.exists()


class TestAnnouncements:
    """What a facilitator told everybody is changed by facilitators, and only after a second factor."""

    @pytest.fixture
    def told(self, cast: Cast) -> Post:
        thread = start_thread(
            cast.ai, by=cast.fay, theme=cast.theme, title="A date", source="Come", kind=Thread.Kind.ANNOUNCEMENT
        )
        return Post.objects.get(thread=thread)

    def test_a_second_factor_is_asked_for_and_what_was_typed_is_kept(self, cast: Cast, told: Post) -> None:
        fay = Client()
        fay.force_login(cast.fay)
        for name, typed in (("post_edit", {"source": "Do not come"}), ("post_delete", {})):
            answer = fay.post(at(name, told), typed)
            assert answer["Location"].startswith("/account/second-factor/?next=")
        told.refresh_from_db()
        assert (told.source, told.deleted_at) == ("Come", None)

        show_second_factor(fay, cast.fay)
        assert "Do not come</textarea>" in fay.get(at("post_edit", told)).content.decode()

    def test_whoever_facilitates_no_more_changes_nothing(self, cast: Cast, told: Post) -> None:
        Membership.objects.filter(member=cast.fay).update(role=Membership.Role.MEMBER)
        fay = browser_of(cast.fay)

        for name in ("post_edit", "post_delete"):
            assert fay.post(at(name, told), {"source": "Do not come"}).status_code == 403
        with pytest.raises(Refused):
            edit_post(told, by=cast.fay, source="Do not come")
        assert "Edit<span" not in read(cast.fay, told.thread.get_absolute_url())


class TestHiding:
    def hide(self, cast: Cast, post: Post) -> str:
        page = browser_of(cast.fay).post(at("post_hide", post), {"words": "It names a person"}, follow=True)
        assert page.status_code == 200
        return page.content.decode()

    def test_its_author_hears_why_and_reads_their_own_words(self, cast: Cast, first: Post) -> None:
        self.hide(cast, first)
        page = read(cast.bob, at("post_hidden", first))

        assert [notice.title for notice in unread_notices(cast.bob)] == [
            "A facilitator hid post 1 that you wrote: It names a person"
        ]
        assert "It names a person" in page
        assert "We <strong>do</strong>." in page
        assert "Restore" not in page
        assert at("post_hidden", first) in read(cast.bob, first.get_absolute_url())

    def test_members_see_the_place_and_neither_words_nor_reason(self, cast: Cast, answer: Post) -> None:
        page = self.hide(cast, answer)
        assert "Post 2 is hidden. Its author is told why." in page

        page = read(cast.bob, answer.get_absolute_url())
        assert "A facilitator has hidden this post." in page
        assert "So do we" not in page
        assert "names a person" not in page
        assert browser_of(cast.bob).get(at("post_hidden", answer)).status_code == 404

    def test_a_facilitator_reads_the_words_on_their_own_page_and_brings_them_back(
        self, cast: Cast, first: Post, answer: Post
    ) -> None:
        self.hide(cast, first)
        assert "We <strong>do</strong>." not in read(cast.fay, first.get_absolute_url())
        assert "We <strong>do</strong>." in read(cast.fay, at("post_hidden", first))
        page = browser_of(cast.fay).post(at("post_restore", first), follow=True).content.decode()

        assert "Post 1 can be read again." in page
        assert "We <strong>do</strong>." in page
        assert search_posts(cast.bob, "records").hits
        assert browser_of(cast.fay).get(at("post_hidden", first)).status_code == 404

    def test_a_second_factor_is_asked_for(self, cast: Cast, answer: Post) -> None:
        client = Client()
        client.force_login(cast.fay)
        for name in ("post_hide", "post_restore", "post_hidden"):
            ask = client.post if name == "post_restore" else client.get
            assert ask(at(name, answer)).status_code == 302, name
        client.post(at("post_hide", answer), {"words": "No"})
        client.post(reverse("post_version_hide", args=[answer.thread_id, 2, 1]))

        assert Post.objects.get(pk=answer.pk).is_shown

    @pytest.mark.parametrize(
        ("words", "error"),
        [
            ("", "Enter why you are hiding it"),
            ("\u200b", "Enter why you are hiding it"),
            ("x" * 301, "The reason can have at most 300 characters"),
        ],
    )
    def test_without_a_reason_it_stays(self, cast: Cast, answer: Post, words: str, error: str) -> None:
        page = browser_of(cast.fay).post(at("post_hide", answer), {"words": words}).content.decode()

        assert error in page
        assert f"{words}</textarea>" in page
        assert Post.objects.get(pk=answer.pk).is_shown

    def test_a_member_may_not_and_is_told_so(self, cast: Cast, answer: Post) -> None:
        for name in ("post_hide", "post_restore"):
            refused = browser_of(cast.bob).post(at(name, answer), {"words": "I do not like it"})
            assert refused.status_code == 403
            assert "Only facilitators" in refused.content.decode()
        assert at("post_hide", answer) not in read(cast.bob, answer.get_absolute_url())

    def test_what_its_author_took_back_is_shown_to_no_facilitator_either(self, cast: Cast, first: Post) -> None:
        self.hide(cast, first)
        delete_post(first, by=cast.bob)

        for member in (cast.fay, cast.bob):
            assert browser_of(member).get(at("post_hidden", first)).status_code == 404

    def test_the_audit_log_says_who_and_when_and_no_words(self, cast: Cast, answer: Post) -> None:
        self.hide(cast, answer)

        event = AuditEvent.objects.get(verb="hid post")
        assert (event.actor_id, event.object_id, event.details) == (cast.fay.pk, str(answer.pk), {})


class TestAnswering:
    def test_a_post_says_whom_it_answers_and_leads_there(self, cast: Cast, answer: Post) -> None:
        page = read(cast.bob, answer.get_absolute_url())

        assert 'In answer to <a class="govuk-link" href="#post-1">post 1 by Bob Belongs</a>' in page
        assert f"?page=1&amp;reply_to={answer.number}#composer" in page

    def test_what_stands_on_another_page_is_reached_by_its_permalink(self, cast: Cast, first: Post) -> None:
        for _ in range(20):
            reply(first.thread, by=cast.fay, source="More")
        late = reply(first.thread, by=cast.fay, source="At last", reply_to=first)

        assert late.address_answered == first.get_absolute_url()

    def test_a_locked_thread_offers_no_reply(self, cast: Cast, answer: Post) -> None:
        lock_thread(answer.thread, by=cast.fay)

        assert "reply_to=" not in read(cast.bob, answer.get_absolute_url())

    def test_while_a_refused_reply_is_corrected_nothing_leads_away_from_it(self, cast: Cast, answer: Post) -> None:
        page = browser_of(cast.fay).post(reverse("reply", args=[answer.thread_id]), {"source": ""}).content.decode()

        assert at("post_edit", answer) not in page
        assert "reply_to=" not in page


class TestReacting:
    def give(self, member: Member, post: Post, **pressed: str) -> str:
        page = browser_of(member).post(at("post_react", post), pressed, follow=True)
        assert page.status_code == 200
        return page.content.decode()

    def test_counts_stand_with_the_post_and_names_on_their_page(self, cast: Cast, answer: Post) -> None:
        page = self.give(cast.bob, answer, give="thanks")

        assert "Thank you 1</span>" in page
        assert "Thank you, 1. You gave this" in page
        names = read(cast.fay, at("post_reactions", answer))
        assert "Thank you, 1" in names
        assert "Bob Belongs" in names
        assert "Exampleshire County Council" in names

    def test_twice_is_once_and_it_can_be_taken_back(self, cast: Cast, answer: Post) -> None:
        self.give(cast.bob, answer, give="thanks")
        self.give(cast.bob, answer, give="thanks")
        self.give(cast.bob, answer, give="agree")
        assert Reaction.objects.count() == 2

        self.give(cast.bob, answer, take="thanks")
        self.give(cast.bob, answer, take="thanks")
        assert Reaction.objects.get().kind == "agree"

    def test_a_kind_that_there_is_not_changes_nothing(self, cast: Cast, answer: Post) -> None:
        for pressed in ({}, {"give": "hate"}, {"take": "hate"}):
            self.give(cast.bob, answer, **pressed)
        with pytest.raises(ValueError, match="no such reaction"):
            react(answer, "hate", by=cast.bob)

        assert not Reaction.objects.exists()

    def test_nobody_reacts_to_their_own_or_to_what_cannot_be_read(self, cast: Cast, answer: Post) -> None:
        with pytest.raises(Refused, match="what you wrote yourself"):
            react(answer, "thanks", by=cast.fay)
        assert "React<" not in read(cast.fay, at("post_reactions", answer))
        hide_post(answer, by=cast.fay, reason="Names a person")
        with pytest.raises(Refused, match="can no longer be read"):
            react(Post.objects.get(pk=answer.pk), "thanks", by=cast.bob)

    def test_what_was_given_to_a_post_goes_out_of_sight_with_it(self, cast: Cast, answer: Post) -> None:
        react(answer, "thanks", by=cast.bob)
        delete_post(answer, by=cast.fay)

        assert "Thank you 1" not in read(cast.bob, answer.get_absolute_url())
        assert browser_of(cast.bob).get(at("post_reactions", answer)).status_code == 404

    def test_what_the_hub_wrote_can_be_reacted_to(self, cast: Cast) -> None:
        begun = begin_site_discussion(cast.ai, theme=cast.theme, title="Guidance", source="Discuss.")
        react(begun.posts.get(), "helpful", by=cast.bob)

        assert Reaction.objects.get().post.thread == begun

    def test_somebody_who_closed_their_account_is_a_former_member(self, cast: Cast, answer: Post) -> None:
        react(answer, "thanks", by=cast.bob)
        Member.objects.filter(pk=cast.bob.pk).update(name="Former member", is_active=False)

        assert "Former member" in read(cast.fay, at("post_reactions", answer))

    def test_a_flood_is_stopped(self, cast: Cast, answer: Post, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(limits, "REACTING", RateLimit("react to posts", 1, per=timedelta(hours=1)))
        react(answer, "thanks", by=cast.bob)

        with pytest.raises(LimitReached):
            react(answer, "agree", by=cast.bob)


class TestWhatACouncilDid:
    @pytest.fixture
    def told(self, cast: Cast) -> Post:
        practice = Practice(tool="Scribbler", stage="stopped", outcome="Nobody used it.", differently="Ask first.")
        thread = start_thread(
            cast.ai,
            by=cast.bob,
            theme=cast.theme,
            title="We tried it",
            source="Here is **how**.",
            kind=Thread.Kind.PRACTICE,
            practice=practice,
        )
        return thread.posts.get()

    def test_it_stands_with_the_first_post_and_is_found(self, cast: Cast, told: Post) -> None:
        page = read(cast.fay, told.get_absolute_url())

        for words in ("Scribbler", "Stopped", "Nobody used it.", "Ask first."):
            assert words in page
        assert [hit.title for hit in search_posts(cast.fay, "scribbler nobody").hits] == ["We tried it"]
        assert "Stopped" in read(cast.fay, reverse("threads", args=["ai"]))

    def test_editing_changes_it_keeps_what_was_and_what_is_found(self, cast: Cast, told: Post) -> None:
        typed = {"tool": "Scribbler", "stage": "live", "outcome": "Everybody uses it.", "source": told.source}
        page = browser_of(cast.bob).post(at("post_edit", told), typed, follow=True).content.decode()

        assert "Everybody uses it." in page
        assert "Nobody used it." not in page
        assert "Nobody used it." in read(cast.fay, at("post_versions", told))
        assert search_posts(cast.fay, "everybody").hits
        assert not search_posts(cast.fay, "nobody").hits

    def test_a_mistake_in_it_is_named_and_nothing_is_lost(self, cast: Cast, told: Post) -> None:
        typed = {"tool": "", "stage": "live", "outcome": "x" * 2_001, "source": "Words that stay"}
        page = browser_of(cast.bob).post(at("post_edit", told), typed).content.decode()

        assert "Enter the tool" in page
        assert "it can have at most 2,000 characters" in page
        assert "Words that stay</textarea>" in page
        assert Practice.objects.get().tool == "Scribbler"

    def test_no_list_says_its_stage_while_the_first_post_is_hidden(self, cast: Cast, told: Post) -> None:
        reply(told.thread, by=cast.fay, source="Thank you")
        threads = reverse("threads", args=["ai"])
        stage = str(Practice.objects.get().get_stage_display())
        assert f"<li>{stage}</li>" in read(cast.fay, threads)

        hide_post(told, by=cast.fay, reason="Names a supplier")
        assert f"<li>{stage}</li>" not in read(cast.fay, threads)

    def test_it_goes_out_of_sight_with_the_first_post_and_comes_back(self, cast: Cast, told: Post) -> None:
        reply(told.thread, by=cast.fay, source="Thank you")
        hide_post(told, by=cast.fay, reason="Names a supplier")
        assert "Scribbler" not in read(cast.fay, told.get_absolute_url())
        assert not search_posts(cast.fay, "scribbler").hits
        assert "Scribbler" in read(cast.bob, at("post_hidden", told))

        restore_post(told, by=cast.fay)
        assert "Scribbler" in read(cast.fay, told.get_absolute_url())
        assert search_posts(cast.fay, "scribbler").hits

    def test_it_belongs_to_no_other_post(self, cast: Cast, answer: Post) -> None:
        practice = Practice(tool="Scribbler", stage="live", outcome="Fine")
        with pytest.raises(ValueError, match="beside the first post"):
            edit_post(answer, by=cast.fay, source="So do we", practice=practice)


class TestWhatIsKept:
    """The words of a post are rendered once for everybody, and what is on the page is true all the same."""

    def test_whatever_changes_is_on_the_page_at_once(self, cast: Cast, thread: Thread, first: Post) -> None:
        def page(reader: Member) -> str:
            return read(reader, thread.get_absolute_url())

        assert cast.bob.name in page(cast.fay)
        Member.objects.filter(pk=cast.bob.pk).update(name="Robert Renamed", kind=Member.Kind.SUPPLIER)
        renamed = page(cast.fay)
        assert "Robert Renamed" in renamed
        assert "Supplier" in renamed
        assert f">{cast.bob.name}<" not in renamed

        assert "1 thank you" not in page(cast.fay).lower()
        react(first, "thanks", by=cast.fay)
        assert "Thank you, 1. You gave this" in page(cast.fay)
        assert "You gave this" not in page(cast.bob)

        member = Member.objects.get(pk=cast.bob.pk)
        edit_post(first, by=member, source="Other words altogether", seen=first.edition)
        assert "Other words altogether" in page(cast.fay)

        hide_post(first, by=cast.fay, reason="Names a resident")
        assert "Other words altogether" not in page(cast.fay)
        restore_post(first, by=cast.fay)
        assert "Other words altogether" in page(cast.fay)

    def test_each_reader_gets_what_they_may_do(self, cast: Cast, thread: Thread, first: Post) -> None:
        for reader in (cast.bob, cast.fay, cast.bob):
            page = read(reader, thread.get_absolute_url())
            assert (at("post_edit", first) in page) == (first.author == reader)
            assert (at("post_hide", first) in page) == (reader == cast.fay)
            assert (at("post_react", first) in page) == (first.author != reader)


class TestQueries:
    def fill(self, cast: Cast, answer: Post, posts: int) -> None:
        first = answer.reply_to
        for number in range(posts):
            by = (cast.bob, cast.fay)[number % 2]
            written = reply(answer.thread, by=by, source="Yes", reply_to=first, quoting="public")
            edit_post(written, by=by, source="Yes, we do")
            for kind in Reaction.Kind:
                react(written, kind, by=(cast.fay, cast.bob)[number % 2])
            Attachment.objects.create(
                member=by, post=written, name="Notes.txt", content_type="text/plain", size=5, state="clean"
            )

    def count(self, member: Member, address: str, django_assert_max_num_queries: DjangoAssertNumQueries) -> int:
        client = browser_of(member)
        client.get(address)
        with django_assert_max_num_queries(15) as asked:
            assert client.get(address).status_code == 200
        return len(asked)

    def test_a_page_of_a_thread_costs_the_same_at_two_sizes_with_all_that_stands_in_posts(
        self, cast: Cast, answer: Post, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        address = f"{answer.thread.get_absolute_url()}?page=1"
        self.fill(cast, answer, 1)
        small = self.count(cast.fay, address, django_assert_max_num_queries)
        self.fill(cast, answer, 17)

        assert self.count(cast.fay, address, django_assert_max_num_queries) == small

    def test_names_and_versions_cost_the_same_however_many(
        self, cast: Cast, answer: Post, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        edit_post(answer, by=cast.fay, source="Two")
        react(answer, "thanks", by=cast.bob)
        addresses = [at("post_versions", answer), at("post_reactions", answer)]
        small = [self.count(cast.fay, address, django_assert_max_num_queries) for address in addresses]
        for number in range(10):
            edit_post(answer, by=cast.fay, source=f"Words {number}")
            member = Member.objects.create_user(f"m{number}@example.org", name="M", organisation=cast.council)
            Reaction.objects.create(post=answer, member=member, kind="agree")

        assert small == [self.count(cast.fay, address, django_assert_max_num_queries) for address in addresses]


@pytest.mark.django_db(transaction=True)
class TestAtTheSameMoment:
    """Each does it on a connection of their own; what of it happened first counts for both."""

    def together(self, *acts: Callable[[], object]) -> list[str]:
        """What became of each: "" where it was done, else the reason why not."""
        said = [""] * len(acts)
        begin = Barrier(len(acts))

        def run(number: int) -> None:
            try:
                begin.wait()
                acts[number]()
            except (Refused, EditedMeanwhile) as no:
                said[number] = str(no)
            finally:
                connection.close()

        runs = [OsThread(target=run, args=[number]) for number in range(len(acts))]
        for one in runs:
            one.start()
        for one in runs:
            one.join()
        return said

    def test_a_first_post_is_taken_back_or_answered_and_never_both(self, cast: Cast, first: Post) -> None:
        for _ in range(5):
            begun = start_thread(cast.ai, by=cast.bob, theme=cast.theme, title="A race", source="Begins")
            post = Post.objects.select_related("thread__network").get(thread=begun)
            taken, answered = self.together(
                partial(delete_post, post, by=cast.bob), partial(reply, begun, by=cast.fay, source="So do we")
            )

            assert bool(taken) != bool(answered), (taken, answered)
            begun.refresh_from_db()
            assert (begun.visible_count, begun.highest_number) == ((0, 1) if answered else (2, 2))

    def test_of_two_edits_from_two_windows_one_is_kept_and_the_other_is_told(self, cast: Cast, answer: Post) -> None:
        seen = answer.edition
        said = self.together(
            *(partial(edit_post, answer, by=cast.fay, source=f"Window {number}", seen=seen) for number in (1, 2))
        )

        assert sorted(map(bool, said)) == [False, True]
        assert answer.versions.count() == 1

    def test_many_presses_are_one_reaction(self, cast: Cast, answer: Post) -> None:
        assert self.together(*[partial(react, answer, "thanks", by=cast.bob)] * 4) == [""] * 4
        assert Reaction.objects.count() == 1
