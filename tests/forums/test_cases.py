"""What was reported: who may report what, who reads it, who decides, who is told, and who may ask for another look."""

from __future__ import annotations

import dataclasses
import io
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.apps.registry import Apps
from django.contrib.auth.models import AnonymousUser
from django.core import mail
from django.core.files.base import ContentFile
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from forums import limits, permissions
from forums.actions.amendments import hide_message
from forums.actions.appeals import appeal, decide_appeal
from forums.actions.attachments import attach_file, forget_unsent, remove_file
from forums.actions.decisions import claim_case, decide_case, note_on_case
from forums.actions.merging import merge_threads
from forums.actions.messages import say
from forums.actions.posts import delete_post, edit_post, hide_post, reply, restore_post
from forums.actions.reports import (
    report_file,
    report_from_outside,
    report_message,
    report_post,
    report_profile,
)
from forums.actions.rooms import schedule_room
from forums.actions.sight import hide_thing
from forums.actions.threads import start_thread
from forums.actions.undoing import undo_act
from forums.export import _attached_files
from forums.models import Appeal, Attachment, Case, CaseNote, Message, ModerationAct, Post, Report, Thread
from forums.search.posts import search_posts
from network.actions.closing import close_account
from network.actions.mail import send_due_mail
from network.actions.profile import change_picture, change_profile, remove_picture
from network.limits import LimitReached
from network.models import AuditEvent, Member, Membership, Network, Notice, Profile
from network.notifications import unread_notices
from network.permissions import Refused
from tests.cast import Cast, make_cast, sign_in

HIDDEN, LEFT, DEALT = Case.Outcome.HIDDEN, Case.Outcome.LEFT, Case.Outcome.DEALT


def join(cast: Cast, name: str, role: str = Membership.Role.MEMBER, *, days_old: int = 30) -> Member:
    then = timezone.now() - timedelta(days=days_old)
    member: Member = Member.objects.create_user(
        f"{name.lower()}@exampleshire.example.org", name=name, organisation=cast.council, date_joined=then
    )
    for network in (cast.ai, cast.practitioners):
        Membership.objects.create(member=member, network=network, state="active", role=role, joined_at=then)
    return member


@pytest.fixture
def rita(cast: Cast) -> Member:
    """Reports things."""
    return join(cast, "Rita")


@pytest.fixture
def flo(cast: Cast) -> Member:
    """Facilitates with fay."""
    return join(cast, "Flo", Membership.Role.FACILITATOR)


@pytest.fixture
def post(cast: Cast) -> Post:
    """By bob, an answer: the thread is there without it."""
    thread = start_thread(cast.ai, by=cast.fay, theme=cast.theme, title="Minutes", source="Who drafts them?")
    return reply(thread, by=cast.bob, source="A zyzzyva wrote ours.")


def message_of(cast: Cast) -> Message:
    now = timezone.now()
    room = schedule_room(cast.ai, title="Clinic", opens_at=now, closes_at=now + timedelta(hours=1), by=None)
    return say(room, by=cast.bob, body="quokka")


def file_of(post: Post) -> Attachment:
    attached = Attachment(post=post, member=post.author, name="prices.txt", content_type="text/plain", state="clean")
    attached.file.save(f"{uuid.uuid4().hex}.txt", ContentFile(b"Private"), save=False)
    attached.size = 7
    attached.save()
    return attached


def client_page(client: Client, member: Member, address: str) -> str:
    sign_in(client, member)
    return client.get(address).content.decode()


def case_of(post: Post, **report: Any) -> Case:
    return report_post(post, kind="unkind", **report).case


def told(member: Member) -> list[str]:
    return [notice.title for notice in unread_notices(member)]


def again(post: Post) -> Post:
    return Post.objects.select_related("thread__network", "author").get(pk=post.pk)


def everybody(cast: Cast) -> list[Member]:
    return [cast.fay, cast.bob, *cast.outsiders]


# Reporting


def test_reports_of_one_thing_are_one_case_that_keeps_what_it_said(cast: Cast, post: Post, rita: Member) -> None:
    first = report_post(post, by=rita, kind="unkind", words="Not nice")
    edit_post(again(post), by=cast.bob, source="Other words")
    second = report_post(again(post), by=cast.fay, kind="spam")
    same = report_post(again(post), by=rita, kind="spam", words="Again")

    assert first.case == second.case
    assert same == first
    assert [report.said for report in Report.objects.all()] == ["A zyzzyva wrote ours.", "Other words"]
    assert Notice.objects.filter(kind="case_opened").count() == 1, "fay is told once, whoever else reports it"
    assert told(cast.fay) == ["Somebody reported this: Post 2 in “Minutes”"]
    assert told(cast.bob) == []


def test_what_may_be_against_the_law_comes_first_and_is_told_anew(
    cast: Cast, post: Post, rita: Member, flo: Member
) -> None:
    earlier = case_of(post, by=rita)
    other = reply(again(post).thread, by=cast.bob, source="Worse")
    case_of(other, by=rita)
    Notice.objects.update(read_at=timezone.now())
    report_post(again(other), by=cast.fay, kind="unlawful")

    assert list(Case.objects.visible_to(flo).waiting().in_order()) == [other.cases.get(), earlier]
    assert told(flo) == ["Somebody says that this may be against the law: Post 3 in “Minutes”"]
    assert told(cast.fay) == [], "she said so herself"


@pytest.mark.parametrize("who", ["bob", "olga", "amir", "lena", "sven", "ada"])
def test_nobody_reports_their_own_words_or_what_they_cannot_read(cast: Cast, post: Post, who: str) -> None:
    somebody: Member = getattr(cast, who)
    said, attached = message_of(cast), file_of(post)

    for verb in (
        lambda: report_post(post, by=somebody, kind="spam"),
        lambda: report_message(said, by=somebody, kind="spam"),
        lambda: report_file(attached, by=somebody, kind="spam"),
        lambda: report_profile(cast.bob, by=somebody, kind="spam"),
    ):
        with pytest.raises(Refused):
            verb()
    assert not Case.objects.exists()


def test_ten_reports_an_hour_of_whatever_it_is(cast: Cast, post: Post, rita: Member) -> None:
    now = timezone.now()
    for _ in range(9):
        report_post(post, by=rita, kind="spam", now=now)
    report_profile(cast.bob, by=rita, kind="spam", now=now)

    with pytest.raises(LimitReached, match="10 reports an hour"):
        report_post(post, by=rita, kind="spam", now=now)


# Who sees it


