"""Access ends in one way, whoever ends it and why."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from network.actions.accounts import suspend_account
from network.actions.closing import close_account
from network.actions.mailbox import lapse_who_did_not_answer
from network.actions.sessions import know_browser
from network.models import Browser, Member, Network
from network.signals import membership_ended, session_ended
from tests.cast import Cast, give_second_factor

News = list[tuple[str, Any]]


def lapse(cast: Cast) -> None:
    Member.objects.filter(pk=cast.bob.pk).update(mailbox_asked_at=timezone.now() - timedelta(days=31))
    assert lapse_who_did_not_answer() == 1


ENDINGS: dict[str, Callable[[Cast], Any]] = {
    "suspended": lambda cast: suspend_account(cast.bob, by=cast.ada, reason="R"),
    "lapsed": lapse,
    "closed": lambda cast: close_account(by=cast.bob),
}


@pytest.fixture
def news() -> Iterator[News]:
    heard: News = []

    def session(session_key: str, **_: Any) -> None:
        heard.append(("session", session_key))

    def membership(membership: Any, **_: Any) -> None:
        heard.append(("network", membership.network_id))

    session_ended.connect(session)
    membership_ended.connect(membership)
    yield heard
    session_ended.disconnect(session)
    membership_ended.disconnect(membership)


@pytest.mark.parametrize("because", ENDINGS)
def test_no_session_and_no_open_window_outlives_an_account(cast: Cast, news: News, because: str) -> None:
    browsers, fay = [Client(), Client()], Client()
    for browser in browsers:
        browser.force_login(cast.bob)
        assert browser.get("/networks/ai/threads/").status_code == 200
    fay.force_login(cast.fay)
    keys = {str(browser.session.session_key) for browser in browsers}
    versions = dict(Network.objects.values_list("pk", "access_version"))

    ENDINGS[because](cast)

    assert Member.objects.get(pk=cast.bob.pk).inactive_because == because
    assert set(news) == {("session", key) for key in keys} | {("network", pk) for pk in versions}
    assert len(news) == 4
    assert dict(Network.objects.values_list("pk", "access_version")) == {pk: old + 1 for pk, old in versions.items()}
    assert list(Session.objects.values_list("pk", flat=True)) == [fay.session.session_key]
    assert not UserSession.objects.filter(user=cast.bob).exists()
    for browser in browsers:
        assert browser.get("/networks/ai/threads/")["Location"].startswith("/account/login/code/")


def test_a_closed_account_keeps_no_second_factor_and_no_known_browser(cast: Cast) -> None:
    for member in (cast.bob, cast.fay):
        give_second_factor(member)
        know_browser(member, None, user_agent="Firefox/1")

    close_account(by=cast.bob)

    assert list(Authenticator.objects.values_list("user", flat=True)) == [cast.fay.pk]
    assert list(Browser.objects.values_list("member", flat=True)) == [cast.fay.pk]


def test_who_lapsed_comes_back_with_the_factors_they_had(cast: Cast) -> None:
    give_second_factor(cast.bob)

    lapse(cast)

    assert Authenticator.objects.filter(user=cast.bob).exists()
