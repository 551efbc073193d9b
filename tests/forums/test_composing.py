"""The forms in which members write: shaped by what they are about, and nothing that was typed is ever lost."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from forums import limits
from forums.actions import drafts
from forums.actions.drafts import mark_of, save_draft
from forums.actions.posts import delete_post, hide_post, reply
from forums.actions.threads import lock_thread, start_thread
from forums.models import Draft, Post, Practice, Thread
from network.actions.passwords import set_password
from network.actions.sessions import end_other_sessions, end_sessions
from network.limits import RateLimit
from network.models import Member, Network, NetworkTheme, Theme
from tests.cast import Cast, sign_in


def browser_of(member: Member | None, *, careful: bool = False) -> Client:
    client = Client(enforce_csrf_checks=careful)
    if member is not None:
        sign_in(client, member)
    return client


@pytest.fixture
def thread(cast: Cast) -> Thread:
    return start_thread(
        cast.ai, by=cast.bob, theme=cast.theme, title="Who records meetings?", source="We **do**.\n\nNow."
    )


def typed(cast: Cast, **changes: str) -> dict[str, str]:
    return {
        "title": "Who records meetings?",
        "kind": "discussion",
        "theme": str(cast.theme.pk),
        "source": "We do, and you?",
        "tags": "minutes",
        "quoting": "ask",
        **changes,
    }


PRACTICE = {
    "kind": "practice",
    "tool": "Transcriber",
    "stage": "stopped",
    "outcome": "It named the wrong people.",
    "differently": "Ask the clerks first.",
}


class TestTheFormOfAThread:
    def address(self, cast: Cast) -> str:
        return reverse("thread_new", args=[cast.ai.slug])

    def send(self, cast: Cast, **changes: str) -> str:
        answer = browser_of(cast.bob).post(self.address(cast), typed(cast, **changes), follow=True)
        assert answer.status_code == 200
        return answer.content.decode()

    def test_we_did_this_asks_what_was_done_and_keeps_it(self, cast: Cast) -> None:
        self.send(cast, **PRACTICE)
        thread = Thread.objects.get()

        assert thread.kind == Thread.Kind.PRACTICE
        assert (thread.practice.tool, thread.practice.stage) == ("Transcriber", Practice.Stage.STOPPED)
        assert (thread.practice.outcome, thread.practice.differently) == (PRACTICE["outcome"], PRACTICE["differently"])

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"tool": " "}, "Enter the tool"),
            ({"tool": "x" * 101}, "The tool can have at most 100 characters"),
            ({"stage": ""}, "Choose how far you are"),
            ({"stage": "done"}, "Choose how far you are from the list"),
            ({"outcome": ""}, "Enter what came of it"),
            ({"differently": "x" * 2_001}, "it can have at most 2,000 characters"),
        ],
    )
    def test_what_is_missing_of_it_is_named_and_the_rest_stays(
        self, cast: Cast, changes: dict[str, str], words: str
    ) -> None:
        page = self.send(cast, **PRACTICE | changes)

        assert words in page
        assert "We do, and you?" in page
        assert not Thread.objects.exists()

    def test_of_another_kind_none_of_it_is_asked_or_judged(self, cast: Cast) -> None:
        self.send(cast, **PRACTICE | {"kind": "question", "stage": "nonsense", "differently": "x" * 2_001})

        assert not Practice.objects.exists()
        assert Thread.objects.get().kind == Thread.Kind.QUESTION

    def test_the_address_chooses_the_kind(self, cast: Cast) -> None:
        form = browser_of(cast.bob).get(self.address(cast), {"kind": "practice"}).context["form"]
        odd = browser_of(cast.bob).get(self.address(cast), {"kind": "announcement"}).context["form"]

        assert form.shown_kind == "practice"
        assert odd.shown_kind == "discussion"

    def test_another_kind_brings_the_form_back_unjudged_with_all_that_was_typed(self, cast: Cast) -> None:
        page = self.send(cast, **PRACTICE, do="kind", title="", tags="minutes, notes")

        assert '<div data-app-kind="practice">' in page
        assert all(words in page for words in (PRACTICE["outcome"], "We do, and you?", "minutes, notes"))
        assert "There is a problem" not in page
        assert not Thread.objects.exists()

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"kind": "sermon"}, "Choose a kind from the list"),
            ({"quoting": "never"}, "Choose from the list who may quote this"),
            ({"title": "\u200b\u202e \u2800\xad"}, "Enter a title"),
            ({"source": "\ufeff\u200d"}, "Enter what you want to say"),
            ({"tags": "a,b,c,d,e,f"}, "Enter at most 5 tags"),
        ],
    )
    def test_bad_input_is_named_and_nothing_else_lost(self, cast: Cast, changes: dict[str, str], words: str) -> None:
        page = self.send(cast, **changes)

        assert words in page
        assert "We do, and you?" in page or "source" in changes
        assert not Thread.objects.exists()

    def test_a_theme_of_another_network_is_none(self, cast: Cast) -> None:
        other = Theme.objects.create(name="Secret", slug="secret", private_to=cast.practitioners)
        NetworkTheme.objects.create(network=cast.practitioners, theme=other)

        assert "Choose a theme from the list" in self.send(cast, theme=str(other.pk))

    def test_who_may_quote_is_kept_and_nobody_says_more_than_they_chose(self, cast: Cast) -> None:
        self.send(cast, quoting="public")
        self.send(cast, title="Another", quoting="")

        assert list(Post.objects.order_by("pk").values_list("quoting", flat=True)) == ["public", "ask"]

    def test_what_turns_the_direction_of_a_title_is_not_in_it(self, cast: Cast) -> None:
        self.send(cast, title="Pay \u202eevil\u202c  now")

        assert Thread.objects.get().title == "Pay evil now"


class TestPreview:
    def test_it_shows_the_text_as_readers_will_see_it_and_sends_nothing(self, cast: Cast) -> None:
        page = browser_of(cast.bob).post(
            reverse("thread_new", args=["ai"]),
            typed(cast, do="preview", title="", source="We **do** <script>x</script>", tags="minutes"),
        )
        html = page.content.decode()

        assert "We <strong>do</strong> &lt;script&gt;" in html
        assert 'value="minutes"' in html
        assert "There is a problem" not in html
        assert not Thread.objects.exists()

    def test_of_what_a_council_did_it_shows_what_stands_beside_the_words(self, cast: Cast) -> None:
        client, address = browser_of(cast.bob), reverse("thread_new", args=["ai"])

        def preview(**changes: str) -> str:
            page = client.post(address, typed(cast, do="preview", **changes)).content.decode()
            assert "There is a problem" not in page
            return page.partition('id="preview"')[2].partition("</section>")[0]

        shown = preview(**PRACTICE)
        client.post(address, typed(cast, **PRACTICE))
        thread = Thread.objects.get()
        page = client.get(thread.get_absolute_url()).content.decode()
        as_in_the_thread = page.partition("<dl class=")[2].partition("</dl>")[0]
        assert "Stopped" in as_in_the_thread
        assert as_in_the_thread in shown

        # As far as it is filled in; of another kind nothing, for nothing will stand there.
        half = preview(kind="practice", tool="", stage="", outcome="It <i>helped</i>.", differently="x" * 2_001)
        assert "It &lt;i&gt;helped&lt;/i&gt;." in half
        assert ("Stage" in half, "xxx" in half) == (False, False)
        assert "<dl" not in preview(**PRACTICE | {"kind": "question"})

        edited = client.post(
            reverse("post_edit", args=[thread.pk, 1]),
            PRACTICE | {"stage": "live", "source": "Now it is live", "do": "preview"},
        ).content.decode()
        assert "Live" in edited.partition('id="preview"')[2].partition("</section>")[0]

    def test_it_shows_what_is_similar(self, cast: Cast, thread: Thread) -> None:
        page = browser_of(cast.fay).post(
            reverse("thread_new", args=["ai"]), typed(cast, do="preview", title="Recording a meeting")
        )

        assert f'<a class="govuk-link" href="{thread.get_absolute_url()}" target="_blank"' in page.content.decode()

    @pytest.mark.parametrize(
        ("source", "words"), [("", "Enter what you want to say"), ("x" * 20_001, "at most 20,000 characters")]
    )
    def test_of_a_text_that_cannot_be_sent_there_is_none(self, cast: Cast, source: str, words: str) -> None:
        page = browser_of(cast.bob).post(
            reverse("thread_new", args=["ai"]), typed(cast, do="preview", title="", source=source)
        )

        assert words in page.content.decode()
        assert "Enter a title" not in page.content.decode()
        assert 'id="preview"' not in page.content.decode()

    def test_of_a_reply_it_stands_above_the_form(self, cast: Cast, thread: Thread) -> None:
        page = browser_of(cast.fay).post(
            reverse("reply", args=[thread.pk]), {"source": "So *do* we", "do": "preview", "reply_to": "1"}
        )

        assert "So <em>do</em> we" in page.content.decode()
        assert "You are answering" in page.content.decode()
        assert Post.objects.count() == 1


class TestAnsweringAPost:
    def test_the_form_quotes_the_post_and_the_reply_is_linked_to_it(self, cast: Cast, thread: Thread) -> None:
        client = browser_of(cast.fay)
        page = client.get(thread.get_absolute_url(), {"reply_to": "1"})
        client.post(reverse("reply", args=[thread.pk]), {"source": "So do we", "reply_to": "1"})

        assert page.context["form"].initial["source"] == "> We **do**.\n>\n> Now.\n\n"
        assert "post 1 by Bob Belongs" in page.content.decode()
        assert Post.objects.get(number=2).reply_to == Post.objects.get(number=1)

    def test_of_a_long_post_its_beginning_is_quoted(self, cast: Cast, thread: Thread) -> None:
        reply(thread, by=cast.bob, source="many words " * 100)
        source = (
            browser_of(cast.fay).get(thread.get_absolute_url(), {"reply_to": "2"}).context["form"].initial["source"]
        )

        assert source.startswith("> many words many")
        assert source.endswith("… \n\n".replace(" \n", "\n"))
        assert len(source) < 510

    @pytest.mark.parametrize("number", ["2", "3", "9", "0", "-1", "x", "²", "9" * 30])
    def test_what_cannot_be_answered_is_passed_over(self, cast: Cast, thread: Thread, number: str) -> None:
        hide_post(reply(thread, by=cast.bob, source="Hidden words"), by=cast.fay, reason="Rude")
        delete_post(reply(thread, by=cast.bob, source="Taken back"), by=cast.bob)
        page = browser_of(cast.fay).get(thread.get_absolute_url(), {"reply_to": number})

        assert page.status_code == 200
        assert "You are answering" not in page.content.decode()
        assert "Hidden words" not in page.content.decode()

    def test_a_post_hidden_meanwhile_is_said_and_the_second_press_sends(self, cast: Cast, thread: Thread) -> None:
        second = reply(thread, by=cast.bob, source="Rude")
        hide_post(second, by=cast.fay, reason="Rude")
        page = browser_of(cast.fay).post(reverse("reply", args=[thread.pk]), {"source": "My words", "reply_to": "2"})

        assert "can no longer be read" in page.content.decode()
        assert "My words" in page.content.decode()
        assert 'name="reply_to"' not in page.content.decode()

    def test_a_post_of_another_thread_is_none_of_this(self, cast: Cast, thread: Thread) -> None:
        other = start_thread(cast.ai, by=cast.bob, theme=cast.theme, title="Other", source="Other")
        reply(other, by=cast.bob, source="Second of the other")
        page = browser_of(cast.fay).post(reverse("reply", args=[thread.pk]), {"source": "My words", "reply_to": "2"})

        assert "can no longer be read" in page.content.decode()

    def test_the_forms_say_where_they_go_so_that_no_fragment_of_a_step_before_stays(
        self, cast: Cast, thread: Thread
    ) -> None:
        for address in (reverse("thread_new", args=["ai"]), reverse("post_edit", args=[thread.pk, 1])):
            assert f'<form method="post" action="{address}"' in browser_of(cast.bob).get(address).content.decode()

    def test_they_may_answer_the_thread_as_a_whole_after_all(self, cast: Cast, thread: Thread) -> None:
        page = browser_of(cast.fay).post(
            reverse("reply", args=[thread.pk]), {"source": "My words", "reply_to": "1", "do": "unlink"}
        )

        assert "You are answering" not in page.content.decode()
        assert "My words" in page.content.decode()
        assert Post.objects.count() == 1


class TestWhenTheSessionIsOver:
    """Whoever presses the button then signs in and finds the form filled."""

    @pytest.mark.parametrize("careful", [True, False], ids=["without the browser's token", "with it"])
    def test_a_thread_is_kept_and_the_way_leads_back_to_it(self, cast: Cast, careful: bool) -> None:
        address = reverse("thread_new", args=["ai"])
        answer = browser_of(None, careful=careful).post(address, typed(cast, writer=mark_of(cast.bob, cast.ai)))

        assert (
            answer["Location"]
            == f"{reverse('account_request_login_code')}?next={address.replace('/', '%2F')}&session=kept"
        )
        assert not Thread.objects.exists()
        form = browser_of(cast.bob).get(address).context["form"]
        assert form.initial["source"] == "We do, and you?"
        assert browser_of(cast.fay).get(address).context["form"].draft is None

    def test_a_reply_is_kept_too(self, cast: Cast, thread: Thread) -> None:
        answer = browser_of(None, careful=True).post(
            reverse("reply", args=[thread.pk]), {"source": "So do we", "writer": mark_of(cast.fay, thread)}
        )

        assert "session=kept" in answer["Location"]
        assert Post.objects.count() == 1
        assert Draft.objects.get().fields["source"] == "So do we"

    def test_other_words_for_a_post_are_kept_too_and_fill_its_form(self, cast: Cast, thread: Thread) -> None:
        address = reverse("post_edit", args=[thread.pk, 1])
        before = thread.posts.get().source
        answer = browser_of(None, careful=True).post(
            address, {"source": "Better words", "writer": mark_of(cast.bob, thread.posts.get())}
        )

        assert "session=kept" in answer["Location"]
        assert thread.posts.get().source == before
        page = browser_of(cast.bob).get(address)
        assert page.context["form"].initial["source"] == "Better words"
        assert "We kept what you typed" in page.content.decode()

    def test_other_words_for_the_post_of_somebody_else_are_not(self, cast: Cast, thread: Thread) -> None:
        address = reverse("post_edit", args=[thread.pk, 1])
        for writer in (cast.fay, cast.olga):
            answer = browser_of(None).post(
                address, {"source": "Not mine", "writer": mark_of(writer, thread.posts.get())}
            )
            # What they sent is given back to them, and nothing is said of the post.
            assert answer.status_code == 409
            assert "Not mine" in answer.content.decode()
            assert thread.title not in answer.content.decode()
        assert not Draft.objects.exists()

    def test_a_token_of_before_leads_whoever_is_signed_in_straight_back(self, cast: Cast) -> None:
        address = reverse("thread_new", args=["ai"])
        answer = browser_of(cast.bob, careful=True).post(
            address, typed(cast, writer=mark_of(cast.bob, cast.ai)), follow=True
        )

        assert answer.redirect_chain == [(address, 302)]
        assert "This is not sent yet" in answer.content.decode()
        assert "We do, and you?" in answer.content.decode()

    @pytest.mark.parametrize("writer", ["", "1", "1:forged", "1 1 network ai:forged", "fay"])
    def test_a_form_that_was_not_theirs_keeps_nothing(self, cast: Cast, writer: str) -> None:
        mark = mark_of(cast.fay, cast.ai) if writer == "fay" else writer
        answer = browser_of(cast.bob, careful=True).post(reverse("thread_new", args=["ai"]), typed(cast, writer=mark))

        assert answer.status_code == 403
        assert "Please send that again" in answer.content.decode()
        assert not Draft.objects.exists()

    @pytest.mark.parametrize("who", ["olga", "amir", "lena", "sven", "ada"])
    @pytest.mark.parametrize("careful", [True, False])
    def test_the_form_of_an_outsider_keeps_nothing_and_tells_nothing(
        self, cast: Cast, thread: Thread, who: str, careful: bool
    ) -> None:
        client = browser_of(None, careful=careful)
        writer = getattr(cast, who)
        for address, place in (
            (reverse("thread_new", args=["ai"]), cast.ai),
            (reverse("thread_new", args=["nowhere"]), Network(slug="nowhere")),
            (reverse("reply", args=[thread.pk]), thread),
            (reverse("reply", args=[99999]), Thread(pk=99999)),
            (reverse("post_edit", args=[thread.pk, 1]), thread.posts.get()),
        ):
            answer = client.post(address, typed(cast, writer=mark_of(writer, place), source="Only <what> I sent"))
            assert answer.status_code == 409
            assert "Only &lt;what&gt; I sent</textarea>" in answer.content.decode()
            assert not any(word in answer.content.decode() for word in ("AI Network", thread.slug, "We **do**"))
        assert not Draft.objects.exists()

    def test_a_mark_is_good_for_its_own_form_alone(self, cast: Cast, thread: Thread) -> None:
        secret = start_thread(cast.ai, by=cast.fay, theme=cast.theme, title="Redundancies", source="Planned")
        post = thread.posts.get()
        for address in (
            *(reverse("reply", args=[pk]) for pk in (secret.pk, 99999)),
            reverse("thread_new", args=["practitioners"]),
            reverse("post_edit", args=[thread.pk, 1]),
        ):
            for place in (thread, cast.ai):
                answer = browser_of(None).post(address, {"source": "x", "writer": mark_of(cast.bob, place)})
                assert answer.status_code == 404, address
        answer = browser_of(None).post(reverse("reply", args=[thread.pk]), {"writer": mark_of(cast.bob, post)})
        assert answer.status_code == 404
        assert not Draft.objects.exists()

    def test_the_way_back_tells_neither_title_nor_page_before_signing_in(self, cast: Cast, thread: Thread) -> None:
        address = reverse("reply", args=[thread.pk])
        sent = {"source": "So do we", "writer": mark_of(cast.bob, thread)}
        answer = browser_of(None).post(address, sent)

        assert answer["Location"].endswith(f"?next={address.replace('/', '%2F')}&session=kept")
        assert browser_of(cast.bob).get(address)["Location"] == f"{thread.get_absolute_url()}?page=1#composer"
        for outsider in (cast.olga, None):
            assert browser_of(outsider).get(address).status_code == 404

    @pytest.mark.parametrize("ended", ["by themselves", "by an administrator", "by a password", "by time"])
    def test_after_signing_out_everywhere_a_mark_keeps_nothing_but_gives_the_words_back(
        self, cast: Cast, thread: Thread, ended: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        mark = mark_of(cast.bob, thread)
        if ended == "by themselves":
            end_other_sessions(by=cast.bob, this_one=None)
        elif ended == "by an administrator":
            end_sessions(cast.bob, by=cast.ada)
        elif ended == "by a password":
            set_password("correct horse battery staple", by=cast.bob, this_session=None)
        else:
            later = timezone.now() + settings.MEMBER_SESSION_LONGEST + timedelta(minutes=1)
            monkeypatch.setattr("forums.actions.drafts.timezone.now", lambda: later)
        answer = browser_of(None).post(reverse("reply", args=[thread.pk]), {"source": "My words", "writer": mark})

        assert answer.status_code == 409
        assert "My words</textarea>" in answer.content.decode()
        assert thread.title not in answer.content.decode()
        assert not Draft.objects.exists()

    def test_another_ones_sessions_end_nothing_of_theirs(self, cast: Cast, thread: Thread) -> None:
        end_other_sessions(by=cast.fay, this_one=None)
        answer = browser_of(None).post(
            reverse("reply", args=[thread.pk]), {"source": "Kept", "writer": mark_of(cast.bob, thread)}
        )

        assert "session=kept" in answer["Location"]

    def test_a_newer_draft_stays_and_what_was_sent_stands_below_it(self, cast: Cast, thread: Thread) -> None:
        old = save_draft(thread, by=cast.bob, fields={"source": "Old"}, known="")
        assert old
        save_draft(thread, by=cast.bob, fields={"source": "An hour of work\non the phone"}, known=old.key)
        address = reverse("reply", args=[thread.pk])
        sent = {"source": "Sent\r\nhere", "draft_at": old.key, "writer": mark_of(cast.bob, thread)}
        for _ in range(2):  # pressed twice it stands there once
            browser_of(None).post(address, sent)
        assert Draft.objects.get().fields["source"] == "An hour of work\non the phone\n\n---\n\nSent\nhere"

        browser_of(None).post(address, sent | {"source": " "})
        browser_of(None).post(address, sent | {"source": "", "draft_at": Draft.objects.get().key})
        assert Draft.objects.get().fields["source"].startswith("An hour of work")

    def test_a_draft_that_the_form_knew_is_written_on(self, cast: Cast) -> None:
        draft = save_draft(cast.ai, by=cast.bob, fields={"title": "T", "source": "Half"}, known="")
        assert draft
        sent = typed(cast, writer=mark_of(cast.bob, cast.ai), draft_at=draft.key)
        browser_of(None).post(reverse("thread_new", args=["ai"]), sent)

        assert Draft.objects.get().fields["source"] == sent["source"]

    def test_nobody_fills_the_drafts_of_a_member_without_end(
        self, cast: Cast, thread: Thread, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        address = reverse("thread_new", args=["ai"])
        sent = typed(cast, writer=mark_of(cast.bob, cast.ai))
        long = browser_of(None).post(address, sent | {"source": "x" * 60_001})
        monkeypatch.setattr(drafts, "MOST", 1)
        save_draft(thread, by=cast.bob, fields={"source": "First"})
        many = browser_of(None).post(address, sent)
        monkeypatch.setattr(limits, "DRAFTING", RateLimit("save drafts", 0, per=timedelta(hours=1)))
        often = browser_of(None).post(address, sent)

        assert [answer.status_code for answer in (long, many, often)] == [409, 409, 429]
        assert "at most 60,000 characters" in long.content.decode() and "x" * 60_001 in long.content.decode()
        assert "You have 1 drafts" in many.content.decode()
        assert "We do, and you?</textarea>" in often.content.decode()
        assert Draft.objects.get().thread == thread

    def test_words_for_a_thread_locked_meanwhile_are_kept_and_found(self, cast: Cast, thread: Thread) -> None:
        lock_thread(thread, by=cast.fay)
        words = "So do we. " * 30
        for address, place in (
            (reverse("reply", args=[thread.pk]), thread),
            (reverse("post_edit", args=[thread.pk, 1]), thread.posts.get()),
        ):
            answer = browser_of(None).post(address, {"source": words, "writer": mark_of(cast.bob, place)})
            assert "session=kept" in answer["Location"]
            page = browser_of(cast.bob).get(address, follow=True)
            assert page.redirect_chain == [(reverse("drafts"), 302)]
            assert "This thread is locked" in page.content.decode()
            assert words.strip() in page.content.decode()
            Draft.objects.all().delete()


class TestEditing:
    """The form in which a post is changed keeps what is typed like the others."""

    def test_after_the_session_has_ended_the_words_wait_in_the_form(self, cast: Cast, thread: Thread) -> None:
        address = reverse("post_edit", args=[thread.pk, 1])
        answer = browser_of(None).post(address, {"source": "Better", "writer": mark_of(cast.bob, thread.posts.get())})

        assert answer["Location"].startswith("/account/login/")
        page = browser_of(cast.bob).get(address).content.decode()
        assert "Better</textarea>" in page
        assert "We kept what you typed" in page
        assert address in browser_of(cast.bob).get(reverse("drafts")).content.decode()

    def test_saving_ends_the_draft_and_a_script_may_keep_one(self, cast: Cast, thread: Thread) -> None:
        bob = browser_of(cast.bob)
        kept = bob.post(reverse("post_draft", args=[thread.pk, 1]), {"source": "Half a sen", "draft_at": ""})
        assert kept.json()["said"].startswith("Draft saved")
        assert Draft.objects.get().post == Post.objects.get(thread=thread)

        bob.post(reverse("post_edit", args=[thread.pk, 1]), {"source": "A whole sentence"})

        assert not Draft.objects.exists()
        assert Post.objects.get(thread=thread).source == "A whole sentence"

    @pytest.mark.parametrize("who", ["nobody", "olga", "lena", "sven", "ada", "fay"])
    def test_nobody_keeps_a_draft_of_anothers_post(self, cast: Cast, thread: Thread, who: str) -> None:
        client = browser_of(getattr(cast, who, None))
        answer = client.post(reverse("post_draft", args=[thread.pk, 1]), {"source": "Mine"})

        assert answer.status_code == (403 if who == "fay" else 404)
        assert not Draft.objects.exists()


class TestQueries:
    """Within what a page and a post may ask of the database, whatever the form holds."""

    def test_a_thread_with_a_draft_and_a_quotation(
        self, cast: Cast, thread: Thread, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        save_draft(thread, by=cast.fay, fields={"source": "Before"})
        client = browser_of(cast.fay)
        client.get(thread.get_absolute_url())
        with django_assert_max_num_queries(14):
            client.get(thread.get_absolute_url(), {"reply_to": "1"})

    def test_a_reply(self, cast: Cast, thread: Thread, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
        client = browser_of(cast.fay)
        client.get(thread.get_absolute_url())
        typed = {"source": "So do we", "reply_to": "1"}
        with django_assert_max_num_queries(25):
            assert client.post(reverse("reply", args=[thread.pk]), typed).status_code == 302
        with django_assert_max_num_queries(17):
            assert client.post(reverse("reply", args=[thread.pk]), typed | {"do": "preview"}).status_code == 200
        with django_assert_max_num_queries(12):
            assert client.post(reverse("reply_draft", args=[thread.pk]), typed).status_code == 200