def test_a_case_is_seen_by_those_who_look_after_it_alone(cast: Cast, post: Post, rita: Member) -> None:
    case = case_of(post, by=rita)
    note_on_case(case, by=cast.fay, words="Seen before")
    hidden = decide_case(case, outcome=HIDDEN, by=cast.fay, reason="Unkind")
    appeal(hidden, by=cast.bob, words="It is not")

    # Nobody else facilitates the network, so the appeal is the administrators' to answer.
    for model in (Case, Report, CaseNote, Appeal):
        assert [who for who in [*everybody(cast), rita] if model.objects.visible_to(who).exists()] == [
            cast.fay,
            cast.ada,
        ]
        assert not model.objects.visible_to(AnonymousUser()).exists()
    assert not Case.objects.administered_by(cast.fay).exists()
    assert not Appeal.objects.to_be_decided_by(cast.fay).exists()
    assert [who for who in [*everybody(cast), rita] if Case.objects.told_to(who).exists()] == [cast.bob]
    assert [who for who in [*everybody(cast), rita] if Report.objects.told_to(who).exists()] == [rita]
    assert [who for who in [*everybody(cast), rita] if Appeal.objects.told_to(who).exists()] == [cast.bob]


def test_a_facilitator_never_sees_a_case_about_their_own_words(cast: Cast, post: Post, flo: Member) -> None:
    own = Post.objects.select_related("thread__network").get(thread=post.thread, number=1)
    case = case_of(own, by=cast.bob)

    assert list(Case.objects.visible_to(flo)) == [case]
    assert not Case.objects.visible_to(cast.fay).exists()
    with pytest.raises(Refused, match="about what you wrote yourself"):
        decide_case(case, outcome=LEFT, by=cast.fay)
    Membership.objects.filter(member=flo).update(role="member")
    assert list(Case.objects.administered_by(cast.ada)) == [case]


def test_a_profile_is_looked_after_by_a_network_that_both_belong_to(cast: Cast, rita: Member, flo: Member) -> None:
    Profile.objects.create(member=cast.bob, about="Buy my tool", help_with="Sales")

    case = report_profile(cast.bob, by=rita, kind="spam").case
    assert case.network == cast.ai
    assert "Buy my tool" in case.reports.get().said
    decide_case(case, outcome=HIDDEN, by=flo, reason="It is advertising")

    profile = Profile.objects.get(member=cast.bob)
    assert not (profile.shows_about or profile.shows_help_with or profile.shows_picture)
    assert told(cast.bob) == ["A facilitator hid what you tell of yourself: It is advertising"]
    decide_appeal(
        appeal(again_case(case), by=cast.bob, words="It is no tool"), outcome="shown", by=cast.fay, answer="Right"
    )
    assert Profile.objects.get(member=cast.bob).shows_about
    fay_s = report_profile(cast.fay, by=rita, kind="spam").case
    assert list(Case.objects.visible_to(flo).open()) == [fay_s]


def again_case(case: Case) -> Case:
    return Case.objects.with_things().get(pk=case.pk)


# Deciding


def test_hiding_tells_the_author_why_and_whoever_reported_only_that(cast: Cast, post: Post, rita: Member) -> None:
    case = case_of(post, by=rita)
    decide_case(case, outcome=HIDDEN, by=cast.fay, reason="It names a resident")

    assert not again(post).is_shown
    assert search_posts(rita, "zyzzyva").hits == []
    assert told(cast.bob) == ["A facilitator hid post 2 that you wrote: It names a resident"]
    assert told(rita) == ["You reported a post. It was looked at and hidden."]
    verbs = AuditEvent.objects.filter(actor_id=cast.fay.pk, verb__in=["hid post", "decided report"])
    assert verbs.count() == 2
    assert not Case.objects.waiting().exists()


@pytest.mark.parametrize(
    ("ago", "said"), [({"seconds": 5}, "less than a minute"), ({"hours": 3.9}, "3 hours"), ({"hours": 28}, "1 day")]
)
def test_how_long_it_has_waited_counts_what_is_full(
    client: Client, cast: Cast, post: Post, rita: Member, ago: dict[str, float], said: str
) -> None:
    report_post(post, by=rita, kind="other", words="Rude", now=timezone.now() - timedelta(**ago))
    shown = client_page(client, cast.fay, "/networks/ai/reports/").replace("\xa0", " ")
    assert f"Waiting for {said}." in shown


@pytest.mark.parametrize("what", ["post", "message", "profile"])
def test_who_reported_finds_it_again_while_they_still_see_it(
    client: Client, cast: Cast, post: Post, rita: Member, what: str
) -> None:
    if what == "profile":
        report = report_profile(cast.bob, by=rita, kind="other", words="Rude")
    elif what == "message":
        report = report_message(message_of(cast), by=rita, kind="other", words="Rude")
    else:
        report = report_post(post, by=rita, kind="other", words="Rude")
    decide_case(report.case, outcome=LEFT, by=cast.fay if report.case.network else cast.ada)
    sign_in(client, rita)
    link = f'href="{report.case.thing_address}">See it where it stands</a>'
    assert link in client.get(report.get_absolute_url()).text

    Membership.objects.filter(member=rita).update(state="left")
    shown = client.get(report.get_absolute_url()).text
    assert "Rude" in shown
    assert "See it where it stands" not in shown


def test_what_is_left_its_author_is_told_once_it_is_decided_and_not_who_reported_it(
    client: Client, cast: Cast, post: Post, rita: Member
) -> None:
    case = report_post(post, by=rita, kind="other", words="xylograph").case
    note_on_case(case, by=cast.fay, words="quokka")
    sign_in(client, cast.bob)
    address = f"/reports/decided/{case.told_as}/"
    assert told(cast.bob) == []
    assert client.get(address).status_code == 404

    decide_case(case, outcome=LEFT, by=cast.fay)

    assert again(post).is_shown
    assert [notice.where for who in (rita, cast.bob) for notice in unread_notices(who)] == ["AI Network"] * 2
    assert told(rita) == ["You reported a post. It was looked at and left as it is."]
    assert told(cast.bob) == ["Somebody reported what you wrote. It was looked at and left as it is."]
    shown = client.get(address).text
    assert "It was looked at and left as it is." in shown
    assert post.get_absolute_url() in shown
    for untold in ("Rita", "xylograph", "quokka", str(Report.Kind.OTHER.label), "Appeal"):
        assert untold not in shown
    assert told(cast.bob) == [], "the page was read"

    # Their words stay theirs to read after they have left; the address of where they stand is of no use to them.
    Membership.objects.filter(member=cast.bob).update(state="left")
    shown = client.get(address).text
    assert "zyzzyva" in shown
    assert post.get_absolute_url() not in shown


