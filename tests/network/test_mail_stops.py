"""What the foot of a mail lets its reader stop, signed out, and what only looks at it does."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from pytest_django.asserts import assertNumQueries
from pytest_django.fixtures import Settings

from network.actions import mail_stops
from network.actions.mail_stops import Stop, StopKind, address_of, read_token, stop_mail
from network.models import Member, Membership
from tests.cast import Cast

WEEKLY, DAILY, EACH, NOTHING = "weekly", "daily", "each", "nothing"


@pytest.fixture(autouse=True)
def choices(cast: Cast) -> None:
    """Bob gets a digest of one network, and every thread of the other."""
    Membership.objects.filter(member=cast.bob, network=cast.ai).update(mail=WEEKLY)
    Membership.objects.filter(member=cast.bob, network=cast.practitioners).update(mail=EACH)


def state_of(member: Member) -> tuple[Any, ...]:
    rows = Membership.objects.filter(member=member).order_by("network__slug").values_list("mail", flat=True)
    return *rows, Member.objects.get(pk=member.pk).mails_at_once


def path_to(member: Member, kind: str, object_id: int = 0) -> str:
    return re.sub(r"^https?://[^/]+", "", address_of(Stop(kind, object_id), member))


def text_of(page: bytes) -> str:
    main = re.search(r"<main.*?</main>", page.decode(), re.DOTALL)
    assert main
    return " ".join(re.sub(r"<[^>]+>", " ", main[0]).split())


ONE_CLICK = {"data": "List-Unsubscribe=One-Click", "content_type": "application/x-www-form-urlencoded"}


class TestStopping:
    @pytest.mark.parametrize(
        ("kind", "becomes"),
        [
            ("network", (NOTHING, EACH, True)),
            ("digest", (NOTHING, EACH, True)),
            ("at_once", (WEEKLY, EACH, False)),
            ("all", (NOTHING, NOTHING, False)),
        ],
    )
    def test_takes_one_click_of_a_mail_program_without_a_session(
        self, cast: Cast, kind: str, becomes: tuple[Any, ...]
    ) -> None:
        answer = Client(enforce_csrf_checks=True).post(path_to(cast.bob, kind, cast.ai.pk), **ONE_CLICK)

        assert answer.status_code == 200
        assert not answer.cookies
        assert state_of(cast.bob) == becomes
        assert state_of(cast.fay) == (WEEKLY, WEEKLY, True)

    def test_by_the_button_of_the_page_is_the_same(self, cast: Cast) -> None:
        client = Client(enforce_csrf_checks=True)
        page = client.get(path_to(cast.bob, "network", cast.ai.pk)).content.decode()
        assert '<form method="post">' in page
        answer = client.post(path_to(cast.bob, "network", cast.ai.pk))

        assert "Stopped: mail from this network" in answer.content.decode()
        assert state_of(cast.bob) == (NOTHING, EACH, True)

    def test_twice_is_stopping_once(self, cast: Cast) -> None:
        for _ in range(2):
            assert Client().post(path_to(cast.bob, "all")).status_code == 200
        assert state_of(cast.bob) == (NOTHING, NOTHING, False)

    def test_reaches_no_other_network_of_theirs_and_no_other_member(self, cast: Cast) -> None:
        Client().post(path_to(cast.bob, "network", cast.practitioners.pk))

        assert state_of(cast.bob) == (WEEKLY, NOTHING, True)
        assert state_of(cast.fay) == (WEEKLY, WEEKLY, True)

    def test_works_of_a_network_that_is_gone(self, cast: Cast) -> None:
        assert Client().post(path_to(cast.bob, "network", 999_999)).status_code == 200


class TestOnlyLooking:
    @pytest.mark.parametrize("kind", ["network", "digest", "at_once", "all"])
    @pytest.mark.parametrize("method", ["get", "head"])
    def test_changes_nothing_whoever_follows_the_link(self, cast: Cast, kind: str, method: str) -> None:
        """Scanners of mail follow every link before its reader sees the mail."""
        before = state_of(cast.bob)
        for _ in range(3):
            answer = getattr(Client(), method)(path_to(cast.bob, kind, cast.ai.pk))
            assert answer.status_code == 200
            assert not answer.cookies
            assert "no-store" in answer["Cache-Control"]

        assert state_of(cast.bob) == before

    @pytest.mark.parametrize("method", ["put", "patch", "delete", "options"])
    def test_no_other_method_does_anything(self, cast: Cast, method: str) -> None:
        before = state_of(cast.bob)

        assert getattr(Client(), method)(path_to(cast.bob, "all")).status_code == 405
        assert state_of(cast.bob) == before

    def test_says_nothing_of_whose_mail_it_is_nor_of_which_network(self, cast: Cast) -> None:
        page = Client().get(path_to(cast.bob, "network", cast.ai.pk)).content.decode()

        for private in ("Bob", "bob@", cast.ai.name, cast.practitioners.name):
            assert private not in page

    def test_says_where_more_stops_than_the_words_say(self, cast: Cast) -> None:
        assert "then mail you nothing at all" in text_of(Client().get(path_to(cast.bob, "digest")).content)


class TestAfterwards:
    def test_a_stranger_with_the_mail_reads_how_much_is_left_on_and_not_of_which_networks(self, cast: Cast) -> None:
        page = Client().post(path_to(cast.bob, "digest")).content
        shown = text_of(page)

        assert "Every new thread from 1 network" in shown
        assert "A digest each week" not in shown
        assert "Mentions of you" in shown
        assert "Mail about your account" in shown
        for private in ("Bob", "bob@", cast.ai.name, cast.practitioners.name):
            assert private not in page.decode()

    def test_the_member_signed_in_reads_of_which(self, cast: Cast, client: Client) -> None:
        client.force_login(cast.bob)
        shown = text_of(client.post(path_to(cast.bob, "at_once")).content)

        assert f"A digest each week from the {cast.ai.name}" in shown
        assert f"Every new thread from the {cast.practitioners.name}" in shown
        assert "Mentions of you" not in shown

    def test_somebody_else_signed_in_does_not(self, cast: Cast, client: Client) -> None:
        client.force_login(cast.fay)
        page = client.post(path_to(cast.bob, "at_once")).content.decode()

        assert "A digest each week from 1 network" in " ".join(re.sub(r"<[^>]+>", " ", page).split())
        assert state_of(cast.fay) == (WEEKLY, WEEKLY, True)

    def test_nothing_is_left_but_mail_about_the_account(self, cast: Cast) -> None:
        shown = text_of(Client().post(path_to(cast.bob, "all")).content)

        assert "No network writes to you." in shown
        assert "Mail about your account" in shown
        assert "Mentions of you" not in shown

    def test_the_way_back_leads_to_their_choices_by_signing_in(self, cast: Cast) -> None:
        client = Client()
        page = client.post(path_to(cast.bob, "all")).content.decode()
        assert 'href="/profile/mail/"' in page

        assert client.get("/profile/mail/")["Location"].startswith("/account/login/code/?next=/profile/mail/")


class TestTheAddress:
    @pytest.mark.parametrize("changed", ["1-all-0:abc", "", "all", "1-all-0", "x-all-0:y", "1-none-0:z"])
    def test_that_we_never_made_is_not_there(self, cast: Cast, changed: str) -> None:
        assert read_token(changed) is None
        assert not stop_mail(changed)
        if changed:
            assert Client().get(f"/mail/stop/{changed}/").status_code == 404
            assert Client().post(f"/mail/stop/{changed}/").status_code == 404

    def test_of_one_member_is_not_that_of_another(self, cast: Cast) -> None:
        token = path_to(cast.bob, "all").split("/")[-2]
        forged = token.replace(f"{cast.bob.pk}-", f"{cast.fay.pk}-", 1)

        assert Client().post(f"/mail/stop/{forged}/").status_code == 404
        assert state_of(cast.fay) == (WEEKLY, WEEKLY, True)

    def test_of_an_account_that_is_gone_is_not_there(self, cast: Cast) -> None:
        address = path_to(cast.olga, "all")
        cast.olga.delete()

        assert Client().post(address).status_code == 404

    def test_is_kept_out_of_the_log(self, cast: Cast, caplog: pytest.LogCaptureFixture) -> None:
        from network.logs import without_secrets

        address = path_to(cast.bob, "all")
        assert without_secrets(f"Not Found: {address}") == "Not Found: /mail/stop/(cut)/"

    def test_may_not_be_tried_without_end(self, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("network.views.mail_stops.RATES", "3/m/ip")
        client = Client()
        for _ in range(3):
            assert client.get("/mail/stop/guess/").status_code == 404
        answer = client.get("/mail/stop/guess/")

        assert answer.status_code == 429
        assert answer["Retry-After"] == "60"

    def test_leads_to_the_site_itself(self, cast: Cast, settings: Settings) -> None:
        assert address_of(Stop("all"), cast.bob).startswith(f"{settings.SITE_URL}/mail/stop/")

    def test_two_kinds_of_one_name_are_a_mistake(self) -> None:
        with pytest.raises(ValueError, match="registered twice"):
            mail_stops.register(StopKind("all", "everything", lambda member, pk, now=None: None))


def test_what_is_left_on_is_read_in_few_queries(cast: Cast) -> None:
    with assertNumQueries(2):
        mail_stops.what_is_left_on(cast.bob)
