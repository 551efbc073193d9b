"""The three short steps of a first visit: for whom, in which order, and when they are offered."""

from __future__ import annotations

import pytest
from allauth.account.signals import user_logged_in
from django.http import HttpResponse
from django.test import Client, RequestFactory

from network.actions.profile import HELLO, INTERESTS, MAIL
from network.actions.welcome import offer_welcome, pass_over, say_hello, say_how_to_write
from network.models import AuditEvent, Member, Membership, MemberTheme, Notice, Profile
from network.notifications import unread_notices
from network.permissions import Refused
from network.sessions import SessionStore
from tests.cast import Cast, sign_in

WHEN = {"digest_day": "0", "digest_hour": "8", "at_once": "on"}


def client_of(member: Member) -> Client:
    client = Client()
    sign_in(client, member)
    return client


def test_the_steps_are_taken_one_after_the_other_and_lead_to_where_they_came_from(cast: Cast) -> None:
    bob = client_of(cast.bob)
    page = bob.get("/welcome/?next=/networks/").content.decode()
    assert 'href="/welcome/mail/?next=%2Fnetworks%2F"' in page

    page = " ".join(bob.get("/welcome/mail/").content.decode().split())
    assert "if you change nothing" in page
    assert "Each Monday at 08:00 you get one mail about the AI Network and the AI Practitioners Network" in page
    mail = {f"mail_{cast.ai.pk}": "daily", f"mail_{cast.practitioners.pk}": "each"} | WHEN
    answer = bob.post("/welcome/mail/?next=/networks/", mail)
    assert answer["Location"] == "/welcome/interests/?next=%2Fnetworks%2F"
    answer = bob.post(answer["Location"], {"themes": [cast.theme.pk]})
    assert answer["Location"] == "/welcome/hello/?next=%2Fnetworks%2F"
    answer = bob.post(answer["Location"], {"job_title": "Analyst", "help_with": "Tests", "about": ""})
    page = bob.get(answer["Location"]).content.decode()

    cast.bob.refresh_from_db()
    assert (cast.bob.welcome_steps_done, cast.bob.job_title, cast.bob.profile.help_with) == (3, "Analyst", "Tests")
    assert Membership.objects.get(member=cast.bob, network=cast.ai).mail == "daily"
    assert MemberTheme.objects.visible_to(cast.fay).get().member == cast.bob
    assert 'href="/networks/ai/threads/new/"' in page
    assert 'href="/networks/">Continue to the page you came for' in page


def test_each_can_be_passed_over_and_says_nothing_then(cast: Cast) -> None:
    bob = client_of(cast.bob)
    address = "/welcome/mail/"
    for _ in range(3):
        address = bob.post(address, {"pass": "yes", "job_title": "Typed and not sent"})["Location"]

    cast.bob.refresh_from_db()
    assert address == "/welcome/"
    assert (cast.bob.welcome_steps_done, cast.bob.job_title) == (3, "")
    assert not Profile.objects.exists()


def test_going_back_changes_a_step_and_undoes_none(cast: Cast) -> None:
    pass_over(1, by=cast.bob)
    pass_over(2, by=cast.bob)
    bob = client_of(cast.bob)
    assert bob.get("/welcome/mail/").status_code == 200
    assert 'href="/welcome/interests/"' in bob.get("/welcome/hello/").content.decode()
    bob.post("/welcome/mail/", {f"mail_{cast.ai.pk}": "nothing", f"mail_{cast.practitioners.pk}": "weekly"} | WHEN)

    cast.bob.refresh_from_db()
    assert cast.bob.welcome_steps_done == 2


def test_none_is_taken_before_the_one_in_front_of_it(cast: Cast) -> None:
    assert client_of(cast.bob).get("/welcome/hello/")["Location"] == "/welcome/mail/"
    with pytest.raises(Refused, match="in their order"):
        say_hello(by=cast.bob, job_title="", help_with="", about="")