def test_what_its_author_has_deleted_was_dealt_with(cast: Cast, post: Post, rita: Member) -> None:
    case = case_of(post, by=rita)
    delete_post(again(post), by=cast.bob)

    decide_case(again_case(case), outcome=DEALT, by=cast.fay)

    assert told(cast.bob) == ["Somebody reported what you wrote. It was looked at and dealt with."]


def test_only_one_looks_at_it_and_another_takes_it_over_on_purpose(
    cast: Cast, post: Post, rita: Member, flo: Member
) -> None:
    case = claim_case(case_of(post, by=rita), by=flo)

    with pytest.raises(Refused, match="Flo is looking at this"):
        decide_case(case, outcome=LEFT, by=cast.fay)
    with pytest.raises(Refused, match="Flo is looking at this"):
        claim_case(case, by=cast.fay)
    claim_case(case, by=cast.fay, takes_over=True)
    decide_case(case, outcome=LEFT, by=cast.fay)
    decide_case(case, outcome=LEFT, by=cast.fay)

    with pytest.raises(Refused, match="Fay Facilitates decided this a moment ago"):
        decide_case(case, outcome=HIDDEN, by=flo, reason="No")
    with pytest.raises(Refused, match="You decided this a moment ago"):
        decide_case(case, outcome=HIDDEN, by=cast.fay, reason="No")
    assert again(post).is_shown
    assert AuditEvent.objects.filter(verb="decided report").count() == 1


def test_a_reason_that_was_typed_stays_where_another_has_begun_to_look(
    cast: Cast, post: Post, rita: Member, flo: Member, client: Client
) -> None:
    case = claim_case(case_of(post, by=rita), by=flo)
    sign_in(client, cast.fay)
    answer = client.post(reverse("case_decide", args=[case.pk]), {"outcome": HIDDEN, "reason": "It names a resident"})
    page = answer.content.decode()

    assert "Flo is looking at this" in page
    assert "It names a resident</textarea>" in page
    assert again(post).is_shown


def test_an_appeal_against_ones_own_decision_waits_for_others(
    cast: Cast, post: Post, rita: Member, flo: Member
) -> None:
    case = decide_case(case_of(post, by=rita), outcome=HIDDEN, by=cast.fay, reason="No")
    appeal(case, by=cast.bob, words="Yes")

    assert [Case.objects.waiting_for(one).count() for one in (cast.fay, flo, cast.bob, rita)] == [0, 1, 0, 0]
    assert not any(Case.objects.waiting_for(outsider).exists() for outsider in cast.outsiders)


@pytest.mark.parametrize("who", ["bob", "olga", "amir", "lena", "sven", "ada"])
def test_nobody_else_does_anything_about_a_report(cast: Cast, post: Post, rita: Member, who: str) -> None:
    case, somebody = case_of(post, by=rita), getattr(cast, who)

    for verb in (
        lambda: claim_case(case, by=somebody),
        lambda: note_on_case(case, by=somebody, words="x"),
        lambda: decide_case(case, outcome=LEFT, by=somebody),
        lambda: appeal(case, by=somebody, words="x"),
    ):
        with pytest.raises(Refused):
            verb()


def test_hiding_without_a_report_is_a_decision_that_can_be_appealed_against(cast: Cast, post: Post) -> None:
    hide_post(post, by=cast.fay, reason="Off topic")
    said = message_of(cast)
    hide_message(said, by=cast.fay, reason="Off topic")

    for case in (again_case(post.cases.get()), again_case(said.cases.get())):
        assert (case.outcome, case.decided_by, case.reason) == (HIDDEN, cast.fay, "Off topic")
        assert appeal(case, by=cast.bob, words="It is not").is_open
    assert not Case.objects.reported().exists()


def test_what_its_author_has_deleted_is_not_hidden_any_more(cast: Cast, post: Post, rita: Member) -> None:
    case = case_of(post, by=rita)
    delete_post(again(post), by=cast.bob)

    with pytest.raises(Refused, match="deleted"):
        decide_case(again_case(case), outcome=HIDDEN, by=cast.fay, reason="x")
    assert decide_case(again_case(case), outcome=DEALT, by=cast.fay).outcome == DEALT


def test_the_time_to_the_first_action_is_that_of_a_person(cast: Cast, post: Post, rita: Member) -> None:
    now = timezone.now()
    case = report_post(post, by=rita, kind="spam", now=now).case
    hide_message(message_of(cast), by=cast.fay, reason="Unreported")
    assert Case.objects.times_to_first_action() == []

    note_on_case(case, by=cast.fay, words="Hm", now=now + timedelta(hours=2))
    decide_case(case, outcome=LEFT, by=cast.fay, now=now + timedelta(hours=5))

    assert Case.objects.times_to_first_action() == [timedelta(hours=2)]


# Files


@pytest.mark.parametrize("what", ["the file", "its post", "the file, and its post is deleted"])
def test_a_reported_file_that_its_owner_removes_is_kept_until_somebody_has_decided(
    cast: Cast, post: Post, rita: Member, flo: Member, client: Client, what: str
) -> None:
    attached = file_of(post)
    is_post = what == "its post"
    case = report_post(post, by=rita, kind="unlawful").case if is_post else None
    case = case or report_file(attached, by=rita, kind="unlawful").case
    if what.endswith("deleted"):
        delete_post(again(post), by=cast.bob)
    else:
        remove_file(attached, by=cast.bob)
    forget_unsent(now=timezone.now() + timedelta(days=3))

    address = attached.get_absolute_url()
    for viewer in (cast.bob, rita, *cast.outsiders):
        assert not Attachment.objects.visible_to(viewer).exists()
    assert "prices.txt" not in client_page(client, cast.bob, post.thread.get_absolute_url())
    page = client_page(client, cast.fay, case.get_absolute_url())
    assert "kept until this is decided" in page
    assert f'href="{address}"' in page
    assert client.get(address).status_code == 200
    assert "prices.txt" not in client_page(client, cast.fay, post.thread.get_absolute_url())

    decide_case(case, outcome=DEALT, by=cast.fay)
    assert forget_unsent() == 1
    assert not Attachment.objects.exists()


def show_picture(member: Member, colour: str = "pine", *, shows: bool = True) -> bytes:
    shade = {"pine": (20, 80, 60), "gold": (200, 160, 20)}[colour]
    painted = io.BytesIO()
    Image.new("RGB", (60, 40), shade).save(painted, "PNG")
    profile = change_picture(by=member, upload=painted, alt="A picture of a zyzzyva", shows=shows)
    with profile.picture.open() as file:
        return bytes(file.read())


