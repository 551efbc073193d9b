"""Announcements that go by mail too: who gets them, who confirms them, and what became of them."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from threading import Thread as OsThread
from typing import Any

import pytest
from django.core import mail as outbox
from django.db import connection
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_tasks_db.models import DBTaskResult
from pytest_django.fixtures import Settings

from forums import limits, tasks
from forums.actions.announcements import (
    NotMailed,
    confirm_announcement,
    decline_announcement,
    mail_announcements,
    stop_announcement,
)
from forums.actions.digests import plan_digests
from forums.actions.following import choose_level, choose_network_level
from forums.actions.posts import delete_post, edit_post, hide_post, reply
from forums.actions.reading import read_thread
from forums.actions.threads import start_thread
from forums.models import Announcement, Draft, Post, Thread
from forums.notifications import Counted, audience_of
from network.actions.mail import Mail, send_due_mail
from network.actions.membership import end_membership, leave_network
from network.models import AuditEvent, MailLedger, Member, Membership, Network
from network.notifications import unread_notices
from network.permissions import Refused
from tests.cast import Cast, show_second_factor, sign_in
from tests.forums.test_mentions import joins
from tests.forums.test_mentions import officer as somebody
from tests.queued import run_queued

OUTSIDERS = ["nobody", "olga", "amir", "lena", "sven", "ada"]


@pytest.fixture
def dora(cast: Cast) -> Member:
    """A second facilitator."""
    dora = officer(cast, "Dora Deputy")
    Membership.objects.filter(member=dora, network=cast.ai).update(role="facilitator")
    return dora


@pytest.fixture(autouse=True)
def of_two(cast: Cast, settings: Settings) -> None:
    """Small enough a number for a small cast, of whom everybody has said how they want mail."""
    settings.ANNOUNCEMENT_CONFIRM_OVER = 2
    Member.objects.update(welcome_steps_done=3)


def officer(cast: Cast, name: str) -> Member:
    made = somebody(cast, name)
    Member.objects.filter(pk=made.pk).update(welcome_steps_done=3)
    return Member.objects.get(pk=made.pk)


def announce(cast: Cast, **changes: Any) -> Announcement:
    told = {"title": "A date", "source": "Save the **date**.", "kind": "announcement", "by_mail": True}
    thread = start_thread(cast.ai, theme=cast.theme, **{"by": cast.fay, **told, **changes})
    return Announcement.objects.get(thread=thread)


def members(cast: Cast, count: int, **choices: Any) -> list[Member]:
    some = [officer(cast, f"Member {number}") for number in range(count)]
    if choices:
        Member.objects.filter(pk__in=[one.pk for one in some]).update(**choices)
    return some


def counted(cast: Cast) -> Counted:
    return audience_of(Thread(network=cast.ai, theme=cast.theme, author=cast.fay)).counted()


def states() -> dict[str, str]:
    rows = MailLedger.objects.filter(stream="announcement").select_related("member")
    return {row.member.name: row.state for row in rows if row.member}


def mailed() -> list[str]:
    """The addresses that got it, after the worker has done what it has to do."""
    mail_announcements()
    send_due_mail()
    return sorted(to for message in outbox.outbox for to in message.to)


def composed(member: Member) -> Mail:
    from network.actions.mail import _kinds

    row = MailLedger.objects.get(stream="announcement", member=member)
    found = _kinds["announcement"].compose(row, member)
    assert found is not None
    return found


class TestWhoGetsIt:
    def test_everybody_is_counted_in_one_place_and_once(self, cast: Cast) -> None:
        silent, bounced, muted, inactive, digest, each, unasked = members(cast, 7)
        Membership.objects.filter(member=silent).update(mail="nothing")
        Member.objects.filter(pk=bounced.pk).update(mail_bounced_at=timezone.now())
        choose_network_level(cast.ai, "mute", by=muted)
        Member.objects.filter(pk=inactive.pk).update(is_active=False, inactive_because="lapsed")
        Member.objects.filter(pk__in=(digest.pk, each.pk)).update(mails_at_once=False)
        Membership.objects.filter(member=each).update(mail="each")  # and so no digest of it
        Member.objects.filter(pk=unasked.pk).update(welcome_steps_done=0)

        assert counted(cast) == Counted(now=2, digest=1, none=2, bounced=1, unasked=1)
        assert announce(cast).people_now == 2
        assert mailed() == sorted([cast.bob.email, each.email])

    def test_who_is_to_find_it_in_their_digest_does_before_all_else(self, cast: Cast) -> None:
        """However much else there is, of which a digest tells the ten that most people wrote in."""
        Member.objects.filter(pk=cast.bob.pk).update(mails_at_once=False)
        long_ago = timezone.now() - timedelta(days=30)
        Member.objects.filter(pk=cast.bob.pk).update(digest_chosen_at=long_ago, welcome_steps_done=3)
        announce(cast, title="Read this first")
        for number in range(11):
            lively = {"title": f"Number {number}", "source": "Words", "theme": cast.theme}
            thread = start_thread(cast.ai, by=officer(cast, f"Asker {number}"), **lively)
            reply(thread, by=officer(cast, f"Replier {number}"), source="Words")
        then = timezone.now() + timedelta(days=7)
        plan_digests(now=then)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(timezone, "now", lambda: then)
            send_due_mail(now=then)

        (digest,) = [one for one in outbox.outbox if one.to == [cast.bob.email]]
        titles = re.findall(r"^\* (.*)$", str(digest.body), re.MULTILINE)
        assert titles[0] == "Read this first (Announcement)"
        assert len(titles) == 10

    @pytest.mark.parametrize("state", ["left", "suspended", "requested", "declined"])
    def test_who_does_not_belong_gets_nothing(self, cast: Cast, state: str) -> None:
        Membership.objects.filter(member=cast.bob, network=cast.ai).update(state=state)

        assert counted(cast) == Counted(0, 0, 0, 0)
        announce(cast)
        assert mailed() == []

    def test_what_is_counted_is_what_is_sent(self, cast: Cast, dora: Member) -> None:
        members(cast, 7)
        members(cast, 3, mails_at_once=False)
        announcement = announce(cast)
        confirm_announcement(announcement, by=dora)

        assert len(mailed()) == announcement.people_now == 9
        assert announcement.people_digest == 3

    def test_the_words_say_how_many(self) -> None:
        assert Counted(412, 38, 0, 0).in_words == "This will write to 412 people now and 38 in their digest."
        assert Counted(1, 0, 0, 0).in_words == "This will write to 1 person now and 0 in their digest."
        assert Counted(1_234, 0, 0, 0).in_words.startswith("This will write to 1,234 people now")
        assert Counted(1, 0, 0, 0, 3).rest_in_words == (
            "3 have not been asked yet how they want mail, so they get none."
        )
        assert Counted(1, 0, 12, 2).rest_in_words == (
            "12 chose no mail from this network. Mail to 2 came back lately, so they get none."
        )

    @pytest.mark.parametrize(
        "happens", ["leaves", "chooses nothing", "mutes", "reads", "bounced", "told", "had it", "digest"]
    )
    def test_it_is_asked_again_when_it_goes(self, cast: Cast, happens: str) -> None:
        announcement = announce(cast)
        mail_announcements()
        membership = Membership.objects.filter(member=cast.bob, network=cast.ai)
        if happens == "leaves":
            leave_network(cast.ai, by=cast.bob)
        elif happens == "chooses nothing":
            membership.update(mail="nothing")
        elif happens == "mutes":
            choose_level(announcement.thread, "mute", by=cast.bob)
        elif happens == "reads":
            read_thread(announcement.thread, by=cast.bob, up_to=1)
        elif happens == "told":
            post = Post.objects.get(thread=announcement.thread)
            row = {"stream": "post", "period": str(post.pk), "object_id": post.pk, "state": "sent"}
            MailLedger.objects.create(recipient=f"member {cast.bob.pk}", member=cast.bob, **row)
        elif happens == "had it":  # from a digest, while the mail waited to be confirmed
            until = announcement.thread.started_at + timedelta(minutes=1)
            row = {"stream": "digest", "period": "then", "object_id": 7, "covers_until": until, "state": "sent"}
            MailLedger.objects.create(recipient=f"member {cast.bob.pk}", member=cast.bob, **row)
            MailLedger.objects.filter(stream="announcement").update(planned_at=until + timedelta(hours=1))
        else:
            changed = {"mails_at_once": False} if happens == "digest" else {"mail_bounced_at": timezone.now()}
            Member.objects.filter(pk=cast.bob.pk).update(**changed)

        assert mailed() == []
        assert states() == {"Bob Belongs": "dropped"}

    def test_who_wants_every_thread_has_it_once(self, cast: Cast) -> None:
        """As the announcement that it is, and not as a new thread besides."""
        Membership.objects.filter(member=cast.bob, network=cast.ai).update(mail="each")
        announce(cast)
        run_queued()
        assert set(MailLedger.objects.filter(member=cast.bob).values_list("stream", flat=True)) == {"post"}
        mail_announcements()
        send_due_mail()
        send_due_mail(now=timezone.now() + timedelta(minutes=11))

        (message,) = outbox.outbox
        assert "announces in the AI Network" in str(message.body)

    def test_there_is_nothing_to_send_of_what_is_hidden_or_taken_back(self, cast: Cast) -> None:
        hidden, taken_back = announce(cast), announce(cast, title="Another")
        mail_announcements()
        hide_post(hidden.thread.posts.get(), by=cast.fay, reason="Wrong date")
        delete_post(taken_back.thread.posts.get(), by=cast.fay)

        assert mailed() == []

    def test_what_is_taken_back_before_the_worker_comes_is_owed_to_nobody(self, cast: Cast) -> None:
        announcement = announce(cast)
        delete_post(announcement.thread.posts.get(), by=cast.fay)

        assert mailed() == []
        assert not MailLedger.objects.filter(stream="announcement").exists()
        announcement.refresh_from_db()
        assert announcement.stopped_at and announcement.stopped_by is None


class TestWhatItSays:
    def test_the_words_of_now(self, cast: Cast) -> None:
        announcement = announce(cast)
        mail_announcements()
        edit_post(announcement.thread.posts.get(), by=cast.fay, source="Save the *other* date.")
        mailed()

        (message,) = outbox.outbox
        assert message.subject == "A date"
        assert "Fay Facilitates, Exampleshire County Council, announces in the AI Network:" in message.body
        assert "Save the *other* date." in message.body
        assert "**date**" not in message.body
        assert announcement.thread.get_absolute_url() in message.body

    def test_a_network_that_keeps_its_words_out_of_mail_says_only_that_there_is_one(self, cast: Cast) -> None:
        Network.objects.filter(pk=cast.ai.pk).update(content_free_mail=True)
        cast.ai.refresh_from_db()
        announce(cast, title="Redundancies", source="Nobody may know")
        mailed()

        (message,) = outbox.outbox
        assert message.subject == "An announcement in the AI Network"
        assert not re.search("redundancies|nobody may|fay", message.body + message.subject, re.IGNORECASE)

    def test_it_says_why_it_came_and_what_stops_it(self, cast: Cast) -> None:
        announce(cast)
        mail_announcements()
        told = composed(cast.bob)

        assert (
            told.why == "You get this because you belong to the AI Network, whose facilitators sent it to its members."
        )
        assert told.stop and (told.stop.kind, told.stop.object_id) == ("network", cast.ai.pk)
        assert told.html == "forums/mail/announcement.html"

    def test_the_html_says_the_same_with_whole_addresses(self, cast: Cast, settings: Settings) -> None:
        announce(cast, source="Save the **date**, @Bob Belongs. <script>x</script>")
        mail_announcements()
        told = composed(cast.bob)

        assert f'<a href="{settings.SITE_URL}/people/{cast.bob.pk}/"' in told.context["html"]
        assert "<strong>date</strong>" in told.context["html"]
        assert "<script" not in told.context["html"]
        page = render_to_string(told.html, {"site_url": settings.SITE_URL, "subject": "A date", **told.context})
        assert told.context["html"] in page
        assert settings.SITE_URL + Thread.objects.get().get_absolute_url() in page

    def test_a_hundred_mails_read_the_announcement_once(self, cast: Cast, django_assert_num_queries: Any) -> None:
        from network.actions.mail import _kinds

        members(cast, 20)
        announcement = announce(cast)
        Announcement.objects.filter(pk=announcement.pk).update(needs_confirmation=False)
        mail_announcements()
        rows = list(MailLedger.objects.filter(stream="announcement").select_related("member"))
        assert len(rows) == 21
        prepare = _kinds["announcement"].prepare
        assert prepare
        with django_assert_num_queries(1 + 6 * 21):
            compose = prepare(rows)
            assert all(compose(row, row.member) for row in rows)


class TestASecondPerson:
    @pytest.fixture
    def many(self, cast: Cast) -> list[Member]:
        return members(cast, 3)

    def test_few_need_none(self, cast: Cast) -> None:
        assert not announce(cast).needs_confirmation

    def test_none_is_needed_where_the_number_is_nought(self, cast: Cast, many: Any, settings: Settings) -> None:
        settings.ANNOUNCEMENT_CONFIRM_OVER = 0

        assert not announce(cast).needs_confirmation

    def test_the_thread_is_there_at_once_and_the_mail_waits(self, cast: Cast, dora: Member, many: Any) -> None:
        announcement = announce(cast)

        assert Thread.objects.visible_to(cast.bob).get() == announcement.thread
        assert mailed() == []
        told = [(notice.title, notice.address) for notice in unread_notices(dora)]
        asked = f"Fay Facilitates asks you to confirm mail to {len(many) + 2} people: “A date”"
        assert (asked, f"/threads/{announcement.thread_id}/mail/") in told
        assert unread_notices(cast.bob) == []
        confirm_announcement(announcement, by=dora)
        assert len(mailed()) == len(many) + 2
        assert asked not in [notice.title for notice in unread_notices(dora)]
        assert [notice.title for notice in unread_notices(cast.fay)] == ["Dora Deputy confirmed the mail of “A date”"]

    def test_never_whoever_asked(self, cast: Cast, dora: Member, many: Any) -> None:
        announcement = announce(cast)

        for verb in (confirm_announcement, lambda one, by: decline_announcement(one, by=by, reason="No")):
            with pytest.raises(Refused, match="somebody else has to confirm"):
                verb(announcement, by=cast.fay)

    @pytest.mark.parametrize("who", ["bob", "olga", "amir", "lena", "sven", "ada"])
    def test_nobody_who_does_not_look_after_the_network(self, cast: Cast, many: Any, who: str) -> None:
        announcement = announce(cast)

        with pytest.raises(Refused):
            confirm_announcement(announcement, by=getattr(cast, who))
        with pytest.raises(Refused):
            decline_announcement(announcement, by=getattr(cast, who), reason="No")
        with pytest.raises(Refused):
            stop_announcement(announcement, by=getattr(cast, who))
        assert mailed() == []

    def test_an_administrator_who_belongs_to_it_does(self, cast: Cast, many: Any) -> None:
        joins(cast.ai, cast.ada)
        announcement = announce(cast)

        assert [notice.address for notice in unread_notices(cast.ada)] == [announcement.get_absolute_url()]
        confirm_announcement(announcement, by=cast.ada)
        assert len(mailed()) == len(many) + 2

    def test_declined_nobody_is_mailed_and_the_asker_is_told_why(self, cast: Cast, dora: Member, many: Any) -> None:
        announcement = decline_announcement(announce(cast), by=dora, reason="It can wait for the digest.")

        assert mailed() == []
        assert [notice.title for notice in unread_notices(cast.fay)] == [
            "Dora Deputy declined the mail of “A date”: It can wait for the digest."
        ]
        with pytest.raises(Refused, match="declined or stopped meanwhile"):
            confirm_announcement(announcement, by=dora)

    def test_confirmed_twice_is_once(self, cast: Cast, dora: Member, many: Any) -> None:
        announcement = announce(cast)
        confirm_announcement(announcement, by=dora)
        confirm_announcement(announcement, by=dora)

        assert AuditEvent.objects.filter(verb="confirmed announcement").count() == 1
        with pytest.raises(Refused, match="has confirmed this mail meanwhile"):
            decline_announcement(announcement, by=dora, reason="No")

    def test_a_post_sent_twice_asks_once(self, cast: Cast) -> None:
        form_id = uuid.uuid4()
        first, second = (announce(cast, form_id=form_id) for _ in range(2))

        assert first == second
        assert len(mailed()) == 1

    def test_who_has_left_meanwhile_cannot_confirm(self, cast: Cast, dora: Member, many: Any) -> None:
        announcement = announce(cast)
        end_membership(Membership.objects.get(member=dora, network=cast.ai), "left")

        with pytest.raises(Refused):
            confirm_announcement(announcement, by=Member.objects.get(pk=dora.pk))


@pytest.mark.django_db(transaction=True)
def test_two_who_confirm_at_once_confirm_once_and_nobody_is_mailed_twice(cast: Cast, dora: Member) -> None:
    members(cast, 3)
    emma = officer(cast, "Emma Else")
    Membership.objects.filter(member=emma, network=cast.ai).update(role="facilitator")
    announcement = announce(cast)
    problems: list[Exception] = []

    def confirms(member: Member) -> None:
        try:
            confirm_announcement(announcement, by=member)
            mail_announcements()
        except Exception as problem:
            problems.append(problem)
        finally:
            connection.close()

    both = [OsThread(target=confirms, args=[member]) for member in (dora, emma)]
    for one in both:
        one.start()
    for one in both:
        one.join()

    assert problems == []
    assert AuditEvent.objects.filter(verb="confirmed announcement").count() == 1
    sent = mailed()
    assert len(sent) == len(set(sent)) == 6


@pytest.mark.django_db(transaction=True)
def test_of_two_who_announce_at_once_one_is_the_last_of_the_day(cast: Cast, dora: Member) -> None:
    for number in range(limits.ANNOUNCED_A_DAY - 1):
        announce(cast, title=f"Number {number}")
    told: list[str] = []

    def announces(member: Member) -> None:
        try:
            announce(cast, by=member, title=f"By {member}")
            told.append("mailed")
        except NotMailed:
            told.append("too many")
        finally:
            connection.close()

    both = [OsThread(target=announces, args=[member]) for member in (cast.fay, dora)]
    for one in both:
        one.start()
    for one in both:
        one.join()

    assert sorted(told) == ["mailed", "too many"]
    assert Announcement.objects.count() == limits.ANNOUNCED_A_DAY


class TestLimits:
    def test_a_network_mails_three_a_day_whoever_asks(self, cast: Cast, dora: Member) -> None:
        for number in range(3):
            announce(cast, title=f"Number {number}", by=(cast.fay, dora)[number % 2])

        with pytest.raises(NotMailed, match="3 announcements by mail in the last 24 hours"):
            announce(cast, title="One more")
        assert not Thread.objects.filter(title="One more").exists()
        assert start_thread(
            cast.ai, by=cast.fay, theme=cast.theme, title="One more", source="Words", kind="announcement"
        )
        Announcement.objects.update(asked_at=timezone.now() - timedelta(days=1, minutes=1))
        assert announce(cast, title="Tomorrow")

    def test_the_others_networks_do_not_count(self, cast: Cast) -> None:
        for number in range(3):
            announce(cast, title=f"Number {number}")

        told = {"title": "There", "source": "Words", "kind": "announcement", "by_mail": True}
        assert start_thread(cast.practitioners, by=cast.fay, theme=cast.theme, **told)

    def test_only_an_announcement_goes_to_all(self, cast: Cast) -> None:
        with pytest.raises(ValueError, match="Only an announcement"):
            announce(cast, kind="question")


class TestStopping:
    def test_what_waits_is_not_sent_and_what_went_stays_sent(self, cast: Cast) -> None:
        announcement = announce(cast)
        mail_announcements()
        extra = officer(cast, "Emma Else")
        row = MailLedger.objects.get(stream="announcement")
        MailLedger.objects.filter(pk=row.pk).update(state="sent", sent_at=timezone.now())
        announcement.refresh_from_db()
        assert announcement.planned_at
        row.pk, row.recipient, row.member, row.state = None, f"member {extra.pk}", extra, "due"
        row.save()

        assert stop_announcement(announcement, by=cast.fay) == 1
        assert stop_announcement(announcement, by=cast.fay) == 0
        assert mailed() == []
        assert states() == {"Bob Belongs": "sent", "Emma Else": "dropped"}

    def test_before_the_worker_came_nobody_is_mailed(self, cast: Cast) -> None:
        stop_announcement(announce(cast), by=cast.fay)

        assert mailed() == []
        assert states() == {}

    def test_a_mail_that_failed_is_not_tried_again_after(self, cast: Cast) -> None:
        announcement = announce(cast)
        mail_announcements()
        stop_announcement(announcement, by=cast.fay)
        MailLedger.objects.update(state="due")

        assert mailed() == []


def test_the_schedule_has_the_worker_do_it_once(cast: Cast) -> None:
    def queued() -> int:
        return DBTaskResult.objects.filter(task_path=tasks.owe_announcements.module_path).count()

    tasks.look_for_announcements()
    assert queued() == 0
    announce(cast)
    tasks.look_for_announcements()
    tasks.look_for_announcements()

    assert queued() == 1
    run_queued()
    assert states() == {"Bob Belongs": "due"}
    tasks.look_for_announcements()
    assert queued() == 0


# On the pages


def browser_of(member: Member | None, *, staff: bool = True) -> Client:
    client = Client()
    if member is not None:
        (sign_in if staff else Client.force_login)(client, member)
    return client


class TestTheForm:
    @pytest.fixture
    def fay(self, cast: Cast) -> Client:
        return browser_of(cast.fay)

    def post(self, cast: Cast, client: Client, **changes: str) -> Any:
        typed = {
            "title": "A date & a place",
            "kind": "announcement",
            "theme": str(cast.theme.pk),
            "source": "Save the date.",
            "tags": "dates",
            "by_mail": "on",
            "form_id": "00000000-0000-4000-8000-000000000001",
        }
        return client.post(reverse("thread_new", args=[cast.ai.slug]), typed | changes)

    def test_mail_is_off_unless_it_is_ticked(self, cast: Cast, fay: Client) -> None:
        page = fay.get(reverse("thread_new", args=[cast.ai.slug]), {"kind": "announcement"}).content.decode()
        assert re.search(r'<input type="checkbox" name="by_mail"(?![^>]*checked)', page)

        assert self.post(cast, fay, by_mail="").status_code == 302
        assert not Announcement.objects.exists()

    def test_only_facilitators_are_offered_it(self, cast: Cast) -> None:
        assert "by_mail" not in browser_of(cast.bob).get(reverse("thread_new", args=[cast.ai.slug])).content.decode()

    def test_ticked_nothing_is_written_before_the_numbers_are_seen(self, cast: Cast, fay: Client) -> None:
        answer = self.post(cast, fay)

        page = answer.content.decode()
        assert "<title>Before it is sent: " in page
        assert "This will write to 1 person now and 0 in their digest." in page
        assert "<p>Save the date.</p>" in page
        assert 'value="A date &amp; a place"' in page
        assert re.search(r'name="by_mail"[^>]*checked', page)
        assert not Thread.objects.exists()

        agreed = self.post(cast, fay, do="announce", agreed="1 0")
        announcement = Announcement.objects.get()
        assert agreed["Location"] == f"/threads/{announcement.thread_id}/mail/"
        assert (announcement.people_now, announcement.people_digest) == (1, 0)
        assert "The mail is being prepared." in fay.get(agreed["Location"]).content.decode()

    def test_other_numbers_by_then_are_shown_first(self, cast: Cast, fay: Client) -> None:
        members(cast, 1)

        page = self.post(cast, fay, do="announce", agreed="1 0").content.decode()

        assert "The numbers have changed since you saw them." in page
        assert "This will write to 2 people now" in page
        assert not Thread.objects.exists()

    def test_so_many_that_a_second_person_confirms_is_said_and_who_could(self, cast: Cast, fay: Client) -> None:
        members(cast, 3)
        page = self.post(cast, fay).content.decode()
        assert "another facilitator has to confirm it" in page
        assert "Ask an administrator to appoint one" in page

        Membership.objects.filter(member=cast.bob, network=cast.ai).update(role="facilitator")
        page = self.post(cast, fay).content.decode()
        assert "another facilitator has to confirm it" in page
        assert "Ask an administrator" not in page

    def test_of_another_kind_the_tick_means_nothing(self, cast: Cast, fay: Client) -> None:
        assert self.post(cast, fay, kind="question").status_code == 302
        assert not Announcement.objects.exists()

    def test_the_limit_is_said_beside_the_tick_and_nothing_typed_is_lost(self, cast: Cast, fay: Client) -> None:
        for number in range(3):
            announce(cast, title=f"Number {number}")

        page = self.post(cast, fay).content.decode()

        assert 'href="#id_by_mail"' in page
        assert "You can post this one without mail." in page
        assert "Save the date." in page

    def test_a_draft_keeps_the_tick(self, cast: Cast, fay: Client) -> None:
        assert self.post(cast, fay, do="draft").status_code == 302
        assert Draft.objects.get().fields["by_mail"] == "on"
        page = fay.get(reverse("thread_new", args=[cast.ai.slug])).content.decode()
        assert re.search(r'name="by_mail"[^>]*checked', page)

    def test_the_second_factor_comes_first_and_the_tick_comes_back(self, cast: Cast) -> None:
        fay = browser_of(cast.fay, staff=False)
        answer = self.post(cast, fay)
        assert answer.status_code == 302 and not Thread.objects.exists()

        show_second_factor(fay, cast.fay)
        page = fay.get(reverse("thread_new", args=[cast.ai.slug])).content.decode()
        assert re.search(r'name="by_mail"[^>]*checked', page)


class TestTheDeliveryPage:
    def page(self, member: Member | None, announcement: Announcement) -> HttpResponse:
        return browser_of(member).get(announcement.get_absolute_url())

    @pytest.mark.parametrize("who", [*OUTSIDERS, "bob"])
    def test_nobody_else_finds_it(self, cast: Cast, who: str) -> None:
        announcement = announce(cast)
        client = browser_of(getattr(cast, who, None))

        assert client.get(announcement.get_absolute_url()).status_code == 404
        for act in ("confirm", "decline", "stop"):
            address = f"{announcement.get_absolute_url()}{act}/"
            assert client.post(address, {"words": "No"}).status_code == 404
        announcement.refresh_from_db()
        assert not announcement.is_over

    @pytest.mark.parametrize("act", ["", "confirm/", "decline/", "stop/"])
    def test_a_second_factor_is_asked_for(self, cast: Cast, dora: Member, act: str) -> None:
        members(cast, 3)
        announcement = announce(cast)
        client = browser_of(dora, staff=False)
        ask = client.post if act else client.get

        answer = ask(f"{announcement.get_absolute_url()}{act}", {"words": "No"} if act else None)

        assert answer.status_code == 302
        assert answer["Location"].startswith("/account/")
        announcement.refresh_from_db()
        assert announcement.is_waiting

    def test_it_is_linked_from_the_thread_for_those_who_may(self, cast: Cast) -> None:
        announcement = announce(cast)
        link = f'href="{announcement.get_absolute_url()}"'

        assert link in browser_of(cast.fay).get(announcement.thread.get_absolute_url()).content.decode()
        assert link not in browser_of(cast.bob).get(announcement.thread.get_absolute_url()).content.decode()

    def test_a_second_facilitator_reads_and_confirms(self, cast: Cast, dora: Member) -> None:
        members(cast, 3)
        announcement = announce(cast)
        page = self.page(dora, announcement).content.decode()
        assert "This will write to 5 people now and 0 in their digest." in page
        assert "Save the <strong>date</strong>." in page

        answer = browser_of(dora).post(reverse("announcement_confirm", args=[announcement.thread_id]), follow=True)
        assert "The mail is confirmed." in answer.content.decode()
        assert len(mailed()) == 5

    def test_whoever_asked_is_told_who_can_confirm(self, cast: Cast, dora: Member) -> None:
        members(cast, 3)
        announcement = announce(cast)
        page = self.page(cast.fay, announcement).content.decode()
        assert "somebody else has to confirm it" in page
        assert "Confirm, and send the mail" not in page

        Membership.objects.filter(member=dora).update(role="member")
        assert "Ask an administrator to appoint one" in self.page(cast.fay, announcement).content.decode()

    def test_declining_asks_for_a_reason(self, cast: Cast, dora: Member) -> None:
        members(cast, 3)
        announcement = announce(cast)
        address = reverse("announcement_decline", args=[announcement.thread_id])
        client = browser_of(dora)
        assert "Enter why it should not go by mail" in client.post(address, {"words": " "}).content.decode()

        page = client.post(address, {"words": "Not <urgent>"}, follow=True).content.decode()
        assert "Nobody was mailed: this was declined." in page
        assert "Not &lt;urgent&gt;" in page

    def test_the_numbers_are_those_of_now_and_names_only_of_whom_it_did_not_reach(self, cast: Cast) -> None:
        some = members(cast, 6)
        announcement = announce(cast)
        Announcement.objects.update(needs_confirmation=False)
        mail_announcements()
        for member, state in zip(some, ["due", "sent", "sent", "bounced", "failed", "dropped"], strict=True):
            MailLedger.objects.filter(member=member, stream="announcement").update(
                state=state, error=f"550 {member.email}"
            )
        left = officer(cast, "Leo Leaver")
        row = MailLedger.objects.filter(stream="announcement", state="bounced").get()
        row.pk, row.recipient, row.member = None, f"member {left.pk}", left
        row.save()
        Membership.objects.filter(member=left).update(state="left")

        page = self.page(cast.fay, announcement).content.decode()

        cells = dict(re.findall(r'<th scope="row"[^>]*>([^<]+)</th><td[^>]*>([^<]+)</td>', page))
        assert cells == {"Queued": "2", "Sent": "2", "Bounced": "2", "Failed": "1", "Left out": "1"}
        assert re.findall(r"people/\d+/\">(Member \d|Leo Leaver|Bob Belongs)<", page) == ["Member 3", "Member 4"]
        assert "550" not in page and some[3].email not in page

    def test_stopping_is_offered_while_something_waits(self, cast: Cast) -> None:
        announcement = announce(cast)
        mail_announcements()
        client = browser_of(cast.fay)
        assert "Stop sending" in client.get(announcement.get_absolute_url()).content.decode()

        page = client.post(reverse("announcement_stop", args=[announcement.thread_id]), follow=True).content.decode()
        assert "1 mail that waited is not sent." in page
        assert "Stop sending" not in page

    def test_it_costs_as_many_queries_for_fifty_as_for_five(self, cast: Cast) -> None:
        from django.test.utils import CaptureQueriesContext

        client = browser_of(cast.fay)
        counts = []
        for count in (5, 50):
            some = members(cast, count)
            announcement = announce(cast, title=f"To {count}")
            Announcement.objects.update(needs_confirmation=False)
            mail_announcements()
            MailLedger.objects.filter(member__in=some, stream="announcement").update(state="failed")
            with CaptureQueriesContext(connection) as queries:
                assert client.get(announcement.get_absolute_url()).status_code == 200
            counts.append(len(queries))
        assert counts[0] == counts[1]


def test_each_decision_stands_in_the_audit_log(cast: Cast, dora: Member) -> None:
    members(cast, 3)
    confirmed = announce(cast)
    confirm_announcement(confirmed, by=dora)
    stop_announcement(confirmed, by=cast.fay)
    decline_announcement(announce(cast, title="Another"), by=dora, reason="No")

    verbs = AuditEvent.objects.filter(object_kind="forums.thread").order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == [
        "asked to mail announcement",
        "confirmed announcement",
        "stopped announcement",
        "asked to mail announcement",
        "declined announcement",
    ]


@pytest.mark.parametrize("who", ["olga", "amir", "lena", "sven", "ada", "bob"])
def test_nobody_else_sees_the_rows(cast: Cast, who: str) -> None:
    announce(cast)

    assert not Announcement.objects.visible_to(getattr(cast, who)).exists()
    assert Announcement.objects.visible_to(cast.fay).exists()
