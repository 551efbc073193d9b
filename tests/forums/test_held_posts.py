"""Where a network asks for it, what somebody writes first waits for a facilitator: nobody else learns of it, nothing of
it is lost, and once it is posted it is announced like any other."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core import mail as outbox
from django.core.files.base import ContentFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks
from pytest_django.fixtures import Settings

from forums.actions.attachments import attach_file, forget_unsent
from forums.actions.drafts import save_draft
from forums.actions.first_posts import Held
from forums.actions.following import choose_network_level
from forums.actions.held_posts import refuse_post, release_post, withdraw_post
from forums.actions.mail_replies import Outcome, receive_mail, reply_address
from forums.actions.mentions import NotMentioned
from forums.actions.merging import merge_threads
from forums.actions.posts import delete_post, reply
from forums.actions.themes import move_threads
from forums.actions.threads import lock_thread, start_thread
from forums.export import _held_posts
from forums.models import Attachment, Draft, HeldPost, Level, MemberThread, Post, Practice, Thread
from forums.search.posts import search_posts
from forums.worklist import held_posts
from network.actions.closing import close_account
from network.actions.mail import send_due_mail
from network.actions.membership import leave_network
from network.actions.networks import change_network
from network.models import AuditEvent, Member, Membership, Network, NetworkTheme, Notice, Theme
from network.notifications import unread_notices
from network.permissions import Refused
from tests.cast import Cast, make_cast, sign_in
from tests.forums import letters
from tests.forums.letters import message
from tests.forums.uploads import PDF
from tests.queued import run_queued

OUTSIDERS = ["olga", "amir", "lena", "sven", "ada"]
WAITS = "Your post waits for a facilitator, because it is your first here."


@pytest.fixture
def thread(cast: Cast) -> Thread:
    """Of a network that sees first posts before others do."""
    cast.ai.first_post_hold = True
    cast.ai.save(update_fields=["first_post_hold"])
    begun = start_thread(cast.ai, by=cast.fay, theme=cast.theme, title="Minutes", source="Who records meetings?")
    run_queued()
    Notice.objects.all().delete()
    return begun


def held_reply(thread: Thread, by: Member, source: str = "My zyzzyva", **more: Any) -> HeldPost:
    with pytest.raises(Held, match=WAITS) as caught:
        reply(thread, by=by, source=source, **more)
    return caught.value.post


def held_thread(network: Network, by: Member, theme: Theme, **more: Any) -> HeldPost:
    told = {"title": "A zyzzyva", "source": "Words", "tags": ["minutes"], **more}
    with pytest.raises(Held, match=WAITS) as caught:
        start_thread(network, by=by, theme=theme, **told)
    return caught.value.post


def titles(member: Member) -> list[str]:
    return [notice.title for notice in unread_notices(member)]


def browser_of(member: Member) -> Client:
    client = Client()
    sign_in(client, member)
    return client


# Who waits


def test_it_is_no_post_and_nobody_hears_of_it_but_the_facilitators(cast: Cast, thread: Thread) -> None:
    before = Thread.objects.filter(pk=thread.pk).values().get()
    held = held_reply(thread, cast.bob, "My zyzzyva for @Fay Facilitates")
    run_queued()

    assert (held.decision, held.source) == ("", "My zyzzyva for @Fay Facilitates")
    assert Post.objects.count() == 1
    assert Thread.objects.filter(pk=thread.pk).values().get() == before
    assert not MemberThread.objects.filter(member=cast.bob).exists()
    assert [hit.title for hit in search_posts(cast.bob, "zyzzyva").hits] == []
    assert titles(cast.fay) == ["The first post of Bob Belongs waits for you to read it"]
    assert titles(cast.bob) == []
    assert reply(thread, by=cast.fay, source="Mine").number == 2


def test_facilitators_and_whoever_has_written_before_do_not_wait(cast: Cast, thread: Thread) -> None:
    Network.objects.update(first_post_hold=False)
    thread.network.refresh_from_db()
    first = reply(thread, by=cast.bob, source="Before")
    Network.objects.update(first_post_hold=True)
    delete_post(first, by=cast.bob)
    thread = Thread.objects.select_related("network").get(pk=thread.pk)

    assert reply(thread, by=cast.bob, source="It was shown").number == 3
    assert reply(thread, by=cast.fay, source="Mine").number == 4
    # A post elsewhere says nothing here.
    cast.practitioners.first_post_hold = True
    held_thread(cast.practitioners, cast.bob, cast.theme)


def test_the_second_waits_too_while_the_first_does(cast: Cast, thread: Thread) -> None:
    first = held_reply(thread, cast.bob)
    second = held_thread(cast.ai, cast.bob, cast.theme)
    release_post(first, by=cast.fay)

    assert reply(thread, by=cast.bob, source="Third").number == 3
    second.refresh_from_db()
    assert second.decision == "", "what waits is decided by itself"


def test_the_same_form_sent_twice_waits_once_and_is_posted_once(cast: Cast, thread: Thread) -> None:
    form_id = uuid.uuid4()
    held = held_reply(thread, cast.bob, form_id=form_id)
    assert held_reply(thread, cast.bob, form_id=form_id) == held
    begun = held_thread(cast.ai, cast.bob, cast.theme, form_id=form_id)
    assert held_thread(cast.ai, cast.bob, cast.theme, form_id=form_id) == begun
    # What the script of the form keeps comes after the form.
    late = {"source": "My zyzzyva", "form_id": str(form_id)}
    assert save_draft(thread, by=cast.bob, fields=late) is None

    post = release_post(held, by=cast.fay)
    assert reply(thread, by=cast.bob, source="My zyzzyva", form_id=form_id) == post
    assert HeldPost.objects.count() == 2


def test_whom_nobody_knows_by_that_name_is_said_to_the_writer(cast: Cast, thread: Thread) -> None:
    Member.objects.filter(pk=cast.olga.pk).update(name="Fay Facilitates")
    Membership.objects.filter(member=cast.lena).update(state=Membership.State.ACTIVE)
    Member.objects.filter(pk=cast.lena.pk).update(name="Fay Facilitates")

    with pytest.raises(NotMentioned):
        reply(thread, by=cast.bob, source="@Fay Facilitates said so")
    assert not HeldPost.objects.exists()


@pytest.mark.parametrize("viewer", [*OUTSIDERS, "nobody"])
def test_nobody_from_outside_knows_of_it(cast: Cast, thread: Thread, viewer: str) -> None:
    held = held_reply(thread, cast.bob)

    outsider = AnonymousUser() if viewer == "nobody" else getattr(cast, viewer)
    assert not HeldPost.objects.visible_to(outsider).exists()
    if viewer != "nobody":
        browser = browser_of(outsider)
        for name in ("held_post_release", "held_post_refuse"):
            assert browser.post(reverse(name, args=["ai", held.pk])).status_code == 404
        assert browser.get(reverse("held_posts", args=["ai"])).status_code == 404
        assert browser.post(reverse("held_post_withdraw", args=[held.pk])).status_code == 404
        with pytest.raises(Refused):
            release_post(held, by=outsider)
        with pytest.raises(Refused):
            withdraw_post(held, by=outsider)


def test_other_members_know_nothing_of_it_either(cast: Cast, thread: Thread) -> None:
    Membership.objects.filter(member=cast.lena).update(state=Membership.State.ACTIVE)
    held = held_reply(thread, cast.bob)

    assert not HeldPost.objects.visible_to(cast.lena).exists()
    browser = browser_of(cast.lena)
    for address in (reverse("held_posts", args=["ai"]), reverse("held_post_refuse", args=["ai", held.pk])):
        assert browser.get(address).status_code == 404
    for page in (thread.get_absolute_url(), reverse("threads", args=["ai"]), reverse("drafts")):
        assert b"zyzzyva" not in browser.get(page, follow=True).content
    with pytest.raises(Refused):
        refuse_post(held, by=cast.bob, reason="Mine")


# Posted


def test_a_reply_is_posted_as_if_it_were_written_now(cast: Cast, thread: Thread, settings: Settings) -> None:
    Member.objects.update(welcome_steps_done=3)
    Membership.objects.filter(member=cast.lena).update(state=Membership.State.ACTIVE)
    choose_network_level(cast.ai, Level.WATCH, by=cast.lena)
    first = thread.posts.get()
    held = held_reply(thread, cast.bob, "Yes, @Fay Facilitates", reply_to=first, quoting="members")
    reply(thread, by=cast.fay, source="Meanwhile")
    later = timezone.now() + timedelta(days=3)
    post = release_post(held, by=cast.fay, now=later)
    run_queued()

    assert (post.number, post.author, post.written_at, post.reply_to) == (3, cast.bob, later, first)
    assert (post.organisation, post.quoting, post.source) == (cast.council, "members", "Yes, @Fay Facilitates")
    assert titles(cast.bob) == ["A facilitator has posted what you wrote in “Minutes”"]
    assert unread_notices(cast.bob)[0].address == post.get_absolute_url()
    assert titles(cast.fay) == ["Bob Belongs mentioned you in “Minutes”"], "and nothing waits any more"
    assert any("Minutes" in title for title in titles(cast.lena))
    assert MemberThread.objects.get(member=cast.bob, thread=thread).level == Level.FOLLOW
    held.refresh_from_db()
    assert (held.source, held.decision, held.decided_by, held.post) == ("", "released", cast.fay, post)
    assert AuditEvent.objects.filter(verb="released post", actor_id=cast.fay.pk).count() == 1


def test_a_thread_is_posted_with_all_that_stands_beside_it(cast: Cast, thread: Thread) -> None:
    did = Practice(tool="Transcriber", stage="live", outcome="Hours saved", differently="Nothing")
    held = held_thread(cast.ai, cast.bob, cast.theme, kind="practice", practice=did)
    # Themes that became one meanwhile.
    other = Theme.objects.create(name="Care", slug="care")
    NetworkTheme.objects.create(network=cast.ai, theme=other)
    move_threads(cast.theme, other)
    post = release_post(held, by=cast.fay)

    begun = post.thread
    assert (begun.title, begun.kind, begun.theme, begun.author) == ("A zyzzyva", "practice", other, cast.bob)
    assert [tag.name for tag in begun.tags.all()] == ["minutes"]
    assert begun.practice.fields == did.fields
    assert [hit.title for hit in search_posts(cast.bob, "zyzzyva").hits] == ["A zyzzyva"]
    held.refresh_from_db()
    assert (held.title, held.practice, held.tags) == ("", {}, [])


def test_its_files_wait_with_it_and_go_with_it(
    cast: Cast, thread: Thread, tmp_path: Path, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    form_id = uuid.uuid4()
    attach_file(cast.ai, by=cast.bob, form_id=form_id, file=ContentFile(PDF), name="plan.pdf")
    held = held_reply(thread, cast.bob, form_id=form_id)
    attached = Attachment.objects.get()

    assert forget_unsent(now=timezone.now() + timedelta(days=9)) == 0
    assert list(Attachment.objects.visible_to(cast.fay)) == [attached] == list(Attachment.objects.visible_to(cast.bob))
    for name in OUTSIDERS:
        assert not Attachment.objects.visible_to(getattr(cast, name)).exists()
    assert not Attachment.objects.held_in(form_id, cast.bob).exists(), "the form cannot change what waits"
    assert b"plan.pdf" in browser_of(cast.fay).get(reverse("held_posts", args=["ai"])).content
    assert list(release_post(held, by=cast.fay).attachments.all()) == [attached]


def test_what_cannot_be_posted_by_now_says_why_and_waits_on(cast: Cast, thread: Thread) -> None:
    held, begun = held_reply(thread, cast.bob), held_thread(cast.ai, cast.bob, cast.theme)
    lock_thread(thread, by=cast.fay)
    with pytest.raises(Refused, match="locked"):
        release_post(held, by=cast.fay)
    NetworkTheme.objects.filter(network=cast.ai).delete()
    with pytest.raises(Refused, match="no longer uses the theme"):
        release_post(begun, by=cast.fay)
    leave_network(cast.ai, by=cast.bob)
    with pytest.raises(Refused, match="Bob Belongs is no longer a member"):
        release_post(held, by=cast.fay)

    assert HeldPost.objects.waiting().count() == 2
    assert Post.objects.count() == 1


def test_it_follows_its_thread_into_another_and_into_no_other_network(cast: Cast, thread: Thread) -> None:
    held, moved = held_reply(thread, cast.bob), held_reply(thread, cast.bob, "Another")
    into = start_thread(cast.ai, by=cast.fay, theme=cast.theme, title="Notes", source="Who writes them?")
    merge_threads(thread, into, by=cast.fay)
    assert HeldPost.objects.get(pk=held.pk).where == "A reply in “Notes”"
    assert release_post(held, by=cast.fay).thread == into

    Thread.objects.filter(pk=into.pk).update(network=cast.practitioners)
    with pytest.raises(Refused, match="another network"):
        release_post(moved, by=cast.fay)
    assert "Notes" not in HeldPost.objects.get(pk=moved.pk).where
    refuse_post(moved, by=cast.fay, reason="It has moved")
    assert (Draft.objects.get().network, Draft.objects.get().thread) == (cast.ai, None)


def test_one_decision_stands(cast: Cast, thread: Thread) -> None:
    held = held_reply(thread, cast.bob)
    stale = HeldPost.objects.get(pk=held.pk)
    post = release_post(held, by=cast.fay)

    assert release_post(stale, by=cast.fay) == post
    with pytest.raises(Refused, match="posted by now"):
        refuse_post(stale, by=cast.fay, reason="Late")
    with pytest.raises(Refused, match="posted by now"):
        withdraw_post(stale, by=cast.bob)
    assert Post.objects.filter(author=cast.bob).count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_facilitators_at_once_post_it_once() -> None:
    cast = make_cast()
    Membership.objects.filter(member=cast.lena).update(state="active", role=Membership.Role.FACILITATOR)
    cast.ai.first_post_hold = True
    cast.ai.save()
    thread = start_thread(cast.ai, by=cast.fay, theme=cast.theme, title="Minutes", source="Words")
    held = held_reply(thread, cast.bob)
    together = Barrier(2)

    def release(by: Member) -> int:
        together.wait(10)
        try:
            return release_post(HeldPost.objects.with_author().get(pk=held.pk), by=by).pk
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        posts = set(pool.map(release, [cast.fay, cast.lena]))

    assert len(posts) == 1
    assert thread.posts.count() == 2


# Not posted


def test_refused_its_author_is_told_why_and_has_it_back(cast: Cast, thread: Thread) -> None:
    form_id = uuid.uuid4()
    attach_file(cast.ai, by=cast.bob, form_id=form_id, file=ContentFile(PDF), name="plan.pdf")
    held = held_thread(cast.ai, cast.bob, cast.theme, form_id=form_id)
    refuse_post(held, by=cast.fay, reason="Leave the name out")
    again = refuse_post(held, by=cast.fay, reason="Something else")

    assert again.reason == "Leave the name out"
    assert titles(cast.bob) == [
        "A facilitator did not post what you wrote, and you have it back as a draft: Leave the name out"
    ]
    assert titles(cast.fay) == []
    draft = Draft.objects.get()
    assert (draft.member, draft.thread, draft.fields["title"]) == (cast.bob, None, "A zyzzyva")
    page = browser_of(cast.bob).get(draft.address).content.decode()
    assert 'value="A zyzzyva"' in page and "plan.pdf" in page and 'value="minutes"' in page
    held.refresh_from_db()
    assert (held.title, held.source) == ("", "")
    # Sent again it waits again.
    held_thread(cast.ai, cast.bob, cast.theme, form_id=uuid.UUID(draft.fields["form_id"]))
    assert forget_unsent(now=timezone.now() + timedelta(days=9)) == 0


def test_what_was_begun_since_stays_and_the_words_stand_below(cast: Cast, thread: Thread) -> None:
    held = held_reply(thread, cast.bob)
    save_draft(thread, by=cast.bob, fields={"source": "Begun since"})
    withdraw_post(held, by=cast.bob)
    withdraw_post(held, by=cast.bob)

    assert Draft.objects.get().fields["source"] == "Begun since\n\n---\n\nMy zyzzyva"
    with pytest.raises(Refused, match="taken this back"):
        release_post(held, by=cast.fay)
    assert titles(cast.fay) == []


@pytest.mark.parametrize("erase", [True, False])
def test_nothing_waits_of_an_account_that_is_closed(cast: Cast, thread: Thread, erase: bool) -> None:
    decided = refuse_post(held_thread(cast.ai, cast.bob, cast.theme), by=cast.fay, reason="Private reason")
    held = held_reply(thread, cast.bob)
    close_account(by=cast.bob, erase=erase)

    assert list(HeldPost.objects.all()) == ([] if erase else [decided])
    for decide in (release_post, lambda held, by: refuse_post(held, by=by, reason="Gone")):
        with pytest.raises(Refused):
            decide(held, by=cast.fay)
    assert not Draft.objects.exists()


def test_their_own_data_hold_what_waits(cast: Cast, thread: Thread) -> None:
    held_reply(thread, cast.bob)
    release_post(held_thread(cast.ai, cast.bob, cast.theme), by=cast.fay)

    (row,) = _held_posts(cast.bob)
    assert (row["Text"], row["State"], row["Network"]) == ("My zyzzyva", "Waiting", "AI Network")
    assert list(_held_posts(cast.fay)) == []


# By mail


def test_a_reply_by_mail_waits_and_the_answer_says_so(cast: Cast, thread: Thread, settings: Settings) -> None:
    settings.REPLY_ADDRESS = "reply@guildhall.example.org"
    typed = save_draft(thread, by=cast.bob, fields={"source": "Typed on the site"})
    told = {"to": reply_address(thread, cast.bob), "sender": f"Bob Belongs <{cast.bob.email}>"}
    mail = bytes(message(letters.gmail("We do."), **told))

    assert receive_mail(mail) == Outcome.HELD
    assert receive_mail(mail) == Outcome.BEFORE
    held = HeldPost.objects.get()
    assert (held.source, held.thread) == ("We do.", thread)
    assert list(Draft.objects.all()) == [typed]
    send_due_mail()
    (answer,) = outbox.outbox
    assert answer.subject == "Your reply by mail waits for a facilitator"
    assert "“Minutes”" in str(answer.body) and "/drafts/" in str(answer.body)
    assert "We do." not in str(answer.body)


def test_no_mail_says_that_it_waits_where_it_no_longer_does(cast: Cast, thread: Thread, settings: Settings) -> None:
    settings.REPLY_ADDRESS = "reply@guildhall.example.org"
    told = {"to": reply_address(thread, cast.bob), "sender": f"Bob Belongs <{cast.bob.email}>"}
    receive_mail(bytes(message(letters.gmail("We do."), **told)))
    release_post(HeldPost.objects.get(), by=cast.fay)
    send_due_mail()

    assert not any("waits" in one.subject for one in outbox.outbox)


# Pages


def test_the_forms_say_that_it_waits_and_lead_to_it(cast: Cast, thread: Thread) -> None:
    browser = browser_of(cast.bob)
    first = "A facilitator reads the first post of each member before others do."
    assert first in browser.get(reverse("thread_new", args=["ai"])).content.decode()
    assert first in browser.get(f"{thread.get_absolute_url()}?page=1").content.decode()

    save_draft(thread, by=cast.bob, fields={"source": "Half"})
    page = browser.post(reverse("reply", args=[thread.pk]), {"source": "**My** zyzzyva"}, follow=True).content.decode()
    assert WAITS in page and "A reply in “Minutes”" in page and "<strong>My</strong> zyzzyva" in page
    assert not Draft.objects.exists()
    typed = {"title": "A zyzzyva", "kind": "discussion", "theme": str(cast.theme.pk), "source": "Words"}
    page = browser.post(reverse("thread_new", args=["ai"]), typed, follow=True).content.decode()
    assert "A new thread: “A zyzzyva”" in page

    held = HeldPost.objects.get(title="A zyzzyva")
    page = browser.post(reverse("held_post_withdraw", args=[held.pk]), follow=True).content.decode()
    assert "You have taken it back" in page and 'value="A zyzzyva"' in page
    release_post(HeldPost.objects.waiting().get(), by=cast.fay)
    assert first not in browser.get(reverse("thread_new", args=["ai"])).content.decode()


def test_facilitators_decide_on_their_page(cast: Cast, thread: Thread) -> None:
    posted, refused = held_reply(thread, cast.bob), held_thread(cast.ai, cast.bob, cast.theme)
    browser = browser_of(cast.fay)
    address = reverse("held_posts", args=["ai"])
    page = browser.get(address).content.decode()
    waits = held_posts(cast.fay, cast.ai, timezone.now())
    assert [row.what for row in waits.rows] == ["A reply in “Minutes”", "A new thread: “A zyzzyva”"]
    assert "My zyzzyva" in page and "A new thread: “A zyzzyva”" in page
    assert '<span class="app-count">2<' in page and "Requests to join</a>" in page

    page = browser.post(reverse("held_post_release", args=["ai", posted.pk]), follow=True).content.decode()
    assert "The post by Bob Belongs is posted" in page and '<span class="app-count">1<' in page
    refuse = reverse("held_post_refuse", args=["ai", refused.pk])
    assert "Enter why you are not posting it" in browser.post(refuse, {"words": ""}).content.decode()
    page = browser.post(refuse, {"words": "Too long"}, follow=True).content.decode()
    assert "Nothing waits" in page and "not posted: Too long" in page and "zyzzyva" not in page
    # What was decided elsewhere is said, whatever button is pressed.
    assert (
        "posted by now"
        in browser.get(reverse("held_post_refuse", args=["ai", posted.pk]), follow=True).content.decode()
    )
    assert browser_of(cast.bob).get(address).status_code == 404


def test_a_page_of_many_asks_no_more_than_a_page_of_one(cast: Cast, thread: Thread) -> None:
    counts = []
    browser, own = browser_of(cast.fay), browser_of(cast.bob)
    for many in (1, 4):
        for number in range(many):
            held_reply(thread, cast.bob, f"Words {number}")
        for page, address in ((browser, reverse("held_posts", args=["ai"])), (own, reverse("drafts"))):
            page.get(address)
            with CaptureQueriesContext(
                connection,
            ) as asked:
                page.get(address)
            counts.append(len(asked))

    assert counts[:2] == counts[2:]


def test_facilitators_say_whether_first_posts_wait(cast: Cast) -> None:
    change_network(cast.ai, by=cast.fay, first_post_hold=True)
    assert Network.objects.get(pk=cast.ai.pk).first_post_hold
    page = browser_of(cast.fay).get(reverse("network_settings", args=["ai"])).content.decode()
    assert "Read first posts before others do" in page
    with pytest.raises(Refused):
        change_network(cast.ai, by=cast.bob, first_post_hold=False)