def sent(answer: Any) -> bytes:
    async def together() -> bytes:
        return b"".join([piece async for piece in answer.streaming_content])

    return async_to_sync(together)()


def address_of_kept(case: Case, kept: Attachment) -> str:
    return reverse("case_picture", args=[case.pk, kept.pk])


@pytest.mark.parametrize("what", ["taken away", "replaced", "no longer shown", "hidden for now"])
def test_the_picture_of_a_reported_profile_is_kept_until_somebody_has_decided(
    cast: Cast, rita: Member, flo: Member, client: Client, what: str, django_capture_on_commit_callbacks: Any
) -> None:
    shown = show_picture(cast.bob)
    case = report_profile(cast.bob, by=rita, kind="unkind").case
    with django_capture_on_commit_callbacks(execute=True):
        if what == "taken away":
            remove_picture(by=cast.bob)
        elif what == "replaced":
            show_picture(cast.bob, "gold")
        elif what == "no longer shown":
            change_picture(by=cast.bob, upload=None, alt="", shows=False)
        else:
            hide_thing(again_case(case), by=None, now=timezone.now())
    forget_unsent(now=timezone.now() + timedelta(days=3))

    kept = Attachment.objects.get()
    page = client_page(client, cast.fay, case.get_absolute_url())
    assert f'src="{address_of_kept(case, kept)}" alt="A picture of a zyzzyva"' in page
    assert "It is kept here until this is decided." in page
    assert ("It has been taken away or replaced since." in page) == (what in ("taken away", "replaced"))
    answer = client.get(address_of_kept(case, kept))
    assert sent(answer) == shown
    assert (answer["Content-Type"], answer["X-Content-Type-Options"]) == ("image/webp", "nosniff")
    for viewer in (cast.bob, rita, *cast.outsiders):
        assert not Attachment.objects.visible_to(viewer).exists()
        sign_in(client, viewer)
        for address in (address_of_kept(case, kept), kept.get_absolute_url(), kept.picture_address):
            assert client.get(address).status_code == 404, (viewer, address)
    assert Client().get(address_of_kept(case, kept)).status_code in (302, 404)
    assert not list(_attached_files(cast.bob))

    decide_case(case, outcome=DEALT, by=cast.fay)
    with django_capture_on_commit_callbacks(execute=True):
        assert forget_unsent() == 1
    assert not Attachment.objects.exists()
    assert not kept.file.storage.exists(str(kept.file.name))
    sign_in(client, cast.fay)
    assert client.get(address_of_kept(case, kept)).status_code == 404


def test_each_picture_is_kept_once_and_none_that_nobody_else_saw(cast: Cast, rita: Member, flo: Member) -> None:
    show_picture(cast.bob, shows=False)
    case = report_profile(cast.bob, by=rita, kind="unkind").case
    assert not Attachment.objects.exists()
    first = show_picture(cast.bob)
    otto = join(cast, "Otto")
    for reporter in (flo, otto, rita):  # rita's stands with what it said when she reported it
        report_profile(cast.bob, by=reporter, kind="unkind")
    second = show_picture(cast.bob, "gold")
    report_from_outside(cast.bob, address="/", kind="unkind", words="Look at it")

    assert [row.file.read() for row in Attachment.objects.filter(kept_for=case)] == [first, second]
    assert Attachment.objects.count() == 2


def test_one_without_its_file_can_be_reported_all_the_same(cast: Cast, rita: Member) -> None:
    Profile.objects.create(member=cast.bob, picture="gone.webp")
    assert "Picture of Bob" in report_profile(cast.bob, by=rita, kind="unkind").said
    assert not Attachment.objects.exists()


def test_administrators_see_the_picture_of_what_they_decide_over_and_facilitators_do_not(
    cast: Cast, client: Client, rita: Member
) -> None:
    show_picture(cast.bob)
    case = report_from_outside(cast.bob, address="/", kind="unkind", words="Look at it").case
    address = address_of_kept(case, Attachment.objects.get())

    assert address in client_page(client, cast.ada, case.get_absolute_url())
    assert client.get(address).status_code == 200
    sign_in(client, cast.fay)
    assert client.get(address).status_code == 404
    # Nor does the picture of one case come with another.
    other = report_profile(rita, by=cast.bob, kind="unkind").case
    assert client.get(other.get_absolute_url()).status_code == 200
    assert client.get(address_of_kept(other, Attachment.objects.get(kept_for=case))).status_code == 404