def test_once_they_are_done_there_is_none_again(cast: Cast) -> None:
    for step in (1, 2, 3):
        pass_over(step, by=cast.bob)
    bob = client_of(cast.bob)

    assert bob.get("/welcome/mail/")["Location"] == "/profile/mail/"
    assert bob.post("/welcome/hello/", {"job_title": "Again"})["Location"] == "/profile/"
    assert "Three short steps" not in bob.get("/welcome/").content.decode()
    with pytest.raises(Refused, match="You have taken these steps"):
        pass_over(HELLO, by=cast.bob)


def test_a_mistake_is_said_and_the_step_stays(cast: Cast) -> None:
    page = client_of(cast.bob).post("/welcome/mail/", {}).content.decode()

    assert "<title>Error: How often should we email you? - Step 1 of 3" in page
    assert "Select how often the AI Network may write to you" in page


def test_somebody_who_belongs_nowhere_yet_is_not_asked_about_mail(cast: Cast) -> None:
    page = client_of(cast.olga).get("/welcome/mail/").content.decode()

    assert "You have not joined a network yet" in page
    assert "digest" not in page
    assert client_of(cast.olga).post("/welcome/mail/", {"pass": "yes"})["Location"] == "/welcome/interests/"


@pytest.mark.parametrize("address", ["/welcome/mail/", "/welcome/interests/", "/welcome/hello/"])
def test_whoever_is_not_let_in_sees_none_of_it(cast: Cast, address: str) -> None:
    stranger = Member.objects.create_user("stranger@example.org", name="A Stranger")
    client = client_of(stranger)

    assert client.get(address).status_code == 404
    assert client.post(address, {"pass": "yes"}).status_code == 404
    assert "short steps" not in client.get("/welcome/").content.decode()
    assert Client().get(address).status_code == 302
    with pytest.raises(Refused):
        say_how_to_write({}, by=stranger)


def test_joining_from_the_welcome_page_leads_back_to_it(cast: Cast) -> None:
    olga = client_of(cast.olga)
    assert 'name="next" value="/welcome/"' in olga.get("/welcome/").content.decode()

    assert olga.post("/networks/ai/join/", {"next": "/welcome/"})["Location"] == "/profile/mail/?next=%2Fwelcome%2F"
    amir = client_of(cast.amir)
    assert (
        amir.post("/networks/ai/join/", {"next": "https://evil.example/"})["Location"]
        == "/profile/mail/?next=%2Fnetworks%2Fai%2F"
    )


def test_a_change_is_in_the_book_and_passing_over_is_not(cast: Cast) -> None:
    pass_over(MAIL, by=cast.bob)
    pass_over(2, by=cast.bob)
    assert not AuditEvent.objects.exists()
    say_hello(by=cast.bob, job_title="Analyst", help_with="", about="")

    assert AuditEvent.objects.get().details == {"changed": ["job_title"]}


def signs_in(member: Member) -> None:
    request = RequestFactory().get("/")
    request.user, request.session = member, SessionStore()
    request.session.create()
    user_logged_in.send(Member, request=request, response=HttpResponse(), user=member)


def test_a_member_from_before_is_told_of_the_steps_once_when_they_sign_in(cast: Cast) -> None:
    signs_in(cast.bob)
    (shown,) = unread_notices(cast.bob)
    assert (shown.title, shown.address) == (
        "Tell your networks what you can help with: a few short steps",
        "/welcome/",
    )

    Notice.objects.update(read_at=cast.bob.date_joined)
    signs_in(cast.bob)
    assert unread_notices(cast.bob) == []


def test_the_notice_goes_when_the_steps_are_done(cast: Cast) -> None:
    signs_in(cast.bob)
    for step in (1, 2, 3):
        pass_over(step, by=cast.bob)

    assert unread_notices(cast.bob) == []


def test_nobody_else_is_told(cast: Cast) -> None:
    for member in (cast.olga, cast.amir, cast.lena, cast.sven):  # they belong to no network
        signs_in(member)
    pass_over(MAIL, by=cast.bob)
    pass_over(INTERESTS, by=cast.bob)
    signs_in(cast.bob)  # has begun already

    assert not Notice.objects.exists()
    assert offer_welcome(Member.objects.create_user("stranger@example.org")) is False