def test_nothing_tells_somebody_that_their_picture_is_kept(
    cast: Cast, rita: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    show_picture(cast.bob)
    report_profile(cast.bob, by=rita, kind="unkind")
    monkeypatch.setattr(limits, "BYTES_A_DAY", dataclasses.replace(limits.BYTES_A_DAY, times=6))
    attach_file(cast.ai, by=cast.bob, form_id=uuid.uuid4(), file=io.BytesIO(b"Sheep."), name="sheep.txt")
    assert not told(cast.bob)


@pytest.mark.parametrize("erase", [True, False])
def test_with_the_account_goes_the_picture_that_was_kept(
    cast: Cast, rita: Member, erase: bool, django_capture_on_commit_callbacks: Any
) -> None:
    show_picture(cast.bob)
    report_profile(cast.bob, by=rita, kind="unkind")
    kept = Attachment.objects.get()
    with django_capture_on_commit_callbacks(execute=True):
        close_account(by=cast.bob, erase=erase)

    assert not Attachment.objects.exists()
    assert not kept.file.storage.exists(str(kept.file.name))


def test_a_file_is_hidden_and_its_post_stays(cast: Cast, post: Post, rita: Member) -> None:
    attached = file_of(post)
    case = report_file(attached, by=rita, kind="secret").case
    decide_case(case, outcome=HIDDEN, by=cast.fay, reason="Prices of a supplier")

    assert again(post).is_shown
    seen_by = [who for who in [*everybody(cast), rita] if Attachment.objects.visible_to(who).exists()]
    assert seen_by == [cast.fay], "who decides over it"
    client = Client()
    client.force_login(rita)
    assert client.get(attached.get_absolute_url()).status_code == 404
    page = client.get(again(post).get_absolute_url(), follow=True).content.decode()
    assert "A facilitator has hidden this file." in page
    assert "prices.txt" not in page
    assert told(cast.bob) == ["A facilitator hid a file that you attached: Prices of a supplier"]
    other = join(cast, "Otto", Membership.Role.FACILITATOR)
    made = appeal(again_case(case), by=cast.bob, words="They are public")
    decide_appeal(made, outcome="shown", by=other, answer="So they are")
    assert Attachment.objects.visible_to(rita).exists()


# Hidden until somebody has looked


def test_past_a_number_of_members_it_is_hidden_until_a_facilitator_has_looked(cast: Cast, post: Post) -> None:
    reporters = [join(cast, f"Reporter{n}") for n in range(3)]
    young = join(cast, "Young", days_old=0)
    report_post(post, by=young, kind="spam")
    report_from_outside(post, address=post.get_absolute_url(), kind="spam", words="")
    for reporter in reporters[:2]:
        report_post(post, by=reporter, kind="spam")
    assert again(post).is_shown, "neither a new account nor somebody without one counts"

    case = report_post(post, by=reporters[2], kind="spam").case

    hidden = again(post)
    assert (hidden.is_shown, hidden.hidden_by) == (False, None)
    [title] = told(cast.bob)
    assert title.startswith("Post 2 that you wrote is hidden for now.")
    with pytest.raises(Refused, match="A facilitator will look at it"):
        appeal(again_case(case), by=cast.bob, words="Why?")
    decide_case(again_case(case), outcome=LEFT, by=cast.fay)
    assert again(post).is_shown
    assert "Everybody can read post 2 that you wrote in “Minutes” again" in told(cast.bob)

    for reporter in reporters:
        report_post(again(post), by=reporter, kind="spam")
    assert again(post).is_shown, "what was looked at and left stays, as long as it says the same"


def test_what_the_site_hid_is_kept_hidden_with_a_reason_by_a_person(cast: Cast) -> None:
    said = message_of(cast)
    Network.objects.update(reports_to_hide=2)
    for reporter in (join(cast, "Ann"), join(cast, "Ben")):
        report_message(Message.objects.with_author().get(pk=said.pk), by=reporter, kind="unkind")
    said = Message.objects.get(pk=said.pk)
    assert (said.is_shown, said.hidden_by) == (False, None)

    decide_case(again_case(said.cases.get()), outcome=HIDDEN, by=cast.fay, reason="It insults somebody")

    said.refresh_from_db()
    assert (said.hidden_by, said.hidden_reason) == (cast.fay, "It insults somebody")
    assert appeal(again_case(said.cases.get()), by=cast.bob, words="It does not").is_open


def test_a_network_can_have_nothing_hidden_before_somebody_has_looked(cast: Cast, post: Post) -> None:
    Network.objects.update(reports_to_hide=0)
    for n in range(5):
        report_post(again(post), by=join(cast, f"Reporter{n}"), kind="spam")

    assert again(post).is_shown


# Appeals


def test_an_appeal_goes_to_somebody_else_and_shows_it_again(cast: Cast, post: Post, flo: Member) -> None:
    hide_post(post, by=cast.fay, reason="Unkind")
    case = again_case(post.cases.get())
    made = appeal(case, by=cast.bob, words="It quotes me")
    assert appeal(case, by=cast.bob, words="Once more") == made

    assert told(flo) == ["Bob Belongs appeals against a decision: Post 2 in “Minutes”"]
    assert told(cast.fay) == []
    with pytest.raises(Refused, match="You hid it"):
        decide_appeal(made, outcome="kept", by=cast.fay, answer="No")
    decide_appeal(made, outcome="shown", by=flo, answer="It does")
    decide_appeal(made, outcome="shown", by=flo, answer="It does")
    with pytest.raises(Refused, match="You answered this appeal already"):
        decide_appeal(made, outcome="kept", by=flo, answer="Or not")

    assert again(post).is_shown
    assert "Your appeal was answered: it is shown again. It does" in told(cast.bob)
    assert AuditEvent.objects.filter(verb="decided appeal").count() == 1


def test_an_appeal_can_be_answered_by_an_administrator_where_nobody_else_may(cast: Cast, post: Post) -> None:
    hide_post(post, by=cast.fay, reason="Unkind")
    made = appeal(again_case(post.cases.get()), by=cast.bob, words="It is not")

    assert told(cast.ada) == ["Bob Belongs appeals against a decision: Post 2 in “Minutes”"]
    decide_appeal(made, outcome="kept", by=cast.ada, answer="It is")

    assert not again(post).is_shown
    with pytest.raises(Refused, match="Your appeal was decided"):
        appeal(again_case(post.cases.get()), by=cast.bob, words="Again")


def test_bringing_it_back_answers_the_appeal(cast: Cast, post: Post) -> None:
    hide_post(post, by=cast.fay, reason="Unkind")
    appeal(again_case(post.cases.get()), by=cast.bob, words="It is not")
    restore_post(again(post), by=cast.fay)

    assert Appeal.objects.get().outcome == "shown"
    assert not Case.objects.waiting().exists()
    with pytest.raises(Refused, match="not hidden any more"):
        appeal(again_case(post.cases.get()), by=cast.bob, words="Again")


def test_nobody_brings_back_what_somebody_else_hid_of_their_own(cast: Cast, post: Post, flo: Member) -> None:
    own = Post.objects.select_related("thread__network").get(thread=post.thread, number=1)
    hide_post(own, by=flo, reason="Unkind")

    with pytest.raises(Refused, match="another facilitator"):
        restore_post(again(own), by=cast.fay)
    mine = reply(again(post).thread, by=cast.fay, source="Mine")
    hide_post(mine, by=cast.fay, reason="Mine")
    assert restore_post(again(mine), by=cast.fay).is_shown
    assert not mine.cases.exists(), "what somebody hides of themselves is no decision"


def test_a_report_that_comes_to_nothing_takes_no_appeal_away_and_says_nothing_of_another_decision(
    client: Client, cast: Cast, post: Post, flo: Member
) -> None:
    address = post.get_absolute_url()
    hide_post(post, by=cast.fay, reason="Unkind")
    hidden = Case.objects.get()
    late = report_from_outside(post, address=address, kind="spam", words="").case
    decide_case(again_case(late), outcome=LEFT, by=flo)

    sign_in(client, cast.bob)
    assert f"/reports/decided/{hidden.told_as}/" in client.get(f"{address}hidden/").text
    Notice.objects.update(read_at=None)
    shown = client.get(f"/reports/decided/{late.told_as}/").text
    assert "It is hidden now because of another decision." in shown
    assert "nothing that you need to do" not in shown
    assert told(cast.bob) == ["A facilitator hid post 2 that you wrote: Unkind"], "of that they have not read"


@pytest.mark.parametrize("state", [Membership.State.SUSPENDED, Membership.State.LEFT])
def test_who_cannot_read_there_any_more_is_told_all_the_same(
    client: Client, cast: Cast, post: Post, rita: Member, state: str
) -> None:
    case = case_of(post, by=rita)
    Membership.objects.filter(member=cast.bob, network=cast.ai).update(state=state)
    decide_case(case, outcome=HIDDEN, by=cast.fay, reason="It names a resident")

    assert told(cast.bob) == ["A facilitator hid what you wrote: It names a resident"]
    sign_in(client, cast.bob)
    shown = client.get(f"/reports/decided/{case.told_as}/").text
    assert "It names a resident" in shown
    assert post.get_absolute_url() not in shown
    assert "Minutes" not in shown


def test_what_is_deleted_while_it_was_hidden_for_now_is_not_said_to_be_hidden_or_shown_again(
    client: Client, cast: Cast, post: Post
) -> None:
    for n in range(3):
        case = report_post(again(post), by=join(cast, f"Reporter{n}"), kind="spam").case
    delete_post(again(post), by=cast.bob)
    Notice.objects.filter(member=cast.bob).delete()
    sign_in(client, cast.bob)
    address = f"/reports/decided/{case.told_as}/"
    before = client.get(address).text
    assert "Somebody reported what you wrote" in before
    assert "is hidden for now." not in before

    decide_case(again_case(case), outcome=DEALT, by=cast.fay)
    assert told(cast.bob) == ["Somebody reported what you wrote. It was looked at and dealt with."]
    assert "again" not in client.get(address).text


def test_the_address_of_a_decision_does_not_count_the_reports(cast: Cast, post: Post, rita: Member) -> None:
    case = case_of(post, by=rita)
    decide_case(case, outcome=LEFT, by=cast.fay)
    [notice] = unread_notices(cast.bob)
    assert notice.address == f"/reports/decided/{case.told_as}/"
    assert str(case.told_as) != str(case.pk)


def test_who_had_hidden_their_own_is_told_that_it_stays_hidden(
    cast: Cast, post: Post, rita: Member, flo: Member
) -> None:
    mine = reply(again(post).thread, by=cast.fay, source="Mine")
    case = case_of(mine, by=rita)
    hide_post(again(mine), by=cast.fay, reason="Mine")
    Notice.objects.all().delete()

    decide_case(again_case(case), outcome=HIDDEN, by=flo, reason="It names a resident")

    assert told(cast.fay) == ["A facilitator hid what you wrote: It names a resident"]


def test_undoing_is_bringing_back_and_follows_the_same_rules(cast: Cast, post: Post, flo: Member) -> None:
    own = Post.objects.select_related("thread__network").get(thread=post.thread, number=1)
    hide_post(own, by=flo, reason="Unkind")
    with pytest.raises(Refused, match="another facilitator"):
        undo_act(ModerationAct.objects.latest("pk"), by=cast.fay)
    hide_post(again(post), by=cast.fay, reason="Unkind")
    appeal(again_case(post.cases.get()), by=cast.bob, words="It is not")

    undo_act(ModerationAct.objects.latest("pk"), by=cast.fay)

    assert again(post).is_shown
    assert Appeal.objects.get().outcome == "shown"
    assert "Everybody can read post 2 that you wrote in “Minutes” again" in told(cast.bob)


def test_what_the_site_had_hidden_waits_for_a_decision_again_when_showing_it_is_undone(
    cast: Cast, post: Post, flo: Member
) -> None:
    for n in range(3):
        report_post(again(post), by=join(cast, f"Reporter{n}"), kind="spam")
    decide_case(post.cases.get(), outcome=LEFT, by=cast.fay)
    Notice.objects.all().delete()
    undo_act(ModerationAct.objects.latest("pk"), by=cast.fay)

    assert not again(post).is_shown
    case = Case.objects.visible_to(flo).waiting().get()
    assert told(flo) == ["Somebody reported this: Post 2 in “Minutes”"]
    assert case in Case.objects.told_to(cast.bob)
    decide_case(case, outcome=LEFT, by=flo)
    assert again(post).is_shown
    assert not Case.objects.waiting().exists()


# Somebody without an account


def test_somebody_without_an_account_is_told_by_mail_and_then_forgotten(cast: Cast, post: Post) -> None:
    address = post.get_absolute_url()
    report = report_from_outside(
        post, address=address, kind="unlawful", words="Look", reply_to_address="who@example.org"
    )
    assert told(cast.fay) == ["Somebody says that this may be against the law: Post 2 in “Minutes”"]
    decide_case(report.case, outcome=HIDDEN, by=cast.fay, reason="zyzzyva")

    assert send_due_mail() == 1
    [message] = mail.outbox
    assert message.to == ["who@example.org"]
    assert "what had to be done was done" in message.body
    assert not any(word in message.body for word in ("zyzzyva", "Minutes", "Look", "Fay"))
    report.refresh_from_db()
    assert report.reply_to_address == ""


def test_a_profile_that_its_owner_shows_again_is_hidden_no_more(cast: Cast, rita: Member, flo: Member) -> None:
    def change(**shows: bool) -> None:
        change_profile(by=cast.bob, name="Bob", job_title="", help_with="", about="", themes=[], tools=[], shows=shows)

    case = report_profile(cast.bob, by=rita, kind="spam").case
    decide_case(case, outcome=HIDDEN, by=cast.fay, reason="Advertising")
    change(about=False, themes=True)
    assert Case.objects.get().is_hidden
    assert permissions.can_appeal(cast.bob, Case.objects.get())

    change(job_title=True, about=False)
    case = Case.objects.get()
    assert not case.is_hidden
    assert not permissions.can_appeal(cast.bob, case)
    profile = Profile.objects.get(member=cast.bob)
    assert profile.shows_job_title
    assert not profile.shows_about


def outside(client: Client, address: str, **typed: str) -> Any:
    return client.post(reverse("report_something"), {"address": address, "kind": "unlawful", "words": "x", **typed})


def test_the_public_form_answers_the_same_whatever_stands_at_the_address(
    cast: Cast, post: Post, client: Client, settings: Any
) -> None:
    said = message_of(cast)
    thread = again(post).thread
    addresses = [
        post.get_absolute_url(),
        f"{settings.SITE_URL}{thread.get_absolute_url()}?page=1#post-2",
        said.get_absolute_url(),
        f"{said.room.get_absolute_url()}#message-1",
        cast.bob.get_absolute_url(),
        file_of(post).get_absolute_url(),
        "/threads/99999/posts/1/",
        "/guidance/",
    ]
    answers = set()
    for address in addresses:
        answer = outside(client, address)
        answers.add((answer.status_code, answer["Location"], str(answer.cookies)))

    assert answers == {(302, "/report/done/", "")}
    about = [
        (case.post, case.message, case.member, case.attachment_id is not None) for case in Case.objects.order_by("pk")
    ]
    assert about == [
        (post, None, None, False),
        (None, said, None, False),
        (None, None, cast.bob, False),
        (None, None, None, True),
        (None, None, None, False),
        (None, None, None, False),
    ]
    assert Case.objects.administered_by(cast.ada).count() == 3, "a profile, and two addresses at which nothing stands"
    page = client.get(reverse("report_something"))
    assert (page.status_code, str(page.cookies)) == (200, "")


def test_the_public_form_finds_a_post_that_was_moved_and_a_reply_to_what_the_hub_began(
    cast: Cast, post: Post, client: Client
) -> None:
    old_address = post.get_absolute_url()
    into = start_thread(cast.ai, by=cast.fay, theme=cast.theme, title="Notes", source="Who takes them?")
    merge_threads(again(post).thread, into, by=cast.fay)
    outside(client, old_address)
    assert list(Case.objects.visible_to(cast.fay)) == [Case.objects.get(post=post, network=cast.ai)]

    Thread.objects.filter(pk=into.pk).update(author=None)
    answer = reply(Thread.objects.get(pk=into.pk), by=cast.bob, source="We do.")
    outside(client, answer.get_absolute_url())
    assert Case.objects.get(post=answer).network == cast.ai


@pytest.mark.parametrize(
    "address", ["https://elsewhere.example.org/threads/1/", "//elsewhere.example.org/", "nonsense"]
)
def test_the_public_form_takes_addresses_of_this_site_alone(cast: Cast, client: Client, address: str) -> None:
    answer = outside(client, address)

    assert "Enter an address that begins with" in answer.content.decode()
    assert not Case.objects.exists()


def test_very_many_reports_from_outside_are_too_many(
    cast: Cast, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "OUTSIDE_REPORTS_AN_HOUR", 2)
    for _ in range(2):
        outside(client, "/guidance/")
    answer = outside(client, "/guidance/", words="Still typed")

    assert answer.status_code == 429
    assert "Still typed" in answer.content.decode()
    assert Report.objects.count() == 2


# Their data


def test_closing_with_erasing_leaves_no_word_of_theirs_in_reports(cast: Cast, post: Post, rita: Member) -> None:
    hidden = decide_case(case_of(post, by=rita), outcome=HIDDEN, by=cast.fay, reason="bob's words")
    appeal(hidden, by=cast.bob, words="It is not")
    close_account(by=Member.objects.get(pk=cast.bob.pk), erase=True)
    report = Report.objects.get()
    assert (report.said, report.case.reason, Appeal.objects.exists()) == ("", "Erased by its author", False)

    other = Post.objects.select_related("thread__network").get(thread=post.thread, number=1)
    report_post(other, by=rita, kind="other", words="rita's words")
    close_account(by=Member.objects.get(pk=rita.pk), erase=True)
    assert not Report.objects.exclude(words="").exists()


# Pages


@pytest.mark.parametrize("who", [None, "bob", "olga", "amir", "lena", "sven"])
def test_pages_of_reports_are_there_for_those_who_look_after_them_alone(
    cast: Cast, client: Client, post: Post, rita: Member, who: str | None
) -> None:
    case = case_of(post, by=rita)
    if who:
        sign_in(client, getattr(cast, who))
    for address in (
        case.get_absolute_url(),
        reverse("network_reports", args=["ai"]),
        reverse("own_report", args=[case.reports.get().pk]),
        reverse("own_case", args=[case.told_as]),
    ):
        answer = client.get(address)
        assert answer.status_code == 404 or (who is None and answer.status_code == 302), address
    for step in ("claim", "note", "decide", "appeal"):
        assert client.post(f"{case.get_absolute_url()}{step}/", {"words": "x", "outcome": "left"}).status_code == 404
    case.refresh_from_db()
    assert case.is_open


def test_a_facilitator_decides_by_plain_forms(cast: Cast, client: Client, post: Post, rita: Member) -> None:
    sign_in(client, rita)
    assert client.post(reverse("post_report", args=[post.thread_id, 2]), {}).status_code == 200
    asked = client.post(reverse("post_report", args=[post.thread_id, 2]), {"kind": "personal", "words": "A name"})
    assert asked["Location"] == post.get_absolute_url()
    edit_post(again(post), by=cast.bob, source="Nothing to see")
    reply(again(post).thread, by=rita, source="And after it")
    case = Case.objects.get()

    sign_in(client, cast.fay)
    queue = client.get(reverse("network_reports", args=["ai"])).content.decode()
    assert "Post 2 in “Minutes”" in queue
    assert "1 report." in queue
    page = client.get(case.get_absolute_url()).content.decode()
    for words in ("Who drafts them?", "Nothing to see", "And after it", "A name", "it has changed since", "zyzzyva"):
        assert words in page
    assert told(cast.fay) == [], "the page was read"
    client.post(f"{case.get_absolute_url()}claim/")
    client.post(f"{case.get_absolute_url()}note/", {"words": "Asked rita"})
    without = client.post(f"{case.get_absolute_url()}decide/", {"outcome": "hidden", "reason": ""})
    assert "Enter why you are hiding it" in without.content.decode()
    done = client.post(f"{case.get_absolute_url()}decide/", {"outcome": "hidden", "reason": "A name"})
    assert done["Location"] == "/networks/ai/reports/"
    assert "Hidden by Fay Facilitates" in client.get("/networks/ai/reports/?show=decided").content.decode()

    sign_in(client, cast.bob)
    why = client.get(reverse("post_hidden", args=[post.thread_id, 2])).content.decode()
    own = reverse("own_case", args=[case.told_as])
    assert own in why
    page = client.get(own).content.decode()
    assert "It is read by an administrator of the site" in page
    assert not any(word in page for word in ("Rita", "Asked rita", "Fay"))
    client.post(own, {"words": "It is mine"})
    assert "Nobody has answered yet." in client.get(own).content.decode()

    sign_in(client, cast.ada)
    assert "Appeal" in client.get(reverse("administration_reports")).content.decode()
    client.post(f"{case.get_absolute_url()}appeal/", {"outcome": "shown", "answer": "So it is"})
    assert again(post).is_shown
    sign_in(client, rita)
    page = client.get(reverse("own_report", args=[case.reports.get().pk])).content.decode()
    assert "It was looked at and hidden." in page
    sign_in(client, cast.fay)
    assert "Shown again on appeal" in client.get(case.get_absolute_url()).text
    assert "Shown again on appeal." in client.get("/networks/ai/reports/?show=decided").text


def test_whoever_reports_again_is_told_that_only_what_they_said_first_is_read(
    cast: Cast, client: Client, post: Post, rita: Member
) -> None:
    sign_in(client, rita)
    address = reverse("post_report", args=[post.thread_id, 2])
    first = {"kind": "unkind", "words": "A name"}
    for _ in range(2):  # pressed twice
        assert client.post(address, first).status_code == 302

    more = client.post(address, {"kind": "unkind", "words": "And a street"})

    assert more.status_code == 409
    assert "You have reported this already" in more.text
    assert "And a street" in more.text
    assert Report.objects.get().words == "A name"


def test_whoever_decides_is_told_what_they_did_and_who_hears_of_it(
    cast: Cast, client: Client, post: Post, rita: Member, flo: Member
) -> None:
    def decided(case: Case, by: Member, outcome: str) -> str:
        sign_in(client, by)
        return client.post(f"{case.get_absolute_url()}decide/", {"outcome": outcome}, follow=True).text

    told_both = "Whoever reported it is told, and so is its author."
    assert f"It stays as it is. {told_both}" in decided(case_of(post, by=rita), cast.fay, LEFT)
    Network.objects.update(reports_to_hide=2)
    other = reply(again(post).thread, by=cast.bob, source="Words")
    for reporter in (join(cast, "Ann"), join(cast, "Ben")):
        for_now = case_of(again(other), by=reporter)
    assert f"It is shown again. {told_both}" in decided(for_now, cast.fay, LEFT)

    page = report_from_outside(None, address="/guidance/", kind="other", words="").case
    said = decided(page, cast.ada, DEALT)
    assert "It is dealt with. Whoever reported it is told." in said
    assert "author" not in said.split("<main")[1], "a page has none"


def test_the_queue_costs_the_same_whatever_waits(cast: Cast, client: Client, post: Post, rita: Member) -> None:
    sign_in(client, cast.fay)
    counts = []
    for many in (1, 8):
        for _ in range(many):
            new = reply(again(post).thread, by=cast.bob, source="Words")
            report_from_outside(new, address="/", kind="spam", words="")
            report_post(new, by=rita, kind="spam", now=timezone.now() + timedelta(hours=many))
        with CaptureQueriesContext(connection) as captured:
            assert client.get(reverse("network_reports", args=["ai"])).status_code == 200
        counts.append(len(captured))

    assert counts[0] == counts[1]


def test_facilitators_set_how_many_reports_hide_something(cast: Cast, client: Client) -> None:
    sign_in(client, cast.fay)
    typed = {"purpose": "For all", "reports_to_hide": "1"}
    refused = client.post(reverse("network_settings", args=["ai"]), typed)
    assert "must be 0, or 2 or more" in refused.content.decode()
    client.post(reverse("network_settings", args=["ai"]), typed | {"reports_to_hide": "5"})

    cast.ai.refresh_from_db()
    assert cast.ai.reports_to_hide == 5


# At once


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_of_twenty_decisions_on_one_report_one_counts_and_all_are_answered(self) -> None:
        cast = make_cast()
        others = [join(cast, f"Facilitator{n}", Membership.Role.FACILITATOR) for n in range(19)]
        thread = start_thread(cast.ai, by=cast.fay, theme=cast.theme, title="Minutes", source="Who?")
        said = reply(thread, by=cast.bob, source="A quokka")
        case = case_of(said, by=cast.fay)
        reporters = [cast.fay, *others]

        def decide(number: int) -> None:
            outcome = HIDDEN if number % 2 else LEFT
            decide_case(again_case(case), outcome=outcome, by=reporters[number], reason="No")

        answers = at_once([lambda number=number: decide(number) for number in range(20)])  # type: ignore[misc]

        assert answers.count("done") == 1
        first = reporters[answers.index("done")]
        assert set(answers) == {"done", f"{first} decided this a moment ago."}
        case = again_case(case)
        assert case.decided_by == first
        assert case.is_hidden == (case.outcome == HIDDEN)
        assert AuditEvent.objects.filter(verb="decided report").count() == 1
        assert AuditEvent.objects.filter(verb="hid post").count() == int(case.is_hidden)
        assert Notice.objects.filter(kind="post_hidden").count() == int(case.is_hidden)

    def test_of_many_who_report_a_profile_at_once_each_is_heard_in_one_case(self) -> None:
        cast = make_cast()
        reporters = [join(cast, f"Reporter{n}") for n in range(5)]

        def report(reporter: Member) -> Callable[[], object]:
            return lambda: report_profile(cast.bob, by=reporter, kind="spam")

        assert set(at_once([report(reporter) for reporter in reporters])) == {"done"}
        case = Case.objects.get()
        assert case.reports.count() == 5
        assert case.hidden_for_now_at is not None


def at_once(verbs: list[Callable[[], object]]) -> list[str]:
    together = Barrier(len(verbs))

    def do(verb: Callable[[], object]) -> str:
        try:
            together.wait(timeout=20)
            verb()
            return "done"
        except Refused as refused:
            return str(refused)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(verbs)) as pool:
        return list(pool.map(do, verbs))


# From before there were cases


def migrate(*to: tuple[str, str]) -> Apps:
    """To these migrations, or to the newest. Gives back the models as they are there."""
    executor = MigrationExecutor(connection)
    targets = list(to) or executor.loader.graph.leaf_nodes()
    apps: Apps = executor.migrate(targets).apps
    return apps


@pytest.fixture
def newest_afterwards() -> Iterator[None]:
    yield
    migrate()


@pytest.mark.django_db(transaction=True)
def test_reports_of_messages_that_waited_before_there_were_cases_still_wait(
    cast: Cast, newest_afterwards: None
) -> None:
    message, settled = message_of(cast), message_of(cast)
    monday = timezone.now() - timedelta(days=3)
    old = migrate(("forums", "0011_post_index_places")).get_model("forums", "Report")
    for by, days, kind in ((cast.fay, 1, "spam"), (cast.amir, 0, "unkind")):
        old.objects.create(
            message_id=message.pk, by_id=by.pk, kind=kind, words=kind, said="quagga", at=monday + timedelta(days=days)
        )
    old.objects.create(message_id=settled.pk, by_id=cast.fay.pk, kind="spam", said="quokka", settled_at=timezone.now())

    migrate()

    case = Case.objects.get()
    assert (case.message, case.network, case.author) == (message, cast.ai, cast.bob)
    assert (case.state, case.opened_at) == (Case.State.OPEN, monday)
    assert [(report.by, report.words, report.said) for report in case.reports.all()] == [
        (cast.amir, "unkind", "quagga"),
        (cast.fay, "spam", "quagga"),
    ]
    assert list(Case.objects.visible_to(cast.fay).waiting()) == [case]
    assert not any(Case.objects.visible_to(outsider).exists() for outsider in cast.outsiders)
